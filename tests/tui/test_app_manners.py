"""What keys say of the schedule: a rest that is kept, a budget that is used up, and a terminal that fell asleep."""

from datetime import timedelta

from tests.tui.fake import NOW, FakeCentre, job
from tests.tui.screen import Screen, opened

from naru_client.config import PollSettings, Settings
from naru_client.errors import Unreachable
from naru_client.exchange import CallRecord


def told(screen: Screen) -> str:
    """The notices that are shown."""
    return "\n".join(notice.message for notice in screen.app._notifications)


async def test_a_refresh_key_does_not_break_a_rest_and_says_how_long_it_is_yet() -> None:
    centre = FakeCentre((job(1),))
    async with opened(centre) as screen:
        centre.error = Unreachable("too busy", retry_after=900.0)
        await screen.refreshed()
        await screen.until(lambda: screen.app.pollers.resting > 0)
        asked = len(centre.calls)
        await screen.press("r")
        assert "the centre asked to be left alone for 9" in told(screen)
        assert len(centre.calls) == asked


async def test_a_refresh_key_beyond_the_budget_says_that_it_waits() -> None:
    async with opened(FakeCentre((job(1),)), settings=Settings(poll=PollSettings(calls_per_minute=5))) as screen:
        for age in range(4):
            screen.app.log_of_calls.add(CallRecord(NOW - timedelta(seconds=age), "squeue", 0.1, 1, "ok"))
        screen.app.pollers["test"]._refreshed = float("-inf")
        await screen.press("r")
        assert "this minute's calls are used up" in told(screen)


async def test_a_key_or_the_mouse_wakes_a_terminal_that_fell_asleep() -> None:
    centre = FakeCentre((job(1),))
    async with opened(centre) as screen:
        poller = screen.app.pollers["test"]
        for wake in (lambda: screen.press("down"), lambda: screen.pilot.click(offset=(10, 10))):
            poller._touched = poller.monotonic() - screen.app.settings.poll.stop_after - 1
            poller._asked.update(dict.fromkeys(poller._asked, float("-inf")))
            assert screen.app.asleep
            asked = centre.calls.count("jobs")
            await wake()
            assert not screen.app.asleep
            await screen.until(lambda asked=asked: centre.calls.count("jobs") > asked)
