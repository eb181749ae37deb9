"""Everything the command line prints, in one of three forms: text for people, the JSON envelope, CSV.

What a verb found is a `Result`; nothing else in Naru writes to standard output. Three gates stand here:

* Text for people holds no control character but the line feed and our own colours, whatever it was made of.
* JSON and CSV are UTF-8 in every locale; text is written so that the locale's characters never stop it.
* In CSV a text that a spreadsheet would take for a formula (`=`, `+`, `-`, `@` first) gets a `'` before it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import IO, Any, Literal, TypeVar

import msgspec
from msgspec import Struct
from rich.cells import cell_len

from naru.plain_table import Column, Span, guard, table_lines, wrapped
from naru.terminal import WITHOUT_TERMINAL, Paper
from naru_client.errors import NaruError
from naru_client.i18n import _
from naru_client.model import Accelerators, NodeAccelerators

T = TypeVar("T")
Form = Literal["text", "json", "csv"]

# The sixteen colours: they follow the person's own terminal theme, and every terminal with colours has them.
STYLES = {
    "": "", "title": "1", "strong": "1", "dim": "2", "running": "32", "waiting": "33", "moving": "36", "failed": "31",
    "done": "2", "used": "34", "free": "32", "away": "31", "warn": "33",
}  # fmt: skip


class Sheet(Struct, frozen=True):
    """A table as CSV has it: names of columns, and rows of plain values (see `csv_cell`)."""

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Result(Struct, frozen=True, kw_only=True):
    """What a verb found. `schema` is the verb's name; `data` is for JSON, `show` writes it for people."""

    schema: str
    data: Any
    show: "Callable[[Page], None]"
    site: str | None = None
    source: str | None = None
    as_of: datetime | None = None
    warnings: tuple[str, ...] = ()
    sheet: Sheet | None = None
    exit_code: int = 0


class Page:
    """Text for people, line by line."""

    def __init__(self, stream: IO[str], paper: Paper, stderr: IO[str]) -> None:
        self._stream = stream
        self._stderr = stderr
        self.paper = paper
        self.glyphs = paper.glyphs

    def line(self, *parts: str | Span) -> None:
        """One line of parts, each plain or in a style."""
        spans = [Span(p) if isinstance(p, str) else p for p in parts]
        write_text(self._stream, "".join(map(self._drawn, spans)) + "\n")

    def table(self, columns: Sequence[Column[T]], rows: Sequence[T], indent: int = 0) -> None:
        """A table, as wide as the terminal at most."""
        width = None if self.paper.width is None else self.paper.width - indent
        for spans in table_lines(columns, rows, width, self.glyphs.ellipsis):
            self.line(" " * indent, *spans)

    def paragraph(self, text: str, indent: int = 2, style: str = "") -> None:
        """A sentence or more, wrapped at blanks where the terminal has an end."""
        self.hanging((" " * indent,), text, style)

    def hanging(self, lead: Sequence[str | Span], text: str, style: str = "") -> None:
        """A text after a lead, wrapped below itself."""
        indent = sum(cell_len(part if isinstance(part, str) else part.text) for part in lead)
        width = self.paper.width
        first, *rest = wrapped(guard(text), None if width is None else max(width - indent, 20))
        self.line(*lead, Span(first, style))
        for line in rest:
            self.line(" " * indent, Span(line, style))

    def facts(self, pairs: Iterable[tuple[str, str | Span | None]]) -> None:
        """Names and values below each other; a value of None is left out."""
        told = [(guard(name), value) for name, value in pairs if value is not None]
        widest = max((cell_len(name) for name, _value in told), default=0)
        for name, value in told:
            self.line(Span(name, "dim"), " " * (widest - cell_len(name) + 2), value)

    def remark(self, text: str) -> None:
        """Something said beside the result, on standard error: a pipe gets the result and nothing else."""
        remark(self._stderr, text, self.paper)

    def _drawn(self, span: Span) -> str:
        text = self.glyphs.text(guard(span.text))
        code = STYLES.get(span.style, "") if self.paper.colours and text else ""
        return f"\x1b[{code}m{text}\x1b[0m" if code else text


