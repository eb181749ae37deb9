"""Several logs as one, in order of time: the lines of an array's tasks, each log read as it goes, none of them kept."""

import math
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, tzinfo
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from naru_client.logs.encoding import Codec, decode_line, find_newline
from naru_client.logs.looks import looks_of
from naru_client.logs.stamps import stamp_of

START = 256  # bytes of a line in which its stamp is looked for
START_JSON = 2200

UNKNOWN = -math.inf  # the time of a line before which none had a stamp


class TimedLine(NamedTuple):
    """A line with its newline, and when it was written: seconds since the epoch, those of the line before it where it
    has no stamp of its own."""

    at: float
    data: bytes


class Timing:
    """The times of one log's lines, in their order.

    `near` completes stamps without a date: about when the first line was written. `zone` is that of stamps without one.
    Lines before the first stamp are of an `UNKNOWN` time; at the end of a log, for which `otherwise` is given, of that
    stamp's time, or where none comes soon of that other one.
    """

    def __init__(self, near: datetime | None, zone: tzinfo, otherwise: datetime | None = None) -> None:
        self._near = near
        self._otherwise = otherwise
        self._zone = zone
        self._at = UNKNOWN
        self.stamps = 0  # how many lines had one

    def lines(self, data: bytes, codec: Codec) -> list[TimedLine]:
        """The lines in some bytes, of which the last may be without its newline."""
        found: list[TimedLine] = []
        start = 0
        while start < len(data):
            end = find_newline(data, codec, start)
            until = len(data) if end < 0 else end + len(codec.newline)
            line = data[start:until]
            self._see(line[: START_JSON if line.startswith(b"{") else START], codec)
            found.append(TimedLine(self._at, line))
            start = until
        if self._otherwise is not None and found and found[0].at == UNKNOWN:
            first = next((line.at for line in found if line.at != UNKNOWN), self._otherwise.timestamp())
            found = [TimedLine(first, line.data) if line.at == UNKNOWN else line for line in found]
            if self._at == UNKNOWN:
                self._at = first
        return found

    def _see(self, line: bytes, codec: Codec) -> None:
        text = decode_line(line.removesuffix(codec.newline), codec)
        if not text.isprintable():
            text = looks_of(text, START_JSON).text
        stamp = stamp_of(text, self._near, self._zone)
        if stamp is not None:
            self.stamps += 1
            self._near, self._at = stamp, stamp.timestamp()


async def merged(
    parts: Sequence[AsyncIterator[Sequence[TimedLine]]],
) -> AsyncIterator[tuple[int, Sequence[TimedLine]]]:
    """The lines of several logs in order of time: each time a run of one log's lines, with the number of that log.

    Each log's own order stays, so what has no stamp stays behind the line before it; at one moment (to the microsecond)
    the first log comes first. Of each log one batch is held.
    """
    heads = [_Head(part) for part in parts]
    heap = [(head.at, number) for number, head in enumerate(heads) if await head.fill()]
    heapify(heap)
    while heap:
        _at, number = heappop(heap)
        head = heads[number]
        limit = heap[0] if heap else (math.inf, len(heads))
        while True:
            run = head.take(number, limit)
            if run:
                yield number, run
            if not head.empty:
                heappush(heap, (head.at, number))
                break
            if not await head.fill():
                break
            if (head.at, number) >= limit:
                heappush(heap, (head.at, number))
                break


class _Head:
    """Where one log is."""

    def __init__(self, part: AsyncIterator[Sequence[TimedLine]]) -> None:
        self._part = part
        self._batch: Sequence[TimedLine] = ()
        self._next = 0

    @property
    def empty(self) -> bool:
        return self._next >= len(self._batch)

    @property
    def at(self) -> float:
        return self._batch[self._next].at

    async def fill(self) -> bool:
        """Have lines at hand; whether there are any."""
        while self.empty:
            try:
                self._batch, self._next = await anext(self._part), 0
            except StopAsyncIteration:
                return False
        return True

    def take(self, number: int, limit: tuple[float, int]) -> Sequence[TimedLine]:
        """The lines that come before a place in the order."""
        batch, start, end = self._batch, self._next, self._next
        while end < len(batch) and (batch[end].at, number) < limit:
            end += 1
        self._next = end
        return batch if start == 0 and end == len(batch) else batch[start:end]
