"""Slurm's spellings of trackable resources, and how many accelerators they come to. Pure.

One grammar reads them all: TRES strings (`cpu=8,mem=125G,gres/gpu=8,gres/gpu:h100=8`), requests (`gres/gpu:4`,
`gres:gpu:b200:8`, `gres/gpu:h100=8`), and what a node has or uses (`gpu:h100:8(S:0-1)`, `gpu:0(IDX:N/A)`).

Two rules hold everywhere:
- An accelerator is a generic resource named `gpu` or `npu`: a device that work is given whole. Other names (`shard`,
  `mps`, `bandwidth`, `craynetwork`, licences) are shares of a device or no device at all, and are not counted.
- An entry with a model is part of the entry without one, never added to it: `gres/gpu=8,gres/gpu:h100=8` is eight.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from naru_client.model import Accelerators, NodeAccelerators
from naru_client.text import clean

ACCELERATOR_KINDS = ("gpu", "npu")

Entry = tuple[str, str | None, int]  # kind, model, count, as written

_NOTHING = frozenset({"", "(null)", "N/A", "n/a", "null", "None", "none"})
_COUNT = re.compile(r"\s*(\d{1,18}(?:\.\d+)?)([kmgtpe]?)(?:i?b)?", re.IGNORECASE)
_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50, "e": 1 << 60}
_MOST = 1 << 31  # a count above this is a sentinel (4294967294 and the like), not a count
_ASIDE = re.compile(r"\([^()]*\)?")


@lru_cache(maxsize=8192)
def resources(tres: str) -> dict[str, str]:
    """A TRES string as name → amount, both as written. Not to be changed: the answer is shared."""
    pairs = (item.partition("=") for item in tres.split(","))
    return {name.strip(): amount.strip() for name, _, amount in pairs if amount}


def memory(text: str) -> int | None:
    """An amount of memory in bytes: `125G`, `62.50G`, `4000M`, and plain MiB. None for what is not one."""
    found = _COUNT.fullmatch(text)
    if found is None:
        return None
    return int(float(found[1]) * _SIZES[found[2].lower() or "m"])


@lru_cache(maxsize=8192)
def memory_of(tres: str | None) -> int | None:
    """The bytes of memory in a TRES string; None where it names none (or 0, which means "not set")."""
    amount = resources(tres).get("mem") if tres else None
    return (memory(amount) or None) if amount else None


def number_of(tres: str | None, name: str) -> int | None:
    """The amount of a plain resource ("cpu", "node") in a TRES string; None where it names none."""
    amount = resources(tres).get(name) if tres else None
    return _number(amount) if amount else None


def _number(text: str) -> int | None:
    found = _COUNT.fullmatch(text)
    if found is None:
        return None
    count = int(float(found[1]) * _SIZES[found[2].lower()])
    return count if count < _MOST else None


@lru_cache(maxsize=8192)
def entries(text: str) -> tuple[Entry, ...]:
    """The accelerator entries of any of the spellings, in order, those of zero included."""
    if text in _NOTHING:
        return ()
    found = (_entry(item) for item in _ASIDE.sub("", text).split(","))
    return tuple(entry for entry in found if entry is not None)


def _entry(item: str) -> Entry | None:
    item = item.strip().replace(">=", "").replace("≥", "")  # "at least" is what a request says anyway
    if item[:5].lower() in ("gres/", "gres:"):
        item = item[5:]
    name, equals, amount = item.partition("=")
    parts = [part for part in name.split(":") if part != "no_consume"]
    kind = parts[0].strip().lower()
    if kind not in ACCELERATOR_KINDS:
        return None
    count: int | None = 1  # `gres:gpu` alone asks for one
    if equals:
        count = _number(amount)
    elif len(parts) > 1 and _COUNT.fullmatch(parts[-1]):
        count = _number(parts.pop())
    if count is None:
        return None
    return kind, clean(":".join(parts[1:]), 64).lower() or None, count


def fold(found: Iterable[Entry]) -> tuple[Accelerators, ...]:
    """Accelerators by kind and model: equal entries are summed, a model's count is taken out of the unnamed one."""
    counts: dict[str, dict[str | None, int]] = {}
    for kind, model, count in found:
        models = counts.setdefault(kind, {})
        models[model] = models.get(model, 0) + count
    folded = []
    for kind, models in counts.items():
        unnamed = models.pop(None, 0) - sum(models.values())
        folded += [Accelerators(kind, model, count) for model, count in models.items() if count > 0]
        if unnamed > 0:
            folded.append(Accelerators(kind, None, unnamed))
    return tuple(folded)


@lru_cache(maxsize=8192)
def accelerators(text: str | None) -> tuple[Accelerators, ...]:
    """The accelerators of a TRES string, a request, or a node's GRES string; empty where it names none."""
    return fold(entries(text)) if text else ()


def times(found: Iterable[Accelerators], count: int) -> tuple[Accelerators, ...]:
    """So many times over, as a request for each node or task is."""
    return tuple(Accelerators(a.kind, a.model, a.count * count) for a in found if count > 0)


