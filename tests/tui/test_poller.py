"""The one schedule: what is asked, when, and what happens when it fails."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.tui.fake import NOW, FakeCentre, job
from textual.message import Message

from naru.messages import ReadingArrived, ReadingFailed
from naru.poller import UNFOCUSED_FACTOR, Poller
from naru.state import Topic
from naru_client.config import PollSettings
from naru_client.errors import NotProvided, Unreachable


class Clock:
    """A monotonic clock that tests turn by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Bench:
    def __init__(self) -> None:
        self.centre = FakeCentre((job(1), job(2, user="other")))
        self.clock = Clock()
        self.messages: list[Message] = []
        self.poller = Poller(
            self.centre,
            PollSettings(),
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
async def running() -> AsyncIterator[Bench]:
    bench = Bench()
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
        assert all(
            wanted * 0.75 <= gap <= wanted * 1.25 + 1 for gap, wanted in zip(gaps, (15, 30, 60, 120), strict=True)
        )
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
