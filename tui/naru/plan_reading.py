"""From what a person typed or wrote in a file to what is asked for: the form's fields, and a batch script."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from naru_client.errors import UsageError
from naru_client.files import MEBIBYTE, read_regular, why_unreadable
from naru_client.i18n import _
from naru_client.insight.request import ArrayWish, Asked, Request, shape
from naru_client.model import Job
from naru_client.slurm import batch_values
from naru_client.slurm.batch_script import read_job
from naru_client.text import clean

_SPANS = re.compile(r"(?:([0-9]{1,6})d)?\s*(?:([0-9]{1,6})h)?\s*(?:([0-9]{1,6})m(?:in)?)?\s*(?:([0-9]{1,6})s)?")
_WORD = re.compile(r"[^\s,:;=%'\"\\]+")
_PLAIN_ARRAY = re.compile(r"([0-9]{1,9})(%[0-9]{1,9})?")


class FormRead(Struct, frozen=True):
    """What a form asks for, None where it cannot be read; and what is wrong, by the field's id."""

    asked: Asked | None
    wrong: dict[str, str]


class Script(Struct, frozen=True):
    """A batch script that was read: where it lies (absolute, links resolved), what it asks for."""

    path: str
    asked: Asked


def read_form(values: Mapping[str, str]) -> FormRead:
    """What these fields ask for: `count`, `kind`, `model`, `nodes`, `time`, `array`, `cpus`, `memory`, `account`,
    `qos`. An empty one asks for nothing. `cpus` and `memory` are those of a node, or of the job where it says no nodes.
    """
    wrong: dict[str, str] = {}

    def read(field: str, parse: Callable[[str], Any]) -> Any:
        text = clean(values.get(field, "")).strip()
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            wrong[field] = str(error)
            return None

    count = read("count", _count)
    kind, model = read("kind", _word), read("model", _word)
    nodes, time = read("nodes", batch_values.nodes), read("time", read_time)
    array, cpus = read("array", read_array), read("cpus", batch_values.number)
    memory = read("memory", batch_values.memory)
    account, qos = read("account", _word), read("qos", _word)
    if wrong:
        return FormRead(None, wrong)
    request = shape(
        accelerators=count,
        kind=(kind or "gpu").lower(),
        model=model.lower() if model else None,
        cpus_per_task=cpus,
        memory_per_node=memory,
        seconds=time or None,
        account=account,
        qos=qos,
    )
    request = replace(request, nodes=nodes, array=array, unlimited=time == 0)
    return FormRead(Asked((request,)), {})


def read_time(text: str) -> int:
    """Seconds, 0 for no limit: `4h`, `30m`, `1d 12h`, and all that Slurm reads (`90` minutes, `2:00:00`, `1-12`).

    Raises ValueError with words.
    """
    found = _SPANS.fullmatch(text.lower())
    if found is not None and any(found.groups()):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    try:
        return batch_values.duration(text) or 0
    except ValueError:
        raise ValueError(_("a time is 4h, 30m, 1d12h; or as in Slurm: minutes, H:M:S, D-H; or unlimited")) from None


def read_array(text: str) -> ArrayWish:
    """`16` is sixteen tasks, `16%4` four of them at once; else as sbatch reads it. Raises ValueError with words."""
    if plain := _PLAIN_ARRAY.fullmatch(text):
        tasks = int(plain[1])
        if not tasks:
            raise ValueError(_("an array has a task at least"))
        return batch_values.array(f"0-{tasks - 1}{plain[2] or ''}")
    return batch_values.array(text)


def form_of(job: Job) -> dict[str, str]:
    """The fields that ask for one more job like this: what it asked for, as far as it tells."""
    wanted = [one for one in job.accelerators or () if one.count]
    values = {
        "count": str(sum(one.count for one in wanted if one.kind == wanted[0].kind)) if wanted else "",
        "kind": wanted[0].kind if wanted else "",
        "model": (wanted[0].model or "") if wanted else "",
        "nodes": "" if job.nodes is None else str(job.nodes),
        "time": "unlimited" if job.unlimited else "" if job.time_limit is None else _time(job.time_limit),
        "array": job.array_tasks if job.array_tasks and (job.array_pending or 0) > 1 else "",
        "cpus": _of_a_node(job.cpus, job.nodes),
        "memory": _memory(job),
        "account": job.account or "",
        "qos": job.qos or "",
    }
    return {field: value for field, value in values.items() if value}


def read_script(path: str, environment: Mapping[str, str]) -> Script:
    """A local batch script of at most a mebibyte, as sbatch would read it here. Blocks: for a thread of its own.

    Raises UsageError with the file, and the line and word where there is one.
    """
    shown = clean(path)
    try:
        where = Path(os.path.expanduser(path))
        text = read_regular(where, MEBIBYTE).decode("utf-8", "surrogateescape")
        where = Path(os.path.realpath(where))
    except (OSError, ValueError) as error:
        why = clean(why_unreadable(error))
        raise UsageError(_("cannot read {path}: {why}").format(path=shown, why=why)) from None
    return Script(str(where), read_job(text, file=shown, environment=environment))


def account_asked(asked: Asked) -> str | None:
    """The account that is asked for, of whichever part names one."""
    return next((one.account for one in asked.requests if one.account), None)


def sbatch_environment() -> dict[str, str]:
    """The variables that sbatch would heed here."""
    return {name: value for name, value in os.environ.items() if name.startswith("SBATCH_")}


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise ValueError(_("this must be a whole number"))
    return int(text)


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError(_("this must be one name"))
    return text


def _time(seconds: int) -> str:
    days, rest = divmod(-(-seconds // 60), 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days}-{hours:02d}:{minutes:02d}" if minutes else f"{days}-{hours:02d}"
    return f"{hours}h" if hours and not minutes else f"{hours}:{minutes:02d}:00" if hours else f"{minutes}m"


def _of_a_node(amount: int | None, nodes: int | None) -> str:
    if not amount:
        return ""
    return str(-(-amount // (nodes or 1)))


def _memory(job: Job) -> str:
    """Of a node, in whole mebibytes, as gibibytes where it comes to that."""
    if not job.memory:
        return ""
    mebibytes = -(-job.memory // (job.nodes or 1)) + MEBIBYTE - 1 >> 20
    return f"{mebibytes >> 10}G" if mebibytes % 1024 == 0 else f"{mebibytes}M"


def request_of(asked: Asked) -> Request:
    """The first part, which stands for the whole where there is only one."""
    return asked.requests[0]
