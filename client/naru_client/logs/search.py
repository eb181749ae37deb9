"""One search over a whole log: how many lines hold a match and where, growing while it runs, and the next and the
previous one from any place at once.

A line that holds at least one match counts once, as for `grep -c`, and its place is the offset at which it starts,
however long it is. A file on this machine is gone over from its beginning, in a thread; elsewhere from the end, piece
by piece, and no further than a limit.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable

from msgspec import Struct

from naru_client.errors import NaruError
from naru_client.logs.encoding import Codec
from naru_client.logs.pattern import Pattern
from naru_client.logs.scanning import FileScan, backwards, find_one, forwards, line_start
from naru_client.logs.search_places import BLOCK, MOST, Places
from naru_client.logs.search_window import WINDOW
from naru_client.logs.source import LogSource

MOST_REMOTE = 4 << 20  # bytes that are read of a log that is not on this machine
OFTEN = 0.1  # seconds between two reports
_AT_ONCE = 4 << 20  # bytes that a log may have grown by to be read through its source


class Progress(Struct, frozen=True):
    """How far a search is: `scanned` of `size` bytes, `matches` so far. `first` is the offset from which on it looks.

    `done` says that it has ended: by itself, by `cancelled`, or because the log could not be read on (`broken`).
    `engine` is "ripgrep", "naru" or "remote".
    """

    scanned: int = 0
    size: int = 0
    matches: int = 0
    done: bool = False
    engine: str = ""
    first: int = 0
    cancelled: bool = False
    broken: bool = False

    @property
    def limited(self) -> bool:
        """Whether the beginning of the log was left out."""
        return self.engine == "remote" and self.first > 0


class Search:
    """One pattern over one log. Everything is asked for in the event loop; `on_progress` is called there as well, at
    most ten times a second by `clock` and once at the end.

    `error` is what the source raised, if that ended the search. A source that keeps what it read is better given
    without its cache.
    """

    def __init__(
        self,
        source: LogSource,
        pattern: Pattern,
        codec: Codec,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        most_bytes: int = MOST_REMOTE,
        most_places: int = MOST,
        block: int = BLOCK,
        window: int = WINDOW,
        ripgrep: bool = True,
    ) -> None:
        self.source = source
        self.pattern = pattern
        self.codec = codec
        self.error: NaruError | None = None
        self._on_progress = on_progress
        self._clock = clock
        self._told: float | None = None
        self._most_bytes = most_bytes
        self._window = window
        self._may_ripgrep = ripgrep
        self._finder = pattern.finder(codec)
        self._places = Places(block=block, most=most_places)
        self._scan: FileScan | None = None
        self._start = self._first = self._size = self._scanned = 0
        self._engine = ""
        self._done = self._cancelled = self._broken = False
        self._line = 0  # where the last line starts that had no newline yet
        self._tentative: int | None = None
        self._barren: tuple[int, int] | None = None  # between these was looked before, for nothing
        self._turn = asyncio.Lock()

    @property
    def progress(self) -> Progress:
        scanned = self._scan.position - self._start if self._scan is not None else self._scanned
        engine = self._scan.engine if self._scan is not None else self._engine
        return Progress(scanned, self._size - self._start, self._places.total, self._done, engine, self._first,
                        self._cancelled, self._broken)  # fmt: skip

    def cancel(self) -> None:
        """End it where it is; what was found stays. Nothing is left running, and `run` returns."""
        if not self._done:
            self._cancelled = True
            if self._scan is not None:
                self._scan.cancel()

    async def run(self, start: int = 0, end: int | None = None) -> Progress:
        """Go over the log, or the lines that start between two offsets of it. Raises nothing of the source's."""
        async with self._turn:
            try:
                self._size = (await self.source.stat()).size if end is None else end
                self._start = self._first = self._line = start
                if self.source.local_path is not None:
                    self._places.clear(start)
                    await self._over_file(start, self._size, self._may_ripgrep)
                else:
                    await self._over_tail()
            except NaruError as error:
                self.error, self._broken = error, True
            finally:
                self._ended()
        return self.progress

    async def extend(self, new_size: int) -> Progress:
        """Go over what the log has grown by as well. One that was cancelled or broken off stays as it is."""
        async with self._turn:
            if self._cancelled or self._broken or new_size <= self._size or not self._done:
                return self.progress
            self._done = False
            before, self._size = self._size, new_size
            if self._tentative is not None:  # it is looked at again, as it has grown
                self._places.remove_last(self._tentative)
                self._tentative = None
            try:
                if self.source.local_path is not None and new_size - before > _AT_ONCE:
                    await self._over_file(self._line, new_size, False)
                else:
                    await self._over_growth(new_size)
            except NaruError as error:
                self.error, self._broken = error, True
            finally:
                self._ended()
        return self.progress

    async def next_from(self, offset: int) -> int | None:
        """The first matching line that starts at an offset or behind it. Answers while the search runs as well.

        Raises what the source raises.
        """
        low, high = self._places.low, self._places.high
        if offset < low and low < high:
            found = await self._look_forwards(offset, low)
            if found is not None:
                return found
            offset = low
        if offset < high:
            block = self._places.some_from(offset // self._places.block)
            while block is not None:
                places = await self._within(block)
                at = bisect_left(places, offset)
                if at < len(places):
                    return places[at]
                block = self._places.some_from(block + 1)
            offset = high
        return None if self._done and offset >= self._size else await self._look_forwards(offset, None)

    async def previous_before(self, offset: int) -> int | None:
        """The last matching line that starts before an offset. Answers while the search runs as well.

        Raises what the source raises.
        """
        low, high = self._places.low, self._places.high
        if low < high < offset:
            found = await self._look_backwards(offset, high)
            if found is not None:
                return found
            offset = high
        if low < offset <= high:
            block = self._places.some_until((offset - 1) // self._places.block)
            while block is not None:
                places = await self._within(block)
                at = bisect_left(places, offset)
                if at:
                    return places[at - 1]
                block = self._places.some_until(block - 1)
            offset = low
        if offset <= max(self._start, self.codec.bom):
            return None
        floor = 0 if self.source.local_path is not None else max(0, offset - self._most_bytes)
        if (floor, offset) == self._barren:
            return None
        found = await self._look_backwards(offset, floor)
        if found is None:
            self._barren = (floor, offset)
        return found

    async def ordinal(self, offset: int) -> tuple[int, int] | None:
        """The number of the matching line that starts at an offset, from 1, and how many there are so far; None for
        another line, and where that is not known yet. Where the search is `limited`, both count from `first` on."""
        if not self._places.low <= offset < self._places.high:
            return None
        block = offset // self._places.block
        before = self._places.before(block)
        places = await self._within(block)
        at = bisect_left(places, offset)
        if at == len(places) or places[at] != offset:
            return None
        return before + at + 1, self._places.total

    async def _over_file(self, start: int, end: int, ripgrep: bool) -> None:
        path = self.source.local_path
        assert path is not None
        scan = FileScan(
            path, self.pattern, self.codec, self._places, start, end, ripgrep=ripgrep, window=self._window
        )  # fmt: skip
        self._scan = scan
        loop = asyncio.get_running_loop()
        told = self._clock()

        def moved() -> None:
            nonlocal told
            now = self._clock()
            if self._on_progress is not None and now - told >= OFTEN:
                told = now
                try:
                    loop.call_soon_threadsafe(self._report)
                except RuntimeError:  # the loop has ended meanwhile
                    scan.cancel()

        if self._cancelled:
            scan.cancel()
        await scan.run(moved)
        self._line, self._tentative = scan.line, scan.tentative
        self._broken = scan.broken and not self._cancelled

    async def _over_tail(self) -> None:
        size = self._size
        self._engine = "remote"
        floor = max(self._start, size - self._most_bytes)
        self._first = size
        self._places.clear(size)
        async for found, low in backwards(self.source, self._finder, self.codec, size, floor, window=self._window):
            self._places.add(found, low=low)
            self._first, self._scanned = low, size - low
            self._report()
            if self._cancelled:
                return
        if floor == self._start:
            self._first, self._scanned = floor, size - floor
            self._places.reach(low=floor)
        self._line = await line_start(self.source, self.codec, size, floor)
        last = self._places.some_until(size // self._places.block)
        if self._line < size and last is not None and self._line in await self._within(last):
            self._tentative = self._line

    async def _over_growth(self, end: int) -> None:
        start = self._line
        async for found, line in forwards(self.source, self._finder, self.codec, start, end, window=self._window):
            whole = [place for place in found if place >= start]
            self._places.add(whole, high=line)
            self._line = max(start, min(line, end))
            if self._cancelled:
                return
        self._line = await line_start(self.source, self.codec, end, start)
        last = self._places.some_until(end // self._places.block)
        if self._line < end and last is not None and self._line in await self._within(last):
            self._tentative = self._line
        self._scanned = end - self._first

    def _ended(self) -> None:
        if self._scan is not None:
            self._engine, self._scanned = self._scan.engine, self._scan.position - self._start
            self._scan = None
        self._done = True
        if self._on_progress is not None:
            self._on_progress(self.progress)

    def _report(self) -> None:
        now = self._clock()
        if self._on_progress is not None and not self._done and (self._told is None or now - self._told >= OFTEN):
            self._told = now
            self._on_progress(self.progress)

    async def _within(self, block: int) -> list[int]:
        """The places in a block, found again where only their number is known."""
        known = self._places.within(block)
        if known is not None:
            return known
        begin = max(block * self._places.block, self._places.low)
        end = min((block + 1) * self._places.block, self._places.high)
        again: list[int] = []
        async for found, line in forwards(self.source, self._finder, self.codec, begin, window=self._window):
            again += found
            if line >= end:
                break
        return [place for place in again if begin <= place < end]

    async def _look_forwards(self, offset: int, end: int | None) -> int | None:
        return await find_one(self.source, self.pattern, self.codec, offset, "next", end=end, window=self._window)

    async def _look_backwards(self, offset: int, floor: int) -> int | None:
        return await find_one(self.source, self.pattern, self.codec, offset, "previous", end=floor,
                              window=self._window)  # fmt: skip
