"""One log read through FirecREST's operations on files, every byte of it as it stands wherever that can be had.

`tail` gives everything from a byte on, `view` about so many characters from a block on, both as text: what is no UTF-8
is lost in them. `download` gives a whole file as it is, up to less than 4 MB. So a log is read by `tail` near its end
and by `view` elsewhere, and by `download` where something was lost.
"""

from collections.abc import Awaitable, Callable

from msgspec import Struct
from msgspec.structs import replace

from naru_client.errors import BadAnswer, NotProvided, Refused
from naru_client.exchange import Answer
from naru_client.firecrest import wire
from naru_client.firecrest.text_bytes import (
    LOST,
    ROOM,
    Block,
    another_block,
    blocks,
    ends_half,
    filled,
    strays,
    until_loss,
)
from naru_client.i18n import _
from naru_client.logs.source import LogChunk, LogStat
from naru_client.text import clean

PACE = 5.0  # seconds between two looks: each is a command on the login node
MOST = 1_100_000  # bytes of one read; `view` sends up to four times as many, and the limit is 5 MiB
LEAST = 4096  # bytes of one read that any FirecREST gives
NEAR = 256 << 10  # bytes from the end that are fetched at once, however few of them are wanted
MOST_TAIL = 4_000_000
MOST_DOWNLOAD = 3_900_000  # bytes whose base64 is within 5 MiB
LARGEST_BLOCK = 2_500_000  # bytes: two of them are read for one answer
LOOKS = 3  # of four looks at the end of a log that make do without `stat`
GUARD = 96  # bytes before the end that a look sees again
ATTEMPTS = 7
TRIES = 4  # blocks that are asked for to get one part

Ask = Callable[[str, str, tuple[tuple[str, str], ...]], Awaitable[Answer]]


class _End(Struct, frozen=True):
    """How a log ended: its last bytes, from where a character begins up to `until`."""

    until: int
    last: bytes


class _Whole(Struct, frozen=True):
    """All of a log, and what it was when it was fetched."""

    stat: LogStat
    data: bytes


