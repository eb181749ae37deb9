"""The columns of the lists of pools and of nodes."""

from collections.abc import Hashable

from naru.format import duration, size
from naru.widgets.columns import Column
from naru_client.i18n import _, mark
from naru_client.model import Node, Pool

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


def _sum(pool: Pool, what: str) -> str:
    values = [getattr(t, what) for t in pool.accelerators]
    if not values:
        return "–"
    return "–" if None in values else str(sum(values))


POOL_COLUMNS = (
    Column(
        id="pool",
        title=mark("Pool"),
        width=10,
        grow=1,
        text=lambda p: p.name + ("*" if p.default else ""),
    ),
    Column(
        id="model",
        title=mark("Model"),
        width=8,
        grow=1,
        text=lambda p: "+".join((t.model or t.kind).upper() for t in p.accelerators) or "CPU",
    ),
    Column(
        id="free",
        title=mark("Free"),
        width=5,
        align="right",
        text=lambda p: _sum(p, "free"),
        style=lambda p: "free",
    ),
    Column(
        id="used",
        title=mark("In use"),
        width=6,
        align="right",
        text=lambda p: _sum(p, "used"),
    ),
    Column(
        id="away",
        title=mark("Away"),
        width=5,
        rank=2,
        align="right",
        text=lambda p: _sum(p, "unavailable"),
        style=lambda p: "quiet",
    ),
    Column(
        id="block",
        title=mark("Block"),
        width=5,
        rank=1,
        align="right",
        text=lambda p: str(max((t.largest_free_block for t in p.accelerators), default=0) or "–"),
    ),
    Column(
        id="nodes",
        title=mark("Nodes"),
        width=6,
        rank=3,
        align="right",
        text=lambda p: str(p.nodes) if p.nodes is not None else "–",
    ),
    Column(
        id="limit",
        title=mark("Limit"),
        width=8,
        rank=4,
        align="right",
        text=lambda p: _("none") if p.unlimited_time else duration(p.max_time),
    ),
    Column(
        id="tier",
        title=mark("Tier"),
        width=5,
        rank=6,
        align="right",
        text=lambda p: str(p.priority_tier) if p.priority_tier is not None else "–",
    ),
    Column(
        id="state",
        title=mark("State"),
        width=6,
        text=lambda p: p.state,
        style=lambda p: "running" if p.state == "UP" else "failed",
    ),
)

NODE_COLUMNS = (
    Column(
        id="node",
        title=mark("Node"),
        width=12,
        grow=1,
        text=lambda n: n.name,
    ),
    Column(
        id="condition",
        title=mark("State"),
        width=9,
        text=lambda n: _(n.condition),
        style=lambda n: CONDITION_STYLES[n.condition],
    ),
    Column(
        id="gpus",
        title=mark("GPUs"),
        width=10,
        grow=1,
        text=node_accelerators,
    ),
    Column(
        id="cpus",
        title="CPUs",
        width=8,
        rank=2,
        align="right",
        text=lambda n: share(n.cpus_used, n.cpus),
    ),
    Column(
        id="memory",
        title=mark("Memory"),
        width=16,
        rank=4,
        align="right",
        text=lambda n: share(n.memory_used, n.memory, True),
    ),
    Column(
        id="load",
        title=mark("Load"),
        width=6,
        rank=5,
        align="right",
        text=lambda n: "–" if n.cpu_load is None else f"{n.cpu_load:.1f}",
    ),
    Column(
        id="reason",
        title=mark("Reason"),
        width=20,
        grow=3,
        rank=1,
        text=lambda n: n.reason or "–",
        style=lambda n: "warning" if n.reason else "quiet",
    ),
)

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
    id="site",
    title=mark("Site"),
    width=8,
    most=10,
    text=lambda row: row.site,
    style=lambda row: "quiet",
)


def with_site(columns: tuple[Column, ...], several: bool) -> tuple[Column, ...]:
    """These columns, after the site where there are several."""
    return (SITE, *columns) if several else columns


def place_key(row: Pool | Node) -> Hashable:
    """What a pool or a node is known by: two sites may give one name."""
    return row.site, row.name
