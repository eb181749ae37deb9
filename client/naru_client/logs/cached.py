"""A log whose bytes are kept for a while: scrolling, following and drawing read the same blocks, and ask once."""

from collections import OrderedDict

from naru_client.logs.source import LogChunk, LogSource, LogStat

BLOCK = 1 << 16  # bytes; a file system's own read-ahead
BLOCK_REMOTE = 1 << 18  # where each call takes its time, fewer and longer ones
MOST = 8 << 20  # bytes kept


class CachedLog:
    """A LogSource in front of another, which keeps the blocks read last.

    What was read of the last block is good for as long as no `stat` tells of another size; `stat` forgets everything
    when the file has become shorter or another one.
    """

    def __init__(self, inner: LogSource, *, block: int | None = None, most: int = MOST) -> None:
        self.inner = inner
        self.block = block or (BLOCK if inner.local_path is not None else BLOCK_REMOTE)
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._keep = max(2, most // self.block)
        self._stat: LogStat | None = None
        self._forgotten = 0  # how often; what was asked for before is not kept
        self.exact = True  # no byte was lost in anything that was read

    @property
    def path(self) -> str:
        return self.inner.path

    @property
    def source(self) -> str:
        return self.inner.source

    @property
    def local_path(self) -> str | None:
        return self.inner.local_path

    @property
    def pace(self) -> float:
        return self.inner.pace

    @property
    def last_stat(self) -> LogStat | None:
        """What the last look told."""
        return self._stat

    @property
    def size(self) -> int | None:
        """The size by the last look; None before the first."""
        return None if self._stat is None else self._stat.size

    async def stat(self) -> LogStat:
        stat = await self.inner.stat()
        before, self._stat = self._stat, stat
        if before is not None and (self._stat.size < before.size or self._stat.identity != before.identity):
            self.forget()
        return self._stat

    async def read(self, offset: int, count: int) -> LogChunk:
        size = self.size
        if size is None:
            size = (await self.stat()).size
        end = min(size, offset + count)
        parts: list[bytes] = []
        at = offset
        while at < end:
            number = at // self.block
            data = await self._block(number, size)
            start = at - number * self.block
            part = data[start : end - number * self.block]
            if not part:  # it became shorter meanwhile
                break
            parts.append(part)
            at += len(part)
        return LogChunk(offset, parts[0] if len(parts) == 1 else b"".join(parts), at >= size, self.exact)

    async def fresh(self, offset: int, count: int) -> LogChunk:
        """The same as the file has it now, past what is kept; what follows on kept bytes is kept with them."""
        forgotten = self._forgotten
        chunk = await self.inner.read(offset, count)
        self.exact = self.exact and chunk.exact
        if forgotten != self._forgotten:
            return chunk
        at = offset
        while at < chunk.until:
            number = at // self.block
            begin = number * self.block
            kept = self._blocks.get(number, b"")
            if len(kept) < at - begin:
                at = begin + self.block
                continue
            part = chunk.data[at - offset : begin + self.block - offset]
            self._keep_block(number, kept[: at - begin] + part)
            at += len(part)
        return chunk

    async def last_words(self, offset: int, count: int) -> LogChunk:
        return await self.inner.last_words(offset, count)

    async def close(self) -> None:
        await self.inner.close()

    def forget(self) -> None:
        """Everything that is kept may be of another file."""
        self._blocks.clear()
        self._forgotten += 1

    async def _block(self, number: int, size: int) -> bytes:
        """A block as far as the log goes, `size` being how far that is at least."""
        begin = number * self.block
        wanted = min(self.block, size - begin)
        data = self._blocks.get(number, b"")
        while len(data) < wanted:
            forgotten = self._forgotten
            chunk = await self.inner.read(begin + len(data), self.block - len(data))
            self.exact = self.exact and chunk.exact
            if forgotten != self._forgotten:  # what was kept, or this, may be of another file
                data = self._blocks.get(number, b"")
                continue
            data += chunk.data
            self._keep_block(number, data)
            break
        if number in self._blocks:
            self._blocks.move_to_end(number)
        return data

    def _keep_block(self, number: int, data: bytes) -> None:
        self._blocks[number] = data
        while len(self._blocks) > self._keep:
            self._blocks.popitem(last=False)
