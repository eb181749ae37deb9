"""The one schedule: what is asked, when, and what happens when it fails."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import ClassVar

import pytest
from tests.tui.fake import NOW, FakeCentre, job
from textual.message import Message

from naru.messages import ReadingArrived, ReadingFailed
from naru.poller import HISTORY_STEP, SOONEST_REFRESH, UNFOCUSED_FACTOR, Poller, recent_span
from naru.state import Topic
from naru_client.centre import RECENT
from naru_client.config import PollSettings
from naru_client.errors import NotProvided, Unreachable
from naru_client.exchange import patience
from naru_client.model import Job
from naru_client.reading import Reading

WATCHED = PollSettings(idle_after=1e9, stop_after=1e9)  # somebody is always there


class Clock:
    """A monotonic clock that tests turn by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Bench:
    def __init__(self, settings: PollSettings = WATCHED) -> None:
        self.centre = FakeCentre((job(1), job(2, user="other")))
        self.clock = Clock()
        self.messages: list[Message] = []
        self.poller = Poller(
            self.centre,
            settings,
            self.messages.append,
            user="me",
            monotonic=self.clock,
            now=lambda: NOW,
            rng=random.Random(1),
        )

    async def settle(self) -> None:
        """Let the poller do all that is due now."""
        for _turn in range(50):
            await asyncio.sleep(0)

    async def after(self, seconds: float) -> None:
        """Turn the clock and wake the poller, as its own timer would."""
        self.clock.seconds += seconds
        self.poller._wake.set()
        await self.settle()

    def asked(self, topic: str) -> int:
        return self.centre.calls.count(topic)


@asynccontextmanager
async def running(settings: PollSettings = WATCHED) -> AsyncIterator[Bench]:
    bench = Bench(settings)
    task = asyncio.create_task(bench.poller.run())
    try:
        yield bench
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_only_what_is_wanted_is_asked_each_at_its_own_pace() -> None:
    async with running() as bench:
        bench.poller.want(("jobs", "nodes"))
        await bench.settle()
        assert bench.centre.calls == ["jobs", "nodes"]
        await bench.after(14.9)
        assert bench.asked("jobs") == 1
        await bench.after(0.2)
        assert (bench.asked("jobs"), bench.asked("nodes")) == (2, 1)
        await bench.after(45)
        assert bench.asked("nodes") == 2
        assert bench.asked("pools") == 0


async def test_everybody_is_asked_five_times_slower_and_the_change_asks_at_once() -> None:
    async with running() as bench:
        bench.poller.want(("jobs",))
        await bench.settle()
        bench.poller.set_everybody(True)
        await bench.settle()
        assert bench.asked("jobs") == 2
        last = bench.messages[-1]
        assert isinstance(last, ReadingArrived)
        assert len(last.reading.value) == 2
        await bench.after(70)
        assert bench.asked("jobs") == 2
        await bench.after(6)
        assert bench.asked("jobs") == 3


async def test_one_asks_for_oneself_unless_everybody_is_wanted() -> None:
    async with running() as bench:
        bench.poller.want(("jobs",))
        await bench.settle()
        first = bench.messages[0]
        assert isinstance(first, ReadingArrived)
        assert [j.user for j in first.reading.value] == ["me"]


async def test_failures_back_off_with_jitter_and_recover() -> None:
    async with running() as bench:
        bench.centre.error = Unreachable("no answer")
        bench.poller.want(("jobs",))
        await bench.settle()
        asked_at: list[float] = [bench.clock.seconds]
        while len(asked_at) < 5:
            before = bench.asked("jobs")
            await bench.after(1)
            if bench.asked("jobs") > before:
                asked_at.append(bench.clock.seconds)
        gaps = [b - a for a, b in itertools.pairwise(asked_at)]
        assert all(wanted <= gap <= wanted * 1.25 + 1 for gap, wanted in zip(gaps, (15, 30, 60, 120), strict=True))
        assert len(set(gaps)) == 4
        assert all(isinstance(m, ReadingFailed) for m in bench.messages)
        bench.centre.error = None
        await bench.after(400)
        assert isinstance(bench.messages[-1], ReadingArrived)
        count = bench.asked("jobs")
        await bench.after(15.1)
        assert bench.asked("jobs") == count + 1


async def test_what_is_not_provided_is_asked_once() -> None:
    async with running() as bench:
        bench.centre.errors["history"] = NotProvided("no accounting here")
        bench.poller.want(("history",))
        await bench.settle()
        await bench.after(100_000)
        bench.poller.refresh()
        await bench.settle()
        assert bench.asked("history") == 1


async def test_a_paused_poller_asks_nothing_and_goes_on_afterwards() -> None:
    async with running() as bench:
        bench.poller.set_paused(True)
        bench.poller.want(("jobs",))
        await bench.after(1000)
        assert bench.asked("jobs") == 0
        bench.poller.set_paused(False)
        await bench.settle()
        assert bench.asked("jobs") == 1


async def test_an_unfocused_terminal_asks_more_rarely_and_catches_up_on_return() -> None:
    async with running() as bench:
        bench.poller.want(("jobs",))
        await bench.settle()
        bench.poller.set_focused(False)
        await bench.after(15 * UNFOCUSED_FACTOR - 1)
        assert bench.asked("jobs") == 1
        bench.poller.set_focused(True)
        await bench.settle()
        assert bench.asked("jobs") == 2


