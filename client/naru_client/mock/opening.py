"""How a simulated site looks when it is first seen: busy, with a queue and a past, placed directly from the seed.

Simulating days to warm the queue up would cost seconds; a steady state costs milliseconds. What runs has been running
for some share of its life, and the queue is as long as the scenario says. The past, a chain of finished jobs behind
every lane of accelerators, is told only when somebody asks accounting for it. From there on everything follows from
events.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct

from naru_client.hostlist import expand
from naru_client.mock.entities import Allocation, Dependency, Job, Node
from naru_client.mock.scenario import Cast, NodeGroup
from naru_client.mock.work_kinds import KOREA
from naru_client.mock.workload import Kind, Workload

if TYPE_CHECKING:
    from naru_client.mock.simulator import Simulator

BURST = 6.0  # how many more come in a burst, on average
TRIES = 8  # how many jobs in a row may fail to fit before a partition counts as full
OPENING_HOUR = time(9, tzinfo=UTC)


class Lane(Struct, frozen=True, eq=False):
    """What a job held at the opening, since when, and what kind of work went before it there."""

    job: Job
    held: tuple[Allocation, ...]
    since: float
    kind: Kind


def open_world(simulator: "Simulator") -> "Opening":
    """Fill an empty simulator: incidents, the cast, running jobs, the queue, and the first events."""
    opening = Opening(simulator)
    opening.calendar()
    opening.incidents(before_work=True)
    opening.cast()
    for kind in simulator.workload.kinds:
        opening.fill(kind)
    opening.clear_stage()
    for kind in simulator.workload.kinds:
        opening.queue(kind)
    opening.incidents(before_work=False)
    opening.number()
    for kind in simulator.workload.kinds:
        simulator.expect(kind)
    for breakage in ("down", "drain"):
        simulator.expect_breakage(breakage)
    return opening


class Opening:
    def __init__(self, simulator: "Simulator") -> None:
        self.simulator = simulator
        self.plan = simulator.plan
        self.cluster = simulator.cluster
        self.random = simulator.random
        self.workload = simulator.workload
        self.now = simulator.now
        # Ages in a scenario count back from the first look, which comes after the warm-up.
        self.looked_at = self.now + simulator.plan.warm_minutes * 60
        self.running: list[Job] = []
        self.waiting: list[Job] = []
        self.finished: list[Job] = []
        self.lanes: list[Lane] = []
        self.with_past: set[Job] = set()  # running jobs whose lane already has its past
        self.stage: list[Job] = []  # finished jobs of the cast, holding their lanes until the others are placed

    def calendar(self) -> None:
        """Reservations, the pools that open later, and what people had used before."""
        for reservation in self.plan.reservations:
            self.simulator.announce(reservation, self.looked_at + reservation.starts_in_hours * 3600)
        for group in self.plan.nodes:
            opens = self._opens(group)
            if opens is not None and opens > self.now:
                self._not_yet(group, opens)
        limits = self.simulator.limits
        for user in self.plan.users:
            used = self.random.lognormvariate(0.0, 0.8) * 1e6
            kind = limits.accounts[user.account].kind
            keys = (
                ("user", user.account, user.name),
                ("account", user.account),
                ("account", kind),
                ("account", "root"),
            )
            for key in keys:
                limits.tally(*key).base[4] += used

    def _opens(self, group: NodeGroup) -> float | None:
        if group.opens_in_hours is not None:
            return self.looked_at + group.opens_in_hours * 3600
        if group.opens is not None:
            return datetime.combine(group.opens, OPENING_HOUR).timestamp() - KOREA
        return None

    def _not_yet(self, group: NodeGroup, opens: float) -> None:
        day = datetime.fromtimestamp(opens + KOREA, UTC).date()
        for name in expand(group.names):
            node = self.cluster.nodes[name]
            node.drain, node.reason, node.reason_by = True, f"opens {day}", "root"
            node.reason_at = self.now - 86_400
            self.cluster.refile(node)
            self.simulator.repair_at(opens, node)

    def incidents(self, *, before_work: bool) -> None:
        for incident in self.plan.incidents:
            if (incident.state != "draining") == before_work:
                for name in expand(incident.node):
                    node = self.cluster.nodes[name]
                    node.down, node.drain = incident.state == "down", incident.state != "down"
                    node.reason, node.reason_by = incident.reason, incident.by
                    node.reason_at = self.looked_at - incident.hours_ago * 3600
                    self.cluster.refile(node)
                    self.simulator.repair_at(self.now + self.random.uniform(6, 30) * 3600, node)

    def cast(self) -> None:
        by_key: dict[str, Job] = {}
        for entry in self.plan.cast:
            for _ in range(entry.repeat):
                job = self._make(entry)
                conditions = []
                for after in entry.after:
                    key, kind = (after, "afterok") if isinstance(after, str) else (after.key, after.kind)
                    conditions.append(Dependency(kind, by_key[key]))
                if entry.singleton:
                    conditions.append(Dependency("singleton"))
                job.after = tuple(conditions)
                by_key[entry.key or entry.name] = job
                if entry.state == "PENDING":
                    self._wait(job, entry)
                elif entry.state == "RUNNING":
                    self._run(job, self.looked_at - entry.started_minutes_ago * 60, entry.ran_minutes * 60)
                else:
                    self._has_run(job, entry)

    def fill(self, kind: Kind) -> None:
        """Put running jobs into a partition until as much of it is busy as the work wants."""
        partition = self.cluster.partitions[kind.work.partition]
        members = self.cluster.members[partition.name]
        by_cores = not kind.shapes[0][1]
        usable = [node for node in members if node.usable]
        total = sum(node.cpus if by_cores else node.gres_count for node in usable)
        free = sum(node.cpus_free if by_cores else node.gres_free for node in usable)
        failed = drawn = runs = tasks = 0
        while failed < TRIES and free > (1 - kind.work.busy) * total:
            job = self.workload.draw(kind, self.now, met=True)
            drawn, tasks = drawn + 1, tasks + (len(job.tasks) or 1)
            started = self.now - self.random.random() * (job.run - 15)
            taken = self._place_first(job, started, kind)
            runs += taken
            free -= taken * (job.cpus if by_cores else job.accelerators) * job.nodes
            failed = 0 if taken else failed + 1
        if kind.work.per_hour is None and drawn:
            # Little's law: as many come in a while as run for that long; some come as arrays, some in bursts.
            together = tasks / drawn * (1 + kind.work.bursts * BURST)
            kind.per_hour = runs / kind.mean_run * 3600 / together

    def queue(self, kind: Kind) -> None:
        """Let jobs wait for a partition; most of them came in the last hours."""
        for _ in range(kind.work.pending):
            waited = min(86_400.0, self.random.expovariate(1 / 7200.0))
            job = self.workload.draw(kind, self.now - waited)
            job.eligible = job.submitted
            self.waiting.append(job)

    def clear_stage(self) -> None:
        for job in self.stage:
            self.cluster.give_back(job, job.ended)

    def number(self) -> None:
        """Ids in the order of submission, and every job where it belongs."""
        simulator = self.simulator
        everything = [*self.finished, *self.running, *self.waiting]
        everything.sort(key=lambda job: (job.submitted, job.array_group, job.started, job.name, job.het_offset))
        groups: dict[Job, int] = {}
        for job in everything:
            job.id = simulator.numbers.place(job.submitted)
            if job.array is not None:
                groups.setdefault(job.array, job.id)
        for job in everything:
            group = job.array
            if group is not None:
                job.array_id = group.id or groups[group]
                if job.finished:
                    group.ends[job.task] = job.state
                    group.open_tasks -= 1
                elif job.running:
                    group.tasks_running += 1
            if job.finished and not job.completing and job.ended + self.plan.min_job_age <= self.now:
                simulator.records[job.id, job.started] = job
            else:
                simulator.adopt(job)
        simulator.started = len(self.running) + len(self.finished)
        simulator.ended, simulator.submitted = len(self.finished), len(everything)

    def past(self) -> Iterator[Job]:
        """Behind every job that ran at the opening, on the very accelerators it had, a chain of earlier ones."""
        self.random = Random(f"{self.simulator.seed}/{self.plan.cluster}/past")
        workload = Workload(self.plan, self.cluster, self.simulator.resources, self.random)
        horizon = self.now - self.plan.history_hours * 3600
        for lane in self.lanes:
            if lane.job in self.with_past:
                continue
            for job in self._chain(lane, horizon, workload):
                job.id = self.simulator.numbers.place_past(job.submitted)
                yield job

    # One job of the cast

    def _make(self, entry: Cast) -> Job:
        job = self.workload.make(
            user=entry.user, name=entry.name, partition=entry.partition, nodes=entry.nodes, account=entry.account,
            accelerators=entry.accelerators, cores=entry.cores, hours=entry.hours, features=entry.features,
            now=self.looked_at - entry.submitted_minutes_ago * 60, qos=entry.qos, comment=entry.comment,
        )  # fmt: skip
        job.on_node, job.reservation = entry.on_node, entry.reservation
        if entry.begin_in_minutes is not None:
            job.begin = self.looked_at + entry.begin_in_minutes * 60
        if entry.licenses:
            job.licenses = read_licenses(entry.licenses)
        job.held = entry.hold
        self.workload.fate(job)
        job.behaviour = entry.behaviour
        return job

    def _wait(self, job: Job, entry: Cast) -> None:
        if entry.array:
            self.workload.make_array(job, entry.array, entry.throttle)
            self._begin_array(job, entry)
        parts = [job]
        for offset, (nodes, accelerators, cores) in enumerate(entry.het, 1):
            part = self.workload.make(
                user=job.user, account=job.account, name=job.name, partition=entry.partition, nodes=nodes,
                accelerators=accelerators, cores=cores, hours=entry.hours, now=job.submitted, qos=entry.qos,
                comment=entry.comment,
            )  # fmt: skip
            part.het_offset, part.run, part.outcome, part.exit_code = offset, job.run, job.outcome, job.exit_code
            parts.append(part)
        if len(parts) > 1:
            for part in parts:
                part.het = tuple(parts)
        self.waiting.extend(parts)

    def _begin_array(self, group: Job, entry: Cast) -> None:
        """The tasks that are done and those that run now, where the done ones were before."""
        done = [self.workload.split(group) for _ in range(entry.tasks_done)]
        lanes = [self.workload.split(group) for _ in range(entry.tasks_running)]
        for i, lane in enumerate(lanes):
            self._run(lane, self.looked_at - entry.started_minutes_ago * 60 - 41 * i, entry.ran_minutes * 60)
            self.with_past.add(lane)
        free_since = [lane.started for lane in lanes]
        for i, task in enumerate(done):
            k = i % len(lanes)
            task.outcome, task.exit_code, task.held_nodes = "COMPLETED", 0, lanes[k].held_nodes
            self._finish(task, free_since[k] - 9, 19 * 60 + 37 * i)
            free_since[k] = task.started

    def _run(self, job: Job, started: float, run: float) -> None:
        started = min(started, self.now)
        job.run = max(run or job.limit * self.random.uniform(0.7, 0.95), self.looked_at - started + 300)
        job.outcome, job.exit_code, job.cancelled_by = "COMPLETED", 0, ""
        if job.behaviour == "hang":
            job.run, job.outcome = job.limit, "TIMEOUT"
        self._take(job, self._room(job), started)

    def _has_run(self, job: Job, entry: Cast) -> None:
        job.outcome, job.exit_code, job.signal = entry.state, entry.exit_code, entry.signal
        ended = self.looked_at - entry.started_minutes_ago * 60 + entry.ran_minutes * 60
        self.cluster.take(job, self._room(job))
        job.cancelled_by = job.user if entry.state == "CANCELLED" else ""
        self._finish(job, ended, entry.ran_minutes * 60)
        if entry.stuck_minutes:
            job.completing, job.epilog = True, entry.stuck_minutes * 60
        else:
            self.stage.append(job)

    def _finish(self, job: Job, ended: float, ran: float) -> None:
        job.state, job.started, job.ended = job.outcome, ended - ran, min(ended, self.now - 1)
        job.run = job.ended - job.started
        job.submitted = min(job.submitted, job.started)
        job.eligible = job.submitted
        self.finished.append(job)

    # Placing

    def _place_first(self, job: Job, started: float, kind: Kind) -> int:
        """Start a drawn job, or the first tasks of a drawn array, where there is room; how many were started."""
        group = job
        tasks = min(group.throttle or 1, len(group.tasks) - 1) if group.array_group else 1
        placed = 0
        for _ in range(tasks):
            nodes = self._room(job, self.now if group.array_group else started)
            if not nodes or self.simulator.limits.obstacle(job, job.partition, self.now):
                break
            if group.array_group:
                job = self.workload.split(group)
                self.workload.fate(job, kind.work.used_share, met=True)
                started = self.now - self.random.random() * (job.run - 15)
            waited = self.random.expovariate(1 / 2400.0)
            group.submitted = min(group.submitted, started - waited)
            job.submitted = group.submitted
            self._take(job, nodes, started)
            placed += 1
        if placed and group.array_group:
            for task in (j for j in self.running if j.array is group):
                task.submitted = task.eligible = group.submitted
            group.eligible = group.submitted
            self.waiting.append(group)
        return placed

    def _room(self, job: Job, started: float | None = None) -> tuple[Node, ...]:
        """The nodes a job fits on now. One that was let in at `started` would not have been if it
        could have run into a maintenance."""
        closed = 0
        for window in self.cluster.windows:
            if window.admits(job):
                closed |= ~window.mask if window.start <= self.now else -1
            elif window.start <= self.now or (started is not None and window.start < started + job.limit):
                closed |= window.mask
        return self.cluster.find_room(job, job.partition, ~closed)

    def _take(self, job: Job, nodes: tuple[Node, ...], started: float) -> None:
        """A job of the cast for which there is no room at the opening waits instead."""
        if not nodes:
            self.waiting.append(job)
            return
        if job.partitions:
            job.partitions = ()
        self.cluster.take(job, nodes)
        job.state, job.started = "RUNNING", started
        job.submitted = min(job.submitted, started)
        job.eligible = job.submitted
        self.simulator.limits.enter(job)
        self.simulator.limits.begin(job, self.now)
        self.simulator.gates.lend(job, 1)
        self.running.append(job)
        kind = self.workload.kind_for(job.partition.name)
        if kind is not None:
            self.lanes.append(Lane(job, job.held_nodes, started, kind))

    def _chain(self, lane: Lane, horizon: float, workload: Workload) -> Iterator[Job]:
        end = lane.since
        while True:
            end -= self.random.uniform(5, 240)
            before = workload.draw(lane.kind, 0.0)
            before.array, before.tasks, before.throttle = None, [], 0
            for name in ("nodes", "accelerators", "gres_name", "gres_type", "cpus", "memory"):
                setattr(before, name, getattr(lane.job, name))
            before.amounts = self.simulator.resources.amounts(before)
            before.state, before.ended, before.started = before.outcome, end, end - min(before.run, before.limit)
            if before.ended < horizon:
                return
            before.submitted = before.started - self.random.expovariate(1 / 2400.0)
            before.eligible = before.submitted
            before.held_nodes = lane.held
            end = before.started
            yield before


def read_licenses(text: str) -> tuple[tuple[str, int], ...]:
    """`matlab:2,fluent` as pairs."""
    pairs = (part.partition(":") for part in text.split(",") if part)
    return tuple((name, int(count or 1)) for name, _, count in pairs)
