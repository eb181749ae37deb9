"""The node map: every node in view, as one cell each or as cells of many, with a cursor, and a way in."""

from collections.abc import Generator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.filter import NoColor
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from naru.format import Glyphs, fit
from naru.widgets.node_map_looks import CELLS as CELLS
from naru.widgets.node_map_looks import MODE_NAMES, MODEL_STYLES, drawn
from naru.widgets.node_map_looks import cell_kind as cell_kind
from naru.widgets.node_map_model import MapModel, Spot
from naru_client.i18n import _, n_
from naru_client.model import Node

PARTS = (
    "label", "free", "half", "few", "used", "planned", "stranded", "away", "down", "cursor",
    *(f"model-{n}" for n in range(MODEL_STYLES)),
)  # fmt: skip
FEW = 4  # cells of a line that are drawn again one by one


class NodeMap(ScrollView, can_focus=True):
    """Nodes as cells, in groups.

    | message | when |
    |---|---|
    | `Opened` | Enter or a second click on the cell of a single node |
    | `Moved` | the cursor came to another cell, or what is under it changed |
    | `Viewed` | what the legend says may have changed: mode, scale, nodes, or what is in view |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"node-map--{part}" for part in PARTS}

    DEFAULT_CSS = """
    NodeMap {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        color: $foreground;
        & .node-map--label { color: $state-done; }
        & .node-map--free { color: $free; }
        & .node-map--half { color: $free; text-style: dim; }
        & .node-map--few { color: $warning; }
        & .node-map--used { color: $in-use; }
        & .node-map--planned { color: $state-moving; }
        & .node-map--stranded { color: $warning; text-style: bold; }
        & .node-map--away { color: $away; }
        & .node-map--down { color: $state-failed; text-style: bold; }
        & .node-map--cursor { background: $primary; color: $background; text-style: bold; }
        & .node-map--model-0 { color: $primary; }
        & .node-map--model-1 { color: $success; }
        & .node-map--model-2 { color: $warning; }
        & .node-map--model-3 { color: $accent; }
        & .node-map--model-4 { color: $secondary; }
        & .node-map--model-5 { color: $foreground; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", _("Open"), show=True, id="map.open"),
        Binding("escape", "out", _("Back out"), show=True, id="map.out"),
        Binding("plus", "zoom(1)", _("Finer"), show=True, id="map.finer"),
        Binding("minus", "zoom(-1)", _("Coarser"), show=False, id="map.coarser"),
        Binding("z", "fit", _("All in view"), show=False, id="map.fit"),
        Binding("left,h", "step(-1)", _("Left"), show=False, id="map.left"),
        Binding("right,l", "step(1)", _("Right"), show=False, id="map.right"),
        Binding("up,k", "line(-1)", _("Up"), show=False, id="map.up"),
        Binding("down,j", "line(1)", _("Down"), show=False, id="map.down"),
        Binding("pageup,ctrl+u", "page(-1)", _("Page up"), show=False, id="map.page-up"),
        Binding("pagedown,ctrl+d", "page(1)", _("Page down"), show=False, id="map.page-down"),
        Binding("home,g", "first", _("Top"), show=False, id="map.top"),
        Binding("end,G", "last", _("Bottom"), show=False, id="map.bottom"),
    ]

    class Opened(Message):
        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    class Moved(Message):
        def __init__(self, spot: Spot | None) -> None:
            super().__init__()
            self.spot = spot

    class Viewed(Message):
        """What the legend says may be another now."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self.model = MapModel()
        self._given: Sequence[Node] = ()
        self._taking: Generator[None, None, list[int] | None] | None = None
        self._others_came = False  # while these are being taken up
        self._at_cell = 0
        self._held: tuple[str, str] | None = None  # the node that the cursor stays on
        self._part_styles: dict[str, Style] = {}
        self._plain = any(isinstance(f, NoColor) for f in self.app.get_line_filters())

    # ---- what it shows -----------------------------------------------------------------------------------------

    def show(self, nodes: Sequence[Node]) -> None:
        """Show these nodes; the cursor stays on its node. Thousands are taken up a slice at a time."""
        if nodes is not self._given:
            self._given = nodes
            self._take_up()

    @property
    def busy(self) -> bool:
        """Whether nodes that were given are still being taken up."""
        return self._taking is not None

    @property
    def spot(self) -> Spot | None:
        """What is under the cursor."""
        return self.model.spot(self._at_cell)

    @property
    def current(self) -> Node | None:
        """The node under the cursor; None where its cell stands for many."""
        spot = self.spot
        return spot.nodes[0] if spot is not None and len(spot.nodes) == 1 else None

    @property
    def out_of_view(self) -> int:
        """How many nodes stand above and below what is in view; 0 while nothing is drawn."""
        if not self.size.height:
            return 0
        top, layout = int(self.scroll_y), self.model.layout
        return layout.nodes - layout.nodes_between(top, top + self.size.height)

    def scale(self) -> str:
        """The mode and the scale in words, and what part of the whole this is."""
        model = self.model
        most = model.nodes_a_cell
        if most == 1:
            size = _("a cell is a node")
        elif model.by_rack:
            size = n_("a cell is a rack, of up to {n} node", "a cell is a rack, of up to {n} nodes", most)
        else:
            size = n_("a cell is up to {n} node", "a cell is up to {n} nodes", most)
        words = [_(MODE_NAMES[model.mode]), size.format(n=most)]
        if model.inside:
            words.insert(0, _("in {name}").format(name=model.inside[-1][0]))
        return f" {self._glyphs.dot} ".join(words)

    def legend(self) -> list[tuple[str, str]]:
        """Each shape that is drawn and what it means, for a line of text."""
        return self.model.legend(self._glyphs.ascii_only, int(self.scroll_y))

    # ---- taking up nodes ---------------------------------------------------------------------------------------

    def _take_up(self) -> None:
        if self._taking is not None:
            self._others_came = True  # what is begun is finished: readings may come faster than that
            return
        self._taking = self.model.take_up(self._given)
        self._go_on()

    def _go_on(self) -> None:
        if self._taking is None:
            return
        try:
            next(self._taking)
        except StopIteration as done:
            self._taking = None
            if done.value is None:
                self._lay_out(self._held)
            elif done.value:
                self._repaint(done.value)
                self.post_message(self.Viewed())
            self.post_message(self.Moved(self.spot))
            if self._others_came:
                self._others_came = False
                self._take_up()
        else:
            self.call_later(self._go_on)

    def _lay_out(self, anchor: tuple[str, str] | None) -> None:
        """Part the nodes into cells and lines for the room there is, the cursor on the cell of that node."""
        room = self.scrollable_content_region.size
        self.model.room = (room.width, room.height)
        self._at_cell = self.model.lay_out(anchor)
        if anchor is not None:  # before anybody has looked, it stays on the first cell, whatever that is
            self._held = self.model.anchor(self._at_cell)
        self.virtual_size = Size(room.width, len(self.model.layout.lines))
        self._bring_into_view()
        self.refresh()
        self.refresh_bindings()
        self.post_message(self.Viewed())

    def on_resize(self) -> None:
        self._lay_out(self._held)
        self.post_message(self.Moved(self.spot))

    # ---- moving ------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "out":
            return bool(self.model.inside) or self.model.wanted_size is not None
        return True

    def action_step(self, by: int) -> None:
        """One cell on, at a line's end to the next line."""
        self._move(self._at_cell + by)

    def action_line(self, by: int) -> None:
        """To the cell above or below."""
        layout = self.model.layout
        line = layout.line_of(self._at_cell)
        wanted = max(0, min(line + by, len(layout.lines) - 1))
        if wanted != line:
            self._move(layout.nearest(wanted, layout.x_of(line, self._at_cell)))

    def action_page(self, pages: int) -> None:
        self.action_line(pages * max(1, self.size.height - 1))

    def action_first(self) -> None:
        self._move(0)

    def action_last(self) -> None:
        self._move(len(self.model.layout.starts) - 1)

    def action_open(self) -> None:
        """Open the node under the cursor, or go into the cell of many."""
        spot = self.spot
        if spot is None:
            return
        if len(spot.nodes) == 1:
            self.post_message(self.Opened(spot.nodes[0]))
        else:
            self.model.go_into(self._at_cell)
            self._take_up()

    def action_out(self) -> None:
        """Back to the whole of which this is a part."""
        if self.model.wanted_size is not None:
            self.action_fit()
        elif self.model.inside:
            self.model.inside.pop()
            self._take_up()

    def action_zoom(self, by: int) -> None:
        """Cells of fewer nodes, or of more."""
        if self.model.zoomed(by):
            self._lay_out(self._held)
            self.post_message(self.Moved(self.spot))

    def action_fit(self) -> None:
        """As fine as it goes with all in view."""
        self.model.wanted_size = None
        self._lay_out(self._held)
        self.post_message(self.Moved(self.spot))

    def next_mode(self) -> None:
        """By state, by what is free, by model, and round again."""
        if self.model.next_mode():
            self._take_up()
        self.refresh()
        self.post_message(self.Viewed())

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        cell = None if at is None else self.model.layout.cell_at(int(self.scroll_y) + at.y, at.x)
        if cell is None:
            return
        if cell == self._at_cell:
            self.action_open()
        else:
            self._move(cell)

    def on_focus(self, _event: Any) -> None:
        self._held = self.model.anchor(self._at_cell)
        self._repaint([self._at_cell])
        self.post_message(self.Moved(self.spot))

    def on_blur(self, _event: Any) -> None:
        self._repaint([self._at_cell])

    def _move(self, cell: int) -> None:
        cell = max(0, min(cell, len(self.model.layout.starts) - 1))
        if cell == self._at_cell or not self.model.layout.starts:
            return
        old, self._at_cell = self._at_cell, cell
        self._held = self.model.anchor(cell)
        if not self._bring_into_view():
            self._repaint([old, cell])
        self.post_message(self.Moved(self.spot))

    def _bring_into_view(self) -> bool:
        """Scroll to the cursor's line where it is out of view; whether that was so."""
        line, top, height = self.model.layout.line_of(self._at_cell), int(self.scroll_y), max(1, self.size.height)
        if top <= line < top + height:
            return False
        self.scroll_to(y=max(0, line - height // 2), animate=False, force=True)
        return True

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if int(old_value) != int(new_value):
            self.post_message(self.Viewed())

    # ---- painting ----------------------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        self._part_styles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width, base, index = self.size.width, self.rich_style, int(self.scroll_y) + y
        layout = self.model.layout
        if index >= len(layout.lines):
            return Strip.blank(width, base)
        runs: list[tuple[str, Style]] = []
        at = 0
        for piece in layout.lines[index]:
            if piece.label:
                room = piece.x - piece.label_x - 1
                label = " " * (piece.label_x - at) + fit(piece.label, room, self._glyphs.ellipsis) + " "
                runs.append((label, self._part("label")))
            elif piece.x > at:
                runs.append((" " * (piece.x - at), base))
            for cell in range(piece.first, piece.first + piece.count):
                under = cell == self._at_cell and self.has_focus
                for part in self.model.look_of(cell):
                    runs.append((drawn(part, self._glyphs.ascii_only), self._part("cursor" if under else part[1])))
            at = piece.x + piece.count * layout.width
        return Strip(_joined(runs)).adjust_cell_length(width, base)

    def _repaint(self, cells: Sequence[int]) -> None:
        """Draw these cells again, and nothing else; of many on one line all from the first to the last."""
        layout, top = self.model.layout, int(self.scroll_y)
        lines: dict[int, list[int]] = {}
        for cell in cells:
            line = layout.line_of(cell)
            if cell < len(layout.starts) and top <= line < top + self.size.height:
                lines.setdefault(line, []).append(layout.x_of(line, cell))
        regions = []
        for line, columns in lines.items():
            few = len(columns) <= FEW
            spans = [(x, x) for x in columns] if few else [(min(columns), max(columns))]
            regions += [Region(x, line - top, end - x + layout.width, 1) for x, end in spans]
        if regions:
            self.refresh(*regions)

    @property
    def _few_colours(self) -> bool:
        return self._plain or (self.app.console.color_system in (None, "standard") and not self.app.is_headless)

    def _part(self, name: str) -> Style:
        style = self._part_styles.get(name)
        if style is None:
            style = self.rich_style
            if name == "cursor" and self._few_colours:  # its colours would come out as none
                style += Style(reverse=True, bold=True)
            elif name:
                style += self.get_component_rich_style(f"node-map--{name}", partial=True)
            self._part_styles[name] = style
        return style


def _joined(runs: Sequence[tuple[str, Style]]) -> list[Segment]:
    """Neighbours of one style as one segment: fewer bytes on their way to the terminal."""
    return [
        Segment("".join(text for text, _style in members), style) for style, members in groupby(runs, key=itemgetter(1))
    ]
