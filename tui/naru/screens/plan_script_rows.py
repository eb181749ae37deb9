"""A batch script's requests as lines of a table, each with what the site's rules say of it. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from naru.widgets.text_lines import Line
from naru_client.i18n import _, mark
from naru_client.insight.request import Asked, Given, Note, Origin
from naru_client.insight.site_rules import Checked, Effect, RuleFinding

EFFECTS: dict[Effect, str] = {
    "refused": mark("the site refuses it"),
    "not-allowed": mark("the site does not allow it"),
    "may-wait": mark("such jobs have been seen to wait for ever"),
    "check": mark("look at this yourself"),
    "advice": mark("there is better"),
}
BAD: tuple[Effect, ...] = ("refused", "not-allowed")


class ScriptRow(Struct, frozen=True, kw_only=True):
    """One request, finding or remark.

    `where` is its line, or a word for an option or a variable; `instead` is what to write there, "" to leave it out,
    None where nothing is to be changed.
    """

    key: str
    where: str
    word: str
    said: str = ""
    style: str | None = None
    instead: str | None = None
    more: tuple[str, ...] = ()


def script_rows(asked: Asked, checked: Checked | None) -> tuple[ScriptRow, ...]:
    """What there is something to say of first, then the others; both line by line in the script's order."""
    findings = list(checked.findings) if checked else []
    rows: list[tuple[tuple[int, int, int], ScriptRow]] = []
    for request in asked.requests:
        several = request.parts > 1
        for at, given in enumerate((*request.given, *request.overruled)):
            if given.origin.source == "script" and request.part and _in_earlier(asked, request.part, given):
                continue  # it goes on from the part before, where it stands already
            own = [one for one in findings if one.origin == given.origin and one.part == request.part]
            rows.append(_row(given, request.part, at, several, own, at >= len(request.given)))
    rows += [_loose(one, at) for at, one in enumerate(findings) if not _on_a_line(one, asked)]
    rows += [_note(note, at) for at, note in enumerate(asked.notes)]
    return tuple(row for _order, row in sorted(rows, key=lambda one: one[0]))


def row_lines(row: ScriptRow) -> list[Line]:
    """All that is to be said of one line, and what to write instead."""
    lines: list[Line] = [((row.word or row.said, "strong"),)]
    if row.word and row.said:
        lines.append(((row.said, "warning"),))
    lines += [((one, "quiet"),) for one in row.more]
    if row.instead is not None:
        lines.append(((_("write instead") + "  ", "label"), (row.instead or _("nothing: leave it out"), "good")))
    return lines


def _row(
    given: Given, part: int, at: int, several: bool, findings: Sequence[RuleFinding], overruled: bool
) -> tuple[tuple[int, int, int], ScriptRow]:
    origin = given.origin
    first = findings[0] if findings else None
    said = first.text if first else _("does not count: another one stands in its place") if overruled else ""
    style = _style(first) if first else "quiet" if overruled else None
    row = ScriptRow(
        key=f"given {part} {at} {given.option}",
        where=_where(origin),
        word=(f"[{part}] " if several else "") + origin.word,
        said=said,
        style=style,
        instead=first.instead if first else None,
        more=_more(findings),
    )
    return (0 if said else 1, origin.line or 0, at), row


def _loose(finding: RuleFinding, at: int) -> tuple[tuple[int, int, int], ScriptRow]:
    """A rule that no line breaks: something is missing, or it is submitted from elsewhere."""
    row = ScriptRow(
        key=f"rule {finding.part} {finding.rule} {at}",
        where=_where(finding.origin),
        word=finding.instead or "",
        said=finding.text,
        style=_style(finding),
        instead=finding.instead,
        more=_more([finding]),
    )
    return (0, 0, at), row


def _note(note: Note, at: int) -> tuple[tuple[int, int, int], ScriptRow]:
    origin = note.origin
    row = ScriptRow(
        key=f"note {at}",
        where=_where(origin),
        word=origin.word if origin else "",
        said=note.text,
        style="failed" if note.refused else "warning",
    )
    return (0, (origin.line if origin else None) or 0, 1000 + at), row


def _more(findings: Sequence[RuleFinding]) -> tuple[str, ...]:
    lines = []
    for at, one in enumerate(findings):
        lines += [one.text] if at else []
        lines += [_(EFFECTS[one.effect])]
        lines += [text for text in (one.why, one.source) if text]
    return tuple(lines)


def _style(finding: RuleFinding) -> str:
    return "failed" if finding.effect in BAD else "quiet" if finding.effect == "advice" else "warning"


def _where(origin: Origin | None) -> str:
    if origin is None:
        return "+"
    if origin.source == "environment":
        return "env"
    return "–" if origin.line is None else str(origin.line)


def _on_a_line(finding: RuleFinding, asked: Asked) -> bool:
    """Whether the line that breaks the rule is among those that are listed."""
    if finding.origin is None:
        return False
    request = next((one for one in asked.requests if one.part == finding.part), None)
    return request is not None and any(one.origin == finding.origin for one in (*request.given, *request.overruled))


def _in_earlier(asked: Asked, part: int, given: Given) -> bool:
    return any(given.origin == one.origin for request in asked.requests if request.part < part for one in request.given)
