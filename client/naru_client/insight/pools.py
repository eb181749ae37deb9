"""What new jobs could be given now, by pool and model: how many of each size would start at once, and what is in the
way of the rest. Counted from the nodes as they were read; nothing here is estimated.

A job of several accelerators needs them on one node, and at least one core with them. A node is counted only when
nothing is in its way (`alike.hindrance`): one that is reserved, or planned for a waiting job, counts for none. Who may
use a pool, and what a person's own limits allow, is another question.
"""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from naru_client.insight.alike import Alike, Hindrance, alike, cores_left, hindrance
from naru_client.insight.tally import ModelKey, accelerators_of, by_pool, tally_alike
from naru_client.model import AcceleratorKind, Node, Pool

SIZES = (8, 4, 2, 1)  # accelerators of the jobs that are told of; only those that a whole node could hold
OPEN = "UP"  # the state of a pool that starts jobs


class Startable(Struct, frozen=True, kw_only=True):
    """Of one kind and model, what is free and what of it a job could be given now.

    `pool` is None for a whole site. `used` and `free` are None where the source does not tell all. `starts` says of
    each size how many jobs would start at once if all were of it: (8, 3) is three jobs of eight accelerators each.
    `largest_block`, `whole_nodes` and `starts` are None where no node tells what is in use; where only some do not
    (`untold_nodes`), at least so much is to be had. The fields from `no_cores` on are free accelerators that no job
    could be given now, by what is in the way. `pool_state` is that of a pool that starts nothing, else None.
    """

    site: str
    pool: str | None = None
    kind: AcceleratorKind
    model: str | None
    total: int
    used: int | None
    free: int | None
    unavailable: int
    node_size: int  # accelerators of a node of this kind, the most of any
    largest_block: int | None
    whole_nodes: int | None
    starts: tuple[tuple[int, int], ...] | None
    untold_nodes: int = 0
    no_cores: int = 0
    no_memory: int = 0
    allocated: int = 0
    planned: int = 0
    reserved: int = 0
    asleep: int = 0
    pool_state: str | None = None

    @property
    def hindered(self) -> int:
        """Free accelerators that no job could be given now."""
        return self.no_cores + self.no_memory + self.allocated + self.planned + self.reserved + self.asleep


class _Blocks:
    """The free blocks of one model: (free on one node, cores left there) with the number of such nodes."""

    __slots__ = ("blocks", "hindered", "size", "told", "untold", "whole")

    def __init__(self) -> None:
        self.blocks: Counter[tuple[int, int | None]] = Counter()
        self.hindered: Counter[Hindrance] = Counter()
        self.size = self.whole = self.told = self.untold = 0


def startable_by_site(nodes: Iterable[Node]) -> tuple[Startable, ...]:
    """By site and model; the sites in the order of their first nodes."""
    return by_site_alike(alike(nodes))


def by_site_alike(nodes: Iterable[Alike]) -> tuple[Startable, ...]:
    """As `startable_by_site`, of nodes that were counted by `alike` already."""
    sites: dict[str, list[Alike]] = {}
    for one in nodes:
        sites.setdefault(one[0].site, []).append(one)
    return tuple(found for site, own in sites.items() for found in _startable(own, site))


def startable_by_pool(pools: Iterable[Pool], nodes: Iterable[Node]) -> dict[tuple[str, str], tuple[Startable, ...]]:
    """By the site and name of these pools; a pool without accelerators, or that no node names, has none."""
    return by_pool_alike(pools, alike(nodes))


def by_pool_alike(pools: Iterable[Pool], nodes: Iterable[Alike]) -> dict[tuple[str, str], tuple[Startable, ...]]:
    """As `startable_by_pool`, of nodes that were counted by `alike` already."""
    members = by_pool(nodes)
    return {
        (pool.site, pool.name): _startable(members.get((pool.site, pool.name), []), pool.site, pool) for pool in pools
    }


def soonest(one: Startable) -> tuple[int, ...]:
    """What to sort by, ascending, to have first what could start the largest jobs, and most of them.

    Of two that start as many of every size, the one with more free comes first.
    """
    counts = dict(one.starts or ())
    return (*(-counts.get(size, 0) for size in SIZES), -(one.free or 0), -one.total)


def _startable(nodes: list[Alike], site: str, pool: Pool | None = None) -> tuple[Startable, ...]:
    models: dict[ModelKey, _Blocks] = {}
    for node, count in nodes:
        hindered = hindrance(node)
        cores = cores_left(node)
        for key, total, used in accelerators_of(node):
            entry = models.get(key)
            if entry is None:
                entry = models[key] = _Blocks()
            entry.size = max(entry.size, total)
            if hindered == "away":
                continue
            if used is None:
                entry.untold += count
                continue
            entry.told += count
            if total == used:
                continue
            if hindered is not None:
                entry.hindered[hindered] += (total - used) * count
                continue
            entry.blocks[total - used, cores] += count
            entry.whole += count if used == 0 else 0
    closed = None if pool is None or pool.state == OPEN else pool.state
    found = []
    for one in tally_alike(nodes):
        entry = models[one.kind, one.model]
        unknown = entry.untold > 0 and entry.told == 0
        nothing = closed is not None
        found.append(
            Startable(
                site=site, pool=None if pool is None else pool.name, kind=one.kind, model=one.model,
                total=one.total, used=one.used, free=one.free, unavailable=one.unavailable, node_size=entry.size,
                largest_block=None if unknown else 0 if nothing else max((b for b, _cores in entry.blocks), default=0),
                whole_nodes=None if unknown else 0 if nothing else entry.whole,
                starts=None if unknown else _starts(entry, nothing),
                untold_nodes=entry.untold, no_cores=entry.hindered["cores"], no_memory=entry.hindered["memory"],
                allocated=entry.hindered["allocated"], planned=entry.hindered["planned"],
                reserved=entry.hindered["reserved"], asleep=entry.hindered["asleep"], pool_state=closed,
            )
        )  # fmt: skip
    return tuple(found)


def _starts(entry: _Blocks, nothing: bool) -> tuple[tuple[int, int], ...]:
    return tuple(
        (size, 0 if nothing else sum(_jobs(block, cores, size) * n for (block, cores), n in entry.blocks.items()))
        for size in SIZES
        if size <= entry.size
    )


def _jobs(block: int, cores: int | None, size: int) -> int:
    """How many jobs of `size` accelerators fit on a node with so many free, each with a core of its own."""
    return block // size if cores is None else min(block // size, cores)
