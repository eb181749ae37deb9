"""A log that is a file on this machine: the login node's shared file system, most of the time.

What such a file system does is not to be trusted: it may hang for minutes, tell old sizes (NFS caches attributes until
a file is opened anew), and lose a file under an open descriptor. So every look opens the path again, each call is made
in a thread of its own that nobody waits for at the end, and no file is ever mapped into memory: a truncated map kills
the process.
"""

import asyncio
import errno
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from naru_client.errors import NaruError, NotFound, Refused, Unreachable
from naru_client.i18n import _
from naru_client.logs.source import LogChunk, LogStat
from naru_client.text import clean

T = TypeVar("T")

PATIENCE = 5.0  # seconds after which a file system counts as one that does not answer
PACE = 0.25  # seconds between two looks at a file here

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC  # a FIFO would block an ordinary opening for ever
_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)
_FORBIDDEN = (errno.EACCES, errno.EPERM)


class LocalLog:
    """A file as a LogSource. `patience` is how many seconds a call may take before it counts as hanging."""

    pace = PACE

    def __init__(self, path: str, *, patience: float = PATIENCE) -> None:
        self._path = path
        self._patience = patience
        self._file = _File(path)
        self._thread: _FileThread | None = None

    @property
    def path(self) -> str:
        return clean(self._path)

    @property
    def source(self) -> str:
        return _("this machine")

    @property
    def local_path(self) -> str | None:
        return self._path

    async def stat(self) -> LogStat:
        return await self._do(self._file.look)

    async def read(self, offset: int, count: int) -> LogChunk:
        return await self._do(lambda: self._file.read(offset, count))

    async def last_words(self, offset: int, count: int) -> LogChunk:
        return await self._do(lambda: self._file.read_former(offset, count))

    async def close(self) -> None:
        if self._thread is not None:  # only it ever opens anything, and it closes what it opened
            self._thread.end(self._file.close)
            self._thread, self._file = None, _File(self._path)

    async def _do(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            self._thread = _FileThread()
        future = self._thread.ask(work)
        done, _pending = await asyncio.wait({future}, timeout=self._patience if self._thread.answers else 0.05)
        if not done:
            self._thread.answers = False
            raise Unreachable(
                _("the file system does not answer: {path}").format(path=self.path),
                _("it is asked again; a hanging file server is for the centre's staff"),
            )
        return future.result()


class _FileThread:
    """One thread that makes calls one after the other. A call that never returns holds up nothing but this thread."""

    def __init__(self) -> None:
        self.answers = True
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        Thread(target=self._work, daemon=True, name="log file").start()

    def ask(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Have something done; what is behind one that hangs is not done at all, as nobody wants it later."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        future.add_done_callback(_seen)

        def job() -> None:
            try:
                result = work()
            except NaruError as error:
                _tell(loop, future, error=error)
            except OSError as error:
                _tell(loop, future, error=Refused(clean(error.strerror or "") or type(error).__name__))
            except ValueError as error:  # a path that cannot be one
                _tell(loop, future, error=Refused(clean(str(error))))
            else:
                _tell(loop, future, result=result)
            self.answers = True

        if self.answers or self._asked.empty():
            self._asked.put(job)
        return future

    def end(self, last: Callable[[], None]) -> None:
        self._asked.put(last)
        self._asked.put(None)

    def _work(self) -> None:
        while (job := self._asked.get()) is not None:
            job()


def _tell(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[Any]", *, result: Any = None,
          error: NaruError | None = None) -> None:  # fmt: skip
    def settle() -> None:
        if not future.done():
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:  # the loop has ended meanwhile
        pass


def _seen(future: "asyncio.Future[Any]") -> None:
    """Whoever asked may be gone: a failure is then nobody's."""
    if not future.cancelled():
        future.exception()


class _File:
    """What a path holds, by blocking calls: the file there now, and the one that was there before it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._now: int | None = None
        self._identity: tuple[int, int] | None = None
        self._former: int | None = None

    def look(self) -> LogStat:
        """Open the path anew and see what is there: only that makes NFS tell a size of now."""
        try:
            found = os.stat(self._path)
            if not stat.S_ISREG(found.st_mode):
                raise Refused(self._said(_kind(found.st_mode)), _("only a regular file can be shown as a log"))
            fd = os.open(self._path, _FLAGS)
        except OSError as error:
            raise self._error(error) from None
        try:
            found = os.fstat(fd)
        except OSError as error:
            os.close(fd)
            raise self._error(error) from None
        identity = (found.st_dev, found.st_ino)
        if not stat.S_ISREG(found.st_mode):
            os.close(fd)
            raise Refused(self._said(_kind(found.st_mode)), _("only a regular file can be shown as a log"))
        if self._now is not None and identity != self._identity:
            self._give_up_former()
            self._former = self._now
        elif self._now is not None:
            os.close(self._now)
        self._now, self._identity = fd, identity
        return LogStat(found.st_size, _moment(found.st_mtime), identity)

    def read(self, offset: int, count: int) -> LogChunk:
        if self._now is None:
            self.look()
        assert self._now is not None
        try:
            return _read(self._now, offset, count)
        except OSError as error:
            os.close(self._now)
            self._now = None
            raise self._error(error) from None

    def read_former(self, offset: int, count: int) -> LogChunk:
        if self._former is None:
            return LogChunk(offset, b"", True)
        try:
            return _read(self._former, offset, count)
        except OSError:
            return LogChunk(offset, b"", True)

    def close(self) -> None:
        self._give_up_former()
        if self._now is not None:
            os.close(self._now)
            self._now = None

    def _give_up_former(self) -> None:
        if self._former is not None:
            os.close(self._former)
            self._former = None

    def _said(self, what: str) -> str:
        return _("{what}: {path}").format(path=clean(self._path), what=what)

    def _error(self, error: OSError) -> NaruError:
        if error.errno in _MISSING:
            return NotFound(
                self._said(_("there is no such file")), _("it comes when the job writes for the first time")
            )
        if error.errno in _FORBIDDEN:
            return Refused(
                self._said(_("you may not read it")), _("its owner or a group of yours would have to allow it")
            )
        if error.errno in (errno.EIO, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENXIO):
            return Unreachable(self._said(_("the file system does not answer")))
        return Refused(self._said(clean(error.strerror or "") or type(error).__name__))


def _moment(seconds: float) -> datetime | None:
    """A file's time; None for one that no calendar holds: whoever owns the file may set it to anything."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _read(fd: int, offset: int, count: int) -> LogChunk:
    """So many bytes, or all there are; a regular file may still give fewer at a time."""
    parts: list[bytes] = []
    at, wanted = offset, count
    while wanted > 0:
        part = os.pread(fd, wanted, at)
        if not part:
            return LogChunk(offset, b"".join(parts), True)
        parts.append(part)
        at += len(part)
        wanted -= len(part)
    data = parts[0] if len(parts) == 1 else b"".join(parts)
    return LogChunk(offset, data, at >= os.fstat(fd).st_size)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return _("it is a folder")
    if stat.S_ISFIFO(mode):
        return _("it is a pipe")
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return _("it is a device")
    if stat.S_ISSOCK(mode):
        return _("it is a socket")
    return _("it is no regular file")
