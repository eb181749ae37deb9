"""`naru gpus`: accelerators by site and model, or by pool: how many, in use, free, away, and what could start now."""

import argparse
from collections.abc import Sequence

from msgspec import UnsetType
from msgspec.structs import replace

from naru.commands.asking import ask_all, join, read_all
from naru.commands.gpu_table import CouldStart, GpuLine, PoolLine, show_gpus, show_pools
from naru.commands.gpu_table import block as block
from naru.joining import named
from naru.output import Result, Sheet
from naru.session import Context
from naru_client.centre import Centre
from naru_client.i18n import _
from naru_client.insight.fragments import over_sites, remarks
from naru_client.insight.pools import Startable, startable_by_pool, startable_by_site
from naru_client.insight.tally import fill_pools, tally
from naru_client.model import AcceleratorTally, Node, Pool
from naru_client.reading import Reading

CSV = True

STARTING = CouldStart.__struct_fields__


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pools", action="store_true", help=_("pool by pool instead of site by site"))


async def run(context: Context) -> Result:
    opened = await context.open()
    if context.args.pools:
        pools = await read_all(opened, _pool_lines)
        return Result(
            schema="gpus.pools",
            site=opened.name,
            source=pools.source,
            as_of=pools.as_of,
            data=pools.value,
            warnings=pools.warnings,
            show=lambda page: show_pools(page, pools.value, sites=opened.several),
            sheet=_pool_sheet(pools.value),
        )
    told, failed = await ask_all(opened, lambda centre: centre.nodes())
    reading = join(opened, told, failed)
    found = [(one.centre.id, one.said.value) for one in told]
    lines = tuple(line for site, nodes in found for line in site_lines(site, nodes))
    across = over_sites(s for _site, nodes in found for s in startable_by_site(nodes)) if opened.several else ()
    return Result(
        schema="gpus",
        site=opened.name,
        source=reading.source,
        as_of=reading.as_of,
        data=lines,
        warnings=reading.warnings,
        show=lambda page: show_gpus(page, lines, [named((m or k).upper(), text) for (k, m), text in across]),
        sheet=_sheet(lines),
    )


async def _pool_lines(centre: Centre) -> Reading[tuple[PoolLine, ...]]:
    pools = await centre.pools()
    nodes = await centre.nodes()
    filled = fill_pools(pools.value, nodes.value)
    starting = startable_by_pool(filled, nodes.value)
    lines = [pool_line(pool, starting[pool.site, pool.name]) for pool in filled]
    return Reading(
        tuple(lines),
        pools.source,
        min(pools.as_of, nodes.as_of),
        tuple(dict.fromkeys((*pools.warnings, *nodes.warnings))),
    )


def pool_line(pool: Pool, starting: Sequence[Startable]) -> PoolLine:
    said = [(one, text) for one in starting for text in remarks(one)]
    told = [named((one.model or one.kind).upper(), text) if len(starting) > 1 else text for one, text in said]
    fields = {name: getattr(pool, name) for name in Pool.__struct_fields__}
    found = {(one.kind, one.model): _could_start(one) for one in starting}
    in_order = tuple(found.get((t.kind, t.model)) for t in pool.accelerators)
    return PoolLine(**fields, could_start=in_order, remarks=tuple(dict.fromkeys(told)))


def site_lines(site: str, nodes: Sequence[Node]) -> list[GpuLine]:
    """The accelerators of a site by model, with what could start now."""
    starting = {(one.kind, one.model): one for one in startable_by_site(nodes)}
    lines = []
    for line in gpu_lines(site, tally(nodes)):
        one = starting[line.kind, line.model]
        lines.append(replace(line, could_start=_could_start(one), remarks=remarks(one)))
    return lines


def _could_start(one: Startable) -> CouldStart:
    fields = {name: getattr(one, name) for name in CouldStart.__struct_fields__ if name != "jobs"}
    return CouldStart(jobs=one.starts, **fields)


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


def _sheet(lines: Sequence[GpuLine]) -> Sheet:
    kept = ("free_by_node", "could_start", "remarks")
    names = tuple(name for name in GpuLine.__struct_fields__ if name not in kept)
    rows = ((*(getattr(line, name) for name in names), *_csv(line.could_start or None, line.remarks)) for line in lines)
    return Sheet((*names, *STARTING, "remarks"), tuple(rows))


def _pool_sheet(pools: Sequence[PoolLine]) -> Sheet:
    """One row for each model of each pool; a pool without accelerators has one row too."""
    own = tuple(n for n in Pool.__struct_fields__ if n not in ("accelerators", "nodes_by_condition"))
    theirs = ("kind", "model", "total", "used", "free", "unavailable", "largest_free_block")
    rows = []
    for pool in pools:
        for place, one in enumerate(pool.accelerators or (None,)):
            figures = tuple(None if one is None else getattr(one, name) for name in theirs)
            starting = pool.could_start[place] if one is not None else None
            rows.append((*(getattr(pool, name) for name in own), *figures, *_csv(starting, pool.remarks)))
    return Sheet((*own, *theirs, *STARTING, "remarks"), tuple(rows))


def _csv(one: CouldStart | None, remarks: Sequence[str] | UnsetType) -> tuple[object, ...]:
    """What could start as cells of a sheet, the sizes as `8x3 4x7`."""
    told = "; ".join(remarks) if isinstance(remarks, tuple) else ""
    if one is None:
        return (*(None,) * len(STARTING), told)
    jobs = None if one.jobs is None else " ".join(f"{size}x{count}" for size, count in one.jobs)
    return (jobs, *(getattr(one, name) for name in STARTING[1:]), told)
