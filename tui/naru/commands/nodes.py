"""`naru nodes`: every node with its state, its load, and why it is away."""

import argparse
from collections.abc import Sequence
from datetime import datetime

from naru import format as form
from naru.commands.asking import read_all
from naru.output import Page, Result, Sheet
from naru.plain_table import Column
from naru.session import Context
from naru_client.i18n import _, mark
from naru_client.insight.node_filter import Texts, node_texts
from naru_client.model import Node, NodeAccelerators

CSV = True

AWAY = frozenset({"draining", "drained", "down", "unknown"})
STYLES = {
    "idle": "free", "mixed": "running", "allocated": "used", "draining": "waiting", "drained": "away", "down": "away",
    "unknown": "away",
}  # fmt: skip


# Words of `Node.states` that its condition stands for already, or that say what it is and not how it does.
TOLD = frozenset({
    "IDLE", "MIXED", "ALLOCATED", "DOWN", "UNKNOWN", "DRAIN", "DRAINED", "DRAINING", "PLANNED", "RESERVED", "CLOUD",
    "DYNAMIC_NORM", "DYNAMIC_FUTURE", "EXTERNAL",
})  # fmt: skip
FLAGS = (  # the other words, for the catalogue
    mark("powered down"), mark("powering down"), mark("power down"), mark("power drain"), mark("powering up"),
    mark("power up"), mark("not responding"), mark("completing"), mark("maintenance"), mark("maint"),
    mark("reboot requested"), mark("reboot issued"), mark("reboot canceled"), mark("fail"), mark("failing"),
    mark("error"), mark("future"), mark("invalid reg"), mark("undrain"), mark("resume"), mark("blocked"),
)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", help=_("only nodes with all these words, and without any !word"))
    parser.add_argument("--drained", action="store_true", help=_("only those drained, draining or down"))


async def run(context: Context) -> Result:
    opened = await context.open()
    reading = await read_all(opened, lambda centre: centre.nodes())
    nodes = reading.value
    if context.args.drained:
        nodes = tuple(node for node in nodes if node.condition in AWAY)
    nodes = tuple(Texts(node_texts).filtered(nodes, " ".join(context.args.words)))
    names = Node.__struct_fields__
    return Result(
        schema="nodes",
        site=opened.name,
        source=reading.source,
        as_of=reading.as_of,
        data=nodes,
        warnings=reading.warnings,
        show=lambda page: _show(page, nodes, reading.as_of, sites=opened.several),
        sheet=Sheet(
            (*names, "accelerators_used"),
            tuple((*(getattr(node, name) for name in names), _used(node)) for node in nodes),
        ),
    )


def _show(page: Page, nodes: Sequence[Node], now: datetime, *, sites: bool) -> None:
    if not nodes:
        page.remark(_("no nodes"))
        return
    site: Column[Node] = Column(title=_("SITE"), cell=lambda n: n.site, least=6, most=16)
    columns: tuple[Column[Node], ...] = (
        *((site,) if sites else ()),
        Column(title=_("NODE"), cell=lambda n: n.name, least=14, most=24),
        Column(title=_("STATE"), cell=state, least=10, most=32, style=lambda n: STYLES.get(n.condition, "")),
        Column(title=_("GPUS"), cell=accelerators, least=8, most=20),
        Column(title=_("CPUS"), cell=lambda n: _of(n.cpus_used, n.cpus), right=True, shed=3),
        Column(title=_("MEMORY"), cell=_memory, right=True, shed=4),
        Column(title=_("LOAD"), cell=lambda n: "–" if n.cpu_load is None else f"{n.cpu_load:.1f}", right=True, shed=5),
        Column(title=_("POOLS"), cell=lambda n: ",".join(n.pools) or "–", least=8, most=20, shed=2),
        Column(title=_("REASON"), cell=lambda n: reason(n, now), least=24, style=lambda n: "warn"),
    )
    page.table(columns, nodes)


def state(node: Node) -> str:
    """Its condition, and what Slurm says of it beyond that: `idle, powered down`."""
    flags = [_(word.lower().replace("_", " ")) for word in node.states if word and word not in TOLD]
    return ", ".join(dict.fromkeys([_(node.condition), *flags]))


def accelerators(node: Node) -> str:
    """`6/8 H100`: in use of all; `?` where it is not told how many are in use."""
    return "+".join(f"{_told(a)}/{a.total} {(a.model or a.kind).upper()}" for a in node.accelerators) or "–"


def reason(node: Node, now: datetime) -> str:
    """Why it is away, in the operator's words, by whom and since when; of any other node its reservation."""
    if not node.reason:
        return _("reserved: {name}").format(name=node.reservation) if node.reservation else ""
    by = ", ".join(filter(None, (node.reason_user, form.when(node.reason_since, now) if node.reason_since else "")))
    return f"{node.reason} ({by})" if by else node.reason


def _told(one: NodeAccelerators) -> str:
    return "?" if one.used is None else str(one.used)


def _of(used: int | None, total: int | None) -> str:
    return "–" if total is None else f"{'?' if used is None else used}/{total}"


def _memory(node: Node) -> str:
    if node.memory_used is None:
        return form.size(node.memory)
    return f"{form.size(node.memory_used)}/{form.size(node.memory)}"


def _used(node: Node) -> int | None:
    told = [one.used for one in node.accelerators if one.used is not None]
    return sum(told) if len(told) == len(node.accelerators) else None
