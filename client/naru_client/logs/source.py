"""A log as a source of bytes: the one small protocol behind which a local file and a centre's file service look alike.

Everything above it (lines, search, following, the screen) knows offsets in bytes and nothing of where the bytes live.
"""

from datetime import datetime
from typing import Protocol

from msgspec import Struct


class LogStat(Struct, frozen=True):
    """A log as of one look. `size` is bytes, `modified` when something was last written (aware UTC).

    `identity` tells one file from another that later stands at the same path (device and inode); None where the source
    cannot tell.
    """

    size: int
    modified: datetime | None = None
    identity: tuple[int, int] | None = None


class LogChunk(Struct, frozen=True):
    """Bytes of a log from an offset on. `end` says that the log ended there when they were read.

    `exact` is False where the source could not give every byte as it stands (FirecREST sends text: what is no UTF-8 is
    lost on the way). Then 0xFF stands for each lost byte, so that the length is still that in the file.
    """

    offset: int
    data: bytes
    end: bool
    exact: bool = True

    @property
    def until(self) -> int:
        """The offset of the first byte after it."""
        return self.offset + len(self.data)


class LogSource(Protocol):
    """One log, read by offset. Every method may raise

    * NotFound: there is no such file (not yet, or no longer),
    * Refused: it is there and may not be read, or is no regular file,
    * Unreachable: whoever serves it does not answer (a file system that hangs, a network),
    * NotProvided: this centre has no way to read files,

    and may be called again after any of them: the next call looks anew.
    """

    @property
    def path(self) -> str:
        """Where it is at the site, cleaned."""

    @property
    def source(self) -> str:
        """How it is read, for people ("this machine", "FirecREST at https://host")."""

    @property
    def local_path(self) -> str | None:
        """The path on this machine for tools that read files themselves; None where it is somewhere else."""

    @property
    def pace(self) -> float:
        """Seconds between two looks at a growing log that its server can well bear."""

    async def stat(self) -> LogStat: ...

    async def read(self, offset: int, count: int) -> LogChunk:
        """At most `count` bytes from `offset` on; none at all, and `end`, where the log is not as long as that."""

    async def last_words(self, offset: int, count: int) -> LogChunk:
        """What stood from an offset on in the file that was at the path before `stat` saw another there.

        Nothing, and `end`, where the source cannot tell: then what was written between two looks is lost with it.
        """

    async def close(self) -> None:
        """Give up whatever is open. May be called twice."""
