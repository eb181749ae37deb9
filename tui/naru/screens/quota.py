"""Quota: what was granted as gauges, where the chosen one goes, and who uses what of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from naru.screens.base import OLD, top_facts
from naru.screens.quota_columns import gauge_columns
from naru.screens.quota_rows import Claims, GaugeRow, burn_of, gauge_rows
from naru.screens.quota_spent import MEMBERS
from naru.screens.quota_tables import QuotaTables, UseTable, use_table, ways
from naru.screens.quota_use import UseArrived
from naru.screens.quota_words import alert_lines, legend_line, quota_lines
from naru.state import NOT_PROVIDED, Part, State, Topic
from naru.widgets.burn_chart import BurnChart
from naru.widgets.choices import Choices
from naru.widgets.gauge import GaugeTable
from naru.widgets.line_table import LineTable
from naru.widgets.text_lines import Line, TextLines
from naru.widgets.top_line import TopLine
from naru_client.i18n import _
from naru_client.insight.standing import used_of
from naru_client.model import Job

MOST_ALERTS, MOST_ALERTS_WIDE = 2, 5
BOOKED = 5  # so many times more rarely than all else quotas are asked for
ASK_AGAIN = 10.0  # seconds within which `r` asks accounting only once


class QuotaScreen(QuotaTables):
    TAB = "quota"
    TOPICS: ClassVar[tuple[Topic, ...]] = ("quotas", "jobs")
    CSS_PATH = "quota.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "pane", _("Gauges / who"), id="quota.pane"),
        *QuotaTables.TABLE_BINDINGS,
        Binding("a", "everybody", _("All users"), id="quota.everybody"),
        Binding("r", "again", _("Refresh"), id="quota.again"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, tuple[tuple[object, ...], tuple[GaugeRow, ...]]] = {}  # by site, and for what made
        self._queues: dict[
            str, tuple[Sequence[Job], Sequence[Job]]
        ] = {}  # by site: jobs, and those that have not ended
        self._asked_at: datetime | None = None

    def body(self) -> ComposeResult:
        glyphs = self.terminal.glyphs
        yield TextLines(id="alerts")
        with Vertical(id="body"):
            with Vertical(id="gauge-side"):
                yield TextLines(wrapped=False, id="legend")
                yield GaugeTable(lambda row: row.key, glyphs, lambda row: row.parts is not None, id="gauges")
                yield TextLines(id="detail")
                yield TextLines(id="burn-said")
                yield BurnChart(glyphs, id="burn")
            with Vertical(id="use-side"):
                yield Choices(ways(), MEMBERS, id="ways")
                yield TextLines(id="use-said")
                yield use_table(self)

    def on_mount(self) -> None:
        self.query_one("#legend", TextLines).show([legend_line(self.terminal.glyphs)])
        self._gauges.focus()

    @property
    def _gauges(self) -> GaugeTable:
        return self.query_one(GaugeTable)

    def show_state(self, state: State) -> None:
        table = self._gauges
        if not table.columns:
            columns = gauge_columns(lambda: table.bar_width, self.terminal.now, self.terminal.glyphs, state.several)
            table.set_columns(columns, pinned=2)
        for part in state.parts:
            if part.quotas is not None and not self.use.begun(part.id) and not state.paused:
                self.use.ask(part, part.user or state.user, (), self.terminal, self.post_message)
        self._show_gauges(state)

    def _show_gauges(self, state: State) -> None:
        rows = [row for part in state.parts for row in self._rows_of(part, state)]
        table = self._gauges
        if len(rows) != len(table.rows) or any(a is not b for a, b in zip(rows, table.rows, strict=True)):
            table.set_rows(rows, self._empty(state))
            self._give_height()
            self._show_alerts(rows, state)
        elif not rows:
            table.set_rows((), self._empty(state))
        self._show_chosen()

    # ---- what is known of a site -------------------------------------------------------------------------------

    def claims_of(self, part: Part) -> Claims:
        state = self.terminal.state
        user = part.user or state.user
        if part.jobs is None:
            return Claims(told=False)
        if user is None or (part.everybody_listed and not part.partly):
            return Claims(self._queued(part.id, part.all_jobs), None)
        return Claims(self._queued(part.id, part.my_jobs), user)

    def _queued(self, site: str, jobs: Sequence[Job]) -> Sequence[Job]:
        """Those that wait or run, picked out once for a reading: of what ended nothing is claimed any more."""
        before = self._queues.get(site)
        if before is None or before[0] is not jobs:
            before = self._queues[site] = jobs, [job for job in jobs if not job.finished]
        return before[1]

    def _rows_of(self, part: Part, state: State) -> tuple[GaugeRow, ...]:
        """A site's rows; made anew only with a new reading, and every minute because pace and run-out move on."""
        if part.quotas is None:
            return ()
        use, user, now = self.use.of(part.id), part.user or state.user, self.terminal.now()
        quotas = part.quotas.value
        made_for = (quotas, part.jobs, use, state.everybody, user, int(now.timestamp() // 60))
        before = self._rows.get(part.id)
        if before is not None and all(
            a is b or (n > 2 and a == b) for n, (a, b) in enumerate(zip(before[0], made_for, strict=True))
        ):
            return before[1]
        rows = gauge_rows(
            part.id,
            quotas,
            self.claims_of(part),
            {} if use is None else use.daily,
            user=user,
            everybody=state.everybody,
            whole=use is None or use.whole,
            now=now,
            least_pace=self.terminal.profile.least_pace,
        )
        self._rows[part.id] = made_for, rows
        return rows

    def _empty(self, state: State) -> str:
        failure = state.failures.get("quotas")
        if failure is not None and failure.kind == NOT_PROVIDED:
            return _("this centre does not tell quotas")
        if state.quotas is None:
            return _("reading the quotas …")
        if state.everybody or state.user is None:
            return _("nothing is limited here, and nothing used")
        return _("you have no account with a limit or any use here; a shows everybody's")

    # ---- actions -----------------------------------------------------------------------------------------------

    def action_pane(self) -> None:
        """To the other table; where there is little room it has the whole screen."""
        self.focus_on(self._gauges if isinstance(self.focused, UseTable) else self.query_one(UseTable))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, LineTable):
            self.set_class(isinstance(event.widget, UseTable), "-use")
            self.refresh_bindings()

    def action_everybody(self) -> None:
        self.terminal.set_everybody(not self.terminal.state.everybody)

    async def action_again(self) -> None:
        """Refresh, and ask accounting anew: for one's own accounts and for that of the chosen quota."""
        await self.run_action("app.refresh_now")
        state, now = self.terminal.state, self.terminal.now()
        if state.paused or (self._asked_at is not None and (now - self._asked_at).total_seconds() < ASK_AGAIN):
            return
        self._asked_at = now
        chosen = self.chosen_gauge()
        for part in state.parts:
            more = [chosen.quota.account] if chosen and chosen.site == part.id and chosen.quota.account else []
            self.use.ask(part, part.user or state.user, more, self.terminal, self.post_message)
        self._show_chosen()

    def on_use_arrived(self, message: UseArrived) -> None:
        self.use.take(message)
        self._show_gauges(self.terminal.state)

    def on_line_table_moved(self, message: LineTable.Moved) -> None:
        if isinstance(message.table, GaugeTable):
            self._show_chosen()

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        if isinstance(message.table, GaugeTable):
            self.focus_on(self.query_one(UseTable))

    def action_export(self) -> None:
        from naru.screens.export import ExportScreen

        if isinstance(self.focused, UseTable):
            export = self.export_use()
        else:
            export = self.export_quotas([row.quota for row in self._gauges.rows])
        self.app.push_screen(ExportScreen(export))

    # ---- what is shown -----------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._give_height()
        self._show_alerts(list(self._gauges.rows), self.terminal.state)

    def _give_height(self) -> None:
        """As many lines for the gauges as there are, but the most of them to the burn-down."""
        most = max(4, (self.size.height - 8) * 2 // 5)
        self._gauges.styles.height = min(max(1, len(self._gauges.rows)) + 1, most)

    def chosen_gauge(self) -> GaugeRow | None:
        row: GaugeRow | None = self._gauges.current
        return row

    def _show_alerts(self, rows: list[GaugeRow], state: State) -> None:
        most = MOST_ALERTS_WIDE if self.has_class("-wide") else MOST_ALERTS
        told = [(row.site, row.standing) for row in rows]
        exhausted = self.terminal.profile.exhausted
        lines = alert_lines(
            told, self.terminal.now(), self.terminal.glyphs, exhausted, state.several, most, self.billing
        )
        self.query_one("#alerts", TextLines).show(lines)

    def _show_chosen(self) -> None:
        row, now = self.chosen_gauge(), self.terminal.now()
        detail = (
            []
            if row is None
            else quota_lines(row.standing, row.waits, row.own_waits, now, self.terminal.glyphs, self.billing)
        )
        self.query_one("#detail", TextLines).show(detail)
        burn = None if row is None else burn_of(row, now)
        why = self._why_no_past(row)
        self.query_one("#burn-said", TextLines).show(why if burn is not None else [])
        self.query_one(BurnChart).show_burn(burn, why)
        self.show_use()

    def _why_no_past(self, row: GaugeRow | None) -> list[Line]:
        """Why the days that have passed are not drawn; nothing where they are."""
        if row is None:
            return []
        quota, use = row.quota, self.use.of(row.site)
        if quota.unit == "count":
            text = _("a limit of how much at once: there is nothing to burn down")
        elif quota.granted is None and not quota.unlimited:
            text = _("what was granted is not told: there is no burn-down")
        elif not quota.granted:
            text = _("nothing was granted: there is nothing to burn down")
        elif row.standing.decayed:
            text = _("only what still counts against the limit is told: there is no burn-down")
        elif used_of(quota) is None:
            text = _("how much of it is used is not told: there is no burn-down")
        elif row.standing.daily and row.standing.whole:
            return []
        elif self.use.asking(row.site):
            text = _("asking accounting for the use by day …")
        elif not self.use.asked(row.site, quota.account):
            text = _("accounting was not asked for {account}; r asks").format(account=quota.account or quota.holder)
        elif use is None or use.as_of is None:
            why = "; ".join(use.warnings) if use is not None else ""
            text = _("accounting does not tell the use by day") + (f": {why}" if why else "")
        elif not row.standing.whole:
            text = _("accounting tells only your own jobs, not what others use of this")
        else:
            text = _("accounting does not tell the use by day of this")
        return [((text, "quiet"),)]

    def _show_top(self, state: State) -> None:
        """As every screen's; but quotas are asked for more rarely than all else, and are old only later."""
        terminal = self.terminal
        facts, _alarm = top_facts(
            state, ("quotas",), terminal.now(), terminal.calls_per_minute(), terminal.settings, terminal.recorded,
            terminal.speed, terminal.asleep,
        )  # fmt: skip
        as_of = None if state.quotas is None else state.quotas.as_of
        age = 0.0 if as_of is None else (terminal.now() - as_of).total_seconds() / terminal.speed
        old = age > OLD * BOOKED * terminal.settings.poll.others and not terminal.recorded
        self.query_one(TopLine).show(facts, old or state.outage is not None)
