"""A text that is known whole, as a log: a batch script, or several logs made into one."""

from datetime import datetime

from naru_client.logs.source import LogChunk, LogStat


class TextLog:
    """A LogSource of bytes in memory. `say` adds to them."""

    local_path = None
    pace = 1.0

    def __init__(self, path: str, text: str = "", *, source: str = "") -> None:
        self.path = path
        self.source = source
        self._data = bytearray(text.encode("utf-8", "replace"))
        self.modified: datetime | None = None

    @property
    def size(self) -> int:
        return len(self._data)

    def say(self, data: bytes) -> None:
        self._data += data

    async def stat(self) -> LogStat:
        return LogStat(len(self._data), self.modified)

    async def read(self, offset: int, count: int) -> LogChunk:
        data = bytes(self._data[offset : offset + count])
        return LogChunk(offset, data, offset + len(data) >= len(self._data))

    async def last_words(self, offset: int, count: int) -> LogChunk:
        return LogChunk(offset, b"", True)

    async def close(self) -> None:
        pass
