"""`naru mock serve|token|scenarios`: the simulated centre for any client, its tokens, and which ones there are."""

import argparse
import os
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING

from msgspec import Struct

from naru.commands.demo import seed, speed
from naru.output import Page, Result
from naru.plain_table import Column, Span
from naru.session import Context
from naru_client.config import Profile
from naru_client.errors import UsageError
from naru_client.i18n import _, mark
from naru_client.text import clean

if TYPE_CHECKING:
    from naru_client.mock.scenario import Scenario, SitePlan

CSV = False
WORKS_WITHOUT_SETTINGS = True

ACTIONS = {
    "serve": mark("the simulated centre on ports of this machine, for any client, until it is ended"),
    "token": mark("a token for a simulated centre that is served"),
    "scenarios": mark("the simulated centres there are"),
}
# Which options an action takes; with any other of them they make no sense.
TAKES = {
    "serve": ("scenario", "seed", "speed", "faults", "port", "host", "user", "token_lifespan", "profile_file", "site"),
    "token": ("scenario", "seed", "user", "token_lifespan"),
    "scenarios": ("scenario",),
}
USUAL = Profile()
DAY = 86_400.0
LONGEST_TOKEN = 3660 * DAY


class Accelerators(Struct, frozen=True):
    """How many of one model a site has."""

    kind: str
    model: str
    count: int


class FoundSite(Struct, frozen=True):
    name: str
    title: str
    release: str
    nodes: int
    accelerators: tuple[Accelerators, ...]


class FoundScenario(Struct, frozen=True):
    name: str
    title: str
    sites: tuple[FoundSite, ...]


class MintedToken(Struct, frozen=True):
    """A token, and until when it is good by the clock of a centre that runs as fast as real time."""

    scenario: str
    seed: int
    user: str
    token: str
    expires: datetime


def arguments(parser: argparse.ArgumentParser) -> None:
    names = max(map(len, ACTIONS))
    parser.usage = _("naru mock {actions} [OPTION …]").format(actions="|".join(ACTIONS))
    parser.epilog = "\n".join(f"  {name:{names}}  {_(text)}" for name, text in ACTIONS.items()) + _faults()
    parser.add_argument("action", choices=tuple(ACTIONS), metavar="|".join(ACTIONS), help=_("see below"))
    parser.add_argument(
        "--scenario", metavar=_("NAME|FILE.toml"), help=_("which centre is simulated: a name, or a file of your own")
    )
    parser.add_argument(
        "--seed", type=seed, metavar=_("NUMBER"), help=_("another seed makes another centre of that kind")
    )
    parser.add_argument(
        "--user", action="append", metavar=_("NAME"),
        help=_("whom to make a token for; serve makes one for the demo's user and an operator anyway"),
    )  # fmt: skip
    parser.add_argument(
        "--token-lifespan", "--lifespan", dest="token_lifespan", type=lifespan, metavar=_("SECONDS"),
        help=_("how long tokens are good, by the centre's clock (a day)"),
    )  # fmt: skip
    group = parser.add_argument_group(_("serve"))
    group.add_argument("--speed", type=speed, metavar=_("NUMBER"), help=_("simulated seconds a second"))
    group.add_argument(
        "--faults", action="append", metavar=_("FAULT"),
        help=_("what goes wrong, as in latency:0.5@jobs or slow; `none` for nothing at all; may be repeated"),
    )  # fmt: skip
    group.add_argument(
        "--port", type=port, metavar=_("NUMBER"),
        help=_("of the first site; the others follow, FirecREST last; 0, the default, takes any"),
    )  # fmt: skip
    group.add_argument("--host", metavar=_("ADDRESS"), help=_("an address of this machine alone (127.0.0.1)"))
    group.add_argument(
        "--profile-file", metavar=_("PATH"),
        help=_("write settings with a profile for each site: PATH/naru/config.toml, for XDG_CONFIG_HOME=PATH"),
    )  # fmt: skip


def _faults() -> str:
    """How faults are told, for --help."""
    from naru_client.mock.fault_syntax import BUNDLES, KINDS, NONE, form

    told = _("faults: {kinds}; sets of them: {sets}").format(kinds=", ".join(KINDS), sets=", ".join((*BUNDLES, NONE)))
    return f"\n\n{form()}\n{told}"


def lasting(context: Context) -> "Callable[[Callable[[Result], None]], int] | None":
    """What `naru mock serve` does until it is ended; it prints for itself. None for what is answered at once."""
    if context.args.action != "serve":
        return None
    _check(context.args)
    from naru.commands.mock_serve import stay

    return lambda say: stay(context, say)


