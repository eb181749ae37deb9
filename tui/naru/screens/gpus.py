"""GPUs: pools by what could start now, nodes, and every node in one map."""

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from naru.joining import addressed
from naru.screens.gpu_columns import CONDITIONS
from naru.screens.gpu_rows import PoolRow, PoolRows, in_order, pool_key, pool_texts, site_remarks
from naru.screens.gpu_spot import packed, spot_line
from naru.screens.gpu_tables import GpuTables
from naru.state import NOT_PROVIDED, State, Topic
from naru.widgets.line_table import LineTable
from naru.widgets.marking import Marks
from naru.widgets.node_map import NodeMap
from naru.widgets.node_map_model import Spot
from naru.widgets.text_lines import Line, TextLines
from naru.widgets.word_box import WordBox
from naru_client.i18n import _, n_
from naru_client.insight.fragments import remarks
from naru_client.insight.node_filter import Texts, node_texts
from naru_client.model import Node
from naru_client.text import clean

__all__ = ["CONDITIONS", "GpusScreen"]

OUT = frozenset({"down", "drained", "draining"})
NOT_WHILE_TYPING = ("view", "mode", "filter", "sort", "reverse", "back", "columns", "export", "copy")


class GpusScreen(GpuTables):
    TAB = "gpus"
    TOPICS: ClassVar[tuple[Topic, ...]] = ("nodes", "pools", "reservations")
    CSS_PATH = "gpus.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "view", _("Pools / nodes"), id="gpus.view"),
        Binding("tab", "app.focus_next", _("Table / map"), id="gpus.focus"),
        Binding("m", "mode", _("Map by …"), id="gpus.mode"),
        Binding("slash", "filter", _("Filter"), id="gpus.filter", priority=True),
        *GpuTables.TABLE_BINDINGS,
        Binding("escape", "back", _("Back"), id="gpus.all"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view = "pools"
        self._pool: tuple[str, str] | None = None  # only the nodes of this site's pool
        self._words = ""
        self._before = ""  # the words that held when `/` was pressed
        self._pool_rows = PoolRows()
        self._pool_texts: Texts[PoolRow] = Texts(pool_texts)
        self._node_texts: Texts[Node] = Texts(node_texts)
        self._shown_for: tuple[object, ...] = ()  # readings and wishes that the rows were made for
        self._sorted: tuple[object, object, Sequence[Node]] = (None, None, ())  # nodes, for which reading and column
        self._members: tuple[object, object, Sequence[Node]] = (None, None, ())  # of a pool, for which reading

    def body(self) -> ComposeResult:
        glyphs = self.terminal.glyphs
        yield TextLines(wrapped=False, id="status")
        with Vertical(id="body"):
            with Vertical(id="table-side"):
                yield LineTable((), pool_key, glyphs, markable=True, id="table")
                yield TextLines(id="remark")
            with Vertical(id="map-side"):
                yield NodeMap(glyphs, id="map")
                yield TextLines(wrapped=False, id="node-line")
                yield TextLines(wrapped=False, id="legend")
        yield WordBox(placeholder=_("words, !without: name, state, pool, model, reason"), select_on_focus=False)

    def on_mount(self) -> None:
        self.arrange_table()
        self.query_one(LineTable).focus()

    def show_state(self, state: State) -> None:
        """Most states that arrive say nothing new of nodes or pools: then nothing is made anew."""
        wishes = self.view, self._pool, self._words, self.sorting
        shown_for = (state.nodes, state.filled_pools, state.failures.get("pools"), *wishes)
        before, self._shown_for = self._shown_for, shown_for
        if len(before) == len(shown_for) and all(
            a is b or (at > 1 and a == b) for at, (a, b) in enumerate(zip(before, shown_for, strict=True))
        ):
            return
        table = self.query_one(LineTable)
        nodes = self._nodes_of(state)
        if self.view == "pools":
            rows: Sequence[Any] = self._pool_texts.filtered(self._pool_rows.of(state.parts), self._words)
            empty = self._no_pools(state)
        else:
            rows = nodes = self._node_texts.filtered(nodes, self._words)
            empty = _("reading the nodes …") if state.nodes is None else _("no nodes here")
        if self._words.strip():
            empty = _("nothing matches; Esc clears the filter")
        table.set_rows(self._in_order(rows), empty)
        self.query_one(NodeMap).show(nodes)
        self.query_one("#status", TextLines).show([self._status(state, nodes)])
        self._show_remark()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in NOT_WHILE_TYPING and isinstance(self.focused, WordBox):
            return False
        if action == "back":
            return (
                bool(self.query_one(LineTable).marks)
                or bool(self._words)
                or self._pool is not None
                or self.view == "nodes"
            )
        return True

    # ---- actions -----------------------------------------------------------------------------------------------

    def action_view(self) -> None:
        self._show("nodes" if self.view == "pools" else "pools", self._pool)

    def action_back(self) -> None:
        """Without the marks; where there are none, without the filter, then to all pools."""
        table = self.query_one(LineTable)
        if table.marks:
            table.set_marks(Marks())
            self.refresh_bindings()
        elif self._words:
            self._set_words("")
        else:
            self._show("pools", None)

    def action_mode(self) -> None:
        self.query_one(NodeMap).next_mode()

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        if isinstance(message.row, PoolRow):
            self._show("nodes", (message.row.site, message.row.name))
        else:
            self._open_node(message.row)

    def on_line_table_moved(self, message: LineTable.Moved) -> None:
        if isinstance(message.row, Node):
            self._show_spot(Spot(message.row.name, message.row.site, (message.row,)))
        else:
            self._show_remark()

    def on_node_map_opened(self, message: NodeMap.Opened) -> None:
        self._open_node(message.node)

    def on_node_map_viewed(self) -> None:
        self.query_one("#legend", TextLines).show(self._legend())

    def on_node_map_moved(self, message: NodeMap.Moved) -> None:
        if isinstance(self.focused, NodeMap) or message.spot is None:
            self._show_spot(message.spot)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where there is little room, what has the keys has most of it."""
        if isinstance(event.widget, (LineTable, NodeMap)):
            self.set_class(isinstance(event.widget, NodeMap), "-map")

    # ---- the filter --------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        box = self.query_one(WordBox)
        self._before = self._words
        box.open(self._words)
        self.set_focus(box)  # at once, not with the next message: the next key is already the filter's

    def on_input_changed(self, event: WordBox.Changed) -> None:
        if event.input.display:
            self._set_words(event.value)

    def on_input_submitted(self) -> None:
        self._close_filter()

    def on_word_box_cancelled(self) -> None:
        self._close_filter()
        self._set_words(self._before)

    def _close_filter(self) -> None:
        self.set_focus(self.query_one(LineTable))
        self.query_one(WordBox).close()

    def _set_words(self, text: str) -> None:
        self._words = clean(text)
        self.new_state()
        self.refresh_bindings()

    # ---- what is shown -----------------------------------------------------------------------------------------

    def order_changed(self) -> None:
        self.new_state()

    def _show(self, view: str, pool: tuple[str, str] | None) -> None:
        table = self.query_one(LineTable)
        if view != self.view:
            self.view, self._words = view, ""
            table.set_marks(Marks())
            table.set_rows(())
            self.arrange_table()
        self._pool = pool
        self.new_state()
        self.refresh_bindings()

    def _in_order(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The rows as the person wants them sorted; nodes once for each reading, of which a filter takes some."""
        sort = self.sorting
        if self.view == "pools" or sort is None:
            return in_order(rows, tuple(self.all_columns().values()), sort)
        every = self._nodes_of(self.terminal.state)
        if self._sorted[0] is not every or self._sorted[1] != sort:
            self._sorted = every, sort, in_order(every, tuple(self.all_columns().values()), sort)
        if rows is every:
            return self._sorted[2]
        wanted = set(map(id, rows))
        return [node for node in self._sorted[2] if id(node) in wanted]

    def _nodes_of(self, state: State) -> Sequence[Node]:
        """All nodes, or those of the pool that was opened; the same sequence as long as the reading is the same."""
        nodes = state.nodes.value if state.nodes else ()
        if self._pool is None:
            return nodes
        site, pool = self._pool
        if self._members[0] is not nodes or self._members[1] != self._pool:
            found = [n for n in nodes if pool in n.pools and state.same_site(n.site, site)]
            self._members = nodes, self._pool, found
        return self._members[2]

    def _no_pools(self, state: State) -> str:
        failure = state.failures.get("pools")
        if failure is not None and failure.kind == NOT_PROVIDED:
            return _("not provided by this centre")
        return _("reading the pools …") if state.pools is None else _("no pools here")

    def _open_node(self, node: Node) -> None:
        from naru.screens.node import NodeScreen

        self.app.push_screen(NodeScreen(node.site, node.name))

    def _show_remark(self) -> None:
        """What must be said beside the figures: of the pool under the cursor or opened, else of the sites."""
        state, row = self.terminal.state, self.query_one(LineTable).current
        if self.view == "pools":
            said = list(remarks(row.one)) if isinstance(row, PoolRow) and row.one is not None else []
        elif self._pool is not None:
            rows = self._pool_rows.of(state.parts)
            said = [text for r in rows if (r.site, r.name) == self._pool and r.one for text in remarks(r.one)]
        else:
            said = site_remarks(self._pool_rows.sites(state.parts), state.several)
        dot = f" {self.terminal.glyphs.dot} "
        self.query_one("#remark", TextLines).show([((dot.join(said), "warning"),)] if said else [])

    def _show_spot(self, spot: Spot | None) -> None:
        line = spot_line(spot, self.terminal.state.several, self.terminal.glyphs)
        self.query_one("#node-line", TextLines).show([line])

    def _legend(self) -> list[Line]:
        node_map = self.query_one(NodeMap)
        words = [f"{cell} {word}" for cell, word in node_map.legend()]
        if hidden := node_map.out_of_view:
            words.append(n_("{n} node out of view", "{n} nodes out of view", hidden).format(n=hidden))
        scale = node_map.scale()
        first, *more = packed([scale, *words], self.query_one("#legend").size.width or 80)
        return [((scale, "label"), (first.removeprefix(scale), "quiet")), *(((line, "quiet"),) for line in more)]

    def _status(self, state: State, nodes: Sequence[Node]) -> Line:
        what = (
            _("nodes of {pool}").format(pool=addressed(*self._pool, state.several))
            if self._pool
            else _("all nodes")
            if self.view == "nodes"
            else _("all pools")
        )
        line: list[tuple[str, str]] = [(what, "heading")]
        if state.nodes is not None:
            text = _("{n} nodes").format(n=len(nodes))
            if down := sum(1 for n in nodes if n.condition in OUT):
                text += f" {self.terminal.glyphs.dot} " + _("{n} down or drained").format(n=down)
            line.append((f"  {text}", ""))
        if self._words.strip():
            line += [("  " + _("filter") + " ", "quiet"), (self._words.strip(), "link")]
        return tuple(line)
