"""One look of the scheduler at the waiting jobs of some partitions: who starts, who waits, why, and until when.

Two kinds of look, as in Slurm. The quick one goes down the queue in order of partition tier, priority and age, and
starts what fits; the first job of a partition that does not fit closes that partition's nodes to those behind it. The
planning one (backfill) goes on: a job that does not fit is given the earliest span in which it would, and one behind
it starts now only if that delays nobody who was planned. It plans the first `backfill-depth` jobs; those behind wait
with reason Priority and no expected start, as beyond Slurm's `bf_max_job_test`.

Simpler than Slurm: no topology, no time slicing, no overcommitting of cores, and preemption is by QOS alone.
"""

from collections.abc import Callable

from naru_client.mock.cluster import Cluster
from naru_client.mock.entities import NEVER, Job, Node
from naru_client.mock.fair_share import Priorities
from naru_client.mock.gates import Gates
from naru_client.mock.hostlist import compress
from naru_client.mock.limits import Limits
from naru_client.mock.scenario import Partition, SitePlan
from naru_client.mock.spans import Spans

Start = Callable[[Job, Partition, tuple[Node, ...]], Job]
Preempt = Callable[[list[Job]], None]
TASKS_PLANNED = 20  # of an array at a time: Slurm's bf_max_job_array_resv
PLANNED_REASONS = ("Resources", "Priority", "ReqNodeNotAvail")  # a quick look leaves what was planned for these

Next = Callable[[Job], int | None]  # the task of a group that would start next; None when none may


class Scheduler:
    """Decides; what it was given carries out. `lines` are the waiting jobs of each group of partitions."""

    def __init__(
        self, plan: SitePlan, cluster: Cluster, limits: Limits, priorities: Priorities, gates: Gates,
        *, start: Start, preempt: Preempt, next_task: Next,
    ) -> None:  # fmt: skip
        self.plan = plan
        self.cluster = cluster
        self.limits = limits
        self.priorities = priorities
        self.gates = gates
        self.start, self.preempt, self.next_task = start, preempt, next_task
        self.partitions = {p.name: p for p in plan.partitions}
        self.lines: dict[int, dict[Job, None]] = {number: {} for number in set(cluster.component.values())}
        self.preemptors = {q.name: frozenset(q.preempts) for q in plan.qos if q.preempts}
        self._planned: dict[int, int] = {}  # by component, the nodes that are kept for those who come next

    def enter(self, job: Job) -> None:
        """A job waits."""
        for partition in job.where:
            self.lines[self.cluster.component[partition.name]][job] = None

    def leave(self, job: Job) -> None:
        """A job no longer waits."""
        for partition in job.where:
            self.lines[self.cluster.component[partition.name]].pop(job, None)

    def look(self, component: int, now: float, *, plan: bool) -> bool:
        """One pass over one group of partitions. True when anything that can be seen has changed."""
        return _Pass(self, component, now, plan).run()

    def reprioritise(self, now: float) -> None:
        """Set the priority of every waiting job anew."""
        for line in self.lines.values():
            for job in line:
                self.prioritise(job, now)

    def prioritise(self, job: Job, now: float) -> None:
        priority = self.priorities.priority(job, now)
        if priority != job.priority:
            job.priority, job.wire = priority, b""

    def mark_planned(self, component: int, mask: int) -> bool:
        """Keep these nodes for those who come next; whether that is anything new."""
        before = self._planned.get(component, 0)
        if before == mask:
            return False
        for node in self.cluster.at(before ^ mask):
            node.planned, node.wire = bool(mask & node.bit), b""
        self._planned[component] = mask
        return True


def _shown(job: Job) -> tuple[object, ...]:
    """What can be seen of a job that a look may change."""
    return (job.reason, job.detail, job.planned_start, job.planned_nodes, job.eligible, len(job.tasks))


def rank(job: Job) -> tuple[int, int, float, int, int]:
    """The order in which jobs are looked at."""
    return (-max(p.tier for p in job.where), -job.priority, job.submitted, job.id, job.het_offset)


def home(part: Job, partition: Partition) -> Partition:
    """Where a component of a het job runs when its leader runs in this partition."""
    return part.partition if part.het_offset else partition


