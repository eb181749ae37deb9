"""Writing a view to a file: CSV or JSON as the command line writes them, whole or not at all, for its owner's eyes."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from naru.output import Result, csv_cell, csv_field, envelope
from naru_client.errors import NaruError
from naru_client.i18n import _
from naru_client.insight.finished import gpu_hours
from naru_client.model import Job, Node, Pool
from naru_client.text import clean

Format = Literal["csv", "json"]
FORMATS: tuple[Format, ...] = ("csv", "json")

AT_A_TIME = 500  # rows written in one go: in between, whoever waits for the interpreter has a turn
MOST_KEPT = 20_000  # texts of a CSV that are kept for when they come again
LONGEST_PATH = 4096


class Export(Struct, frozen=True, kw_only=True):
    """Rows to be written, as filtered and sorted: records of the model.

    `name` is the view's ("jobs", "history", "nodes"), `schema` the envelope's, `columns` are the names of the CSV's
    columns, `cells` gives what a row has in them. The rest is what the envelope says of its data.
    """

    name: str
    schema: str
    columns: tuple[str, ...]
    rows: Sequence[Any]
    cells: Callable[[Any], Sequence[Any]]
    marked: bool = False  # only the rows that a person marked
    site: str | None = None
    source: str | None = None
    as_of: datetime | None = None
    warnings: tuple[str, ...] = ()


class Exists(NaruError):
    """There is such a file already; it is as it was."""


class Stopped(NaruError):
    """The person changed their mind; nothing was written."""


def export_of(name: str, record: type[Struct], rows: Sequence[Any], *, schema: str = "", **told: Any) -> Export:
    """An export of plain records with a column for each of their fields."""
    columns = record.__struct_fields__
    return Export(
        name=name,
        schema=schema or name,
        columns=columns,
        rows=rows,
        cells=lambda row: [getattr(row, column) for column in columns],
        **told,
    )


def export_of_jobs(jobs: Sequence[Job], **told: Any) -> Export:
    return export_of("jobs", Job, jobs, **told)


def export_of_history(jobs: Sequence[Job], **told: Any) -> Export:
    """Finished jobs: as all jobs, with what they took as one column more in CSV."""
    columns = Job.__struct_fields__
    return Export(
        name="history",
        schema="jobs",
        columns=(*columns, "gpu_hours"),
        rows=jobs,
        cells=lambda job: [*(getattr(job, column) for column in columns), rounded_hours(job)],
        **told,
    )


def export_of_nodes(nodes: Sequence[Node], **told: Any) -> Export:
    return export_of("nodes", Node, nodes, **told)


def export_of_pools(pools: Sequence[Pool], **told: Any) -> Export:
    return export_of("pools", Pool, pools, **told)


def rounded_hours(job: Job) -> float | None:
    hours = gpu_hours(job)
    return None if hours is None else round(hours, 4)


def usual_name(name: str, form: Format, now: datetime) -> str:
    """`naru-jobs-2026-11-24T1312.csv`, by the local clock."""
    return f"naru-{name}-{now.astimezone():%Y-%m-%dT%H%M}.{form}"


def with_suffix(typed: str, form: Format) -> str:
    """A typed name with the format's ending in place of the other format's."""
    for other in FORMATS:
        if other != form and typed.lower().endswith(f".{other}"):
            return typed[: -len(other)] + form
    return typed


def target(typed: str, usual: str, home: str | None = None) -> Path:
    """The file that is meant: `~` is the home folder, a folder means a file of the usual name in it.

    Raises NaruError, in one line, for what cannot be written to.
    """
    text = typed.strip()
    if not text:
        raise NaruError(_("the name of a file is missing"))
    if "\0" in text or len(text) > LONGEST_PATH:
        raise NaruError(_("this cannot be the name of a file"))
    try:
        path = Path(text).expanduser() if home is None or not text.startswith("~/") else Path(home) / text[2:]
        path = Path(os.path.abspath(path))
        if text.endswith("/") or path.is_dir():
            path = path / usual
        if not path.parent.is_dir():
            raise NaruError(_("there is no folder {path}").format(path=shown(path.parent)))
        if path.exists() and not path.is_file():
            raise NaruError(_("{path} is not a plain file").format(path=shown(path)))
    except RuntimeError:  # no such user
        raise NaruError(_("there is no home folder of that user: {path}").format(path=shown(text))) from None
    except OSError as error:
        raise _cannot(path, error) from None
    except ValueError:
        raise NaruError(_("this cannot be the name of a file")) from None
    return path


def write_view(
    path: Path,
    form: Format,
    export: Export,
    *,
    overwrite: bool = False,
    wanted: Callable[[], bool] = lambda: True,
) -> int:
    """Write the rows to a file that is there only when it is whole; how many bytes it has.

    For a thread of its own. The file is the owner's alone (0600). Raises Exists where there is one and it is not to be
    replaced, Stopped as soon as `wanted` says no, NaruError in one line for whatever the file system refuses.
    """
    real = Path(os.path.realpath(path))  # a link to a file stays one
    if not overwrite and os.path.lexists(real):
        raise Exists(_("{path} exists").format(path=shown(path)))
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{real.name[:100]}.", dir=real.parent)  # 0600 by itself
        with os.fdopen(handle, "wb", buffering=1 << 20) as file:
            for piece in pieces(export, form):
                if not wanted():
                    raise Stopped(_("nothing was written"))
                file.write(piece)
            file.flush()
            size = file.tell()
        if overwrite:
            os.replace(temporary, real)
        else:
            _put_in_place(temporary, real, path)
        temporary = ""
    except OSError as error:
        raise _cannot(path, error) from None
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    return size


def pieces(export: Export, form: Format) -> Iterator[bytes]:
    """The file in pieces of some rows each; together they are what the command line prints at once."""
    return _csv(export) if form == "csv" else _json(export)


def shown(path: Path | str) -> str:
    """A path as a person may see it, from the home folder on where it is in there."""
    text, home = str(path), os.path.expanduser("~")
    if home not in ("", "/") and text.startswith(home + "/"):
        text = "~" + text[len(home) :]
    return clean(text)


def _csv(export: Export) -> Iterator[bytes]:
    yield (",".join(map(csv_field, export.columns)) + "\r\n").encode()
    field = _Fields()
    for some in _slices(export.rows):
        field.forget()
        lines = [",".join([field(value) for value in export.cells(row)]) for row in some]
        yield ("\r\n".join(lines) + "\r\n").encode("utf-8", "replace")


class _Fields:
    """Plain values as CSV has them. In a list most texts stand many times: each is made once."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._others: dict[Any, str] = {}  # times, and tuples of records

    def __call__(self, value: Any) -> str:
        kind = type(value)
        if value is None:
            return ""
        if kind is int:
            return str(value)
        if kind is str:
            known = self._texts.get(value)
            if known is None:
                known = self._texts[value] = csv_field(csv_cell(value))
            return known
        if kind is datetime or kind is tuple:
            known = self._others.get(value)
            if known is None:
                known = self._others[value] = csv_field(csv_cell(value))
            return known
        return csv_field(csv_cell(value))

    def forget(self) -> None:
        """What stands only once must not fill the memory."""
        for kept in (self._texts, self._others):
            if len(kept) > MOST_KEPT:
                kept.clear()


