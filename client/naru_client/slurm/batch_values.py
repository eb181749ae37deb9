"""The values of sbatch's options: durations, memory, node counts, arrays, accelerators. Pure.

Every function raises ValueError, saying in words what is expected, for what sbatch or the controller refuses.
"""

import re

from naru_client.i18n import _
from naru_client.insight.request import AcceleratorWish, ArrayWish, Origin, Per, Span
from naru_client.slurm.tres import ACCELERATOR_KINDS
from naru_client.text import clean

MOST_TASKS = 4_000_001  # the largest MaxArraySize that Slurm takes
_MOST_INDEXES = 8 * MOST_TASKS  # as written, with those written twice: more is nobody's array, and takes minutes

_CLOCK = re.compile(
    r"(?P<days>[0-9]{1,6})-(?:(?P<h>[0-9]{1,9})(?::(?P<m>[0-9]{1,9})(?::(?P<s>[0-9]{1,9}))?)?)?|(?P<plain>[0-9:]+)"
)
_MEMORY = re.compile(r"([0-9]{1,15})([kmgt]?)b?", re.IGNORECASE)
_MEBI = 1 << 20
_UNITS = {"": _MEBI, "m": _MEBI, "g": 1 << 30, "t": 1 << 40}
_NODES = re.compile(r"([0-9]{1,9})([km]{0,2})", re.IGNORECASE)
_TIMES = {"k": 1024, "m": 1024 * 1024}
_COUNT = re.compile(r"([0-9]{1,12})([kmgtp]?)", re.IGNORECASE)
_INDEXES = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})(?::([0-9]{1,9}))?)?")


