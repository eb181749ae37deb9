"""`naru jobs --finished`: the jobs that ended in a span of time, out of accounting, read backwards in slices."""

import argparse
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from naru.joining import lines_of
from naru.session import Opened
from naru_client.centre import RECENT, RECENT_EVERYBODY
from naru_client.errors import NotProvided, UsageError
from naru_client.i18n import _, n_
from naru_client.insight.periods import LONGEST, Period, PeriodError, how_to_write, parse_moment
from naru_client.model import Job
from naru_client.text import clean

if TYPE_CHECKING:
    from naru.output import Page, Result
    from naru_client.insight.finished import Totals
    from naru_client.insight.history import Past

PAGE = 100  # jobs of a page where nobody says how many
MOST = 1_000_000

_BARE_SPAN = re.compile(r"(\d{1,9})([smhdw]?)", re.ASCII)


class Found(Struct, frozen=True, kw_only=True):
    """What `--json` tells. All that ended after `reached` has been read; `more` may be had with the next page."""

    jobs: tuple[Job, ...]
    since: datetime
    until: datetime
    reached: datetime
    complete: bool
    page: int
    limit: int | None
    more: bool
    totals: "Totals"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--since",
        metavar=_("WHEN"),
        help=_("jobs that ended since then too (30m, 3d, 2026-11-01, 2026-11-01T18:00; 0: none); 24h, with --all 1h"),
    )
    parser.add_argument(
        "--until",
        metavar=_("WHEN"),
        help=_("only jobs that ended before then, as for --since; a day is meant to its end"),
    )
    parser.add_argument(
        "--finished", action="store_true", help=_("only jobs that ended, the last one first, out of accounting")
    )
    parser.add_argument(
        "--limit", metavar="N", type=_count, help=_("at most N of them; nothing older is asked for than is needed")
    )
    parser.add_argument(
        "--page", metavar="N", type=_count, help=_("the Nth page of --limit jobs (of {n} without it)").format(n=PAGE)
    )


def wanted(args: argparse.Namespace) -> bool:
    """Whether only finished jobs are asked for. Raises UsageError for what cannot be had together."""
    if args.finished or args.until is not None:
        if args.tasks:
            raise UsageError(_("--tasks is for the queue: finished jobs have a line each anyway"))
        return True
    for name in ("limit", "page"):
        if getattr(args, name) is not None:
            raise UsageError(
                _("--{name} is for finished jobs").format(name=name), _("add --finished, or --until for older ones")
            )
    return False


def moment(option: str, text: str, now: datetime, *, end: bool = False) -> datetime:
    """A moment as people write it: a date, or how long ago (`90`, `30m`, `2h`, `3d`, `1w`). Raises UsageError."""
    bare = text.strip()
    if (found := _BARE_SPAN.fullmatch(bare.lower())) is not None:
        seconds = int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[found[2]]
        if seconds > LONGEST.total_seconds():
            raise UsageError(
                _("{option} {text} is too long ago").format(option=option, text=clean(text, 40)), _("at most 2600w")
            )
        return now - timedelta(seconds=seconds)
    try:
        return parse_moment(text, now, end=end)
    except PeriodError as error:
        shown = f"{option} {clean(text, 60)}: {error.message}"
        raise UsageError(shown, error.hint or how_to_write()) from None


def check(args: argparse.Namespace) -> None:
    """Complain of what cannot be understood before anybody is asked."""
    now = datetime.now(UTC)
    if wanted(args):
        span(args, now, everybody=False)
    elif args.since is not None and moment("--since", args.since, now) > now:
        raise _no_time(args.since)


def span(args: argparse.Namespace, now: datetime, *, everybody: bool, recorded: bool = False) -> Period:
    """The span of time that is meant; of a recording all of it, unless told otherwise."""
    now = now.replace(microsecond=0)
    until = now if args.until is None else moment("--until", args.until, now, end=True)
    if args.since is not None:
        since = moment("--since", args.since, now)
    else:
        since = until - (LONGEST if recorded else RECENT_EVERYBODY if everybody else RECENT)
    if since >= now:
        raise _no_time(args.since or args.until)
    if until <= since:
        raise UsageError(_("--until is before --since"), _("--since 2026-11-01 --until 2026-11-07 is a week"))
    return Period(since, min(until, now), until >= now)


