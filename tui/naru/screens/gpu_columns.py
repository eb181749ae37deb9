"""The columns of the lists of pools and of nodes."""

from collections.abc import Callable
from typing import Any

from naru.format import duration, size
from naru.screens.gpu_rows import PoolRow
from naru.widgets.columns import Column
from naru_client.i18n import _, mark
from naru_client.insight.alike import cores_left
from naru_client.insight.pools import Startable, soonest
from naru_client.insight.racks import name_key
from naru_client.model import Node

CONDITION_STYLES = {
    "idle": "free", "mixed": "running", "allocated": "running", "planned": "moving", "reserved": "moving",
    "draining": "warning", "drained": "warning", "down": "failed", "unknown": "quiet",
}  # fmt: skip


def node_accelerators(node: Node) -> str:
    """`3/8 H100`: used of total; a dash for used where the source does not tell."""
    return (
        "+".join(
            f"{'–' if a.used is None else a.used}/{a.total} {(a.model or a.kind).upper()}" for a in node.accelerators
        )
        or "–"
    )


def share(used: int | None, total: int | None, bytes_: bool = False) -> str:
    if total is None:
        return "–"
    show = size if bytes_ else str
    return f"{'–' if used is None else show(used)}/{show(total)}"


def starts(one: Startable | None) -> str:
    """How many jobs of each size would start now: `8×3 4×7 1×41`; sizes of which none would are left out.

    `+` where some nodes do not tell, so that there may be more; a dash where none does.
    """
    if one is None or one.starts is None:
        return "–"
    found = " ".join(f"{size}×{count}" for size, count in one.starts if count)
    return (found or "0") + ("+" if one.untold_nodes else "")


def _figure(value: int | None) -> str:
    return "–" if value is None else str(value)


def _of(what: str) -> Callable[[PoolRow], str]:
    return lambda row: _figure(None if row.one is None else getattr(row.one, what))


def _number(what: Callable[[Any], int | float | None]) -> Callable[[Any], tuple[bool, float]]:
    """To sort by a figure, the unknown last."""

    def key(row: Any) -> tuple[bool, float]:
        value = what(row)
        return value is None, value or 0

    return key


def _by(what: str) -> Callable[[Any], tuple[bool, float]]:
    return _number(lambda row: None if row.one is None else getattr(row.one, what))


def _free(node: Node) -> int | None:
    used = [a.used for a in node.accelerators]
    return None if None in used or not used else sum(a.total for a in node.accelerators) - sum(u or 0 for u in used)


POOL_COLUMNS = (
    Column(
        id="pool", title=mark("Pool"), width=9, grow=1, most=16,
        text=lambda r: r.name + ("*" if r.pool.default else ""),
        sort_key=lambda r: r.name,
    ),
    Column(id="model", title=mark("Model"), width=6, most=10, text=lambda r: r.model, sort_key=lambda r: r.model),
    Column(
        id="starts", title=mark("Starts now"), width=18, grow=2, most=28,
        text=lambda r: starts(r.one),
        style=lambda r: "free" if r.one and any(count for _size, count in r.one.starts or ()) else "quiet",
        sort_key=lambda r: (r.one is None, soonest(r.one) if r.one else ()),
    ),
    Column(
        id="whole", title=mark("Whole"), width=5, rank=2, align="right",
        text=_of("whole_nodes"), sort_key=_by("whole_nodes"),
    ),
    Column(
        id="free", title=mark("Free"), width=5, align="right",
        text=_of("free"), style=lambda r: "free" if r.one and r.one.free else "quiet", sort_key=_by("free"),
    ),
    Column(
        id="used", title=mark("In use"), width=6, rank=1, align="right", text=_of("used"), sort_key=_by("used"),
    ),
    Column(
        id="away", title=mark("Away"), width=5, rank=3, align="right",
        text=_of("unavailable"), style=lambda r: "quiet", sort_key=_by("unavailable"),
    ),
    Column(
        id="nodes", title=mark("Nodes"), width=6, rank=4, align="right",
        text=lambda r: _figure(r.pool.nodes), sort_key=_number(lambda r: r.pool.nodes),
    ),
    Column(
        id="limit", title=mark("Limit"), width=8, rank=5, align="right",
        text=lambda r: _("none") if r.pool.unlimited_time else duration(r.pool.max_time),
        sort_key=_number(lambda r: float("inf") if r.pool.unlimited_time else r.pool.max_time),
    ),
    Column(
        id="tier", title=mark("Tier"), width=5, rank=6, align="right",
        text=lambda r: _figure(r.pool.priority_tier), sort_key=_number(lambda r: r.pool.priority_tier),
    ),
    Column(
        id="state", title=mark("State"), width=6,
        text=lambda r: r.pool.state, style=lambda r: "running" if r.pool.state == "UP" else "failed",
        sort_key=lambda r: r.pool.state,
    ),
)  # fmt: skip

NODE_COLUMNS = (
    Column(
        id="node", title=mark("Node"), width=12, grow=1, text=lambda n: n.name, sort_key=lambda n: name_key(n.name)
    ),
    Column(
        id="condition", title=mark("State"), width=9,
        text=lambda n: _(n.condition), style=lambda n: CONDITION_STYLES[n.condition], sort_key=lambda n: n.condition,
    ),
    Column(id="gpus", title=mark("GPUs"), width=10, grow=1, text=node_accelerators, sort_key=_number(_free)),
    Column(
        id="cpus", title="CPUs", width=8, rank=2, align="right",
        text=lambda n: share(n.cpus_used, n.cpus), sort_key=_number(cores_left),
    ),
    Column(
        id="memory", title=mark("Memory"), width=16, rank=4, align="right",
        text=lambda n: share(n.memory_used, n.memory, True),
        sort_key=_number(lambda n: None if n.memory is None or n.memory_used is None else n.memory - n.memory_used),
    ),
    Column(
        id="load", title=mark("Load"), width=6, rank=5, align="right",
        text=lambda n: "–" if n.cpu_load is None else f"{n.cpu_load:.1f}", sort_key=_number(lambda n: n.cpu_load),
    ),
    Column(
        id="reason", title=mark("Reason"), width=20, grow=3, rank=1,
        text=lambda n: n.reason or "–", style=lambda n: "warning" if n.reason else "quiet",
        sort_key=lambda n: (not n.reason, n.reason or ""),
    ),
)  # fmt: skip

CONDITIONS = (  # the words of `Node.condition`, for the catalogue
    mark("idle"),
    mark("mixed"),
    mark("allocated"),
    mark("planned"),
    mark("draining"),
    mark("drained"),
    mark("down"),
    mark("reserved"),
    mark("unknown"),
)

SITE = Column(
    id="site", title=mark("Site"), width=8, most=10,
    text=lambda row: row.site, style=lambda row: "quiet", sort_key=lambda row: row.site,
)  # fmt: skip


def with_site(columns: tuple[Column, ...], several: bool) -> tuple[Column, ...]:
    """These columns, after the site where there are several."""
    return (SITE, *columns) if several else columns
