"""The table that every list uses: on the Line API, because at 100,000 rows Textual's own needs twenty seconds to load.

Only the lines in view are made, the cursor stays on a row's key when rows change, and a change repaints only the lines
whose cells are other than those on screen. Cells are plain text: nothing in them is parsed.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace
from rich.cells import cell_len
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
from naru.widgets.columns import Column, lay_out
from naru_client.i18n import _

MEASURED = 300  # rows looked at to find how wide a column must be

Painted = tuple[tuple[str, ...], tuple[str | None, ...], bool]  # cells, their styles, whether the cursor is on it


class LineTable(ScrollView, can_focus=True):
    """Rows with a key, columns as data, a cursor.

    | message | when |
    |---|---|
    | `Opened` | Enter, or a click on the row under the cursor |
    | `Moved` | the cursor came to another row |
    | `HeaderClicked` | a click on a column's title |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--header",
        "line-table--cursor",
        "line-table--empty",
        "line-table--running",
        "line-table--waiting",
        "line-table--moving",
        "line-table--failed",
        "line-table--done",
        "line-table--quiet",
        "line-table--warning",
        "line-table--free",
    }

    DEFAULT_CSS = """
    LineTable {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
        background: $background; color: $foreground;
        & .line-table--header { text-style: bold; color: $primary; }
        & .line-table--cursor { background: $panel; }
        &:focus .line-table--cursor { background: $primary-muted; text-style: bold; }
        & .line-table--empty { color: $state-done; }
        & .line-table--running { color: $state-running; }
        & .line-table--waiting { color: $state-waiting; }
        & .line-table--moving { color: $state-moving; }
        & .line-table--failed { color: $state-failed; text-style: bold; }
        & .line-table--done { color: $state-done; }
        & .line-table--quiet { color: $state-done; }
        & .line-table--warning { color: $warning; }
        & .line-table--free { color: $free; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", _("Down"), show=False, id="table.down"),
        Binding("up,k", "move(-1)", _("Up"), show=False, id="table.up"),
        Binding("pagedown,ctrl+d", "page(1)", _("Page down"), show=False, id="table.page-down"),
        Binding("pageup,ctrl+u", "page(-1)", _("Page up"), show=False, id="table.page-up"),
        Binding("home,g", "top", _("Top"), show=False, id="table.top"),
        Binding("end,G", "bottom", _("Bottom"), show=False, id="table.bottom"),
        Binding("enter", "open", _("Open"), show=True, id="table.open"),
    ]

    class Opened(Message):
        def __init__(self, table: "LineTable", row: Any) -> None:
            super().__init__()
            self.table = table
            self.row = row

    class Moved(Message):
        def __init__(self, table: "LineTable", row: Any) -> None:
            super().__init__()
            self.table = table
            self.row = row

    class HeaderClicked(Message):
        def __init__(self, table: "LineTable", column: Column) -> None:
            super().__init__()
            self.table = table
            self.column = column

    def __init__(
        self,
        columns: Sequence[Column],
        key: Callable[[Any], Hashable],
        glyphs: Glyphs,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._columns = tuple(columns)
        self._key = key
        self._glyphs = glyphs
        self._rows: Sequence[Any] = ()
        self._cursor = 0
        self._layout: tuple[tuple[Column, int], ...] = ()
        self._painted: dict[int, Painted] = {}
        self._styles: dict[str | None, tuple[Style, Style]] = {}
        self._sorted: tuple[str, bool] | None = None
        self.empty_text = ""
        self.plain = any(isinstance(f, NoColor) for f in self.app.get_line_filters())

    # ---- what a screen does ------------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[Any]:
        return self._rows

    @property
    def current(self) -> Any | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def columns_shown(self) -> tuple[Column, ...]:
        return tuple(column for column, _width in self._layout)

    def set_rows(self, rows: Sequence[Any], empty_text: str = "") -> None:
        """Show these rows. The cursor stays on its row's key; if that is gone, where it was."""
        old_key = self._key(self._rows[self._cursor]) if self._rows else None
        self._rows = rows
        if old_key is not None and not (self._cursor < len(rows) and self._key(rows[self._cursor]) == old_key):
            self._cursor = next((i for i, row in enumerate(rows) if self._key(row) == old_key), self._cursor)
        self._cursor = max(0, min(self._cursor, len(rows) - 1))
        self._widen(rows)
        changed_text = empty_text != self.empty_text
        self.empty_text = empty_text
        self._set_height()
        self._repaint_changed(everything=changed_text and not rows)

    def set_sorted(self, column_id: str | None, reverse: bool = False) -> None:
        """Mark the column that the rows are sorted by, in the header."""
        self._sorted = None if column_id is None else (column_id, reverse)
        self._repaint_header()

    def set_columns(self, columns: Sequence[Column]) -> None:
        self._columns = tuple(columns)
        self._lay_out()

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on the row of that key; whether there is one."""
        for index, row in enumerate(self._rows):
            if self._key(row) == key:
                self._move(index)
                return True
        return False

    # ---- keys and mouse ----------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        self._move(self._cursor + by)

    def action_page(self, pages: int) -> None:
        self._move(self._cursor + pages * max(1, self.size.height - 2))

    def action_top(self) -> None:
        self._move(0)

    def action_bottom(self) -> None:
        self._move(len(self._rows) - 1)

    def action_open(self) -> None:
        if self._rows:
            self.post_message(self.Opened(self, self._rows[self._cursor]))

    def on_click(self, event: events.Click) -> None:
        line = event.y
        if line == 0:
            at = event.x
            for column, width in self._layout:
                if at < width + 1:
                    self.post_message(self.HeaderClicked(self, column))
                    return
                at -= width + 1
            return
        index = int(self.scroll_y) + line - 1
        if index >= len(self._rows):
            return
        if index == self._cursor:
            self.action_open()
        else:
            self._move(index)

    # ---- painting ----------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._lay_out()

    def notify_style_update(self) -> None:
        self._styles.clear()
        self._painted.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self._header(width)
        index = int(self.scroll_y) + y - 1
        if index >= len(self._rows):
            self._painted.pop(y, None)
            if y == 1 and not self._rows and self.empty_text:
                _base, style = self._style("empty")
                return Strip([Segment(fit(" " + self.empty_text, width, self._glyphs.ellipsis), style)], width)
            return Strip.blank(width, self.rich_style)
        painted = self._cells(index)
        self._painted[y] = painted
        return self._line(painted, width)

    def _cells(self, index: int) -> Painted:
        row = self._rows[index]
        return (
            tuple(column.text(row) for column, _width in self._layout),
            tuple(column.style(row) if column.style else None for column, _width in self._layout),
            index == self._cursor,
        )

    def _line(self, painted: Painted, width: int) -> Strip:
        cells, styles, under_cursor = painted
        segments = []
        used = 0
        gap = self._style(None)[under_cursor]
        for (column, cell_width), text, style_name in zip(self._layout, cells, styles, strict=True):
            if used:
                segments.append(Segment(" ", gap))
                used += 1
            shown = fit(text, cell_width, self._glyphs.ellipsis)
            if column.align == "right" and shown.endswith(" "):
                bare = shown.rstrip(" ")
                shown = " " * (len(shown) - len(bare)) + bare
            segments.append(Segment(shown, self._style(style_name)[under_cursor]))
            used += cell_width
        if used < width:
            segments.append(Segment(" " * (width - used), gap))
        return Strip(segments, max(used, width)).crop(0, width)

    def _header(self, width: int) -> Strip:
        parts = []
        for column, cell_width in self._layout:
            title = _(column.title)
            if self._sorted and self._sorted[0] == column.id:
                title += self._glyphs.down if self._sorted[1] else self._glyphs.up
            text = fit(title, cell_width, self._glyphs.ellipsis)
            if column.align == "right" and text.endswith(" "):
                bare = text.rstrip(" ")
                text = " " * (len(text) - len(bare)) + bare
            parts.append(text)
        style = self.rich_style + self.get_component_rich_style("line-table--header", partial=True)
        return Strip([Segment(" ".join(parts), style)]).adjust_cell_length(width, style)

    def _style(self, name: str | None) -> tuple[Style, Style]:
        """The style of a cell off and on the cursor's line."""
        pair = self._styles.get(name)
        if pair is None:
            plain = self.rich_style
            if name is not None:
                plain += self.get_component_rich_style(f"line-table--{name}", partial=True)
            cursor = self.get_component_rich_style("line-table--cursor", partial=True)
            few = self.app.console.color_system in (None, "standard") and not self.app.is_headless
            if self.plain or few:  # tints come out as black there
                marked = Style(reverse=True, bold=cursor.bold)
            else:
                marked = Style(bgcolor=cursor.bgcolor, bold=cursor.bold)
            pair = self._styles[name] = (plain, plain + marked)
        return pair

    def on_focus(self) -> None:
        self._styles.clear()
        self._repaint_cursor()

    def on_blur(self) -> None:
        self._styles.clear()
        self._repaint_cursor()

    def _repaint_cursor(self) -> None:
        self.refresh(Region(0, self._cursor - int(self.scroll_y) + 1, self.size.width, 1))

    def _repaint_header(self) -> None:
        self.refresh(Region(0, 0, self.size.width, 1))

    def _repaint_changed(self, everything: bool = False) -> None:
        if everything or not self.size.width:
            self.refresh()
            return
        top = int(self.scroll_y)
        lines = []
        for y in range(1, self.size.height):
            index = top + y - 1
            now = self._cells(index) if index < len(self._rows) else None
            if self._painted.get(y) != now:
                lines.append(Region(0, y, self.size.width, 1))
        if lines:
            self.refresh(*lines)

    def _widen(self, rows: Sequence[Any]) -> None:
        """Let columns that may become as wide as their cells need. They never shrink: a live table must not jump."""
        widened = {}
        for column in self._columns:
            if column.most > column.width:
                needed = max((cell_len(column.text(row)) for row in rows[:MEASURED]), default=0)
                if needed > column.width:
                    widened[column.id] = min(needed, column.most)
        if widened:
            self._columns = tuple(replace(c, width=widened.get(c.id, c.width)) for c in self._columns)
            self._lay_out()

    def _lay_out(self) -> None:
        layout = lay_out(self._columns, self.size.width)
        self._layout = layout
        self._painted.clear()
        self._set_height()
        self.refresh()

    def _set_height(self) -> None:
        size = Size(self.size.width, len(self._rows) + 1)
        if size != self.virtual_size:
            self.virtual_size = size

    def _move(self, index: int) -> None:
        index = max(0, min(index, len(self._rows) - 1))
        if index == self._cursor or not self._rows:
            return
        old, self._cursor = self._cursor, index
        top, room = int(self.scroll_y), max(1, self.size.height - 1)
        if index < top:
            self.scroll_to(y=index, animate=False, force=True)
        elif index >= top + room:
            self.scroll_to(y=index - room + 1, animate=False, force=True)
        else:
            for line in (old, index):
                self.refresh(Region(0, line - top + 1, self.size.width, 1))
        self.post_message(self.Moved(self, self._rows[index]))
