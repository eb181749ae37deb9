"""The columns of a table, as the person in front of it wants them."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from naru.format import Glyphs
from naru.kept import KeptView
from naru.screens.base import Terminal
from naru.widgets.column_draft import Draft, draft_of
from naru.widgets.column_list import ColumnList
from naru.widgets.columns import Column, lay_out, lay_out_scrolled
from naru.widgets.key_lines import KeyLines
from naru.widgets.line_painting import aligned, header_text, placed
from naru.widgets.text_lines import TextLines
from naru_client.i18n import _, n_

AROUND = 4  # lines of the box besides the list and the keys: its border, its heading, an empty line


class ColumnsPreview(Widget):
    """What the table's first lines will be, as wide as the terminal: the header and, where there is one, a row."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"columns-preview--label", "columns-preview--header", "columns-preview--at"}

    DEFAULT_CSS = """
    ColumnsPreview {
        height: 3; padding: 0 1; background: $background; color: $foreground;
        & .columns-preview--label { color: $state-done; }
        & .columns-preview--header { color: $primary; text-style: bold; }
        & .columns-preview--at { text-style: underline; }
    }
    """

    def __init__(
        self, draft: Draft, glyphs: Glyphs, ahead: Sequence[Column], gives_way: bool, sample: Any | None
    ) -> None:
        super().__init__()
        self._draft = draft
        self._glyphs = glyphs
        self._ahead = tuple(ahead)
        self._gives_way = gives_way
        self._sample = sample
        self._at = ""  # the column that must be in view

    def show(self, draft: Draft, at: str) -> None:
        """Show these columns, the one of that id among them where it is shown at all."""
        self._draft, self._at = draft, at
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        columns, more = self._laid_out(width)
        cells = placed(columns)
        if y == 0:
            style = base + self._part("label")
            return Strip([Segment(self._label(len(columns), more), style)]).adjust_cell_length(width, style)
        if y == 1:
            by = (self._draft.sort, self._draft.reverse) if self._draft.sort else None
            style = base + self._part("header")
            text = header_text(cells, by, self._glyphs, more, width)
            line = Strip([Segment(text, style)]).adjust_cell_length(width, style)
            at = next((one for one in cells if one.column.id == self._at), None)
            if at is None:
                return line
            before, title, after = line.divide([at.x, at.x + at.width, width])
            return Strip.join([before, title.apply_style(self._part("at")), after])
        sample = self._sample
        if sample is None:
            return Strip.blank(width, base)
        text = " ".join(aligned(one.column.text(sample), one, self._glyphs) for one in cells)
        return Strip([Segment(text, base)]).adjust_cell_length(width, base)

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"columns-preview--{name}", partial=True)

    def _laid_out(self, width: int) -> tuple[tuple[tuple[Column, int], ...], tuple[bool, bool]]:
        """As the table would; scrolled no further than to have the column at hand in full."""
        columns = self._ahead + self._draft.columns
        pinned = len(self._ahead) + 1
        if self._gives_way and not self._draft.chosen:
            return lay_out(columns, width), (False, False)
        offset = 0
        while True:
            shown, left, right = lay_out_scrolled(columns, width, pinned, offset)
            whole = any(c.id == self._at and w >= c.width for c, w in shown)
            if whole or not right or all(c.id != self._at for c in columns):
                return shown, (left, right)
            offset += 1

    def _label(self, shown: int, more: tuple[bool, bool]) -> str:
        away = len(self._ahead) + len(self._draft.columns) - shown
        if any(more):
            return _("Preview: the table scrolls sideways")
        if away > 0:
            return n_(
                "Preview: {n} column gives way at this width", "Preview: {n} columns give way at this width", away
            ).format(n=away)
        return _("Preview")


class ColumnsScreen(ModalScreen[KeptView | None]):
    """Arranges the columns `known`, now as in `now`. Gives what to keep, without columns where they are the `usual`;
    None when the person leaves it.

    `usual` are the ids shown as built in or set, and where these do not fit some of them give way unless told
    otherwise. `ahead` are columns that the table shows before these in any case, `sample` is a row for the preview.
    """

    CSS_PATH = "columns.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", _("keep"), id="columns.keep"),
        Binding("escape,q", "leave", _("leave it"), id="columns.leave"),
    ]

    def __init__(
        self,
        known: Sequence[Column],
        now: KeptView,
        title: str,
        *,
        usual: Sequence[str] = (),
        ahead: Sequence[Column] = (),
        gives_way: bool = True,
        sample: Any | None = None,
    ) -> None:
        super().__init__()
        before = {column.id for column in ahead}
        self._draft = draft_of([column for column in known if column.id not in before], now, usual)
        self._title = title
        self._ahead = ahead
        self._gives_way = gives_way
        self._sample = sample

    def compose(self) -> ComposeResult:
        glyphs = cast(Terminal, self.app).glyphs
        with Vertical(id="box"):
            yield TextLines(wrapped=False, id="head")
            yield ColumnList(self._draft, glyphs)
            yield KeyLines(glyphs)
        yield ColumnsPreview(self._draft, glyphs, self._ahead, self._gives_way, self._sample)

    def on_mount(self) -> None:
        self._show_head()
        self.query_one(ColumnList).focus()
        self._show(self._draft, 0)
        self.call_after_refresh(self._fit)

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """As many lines of the list as there is room for; the keys are always in sight."""
        keys = self.query_one(KeyLines)
        room = self.size.height - self.query_one(ColumnsPreview).outer_size.height - max(2, keys.size.height) - AROUND
        self.query_one(ColumnList).styles.height = max(2, min(len(self._draft.entries) + 1, room))

    def on_column_list_changed(self, message: ColumnList.Changed) -> None:
        self._show_head()
        self._show(message.draft, message.cursor)

    def on_column_list_refused(self, message: ColumnList.Refused) -> None:
        self._show_head(message.why)

    def action_keep(self) -> None:
        self.dismiss(self.query_one(ColumnList).draft.view)

    def action_leave(self) -> None:
        self.dismiss(None)

    def _show(self, draft: Draft, cursor: int) -> None:
        self.query_one(ColumnsPreview).show(draft, draft.entries[cursor].column.id)

    def _show_head(self, note: str = "") -> None:
        head = self.query_one("#head", TextLines)
        head.show(
            [((_("Columns"), "heading"), (f"  {self._title}", "quiet"), (f"  {note}" if note else "", "warning"))]
        )
