"""Whether the nodes of a pool could ever run a request, whatever runs there now, and how many of them it takes. Pure.

As Slurm places jobs: a node is given whole tasks only, accelerators asked for the job are spread as its nodes have
them, and nodes are as few as suffice where their number is left open.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from naru_client import hostlist
from naru_client.i18n import _, n_
from naru_client.insight.amount_words import accelerator_name, memory_words
from naru_client.insight.request import AcceleratorWish, Request, Totals, totals
from naru_client.model import Accelerators, Node

PLENTY = 1 << 40  # more tasks than any node could hold: nothing about the request limits them


class Placed(Struct, frozen=True, kw_only=True):
    """What a request would be given, with what only the nodes tell filled in: the model, and all of a whole node.

    `fits` is False where these nodes could not run it, None where that is not known. `able` is how many of the nodes
    could take their part of it.
    """

    fits: bool | None
    totals: Totals
    why_not: str = ""
    unsure: tuple[str, ...] = ()
    able: int = 0


class Shape(NamedTuple):
    """What nodes of one kind have: accelerators by kind and model, processors, memory in bytes, features."""

    accelerators: tuple[tuple[str, str | None, int], ...]
    cpus: int | None
    memory: int | None
    features: frozenset[str]


Counted = list[tuple[Shape, int]]
Check = tuple[Callable[[Shape], bool | None], str, str]  # whether it holds, why not, and what is not known


def place(request: Request, nodes: Iterable[Node]) -> Placed:
    """Where it could stand among all these nodes, and among those that are up now."""
    named, untold = _named(request, tuple(nodes))
    if request.foreign:
        return Placed(fits=None, totals=totals(request), unsure=(_("what it asks for is not all read"),))
    everywhere = _place(request, _counted(named))
    if everywhere.fits is False:
        return everywhere
    up = _counted(node for node in named if node.available)
    now = _place(request, up)
    if now.fits is False:
        return replace(now, why_not=_away(request, everywhere.able, now.able))
    return replace(now, fits=None, unsure=(*now.unsure, untold)) if untold else now


def _place(request: Request, shapes: Counted) -> Placed:
    asked = totals(request)
    if not shapes:
        return Placed(fits=False, totals=asked, why_not=_("no node here could be given to it"))
    unsure: list[str] = []
    usable = shapes
    for holds, why_not, untold in _checks(request, shapes):
        kept = [(shape, count, holds(shape)) for shape, count in usable]
        if untold and any(answer is None for _shape, _count, answer in kept):
            unsure.append(untold)
        usable = [(shape, count) for shape, count, answer in kept if answer is not False]
        if not usable:
            return Placed(fits=False, totals=asked, why_not=why_not)
    count, why_not = _how_many(request, usable)
    able = sum(n for _shape, n in usable)
    if count is None:
        return Placed(fits=False, totals=asked, why_not=why_not, able=able)
    told = _filled(request, count, usable)
    return Placed(fits=None if unsure else True, totals=told, unsure=tuple(dict.fromkeys(unsure)), able=able)


def _away(request: Request, able: int, up: int) -> str:
    """Too few of the nodes that could run it are up."""
    least = totals(request).nodes_least or 1
    if least == 1 and not up:
        text = n_("{n} node here could run it, and is away now", "{n} nodes here could run it, and are away now", able)
        return text.format(n=able)
    text = n_("it needs more than {up} node, and of {n} here that could run it no more is up now",
              "it needs more than {up} nodes, and of {n} here that could run it no more are up now", up)  # fmt: skip
    return text.format(n=able, up=up)


def _how_many(request: Request, usable: Counted) -> tuple[int | None, str]:
    """The fewest nodes that suffice; or None, and why all of them do not."""
    there = sum(count for _shape, count in usable)
    asked = totals(request)
    least = asked.nodes if asked.nodes is not None else asked.nodes_least or 1
    most = asked.nodes if asked.nodes is not None else there
    if request.nodes is not None and request.nodes.most is not None:
        most = min(most, max(request.nodes.most, least))
    most = min(most, there)
    if least > there:
        text = n_(
            "it needs {least} nodes, and {n} here could run it",
            "it needs {least} nodes, and {n} here could run it",
            there,
        )
        return None, text.format(least=least, n=there)
    why_not = _missing(request, usable, most)
    if why_not:
        return None, why_not
    low, high = least, most
    while low < high:
        middle = (low + high) // 2
        if _missing(request, usable, middle):
            low = middle + 1
        else:
            high = middle
    return low, ""


def _missing(request: Request, usable: Counted, count: int) -> str:
    """What so many of these nodes do not have together; "" where they suffice."""
    for wish in request.accelerators:
        if wish.per != "job":
            continue
        have = _most(((_at_best(shape, wish), n) for shape, n in usable), count)
        if have < wish.count:
            text = n_("{n} node here has at most {have} {what}, and {count} are asked for",
                      "{n} nodes here have at most {have} {what} together, and {count} are asked for",
                      count)  # fmt: skip
            return text.format(n=count, have=have, what=accelerator_name(wish.kind, wish.model), count=wish.count)
    tasks = totals(request, count).tasks
    if tasks is not None:
        room = _most(((room_for_tasks(request, shape), n) for shape, n in usable), count)
        if room < tasks:
            text = n_("{n} node here has room for {room} of its tasks at most, and there are {tasks}",
                      "{n} nodes here have room for {room} of its tasks at most, and there are {tasks}",
                      count)  # fmt: skip
            return text.format(n=count, room=room, tasks=tasks)
    return ""


def _most(amounts: Iterable[tuple[int, int]], count: int) -> int:
    """What the best of them have together, `count` in all; each amount is had by so many."""
    have = 0
    for amount, n in sorted(amounts, reverse=True):
        taken = min(n, count)
        have += amount * taken
        count -= taken
    return have


def has(shape: Shape, wish: AcceleratorWish) -> int | None:
    """How many of those a node has; None where it has of that kind, and does not tell the model."""
    of_kind = [(model, total) for kind, model, total in shape.accelerators if kind == wish.kind and total]
    if wish.model is None:
        return sum(total for _model, total in of_kind)
    found = sum(total for model, total in of_kind if (model or "").lower() == wish.model.lower())
    return None if not found and any(model is None for model, _total in of_kind) else found


def _at_best(shape: Shape, wish: AcceleratorWish) -> int:
    """The same, all of the kind where the model is not told."""
    have = has(shape, wish)
    return sum(total for kind, _model, total in shape.accelerators if kind == wish.kind) if have is None else have


def room_for_tasks(request: Request, shape: Shape) -> int:
    """How many tasks one such node takes."""
    room = request.tasks_per_node or PLENTY
    cpus = request.cpus_per_task or 1
    if shape.cpus is not None and not request.cpus_per_gpu:
        room = min(room, shape.cpus // cpus)
    for wish in request.accelerators:
        if wish.per == "task" and wish.count:
            have = has(shape, wish)
            room = room if have is None else min(room, have // wish.count)
    wanted = request.memory
    if wanted is not None and wanted.amount and wanted.per == "cpu" and shape.memory is not None:
        room = min(room, shape.memory // (wanted.amount * cpus))
    return room


def _checks(request: Request, shapes: Counted) -> Iterable[Check]:
    """What each node that it is given must hold to, by itself."""
    sockets = request.sockets_per_node or 1
    on_each: dict[str, int] = {"job": 1, "node": 1, "task": 1, "socket": sockets}
    devices = 0
    for wish in request.accelerators:
        if not wish.count:
            continue
        name = accelerator_name(wish.kind, wish.model)
        needed = 1 if wish.per == "job" else wish.count * on_each[wish.per]
        devices += needed if wish.kind == "gpu" else 0
        untold = _("which model its accelerators are is not told")
        yield lambda shape, w=wish: _at_least(has(shape, w), 1), _none_of(name, wish, shapes), untold  # type: ignore[misc]
        if needed > 1:
            most = max((has(shape, wish) or 0 for shape, _count in shapes), default=0)
            text = _("a node here has at most {most} {what}, and {count} are asked for on one").format(
                most=most, what=name, count=needed
            )
            yield lambda shape, w=wish, n=needed: _at_least(has(shape, w), n), text, untold  # type: ignore[misc]
    cpus = max(
        (request.cpus_per_gpu or 0) * max(devices, 1) if request.cpus_per_gpu else request.cpus_per_task or 1,
        (request.cpus_per_task or 1) * (request.tasks_per_node or 1),
    )
    most = max((shape.cpus or 0 for shape, _count in shapes), default=0)
    text = _("a node here has at most {most} processors, and {count} are asked for on one").format(
        most=most, count=cpus
    )
    yield lambda shape: _at_least(shape.cpus, cpus), text, _("how many processors its nodes have is not told")
    memory = _memory_on_each(request, cpus, devices)
    if memory:
        most = max((shape.memory or 0 for shape, _count in shapes), default=0)
        text = _("a node here has at most {most} of memory, and {count} is asked for on one").format(
            most=memory_words(most), count=memory_words(memory)
        )
        yield lambda shape: _at_least(shape.memory, memory), text, _("how much memory its nodes have is not told")
    if request.constraint:
        names = frozenset(name.strip() for name in request.constraint.split("&"))
        plain = all(name.replace("_", "").replace("-", "").replace(".", "").isalnum() for name in names)
        text = _("no node here has the features {names}").format(names=request.constraint)
        untold = _("whether its nodes have the features {names} is not known").format(names=request.constraint)
        yield lambda shape: names <= shape.features if plain else None, text, untold


def _none_of(name: str, wish: AcceleratorWish, shapes: Counted) -> str:
    there = dict.fromkeys(
        accelerator_name(kind, model)
        for shape, _count in shapes
        for kind, model, total in shape.accelerators
        if total and (kind == wish.kind or wish.kind not in ("gpu", "npu"))
    ) or dict.fromkeys(
        accelerator_name(kind, model) for shape, _c in shapes for kind, model, total in shape.accelerators if total
    )
    if not there:
        return _("it has no accelerators")
    return _("it has no {what}, but {others}").format(what=name, others=", ".join(there))


def _memory_on_each(request: Request, cpus: int, devices: int) -> int | None:
    wanted = request.memory
    if wanted is None or wanted.amount is None:
        return None
    return wanted.amount * {"node": 1, "cpu": cpus, "gpu": max(devices, 1)}[wanted.per]


def _at_least(have: int | None, needed: int) -> bool | None:
    return None if have is None else have >= needed


def _counted(nodes: Iterable[Node]) -> Counted:
    found: dict[Shape, int] = {}
    for node in nodes:
        accelerators = tuple((one.kind, one.model, one.total) for one in node.accelerators)
        shape = Shape(accelerators, node.cpus, node.memory, frozenset(node.features))
        found[shape] = found.get(shape, 0) + 1
    return list(found.items())


def _named(request: Request, nodes: Sequence[Node]) -> tuple[tuple[Node, ...], str]:
    """The nodes that it does not exclude; and what is not known of them. Those that it names must be among its nodes,
    beside which others may be."""
    if request.exclude is None and request.node_list is None:
        return tuple(nodes), ""
    try:
        without = frozenset(hostlist.expand(request.exclude or ""))
        wanted = hostlist.expand(request.node_list or "")
    except ValueError:
        return tuple(nodes), _("the names of the nodes it asks for cannot be read")
    left = tuple(node for node in nodes if node.name not in without)
    if not set(wanted) <= {node.name for node in left}:
        return (), ""
    return left, ""


def _filled(request: Request, count: int, usable: Counted) -> Totals:
    """What it comes to on so many of these nodes."""
    asked = totals(request, count)
    shapes = [shape for shape, _count in usable]
    accelerators, cpus, memory = asked.accelerators, asked.cpus, asked.memory
    if asked.whole_nodes:
        cpus = accelerators = None
        if len({shape.accelerators for shape in shapes}) == 1:
            accelerators = tuple(Accelerators(k, m, total * count) for k, m, total in shapes[0].accelerators if total)
        if len({shape.cpus for shape in shapes}) == 1 and shapes[0].cpus is not None:
            cpus = shapes[0].cpus * count
    elif accelerators is not None:
        accelerators = tuple(replace(one, model=one.model or _only_model(one.kind, shapes)) for one in accelerators)
    all_of_it = request.memory is not None and request.memory.amount is None
    if all_of_it and len({shape.memory for shape in shapes}) == 1 and shapes[0].memory is not None:
        memory = shapes[0].memory * count
    return replace(asked, nodes=count, accelerators=accelerators, cpus=cpus, memory=memory)


def _only_model(kind: str, shapes: Sequence[Shape]) -> str | None:
    """The model of a kind where there is only one."""
    models = {model for shape in shapes for of_kind, model, total in shape.accelerators if of_kind == kind and total}
    return next(iter(models)) if len(models) == 1 else None
