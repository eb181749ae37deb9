"""What `naru gpus` prints: the lines of its JSON, and its tables."""

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from naru import format as form
from naru.joining import named
from naru.output import Page
from naru.plain_table import Column
from naru_client.i18n import _
from naru_client.model import AcceleratorTally, Pool


class GpuLine(Struct, frozen=True, kw_only=True):
    """Accelerators of one kind and model of one site. `used` and `free` are None where the source does not tell.

    `largest_free_block` is the most that a job could be given on one node now, None where that is not told either.
    `could_start` is what more is known of that, `remarks` what must be said beside the figures.
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
    could_start: "CouldStart | UnsetType" = UNSET
    remarks: tuple[str, ...] | UnsetType = UNSET


class CouldStart(Struct, frozen=True, kw_only=True):
    """What new jobs could be given now, and why not the rest of what is free.

    `jobs` says of each size how many would start at once if all were of it: [8, 3] is three jobs of eight. It and
    `whole_nodes` are None where no node tells what is in use; where `untold_nodes` do not, at least so much is to be
    had. The other figures are free accelerators that no job could be given now, by what is in the way.
    """

    jobs: tuple[tuple[int, int], ...] | None
    whole_nodes: int | None
    untold_nodes: int
    no_cores: int
    no_memory: int
    allocated: int
    planned: int
    reserved: int
    asleep: int


class PoolLine(Pool, frozen=True, kw_only=True):
    """A pool with what could start in it, for each of its `accelerators` in their order; None where no node tells."""

    could_start: tuple[CouldStart | None, ...] = ()
    remarks: tuple[str, ...] = ()


PoolRow = tuple[PoolLine, AcceleratorTally | None, CouldStart | None]


def show_gpus(page: Page, lines: Sequence[GpuLine], across: Sequence[str]) -> None:
    """The table by site and model, and below it what must be said beside the figures; `across` is of several sites."""
    if not lines:
        page.remark(_("no accelerators: no node tells of any"))
        return
    columns: tuple[Column[GpuLine], ...] = (
        Column(title=_("SITE"), cell=lambda g: g.site, least=6, shed=1),
        Column(title=_("MODEL"), cell=lambda g: (g.model or g.kind).upper(), least=6),
        Column(title=_("KIND"), cell=lambda g: g.kind, shed=3),
        Column(title=_("TOTAL"), cell=lambda g: str(g.total), right=True),
        Column(title=_("IN USE"), cell=lambda g: _count(g.used), right=True, style=lambda g: "used"),
        Column(title=_("FREE"), cell=lambda g: _count(g.free), right=True, style=lambda g: "free" if g.free else "dim"),
        Column(title=_("AWAY"), cell=lambda g: _none_if_zero(g.unavailable), right=True, style=_away_style),
        Column(title=_("STARTS NOW"), cell=lambda g: starts(g.could_start or None), least=10, style=lambda g: "free"),
        Column(title=_("POOLS"), cell=lambda g: ",".join(g.pools), least=8, most=36, shed=2),
    )
    page.table(columns, lines)
    told = [(f"{g.site} {(g.model or g.kind).upper()}", text) for g in lines for text in g.remarks or ()]
    _show_remarks(page, [*across, *(named(subject, text) for subject, text in told)])


def show_pools(page: Page, pools: Sequence[PoolLine], *, sites: bool) -> None:
    """The table by pool and model, and below it what must be said beside the figures."""
    rows: list[PoolRow] = []
    for pool in pools:
        rows += zip((pool,) * len(pool.accelerators), pool.accelerators, pool.could_start, strict=True)
        rows += () if pool.accelerators else ((pool, None, None),)
    if not rows:
        page.remark(_("no pools"))
        return
    site: Column[PoolRow] = Column(title=_("SITE"), cell=lambda r: r[0].site, least=6)
    columns: tuple[Column[PoolRow], ...] = (
        *((site,) if sites else ()),
        Column(title=_("POOL"), cell=lambda r: r[0].name + ("*" if r[0].default else ""), least=6),
        Column(title=_("STATE"), cell=lambda r: r[0].state, style=lambda r: "" if r[0].state == "UP" else "failed"),
        Column(title=_("MODEL"), cell=lambda r: (r[1].model or r[1].kind).upper() if r[1] else "–", least=6),
        Column(title=_("TOTAL"), cell=lambda r: str(r[1].total) if r[1] else "–", right=True, shed=3),
        Column(title=_("IN USE"), cell=lambda r: _count(r[1].used) if r[1] else "–", right=True),
        Column(title=_("FREE"), cell=lambda r: _count(r[1].free) if r[1] else "–", right=True, style=lambda r: "free"),
        Column(title=_("AWAY"), cell=lambda r: _none_if_zero(r[1].unavailable) if r[1] else "–", right=True),
        Column(title=_("STARTS NOW"), cell=lambda r: starts(r[2]), least=10, style=lambda r: "free"),
        Column(title=_("NODES"), cell=lambda r: _count(r[0].nodes), right=True, shed=2),
        Column(title=_("LONGEST"), cell=lambda r: _longest(r[0]), right=True, shed=1),
    )
    page.table(columns, rows)
    subjects = [(f"{pool.site} {pool.name}" if sites else pool.name, pool.remarks) for pool in pools]
    _show_remarks(page, [named(subject, text) for subject, texts in subjects for text in texts])


def starts(one: CouldStart | None) -> str:
    """How many jobs of each size would start now: `8×3 4×7`; `+` where more may, a dash where nothing is known."""
    if one is None or one.jobs is None:
        return "–"
    found = " ".join(f"{size}×{count}" for size, count in one.jobs if count)
    return (found or "0") + ("+" if one.untold_nodes else "")


def block(free: int | None, free_by_node: tuple[tuple[int, int], ...]) -> str:
    """What could start together now: the most on one node, and on how many nodes (`8×3`)."""
    if free is None:
        return "–"
    if not free_by_node:
        return "0"
    most, nodes = free_by_node[0]
    return _("{count} on {nodes}").format(count=most, nodes=nodes)


def _show_remarks(page: Page, said: Sequence[str]) -> None:
    if said:
        page.line()
    for text in said:
        page.hanging(("  ",), text, "dim")


def _longest(pool: Pool) -> str:
    return _("no limit") if pool.unlimited_time else form.duration(pool.max_time)


def _count(value: int | None) -> str:
    return "–" if value is None else str(value)


def _none_if_zero(value: int) -> str:
    return str(value) if value else "–"


def _away_style(line: GpuLine) -> str:
    return "away" if line.unavailable else "dim"
