"""On which jobs another one depends: found by what they are called, and free of circles."""

from collections.abc import Iterable

from naru_client.mock.actions_errors import Refused
from naru_client.mock.actions_words import Condition
from naru_client.mock.entities import Dependency, Job
from naru_client.mock.simulator import Simulator


class Dependencies:
    """Those of one site."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def check(self, after: Iterable[Condition], of: Job | None = None) -> None:
        """That every condition is on a job that is known, or need not be, and none is on `of` itself or on one that
        waits for it. Raises Refused."""
        for condition in after:
            known = self._known(condition)
            if known is None and condition.number and condition.kind in ("afterok", "afternotok"):
                raise Refused(2038)
            if of is not None and known is not None:
                if known in (of, of.array):
                    raise Refused(2038)
                if _waits_for(known, of):
                    raise Refused(2071)

    def found(self, after: Iterable[Condition]) -> tuple[Dependency, ...]:
        """Checked conditions with the jobs they are on. One on a job that has long gone is met, and left out. A task
        that still waits in its group gets a record of its own, so that it can be told apart."""
        dependencies: dict[tuple[str, int, int | None], Dependency] = {}
        for condition in after:
            job, task = self._known(condition), condition.task
            if job is None and condition.number:
                continue
            if job is not None and job.pending and job.array_group and task in job.tasks:
                job = self.simulator.split_off(job, task)
            if job is not None and task is None and job.array not in (None, job):
                task = job.task  # called by the number of its own
            dependencies[condition.kind, id(job), task] = Dependency(condition.kind, job, condition.delay, task)
        return tuple(dependencies.values())

    def _known(self, condition: Condition) -> Job | None:
        """The record that a condition is on; of an array the group, also when slurmctld has let go of it."""
        s = self.simulator
        job = s.jobs.get(condition.number)
        if condition.task is None and job is not None:
            return job
        family = [one for one in s.find(condition.number) if one.array is not None and one.array_id == condition.number]
        if not family or condition.task is None:
            return family[0].array if family else None
        for one in family:
            if one.task == condition.task or (one.array_group and condition.task in one.tasks):
                return one
        group = family[0].array
        return group if group is not None and condition.task in group.ends else None


def _waits_for(job: Job, other: Job) -> bool:
    """Whether a job depends on another, directly or through others."""
    seen: set[int] = set()
    unseen = [job]
    while unseen:
        for condition in unseen.pop().after:
            nearer = condition.job
            if nearer is None or id(nearer) in seen:
                continue
            if nearer in (other, other.array):
                return True
            seen.add(id(nearer))
            unseen.append(nearer)
    return False
