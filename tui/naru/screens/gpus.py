"""GPUs: pools and nodes as tables, every node as one cell of a map."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from naru.joining import addressed
from naru.screens.base import NaruScreen
from naru.screens.gpu_columns import CONDITIONS, NODE_COLUMNS, POOL_COLUMNS, node_accelerators, place_key, with_site
from naru.state import NOT_PROVIDED, State, Topic
from naru.widgets.line_table import LineTable
from naru.widgets.node_map import NodeMap
from naru.widgets.text_lines import Line, TextLines
from naru_client.i18n import _, n_
from naru_client.model import Node, Pool

__all__ = ["CONDITIONS", "NODE_COLUMNS", "POOL_COLUMNS", "GpusScreen", "groups"]


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
        self._pool: tuple[str, str] | None = None  # only the nodes of this site's pool

    def body(self) -> ComposeResult:
        glyphs = self.terminal.glyphs
        yield TextLines(wrapped=False, id="status")
        with Vertical(id="body"):
            yield LineTable(with_site(POOL_COLUMNS, self.terminal.state.several), place_key, glyphs, id="table")
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
            missing = failure is not None and failure.kind == NOT_PROVIDED
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
            self._show("nodes", (message.row.site, message.row.name))
        else:
            self._open_node(message.row)

    def on_line_table_moved(self, message: LineTable.Moved) -> None:
        if isinstance(message.row, Node):
            self._show_node_line(message.row)

    def on_node_map_opened(self, message: NodeMap.Opened) -> None:
        self._open_node(message.node)

    def on_node_map_viewed(self) -> None:
        self.query_one("#legend", TextLines).show([self._legend()])

    def on_node_map_moved(self, message: NodeMap.Moved) -> None:
        self._show_node_line(message.node)

    def _show(self, view: str, pool: tuple[str, str] | None) -> None:
        table = self.query_one(LineTable)
        if view != self._view:
            table.set_rows(())
            columns = POOL_COLUMNS if view == "pools" else NODE_COLUMNS
            table.set_columns(with_site(columns, self.terminal.state.several))
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
        if self._pool is None:
            return list(nodes)
        site, pool = self._pool
        return [n for n in nodes if pool in n.pools and state.same_site(n.site, site)]

    def _open_node(self, node: Node) -> None:
        from naru.screens.node import NodeScreen

        self.app.push_screen(NodeScreen(node.site, node.name))

    def _show_node_line(self, node: Node | None) -> None:
        line: Line = ()
        if node is not None:
            line = (
                (addressed(node.site, node.name, self.terminal.state.several), "strong"),
                (f"  {_(node.condition)}  {node_accelerators(node)}", ""),
                (f"  {node.reason or ''}", "warning"),
            )
        self.query_one("#node-line", TextLines).show([line])

    def _legend(self) -> Line:
        node_map = self.query_one(NodeMap)
        words = [f"{cell} {word}" for cell, word in node_map.legend()]
        if hidden := node_map.out_of_view:
            words.append(n_("{n} node out of view", "{n} nodes out of view", hidden).format(n=hidden))
        return (("  ".join(words), "quiet"),)

    def _status(self, state: State, nodes: list[Node]) -> Line:
        g = self.terminal.glyphs
        what = (
            _("nodes of {pool}").format(pool=addressed(*self._pool, state.several))
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
