"""Jobs: the queue as a table, filtered, sorted, with arrays folded."""

from collections.abc import Sequence
from importlib import import_module
from threading import Thread
from typing import Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from naru.job_listing import AT_ONCE, JobListing, sorting_by
from naru.screens.arranging import arranged
from naru.screens.job_columns import job_columns, row_key
from naru.screens.job_list import JobListScreen
from naru.state import State, Topic
from naru.widgets.columns import Column
from naru.widgets.filter_box import FilterBox
from naru.widgets.line_table import LineTable
from naru.widgets.marking import Marks
from naru.widgets.text_lines import Line, TextLines
from naru_client.i18n import _, n_
from naru_client.insight.corpus import Corpus
from naru_client.insight.filter import Filter
from naru_client.insight.fold import Row
from naru_client.insight.queue_view import RowKey, Sorting
from naru_client.model import Job

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
READY_AFTER = 1.0  # seconds after which nobody waits for this screen any more
NOT_WHILE_TYPING = (
    "filter", "log", "plan", "sort", "reverse", "everybody", "unfold", "copy", "copy_more", "export", "clear",
    "columns", "history",
)  # fmt: skip


def _make_log_ready() -> None:
    """Have the log screen loaded before its key is pressed: a log opens in one frame."""
    Thread(target=import_module, args=("naru.screens.log",), daemon=True, name="loads the log screen").start()