def duration(text: str) -> int | None:
    """Seconds, whole minutes rounded up as Slurm does; None for no limit (`infinite`, `unlimited`, `-1`, `0`).

    `90` (minutes), `90:30`, `1:30:00`, `1-`, `1-12`, `1-12:30`, `1-12:30:00`.
    """
    if text.lower() in ("-1", "infinite", "unlimited"):
        return None
    found = _CLOCK.fullmatch(text)
    parts = found["plain"].split(":") if found and found["plain"] else []
    if found is None or "" in parts or len(parts) > 3 or any(len(part) > 9 for part in parts):
        raise ValueError(_("a time is minutes, H:M:S or D-H:M:S, or infinite"))
    if found["plain"]:
        numbers = [int(part) for part in parts]
        hours, minutes, seconds = numbers if len(numbers) == 3 else [0, *numbers, 0][:3]
        total = hours * 3600 + minutes * 60 + seconds
    else:
        days, hours, minutes, seconds = (int(found[name] or 0) for name in ("days", "h", "m", "s"))
        total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return -(-total // 60) * 60 or None


def memory(text: str) -> int | None:
    """Bytes, of whole mebibytes; None for 0, which asks for all that the node has. No unit means mebibytes."""
    found = _MEMORY.fullmatch(text)
    if found is None:
        raise ValueError(_("memory is a whole number with K, M, G or T, M without a letter"))
    amount, unit = int(found[1]), found[2].lower()
    return (-(-amount // 1024) * _MEBI if unit == "k" else amount * _UNITS[unit]) or None


def number(text: str) -> int:
    """A whole number above 0."""
    if not re.fullmatch(r"\+?[0-9]{1,9}", text) or int(text) == 0:
        raise ValueError(_("this must be a whole number above 0"))
    return int(text)


def nodes(text: str) -> Span:
    """`2`, `2-4`, `-4`, `1k`; and the lists of sizes of newer versions (`1,2,4`, `4-16:4`), from least to most."""
    parts = re.split("[,:-]", text) if re.search("[,:]", text) else text.split("-", 1)
    if ":" in text and "," not in text:
        parts = parts[:2]  # what follows the colon is a step
    counts = [_node_count(part) for part in (["1", *parts[1:]] if text.startswith("-") else parts)]
    least, most = counts[0], max(counts)
    if most < least or most == 0 or (len(counts) == 2 and counts[1] < counts[0]):
        raise ValueError(_("a number of nodes is N or MIN-MAX, from 1"))
    return Span(max(1, min(counts)), most)


def array(text: str) -> ArrayWish:
    """`0-15`, `1,3,5-9:2`, with `%4` for at most four at once; equal indexes count once. `%0` sets no limit."""
    indexes, percent, at_once = text.partition("%")
    if percent and not re.fullmatch(r"[0-9]{1,9}", at_once):
        raise ValueError(_("after % must stand how many tasks may run at once"))
    chosen = bytearray()
    written = 0
    for item in re.sub(r"[][]", "", indexes).split(","):
        found = _INDEXES.fullmatch(item.strip())
        if found is None:
            raise ValueError(_("an array is indexes and ranges: 0-15, 1,3,5-9:2, 0-99%4"))
        first, last, step = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
        if last < first or step == 0:
            raise ValueError(_("an array's range goes up, by a step of 1 or more"))
        if last >= MOST_TASKS:
            raise ValueError(_("an array's largest index is {most} at any site").format(most=MOST_TASKS - 1))
        written += (last - first) // step + 1
        if written > _MOST_INDEXES:
            raise ValueError(_("an array's ranges name the same indexes too often"))
        chosen.extend(bytes(max(0, last + 1 - len(chosen))))
        chosen[first : last + 1 : step] = b"\1" * ((last - first) // step + 1)
    return ArrayWish(clean(text), sum(chosen), (int(at_once) if percent else 0) or None)


def gpus(text: str, per: Per, origin: Origin | None = None) -> tuple[AcceleratorWish, ...]:
    """The value of `--gpus` and its like: `4`, `h100`, `h100:4`, `h100:2,a100:1`."""
    wishes = []
    for item in text.split(","):
        model, colon, count = item.rpartition(":")
        if not colon and not item[:1].isdigit():
            model, count = item, "1"
        if not item or ":" in model or (colon and not model):
            raise ValueError(_("accelerators are written as COUNT or MODEL:COUNT"))
        wishes.append(AcceleratorWish("gpu", clean(model).lower() or None, _count(count), per, origin))
    return _without_nothing(wishes)


def resources(text: str, per: Per, origin: Origin | None = None) -> tuple[tuple[AcceleratorWish, ...], tuple[str, ...]]:
    """The value of `--gres`: accelerators, and the names of resources that are none. `none` asks for nothing.

    `gpu:4`, `gpu:h100:4`, `gpu`, `gres/gpu:4`, several with commas.
    """
    wishes: list[AcceleratorWish] = []
    others: list[str] = []
    for item in text.split(",") if text.lower() != "none" else ():
        bare = re.sub(r"^gres[:/]", "", item.strip(), flags=re.IGNORECASE)
        kind, *parts = bare.split(":")
        if not kind or "=" in bare:
            raise ValueError(_("a resource is written as NAME:COUNT or NAME:MODEL:COUNT"))
        if kind.lower() not in ACCELERATOR_KINDS:
            others.append(clean(item.strip()))
            continue
        if len(parts) > 1 or (parts and parts[0][:1].isdigit()):
            count = _count(parts.pop())
        else:
            count = 1
        if len(parts) > 1 or "" in parts:
            raise ValueError(_("a resource is written as NAME:COUNT or NAME:MODEL:COUNT"))
        model = clean(parts[0]).lower() if parts else None
        wishes.append(AcceleratorWish(kind.lower(), model, count, per, origin))
    return _without_nothing(wishes), tuple(others)


def tres_per_task(text: str, origin: Origin | None = None) -> tuple[int | None, tuple[AcceleratorWish, ...]]:
    """The value of `--tres-per-task`: processors of a task (None where it names none), and its accelerators."""
    cpus = None
    rest = []
    for item in text.split(","):
        name, sign, amount = item.partition("=") if "=" in item else item.partition(":")
        if name.strip().lower() == "cpu" and sign:
            cpus = number(amount)
        elif name.lower().startswith(("gres", "license")):
            rest.append(item.replace("=", ":"))
        else:
            raise ValueError(_("a task's resources are cpu=N, gres/NAME=N and license/NAME=N"))
    devices = [item for item in rest if not item.lower().startswith("license")]
    return cpus, resources(",".join(devices), "task", origin)[0] if devices else ()


def _without_nothing(wishes: list[AcceleratorWish]) -> tuple[AcceleratorWish, ...]:
    for kind in {wish.kind for wish in wishes}:
        named = [wish.model is not None for wish in wishes if wish.kind == kind]
        if any(named) and not all(named):
            raise ValueError(_("accelerators are asked for all with a model, or all without"))
    return tuple(wish for wish in wishes if wish.count)


def _count(text: str) -> int:
    found = _COUNT.fullmatch(text)
    if found is None:
        raise ValueError(_("{count} is not a number of accelerators").format(count=clean(text, 40) or "''"))
    return int(found[1]) * int(1024 ** (" kmgtp".index(found[2].lower() or " ")))


def _node_count(text: str) -> int:
    found = _NODES.fullmatch(text)
    if found is None:
        raise ValueError(_("a number of nodes is N or MIN-MAX, from 1"))
    count = int(found[1])
    for letter in found[2].lower():
        count *= _TIMES[letter]
    return count
