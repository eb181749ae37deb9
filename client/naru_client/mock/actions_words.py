"""The little languages in which Slurm's fields say what they want: arrays, dependencies, resources, features, times.

Pure, and bounded: nothing here grows with a number somebody wrote. What cannot be read is None, or Refused.
"""

import re
from datetime import UTC, datetime

from msgspec import Struct

from naru_client.mock.actions_errors import Refused

MOST_TASKS = 1001  # MaxArraySize: the least task number that is too large

_NODES = re.compile(r"([0-9]{1,9})([km]?)(?:-([0-9]{1,9})([km]?)(?::[0-9]{1,9})?)?", re.IGNORECASE)
_THOUSANDS = {"": 1, "k": 1024, "m": 1024 * 1024}
_TASKS = re.compile(r"\[?([0-9]{1,10})(?:-([0-9]{1,10})(?::([0-9]{1,10}))?)?\]?(?:%[0-9]{1,10})?\]?")
_THROTTLE = re.compile(r"%([0-9]{1,9})")
_ONE_JOB = re.compile(r"([0-9]{1,10})(?:_(?:([0-9]{1,10})|\*))?(?:\+([0-9]{1,9}))?(?:\([a-z]+\))?")
_RESOURCE = re.compile(
    r"(?:(gres|license)[/:])?([A-Za-z][\w.-]*)(?::([A-Za-z][\w.-]*))?(?:[:=]([0-9]{1,9})([kmgt]?))?", re.ASCII
)
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_LICENSE = re.compile(r"([^:=,;|\s]{1,200})(?:[:=]([0-9]{1,9}))?")
_FEATURE = re.compile(r"[\w.+/-]{1,200}")
_NAME = re.compile(r"(-?)([0-9]{1,30})(?:_([0-9]{1,10})|_(\[[0-9,:-]{1,200}\])|\+([0-9]{1,3}))?(?:\.[a-z0-9]{1,20})?")
_LATER = re.compile(r"now(?:\+([0-9]{1,9})(second|minute|hour|day|week|)s?)?")
_SECONDS = {"": 1, "second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_LARGEST_JOB = 0x03FFFFFF


class Condition(Struct, frozen=True):
    """One condition on a job, or on one task of it; number 0 is `singleton`."""

    kind: str
    number: int = 0
    task: int | None = None
    delay: float = 0.0  # seconds


class Wanted(Struct, frozen=True):
    """So many of a resource: `kind` is gres, license, or nothing for cpu and the like."""

    kind: str
    name: str
    model: str
    count: int


class Name(Struct, frozen=True):
    """What a job is called by: its number, and one task or several of its array, or a component of a het job."""

    text: str
    number: int
    task: int | None = None
    tasks: tuple[int, ...] = ()
    offset: int | None = None


def node_range(text: str) -> tuple[int, int] | None:
    """The least and the most of "2", "2-4", "1-15:4" or "2,4,8"."""
    bounds: list[int] = []
    for part in text.strip().split(","):
        match = _NODES.fullmatch(part)
        if match is None:
            return None
        least = int(match[1]) * _THOUSANDS[match[2].lower()]
        bounds += (least, int(match[3]) * _THOUSANDS[match[4].lower()] if match[3] else least)
    return min(bounds), max(bounds)


def array_tasks(text: str) -> tuple[list[int], int]:
    """The tasks of "0-15%4" or "1,3,5-9:2", ascending, and how many may run together (0: any). Raises Refused."""
    tasks: set[int] = set()
    for part in filter(None, text.split(",")):
        match = _TASKS.fullmatch(part.strip())
        if match is None:
            raise Refused(2081)
        first, last, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
        if not first <= last < MOST_TASKS or not 0 < step < MOST_TASKS:
            raise Refused(2081)
        tasks.update(range(first, last + 1, step))
    if not tasks:
        raise Refused(2081)
    throttle = _THROTTLE.search(text)
    return sorted(tasks), int(throttle[1]) if throttle else 0


def conditions(text: str) -> tuple[list[Condition], bool]:
    """What "afterok:12:13,after:14+5,singleton" names, and whether any one of it is enough. Raises Refused."""
    text = text.strip()
    if text in ("", "0"):
        return [], False
    if "?" in text and "," in text:
        raise Refused(2038)
    found: list[Condition] = []
    for part in re.split("[,?]", text):
        kind, _, rest = part.partition(":")
        kind = kind.lower()
        if kind.partition("(")[0] == "singleton" and not rest:
            found.append(Condition("singleton"))
        elif kind == "expand":
            raise Refused(2036)
        elif kind in ("after", "afterany", "afterok", "afternotok", "aftercorr"):
            found += [_one_job(kind, one) for one in rest.split(":")]
        elif not rest:
            found.append(_one_job("afterany", part))
        else:
            raise Refused(2038)
    return found, "?" in text


def _one_job(kind: str, text: str) -> Condition:
    match = _ONE_JOB.fullmatch(text)
    if match is None or int(match[1]) == 0 or match[3] == "0":
        raise Refused(2038)
    return Condition(kind, int(match[1]), int(match[2]) if match[2] else None, int(match[3] or 0) * 60.0)


def resources(text: str) -> list[Wanted]:
    """The parts of "gres/gpu:b200:8", "gpu:h100=4" or "cpu=2,gres/gpu". Raises Refused."""
    found: list[Wanted] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _RESOURCE.fullmatch(part)
        if match is None:
            raise Refused(2072 if part.startswith("gres") else 2115)
        kind, name, model, count, unit = match.groups("")
        found.append(Wanted(kind, name, model, int(count) * _BYTES[unit] if count else 1))
    return found


def licenses(text: str) -> tuple[tuple[str, int], ...]:
    """The names and counts of "matlab:2,fluent". Raises Refused."""
    counts: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in re.split("[,;|]", text))):
        match = _LICENSE.fullmatch(part)
        if match is None:
            raise Refused(2048)
        counts[match[1]] = counts.get(match[1], 0) + int(match[2] or 1)
    return tuple((name, count) for name, count in counts.items() if count)


