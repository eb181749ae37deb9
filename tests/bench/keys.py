"""Keys pressed in a program on a terminal, and what each costs: time to the last byte, bytes, processor time."""

import time
from collections.abc import Callable
from typing import NamedTuple

import pyte
from tests.bench.proc import processor
from tests.terminal import Terminal
from tests.vt import Sequencer

QUIET = 0.25  # seconds without a byte after which a screen is looked at
PATIENCE = 180.0  # seconds until it must show what was waited for

Shows = Callable[[str], bool]


class Cost(NamedTuple):
    """Of one key: milliseconds to the last byte that it caused, bytes written, milliseconds of processor."""

    time: float
    written: int
    processor: float


class Typist:
    """Presses keys on a terminal that does not draw; what it wrote is drawn here, when nothing is measured."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._screen = pyte.Screen(terminal.screen.columns, terminal.screen.lines)
        self._stream = pyte.ByteStream(self._screen)
        self._sequencer = Sequencer()
        self._drawn = 0

    def screen(self) -> str:
        """What a person sees now."""
        raw = self.terminal.raw
        self._stream.feed(self._sequencer.feed(bytes(raw[self._drawn :]))[0])
        self._drawn = len(raw)
        rows, columns = self._screen.lines, self._screen.columns
        buffer = self._screen.buffer
        return "\n".join("".join(buffer[row][column].data for column in range(columns)) for row in range(rows))

    def press(self, key: str, shows: Shows | None = None) -> Cost:
        """Press a key and wait until the program is quiet and the screen shows what is expected.

        Raises AssertionError with the screen when it never does, or when nothing at all is written.
        """
        terminal = self.terminal
        self.screen()
        before, used = len(terminal.raw), processor(terminal.process.pid)
        began = last = time.perf_counter()
        terminal.press(key)
        while True:
            if terminal.read(QUIET):
                last = time.perf_counter()
            elif len(terminal.raw) > before and (shows is None or shows(self.screen())):
                break
            elif time.perf_counter() - began > PATIENCE or terminal.process.poll() is not None:
                raise AssertionError(f"after {key!r} the screen stayed at:\n{self.screen()}")
        spent = processor(terminal.process.pid) - used
        return Cost((last - began) * 1000, len(terminal.raw) - before, spent * 1000)


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(percent) // 100) - 1)]
