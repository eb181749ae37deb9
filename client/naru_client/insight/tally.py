"""How many accelerators there are, in use, free and away: by kind and model, over nodes and over pools.

The rules stand in `model.AcceleratorTally`. What they leave open is decided here, once:

* On a node that is up, what no job holds is free, even where the node takes nothing now (its processors are all
  taken, or it is reserved); `free_by_node` holds only what a job could be given now.
* A node under maintenance or of unknown condition is unavailable but for what a job still holds. A node asleep in the
  cloud is free, for the scheduler wakes it for the next job, but not in `free_by_node`: nothing could start on it now.
  On one that is waking, or does not answer yet, what no job holds is unavailable.
* Where nobody says how much of a node is used, it is known all the same of an empty one, and of a down one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import get_args

from msgspec.structs import replace

from naru_client.model import AcceleratorKind, AcceleratorTally, Node, NodeCondition, Pool

ModelKey = tuple[AcceleratorKind, str | None]

_CONDITIONS: tuple[NodeCondition, ...] = get_args(NodeCondition)
_KIND_ORDER = {"gpu": 0, "npu": 1}
_TAKES_WORK = frozenset({"idle", "mixed", "planned"})
_EMPTY = frozenset({"idle", "planned", "reserved", "drained"})  # conditions under which no job holds anything
_MAINTENANCE = frozenset({"MAINT", "MAINTENANCE"})
_ASLEEP = "POWERED_DOWN"
_WAKING = frozenset({"POWERING_UP", "POWER_UP", "NOT_RESPONDING", "CONFIGURING"})


class _Sums:
    __slots__ = ("blocks", "pools", "total", "unavailable", "used")

    def __init__(self) -> None:
        self.total = 0
        self.used: int | None = 0
        self.unavailable = 0
        self.blocks: Counter[int] = Counter()
        self.pools: set[str] = set()


def tally(nodes: Iterable[Node]) -> tuple[AcceleratorTally, ...]:
    """The accelerators of these nodes by kind and model: GPUs, then NPUs, then others; the most numerous first."""
    sums: dict[ModelKey, _Sums] = {}
    for node in nodes:
        for key, total, used in _of_node(node):
            entry = sums.get(key)
            if entry is None:
                entry = sums[key] = _Sums()
            entry.total += total
            entry.pools.update(node.pools)
            if used is None:
                entry.used = None
                continue
            if entry.used is not None:
                entry.used += used
            if _away(node):
                entry.unavailable += total - used
            elif total > used and _takes_work(node):
                entry.blocks[total - used] += 1
    tallies = [
        AcceleratorTally(
            kind=kind,
            model=model,
            total=entry.total,
            used=entry.used,
            free=None if entry.used is None else entry.total - entry.used - entry.unavailable,
            unavailable=entry.unavailable,
            free_by_node=tuple(sorted(entry.blocks.items(), reverse=True)),
            pools=tuple(sorted(entry.pools)),
        )
        for (kind, model), entry in sums.items()
    ]
    return tuple(sorted(tallies, key=_rank))


def fill_pools(pools: Iterable[Pool], nodes: Iterable[Node]) -> tuple[Pool, ...]:
    """The pools with `accelerators` and `nodes_by_condition` counted from the nodes that name them.

    A pool that no node names stays as it is: nothing is known of it, which is not the same as nothing being there.
    """
    members: dict[tuple[str, str], list[Node]] = {}
    for node in nodes:
        for name in node.pools:
            members.setdefault((node.site, name), []).append(node)
    filled = []
    for pool in pools:
        own = members.get((pool.site, pool.name))
        if own:
            conditions = Counter(node.condition for node in own)
            pool = replace(
                pool,
                nodes=len(own) if pool.nodes is None else pool.nodes,
                accelerators=tuple(replace(t, pools=(pool.name,)) for t in tally(own)),
                nodes_by_condition=tuple((c, conditions[c]) for c in _CONDITIONS if conditions[c]),
            )
        filled.append(pool)
    return tuple(filled)


def could_start(one: AcceleratorTally) -> tuple[int, int]:
    """What a job could be given now: the most accelerators together on one node, and how many nodes offer as many."""
    return one.free_by_node[0] if one.free_by_node else (0, 0)


def whole_nodes_free(nodes: Iterable[Node]) -> dict[ModelKey, int]:
    """By kind and model, the nodes that could be taken whole now: none of their accelerators in use."""
    whole: Counter[ModelKey] = Counter()
    for node in nodes:
        if _takes_work(node):
            whole.update(key for key, _total, used in _of_node(node) if used == 0)
    return dict(whole)


def _of_node(node: Node) -> Iterator[tuple[ModelKey, int, int | None]]:
    """Kind and model, how many there are, and how many of them jobs hold (None: not told), each model once."""
    found: dict[ModelKey, tuple[int, int | None]] = {}
    for one in node.accelerators:
        if one.total <= 0:
            continue
        total, used = one.total, _used(node, one.used, one.total)
        if (one.kind, one.model) in found:  # a node may list one model once per socket
            before, before_used = found[one.kind, one.model]
            total += before
            used = None if used is None or before_used is None else used + before_used
        found[one.kind, one.model] = total, used
    for key, (total, used) in found.items():
        yield key, total, used


def _used(node: Node, told: int | None, total: int) -> int | None:
    if node.condition == "down":
        return 0
    if told is not None:
        return min(max(told, 0), total)
    return 0 if node.condition in _EMPTY else None


def _away(node: Node) -> bool:
    """What no job holds here is not to be had."""
    waking = _ASLEEP not in node.states and not _WAKING.isdisjoint(node.states)
    return not node.available or waking or not _MAINTENANCE.isdisjoint(node.states)


def _takes_work(node: Node) -> bool:
    return node.condition in _TAKES_WORK and not _away(node) and _ASLEEP not in node.states


def _rank(one: AcceleratorTally) -> tuple[int, str, int, str]:
    return _KIND_ORDER.get(one.kind, 2), one.kind, -one.total, one.model or "\uffff"
