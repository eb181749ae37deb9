"""One child process and its whole group: started, read without waiting for it, and always ended.

Plain children with the event loop's readers, and not asyncio's subprocess: a child may be begun before asyncio is
imported, one given up while it starts is simply killed, and no thread of a watcher outlives the loop.
"""

import atexit
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from types import FrameType
from typing import TYPE_CHECKING

from naru_client.exchange import Call

if TYPE_CHECKING:
    import asyncio

LARGEST_COMPLAINT = 1 << 16  # bytes of stderr that are kept

_CHUNK = 1 << 18  # bytes read in one turn
_LARGEST_PIPE = 1 << 20  # bytes a pipe may hold: a command that has exited left no more than this unread
_UNTIL_REAPED = 0.5  # seconds; one that is killed is gone at once, unless it waits for a file system that hangs
_BETWEEN_LOOKS = 0.01  # seconds, where the system cannot tell that a child has exited

_running: set[int] = set()  # process groups whose leader is not reaped: nobody else can have their numbers yet
_unreaped: list[subprocess.Popen[bytes]] = []  # killed, and still not gone
_held: list[int] = []  # signals that came while a child was being started
_starting = 0


def kill_all() -> None:
    """Kill every command that runs, with all it started. Waits for nothing; may be called from a signal handler."""
    for group in tuple(_running):
        _kill_group(group)


def end_on_signals() -> None:
    """Let SIGTERM and SIGHUP end the running commands, and then this process as they would have.

    Only on the main thread, and only where nobody else has said what such a signal does. Costs nothing when repeated.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _on_signal)


class Child:
    """One command that runs: collects what it prints, up to a limit, and makes sure of the end of its whole group."""

    def __init__(self, call: Call, program: str, environ: Mapping[str, str], largest: int) -> None:
        """Start it. Raises OSError where that cannot be done."""
        self.call = call
        self.started = time.monotonic()
        self.out, self.err = BytesIO(), BytesIO()  # they hand over what they hold without copying it
        self.overflowed = False
        self.status = -int(signal.SIGKILL)  # until it is known to have ended otherwise
        self._process = _started((program, *call.argv[1:]), environ)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdout = self._process.stdout.fileno()
        self._pipes = {self._stdout: (self.out, largest), self._process.stderr.fileno(): (self.err, LARGEST_COMPLAINT)}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done: asyncio.Future[None] | None = None
        self._pidfd = -1
        self._look: asyncio.TimerHandle | None = None
        self._ended = False

    async def finished(self) -> None:
        """Return once it has exited, has printed too much, or was ended. Call once."""
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._done = self._loop.create_future()
        for pipe in self._pipes:
            os.set_blocking(pipe, False)
            self._loop.add_reader(pipe, self._take, pipe)
        with suppress(OSError, AttributeError):  # not every system has it, and not every kernel
            self._pidfd = os.pidfd_open(self._process.pid)
        if self._pidfd >= 0:
            self._loop.add_reader(self._pidfd, self._exited)
        else:
            self._look_whether_exited()
        await self._done

    def end(self) -> None:
        """Kill what still runs of its group, reap it, and close the pipes. May be called twice."""
        self._stop_watching()
        if not self._ended:
            self._ended = True
            _kill_group(self._process.pid)  # before it is reaped: until then the number is its own
            _running.discard(self._process.pid)
            try:
                self.status = self._process.wait(_UNTIL_REAPED)
            except subprocess.TimeoutExpired:
                _unreaped.append(self._process)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        self._finish()

    def _take(self, pipe: int) -> int:
        """Read once, without waiting; how many bytes there were."""
        try:
            data = os.read(pipe, _CHUNK)
        except BlockingIOError:
            return 0
        kept, limit = self._pipes[pipe]
        room = limit - kept.tell()
        kept.write(data[:room])
        if not data and self._loop is not None:
            self._loop.remove_reader(pipe)
        if len(data) > room and pipe == self._stdout:
            self.overflowed = True
            self._finish()
        return len(data)

    def _exited(self) -> None:
        """It is gone. What it started is killed first, as that may print for ever and hold the pipes open."""
        _kill_group(self._process.pid)
        for pipe in self._pipes:
            taken = 0
            while taken < _LARGEST_PIPE and (more := self._take(pipe)):
                taken += more
        self._finish()

    def _look_whether_exited(self) -> None:
        assert self._loop is not None
        if _has_exited(self._process):
            self._exited()
        else:
            self._look = self._loop.call_later(_BETWEEN_LOOKS, self._look_whether_exited)

    def _finish(self) -> None:
        self._stop_watching()
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _stop_watching(self) -> None:
        if self._loop is None:
            return
        for pipe in self._pipes:
            self._loop.remove_reader(pipe)
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        if self._look is not None:
            self._look.cancel()
        self._loop = None


def _started(argv: tuple[str, ...], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    _unreaped[:] = [process for process in _unreaped if process.poll() is None]
    end_on_signals()
    with _signals_held():
        process = subprocess.Popen(
            argv,
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            cwd="/",  # a user's own folder may be on a file system that hangs
            start_new_session=True,
        )
        _running.add(process.pid)
    return process


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let a signal that ends Naru wait: the child that is being started has no known number to kill it by yet."""
    global _starting
    on_main = threading.current_thread() is threading.main_thread()
    interrupts = on_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    _starting += 1
    if interrupts:
        signal.signal(signal.SIGINT, _on_signal)
    try:
        yield
    finally:
        if interrupts:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        _starting -= 1
        while _held and not _starting:
            signal.raise_signal(_held.pop(0))


def _on_signal(number: int, _frame: FrameType | None) -> None:
    if _starting:
        _held.append(number)
        return
    kill_all()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _kill_group(group: int) -> None:
    with suppress(OSError):  # gone by itself in this moment, or not ours to kill
        os.killpg(group, signal.SIGKILL)


def _has_exited(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has; where the system allows, it is not reaped by the question."""
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True
    except AttributeError:
        return process.poll() is not None


atexit.register(kill_all)
os.register_at_fork(after_in_child=_running.clear)  # they are the parent's to end
