"""`naru mock serve`: a simulated centre on ports of this machine, until it is ended.

It ends, within a second and with exit code 0, by Ctrl+C, by SIGTERM or SIGHUP, and when what reads its output leaves.
"""

import argparse
import asyncio
import gc
import os
import shlex
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from naru.commands.mock import DAY, USUAL, scenario_named
from naru.output import Page, Result, remark
from naru.plain_table import Column, Span
from naru.session import Context
from naru_client.i18n import _
from naru_client.text import clean

if TYPE_CHECKING:
    from naru_client.mock.scenario import Scenario
    from naru_client.mock.server import Served
    from naru_client.mock.world import Site, World

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 0.9  # seconds after which an ending waits for nobody


class Token(Struct, frozen=True):
    """Somebody's token, good until then by the centre's clock."""

    user: str
    operator: bool
    token: str
    expires: datetime


class ServedSite(Struct, frozen=True):
    name: str
    title: str
    release: str
    url: str
    user: str
    faults: tuple[str, ...]
    tokens: tuple[Token, ...]


class Service(Struct, frozen=True, kw_only=True):
    """What is served. `opened` is when the simulation began; `speed` of its seconds pass in one."""

    scenario: str
    title: str
    seed: int
    speed: float
    opened: datetime
    sites: tuple[ServedSite, ...]
    firecrest: str
    profile_file: str | None
    try_it: str


def stay(context: Context, say: Callable[[Result], None]) -> int:
    """Serve until it is ended; the exit code."""
    gc.enable()  # a verb that is over at once does without
    return asyncio.run(_serve(context, say))


async def _serve(context: Context, say: Callable[[Result], None]) -> int:
    from naru_client.mock.server import check_host, serve
    from naru_client.mock.server_users import check_users

    args = context.args
    host = check_host("127.0.0.1" if args.host is None else args.host)
    scenario = scenario_of(args)
    names = [name.strip() for name in (args.site or "").split(",") if name.strip()]
    plans = [scenario.site(name) for name in dict.fromkeys(names)] or list(scenario.sites)
    number = USUAL.seed if args.seed is None else args.seed
    check_users(plans, number, args.user or ())
    place = None
    if args.profile_file is not None:
        from naru.commands.mock_profiles import place_of, write

        place = place_of(args.profile_file)
    with _endings() as ended:
        from naru_client.mock.world import World

        speed = scenario.sites[0].speed if args.speed is None else args.speed
        world = World(replace(scenario, sites=tuple(plans)), number, time.time, speed=speed)
        sites = tuple(world.sites.values())
        for site in sites:
            site.at_present()
        served = await serve(world, host=host, port=args.port or 0, report=_report)
        try:
            service = _service(world, sites, served, args)
            if place is not None:
                write(place, service.sites, service.firecrest)
                home = shlex.quote(str(place.parent.parent))
                try_it = f"XDG_CONFIG_HOME={home} naru --profile {shlex.quote(sites[0].name)} jobs"
                service = replace(service, profile_file=clean(str(place)), try_it=try_it)
            say(Result(
                schema="mock", source=_("a simulation"), as_of=service.opened, data=service,
                show=lambda page: _show(page, service),
            ))  # fmt: skip
            with _unread(ended):
                await ended.wait()
        finally:
            await served.close()
    return 0


def scenario_of(args: argparse.Namespace) -> "Scenario":
    """The scenario that is meant, with the faults that were told besides its own. Raises UsageError."""
    from naru_client.mock.fault_syntax import with_faults

    scenario = scenario_named(args)
    told = args.faults or ()
    sites = tuple(replace(plan, faults=with_faults(plan.faults, told)) for plan in scenario.sites)
    return replace(scenario, sites=sites)


