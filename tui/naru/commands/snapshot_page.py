"""The one plain page of a snapshot: the sites, accelerators as bars, one's own jobs, notices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from rich.cells import cell_len

from naru import format as form
from naru.commands import job_table
from naru.commands.gpu_table import GpuLine, block
from naru.commands.sites import health, notice_line
from naru.joining import addressed
from naru.output import Page
from naru.plain_table import Span, bar_cells
from naru_client.i18n import _, n_
from naru_client.insight.fold import fold
from naru_client.insight.ordering import usual_key as usual_order
from naru_client.insight.overview import mine
from naru_client.model import Job, Notice, Site

MOST_JOBS = 15  # one page


class NextStart(Struct, frozen=True):
    """The job of yours that the scheduler expects to start first, and when; its site where several are open."""

    id: str
    at: datetime
    site: str | UnsetType = UNSET


class Snapshot(Struct, frozen=True, kw_only=True):
    """One moment of a centre. A part that could not be read is None; the warnings say why.

    `site` is the home site, and `sites`, where several are open, all that told of themselves.
    """

    site: Site | None
    sites: tuple[Site, ...] | UnsetType = UNSET
    accelerators: tuple[GpuLine, ...] | None
    jobs: tuple[Job, ...] | None
    next_start: NextStart | None
    notices: tuple[Notice, ...]


class View(Struct, frozen=True, kw_only=True):
    """What the page needs beside the data: what is open, and the accelerators of all sites by model."""

    name: str
    open: tuple[str, ...]  # the sites
    known_user: bool
    bars: tuple[GpuLine, ...] | None

    @property
    def several(self) -> bool:
        return len(self.open) > 1


def show(page: Page, snapshot: Snapshot, view: View, now: datetime) -> None:
    """Write the page; `now` is when the snapshot was taken."""
    if view.several:
        _show_sites(page, snapshot, view, now)
    else:
        _show_site(page, snapshot.site, view.name, now)
    page.line()
    _show_accelerators(page, view.bars)
    page.line()
    _show_jobs(page, snapshot, view, now)
    if snapshot.notices:
        page.line()
        page.line(Span(_("Notices"), "title"))
        for notice in snapshot.notices:
            page.paragraph(notice_line(notice, now))


def _show_site(page: Page, site: Site | None, name: str, now: datetime) -> None:
    if site is None:
        page.line(Span(name, "strong"), "  ", form.when(now, now))
    else:
        page.line(Span(site.name, "strong"), "  ", *_site_facts(site), Span(" · ", "dim"), form.when(now, now))


def _show_sites(page: Page, snapshot: Snapshot, view: View, now: datetime) -> None:
    count = n_("{n} site", "{n} sites", len(view.open)).format(n=len(view.open))
    page.line(Span(view.name, "strong"), "  ", count, Span(" · ", "dim"), form.when(now, now))
    told = {site.id: site for site in snapshot.sites or ()}
    widest = max(map(cell_len, view.open))
    for name in view.open:
        facts = _site_facts(told[name]) if name in told else [Span(_("no answer"), "failed")]
        page.line("  ", Span(form.fit(name, widest)), "  ", *facts)


def _site_facts(site: Site) -> list[str | Span]:
    parts: list[str | Span] = [health(site)]
    for text in (site.scheduler, site.reached_by, site.user):
        if text:
            parts += [Span(" · ", "dim"), text]
    return parts


def _show_accelerators(page: Page, lines: Sequence[GpuLine] | None) -> None:
    if not lines:
        text = _("accelerators are not provided") if lines is None else _("no accelerators")
        page.line(Span(text, "dim"))
        return
    glyphs = page.glyphs
    blocks = [block(line.free, line.free_by_node) for line in lines]
    titles = (_("IN USE"), _("FREE"), _("AWAY"), _("LARGEST BLOCK"))
    names = max(12, *(len(line.model or line.kind) for line in lines))
    names = min(names, 16)
    figures = 2 + sum(max(cell_len(title), 6) + 2 for title in titles[:3]) + cell_len(titles[3])
    bar = max(10, min(page.paper.drawing_width, 100) - names - figures - 3)
    heading = form.fit(_("ACCELERATORS"), names + 1 + bar)
    for title in titles[:3]:
        heading += "  " + " " * (6 - cell_len(title)) + title
    page.line(Span(heading + "  " + titles[3], "title"))
    for line, free_block in zip(lines, blocks, strict=True):
        name = form.fit((line.model or line.kind).upper(), names, glyphs.ellipsis)
        parts: list[str | Span] = [Span(name, "strong"), " ", *_bar(page, line, bar)]
        figures_told: tuple[tuple[Any, str], ...] = (
            (line.used, "used"), (line.free, "free"), (line.unavailable or None, "away"),
        )  # fmt: skip
        for title, (value, style) in zip(titles, figures_told, strict=False):
            text = "–" if value is None else str(value)
            parts += ["  ", Span(text.rjust(max(cell_len(title), 6)), style if value else "dim")]
        page.line(*parts, "  ", " " * (cell_len(titles[3]) - cell_len(free_block)), free_block)


def _bar(page: Page, line: GpuLine, width: int) -> list[Span]:
    if line.used is None or line.free is None:
        return [Span(form.fit(_("use is not told"), width, page.glyphs.ellipsis), "dim")]
    used, free, away = bar_cells((line.used, line.free, line.unavailable), width)
    glyphs = page.glyphs
    return [Span(glyphs.used * used, "used"), Span(glyphs.free * free, "free"), Span(glyphs.away * away, "away")]


def _show_jobs(page: Page, snapshot: Snapshot, view: View, now: datetime) -> None:
    jobs = snapshot.jobs
    title = _("My jobs") if view.known_user else _("Jobs")
    if jobs is None:
        page.line(Span(title, "title"), "  ", Span(_("not provided"), "dim"))
        return
    running, waiting, finished = mine(jobs, None)
    counts = _("{running} running, {waiting} waiting, {finished} ended").format(
        running=_tasks(running), waiting=_tasks(waiting), finished=_tasks(finished)
    )
    page.line(Span(title, "title"), "  ", counts)
    rows = fold(sorted(jobs, key=usual_order))
    if rows:
        job_table.show(page, rows[:MOST_JOBS], now, users=not view.known_user, sites=view.several)
    if len(rows) > MOST_JOBS:
        page.line(Span(_("and {count} more: naru jobs").format(count=len(rows) - MOST_JOBS), "dim"))
    if snapshot.next_start is not None:
        at = form.when(snapshot.next_start.at, now)
        name = snapshot.next_start.id
        if isinstance(snapshot.next_start.site, str):
            name = addressed(snapshot.next_start.site, name, view.several)
        page.line(_("Next start: {id}, expected at {time}").format(id=name, time=at))


def _tasks(jobs: Sequence[Job]) -> int:
    return sum(row.tasks for row in fold(jobs))
