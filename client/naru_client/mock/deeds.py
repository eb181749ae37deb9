"""What people do to a site: submit, cancel, hold, change; take nodes out and bring them back; reserve."""

from collections.abc import Callable

from naru_client.hostlist import expand
from naru_client.mock.entities import Job, Node, Window
from naru_client.mock.runs import Runs
from naru_client.mock.scenario import Reservation


class Deeds(Runs):
    """A site whose jobs and nodes can be acted upon."""

    def submit(self, job: Job) -> None:
        """Take a job (or all components of a het job, by its leader) into the queue."""
        for part in job.het or (job,):
            self._enter(part)
            self.submitted += 1
            self.touch(part)
            if part.begin > self.now:
                self._after(part.begin, self.touch, part)

    def cancel(self, job: Job, by: str) -> None:
        """End a job: a waiting one at once, a running one with its epilog."""
        for part in job.het or (job,):
            if part.finished:
                continue
            part.cancelled_by = by
            self.cancelled += 1
            if part.running:
                self._stop(part, "CANCELLED")
            else:
                part.state, part.ended, part.started = "CANCELLED", self.now, part.started or self.now
                part.planned_start, part.planned_nodes = 0.0, ()  # what it waited for stays to be told
                self._leave(part)
                self._finished(part)

    def cancel_task(self, group: Job, task: int, by: str) -> None:
        """Take one waiting task out of its group. As with Slurm no record of it is left; the others wait on."""
        if group.tasks == [task]:
            self.cancel(group, by)
            return
        group.tasks.remove(task)
        group.open_tasks -= 1
        group.ends[task] = "CANCELLED"
        self.limits.enter(group, -1)
        self.cancelled += 1
        self.touch(group)
        self._wake_dependents(group)

    def split_off(self, group: Job, task: int) -> Job:
        """A waiting task of a group as a record of its own, which waits as it did; the group itself when it is the
        last."""
        if group.tasks == [task]:
            return group
        job = self.workload.split(group, task)
        job.id = self.numbers.take()
        self.jobs[job.id] = job
        self._line_up(job)
        if job.begin > self.now:
            self._after(job.begin, self.touch, job)
        self.touch(group)
        self.touch(job)
        return job

    def signal(self, job: Job, number: int, by: str) -> None:
        """Send a signal; those that end a process end the job."""
        if job.running and number in (2, 3, 6, 9, 15):
            job.signal = number
            self.cancel(job, by)

    def hold(self, job: Job, by: str) -> None:
        """Keep a waiting job back; `by` is "user" or "admin"."""
        for part in job.het or (job,):
            part.held, part.priority, part.reason = by, 0, "JobHeldUser" if by == "user" else "JobHeldAdmin"
            part.planned_start, part.planned_nodes = 0.0, ()
            self.touch(part)

    def release(self, job: Job) -> None:
        """Take the hold off a job."""
        for part in job.het or (job,):
            part.held, part.reason, part.detail = "", "None", ""
            part.eligible = 0.0
            self.scheduler.prioritise(part, self.now)
            self.touch(part)

    def relimit(self, job: Job, seconds: float) -> None:
        """Change how long a job may run."""
        if job.running:
            self.limits.relimit(job, seconds - job.limit)
            for share in job.held_nodes:
                share.node.ready.clear()
        if job.outcome == "TIMEOUT":  # it would not have ended by itself
            job.run = max(job.run, seconds)
        job.limit = seconds
        self.touch(job)
        if job.running and self.now >= job.started + job.limit:
            self._stop(job, "TIMEOUT")
        elif job.running:
            self._after(job.started + min(job.run, job.limit), self._end, (job, job.started))

    def reshape(self, job: Job, change: Callable[[Job], None]) -> None:
        """Change anything else of a waiting job: it leaves the line, is changed, and stands in it anew."""
        tasks = len(job.tasks) or 1
        self._leave(job)
        self.limits.enter(job, -tasks)
        change(job)
        job.amounts = self.resources.amounts(job)
        self.limits.enter(job, tasks)
        self._line_up(job)
        self.scheduler.prioritise(job, self.now)
        if job.begin > self.now:
            self._after(job.begin, self.touch, job)
        self.touch(job)

    # To nodes and reservations

    def take_out(self, node: Node, *, down: bool, reason: str, by: str) -> None:
        """A node fails (`down`), or is drained: it ends its jobs or takes no new ones."""
        node.down, node.drain = node.down or down, node.drain or not down
        node.reason, node.reason_by, node.reason_at = reason, by, self.now
        self.cluster.refile(node)
        self.nodes_changed = self.now
        if down:
            for job in [job for job in node.jobs if job.running]:
                for part in job.het or (job,):
                    if part.running:
                        self._lose(part)
        self._touch_node(node)

    def bring_back(self, node: Node) -> None:
        """A node takes work again."""
        node.down = node.drain = False
        node.reason = node.reason_by = ""
        node.reason_at = 0.0
        self.cluster.refile(node)
        self.nodes_changed = self.now
        self._touch_node(node)

    def announce(self, reservation: Reservation, start: float, *, to_the_hour: bool = True) -> Window:
        """Put a reservation on the calendar; when it ends the next one takes its place, if it has one."""
        if to_the_hour:
            start -= start % 3600
        names = frozenset(expand(reservation.nodes))
        window = Window(
            reservation.name, start, start + reservation.hours * 3600, names, self.cluster.mask(names),
            reservation.flags, reservation.users, reservation.accounts,
        )  # fmt: skip
        self.cluster.windows.append(window)
        self.calendar_changed = self.now
        self._after(max(self.now, window.start), self._window_turns, window)
        self._after(max(self.now, window.end), self._window_over, (window, reservation))
        return window

    def withdraw(self, window: Window) -> None:
        """Take a reservation off the calendar; no other takes its place."""
        self.cluster.windows.remove(window)
        self.calendar_changed = self.now
        self._window_turns(window)

    def _window_turns(self, window: Window) -> None:
        self.nodes_changed = self.now
        for node in self.cluster.at(window.mask):
            node.wire = b""
        self._touch_all()

    def _window_over(self, subject: tuple[Window, Reservation]) -> None:
        window, reservation = subject
        if window not in self.cluster.windows:
            return
        self.cluster.windows.remove(window)
        if reservation.every_days:
            self.announce(reservation, window.start + reservation.every_days * 86_400)
        self.calendar_changed = self.now
        self._window_turns(window)
