"""Reading small files that people name: settings, themes, tokens. None of them may hang Naru or fill its memory."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from naru_client.i18n import _

MEBIBYTE = 1 << 20


def read_regular(path: Path, limit: int = MEBIBYTE, *, check: Callable[[os.stat_result], None] | None = None) -> bytes:
    """The whole of a regular file of at most `limit` bytes.

    Raises OSError with words for people when it is anything else (a pipe, a device, a folder), too large or cannot be
    read, ValueError for a path with a NUL character. `check` sees what the opened file is, before a byte is read.
    """
    # a pipe that nobody writes to, and a terminal, would keep a plain open() waiting
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        told = os.fstat(handle)
        if stat.S_ISDIR(told.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(told.st_mode):
            raise OSError(errno.EINVAL, _("it is not a regular file"))
        if check is not None:
            check(told)
        parts: list[bytes] = []
        left = limit + 1  # a file under /proc tells its size as 0: only reading shows how much there is
        while left > 0 and (part := os.read(handle, left)):
            parts.append(part)
            left -= len(part)
        if left <= 0:
            raise OSError(errno.EFBIG, _("it is larger than {n} bytes").format(n=limit))
        return b"".join(parts)
    finally:
        os.close(handle)


def why_unreadable(error: Exception) -> str:
    """What `read_regular`, or decoding its bytes, complained of, in words for people."""
    if isinstance(error, UnicodeDecodeError):
        return _("it is not UTF-8 text")
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
