"""A stretch of a log: which line was written when, and how far the work had come with it.

Whoever tells a log writes on a `Page`, line by line; what is kept of it is a `Sheet`. A line may hold what is not text
as surrogate escapes, and need not end with a newline.
"""

from array import array
from bisect import bisect_right
from datetime import UTC, datetime
from functools import lru_cache

from naru_client.mock.work_kinds import KOREA


class Sheet:
    """A stretch that is written and will not change."""

    __slots__ = ("ends", "steps", "text", "times")

    def __init__(self, text: bytes, times: "array[float]", ends: "array[int]", steps: "array[int]") -> None:
        self.text = text
        self.times = times  # when each line was written, epoch seconds
        self.ends = ends  # how many bytes there are with each line
        self.steps = steps  # the last step that had been reported by then; -1 before the first

    def lines_by(self, now: float) -> int:
        """How many of its lines had been written by then."""
        return bisect_right(self.times, now)

    def size_by(self, now: float) -> int:
        count = self.lines_by(now)
        return self.ends[count - 1] if count else 0


class Page:
    """A stretch that is being written, until a time. `stream` is what is wanted of it: "out", "err", or "" for both in
    one file."""

    def __init__(self, stream: str, until: float) -> None:
        self._without = {"out": True, "err": False}.get(stream)
        self._until = until
        self._lines: list[str] = []
        self._times: list[float] = []
        self._steps: list[int] = []
        self._last = 0.0
        self._step = -1

    def write(self, at: float, text: str, *, err: bool = False, step: int = -1) -> None:
        """Write something at a time, which is moved to where it can be: after what is there, and not after the end."""
        if step >= 0:
            self._step = step
        if err is self._without:
            return
        if at > self._last:
            self._last = min(at, self._until)
        self._times.append(self._last)
        self._lines.append(text)
        self._steps.append(self._step)

    def lines(self, at: float, every: float, *texts: str, err: bool = False) -> float:
        """Write several lines, so many seconds apart; when the next one would be due."""
        for text in texts:
            self.write(at, text + "\n", err=err)
            at += every
        return at

    def sheet(self) -> Sheet:
        parts = [line.encode("utf-8", "surrogateescape") for line in self._lines]
        ends, size = array("q"), 0
        for part in parts:
            size += len(part)
            ends.append(size)
        return Sheet(b"".join(parts), array("d", self._times), ends, array("q", self._steps))


# How times are written. A site's clocks show Korean time.


@lru_cache(maxsize=128)
def _hour(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600 + KOREA, UTC)


@lru_cache(maxsize=128)
def _iso_hour(hour: int, between: str) -> str:
    return _hour(hour).strftime(f"%Y-%m-%d{between}%H:")


@lru_cache(maxsize=128)
def _short_hour(hour: int) -> str:
    return _hour(hour).strftime("%m-%d %H:")


_SIXTY = tuple(f"{i:02d}" for i in range(60))


def stamp(at: float, between: str = " ") -> str:
    """`2026-11-24 09:00:01`."""
    seconds = int(at)
    return f"{_iso_hour(seconds // 3600, between)}{_SIXTY[seconds // 60 % 60]}:{_SIXTY[seconds % 60]}"


def short_stamp(at: float) -> str:
    """`11-24 09:00:01`."""
    seconds = int(at)
    return f"{_short_hour(seconds // 3600)}{_SIXTY[seconds // 60 % 60]}:{_SIXTY[seconds % 60]}"


def clock(at: float) -> str:
    """`09:00:01`."""
    return short_stamp(at)[6:]


def span(seconds: float) -> str:
    """A duration as progress bars write it: `01:07`, `1:01:07`."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes:02d}:{whole % 60:02d}"


_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(done: int, total: int, seconds: float, per_second: float, *, label: str = "", unit: str = "it") -> str:
    """A progress bar as tqdm draws it, without the carriage return before it."""
    share = done / total
    eighths = int(share * 80)
    filled = ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).ljust(10)[:10]
    left = span((total - done) / per_second) if per_second else "?"
    rate = f"{per_second:.2f}{unit}/s" if per_second >= 1 or not per_second else f"{1 / per_second:.2f}s/{unit}"
    name = f"{label}: " if label else ""
    return f"{name}{share * 100:3.0f}%|{filled}| {done}/{total} [{span(seconds)}<{left}, {rate}]"
