"""The door: a profile of a simulated centre becomes an ordinary Slurm centre, asked by slurmrestd in this process."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from naru_client.config import Profile

if TYPE_CHECKING:
    from naru_client.exchange import CallLog
    from naru_client.slurm.centre import SlurmCentre

TOKEN = "demo"  # opens nothing but the simulation in this process


def demo_profile(scenario: str = "small", seed: int = 1) -> Profile:
    """The profile of the demo."""
    return Profile(name="demo", dialect="mock", scenario=scenario, seed=seed)


async def open_profile(
    profile: Profile, log: "CallLog", *, clock: Callable[[], float] = time.time, speed: float | None = None
) -> "SlurmCentre":
    """Open a simulated centre whose time starts at the clock's (epoch seconds) and passes `speed` times as fast, which
    is as fast as the scenario says when not given.

    Raises UsageError, naming the scenarios there are, for one that is not.
    """
    from naru_client.credentials import Secret
    from naru_client.mock.scenario import load_scenario
    from naru_client.mock.simulator import Simulator
    from naru_client.mock.slurmrestd import Slurmrestd
    from naru_client.mock.wire_values import VERSION
    from naru_client.slurm.open import open_rest
    from naru_client.slurm.rest import HttpTransport

    scenario = load_scenario(profile.scenario)
    user = profile.user or scenario.user
    import httpx  # not before `slurm.rest`, which keeps it from importing its command line

    simulator = Simulator(scenario, profile.seed, clock())
    app = Slurmrestd(simulator, {TOKEN: user}, clock, scenario.speed if speed is None else speed)
    # The version is known here, so nothing is asked twice before the first screen.
    told = Profile(
        name=profile.name, dialect=profile.dialect, user=user, contract=VERSION, timeout=profile.timeout,
        scenario=profile.scenario, seed=profile.seed,
    )  # fmt: skip
    transport = HttpTransport(
        told,
        Secret(TOKEN),
        inner=httpx.ASGITransport(app=app),
        now=lambda: datetime.fromtimestamp(simulator.now, UTC),
    )
    return await open_rest(told, transport, log, user=user, reached_by="simulated")
