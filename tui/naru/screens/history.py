"""History: finished jobs of a chosen time from accounting, read backwards a slice at a time."""

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from naru.format import duration
from naru.history_listing import HistoryListing
from naru.job_listing import sorting_by
from naru.messages import PastArrived
from naru.screens.arranging import Arrangement, arranged, ask_arrangement
from naru.screens.base import top_facts
from naru.screens.history_columns import EVERYBODY, MINE, history_columns, job_key
from naru.screens.history_lines import head_line, moment, presets, reach_line, totals_line
from naru.screens.job_list import JobListScreen
from naru.state import State, Topic
from naru.widgets.choices import Choices
from naru.widgets.columns import Column
from naru.widgets.filter_box import FilterBox
from naru.widgets.marking import Marks
from naru.widgets.past_table import PastTable
from naru.widgets.period_box import PeriodBox, judged
from naru.widgets.text_lines import TextLines
from naru.widgets.top_line import TopLine
from naru_client.i18n import _
from naru_client.insight.corpus import Corpus
from naru_client.insight.filter import Filter
from naru_client.insight.finished import totals
from naru_client.insight.history import Past, begin
from naru_client.insight.periods import PRESETS, parse_period
from naru_client.insight.queue_view import Sorting
from naru_client.text import clean

FIRST_OWN, FIRST_EVERYBODY = "7d", "24h"  # everybody's jobs are a heavier question
AT_ONCE, AT_ONCE_EVERYBODY = 6, 3  # questions put in turn until the first screen is full; then the person says when

NOT_WHILE_TYPING = frozenset(
    {"filter", "period", "preset", "more", "again", "everybody", "log", "sort", "reverse", "columns", "export", "copy",
     "copy_more", "leave", "back"}
)  # fmt: skip


