"""The columns of a table as a list in which they are shown and hidden, moved, widened and sorted by."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.filter import NoColor
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from naru.format import Glyphs, fit
from naru.widgets.column_draft import Draft
from naru_client.i18n import _

CHECK, WIDTH, SORT = 6, 12, 6  # cells of the parts around a column's title; the id takes what its longest needs
GAP = 2


class ColumnList(ScrollView, can_focus=True):
    """One line a column, with a cursor.

    | message | when |
    |---|---|
    | `Changed` | the arrangement, or the cursor's place, is another |
    | `Refused` | something cannot be done; says why |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "column-list--header",
        "column-list--cursor",
        "column-list--check",
        "column-list--hidden",
        "column-list--given",
        "column-list--quiet",
    }

    DEFAULT_CSS = """
    ColumnList {
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; color: $foreground;
        & .column-list--header { color: $primary; text-style: bold; }
        & .column-list--cursor { background: $primary-muted; text-style: bold; }
        & .column-list--check { color: $accent; text-style: bold; }
        & .column-list--hidden { color: $state-done; }
        & .column-list--given { color: $accent; }
        & .column-list--quiet { color: $state-done; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "go(1)", _("Down"), show=False, id="columns.down"),
        Binding("up,k", "go(-1)", _("Up"), show=False, id="columns.up"),
        Binding("home,g", "go(-999)", _("Top"), show=False, id="columns.top"),
        Binding("end,G", "go(999)", _("Bottom"), show=False, id="columns.bottom"),
        Binding("space,x", "show_hide", _("show or hide"), id="columns.toggle"),
        Binding("J,shift+down,ctrl+down", "move(1)", _("move"), id="columns.move-down"),
        Binding("K,shift+up,ctrl+up", "move(-1)", _("move"), id="columns.move-up"),
        Binding("less_than_sign,left,h,minus", "widen(-1)", _("width"), id="columns.narrower"),
        Binding("greater_than_sign,right,l,plus", "widen(1)", _("width"), id="columns.wider"),
        Binding("0", "automatic", _("automatic"), id="columns.automatic"),
        Binding("s,o", "sort", _("sort"), id="columns.sort"),
        Binding("d", "default", _("default"), id="columns.default"),
    ]

    class Changed(Message):
        def __init__(self, draft: Draft, cursor: int) -> None:
            super().__init__()
            self.draft = draft
            self.cursor = cursor

    class Refused(Message):
        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    def __init__(self, draft: Draft, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._draft = draft
        self._glyphs = glyphs
        self._cursor = 0
        self._dragged: int | None = None  # the line on which the mouse button went down, or to where that was taken
        self._was_current = False  # whether the cursor was on the line before the button went down
        self._plain = any(isinstance(f, NoColor) for f in self.app.get_line_filters())
        self._id_width = max(cell_len(entry.column.id) for entry in draft.entries)

    @property
    def draft(self) -> Draft:
        return self._draft

    @property
    def cursor(self) -> int:
        return self._cursor

    def on_mount(self) -> None:
        self.virtual_size = Size(0, len(self._draft.entries) + 1)

    # ---- actions -----------------------------------------------------------------------------------------------

    def action_go(self, by: int) -> None:
        self._take(self._draft, self._cursor + by)

    def action_show_hide(self) -> None:
        toggled = self._draft.toggled(self._cursor)
        if toggled is self._draft:
            self.post_message(self.Refused(_("at least one column stays")))
        self._take(toggled, self._cursor)

    def action_move(self, by: int) -> None:
        self._take(self._draft.moved(self._cursor, self._cursor + by), self._cursor + by)

    def action_widen(self, by: int) -> None:
        self._take(self._draft.widened(self._cursor, by), self._cursor)

    def action_automatic(self) -> None:
        self._take(self._draft.automatic(self._cursor), self._cursor)

    def action_sort(self) -> None:
        if self._draft.entries[self._cursor].column.sort_key is None:
            self.post_message(self.Refused(_("this column has no order to sort by")))
        self._take(self._draft.sorted_by(self._cursor), self._cursor)

    def action_default(self) -> None:
        self._take(self._draft.default(), 0)

    def _take(self, draft: Draft, cursor: int) -> None:
        cursor = max(0, min(cursor, len(draft.entries) - 1))
        if (draft, cursor) == (self._draft, self._cursor):
            return
        self._draft, self._cursor = draft, cursor
        top, room = int(self.scroll_y), max(1, self.size.height - 1)
        if cursor < top or cursor >= top + room:
            self.scroll_to(y=cursor if cursor < top else cursor - room + 1, animate=False, force=True)
        self.refresh()
        self.post_message(self.Changed(draft, cursor))

    # ---- the mouse ---------------------------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        line = self._line_at(event.y)
        self._dragged = line
        if line is not None:
            self._was_current = line == self._cursor
            self.capture_mouse()
            self._take(self._draft, line)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """A line that is dragged goes along."""
        line = self._line_at(max(1, event.y))
        if self._dragged is not None and line is not None and line != self._dragged:
            self._take(self._draft.moved(self._dragged, line), line)
            self._dragged, self._was_current = line, False

    def on_mouse_up(self) -> None:
        self._dragged = None
        self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        if self._line_at(event.y) != self._cursor:
            return
        width_from = self._title_width() + CHECK + GAP
        at = event.x - width_from
        if event.x < CHECK or (event.chain == 2 and at < 0):
            self.action_show_hide()
        elif WIDTH <= at < WIDTH + SORT:
            self.action_sort()
        elif self._was_current and at in (0, 1, 2):
            self.action_widen(-1)
        elif self._was_current and at in (WIDTH - GAP - 3, WIDTH - GAP - 2, WIDTH - GAP - 1):
            self.action_widen(1)

    def _line_at(self, y: int) -> int | None:
        line = y - 1 + int(self.scroll_y)
        return line if y > 0 and line < len(self._draft.entries) else None

    # ---- painting ----------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width, base = self._room, self.rich_style
        if y == 0:
            style = base + self._part("header")
            cells = (" " * CHECK, _("Column"), fit("  " + _("Width"), WIDTH), fit(_("Sort"), SORT), "id")
            return self._strip([(text, style) for text in cells], width, style)
        index = self._line_at(y)
        if index is None:
            return Strip.blank(width, base)
        return self._row(index, width)

    def _row(self, index: int, width: int) -> Strip:
        entry, on = self._draft.entries[index], index == self._cursor
        base = self.rich_style + (self._cursor_style() if on else Style.null())
        told = _("auto") if entry.width is None else str(entry.width)
        size = f"< {fit(told, 4)} >" if on else f"  {fit(told, 4)}"
        arrow = ""
        if self._draft.sort == entry.column.id:
            arrow = self._glyphs.down if self._draft.reverse else self._glyphs.up
        parts = (
            (" [x]  " if entry.shown else " [ ]  ", "check" if entry.shown else "hidden"),
            (_(entry.column.title), "" if entry.shown else "hidden"),
            (fit(size, WIDTH), "quiet" if entry.width is None else "given"),
            (fit(f"  {arrow}", SORT), "given"),
            (entry.column.id, "quiet"),
        )
        bare = bool(base.reverse)  # colours would come out as patches there
        return self._strip(
            [(text, base if bare or not part else base + self._part(part)) for text, part in parts], width, base
        )

    def _strip(self, parts: Sequence[tuple[str, Style]], width: int, base: Style) -> Strip:
        check, (title, style), *others = parts
        title = fit(title, self._title_width(), self._glyphs.ellipsis) + " " * GAP
        return Strip([Segment(*part) for part in (check, (title, style), *others)]).adjust_cell_length(width, base)

    @property
    def _room(self) -> int:
        """Cells of a line: what the scrollbar leaves."""
        return self.scrollable_content_region.width

    def _title_width(self) -> int:
        return max(8, self._room - CHECK - GAP - WIDTH - SORT - self._id_width - 1)

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"column-list--{name}", partial=True)

    def _cursor_style(self) -> Style:
        cursor = self._part("cursor")
        few = self.app.console.color_system in (None, "standard") and not self.app.is_headless
        if self._plain or few:  # tints come out as black there
            return Style(reverse=True, bold=cursor.bold)
        return Style(bgcolor=cursor.bgcolor, bold=cursor.bold)
