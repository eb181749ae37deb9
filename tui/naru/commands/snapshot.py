"""`naru` without a verb: the terminal; where there is none to open, one plain page of what it would show first."""

import argparse
import asyncio
from collections.abc import Awaitable, Iterator
from datetime import datetime
from typing import TypeVar

from msgspec import UNSET, Struct
from msgspec.structs import replace

from naru.commands.asking import Told, ask_all
from naru.commands.gpus import gpu_lines
from naru.commands.jobs import read
from naru.commands.snapshot_page import NextStart, Snapshot, View, show
from naru.joining import join_sources, lines_of, named
from naru.output import Result
from naru.session import Context, Opened
from naru.terminal import is_terminal
from naru_client.centre import Centre
from naru_client.errors import NaruError, NotProvided
from naru_client.i18n import _
from naru_client.insight.overview import next_start, notices
from naru_client.insight.tally import merge_tallies, tally
from naru_client.model import Job, Node, Notice, Reservation, Site
from naru_client.reading import Reading

CSV = False

T = TypeVar("T")


class Look(Struct, frozen=True, kw_only=True):
    """What one site tells of itself, or why it does not; at least its nodes or its jobs were read."""

    site: Reading[Site] | NaruError
    nodes: Reading[tuple[Node, ...]] | NaruError
    jobs: Reading[tuple[Job, ...]] | NaruError
    reservations: Reading[tuple[Reservation, ...]] | NaruError

    @property
    def source(self) -> str:
        return next(part.source for part in (self.jobs, self.nodes) if isinstance(part, Reading))

    @property
    def as_of(self) -> datetime:
        return max(part.as_of for part in (self.jobs, self.nodes, self.site) if isinstance(part, Reading))


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help=_("one plain page instead of the terminal"))


def opens_terminal(context: Context) -> bool:
    """Whether there is somebody at a terminal who did not ask for anything else."""
    args = context.args
    plain = args.once or args.json or context.environ.get("TERM", "dumb") in ("", "dumb")
    return not plain and context.paper.terminal and context.stdin is not None and is_terminal(context.stdin)


async def run(context: Context) -> Result:
    opened = await context.open()
    several = opened.several
    told, failed = await ask_all(opened, lambda centre: _look(opened, centre))
    looks = [one.said for one in told]
    as_of = max(look.as_of for look in looks)
    read_jobs = [look.jobs.value for look in looks if isinstance(look.jobs, Reading)]
    own = tuple(job for jobs in read_jobs for job in jobs) if read_jobs else None
    first = next_start(own or (), as_of)
    tallies = [(one.centre.id, tally(one.said.nodes.value)) for one in told if isinstance(one.said.nodes, Reading)]
    lines = tuple(line for site, found in tallies for line in gpu_lines(site, found)) if tallies else None
    merged = gpu_lines("", merge_tallies(one for _site, found in tallies for one in found)) if tallies else None
    home = told[0].said.site if told[0].centre is opened.home else None
    snapshot = Snapshot(
        site=home.value if isinstance(home, Reading) else None,
        sites=tuple(look.site.value for look in looks if isinstance(look.site, Reading)) if several else UNSET,
        accelerators=lines,
        jobs=own,
        next_start=NextStart(first[0].id, first[1], first[0].site if several else UNSET) if first else None,
        notices=tuple(notice for one in told for notice in _notices(one, as_of, several=several)),
    )
    view = View(
        name=opened.name,
        open=tuple(centre.id for centre in opened.centres),
        known_user=all(one.centre.user is not None for one in told),
        bars=merged if several else lines,
    )
    said = [(one.centre.id, line) for one in told for line in _warnings(one.said)]
    warnings = [*failed, *(lines_of(said) if several else (line for _site, line in said))]
    return Result(
        schema="snapshot",
        site=opened.name,
        source=join_sources(look.source for look in looks),
        as_of=as_of,
        data=snapshot,
        warnings=tuple(dict.fromkeys(warnings)),
        show=lambda page: show(page, snapshot, view, as_of),
    )


async def _look(opened: Opened, centre: Centre) -> Look:
    """One site, all its parts asked for at once. Raises what keeps both its nodes and its jobs away."""
    site, nodes, jobs, reservations = await asyncio.gather(
        _tried(centre.site()),
        _tried(centre.nodes()),
        _tried(read(opened, centre, centre.user, None)),
        _tried(centre.reservations()),
    )
    if isinstance(nodes, NaruError) and isinstance(jobs, NaruError):
        raise jobs if isinstance(nodes, NotProvided) else nodes
    return Look(site=site, nodes=nodes, jobs=jobs, reservations=reservations)


async def _tried(asked: Awaitable[Reading[T]]) -> Reading[T] | NaruError:
    try:
        return await asked
    except NaruError as error:
        return error


def _warnings(look: Look) -> Iterator[str]:
    """What a site says beside its figures, and why it does not tell some of them."""
    for part in (look.site, look.nodes, look.jobs, look.reservations):
        if not isinstance(part, NotProvided):
            yield from part.warnings if isinstance(part, Reading) else (part.message,)


def _notices(told: Told[Look], now: datetime, *, several: bool) -> Iterator[Notice]:
    look = told.said
    found = look.site.value.notices if isinstance(look.site, Reading) else ()
    if isinstance(look.reservations, Reading):
        found += notices(look.reservations.value, now)
    for notice in found:
        yield replace(notice, text=named(told.centre.id, notice.text)) if several else notice
