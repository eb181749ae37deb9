"""The lines about a filter that is being typed: what may be put in, and what is wrong. Pure: text and styles.

A line is pieces of text with the name of a style each; `filter_box` draws them.
"""

from rich.cells import cell_len

from naru.format import Glyphs, fit
from naru_client.i18n import _, n_
from naru_client.insight.filter_complete import Candidate
from naru_client.insight.filter_text import FilterError

Line = tuple[tuple[str, str], ...]

NARROW = 50  # cells; below that the help has no room
WIDE = 90  # cells; beyond that the eye loses the line on its way to the count


def candidate_line(candidate: Candidate, chosen: bool, width: int, texts: int, glyphs: Glyphs) -> Line:
    """One candidate: its text in a column of `texts` cells, its help, and how many jobs it would leave."""
    width = min(width, WIDE)
    style = "chosen" if chosen else "list"
    mark = ("> " if glyphs.ascii_only else "▸ ") if chosen else "  "
    count = ""
    if candidate.count is not None:
        count = n_("{n} job", "{n} jobs", candidate.count).format(n=f"{candidate.count:,}") + " "
    room = width - cell_len(mark) - cell_len(count)
    texts = min(texts, max(8, room if width < NARROW else room * 2 // 3))
    text = fit(candidate.text, min(texts, room), glyphs.ellipsis)
    help_room = room - cell_len(text)
    told = fit("  " + candidate.help, help_room, glyphs.ellipsis) if help_room > 2 else " " * max(0, help_room)
    return ((mark + text, style), (told, "chosen" if chosen else "help"), (count, "chosen" if chosen else "count"))


def text_column(candidates: tuple[Candidate, ...]) -> int:
    """How wide the column of the candidates' texts is."""
    return max((cell_len(one.text) for one in candidates), default=0)


def half_typed(error: FilterError, text: str, cursor: int) -> bool:
    """Whether the mistake lies in the term that is being typed: it may well become right."""
    rest = text[error.position : cursor]
    return cursor >= error.position and cursor == len(text) and not any(char.isspace() for char in rest.strip())


def error_line(error: FilterError, at: int | None, width: int, glyphs: Glyphs) -> Line:
    """What is wrong, with a caret below the place; `at` is its cell, None where that is out of sight."""
    told = error.what if not error.hint else f"{error.what} {glyphs.dot} {error.hint}"
    if at is None or at >= width:
        return ((fit(error.message, width, glyphs.ellipsis), "error"),)
    room = width - at - 2
    if cell_len(told) <= room or room >= width // 2:
        return ((" " * at, ""), ("^", "caret"), (fit(f" {told}", room + 1, glyphs.ellipsis), "error"))
    if cell_len(told) >= at:  # there is no room beside the caret but before it, and that is short
        told = error.what
    before = fit(told, min(cell_len(told), max(0, at - 1)), glyphs.ellipsis)
    return ((" " * (at - 1 - cell_len(before)), ""), (before, "error"), (" ^" if at else "^", "caret"))


def calm_line(error: FilterError, width: int, glyphs: Glyphs) -> Line:
    """What is still missing, said without alarm."""
    told = error.what if not error.hint else f"{error.what} {glyphs.dot} {error.hint}"
    return ((fit(told, width, glyphs.ellipsis), "calm"),)


def tips(glyphs: Glyphs) -> str:
    """The grammar in one line."""
    said = (_("a b both"), _("a,b either"), _("!a not"), _('"a b" as written'), _("=~ pattern"), _("@a saved"))
    return f" {glyphs.dot} ".join(said)
