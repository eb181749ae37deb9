"""`naru gpus`: accelerators by site and model, or by pool: how many there are, in use, free and away."""

import argparse
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from naru import format as form
from naru.commands.asking import ask_all, join, read_all
from naru.output import Page, Result, Sheet
from naru.plain_table import Column
from naru.session import Context
from naru_client.centre import Centre
from naru_client.i18n import _
from naru_client.insight.tally import fill_pools, tally
from naru_client.model import AcceleratorTally, Pool
from naru_client.reading import Reading

CSV = True


class GpuLine(Struct, frozen=True, kw_only=True):
    """Accelerators of one kind and model of one site. `used` and `free` are None where the source does not tell.

    `largest_free_block` is the most that a job could be given on one node now, None where that is not told either.
    """

    site: str
    kind: str
    model: str | None
    total: int
    used: int | None
    free: int | None
    unavailable: int
    largest_free_block: int | None
    free_by_node: tuple[tuple[int, int], ...]
    pools: tuple[str, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pools", action="store_true", help=_("pool by pool instead of site by site"))


async def run(context: Context) -> Result:
    opened = await context.open()
    if context.args.pools:
        pools = await read_all(opened, _filled_pools)
        return Result(
            schema="gpus.pools",
            site=opened.name,
            source=pools.source,
            as_of=pools.as_of,
            data=pools.value,
            warnings=pools.warnings,
            show=lambda page: _show_pools(page, pools.value, sites=opened.several),
            sheet=_pool_sheet(pools.value),
        )
    told, failed = await ask_all(opened, lambda centre: centre.nodes())
    reading = join(opened, told, failed)
    lines = tuple(line for one in told for line in gpu_lines(one.centre.id, tally(one.said.value)))
    return Result(
        schema="gpus",
        site=opened.name,
        source=reading.source,
        as_of=reading.as_of,
        data=lines,
        warnings=reading.warnings,
        show=lambda page: _show(page, lines, reading.as_of),
        sheet=_sheet(lines),
    )


async def _filled_pools(centre: Centre) -> Reading[tuple[Pool, ...]]:
    pools = await centre.pools()
    nodes = await centre.nodes()
    return Reading(
        fill_pools(pools.value, nodes.value),
        pools.source,
        min(pools.as_of, nodes.as_of),
        tuple(dict.fromkeys((*pools.warnings, *nodes.warnings))),
    )


def gpu_lines(site: str, tallies: Sequence[AcceleratorTally]) -> tuple[GpuLine, ...]:
    return tuple(
        GpuLine(
            site=site,
            kind=t.kind,
            model=t.model,
            total=t.total,
            used=t.used,
            free=t.free,
            unavailable=t.unavailable,
            largest_free_block=None if t.free is None else t.largest_free_block,
            free_by_node=t.free_by_node,
            pools=t.pools,
        )
        for t in tallies
    )


def block(free: int | None, free_by_node: tuple[tuple[int, int], ...]) -> str:
    """What could start together now: the most on one node, and on how many nodes (`8×3`)."""
    if free is None:
        return "–"
    if not free_by_node:
        return "0"
    most, nodes = free_by_node[0]
    return _("{count} on {nodes}").format(count=most, nodes=nodes)


def _show(page: Page, lines: Sequence[GpuLine], now: datetime) -> None:
    if not lines:
        page.remark(_("no accelerators: no node tells of any"))
        return
    columns: tuple[Column[GpuLine], ...] = (
        Column(title=_("SITE"), cell=lambda g: g.site, least=6, shed=1),
        Column(title=_("MODEL"), cell=lambda g: (g.model or g.kind).upper(), least=6),
        Column(title=_("KIND"), cell=lambda g: g.kind, shed=2),
        Column(title=_("TOTAL"), cell=lambda g: str(g.total), right=True),
        Column(title=_("IN USE"), cell=lambda g: _count(g.used), right=True, style=lambda g: "used"),
        Column(title=_("FREE"), cell=lambda g: _count(g.free), right=True, style=lambda g: "free" if g.free else "dim"),
        Column(title=_("AWAY"), cell=lambda g: _none_if_zero(g.unavailable), right=True, style=_away_style),
        Column(title=_("LARGEST BLOCK"), cell=lambda g: block(g.free, g.free_by_node), right=True),
        Column(title=_("POOLS"), cell=lambda g: ",".join(g.pools), least=8, most=36),
    )
    page.table(columns, lines)


def _show_pools(page: Page, pools: Sequence[Pool], *, sites: bool) -> None:
    rows: list[tuple[Pool, AcceleratorTally | None]] = [
        (pool, one) for pool in pools for one in pool.accelerators or (None,)
    ]
    if not rows:
        page.remark(_("no pools"))
        return
    site: Column[tuple[Pool, AcceleratorTally | None]] = Column(title=_("SITE"), cell=lambda r: r[0].site, least=6)
    columns: tuple[Column[tuple[Pool, AcceleratorTally | None]], ...] = (
        *((site,) if sites else ()),
        Column(title=_("POOL"), cell=lambda r: r[0].name + ("*" if r[0].default else ""), least=6),
        Column(title=_("STATE"), cell=lambda r: r[0].state, style=lambda r: "" if r[0].state == "UP" else "failed"),
        Column(title=_("MODEL"), cell=lambda r: (r[1].model or r[1].kind).upper() if r[1] else "–", least=6),
        Column(title=_("TOTAL"), cell=lambda r: str(r[1].total) if r[1] else "–", right=True),
        Column(title=_("IN USE"), cell=lambda r: _count(r[1].used) if r[1] else "–", right=True),
        Column(title=_("FREE"), cell=lambda r: _count(r[1].free) if r[1] else "–", right=True, style=lambda r: "free"),
        Column(title=_("AWAY"), cell=lambda r: _none_if_zero(r[1].unavailable) if r[1] else "–", right=True),
        Column(
            title=_("LARGEST BLOCK"), cell=lambda r: block(r[1].free, r[1].free_by_node) if r[1] else "–", right=True
        ),
        Column(title=_("NODES"), cell=lambda r: _count(r[0].nodes), right=True, shed=2),
        Column(title=_("LONGEST"), cell=lambda r: _longest(r[0]), right=True, shed=1),
    )
    page.table(columns, rows)


def _sheet(lines: Sequence[GpuLine]) -> Sheet:
    names = tuple(name for name in GpuLine.__struct_fields__ if name != "free_by_node")
    return Sheet(names, tuple(tuple(getattr(line, name) for name in names) for line in lines))


def _pool_sheet(pools: Sequence[Pool]) -> Sheet:
    """One row for each model of each pool; a pool without accelerators has one row too."""
    own = tuple(n for n in Pool.__struct_fields__ if n not in ("accelerators", "nodes_by_condition"))
    theirs = ("kind", "model", "total", "used", "free", "unavailable", "largest_free_block")
    rows = []
    for pool in pools:
        for one in pool.accelerators or (None,):
            figures = tuple(None if one is None else getattr(one, name) for name in theirs)
            rows.append((*(getattr(pool, name) for name in own), *figures))
    return Sheet((*own, *theirs), tuple(rows))


def _longest(pool: Pool) -> str:
    return _("no limit") if pool.unlimited_time else form.duration(pool.max_time)


def _count(value: int | None) -> str:
    return "–" if value is None else str(value)


def _none_if_zero(value: int) -> str:
    return str(value) if value else "–"


def _away_style(line: GpuLine) -> str:
    return "away" if line.unavailable else "dim"
