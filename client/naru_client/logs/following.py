"""Following a log: what has come of it since the last look, every byte once and none left out.

A file that is followed grows, but it may also be cut short and written anew (a job that is put back does so), be
renamed and replaced by another, vanish, or sit on a file system that stops answering. The last bytes that were seen
are looked at again before what follows them is believed: a file that was cut and has grown past its old end between
two looks tells by nothing else.
"""

from typing import Literal

from msgspec import Struct

from naru_client.errors import NaruError
from naru_client.logs.cached import CachedLog
from naru_client.logs.source import LogChunk, LogSource, LogStat

GUARD = 64  # bytes before the last end that must still be the same
MOST = 1 << 20  # bytes that are read at a time

Why = Literal["truncated", "replaced", "rewritten", "appeared"]


class Grew(Struct, frozen=True):
    """More of it. `behind` is how many bytes there are yet after these."""

    chunk: LogChunk
    behind: int = 0


class Began(Struct, frozen=True):
    """It starts anew, at offset 0: it was cut, is another file, was written over, or has come to be at all."""

    why: Why


class Lost(Struct, frozen=True):
    """It cannot be read, for now; told once for each reason."""

    error: NaruError


class Found(Struct, frozen=True):
    """It can be read again, and is the one it was."""


News = Grew | Began | Lost | Found


class Following:
    """One followed log. Nothing here waits or repeats: whoever follows calls `look` when it is time."""

    def __init__(self, source: LogSource, stat: LogStat | None, offset: int = 0, *, most: int = MOST) -> None:
        """`stat` is what the log was when it was opened, None where there was none yet; what comes before `offset` is
        known."""
        self.source = source
        self.offset = offset
        self._stat = stat
        self._most = most
        self._guard: bytes | None = None if offset else b""  # None: not read yet
        self._trouble = ""
        self._absent = stat is None

    @property
    def stat(self) -> LogStat | None:
        """What it was at the last look that found it."""
        return self._stat

    def skip_to(self, offset: int) -> None:
        """Go on from a later place: what lies between is not wanted."""
        if offset > self.offset:
            self.offset, self._guard = offset, None

    async def remember(self) -> None:
        """Keep what stands before the offset, to know it again; `look` does it where nobody did. Raises as `read`."""
        begin = max(0, self.offset - GUARD)
        chunk = await self.source.read(begin, self.offset - begin)
        self._guard = chunk.data if chunk.exact and chunk.until == self.offset else b""

    async def look(self) -> list[News]:
        """What is new, in order; nothing where nothing is. Raises nothing of the source's: that is news as well."""
        news: list[News] = []
        try:
            if self._guard is None:
                await self.remember()
            stat = await self.source.stat()
            if self._trouble:
                self._trouble = ""
                news.append(Found())
            before = self._stat
            if before is None:
                if self._absent:
                    self._absent = False
                    news.append(Began("appeared"))
            elif stat.identity != before.identity:
                news += await self._farewell()
                news.append(self._begin("replaced"))
            elif stat.size < self.offset or stat.size < before.size:
                news.append(self._begin("truncated"))
            self._stat = stat
            if stat.size > self.offset:
                news += await self._grow(stat.size)
            elif before is not None and stat.modified != before.modified and not await self._same():
                news.append(self._begin("rewritten"))
                news += await self._grow(stat.size)
        except NaruError as error:
            told = f"{error.kind} {error.message}"
            if told != self._trouble:
                self._trouble = told
                news.append(Lost(error))
        return news

    async def _grow(self, size: int) -> list[News]:
        """What came after the offset; everything, where what stands before it is no longer what it was."""
        guard = self._guard or b""
        known = len(guard)
        chunk = await self._fresh(self.offset - known, self._most + known)
        news: list[News] = []
        if chunk.exact and chunk.data[:known] != guard:
            news.append(self._begin("rewritten"))
            known = 0
            chunk = await self._fresh(0, self._most)
        data = chunk.data[known:]
        if data:
            self._guard = (guard[:known] + data[-GUARD:])[-GUARD:] if chunk.exact else b""
            grown = LogChunk(self.offset, data, chunk.end, chunk.exact)
            self.offset = grown.until
            news.append(Grew(grown, max(0, size - self.offset)))
        return news

    async def _same(self) -> bool:
        """Whether what was seen last still stands where it stood. Not asked of servers: it is a call each time."""
        if not self._guard or self.source.local_path is None:
            return True
        chunk = await self._fresh(self.offset - len(self._guard), len(self._guard))
        return chunk.data == self._guard

    async def _fresh(self, offset: int, count: int) -> LogChunk:
        """Bytes as they stand now, also where the source keeps what it read before."""
        if isinstance(self.source, CachedLog):
            return await self.source.fresh(offset, count)
        return await self.source.read(offset, count)

    async def _farewell(self) -> list[News]:
        """What was still written to the file that is no longer at its path."""
        news: list[News] = []
        while True:
            chunk = await self.source.last_words(self.offset, self._most)
            if not chunk.data:
                return news
            news.append(Grew(chunk))
            self.offset = chunk.until

    def _begin(self, why: Why) -> Began:
        self.offset, self._guard = 0, b""
        if isinstance(self.source, CachedLog):
            self.source.forget()
        return Began(why)
