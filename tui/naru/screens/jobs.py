"""Jobs: the queue as a table, filtered, sorted, with arrays folded."""

from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from naru.screens.base import NaruScreen
from naru.screens.job_columns import chosen, job_columns, row_key
from naru.state import State, Topic
from naru.widgets.filter_box import FilterBox
from naru.widgets.line_table import LineTable
from naru.widgets.text_lines import Line, TextLines
from naru_client.i18n import _
from naru_client.insight.filter import Filter, FilterError, parse
from naru_client.insight.fold import Row, fold
from naru_client.insight.overview import usual_order
from naru_client.text import clean

MINE = ("id", "name", "state", "gpus", "pool", "nodes", "time", "limit", "start", "priority", "reason")
EVERYBODY = (
    "id",
    "name",
    "user",
    "account",
    "state",
    "gpus",
    "pool",
    "nodes",
    "time",
    "limit",
    "start",
    "priority",
    "qos",
    "reason",
)


class JobsScreen(NaruScreen):
    TAB = "jobs"
    TOPICS: ClassVar[tuple[Topic, ...]] = ("jobs", "history")
    CSS_PATH = "jobs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", _("Filter"), id="jobs.filter"),
        Binding("o", "sort", _("Sort"), id="jobs.sort"),
        Binding("O", "reverse", _("Reverse the order"), show=False, id="jobs.reverse"),
        Binding("a", "everybody", _("All users"), id="jobs.everybody"),
        Binding("left_square_bracket,right_square_bracket,plus", "unfold", _("Unfold"), id="jobs.unfold"),
        Binding("y", "copy", _("Copy the id"), show=False, id="jobs.copy"),
        Binding("escape", "clear", _("Clear the filter"), show=False, id="jobs.clear"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._filter_text = ""
        self._filter: Filter | None = None
        self._filter_error = ""
        self._before = ""  # the filter that held when `/` was pressed
        self._sort: tuple[str, bool] | None = None
        self._unfolded: frozenset[tuple[str, str]] = frozenset()  # site and group: two sites may give one number
        self._columns_of: bool | None = None  # for everybody, for oneself, not yet chosen

    def body(self) -> ComposeResult:
        yield TextLines(wrapped=False, id="status")
        yield LineTable((), row_key, self.terminal.glyphs, id="jobs")
        placeholder = _("words, state:pd, gpu:h100, gpus>=8, wait>2h, !text, name=~re")
        yield FilterBox(placeholder=placeholder, select_on_focus=False, id="filter")
        yield TextLines(wrapped=False, id="filter-error")

    def on_mount(self) -> None:
        self.query_one(LineTable).focus()

    def show_state(self, state: State) -> None:
        table = self.query_one(LineTable)
        everybody = state.everybody or state.user is None
        if everybody != self._columns_of:
            self._columns_of = everybody
            own = self.terminal.settings.columns.get("jobs", ())
            known = job_columns(self.terminal.now, self.terminal.glyphs)
            table.set_columns(chosen(known, own) or chosen(known, EVERYBODY if everybody else MINE, state.several))
        rows = self._rows(state)
        if state.jobs is None:
            empty = _("reading the queue …")
        elif self._filter is not None:
            empty = _("nothing matches; Esc clears the filter")
        else:
            empty = _("nobody has a job here") if everybody else _("you have no jobs here; a shows everybody's")
        table.set_rows(rows, empty)
        self.query_one("#status", TextLines).show([self._status(state, rows)])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a filter is typed every key is its own."""
        own = ("filter", "sort", "reverse", "everybody", "unfold", "copy", "clear")
        return not (action in own and isinstance(self.focused, FilterBox))

    # ---- actions -----------------------------------------------------------------------------------------------

    def action_everybody(self) -> None:
        self.terminal.set_everybody(not self.terminal.state.everybody)

    def action_sort(self) -> None:
        """The next column to sort by, then none: what runs, what waits, what has ended."""
        ids = [c.id for c in self.query_one(LineTable).columns_shown if c.sort_key]
        at = ids.index(self._sort[0]) + 1 if self._sort and self._sort[0] in ids else 0
        self._sort_by(ids[at] if at < len(ids) else None, False)

    def action_reverse(self) -> None:
        if self._sort:
            self._sort_by(self._sort[0], not self._sort[1])

    def on_line_table_header_clicked(self, message: LineTable.HeaderClicked) -> None:
        column = message.column
        again = self._sort is not None and self._sort[0] == column.id
        if column.sort_key:
            self._sort_by(column.id, again and not (self._sort or ("", True))[1])

    def action_unfold(self) -> None:
        """Show the tasks of the array under the cursor, or hide them again."""
        row = self.query_one(LineTable).current
        if row is not None and (row.foldable or row.depth):
            self._unfolded = self._unfolded ^ {(row.job.site, row.group)}
            self.new_state()

    def action_copy(self) -> None:
        row = self.query_one(LineTable).current
        if row is not None:
            self.app.copy_to_clipboard(row.job.id)
            self.app.notify(_("copied {id}").format(id=row.job.id), markup=False)

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        if message.row.foldable and not message.row.unfolded:
            self.action_unfold()
            return
        from naru.screens.job import JobScreen

        self.app.push_screen(JobScreen(message.row.job, self.TAB))

    # ---- the filter --------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        box = self.query_one(FilterBox)
        self._before = self._filter_text
        box.display = True
        box.value = self._filter_text
        box.cursor_position = len(box.value)
        self.set_focus(box)  # at once, not with the next message: the next key is already the filter's

    def on_input_changed(self, event: FilterBox.Changed) -> None:
        if event.input.display:
            self._set_filter(event.value)

    def on_input_submitted(self) -> None:
        """Keep the filter, unless it is wrong: then its error stays in sight."""
        if not self._filter_error:
            self._close_filter()

    def on_filter_box_cancelled(self) -> None:
        self._close_filter()
        self._set_filter(self._before)

    def action_clear(self) -> None:
        self._set_filter("")

    def _close_filter(self) -> None:
        box = self.query_one(FilterBox)
        self.set_focus(self.query_one(LineTable))
        box.display = False

    def _set_filter(self, text: str) -> None:
        """Narrow the table as one types; a half-typed condition keeps the last good filter and says what is missing."""
        text = clean(text)
        self._filter_text = text
        error = ""
        try:
            self._filter = self._parsed(text)
        except FilterError as problem:
            error = problem.message
            with suppress(FilterError):  # what stands before the half-typed condition still counts
                self._filter = self._parsed(text.rpartition(" ")[0])
        self._filter_error = error
        line = self.query_one("#filter-error", TextLines)
        line.show([((error, "warning"),)] if error else [])
        line.display = bool(error)
        self.new_state()

    def _parsed(self, text: str) -> Filter | None:
        return parse(text, me=self.terminal.state.user, now=self.terminal.now()) if text.strip() else None

    # ---- rows --------------------------------------------------------------------------------------------------

    def _rows(self, state: State) -> list[Row]:
        jobs = state.all_jobs if state.everybody else state.my_jobs
        if self._filter is not None:
            matches = self._filter.matches
            jobs = tuple(j for j in jobs if matches(j))
        if not self._sort:
            rows = fold(sorted(jobs, key=usual_order))
        else:
            rows = fold(jobs)
            column = job_columns(self.terminal.now, self.terminal.glyphs).get(self._sort[0])
            if column and column.sort_key:
                rows.sort(key=column.sort_key, reverse=self._sort[1])
        return [shown for row in rows for shown in self._opened(row)] if self._unfolded else rows

    def _opened(self, row: Row) -> Sequence[Row]:
        """The row, its members below it where it stands unfolded."""
        if row.foldable and (row.job.site, row.group) in self._unfolded:
            return fold(row.members, frozenset({row.group}))
        return (row,)

    def _sort_by(self, column_id: str | None, reverse: bool) -> None:
        self._sort = None if column_id is None else (column_id, reverse)
        self.query_one(LineTable).set_sorted(column_id, reverse)
        self.new_state()

    def _status(self, state: State, rows: list[Row]) -> Line:
        g = self.terminal.glyphs
        shown = [j for row in rows if not row.depth for j in row.members]
        running = sum(1 for j in shown if j.running)
        waiting = sum(j.array_pending or 1 for j in shown if j.waiting)
        ended = sum(1 for j in shown if j.finished)
        whose = (
            _("everybody's jobs")
            if state.user is None or (state.everybody and state.everybody_listed)
            else _("my jobs")
        )
        if state.user is not None and state.everybody and not state.everybody_listed:
            whose += " " + _("(everybody's with the next reading)")
        counts = f" {g.dot} ".join(
            [_("{n} running").format(n=running), _("{n} waiting").format(n=waiting), _("{n} ended").format(n=ended)]
        )
        line: list[tuple[str, str]] = [(whose, "heading"), (f"  {counts}", "")]
        if self._filter_text.strip():
            line += [("  " + _("filter") + " ", "quiet"), (self._filter_text.strip(), "link")]
        return tuple(line)
