"""The clock of the simulated centre: one heap of events, moved by `advance` and by nothing else.

Pure: no wall clock, no global generator, no input or output. The state at a time depends on the scenario, the seed and
that time alone, not on how many steps were taken to get there.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any

from naru_client.hostlist import expand
from naru_client.mock.cluster import Cluster, Job, Node, Window
from naru_client.mock.limits import Limits, Usage, billing
from naru_client.mock.scenario import Reservation, Scenario, Work
from naru_client.mock.scheduler import HOPELESS, Scheduler
from naru_client.mock.workload import Workload

SCHEDULE_EVERY = 10.0  # passes of the scheduler begin on multiples of so many seconds, as jobs are batched for one
REPRIORITISE = 300.0
USAGE_HALF_LIFE = 7 * 86_400.0
RECORDS_KEPT = 7 * 86_400.0  # how long the accounting store keeps a finished job


class Simulator:
    """A cluster with its queue, its people and its accounting, at `now` (epoch seconds).

    `jobs` is what slurmctld knows: waiting, running, and finished less than `min_job_age` ago. `records` is what
    slurmdbd keeps besides: jobs that have left it. `jobs_changed`, `nodes_changed` and `calendar_changed` (that of the
    reservations) say when each last changed.
    """

    def __init__(self, scenario: Scenario, seed: int, start: float) -> None:
        from naru_client.mock.opening import open_world  # it builds on this module's class

        self.scenario = scenario
        self.random = Random(seed)
        self.cluster = Cluster(scenario)
        self.limits = Limits(scenario)
        self.caps = Usage(self.limits)
        self.workload = Workload(scenario, self.cluster, self.random)
        self.scheduler = Scheduler(scenario, self.cluster, self.caps, self._start)
        self.now = start - scenario.warm_minutes * 60
        self.opened = self.now
        self.next_id = scenario.first_job_id
        self.jobs: dict[int, Job] = {}
        self.records: dict[int, Job] = {}
        self.usage: dict[str, float] = {}  # by user: billing seconds, as of `usage_at`
        self.usage_at = self.now
        self.jobs_changed = self.nodes_changed = self.calendar_changed = self.now
        self.passed = self.now  # when the scheduler last looked at the queue
        self.started = self.ended = self.submitted = 0
        self._events: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._sequence = 0
        self._dirty: set[int] = set()
        self._pass_due = False
        open_world(self)
        self._after(self.now, self._reprioritise, None)
        self.advance(start)

    def advance(self, to: float) -> None:
        """Let time pass until `to`; a time already past changes nothing."""
        while self._events and self._events[0][0] <= to:
            self.now, _, event, subject = heappop(self._events)
            event(subject)
        self.now = max(self.now, to)

    # What slurmctld does

    def submit(self, job: Job) -> None:
        """Take a job (or all components of a het job, by its leader) into the queue."""
        for part in job.het or (job,):
            self._enter(part)
            self.submitted += 1
            self._touch(part)
            if part.begin > self.now:
                self._after(part.begin, self._touch, part)

    def cancel(self, job: Job, by: str) -> None:
        """End a waiting job."""
        for part in job.het or (job,):
            if part.pending:
                part.state, part.ended, part.cancelled_by = "CANCELLED", self.now, by
                part.started = self.now
                self._finished(part)

    def release(self, job: Job) -> None:
        """Take the hold off a job."""
        job.held = ""
        self._touch(job)

    def adopt(self, job: Job) -> None:
        """Book the events of a job that the opening has put into the world, in whatever state it is."""
        self.jobs[job.id] = job
        if job.running:
            self._after(job.started + min(job.run, job.limit), self._end, (job, job.started))
        elif job.completing:
            self._after(job.ended + job.epilog, self._freed, job)
        elif job.finished:
            self._after(job.ended + self.scenario.min_job_age, self._forget, job)
        else:
            self._touch(job)
            if job.begin > self.now:
                self._after(job.begin, self._touch, job)

    def announce(self, reservation: Reservation, start: float) -> None:
        """Put a reservation on the calendar; when it ends the next one takes its place."""
        start -= start % 3600
        window = Window(
            reservation.name, start, start + reservation.hours * 3600, frozenset(expand(reservation.nodes)),
            reservation.flags, reservation.users, reservation.accounts,
        )  # fmt: skip
        self.cluster.windows.append(window)
        self.calendar_changed = self.now
        self._after(window.start, self._window_turns, None)
        self._after(window.end, self._window_over, (window, reservation))

    def expect(self, work: Work) -> None:
        """Have the next job of this kind arrive."""
        waiting = sum(job.pending and job.partition.name == work.partition for job in self.jobs.values())
        self._after(self.now + self.workload.interval(work, waiting), self._arrive, work)

    def expect_fault(self, kind: str) -> None:
        """Have the next node fail ("down") or be taken out of service ("drain")."""
        faults = self.scenario.faults
        rate = faults.down_per_day if kind == "down" else faults.drain_per_day
        if rate:
            self._after(self.now + self.random.expovariate(rate / 86_400), self._break, kind)

    def repair_at(self, time: float, node: Node) -> None:
        self._after(time, self._repair, node)

    # Events

    def _arrive(self, work: Work) -> None:
        job = self.workload.draw(work, self.now)
        random = self.random
        luck = random.random()
        if luck < 0.02:
            job.held = "user"
            self._after(self.now + random.uniform(0.5, 4) * 3600, self._let_go, job)
        elif luck < 0.05:
            job.begin = self.now + random.uniform(0.5, 8) * 3600
        elif luck < 0.10:
            mine = [j for j in self.jobs.values() if j.user == job.user and not j.array_group and not j.finished]
            job.after = tuple(mine[-1:])
        self.submit(job)
        self._after(self.now + random.uniform(1, 6) * 3600, self._lose_patience, job)
        self.expect(work)

    def _let_go(self, job: Job) -> None:
        if job.pending and job.held == "user":
            self.release(job)

    def _lose_patience(self, job: Job) -> None:
        """People notice that a job can never start, and take it back."""
        if job.pending and job.reason in HOPELESS:
            self.cancel(job, job.user)

    def _end(self, subject: tuple[Job, float]) -> None:
        job, started = subject
        if job.running and job.started == started:
            self._stop(job, job.outcome)

    def _stop(self, job: Job, state: str) -> None:
        job.state, job.ended, job.completing = state, self.now, True
        self.caps.remove(job)
        self._finished(job)
        self._after(self.now + job.epilog, self._freed, job)

    def _finished(self, job: Job) -> None:
        self.ended += 1
        if job.started < job.ended:
            self.limits.settle(job)
            spent = billing(job) * (job.ended - job.started)
            self.usage[job.user] = self.usage.get(job.user, 0.0) + spent
        if not job.held_nodes:
            self._after(self.now + self.scenario.min_job_age, self._forget, job)
        self._touch(job)
        for other in self.jobs.values():
            if job in other.after:
                self._touch(other)

    def _freed(self, job: Job) -> None:
        job.completing = False
        self.cluster.give_back(job, self.now)
        self.nodes_changed = self.now
        self._touch(job)
        self._after(max(self.now, job.ended + self.scenario.min_job_age), self._forget, job)

    def _forget(self, job: Job) -> None:
        """slurmctld lets go of a finished job; slurmdbd keeps it for a while."""
        if self.jobs.pop(job.id, None) is None:
            return
        self.records[job.id] = job
        job.after = ()
        self.jobs_changed = self.now
        self._after(self.now + RECORDS_KEPT, self._erase, job)

    def _erase(self, job: Job) -> None:
        self.records.pop(job.id, None)

    def _break(self, kind: str) -> None:
        faults, random = self.scenario.faults, self.random
        node = random.choice(list(self.cluster.nodes.values()))
        if node.usable:
            node.down, node.drain = kind == "down", kind == "drain"
            node.reason = random.choice(faults.down_reasons if node.down else faults.drain_reasons)
            node.reason_by, node.reason_at = ("slurm" if node.down else "root"), self.now
            self.nodes_changed = self.now
            if node.down:
                for job in [job for job in node.jobs if job.running]:
                    job.exit_code = 1
                    self._stop(job, "NODE_FAIL")
            self._touch_node(node)
            self.repair_at(self.now + random.uniform(*faults.hours) * 3600, node)
        self.expect_fault(kind)

    def _repair(self, node: Node) -> None:
        node.down = node.drain = False
        node.reason = node.reason_by = ""
        node.reason_at = 0.0
        self.nodes_changed = self.now
        self._touch_node(node)

    def _window_turns(self, _: None) -> None:
        self.nodes_changed = self.now
        self._touch_all()

    def _window_over(self, subject: tuple[Window, Reservation]) -> None:
        window, reservation = subject
        self.cluster.windows.remove(window)
        self.announce(reservation, window.start + reservation.every_days * 86_400)
        self._window_turns(None)

    def _reprioritise(self, _: None) -> None:
        """Fair share: who has used more than others of late stands further back. Usage halves in a week."""
        fade: float = 0.5 ** ((self.now - self.usage_at) / USAGE_HALF_LIFE)
        self.usage_at = self.now
        self.usage = {user: spent * fade for user, spent in self.usage.items()}
        shares = {a.name: a.shares for a in self.scenario.accounts}
        people = [(u.name, shares[u.account]) for u in self.scenario.users]
        all_spent = sum(self.usage.values()) or 1.0
        all_shares = sum(share for _, share in people)
        for user, share in people:
            used = self.usage.get(user, 0.0) / all_spent
            self.scheduler.fair[user] = 2.0 ** (-used * all_shares / share)
        self._touch_all()
        self._after(self.now + REPRIORITISE, self._reprioritise, None)

    # The scheduler's turn

    def _pass(self, _: None) -> None:
        self._pass_due, self.passed = False, self.now
        dirty, self._dirty = sorted(self._dirty), set()
        for component in dirty:
            number = self.cluster.component
            waiting = [j for j in self.jobs.values() if j.pending and number[j.partition.name] == component]
            if self.scheduler.run(waiting, component, self.now):
                self.jobs_changed = self.nodes_changed = self.now

    def _start(self, job: Job, nodes: tuple[Node, ...]) -> Job:
        """Make a job run; of an array group, its next task, which is what is returned."""
        if job.array_group:
            eligible = job.eligible
            job = self.workload.split(job)
            if not job.id:
                self._enter(job)
            job.eligible = eligible
        self.cluster.take(job, nodes)
        self.caps.add(job)
        job.state, job.started, job.reason, job.detail = "RUNNING", self.now, "None", ""
        job.planned_start, job.planned_nodes = 0.0, ()
        self.started += 1
        self.jobs_changed = self.nodes_changed = self.now
        self._after(self.now + min(job.run, job.limit), self._end, (job, self.now))
        return job

    def _enter(self, job: Job) -> None:
        job.id = self.next_id
        self.next_id += 1
        if job.array_group:
            job.array_id = job.id
        self.jobs[job.id] = job

    def _touch(self, job: Job) -> None:
        self.jobs_changed = self.now
        self._schedule(self.cluster.component[job.partition.name])

    def _touch_node(self, node: Node) -> None:
        for name in node.partitions:
            self._schedule(self.cluster.component[name])

    def _touch_all(self) -> None:
        for component in self.cluster.component.values():
            self._schedule(component)

    def _schedule(self, component: int) -> None:
        self._dirty.add(component)
        if not self._pass_due:
            self._pass_due = True
            self._after(self.now - self.now % SCHEDULE_EVERY + SCHEDULE_EVERY, self._pass, None)

    def _after(self, time: float, event: Callable[[Any], None], subject: Any) -> None:
        self._sequence += 1
        heappush(self._events, (time, self._sequence, event, subject))
