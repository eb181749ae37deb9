"""The records that a job's name calls, and who may touch them."""

from naru_client.mock.actions_errors import Refused
from naru_client.mock.actions_notes import Notes
from naru_client.mock.actions_words import Name, job_name
from naru_client.mock.entities import Job
from naru_client.mock.requests import Caller
from naru_client.mock.simulator import Simulator


def may_touch(caller: Caller, job: Job) -> bool:
    """The caller owns the job, coordinates its account, or may do anything."""
    return caller.operator or caller.user == job.user or job.account in caller.coordinates


def in_path(text: str, source: str, notes: Notes) -> Name:
    """What the name of a job in a path calls. Raises Refusal."""
    try:
        name = job_name(text)
    except Refused:
        name = None
    if name is None or name.tasks:  # several tasks at once are for bodies only
        raise notes.refuse(9000, "Rejecting request. Failure parsing parameters", source)
    return name


def called(simulator: Simulator, name: Name) -> list[tuple[Job, tuple[int, ...]]]:
    """The records that a name calls, each with the tasks that are meant of a group of waiting ones (none: all)."""
    if name.task is not None or name.tasks:
        return _tasks(simulator, name)
    job = simulator.jobs.get(name.number)
    if name.offset is not None or (job is not None and job.het):
        parts = job.het if job is not None else ()
        return [(one, ()) for one in parts if one.id in simulator.jobs and name.offset in (None, one.het_offset)]
    if job is not None and job.array_id != job.id:
        return [(job, ())]
    family = [one for one in simulator.find(name.number) if one.array_id == name.number]
    return [(one, ()) for one in sorted(family, key=lambda one: not one.array_group)]


def _tasks(simulator: Simulator, name: Name) -> list[tuple[Job, tuple[int, ...]]]:
    wanted = set(name.tasks or (name.task,))
    found: list[tuple[Job, tuple[int, ...]]] = []
    for job in simulator.find(name.number):
        if job.array is None or job.array_id != name.number:
            continue
        waiting = tuple(task for task in job.tasks if task in wanted) if job.array_group else ()
        if waiting or (not job.array_group and job.task in wanted):
            found.append((job, waiting))
    return found


def id_text(job: Job) -> str:
    """What Slurm calls a record: "6_4" for a task, "14+1" for a component."""
    if job.array is not None and job.task is not None:
        return f"{job.array_id}_{job.task}"
    return f"{job.het[0].id}+{job.het_offset}" if job.het_offset else str(job.id)
