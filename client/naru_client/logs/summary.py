"""What a log says, as data: how large it is and when it was last written, how far the work has come, what went wrong.

Pure and small: everything follows from the lines and the looks it was given, and only a bounded part of them is kept.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, structs

from naru_client.logs.problems import Kind, cause_of, is_continuation, problem_of
from naru_client.logs.progress import Progress, checkpoint_of, joined, progress_of

LONGEST = 400  # characters of a line that are kept
WINDOW = 60.0  # seconds over which the rate is taken
MOST_LOOKS = 16


class Spot(Struct, frozen=True):
    """A line by its byte offset, with the beginning of its text."""

    offset: int
    text: str


class Found(Struct, frozen=True):
    """The lines of one kind of problem: how many, the first and the last of them."""

    kind: Kind
    count: int
    first: Spot
    last: Spot


class Summary(Struct, frozen=True):
    """What is known of one log. `since` and `until` are the byte offsets between which its lines were read: of what
    lies outside, it says nothing. Unknown is None, never zero.

    `rate` is bytes a second. `problems` are in the order in which they were first met.
    """

    size: int | None = None
    last_write: datetime | None = None
    rate: float | None = None
    progress: Progress | None = None
    checkpoint: Spot | None = None  # its text is the path or step as printed
    problems: tuple[Found, ...] = ()
    last_line: str = ""
    since: int | None = None
    until: int | None = None
    looks: tuple[tuple[datetime, int], ...] = ()  # when it was looked at and how large it was, the newest last

    @property
    def cause(self) -> Kind | None:
        """Of the problems found, the one that tells most of why; None where none was found."""
        return cause_of(found.kind.id for found in self.problems)

    def found(self, kind: str) -> Found | None:
        """The lines of a kind of problem, by its id."""
        return next((found for found in self.problems if found.kind.id == kind), None)


def seen(summary: Summary, size: int, last_write: datetime | None, now: datetime) -> Summary:
    """After a look at the log at a time. One that has become shorter is another log: all that was known is dropped."""
    if summary.size is not None and size < summary.size:
        summary = Summary()
    looks = (*summary.looks, (now, size))[-MOST_LOOKS:]
    while len(looks) > 2 and (now - looks[1][0]).total_seconds() >= WINDOW:
        looks = looks[1:]
    seconds = (now - looks[0][0]).total_seconds()
    rate = (size - looks[0][1]) / seconds if seconds > 0 else None
    return structs.replace(summary, size=size, last_write=last_write, rate=rate, looks=looks)


def fold_lines(summary: Summary, lines: Iterable[tuple[int, str]], until: int | None = None) -> Summary:
    """After more lines: (byte offset, cleaned text), in order. The end of the log comes first, then what is written
    after it, in whole lines; `until` is where the next line will begin, if that is known.

    Lines already read are passed over. Lines before them (an earlier part, read later) add their problems alone: of
    progress and checkpoints the later word counts.
    """
    found = {one.kind.id: one for one in summary.problems}
    progress, checkpoint, last = summary.progress, summary.checkpoint, summary.last_line
    since, end, inside = summary.since, summary.until, False  # a traceback
    for offset, text in lines:
        earlier = summary.since is not None and offset < summary.since
        if not earlier and end is not None and offset < end:
            continue
        problem = problem_of(text)
        inside = inside and is_continuation(text)
        if problem is not None and not (inside and problem.role == "within"):
            inside = problem.role == "head"
            name, spot = problem.kind.id, Spot(offset, text[:LONGEST])
            found[name] = _with(found.get(name), problem.kind, spot)
        since = offset if since is None else min(since, offset)
        if earlier:
            continue
        end = offset + 1
        if (new := progress_of(text)) is not None:
            progress = joined(progress, new)
        if (saved := checkpoint_of(text)) is not None:
            checkpoint = Spot(offset, saved[:LONGEST])
        if text and not text.isspace():
            last = text[:LONGEST]
    if until is not None:
        end = until if end is None else max(end, until)
    return structs.replace(
        summary, progress=progress, checkpoint=checkpoint, problems=tuple(found.values()), last_line=last,
        since=since, until=end,
    )  # fmt: skip


def quiet_for(summary: Summary, now: datetime) -> float | None:
    """Seconds since something was last written; None where nobody knows when that was."""
    return None if summary.last_write is None else max(0.0, (now - summary.last_write).total_seconds())


def _with(before: Found | None, kind: Kind, spot: Spot) -> Found:
    if before is None:
        return Found(kind, 1, spot, spot)
    first = min(before.first, spot, key=lambda one: one.offset)
    last = max(before.last, spot, key=lambda one: one.offset)
    return Found(kind, before.count + 1, first, last)
