"""How a job begins, ends, is lost, gives way, is put back and is forgotten."""

from naru_client.mock.clockwork import Clockwork
from naru_client.mock.entities import Job, Node
from naru_client.mock.scenario import Partition

RECORDS_KEPT = 7 * 86_400.0  # how long the accounting store keeps a finished job
REQUEUE_DELAY = 120.0  # a job that was put back may begin so much later


class Runs(Clockwork):
    """A site whose jobs run."""

    def requeue(self, job: Job, *, state: str = "REQUEUED", held: str = "") -> None:
        """Put a job that runs, or that has just run, back into the queue; accounting keeps the run as its own record.

        Simpler than Slurm: what it held is free at once, without the epilog.
        """
        if job.running:
            self.limits.end(job, self.now)
            self.gates.lend(job, -1)
            if job.array is not None:
                job.array.tasks_running -= 1
        else:
            self._unfinish(job)
        if job.running or job.completing:
            self.cluster.give_back(job, self.now)
            self.nodes_changed = self.now
        values = {name: getattr(job, name) for name in Job.__struct_fields__}
        told = {"state": state, "completing": False, "ended": job.ended or self.now, "wire": b""}
        run = Job(**(values | told | {"tasks": list(job.tasks)}))
        self.records[run.id, run.started] = run
        job.state, job.completing, job.requeued, job.restarts = "PENDING", False, True, job.restarts + 1
        job.submitted = self.now  # as Slurm has it: what tells the runs of a job apart
        job.started = job.ended = job.eligible = 0.0
        job.held_nodes, job.signal, job.exit_code, job.cancelled_by = (), 0, 0, ""
        job.begin, job.held, job.reason = self.now + REQUEUE_DELAY, held, "BeginTime"
        self.workload.fate(job)
        self.waiting[job.partition.name] += 1
        self.scheduler.enter(job)
        self.touch(job)
        self._after(job.begin, self.touch, job)

    def _start(self, job: Job, partition: Partition, nodes: tuple[Node, ...]) -> Job:
        """Make a job run; of an array group, its next task, which is what is returned."""
        if job.array_group:
            task = self.next_task(job)
            eligible = job.eligible
            job = self.workload.split(job, task)
            if not job.id:
                job.id = self.numbers.take()
                self.jobs[job.id] = job
            else:
                self._leave(job)
            job.eligible = eligible
        else:
            self._leave(job)
        if job.array is not None:
            job.array.tasks_running += 1
        if job.partitions:
            self.limits.enter(job, -1)
            job.partition, job.partitions = partition, ()
            job.amounts = self.resources.amounts(job)
            self.limits.enter(job, 1)
        self.cluster.take(job, nodes)
        job.state, job.started, job.reason, job.detail, job.requeued = "RUNNING", self.now, "None", "", False
        job.evaluated, job.wire = self.now, b""
        job.planned_start, job.planned_nodes = 0.0, ()
        self.limits.begin(job, self.now)
        self.gates.lend(job, 1)
        self.started += 1
        self.jobs_changed = self.nodes_changed = self.now
        self._after(self.now + min(job.run, job.limit), self._end, (job, self.now))
        for other in self._dependents.get(job, ()):
            for condition in other.after:
                if condition.kind == "after" and condition.job is job:
                    self._after(self.now + condition.delay, self.touch, other)
        return job

    def _end(self, subject: tuple[Job, float]) -> None:
        job, started = subject
        if job.running and job.started == started and self.now >= started + min(job.run, job.limit):
            self._stop(job, job.outcome if job.run < job.limit else "TIMEOUT")

    def _stop(self, job: Job, state: str) -> None:
        self.limits.end(job, self.now)
        self.gates.lend(job, -1)
        job.state, job.ended, job.completing = state, self.now, True
        self.nodes_changed = self.now
        self.cluster.complete(job)
        if job.array is not None:
            job.array.tasks_running -= 1
        self._finished(job)
        self._after(self.now + job.epilog, self._freed, (job, job.started))

    def _lose(self, job: Job) -> None:
        """A node of the job has failed under it."""
        if job.requeue and self.plan.node_failure_requeues and not job.het:
            self.requeue(job, state="NODE_FAIL")
        else:
            job.exit_code = 1
            self._stop(job, "NODE_FAIL")

    def _preempt(self, victims: list[Job]) -> None:
        for job in victims:
            job.preempted = self.now
            if job.requeue and self.limits.qos[job.qos].preempt_mode == "requeue":
                self.requeue(job, state="PREEMPTED")
            else:
                self._stop(job, "PREEMPTED")

    def _finished(self, job: Job) -> None:
        self.ended += 1
        self.failed += job.state in ("FAILED", "NODE_FAIL", "OUT_OF_MEMORY")
        group = job.array
        count = len(job.tasks) if job.array_group else 1  # a whole group is cancelled together
        self.limits.enter(job, -count)
        if group is not None:
            group.open_tasks -= count
            group.ends.update(dict.fromkeys(job.tasks if job.array_group else [job.task], job.state))
        if not job.completing:
            self._after(self.now + self.plan.min_job_age, self._forget, job)
        self.touch(job)
        for key in {job, group or job}:
            self._wake_dependents(key)

    def _wake_dependents(self, job: Job) -> None:
        for other in self._dependents.get(job, ()):
            if other.pending:
                self.touch(other)

    def _unfinish(self, job: Job) -> None:
        """A finished job, or a group that was cancelled whole, waits again."""
        tasks = job.tasks if job.array_group else [job.task]
        self.limits.enter(job, len(tasks))
        if job.array is not None:
            job.array.open_tasks += len(tasks)
            for task in tasks:
                job.array.ends.pop(task, None)

    def _freed(self, subject: tuple[Job, float]) -> None:
        job, started = subject
        if not job.completing or job.started != started:
            return
        job.completing = False
        self.cluster.give_back(job, self.now)
        self.nodes_changed = self.now
        self.touch(job)
        self._after(max(self.now, job.ended + self.plan.min_job_age), self._forget, job)

    def _forget(self, job: Job) -> None:
        """slurmctld lets go of a finished job; slurmdbd keeps it for a while."""
        if not job.finished or job.completing or self.now < job.ended + self.plan.min_job_age:
            return  # it was put back into the queue meanwhile
        if self.jobs.pop(job.id, None) is None:
            return
        self._dependents.pop(job, None)
        self.records[job.id, job.started] = job
        job.after, job.wire = (), b""
        self.jobs_changed = self.now
        self._after(self.now + RECORDS_KEPT, self._erase, (job.id, job.started))

    def _erase(self, key: tuple[int, float]) -> None:
        self.records.pop(key, None)
