"""The ids of jobs as people write them: checked before they reach a command or a URL. Pure."""

import re

from msgspec import Struct

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.model import Job
from naru_client.text import clean

_ID = re.compile(r"(\d{1,10})(?:_(\d{1,10})|\+(\d{1,6})|(_\[[\d,:%\-]{1,4000}\]))?", re.ASCII)
_TASKS = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")


class JobId(Struct, frozen=True):
    """`123`, `123_4` (a task), `123+1` (a het component), `123_[5-9%2]` (the pending tasks of an array)."""

    number: int
    task: int | None = None
    offset: int | None = None
    group: bool = False

    @property
    def exact(self) -> str:
        """As Slurm takes it: digits, and `_` or `+` between them, nothing else."""
        if self.task is not None:
            return f"{self.number}_{self.task}"
        if self.offset is not None:
            return f"{self.number}+{self.offset}"
        return str(self.number)

    @property
    def whole(self) -> str:
        """The array or het job it belongs to."""
        return str(self.number)

    def names(self, job: Job) -> bool:
        """Whether it addresses this record."""
        if self.task is not None:
            if job.array_id != self.number:
                return False
            return job.array_task == self.task or (job.array_tasks is not None and has_task(job.array_tasks, self.task))
        if self.offset is not None:
            return job.het_id == self.number and job.het_offset == self.offset
        if self.group:
            return job.array_id == self.number and job.array_tasks is not None
        return self.number in (job.job_id, job.array_id, job.het_id)


def parse_job_id(text: str) -> JobId:
    """Read an id; raises UsageError for anything else."""
    found = _ID.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            _("{text} is not a job id").format(text=repr(clean(text, 60))),
            _("ids look like 123, 123_4 (a task of an array) or 123+1 (a part of a het job)"),
        )
    number, task, offset, group = found.groups()
    return JobId(
        number=int(number),
        task=int(task) if task else None,
        offset=int(offset) if offset else None,
        group=group is not None,
    )


def has_task(expression: str, task: int) -> bool:
    """Whether an expression like "1-9:2,20%3" holds a task."""
    for part in expression.partition("%")[0].split(","):
        found = _TASKS.fullmatch(part.strip())
        if found:
            low, high, step = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
            if low <= task <= high and (task - low) % max(step, 1) == 0:
                return True
    return False


_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@$+\-]{0,63}", re.ASCII)


def checked_user(name: str) -> str:
    """A user name that can be nothing else in a command or a URL; raises UsageError otherwise."""
    if not _USER.fullmatch(name):
        raise UsageError(_("{name} is not a user name").format(name=repr(clean(name, 60))))
    return name


def checked_account(name: str) -> str:
    """An account's name that can be nothing else in a command or a URL; raises UsageError otherwise."""
    if not _USER.fullmatch(name):
        raise UsageError(_("{name} is not an account's name").format(name=repr(clean(name, 60))))
    return name
