"""Changing a small private file that several Naru share: under a lock, whole or not at all."""

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 2.0  # seconds: a holder writes for milliseconds, so one that takes longer was stopped in the middle
PAUSE = 0.005
MOST_ASIDE = 9


def rewrite(path: Path, renew: Callable[[Path], tuple[bytes, bool]]) -> Path | None:
    """Put what `renew` gives in the place of a file; the path of what was set aside, None when nothing was.

    `renew` sees the path while no other Naru changes it, and gives the bytes, and whether what lies there must be set
    aside before. Folders are made with mode 700, the file with 600. Raises OSError; then the file is as it was.
    """
    path = Path(os.path.realpath(path))  # a link into a folder of settings stays one
    folder = path.parent
    _make(folder)
    with _locked(folder / f".{path.name}.lock"):
        body, unreadable = renew(path)
        fresh = folder / f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}"
        aside = None
        try:
            _write(fresh, body)
            if unreadable:
                aside = _set_aside(path)
            os.replace(fresh, path)
        except BaseException:
            with suppress(OSError):
                fresh.unlink()
            raise
        return aside


def _make(folder: Path) -> None:
    if not folder.parent.is_dir():
        _make(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Alone with the file. Where the file system knows no locks, or the holder does not come back, on trust."""
    if (owner := path.parent.stat().st_uid) != os.geteuid() and owner != 0:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))  # `sudo naru` leaves nothing of root's in a home
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        patient_until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < patient_until:
                    time.sleep(PAUSE)
                    continue
            except OSError:
                pass
            break
        yield
    finally:
        os.close(handle)


def _write(path: Path, body: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(body)
        stream.flush()
        os.fsync(stream.fileno())  # or a machine that fails now would come back with an empty file


def _set_aside(path: Path) -> Path | None:
    """Rename what lies there to a name of its own; the last of many is overwritten."""
    names = [path.with_name(f"{path.stem}-aside{n or ''}{path.suffix}") for n in range(MOST_ASIDE)]
    free = next((name for name in names if not os.path.lexists(name)), names[-1])
    try:
        os.replace(path, free)
    except FileNotFoundError:
        return None
    return free
