"""A centre that is opened on first use, and again until it answers."""

import asyncio
from datetime import UTC, datetime

import pytest
from tests.tui.fake import FakeCentre, job

from naru_client.centre import Centre
from naru_client.config import Profile
from naru_client.errors import NaruError, SignInNeeded, Unreachable
from naru_client.exchange import CallLog
from naru_client.late import REST, LateCentre

PROFILE = Profile(name="outside", url="https://outside")


class Door:
    """Opens a centre, or not, as told; `held` keeps every attempt waiting."""

    def __init__(self, error: NaruError | None = None) -> None:
        self.centre = FakeCentre((job(1),))
        self.error = error
        self.tries = 0
        self.now = 100.0
        self.tried = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()

    async def open(self, profile: Profile, log: CallLog) -> Centre:
        assert profile is PROFILE
        self.tries += 1
        self.tried.set()
        await self.free.wait()
        if self.error is not None:
            raise self.error
        return self.centre

    def late(self, failure: NaruError | None = None) -> LateCentre:
        return LateCentre(PROFILE, CallLog(), failure, opener=self.open, monotonic=lambda: self.now)


async def test_what_kept_it_closed_is_told_without_asking_again_at_once() -> None:
    door = Door()
    late = door.late(Unreachable("down", "wait"))
    with pytest.raises(Unreachable, match="down") as caught:
        await late.jobs()
    assert caught.value.hint == "wait"
    assert door.tries == 0
    assert (late.id, late.user, late.capabilities) == ("outside", None, frozenset())


async def test_it_is_opened_once_it_answers_and_then_stands_in_front() -> None:
    door = Door(Unreachable("still down"))
    late = door.late(Unreachable("down"))
    door.now += REST
    with pytest.raises(Unreachable, match="still down"):
        await late.nodes()
    with pytest.raises(Unreachable, match="still down"):
        await late.pools()
    assert door.tries == 1
    door.error = None
    door.now += REST
    assert [one.id for one in (await late.jobs(user="me")).value] == ["1"]
    assert (late.id, late.user) == ("test", "me")
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    await late.site()
    await late.history(since=moment, user=None)
    await late.job("1")
    await late.raw_job("1")
    await late.nodes()
    await late.pools()
    await late.reservations()
    assert door.centre.calls == ["jobs", "site", "history", "job", "raw", "nodes", "pools", "reservations"]
    assert door.tries == 2
    await late.close()
    assert door.centre.closed


async def test_who_asks_at_once_shares_one_attempt_and_giving_up_ends_it_for_nobody_else() -> None:
    door = Door()
    door.free.clear()
    late = door.late()
    first, second = asyncio.ensure_future(late.jobs()), asyncio.ensure_future(late.nodes())
    await door.tried.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    door.free.set()
    assert (await second).source == "a test"
    assert door.tries == 1


async def test_closing_gives_up_an_attempt_and_opens_nothing_after() -> None:
    door = Door()
    door.free.clear()
    late = door.late()
    asked = asyncio.ensure_future(late.jobs())
    await door.tried.wait()
    await late.close()
    await asyncio.gather(asked, return_exceptions=True)
    with pytest.raises(Unreachable):
        await late.jobs()
    await late.close()
    assert door.tries == 1


async def test_other_failures_come_through_as_they_are() -> None:
    with pytest.raises(SignInNeeded, match="expired"):
        await Door(SignInNeeded("expired")).late().jobs()


def test_the_user_of_the_profile_is_known_before_it_is_open() -> None:
    assert LateCentre(Profile(name="x", user="alice"), CallLog()).user == "alice"
