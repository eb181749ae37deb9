"""The standard output and error of a simulated job, byte by byte, as of any time of its life.

Pure: a log follows from the job's seed and the facts of its start, never from when or how often it was looked at, and
at a later time it begins with all that it was at an earlier one. A job that is put back and starts again begins its
file anew, as Slurm does unless it is told to append. (Whoever renames a running job renames its file, and may find
another log in it.)

Nothing is simulated that nobody asks for: a log is told in sheets, of which each follows from its own number, and the
sheets looked at last are kept.
"""

from bisect import bisect_right
from collections import OrderedDict
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from naru_client.mock.entities import NEVER, Job
from naru_client.mock.log_cores import Download, Flow, Molecules, Shards
from naru_client.mock.log_endings import SYMPTOMS, problem_of, write_ending
from naru_client.mock.log_epochs import Lightning, Loop
from naru_client.mock.log_facts import Facts, facts_of
from naru_client.mock.log_hostile import hostile_kind, write_hostile
from naru_client.mock.log_kind import Kind
from naru_client.mock.log_page import Page, Sheet
from naru_client.mock.log_services import Debugger, Evaluation, Notebook, Npu, Serving
from naru_client.mock.log_training import Megatron, Titan, Trainer

Stream = Literal["out", "err"]

KINDS: dict[str, type[Kind]] = {
    "megatron": Megatron, "titan": Titan, "trainer": Trainer, "lightning": Lightning, "imagenet": Loop,
    "serving": Serving, "evaluation": Evaluation, "npu": Npu, "notebook": Notebook, "debugger": Debugger,
    "shards": Shards, "download": Download, "flow": Flow, "molecules": Molecules,
}  # fmt: skip
MOST_KEPT = 16 << 20  # bytes of text


class Truth(Struct, frozen=True):
    """What is the case with a log, known to whoever made it up."""

    kind: str  # which kind of program writes it
    step: int  # the last one reported; -1 before the first
    last_write: float  # epoch seconds; 0 while there is no file
    problem: str  # in a word of `log_endings.PROBLEMS`, as far as it shows by now: the cause, where there is one
    hostile: str  # what it holds, if anything, that no terminal should be given
    size: int


class Log:
    """What a job has written to one of its files. Its errors are in the same file as the rest unless it asked for two.
    Where there is no file (it has not started, or writes no such file), `exists` is false and it is empty."""

    def __init__(self, job: Job, stream: Stream = "out") -> None:
        self.job = job
        self.stream = stream
        self._text = _text(facts_of(job), stream if job.error else "") if job.held_nodes else None
        if stream == "err" and not job.error:
            self._text = None

    def exists(self, now: float) -> bool:
        return self._text is not None and now >= self.job.started

    def size(self, now: float) -> int:
        """Bytes there are by then."""
        if self._text is None or now < self.job.started:
            return 0
        return self._text.size(self._written_until(now)) + len(self._ending(now))

    def read(self, now: float, offset: int = 0, count: int | None = None) -> bytes:
        """What stands there by then from a byte on: so many bytes, or all there are."""
        if self._text is None or now < self.job.started:
            return b""
        ending = self._ending(now)
        until = self._written_until(now)
        size = self._text.size(until)
        end = size + len(ending) if count is None else min(size + len(ending), offset + count)
        body = self._text.read(until, offset, min(end, size)) if offset < size else b""
        return body + ending[max(0, offset - size) : max(0, end - size)]

    def modified(self, now: float) -> float:
        """When something was last written by then, epoch seconds; 0 where there is no file."""
        if self._text is None or now < self.job.started:
            return 0.0
        if self._ending(now):
            return self.job.ended
        return self._text.last_write(self._written_until(now))

    def truth(self, now: float) -> Truth:
        """What is the case by then."""
        if self._text is None or now < self.job.started:
            return Truth("", -1, 0.0, "", "", 0)
        facts, until = self._text.facts, self._written_until(now)
        problem = facts.stuck if now >= facts.quiet or facts.stuck == "idle" else ""
        if self._ended(now):
            end = problem_of(self.job, facts)
            problem = problem if problem in ("hang", "idle") and end in ("", *SYMPTOMS) else end
        elif problem == "nccl":
            problem = "hang"  # nobody can tell yet
        return Truth(
            facts.kind, self._text.step(until), self.modified(now), problem, self._text.hostile, self.size(now)
        )

    def _ended(self, now: float) -> bool:
        return self.job.finished and now >= self.job.ended

    def _written_until(self, now: float) -> float:
        return min(now, self.job.ended) if self._ended(now) else now

    def _ending(self, now: float) -> bytes:
        if self._text is None or not self._ended(now):
            return b""
        text, at = self._text, self._written_until(now)
        page = Page(text.stream, NEVER)
        unwritten = text.next_line(at)
        write_ending(page, self.job, text.facts, text.kind, step=text.step(at), unwritten=unwritten)
        return page.sheet().text


