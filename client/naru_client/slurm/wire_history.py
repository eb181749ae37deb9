"""Jobs as the accounting store tells them: sacct, slurmrestd's /slurmdb/…/jobs and /slurmdb/…/job/{id}. Pure."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from naru_client.model import FINISHED_STATES, WAITING_STATES, Accelerators, Exit, Job
from naru_client.slurm import paths, tres, wire_answers, wire_states
from naru_client.slurm.submitted import with_files
from naru_client.slurm.wire_answers import Decoded, Envelope, Odd
from naru_client.slurm.wire_ids import address, task_count, task_expression
from naru_client.slurm.wire_states import ExitCode
from naru_client.slurm.wire_values import Number, infinite, moment, number, plain, positive, raw, text, word


class _Times(Struct, gc=False):
    elapsed: Number = None
    eligible: Number = None
    end: Number = None
    start: Number = None
    submission: Number = None
    limit: Number = None


class _State(Struct, gc=False):
    current: Any = None
    reason: Any = None


class _Tres(Struct, gc=False):
    allocated: Any = None
    requested: Any = None


class HistoryRow(Struct, gc=False):
    """The fields of a record that are used; steps are skipped unread."""

    job_id: Number = None
    array: Any = None
    het: Any = None
    association: Any = None
    name: Any = None
    user: Any = None
    account: Any = None
    qos: Any = None
    partition: Any = None
    reservation: Any = None
    state: _State | list[Any] | Odd = None
    priority: Number = None
    allocation_nodes: Number = None
    nodes: Any = None
    required: Any = None
    tres: _Tres | list[Any] | Odd = None
    used_gres: Any = None
    constraints: Any = None
    time: _Times | list[Any] | Odd = None
    exit_code: ExitCode = None
    comment: Any = None
    working_directory: Any = None
    stdout: Any = None
    stderr: Any = None
    stdout_expanded: Any = None
    stderr_expanded: Any = None
    submit_line: Any = None
    restart_cnt: Number = None


class HistoryAnswer(Envelope):
    jobs: list[HistoryRow | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET


_DECODER = msgspec.json.Decoder(HistoryAnswer)


def decode_history(body: bytes, *, site: str, now: datetime) -> Decoded[tuple[Job, ...]]:
    """Every job of an accounting answer in its order, of any version.

    Accounting holds accelerators only where the site tracks them (`AccountingStorageTRES`). They are None throughout an
    answer in which no job has any, as that tells nothing. Raises BadAnswer for what is not such an answer.
    """
    answer = wire_answers.read(body, HistoryAnswer, _DECODER)
    found, lost = wire_answers.rows(answer.jobs, HistoryRow, "jobs", answer)
    counted = [_accelerators(row) for row in found]
    nothing: tuple[Accelerators, ...] | None = () if any(counted) else None
    jobs = tuple(
        with_files(_job(row, site, now, gpus or nothing), text(row.submit_line) or "")
        for row, gpus in zip(found, counted, strict=True)
    )
    return wire_answers.decoded(answer, jobs, lost)


def _job(row: HistoryRow, site: str, now: datetime, accelerators: tuple[Accelerators, ...] | None) -> Job:
    job_id = number(row.job_id) or 0
    array, het, who, required = (_dict(x) for x in (row.array, row.het, row.association, row.required))
    array_id = number(array.get("job_id")) or None
    array_task = number(array.get("task_id")) if array_id else None
    expression = array.get("task") or array.get("task_string")
    array_tasks = None
    if array_id and array_task is None and expression:
        array_tasks = task_expression(expression, _running_limit(array))
    het_id = number(het.get("job_id")) or None
    het_offset = (number(het.get("job_offset")) or 0) if het_id else None

    said = row.state if type(row.state) is _State else _State(current=row.state)
    state = wire_states.job_state(said.current)
    waiting, finished = state.shown in WAITING_STATES, state.shown in FINISHED_STATES
    reason, detail = wire_states.reason(said.reason)
    when = row.time if type(row.time) is _Times else _Times()
    start, end, elapsed = moment(when.start), moment(when.end), number(when.elapsed)
    node_list = word(row.nodes)
    ran = node_list is not None or bool(elapsed)
    # a record of a run that ended in a requeue; what runs or waits has no end here, whatever stands in the field
    requeued = waiting and state.shown != "PENDING" and ran and end is not None
    started = start if (ran if waiting or finished else True) and (not waiting or requeued) else None
    limit = number(when.limit)

    allocated, requested = _lists(row)
    amounts = _amounts(allocated) or _amounts(requested)
    cpus = positive(amounts.get("cpu")) or positive(required.get("CPUs"))
    nodes = positive(row.allocation_nodes) or positive(amounts.get("node"))
    memory = positive(amounts.get("mem"))
    name, user = plain(row.name), word(row.user) or text(who.get("user"))
    work_dir, group = word(row.working_directory), array_tasks is not None
    stdout = paths.output(
        text(row.stdout), text(row.stdout_expanded), batch=None, job_id=job_id, name=name, user=user,
        array_id=array_id, array_task=array_task, node_list=node_list, work_dir=work_dir, group=group,
    )  # fmt: skip
    stderr = stdout
    if text(row.stderr) or text(row.stderr_expanded):
        stderr = paths.output(
            text(row.stderr), text(row.stderr_expanded), batch=None, job_id=job_id, name=name, user=user,
            array_id=array_id, array_task=array_task, node_list=node_list, work_dir=work_dir, group=group,
        )  # fmt: skip
    comment, reservation = _dict(row.comment), _dict(row.reservation)

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
        user=user,
        account=word(row.account) or text(who.get("account")),
        qos=word(row.qos),
        pool=word(row.partition),
        reservation=text(reservation.get("name") or None),  # 22.05 writes 0 for none
        state=state.shown,
        state_flags=state.others,
        reason=reason,
        reason_detail=detail,
        priority=number(row.priority),
        nodes=nodes,
        node_list=node_list,
        cpus=cpus,
        memory=memory << 20 if memory else None,
        accelerators=accelerators,
        features=word(row.constraints),
        submitted=moment(when.submission),
        eligible=moment(when.eligible),
        started=started,
        ended=end if finished or requeued else None,
        time_limit=limit * 60 if limit else None,
        unlimited=limit is None and infinite(when.limit),
        elapsed=elapsed if started is not None or finished else None,
        exit=_exit(row, state.shown) if finished else None,
        comment=text(row.comment) if type(row.comment) is str else text(comment.get("job")),
        work_dir=work_dir,
        stdout=stdout,
        stderr=stderr,
        restarts=number(row.restart_cnt),
    )


def _exit(row: HistoryRow, state: str) -> Exit | None:
    """How it ended. 22.05 writes a return code of 0 for every job that gave one: for a failed job that is not known."""
    found = wire_states.exit_code(row.exit_code)
    return None if found == Exit(code=0) and state == "FAILED" else found


def _dict(value: Any) -> dict[str, Any]:
    return value if type(value) is dict else {}


def _running_limit(array: dict[str, Any]) -> int | None:
    running = _dict(_dict(_dict(array.get("limits")).get("max")).get("running"))
    return number(running.get("tasks")) or None


def _lists(row: HistoryRow) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    both = row.tres if type(row.tres) is _Tres else _Tres()
    allocated, requested = (
        [one for one in value if type(one) is dict] if type(value) is list else []
        for value in (both.allocated, both.requested)
    )
    return allocated, requested


def _amounts(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {str(one.get("type")): one.get("count") for one in found if one.get("type") in ("cpu", "mem", "node")}


def _accelerators(row: HistoryRow) -> tuple[Accelerators, ...]:
    allocated, requested = (_counted(found) for found in _lists(row))
    used = tres.accelerators(raw(row.used_gres))
    return tres.name_models(allocated or requested, (requested, used)) or used


def _counted(found: list[dict[str, Any]]) -> tuple[Accelerators, ...]:
    entries: list[tres.Entry] = []
    for one in found:
        count = number(one.get("count"))
        if one.get("type") == "gres" and type(one.get("name")) is str and count is not None:
            entries += tres.entries(f"gres/{one['name']}={count}")
    return tres.fold(entries)
