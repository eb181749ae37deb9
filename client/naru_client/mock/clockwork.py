"""The works of a simulated site: its parts, its one heap of events, and when the scheduler has its turn.

Pure: no wall clock, no global generator, no input or output. `advance` moves time, and nothing else does.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any

from naru_client.mock.cluster import Cluster
from naru_client.mock.entities import Job, Node
from naru_client.mock.fair_share import Priorities
from naru_client.mock.gates import Gates
from naru_client.mock.limits import Limits
from naru_client.mock.numbers import Numbers
from naru_client.mock.scenario import Partition, SitePlan
from naru_client.mock.scheduler import Scheduler
from naru_client.mock.tres import Resources
from naru_client.mock.workload import Workload, with_tenants

REPRIORITISE = 300.0  # Slurm's PriorityCalcPeriod


class Clockwork(ABC):
    """A site at `now` (epoch seconds). What starts and stops jobs stands in `Runs`, what people do in `Deeds`."""

    def __init__(self, plan: SitePlan, seed: int, start: float) -> None:
        self.plan = plan = with_tenants(plan, seed)
        self.seed = seed
        self.random = Random(f"{seed}/{plan.cluster}")
        self.cluster = Cluster(plan)
        self.resources = Resources(self.cluster)
        self.now = start - plan.warm_minutes * 60
        self.opened = self.now
        self.limits = Limits(plan, self.resources, self.opened)
        self.priorities = Priorities(plan, self.cluster, self.limits)
        self.gates = Gates(self.cluster, plan.licenses, self._rivals)
        self.workload = Workload(plan, self.cluster, self.resources, self.random)
        self.scheduler = Scheduler(
            plan, self.cluster, self.limits, self.priorities, self.gates,
            start=self._start, preempt=self._preempt, next_task=self.next_task,
        )  # fmt: skip
        self.numbers = Numbers(plan.first_job_id, self._first_rate(), self.opened)
        self.jobs: dict[int, Job] = {}
        self.records: dict[tuple[int, float], Job] = {}
        self.waiting: dict[str, int] = dict.fromkeys(self.cluster.partitions, 0)  # by (first) partition
        self.jobs_changed = self.nodes_changed = self.calendar_changed = self.partitions_changed = self.now
        self.backfilled = self.now
        self.started = self.ended = self.submitted = self.cancelled = self.failed = 0
        self._events: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._sequence = 0
        self._dirty: set[int] = set()  # components to look at quickly, and those to plan
        self._unplanned: set[int] = set()
        self._pass_due = self._backfill_due = False
        self._dependents: dict[Job, list[Job]] = {}

    @abstractmethod
    def _start(self, job: Job, partition: Partition, nodes: tuple[Node, ...]) -> Job:
        """Make a job run; of an array group, its next task, which is what is returned."""

    @abstractmethod
    def _preempt(self, victims: list[Job]) -> None:
        """Make running jobs give way."""

    def advance(self, to: float) -> None:
        """Let time pass until `to`; a time already past changes nothing."""
        while self._events and self._events[0][0] <= to:
            self.now, _, event, subject = heappop(self._events)
            event(subject)
        self.now = max(self.now, to)

    def touch(self, job: Job) -> None:
        """Something about the job has changed: the scheduler is to look at it."""
        job.wire = b""
        self.jobs_changed = self.now
        for partition in job.where:
            self._schedule(self.cluster.component[partition.name])

    def depend(self, job: Job) -> None:
        """Remember on whom a job depends."""
        for condition in job.after:
            if condition.job is not None:
                self._dependents.setdefault(condition.job, []).append(job)

    def next_task(self, group: Job) -> int | None:
        """The task of a group that would start next; None when all that wait depend on tasks that are not done."""
        for condition in group.after:
            if condition.kind == "aftercorr" and condition.job is not None:
                other = condition.job
                return next((t for t in group.tasks if self.gates.task_state(other, t) == "COMPLETED"), None)
        return group.tasks[0] if group.tasks else None

    def _rivals(self, job: Job) -> int:
        return sum(
            not other.finished and other.user == job.user and other.name == job.name and other.id < job.id
            for other in self.jobs.values()
        )

    def _first_rate(self) -> float:
        """About how many jobs an hour to leave numbers for, before it is known."""
        per_node = 0.4
        return sum(w.per_hour or per_node * len(self.cluster.members[w.partition]) for w in self.plan.work)

    def _pass(self, _: None) -> None:
        self._pass_due = False
        dirty, self._dirty = sorted(self._dirty), set()
        for component in dirty:
            self._look(component, plan=False)

    def _backfill(self, _: None) -> None:
        self._backfill_due, self.backfilled = False, self.now
        unplanned, self._unplanned = sorted(self._unplanned), set()
        for component in unplanned:
            self._look(component, plan=True)

    def _look(self, component: int, *, plan: bool) -> None:
        if self.scheduler.look(component, self.now, plan=plan):
            self.jobs_changed = self.now
            if plan:
                self.nodes_changed = self.now

    def _reprioritise(self, _: None) -> None:
        """Fair share: who has used more than others of late stands further back."""
        if self.plan.half_life_days:
            self.limits.fade(0.5 ** (REPRIORITISE / (self.plan.half_life_days * 86_400)), self.now)
        self.priorities.rank(self.now)
        self.scheduler.reprioritise(self.now)
        self.jobs_changed = self.now
        self._touch_all()
        self._after(self.now + REPRIORITISE, self._reprioritise, None)

    def _enter(self, job: Job) -> None:
        job.id = self.numbers.take()
        if job.array_group:
            job.array_id = job.id
        self.jobs[job.id] = job
        self.limits.enter(job, len(job.tasks) or 1)
        self._line_up(job)

    def _line_up(self, job: Job) -> None:
        self.waiting[job.partition.name] += 1
        self.scheduler.enter(job)
        self.scheduler.prioritise(job, self.now)
        self.depend(job)

    def _leave(self, job: Job) -> None:
        self.waiting[job.partition.name] -= 1
        self.scheduler.leave(job)

    def _touch_node(self, node: Node) -> None:
        for name in node.partitions:
            self._schedule(self.cluster.component[name])

    def _touch_all(self) -> None:
        for component in self.scheduler.lines:
            self._schedule(component)

    def _schedule(self, component: int) -> None:
        self._dirty.add(component)
        self._unplanned.add(component)
        if not self._pass_due:
            self._pass_due = True
            every = self.plan.schedule_seconds
            self._after(self.now - self.now % every + every, self._pass, None)
        if not self._backfill_due:
            self._backfill_due = True
            every = self.plan.backfill_seconds
            self._after(self.now - self.now % every + every, self._backfill, None)

    def _after(self, time: float, event: Callable[[Any], None], subject: Any) -> None:
        self._sequence += 1
        heappush(self._events, (time, self._sequence, event, subject))