def log_bytes(job: Job, now: float, stream: Stream = "out") -> bytes:
    """All that a job has written to one of its files by then."""
    return Log(job, stream).read(now)


def truth(job: Job, now: float) -> Truth:
    """What is the case with a job's log by then."""
    return Log(job).truth(now)


class _Text:
    """All that a job would ever write if it were never ended, as far as anybody has looked."""

    def __init__(self, facts: Facts, stream: str) -> None:
        self.facts = facts
        self.stream = stream
        self.kind = KINDS[facts.kind](facts, facts.random("kind"))
        self.hostile = hostile_kind(facts.random("hostile"))
        self._first = facts.started + self.kind.load
        self._ends: list[int] = []  # bytes with each sheet, of those that were looked at

    def size(self, now: float) -> int:
        now = min(now, self.facts.quiet)
        whole = self._whole(now)
        return self._end(whole - 1) + self._sheet(whole).size_by(now)

    def read(self, now: float, offset: int, end: int) -> bytes:
        """Bytes from an offset to another, both within the size by then."""
        whole = self._whole(min(now, self.facts.quiet))
        self._end(whole - 1)
        index = bisect_right(self._ends, offset, hi=whole)
        begin = self._end(index - 1)
        start, parts = offset - begin, []
        while begin < end and index <= whole:
            text = self._sheet(index).text
            parts.append(text[start : end - begin])
            begin, start, index = begin + len(text), 0, index + 1
        return b"".join(parts)

    def last_write(self, now: float) -> float:
        now = min(now, self.facts.quiet)
        for index in range(self._whole(now), -1, -1):
            sheet = self._sheet(index)
            if count := sheet.lines_by(now) if index == self._whole(now) else len(sheet.times):
                return sheet.times[count - 1]
        return self.facts.started

    def step(self, now: float) -> int:
        now = min(now, self.facts.quiet)
        whole = self._whole(now)
        for index in range(whole, -1, -1):
            sheet = self._sheet(index)
            count = sheet.lines_by(now) if index == whole else len(sheet.times)
            if count and sheet.steps[count - 1] >= 0:
                return sheet.steps[count - 1]
        return -1

    def next_line(self, now: float) -> str:
        """The line that would come next; nothing where it says nothing more."""
        if now >= self.facts.quiet:
            return ""
        sheet = self._sheet(self._whole(now))
        count = sheet.lines_by(now)
        if count >= len(sheet.times):
            return ""
        begin = sheet.ends[count - 1] if count else 0
        return sheet.text[begin : sheet.ends[count]].decode("utf-8", "surrogateescape")

    def _whole(self, now: float) -> int:
        """How many sheets were full by then: which is the number of the one that was being written."""
        return 0 if now < self._first else 1 + int((now - self._first) // self.kind.period)

    def _end(self, index: int) -> int:
        """Bytes up to the end of a sheet."""
        while len(self._ends) <= index:
            before = self._ends[-1] if self._ends else 0
            self._ends.append(before + len(self._sheet(len(self._ends)).text))
        return self._ends[index] if index >= 0 else 0

    def _sheet(self, index: int) -> Sheet:
        key = (self, index)
        if (sheet := _shelf.get(key)) is None:
            sheet = self._told(index)
            _keep(key, sheet)
        else:
            _shelf.move_to_end(key)
        return sheet

    def _told(self, index: int) -> Sheet:
        kind, random = self.kind, self.facts.random(str(index))
        start = self._first + (index - 1) * kind.period if index else self.facts.started
        page = Page(self.stream, start + kind.period if index else self._first)
        if index == 0:
            kind.begin(page, random)
        elif kind.period < NEVER:
            if self.hostile and index % 5 == 1:
                write_hostile(page, self.hostile, random, start)
            kind.go_on(page, random, start, index - 1)
        return page.sheet()


_shelf: OrderedDict[tuple[_Text, int], Sheet] = OrderedDict()
_kept = 0


def _keep(key: tuple[_Text, int], sheet: Sheet) -> None:
    global _kept
    _shelf[key] = sheet
    _kept += _weight(sheet)
    while _kept > MOST_KEPT and len(_shelf) > 1:
        _, old = _shelf.popitem(last=False)
        _kept -= _weight(old)


def _weight(sheet: Sheet) -> int:
    return 200 + len(sheet.text) + 24 * len(sheet.times)


@lru_cache(maxsize=512)
def _text(facts: Facts, stream: str) -> _Text:
    return _Text(facts, stream)
