"""What accounting knows of the weeks before the simulated history begins: finished jobs, sketched when asked for.

Each person's day in an account is drawn from a generator of its own, so which questions come in which order changes
nothing, and a question makes only the days and people it is about. What a person's days come to is what `past_use`
says was used, less what the simulation itself has on record for them. That the jobs of different people would have
fitted beside each other is not seen to.

A person's day has at most MOST_JOBS jobs, and a whole site's about MOST_JOBS_A_SITE: where more was used, jobs are
larger and longer.
"""

from collections.abc import Collection, Iterable, Iterator
from math import ceil
from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct

from naru_client.mock.entities import Allocation, Job
from naru_client.mock.past_use import DAY, Use
from naru_client.mock.work_kinds import busyness
from naru_client.mock.workload import Kind, Workload

if TYPE_CHECKING:
    from naru_client.mock.simulator import Simulator

MOST_JOBS = 12
MOST_JOBS_A_SITE = 3_000
LONGEST_RUN = DAY  # a job of one day reaches at most into the day before
LONGEST_WAIT = DAY // 4
SHORTEST = 600  # seconds; less on many accelerators becomes more on one
GAP = 1_000  # numbers left free below the scenario's first, for the history that the opening tells
KEPT = 40_000  # sketched jobs that are kept for the next question
NOON_IN_KOREA = 3 * 3600

Run = tuple[Job, float, float]  # a job with when a run of it began, and ended or was still going on


class _Days(Struct, frozen=True, eq=False):
    """A person's days in an account: from which UTC day on, and what each took, in resource-seconds by resource."""

    first: int
    taken: list[dict[str, float]]


