"""Time at a simulated centre may pass faster than ours: waits go by its clock, the age of the data by ours."""

from datetime import datetime, timedelta

from tests.tui.fake import NOW, at, job
from textual.pilot import Pilot

from naru.app import NaruApp
from naru.format import Glyphs
from naru.screens.base import top_facts
from naru_client.config import Settings
from naru_client.exchange import CallLog, CallRecord


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


async def settled(pilot: Pilot[None], app: NaruApp) -> None:
    for _turn in range(50):
        if app.state.jobs is not None:
            return
        await pilot.pause()
    raise AssertionError("no jobs arrived")


async def test_at_sixty_times_the_speed_ten_seconds_are_ten_minutes_there_and_ten_seconds_old_here() -> None:
    clock, centre = Clock(), at("a", (job(1),))
    app = NaruApp([centre], Settings(), CallLog(), glyphs=Glyphs(False), clock=clock, speed=60.0)
    async with app.run_test() as pilot:
        await settled(pilot, app)
        app.log_of_calls.add(CallRecord(NOW, "GET /jobs", 0.1, 1, "ok"))
        clock.now = NOW + timedelta(seconds=10)
        assert app.now() == NOW + timedelta(minutes=10)
        facts, alarm = top_facts(app.state, ("jobs",), app.now(), app.calls_per_minute(), Settings(), speed=app.speed)
        assert (facts[-1], alarm) == ("10s ago", False)
        assert facts[0] == "1 call/min"  # by our clock: the centre's says that it was ten minutes ago


async def test_a_reading_from_our_future_is_now() -> None:
    clock, centre = Clock(), at("a", (job(1),))
    centre.now = NOW + timedelta(hours=1)
    app = NaruApp([centre], Settings(), CallLog(), glyphs=Glyphs(False), clock=clock)
    async with app.run_test() as pilot:
        await settled(pilot, app)
        assert app.now() == NOW + timedelta(hours=1)
