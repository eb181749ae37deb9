"""What both kinds of test centre have: a world with a clock of the test's own, faults, tokens, new jobs."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from naru_client.errors import UsageError
from naru_client.mock.entities import Job
from naru_client.mock.fault_syntax import with_faults
from naru_client.mock.faults import Faults
from naru_client.mock.scenario import Fault, Scenario, load_scenario, parse_scenario
from naru_client.mock.simulator import Simulator
from naru_client.mock.world import Site, SteppedClock, World

START = datetime(2026, 11, 23, 3, tzinfo=UTC)  # a Monday, noon in Korea
LONG = 3650 * 86_400.0  # seconds a token is good for, where its end is not what is tested


class FaultSwitch:
    """The faults between a test and its centre, to be changed while it runs."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self._sites = {site.name: site for site in sites}

    def use(self, *told: str | Fault, site: str = "") -> None:
        """Have these faults and no others, at every site or at one, written as for `naru mock serve --faults`."""
        faults = [fault for one in told for fault in ((one,) if isinstance(one, Fault) else with_faults((), (one,)))]
        for chosen in self._chosen(site):
            chosen.use(faults)

    def clear(self, *, site: str = "") -> None:
        """Have none."""
        self.use(site=site)

    def told(self, site: str = "") -> tuple[Fault, ...]:
        """The faults of a site, or of the first one."""
        return self._chosen(site)[0].told

    def _chosen(self, site: str) -> list[Faults]:
        if site and site not in self._sites:
            raise UsageError(f"no site {site!r} in {', '.join(self._sites)}")
        return [one.faults for one in self._sites.values() if site in ("", one.name)]


class Bench:
    """A simulated centre under a test's control. Its time stands still between two calls of `step`, unless it was made
    with a `speed`."""

    def __init__(
        self,
        scenario: str | Scenario,
        *,
        seed: int = 1,
        start: datetime = START,
        faults: Iterable[str | Fault] = (),
        speed: float | None = None,
    ) -> None:
        self._clock = SteppedClock(start.timestamp())
        clock = self._clock if speed is None else _ticking(start.timestamp())
        self.world = World(scenario_of(scenario), seed, clock, speed=1.0 if speed is None else speed)
        self.faults = FaultSwitch(self.world.sites.values())
        if told := tuple(faults):
            self.faults.use(*told)

    @property
    def now(self) -> datetime:
        """The time in the simulation."""
        return datetime.fromtimestamp(self.world.now(), UTC)

    def step(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Let so much time pass; the time it is then."""
        self._clock.step(days * 86_400 + hours * 3600 + minutes * 60 + seconds)
        return self.now

    def token(self, user: str = "", *, lifespan: float = LONG) -> str:
        """A token for a user, or for whoever the demo is; good for so many seconds by the centre's clock."""
        return self.world.keyring.mint(user or self.world.site().plan.user, self.world.now(), lifespan)


def _ticking(start: float) -> Callable[[], float]:
    """A clock that begins at a time and goes as real time does."""
    began = time.monotonic()
    return lambda: start + time.monotonic() - began


def scenario_of(scenario: str | Scenario) -> Scenario:
    """A scenario by its name, by the path of its file, or from TOML as it stands. Raises UsageError."""
    if isinstance(scenario, Scenario):
        return scenario
    return parse_scenario(scenario, "test") if "\n" in scenario else load_scenario(scenario)


def submit_to(
    simulator: Simulator,
    *,
    user: str = "",
    name: str = "job",
    partition: str = "",
    nodes: int = 1,
    accelerators: int = 0,
    cores: int = 0,
    hours: float = 1.0,
    runs_hours: float | None = None,
    outcome: str = "COMPLETED",
    qos: str = "normal",
    account: str = "",
    **more: object,
) -> str:
    """Submit a job as its user would; its id. The scheduler looks at it a few seconds later.

    Where not said, it is the demo user's, in the first partition, and runs for all of its time but a minute.
    Accelerators and cores are per node; cores 0 are the partition's share for the accelerators. `more` are fields of
    the simulation's `Job`. Raises UsageError for a user, a partition or a field that is not there.
    """
    plan = simulator.plan
    user = user or plan.user
    partition = partition or plan.partitions[0].name
    if user not in simulator.workload.account_of:
        raise UsageError(f"no user {user!r} at {plan.cluster}")
    if missing := [one for one in partition.split(",") if one not in simulator.cluster.partitions]:
        raise UsageError(f"no partition {missing[0]!r} at {plan.cluster}: {', '.join(simulator.cluster.partitions)}")
    if unknown := [field for field in more if field not in Job.__struct_fields__]:
        raise UsageError(f"a job of the simulation has no {unknown[0]!r}")
    job = simulator.workload.make(
        user=user, name=name, partition=partition, nodes=nodes, accelerators=accelerators,
        cores=cores or (0 if accelerators else 1), hours=hours, now=simulator.now, qos=qos, account=account,
    )  # fmt: skip
    job.outcome, job.behaviour = outcome, ""
    job.run = max(1.0, job.limit - 60) if runs_hours is None else runs_hours * 3600
    for field, value in more.items():
        setattr(job, field, value)
    simulator.submit(job)
    return str(job.id)
