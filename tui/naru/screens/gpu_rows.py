"""The rows of the GPUs screen: pools by model with what could start now, in the order in which that is most."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain
from typing import Any

from msgspec import Struct

from naru.joining import named
from naru.state import Part
from naru.widgets.columns import Column
from naru_client.insight.alike import Alike
from naru_client.insight.fragments import over_sites, remarks
from naru_client.insight.pools import OPEN, Startable, by_pool_alike, by_site_alike, soonest
from naru_client.model import Node, Pool


class PoolRow(Struct, frozen=True):
    """A pool and one model of its accelerators; a pool without any, or of which no node is known, has one row too."""

    pool: Pool
    one: Startable | None

    @property
    def site(self) -> str:
        return self.pool.site

    @property
    def name(self) -> str:
        return self.pool.name

    @property
    def model(self) -> str:
        if self.one is not None:
            return (self.one.model or self.one.kind).upper()
        return "CPU" if self.pool.nodes_by_condition else "–"  # of no nodes, nothing is known


class PoolRows:
    """The rows of all sites, made anew only for the site whose nodes or pools are others than before."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[object, object, tuple[PoolRow, ...], tuple[Startable, ...]]] = {}

    def of(self, parts: Iterable[Part]) -> list[PoolRow]:
        """What could start the largest jobs first, then by name; pools that start nothing, and those of processors
        alone, come last."""
        return sorted(chain.from_iterable(self._part(part)[2] for part in parts), key=_usual)

    def sites(self, parts: Iterable[Part]) -> list[Startable]:
        """What could start at each site, by model."""
        return list(chain.from_iterable(self._part(part)[3] for part in parts))

    def _part(self, part: Part) -> tuple[object, object, tuple[PoolRow, ...], tuple[Startable, ...]]:
        known = self._made.get(part.id)
        if known is None or known[0] is not part.nodes or known[1] is not part.filled_pools:
            nodes = part.alike_nodes
            known = part.nodes, part.filled_pools, _rows(part.filled_pools, nodes), by_site_alike(nodes)
            self._made[part.id] = known
        return known


def pool_key(row: PoolRow | Node) -> Hashable:
    """What a row is known by: two sites may give one name."""
    if isinstance(row, PoolRow):
        return row.site, row.name, row.model
    return row.site, row.name


def pool_texts(rows: Sequence[PoolRow]) -> list[str]:
    """What a pool is found by."""
    return ["\n".join((row.site, row.name, row.model, row.pool.state)).lower() for row in rows]


def in_order(rows: Sequence[Any], columns: Iterable[Column], sort: tuple[str, bool] | None) -> Sequence[Any]:
    """The rows by a column of these, the last first when so wanted; as they are without one."""
    key: Callable[[Any], Any] | None = None
    if sort is not None:
        key = next((c.sort_key for c in columns if c.id == sort[0]), None)
    return rows if key is None or sort is None else sorted(rows, key=key, reverse=sort[1])


def site_remarks(lines: Sequence[Startable], several: bool) -> list[str]:
    """What must be said beside the figures of whole sites, the most numerous models first."""
    said = []
    for (kind, model), text in over_sites(lines) if several else ():
        said.append(named((model or kind).upper(), text))
    for line in sorted(lines, key=lambda line: -(line.free or 0)):
        model_name = (line.model or line.kind).upper()
        subject = f"{line.site} {model_name}" if several else model_name
        said += [named(subject, text) for text in remarks(line)]
    return said


def _rows(pools: Sequence[Pool], nodes: Sequence[Alike]) -> tuple[PoolRow, ...]:
    found = by_pool_alike(pools, nodes)
    return tuple(PoolRow(pool, one) for pool in pools for one in found[pool.site, pool.name] or (None,))


def _usual(row: PoolRow) -> tuple[Any, ...]:
    one = row.one
    return row.pool.state != OPEN, one is None, soonest(one) if one else (), row.name
