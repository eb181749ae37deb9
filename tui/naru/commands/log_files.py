"""Which files `naru logs` prints, by what is known of a job, and their sources."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from naru_client.centre import Centre
from naru_client.errors import NaruError, NotFound
from naru_client.i18n import _
from naru_client.logs.names import LogFile, files_of
from naru_client.logs.source import LogSource
from naru_client.model import Job
from naru_client.text import clean


class Wanted(Struct, frozen=True):
    """What is to be printed of some jobs: files by their path, each named by the first task that writes to it.

    `shared` says that errors were wanted and go where the output goes. `missing` says why some task's file is not
    known, "" where all are.
    """

    files: tuple[LogFile, ...]
    shared: bool = False
    missing: str = ""


def wanted_files(jobs: Sequence[Job], *, errors: bool, awaited: bool = False) -> Wanted:
    """The files with the jobs' output, or with their errors; `awaited` says that those of jobs that have not started
    are wanted as well, which are told to be there as soon as they are."""
    stream = "err" if errors else "out"
    ordered = sorted(jobs, key=lambda job: (job.array_task or 0, job.het_offset or 0))
    if awaited:
        ordered = [replace(job, state="RUNNING") if job.waiting else job for job in ordered]
    fitting = [file for job in ordered for file in files_of(job) if file.stream in (stream, "both")]
    known: dict[str, LogFile] = {}
    for file in fitting:
        if file.path:
            known.setdefault(file.path, file)
    files = tuple(known.values())
    shared = errors and bool(files) and all(file.stream == "both" for file in files)
    missing = next((file.why for file in fitting if not file.path and file.why), "")
    return Wanted(files, shared, missing)


def open_file(centre: Centre, file: LogFile) -> LogSource:
    """A file of a job's as a log. Raises NotProvided where there is no way to read it."""
    return centre.open_log(file.path)


def no_file(job_id: str, jobs: Sequence[Job], wanted: Wanted) -> NaruError:
    """Why there is nothing to print."""
    if jobs and all(job.waiting for job in jobs):
        return not_started(job_id)
    told = wanted.missing or _("it is not known where it writes to")
    return NotFound(
        _("job {id}: {why}").format(id=clean(job_id), why=told),
        _("`naru job {id}` shows what is known of it").format(id=clean(job_id)),
    )


def not_started(job_id: str) -> NaruError:
    return NotFound(
        _("job {id} has not started: it has no log yet").format(id=clean(job_id)), _("-f waits for it and follows it")
    )


def told_missing(error: NaruError, job_id: str, jobs: Sequence[Job]) -> NaruError:
    """An error of reading a log, in better words where its job has not even started, or nobody told its path."""
    if isinstance(error, NotFound) and jobs:
        if all(job.waiting for job in jobs):
            return not_started(job_id)
        if all(file.guessed for job in jobs for file in files_of(job)):
            return NotFound(_("the centre no longer tells where it wrote to"), error.message)
    return error


def guess_words() -> str:
    """What is said beside a log whose path nobody told."""
    return _("the centre does not tell its path: this is what stands under Slurm's default name")
