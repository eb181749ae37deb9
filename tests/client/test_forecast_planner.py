"""The planner's laws: nothing is given twice, the first in line is never put off, and the order is kept where told."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from naru_client.insight.forecast.planner import Running, Waiting, backfill_start, backfill_starts, fifo_start

CAPACITY = 8

waits = st.builds(
    lambda amount, run, slack: Waiting(amount, run, run + slack),
    st.integers(1, CAPACITY),
    st.integers(1, 50),
    st.integers(0, 50),
)
queues = st.lists(waits, min_size=1, max_size=12)


@st.composite
def runs(draw: st.DrawFn) -> list[Running]:
    free, found = CAPACITY, []
    for amount in draw(st.lists(st.integers(1, 4), max_size=6)):
        if amount <= free:
            free -= amount
            end = draw(st.integers(1, 60))
            found.append(Running(end, end + draw(st.integers(0, 40)), amount))
    return found


def most_held(running: Sequence[Running], waiting: Sequence[Waiting], starts: dict[int, int]) -> int:
    spans = [(0, one.end, one.amount) for one in running]
    spans += [(start, start + waiting[place].run, waiting[place].amount) for place, start in starts.items()]
    return max(sum(n for begin, end, n in spans if begin <= at < end) for at, _end, _n in spans)


@given(runs(), queues)
def test_nothing_is_given_twice_and_all_start(running: list[Running], waiting: list[Waiting]) -> None:
    starts = backfill_starts(0, running, waiting, CAPACITY)
    assert set(starts) == set(range(len(waiting)))
    assert most_held(running, waiting, starts) <= CAPACITY


@given(runs(), queues)
def test_the_first_is_never_later_than_its_reservation(running: list[Running], waiting: list[Waiting]) -> None:
    to_the_limit = [Running(one.planned_end, one.planned_end, one.amount) for one in running]
    reserved = backfill_start(0, to_the_limit, waiting[:1], CAPACITY)
    assert reserved is not None
    assert backfill_starts(0, running, waiting, CAPACITY)[0] <= reserved


@given(runs(), queues)
def test_without_backfill_it_is_the_strict_order(running: list[Running], waiting: list[Waiting]) -> None:
    strict = backfill_starts(0, running, waiting, CAPACITY, depth=1)
    ends = [(one.end, one.amount) for one in running]
    free = CAPACITY - sum(one.amount for one in running)
    before = [(one.amount, one.run) for one in waiting[:-1]]
    assert fifo_start(0, ends, before, waiting[-1].amount, free) == strict[len(waiting) - 1]
    assert list(strict.values()) == sorted(strict.values())


def test_a_short_one_goes_before_and_a_long_one_does_not() -> None:
    running = [Running(100, 100, 6)]
    wide, short, long = Waiting(8, 50, 50), Waiting(2, 90, 100), Waiting(2, 90, 101)
    assert backfill_starts(0, running, [wide, short], CAPACITY) == {0: 100, 1: 0}
    assert backfill_starts(0, running, [wide, long], CAPACITY) == {0: 100, 1: 150}


def test_what_is_larger_than_all_there_is_never_starts_and_blocks_nobody() -> None:
    assert backfill_starts(0, [], [Waiting(9, 5, 5), Waiting(8, 5, 5)], CAPACITY) == {1: 0}
    assert fifo_start(0, [(5, 2)], [], 9, 2) is None
