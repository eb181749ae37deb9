"""The logs of an array's tasks, or of the parts of a het job, as one: each line with its task in front, by time."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from naru_client.errors import NaruError
from naru_client.logs.encoding import UTF8, decode_line
from naru_client.logs.following import Began, Following, Grew
from naru_client.logs.looks import looks_of
from naru_client.logs.source import LogChunk, LogSource, LogStat
from naru_client.logs.stamps import stamp_of

TAIL = 256 << 10  # bytes at the end of each log with which it begins
TAIL_REMOTE = 64 << 10
MOST = 16 << 20  # bytes of the whole that are kept; the older half goes when there are more
LONGEST = 64 << 10  # bytes of a line without an end that are held back
MOST_PARTS, MOST_PARTS_REMOTE = 64, 8


class MergedLog:
    """A LogSource made of others, of the last that each of them holds and all they grow by.

    Lines that came with one look are in the order of their time stamps; one without a stamp stays behind the line
    before it. `stat` is what looks at the parts. A part that cannot be read is left out until it can be.
    """

    local_path = None

    def __init__(
        self,
        parts: Sequence[tuple[str, LogSource]],
        *,
        path: str,
        now: Callable[[], datetime],
        zone: tzinfo,
    ) -> None:
        self.path = path
        remote = any(source.local_path is None for _label, source in parts)
        self._parts = [_Part(label, source) for label, source in parts[: MOST_PARTS_REMOTE if remote else MOST_PARTS]]
        self._remote = remote
        self._now, self._zone = now, zone
        self.left_out = len(parts) - len(self._parts)  # logs that are too many to be shown together
        self._data = bytearray()
        self._generation = 0
        self._modified: datetime | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def source(self) -> str:
        return self._parts[0].source.source if self._parts else ""

    @property
    def pace(self) -> float:
        """A look is one at each part."""
        paces = [part.source.pace for part in self._parts]
        return sum(paces) if self._remote else max([0.5, *paces])

    async def stat(self) -> LogStat:
        # Whoever follows and whoever searches may ask together, and give up at any time: there is one look at a time,
        # and it goes on, as what a part told once it does not tell again.
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look())
        await asyncio.shield(self._looking)
        return LogStat(len(self._data), self._modified, (0, self._generation))

    async def _look(self) -> None:
        if self._remote:  # one after the other: together they would be a burst
            came = [await part.look() for part in self._parts]
        else:
            came = await asyncio.gather(*(part.look() for part in self._parts))
        merged = self._merged([line for lines in came for line in lines])
        if merged:
            self._data += merged
            self._modified = self._now()
            if len(self._data) > MOST:
                cut = self._data.find(b"\n", len(self._data) - MOST // 2) + 1
                del self._data[:cut]
                self._generation += 1

    async def read(self, offset: int, count: int) -> LogChunk:
        data = bytes(self._data[offset : offset + count])
        return LogChunk(offset, data, offset + len(data) >= len(self._data))

    async def last_words(self, offset: int, count: int) -> LogChunk:
        return LogChunk(offset, b"", True)

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        await asyncio.gather(*(part.source.close() for part in self._parts))

    def _merged(self, came: "list[tuple[_Part, bytes]]") -> bytes:
        """The lines in order of time, each with its task's name."""
        keyed: list[tuple[float, int, bytes]] = []
        now = self._now()
        for part, line in came:
            stamp = stamp_of(looks_of(decode_line(line[:200], UTF8)).text, now, self._zone)
            if stamp is not None:
                part.at = stamp.timestamp()
            keyed.append((part.at, len(keyed), part.prefix + line + b"\n"))
        keyed.sort(key=lambda one: one[:2])
        return b"".join(line for _at, _nth, line in keyed)


class _Part:
    """One of the logs: how far it was read, and the time of its last stamp."""

    def __init__(self, label: str, source: LogSource) -> None:
        self.source = source
        self.prefix = label.encode("utf-8", "replace") + b" | "
        self.at = 0.0
        self._following: Following | None = None
        self._rest = b""
        self._torn = False  # what comes next begins within a line

    async def look(self) -> "list[tuple[_Part, bytes]]":
        """The lines that were finished since the last look."""
        if self._following is None:
            try:
                stat = await self.source.stat()
            except NaruError:
                return []
            tail = TAIL if self.source.local_path is not None else TAIL_REMOTE
            self._following = Following(self.source, stat, max(0, stat.size - tail))
            self._torn = stat.size > tail
        lines: list[bytes] = []
        for news in await self._following.look():
            if isinstance(news, Began):
                self._rest, self._torn = b"", False
            elif isinstance(news, Grew):
                *whole, self._rest = (self._rest + news.chunk.data).split(b"\n")
                if self._torn and whole:
                    del whole[0]
                    self._torn = False
                lines += whole
                if len(self._rest) > LONGEST:  # goes on as another line: nobody knows whether it ever ends
                    lines.append(self._rest)
                    self._rest = b""
        return [(self, line) for line in lines]
