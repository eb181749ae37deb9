"""The one schedule on which a site is asked, for every screen together, within the budget of calls.

The poller knows its centre and a way to post; it never touches a widget. Each topic has its own next time; topics that
no screen shows are not asked for; errors back off with jitter; a terminal that has not the focus asks more rarely, a
paused one not at all. Where several sites are open each has a poller of its own, so that none waits for another.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from textual.message import Message

from naru.messages import ReadingArrived, ReadingFailed
from naru.state import Failure, Topic
from naru_client.centre import RECENT, Centre
from naru_client.config import PollSettings
from naru_client.errors import NaruError, NotProvided
from naru_client.i18n import _
from naru_client.reading import Reading

LONGEST_BACKOFF = 600.0  # seconds
UNFOCUSED_FACTOR = 4.0  # it may still be in view beside another window, so it goes on, more slowly
SOONEST_REFRESH = 3.0  # seconds between two refreshes that a person asks for


class Poller:
    """Asks for what is wanted, when it is due.

    `monotonic` gives seconds for the schedule, `now` the time of day, `rng` the jitter. `site` is what its messages say
    they are about: the centre's id when it was opened, as a single site may learn its own only later.
    """

    def __init__(
        self,
        centre: Centre,
        settings: PollSettings,
        post: Callable[[Message], object],
        *,
        user: str | None,
        monotonic: Callable[[], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rng: random.Random | None = None,
    ) -> None:
        self.centre = centre
        self.settings = settings
        self.post = post
        self.user = user
        self.site = centre.id
        self.monotonic = monotonic
        self.now = now
        self.rng = rng or random.Random()
        self.everybody = False
        self.paused = False
        self.focused = True
        self._wanted: tuple[Topic, ...] = ()
        self._asked: dict[Topic, float] = {}  # when each topic was last read
        self._not_before: dict[Topic, float] = {}  # of topics that failed; infinite where never to be provided
        self._failures: dict[Topic, int] = {}
        self._begun: dict[Topic, Awaitable[Reading[Any]]] = {}
        self._refreshed = float("-inf")
        self._wake = asyncio.Event()

    def begin(self, topic: Topic, reading: Awaitable[Reading[Any]]) -> None:
        """A reading of this topic is already under way: its first answer is this one's, and nothing is asked twice."""
        self._begun[topic] = reading

    def want(self, topics: tuple[Topic, ...]) -> None:
        """What the screen in front shows: asked for first in this order, then on schedule."""
        self._wanted = topics
        self._wake.set()

    def set_everybody(self, everybody: bool) -> None:
        """Whose jobs to ask for; a change asks anew at once."""
        if everybody != self.everybody:
            self.everybody = everybody
            self._asked.pop("jobs", None)
            self._wake.set()

    def set_paused(self, paused: bool) -> None:
        self.paused = paused
        self._wake.set()

    def set_focused(self, focused: bool) -> None:
        """Whether the terminal has the focus; on coming back, what has grown old meanwhile is due."""
        self.focused = focused
        self._wake.set()

    def refresh(self) -> bool:
        """Make everything due now, if the last such refresh is long enough ago; whether it was."""
        now = self.monotonic()
        if now - self._refreshed < SOONEST_REFRESH:
            return False
        self._refreshed = now
        self._asked.clear()
        self._not_before = {t: at for t, at in self._not_before.items() if at == float("inf")}
        self._wake.set()
        return True

    def interval(self, topic: Topic) -> float:
        """Seconds between two readings of a topic when all is well."""
        usual = self.settings.others
        if topic == "jobs":
            usual = self.settings.jobs * (self.settings.everybody_factor if self.everybody else 1.0)
        return usual if self.focused else usual * UNFOCUSED_FACTOR

    async def run(self) -> None:
        """Ask for ever; ends by cancellation."""
        while True:
            topic = self._next_due()
            if topic is not None:
                await self._ask(topic)
                continue
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), self._until_next())
            except TimeoutError:
                pass

    def _due(self, topic: Topic) -> float:
        """When a topic is next to be asked for, on the monotonic clock."""
        if topic in self._not_before:
            return self._not_before[topic]
        return self._asked[topic] + self.interval(topic) if topic in self._asked else float("-inf")

    def _next_due(self) -> Topic | None:
        if self.paused:
            return None
        now = self.monotonic()
        return next((t for t in self._wanted if self._due(t) <= now), None)

    def _until_next(self) -> float | None:
        """Seconds to sleep; None to sleep until woken."""
        soonest = min((self._due(t) for t in self._wanted), default=float("inf"))
        return None if self.paused or soonest == float("inf") else max(soonest - self.monotonic(), 0.0)

    async def _ask(self, topic: Topic) -> None:
        everybody = self.everybody
        begun = self._begun.pop(topic, None)
        try:
            reading = await (begun or self._read(topic))
        except NotProvided as error:
            self._not_before[topic] = float("inf")  # it will not be provided a minute later either
            self.post(ReadingFailed(self.site, topic, self._failure(error)))
        except Exception as error:  # a mistake of ours in one topic must not take the terminal away
            if not isinstance(error, NaruError):
                error = NaruError(_("internal error: {kind}").format(kind=type(error).__name__))
            self._failures[topic] = self._failures.get(topic, 0) + 1
            self._not_before[topic] = self.monotonic() + self._backoff(topic)
            self.post(ReadingFailed(self.site, topic, self._failure(error)))
        else:
            self._failures.pop(topic, None)
            self._not_before.pop(topic, None)
            if topic == "jobs" and everybody != self.everybody:
                return  # asked for the wrong people; due at once
            self._asked[topic] = self.monotonic()
            self.post(ReadingArrived(self.site, topic, reading))

    async def _read(self, topic: Topic) -> Reading[Any]:
        match topic:
            case "jobs":
                return await self.centre.jobs(user=None if self.everybody else self.user)
            case "history":
                return await self.centre.history(since=self.now() - RECENT, user=self.user)
            case "site":
                return await self.centre.site()
            case "nodes":
                return await self.centre.nodes()
            case "pools":
                return await self.centre.pools()
            case "reservations":
                return await self.centre.reservations()

    def _backoff(self, topic: Topic) -> float:
        """Twice as long with each failure in a row, with jitter so that many terminals do not come back at once."""
        doubled: float = self.interval(topic) * 2.0 ** min(self._failures[topic] - 1, 6)
        longest = min(doubled, LONGEST_BACKOFF)
        return longest * (0.75 + self.rng.random() / 2)

    def _failure(self, error: NaruError) -> Failure:
        return Failure(error.kind, error.message, error.hint, self.now())