class PastWeeks:
    """The weeks before `horizon` (epoch seconds). `before` are the runs on record at the opening, but for its past."""

    def __init__(self, simulator: "Simulator", uses: list[Use], before: list[Run]) -> None:
        self._simulator = simulator
        self._uses = uses
        self._before = before
        self.horizon = int(simulator.opened - simulator.plan.history_hours * 3600)
        self.last_day = (self.horizon - 1) // DAY
        begin = min((use.begin for use in uses), default=self.horizon) // DAY
        first = simulator.plan.first_job_id
        self._top = first - GAP if first > 4 * GAP else first // 2
        days = max(1, self.last_day - begin + 1)
        room = max(0, self._top - 1) // (days * max(1, len(uses)))
        self.slots = min(MOST_JOBS, room, max(1, MOST_JOBS_A_SITE // max(1, len(uses))))
        self._numbers_a_day = self.slots * len(uses)
        self._days: dict[int, _Days] = {}
        self._had: dict[tuple[str, str], dict[str, float]] = {}
        self._budgeted: set[str] = set()
        self._made: dict[tuple[int, int], tuple[Job, ...]] = {}
        self._count = 0
        self._allocations: dict[int, Allocation] = {}
        self._workload: Workload | None = None

    def between(
        self, since: float, until: float, *, users: Collection[str] | None, accounts: Collection[str] | None
    ) -> Iterator[Job]:
        """The jobs that may have been there at some time of a span, of some people in some accounts; None: of all."""
        if since >= self.horizon or not self.slots:
            return
        first, last = int(since) // DAY, min(self.last_day, (int(until) + LONGEST_RUN + LONGEST_WAIT) // DAY)
        for position, use in enumerate(self._uses):
            if (users is None or use.user in users) and (accounts is None or use.account in accounts):
                for day in range(max(first, use.begin // DAY), last + 1):
                    yield from self._day(position, day)

    def find(self, number: int) -> tuple[Job, ...]:
        """The job of that number; none where no job of these weeks has it."""
        if number >= self._top or not self._numbers_a_day:
            return ()
        back, place = divmod(number - self._top, self._numbers_a_day)
        jobs = self._day(place // self.slots, self.last_day + 1 + back)
        return tuple(job for job in jobs if job.id == number)

    # A person's days

    def _day(self, position: int, day: int) -> tuple[Job, ...]:
        key = (position, day)
        found = self._made.get(key)
        if found is None:
            if self._count > KEPT:
                self._made.clear()
                self._count = 0
            found = self._made[key] = tuple(self._make(position, day))
            self._count += len(found)
        return found

    def _make(self, position: int, day: int) -> Iterator[Job]:
        use, days = self._uses[position], self._days_of(position)
        if not 0 <= day - days.first < len(days.taken):
            return
        simulator = self._simulator
        random = Random(f"{simulator.seed}/{simulator.plan.cluster}/weeks/{use.account}/{use.user}/{day}")
        if self._workload is None:
            self._workload = Workload(simulator.plan, simulator.cluster, simulator.resources, random)
        self._workload.random = random
        span = max(use.begin, day * DAY), min((day + 1) * DAY, self.horizon)
        jobs: list[Job] = []
        wanted = sorted(days.taken[day - days.first].items(), key=lambda pair: pair[1])
        for i, (resource, amount) in enumerate(wanted):  # the least first: what it leaves of the slots is the others'
            slots = max(1, (self.slots - len(jobs)) // (len(wanted) - i))
            if len(jobs) + slots <= self.slots:
                jobs += self._sketch(use, resource, amount, slots, span)
        jobs.sort(key=lambda job: job.submitted)
        number = self._top - (self.last_day + 1 - day) * self._numbers_a_day + position * self.slots
        for job in jobs:
            job.id = number
            number += 1
            yield job

    def _sketch(self, use: Use, resource: str, amount: float, slots: int, span: tuple[int, int]) -> Iterator[Job]:
        """Jobs that together take so many resource-seconds, never more."""
        assert self._workload is not None
        workload, index = self._workload, self._simulator.resources.index[resource]
        random = workload.random
        kinds = use.kinds[resource]
        left = amount
        for n in range(slots, 0, -1):
            kind = _one_of(random, kinds)
            job = workload.draw(kind, 0.0, (use.user, use.account))
            job.array, job.tasks, job.throttle = None, [], 0
            end = random.randint(min(span[0] + 3600, span[1]), span[1])
            longest = min(LONGEST_RUN, int(job.partition.max_hours * 3600), end - use.begin)
            least = left / n * (1.0 if n == 1 else random.uniform(0.4, 1.4))
            rate = self._fit(job, index, max(least, min(job.run, job.limit) * job.amounts[index]), longest, left)
            if not rate or longest < 1:
                continue
            run = int(min(max(least / rate, job.run), longest, left / rate))
            if run < 1:
                return
            left -= run * rate
            self._end(job, end, run)
            yield job
            if left < 60:
                return

    def _fit(self, job: Job, index: int, wanted: float, longest: int, left: float) -> float:
        """Make a job so large that it can take what is wanted, or so small that it is worth starting; its rate."""
        assert self._workload is not None
        workload = self._workload
        place, make = job.partition, self._simulator.cluster.makes_of[job.partition.name][0]
        rate = job.amounts[index]
        most = workload.most[job.account]
        changed = False
        if rate and left / rate < SHORTEST:
            share = max(1, job.accelerators)
            job.cpus, job.memory = max(1, job.cpus // share), max(1024, job.memory // share)
            job.nodes, job.accelerators, changed = 1, min(1, job.accelerators), True
        elif rate and longest and wanted / rate > longest:
            whole = make.gres_count if job.accelerators else 1
            if most is not None:
                whole = min(whole, most)
            if job.accelerators and whole > job.accelerators:
                job.cpus = max(1, make.cpus * whole // max(1, make.gres_count))
                job.memory = job.memory * whole // job.accelerators
                job.accelerators = whole
            on_one = rate / job.nodes if not job.accelerators else float(job.accelerators)
            limit = min(place.max_nodes or 1 << 30, len(self._simulator.cluster.members[place.name]))
            if most is not None and job.accelerators:
                limit = min(limit, max(1, most // job.accelerators))
            job.nodes, changed = max(1, min(limit, ceil(wanted / longest / on_one))), True
        if changed:
            job.amounts = self._simulator.resources.amounts(job)
        return job.amounts[index]

    def _end(self, job: Job, end: int, run: int) -> None:
        """Let a job have run for so long until then."""
        assert self._workload is not None
        random = self._workload.random
        if run > job.limit:
            job.limit = min(ceil(run / 3600), job.partition.max_hours) * 3600.0
        if job.outcome == "TIMEOUT" and run < job.limit:
            job.outcome = "COMPLETED"
        job.run, job.state = float(run), job.outcome
        job.ended, job.started = float(end), float(end - run)
        job.submitted = job.eligible = float(int(job.started - min(random.expovariate(1 / 2400.0), LONGEST_WAIT)))
        nodes = self._simulator.cluster.members[job.partition.name]
        at = random.randrange(len(nodes))
        picked = sorted((at + i) % len(nodes) for i in range(min(job.nodes, len(nodes))))
        job.held_nodes = tuple(self._allocation(nodes[i].index) for i in picked)

    def _allocation(self, index: int) -> Allocation:
        """That a job ran on a node: which of its cores is not told of jobs that are over."""
        found = self._allocations.get(index)
        if found is None:
            found = self._allocations[index] = Allocation(self._simulator.cluster.node_list[index], 0, 0, 0)
        return found

    # What a person's days come to

    def _days_of(self, position: int) -> _Days:
        found = self._days.get(position)
        if found is None:
            use = self._uses[position]
            if use.drawn:
                self._budget(use.account)
            else:
                self._days[position] = self._spread(use, self._less(use, self._of_cast(use)))
            found = self._days[position]
        return found

    def _budget(self, account: str) -> None:
        """For all of an account whose work the opening draws: together no more than is left of the account's use."""
        if account in self._budgeted:
            return
        self._budgeted.add(account)
        drawn, alone = [], 0.0
        for position, use in enumerate(self._uses):
            if use.account == account:
                if use.drawn:
                    drawn.append((position, use, self._less(use, self._with_past(use))))
                else:
                    alone += sum(self._less(use, self._of_cast(use)).values())
        whole = sum(sum(use.amounts.values()) for use in self._uses if use.account == account)
        counted = {resource.partition(":")[0] for _, use, _ in drawn for resource in use.amounts}
        had = sum(
            amount
            for (name, _), amounts in self._had_with_past().items()
            if name == account
            for resource, amount in amounts.items()
            if resource.partition(":")[0] in counted
        )
        wanted = sum(sum(amounts.values()) for *_, amounts in drawn)
        part = min(1.0, max(0.0, whole - had - alone) / wanted) if wanted else 0.0
        for position, use, amounts in drawn:
            self._days[position] = self._spread(use, {name: amount * part for name, amount in amounts.items()})

    def _less(self, use: Use, had: dict[str, float]) -> dict[str, float]:
        return {name: max(0.0, amount - had.get(name, 0.0)) for name, amount in use.amounts.items()}

    def _of_cast(self, use: Use) -> dict[str, float]:
        runs = (run for run in self._before if (run[0].account, run[0].user) == (use.account, use.user))
        return self._sums(runs).get((use.account, use.user), {})

    def _with_past(self, use: Use) -> dict[str, float]:
        return self._had_with_past().get((use.account, use.user), {})

    def _had_with_past(self) -> dict[tuple[str, str], dict[str, float]]:
        """What everybody had used by the opening according to the jobs on record, the opening's past among them."""
        if not self._had:
            past = ((job, job.started, job.ended) for job in self._simulator.told_past())
            self._had = self._sums((*self._before, *past))
        return self._had

    def _sums(self, runs: Iterable[Run]) -> dict[tuple[str, str], dict[str, float]]:
        typed = [(i, name) for i, name in enumerate(self._simulator.resources.names) if ":" in name or name == "cpu"]
        sums: dict[tuple[str, str], dict[str, float]] = {}
        for job, began, ended in runs:
            theirs = sums.setdefault((job.account, job.user), {})
            for i, name in typed:
                if job.amounts[i]:
                    theirs[name] = theirs.get(name, 0.0) + job.amounts[i] * (ended - began)
        return sums

    def _spread(self, use: Use, amounts: dict[str, float]) -> _Days:
        """Over the days of the week as people work, some days more than others; on most of them of one resource."""
        simulator = self._simulator
        random = Random(f"{simulator.seed}/{simulator.plan.cluster}/days/{use.account}/{use.user}")
        first = use.begin // DAY
        weights = [
            busyness(day * DAY + NOON_IN_KOREA, 1.0)
            * random.uniform(0.7, 1.3)
            * (min((day + 1) * DAY, self.horizon) - day * DAY)
            for day in range(first, self.last_day + 1)
        ]
        left = {name: amount for name, amount in amounts.items() if amount >= 1.0}
        share = sum(left.values()) / (sum(weights) or 1.0)
        return _Days(first, [_take(random, left, share * weight) for weight in weights])


def _take(random: Random, left: dict[str, float], amount: float) -> dict[str, float]:
    """So much out of what is left, of as few resources as will do."""
    taken: dict[str, float] = {}
    while amount >= 1.0 and left:
        name = random.choices(list(left), list(left.values()))[0] if len(left) > 1 else next(iter(left))
        taken[name] = min(amount, left[name])
        amount -= taken[name]
        left[name] -= taken[name]
        if left[name] < 1.0:
            del left[name]
    return taken


def _one_of(random: Random, kinds: list[tuple[Kind, float]]) -> Kind:
    if len(kinds) == 1:
        return kinds[0][0]
    return random.choices([kind for kind, _ in kinds], [amount for _, amount in kinds])[0]
