"""Whatever a person and a centre do, in whatever order: the budget, the intervals, back-off and rests are kept."""

import asyncio
import itertools
import random
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tui.fake import NOW, FakeCentre, job

from naru.poller import LONGEST_BACKOFF, Poller
from naru.state import TOPICS, Topic
from naru_client.budget import Budget, BudgetedTransport
from naru_client.config import PollSettings
from naru_client.exchange import Answer, Call
from naru_client.reading import Reading
from naru_client.slurm import answers

BUDGET = 7
SETTINGS = PollSettings(calls_per_minute=BUDGET, idle_after=300, stop_after=1200)
A_HAIR = 1e-6


class Asked:
    """One call that reached the centre, and what came of it."""

    def __init__(self, at: float, topic: Topic, everybody: bool) -> None:
        self.at, self.topic, self.everybody = at, topic, everybody
        self.failed = False
        self.rest = 0.0


class World(FakeCentre):
    """A centre asked through a budget; everything that reaches it is written down."""

    source = "a test"

    def __init__(self) -> None:
        super().__init__((job(1),))
        self.seconds = 0.0
        self.status, self.retry_after = 200, 0.0
        self.asked: list[Asked] = []
        self.by_hand: dict[Topic, list[float]] = {topic: [] for topic in TOPICS}
        self.touched = 0.0
        self.about_everybody = False  # whose jobs were asked for last
        self.transport = BudgetedTransport(self, Budget(BUDGET, monotonic=self.monotonic, sleep=self.sleep))
        self.poller = Poller(
            self, SETTINGS, lambda _message: None, user="me", monotonic=self.monotonic, now=lambda: NOW,
            rng=random.Random(1),
        )  # fmt: skip

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        while self.seconds < until:  # noqa: ASYNC110 (there is no timer: the clock is turned by hand)
            await asyncio.sleep(0)

    async def send(self, call: Call) -> Answer:
        topic: Topic = next(t for t in TOPICS if t == call.key)
        one = Asked(self.seconds, topic, self.about_everybody)
        one.failed = self.status != 200
        one.rest = self.retry_after if one.failed else 0.0
        self.asked.append(one)
        return Answer(
            call=call, status=self.status, body=b"", content_type="application/json", as_of=NOW,
            retry_after=one.rest or None,
        )  # fmt: skip

    async def _reading(self, topic: Topic) -> Reading[Any]:
        answers.check_http(await self.transport.send(Call(key=topic, method="GET", path="/")))
        return Reading((), "a test", NOW)

    async def jobs(self, *, user: str | None = None) -> Reading[Any]:
        self.about_everybody = user is None
        return await self._reading("jobs")

    async def history(self, **_span: Any) -> Reading[Any]:
        return await self._reading("history")

    async def site(self) -> Reading[Any]:
        return await self._reading("site")

    async def nodes(self) -> Reading[Any]:
        return await self._reading("nodes")

    async def pools(self) -> Reading[Any]:
        return await self._reading("pools")

    async def reservations(self) -> Reading[Any]:
        return await self._reading("reservations")

    # ---- what happens ------------------------------------------------------------------------------------------

    def want(self, topics: tuple[Topic, ...]) -> None:
        self.poller.want(topics)

    def refresh(self, _nothing: None) -> None:
        self._touch()
        if self.poller.refresh():
            for times in self.by_hand.values():
                times.append(self.seconds)

    def everybody(self, wanted: bool) -> None:
        self._touch()
        if wanted != self.poller.everybody:
            self.by_hand["jobs"].append(self.seconds)
        self.poller.set_everybody(wanted)

    def focus(self, focused: bool) -> None:
        if focused:
            self.touched = self.seconds
        self.poller.set_focused(focused)

    def pause(self, paused: bool) -> None:
        self._touch()
        self.poller.set_paused(paused)

    def fare(self, how: tuple[int, float]) -> None:
        """From now on the centre answers with this status, and asks for this rest where it is a failure."""
        self.status, self.retry_after = how

    async def wait(self, seconds: int) -> None:
        for _second in range(seconds):
            self.seconds += 1
            self.poller._wake.set()
            for _turn in range(25):
                await asyncio.sleep(0)

    def _touch(self) -> None:
        self.touched = self.seconds
        self.poller.touch()


HAPPENS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([1, 2, 4, 14, 16, 59, 61, 130])),
        st.tuples(st.just("wait"), st.integers(1, 90)),
        st.tuples(st.just("want"), st.lists(st.sampled_from(TOPICS), unique=True).map(tuple)),
        st.tuples(st.just("refresh"), st.none()),
        st.tuples(st.just("everybody"), st.booleans()),
        st.tuples(st.just("focus"), st.booleans()),
        st.tuples(st.just("pause"), st.booleans()),
        st.tuples(st.just("fare"), st.sampled_from([(200, 0.0), (200, 0.0), (500, 0.0), (429, 40.0), (503, 100.0)])),
    ),
    max_size=25,
)


async def lived(happens: list[tuple[str, Any]]) -> World:
    world = World()
    world.want(TOPICS)
    task = asyncio.create_task(world.poller.run())
    try:
        for what, how in happens:
            result = getattr(world, what)(how)
            if result is not None:
                await result
        await world.wait(100)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return world


@given(HAPPENS)
@settings(max_examples=60, deadline=None)
def test_the_manners_are_kept_whatever_happens(happens: list[tuple[str, Any]]) -> None:
    world = asyncio.run(lived(happens))
    times = [one.at for one in world.asked]
    for first, last in zip(times, times[BUDGET:], strict=False):
        assert last - first >= 60 - A_HAIR, "more calls in a minute than the budget has"
    resting_until = float("-inf")
    for one in world.asked:
        assert one.at >= resting_until - A_HAIR, "asked while the centre wanted to be left alone"
        if one.rest:
            resting_until = one.at + one.rest
    for topic in TOPICS:
        _check_paces(world, [one for one in world.asked if one.topic == topic])


def _check_paces(world: World, asked: list[Asked]) -> None:
    failures = 0
    for before, one in itertools.pairwise(asked):
        failures = failures + 1 if before.failed else 0
        if any(before.at <= at <= one.at for at in world.by_hand[one.topic]):
            continue
        if before.everybody != one.everybody:
            continue  # a person wanted the others' before the call that had to wait for its turn was made
        usual = SETTINGS.others if one.topic != "jobs" else SETTINGS.jobs * (5 if one.everybody else 1)
        least = min(usual * 2.0 ** min(failures - 1, 6), LONGEST_BACKOFF) if failures else usual
        assert one.at - before.at >= least - A_HAIR, f"{one.topic} too soon, after {failures} failures"


def test_nobody_is_asked_for_a_terminal_that_is_left_alone() -> None:
    world = asyncio.run(lived([("wait", 4000)]))
    assert max(one.at for one in world.asked) <= SETTINGS.stop_after + 60
