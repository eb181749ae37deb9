"""A program on a terminal, watched: when each of its bytes came, when something stood on the screen, what it cost."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyte
from tests.terminal import Terminal
from tests.vt import Sequencer

COLUMNS, ROWS = 160, 48
QUIET = 0.25  # seconds without a byte after which a screen is looked at
SOMETIMES = 1.0  # seconds after which one that is never quiet is looked at


def processor_clock(pid: int) -> float:
    """Seconds of processor that a process has used, all its threads together, to the nanosecond (Linux)."""
    return time.clock_gettime((~pid << 3) | 2)


class Moment(NamedTuple):
    """When something stood there (by perf_counter), and the seconds of processor that the program had used by then."""

    time: float
    used: float

    def since(self, before: "Moment") -> "Moment":
        """What it took in milliseconds, and the milliseconds of processor."""
        return Moment((self.time - before.time) * 1000, (self.used - before.used) * 1000)


class Watched(Terminal):
    """Keeps when what was written; draws nothing while it is measured."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str | None], *, columns: int = COLUMNS, rows: int = ROWS
    ) -> None:
        self.stamps: list[tuple[Moment, int]] = []  # when how many bytes had come in all
        self._drawing = Sequencer()
        self._drawn = 0
        self._paper = pyte.Screen(columns, rows)
        self._pen = pyte.ByteStream(self._paper)
        super().__init__(argv, columns=columns, rows=rows, env=env, draws=False)

    def read(self, seconds: float) -> bool:
        came = super().read(seconds)
        if came:
            self.stamps.append((self.now(), len(self.raw)))
        return came

    def now(self) -> Moment:
        return Moment(time.perf_counter(), self.used())

    def used(self) -> float:
        """Seconds of processor so far; 0 once it has ended."""
        try:
            return processor_clock(self.process.pid)
        except OSError:
            return 0.0

    def quiet(self, seconds: float = QUIET, timeout: float = 20.0) -> None:
        self.settle(seconds, timeout)
        self.drawn()

    def drawn(self) -> str:
        """What stands on the screen now."""
        self._draw(len(self.raw))
        return self._lines()

    def until(self, shows: re.Pattern[str], timeout: float = 300.0) -> Moment:
        """Wait until the screen shows something; the moment at which the byte came that did it.

        Raises AssertionError with the screen when it never does.
        """
        end = time.perf_counter() + timeout
        at = next((nth for nth, (_, count) in enumerate(self.stamps) if count > self._drawn), len(self.stamps))
        while True:
            looked = time.perf_counter()
            while self.read(QUIET) and time.perf_counter() < looked + SOMETIMES:
                pass
            while at < len(self.stamps):
                moment, count = self.stamps[at]
                self._draw(count)
                at += 1
                if shows.search(self._lines()):
                    return moment
            if time.perf_counter() > end or self._ended:
                raise AssertionError(f"{shows.pattern!r} never came; the screen:\n{self._lines()}")

    def _draw(self, count: int) -> None:
        self._pen.feed(self._drawing.feed(bytes(self.raw[self._drawn : count]))[0])
        self._drawn = max(self._drawn, count)

    def _lines(self) -> str:
        buffer, columns = self._paper.buffer, self._paper.columns
        return "\n".join("".join(buffer[row][at].data for at in range(columns)) for row in range(self._paper.lines))


def until_idle(terminal: Watched, timeout: float = 300.0) -> None:
    """Read on until the program has used less than a tenth of the processor for a second."""
    end = time.perf_counter() + timeout
    while time.perf_counter() < end:
        before, second = terminal.used(), time.perf_counter() + 1
        while (left := second - time.perf_counter()) > 0:
            terminal.read(left)
        if terminal.used() - before < 0.1:
            return
