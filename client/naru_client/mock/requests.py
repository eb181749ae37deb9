"""What the questions to slurmrestd have in common: how they are found, refused, and how their parameters are read."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from naru_client.mock.wire_values import Body

Query = Mapping[str, str]
Question = Callable[[Query], Body | None]  # None: nothing has changed (304)

_JOB_ID = re.compile(r"([0-9]{1,10})(?:_([0-9]{1,10}))?")
_AGO = re.compile(r"now(?:-([0-9]+)(minute|hour|day|week)s?)?")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}


class Trouble(Exception):
    """A request that is answered with an error: its status, then (number, words, source) of each, and what else the
    body holds."""

    def __init__(self, status: int, *errors: tuple[int, str, str], body: Body | None = None) -> None:
        super().__init__(status, errors)
        self.status, self.errors, self.body = status, errors, body or {}


def bad_query(source: str, *before: tuple[int, str, str]) -> Trouble:
    """The answer to a parameter that cannot be read."""
    return Trouble(422, *before, (9000, "Query empty or not RFC7320 compliant", source))


def read_job_id(text: str) -> tuple[int, int | None]:
    """`123`, or `123_4` for a task. Raises Trouble for anything else."""
    match = _JOB_ID.fullmatch(text)
    if match is None:
        raise bad_query("op_handler_job")
    return int(match[1]), None if match[2] is None else int(match[2])


def read_time(text: str, now: float, name: str) -> float:
    """A time as Slurm's tools take it: epoch, `uts…`, a date, or `now-2hours`. Raises Trouble for anything else."""
    if (stamp := text.removeprefix("uts")).isdecimal():
        return float(stamp)
    if match := _AGO.fullmatch(text):
        return now - (int(match[1]) * _SECONDS[match[2]] if match[1] else 0)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise bad_query("op_handler_jobs", (9202, "Unable to convert Data type", f"#/{name}/")) from None


def unchanged(query: Query, changed: float) -> bool:
    """Whether nothing changed since the `update_time` of a request. A change within that second counts as one."""
    text = query.get("update_time", "")
    if not text:
        return False
    return read_time(text, changed, "update_time") - 1 >= changed


def words(query: Query, name: str) -> frozenset[str] | None:
    """A parameter that is a list with commas; None when it is not given."""
    return frozenset(query[name].split(",")) if query.get(name) else None
