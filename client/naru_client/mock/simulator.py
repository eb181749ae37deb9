"""The clock of a simulated site: one heap of events, moved by `advance` and by nothing else.

Pure: no wall clock, no global generator, no input or output. The state at a time depends on the scenario, the seed,
what was asked of it and when (`controller`), and that time alone, not on how many steps were taken to get there.
"""

from collections.abc import Callable, Iterator

from naru_client.mock.deeds import Deeds
from naru_client.mock.entities import Job, Node
from naru_client.mock.gates import HOPELESS
from naru_client.mock.past_use import book, past_use
from naru_client.mock.past_weeks import PastWeeks
from naru_client.mock.scenario import SitePlan
from naru_client.mock.workload import Kind

FIRST_BACKFILL = 2.0  # seconds from the opening until expected starts are planned


class Simulator(Deeds):
    """A site with its queue, its people and its accounting, at `now` (epoch seconds).

    `jobs` is what slurmctld knows: waiting, running, and finished less than `min_job_age` ago. `records` is what
    slurmdbd keeps besides: jobs that have left it, and runs of jobs that were put back; `weeks` is what it keeps from
    before the simulated history. `jobs_changed`, `nodes_changed`, `calendar_changed` (that of the reservations) and
    `partitions_changed` say when each last changed.
    """

    def __init__(self, plan: SitePlan, seed: int, start: float) -> None:
        from naru_client.mock.opening import open_world  # it builds on this module's class

        super().__init__(plan, seed, start)
        self._past: Callable[[], Iterator[Job]] | None = None
        self._told_past: tuple[Job, ...] = ()
        opening = open_world(self)
        self._past = opening.past
        uses = past_use(self)
        book(self, uses)
        before = [(job, job.started, job.ended) for job in opening.finished]
        before += [(job, job.started, self.now) for job in opening.running]
        self.weeks = PastWeeks(self, uses, before)
        self._after(self.now, self._reprioritise, None)
        self._after(self.now, self._first_look, None)
        self.advance(start)

    def history(self) -> Iterator[Job]:
        """What slurmdbd keeps of jobs that have left slurmctld; the past before the opening is told on first asking."""
        if self._past is not None:
            tell, self._past = self._past, None
            self._told_past = tuple(tell())
            for job in self._told_past:
                self.records[job.id, job.started] = job
        return iter(self.records.values())

    def told_past(self) -> tuple[Job, ...]:
        """The past alone, as it was told: also what accounting has let go of since."""
        self.history()
        return self._told_past

    def find(self, number: int) -> list[Job]:
        """Every record slurmctld has under a number: a job's own, its array's, its het job's."""
        return [j for j in self.jobs.values() if number in (j.id, j.array_id) or (j.het and j.het[0].id == number)]

    # What the opening books

    def adopt(self, job: Job) -> None:
        """Book the events of a job that the opening has put into the world, in whatever state it is."""
        self.jobs[job.id] = job
        if job.running:
            self._after(job.started + min(job.run, job.limit), self._end, (job, job.started))
        elif job.completing:
            self.cluster.complete(job)
            self._after(job.ended + job.epilog, self._freed, (job, job.started))
        elif job.finished:
            self._after(job.ended + self.plan.min_job_age, self._forget, job)
        else:
            self.limits.enter(job, len(job.tasks) or 1)
            self._line_up(job)
            if job.begin > self.now:
                self._after(job.begin, self.touch, job)

    def expect(self, kind: Kind) -> None:
        """Have the next job of this kind arrive."""
        if kind.per_hour:
            wait = self.workload.interval(kind, self.waiting[kind.work.partition], self.now)
            self._after(self.now + wait, self._arrive, kind)

    def expect_breakage(self, kind: str) -> None:
        """Have the next node fail ("down") or be taken out of service ("drain")."""
        breakage = self.plan.breakage
        rate = breakage.down_per_day if kind == "down" else breakage.drain_per_day
        if rate:
            self._after(self.now + self.random.expovariate(rate / 86_400), self._break, kind)

    def repair_at(self, time: float, node: Node) -> None:
        self._after(time, self.bring_back, node)

    # Events

    def _first_look(self, _: None) -> None:
        for component in self.scheduler.lines:
            self.scheduler.look(component, self.now, plan=False)
        self._dirty.clear()
        self._unplanned.update(self.scheduler.lines)
        self._backfill_due = True
        self._after(self.now + FIRST_BACKFILL, self._backfill, None)

    def _arrive(self, kind: Kind) -> None:
        job = self.workload.draw(kind, self.now)
        random = self.random
        luck = random.random()
        if luck < 0.02:
            job.held = "user"
            self._after(self.now + random.uniform(0.5, 4) * 3600, self._let_go, job)
        elif luck < 0.05:
            job.begin = self.now + random.uniform(0.5, 8) * 3600
        self._bring(job)
        if random.random() < kind.work.bursts:
            who = (job.user, job.account)
            for _ in range(2 + int(random.expovariate(1 / 4))):
                self._after(self.now + random.uniform(1, 60), self._arrive_too, (kind, who))
        self.expect(kind)

    def _arrive_too(self, subject: tuple[Kind, tuple[str, str]]) -> None:
        kind, who = subject
        self._bring(self.workload.draw(kind, self.now, who))

    def _bring(self, job: Job) -> None:
        if self.limits.refuses(job, len(job.tasks) or 1):
            return  # refused at the door
        self.submit(job)
        self._after(self.now + self.random.uniform(1, 6) * 3600, self._lose_patience, job)

    def _let_go(self, job: Job) -> None:
        if job.pending and job.held == "user":
            self.release(job)

    def _lose_patience(self, job: Job) -> None:
        """People notice that a job can never start, and take it back."""
        if job.pending and job.reason in HOPELESS:
            self.cancel(job, job.user)

    def _break(self, kind: str) -> None:
        breakage, random = self.plan.breakage, self.random
        node = random.choice(self.cluster.node_list)
        if node.usable:
            down = kind == "down"
            reason = random.choice(breakage.down_reasons if down else breakage.drain_reasons)
            self.take_out(node, down=down, reason=reason, by="slurm" if down else "root")
            self.repair_at(self.now + random.uniform(*breakage.hours) * 3600, node)
        self.expect_breakage(kind)
