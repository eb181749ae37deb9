"""Overview: what is free, what is mine, what is next, what one must know."""

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from naru.format import span, when
from naru.job_listing import AT_ONCE, JobListing
from naru.joining import addressed, named
from naru.screens.base import NaruScreen
from naru.screens.job_columns import chosen, job_columns, row_key
from naru.state import NOT_PROVIDED, State, Topic
from naru.widgets.line_table import LineTable
from naru.widgets.tally_bars import TallyBars
from naru.widgets.text_lines import Line, TextLines
from naru_client.i18n import _, n_
from naru_client.insight.ordering import usual_key
from naru_client.insight.overview import mine, next_start, notices
from naru_client.insight.queue_view import Sorting
from naru_client.insight.reasons import shown_estimate
from naru_client.model import Job, Notice

MOST_NOTICES, MOST_NOTICES_WIDE = 5, 10

COLUMNS = ("id", "name", "state", "gpus", "time", "start", "reason")


class OverviewScreen(NaruScreen):
    TAB = "overview"
    CSS_PATH = "overview.tcss"
    TOPICS: ClassVar[tuple[Topic, ...]] = ("jobs", "nodes", "site", "history", "reservations")

    def __init__(self) -> None:
        super().__init__()
        self._listing = JobListing(self.list_in_turns, self._show_jobs, Sorting("soonest", soonest_first))

    def body(self) -> ComposeResult:
        glyphs = self.terminal.glyphs
        columns = job_columns(self.terminal.now, glyphs)
        with Vertical(id="body"):
            with Vertical(id="facts"):
                yield TallyBars(glyphs, id="bars")
                yield TextLines(id="notices")
            with Vertical(id="mine"):
                yield TextLines(id="summary")
                shown = chosen(columns, COLUMNS, self.terminal.state.several)
                yield LineTable(shown, row_key, glyphs, id="my-jobs")

    def on_mount(self) -> None:
        self.set_class(self.terminal.state.several, "-several")
        self.query_one(LineTable).focus()

    def show_state(self, state: State) -> None:
        failure = state.failures.get("nodes")
        waiting = (
            _("not provided by this centre") if failure and failure.kind == NOT_PROVIDED else _("reading the nodes …")
        )
        if state.nodes is not None:
            waiting = _("no accelerators here")
        self.query_one(TallyBars).show(state.tallies, waiting)
        self.query_one("#notices", TextLines).show(self._notices(state))
        self._listing.take(state.my_jobs)
        self._show_jobs()

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        from naru.screens.job import JobScreen

        self.app.push_screen(JobScreen(message.row.job, self.TAB))

    def _show_jobs(self) -> None:
        state = self.terminal.state
        nobody = _("nobody has a job here") if state.user is None else _("you have no jobs here")
        self.query_one(LineTable).set_rows(self._listing.rows, nobody if state.jobs else _("reading the queue …"))
        self.query_one("#summary", TextLines).show([self._summary(state)])

    def _summary(self, state: State) -> Line:
        whose = _("My jobs") if state.user is not None else _("everybody's jobs")
        if state.jobs is None:
            return ((whose, "heading"),)
        g = self.terminal.glyphs
        jobs = self._listing.view.jobs
        if state.partly or self._listing.behind_at_first:
            return (whose, "heading"), ("  " + _("the others are still coming"), "quiet")
        if len(jobs) > AT_ONCE:  # going through all of them for the figures would hold up the keys
            return (whose, "heading"), ("  " + _("{n} jobs").format(n=len(jobs)), "")
        running, pending, finished = mine(jobs, None)
        parts: list[tuple[str, str]] = [(whose, "heading"), ("  ", "")]
        held = sum(j.accelerator_count or 0 for j in running)
        text = _("{running} running on {gpus} GPUs").format(running=len(running), gpus=held)
        waiting = sum(j.array_pending or 1 for j in pending)
        text += f" {g.dot} " + _("{n} waiting").format(n=waiting)
        if finished:
            text += f" {g.dot} " + _("{n} ended").format(n=len(finished))
        now = self.terminal.now()
        if found := next_start(jobs, now):
            job, moment = found
            name = addressed(job.site, job.id, state.several)
            text += f" {g.dot} " + _("next ~{time} ({id})").format(time=when(moment, now), id=name)
        parts.append((text, ""))
        return tuple(parts)

    def _notices(self, state: State) -> list[Line]:
        now = self.terminal.now()
        words = {"maintenance": _("maintenance"), "outage": _("outage"), "system": _("notice")}
        lines: list[Line] = []
        found = site_notices(state, now)
        most = MOST_NOTICES_WIDE if state.several and self.has_class("-wide") else MOST_NOTICES
        for site, notice in found[:most]:
            style = "bad" if notice.kind == "outage" else "warning" if notice.kind == "maintenance" else "strong"
            head = f"{words[notice.kind]} {span(notice.start, notice.end, now)}".strip()
            if state.several:  # a line for each: there may be one from every site
                lines.append(((named(site, head), style), ("  ", ""), (notice.text, "")))
            else:
                lines += [((head, style),), (("  ", ""), (notice.text, ""))]
        if (more := len(found) - most) > 0 and state.several:
            lines.append(((n_("and {n} more notice", "and {n} more notices", more).format(n=more), "quiet"),))
        return lines


def site_notices(state: State, now: datetime) -> list[tuple[str, Notice]]:
    """What each site says its people should know, with the site; where there are several, outages first."""
    found: list[tuple[str, Notice]] = []
    for part in state.parts:
        own = list(part.site.value.notices) if part.site else []
        if part.reservations:
            own += notices(part.reservations.value, now)
        found += [(part.id, notice) for notice in own]
    return sorted(found, key=lambda one: one[1].kind != "outage") if state.several else found


def soonest_first(job: Job) -> float:
    """What runs, the newest first; what waits by when it may start; what has ended, the last first."""
    if not job.waiting:
        return usual_key(job)
    estimate = shown_estimate(job)
    return usual_key(job) if estimate is None else estimate.timestamp()