def features(text: str) -> list[tuple[str, ...]]:
    """The alternatives of "h100&nvlink" or "[h100|h200]", each a set of features a node must have. Raises Refused."""
    found: list[tuple[str, ...]] = []
    for alternative in text.strip().strip("[]()").split("|"):
        names = tuple(name.strip() for name in re.split("[&,]", alternative))
        if not all(_FEATURE.fullmatch(name) for name in names):
            raise Refused(2029)
        found.append(names)
    return found


def job_name(text: str) -> Name:
    """What "123", "123_4", "123_[1-3]" and "123+1" call; a step's name calls its job. Raises Refused."""
    text = text.strip()
    match = _NAME.fullmatch(text)
    if match is None:
        raise Refused(2136 if not text else 2144 if "_" in text else 2140)
    minus, digits, task, tasks, offset = match.groups()
    number = int(digits)
    if minus or not number or number >= _LARGEST_JOB:
        raise Refused(2137 if not number else 2138 if minus else 2139)
    if tasks:
        return Name(text, number, tasks=tuple(_tasks_named(tasks)))
    return Name(
        text, number, int(task) if task is not None else None, (), int(offset) if offset is not None else None
    )  # fmt: skip


def _tasks_named(text: str) -> list[int]:
    try:
        return array_tasks(text.strip("[]"))[0]
    except Refused:
        raise Refused(2144) from None


def read_begin(text: str, now: float) -> float | None:
    """Epoch seconds of a time in words: an epoch, "now+2hours", a date, or a time of day that comes next (UTC)."""
    stamp = text.removeprefix("uts")
    if stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12:
        return float(stamp)
    if match := _LATER.fullmatch(text.lower()):
        return now + int(match[1] or 0) * _SECONDS[match[2] or ""]
    try:
        if re.fullmatch("[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?", text):
            today = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
            found = datetime.fromisoformat(f"{today}T{text:0>5}").replace(tzinfo=UTC).timestamp()
            return found if found > now else found + 86_400
        return max(1.0, datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        return None
