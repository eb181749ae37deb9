"""Long work on the event loop in short turns, so that keys are answered and lines drawn in between."""

import time
from collections.abc import Callable, Generator, Iterable
from io import SEEK_END, BytesIO
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

SMALL = 8 << 20  # bytes that are given back in no time
TURN = 0.008  # seconds that are worked in one go: half a frame


async def in_turns(steps: Iterable[T | None]) -> T | None:
    """Take the steps of a work that hands over its result last; None where it has none."""
    import asyncio  # slow to import, and a command may be started before it is needed

    last: T | None = None
    ends = time.monotonic() + TURN
    for step in steps:
        last = step
        if time.monotonic() >= ends:
            await asyncio.sleep(0)
            ends = time.monotonic() + TURN
    return last


def at_once(steps: Iterable[T | None]) -> T | None:
    """The same for works that are short."""
    last: T | None = None
    for step in steps:
        last = step
    return last


async def given_back(held: BytesIO) -> None:
    """Give back the memory of something large by halves: 600 MB at once take the system 40 ms and more.

    `held` has to be the only one who holds it, and is empty afterwards.
    """
    import asyncio

    while (size := held.seek(0, SEEK_END)) > SMALL:
        held.truncate(size // 2 - 1)  # more than half would only be set aside
        await asyncio.sleep(0)
    held.truncate(0)


async def gathered(
    slices: Generator[list[T], None, R], early: Callable[[list[T]], object] | None = None
) -> tuple[list[T], R]:
    """The whole of a list that comes in slices, and what they return; `early` is told what the first turn gave."""
    import asyncio

    found: list[T] = []
    ends = time.monotonic() + TURN
    while True:
        try:
            found += next(slices)
        except StopIteration as stop:
            return found, stop.value
        if time.monotonic() >= ends:
            if early is not None:
                early(found)
                early = None
            await asyncio.sleep(0)
            ends = time.monotonic() + TURN
