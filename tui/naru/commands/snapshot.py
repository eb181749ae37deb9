"""`naru` without a verb: the terminal; where there is none to open, one plain page of what it would show first."""

import argparse
import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct
from rich.cells import cell_len

from naru import format as form
from naru.commands import job_table
from naru.commands.gpus import GpuLine, block, gpu_lines
from naru.commands.jobs import read
from naru.commands.sites import health, notice_line
from naru.output import Page, Result
from naru.plain_table import Span, bar_cells
from naru.session import Context
from naru.terminal import is_terminal
from naru_client.errors import NaruError, NotProvided
from naru_client.i18n import _
from naru_client.insight.fold import fold
from naru_client.insight.overview import mine, next_start, notices, usual_order
from naru_client.insight.tally import tally
from naru_client.model import Job, Notice, Site
from naru_client.reading import Reading

CSV = False
MOST_JOBS = 15  # one page

T = TypeVar("T")


class NextStart(Struct, frozen=True):
    """The job of yours that the scheduler expects to start first, and when."""

    id: str
    at: datetime


class Snapshot(Struct, frozen=True, kw_only=True):
    """One moment of a centre. A part that could not be read is None; the warnings say why."""

    site: Site | None
    accelerators: tuple[GpuLine, ...] | None
    jobs: tuple[Job, ...] | None
    next_start: NextStart | None
    notices: tuple[Notice, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help=_("one plain page instead of the terminal"))


def opens_terminal(context: Context) -> bool:
    """Whether there is somebody at a terminal who did not ask for anything else."""
    args = context.args
    plain = args.once or args.json or context.environ.get("TERM", "dumb") in ("", "dumb")
    return not plain and context.paper.terminal and context.stdin is not None and is_terminal(context.stdin)


async def run(context: Context) -> Result:
    opened = await context.open()
    centre = opened.centre
    warnings: list[str] = []
    site, nodes, jobs, reservations = await asyncio.gather(
        _tried(centre.site()),
        _tried(centre.nodes()),
        _tried(read(opened, opened.user, None, warnings)),
        _tried(centre.reservations()),
    )
    if isinstance(nodes, NaruError) and isinstance(jobs, NaruError):
        raise jobs if isinstance(nodes, NotProvided) else nodes
    for part in (site, nodes, jobs, reservations):
        if isinstance(part, Reading):
            warnings += part.warnings
        elif not isinstance(part, NotProvided):
            warnings.append(part.message)
    known = [part for part in (jobs, nodes, site) if isinstance(part, Reading)]
    as_of = max(part.as_of for part in known)
    own = jobs.value if isinstance(jobs, Reading) else None
    first = next_start(own or (), as_of)
    told: tuple[Notice, ...] = site.value.notices if isinstance(site, Reading) else ()
    if isinstance(reservations, Reading):
        told += notices(reservations.value, as_of)
    snapshot = Snapshot(
        site=site.value if isinstance(site, Reading) else None,
        accelerators=gpu_lines(centre.id, tally(nodes.value)) if isinstance(nodes, Reading) else None,
        jobs=own,
        next_start=NextStart(first[0].id, first[1]) if first else None,
        notices=told,
    )
    return Result(
        schema="snapshot",
        site=centre.id,
        source=known[0].source,
        as_of=as_of,
        data=snapshot,
        warnings=tuple(dict.fromkeys(warnings)),
        show=lambda page: _show(page, snapshot, centre.id, as_of, known_user=opened.user is not None),
    )


async def _tried(asked: Awaitable[Reading[T]]) -> Reading[T] | NaruError:
    try:
        return await asked
    except NaruError as error:
        return error


def _show(page: Page, snapshot: Snapshot, site_id: str, now: datetime, *, known_user: bool) -> None:
    _show_site(page, snapshot.site, site_id, now)
    page.line()
    _show_accelerators(page, snapshot.accelerators)
    page.line()
    _show_jobs(page, snapshot, now, known_user=known_user)
    if snapshot.notices:
        page.line()
        page.line(Span(_("Notices"), "title"))
        for notice in snapshot.notices:
            page.paragraph(notice_line(notice, now))


def _show_site(page: Page, site: Site | None, site_id: str, now: datetime) -> None:
    if site is None:
        page.line(Span(site_id, "strong"), "  ", form.when(now, now))
        return
    parts: list[str | Span] = [Span(site.name, "strong"), "  ", health(site)]
    for text in (site.scheduler, site.reached_by, site.user, form.when(now, now)):
        if text:
            parts += [Span(" · ", "dim"), text]
    page.line(*parts)


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


def _show_jobs(page: Page, snapshot: Snapshot, now: datetime, *, known_user: bool) -> None:
    jobs = snapshot.jobs
    title = _("My jobs") if known_user else _("Jobs")
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
        job_table.show(page, rows[:MOST_JOBS], now, users=not known_user)
    if len(rows) > MOST_JOBS:
        page.line(Span(_("and {count} more: naru jobs").format(count=len(rows) - MOST_JOBS), "dim"))
    if snapshot.next_start is not None:
        at = form.when(snapshot.next_start.at, now)
        page.line(_("Next start: {id}, expected at {time}").format(id=snapshot.next_start.id, time=at))


def _tasks(jobs: Sequence[Job]) -> int:
    return sum(row.tasks for row in fold(jobs))
