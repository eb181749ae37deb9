"""A terminal for tests: runs a program on a pty, answers what terminals are asked, and keeps what it drew.

    with Terminal(naru("demo"), columns=80, rows=24) as terminal:
        terminal.wait_for("RUNNING")
        terminal.send("q")
        assert terminal.wait_exit() == 0

`screen` is what a person sees (drawn by pyte), `raw` every byte the program wrote.
"""

import fcntl
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte
from tests.vt import Sequencer

# A child on a new session with the pty as its controlling terminal: without it no SIGWINCH arrives. Python's own ways
# there (forkpty, preexec_fn) are unsafe, and warn, in a process with threads.
_CONTROLLING = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""

KEYS = {
    "enter": "\r", "escape": "\x1b", "tab": "\t", "backspace": "\x7f", "space": " ", "up": "\x1b[A", "down": "\x1b[B",
    "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F", "pageup": "\x1b[5~", "pagedown": "\x1b[6~",
    "f1": "\x1bOP",
} | {f"ctrl+{letter}": chr(ord(letter) & 0x1F) for letter in "abcdefghijklmnopqrstuvwxyz"}  # fmt: skip

Wanted = str | re.Pattern[str] | Callable[["Terminal"], bool]


class Terminal:
    """One program on one terminal of `columns` × `rows`.

    `env` is added to the present environment; None takes a variable out. `answers` False makes a terminal that leaves
    every question unanswered, as old ones do; `draws` False leaves `screen` blank and only keeps `raw`, for benchmarks,
    which drawing would slow down.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        answers: bool = True,
        draws: bool = True,
    ) -> None:
        self.raw = bytearray()
        self.answers, self.draws = answers, draws
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._sequencer = Sequencer()
        self._ended = False
        environment: dict[str, str | None] = {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            **os.environ,
            **(env or {}),
        }
        self._fd, child = os.openpty()
        os.set_blocking(self._fd, False)
        _set_size(child, columns, rows)
        self.started = time.perf_counter()
        try:
            self.process = subprocess.Popen(
                [*_launcher(), *argv],
                stdin=child,
                stdout=child,
                stderr=child,
                cwd=cwd,
                env={name: value for name, value in environment.items() if value is not None},
            )
        finally:
            os.close(child)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def text(self) -> str:
        """The screen as lines of text without their trailing blanks."""
        return "\n".join(
            "".join(self.screen.buffer[row][column].data for column in range(self.screen.columns)).rstrip()
            for row in range(self.screen.lines)
        )  # not pyte's `display`: that fails where half a wide character was overwritten

    def read(self, seconds: float) -> bool:
        """Wait at most so long for output and take in what there is; whether there was any."""
        if self._ended or not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._fd, 1 << 18)
        except BlockingIOError:
            return False
        except OSError:  # Linux says EIO, not end of file, when the last program has left the pty
            data = b""
        if not data:
            self._ended = True
            return False
        self.raw += data
        drawn, answer = self._sequencer.feed(data)
        if self.draws:
            self._stream.feed(drawn)
        if answer and self.answers:
            self._write(answer)
        return True

    def wait_for(self, wanted: Wanted, timeout: float = 20.0) -> float:
        """Seconds from the start until the screen shows a text or a pattern, or a condition holds.

        Raises AssertionError with the screen when it does not within `timeout` seconds, or when the program ends first.
        """
        end = time.perf_counter() + timeout
        while not self._shows(wanted):
            left = end - time.perf_counter()
            if left <= 0 or self._ended:
                why = f"the program ended ({self.process.poll()})" if self._ended else f"not within {timeout:g} s"
                raise AssertionError(f"{wanted!r}: {why}; the screen:\n{self.text}")
            self.read(min(left, 0.5))
        return time.perf_counter() - self.started

    def wait_for_bytes(self, wanted: re.Pattern[bytes], timeout: float = 20.0) -> float:
        """The same for all bytes written since the start."""
        return self.wait_for(lambda terminal: wanted.search(terminal.raw) is not None, timeout)

    def wait_exit(self, timeout: float = 20.0) -> int:
        """Read until the program has ended, and give its exit code."""
        end = time.perf_counter() + timeout
        while not self._ended and time.perf_counter() < end:
            self.read(0.1)
        try:
            return self.process.wait(max(0.1, end - time.perf_counter()))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout:g} s; the screen:\n{self.text}") from None

    def settle(self, quiet: float = 0.3, timeout: float = 20.0) -> None:
        """Read until nothing was written for `quiet` seconds."""
        end = time.perf_counter() + timeout
        while time.perf_counter() < end and self.read(quiet):
            pass

    def send(self, keys: str | bytes) -> None:
        """Type text, or raw bytes, as a keyboard would send them."""
        self._write(keys if isinstance(keys, bytes) else keys.encode())

    def press(self, *names: str) -> None:
        """Press keys by name (`KEYS`); a name of one character is that character."""
        for name in names:
            self.send(KEYS[name] if name in KEYS else name)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        _set_size(self._fd, columns, rows)

    def close(self) -> None:
        """End the program and everything it started on this terminal. May be called twice."""
        if self._fd < 0:
            return
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # it leads its own session
            self.process.wait(10)
        os.close(self._fd)
        self._fd = -1

    def _shows(self, wanted: Wanted) -> bool:
        if isinstance(wanted, str):
            return wanted in self.text
        if isinstance(wanted, re.Pattern):
            return wanted.search(self.text) is not None
        return wanted(self)

    def _write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                select.select([], [self._fd], [], 1.0)


def _launcher() -> list[str]:
    """What puts a program on its controlling terminal: util-linux's setsid in a millisecond, else Python."""
    if sys.platform == "linux" and (setsid := shutil.which("setsid")):
        return [setsid, "--ctty"]
    return [sys.executable, "-ISc", _CONTROLLING]


def _set_size(fd: int, columns: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
