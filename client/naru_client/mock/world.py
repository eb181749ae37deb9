"""A whole simulated centre in one process: its sites and the one clock they live by.

A site is simulated from the first question to it on; what it would have done until then is made up for at once, so when
it is first asked changes nothing.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from naru_client.mock.faults import Faults
from naru_client.mock.scenario import Scenario, SitePlan
from naru_client.mock.simulator import Simulator
from naru_client.mock.tokens import Keyring


class SteppedClock:
    """A clock that stands still until it is told to go on. Epoch seconds."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def step(self, seconds: float) -> None:
        self.now += max(0.0, seconds)


class Site:
    """One site of a world. `faults` lie between it and whoever asks; a clock that is ahead is one of them."""

    def __init__(self, world: "World", plan: SitePlan) -> None:
        self.world = world
        self.plan = plan
        self.faults = Faults(plan.faults, f"{world.seed}/{plan.cluster}")
        self._simulator: Simulator | None = None

    @property
    def name(self) -> str:
        return self.plan.cluster

    def since_opening(self) -> float:
        """Seconds in the simulation since the world was opened."""
        return self.world.now() - self.world.opened

    def now(self) -> float:
        """The time by the site's own clock, epoch seconds."""
        return self.world.now() + self.faults.ahead(self.since_opening())

    def at_present(self) -> Simulator:
        """The simulation of the site as of now. Where its clock was put back, it stands still until that is made up."""
        if self._simulator is None:
            with not_collecting():
                self._simulator = Simulator(self.plan, self.world.seed, self.world.opened + self.faults.ahead(0.0))
        self._simulator.advance(self.now())
        return self._simulator


@contextmanager
def not_collecting() -> Iterator[None]:
    """Leave garbage alone while thousands of objects are made that all stay: a quarter of the time otherwise."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class World:
    """The sites of a scenario, by name and in order. `clock` gives epoch seconds; `speed` simulated seconds pass for
    each of them from the moment the world is made, as many as the scenario says when it is not given."""

    def __init__(
        self, scenario: Scenario, seed: int, clock: Callable[[], float], *, speed: float | None = None
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.speed = scenario.sites[0].speed if speed is None else speed
        self._clock = clock
        self.opened = clock()
        self.keyring = Keyring.of(scenario.name, seed)
        self.sites = {plan.cluster: Site(self, plan) for plan in scenario.sites}

    def now(self) -> float:
        """The time in the simulation, epoch seconds."""
        return self.opened + (self._clock() - self.opened) * self.speed

    def site(self, name: str = "") -> Site:
        """The site of that name, or the first one. Raises UsageError, naming those there are."""
        return self.sites[self.scenario.site(name).cluster]