def _service(world: "World", sites: "Sequence[Site]", served: "Served", args: argparse.Namespace) -> Service:
    from naru_client.mock.fault_syntax import written

    lasts = args.token_lifespan or DAY * max(1.0, world.speed)
    told = []
    for site in sites:
        tokens = _tokens(site, args.user or (), lasts)
        told.append(ServedSite(
            site.name, clean(site.plan.title), site.plan.release, served.urls[site.name], site.plan.user,
            tuple(map(written, site.faults.told)), tokens,
        ))  # fmt: skip
    return Service(
        scenario=clean(world.scenario.name), title=clean(world.scenario.title), seed=world.seed, speed=world.speed,
        opened=datetime.fromtimestamp(world.opened, UTC), sites=tuple(told), firecrest=served.firecrest_url,
        profile_file=None, try_it=f"SLURM_JWT={told[0].tokens[0].token} naru --profile {told[0].url} jobs",
    )  # fmt: skip


def _tokens(site: "Site", users: Sequence[str], lasts: float) -> tuple[Token, ...]:
    """For whoever the demo is there, for one operator, and for those asked for whom the site knows."""
    from naru_client.mock.server_users import users_of

    known = users_of(site.plan, site.world.seed)
    names = (site.plan.user, *site.plan.operators[:1], *(user for user in users if user in known))
    now = site.world.now()
    expires = datetime.fromtimestamp(int(now + lasts), UTC)
    return tuple(
        Token(name, name in site.plan.operators, site.world.keyring.mint(name, now, lasts), expires)
        for name in dict.fromkeys(names)
    )


def _show(page: Page, service: Service) -> None:
    words = _("The simulated centre {name} is served until you end it (Ctrl+C).")
    page.line(Span(words.format(name=service.scenario), "strong"))
    page.line(_("Seed {seed}, {speed:g} simulated seconds a second.").format(seed=service.seed, speed=service.speed))
    page.line()
    columns: tuple[Column[tuple[str, str, str]], ...] = (
        Column(title=_("SITE"), cell=lambda row: row[0]),
        Column(title=_("ADDRESS"), cell=lambda row: row[1]),
        Column(title=_("SPEAKS"), cell=lambda row: row[2]),
    )
    rows = [(site.name, site.url, f"slurmrestd {site.release}") for site in service.sites]
    page.table(columns, [*rows, (_("all of them"), service.firecrest, "FirecREST v2")])
    for site in service.sites:
        if site.faults:
            words = _("Faults of {site}: {faults}")
            page.line(Span(words.format(site=site.name, faults=" ".join(site.faults)), "warn"))
    page.line()
    page.line(_("Tokens, good for this simulation and nothing else:"))
    shown: set[str] = set()
    for site in service.sites:
        for one in site.tokens:
            if one.user not in shown:
                shown.add(one.user)
                role = _("operator") if one.operator else _("user")
                page.line("  ", Span(one.user, "strong"), f" ({role})  ", one.token)
    page.line()
    if service.profile_file:
        page.line(_("Settings written: {path}").format(path=service.profile_file))
    page.line(_("To try it: {command}").format(command=service.try_it))


def _report(words: str) -> None:
    """Tell of a fault of ours while it is served: one line."""
    with suppress(OSError, ValueError):
        remark(sys.stderr, _("internal error: {words}").format(words=clean(words)))
        sys.stderr.flush()


@contextmanager
def _endings() -> Iterator[asyncio.Event]:
    """An event that the signals set by which a service is ended. A simulation that is busy then is not waited for."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))  # nothing is lost: a simulation keeps nothing
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        loop.call_soon_threadsafe(ended.set)

    # what a parent had us ignore (`nohup`, `&` in a script) stays ignored
    heeded = [number for number in ENDINGS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in heeded}
    alarm = signal.getsignal(signal.SIGALRM)
    try:
        yield ended
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, alarm)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _unread(ended: asyncio.Event) -> Iterator[None]:
    """Set the event when what reads our output through a pipe has left: nobody is there to end the service then."""
    loop, watched = asyncio.get_running_loop(), None
    with suppress(OSError, ValueError, AttributeError):
        number = sys.stdout.fileno()
        if stat.S_ISFIFO(os.fstat(number).st_mode) or stat.S_ISSOCK(os.fstat(number).st_mode):
            loop.add_reader(number, ended.set)  # the writing end of a pipe is "readable" once the other is closed
            watched = number
    try:
        yield
    finally:
        if watched is not None:
            loop.remove_reader(watched)