class HistoryScreen(JobListScreen):
    TAB = "jobs"
    TOPICS: ClassVar[tuple[Topic, ...]] = ()  # the poller has nothing to ask for it: the person says when
    CSS_PATH = "history.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "more", _("Further back"), id="history.more"),
        Binding("d", "period", _("Dates"), id="history.period"),
        Binding("left_square_bracket", "preset(-1)", _("Previous span"), show=False, id="history.previous"),
        Binding("right_square_bracket", "preset(1)", _("Next span"), show=False, id="history.next"),
        Binding("slash", "filter", _("Filter"), id="history.filter", priority=True),
        Binding("a", "everybody", _("All users"), id="history.everybody"),
        Binding("l", "log", _("Log"), show=False, id="history.log"),
        Binding("o", "sort", _("Sort"), show=False, id="history.sort"),
        Binding("O", "reverse", _("Reverse the order"), show=False, id="history.reverse"),
        Binding("e", "export", _("Export"), show=False, id="history.export"),
        Binding("c", "columns", _("Columns"), show=False, id="history.columns"),
        Binding("r", "again", _("Read anew"), show=False, id="history.again"),
        Binding("y", "copy", _("Copy the id"), show=False, id="history.copy"),
        Binding("Y", "copy_more", _("Copy something else"), show=False, id="history.copy-more"),
        Binding("escape", "leave", _("Back"), id="history.leave"),
        Binding("q,h", "back", _("Back"), show=False, id="history.back"),
    ]

    def __init__(self, period: str = FIRST_OWN) -> None:
        super().__init__()
        self._everybody = self.terminal.state.user is None
        self._period = FIRST_EVERYBODY if self._everybody else period
        self._own_period = self._period  # to come back to from everybody's
        self._past = self._nothing()
        self._asking = False
        self._left = 0  # slices that may follow on their own
        self._listing = HistoryListing()

    def body(self) -> ComposeResult:
        yield TextLines(wrapped=False, id="status")
        yield Choices(*presets(self._period), id="presets")
        yield PastTable((), job_key, self.terminal.glyphs, markable=True, id="past")
        yield TextLines(wrapped=False, id="totals")
        yield TextLines(wrapped=False, id="reach")
        yield FilterBox(self.terminal.glyphs, id="filter")
        yield PeriodBox(id="period")
        yield TextLines(wrapped=False, id="period-said")

    def on_mount(self) -> None:
        self._arrange()
        self._table.focus()
        self._read()

    def show_state(self, state: State) -> None:
        self._show_lines()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is typed every key is its own; nothing is further back than the time asked for."""
        if action == "more" and (self._past.over or self._asking):
            return False
        return not (action in NOT_WHILE_TYPING and isinstance(self.focused, Input))

    def on_unmount(self) -> None:
        self.terminal.stop_history()

    # ---- reading -----------------------------------------------------------------------------------------------

    @property
    def _table(self) -> PastTable:
        return self.query_one(PastTable)

    def _nothing(self) -> Past:
        period = parse_period(self._period, self.terminal.now())
        sites = [part.id for part in self.terminal.state.parts]
        return begin(period, sites, everybody=self._everybody, recorded=self.terminal.recorded)

    def _read(self) -> None:
        """Read the chosen time from its end, forgetting what was read."""
        self._past = self._nothing()
        most = AT_ONCE_EVERYBODY if self._everybody else AT_ONCE
        self._left = max(1, most // len(self.terminal.state.parts))
        self._ask()
        self.query_one(Choices).show(*presets(self._period))
        self._show_rows()

    def _ask(self) -> None:
        if not self._past.over:
            self._asking = True
            self.terminal.want_history(self._past, self.post_message)

    def on_past_arrived(self, message: PastArrived) -> None:
        if not self._asking or message.past.period is not self._past.period:
            return  # of a time that is no longer asked for
        self._past = message.past
        if message.last:
            self._asking = False
            self._left -= 1
            if self._left > 0 and not self._past.failures and len(self._listing.jobs) < self._table.size.height:
                self._ask()
        self._show_rows()

    def action_more(self) -> None:
        if not self._asking:
            self._left = 1
            self._ask()
            self._show_lines()

    def on_past_table_at_end(self) -> None:
        self.action_more()

    def action_again(self) -> None:
        self._read()

    def action_everybody(self) -> None:
        self._everybody = not self._everybody or self.terminal.state.user is None
        if self._everybody:
            self._own_period, self._period = self._period, FIRST_EVERYBODY
        else:
            self._period = self._own_period
        self._arrange()
        self._read()

    # ---- which time --------------------------------------------------------------------------------------------

    def action_preset(self, by: int) -> None:
        self._take_period(self.query_one(Choices).beside(by))

    def on_choices_chosen(self, message: Choices.Chosen) -> None:
        self._take_period(message.choice)

    def action_period(self) -> None:
        box = self.query_one(PeriodBox)
        box.open(self._period if self._period not in dict(PRESETS) else "")
        self.set_focus(box)  # at once, not with the next message: the next key is already its own
        self._judge_period(box.value)

    def on_period_box_cancelled(self) -> None:
        self._close_period()

    def _judge_period(self, text: str) -> bool:
        said = judged(text, self.terminal.now(), self.size.width)
        line = self.query_one("#period-said", TextLines)
        line.show(said)
        line.display = bool(said)
        return not said

    def _close_period(self) -> None:
        self.set_focus(self._table)
        self.query_one(PeriodBox).close()
        self.query_one("#period-said").display = False

    def _take_period(self, text: str) -> None:
        if text != self._period:
            self._period = text
            self._read()

    def on_input_changed(self, event: Input.Changed) -> None:
        if isinstance(event.input, PeriodBox) and event.input.display:
            self._judge_period(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed, unless it is wrong: then what is wrong with it stays in sight."""
        if isinstance(event.input, PeriodBox) and self._judge_period(event.value):
            self._close_period()
            self._take_period(clean(event.value).strip())

    # ---- rows and columns --------------------------------------------------------------------------------------

    def corpus(self) -> Corpus:
        return self._listing.corpus

    def choose(self, wanted: Filter | None) -> None:
        self._listing.choose(wanted)
        self._show_rows()

    def _show_rows(self) -> None:
        self._listing.take(self._past.jobs, self._past.counted)
        self._table.set_rows(self._listing.jobs, self._empty())
        self._show_lines()

    def _empty(self) -> str:
        past = self._past
        if past.jobs:
            return _("nothing matches; Esc clears the filter")
        if self._asking:
            return _("asking accounting …")
        if not past.told:
            return _("nothing is read yet")
        if past.complete:
            return _("no job ended in this time")
        return _("no job ended since {time}").format(time=moment(past.reached, self.terminal.now()))

    def _show_lines(self) -> None:
        g, now = self.terminal.glyphs, self.terminal.now()
        whose = _("everybody's finished jobs") if self._everybody else _("my finished jobs")
        marked = self._table.marked_rows()
        self._say("#status", head_line(self._past, whose, now, self.filter_text.strip()))
        come_to = totals(marked) if marked else self._listing.totals()
        self._say("#totals", totals_line(come_to, g, self.size.width - 2, bool(marked)) if self._past.told else ())
        self._say("#reach", reach_line(self._past, self._asking, now, g))
        self._show_top(self.terminal.state)
        self.refresh_bindings()

    def _say(self, where: str, line: Any) -> None:
        self.query_one(where, TextLines).show([line])

    def _show_top(self, state: State) -> None:
        """As every screen's, but for the age: that of the past that was read."""
        terminal = self.terminal
        facts, _alarm = top_facts(
            state, (), terminal.now(), terminal.calls_per_minute(), terminal.settings, False, terminal.speed
        )
        as_of = self._past.as_of
        age = _("no data yet")
        if as_of is not None:
            ago = max(0.0, (terminal.now() - as_of).total_seconds() / terminal.speed)
            age = _("{age} ago").format(age=duration(ago))
        self.query_one(TopLine).show((*facts[:-1], age), state.outage is not None)

    def _known(self) -> dict[str, Column]:
        return history_columns(self.terminal.now, self.terminal.glyphs)

    def _arranged(self) -> Arrangement:
        usual = EVERYBODY if self._everybody else MINE
        if self.terminal.state.several:
            usual = ("site", *usual)
        return arranged(self.terminal, "history", self._known(), usual, False)

    def _arrange(self) -> None:
        found = self._arranged()
        self._table.set_columns(found.columns, pinned=found.pinned, arranged=found.own)
        self._take_sorting(found.sort, found.reverse)

    def action_columns(self) -> None:
        def done() -> None:
            self._arrange()
            self._show_rows()

        now, order, sample = self._arranged(), self._listing.sorting, self._table.current
        title = _("finished jobs")
        ask_arrangement(self, self.terminal, "history", title, self._known(), now, order, sample, done)

    @property
    def sorting(self) -> Sorting | None:
        return self._listing.sorting

    def sort_by(self, column_id: str, reverse: bool) -> None:
        self._table.to_the_top()
        self._take_sorting(column_id, reverse)
        self.terminal.keep_sort("history", column_id, reverse)
        self._show_rows()

    def _take_sorting(self, column_id: str, reverse: bool) -> None:
        sorting = sorting_by(self._known(), column_id, reverse)
        self._listing.sort(sorting)
        self._table.set_sorted(sorting.id if sorting else None, reverse)

    # ---- what is done with rows --------------------------------------------------------------------------------

    def on_line_table_marked(self) -> None:
        self._show_lines()

    def action_export(self) -> None:
        from naru.screens.export import ExportScreen

        past, marked = self._past, self._table.marked_rows()
        told = {"source": past.source or None, "as_of": past.as_of, "warnings": past.warnings}
        site = self.terminal.state.name or None
        rows = marked or list(self._table.rows)
        self.app.push_screen(ExportScreen.of_history(rows, marked=bool(marked), site=site, **told))

    def action_leave(self) -> None:
        """Stop asking, take marks away, clear the filter, go back: whichever comes first."""
        if self._asking:
            self._asking = False
            self.terminal.stop_history()
            self._show_rows()
        elif self._table.marks:
            self._table.set_marks(Marks())
        elif self.filter_text:
            self.set_filter("")
        else:
            self.action_back()

    def action_back(self) -> None:
        self.app.pop_screen()
