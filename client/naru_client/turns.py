"""Long work on the event loop in short turns, so that keys are answered and lines drawn in between."""

import time
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

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
