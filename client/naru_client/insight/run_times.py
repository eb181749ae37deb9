"""How long jobs of one kind have run before: what a new one like them is expected to take. Pure."""

from bisect import bisect_right
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime

from msgspec import Struct

from naru_client.i18n import _, mark
from naru_client.model import Job

NEWEST, FEWEST = 50, 3  # so many of a kind count at most, and so many are needed
# They ended by themselves or at their limit; what was stopped from outside does not tell how long it would have run.
ENDED_ALONE = frozenset({"COMPLETED", "FAILED", "OUT_OF_MEMORY", "TIMEOUT"})

_KINDS = (
    mark("median of the last {n} jobs of {user} named {name}"),
    mark("median of the last {n} jobs of {user} of this size"),
    mark("median of the last {n} jobs of {user}"),
    mark("median of the last {n} jobs of account {account} of this size"),
)
_KINDS_LONGER = (
    mark("median of {n} jobs of {user} named {name} that ran for longer than this one has"),
    mark("median of {n} jobs of {user} of this size that ran for longer than this one has"),
    mark("median of {n} jobs of {user} that ran for longer than this one has"),
    mark("median of {n} jobs of account {account} of this size that ran for longer than this one has"),
)
_BEFORE = datetime.min.replace(tzinfo=UTC)


class Expected(Struct, frozen=True, kw_only=True):
    """Seconds in all, and what that rests on, in words ("median of the last 12 jobs of kim named train")."""

    seconds: int
    basis: str
    jobs: int


class RunTimes:
    """What finished jobs took, by who and what they were. The newest 50 of a kind count, and three make an expectation.

    Looked up by user and name, by user and shape, by user, by account and shape, in this order; only jobs that ended by
    themselves or at their limit count. Of a job that runs already, only those count that ran for longer.
    """

    def __init__(self, finished: Iterable[Job]) -> None:
        alone = [job for job in finished if job.state in ENDED_ALONE]
        alone.sort(key=lambda job: (job.ended or _BEFORE, job.job_id), reverse=True)
        self._taken: tuple[dict[Hashable, list[int]], ...] = tuple({} for _kind in _KINDS)
        self._sorted: set[tuple[int, Hashable]] = set()
        for job in alone:
            seconds = _took(job)
            if seconds is None:
                continue
            for taken, key in zip(self._taken, _keys(job), strict=True):
                if key is not None:
                    newest = taken.get(key)
                    if newest is None:
                        taken[key] = [seconds]
                    elif len(newest) < NEWEST:
                        newest.append(seconds)

    def expected(self, job: Job) -> Expected | None:
        """What the job is expected to take in all, never more than its limit and never less than it has run; None
        where too few like it are known."""
        run = 0 if job.waiting else job.elapsed
        if run is None or job.finished:
            return None
        for kind, key in enumerate(_keys(job)):
            if key is None:
                continue
            lasted = self._lasted(kind, key)
            begin = bisect_right(lasted, run) if run else 0
            count = len(lasted) - begin
            if count < FEWEST:
                continue
            middle = begin + count // 2
            seconds = lasted[middle] if count % 2 else (lasted[middle - 1] + lasted[middle]) // 2
            if job.time_limit is not None:
                seconds = max(min(seconds, job.time_limit), run)
            words = _(_KINDS_LONGER[kind] if begin else _KINDS[kind])
            basis = words.format(n=count, user=job.user, name=job.name, account=job.account)
            return Expected(seconds=seconds, basis=basis, jobs=count)
        return None

    def seconds(self, job: Job) -> int | None:
        """`expected` without its basis: what `cost_of` and `spending` take as a run time."""
        expected = self.expected(job)
        return None if expected is None else expected.seconds

    def _lasted(self, kind: int, key: Hashable) -> list[int]:
        lasted = self._taken[kind].get(key, [])
        if (kind, key) not in self._sorted:  # most kinds are never asked for
            lasted.sort()
            self._sorted.add((kind, key))
        return lasted


def _took(job: Job) -> int | None:
    if job.elapsed is not None:
        return max(job.elapsed, 0)
    if job.started is None or job.ended is None:
        return None
    return max(int((job.ended - job.started).total_seconds()), 0)


def _keys(job: Job) -> tuple[Hashable | None, Hashable | None, Hashable | None, Hashable | None]:
    """By user and name, user and shape, user, account and shape; None where the job does not tell."""
    user, account = job.user, job.account
    shape = (job.nodes, job.accelerators or job.cpus) if job.accelerators is not None else None
    return (
        None if user is None or not job.name else (user, job.name),
        None if user is None or shape is None else (user, shape),
        user,
        None if account is None or shape is None else (account, shape),
    )