async def run(context: Context) -> Result:
    _check(context.args)
    return _token(context.args) if context.args.action == "token" else _scenarios(context.args)


def _check(args: argparse.Namespace) -> None:
    """Refuse options that the action does not take, rather than do without them."""
    for name in sorted({name for names in TAKES.values() for name in names} - set(TAKES[args.action])):
        if getattr(args, name, None) is not None:
            raise UsageError(
                _("`naru mock {action}` takes no --{option}").format(action=args.action, option=name.replace("_", "-")),
                _("{program} --help shows what there is").format(program="naru mock"),
            )
    for name in ("profile", "replay"):
        if getattr(args, name):
            raise UsageError(
                _("`naru mock` asks no centre: --{option} means nothing to it").format(option=name),
                _("leave it out"),
            )


def scenario_named(args: argparse.Namespace) -> "Scenario":
    """The scenario that is meant. A file has one name however its path was typed: the key of its tokens goes by it."""
    from naru_client.mock.scenario import load_scenario

    name = USUAL.scenario if args.scenario is None else args.scenario
    return load_scenario(os.path.realpath(os.path.expanduser(name)) if name.endswith(".toml") else name)


def _token(args: argparse.Namespace) -> Result:
    from naru_client.mock.server_users import check_users
    from naru_client.mock.tokens import Keyring

    if not args.user or len(args.user) > 1:
        raise UsageError(_("a token is somebody's: --user NAME, once"))
    scenario = scenario_named(args)
    number = USUAL.seed if args.seed is None else args.seed
    check_users(scenario.sites, number, args.user)
    [user] = args.user
    now, lasts = datetime.now(UTC).timestamp(), args.token_lifespan or DAY
    token = Keyring.of(scenario.name, number).mint(user, now, lasts)
    made = MintedToken(scenario.name, number, user, token, datetime.fromtimestamp(int(now + lasts), UTC))
    return Result(schema="mock-token", data=made, show=lambda page: page.line(token))


def _scenarios(args: argparse.Namespace) -> Result:
    from naru_client.mock.scenario import load_scenario, scenario_names

    names = scenario_names() if args.scenario is None else (args.scenario,)
    found = tuple(_found(load_scenario(name)) for name in names)
    return Result(schema="mock-scenarios", data=found, show=lambda page: _show(page, found))


def _found(scenario: "Scenario") -> FoundScenario:
    return FoundScenario(scenario.name, clean(scenario.title), tuple(map(_found_site, scenario.sites)))


def _found_site(plan: "SitePlan") -> FoundSite:
    from naru_client.mock.cluster import Cluster

    nodes = Cluster(plan).node_list
    counts = Counter[tuple[str, str]]()
    for node in nodes:
        if node.gres_count:
            counts[node.gres_name, node.gres_type] += node.gres_count
    return FoundSite(
        plan.cluster, clean(plan.title), plan.release, len(nodes),
        tuple(Accelerators(kind, model, count) for (kind, model), count in counts.items()),
    )  # fmt: skip


def _show(page: Page, found: Sequence[FoundScenario]) -> None:
    for place, scenario in enumerate(found):
        if place:
            page.line()
        page.hanging([Span(scenario.name, "strong"), "  "], scenario.title)
        columns: tuple[Column[FoundSite], ...] = (
            Column(title=_("SITE"), cell=lambda s: s.name),
            Column(title=_("NODES"), cell=lambda s: str(s.nodes), right=True),
            Column(title=_("ACCELERATORS"), cell=_models, least=20),
            Column(title="Slurm", cell=lambda s: s.release, shed=1),
        )
        page.table(columns, scenario.sites, indent=2)


def _models(site: FoundSite) -> str:
    return ", ".join(f"{a.count} {a.model or a.kind}" for a in site.accelerators) or "-"


def port(text: str) -> int:
    """A port as it was typed."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        words = _("{text} is not a port: a number up to {most}")
        raise argparse.ArgumentTypeError(words.format(text=repr(text), most=65_535))
    return int(text)


def lifespan(text: str) -> float:
    """How long a token lasts, as it was typed."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not (isfinite(seconds) and 1 <= seconds <= LONGEST_TOKEN):
        words = _("{text} is not a number of seconds from {least} to {most}")
        raise argparse.ArgumentTypeError(words.format(text=repr(text), least=1, most=int(LONGEST_TOKEN)))
    return seconds
