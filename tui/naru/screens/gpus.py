"""GPUs: pools and nodes as tables, every node as one cell of a map."""

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from naru.format import duration, size
from naru.screens.base import NaruScreen
from naru.state import State, Topic
from naru.widgets.columns import Column
from naru.widgets.line_table import LineTable
from naru.widgets.node_map import NodeMap
from naru.widgets.text_lines import Line, TextLines
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


class GpusScreen(NaruScreen):
    TAB = "gpus"
    TOPICS: ClassVar[tuple[Topic, ...]] = ("nodes", "pools", "reservations")
    CSS_PATH = "gpus.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "view", _("Pools / nodes"), id="gpus.view"),
        Binding("tab", "app.focus_next", _("Table / map"), id="gpus.focus"),
        Binding("escape", "all_pools", _("All pools"), id="gpus.all"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._view = "pools"
        self._pool: str | None = None  # only this pool's nodes

    def body(self) -> ComposeResult:
        glyphs = self.terminal.glyphs
        yield TextLines(wrapped=False, id="status")
        with Vertical(id="body"):
            yield LineTable(POOL_COLUMNS, self._key, glyphs, id="table")
            with Vertical(id="map-side"):
                yield NodeMap(glyphs, id="map")
                yield TextLines(wrapped=False, id="node-line")
                yield TextLines(id="legend")

    def on_mount(self) -> None:
        self.query_one(LineTable).focus()

    def show_state(self, state: State) -> None:
        table = self.query_one(LineTable)
        nodes = self._nodes_of(state)
        if self._view == "pools":
            failure = state.failures.get("pools")
            missing = failure is not None and failure.kind == "not_provided"
            empty = (
                _("not provided by this centre")
                if missing
                else _("reading the pools …")
                if state.pools is None
                else _("no pools here")
            )
            table.set_rows(self._pools(state), empty)
        else:
            table.set_rows(nodes, _("reading the nodes …") if state.nodes is None else _("no nodes here"))
        self.query_one(NodeMap).show(groups(nodes))
        self.query_one("#legend", TextLines).show([self._legend()])
        self.query_one("#status", TextLines).show([self._status(state, nodes)])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "all_pools":
            return self._pool is not None or self._view == "nodes"
        return True

    def action_view(self) -> None:
        self._show("nodes" if self._view == "pools" else "pools", self._pool)

    def action_all_pools(self) -> None:
        self._show("pools", None)

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        if isinstance(message.row, Pool):
            self._show("nodes", message.row.name)
        else:
            self._open_node(message.row)

    def on_line_table_moved(self, message: LineTable.Moved) -> None:
        if isinstance(message.row, Node):
            self._show_node_line(message.row)

    def on_node_map_opened(self, message: NodeMap.Opened) -> None:
        self._open_node(message.node)

    def on_node_map_moved(self, message: NodeMap.Moved) -> None:
        self._show_node_line(message.node)

    def _key(self, row: Any) -> str:
        return str(row.name)

    def _show(self, view: str, pool: str | None) -> None:
        table = self.query_one(LineTable)
        if view != self._view:
            table.set_rows(())
            table.set_columns(POOL_COLUMNS if view == "pools" else NODE_COLUMNS)
        self._view, self._pool = view, pool
        self.new_state()
        self.refresh_bindings()

    def _pools(self, state: State) -> list[Pool]:
        """What could start soonest first: by free accelerators, then by name."""

        def free(pool: Pool) -> int:
            return sum(t.free or 0 for t in pool.accelerators)

        return sorted(state.filled_pools, key=lambda p: (p.state != "UP", not p.accelerators, -free(p), p.name))

    def _nodes_of(self, state: State) -> list[Node]:
        nodes = state.nodes.value if state.nodes else ()
        return [n for n in nodes if self._pool is None or self._pool in n.pools]

    def _open_node(self, node: Node) -> None:
        from naru.screens.node import NodeScreen

        self.app.push_screen(NodeScreen(node.name))

    def _show_node_line(self, node: Node | None) -> None:
        line: Line = ()
        if node is not None:
            line = (
                (node.name, "strong"),
                (f"  {_(node.condition)}  {node_accelerators(node)}", ""),
                (f"  {node.reason or ''}", "warning"),
            )
        self.query_one("#node-line", TextLines).show([line])

    def _legend(self) -> Line:
        return (("  ".join(f"{cell} {word}" for cell, word in self.query_one(NodeMap).legend()), "quiet"),)

    def _status(self, state: State, nodes: list[Node]) -> Line:
        g = self.terminal.glyphs
        what = (
            _("nodes of {pool}").format(pool=self._pool)
            if self._pool
            else _("all nodes")
            if self._view == "nodes"
            else _("all pools")
        )
        if state.nodes is None:
            return ((what, "heading"),)
        down = sum(1 for n in nodes if n.condition in ("down", "drained", "draining"))
        text = _("{n} nodes").format(n=len(nodes))
        if down:
            text += f" {g.dot} " + _("{n} down or drained").format(n=down)
        return ((what, "heading"), (f"  {text}", ""))


def groups(nodes: list[Node]) -> list[tuple[str, list[Node]]]:
    """Nodes by accelerator model for the map, those without accelerators last."""
    found: dict[str, list[Node]] = {}
    for node in nodes:
        label = "+".join((a.model or a.kind).upper() for a in node.accelerators) or "CPU"
        found.setdefault(label, []).append(node)
    return sorted(found.items(), key=lambda item: (item[0] == "CPU", -len(item[1]), item[0]))
