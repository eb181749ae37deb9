"""The big lists in text form, asked for and decoded: squeue, sinfo and sacct with fields no job name can forge.

Every field is followed by a separator that is made at random for the one call, so that a name holding line breaks, bars
or whole fake rows stays one field. Rows are counted by their fields, never by lines. Pure; an answer that does not hold
whole rows raises BadAnswer. Times are asked for as seconds since 1970 (SLURM_TIME_FORMAT=%s).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from naru_client.errors import BadAnswer
from naru_client.i18n import _
from naru_client.model import FINISHED_STATES, WAITING_STATES, Job, Node
from naru_client.slurm import paths, tres
from naru_client.slurm.wire_ids import array_pending, job_name_id
from naru_client.slurm.wire_states import exit_code, job_state, job_times, reason
from naru_client.text import clean, clean_optional

SQUEUE_FIELDS = (
    "JobID", "ArrayJobID", "ArrayTaskID", "HetJobID", "HetJobOffset", "Name", "UserName", "Account", "QOS",
    "Partition", "State", "Reason", "PriorityLong", "Dependency", "NumNodes", "NodeList", "SchedNodes", "NumCPUs",
    "NumTasks", "tres-alloc", "tres-per-job", "tres-per-node", "tres-per-socket", "tres-per-task", "Feature",
    "Reservation", "SubmitTime", "EligibleTime", "StartTime", "EndTime", "TimeLimit", "TimeUsed", "Comment", "WorkDir",
    "Command", "STDOUT", "STDERR", "RestartCnt", "exit_code",
)  # fmt: skip
SINFO_FIELDS = (
    "NodeList", "PartitionName", "StateComplete", "Gres", "GresUsed", "CPUsState", "CPUsLoad", "Memory", "AllocMem",
    "Features", "Reason", "User", "Timestamp",
)  # fmt: skip
SACCT_FIELDS = (
    "JobIDRaw", "JobID", "JobName", "User", "Account", "QOS", "Partition", "State", "Reason", "ExitCode", "Submit",
    "Eligible", "Start", "End", "ElapsedRaw", "TimelimitRaw", "NNodes", "NodeList", "NCPUS", "AllocTRES", "ReqTRES",
    "Constraints", "Reservation", "Comment", "WorkDir", "Priority",
)  # fmt: skip
# sacct's short words, as it takes them: every state in which a job stays what it is
FINISHED_WORDS = "BF,CA,CD,DL,F,NF,OOM,PR,RV,TO"

_NOTHING = frozenset({"", "N/A", "NONE", "None", "Unknown", "(null)", "None assigned", "n/a", "INVALID", "NOT_SET"})
_DURATION = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)(?:\.\d+)?")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SACCT_ID = re.compile(r"(\d+)(?:_(\d+)|_\[([^\]]*)\]|\+(\d+))?")


def squeue_argv(separator: str, *, user: str | None = None, job: str | None = None) -> tuple[str, ...]:
    """squeue for every state, hidden partitions included; of one user or one job where asked."""
    only = (("-u", user) if user else ()) + (("-j", job) if job else ())
    return ("squeue", "-h", "-a", "--local", "-t", "all", *only, "-O", _fields(SQUEUE_FIELDS, separator))


def sinfo_argv(separator: str) -> tuple[str, ...]:
    """sinfo by node: one row for each node in each partition."""
    return ("sinfo", "-h", "-a", "-N", "-O", _fields(SINFO_FIELDS, separator))


def sacct_argv(
    separator: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    user: str | None = None,
    job: str | None = None,
) -> tuple[str, ...]:
    """sacct for jobs that ended between two times, or for everything it knows of one job; never duplicates."""
    what: tuple[str, ...]
    if job is not None:
        what = ("-j", job)
    else:
        if since is None or until is None:
            raise ValueError("a span of time is needed, or a job")
        who = ("-u", user) if user else ("-a",)
        what = (*who, "-s", FINISHED_WORDS, "-S", f"uts{int(since.timestamp())}", "-E", f"uts{int(until.timestamp())}")
    return ("sacct", "-X", "-n", "-p", f"--delimiter={separator}", *what, "-o", ",".join(SACCT_FIELDS))


def decode_squeue(body: bytes, separator: str, *, site: str, now: datetime) -> tuple[Job, ...]:
    """Every row of `squeue_argv` as a job."""
    return tuple(iterate_squeue(body, separator, site=site, now=now))


def iterate_squeue(body: bytes, separator: str, *, site: str, now: datetime) -> Iterator[Job]:
    """The same, one by one, so that a long queue can be decoded in slices."""
    for row in _rows(body, separator, len(SQUEUE_FIELDS)):
        yield _squeue_job(_Queued(*row), site, now)


def decode_sacct(body: bytes, separator: str, *, site: str, now: datetime) -> tuple[Job, ...]:
    """Every row of `sacct_argv` as a job."""
    return tuple(_sacct_job(_Past(*row), site, now) for row in _rows(body, separator, len(SACCT_FIELDS)))


def decode_nodes(body: bytes, separator: str, *, site: str) -> tuple[Node, ...]:
    """Every node of `sinfo_argv` once, with all its partitions in the order sinfo gives them."""
    rows: dict[str, _NodeRow] = {}
    pools: dict[str, list[str]] = {}
    for cells in _rows(body, separator, len(SINFO_FIELDS)):
        row = _NodeRow(*cells)
        rows.setdefault(row.name, row)
        pools.setdefault(row.name, []).append(row.pool)
    return tuple(_node(row, tuple(dict.fromkeys(clean(p) for p in pools[name] if p)), site) for name, row in rows.items())


class _Queued(NamedTuple):
    """A row of squeue, in the order of SQUEUE_FIELDS."""

    job_id: str
    array_id: str
    array_task: str
    het_id: str
    het_offset: str
    name: str
    user: str
    account: str
    qos: str
    partition: str
    state: str
    reason: str
    priority: str
    dependency: str
    nodes: str
    node_list: str
    planned: str
    cpus: str
    tasks: str
    tres: str
    per_job: str
    per_node: str
    per_socket: str
    per_task: str
    features: str
    reservation: str
    submitted: str
    eligible: str
    start: str
    end: str
    limit: str
    used: str
    comment: str
    work_dir: str
    command: str
    stdout: str
    stderr: str
    restarts: str
    exit: str


class _Past(NamedTuple):
    """A row of sacct, in the order of SACCT_FIELDS."""

    job_id: str
    shown_id: str
    name: str
    user: str
    account: str
    qos: str
    partition: str
    state: str
    reason: str
    exit: str
    submitted: str
    eligible: str
    start: str
    end: str
    elapsed: str
    limit: str
    nodes: str
    node_list: str
    cpus: str
    given: str
    asked: str
    features: str
    reservation: str
    comment: str
    work_dir: str
    priority: str


class _NodeRow(NamedTuple):
    """A row of sinfo, in the order of SINFO_FIELDS."""

    name: str
    pool: str
    state: str
    gres: str
    gres_used: str
    cpus: str
    load: str
    memory: str
    memory_used: str
    features: str
    reason: str
    user: str
    since: str