async def test_refresh_asks_at_once_but_not_again_a_moment_later() -> None:
    async with running() as bench:
        bench.poller.want(("jobs",))
        await bench.settle()
        assert bench.poller.refresh()
        await bench.settle()
        assert bench.asked("jobs") == 2
        assert not bench.poller.refresh()
        await bench.settle()
        assert bench.asked("jobs") == 2


async def test_a_terminal_left_alone_stays_within_its_budget() -> None:
    """An hour of every topic is at most 4 + 5 calls a minute, however often screens come and go."""
    async with running() as bench:
        topics: tuple[Topic, ...] = ("jobs", "nodes", "site", "history", "reservations", "pools")
        for _quarter in range(240):
            bench.poller.want(topics)
            await bench.after(15)
        assert len(bench.centre.calls) <= 60 * (4 + 5) + 10


async def test_a_reading_already_under_way_is_not_asked_for_again() -> None:
    async with running() as bench:
        begun = asyncio.ensure_future(bench.centre.jobs(user="me"))
        bench.poller.begin("jobs", begun)
        bench.poller.want(("jobs",))
        await bench.settle()
        assert bench.asked("jobs") == 1
        assert isinstance(bench.messages[-1], ReadingArrived)
        await bench.after(15.1)
        assert bench.asked("jobs") == 2


async def test_a_mistake_of_ours_in_one_topic_leaves_the_others_running() -> None:
    async with running() as bench:
        bench.centre.errors["jobs"] = ZeroDivisionError("secret words")  # type: ignore[assignment]
        bench.poller.want(("jobs", "nodes"))
        await bench.settle()
        failed = bench.messages[0]
        assert isinstance(failed, ReadingFailed)
        assert failed.failure.message == "internal error: ZeroDivisionError"
        assert isinstance(bench.messages[1], ReadingArrived)


async def test_a_rest_that_the_centre_asks_for_is_kept_by_every_topic_and_against_keys() -> None:
    async with running() as bench:
        bench.centre.errors["nodes"] = Unreachable("too busy", retry_after=200.0)
        bench.poller.want(("nodes", "jobs"))
        await bench.settle()
        assert bench.centre.calls == ["nodes"]
        assert 200 <= bench.poller.resting <= 220
        for _second in range(199):
            await bench.after(1)
            bench.poller.refresh()
            await bench.settle()
        assert bench.centre.calls == ["nodes"]
        bench.centre.errors.clear()
        await bench.after(22)
        assert (bench.asked("nodes"), bench.asked("jobs")) == (2, 1)
        assert bench.poller.resting == 0


async def test_a_rest_that_is_nonsense_ends_within_the_hour() -> None:
    async with running() as bench:
        bench.centre.errors["jobs"] = Unreachable("too busy", retry_after=86_400.0)
        bench.poller.want(("jobs",))
        await bench.settle()
        await bench.after(3600 * 1.1)
        assert bench.asked("jobs") == 2


async def test_a_terminal_that_nobody_touches_asks_more_rarely_and_at_last_nothing() -> None:
    async with running(PollSettings(idle_after=600, stop_after=7200)) as bench:
        bench.poller.want(("jobs",))
        for _second in range(600):
            await bench.after(1)
        assert bench.asked("jobs") == 40
        for _second in range(600):
            await bench.after(1)
        assert bench.asked("jobs") == 50
        assert bench.poller.idle
        assert not bench.poller.asleep
        for _minute in range(200):
            await bench.after(60)
        assert bench.poller.asleep
        asked = bench.asked("jobs")
        assert asked <= 50 + 101
        bench.poller.touch()
        await bench.settle()
        assert bench.asked("jobs") == asked + 1
        assert not bench.poller.asleep
        await bench.after(15.1)
        assert bench.asked("jobs") == asked + 2


async def test_what_another_naru_read_is_as_old_as_it_is() -> None:
    class Shared(FakeCentre):
        async def jobs(self, *, user: str | None = None) -> Reading[tuple[Job, ...]]:
            asking = patience()
            assert asking is not None
            self.patience.append(asking.max_age)
            self.awaited.append(asking.awaited)
            asking.age = 10.0
            return await super().jobs(user=user)

        patience: ClassVar[list[float]] = []
        awaited: ClassVar[list[bool]] = []

    async with running() as bench:
        bench.poller.centre = bench.centre = Shared()
        bench.poller.want(("jobs",))
        await bench.settle()
        await bench.after(4.9)
        assert bench.asked("jobs") == 1
        await bench.after(0.2)
        assert bench.asked("jobs") == 2
        bench.poller.set_focused(False)
        await bench.after(51)
        bench.poller.refresh()
        await bench.settle()
        assert Shared.patience == [15.0, 15.0, 60.0, SOONEST_REFRESH]
        assert Shared.awaited == [True, False, False, False]  # a screen is empty only before the first


def test_the_history_is_the_same_question_for_all_who_ask_within_a_while() -> None:
    spans = {recent_span(NOW + timedelta(seconds=second)) for second in range(HISTORY_STEP)}
    assert len(spans) == 1
    for second in range(0, 3000, 7):
        now = NOW + timedelta(seconds=second)
        since, until = recent_span(now)
        assert now - RECENT - timedelta(seconds=HISTORY_STEP) < since <= now - RECENT
        assert now + timedelta(seconds=HISTORY_STEP) < until <= now + timedelta(seconds=2 * HISTORY_STEP)
