"""Overview: what is free, what is mine, what is next, what one must know."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from naru.format import span, when
from naru.screens.base import NaruScreen
from naru.screens.job_columns import chosen, job_columns, row_key
from naru.state import State, Topic
from naru.widgets.line_table import LineTable
from naru.widgets.tally_bars import TallyBars
from naru.widgets.text_lines import Line, TextLines
from naru_client.i18n import _
from naru_client.insight.fold import Row, fold
from naru_client.insight.overview import mine, next_start, notices
from naru_client.insight.reasons import shown_estimate
from naru_client.model import Notice

COLUMNS = ("id", "name", "state", "gpus", "time", "start", "reason")


class OverviewScreen(NaruScreen):
    TAB = "overview"
    CSS_PATH = "overview.tcss"
    TOPICS: ClassVar[tuple[Topic, ...]] = ("jobs", "nodes", "site", "history", "reservations")

    def body(self) -> ComposeResult:
        glyphs = self.terminal.glyphs
        columns = job_columns(self.terminal.now, glyphs)
        with Vertical(id="body"):
            with Vertical(id="facts"):
                yield TallyBars(glyphs, id="bars")
                yield TextLines(id="notices")
            with Vertical(id="mine"):
                yield TextLines(id="summary")
                yield LineTable(chosen(columns, COLUMNS), row_key, glyphs, id="my-jobs")

    def on_mount(self) -> None:
        self.query_one(LineTable).focus()

    def show_state(self, state: State) -> None:
        failure = state.failures.get("nodes")
        waiting = (
            _("not provided by this centre") if failure and failure.kind == "not_provided" else _("reading the nodes …")
        )
        if state.nodes is not None:
            waiting = _("no accelerators here")
        self.query_one(TallyBars).show(state.tallies, waiting)
        self.query_one("#notices", TextLines).show(self._notices(state))
        self.query_one("#summary", TextLines).show([self._summary(state)])
        nobody = _("nobody has a job here") if state.user is None else _("you have no jobs here")
        empty = nobody if state.jobs else _("reading the queue …")
        self.query_one(LineTable).set_rows(self._rows(state), empty)

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        from naru.screens.job import JobScreen

        self.app.push_screen(JobScreen(message.row.job, self.TAB))

    def _rows(self, state: State) -> list[Row]:
        """Mine: what runs, then what waits by its expected start, then what ended, newest first."""
        running, pending, finished = mine(state.all_jobs, state.user)
        now = self.terminal.now()
        late = now.timestamp() + 10**9
        pending = tuple(sorted(pending, key=lambda j: e.timestamp() if (e := shown_estimate(j)) else late))
        finished = tuple(sorted(finished, key=lambda j: -(j.ended.timestamp() if j.ended else 0)))
        return list(fold((*running, *pending, *finished)))

    def _summary(self, state: State) -> Line:
        whose = _("My jobs") if state.user is not None else _("everybody's jobs")
        if state.jobs is None:
            return ((whose, "heading"),)
        running, pending, finished = mine(state.all_jobs, state.user)
        g = self.terminal.glyphs
        parts: list[tuple[str, str]] = [(whose, "heading"), ("  ", "")]
        held = sum(j.accelerator_count or 0 for j in running)
        text = _("{running} running on {gpus} GPUs").format(running=len(running), gpus=held)
        waiting = sum(j.array_pending or 1 for j in pending)
        text += f" {g.dot} " + _("{n} waiting").format(n=waiting)
        if finished:
            text += f" {g.dot} " + _("{n} ended").format(n=len(finished))
        now = self.terminal.now()
        if found := next_start(state.all_jobs if state.user is None else state.my_jobs, now):
            job, moment = found
            text += f" {g.dot} " + _("next ~{time} ({id})").format(time=when(moment, now), id=job.id)
        parts.append((text, ""))
        return tuple(parts)

    def _notices(self, state: State) -> list[Line]:
        now = self.terminal.now()
        found: list[Notice] = list(state.site.value.notices) if state.site else []
        if state.reservations:
            found += notices(state.reservations.value, now)
        words = {"maintenance": _("maintenance"), "outage": _("outage"), "system": _("notice")}
        lines: list[Line] = []
        for notice in found[:5]:
            style = "bad" if notice.kind == "outage" else "warning" if notice.kind == "maintenance" else "strong"
            head = f"{words[notice.kind]} {span(notice.start, notice.end, now)}".strip()
            lines += [((head, style),), (("  ", ""), (notice.text, ""))]
        return lines
