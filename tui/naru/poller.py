"""The one schedule on which a site is asked, for every screen together, within the budget of calls.

The poller knows its centre and a way to post; it never touches a widget. Each topic has its own next time; topics that
no screen shows are not asked for; errors back off with jitter, and a rest that the centre asks for is kept by every
topic and against every key. A terminal without the focus, or untouched for a while, asks more rarely; one that is
paused or long left alone not at all. Where several sites are open each has a poller of its own, so that none waits for
another. How old an answer may be that another Naru fetched is said to the transport with each question.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from textual.message import Message

from naru.messages import FirstJobsArrived, ReadingArrived, ReadingFailed
from naru.state import TOPICS, Failure, Topic
from naru_client.arriving import told_early
from naru_client.centre import RECENT, Centre
from naru_client.config import PollSettings
from naru_client.errors import NaruError, NotProvided
from naru_client.exchange import Patience, patient
from naru_client.i18n import _
from naru_client.model import Job
from naru_client.reading import Reading

LONGEST_BACKOFF = 600.0  # seconds
LONGEST_REST = 3600.0  # seconds; a centre that asks for more is asked again after this
UNFOCUSED_FACTOR = 4.0  # it may still be in view beside another window, so it goes on, more slowly; so where it is idle
SOONEST_REFRESH = 3.0  # seconds between two refreshes that a person asks for
QUOTAS_FACTOR = 5.0  # a large site tells them in ten megabytes, and books every few minutes itself
HISTORY_STEP = 600  # seconds that the span of the history is rounded to: the same question for all who ask meanwhile


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
        self._begun: dict[Topic, tuple[Awaitable[Reading[Any]], Patience]] = {}
        self._tried: set[Topic] = set()  # of the others a screen may still be empty
        self._anew: set[Topic] = set()  # what a person wants to be fresh
        self._refreshed = float("-inf")
        self._touched = monotonic()
        self._rest_until = float("-inf")
        self._wake = asyncio.Event()

    def begin(self, topic: Topic, reading: Awaitable[Reading[Any]], patience: Patience | None = None) -> None:
        """A reading of this topic is already under way: its first answer is this one's, and nothing is asked twice.

        `patience` is with what it was asked.
        """
        self._begun[topic] = reading, patience or Patience(0.0)

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
        if focused:
            self._touched = self.monotonic()
        self._wake.set()

    def touch(self) -> None:
        """A key or the mouse: somebody is there. What has grown old meanwhile is due."""
        idle = self.idle
        self._touched = self.monotonic()
        if idle:
            self._wake.set()

    @property
    def idle(self) -> bool:
        """Whether nobody has touched the terminal for a while."""
        return self.monotonic() - self._touched >= min(self.settings.idle_after, self.settings.stop_after)

    @property
    def asleep(self) -> bool:
        """Whether nobody has touched it for so long that nothing is asked any more."""
        return self.monotonic() - self._touched >= self.settings.stop_after

    @property
    def resting(self) -> float:
        """Seconds for which the centre asked to be left alone yet; 0 when it may be asked."""
        return max(0.0, self._rest_until - self.monotonic())

    def refresh(self) -> bool:
        """Make everything due now, if the last such refresh is long enough ago; whether it was.

        A rest that the centre asked for goes on.
        """
        now = self.monotonic()
        if now - self._refreshed < SOONEST_REFRESH:
            return False
        self._refreshed = now
        self._asked.clear()
        self._anew = set(TOPICS)
        self._not_before = {t: at for t, at in self._not_before.items() if at == float("inf")}
        self._wake.set()
        return True

    def interval(self, topic: Topic) -> float:
        """Seconds between two readings of a topic when all is well."""
        usual = self.settings.others
        if topic == "jobs":
            usual = self.settings.jobs * (self.settings.everybody_factor if self.everybody else 1.0)
        elif topic == "quotas":
            usual *= QUOTAS_FACTOR
        return usual if self.focused and not self.idle else usual * UNFOCUSED_FACTOR

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
            due = self._not_before[topic]
        else:
            due = self._asked[topic] + self.interval(topic) if topic in self._asked else float("-inf")
        return max(due, self._rest_until)

    def _next_due(self) -> Topic | None:
        if self.paused or self.asleep:
            return None
        now = self.monotonic()
        return next((t for t in self._wanted if self._due(t) <= now), None)

    def _until_next(self) -> float | None:
        """Seconds to sleep; None to sleep until woken."""
        soonest = min((self._due(t) for t in self._wanted), default=float("inf"))
        if self.paused or self.asleep or soonest == float("inf"):
            return None
        return max(soonest - self.monotonic(), 0.0)

    async def _ask(self, topic: Topic) -> None:
        everybody = self.everybody
        max_age = SOONEST_REFRESH if topic in self._anew else self.interval(topic)
        self._anew.discard(topic)
        try:
            if begun := self._begun.pop(topic, None):
                asked, patience = begun
                reading = await asked
            else:
                with patient(max_age, awaited=topic not in self._tried) as patience:
                    self._tried.add(topic)
                    reading = await self._read(topic)
        except NotProvided as error:
            self._not_before[topic] = float("inf")  # it will not be provided a minute later either
            self.post(ReadingFailed(self.site, topic, self._failure(error)))
        except Exception as error:  # a mistake of ours in one topic must not take the terminal away
            if not isinstance(error, NaruError):
                error = NaruError(_("internal error: {kind}").format(kind=type(error).__name__))
            self._failures[topic] = self._failures.get(topic, 0) + 1
            now = self.monotonic()
            self._not_before[topic] = now + self._backoff(topic)
            if error.retry_after is not None:
                rest = min(error.retry_after, LONGEST_REST) * (1.0 + self.rng.random() / 10)  # never sooner
                self._rest_until = max(self._rest_until, now + rest)
            self.post(ReadingFailed(self.site, topic, self._failure(error)))
        else:
            self._failures.pop(topic, None)
            self._not_before.pop(topic, None)
            if topic == "jobs" and everybody != self.everybody:
                return  # asked for the wrong people; due at once
            self._asked[topic] = self.monotonic() - patience.age  # as old as it is, whoever asked
            self.post(ReadingArrived(self.site, topic, reading))

    def first_jobs(self, jobs: Sequence[Job], as_of: datetime) -> None:
        """The first jobs of the list that is being read have come."""
        self.post(FirstJobsArrived(self.site, Reading(tuple(jobs), "", as_of)))

    async def _read(self, topic: Topic) -> Reading[Any]:
        match topic:
            case "jobs":
                user = None if self.everybody else self.user
                if "jobs" in self._asked or "jobs" in self._failures:
                    return await self.centre.jobs(user=user)
                with told_early(self.first_jobs):  # nothing is on the screen yet
                    return await self.centre.jobs(user=user)
            case "history":
                since, until = recent_span(self.now())
                return await self.centre.history(since=since, until=until, user=self.user)
            case "site":
                return await self.centre.site()
            case "nodes":
                return await self.centre.nodes()
            case "pools":
                return await self.centre.pools()
            case "reservations":
                return await self.centre.reservations()
            case "quotas":
                return await self.centre.quotas(user=None if self.everybody else self.user)

    def _backoff(self, topic: Topic) -> float:
        """Twice as long with each failure in a row, with jitter so that many terminals do not come back at once."""
        doubled: float = self.interval(topic) * 2.0 ** min(self._failures[topic] - 1, 6)
        longest = min(doubled, LONGEST_BACKOFF)
        return longest * (1.0 + self.rng.random() / 4)

    def _failure(self, error: NaruError) -> Failure:
        return Failure(error.kind, error.message, error.hint, self.now())


def recent_span(now: datetime) -> tuple[datetime, datetime]:
    """The span of the history that is shown: at least `RECENT`, from one full step to another, the last yet to come."""
    step = timedelta(seconds=HISTORY_STEP)
    begun = now - timedelta(seconds=now.timestamp() % HISTORY_STEP)
    return begun - RECENT, begun + 2 * step
