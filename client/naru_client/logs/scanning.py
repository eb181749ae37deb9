"""Going over a log for matching lines: a whole file in a thread, by our own engine or by ripgrep, and any log piece by
piece, forwards or backwards from a place."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from threading import Thread
from typing import Literal

from naru_client.logs.encoding import Codec
from naru_client.logs.pattern import Pattern
from naru_client.logs.search_finders import Finder, after_line, before_line
from naru_client.logs.search_places import Places
from naru_client.logs.search_ripgrep import FLAGS, Ripgrep, program
from naru_client.logs.search_window import WINDOW, Window
from naru_client.logs.source import LogSource

RIPGREP_FROM = 32 << 20  # bytes, from which another program is worth its start
FIRST_STEP = 1 << 16  # bytes that are read first around a place; each step is twice the one before

Direction = Literal["next", "previous"]

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class FileScan:
    """A stretch of a file, gone over in a thread of its own. The results go to `places` as they come.

    Read when `ended`: `line`, where the last line starts that has no newline yet, else the end; `tentative`, that line
    where it was counted as it is; `broken`, the file could not be read to the end.
    """

    def __init__(self, path: str, pattern: Pattern, codec: Codec, places: Places, start: int, end: int, *,
                 ripgrep: bool = True, window: int = WINDOW) -> None:  # fmt: skip
        self._path = path
        self._pattern = pattern
        self._codec = codec
        self._places = places
        self._start = start = max(start, codec.bom)
        self._end = end
        self._window = window
        self._moved: Callable[[], None] = lambda: None
        self._cancelled = False
        self._ripgrep: Ripgrep | None = None
        arguments = pattern.ripgrep_arguments() if ripgrep and codec.name == "utf-8" else None
        found = program() if arguments is not None and end - start > RIPGREP_FROM else None
        if found is not None and arguments is not None:
            self._ripgrep = Ripgrep([found, *FLAGS, *arguments])
        self.position = start
        self.line = start
        self.tentative: int | None = None
        self.broken = False

    @property
    def engine(self) -> str:
        return "naru" if self._ripgrep is None else "ripgrep"

    def cancel(self) -> None:
        self._cancelled = True
        if self._ripgrep is not None:
            self._ripgrep.stop()

    async def run(self, moved: Callable[[], None]) -> None:
        """Go over it. `moved` is called in the thread, often. When this is cancelled, so is the scan."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        self._moved = moved

        def settle() -> None:
            if not ended.done():
                ended.set_result(None)

        def work() -> None:
            try:
                self._scan()
            except OSError:
                self.broken = True
            finally:
                try:
                    loop.call_soon_threadsafe(settle)
                except RuntimeError:  # the loop has ended meanwhile
                    pass

        Thread(target=work, daemon=True, name="log search").start()
        try:
            await ended
        finally:
            self.cancel()

    def _scan(self) -> None:
        fd = os.open(self._path, _FLAGS)
        try:
            if self._ripgrep is not None:
                newline = self._codec.newline
                at_line = self._start <= self._codec.bom or os.pread(fd, 1, self._start - 1) == newline
                if at_line and self._by_ripgrep(fd, self._ripgrep):
                    return
                self._ripgrep = None
                if self._cancelled:
                    return
                self._places.clear(self._start)
            self._by_window(fd)
        finally:
            os.close(fd)

    def _by_ripgrep(self, fd: int, ripgrep: Ripgrep) -> bool:
        def moved(position: int) -> None:
            self.position = position
            self._moved()

        if not ripgrep.run(fd, self._start, self._end, self._places, moved):
            return False
        self.position = min(self._end, os.lseek(fd, 0, os.SEEK_CUR))
        self.broken = self.position < self._end
        self.line = _line_start(fd, self.position, self._start)
        self.tentative = ripgrep.last if ripgrep.last == self.line < self.position else None
        self._places.reach(high=self.position)
        return True

    def _by_window(self, fd: int) -> None:
        codec, start, end = self._codec, self._start, self._end
        whole = start <= codec.bom
        at = start if whole else start - len(codec.newline)
        window = Window(self._pattern.finder(codec), codec, at, size=self._window, whole=whole)
        while at < end and not self._cancelled:
            count = os.preadv(fd, [window.room()[: end - at]], at)
            if count == 0:
                self.broken = True
                break
            at += count
            self._places.add(window.took(count), high=window.line)
            self.position = at
            self._moved()
        if self._cancelled:
            return
        last = window.finish()
        self.line = max(window.line, start)
        self.tentative = self.line if last or window.told else None
        self._places.add(last, high=at)


