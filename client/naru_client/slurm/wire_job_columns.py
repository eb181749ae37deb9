"""Many jobs of slurmctld's JSON at once, by their columns: what is worked out for one is there for all like it. Pure.

For records in which every field is what the contract says. Jobs out of the ordinary (those that ended, are suspended,
or stand for several) are left to `wire_jobs`, which says what every field means and what this has to come to.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import astuple

from naru_client.model import WAITING_STATES, Accelerators, Job
from naru_client.slurm import tres
from naru_client.slurm.columns import Memo, looked_up
from naru_client.slurm.paths import NO_TASK, absolute
from naru_client.slurm.wire_states import ExitCode, job_state, reason
from naru_client.slurm.wire_values import END_OF_TIME, Told, infinite, number, plain, text, word

Count = Told | Annotated[int, Meta(ge=0)] | None
Text = str | None
RUNS, WAITS, OTHER = range(3)
SENTINELS = 0xFFFFFFFE  # numbers from here on are none
_PLAIN_PATH = re.compile("/[ -~가-힣]{0,4000}").fullmatch  # what `clean` leaves as it is, found out quickly


class FullRow(Struct, gc=False):
    """The fields of `wire_jobs.JobRow` that are used, of their proper types, in the order of v0.0.44."""

    account: Text = None
    array_job_id: Count = None
    array_task_id: Count = None
    array_task_string: Text = None
    batch_flag: bool | None = None
    command: Text = None
    comment: Text = None
    dependency: Text = None
    eligible_time: Count = None
    end_time: Count = None
    exit_code: ExitCode = None
    features: Text = None
    gres_detail: list[str] | None = None
    het_job_id: Count = None
    het_job_offset: Count = None
    job_id: Count = None
    job_state: list[str] | Text = None
    name: Text = None
    nodes: Text = None
    cpus: Count = None
    node_count: Count = None
    tasks: Count = None
    partition: Text = None
    memory_per_cpu: Count = None
    memory_per_node: Count = None
    pre_sus_time: Count = None
    priority: Count = None
    qos: Text = None
    restart_cnt: Count = None
    resv_name: Text = None
    scheduled_nodes: Text = None
    sockets_per_node: Count = None
    start_time: Count = None
    state_description: Text = None
    state_reason: Text = None
    standard_output: Text = None
    standard_error: Text = None
    stdout_expanded: Text = None
    stderr_expanded: Text = None
    submit_time: Count = None
    suspend_time: Count = None
    time_limit: Count = None
    tres_per_job: Text = None
    tres_per_node: Text = None
    tres_per_socket: Text = None
    tres_per_task: Text = None
    tres_req_str: Text = None
    tres_alloc_str: Text = None
    user_id: Count = None
    user_name: Text = None
    current_working_directory: Text = None


class JobColumns:
    """Makes jobs of the records of one answer, some at a time. `one` makes the job of any record, one by one."""

    def __init__(self, site: str, now: datetime, one: Callable[[Any], Job]) -> None:
        self._site, self.one = site, one
        self._seconds = int(now.timestamp())
        self._words, self._names, self._texts = Memo(word), Memo(plain), Memo(text)
        self._kinds = Memo(_kind)
        self._shown: Memo[str, str] = Memo(lambda text: job_state(text).shown)
        self._others: Memo[str, tuple[str, ...]] = Memo(lambda text: job_state(text).others)
        self._reasons: Memo[tuple[Any, Any], tuple[str | None, str | None]] = Memo(lambda pair: reason(*pair))
        self._moments: Memo[int | None, datetime | None] = Memo(_moment)
        self._memory, self._accelerators = Memo(tres.memory_of), Memo(_accelerators)

    def jobs(self, rows: Sequence[FullRow]) -> list[Job]:
        """Their jobs, in order."""
        if not rows:
            return []
        (
            accounts, array_ids, _, groups, batch, commands, comments, dependencies, eligible, _, _, features, details,
            het_ids, _, job_ids, states, names, nodes, cpus, node_counts, tasks, partitions, _, _, _, priorities, qos,
            restarts, reservations, planned, sockets, starts, descriptions, reasons, outputs, errors, files,
            error_files, submitted, suspended, limits, per_job, per_node, per_socket, per_task, asked, given, _, users,
            folders,
        ) = zip(*map(astuple, rows), strict=True)  # fmt: skip
        said = [one[0] if type(one) is list and len(one) == 1 else "\n".join(one or ()) for one in states]
        kinds = list(map(self._kinds.__getitem__, said))
        numbers, hosts = _counts(job_ids), [count or None for count in _counts(node_counts)]
        task_counts = [count or None for count in _counts(tasks)]
        people, work_dirs = list(map(self._words.__getitem__, users)), list(map(self._words.__getitem__, folders))
        begins, spans = _counts(starts), _counts(limits)
        memory = [self._memory[one or other] for one, other in zip(given, asked, strict=True)]
        why = list(map(self._reasons.__getitem__, zip(reasons, descriptions, strict=True)))
        paths = [_path(file, folder) if file else None for file, folder in zip(files, work_dirs, strict=True)]
        requests = zip(
            given, [tuple(one) if one else () for one in details], asked, per_job, per_node, hosts, per_task,
            task_counts, per_socket, _counts(sockets), strict=True,
        )  # fmt: skip
        moments = self._moments.__getitem__
        started = list(map(moments, begins))
        jobs: list[Job] = list(
            map(
                Job,
                repeat(self._site),
                map(str, numbers),
                numbers,
                *repeat(repeat(None), 6),  # of arrays and of heterogeneous jobs
                map(self._names.__getitem__, names),
                people,
                looked_up(accounts, self._words),
                looked_up(qos, self._words),
                looked_up(partitions, self._words),
                looked_up(reservations, self._words),
                looked_up(said, self._shown),
                looked_up(said, self._others),
                [code for code, _ in why],
                [detail for _, detail in why],
                _counts(priorities),
                looked_up(dependencies, self._words),
                hosts,
                looked_up(nodes, self._words),
                [self._words[one] if kind == WAITS else None for kind, one in zip(kinds, planned, strict=True)],
                [count or None for count in _counts(cpus)],
                task_counts,
                memory,
                map(self._accelerators.__getitem__, requests),
                looked_up(features, self._words),
                map(moments, _counts(submitted)),
                map(moments, _counts(eligible)),
                [begin if kind == RUNS else None for kind, begin in zip(kinds, started, strict=True)],
                repeat(None),  # ended
                [begin if kind == WAITS else None for kind, begin in zip(kinds, started, strict=True)],
                [minutes * 60 if minutes else None for minutes in spans],
                [minutes is None and infinite(limit) for minutes, limit in zip(spans, limits, strict=True)],
                [
                    max(0, self._seconds - begin) if begin and kind == RUNS else None
                    for kind, begin in zip(kinds, begins, strict=True)
                ],
                repeat(None),  # exit
                looked_up(comments, self._words),
                work_dirs,
                looked_up(commands, self._texts),
                paths,
                paths,
                _counts(restarts),
            )
        )
        suspensions, arrays, hets = _counts(suspended), _counts(array_ids), _counts(het_ids)
        for at, kind in enumerate(kinds):
            if (
                kind == OTHER or arrays[at] or hets[at] or groups[at] or suspensions[at] or memory[at] is None
                or people[at] is None or not numbers[at] or errors[at] or error_files[at]
                or (paths[at] is None and (files[at] or outputs[at] or batch[at]))
            ):  # fmt: skip
                jobs[at] = self.one(rows[at])
        return jobs


def _counts(column: Sequence[Any]) -> list[Any]:
    """`number` of each."""
    if type(column[0]) is int and set(map(type, column)) == {int} and max(column) < SENTINELS:
        return list(column)
    try:
        found = [None if one.set is False or one.infinite else one.number for one in column]
    except AttributeError:  # plain numbers, as up to 22.05, or nothing
        return list(map(number, column))
    return found


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds and seconds < END_OF_TIME else None


def _kind(state: str) -> int:
    shown, base, _ = job_state(state)
    return WAITS if shown in WAITING_STATES else RUNS if shown == base == "RUNNING" else OTHER


def _path(expanded: str, folder: str | None) -> str | None:
    """A file that Slurm has named in full; None where that is of no use."""
    if _PLAIN_PATH(expanded) and NO_TASK not in expanded:
        return expanded
    found = text(expanded)
    return None if not found or NO_TASK in found else absolute(found, folder)


def _accelerators(told: tuple[Any, ...]) -> tuple[Accelerators, ...] | None:
    given, detail, asked, per_job, per_node, nodes, per_task, tasks, per_socket, sockets = told
    return tres.job_accelerators(
        tres_alloc=given, gres_detail=detail or None, tres_req=asked, tres_per_job=per_job, tres_per_node=per_node,
        nodes=nodes, tres_per_task=per_task, tasks=tasks, tres_per_socket=per_socket,
        sockets=sockets * nodes if sockets and nodes else None,
    )  # fmt: skip
