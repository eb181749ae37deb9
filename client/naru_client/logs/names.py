"""Which files hold the logs of a job. Pure.

A path has passed `text.clean`, as everything from a centre: of one with a control character in its name nothing is left
by which it could be opened.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from naru_client.i18n import _
from naru_client.model import Job
from naru_client.text import MARK

Stream = Literal["out", "err", "both"]
NOWHERE = "/dev/null"


class LogFile(Struct, frozen=True):
    """A file that a job writes to. `label` is the id of the job, the task or the part; `path` is empty where there is
    none to read, and `why` says then why.

    `guessed` says that nobody told the path: it is where Slurm writes when it is told nothing else.
    """

    label: str
    stream: Stream
    path: str
    why: str = ""
    guessed: bool = False


def files_of(job: Job) -> tuple[LogFile, ...]:
    """Where a job writes its output and its errors: one file for both, or one for each."""
    if job.array_tasks is not None:
        return (LogFile(job.id, "both", "", _("these tasks have not started: each will have a log of its own")),)
    if job.het_offset:
        first = f"{job.het_id}+0"
        return (
            LogFile(job.id, "both", "", _("the whole job writes where its first part does: {id}").format(id=first)),
        )
    out, err = job.stdout, job.stderr
    if not out and not err and job.finished and job.started and (job.work_dir or "").startswith("/"):
        return (LogFile(job.id, "both", f"{job.work_dir}/{_default_name(job)}", guessed=True),)
    if not out and not err:
        return (LogFile(job.id, "both", "", _why_none(job)),)
    if out and err in (None, "", out):
        return (_file(job, "both", out),)
    return tuple(_file(job, stream, path) for stream, path in (("out", out), ("err", err)) if path)  # type: ignore[arg-type]


def files_of_many(jobs: Iterable[Job]) -> tuple[LogFile, ...]:
    """The files of the tasks of an array, or of the parts of a het job: running ones first, by their numbers."""
    records = list(jobs)
    if len(records) > 1:
        records.sort(key=_liveliness)
    return tuple(file for job in records for file in files_of(job))


def _file(job: Job, stream: Stream, path: str) -> LogFile:
    if path == NOWHERE:
        return LogFile(job.id, stream, "", _("it writes to {path}: nothing is kept").format(path=NOWHERE))
    if MARK in path:
        return LogFile(job.id, stream, "", _("its name holds characters that cannot be read: {path}").format(path=path))
    if job.waiting:
        return LogFile(job.id, stream, "", _("it has not started: it will write to {path}").format(path=path))
    return LogFile(job.id, stream, path)


def _default_name(job: Job) -> str:
    """Where a batch job that names no file writes, in its working folder."""
    if job.array_id is not None and job.array_task is not None:
        return f"slurm-{job.array_id}_{job.array_task}.out"
    return f"slurm-{job.job_id}.out"


def _why_none(job: Job) -> str:
    if job.waiting:
        return _("it has not started: it has no log yet")
    if job.finished and not job.started:
        return _("it never started: it has no log")
    if job.finished:
        return _("the centre no longer tells where it wrote to")
    return _("it has no log file: interactive jobs write to their terminal")


def _liveliness(job: Job) -> tuple[int, int, int]:
    """Running ones first, then those that have ended, then those that wait; in order of their tasks and parts."""
    rank = 2 if job.waiting else 1 if job.finished else 0
    return (rank, job.array_task or 0, job.het_offset or 0)
