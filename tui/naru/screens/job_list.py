"""A screen with a list of jobs: the line of its filter, its order, opening and copying what is chosen."""

from contextlib import suppress
from typing import Any

from textual.widgets import Input

from naru.screens.base import NaruScreen
from naru.widgets.filter_box import FilterBox
from naru.widgets.line_table import LineTable
from naru_client.i18n import _
from naru_client.insight.corpus import Corpus
from naru_client.insight.filter import Filter, FilterError, Me, parse
from naru_client.insight.fold import Row
from naru_client.insight.queue_view import Sorting
from naru_client.text import clean


class JobListScreen(NaruScreen):
    """Subclasses have a `FilterBox` and a `LineTable`, give `corpus()` and `sorting`, take `choose()`, `sort_by()`."""

    def __init__(self) -> None:
        super().__init__()
        self.filter_text = ""
        self._filter_error = ""
        self._filter_before = ""  # the filter that held when `/` was pressed
        self._filter_now: Filter | None = None

    def corpus(self) -> Corpus:
        """The jobs whose values are proposed."""
        raise NotImplementedError

    def search(self) -> None:
        """A filter is about to be typed."""

    def choose(self, wanted: Filter | None) -> None:
        """Show what passes this filter."""
        raise NotImplementedError

    @property
    def sorting(self) -> Sorting | None:
        raise NotImplementedError

    def sort_by(self, column_id: str, reverse: bool) -> None:
        """Sort by a column, by none where that is empty, and keep it so."""
        raise NotImplementedError

    # ---- in which order ----------------------------------------------------------------------------------------

    def action_sort(self) -> None:
        """The next column to sort by, then none."""
        ids, now = [column.id for column in self.query_one(LineTable).columns_shown if column.sort_key], self.sorting
        at = ids.index(now.id) + 1 if now and now.id in ids else 0
        self.sort_by(ids[at] if at < len(ids) else "", False)

    def action_reverse(self) -> None:
        if now := self.sorting:
            self.sort_by(now.id, not now.reverse)

    def on_line_table_header_clicked(self, message: LineTable.HeaderClicked) -> None:
        column, now = message.column, self.sorting
        if column.sort_key:
            self.sort_by(column.id, now is not None and now.id == column.id and not now.reverse)

    # ---- what is chosen ----------------------------------------------------------------------------------------

    def chosen(self) -> list[Any]:
        """The marked rows, else the one under the cursor."""
        table = self.query_one(LineTable)
        return table.marked_rows() or ([table.current] if table.current is not None else [])

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        self.open_row(message.row)

    def open_row(self, row: Any) -> None:
        """Open what a row is about; a handler of messages would be called beside the one here, and not in its place."""
        from naru.screens.job import JobScreen

        self.app.push_screen(JobScreen(row, self.tab))

    def action_log(self) -> None:
        """The log of the job under the cursor; of an array or a het job that of each of its parts."""
        row = self.query_one(LineTable).current
        if row is not None:
            from naru.screens.log import LogScreen

            self.app.push_screen(LogScreen(row.members if isinstance(row, Row) else (row,), self.tab))

    def action_plan(self) -> None:
        """The plan of one more job like the one under the cursor."""
        row = self.query_one(LineTable).current
        if row is not None:
            self.plan_like(row.job if isinstance(row, Row) else row)

    def action_copy(self) -> None:
        from naru.clipboard import copy_ids

        copy_ids(self.app, self.chosen())

    def action_copy_more(self) -> None:
        from naru.screens.copying import CopyScreen

        if rows := self.chosen():
            self.app.push_screen(CopyScreen(rows, self.query_one(LineTable).columns_shown))

    # ---- the filter --------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        box = self.query_one(FilterBox)
        self.search()
        self._filter_before = self.filter_text
        box.feed(self.corpus(), self.terminal.kept.filters, self._me())
        box.open(self.filter_text)
        self.set_focus(box)  # at once, not with the next message: the next key is already the filter's

    def on_input_changed(self, event: Input.Changed) -> None:
        if isinstance(event.input, FilterBox) and self.focused is event.input:
            self.set_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter, unless it is wrong: then its error stays in sight."""
        if isinstance(event.input, FilterBox) and not self._filter_error:
            self._close_filter()

    def on_filter_box_cancelled(self) -> None:
        self._close_filter()
        self.set_filter(self._filter_before)

    def on_filter_box_save(self, message: FilterBox.Save) -> None:
        told = self.terminal.keep_filter(message.name, message.text)
        text = told or _("saved; @{name} is this filter from now on").format(name=message.name)
        self.app.notify(text, severity="warning" if told else "information", markup=False)
        if not told:
            self.query_one(FilterBox).feed(self.corpus(), self.terminal.kept.filters, self._me())

    def set_filter(self, text: str) -> None:
        """Narrow the list as one types; a half-typed condition keeps the last good filter and says what is missing."""
        text = clean(text)
        self.filter_text = text
        error: FilterError | None = None
        try:
            self._filter_now = self._parsed(text)
        except FilterError as problem:
            error = problem
            with suppress(FilterError):  # what stands before the half-typed condition still counts
                self._filter_now = self._parsed(text.rpartition(" ")[0])
        self._filter_error = error.message if error else ""
        self.query_one(FilterBox).show_error(error)
        self.choose(self._filter_now)

    def _close_filter(self) -> None:
        self.set_focus(self.query_one(LineTable))
        self.query_one(FilterBox).close()

    def _parsed(self, text: str) -> Filter | None:
        if not text.strip():
            return None
        return parse(text, me=self._me(), now=self.terminal.now(), saved=self.terminal.kept.filters)

    def _me(self) -> Me:
        """Who one is, at each site."""
        state = self.terminal.state
        return {part.id: part.user for part in state.parts if part.user} if state.several else state.user