def _no_time(text: str) -> UsageError:
    return UsageError(_("--since {text} leaves no time").format(text=clean(text, 40)), how_to_write())


async def run(
    args: argparse.Namespace, opened: Opened, everybody: bool, passes: Callable[[Job], bool], notes: tuple[str, ...]
) -> "Result":
    """The jobs asked for, `passes` being the filter; a slice after the other until there are enough."""
    from naru.commands import job_table
    from naru.output import Result
    from naru_client.insight.finished import totals

    period = span(args, opened.clock(), everybody=everybody, recorded=opened.recorded)
    limit = args.limit or (PAGE if args.page else None)
    page = args.page or 1
    first = (page - 1) * limit if limit else 0
    enough = first + limit if limit else None
    past, found, failed = await _read(opened, period, everybody, passes, enough)
    shown = tuple(found[first:enough])
    told = Found(
        jobs=shown,
        since=period.since,
        until=period.until,
        reached=max(past.reached, period.since),
        complete=past.complete,
        page=page,
        limit=limit,
        more=(enough is not None and len(found) > enough) or not past.complete,
        totals=totals(shown),
    )
    return Result(
        schema="jobs.history",
        site=opened.name,
        source=past.source or None,
        as_of=past.as_of or opened.clock(),
        data=told,
        warnings=(*notes, *failed, *past.warnings),
        show=lambda page: _show(page, told, opened.clock(), users=everybody, sites=opened.several),
        sheet=job_table.finished_sheet(shown),
    )


async def _read(
    opened: Opened, period: Period, everybody: bool, passes: Callable[[Job], bool], enough: int | None
) -> "tuple[Past, list[Job], list[str]]":
    """What was read, the jobs of it that pass, and a line for each site that does not tell.

    Raises the error of the last site where none tells anything.
    """
    from naru.asking_history import read_slice
    from naru_client.insight.history import begin, drop

    centres = {centre.id: centre for centre in opened.centres}
    past = begin(period, list(centres), everybody=everybody, recorded=opened.recorded)
    found: list[Job] = []
    failed: list[tuple[str, str]] = []
    while not past.over and (enough is None or len(found) < enough):
        before = len(past.settled)
        past = await read_slice(centres, past)
        for site, error in past.failures.items():
            if past.as_of is None and len(past.sites) == 1:
                raise error
            failed.append((site, error.message))
            past = drop(past, site, error.message)
        found += [job for job in past.jobs[before:] if passes(job)]
    if past.as_of is None and past.missing:
        raise NotProvided(next(iter(past.missing.values())), _("only jobs in the queue can be shown"))
    failed += [(site, why) for site, why in past.missing.items() if site not in dict(failed)]
    lines = lines_of(failed) if opened.several else [text for _site, text in failed]
    return past, found, lines


def _show(page: "Page", told: Found, now: datetime, *, users: bool, sites: bool) -> None:
    from naru.commands import job_table

    if told.jobs:
        job_table.show_finished(page, told.jobs, now, users=users, sites=sites)
    else:
        page.remark(_("no job ended in this time") if told.page == 1 else _("there is no page {n}").format(n=told.page))
    if page.paper.terminal:
        for line in _summary(told, now):
            page.paragraph(line, indent=0, style="dim")


def _summary(told: Found, now: datetime) -> list[str]:
    from naru import format as form
    from naru.past_format import hours

    counted = told.totals
    lines = []
    if told.jobs:
        jobs = n_("{count} job", "{count} jobs", counted.jobs).format(count=counted.jobs)
        states = ", ".join(f"{count} {state.lower().replace('_', ' ')}" for state, count in counted.by_state)
        took = _("{hours} GPU-hours").format(hours=hours(counted.gpu_hours))
        if counted.untold:
            took += " " + n_("({n} not told)", "({n} not told)", counted.untold).format(n=counted.untold)
        lines.append(f"{jobs}: {states}; {took}")
    reach = _("back to {time}").format(time=form.when(told.reached, now))
    if told.more and told.limit:
        reach += "; " + _("--page {n} goes on").format(n=told.page + 1)
    return [*lines, reach]


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MOST and len(text) <= 7):
        raise argparse.ArgumentTypeError(_("{text} is not a number from 1 on").format(text=clean(text, 20)))
    return int(text)
