"""The node map: one cell a node, grouped, with a cursor."""

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from naru.format import Glyphs, fit
from naru_client.i18n import _
from naru_client.model import Node

LABEL = 9  # cells of the group's name in front of its nodes

# Each kind of cell: Unicode, ASCII, style. Shape and colour both tell, so either alone is enough.
CELLS = {
    "free": ("□", ".", "free"),
    "part": ("▣", "+", "used"),
    "full": ("■", "#", "used"),
    "planned": ("▢", "p", "planned"),
    "draining": ("◪", "d", "away"),
    "drained": ("◇", "D", "away"),
    "down": ("✕", "X", "down"),
    "unknown": ("?", "?", "away"),
}


def cell_kind(node: Node) -> str:
    """Which cell shows a node: by its condition, and by how full its accelerators are."""
    if node.condition in ("draining", "drained", "down", "planned", "unknown"):
        return str(node.condition)
    total = sum(a.total for a in node.accelerators)
    used = [a.used for a in node.accelerators]
    if total and None not in used:
        taken = sum(u for u in used if u is not None)
        return "free" if taken == 0 and node.condition != "allocated" else "full" if taken >= total else "part"
    return {"idle": "free", "reserved": "free", "allocated": "full"}.get(node.condition, "part")


class _Line(Struct, frozen=True):
    label: str
    nodes: tuple[Node, ...]


class NodeMap(ScrollView, can_focus=True):
    """Nodes as cells, a line or more for each group."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "node-map--label", "node-map--free", "node-map--used", "node-map--planned", "node-map--away", "node-map--down",
        "node-map--cursor",
    }  # fmt: skip

    DEFAULT_CSS = """
    NodeMap {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; color: $foreground;
        & .node-map--label { color: $state-done; }
        & .node-map--free { color: $free; }
        & .node-map--used { color: $in-use; }
        & .node-map--planned { color: $state-moving; }
        & .node-map--away { color: $away; }
        & .node-map--down { color: $state-failed; text-style: bold; }
        & .node-map--cursor { background: $primary; color: $background; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", _("Left"), show=False, id="map.left"),
        Binding("right,l", "step(1)", _("Right"), show=False, id="map.right"),
        Binding("up,k", "line(-1)", _("Up"), show=False, id="map.up"),
        Binding("down,j", "line(1)", _("Down"), show=False, id="map.down"),
        Binding("enter", "open", _("Open"), show=True, id="map.open"),
    ]

    class Opened(Message):
        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    class Moved(Message):
        def __init__(self, node: Node | None) -> None:
            super().__init__()
            self.node = node

    class Viewed(Message):
        """Other nodes have come into view."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._groups: tuple[tuple[str, tuple[Node, ...]], ...] = ()
        self._lines: list[_Line] = []
        self._at = (0, 0)  # line, place
        self._count = 0
        self._kinds: frozenset[str] = frozenset()

    def show(self, groups: Sequence[tuple[str, Sequence[Node]]]) -> None:
        """Show these groups of nodes; the cursor stays on its node."""
        current = self.current
        self._groups = tuple((label, tuple(nodes)) for label, nodes in groups)
        self._count = sum(len(nodes) for _label, nodes in self._groups)
        self._kinds = frozenset(cell_kind(node) for _label, nodes in self._groups for node in nodes)
        self._lay_out(current)

    @property
    def current(self) -> Node | None:
        line, place = self._at
        return self._lines[line].nodes[place] if self._lines and self._lines[line].nodes else None

    def on_resize(self) -> None:
        self._lay_out(self.current)
        self.post_message(self.Viewed())

    @property
    def out_of_view(self) -> int:
        """How many nodes stand above and below what is in view; 0 while nothing is drawn."""
        if not self.size.height:
            return 0
        top = int(self.scroll_y)
        return self._count - sum(len(line.nodes) for line in self._lines[top : top + self.size.height])

    def watch_show_vertical_scrollbar(self) -> None:
        self._lay_out(self.current)  # the scrollbar takes a cell from every line

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if int(old_value) != int(new_value):
            self.post_message(self.Viewed())

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        index = int(self.scroll_y) + y
        if index >= len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[index]
        segments = [Segment(fit(line.label, LABEL - 1, self._glyphs.ellipsis) + " ", base + self._part("label"))]
        for place, node in enumerate(line.nodes):
            fancy, plain, style_name = CELLS[cell_kind(node)]
            style = base + self._part(style_name)
            if (index, place) == self._at and self.has_focus:
                style += self._part("cursor")
            segments.append(Segment(plain if self._glyphs.ascii_only else fancy, style))
        return Strip(segments).adjust_cell_length(width, base)

    def legend(self) -> list[tuple[str, str]]:
        """Each cell and what it means, for a line of text."""
        words = {
            "free": _("free"), "part": _("partly used"), "full": _("full"), "planned": _("planned"),
            "draining": _("draining"), "drained": _("drained"), "down": _("down"), "unknown": _("unknown"),
        }  # fmt: skip
        return [(CELLS[k][1 if self._glyphs.ascii_only else 0], words[k]) for k in CELLS if k in self._kinds]

    def action_step(self, by: int) -> None:
        """One node on, at a line's end to the next line."""
        line, place = self._at
        if not self._lines:
            return
        place += by
        if place < 0 and line > 0:
            line, place = line - 1, len(self._lines[line - 1].nodes) - 1
        elif place >= len(self._lines[line].nodes) and line + 1 < len(self._lines):
            line, place = line + 1, 0
        self._set_at((line, max(0, min(place, len(self._lines[line].nodes) - 1))))

    def action_line(self, by: int) -> None:
        line, place = self._at
        line = max(0, min(line + by, len(self._lines) - 1))
        if self._lines:
            self._set_at((line, min(place, len(self._lines[line].nodes) - 1)))

    def action_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened(self.current))

    def on_click(self, event: events.Click) -> None:
        line, place = int(self.scroll_y) + event.y, event.x - LABEL
        if line < len(self._lines) and 0 <= place < len(self._lines[line].nodes):
            if (line, place) == self._at:
                self.action_open()
            else:
                self._set_at((line, place))

    def on_focus(self, _event: Any) -> None:
        self.post_message(self.Moved(self.current))
        self.refresh()

    def on_blur(self, _event: Any) -> None:
        self.refresh()

    def _place_of(self, wanted: Node) -> tuple[int, int]:
        """Where that node stands now; the first place when it is gone."""
        key = wanted.name, wanted.site
        for i, line in enumerate(self._lines):
            for j, node in enumerate(line.nodes):
                if (node.name, node.site) == key:
                    return i, j
        return 0, 0

    def _set_at(self, at: tuple[int, int]) -> None:
        self._at = at
        if not int(self.scroll_y) <= at[0] < int(self.scroll_y) + self.size.height:
            self.scroll_to(y=max(0, at[0] - self.size.height // 2), animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved(self.current))

    def _lay_out(self, current: Node | None) -> None:
        """Part the groups into lines; the cursor goes to where `current` is now."""
        room = max(1, self.scrollable_size.width - LABEL)
        self._lines = [
            _Line(label if start == 0 else "", nodes[start : start + room])
            for label, nodes in self._groups
            for start in range(0, max(1, len(nodes)), room)
            if nodes
        ]
        self._at = (0, 0) if current is None else self._place_of(current)
        self.virtual_size = Size(self.size.width, len(self._lines))
        self.refresh()

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"node-map--{name}", partial=True)