def name_models(
    counted: tuple[Accelerators, ...], named: Sequence[tuple[Accelerators, ...]]
) -> tuple[Accelerators, ...]:
    """The same accelerators with the models that other sources name, where counts alone leave them open.

    A site that tracks only `gres/gpu` counts right and names nothing; the request or the devices given out name them.
    """
    result: list[Accelerators] = []
    for one in counted:
        if one.model is None:
            found = next((m for m in (_models(one, counted, source) for source in named) if m), None)
            if found:
                result += found
                continue
        result.append(one)
    return tuple(result)


def _models(
    one: Accelerators, counted: tuple[Accelerators, ...], source: tuple[Accelerators, ...]
) -> list[Accelerators] | None:
    same = [a for a in source if a.kind == one.kind]
    if any(a.kind == one.kind and a.model for a in counted) or not same or any(a.model is None for a in same):
        return None
    if sum(a.count for a in same) == one.count:
        return same
    return [Accelerators(one.kind, same[0].model, one.count)] if len(same) == 1 else None


def job_accelerators(
    *,
    tres_alloc: str | None = None,
    gres_detail: Sequence[str] | None = None,
    tres_req: str | None = None,
    tres_per_job: str | None = None,
    tres_per_node: str | None = None,
    nodes: int | None = None,
    tres_per_task: str | None = None,
    tasks: int | None = None,
    tres_per_socket: str | None = None,
    sockets: int | None = None,
) -> tuple[Accelerators, ...] | None:
    """The accelerators of a job: those given to it, else those asked for.

    Kind by kind the first of these that names any: `tres_alloc`, the devices given out (`gres_detail`, an entry a
    node), `tres_req`, the request for the job, for each of `nodes`, each of `tasks`, each of `sockets` (of all nodes).
    TRES strings alone prove nothing when they name none, as they hold accelerators only where a site tracks them.

    Empty: none. None: not told, that is nothing was found and a request field is missing, or a request for each of
    something was found and how many of them is not known.
    """
    return _job_accelerators(
        tres_alloc,
        tuple(gres_detail) if gres_detail else (),
        tres_req,
        (tres_per_job, tres_per_node, tres_per_task, tres_per_socket),
        (1, nodes, tasks, sockets),
    )


@lru_cache(maxsize=16384)
def _job_accelerators(
    alloc: str | None,
    detail: tuple[str, ...],
    req: str | None,
    requests: tuple[str | None, ...],
    each: tuple[int | None, ...],
) -> tuple[Accelerators, ...] | None:
    given = fold(entry for text in detail for entry in entries(text))
    asked = [accelerators(text) for text in requests]
    found: list[Accelerators] = []
    kinds: set[str] = set()
    for source in (name_models(accelerators(alloc), (given, *asked)), given, name_models(accelerators(req), asked)):
        found += (a for a in source if a.kind not in kinds)
        kinds.update(a.kind for a in source)
    for wanted, count in zip(asked, each, strict=True):
        still_open = [a for a in wanted if a.kind not in kinds]
        if still_open and not count:
            return None
        found += times(still_open, count or 0)
        kinds.update(a.kind for a in wanted)
    return None if not found and None in requests else tuple(found)


def node_accelerators(
    gres: str | None,
    gres_used: str | None = None,
    tres: str | None = None,
    tres_used: str | None = None,
    *,
    idle: bool = False,
) -> tuple[NodeAccelerators, ...]:
    """What a node has, and uses of it: `gres` before `tres`, `gres_used` before `tres_used`; `used` never above total.

    `idle` says that nothing is allocated on the node, which is the answer where no field tells.
    """
    tracked = accelerators(tres)
    total = name_models(accelerators(gres), (tracked,))
    kinds = {a.kind for a in total}
    total += tuple(a for a in tracked if a.kind not in kinds)
    told = entries(gres_used or "")
    result: list[NodeAccelerators] = []
    for kind in dict.fromkeys(a.kind for a in total):
        have = [a for a in total if a.kind == kind]
        used: dict[str | None, int] | None = None
        if any(entry[0] == kind for entry in told):
            used = {a.model: a.count for a in fold(entry for entry in told if entry[0] == kind)}
        elif any(a.kind == kind for a in tracked):
            used = {a.model: a.count for a in accelerators(tres_used) if a.kind == kind}
        elif idle:
            used = {}
        result += _share_out(have, used)
    return tuple(result)


def _share_out(have: list[Accelerators], used: dict[str | None, int] | None) -> list[NodeAccelerators]:
    """Put what is used to the models it names, the rest to whatever still has room."""
    if used is None:
        return [NodeAccelerators(a.kind, a.model, a.count, None) for a in have]
    mine = [min(a.count, used.get(a.model, 0)) for a in have]
    models = {a.model for a in have}
    rest = sum(count for model, count in used.items() if model not in models)
    for at, a in enumerate(have):
        more = min(rest, a.count - mine[at])
        mine[at] += more
        rest -= more
    return [NodeAccelerators(a.kind, a.model, a.count, n) for a, n in zip(have, mine, strict=True)]
