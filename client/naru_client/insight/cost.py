"""What jobs cost: settled, in flight, at most, expected; of one job, and added up by any key. Pure.

One `Job` is one run: a job that was requeued is charged for each of its runs, and accounting lists each by itself.
"""

from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from naru_client.i18n import _
from naru_client.insight.exact import NOTHING, Amount, Span
from naru_client.insight.fold import expression_count
from naru_client.insight.reckoning import Reckoner, Unpriced
from naru_client.insight.tariff import Tariff
from naru_client.model import SUSPENDED, Job

Key = TypeVar("Key", bound=Hashable)
ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
RunTime = Callable[[Job], int | None]
"""How long a job is expected to run in all, in seconds; None where that cannot be said."""


class Cost(Struct, frozen=True, kw_only=True):
    """What some jobs cost, in `unit`, rounded once.

    `settled` is for finished work; `in_flight` what running jobs would come to if they ended now; `at_most` is all of
    it when every job runs to its limit, `expected` when each runs as long as expected; both contain `settled`. `taken`
    is what has left the account by now, which a centre that charges up front takes before it is used.

    An amount is None where no job tells it; `at_most` also where a job has no limit, `expected` where one has no
    expectation. `unpriced` jobs are in none of the amounts: `why` tells how many for each reason. `example`: by prices
    that nobody published.
    """

    unit: str
    jobs: int
    settled: Amount | None
    in_flight: Amount | None
    taken: Amount | None
    at_most: Amount | None
    expected: Amount | None
    basis: str = ""
    unpriced: int = 0
    unlimited: int = 0
    why: tuple[tuple[str, int], ...] = ()
    example: bool = False


class _Run(Struct, frozen=True):
    """What one job adds; all but `settled` are of unfinished jobs alone."""

    settled: Span
    in_flight: Span
    taken: Span
    at_most: Span | None
    expected: Span | None


class Tally:
    """Adds up jobs; the order never matters, as nothing is rounded before `cost`."""

    def __init__(self, reckoner: Reckoner, now: datetime, run_time: RunTime | None = None, basis: str = "") -> None:
        self._reckoner, self._now, self._run_time, self._basis = reckoner, now, run_time, basis
        self._settled = self._in_flight = self._taken = self._at_most = self._expected = NOTHING
        self._jobs = self._unlimited = self._unexpected = 0
        self._why: dict[str, int] = {}

    def add(self, job: Job) -> None:
        self._jobs += 1
        try:
            run = _run(job, self._reckoner, self._now, self._run_time)
        except Unpriced as error:
            self._why[error.message] = self._why.get(error.message, 0) + 1
            return
        self._settled += run.settled
        if job.finished:  # what it came to is all there is to say, and `cost` says it
            return
        self._in_flight += run.in_flight
        self._taken += run.taken
        if run.at_most is None:
            self._unlimited += 1
        else:
            self._at_most += run.at_most
        if run.expected is None:
            self._unexpected += 1
        else:
            self._expected += run.expected

    def cost(self) -> Cost:
        unpriced = sum(self._why.values())
        told = unpriced < self._jobs or not self._jobs

        def shown(span: Span, known: bool = True) -> Amount | None:
            return span.rounded(self._reckoner.rounding) if told and known else None

        return Cost(
            unit=self._reckoner.unit, jobs=self._jobs, settled=shown(self._settled), in_flight=shown(self._in_flight),
            taken=shown(self._settled + self._taken), at_most=shown(self._settled + self._at_most, not self._unlimited),
            expected=shown(self._settled + self._expected, not self._unexpected), basis=self._basis, unpriced=unpriced,
            unlimited=self._unlimited, why=tuple(sorted(self._why.items(), key=lambda one: (-one[1], one[0]))),
            example=self._reckoner.example,
        )  # fmt: skip


def cost_of(
    jobs: Iterable[Job] | Job, reckoner: Reckoner, now: datetime, run_time: RunTime | None = None, basis: str = ""
) -> Cost:
    """What these jobs cost together."""
    tally = Tally(reckoner, now, run_time, basis)
    for job in (jobs,) if isinstance(jobs, Job) else jobs:
        tally.add(job)
    return tally.cost()


