"""Who or what the money went to: jobs added up by user, account, pool, model, state, day or week. Pure."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal, get_args

from msgspec import Struct

from naru_client.insight.cost import Cost, RunTime, Tally, ran, tasks_behind
from naru_client.insight.finished import FAILED_STATES
from naru_client.insight.reckoning import Reckoner
from naru_client.model import Job

By = Literal["user", "account", "project", "pool", "model", "state", "day", "week"]
WAYS: tuple[By, ...] = get_args(By)
BY_TIME: tuple[By, ...] = ("day", "week")


class Spent(Struct, frozen=True, kw_only=True):
    """What the jobs of one key come to.

    `key` is None where the jobs do not tell it, and "" where they have none: no accelerator, so no model. A day is
    "2026-11-24", a week its Monday. `jobs` counts the tasks behind an array's record one by one. `accelerator_seconds`
    are those taken so far by the jobs that tell theirs, None where none does; `untold` jobs do not. `failed` is what of
    `cost` went to jobs that failed, None where none did.
    """

    key: str | None
    jobs: int
    accelerator_seconds: int | None
    untold: int
    cost: Cost
    failed: Cost | None


def spending(
    jobs: Iterable[Job],
    by: By,
    reckoner: Reckoner,
    now: datetime,
    run_time: RunTime | None = None,
    basis: str = "",
    zone: tzinfo | None = None,
) -> tuple[Spent, ...]:
    """What was spent by each key: the dearest first, and days and weeks the newest first.

    "project" is the account. A job that has ended belongs to the day it ended, one that has not to that of `now`: days
    are those of `zone`, by default the reader's own. `run_time` and `basis` are as for `cost_of`.
    """
    key = _key(by, now, zone)
    sums: dict[str | None, _Sum] = {}
    for job in jobs:
        name = key(job)
        if (found := sums.get(name)) is None:
            found = sums[name] = _Sum(reckoner, now, run_time, basis)
        found.add(job)
    spent = [found.spent(name) for name, found in sums.items()]
    named = sorted(spent, key=lambda one: one.key or "", reverse=by in BY_TIME)
    return tuple(sorted(named, key=(lambda one: one.key is None) if by in BY_TIME else _dearest))


class _Sum:
    """Adds up the jobs of one key."""

    def __init__(self, reckoner: Reckoner, now: datetime, run_time: RunTime | None, basis: str) -> None:
        self._now = now
        self._all = Tally(reckoner, now, run_time, basis)
        self._failed = Tally(reckoner, now)
        self._jobs = self._told = self._untold = self._failures = self._seconds = 0

    def add(self, job: Job) -> None:
        self._all.add(job)
        self._jobs += tasks_behind(job) or 1
        if job.state in FAILED_STATES:
            self._failures += 1
            self._failed.add(job)
        count = job.accelerator_count
        seconds = 0 if count == 0 else ran(job, self._now)
        if seconds == 0:
            self._told += 1
        elif count is None or seconds is None:
            self._untold += 1
        else:
            self._told += 1
            self._seconds += count * seconds

    def spent(self, key: str | None) -> Spent:
        return Spent(
            key=key,
            jobs=self._jobs,
            accelerator_seconds=self._seconds if self._told else None,
            untold=self._untold,
            cost=self._all.cost(),
            failed=self._failed.cost() if self._failures else None,
        )


def _dearest(one: Spent) -> tuple[bool, object]:
    settled, in_flight = one.cost.settled, one.cost.in_flight
    if settled is None or in_flight is None:
        return True, 0
    return False, -(settled.high + in_flight.high)


def _key(by: By, now: datetime, zone: tzinfo | None) -> Callable[[Job], str | None]:
    if by in BY_TIME:
        return _dated(by, now, zone)
    if by == "model":
        return _model
    attribute = "account" if by == "project" else by
    return lambda job: getattr(job, attribute) or None


def _model(job: Job) -> str | None:
    """The model, or the kind of accelerator where that is all there is; of several, all of them."""
    if job.accelerators is None:
        return None
    return "+".join(sorted({(one.model or one.kind).lower() for one in job.accelerators if one.count}))


def _dated(by: By, now: datetime, zone: tzinfo | None) -> Callable[[Job], str | None]:
    def first(moment: datetime) -> str:
        day: date = moment.astimezone(zone).date()
        return str(day - timedelta(days=day.weekday()) if by == "week" else day)

    today = first(now)

    def key(job: Job) -> str | None:
        if not job.finished:
            return today
        return None if job.ended is None else first(job.ended)

    return key