def _json(export: Export) -> Iterator[bytes]:
    head, tail = _envelope(export, ()).split(b'"data":[]', 1)
    head += b'"data":['
    yield head
    first = True
    for some in _slices(export.rows):
        told = _envelope(export, some)[len(head) : -len(tail) - 1]
        yield told if first else b"," + told
        first = False
    yield b"]" + tail


def _envelope(export: Export, rows: Sequence[Any]) -> bytes:
    return envelope(
        Result(
            schema=export.schema,
            site=export.site,
            source=export.source,
            as_of=export.as_of,
            data=rows,
            warnings=export.warnings,
            show=lambda page: None,
        )
    )


def _slices(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    left = iter(rows)
    while some := list(islice(left, AT_A_TIME)):
        yield some


def _put_in_place(temporary: str, real: Path, path: Path) -> None:
    """Give the file its name, unless somebody else has taken it meanwhile."""
    try:
        os.link(temporary, real)
    except FileExistsError:
        raise Exists(_("{path} exists").format(path=shown(path))) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(real):
            raise Exists(_("{path} exists").format(path=shown(path))) from None
        os.replace(temporary, real)
        return
    os.unlink(temporary)


def _cannot(path: Path, error: OSError) -> NaruError:
    why = clean(error.strerror or type(error).__name__)
    return NaruError(_("cannot write {path}: {why}").format(path=shown(path), why=why))
