"""Where a job writes by the command line it was submitted with, which accounting keeps when slurmctld has forgotten it.

Accounting has the words of that line with spaces between them and no quotes, so that a value of several words cannot be
told from options that follow it. It is read as `sbatch` reads its arguments, and only up to the first word that is
neither an option nor the value of one: what stands before is known, and nothing is known of what comes after. Pure.
"""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from naru_client.model import Job
from naru_client.slurm import paths
from naru_client.text import clean_optional

FIELDS = ("JobIDRaw", "SubmitLine")

_SHORT_ALONE = frozenset("HhIkKOQsuvVWXE")
_LONG_ALONE = frozenset({
    "contiguous", "exclusive", "get-user-env", "help", "hold", "ignore-pbs", "no-requeue", "nice", "no-kill",
    "overcommit", "oversubscribe", "parsable", "propagate", "quiet", "reboot", "requeue", "share", "spread-job",
    "test-only", "usage", "use-min-nodes", "verbose", "version", "wait",
})  # fmt: skip
_OF_WORDS = ("wrap", "comment")  # values that hold spaces more often than not
_SHORT_FILES = {"o": "output", "e": "error"}


class Files(Struct, frozen=True):
    """The templates that a command line names; None for one that it does not name."""

    output: str | None = None
    error: str | None = None


def files(line: str) -> Files:
    """What the command line of a batch job names as its files."""
    program, *words = line.split(" ")
    if program.rpartition("/")[2] != "sbatch":
        return Files()
    found = Files()
    for name, value in _options(words):
        if name in ("output", "error") and value:
            found = replace(found, **{name: value})
    return found


def with_files(job: Job, line: str) -> Job:
    """The job with the files that its command line names, where the source told of none.

    Accounting may have the end of a job before what it was submitted with: its name is "allocation" until then, and it
    has no working folder. Of such a record no path is made.
    """
    if job.stdout or job.stderr or not line or not job.work_dir:
        return job
    told = files(line)
    if told.output is None:
        return job
    return replace(job, stdout=_path(told.output, job), stderr=_path(told.error or told.output, job))


def _path(template: str, job: Job) -> str | None:
    return paths.output(
        clean_optional(template), None, batch=True, job_id=job.job_id, name=job.name, user=job.user,
        array_id=job.array_id, array_task=job.array_task, node_list=job.node_list, work_dir=job.work_dir,
        group=job.array_tasks is not None,
    )  # fmt: skip


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Names and values of the options before the first word that is none."""
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if len(word) < 2 or word[0] != "-" or word == "--":
            return
        if word.startswith("--"):
            name, given, value = word[2:].partition("=")
            if not given and name not in _LONG_ALONE:
                value, at = words[at] if at < len(words) else "", at + 1
            yield name, value
            if name in _OF_WORDS:
                return
            continue
        rest = word[1:]
        while rest and rest[0] in _SHORT_ALONE:
            rest = rest[1:]
        if rest:
            value = rest[1:]
            if not value:
                value, at = words[at] if at < len(words) else "", at + 1
            yield _SHORT_FILES.get(rest[0], rest[0]), value
