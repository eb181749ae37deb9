"""ripgrep as a search's engine: a child that reads the open file from its standard input and tells where lines start.

It is given the descriptor, never the path: what it reads is the file that was opened, from the place where that stands;
how far it is stands in the same descriptor. No map of the file, as a truncated one would kill the child.
"""

import contextlib
import fcntl
import os
import select
import shutil
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Callable

from naru_client.logs.search_places import Places

FLAGS = (
    "--no-config", "--text", "--encoding", "none", "--no-mmap", "--color", "never", "--no-heading", "--no-filename",
    "--no-line-number", "--byte-offset", "--max-columns", "1",
)  # fmt: skip
TICK = 0.1  # seconds between two looks at how far it is
AHEAD = 1 << 30  # bytes that it may read of what was written after it began
_PIPE = 1 << 20  # bytes
_MEMORY = 512 << 20  # bytes of address space: it holds a whole line in memory, however long


def program() -> str | None:
    return shutil.which("rg")


class Ripgrep:
    """One run. `stop` may be called by another thread, before it has begun and after it has ended as well."""

    def __init__(self, argv: list[str]) -> None:
        self._argv = argv
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self.last = -1  # the last place

    def stop(self) -> None:
        self._stopped = True
        if self._child is not None:
            self._child.kill()

    def run(self, fd: int, start: int, end: int, places: Places, moved: Callable[[int], None]) -> bool:
        """Add the matching lines that start between two offsets; False where it failed, with some of them added.
        `moved` is told how far it is."""
        os.lseek(fd, start, os.SEEK_SET)
        try:
            child = subprocess.Popen(
                [*self._argv, "-"], stdin=fd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
            )
        except OSError:
            return False
        self._child = child
        if self._stopped:
            child.kill()
        try:
            with child:
                _bound(child.pid)
                whole = self._read(child, fd, start, end, places, moved)
                if not whole:
                    child.kill()
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        return whole and child.returncode in (0, 1) and not self._stopped

    def _read(self, child: "subprocess.Popen[bytes]", fd: int, start: int, end: int, places: Places,
              moved: Callable[[int], None]) -> bool:  # fmt: skip
        assert child.stdout is not None
        out = child.stdout.fileno()
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):
                fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, _PIPE)
        poll = select.poll()
        poll.register(out, select.POLLIN | select.POLLHUP)
        rest = b""
        while True:
            if poll.poll(TICK * 1000):
                data = os.read(out, _PIPE)
                if not data:
                    return not rest
                lines = (rest + data).split(b"\n")
                rest = lines.pop()
                try:
                    self._take(lines, start, end, places)
                except ValueError:
                    return False
            at = os.lseek(fd, 0, os.SEEK_CUR)
            moved(min(at, end))
            if at > end + AHEAD:
                return False

    def _take(self, lines: list[bytes], start: int, end: int, places: Places) -> None:
        if lines and start + _number(lines[-1]) >= end:  # written after the search began
            del lines[bisect_left(lines, end - start, key=_number) :]
        if not lines:
            return
        self.last = start + _number(lines[-1])
        if places.kept:
            places.add([start + _number(line) for line in lines], high=self.last + 1)
            return
        at = 0
        while at < len(lines):  # only their number in each block is wanted, which some few of them tell
            block = (start + _number(lines[at])) // places.block
            until = bisect_left(lines, (block + 1) * places.block - start, at, key=_number)
            places.add_count(block, until - at)
            at = until
        places.reach(high=self.last + 1)


def _number(line: bytes) -> int:
    return int(line[: line.index(b":")])


def _bound(pid: int) -> None:
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
