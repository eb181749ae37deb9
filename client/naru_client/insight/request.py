"""What a job asks for before it is submitted, where each wish was written, and what it comes to.

A request is read from a batch script (a dialect's part) or told as a shape. What is not asked for is None: a default of
the site's may stand there, and is not ours to guess.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import Struct

from naru_client import hostlist
from naru_client.model import Accelerators

Source = Literal["script", "option", "environment"]
Per = Literal["job", "node", "task", "socket"]


class Origin(Struct, frozen=True):
    """Where something was asked for, as it was written there: what a person must change.

    `word` is the option with its value ("--mem=4G", "-N 2", "SBATCH_QOS=debug"); in a script `before` and `after` are
    the rest of its line (`line` counts from 1). All of it is cleaned text.
    """

    source: Source
    word: str
    file: str = ""
    line: int | None = None
    before: str = ""
    after: str = ""


class Given(Struct, frozen=True):
    """One option that counts: its long name without dashes, and its value (None where it takes none)."""

    option: str
    value: str | None
    origin: Origin


class Span(Struct, frozen=True):
    """A number of nodes: at least so many, and at most (None: not limited)."""

    least: int
    most: int | None


class AcceleratorWish(Struct, frozen=True):
    """So many accelerators for each `per`; the model is None where none is named."""

    kind: str
    model: str | None
    count: int
    per: Per
    origin: Origin | None = None


class MemoryWish(Struct, frozen=True):
    """Memory in bytes for each `per`. None: all that the node has."""

    amount: int | None
    per: Literal["node", "cpu", "gpu"]


class ArrayWish(Struct, frozen=True):
    """Tasks of an array: the expression as written, how many it makes, and how many may run at once (None: all)."""

    text: str
    tasks: int
    at_once: int | None = None


class Request(Struct, frozen=True, kw_only=True):
    """What one job asks for, or one part of a heterogeneous one (`part` of `parts`, from 0).

    Durations are seconds, as the scheduler rounds them; memory is bytes. `given` are all the options that count,
    `overruled` those that a later one, or one of the command, took the place of; `unknown` are those that no Slurm
    knows by itself. `origins` says of a field by its name where it comes from. `foreign` names directives of another
    batch system ("#PBS") that the scheduler heeds too and that were not read: then nothing adds up.
    """

    part: int = 0
    parts: int = 1
    name: str | None = None
    nodes: Span | None = None
    tasks: int | None = None
    tasks_per_node: int | None = None
    tasks_per_gpu: int | None = None
    cpus_per_task: int | None = None
    cpus_per_gpu: int | None = None
    sockets_per_node: int | None = None
    accelerators: tuple[AcceleratorWish, ...] = ()
    other_resources: tuple[str, ...] = ()  # generic resources that are no whole device: "shard:2"
    memory: MemoryWish | None = None
    time_limit: int | None = None
    unlimited: bool = False  # it asks for no limit; that of its pool still holds
    least_time: int | None = None
    pools: tuple[str, ...] = ()
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    reservation: str | None = None
    node_list: str | None = None
    exclude: str | None = None
    licenses: str | None = None
    array: ArrayWish | None = None
    exclusive: str | None = None  # "node", "user", "mcs", "topo"
    oversubscribe: bool = False
    hold: bool = False
    begin: str | None = None
    deadline: str | None = None
    dependency: str | None = None
    comment: str | None = None
    stdout: str | None = None
    stderr: str | None = None
    work_dir: str | None = None
    given: tuple[Given, ...] = ()
    overruled: tuple[Given, ...] = ()
    unknown: tuple[Given, ...] = ()
    origins: dict[str, Origin] = msgspec.field(default_factory=dict)
    foreign: str | None = None

    def option(self, name: str) -> Given | None:
        """The option of that long name, where it is given."""
        return next((one for one in self.given if one.option == name), None)


class Note(Struct, frozen=True):
    """Something to say about a script that can still be read; `refused`: sbatch would not take it as it is."""

    text: str
    origin: Origin | None = None
    refused: bool = False


class Asked(Struct, frozen=True):
    """All that is asked for at once: one request, or one for each part of a heterogeneous job."""

    requests: tuple[Request, ...]
    notes: tuple[Note, ...] = ()


class Totals(Struct, frozen=True, kw_only=True):
    """What a request comes to, for one task of an array; None where that depends on what is not asked or not known.

    `whole_nodes`: it gets all that its nodes have of processors and accelerators, however little it asks for.
    `accelerators` is empty where none are asked for. `memory` is bytes.
    """

    nodes: int | None
    nodes_least: int | None
    tasks: int | None
    cpus: int | None
    memory: int | None
    accelerators: tuple[Accelerators, ...] | None
    whole_nodes: bool = False


_NOTHING_KNOWN = Totals(nodes=None, nodes_least=None, tasks=None, cpus=None, memory=None, accelerators=None)


def totals(request: Request, nodes: int | None = None) -> Totals:
    """What it comes to on so many nodes; without `nodes`, on as many as it asks for where that is one number."""
    if request.foreign:
        return _NOTHING_KNOWN
    least = _least_nodes(request)
    count = nodes if nodes is not None else _nodes(request, least)
    tasks = _tasks(request, count)
    devices = _accelerators(request, count, tasks)
    cpus = _cpus(request, tasks, devices)
    whole = request.exclusive == "node"
    if whole:
        cpus = devices = None
    memory = _memory(request.memory, count, cpus, devices)
    return Totals(
        nodes=count,
        nodes_least=least,
        tasks=tasks,
        cpus=cpus,
        memory=memory,
        accelerators=devices,
        whole_nodes=whole,
    )


def shape(
    *,
    accelerators: int | None = None,
    kind: str = "gpu",
    model: str | None = None,
    nodes: int | None = None,
    tasks: int | None = None,
    cpus_per_task: int | None = None,
    memory_per_node: int | None = None,
    seconds: int | None = None,
    pools: Iterable[str] = (),
    account: str | None = None,
    qos: str | None = None,
) -> Request:
    """A request told in numbers: `accelerators` are those of the whole job, memory is bytes, durations are seconds."""
    wanted = (AcceleratorWish(kind, model, accelerators, "job"),) if accelerators else ()
    return Request(
        accelerators=wanted,
        nodes=None if nodes is None else Span(nodes, nodes),
        tasks=tasks,
        cpus_per_task=cpus_per_task,
        memory=None if memory_per_node is None else MemoryWish(memory_per_node, "node"),
        time_limit=None if seconds is None else -(-seconds // 60) * 60,
        pools=tuple(pools),
        account=account,
        qos=qos,
    )


def _least_nodes(request: Request) -> int:
    listed = hostlist.count(request.node_list) if request.node_list else None
    least = request.nodes.least if request.nodes else listed or 1
    if request.nodes and request.tasks:
        least = min(least, request.tasks)  # no node is given without a task for it
    if request.tasks and request.tasks_per_node:
        least = max(least, -(-request.tasks // request.tasks_per_node))
    return max(least, 1)


def _nodes(request: Request, least: int) -> int | None:
    if request.nodes:
        return least if request.nodes.least == request.nodes.most or request.tasks == 1 else None
    if request.node_list:
        return None  # those at least, and more where they do not suffice
    spread = any(wish.per == "job" and wish.count > 1 for wish in request.accelerators)
    by_device = request.tasks_per_gpu or any(wish.per == "task" for wish in request.accelerators)
    if (request.tasks or 1) > 1 or (spread and request.tasks != 1) or (by_device and request.tasks != 1):
        return None
    return 1


def _tasks(request: Request, nodes: int | None) -> int | None:
    if request.tasks:
        return request.tasks
    if request.tasks_per_node:
        return None if nodes is None else request.tasks_per_node * nodes
    whole = [wish for wish in request.accelerators if wish.per == "job"]
    each = [wish for wish in request.accelerators if wish.per == "task"]
    if request.tasks_per_gpu:
        devices = _accelerators(request, nodes, None)
        return None if devices is None else request.tasks_per_gpu * sum(one.count for one in devices)
    if whole and each:
        return max(1, sum(wish.count for wish in whole) // max(1, sum(wish.count for wish in each)))
    if request.sockets_per_node:
        return None if nodes is None else request.sockets_per_node * nodes
    if request.nodes is None and request.node_list is None:
        return 1
    return nodes


def _accelerators(request: Request, nodes: int | None, tasks: int | None) -> tuple[Accelerators, ...] | None:
    """Kind by kind: what is asked for the job is the sum, what is asked for each node only says how it is spread."""
    sockets = nodes * request.sockets_per_node if nodes is not None and request.sockets_per_node else None
    times: dict[Per, int | None] = {"job": 1, "node": nodes, "task": tasks, "socket": sockets}
    found: list[Accelerators] = []
    for kind in dict.fromkeys(wish.kind for wish in request.accelerators):
        wishes = [wish for wish in request.accelerators if wish.kind == kind]
        per = next(per for per in times if any(wish.per == per for wish in wishes))
        count = times[per]
        if count is None:
            return None
        named = {wish.model for wish in wishes if wish.model}
        for wish in wishes:
            if wish.per == per and wish.count:
                model = wish.model or (next(iter(named)) if len(named) == 1 else None)
                found.append(Accelerators(kind, model, wish.count * count))
    return tuple(found)


def _cpus(request: Request, tasks: int | None, devices: tuple[Accelerators, ...] | None) -> int | None:
    if request.cpus_per_gpu:
        gpus = None if devices is None else sum(one.count for one in devices if one.kind == "gpu")
        return None if not gpus else request.cpus_per_gpu * gpus
    if request.cpus_per_task:
        return None if tasks is None else request.cpus_per_task * tasks
    return None if request.accelerators else tasks  # a pool may give processors of its own for each accelerator


def _memory(
    wish: MemoryWish | None, nodes: int | None, cpus: int | None, devices: tuple[Accelerators, ...] | None
) -> int | None:
    if wish is None or wish.amount is None:
        return None
    gpus = None if devices is None else sum(one.count for one in devices if one.kind == "gpu")
    count = {"node": nodes, "cpu": cpus, "gpu": gpus}[wish.per]
    return wish.amount * count if count else None