class FirecrestLog:
    """A LogSource. `ask` puts one question about a path (operation, path, further parameters)."""

    pace = PACE
    local_path: str | None = None

    def __init__(self, path: str, ask: Ask, source: str) -> None:
        self._path, self._ask, self._source = path, ask, source
        self._stat: LogStat | None = None
        self._looks = LOOKS
        self._end: _End | None = None
        self._ahead: LogChunk | None = None  # what the last look saw of the end, for who reads it next
        self._half = (-1, -1)  # where a character was last found half written, and the size then
        self._spoilt = False  # the last part read held what is no UTF-8
        self._whole: _Whole | None = None
        self._most, self._most_fetched = MOST, MOST_DOWNLOAD

    @property
    def path(self) -> str:
        return clean(self._path)

    @property
    def source(self) -> str:
        return self._source

    async def stat(self) -> LogStat:
        """What it is now. Of one that is being followed most looks see its end only, in the one call that also brings
        what is new; `modified` is then when that came."""
        self._ahead = None
        if self._looks < LOOKS and not self._spoilt and (seen := await self._look_at_end()) is not None:
            self._looks += 1
            self._stat = seen
            return seen
        facts = wire.facts_in((await self._asked("stat", dereference="true")).body)
        if facts.kind:
            raise Refused(
                _("{path}: {what}").format(path=self.path, what=facts.kind),
                _("only a regular file can be shown as a log"),
            )
        found, before = facts.as_log(), self._stat
        if before is not None and (found.identity != before.identity or found.size < before.size):
            self._end, self._whole, self._spoilt = None, None, False
        self._looks, self._stat = 0, found
        return found

    async def read(self, offset: int, count: int) -> LogChunk:
        if (ahead := self._ahead) is not None and ahead.offset <= offset <= ahead.until:
            self._ahead = None
            data = ahead.data[offset - ahead.offset :]
            return LogChunk(offset, data[:count], len(data) <= count)
        for _attempt in range(ATTEMPTS):
            stat = self._stat or await self._real_stat()
            wanted, fetched = max(0, min(count, self._most)), self._most_fetched
            rest = stat.size - offset
            if not wanted:
                return LogChunk(offset, b"", rest <= 0)
            try:
                if (chunk := self._kept(offset, wanted)) is not None:
                    return chunk
                if self._spoilt and self._fetchable:
                    return await self._download(offset, wanted)
                if rest <= max(4 * wanted, min(NEAR, self._most)) and rest < MOST_TAIL:
                    return await self._read_end(offset, wanted)
                return await self._read_middle(offset, wanted)
            except wire.TooLong:  # it has grown meanwhile, or this FirecREST allows less than they do by default
                if (await self._real_stat()).size == stat.size and self._most_fetched == fetched:
                    self._most = max(LEAST, self._most // 4)
        raise NotProvided(
            _("{path}: {what}").format(path=self.path, what=_("FirecREST does not give this part of it")),
            _("read it on a login node of the centre"),
        )

    async def last_words(self, offset: int, count: int) -> LogChunk:
        return LogChunk(offset, b"", True)  # what is no longer at its path cannot be named

    async def close(self) -> None:
        self._ahead = self._whole = None

    async def _read_end(self, offset: int, count: int) -> LogChunk:
        """By `tail`: all there is from an offset on."""
        start, text = offset, await self._tail(offset)
        if offset and 0 < strays(text) < ROOM:
            start, text = await self._from_boundary(offset, text)
        data, skip = until_loss(text), offset - start
        got = data[skip:]
        if LOST not in text:
            self._spoilt = False
            self._remember_end(start, data)
            return LogChunk(offset, got[:count], len(got) <= count)
        if len(got) >= count:
            return LogChunk(offset, got[:count], False)
        if ends_half(text):
            half = (start + len(data), self._stat.size if self._stat is not None else -1)
            if half != self._half:
                self._half = half
                self._remember_end(start, data)
                return LogChunk(offset, got, True)
        if self._fetchable:
            return await self._download(offset, count)
        size = (await self._real_stat()).size
        data = filled(text, size - start)[offset - start :]
        return LogChunk(offset, data[:count], len(data) <= count, False)

    async def _from_boundary(self, offset: int, text: str) -> tuple[int, str]:
        """The same text from where a character surely begins, at most three bytes earlier; as it was where there is
        none."""
        start = max(0, offset - ROOM + 1)
        for _attempt in range(2):
            earlier = await self._tail(start)
            if not (count := strays(earlier)):
                return start, earlier
            start += count
            if start > offset:
                break
        return offset, text

    async def _read_middle(self, offset: int, count: int) -> LogChunk:
        """By `view`: as much as is wanted, or a little more."""
        option: Block | None = next(blocks(offset, count))
        for _try in range(TRIES):
            if option is None:
                break
            block, text = option, await self._view(option)
            got = until_loss(text)[offset - block.start :]
            if len(got) >= count:
                return LogChunk(offset, got[:count], False)
            if LOST not in text:  # it has become shorter
                if (await self._real_stat()).size > offset + len(got):
                    raise _too_short()
                return LogChunk(offset, got, True)
            option = another_block(block, text, offset, count, LARGEST_BLOCK)
        if self._fetchable:
            return await self._download(offset, count)
        size = (await self._real_stat()).size
        # the second look at the same bytes begins with its last character; the very last one neither shows
        text += (await self._view(block, block.size - 1))[1:]
        total = 2 * block.size - (len(text) == 2 * block.size - 1)
        data = filled(text, min(total, size - block.start))[offset - block.start :]
        return LogChunk(offset, data[:count], False, False)

    async def _download(self, offset: int, count: int) -> LogChunk:
        """The whole file, which is kept for as long as nothing is seen to have changed."""
        before = self._stat or await self._real_stat()
        try:
            answer = await self._asked("download")
        except wire.TooLong:
            self._most_fetched = min(MOST_DOWNLOAD, before.size - 1)
            raise
        if not answer.content_type.lower().startswith("application/octet-stream"):
            raise BadAnswer(_("what FirecREST answered cannot be read"))
        data = answer.body
        if len(data) < before.size and len(data) < (await self._real_stat()).size:
            raise _too_short()
        self._whole = _Whole(self._stat or before, data)
        self._end = None
        part = data[offset : offset + count]
        try:
            part.decode()
            self._spoilt = False
        except UnicodeDecodeError:
            self._spoilt = True
        return LogChunk(offset, part, offset + len(part) >= len(data))

    def _kept(self, offset: int, count: int) -> LogChunk | None:
        """Of the file that was fetched whole; whether it still ends there is not known."""
        if self._whole is None or self._whole.stat != self._stat or offset >= len(self._whole.data):
            return None
        return LogChunk(offset, self._whole.data[offset : offset + count], False)

    async def _look_at_end(self) -> LogStat | None:
        """What a log that only grows has become; None where its end is not what it was, or is not wholly told."""
        end, before = self._end, self._stat
        if end is None or before is None:
            return None
        start = end.until - len(end.last)
        try:
            answer = await self._asked("tail", bytes=str(start + 1), skipHeading="true")
        except wire.TooLong:
            return None
        text = wire.tail_in(answer.body)
        data = until_loss(text)
        size = start + len(data)
        if (LOST in text and not ends_half(text)) or not data.startswith(end.last) or size < before.size:
            return None
        self._ahead = LogChunk(start, data, True)
        self._remember_end(start, data)
        return before if size == before.size else replace(before, size=size, modified=answer.as_of)

    def _remember_end(self, start: int, data: bytes) -> None:
        """Keep the last bytes of a log that ends with these, which begin where a character does."""
        until = start + len(data)
        if not data:
            self._end = self._end if self._end is not None and self._end.until == until else None
            return
        cut = max(0, len(data) - GUARD)
        while cut < len(data) and data[cut] & 0xC0 == 0x80:  # inside a character
            cut += 1
        self._end = _End(until, data[cut:])

    @property
    def _fetchable(self) -> bool:
        """Whether it was short enough, when it was last looked at, to be fetched whole."""
        return self._stat is not None and self._stat.size <= min(self._most_fetched, MOST_DOWNLOAD)

    async def _real_stat(self) -> LogStat:
        self._looks = LOOKS
        return await self.stat()

    async def _tail(self, offset: int) -> str:
        return wire.tail_in((await self._asked("tail", bytes=str(offset + 1), skipHeading="true")).body)

    async def _view(self, block: Block, beyond: int = 0) -> str:
        """The characters of a block, from the one of that number on."""
        answer = await self._asked("view", size=str(block.size), offset=str(block.start + beyond))
        return wire.view_in(answer.body)

    async def _asked(self, operation: str, **query: str) -> Answer:
        return await self._ask(operation, self._path, tuple(query.items()))


def _too_short() -> BadAnswer:
    return BadAnswer(
        _("FirecREST answered less than there is"), _("it is asked again; something in between may have cut it short")
    )
