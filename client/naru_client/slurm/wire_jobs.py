"""Jobs as slurmctld tells them: squeue, scontrol show job, slurmrestd's /slurm/…/jobs and /slurm/…/job/{id}. Pure."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from naru_client.model import FINISHED_STATES, WAITING_STATES, Job
from naru_client.slurm import json_pieces, paths, tres, wire_answers, wire_states
from naru_client.slurm.columns import gc_held
from naru_client.slurm.slices import Slices, at_once
from naru_client.slurm.wire_answers import Decoded, Envelope, Odd
from naru_client.slurm.wire_ids import address as address
from naru_client.slurm.wire_ids import task_count as task_count
from naru_client.slurm.wire_ids import task_expression
from naru_client.slurm.wire_job_columns import FullRow, JobColumns
from naru_client.slurm.wire_states import ExitCode
from naru_client.slurm.wire_values import (
    Number,
    flag,
    infinite,
    mebibytes,
    moment,
    number,
    plain,
    positive,
    raw,
    text,
    word,
)


class JobRow(Struct, gc=False):
    """The fields of a record that are used; all others, above all `job_resources`, are skipped unread."""

    job_id: Number = None
    array_job_id: Number = None
    array_task_id: Number = None
    array_task_string: Any = None
    array_max_tasks: Number = None
    het_job_id: Number = None
    het_job_offset: Number = None
    name: Any = None
    user_name: Any = None
    user_id: Number = None
    account: Any = None
    qos: Any = None
    partition: Any = None
    resv_name: Any = None
    job_state: Any = None
    state_reason: Any = None
    state_description: Any = None
    priority: Number = None
    dependency: Any = None
    node_count: Number = None
    nodes: Any = None
    scheduled_nodes: Any = None
    cpus: Number = None
    tasks: Number = None
    memory_per_node: Number = None
    memory_per_cpu: Number = None
    tres_alloc_str: Any = None
    tres_req_str: Any = None
    gres_detail: Any = None
    tres_per_job: Any = None
    tres_per_node: Any = None
    tres_per_task: Any = None
    tres_per_socket: Any = None
    sockets_per_node: Number = None
    features: Any = None
    submit_time: Number = None
    eligible_time: Number = None
    start_time: Number = None
    end_time: Number = None
    suspend_time: Number = None
    pre_sus_time: Number = None
    time_limit: Number = None
    exit_code: ExitCode = None
    comment: Any = None
    current_working_directory: Any = None
    command: Any = None
    standard_output: Any = None
    standard_error: Any = None
    stdout_expanded: Any = None
    stderr_expanded: Any = None
    restart_cnt: Number = None
    batch_flag: Any = None


class JobsAnswer(Envelope):
    jobs: list[JobRow | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET


_DECODER = msgspec.json.Decoder(JobsAnswer)
decode_envelope = _DECODER.decode
_FULL = msgspec.json.Decoder(list[FullRow])
_ANY = msgspec.json.Decoder(list[JobRow | list[Any] | Odd])

SHORT = 4 * json_pieces.PIECE  # bytes of an answer that is decoded in one go


class JobsDecoder:
    """Decodes the answers to one question, in turn; jobs that are as in the last one are the same objects."""

    def __init__(self) -> None:
        self._kept: dict[int, Job] = {}

    def slices(self, body: bytes, *, site: str, now: datetime) -> Slices[Job, Decoded[tuple[Job, ...]]]:
        """As `decode_jobs`, a part of the answer at a time; returns the whole, and gives nothing before."""
        decoded = None
        if len(body) > SHORT:
            try:
                decoded = yield from self._by_pieces(body, JobColumns(site, now, lambda row: _job(row, site, now)))
            except json_pieces.Uncut:
                decoded = None
        if decoded is None:
            with gc_held():
                answer = wire_answers.read(body, JobsAnswer, _DECODER)
                found, lost = wire_answers.rows(answer.jobs, JobRow, "jobs", answer)
                new: dict[int, Job] = {}
                jobs = self._renewed([_job(row, site, now) for row in found], new)
                self._kept = new
            decoded = wire_answers.decoded(answer, tuple(jobs), lost)
        return decoded

    def _by_pieces(self, body: bytes, columns: JobColumns) -> Slices[Job, Decoded[tuple[Job, ...]]]:
        jobs: list[Job] = []
        strange: list[Any] = []
        new: dict[int, Job] = {}
        parts = json_pieces.pieces(body, decode_envelope, _records)
        while True:
            with gc_held():
                try:
                    records = next(parts)
                except StopIteration as stop:
                    before, answer = stop.value
                    break
                if type(records[0]) is FullRow:
                    made = columns.jobs(records)
                else:
                    made = [columns.one(one) for one in records if type(one) is JobRow]
                    strange += [one for one in records if type(one) is not JobRow]
                jobs += self._renewed(made, new)
            yield []
        for field in ("meta", "errors", "warnings", "last_update"):
            if getattr(answer, field) is None:
                setattr(answer, field, getattr(before, field))
        last, lost = wire_answers.rows(strange + answer.jobs, JobRow, "jobs", answer)
        jobs += self._renewed([columns.one(row) for row in last], new)
        self._kept = new
        return wire_answers.decoded(answer, tuple(jobs), lost)

    def _renewed(self, jobs: list[Job], new: dict[int, Job]) -> list[Job]:
        """The same, with the objects of last time for the jobs that are as they were; `new` gets them by number."""
        numbers = [job.job_id for job in jobs]
        if self._kept:
            old = map(self._kept.get, numbers)
            jobs = [before if before == job else job for before, job in zip(old, jobs, strict=True)]
        new.update(zip(numbers, jobs, strict=True))
        return jobs


def _records(part: bytes) -> list[Any]:
    """The records of a list, in full where every one of them is as the contract has it."""
    try:
        return _FULL.decode(part)
    except msgspec.ValidationError:
        return _ANY.decode(part)


def decode_jobs(body: bytes, *, site: str, now: datetime) -> Decoded[tuple[Job, ...]]:
    """Every job of a slurmctld answer in its order, of any version.

    `now` (aware UTC) is when the answer was given: the elapsed time of running jobs is reckoned to it. Raises BadAnswer
    for what is not such an answer.
    """
    return at_once(JobsDecoder().slices(body, site=site, now=now))[1]


def _job(row: JobRow | FullRow, site: str, now: datetime) -> Job:
    job_id = number(row.job_id) or 0
    array_id = number(row.array_job_id) or None
    array_task = number(row.array_task_id) if array_id else None
    array_tasks = task_expression(row.array_task_string) if array_task is None else None
    het_id = number(row.het_job_id) or None
    het_offset = (number(row.het_job_offset) or 0) if het_id else None

    state = wire_states.job_state(row.job_state)
    waiting = state.shown in WAITING_STATES
    finished = state.shown in FINISHED_STATES
    reason, detail = wire_states.reason(row.state_reason, row.state_description)
    alloc = raw(row.tres_alloc_str)
    node_list = word(row.nodes)
    suspended_at = moment(row.suspend_time)
    times = wire_states.job_times(
        state, start=moment(row.start_time), end=moment(row.end_time), now=now, suspended_at=suspended_at,
        ran_before=number(row.pre_sus_time), never_ran=not node_list and not alloc,
    )  # fmt: skip
    nodes, cpus, tasks = positive(row.node_count), positive(row.cpus), positive(row.tasks)
    sockets = positive(row.sockets_per_node)
    detailed = row.gres_detail
    limit = number(row.time_limit)

    name, user = plain(row.name), word(row.user_name)
    work_dir = word(row.current_working_directory)
    group = array_tasks is not None
    batch = flag(row.batch_flag)
    stdout = paths.output(
        text(row.standard_output), text(row.stdout_expanded), batch=batch, job_id=job_id, name=name, user=user,
        array_id=array_id, array_task=array_task, node_list=node_list, work_dir=work_dir, group=group,
    )  # fmt: skip
    own_stderr, expanded_stderr = text(row.standard_error), text(row.stderr_expanded)
    stderr = stdout
    if own_stderr is not None or expanded_stderr is not None:
        stderr = paths.output(
            own_stderr, expanded_stderr, batch=batch, job_id=job_id, name=name, user=user, array_id=array_id,
            array_task=array_task, node_list=node_list, work_dir=work_dir, group=group,
        )  # fmt: skip

    return Job(
        site=site,
        id=address(job_id, array_id, array_task, array_tasks, het_id, het_offset),
        job_id=job_id,
        array_id=array_id,
        array_task=array_task,
        array_tasks=array_tasks,
        array_pending=task_count(array_tasks),
        het_id=het_id,
        het_offset=het_offset,
        name=name,
        user=user if user is not None else text(number(row.user_id)),
        account=word(row.account),
        qos=word(row.qos),
        pool=word(row.partition),
        reservation=word(row.resv_name),
        state=state.shown,
        state_flags=state.others,
        reason=reason,
        reason_detail=detail,
        priority=number(row.priority),
        dependency=word(row.dependency),
        nodes=nodes,
        node_list=node_list,
        planned_nodes=word(row.scheduled_nodes) if waiting else None,
        cpus=cpus,
        tasks=tasks,
        memory=_memory(row, alloc, nodes, cpus),
        accelerators=tres.job_accelerators(
            tres_alloc=alloc,
            gres_detail=None if not detailed else [detailed] if type(detailed) is str else strings(detailed),
            tres_req=raw(row.tres_req_str),
            tres_per_job=raw(row.tres_per_job),
            tres_per_node=raw(row.tres_per_node),
            nodes=nodes,
            tres_per_task=raw(row.tres_per_task),
            tasks=tasks,
            tres_per_socket=raw(row.tres_per_socket),
            sockets=sockets * nodes if sockets and nodes else None,
        ),
        features=word(row.features),
        submitted=moment(row.submit_time),
        eligible=moment(row.eligible_time),
        started=times.started,
        ended=times.ended,
        expected_start=times.expected_start,
        time_limit=limit * 60 if limit else None,
        unlimited=limit is None and infinite(row.time_limit),
        elapsed=times.elapsed,
        exit=wire_states.exit_code(row.exit_code) if finished else None,
        comment=word(row.comment),
        work_dir=work_dir,
        command=text(row.command),
        stdout=stdout,
        stderr=stderr,
        restarts=number(row.restart_cnt),
    )


def _memory(row: JobRow | FullRow, alloc: str | None, nodes: int | None, cpus: int | None) -> int | None:
    """Bytes over all nodes: what was given, else what was asked for. 0 a node means all of its memory: not known."""
    found = tres.memory_of(alloc or raw(row.tres_req_str))
    if found is not None:
        return found
    per_node, per_cpu = mebibytes(row.memory_per_node), mebibytes(row.memory_per_cpu)
    if per_node and nodes:
        return per_node * nodes
    return per_cpu * cpus if per_cpu and cpus else None


def strings(value: Any) -> tuple[str, ...]:
    """The strings of a list, as sent."""
    return tuple(one for one in value if type(one) is str) if type(value) is list else ()
