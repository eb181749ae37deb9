"""How the simulated centre looks when it is first seen: busy, with a queue and a past, placed directly from the seed.

Simulating days to warm the queue up would cost seconds; a steady state costs milliseconds. What runs has been running
for some share of its life; every lane of accelerators has a chain of finished jobs behind it; the queue is as long as
the scenario says. From there on everything follows from events.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from naru_client.mock.cluster import Allocation, Job, Node
from naru_client.mock.scenario import Cast, Work

if TYPE_CHECKING:
    from naru_client.mock.simulator import Simulator

TRIES = 12  # how many jobs in a row may fail to fit before a partition counts as full


def open_world(simulator: "Simulator") -> None:
    """Fill an empty simulator: incidents, the cast, running jobs, the queue, the past, and the first events."""
    opening = _Opening(simulator)
    opening.calendar()
    opening.incidents(before_work=True)
    opening.cast()
    for work in simulator.scenario.work:
        opening.fill(work)
    opening.past()
    opening.clear_stage()
    for work in simulator.scenario.work:
        opening.queue(work)
    opening.incidents(before_work=False)
    opening.number()
    for work in simulator.scenario.work:
        simulator.expect(work)
    for kind in ("down", "drain"):
        simulator.expect_fault(kind)


class _Opening:
    def __init__(self, simulator: "Simulator") -> None:
        self.simulator = simulator
        self.scenario = simulator.scenario
        self.cluster = simulator.cluster
        self.random = simulator.random
        self.workload = simulator.workload
        self.now = simulator.now
        # Ages in a scenario count back from the first look, which comes after the warm-up.
        self.looked_at = self.now + simulator.scenario.warm_minutes * 60
        self.running: list[Job] = []
        self.waiting: list[Job] = []
        self.finished: list[Job] = []
        self.with_past: set[Job] = set()  # running jobs whose lane already has its past
        self.stage: list[Job] = []  # finished jobs of the cast, holding their lanes until the past is told

    def calendar(self) -> None:
        for reservation in self.scenario.reservations:
            self.simulator.announce(reservation, self.looked_at + reservation.starts_in_hours * 3600)
        for user in self.scenario.users:
            self.simulator.usage[user.name] = self.random.lognormvariate(0.0, 0.8) * 1e6

    def incidents(self, *, before_work: bool) -> None:
        for incident in self.scenario.incidents:
            if (incident.state != "draining") == before_work:
                node = self.cluster.nodes[incident.node]
                node.down, node.drain = incident.state == "down", incident.state != "down"
                node.reason, node.reason_by = incident.reason, incident.by
                node.reason_at = self.looked_at - incident.hours_ago * 3600
                self.simulator.repair_at(self.now + self.random.uniform(6, 30) * 3600, node)

    def cast(self) -> None:
        by_key: dict[str, Job] = {}
        for entry in self.scenario.cast:
            job = self._make(entry)
            job.after = tuple(by_key[key] for key in entry.after)
            by_key[entry.key or entry.name] = job
            if entry.state == "PENDING":
                self._wait(job, entry)
            elif entry.state == "RUNNING":
                self._run(job, self.looked_at - entry.started_minutes_ago * 60, entry.ran_minutes * 60)
            else:
                self._has_run(job, entry)

    def fill(self, work: Work) -> None:
        """Put running jobs into a partition until as much of it is busy as the work wants."""
        members = self.cluster.members[work.partition]
        by_cores = not work.shapes[0][1]
        total = sum(node.cpus if by_cores else node.gres_count for node in members if node.usable)
        failed = 0
        while failed < TRIES:
            free = sum(node.cpus_free if by_cores else node.gres_free for node in members if node.usable)
            if free <= (1 - work.busy) * total:
                return
            job = self.workload.draw(work, self.now)
            # Seen at a random moment, a long run is more likely than a short one: draw again where it is very short.
            if job.run < 900:
                self.workload.fate(job, work.used_share * 1.5)
            started = self.now - self.random.random() * (job.run - 15)
            if not self._admitted(job, started) or not self._place_first(job, started, work):
                failed += 1
            else:
                failed = 0

    def queue(self, work: Work) -> None:
        """Let jobs wait for a partition; most of them came in the last hours."""
        for _ in range(work.pending):
            waited = min(86_400.0, self.random.expovariate(1 / 7200.0))
            job = self.workload.draw(work, self.now - waited)
            job.eligible = job.submitted
            self.waiting.append(job)

    def past(self) -> None:
        """Behind every running job, on the very accelerators it has, a chain of earlier ones."""
        horizon = self.now - self.scenario.history_hours * 3600
        for job in self.running:
            work = next((w for w in self.scenario.work if w.partition == job.partition.name), None)
            if work is not None and job not in self.with_past:
                self.finished.extend(self._chain(job, work, horizon))

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
            job.id = simulator.next_id
            simulator.next_id += 1
            if job.array is not None:
                groups.setdefault(job.array, job.id)
        for job in everything:
            if job.array is not None:
                job.array_id = job.array.id or groups[job.array]
            if job.finished and not job.completing and job.ended + self.scenario.min_job_age <= self.now:
                simulator.records[job.id] = job
            else:
                simulator.adopt(job)
        simulator.started = len(self.running) + len(self.finished)
        simulator.ended, simulator.submitted = len(self.finished), len(everything)

    # One job of the cast

    def _make(self, entry: Cast) -> Job:
        job = self.workload.make(
            user=entry.user, name=entry.name, partition=entry.partition, nodes=entry.nodes,
            accelerators=entry.accelerators, cores=entry.cores, hours=entry.hours,
            now=self.looked_at - entry.submitted_minutes_ago * 60, qos=entry.qos, comment=entry.comment,
        )  # fmt: skip
        job.on_node, job.reservation = entry.on_node, entry.reservation
        if entry.begin_in_minutes is not None:
            job.begin = self.looked_at + entry.begin_in_minutes * 60
        job.held = entry.hold
        self.workload.fate(job)
        return job

    def _wait(self, job: Job, entry: Cast) -> None:
        if entry.array:
            self.workload.make_array(job, entry.array, entry.throttle)
            self._begin_array(job, entry)
        parts = [job]
        for offset, (nodes, accelerators, cores) in enumerate(entry.het, 1):
            part = self.workload.make(
                user=job.user, name=job.name, partition=entry.partition, nodes=nodes, accelerators=accelerators,
                cores=cores, hours=entry.hours, now=job.submitted, qos=entry.qos, comment=entry.comment,
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
        nodes = self._room(job)
        self._take(job, nodes[: job.nodes], started)

    def _has_run(self, job: Job, entry: Cast) -> None:
        job.outcome, job.exit_code, job.signal = entry.state, entry.exit_code, entry.signal
        ended = self.looked_at - entry.started_minutes_ago * 60 + entry.ran_minutes * 60
        nodes = self._room(job)
        self.cluster.take(job, tuple(nodes[: job.nodes]))
        job.cancelled_by = job.user if entry.state == "CANCELLED" else ""
        self._finish(job, ended, entry.ran_minutes * 60)
        if entry.stuck_minutes:
            job.completing, job.epilog = True, entry.stuck_minutes * 60
        else:
            self.stage.append(job)

    def _finish(self, job: Job, ended: float, ran: float) -> None:
        job.state, job.started, job.ended = job.outcome, ended - ran, min(ended, self.now - 1)
        job.submitted = min(job.submitted, job.started)
        job.eligible = job.submitted
        self.finished.append(job)

    # Placing

    def _admitted(self, job: Job, started: float) -> bool:
        """It would have been let in: inside the caps, and not running into a maintenance."""
        crossing = any(w.maintenance and w.start < started + job.limit for w in self.cluster.windows)
        return not crossing and not self.simulator.caps.obstacle(job)

    def _place_first(self, job: Job, started: float, work: Work) -> bool:
        """Start a drawn job, or the first tasks of a drawn array, where there is room."""
        group = job
        tasks = min(group.throttle or 1, len(group.tasks) - 1) if group.array_group else 1
        placed = False
        for _ in range(tasks):
            nodes = self._room(job)
            if len(nodes) < job.nodes or self.simulator.caps.obstacle(job):
                break
            if group.array_group:
                job = self.workload.split(group)
                if job.run < 300:
                    self.workload.fate(job, work.used_share * 1.5)
                started = self.now - self.random.random() * (job.run - 15)
            waited = self.random.expovariate(1 / 2400.0)
            group.submitted = min(group.submitted, started - waited)
            job.submitted = group.submitted
            self._take(job, nodes[: job.nodes], started)
            placed = True
        if placed and group.array_group:
            for task in group_tasks(self.running, group):
                task.submitted = task.eligible = group.submitted
            group.eligible = group.submitted
            self.waiting.append(group)
        return placed

    def _room(self, job: Job) -> list[Node]:
        """The nodes a job fits on now, the fullest first."""
        active = [w for w in self.cluster.windows if w.start <= self.now]
        closed = {name for w in active if not w.admits(job) for name in w.nodes}
        meant = {name for w in active if w.admits(job) for name in w.nodes} if job.reservation else None
        nodes = [
            node
            for node in self.cluster.members[job.partition.name]
            if node.usable
            and node.name not in closed
            and (meant is None or node.name in meant)
            and job.fits_empty(node)
            and node.has_room(job)
        ]
        return sorted(nodes, key=lambda node: (node.group.weight, node.gres_free, node.index))

    def _take(self, job: Job, nodes: list[Node], started: float) -> None:
        self.cluster.take(job, tuple(nodes))
        job.state, job.started = "RUNNING", started
        job.submitted = min(job.submitted, started)
        job.eligible = job.submitted
        self.simulator.caps.add(job)
        self.running.append(job)

    def _chain(self, job: Job, work: Work, horizon: float) -> Iterator[Job]:
        end = job.started
        while True:
            end -= self.random.uniform(5, 240)
            before = self.workload.draw(work, 0.0)
            before.array, before.tasks, before.throttle = None, [], 0
            for name in ("nodes", "accelerators", "gres_name", "gres_type", "cpus", "memory"):
                setattr(before, name, getattr(job, name))
            before.state, before.ended, before.started = before.outcome, end, end - min(before.run, before.limit)
            if before.ended < horizon:
                return
            before.submitted = before.started - self.random.expovariate(1 / 2400.0)
            before.eligible = before.submitted
            before.held_nodes = tuple(Allocation(a.node, a.cores, a.gres, a.memory) for a in job.held_nodes)
            end = before.started
            yield before


def group_tasks(jobs: list[Job], group: Job) -> list[Job]:
    """The started tasks of a group."""
    return [job for job in jobs if job.array is group]
