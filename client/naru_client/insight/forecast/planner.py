"""The planner: when one job starts, given what runs, what waits before it, and how much there is. Pure.

`fifo_start` keeps strictly to the order. `backfill_start` is EASY backfill: the first that does not fit has a
reservation made from the *limits* of what runs, and whatever would not delay it may go before. Run times and limits are
told apart: schedulers plan with limits, jobs end when they end.
"""

from bisect import insort
from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from msgspec import Struct


class Running(Struct, frozen=True, gc=False):
    """What holds something: when it ends, by when the scheduler counts on it, how much it holds."""

    end: int
    planned_end: int
    amount: int


class Waiting(Struct, frozen=True, gc=False):
    """What waits: how much it wants, how long it will run, how long the scheduler reckons with."""

    amount: int
    run: int
    limit: int


def fifo_start(
    now: int, ends: list[tuple[int, int]], waiting: Sequence[tuple[int, int]], amount: int, free: int
) -> int | None:
    """When a job of `amount` starts behind `waiting` (amount, run), none of which is ever overtaken.

    `ends` are (end, amount) of what runs; the list is used up. None where it never fits.
    """
    heapify(ends)
    at = now
    for wanted, run in waiting:
        while free < wanted:
            if not ends:
                break  # larger than all there is: it waits for ever, and is not waited for
            end, given = heappop(ends)
            free += given
            if end > at:
                at = end
        else:
            free -= wanted
            heappush(ends, (at + run, wanted))
    while free < amount:
        if not ends:
            return None
        end, given = heappop(ends)
        free += given
        if end > at:
            at = end
    return at


def backfill_start(
    now: int, running: Sequence[Running], waiting: Sequence[Waiting], capacity: int, *, depth: int = 100
) -> int | None:
    """When the last of `waiting` starts under EASY backfill over the first `depth` that wait. None where it never does.

    What is larger than the capacity is left out: it does not block the others.
    """
    starts = backfill_starts(now, running, waiting, capacity, depth=depth, stop=len(waiting) - 1)
    return starts.get(len(waiting) - 1)


def backfill_starts(
    now: int,
    running: Sequence[Running],
    waiting: Sequence[Waiting],
    capacity: int,
    *,
    depth: int = 100,
    stop: int | None = None,
) -> dict[int, int]:
    """The start of each of `waiting` by its place; up to `stop` has one, where a place is told."""
    ends = [(one.end, index, one.planned_end, one.amount) for index, one in enumerate(running)]
    heapify(ends)
    planned = sorted((one.planned_end, one.amount) for one in running)
    free = capacity - sum(one.amount for one in running)
    left = [place for place, one in enumerate(waiting) if one.amount <= capacity]
    starts: dict[int, int] = {}
    at, serial = now, len(ends)
    while left:
        place = 0
        while place < min(len(left), depth) and free > 0:
            one = waiting[left[place]]
            if one.amount > free or (place and not _harmless(one, waiting[left[0]].amount, at, free, planned)):
                place += 1
                continue
            starts[left[place]] = at
            if left[place] == stop:
                return starts
            del left[place]
            free -= one.amount
            heappush(ends, (at + one.run, serial, at + one.limit, one.amount))
            insort(planned, (at + one.limit, one.amount))
            serial += 1
        if not ends or not left:
            break
        at = max(at, ends[0][0])
        while ends and ends[0][0] <= at:
            _end, _index, planned_end, amount = heappop(ends)
            planned.remove((planned_end, amount))
            free += amount
    return starts


def _harmless(one: Waiting, first: int, at: int, free: int, planned: list[tuple[int, int]]) -> bool:
    """Whether it may go before the first that waits: it is over by the first's reservation, or leaves room for it."""
    room = free
    shadow = at
    for end, amount in planned:
        room += amount
        if room >= first:
            shadow = end
            break
    # An end that is overdue is expected at any moment, so nothing is sure to be over before it.
    return at + one.limit <= shadow or one.amount <= room - first
