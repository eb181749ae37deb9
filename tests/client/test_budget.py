"""The last guard of a scheduler: never more calls a minute than the budget, and none while it is to be left alone."""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naru_client.budget import LONGEST_REST, Budget, BudgetedTransport
from naru_client.errors import Unreachable
from naru_client.exchange import Answer, Call, patient


class Time:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class Centre:
    source = "a test"

    def __init__(self) -> None:
        self.asked = 0
        self.retry_after: float | None = None
        self.status = 200

    async def send(self, call: Call) -> Answer:
        self.asked += 1
        now = datetime(2026, 1, 1, tzinfo=UTC)
        return Answer(call=call, status=self.status, body=b"", retry_after=self.retry_after, as_of=now)

    async def close(self) -> None:
        """Nothing to close."""


@given(st.integers(1, 30), st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=120))
def test_no_sixty_seconds_hold_more_than_the_budget(per_minute: int, calls: list[tuple[float, bool]]) -> None:
    async def run() -> list[float]:
        time = Time()
        budget = Budget(per_minute, monotonic=time, sleep=time.sleep)
        begun = []
        for pause, scheduled in calls:
            time.now += pause
            await budget.turn(scheduled)
            begun.append(time.now)
        return begun

    begun = asyncio.run(run())
    assert len(begun) == len(calls)  # delayed, never dropped
    for first, last in zip(begun, begun[per_minute:], strict=False):
        assert last - first >= 60 - 1e-6


async def test_those_that_fit_wait_for_nothing_and_the_next_for_the_first_to_be_a_minute_ago() -> None:
    time = Time()
    budget = Budget(20, monotonic=time, sleep=time.sleep)
    for _n in range(20):
        await budget.turn()
    assert time.now == 1000.0
    assert budget.wait() == 60.0
    time.now += 10
    await budget.turn()
    assert time.now == 1060.0


async def test_the_schedule_leaves_a_few_calls_to_what_a_person_opens() -> None:
    time = Time()
    centre = Centre()
    transport = BudgetedTransport(centre, Budget(20, monotonic=time, sleep=time.sleep))
    with patient(15.0):
        for _n in range(16):
            await transport.send(Call(key="jobs"))
    assert transport.budget.wait(scheduled=True) == 60.0
    with patient(15.0, awaited=True):  # somebody looks at an empty screen
        await transport.send(Call(key="pools"))
    assert transport.budget.wait() == 0.0
    await transport.send(Call(key="job 1"))
    assert (centre.asked, time.now) == (18, 1000.0)


async def test_a_centre_that_asks_for_a_rest_gets_it_from_every_call() -> None:
    time = Time()
    centre = Centre()
    transport = BudgetedTransport(centre, Budget(20, monotonic=time, sleep=time.sleep))
    centre.status, centre.retry_after = 429, 30.0
    await transport.send(Call(key="jobs"))
    time.now += 10
    with pytest.raises(Unreachable, match="left alone") as caught:
        await transport.send(Call(key="job 1"))
    assert (centre.asked, caught.value.retry_after) == (1, 20.0)
    assert "20 s" in caught.value.hint
    time.now += 20
    await transport.send(Call(key="job 1"))
    assert centre.asked == 2


@pytest.mark.parametrize(("status", "retry_after"), [(200, 30.0), (503, None), (503, 0.0), (503, -5.0)])
async def test_what_asks_for_no_rest_gets_none(status: int, retry_after: float | None) -> None:
    centre = Centre()
    centre.status, centre.retry_after = status, retry_after
    transport = BudgetedTransport(centre, Budget(20))
    await transport.send(Call(key="jobs"))
    assert transport.budget.resting == 0


async def test_a_rest_that_is_nonsense_ends_after_an_hour() -> None:
    budget = Budget(20, monotonic=lambda: 0.0)
    budget.rest(1e300)
    assert budget.resting == LONGEST_REST
