"""Runs `naru` with time leaping over whatever it sleeps through: `python idle_clock.py FILE ARGUMENT…`.

While no answer is under way and the event loop has nothing to do but wait for a timer, that timer is due at once. FILE
holds the seconds that have leapt by so far, as a double, for whoever watches. The date stays what it is.
"""

import mmap
import selectors
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

LONGEST = 30.0  # seconds leapt at once, so that whoever watches can keep up
GRACE = 0.001  # seconds in which a byte or another thread may yet come before it leaps


class Leaping:
    """The clock: real time and all that was leapt."""

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 8)
        self.leapt = 0.0
        self.asking = 0

    def leap(self, seconds: float) -> None:
        self.leapt += seconds
        self._shared[:8] = struct.pack("d", self.leapt)

    def shifted(self, real: Callable[[], float]) -> Callable[[], float]:
        """A clock of the interpreter, as far ahead as has been leapt."""
        return lambda: real() + self.leapt

    def selecting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """The event loop's wait for its next timer, leapt where nothing else is to come."""

        def wait(selector: selectors.EpollSelector, timeout: float | None = None) -> Any:
            if timeout is None or timeout <= 0 or self.asking:
                return real(selector, timeout)
            if ready := real(selector, min(timeout, GRACE)):
                return ready
            self.leap(min(timeout, LONGEST))
            return []

        return wait

    def counting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """A transport's `send` during which nothing is leapt."""

        async def send(transport: Any, call: Any) -> Any:
            self.asking += 1
            try:
                return await real(transport, call)
            finally:
                self.asking -= 1

        return send


def main() -> int:
    clock = Leaping(sys.argv[1])
    time.monotonic = clock.shifted(time.monotonic)
    time.perf_counter = clock.shifted(time.perf_counter)
    selectors.EpollSelector.select = clock.selecting(selectors.EpollSelector.select)  # type: ignore[method-assign]
    from naru.__main__ import main as naru
    from naru_client.slurm.recording import LoggedTransport

    LoggedTransport.send = clock.counting(LoggedTransport.send)  # type: ignore[method-assign]
    return naru(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
