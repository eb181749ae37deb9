"""The terminal that the pty tests rely on: tested with small programs, without Naru."""

import re
import signal
import sys
from collections.abc import Callable

import pytest
from tests.terminal import Terminal
from tests.vt import Sequencer, sequences

ASK = """
import os, sys, termios, tty
tty.setraw(0)
os.write(1, b"\\x1b[?2026$p")
got = b""
while not got.endswith(b"y"):
    got += os.read(0, 100)
os.write(1, repr(got).encode() + b" done")
os.read(0, 1)
"""
SIZE = """
import os, signal
def show(*_): os.write(1, repr(os.get_terminal_size(0)).encode() + b"\\r\\n")
signal.signal(signal.SIGWINCH, show)
open("/dev/tty").close()
show()
while True: signal.pause()
"""
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
while True: signal.pause()
"""

Opener = Callable[..., Terminal]


def test_answers_what_a_program_asks(open_terminal: Opener) -> None:
    terminal = open_terminal(sys.executable, "-c", ASK)
    terminal.wait_for("done")
    assert r"\x1b[?2026;2$y" in terminal.text
    assert b"\x1b[?2026$p" in terminal.raw
    terminal.press("q")
    assert terminal.wait_exit() == 0


def test_a_resize_reaches_the_program_as_sigwinch(open_terminal: Opener) -> None:
    terminal = open_terminal(sys.executable, "-c", SIZE, columns=100, rows=30)
    terminal.wait_for("columns=100, lines=30")
    terminal.resize(60, 10)
    terminal.wait_for(re.compile("columns=60, lines=10"))


def test_closing_kills_what_does_not_want_to_end(open_terminal: Opener) -> None:
    terminal = open_terminal(sys.executable, "-c", STUBBORN)
    terminal.wait_for("up")
    terminal.close()
    assert terminal.process.returncode == -signal.SIGKILL


def test_waiting_for_what_never_comes_shows_the_screen(open_terminal: Opener) -> None:
    terminal = open_terminal(sys.executable, "-c", "print('something else')")
    with pytest.raises(AssertionError, match="something else"):
        terminal.wait_for("never")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_sequences_are_whole_however_the_bytes_arrive(size: int) -> None:
    data = b"a\x1b[31mb\x1b[<uc\x1b]52;c;eA==\x07d\x1b]0;title\x1b\\e\x1bPq\x1b\\f\x1b[?2026$pg\x1b[c\x1b\x01h"
    sequencer = Sequencer()
    drawn, answers = b"", b""
    for start in range(0, len(data), size):
        more, answer = sequencer.feed(data[start : start + size])
        drawn, answers = drawn + more, answers + answer
    assert drawn == b"a\x1b[31mbcd\x1b]0;title\x1b\\efg\x1b[c\x01h"
    assert answers == b"\x1b[?2026;2$y\x1b[?64;1;2;6;22c"
    assert b"\x1b]52;c;eA==\x07" in sequences(data)
