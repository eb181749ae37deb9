"""The door: a profile of a simulated centre becomes ordinary Slurm centres, asked by slurmrestd in this process.

Opening asks nothing and simulates nothing: the version and the sites' names are known here, and a site is simulated
from the first question to it on.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from naru_client.config import Profile

if TYPE_CHECKING:
    from naru_client.exchange import CallLog
    from naru_client.mock.firecrest_gateway import Gateway
    from naru_client.mock.world import Site, World
    from naru_client.slurm.centre import SlurmCentre

TARIFF, CUSTOMER = "korea-ai-programme", "sme"
TOKEN = "demo"  # opens nothing but the simulation in this process


def demo_profile(scenario: str = "programme", seed: int = 1, *, speed: float | None = None, site: str = "") -> Profile:
    """The profile of the demo: all sites of the scenario, or only the one that is named. Its prices are examples, those
    of a small company in the national programme: a university would pay nothing."""
    return Profile(
        name="demo", dialect="mock", scenario=scenario, seed=seed, speed=speed, site=site, tariff=TARIFF,
        customer=CUSTOMER, exhausted="waits",
    )  # fmt: skip


async def open_profile(
    profile: Profile, log: "CallLog", *, clock: Callable[[], float] = time.time, speed: float | None = None
) -> "SlurmCentre":
    """Open one site of a simulated centre, the one the profile names or the first.

    Its time starts at the clock's (epoch seconds) and passes `speed` times as fast: as the profile says when that is
    not given, and as the scenario says when neither does. Raises UsageError, naming those there are, for a scenario or
    a site that is not.
    """
    from naru_client.mock.firecrest_gateway import Gateway

    world = _world(profile, clock, speed)
    return _centre(profile, log, world.site(profile.site), Gateway(world))


async def open_sites(
    profile: Profile, log: "CallLog", *, clock: Callable[[], float] = time.time, speed: float | None = None
) -> tuple["SlurmCentre", ...]:
    """Open every site of a simulated centre, all living by one clock, or only the one the profile names.

    Raises what `open_profile` raises.
    """
    from naru_client.mock.firecrest_gateway import Gateway

    world = _world(profile, clock, speed)
    sites = (world.site(profile.site),) if profile.site else tuple(world.sites.values())
    gateway = Gateway(world)
    return tuple(_centre(profile, log, site, gateway) for site in sites)


def _world(profile: Profile, clock: Callable[[], float], speed: float | None) -> "World":
    from naru_client.mock.scenario import load_scenario
    from naru_client.mock.world import World

    return World(load_scenario(profile.scenario), profile.seed, clock, speed=profile.speed if speed is None else speed)


def _centre(profile: Profile, log: "CallLog", site: "Site", gateway: "Gateway") -> "SlurmCentre":
    from naru_client.credentials import Secret
    from naru_client.mock.contracts import CONTRACTS
    from naru_client.mock.faults import SiteLine, contracts_here
    from naru_client.mock.grants import Grants
    from naru_client.mock.slurmrestd import Slurmrestd
    from naru_client.slurm.centre import SlurmCentre
    from naru_client.slurm.job_ids import checked_user
    from naru_client.slurm.recording import LoggedTransport
    from naru_client.slurm.rest import HttpTransport, SlurmRest

    import httpx  # isort: skip  # not before `slurm.rest`, which keeps it from importing its command line

    user = checked_user(profile.user or site.plan.user)
    contracts = contracts_here(site.plan.release) or CONTRACTS
    face = Slurmrestd(site, trusted={TOKEN: user}, contracts=contracts)
    inner: httpx.AsyncBaseTransport = httpx.ASGITransport(app=face)
    if site.plan.faults:
        from naru_client.mock.fault_transport import FaultyTransport

        inner = FaultyTransport(inner, SiteLine(site, face))
    transport = HttpTransport(
        replace(profile, user=user), Secret(TOKEN), inner=inner,
        now=lambda: datetime.fromtimestamp(site.world.now(), UTC),
    )  # fmt: skip
    source = SlurmRest(
        LoggedTransport(transport, log, site.name), site=site.name, version=profile.contract or contracts[0],
        reached_by="simulated", timeout=profile.timeout,
    )  # fmt: skip
    files = gateway.files(profile, log, site, user)
    grants = Grants(site.plan, site.world.seed, site.world.opened, profile.grants)
    decays = bool(site.plan.half_life_days) if profile.usage_decays is None else profile.usage_decays
    return SlurmCentre(source, user=user, reached_by="simulated", files=files, grants=grants, usage_decays=decays)
