"""What was used on each day, from the jobs that ran: the days behind a burn-down. Pure.

Amounts are of one resource times seconds, as in `insight.quota`; days are UTC. A day of which not all is told is left
out: it is not a day of nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime

from naru_client.insight.quota import account_holder, chain, qos_holder
from naru_client.model import Job

Key = tuple[str, str]  # holder, resource
Daily = Mapping[Key, Mapping[date, int]]

TOLD = frozenset({"cpu", "node", "gpu", "npu"})  # of what a job tells how much it has, with the models of the last two
_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_NONE: frozenset[str] = frozenset()
_SLACK = 60  # seconds between a reading and now: no suspension


def use_by_day(
    jobs: Iterable[Job], keys: Iterable[Key], *, above: Mapping[str, str | None], since: date, now: datetime
) -> dict[Key, dict[date, int]]:
    """The use of each (holder, resource) of `keys` on each whole UTC day from `since` to yesterday.

    `jobs` are all that ran in that time under the holders of `keys`, the running ones among them, each once. A job
    counts for its user, its account, those above it (`above`: who stands above whom) and its QOS: its resources times
    the seconds that it ran on a day; the seconds it was suspended are not told by day, so what it ran is spread evenly
    over its span. A day on which a job does not tell its part of a resource is left out for the holders it counts for.
    A resource that jobs do not tell of (billing units, memory) has no day at all.
    """
    book = _Book(keys, above, since.toordinal() - _EPOCH, now.astimezone(UTC).date().toordinal() - _EPOCH)
    for job in jobs:
        if job.waiting:
            continue
        span = _span(job, now)
        if span is None:
            begin = 0 if job.started is None else int(job.started.timestamp())
            end = int((job.ended or now).timestamp())
            if job.elapsed != 0:
                book.hide(job, begin, max(end, begin), lambda _resource: True)
            continue
        book.add(job, *span)
    return book.days()


def _span(job: Job, now: datetime) -> tuple[int, int, int] | None:
    """When a job began and ended, or now, in seconds since 1970, and how long it ran of that; None if not told."""
    end = job.ended if job.finished else now
    start, ran = job.started, job.elapsed
    if end is None or (start is None and ran is None) or (ran is None and "SUSPENDED" in (job.state, *job.state_flags)):
        return None
    last = int(end.timestamp())
    first = last - max(ran or 0, 0) if start is None else int(start.timestamp())
    if ran is None or (not job.finished and abs(last - first - ran) <= _SLACK):
        ran = last - first
    ran = max(ran, 0)
    return (last - ran if last <= first else first), last, ran


class _Book:
    """The days of the keys that are asked for, as they fill; days are numbered since 1970."""

    def __init__(self, keys: Iterable[Key], above: Mapping[str, str | None], first: int, today: int) -> None:
        self._above, self._first, self._today = above, first, today
        self._wanted: dict[str, frozenset[str]] = {}
        for holder, resource in keys:
            self._wanted[holder] = self._wanted.get(holder, _NONE) | {resource}
        blank = range(first, today)
        self._amounts: dict[Key, dict[int, int]] = {
            (holder, resource): dict.fromkeys(blank if resource.partition(":")[0] in TOLD else (), 0)
            for holder, resources in self._wanted.items()
            for resource in resources
        }
        self._hidden: dict[Key, set[int]] = {}

    def add(self, job: Job, begin: int, end: int, ran: int) -> None:
        """What a job had, over the days between its begin and its end; where it hides that, those days are lost."""
        if not ran:
            return
        counts = _counts(job)
        hides = _hides(job)
        if hides is not None:
            self.hide(job, begin, end, hides)
        if None in (job.account, job.user, job.qos):
            self._lose(self._maybe(job), begin, end, lambda resource: resource in counts)
        days = [
            (day, _part(min(end, (day + 1) * _DAY) - begin, ran, end - begin)
             - _part(max(begin, day * _DAY) - begin, ran, end - begin))
            for day in self._days(begin, end)
        ]  # fmt: skip
        for holder in self._holders(job):
            for resource in self._wanted.get(holder, _NONE) & counts.keys():
                amounts, count = self._amounts[holder, resource], counts[resource]
                for day, seconds in days:
                    if day in amounts:
                        amounts[day] += count * seconds

    def hide(self, job: Job, begin: int, end: int, resources: Callable[[str], bool]) -> None:
        """Days of which not all can be told, for whomever the job counts for and may count for."""
        self._lose({*self._holders(job), *self._maybe(job)}, begin, end, resources)

    def _lose(self, holders: Iterable[str], begin: int, end: int, resources: Callable[[str], bool]) -> None:
        lost = self._days(begin, end)
        for holder in holders:
            for resource in filter(resources, self._wanted.get(holder, _NONE)):
                self._hidden.setdefault((holder, resource), set()).update(lost)

    def days(self) -> dict[Key, dict[date, int]]:
        return {
            key: {
                date.fromordinal(day + _EPOCH): amount
                for day, amount in amounts.items()
                if day not in self._hidden.get(key, ())
            }
            for key, amounts in self._amounts.items()
        }

    def _days(self, begin: int, end: int) -> range:
        return range(max(begin // _DAY, self._first), min(max(end - 1, begin) // _DAY + 1, self._today))

    def _holders(self, job: Job) -> Iterator[str]:
        if job.account is not None:
            yield from chain(job.account, self._above)
            if job.user is not None:
                yield account_holder(job.account, job.user)
        if job.qos is not None:
            yield qos_holder(job.qos)

    def _maybe(self, job: Job) -> Iterator[str]:
        """Whom a job may count for where it does not tell whose it is."""
        for holder in self._wanted:
            if holder.startswith(qos_holder("")):
                maybe = job.qos is None
            elif job.account is None:
                maybe = True
            else:
                maybe = job.user is None and holder.startswith(account_holder(job.account, ""))
            if maybe:
                yield holder


def _part(seconds: int, ran: int, span: int) -> int:
    """What was run in the first seconds of a span; of all of it exactly what it ran."""
    return ran * seconds // span


def _counts(job: Job) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in job.accelerators or ():
        for name in (one.kind, f"{one.kind}:{one.model}") if one.model else (one.kind,):
            counts[name] = counts.get(name, 0) + one.count
    if job.cpus is not None:
        counts["cpu"] = job.cpus
    if job.nodes is not None:
        counts["node"] = job.nodes
    return counts


def _hides(job: Job) -> Callable[[str], bool] | None:
    """Of which resources a job does not tell how much it had; None where it tells of all."""
    names = {name for name, count in (("cpu", job.cpus), ("node", job.nodes)) if count is None}
    kinds = {"gpu", "npu"} if job.accelerators is None else set()
    modelless = {one.kind for one in job.accelerators or () if one.model is None and one.count}
    if not (names or kinds or modelless):
        return None

    def hidden(resource: str) -> bool:
        kind, colon, _model = resource.partition(":")
        return resource in names or kind in kinds or (bool(colon) and kind in modelless)

    return hidden