def present(result: Result, form: Form, stdout: IO[str], stderr: IO[str], paper: Paper) -> None:
    """Print a result. Warnings are part of the envelope; in the other forms they go to standard error."""
    if form == "json":
        write_bytes(stdout, envelope(result))
        return
    if form == "csv":
        if result.sheet is None:
            raise ValueError("a verb without a table was asked for CSV")
        write_bytes(stdout, csv(result.sheet))
    else:
        result.show(Page(stdout, paper, stderr))
    stdout.flush()
    for warning in result.warnings:
        remark(stderr, _("warning: {text}").format(text=warning), paper)


def envelope(result: Result) -> bytes:
    """The one envelope of a good answer, with its line feed."""
    whole = {
        "schema": f"naru.{result.schema}/1",
        "ok": True,
        "site": result.site,
        "source": result.source,
        "as_of": result.as_of,
        "data": result.data,
        "warnings": result.warnings,
    }
    return _json_line(whole)


def error_envelope(schema: str, error: NaruError) -> bytes:
    """The envelope of a failure, with its line feed."""
    told = {"kind": error.kind, "message": error.message, "hint": error.hint}
    return _json_line({"schema": f"naru.{schema}/1", "ok": False, "error": told})


def csv(sheet: Sheet) -> bytes:
    """RFC 4180: a header, CRLF, quotes where they are needed. Unknown is an empty field."""
    lines = [",".join(map(csv_field, sheet.names))]
    lines += [",".join(csv_field(csv_cell(value)) for value in row) for row in sheet.rows]
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "replace")


def csv_cell(value: Any) -> str:
    """A plain value as CSV writes it: times RFC 3339, accelerators `gpu:h100:8`, several of anything parted by `;`."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            text = guard(value)
            return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Accelerators():
            return ":".join(filter(None, (guard(value.kind), guard(value.model or ""), str(value.count))))
        case NodeAccelerators():
            return ":".join(filter(None, (guard(value.kind), guard(value.model or ""), str(value.total))))
        case tuple() | list():
            return csv_cell(";".join(csv_cell(part) for part in value))
        case int() | float():
            return str(value)
        case _:
            return _as_printable_json(msgspec.json.encode(value))


def csv_field(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


def remark(stderr: IO[str], text: str, paper: Paper | None = None) -> None:
    """One line on standard error, under our name."""
    text = guard(text)
    write_text(stderr, f"naru: {paper.glyphs.text(text) if paper else text}\n")


def complain(stderr: IO[str], error: NaruError, paper: Paper | None = None) -> None:
    """An error as a person reads it: one line, where in a filter it lies, and what to do about it."""
    remark(stderr, error.message, paper)
    told = list(_pointed(error, paper))
    if error.hint:
        told.append(_("hint: {text}").format(text=error.hint))
    for line in map(guard, told):
        write_text(stderr, f"{paper.glyphs.text(line) if paper else line}\n")


def _pointed(error: NaruError, paper: Paper | None) -> tuple[str, ...]:
    """A filter that is wrong, with a caret below its fault."""
    text: str = getattr(error, "filter_text", "")
    if not text:
        return ()
    from naru_client.insight.filter_point import pointer

    width = (paper.drawing_width if paper else WITHOUT_TERMINAL) - 2
    position: int = getattr(error, "position", 0)
    return tuple(f"  {line}" for line in pointer(text, position, width, measure=cell_len))


def write_text(stream: IO[str], text: str) -> None:
    """Write text in the stream's own encoding; what that does not have becomes `?`."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding, "replace"))


def write_bytes(stream: IO[str], data: bytes) -> None:
    """Write UTF-8 whatever the stream's own encoding."""
    stream.flush()
    buffer = getattr(stream, "buffer", None)
    if buffer is None:
        stream.write(data.decode())
    else:
        buffer.write(data)
        buffer.flush()


def _json_line(whole: dict[str, Any]) -> bytes:
    return (_as_printable_json(msgspec.json.encode(whole)) + "\n").encode()


def _as_printable_json(data: bytes) -> str:
    """JSON in which what is not printable is escaped: C1 codes and bidi overrides are legal in JSON."""
    text = data.decode()
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))
