"""The pollers of several sites: in which order they begin, and that all are told the same."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from tests.tui.fake import NOW, FakeCentre, at, job
from textual.message import Message

from naru.messages import ReadingArrived, ReadingFailed
from naru.poller import Poller
from naru.pollers import HEAD_START, STRIDE, Pollers
from naru_client.config import PollSettings
from naru_client.errors import Unreachable
from naru_client.model import Job
from naru_client.reading import Reading


class Bench:
    def __init__(self, *centres: FakeCentre) -> None:
        self.messages: list[Message] = []
        self.begun: list[str] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.all = [
            Poller(c, PollSettings(), self.messages.append, user="me", monotonic=lambda: 1000.0, now=lambda: NOW)
            for c in centres
        ]
        self.pollers = Pollers(
            self.all,
            lambda poller: self.begun.append(poller.site),
            lambda seconds, then: self.timers.append((seconds, then)),
        )

    def ring(self) -> float:
        """Let the newest timer run out; how long it was for."""
        seconds, then = self.timers.pop()
        then()
        return seconds


def test_the_home_site_begins_and_the_others_follow_one_by_one() -> None:
    bench = Bench(at("a"), at("b"), at("c"))
    bench.pollers.begin_home()
    assert bench.begun == ["a"]
    bench.pollers.begin_others()
    assert bench.begun == ["a", "b"]
    assert bench.ring() == STRIDE
    assert bench.begun == ["a", "b", "c"]
    assert bench.ring() == STRIDE
    bench.pollers.begin_others()
    assert bench.begun == ["a", "b", "c"]


def test_a_home_site_that_says_nothing_gives_the_others_a_start_after_a_while() -> None:
    bench = Bench(at("a"), at("b"))
    bench.pollers.begin_home()
    assert bench.ring() == HEAD_START
    assert bench.begun == ["a", "b"]


def test_one_site_needs_no_timer() -> None:
    bench = Bench(at("a"))
    bench.pollers.begin_home()
    bench.pollers.begin_others()
    assert (bench.begun, bench.timers) == (["a"], [])


def test_all_are_told_the_same() -> None:
    bench = Bench(at("a"), at("b"))
    bench.pollers.want(("nodes",))
    bench.pollers.set_everybody(True)
    bench.pollers.set_paused(True)
    bench.pollers.set_focused(False)
    assert {(p._wanted, p.everybody, p.paused, p.focused) for p in bench.all} == {(("nodes",), True, True, False)}
    assert bench.pollers.refresh()
    assert not bench.pollers.refresh()


async def test_a_site_that_hangs_or_fails_delays_no_other_and_messages_say_whose_they_are() -> None:
    class Hanging(FakeCentre):
        async def jobs(self, *, user: str | None = None) -> Reading[tuple[Job, ...]]:
            await asyncio.Event().wait()
            raise AssertionError

    hanging = Hanging()
    hanging.id = "hanging"
    dead = at("dead")
    dead.error = Unreachable("no answer")
    bench = Bench(hanging, dead, at("well", (job(1),)))
    bench.pollers.want(("jobs",))
    tasks = [asyncio.create_task(poller.run()) for poller in bench.all]
    for _turn in range(20):
        await asyncio.sleep(0)
    failed, arrived = bench.messages
    assert isinstance(failed, ReadingFailed)
    assert isinstance(arrived, ReadingArrived)
    assert (failed.site, arrived.site) == ("dead", "well")
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