def ran(job: Job, now: datetime) -> int | None:
    """Seconds that the job has run, or ran; None where that is not told."""
    if job.elapsed is not None:
        return max(job.elapsed, 0)
    if job.waiting:
        return 0
    if job.state == SUSPENDED:  # for how long it has been is told by nothing else
        return None
    end = job.ended if job.finished else now
    if job.started is None or end is None:
        return None
    return max(int((end - job.started).total_seconds()), 0)


def never_ran(job: Job) -> bool:
    """It ended before it began. Slurm's controller gives a job that is cancelled in the queue that moment as its start:
    what tells it apart then is that it never had a node."""
    if not job.finished or job.elapsed != 0:
        return False
    return job.started is None or (job.state in ("CANCELLED", "DEADLINE", "REVOKED") and job.node_list is None)


def _run(job: Job, reckoner: Reckoner, now: datetime, run_time: RunTime | None) -> _Run:
    if never_ran(job):
        return _Run(NOTHING, NOTHING, NOTHING, None, None)
    seconds = ran(job, now)
    if seconds is None:
        raise Unpriced(_("how long it ran is not told"))
    tariff = reckoner.tariff
    by_end = tariff.dated_by == "end"
    if job.finished:
        return _Run(reckoner.charge(job, seconds, _dated(job, tariff)), NOTHING, NOTHING, None, None)
    count: int | None = 1
    in_flight = NOTHING
    if job.waiting:
        seconds, count, at = 0, tasks_behind(job), now
    else:
        at = now if by_end else _dated(job, tariff)
        in_flight = reckoner.charge(job, seconds, at)
    limit = None if job.time_limit is None else max(job.time_limit, seconds)
    at_most = expected = None
    if limit is not None and count is not None:
        at_most = _at_most(job, reckoner, now, at, seconds, limit).times(count)
    if run_time is not None and count is not None and (told := run_time(job)) is not None:
        ends = max(told if limit is None else min(told, limit), seconds)
        then = _in(now, ends - seconds) if by_end else at
        expected = reckoner.charge(job, ends, then).times(count)
    taken = NOTHING
    if tariff.taken == "submission" or (tariff.taken == "start" and not job.waiting):
        if limit is None:
            raise Unpriced(_("it is charged up front for its time limit, which is not told"))
        if count is None:
            raise Unpriced(_("it is charged up front for every task, and how many there are is not told"))
        taken = reckoner.charge(job, limit, at).times(count)
    return _Run(NOTHING, in_flight, taken, at_most, expected)


def _in(now: datetime, seconds: int) -> datetime:
    """So much later; the last moment there is for a limit that no calendar holds."""
    try:
        return now + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _at_most(job: Job, reckoner: Reckoner, now: datetime, at: datetime, seconds: int, limit: int) -> Span:
    """The charge to the limit; where rates change before its date is settled, the highest that it may come to."""
    most = reckoner.charge(job, limit, at)
    by_end = reckoner.tariff.dated_by == "end"
    if not (job.waiting or by_end):
        return most
    open_end = job.waiting or job.state == SUSPENDED
    latest = None if open_end else _in(now, limit - seconds)
    for period in reckoner.tariff.periods:
        begin = period.start
        if begin is None or begin <= now or (latest is not None and begin > latest):
            continue
        try:
            later = reckoner.charge(job, limit, begin)
        except Unpriced:  # it will not be run there then
            continue
        most = Span(max(most.low, later.low), max(most.high, later.high))
    return most


def _dated(job: Job, tariff: Tariff) -> datetime:
    """The moment whose rates hold. Raises Unpriced where that matters and is not told."""
    moment = job.ended if tariff.dated_by == "end" else job.started
    if moment is not None:
        return moment
    (*others, period) = tariff.periods
    if others or period.start is not None or period.end is not None:
        raise Unpriced(_("rates change, and when it ran is not told"))
    return ANY_TIME


def tasks_behind(job: Job) -> int | None:
    """How many tasks of an array stand behind the record; None where that is not told."""
    if job.array_pending is not None:
        return max(job.array_pending, 1)
    return expression_count(job.array_tasks) if job.array_tasks and job.array_task is None else 1