class _Pass:
    def __init__(self, scheduler: Scheduler, component: int, now: float, plan: bool) -> None:
        self.s = scheduler
        self.cluster = scheduler.cluster
        self.component = component
        self.now = now
        self.plan = plan
        self.spans = Spans(self.cluster, now)
        self.closed = 0  # nodes of partitions whose first job waits: not for those behind it, in a quick look
        self.waiting_in: set[str] = set()  # partitions in which a job waits for resources
        self.planned = 0
        self.tried = 0
        self.changed = False

    def run(self) -> bool:
        for job in sorted(self.s.lines[self.component], key=rank):
            if job.pending and not job.het_offset:  # a component goes with its leader
                self._consider(job)
        if self.plan:
            self.changed |= self.s.mark_planned(self.component, self.planned)
        return self.changed

    def _consider(self, job: Job) -> None:
        before = _shown(job)
        reason = self.s.gates.eligibility(job, self.now)
        for part in job.het[1:]:  # none starts before all may
            reason = reason or self.s.gates.eligibility(part, self.now)
        job.detail = ""
        if reason:
            job.reason, job.eligible = reason, 0.0
            job.planned_start, job.planned_nodes = (job.begin if reason == "BeginTime" else 0.0), ()
        else:
            if not job.eligible:
                job.eligible = max(self.now, job.submitted)
                self.s.prioritise(job, self.now)
            self._place(job)
        if before != _shown(job):
            self.changed = True
            job.wire = b""
        for part in job.het[1:]:
            self._follow(part, job)

    def _follow(self, part: Job, leader: Job) -> None:
        """A further component waits for what its leader waits for, and is planned with it."""
        if (part.reason, part.detail, part.eligible) != (leader.reason, leader.detail, leader.eligible):
            part.reason, part.detail, part.eligible, part.wire = leader.reason, leader.detail, leader.eligible, b""
            self.s.prioritise(part, self.now)
        if part.planned_start and not leader.planned_start:
            part.planned_start, part.planned_nodes, part.wire = 0.0, (), b""
        part.evaluated = leader.evaluated

    def _place(self, job: Job) -> None:
        """Try each partition of the job that belongs to this component, the highest tier first."""
        here = [p for p in job.where if self.cluster.component[p.name] == self.component]
        if self.plan:
            job.planned_start, job.planned_nodes = 0.0, ()
        reason = ""
        for partition in sorted(here, key=lambda p: -p.tier):
            told = self._place_in(job, partition)
            if not job.pending:
                return
            reason = reason or told
        job.reason = reason
        if reason not in PLANNED_REASONS or job.planned_start < self.now:
            job.planned_start, job.planned_nodes = 0.0, ()
        job.evaluated = self.now

    def _place_in(self, job: Job, partition: Partition) -> str:
        """Start the job there, or as many of its tasks as may start, or say why it waits, and plan it."""
        s = self.s
        reason = s.gates.shape(job, partition)
        if reason == "ReqNodeNotAvail":
            out = self.cluster.able(job, partition) & ~self.cluster.usable
            job.detail = "ReqNodeNotAvail, UnavailableNodes:" + compress(node.name for node in self.cluster.at(out))
        if reason:
            return reason
        if job.reservation and not any(w.name == job.reservation and w.start <= self.now for w in self.cluster.windows):
            return "Reservation"
        parts = job.het or (job,)
        for part in parts[1:]:
            if reason := s.gates.shape(part, part.partition):
                return reason
        while True:
            if job.array is not None and job.throttle and job.array.tasks_running >= job.throttle:
                return "JobArrayTaskLimit"
            if job.array_group and s.next_task(job) is None:
                return "Dependency"
            for i, part in enumerate(parts):
                if reason := s.limits.obstacle(part, home(part, partition), self.now, parts[:i]):
                    return reason
            if not s.gates.licensed(parts):
                return "Licenses"
            if self.plan and self.tried >= s.plan.backfill_depth:
                return "Priority"
            places = self._room(parts, partition)
            if not places:
                break
            last = not job.array_group or len(job.tasks) == 1
            for part, nodes in zip(parts, places, strict=True):
                s.start(part, home(part, partition), nodes)
            self.changed = True
            self.spans.changed()
            if last:
                return "None"
        return self._wait(job, parts, partition)

    def _room(self, parts: tuple[Job, ...], partition: Partition) -> list[tuple[Node, ...]]:
        """Nodes for every component now, without delaying anybody who was planned; empty when there are not enough."""
        places: list[tuple[Node, ...]] = []
        taken = self.closed
        for part in parts:
            allowed = ~(self.spans.closed(part, self.now, self.now + part.limit) | taken)
            nodes = self.cluster.find_room(part, home(part, partition), allowed)
            if not nodes:
                return []
            places.append(nodes)
            if len(parts) > 1:
                taken |= sum(node.bit for node in nodes)
        return places

    def _wait(self, job: Job, parts: tuple[Job, ...], partition: Partition) -> str:
        if self._kept_by_maintenance(job, partition):
            reason, job.detail = "ReqNodeNotAvail", "ReqNodeNotAvail, Reserved for maintenance"
        else:
            reason = "Priority" if partition.name in self.waiting_in else "Resources"
            self.waiting_in.add(partition.name)
        if not self.plan:
            if reason != "ReqNodeNotAvail" and not job.reservation:
                wanted = self.cluster.able(job, partition) if job.on_node else self.cluster.masks[partition.name]
                self.closed |= wanted
            return reason
        self.tried += 1
        self._make_room(job, partition)
        start, masks = self._plan(parts, partition)
        if start != NEVER:
            for part, mask in zip(parts, masks, strict=True):
                self.spans.keep(start, start + part.limit, mask)
                before = _shown(part)
                part.planned_start, part.planned_nodes = start, tuple(self.cluster.at(mask))
                if part.het_offset and before != _shown(part):
                    part.wire, self.changed = b"", True
                if reason == "Resources":
                    self.planned |= mask
            if job.array_group:
                self._plan_more(job, partition, start)
        return reason

    def _plan_more(self, group: Job, partition: Partition, after: float) -> None:
        """Keep room for the next tasks of a group as well, as many as may run beside each other."""
        most = min(TASKS_PLANNED, len(group.tasks))
        if group.throttle:
            most = min(most, group.throttle - group.tasks_running)
        for _ in range(most - 1):
            start, mask = self.spans.earliest(group, partition, after)
            if start == NEVER:
                return
            self.spans.keep(start, start + group.limit, mask)

    def _plan(self, parts: tuple[Job, ...], partition: Partition) -> tuple[float, list[int]]:
        """One time at which all components fit, and where; each is given nodes of its own."""
        at = self.now
        while True:
            masks: list[int] = []
            latest, taken = at, 0
            for part in parts:
                start, mask = self.spans.earliest(part, home(part, partition), at, taken)
                if start == NEVER:
                    return NEVER, []
                masks.append(mask)
                taken |= mask
                latest = max(latest, start)
            if latest == at or len(parts) == 1:
                return latest, masks
            at = latest

    def _kept_by_maintenance(self, job: Job, partition: Partition) -> bool:
        """There would be room at this moment, but the job could run into a maintenance."""
        end = self.now + job.limit
        crossing = 0
        for window in self.cluster.windows:
            if window.maintenance and window.start < end:
                crossing |= window.mask
        if not crossing:
            return False
        nodes = self.cluster.find_room(job, partition, -1)
        return any(node.bit & crossing for node in nodes)

    def _make_room(self, job: Job, partition: Partition) -> None:
        """Let running jobs of lesser QOS give way, the latest started first, when that is enough for the whole job."""
        lesser = self.s.preemptors.get(job.qos)
        if not lesser or job.het:
            return
        closed = self.spans.reserved(job, self.now, self.now + job.limit)
        mask = self.cluster.able(job, partition) & self.cluster.usable & ~closed
        found: list[tuple[int, float, int, list[Job]]] = []
        for node in self.cluster.at(mask):
            victims: list[Job] = []
            gres, cores, memory = node.gres_free, node.cpus_free, node.free_memory
            for other in sorted(node.jobs, key=lambda j: (j.priority, -j.started)):
                if gres >= job.accelerators and cores >= job.cpus and memory >= job.memory:
                    break
                if other.completing:  # on its way out already
                    gres, cores, memory = gres + other.accelerators, cores + other.cpus, memory + other.memory
                elif other.qos in lesser and not other.het:  # a component does not give way without the others
                    victims.append(other)
                    gres, cores, memory = gres + other.accelerators, cores + other.cpus, memory + other.memory
            if gres >= job.accelerators and cores >= job.cpus and memory >= job.memory:
                found.append((len(victims), -max((v.started for v in victims), default=0.0), node.index, victims))
        if len(found) < job.nodes:
            return
        found.sort(key=lambda entry: entry[:3])
        victims = list(dict.fromkeys(v for *_, several in found[: job.nodes] for v in several))
        if victims:
            self.s.preempt(victims)
            self.spans.changed()
            self.changed = True
