"""sacct in text form: jobs that ended, with fields no job name can forge. Pure."""

import re
from datetime import datetime
from typing import NamedTuple

from naru_client.model import FINISHED_STATES, Accelerators, Job
from naru_client.slurm import tres
from naru_client.slurm.text_values import moment, rows, shared, whole_number
from naru_client.slurm.wire_ids import address, task_count
from naru_client.slurm.wire_states import exit_code, job_state, job_times, reason
from naru_client.text import clean, clean_optional

SACCT_FIELDS = (
    "JobIDRaw", "JobID", "JobName", "User", "Account", "QOS", "Partition", "State", "Reason", "ExitCode", "Submit",
    "Eligible", "Start", "End", "ElapsedRaw", "TimelimitRaw", "NNodes", "NodeList", "NCPUS", "AllocTRES", "ReqTRES",
    "Constraints", "Reservation", "Comment", "WorkDir", "Priority",
)  # fmt: skip
# sacct's short words, as it takes them: every state in which a job stays what it is
FINISHED_WORDS = "BF,CA,CD,DL,F,NF,OOM,PR,RV,TO"

_SACCT_ID = re.compile(r"(\d+)(?:_(\d+)|_\[([^\]]*)\]|\+(\d+))?")


def sacct_argv(
    separator: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    user: str | None = None,
    account: str | None = None,
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
        if account:
            who = (*who, "-A", account)
        what = (*who, "-s", FINISHED_WORDS, "-S", f"uts{int(since.timestamp())}", "-E", f"uts{int(until.timestamp())}")
    return ("sacct", "-X", "-n", "-p", f"--delimiter={separator}", *what, "-o", ",".join(SACCT_FIELDS))


def decode_sacct(body: bytes, separator: str, *, site: str, now: datetime) -> tuple[Job, ...]:
    """Every row of `sacct_argv` as a job."""
    found = [_Past(*row) for row in rows(body, separator, len(SACCT_FIELDS))]
    counted = [_accounted(row) for row in found]
    # accounting holds accelerators only where the site tracks them: an answer in which no job has any tells nothing
    nothing: tuple[Accelerators, ...] | None = () if any(counted) else None
    return tuple(_sacct_job(row, site, now, some or nothing) for row, some in zip(found, counted, strict=True))


def describe_sacct(body: bytes, separator: str) -> str:
    """The rows of `sacct_argv` as "Field=value" lines for people to read, not cleaned; a blank line between jobs."""
    blocks = []
    for row in rows(body, separator, len(SACCT_FIELDS)):
        pairs = zip(SACCT_FIELDS, row, strict=True)
        blocks.append("\n".join(f"{name}={value}" for name, value in pairs if value))
    return "\n\n".join(blocks)


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


def _sacct_job(row: _Past, site: str, now: datetime, accelerators: tuple[Accelerators, ...] | None) -> Job:
    state = job_state(row.state)
    job_id, nodes, node_list = whole_number(row.job_id) or 0, whole_number(row.nodes), clean_optional(row.node_list)
    found = _SACCT_ID.match(row.shown_id)
    first, task, group, offset = found.groups() if found else (None, None, None, None)
    array_id = whole_number(first) if first and (task or group) else None
    het_id = whole_number(first) if first and offset else None
    started, ended, elapsed = moment(row.start), moment(row.end), whole_number(row.elapsed)
    times = job_times(state, start=started, end=ended, now=now, never_ran=node_list is None and not elapsed)
    return Job(
        site=site,
        id=address(job_id, array_id, whole_number(task), group, het_id, whole_number(offset)),
        job_id=job_id,
        array_id=array_id,
        array_task=whole_number(task),
        array_tasks=group,
        array_pending=None if group is None else task_count(group),
        het_id=het_id,
        het_offset=whole_number(offset),
        name=clean(row.name),
        user=shared(row.user),
        account=shared(row.account),
        qos=shared(row.qos),
        pool=shared(row.partition),
        reservation=shared(row.reservation),
        state=state.shown,
        state_flags=state.others,
        reason=reason(row.reason)[0],
        priority=whole_number(row.priority),
        nodes=nodes,
        node_list=node_list,
        cpus=whole_number(row.cpus) or None,
        memory=tres.memory_of(row.given) or tres.memory_of(row.asked),
        accelerators=accelerators,
        features=clean_optional(row.features),
        submitted=moment(row.submitted),
        eligible=moment(row.eligible),
        started=times.started,
        ended=times.ended,
        expected_start=times.expected_start,
        time_limit=minutes * 60 if (minutes := whole_number(row.limit)) is not None else None,
        unlimited=row.limit == "UNLIMITED",
        elapsed=elapsed,
        exit=exit_code(row.exit) if state.shown in FINISHED_STATES else None,
        comment=clean_optional(row.comment),
        work_dir=clean_optional(row.work_dir),
    )


def _accounted(row: _Past) -> tuple[Accelerators, ...]:
    asked = tres.accelerators(row.asked)
    return tres.name_models(tres.accelerators(row.given) or asked, (asked,))
