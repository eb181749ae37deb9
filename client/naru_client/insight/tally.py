"""How many accelerators there are, in use, free and away: by kind and model, over nodes, pools and sites.

The rules stand in `model.AcceleratorTally`. What they leave open is decided here and in `alike`, once:

* On a node that is up, what no job holds is free, even where the node takes nothing now (its processors are all
  taken, it is reserved, or planned for a waiting job); `free_by_node` holds only what a job could be given now.
* A node under maintenance or of unknown condition is unavailable but for what a job still holds. A node asleep in the
  cloud is free, for the scheduler wakes it for the next job, but not in `free_by_node`: nothing could start on it now.
  On one that is waking, or does not answer yet, what no job holds is unavailable.
* Where nobody says how much of a node is used, it is known all the same of an empty one, and of a down one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from msgspec.structs import replace

from naru_client.insight.alike import Alike, alike, hindrance, is_away
from naru_client.model import AcceleratorKind, AcceleratorTally, Node, NodeCondition, Pool

ModelKey = tuple[AcceleratorKind, str | None]

_CONDITIONS: tuple[NodeCondition, ...] = get_args(NodeCondition)
_KIND_ORDER = {"gpu": 0, "npu": 1}
_EMPTY = frozenset({"idle", "planned", "reserved", "drained"})  # conditions under which no job holds anything


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
    return tally_alike(alike(nodes))


def tally_alike(nodes: Iterable[Alike]) -> tuple[AcceleratorTally, ...]:
    """As `tally`, of nodes that were counted by `alike` already."""
    sums: dict[ModelKey, _Sums] = {}
    for node, count in nodes:
        away, gives = is_away(node), hindrance(node) is None
        for key, total, used in accelerators_of(node):
            entry = sums.get(key)
            if entry is None:
                entry = sums[key] = _Sums()
            entry.total += total * count
            entry.pools.update(node.pools)
            if used is None:
                entry.used = None
                continue
            if entry.used is not None:
                entry.used += used * count
            if away:
                entry.unavailable += (total - used) * count
            elif total > used and gives:
                entry.blocks[total - used] += count
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
    return tuple(sorted(tallies, key=rank))


def fill_pools(pools: Iterable[Pool], nodes: Iterable[Node]) -> tuple[Pool, ...]:
    """The pools with `accelerators` and `nodes_by_condition` counted from the nodes that name them.

    A pool that no node names stays as it is: nothing is known of it, which is not the same as nothing being there.
    """
    return fill_pools_alike(pools, alike(nodes))


def fill_pools_alike(pools: Iterable[Pool], nodes: Iterable[Alike]) -> tuple[Pool, ...]:
    """As `fill_pools`, of nodes that were counted by `alike` already."""
    members = by_pool(nodes)
    filled = []
    for pool in pools:
        own = members.get((pool.site, pool.name))
        if own:
            conditions: Counter[NodeCondition] = Counter()
            for node, count in own:
                conditions[node.condition] += count
            pool = replace(
                pool,
                nodes=conditions.total() if pool.nodes is None else pool.nodes,
                accelerators=tuple(replace(t, pools=(pool.name,)) for t in tally_alike(own)),
                nodes_by_condition=tuple((c, conditions[c]) for c in _CONDITIONS if conditions[c]),
            )
        filled.append(pool)
    return tuple(filled)


def by_pool(nodes: Iterable[Alike]) -> dict[tuple[str, str], list[Alike]]:
    """These nodes by site and pool; one that is in several pools stands in each."""
    members: dict[tuple[str, str], list[Alike]] = {}
    for one in nodes:
        for name in one[0].pools:
            members.setdefault((one[0].site, name), []).append(one)
    return members


def merge_tallies(tallies: Iterable[AcceleratorTally]) -> tuple[AcceleratorTally, ...]:
    """Tallies of several sites as one for each kind and model, in the order of `tally`.

    Where one site does not tell how many are in use, it is not known of all either.
    """
    same: dict[ModelKey, list[AcceleratorTally]] = {}
    for one in tallies:
        same.setdefault((one.kind, one.model), []).append(one)
    merged = [found[0] if len(found) == 1 else _merged(found) for found in same.values()]
    return tuple(sorted(merged, key=rank))


def rank(one: AcceleratorTally) -> tuple[int, str, int, str]:
    """The order in which kinds and models are told."""
    return _KIND_ORDER.get(one.kind, 2), one.kind, -one.total, one.model or "\uffff"


def accelerators_of(node: Node) -> Iterator[tuple[ModelKey, int, int | None]]:
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


def _merged(tallies: Sequence[AcceleratorTally]) -> AcceleratorTally:
    blocks: Counter[int] = Counter()
    for one in tallies:
        blocks.update(dict(one.free_by_node))
    return AcceleratorTally(
        kind=tallies[0].kind,
        model=tallies[0].model,
        total=sum(one.total for one in tallies),
        used=_known_sum(one.used for one in tallies),
        free=_known_sum(one.free for one in tallies),
        unavailable=sum(one.unavailable for one in tallies),
        free_by_node=tuple(sorted(blocks.items(), reverse=True)),
        pools=tuple(sorted({pool for one in tallies for pool in one.pools})),
    )


def _known_sum(figures: Iterable[int | None]) -> int | None:
    total = 0
    for figure in figures:
        if figure is None:
            return None
        total += figure
    return total
