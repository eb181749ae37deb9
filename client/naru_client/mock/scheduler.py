"""One pass of the scheduler over the waiting jobs of some partitions: who starts, who waits, why, and until when.

In order of partition tier, priority, then age, each job passes the gates (holds, times, dependencies, the shape the
partition allows), the caps, and then the planner. If it fits now without delaying anybody ahead of it, it starts; else
it is planned and the next one is looked at: conservative backfill, over the first `DEPTH` waiting jobs. Those behind
wait with reason Priority and no expected start, as in Slurm beyond `bf_max_job_test`.
"""

from collections.abc import Callable

from naru_client.mock.cluster import Cluster, Job, Node
from naru_client.mock.limits import Usage
from naru_client.mock.planner import NEVER, Planner
from naru_client.mock.scenario import Scenario

DEPTH = 60
AGE_WEIGHT, AGE_MOST = 10_000, 7 * 86_400.0
FAIR_WEIGHT = 20_000
QOS_WEIGHT, PARTITION_WEIGHT = 1_000, 1_000
HOPELESS = frozenset(
    {"DependencyNeverSatisfied", "PartitionTimeLimit", "PartitionNodeLimit", "PartitionConfig",
     "QOSMaxWallDurationPerJobLimit"}
)  # fmt: skip


class Scheduler:
    """Decides; the simulator it was given carries out (`start` makes a job run on some nodes)."""

    def __init__(
        self, scenario: Scenario, cluster: Cluster, usage: Usage, start: Callable[[Job, tuple[Node, ...]], Job]
    ) -> None:
        self.cluster = cluster
        self.usage = usage
        self.start = start
        self.fair: dict[str, float] = dict.fromkeys((u.name for u in scenario.users), 0.5)
        self.qos_priority = {q.name: q.priority for q in scenario.qos}

    def run(self, waiting: list[Job], component: int, now: float) -> bool:
        """One pass over one group of partitions. True when anything that can be seen has changed."""
        names = [name for name, number in self.cluster.component.items() if number == component]
        nodes = {node.name: node for name in names for node in self.cluster.members[name]}
        if not waiting and not any(node.planned for node in nodes.values()):
            return False
        planner = Planner(nodes, self.cluster.windows, now)
        before = [(job.reason, job.planned_start, job.priority, len(job.tasks)) for job in waiting]
        planned_before = [node.planned for node in nodes.values()]
        for node in nodes.values():
            node.planned = False
        for job in waiting:
            job.priority = self._priority(job, now)
            job.planned_start, job.planned_nodes, job.detail = 0.0, (), ""
        order = sorted(waiting, key=lambda j: (-j.partition.tier, -j.priority, j.submitted, j.id, j.het_offset))
        first_blocked: set[str] = set()
        tried = 0
        for job in order:
            if job.het_offset:
                continue  # goes with its leader
            job.reason = self._gate(job, now)
            if job.reason:
                job.planned_start = job.begin if job.reason == "BeginTime" else 0.0
            elif tried >= DEPTH:
                job.reason = "Priority"
            else:
                tried += 1
                self._try(job, planner, first_blocked, now)
            for part in job.het[1:]:
                part.reason, part.detail, part.eligible = job.reason, job.detail, job.eligible
        after = [(job.reason, job.planned_start, job.priority, len(job.tasks)) for job in waiting]
        return before != after or planned_before != [node.planned for node in nodes.values()]

    def _gate(self, job: Job, now: float) -> str:
        """What keeps a job from being considered at all; empty when nothing does."""
        reason = ""
        if job.held:
            reason = "JobHeldUser" if job.held == "user" else "JobHeldAdmin"
        elif any(parent.finished and parent.state != "COMPLETED" for parent in job.after):
            reason = "DependencyNeverSatisfied"
        elif not all(parent.finished for parent in job.after):
            reason = "Dependency"
        elif job.begin > now:
            reason = "BeginTime"
        job.eligible = 0.0 if reason else (job.eligible or max(now, job.submitted))
        if reason:
            return reason
        job.evaluated = now
        partition = job.partition
        if job.limit > partition.max_hours * 3600:
            return "PartitionTimeLimit"
        if partition.max_nodes is not None and job.nodes > partition.max_nodes:
            return "PartitionNodeLimit"
        if len(able := self._able(job)) < job.nodes:
            return "PartitionConfig"
        if job.reservation and not any(w.name == job.reservation and w.start <= now for w in self.cluster.windows):
            return "Reservation"
        if sum(node.usable for node in able) < job.nodes:
            out = ",".join(node.name for node in able if not node.usable)
            job.detail = f"ReqNodeNotAvail, UnavailableNodes:{out}"
            return "ReqNodeNotAvail"
        return ""

    def _try(self, job: Job, planner: Planner, first_blocked: set[str], now: float) -> None:
        """Start the job, or as many of its tasks as may start, or plan it and say why it waits."""
        while True:
            if job.array_group and job.throttle and self._tasks_running(job) >= job.throttle:
                job.reason = "JobArrayTaskLimit"
                return
            parts = job.het or (job,)
            job.reason = next(filter(None, (self.usage.obstacle(part) for part in parts)), "")
            if job.reason:
                return
            start, places = self._place(parts, planner, now)
            if start == NEVER:
                job.reason = "Resources"
                return
            for part, nodes in zip(parts, places, strict=True):
                planner.occupy(part, start, nodes)
            if start > now:
                break
            last = not job.array_group or len(job.tasks) == 1
            for part, nodes in zip(parts, places, strict=True):
                self.start(part, nodes)
            if last:
                return
        for part, nodes in zip(parts, places, strict=True):
            part.planned_start, part.planned_nodes = start, nodes
        name = job.partition.name
        if planner.blocked_by_maintenance(job, self._able(job)):
            job.reason, job.detail = "ReqNodeNotAvail", "ReqNodeNotAvail, Reserved for maintenance"
        elif name in first_blocked:
            job.reason = "Priority"
        else:
            job.reason = "Resources"
            first_blocked.add(name)
            for nodes in places:
                for node in nodes:
                    node.planned = True

    def _place(self, parts: tuple[Job, ...], planner: Planner, now: float) -> tuple[float, list[tuple[Node, ...]]]:
        """One time at which all components fit, and where. A component after another one does not see the nodes of
        the first as taken, so each is given nodes of its own."""
        at = now
        while True:
            places: list[tuple[Node, ...]] = []
            latest = at
            for part in parts:
                taken = {node.name for nodes in places for node in nodes}
                members = tuple(node for node in self._able(part) if node.name not in taken)
                start, nodes = planner.find(part, members, at)
                if start == NEVER:
                    return NEVER, []
                places.append(nodes)
                latest = max(latest, start)
            if latest == at or len(parts) == 1:
                return latest, places
            at = latest

    def _able(self, job: Job) -> tuple[Node, ...]:
        if job.able is None:
            job.able = tuple(node for node in self.cluster.members[job.partition.name] if job.fits_empty(node))
        return job.able

    def _tasks_running(self, group: Job) -> int:
        on_nodes = (job for node in self.cluster.members[group.partition.name] for job in node.jobs)
        return sum(job.array is group and job.running for job in on_nodes)  # a task has one node

    def _priority(self, job: Job, now: float) -> int:
        if job.held:
            return 0
        age = min(1.0, (now - job.eligible) / AGE_MOST) if job.eligible else 0.0
        return int(
            1
            + AGE_WEIGHT * age
            + FAIR_WEIGHT * self.fair[job.user]
            + PARTITION_WEIGHT * job.partition.factor
            + QOS_WEIGHT * self.qos_priority[job.qos]
        )
