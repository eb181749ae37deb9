"""The past, read from accounting a slice of time after the other, newest first. Pure.

A slice is as long as the one before taught: a store that gave many rows is asked for less time, one that gave few for
more, between bounds, so that no single question is a heavy one. Whose jobs they are decides the bounds.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from naru_client.errors import NaruError
from naru_client.insight.finished import NOTHING, Totals, together, totals
from naru_client.insight.periods import LONGEST, Period
from naru_client.model import Job

FEW, MANY, FAR_TOO_MANY = 200, 2_000, 10_000  # rows of a slice after which the next one is longer, shorter, far shorter


class Pace(Struct, frozen=True):
    """How long the first slice is, and the shortest and longest one."""

    first: timedelta
    least: timedelta
    most: timedelta


OWN = Pace(timedelta(days=1), timedelta(hours=1), timedelta(days=7))
EVERYBODY = Pace(timedelta(hours=1), timedelta(minutes=10), timedelta(hours=6))
WHOLE = Pace(LONGEST, LONGEST, LONGEST)  # of a recording: it has one answer, whatever it is asked for


class Slice(Struct, frozen=True):
    """A stretch of time to ask for. `newest` where it goes up to now: what ends in a moment belongs to it."""

    since: datetime
    until: datetime
    newest: bool


class Past(Struct, frozen=True, kw_only=True):
    """What has been read of a period so far.

    `sites` are asked in this order, each for every slice; `waiting` are those that have not answered for the present
    slice. `jobs` are the finished ones, the last ended first. Everything that ended after `reached` is among them, but
    for sites named in `missing` (which keep no history) and `failures` (which did not answer for the present slice).
    """

    period: Period
    everybody: bool
    sites: tuple[str, ...]
    pace: Pace
    span: timedelta
    reached: datetime
    waiting: tuple[str, ...]
    present: Slice | None = None  # the slice that some sites have answered and others have not
    jobs: tuple[Job, ...] = ()
    settled: tuple[Job, ...] = ()  # those of the slices before the present one
    slices: int = 0  # read to their ends
    counted: Totals = NOTHING  # what the jobs come to
    tracking: frozenset[str] = frozenset()  # sites whose accounting is known to count accelerators
    missing: Mapping[str, str] = {}
    failures: Mapping[str, NaruError] = {}
    warnings: tuple[str, ...] = ()
    source: str = ""
    as_of: datetime | None = None

    @property
    def complete(self) -> bool:
        """The whole period is read."""
        return self.reached <= self.period.since

    @property
    def told(self) -> bool:
        """Some of the period is read: before that, no job there is not the same as none."""
        return bool(self.jobs) or self.reached < self.period.until

    @property
    def over(self) -> bool:
        """There is nothing more to ask, or nobody to be asked."""
        return self.complete or not self.sites


def begin(period: Period, sites: Sequence[str], *, everybody: bool, recorded: bool = False) -> Past:
    """A period of which nothing is read yet."""
    pace = WHOLE if recorded else EVERYBODY if everybody else OWN
    every = tuple(sites)
    return Past(
        period=period, everybody=everybody, sites=every, pace=pace, span=pace.first, reached=period.until, waiting=every
    )  # fmt: skip


def next_slice(past: Past) -> Slice | None:
    """What to ask the waiting sites for; None when there is nothing."""
    if past.over:
        return None
    if past.present is not None:
        return past.present
    since = past.reached - past.span
    left = since - past.period.since
    if left < past.span / 4:  # no crumb of a slice at the end
        since = past.period.since
    return Slice(since, past.reached, past.reached == past.period.until and past.period.open)


def fold_answer(
    past: Past, asked: Slice, site: str, jobs: Iterable[Job], *, source: str, as_of: datetime, warnings: Sequence[str]
) -> Past:
    """The past with what a site says of a slice.

    Sources tell more than the jobs that ended in it: those that ran in it and ended later are left out, as the slice
    they ended in has them.
    """
    if site not in past.waiting:
        return past
    inside = [job for job in jobs if _ended_within(job, asked)]
    # what ended in the very second at which two slices meet may be told with both
    known = {_key(job) for job in past.settled if job.ended is None or job.ended <= asked.until}
    if known:
        inside = [job for job in inside if _key(job) not in known]
    settled, fresh = past.settled, list(past.jobs[len(past.settled) :])
    tracking, counted = past.tracking, past.counted
    if site not in tracking and any(job.accelerators for job in inside):
        tracking |= {site}  # then those of its jobs that name none had none, in the slices before this one too
        settled = tuple(_without_accelerators(job, tracking) for job in settled)
        counted = together(totals(settled), totals(fresh))
    if site in tracking:
        inside = [_without_accelerators(job, tracking) for job in inside]
    counted = together(counted, totals(inside))
    fresh += inside
    fresh.sort(key=_newest_first)
    past = replace(
        past,
        jobs=settled + tuple(fresh),
        settled=settled,
        counted=counted,
        tracking=tracking,
        source="; ".join(dict.fromkeys(filter(None, (*past.source.split("; "), source)))),
        as_of=as_of if past.as_of is None else min(past.as_of, as_of),
        warnings=tuple(dict.fromkeys((*past.warnings, *warnings))),
        failures={name: why for name, why in past.failures.items() if name != site},
    )
    return _answered(past, asked, site)


def fold_missing(past: Past, asked: Slice, site: str, why: str) -> Past:
    """The past without a site that keeps none."""
    if site not in past.waiting:
        return past
    past = replace(past, sites=tuple(s for s in past.sites if s != site), missing={**past.missing, site: why})
    return _answered(past, asked, site)


def fold_failed(past: Past, asked: Slice, site: str, why: NaruError) -> Past:
    """The past after a site did not answer: it is still waited for, with half as long a slice where nobody answered."""
    if site not in past.waiting:
        return past
    past = replace(past, failures={**past.failures, site: why})
    if past.waiting == past.sites and site == past.sites[0]:  # once for each time that all are asked
        past = replace(past, span=max(past.span / 2, past.pace.least))
    return past


def drop(past: Past, site: str, why: str) -> Past:
    """The past without a site that is not to be asked again."""
    present = past.present or next_slice(past)
    past = replace(past, failures={name: error for name, error in past.failures.items() if name != site})
    return past if present is None else fold_missing(past, present, site, why)


def _answered(past: Past, asked: Slice, site: str) -> Past:
    waiting = tuple(s for s in past.waiting if s != site)
    if waiting or not past.sites:
        return replace(past, waiting=waiting, present=asked)
    rows = len(past.jobs) - len(past.settled)
    return replace(
        past,
        waiting=past.sites,
        present=None,
        settled=past.jobs,
        reached=asked.since,
        slices=past.slices + 1,
        span=next_span(past.span, rows, past.pace),
    )


def next_span(span: timedelta, rows: int, pace: Pace) -> timedelta:
    """How long the slice after one of this length should be that gave so many rows."""
    if rows <= FEW:
        span *= 2
    elif rows > FAR_TOO_MANY:
        span /= 4
    elif rows > MANY:
        span /= 2
    return min(max(span, pace.least), pace.most)


def _ended_within(job: Job, asked: Slice) -> bool:
    if not job.finished:
        return False
    if job.ended is None:
        return True
    return asked.since <= job.ended and (asked.newest or job.ended <= asked.until)


def _without_accelerators(job: Job, tracking: frozenset[str]) -> Job:
    return replace(job, accelerators=()) if job.accelerators is None and job.site in tracking else job


def _key(job: Job) -> tuple[str, int, int | None, datetime | None]:
    return job.site, job.job_id, job.het_offset, job.submitted


def _newest_first(job: Job) -> float:
    return -job.ended.timestamp() if job.ended else 0.0
