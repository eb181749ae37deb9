"""What keeps a job from being considered at all: holds, times, dependencies, and shapes its partition cannot hold."""

from collections.abc import Callable

from naru_client.mock.cluster import Cluster
from naru_client.mock.entities import Dependency, Job
from naru_client.mock.scenario import Partition

HOPELESS = frozenset(
    {"DependencyNeverSatisfied", "PartitionTimeLimit", "PartitionNodeLimit", "PartitionConfig", "BadConstraints",
     "QOSMaxWallDurationPerJobLimit", "AssocMaxWallDurationPerJobLimit", "AccountNotAllowed"}
)  # fmt: skip

MET, OPEN, NEVER_MET = "met", "open", "never"


class Gates:
    """`rivals` counts the unfinished jobs of a user and name that were submitted before a given one."""

    def __init__(self, cluster: Cluster, licenses: dict[str, int], rivals: Callable[[Job], int]) -> None:
        self.cluster = cluster
        self.rivals = rivals
        self.licenses = licenses
        self.licenses_used: dict[str, int] = dict.fromkeys(licenses, 0)

    def eligibility(self, job: Job, now: float) -> str:
        """The reason why a job may not run yet or ever, whatever is free; empty when it may."""
        if job.held:
            return "JobHeldUser" if job.held == "user" else "JobHeldAdmin"
        if job.after:
            stand = self.dependency(job, now)
            if stand != MET:
                return "Dependency" if stand == OPEN else "DependencyNeverSatisfied"
        return "BeginTime" if job.begin > now else ""

    def dependency(self, job: Job, now: float) -> str:
        """Whether a job's conditions are met, open, or can never be met."""
        stands = [self.stand(job, condition, now) for condition in job.after]
        if job.after_any:
            return MET if MET in stands else OPEN if OPEN in stands else NEVER_MET
        return NEVER_MET if NEVER_MET in stands else OPEN if OPEN in stands else MET

    def stand(self, job: Job, condition: Dependency, now: float) -> str:
        other = condition.job
        if other is None:  # singleton
            return OPEN if self.rivals(job) else MET
        states = states_of(other) if condition.task is None else self._task_states(other, condition.task)
        if condition.kind == "after":
            begun = other.started and other.started + condition.delay <= now
            return MET if begun or (states is not None and not other.started) else OPEN
        if condition.kind == "aftercorr":
            return self._corresponding(job, other)
        if condition.kind == "afterok" and states is not None and any(s != "COMPLETED" for s in states):
            return NEVER_MET
        if states is None:
            return OPEN
        if condition.kind == "afternotok":
            return MET if any(s != "COMPLETED" for s in states) else NEVER_MET
        return MET

    def _corresponding(self, job: Job, other: Job) -> str:
        tasks = job.tasks if job.array_group else [job.task]
        ends = [self.task_state(other, task) for task in tasks]
        if any(end == "COMPLETED" for end in ends):
            return MET
        return NEVER_MET if all(end not in ("", "COMPLETED") for end in ends) else OPEN

    @staticmethod
    def task_state(group: Job, task: int | None) -> str:
        """How a task of an array ended; empty while it has not."""
        if group.array is None:
            return group.state if group.finished else ""
        return group.ends.get(task, "")

    def _task_states(self, other: Job, task: int) -> list[str] | None:
        """As `states_of`, of one task of an array."""
        end = self.task_state(other.array or other, task)
        return [end] if end else None

    def shape(self, job: Job, partition: Partition) -> str:
        """The reason why a job of this shape cannot run in a partition; empty when it can."""
        if partition.state in ("DOWN", "INACTIVE"):
            return "PartitionDown" if partition.state == "DOWN" else "PartitionInactive"
        if partition.allow_accounts and job.account not in partition.allow_accounts:
            return "AccountNotAllowed"
        if job.limit > partition.max_hours * 3600:
            return "PartitionTimeLimit"
        if partition.max_nodes is not None and job.nodes > partition.max_nodes:
            return "PartitionNodeLimit"
        most = partition.cores_per_accelerator
        if most is not None and job.accelerators and job.cpus > most * job.accelerators:
            return "PartitionConfig"
        able = self.cluster.able(job, partition)
        if able.bit_count() < job.nodes:
            return "BadConstraints" if job.features or job.on_node else "PartitionConfig"
        if job.reservation and not any(w.name == job.reservation for w in self.cluster.windows):
            return "ReservationDeleted"
        usable = able & self.cluster.usable
        return "ReqNodeNotAvail" if usable.bit_count() < job.nodes else ""

    def licensed(self, parts: tuple[Job, ...]) -> bool:
        """What a job, with all its components, needs of licences is there now."""
        needed: dict[str, int] = {}
        for name, count in (pair for part in parts for pair in part.licenses):
            needed[name] = needed.get(name, 0) + count
        return all(self.licenses.get(n, 0) - self.licenses_used.get(n, 0) >= count for n, count in needed.items())

    def lend(self, job: Job, sign: int) -> None:
        """A job takes its licences (1), or gives them back (-1)."""
        for name, count in job.licenses:
            self.licenses_used[name] = self.licenses_used.get(name, 0) + sign * count


def states_of(job: Job) -> list[str] | None:
    """How a job, or every task of its array, ended; None while anything of it has not."""
    if job.array is None:
        return [job.state] if job.finished and not job.requeued else None
    group = job.array
    return list(group.ends.values()) if group.open_tasks == 0 else None
