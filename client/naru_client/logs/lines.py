"""Lines of a log by byte offset, from anywhere in it, without reading the rest.

A place in a log is the offset at which a line starts. A line ends with a newline, but a stretch without one is broken
as well: at every multiple of `PIECE` before which a whole block of that length holds no newline. So what is between
two breaks is shorter than twice that, whoever wrote a hundred megabytes without a newline, and the breaks are the same
from wherever one comes.
"""

from msgspec import Struct

from naru_client.logs.encoding import Codec, detect, find_newline, rfind_newline
from naru_client.logs.source import LogSource

PIECE = 1 << 16  # bytes
SAMPLE = 1 << 16  # bytes at the end from which the encoding is told


class RawLine(Struct, frozen=True):
    """A line, or a piece of a very long one. `start` and `until` are offsets; `until` is where the next one starts.

    `data` holds no newline. `ended` says that a newline closed it: without one it is a piece, or still being written.
    """

    start: int
    until: int
    data: bytes
    ended: bool


async def open_text(source: LogSource) -> "LogText":
    """The lines of a log, in the encoding that its end and its beginning speak for. Raises what the source raises."""
    size = (await source.stat()).size
    offset = max(0, size - SAMPLE)
    tail = (await source.read(offset, SAMPLE)).data
    head = tail[:4] if offset == 0 else b""
    codec = detect(head or tail, tail, offset)
    if offset and source.local_path is not None:  # elsewhere it is one call more, to servers that send text anyway
        codec = detect((await source.read(0, 4096)).data, tail, offset)
    return LogText(source, codec)


class LogText:
    """Lines of one log. `piece` is the length after which a line without an end is broken."""

    def __init__(self, source: LogSource, codec: Codec, *, piece: int = PIECE) -> None:
        self.source = source
        self.codec = codec
        self._piece = piece

    @property
    def first(self) -> int:
        """Where the first line starts."""
        return self.codec.bom

    async def lines_from(self, start: int, count: int, size: int) -> list[RawLine]:
        """At most `count` lines from one that starts at `start` on, of a log as long as `size`.

        The last one may still be without its newline.
        """
        found: list[RawLine] = []
        while len(found) < count and start < size:
            line = await self._line(start, size)
            found.append(line)
            if line.until <= start:
                break
            start = line.until
        return found

    async def lines_before(self, end: int, count: int, size: int) -> list[RawLine]:
        """At most `count` lines before one that starts at `end` (or before the end of the log), in their order."""
        starts: list[int] = []
        at = end
        while len(starts) < count and at > self.first:
            at = await self._start_before(at)
            starts.append(at)
        found: list[RawLine] = []
        for start in reversed(starts):
            found.append(await self._line(start, size))
        return found

    async def start_of(self, offset: int, size: int) -> int:
        """Where the line starts in which a byte stands; of the last one for what lies beyond the end."""
        offset = min(max(offset, self.first), size)
        if offset >= size:
            return await self._start_before(size) if size > self.first else self.first
        if self.codec.unit > 1:
            offset -= offset % self.codec.unit
        return await self._start_before(offset + self.codec.unit)

    async def _line(self, start: int, size: int) -> RawLine:
        limit = await self._next_break(start, size)
        raw = (await self.source.read(start, limit - start)).data
        newline = self.codec.newline
        ended = raw.endswith(newline) and (start + len(raw) - len(newline)) % self.codec.unit == 0
        return RawLine(start, start + len(raw), raw[: -len(newline)] if ended else raw, ended)

    async def _next_break(self, start: int, size: int) -> int:
        """Where the line after the one that starts at `start` starts; `size` when there is none."""
        block = start // self._piece
        while True:
            begin, end = max(start, block * self._piece), (block + 1) * self._piece
            data = await self._block(block, size)
            at = find_newline(data, self.codec, begin - block * self._piece, block * self._piece)
            if at >= 0:
                return block * self._piece + at + len(self.codec.newline)
            if end >= size:
                return size
            if find_newline(data, self.codec, 0, block * self._piece) < 0:
                return min(size, end + await self._torn(end))
            block += 1

    async def _start_before(self, end: int) -> int:
        """Where the line starts that ends at `end`."""
        piece, newline = self._piece, len(self.codec.newline)
        block = (end - 1) // piece
        stop = end - newline  # the newline at the very end closes the line in question
        while True:
            begin = block * piece
            data = await self._block(block, end)
            at = rfind_newline(data, self.codec, max(0, stop - begin), begin)
            if at >= 0:
                return begin + at + newline
            if begin <= self.first:
                return self.first
            before = await self._block(block - 1, begin)
            if find_newline(before, self.codec, 0, begin - piece) < 0:
                forced = begin + await self._torn(begin)
                if forced < end:
                    return forced
            block, stop = block - 1, begin

    async def _torn(self, at: int) -> int:
        """How many bytes from a break on belong to the character before it."""
        if self.codec.name != "utf-8":
            return 0
        data = (await self.source.read(at, 3)).data
        own = next((n for n, byte in enumerate(data) if byte & 0xC0 != 0x80), len(data))
        return 0 if own == 3 else own  # so many belong to no character

    async def _block(self, number: int, size: int) -> bytes:
        begin = number * self._piece
        return (await self.source.read(begin, min(self._piece, max(0, size - begin)))).data
