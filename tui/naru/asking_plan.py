"""What the Plan tab asks for: one's own finished jobs once, and the scheduler's own answer when a person wants it."""

from collections.abc import Callable, Sequence
from datetime import datetime

from textual.message import Message

from naru.planning import PAST, Plan, with_starts
from naru_client.centre import Centre
from naru_client.errors import NaruError, NotProvided
from naru_client.model import Job

Post = Callable[[Message], object]


class FinishedArrived(Message):
    """One's own finished jobs of a site; `error` is why there are none."""

    def __init__(self, site: str, jobs: tuple[Job, ...], error: NaruError | None = None) -> None:
        super().__init__()
        self.site = site
        self.jobs = jobs
        self.error = error


class StartsArrived(Message):
    """A plan with the scheduler's own answers in it; or why there are none."""

    def __init__(self, asked_of: Plan, plan: Plan | None, error: NaruError | None = None) -> None:
        super().__init__()
        self.asked_of = asked_of
        self.plan = plan
        self.error = error


async def ask_finished(centres: Sequence[Centre], now: datetime, post: Post) -> None:
    """One question to each site, one after the other."""
    for centre in centres:
        if centre.user is None:
            post(FinishedArrived(centre.id, (), NotProvided("")))
            continue
        try:
            reading = await centre.history(since=now - PAST, user=centre.user)
        except NaruError as error:
            post(FinishedArrived(centre.id, (), error))
        else:
            post(FinishedArrived(centre.id, reading.value))


async def ask_starts(centres: Sequence[Centre], plan: Plan, script: str | None, post: Post) -> None:
    try:
        told = await with_starts(plan, centres, script=script)
    except NaruError as error:
        post(StartsArrived(plan, None, error))
    else:
        post(StartsArrived(plan, told))