async def forwards(source: LogSource, finder: Finder, codec: Codec, offset: int, end: int | None = None, *,
                   window: int = WINDOW) -> AsyncIterator[tuple[list[int], int]]:  # fmt: skip
    """The matching lines that start at an offset or behind it, as the log is read: each time those found, and where
    the first line starts that was not yet looked at whole. Raises what the source raises."""
    whole = offset <= codec.bom
    at = max(offset, codec.bom) if whole else offset - len(codec.newline)
    step = min(FIRST_STEP, window)
    place = Window(finder, codec, at, size=window, whole=whole)
    while end is None or at < end:
        room = place.room()
        wanted = min(len(room), step) if end is None else min(len(room), step, end - at)
        data = (await source.read(at, wanted)).data
        if not data:
            break
        room[: len(data)] = data
        at += len(data)
        yield place.took(len(data)), place.line
        step *= 2
        await asyncio.sleep(0)  # a source may answer at once, each time
    yield place.finish(), at


async def backwards(source: LogSource, finder: Finder, codec: Codec, offset: int, floor: int = 0, *,
                    window: int = WINDOW) -> AsyncIterator[tuple[list[int], int]]:  # fmt: skip
    """The matching lines that start before an offset, last ones first: each time some, in ascending order, and where
    the first line starts that was looked at. A line that starts before `floor` is left out."""
    floor = max(floor - len(codec.newline), codec.bom)  # with the newline before it
    floor += floor % codec.unit
    cut_off = floor > codec.bom
    end, step, first = offset, min(FIRST_STEP, window), True
    while end > floor:
        begin = max(floor, end - step)
        begin += begin % codec.unit
        data = (await source.read(begin, end - begin)).data
        if len(data) < end - begin:  # it became shorter meanwhile
            return
        step = min(step * 2, window)
        if first:
            first = False
            last = before_line(data, codec, 0, len(data), 0)
            if last < len(data):  # the offset stands within a line
                start = begin + last
                if last == 0:
                    start = await line_start(source, codec, begin, floor)
                if start > floor or not cut_off:
                    yield await _one_line(source, finder, codec, start, window), start
                end = start
                continue
        head = 0
        if begin > codec.bom:
            head = after_line(data, codec, 0, len(data))
            if head == len(data) and begin > floor:  # the end of one line, which starts earlier
                if step < window:
                    step = min(step * 2, window)
                    continue
                start = await line_start(source, codec, begin, floor)
                if start > floor or not cut_off:
                    yield await _one_line(source, finder, codec, start, window), start
                end = start
                continue
        yield [begin + at for at in finder.lines(data, head, len(data))], begin + head
        if begin == floor:
            return
        end = begin + head
        await asyncio.sleep(0)


async def find_one(
    source: LogSource,
    pattern: Pattern,
    codec: Codec,
    offset: int,
    direction: Direction = "next",
    *,
    end: int | None = None,
    most_bytes: int | None = None,
    moved: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
    window: int = WINDOW,
) -> int | None:
    """Where the first matching line starts at an offset or behind it, or the last one before it; None for none.

    Reading goes outwards from the place: to `end`, or over `most_bytes`. `moved` is told each offset reached, and when
    `stop` says so it ends with None; cancelling the task ends it as well. Raises what the source raises.
    """
    finder = pattern.finder(codec)
    if direction == "next":
        reach = None if most_bytes is None else offset + most_bytes
        limit = min((one for one in (end, reach) if one is not None), default=None)
        async for found, line in forwards(source, finder, codec, offset, limit, window=window):
            place = next((one for one in found if one >= offset), None)
            if place is not None:
                return place if limit is None or place < limit else None
            if moved is not None:
                moved(line)
            if stop is not None and stop():
                return None
        return None
    floor = max(end or 0, offset - most_bytes if most_bytes is not None else 0)
    async for found, line in backwards(source, finder, codec, offset, floor, window=window):
        if found:
            return found[-1]
        if moved is not None:
            moved(line)
        if stop is not None and stop():
            return None
    return None


async def line_start(source: LogSource, codec: Codec, offset: int, floor: int = 0) -> int:
    """Where the line starts in which the byte before an offset stands; the offset where a newline stands there.
    `floor` where nothing from it on is a newline."""
    end = offset
    step = FIRST_STEP
    while end > floor:
        begin = max(floor, end - step)
        begin += begin % codec.unit
        data = (await source.read(begin, end - begin)).data
        at = before_line(data, codec, 0, len(data), 0)
        if at > 0:
            return begin + at
        step = min(step * 2, WINDOW)
        end = begin
    return floor


async def _one_line(source: LogSource, finder: Finder, codec: Codec, start: int, window: int) -> list[int]:
    async for found, known in forwards(source, finder, codec, start, window=window):
        if found or known > start:
            return [start] if found and found[0] == start else []
    return []


def _line_start(fd: int, offset: int, floor: int) -> int:
    end = offset
    while end > floor:
        begin = max(floor, end - FIRST_STEP)
        at = os.pread(fd, end - begin, begin).rfind(b"\n")
        if at >= 0:
            return begin + at + 1
        end = begin
    return floor
