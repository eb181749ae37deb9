"""The private folder in which several Naru of one user leave answers for each other: files, locks, and its size.

Everything here may fail in silence: who cannot share asks for itself. What lies there is only ever one's own: a folder
or file of another owner, behind a link, or open to others is left alone. No function waits for another process.
"""

import fcntl
import os
import stat
import time
import zlib
from collections.abc import Callable
from contextlib import suppress

import msgspec
from msgspec import Struct

SCHEMA = "naru.share/1"
DAY = 86400.0
LARGEST = 1 << 30  # bytes of the whole folder
SHARE_OF_FREE = 4  # and at most one of so many parts of what is free where it lies
LONGEST_HEADER = 4096  # bytes

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Header(Struct, frozen=True, kw_only=True):
    """The first line of a file. The body follows; `crc` is its CRC-32. `as_of` is in seconds since 1970."""

    schema: str = SCHEMA
    question: str
    separator: str = ""
    status: int = 0
    content_type: str = ""
    as_of: float
    seconds: float = 0.0
    size: int
    crc: int


class Rest(Struct, frozen=True, kw_only=True):
    """Before when a question is not to be asked, in seconds since 1970, and whether the centre itself said so."""

    schema: str = SCHEMA
    until: float
    told: bool
    failures: int = 1  # in a row


class Folder:
    """An open private folder. Files are named by letters, digits and one dot; nothing outside it is touched."""

    def __init__(self, handle: int, *, largest: int = LARGEST, now: Callable[[], float] = time.time) -> None:
        self._handle = handle
        self._largest = largest
        self._now = now

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def open_body(self, name: str, question: str, oldest: float) -> tuple[int, Header] | None:
        """A file that answers this question and is not older than `oldest`: its handle, at its body, and its header."""
        handle = self._open(name)
        if handle is None:
            return None
        with suppress(OSError, ValueError):  # msgspec's errors are ValueErrors
            line, newline, _rest = os.read(handle, LONGEST_HEADER).partition(b"\n")
            header = msgspec.json.decode(line, type=Header)
            whole = bool(newline) and os.fstat(handle).st_size == len(line) + 1 + header.size
            if whole and header.schema == SCHEMA and header.question == question and header.as_of >= oldest:
                os.lseek(handle, len(line) + 1, os.SEEK_SET)
                return handle, header
        os.close(handle)
        return None

    def write(self, name: str, header: Header, body: bytes) -> bool:
        """Put a whole answer in place of the one before; whether that could be done."""
        line = msgspec.json.encode(header) + b"\n"
        if len(line) > LONGEST_HEADER or not self._make_room(name, len(line) + len(body)):
            return False
        return self._put(name, (line, body))

    def rest(self, name: str) -> Rest | None:
        """What a file says of leaving the centre alone; None where there is none, or it is over."""
        handle = self._open(name)
        if handle is None:
            return None
        try:
            return msgspec.json.decode(os.read(handle, LONGEST_HEADER), type=Rest)
        except (OSError, ValueError):
            return None
        finally:
            os.close(handle)

    def write_rest(self, name: str, rest: Rest) -> None:
        self._put(name, (msgspec.json.encode(rest),))

    def remove(self, name: str) -> None:
        with suppress(OSError):
            os.unlink(name, dir_fd=self._handle)

    def try_lock(self, name: str) -> int | None:
        """A handle that holds the lock of that name until it is closed; None while another holds it.

        Raises OSError where there can be no lock.
        """
        handle = os.open(name, _LOCK, 0o600, dir_fd=self._handle)
        try:
            if not _is_ours(os.fstat(handle)):
                raise PermissionError
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.stat(name, dir_fd=self._handle).st_ino == os.fstat(handle).st_ino:  # it was not swept away meanwhile
                os.utime(handle)  # a lock in use is not old
                return handle
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        return None

    def sweep(self) -> None:
        """Remove what is older than a day."""
        for _size, changed, name in self._files():
            if not 0 <= self._now() - changed <= DAY:
                self.remove(name)

    def _make_room(self, name: str, size: int) -> bool:
        """Remove the oldest answers until one more of `size` bytes fits; whether it fits at all."""
        try:
            told = os.fstatvfs(self._handle)
        except OSError:
            return False
        free = told.f_bavail * told.f_frsize
        files = [one for one in self._files() if one[2] != name]
        held = sum(one[0] for one in files)
        most = min(self._largest, (free + held) // SHARE_OF_FREE)
        for its_size, _changed, its_name in sorted(files, key=lambda one: one[1]):
            if held + size <= most:
                break
            if ".answer" not in its_name:  # locks and rests take no room, and are needed
                continue
            self.remove(its_name)
            held -= its_size
        return held + size <= most

    def _files(self) -> list[tuple[int, float, str]]:
        """Size, time of change and name of every file here."""
        found = []
        with suppress(OSError):
            for name in os.listdir(self._handle):
                with suppress(OSError):
                    told = os.stat(name, dir_fd=self._handle, follow_symlinks=False)
                    found.append((told.st_size, told.st_mtime, name))
        return found

    def _open(self, name: str) -> int | None:
        with suppress(OSError):
            handle = os.open(name, _READ, dir_fd=self._handle)
            if _is_ours(os.fstat(handle)):
                return handle
            os.close(handle)
        return None

    def _put(self, name: str, parts: tuple[bytes, ...]) -> bool:
        made = f"{name}.{os.urandom(6).hex()}"
        try:
            handle = os.open(made, _MAKE, 0o600, dir_fd=self._handle)
            try:
                for part in parts:
                    left = memoryview(part)
                    while left:
                        left = left[os.write(handle, left) :]
            finally:
                os.close(handle)
            os.rename(made, name, src_dir_fd=self._handle, dst_dir_fd=self._handle)
        except OSError:
            self.remove(made)
            return False
        return True


def read_body(handle: int, header: Header) -> bytes | None:
    """The body of a file from `Folder.open_body`, which is closed; None when it is not whole. May take its time."""
    try:
        body = os.read(handle, header.size) if header.size else b""
        while len(body) < header.size and (more := os.read(handle, header.size - len(body))):
            body += more  # seldom: one read gives a regular file whole up to 2 GiB
    except (OSError, MemoryError):
        return None
    finally:
        os.close(handle)
    return body if len(body) == header.size and zlib.crc32(body) == header.crc else None


def open_folder(
    runtime: str | None, fallback: str, *, largest: int = LARGEST, now: Callable[[], float] = time.time
) -> Folder | None:
    """The folder `naru` in the user's runtime folder, else the one at `fallback`; made where it is not there.

    None where neither is private to the user.
    """
    if runtime and os.path.isabs(runtime):
        handle = _private(runtime, make=False)
        if handle is not None:
            os.close(handle)
            handle = _private(os.path.join(runtime, "naru"), make=True)
            if handle is not None:
                return Folder(handle, largest=largest, now=now)
    handle = _private(fallback, make=True)
    return None if handle is None else Folder(handle, largest=largest, now=now)


def _private(path: str, *, make: bool) -> int | None:
    """A handle on a folder that is one's own and closed to all others; None where it is not that."""
    if make:
        with suppress(OSError):
            os.mkdir(path, 0o700)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    told = os.fstat(handle)
    if told.st_uid == os.getuid() and not stat.S_IMODE(told.st_mode) & 0o077:
        return handle
    os.close(handle)
    return None


def _is_ours(told: os.stat_result) -> bool:
    return stat.S_ISREG(told.st_mode) and told.st_uid == os.getuid() and not stat.S_IMODE(told.st_mode) & 0o077
