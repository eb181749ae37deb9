"""What the questions to slurmrestd have in common: how they are found, refused, and how their parameters are read."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import unquote_plus

from msgspec import Struct

from naru_client.mock.wire_values import Body

Query = Mapping[str, str]


class Caller(Struct, frozen=True):
    """Who asks: a user, whether one who may see and touch everything, and the accounts they coordinate."""

    user: str
    operator: bool
    coordinates: frozenset[str]


Question = Callable[[Caller, Query], Body | None]  # None: nothing has changed (304)

# What a query may hold unescaped, and how its parts are made: `a=1&b&c=2`.
_QUERY = re.compile(r"(?:[A-Za-z0-9~\-._+;&=]|%(?!00)[0-9A-Fa-f]{2})*")
_PART = re.compile(r"([^=]+)(?:=+([^=]*))?")
_JOB_ID = re.compile(r"([0-9]{1,10})(?:_([0-9]{1,10}))?")
_AGO = re.compile(r"now(?:-([0-9]+)(minute|hour|day|week)s?)?")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}


class Trouble(Exception):
    """A request that is answered with an error: its status, then (number, words, source) of each, and what else the
    body holds. `description` says what was tried, where that is not in the words. Without errors the answer is `text`,
    plain."""

    text = "Unspecified error"

    def __init__(
        self, status: int, *errors: tuple[int, str, str], body: Body | None = None, description: str = ""
    ) -> None:
        super().__init__(status, errors)
        self.status, self.errors, self.body, self.description = status, errors, body or {}, description

    def told(self) -> list[Body]:
        """The errors as the body holds them."""
        return [
            {"description": self.description or words, "error_number": number, "error": words, "source": source}
            for number, words, source in self.errors
        ]


def bad_query(source: str, what: str = "parameters") -> Trouble:
    """The answer to a request whose path or query cannot be read."""
    words = f"Rejecting request. Failure parsing {what}"
    return Trouble(422, (9000, "Query empty or not RFC7320 compliant", source), description=words)


class Unreadable(Trouble):
    """A parameter whose value cannot be read, which then makes the whole query one that cannot."""

    def __init__(self, name: str, words: str, source: str = "op_handler_jobs") -> None:
        rest = bad_query(source, "query parameters")
        super().__init__(422, (9202, "Unable to convert Data type", f"#/{name}/"), *rest.errors)
        self._told = [*Trouble(422, self.errors[0], description=words).told(), *rest.told()]

    def told(self) -> list[Body]:
        return self._told


def read_query(text: str) -> dict[str, str] | None:
    """A query as it stands in a URL; None for one that cannot be read. A comma that is not escaped makes it one.

    Of a name that is there twice the values are joined with commas; a name without a value is "true".
    """
    if not _QUERY.fullmatch(text):
        return None
    found: dict[str, str] = {}
    for part in filter(None, re.split("[&;]", text)):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        name, value = unquote_plus(match[1]), "true" if match[2] is None else unquote_plus(match[2])
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def read_job_id(text: str) -> tuple[int, int | None]:
    """`123`, or `123_4` for a task. Raises Trouble for anything else."""
    match = _JOB_ID.fullmatch(text)
    if match is None:
        raise bad_query("op_handler_job")
    return int(match[1]), None if match[2] is None else int(match[2])


def read_time(text: str, now: float, name: str) -> float:
    """A time as Slurm's tools take it: epoch, `uts…`, a date (in UTC, as the simulated servers' clocks), or
    `now-2hours`. Raises Trouble for anything else."""
    if (stamp := text.removeprefix("uts")).isdecimal() and len(stamp) < 13:
        return float(stamp)
    if match := _AGO.fullmatch(text):
        return now - (int(match[1]) * _SECONDS[match[2]] if match[1] else 0)
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Unreadable(name, f"Parsing of {text} for timestamp failed") from None


def unchanged(query: Query, changed: float) -> bool:
    """Whether nothing changed since the `update_time` of a request. A change within that second counts as one."""
    text = query.get("update_time", "")
    if not text:
        return False
    return read_time(text, changed, "update_time") - 1 >= changed


def words(query: Query, name: str) -> frozenset[str] | None:
    """A parameter that is a list with commas; None when it is not given."""
    return frozenset(query[name].split(",")) if query.get(name) else None


def is_set(query: Query, *names: str) -> bool:
    """Whether a parameter that is a flag is given and not "false" or "0"; one of several names is enough."""
    return any(query.get(name, "").lower() not in ("", "false", "0", "no") for name in names)
