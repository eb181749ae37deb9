"""Folding: the tasks of an array, and the components of a het job, as one row each that can be opened."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from naru_client.model import Job

# What is going on now, then what is to come, then what went wrong, then the rest by name.
_STATES = (
    "RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "PENDING", "FAILED", "OUT_OF_MEMORY", "TIMEOUT", "NODE_FAIL",
)  # fmt: skip
_STATE_ORDER = {state: place for place, state in enumerate(_STATES)}


class Row(Struct, frozen=True, gc=False):
    """One line of a job list.

    `key` stays the same across refreshes: the id of a plain job, `123` of an array, `123+` of a het job, the id of a
    member that stands unfolded below its row. `job` is the member that stands for the row where one value is shown:
    the liveliest (running before waiting before finished), of a het job its leader. `counts` is how many tasks are in
    each state; a group of 45 pending tasks counts 45. `depth` is 1 for unfolded members, and `group` is the key of the
    row they stand below (of any other row, its own key): what `fold` takes in `unfolded`.
    """

    key: str
    job: Job
    members: tuple[Job, ...]
    counts: tuple[tuple[str, int], ...]
    depth: int = 0
    unfolded: bool = False
    group: str = ""

    @property
    def foldable(self) -> bool:
        """More than one record stands behind it."""
        return len(self.members) > 1

    @property
    def tasks(self) -> int:
        return sum(count for _state, count in self.counts)


def fold(jobs: Sequence[Job], unfolded: frozenset[str] = frozenset()) -> list[Row]:
    """The rows of a job list in the order of first appearance; those named in `unfolded` have their members below."""
    rows: list[Row] = []
    groups: dict[tuple[str, str], list[Job]] = {}
    places: list[tuple[int, str, list[Job]]] = []
    for job in jobs:
        key = group_key(job)
        if key is None:
            rows.append(plain_row(job))
            continue
        members = groups.get((job.site, key))
        if members is None:
            members = groups[job.site, key] = []
            places.append((len(rows) + len(places), key, members))
        members.append(job)
    return _merged(rows, places, unfolded) if places else rows


def group_key(job: Job) -> str | None:
    """What the jobs that are folded into one row have in common: `123` of an array, `123+` of a het job."""
    if job.array_id:
        return str(job.array_id)
    return f"{job.het_id}+" if job.het_id else None


def _liveliness(job: Job) -> int:
    return 0 if job.running else 1 if job.waiting else 2


def task_count(job: Job) -> int:
    """How many tasks this record stands for: the size of a pending group, else one."""
    if job.array_tasks and job.array_task is None:
        if job.array_pending is not None:
            return max(job.array_pending, 1)
        return expression_count(job.array_tasks) or 1
    return 1


def expression_count(expression: str) -> int | None:
    """How many tasks `0-9:3,12,20-24%5` names; None where it was cut short or is not understood."""
    count = 0
    for part in expression.strip("[]").partition("%")[0].split(","):
        span, _sep, step = part.partition(":")
        first, dash, last = span.partition("-")
        numbers = (first, last if dash else first, step or "1")
        if not all(n.isascii() and n.isdigit() and len(n) < 10 for n in numbers):
            return None
        low, high, stride = map(int, numbers)
        if high < low or stride < 1:
            return None
        count += (high - low) // stride + 1
    return count


def state_counts(jobs: Iterable[Job]) -> tuple[tuple[str, int], ...]:
    """How many tasks are in each state, running ones first."""
    counts: dict[str, int] = {}
    for job in jobs:
        counts[job.state] = counts.get(job.state, 0) + task_count(job)
    return tuple(sorted(counts.items(), key=lambda item: (_STATE_ORDER.get(item[0], 99), item[0])))


def plain_row(job: Job, depth: int = 0, group: str = "") -> Row:
    """The row of one job, or of a member that stands unfolded below the row of that key."""
    return Row(job.id, job, (job,), ((job.state, task_count(job)),), depth, False, group or job.id)


def _merged(rows: list[Row], places: list[tuple[int, str, list[Job]]], unfolded: frozenset[str]) -> list[Row]:
    merged: list[Row] = []
    taken = 0
    for nth, (place, key, members) in enumerate(places):
        upto = place - nth  # the plain rows that came before this group
        merged += rows[taken:upto]
        taken = upto
        opened = key in unfolded and len(members) > 1
        merged.append(Row(key, _standing_for(members), tuple(members), state_counts(members), 0, opened, key))
        if opened:
            merged += [plain_row(job, 1, key) for job in members]
    return merged + rows[taken:]


def _standing_for(members: list[Job]) -> Job:
    if members[0].array_id:
        return min(members, key=_liveliness)
    return min(members, key=lambda job: job.het_offset or 0)
