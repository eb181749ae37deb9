"""`naru jobs [FILTER …]`: your jobs or everybody's, those that have just ended among them."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from naru.commands import finished
from naru.commands.asking import ask_all, join
from naru.joining import named
from naru.session import Context, Opened
from naru_client.centre import RECENT, RECENT_EVERYBODY, Centre
from naru_client.errors import NaruError, NotProvided
from naru_client.i18n import _, n_
from naru_client.merge import merge_jobs
from naru_client.model import Job
from naru_client.reading import Reading

if TYPE_CHECKING:
    from naru.output import Page, Result
    from naru_client.insight.fold import Row

CSV = True

Jobs = tuple[Job, ...]

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # a recording is told whole: its jobs ended when they ended
TURNS_TO_ASK = 4  # turns of the event loop after which the questions are on their way


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "filter", nargs="*", metavar=_("FILTER"), help=_("words, or state:pd gpu:h100 gpus>=8 wait>2h !text name=~re")
    )
    parser.add_argument("--all", action="store_true", help=_("everybody's jobs"))
    finished.arguments(parser)
    parser.add_argument("--tasks", action="store_true", help=_("one line for each array task, not for each array"))


async def run(context: Context) -> "Result":
    args = context.args
    only_finished = finished.wanted(args)
    finished.check(args)
    text = " ".join(args.filter)
    saved = saved_filters(text, context)
    filtered(text, (), me="me", now=LONG_AGO, saved=saved)  # complain before anybody is asked
    opened = await context.open()
    now = opened.clock()
    since = None if args.since is None else now - finished.moment("--since", args.since, now)
    nobody = [] if args.all else [centre for centre in opened.centres if centre.user is None]
    unknown = _("it is not known who you are there: these are everybody's jobs")
    warnings = [named(centre.id, unknown) if opened.several else unknown for centre in nobody]

    if only_finished:
        return await finished.run(args, opened, args.all or bool(nobody), _test(text, opened, saved), tuple(warnings))

    def question(centre: Centre) -> Awaitable[Reading[Jobs]]:
        return read(opened, centre, None if args.all else centre.user, since)

    asking = asyncio.ensure_future(ask_all(opened, question))
    try:
        for _turn in range(TURNS_TO_ASK):
            await asyncio.sleep(0)
        # what writes the answer is imported while the centre works on it: a third of the time that this verb takes
        from naru.commands import job_table
        from naru.output import Result
        from naru_client.insight.fold import fold
        from naru_client.insight.ordering import usual_key

        told, failed = await asking
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    reading = join(opened, told, failed)
    found = [filtered(text, one.said.value, me=one.centre.user, now=one.said.as_of, saved=saved) for one in told]
    jobs = tuple(job for site in found for job in site)
    rows = fold(sorted(jobs, key=usual_key))
    if args.tasks:
        rows = [one for job in sorted(jobs, key=usual_key) for one in fold([job])]
    return Result(
        schema="jobs",
        site=opened.name,
        source=reading.source,
        as_of=reading.as_of,
        data=jobs,
        warnings=(*warnings, *reading.warnings),
        show=lambda page: _show(
            page,
            rows,
            reading,
            users=args.all or bool(nobody),
            sites=opened.several,
            filtered=len(jobs) < len(reading.value),
        ),
        sheet=job_table.sheet(jobs),
    )


def saved_filters(text: str, context: Context) -> Mapping[str, str]:
    """The saved filters, where a filter asks for one."""
    if "@" not in text:
        return {}
    from naru.kept import Kept

    return Kept.load(configured=context.settings.filters).filters


def filtered(text: str, jobs: Jobs, *, me: str | None, now: datetime, saved: Mapping[str, str] | None = None) -> Jobs:
    """The jobs that pass a filter. Raises FilterError."""
    if not text.strip():
        return jobs
    from naru_client.insight.filter import parse

    wanted = parse(text, me=me, now=now, saved=saved)
    return tuple(job for job in jobs if wanted.matches(job))


def _test(text: str, opened: Opened, saved: Mapping[str, str]) -> Callable[[Job], bool]:
    """Whether a job passes a filter, `me` in it being whoever one is at the job's site."""
    if not text.strip():
        return lambda job: True
    from naru_client.insight.filter import parse

    now = opened.clock()
    by_site = {centre.id: parse(text, me=centre.user, now=now, saved=saved).matches for centre in opened.centres}
    home = next(iter(by_site.values()))
    return lambda job: by_site.get(job.site, home)(job)


async def read(opened: Opened, centre: Centre, user: str | None, since: timedelta | None) -> Reading[Jobs]:
    """A site's live jobs and finished ones as one list; what keeps the finished ones away is only a warning."""
    if since is None and not opened.recorded:
        since = RECENT_EVERYBODY if user is None else RECENT
    after = LONG_AGO if since is None else opened.clock() - since
    live, ended = await asyncio.gather(
        centre.jobs(user=user),
        _history(centre, user, after, wanted=since is None or bool(since)),
        return_exceptions=True,
    )
    if isinstance(live, NotProvided) and isinstance(ended, Reading):
        return ended
    if isinstance(live, BaseException):
        raise live
    if isinstance(ended, NaruError):
        if not (opened.recorded and isinstance(ended, NotProvided)):
            note = _("no finished jobs: {why}").format(why=ended.message)
            return replace(live, warnings=(note, *live.warnings))
        return live
    if isinstance(ended, BaseException):
        raise ended
    if ended is None:
        return live
    merged = merge_jobs(live.value, ended.value)
    return Reading(merged, live.source, live.as_of, tuple(dict.fromkeys((*live.warnings, *ended.warnings))))


async def _history(centre: Centre, user: str | None, after: datetime, *, wanted: bool) -> Reading[Jobs] | None:
    return await centre.history(since=after, user=user) if wanted else None


def _show(page: "Page", rows: "list[Row]", reading: Reading[Jobs], *, users: bool, sites: bool, filtered: bool) -> None:
    from naru.commands import job_table

    if not rows:
        text = (
            _("no jobs match")
            if filtered
            else _("no jobs")
            if users
            else _("no jobs of yours; --all shows everybody's")
        )
        page.remark(text)
        return
    job_table.show(page, rows, reading.as_of, users=users, sites=sites)
    if page.paper.terminal:
        count = sum(row.tasks for row in rows)
        jobs = n_("{count} job", "{count} jobs", count).format(count=count)
        page.paragraph(f"{jobs}: {job_table.summary(rows)}", indent=0, style="dim")
