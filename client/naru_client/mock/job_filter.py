"""What the parameters of `/slurmdb/v0.0.44/jobs` ask for.

With Slurm's own rules for what is not said: without a state, jobs that were eligible or ran since midnight; with one,
those in that state now. Any flag given turns the default flags off, `show_duplicates` and
`disable_truncate_usage_time` among them: of a job that ran several times only the last run is told then, and times are
cut to the span that was asked for.
"""

from msgspec import Struct

from naru_client.hostlist import expand
from naru_client.mock.entities import Job
from naru_client.mock.requests import Query, Unreadable, is_set, read_job_id, read_time, words
from naru_client.mock.simulator import Simulator

DAY = 86_400
FLAGS = (
    "show_duplicates", "skip_steps", "disable_truncate_usage_time", "whole_hetjob", "disable_whole_hetjob",
    "disable_wait_for_result", "usage_time_as_submit_time", "show_batch_script", "show_job_environment",
)  # fmt: skip

# Slurm's short names for states.
_STATES = {
    "BF": "BOOT_FAIL", "CA": "CANCELLED", "CD": "COMPLETED", "DL": "DEADLINE", "F": "FAILED", "NF": "NODE_FAIL",
    "OOM": "OUT_OF_MEMORY", "PD": "PENDING", "PR": "PREEMPTED", "R": "RUNNING", "RQ": "REQUEUED", "S": "SUSPENDED",
    "TO": "TIMEOUT",
}  # fmt: skip


class JobFilter(Struct, frozen=True, kw_only=True):
    """Which records, and how they are told; None where anything will do. Times are epoch seconds, the end left out."""

    since: int
    until: int
    duplicates: bool
    truncated: bool
    states: frozenset[str] | None
    ids: frozenset[tuple[int, int | None]] | None
    users: frozenset[str] | None
    accounts: frozenset[str] | None
    partitions: frozenset[str] | None
    names: frozenset[str] | None
    qos: frozenset[str] | None
    reservations: frozenset[str] | None
    features: frozenset[str] | None
    exit_codes: frozenset[str] | None
    nodes: frozenset[str] | None
    nothing: bool  # another cluster was asked for, or a wckey

    def takes(self, job: Job) -> bool:
        """The record is one of them."""
        return (
            not self.nothing
            and self._in_time(job)
            and (self.users is None or job.user in self.users)
            and (self.accounts is None or job.account in self.accounts)
            and (self.partitions is None or any(p.name in self.partitions for p in job.where))
            and (self.names is None or job.name in self.names)
            and (self.qos is None or job.qos in self.qos)
            and (self.reservations is None or job.reservation in self.reservations)
            and (self.features is None or job.features in self.features)
            and (self.exit_codes is None or str(job.exit_code) in self.exit_codes)
            and (self.nodes is None or any(share.node.name in self.nodes for share in job.held_nodes))
            and (self.ids is None or self._named(job))
        )

    def _in_time(self, job: Job) -> bool:
        over = not job.finished or int(job.ended) >= self.since
        if self.states is not None:
            return any(self._was(job, state) for state in self.states)
        if self.ids is not None:
            return over and int(job.submitted) < self.until
        return over and 0 < int(job.eligible) < self.until

    def _was(self, job: Job, state: str) -> bool:
        """The job waited or ran at some time of the span, or ended in it in that way."""
        started = bool(job.held_nodes)
        if state == "PENDING":
            left = job.started if started else job.ended if job.finished else self.since + 1
            return 0 < int(job.eligible) < self.until and left > self.since
        if state == "RUNNING":
            return started and int(job.started) < self.until and (not job.finished or int(job.ended) > self.since)
        return job.state == state and job.finished and self.since <= int(job.ended) <= self.until

    def _named(self, job: Job) -> bool:
        assert self.ids is not None
        keys = {(job.id, None), (job.array_id, None), (job.array_id, job.task)}
        return not keys.isdisjoint(self.ids)


def read_filter(query: Query, simulator: Simulator) -> JobFilter:
    """Raises Trouble for a parameter that cannot be read."""
    now = int(simulator.now)
    states, steps = words(query, "state"), words(query, "step")
    accounts, groups = words(query, "account"), words(query, "groups")
    clusters, flagged = words(query, "cluster"), is_set(query, *FLAGS)
    since, until = _span(query, now, states is not None, steps is not None)
    return JobFilter(
        since=since,
        until=until,
        duplicates=not flagged or is_set(query, "show_duplicates"),
        truncated=flagged and not is_set(query, "disable_truncate_usage_time"),
        states=None if states is None else frozenset(_STATES.get(s.upper(), s.upper()) for s in states),
        ids=None if steps is None else frozenset(read_job_id(step.split(".")[0]) for step in steps),
        users=words(query, "users"),
        accounts=accounts if groups is None else groups if accounts is None else accounts & groups,
        partitions=words(query, "partition"),
        names=words(query, "job_name"),
        qos=words(query, "qos"),
        reservations=words(query, "reservation"),
        features=words(query, "constraints"),
        exit_codes=words(query, "exit_code"),
        nodes=_nodes(query),
        nothing=(clusters is not None and simulator.plan.cluster not in clusters) or bool(query.get("wckey")),
    )


def _span(query: Query, now: int, states: bool, steps: bool) -> tuple[int, int]:
    """From when to when (left out) is asked for."""
    since = int(read_time(query["start_time"], now, "start_time")) if query.get("start_time") else 0
    until = int(read_time(query["end_time"], now, "end_time")) if query.get("end_time") else 0
    if not query:
        return 0, now + 1
    if states:
        since = since if since or steps else now
        until = until or since
    elif not steps:
        since = since or now - now % DAY
    until = until or now
    return since, until + 1 if until in (since, now) else until


def _nodes(query: Query) -> frozenset[str] | None:
    text = query.get("node", "")
    try:
        return frozenset(expand(text)) if text else None
    except ValueError:
        raise Unreadable("node", f"Unable to parse hostlist: {text}") from None
