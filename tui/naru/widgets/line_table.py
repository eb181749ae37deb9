"""The table that every list uses: on the Line API, because at 100,000 rows Textual's own needs twenty seconds to load.

Only the lines in view are made. The cursor and the marks stay on their rows' keys when rows change, and a change
repaints only the cells that say something else than those on screen. Cells are plain text: nothing in them is parsed.
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
from naru.widgets.columns import Column, lay_out, lay_out_scrolled
from naru.widgets.line_painting import Painted, Placed, changed_spans, header_text, paint, placed, strip_of
from naru.widgets.marking import Marks
from naru_client.i18n import _

MEASURED = 200  # rows looked at to find how wide a column must be


class LineTable(ScrollView, can_focus=True):
    """Rows with a key, columns as data, a cursor, marks.

    `rows` may be any sequence, one that makes its rows when they are asked for too; where it has a
    `place_of(row, near) -> int | None` that is asked for where an older row stands now.

    | message | when |
    |---|---|
    | `Opened` | Enter, or a click on the row under the cursor |
    | `Moved` | the cursor came to another row |
    | `Marked` | other rows are marked than before |
    | `HeaderClicked` | a click on a column's title |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--header",
        "line-table--cursor",
        "line-table--mark",
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
        height: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1;
        background: $background; color: $foreground;
        &.-whole {
            scrollbar-color: $background; scrollbar-color-hover: $background; scrollbar-color-active: $background;
            scrollbar-background: $background; scrollbar-background-hover: $background;
            scrollbar-background-active: $background;
        }
        & .line-table--header { text-style: bold; color: $primary; }
        & .line-table--cursor { background: $panel; }
        &:focus .line-table--cursor { background: $primary-muted; text-style: bold; }
        & .line-table--mark { color: $accent; text-style: bold; }
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
        Binding("right,greater_than_sign", "sideways(1)", _("Columns to the right"), show=False, id="table.right"),
        Binding("left,less_than_sign", "sideways(-1)", _("Columns to the left"), show=False, id="table.left"),
        Binding("enter", "open", _("Open"), show=True, id="table.open"),
        Binding("space", "mark", _("Mark"), show=False, id="table.mark"),
        Binding("V", "mark_range", _("Mark up to here"), show=False, id="table.mark-range"),
        Binding("shift+down", "mark_on(1)", _("Mark downwards"), show=False, id="table.mark-down"),
        Binding("shift+up", "mark_on(-1)", _("Mark upwards"), show=False, id="table.mark-up"),
        Binding("asterisk", "mark_all", _("Mark all, or none"), show=False, id="table.mark-all"),
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

    class Marked(Message):
        def __init__(self, table: "LineTable") -> None:
            super().__init__()
            self.table = table

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
        markable: bool = False,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._columns = tuple(columns)
        self._pinned = 1
        self._arranged = False  # the columns are a person's own choice: they scroll instead of giving way
        self._offset = 0  # columns scrolled out to the left
        self._key = key
        self._glyphs = glyphs
        self._markable = markable
        self._marks = Marks()
        self._rows: Sequence[Any] = ()
        self._cursor = 0
        self._current: Any = None  # the row under the cursor, as it was last
        self._wanted: Any = None  # the row that the person put it on: gone from a filter's view, it may come back
        self._layout: tuple[Placed, ...] = ()
        self._more = (False, False)
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
        return tuple(one.column for one in self._layout)

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, those out of view too."""
        return self._columns

    @property
    def marks(self) -> Marks:
        return self._marks

    def marked_rows(self) -> list[Any]:
        """The marked rows that are in the table now, in its order; rows hidden by a filter are not among them."""
        if not self._marks:
            return []
        marks, key = self._marks, self._key
        return [row for row in self._rows if key(row) in marks]

    def set_rows(self, rows: Sequence[Any], empty_text: str = "") -> None:
        """Show these rows. The cursor stays on its row's key; if that is gone, where it was, until it comes back."""
        line = self._cursor - int(self.scroll_y)
        self._rows = rows
        if rows:
            place = self._place_of(self._wanted)
            if place is None and self._current is not self._wanted:
                place = self._place_of(self._current)
            self._cursor = max(0, min(self._cursor if place is None else place, len(rows) - 1))
            self._current = rows[self._cursor]
            if self._wanted is None:
                self._wanted = self._current
        self._widen(rows)
        changed_text = empty_text != self.empty_text
        self.empty_text = empty_text
        self._set_height()
        self._keep_in_view(line)
        self._repaint_changed(everything=changed_text and not rows)

    def to_the_top(self) -> None:
        """Put the cursor on whatever will be the first of the next rows: what a person sorts for stands there."""
        self._cursor, self._wanted, self._current = 0, None, None
        if self.scroll_y:
            self.scroll_to(y=0, animate=False, force=True)

    def set_sorted(self, column_id: str | None, reverse: bool = False) -> None:
        """Mark the column that the rows are sorted by, in the header."""
        self._sorted = None if column_id is None else (column_id, reverse)
        self._repaint_header()

    def set_columns(self, columns: Sequence[Column], *, pinned: int = 1, arranged: bool = False) -> None:
        """Show these columns. `pinned` of them stay in view when the others scroll; `arranged` ones never give way."""
        self._columns = tuple(columns)
        self._pinned, self._arranged, self._offset = pinned, arranged, 0
        self._lay_out()
        self._widen(self._rows)

    def set_marks(self, marks: Marks) -> None:
        if marks.keys == self._marks.keys:
            self._marks = marks
            return
        self._marks = marks
        self._repaint_changed()
        self.post_message(self.Marked(self))

    # ---- keys and mouse ----------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._markable or not action.startswith("mark")

    def action_move(self, by: int) -> None:
        self._move(self._cursor + by)

    def action_page(self, pages: int) -> None:
        self._move(self._cursor + pages * max(1, self.size.height - 2))

    def action_top(self) -> None:
        self._move(0)

    def action_bottom(self) -> None:
        self._move(len(self._rows) - 1)

    def action_sideways(self, by: int) -> None:
        """Scroll by whole columns; the first ones stay."""
        before = self._offset
        if by > 0 and (self._more[1] or (not self._arranged and len(self._layout) < len(self._columns))):
            self._offset += by
        elif by < 0:
            self._offset = max(0, self._offset + by)
        if self._offset != before:
            self._lay_out()

    def action_open(self) -> None:
        if self._rows:
            self.post_message(self.Opened(self, self._rows[self._cursor]))

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on to the next."""
        if self._rows:
            self.set_marks(self._marks.toggled(self._key(self._rows[self._cursor])))
            self._move(self._cursor + 1)

    def action_mark_range(self) -> None:
        """Do to all rows from the one last marked to the cursor what was done to that one."""
        if not self._rows:
            return
        start = self._anchor()
        if start is None:
            self.action_mark()
            return
        low, high = sorted((start, self._cursor))
        self.set_marks(self._marks.extended([self._key(row) for row in self._rows[low : high + 1]]))

    def action_mark_on(self, by: int) -> None:
        """Mark the row under the cursor and the next one in that direction."""
        if not self._rows:
            return
        here = self._key(self._rows[self._cursor])
        marks = self._marks if here in self._marks else self._marks.toggled(here)
        self._move(self._cursor + by)
        there = self._key(self._rows[self._cursor])
        self.set_marks(marks if there in marks else marks.toggled(there))

    def action_mark_all(self) -> None:
        """Mark every row of the table, or none where some are marked."""
        self.set_marks(Marks() if self._marks else Marks(tuple([self._key(row) for row in self._rows])))

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            for one in self._layout:
                if event.x < one.x + one.width + 1:
                    self.post_message(self.HeaderClicked(self, one.column))
                    return
            return
        index = int(self.scroll_y) + event.y - 1
        if index >= len(self._rows):
            return
        if self._markable and (event.shift or event.ctrl or event.meta):
            self._move(index)
            if event.shift:
                self.action_mark_range()
            else:
                self.set_marks(self._marks.toggled(self._key(self._rows[index])))
        elif index == self._cursor:
            self.action_open()
        else:
            self._move(index)

    @property
    def _line_width(self) -> int:
        """Cells of a line, the scrollbar's not among them."""
        return self.scrollable_content_region.width

    # ---- painting ----------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._lay_out()

    def notify_style_update(self) -> None:
        self._styles.clear()
        self._painted.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self._line_width
        if y == 0:
            style = self.rich_style + self.get_component_rich_style("line-table--header", partial=True)
            text = header_text(self._layout, self._sorted, self._glyphs, self._more, width)
            return Strip([Segment(text, style)]).adjust_cell_length(width, style)
        index = int(self.scroll_y) + y - 1
        if index >= len(self._rows):
            self._painted.pop(y, None)
            if y == 1 and not self._rows and self.empty_text:
                style = self._style("empty")[0]
                return Strip([Segment(fit(" " + self.empty_text, width, self._glyphs.ellipsis), style)], width)
            return Strip.blank(width, self.rich_style)
        painted = self._painted[y] = self._paint(index)
        mark = self.get_component_rich_style("line-table--mark", partial=True) if painted.marked else Style.null()
        return strip_of(painted, self._layout, width, self._style, self._glyphs, mark)

    def _paint(self, index: int) -> Painted:
        row = self._rows[index]
        marked = bool(self._marks) and self._key(row) in self._marks
        return paint(row, self._layout, index == self._cursor, marked)

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
        self.refresh(Region(0, self._cursor - int(self.scroll_y) + 1, self._line_width, 1))

    def _repaint_header(self) -> None:
        self.refresh(Region(0, 0, self._line_width, 1))

    def _repaint_changed(self, everything: bool = False) -> None:
        width = self._line_width
        if everything or not width:
            self.refresh()
            return
        top = int(self.scroll_y)
        changed = []
        for y in range(1, self.size.height):
            index = top + y - 1
            before = self._painted.get(y)
            if index >= len(self._rows):
                if before is not None or (y == 1 and not self._rows):
                    changed.append(Region(0, y, width, 1))
                continue
            now = self._paint(index)
            spans = None if before is None else changed_spans(before, now, self._layout)
            if spans is None:
                changed.append(Region(0, y, width, 1))
            else:
                changed += [Region(x, y, min(wide, width - x), 1) for x, wide in spans if x < width]
        if changed:
            self.refresh(*changed)

    def _widen(self, rows: Sequence[Any]) -> None:
        """Let columns that may become as wide as their cells need. They never shrink: a live table must not jump."""
        widened = {}
        some = rows[:MEASURED] if any(column.most > column.width for column in self._columns) else ()
        for column in self._columns:
            if column.most > column.width:
                needed = max((cell_len(column.text(row)) for row in some), default=0)
                if needed > column.width:
                    widened[column.id] = min(needed, column.most)
        if widened:
            self._columns = tuple(replace(c, width=widened.get(c.id, c.width)) for c in self._columns)
            self._lay_out()

    def _lay_out(self) -> None:
        width = self._line_width
        if self._arranged or self._offset:
            layout, left, right = lay_out_scrolled(self._columns, width, self._pinned, self._offset)
            self._more = (left, right)
        else:
            layout = lay_out(self._columns, width)
            self._more = (False, False)
        self._layout = placed(layout)
        self._painted.clear()
        self._set_height()
        self.refresh()

    def _set_height(self) -> None:
        """Tell the scrollbar how many lines there are, without a new layout of the screen for each other number."""
        size = Size(self._line_width, len(self._rows) + 1)
        if size == self.virtual_size:
            return
        self.set_reactive(LineTable.virtual_size, size)
        self.vertical_scrollbar.window_virtual_size = size.height
        self.set_class(size.height <= self.size.height, "-whole")
        if self.scroll_y > self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def _keep_in_view(self, line: int) -> None:
        """Scroll so that the cursor's row is again on that line, if it was in view there and no longer is."""
        room = self.size.height - 1
        if not 0 <= line < room or 0 <= self._cursor - int(self.scroll_y) < room:
            return
        self.scroll_to(y=max(0, self._cursor - line), animate=False, force=True)

    # ---- the cursor --------------------------------------------------------------------------------------------

    def _move(self, index: int) -> None:
        index = max(0, min(index, len(self._rows) - 1))
        if index == self._cursor or not self._rows:
            return
        old, self._cursor = self._cursor, index
        self._current = self._wanted = self._rows[index]
        top, room = int(self.scroll_y), max(1, self.size.height - 1)
        if index < top:
            self.scroll_to(y=index, animate=False, force=True)
        elif index >= top + room:
            self.scroll_to(y=index - room + 1, animate=False, force=True)
        else:
            for line in (old, index):
                self.refresh(Region(0, line - top + 1, self._line_width, 1))
        self.post_message(self.Moved(self, self._current))

    def _place_of(self, row: Any) -> int | None:
        """Where a row of before stands now, by its key."""
        if row is None:
            return None
        rows = self._rows
        find = getattr(rows, "place_of", None)
        if find is not None:
            found: int | None = find(row, self._cursor)
            return found
        key = self._key(row)
        if self._cursor < len(rows) and self._key(rows[self._cursor]) == key:
            return self._cursor
        return next((i for i, one in enumerate(rows) if self._key(one) == key), None)

    def _anchor(self) -> int | None:
        """Where the row stands that was marked last."""
        anchor = self._marks.anchor
        if anchor is None:
            return None
        return next((i for i, row in enumerate(self._rows) if self._key(row) == anchor), None)