class JobsScreen(JobListScreen):
    TAB = "jobs"
    TOPICS: ClassVar[tuple[Topic, ...]] = ("jobs", "history")
    CSS_PATH = "jobs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", _("Filter"), id="jobs.filter", priority=True),
        Binding("l", "log", _("Log"), id="jobs.log"),
        Binding("P", "plan", _("Plan one like this"), show=False, id="jobs.plan"),
        Binding("o", "sort", _("Sort"), id="jobs.sort"),
        Binding("O", "reverse", _("Reverse the order"), show=False, id="jobs.reverse"),
        Binding("a", "everybody", _("All users"), id="jobs.everybody"),
        Binding("left_square_bracket,right_square_bracket,plus", "unfold", _("Unfold"), show=False, id="jobs.unfold"),
        Binding("h", "history", _("History"), id="jobs.history"),
        Binding("c", "columns", _("Columns"), id="jobs.columns"),
        Binding("e", "export", _("Export"), show=False, id="jobs.export"),
        Binding("y", "copy", _("Copy the id"), show=False, id="jobs.copy"),
        Binding("Y", "copy_more", _("Copy something else"), show=False, id="jobs.copy-more"),
        Binding("escape", "clear", _("Clear marks, then the filter"), show=False, id="jobs.clear"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._marked_of: Sequence[Job] = ()  # the jobs among which those of the marks were last looked for
        self._columns_of = ""  # the name of the arrangement that the table has; none yet
        self._listing = JobListing(self.list_in_turns, self._rows_changed)

    def body(self) -> ComposeResult:
        yield TextLines(wrapped=False, id="status")
        yield LineTable((), row_key, self.terminal.glyphs, markable=True, id="jobs")
        yield FilterBox(self.terminal.glyphs, id="filter")

    def on_mount(self) -> None:
        self.query_one(LineTable).focus()
        self.set_timer(READY_AFTER, _make_log_ready)

    def show_state(self, state: State) -> None:
        everybody = state.everybody or state.user is None
        self._arrange("jobs-everybody" if everybody else "jobs", state)
        self._listing.take(state.all_jobs if state.everybody else state.my_jobs)
        self._show_rows()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a filter is typed every key is its own."""
        return not (action in NOT_WHILE_TYPING and self._typing)

    # ---- actions -----------------------------------------------------------------------------------------------

    def action_everybody(self) -> None:
        self.terminal.set_everybody(not self.terminal.state.everybody)

    def action_unfold(self) -> None:
        """Show the tasks of the array under the cursor, or hide them again."""
        row = self.query_one(LineTable).current
        if row is not None and (row.foldable or row.depth):
            self._listing.fold((row.job.site, row.group))

    def action_history(self) -> None:
        from naru.screens.history import HistoryScreen

        self.app.push_screen(HistoryScreen())

    def action_columns(self) -> None:
        from naru.screens.arranging import ask_arrangement

        everybody = self._columns_of != "jobs"
        known, usual = self._columns(), EVERYBODY if everybody else MINE
        now = arranged(self.terminal, self._columns_of, known, usual, self.terminal.state.several)
        title = _("everybody's jobs") if everybody else _("my jobs")
        sample = self.query_one(LineTable).current
        ask_arrangement(
            self, self.terminal, self._columns_of, title, known, now, self._listing.sorting, sample,
            self._take_arrangement,
        )  # fmt: skip

    def action_export(self) -> None:
        from naru.screens.export import ExportScreen

        state = self.terminal.state
        told: dict[str, Any] = {"site": state.name}
        if state.jobs is not None:
            told |= {"source": state.jobs.source, "as_of": state.jobs.as_of}
        rows = self.query_one(LineTable).marked_rows() or None
        jobs = list(self._listing.view.shown) if rows is None else [job for row in rows for job in row.members]
        self.app.push_screen(ExportScreen.of_jobs(jobs, marked=rows is not None, **told))

    def open_row(self, row: Row) -> None:
        if row.foldable and not row.unfolded:
            self.action_unfold()
        else:
            super().open_row(row.job)

    def on_line_table_marked(self) -> None:
        self._show_status()

    # ---- the filter --------------------------------------------------------------------------------------------

    @property
    def _typing(self) -> bool:
        return isinstance(self.focused, FilterBox)

    def action_clear(self) -> None:
        table = self.query_one(LineTable)
        if table.marks:
            table.set_marks(Marks())
        else:
            self.set_filter("")

    def corpus(self) -> Corpus:
        return self._listing.view.corpus

    def search(self) -> None:
        self._listing.search()

    def choose(self, wanted: Filter | None) -> None:
        self._listing.choose(wanted)
        self._show_rows()

    @property
    def sorting(self) -> Sorting | None:
        return self._listing.sorting

    # ---- rows and columns --------------------------------------------------------------------------------------

    def _rows_changed(self) -> None:
        if self.is_mounted:
            self._show_rows()

    def _show_rows(self) -> None:
        state = self.terminal.state
        if state.jobs is None:
            empty = _("reading the queue …")
        elif self._listing.behind and not self._listing.view.count:
            empty = _("listing {n} jobs …").format(n=len(state.all_jobs))
        elif self._listing.filter is not None:
            empty = _("nothing matches; Esc clears the filter")
        else:
            everybody = state.everybody or state.user is None
            empty = _("nobody has a job here") if everybody else _("you have no jobs here; a shows everybody's")
        table = self.query_one(LineTable)
        if table.marks and self._marked_of is not self._listing.view.jobs:  # what has left the queue is marked no more
            self._marked_of = self._listing.view.jobs
            marked = cast(tuple[RowKey, ...], table.marks.keys)
            table.set_marks(table.marks.kept(self._listing.view.still_there(marked)))
        table.set_rows(self._listing.rows, empty)
        self._show_status()

    def _columns(self) -> dict[str, Column]:
        return job_columns(self.terminal.now, self.terminal.glyphs)

    def _arrange(self, name: str, state: State, anew: bool = False) -> None:
        """Give the table the columns of an arrangement, when it has another's."""
        if name == self._columns_of and not anew:
            return
        self._columns_of = name
        usual = MINE if name == "jobs" else EVERYBODY
        arrangement = arranged(self.terminal, name, self._columns(), usual, state.several)
        table = self.query_one(LineTable)
        table.set_columns(arrangement.columns, pinned=arrangement.pinned, arranged=arrangement.own)
        self._take_sorting(arrangement.sort, arrangement.reverse)

    def _take_arrangement(self) -> None:
        self._arrange(self._columns_of, self.terminal.state, anew=True)
        self._show_rows()

    def sort_by(self, column_id: str, reverse: bool) -> None:
        self.query_one(LineTable).to_the_top()
        self._take_sorting(column_id, reverse)
        self.terminal.keep_sort(self._columns_of, column_id, reverse)

    def _take_sorting(self, column_id: str, reverse: bool) -> None:
        sorting = sorting_by(self._columns(), column_id, reverse)
        self.query_one(LineTable).set_sorted(sorting.id if sorting else None, reverse)
        if sorting is not None or self._listing.sorting is not None:
            self._listing.sort(sorting)

    def _show_status(self) -> None:
        self.query_one("#status", TextLines).show([self._status(self.terminal.state)])

    def _status(self, state: State) -> Line:
        g = self.terminal.glyphs
        tally = self._listing.view.tally
        whose = (
            _("everybody's jobs")
            if state.user is None or (state.everybody and state.everybody_listed)
            else _("my jobs")
        )
        if state.user is not None and state.everybody and not state.everybody_listed:
            whose += " " + _("(everybody's with the next reading)")
        if state.jobs is None and not state.all_jobs:  # nothing was told: that is not none
            return ((whose, "heading"),)
        if state.partly or self._listing.behind_at_first:  # figures of a part would be taken for those of the whole
            told = _("the first {n} jobs; the others are still coming").format(n=len(self._listing.view.jobs))
            return (whose, "heading"), ("  " + told, "quiet")
        counts = f" {g.dot} ".join(
            [
                _("{n} running").format(n=tally.running),
                _("{n} waiting").format(n=tally.waiting),
                _("{n} ended").format(n=tally.ended),
            ]
        )
        line: list[tuple[str, str]] = [(whose, "heading"), (f"  {counts}", "")]
        table = self.query_one(LineTable)
        if marked := len(table.marks):
            text = n_("{n} marked", "{n} marked", marked).format(n=marked)
            short = len(table.rows) <= AT_ONCE  # of a long list they are not counted for one line
            if short and (hidden := marked - len(table.marked_rows())):
                text += " " + _("({n} out of view)").format(n=hidden)
            line.append(("  " + text, "link"))
        if self.filter_text.strip():
            line += [("  " + _("filter") + " ", "quiet"), (self.filter_text.strip(), "link")]
        return tuple(line)
