"""One row of squeue as a job: what every field means, one row at a time. Pure.

`text_queue` decodes long lists by their columns; this is what it has to come to, and what decodes the rows it leaves.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from naru_client.model import FINISHED_STATES, WAITING_STATES, Job
from naru_client.slurm import paths, tres
from naru_client.slurm.text_values import NOTHING, duration, moment, shared, whole_number
from naru_client.slurm.wire_ids import address, task_count
from naru_client.slurm.wire_states import exit_code, job_state, job_times, reason
from naru_client.text import clean, clean_optional

SQUEUE_FIELDS = (
    "JobID", "ArrayJobID", "ArrayTaskID", "HetJobID", "HetJobOffset", "Name", "UserName", "Account", "QOS",
    "Partition", "State", "Reason", "PriorityLong", "Dependency", "NumNodes", "NodeList", "SchedNodes", "NumCPUs",
    "NumTasks", "tres-alloc", "tres-per-job", "tres-per-node", "tres-per-socket", "tres-per-task", "Feature",
    "Reservation", "SubmitTime", "EligibleTime", "StartTime", "EndTime", "TimeLimit", "TimeUsed", "Comment", "WorkDir",
    "Command", "STDOUT", "STDERR", "RestartCnt", "exit_code",
)  # fmt: skip


class Queued(NamedTuple):
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


def queued_job(cells: Sequence[str], site: str, now: datetime) -> Job:
    """A row's job, from its cells in the order of SQUEUE_FIELDS."""
    row = Queued(*cells)
    state = job_state(row.state)
    job_id, nodes, tasks = whole_number(row.job_id) or 0, whole_number(row.nodes), whole_number(row.tasks)
    group, task = array_part(row.array_task)
    array_id = whole_number(row.array_id) if group or task is not None else None
    het_id = whole_number(row.het_id)
    het_offset = whole_number(row.het_offset) if het_id is not None else None
    waiting, finished = state.shown in WAITING_STATES, state.shown in FINISHED_STATES
    node_list = clean_optional(row.node_list)
    code, detail = reason(row.reason)
    times = job_times(state, start=moment(row.start), end=moment(row.end), now=now, never_ran=node_list is None)
    stdout, stderr = output_files(row, job_id, array_id, task, grouped=group is not None)
    return Job(
        site=site,
        id=address(job_id, array_id, task, group, het_id, het_offset),
        job_id=job_id,
        array_id=array_id,
        array_task=task,
        array_tasks=group,
        array_pending=None if group is None else task_count(group),
        het_id=het_id,
        het_offset=het_offset,
        name=clean(row.name),
        user=clean_optional(row.user),
        account=shared(row.account),
        qos=shared(row.qos),
        pool=shared(row.partition),
        reservation=shared(row.reservation),
        state=state.shown,
        state_flags=state.others,
        reason=code,
        reason_detail=detail,
        priority=whole_number(row.priority),
        dependency=clean_optional(row.dependency),
        nodes=nodes,
        node_list=node_list,
        planned_nodes=clean_optional(row.planned) if waiting else None,
        cpus=whole_number(row.cpus),
        tasks=tasks,
        memory=tres.memory_of(row.tres),
        accelerators=tres.job_accelerators(
            tres_alloc=row.tres, tres_per_job=row.per_job, tres_per_node=row.per_node, nodes=nodes,
            tres_per_task=row.per_task, tasks=tasks, tres_per_socket=row.per_socket,
        ),
        features=clean_optional(row.features),
        submitted=moment(row.submitted),
        eligible=moment(row.eligible),
        started=times.started,
        ended=times.ended,
        expected_start=times.expected_start,
        time_limit=duration(row.limit),
        unlimited=row.limit == "UNLIMITED",
        elapsed=None if waiting else duration(row.used),
        exit=exit_code(int(row.exit) if row.exit.isdecimal() else row.exit) if finished else None,
        comment=clean_optional(row.comment),
        work_dir=clean_optional(row.work_dir),
        command=clean_optional(row.command),
        stdout=stdout,
        stderr=stderr,
        restarts=whole_number(row.restarts),
    )  # fmt: skip


def output_files(
    row: Queued, job_id: int, array_id: int | None, task: int | None, *, grouped: bool
) -> tuple[str | None, str | None]:
    """Where a job writes: standard output, and standard error, which goes there too where nothing else is said."""
    name, user, work_dir = clean(row.name), clean_optional(row.user), clean_optional(row.work_dir)
    # looked through only for the one directive that names a node
    node_list = clean_optional(row.node_list) if "%N" in row.stdout + row.stderr else None

    def written(template: str | None) -> str | None:
        return paths.output(
            template, expanded=None, batch=None, job_id=job_id, name=name, user=user, array_id=array_id,
            array_task=task, node_list=node_list, work_dir=work_dir, group=grouped,
        )  # fmt: skip

    stdout = written(clean_optional(row.stdout))
    own_stderr = clean_optional(row.stderr) if row.stderr != row.stdout else None
    return stdout, written(own_stderr) if own_stderr else stdout


def array_part(text: str) -> tuple[str | None, int | None]:
    """ArrayTaskID: the expression of a pending group, or the number of one task; neither outside an array."""
    if text in NOTHING:
        return None, None
    if text.isdecimal():
        return None, whole_number(text)
    return clean(text).strip("[]"), None
