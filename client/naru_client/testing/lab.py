"""A simulated centre inside a test's own process, read by the client that reads real ones."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from naru_client.config import Profile
from naru_client.credentials import Secret
from naru_client.exchange import CallLog
from naru_client.mock.faults import SiteLine, contracts_here
from naru_client.mock.firecrest_gateway import Gateway
from naru_client.mock.scenario import Fault, Scenario
from naru_client.mock.simulator import Simulator
from naru_client.mock.slurmrestd import Slurmrestd
from naru_client.mock.world import Site
from naru_client.slurm.centre import SlurmCentre
from naru_client.slurm.recording import LoggedTransport
from naru_client.slurm.rest import HttpTransport, SlurmRest
from naru_client.testing.bench import LONG, START, Bench, submit_to

import httpx  # isort: skip  # after slurm.rest, which keeps it from importing its command line

from naru_client.mock.fault_transport import FaultyTransport  # isort: skip  # which wants httpx there


class Lab(Bench):
    """A stepped centre. `centre` is the first site as the demo's user reads it, `log` every call that was made.

    Nobody waits for real: `slept` is what latencies and hangs would have taken, in seconds.
    """

    centre: SlurmCentre

    def __init__(self, scenario: str | Scenario, **settings: Any) -> None:
        super().__init__(scenario, **settings)
        self.log = CallLog()
        self.slept = 0.0
        self._opened: list[SlurmCentre] = []
        self._faces: dict[str, Slurmrestd] = {}
        self._gateway = Gateway(self.world, sleep=self._sleep)

    @property
    def simulator(self) -> Simulator:
        """The simulation of the first site, as of now."""
        return self.world.site().at_present()

    def open(
        self, site: str = "", *, user: str = "", token: str = "", lifespan: float = LONG, patience: float = 30.0
    ) -> SlurmCentre:
        """A site as somebody reads it: the first one and the demo's user where not said.

        `token` is another one than the right one, `lifespan` how many seconds the right one is good for, `patience` how
        many seconds an answer is waited for. It is closed with the lab. Raises UsageError for a site that is not there.
        """
        chosen = self.world.site(site)
        user = user or chosen.plan.user
        profile = Profile(name=chosen.name, dialect="mock", user=user, timeout=patience)
        face = self._face(chosen)
        transport = HttpTransport(
            profile,
            Secret(token or self.token(user, lifespan=lifespan)),
            inner=FaultyTransport(httpx.ASGITransport(app=face), SiteLine(chosen, face), sleep=self._sleep),
            now=lambda: datetime.fromtimestamp(self.world.now(), UTC),
        )
        source = SlurmRest(
            LoggedTransport(transport, self.log, chosen.name), site=chosen.name, version=face.contracts[0],
            reached_by="simulated", timeout=patience,
        )  # fmt: skip
        files = self._gateway.files(
            profile, self.log, chosen, user, token=lambda: token or self.token(user, lifespan=lifespan)
        )
        self._opened.append(SlurmCentre(source, user=user, reached_by="simulated", files=files))
        return self._opened[-1]

    def submit(self, *, site: str = "", **job: Any) -> str:
        """Submit a job at a site, or at the first one, as `bench.submit_to` has it; its id."""
        return submit_to(self.world.site(site).at_present(), **job)

    async def close(self) -> None:
        """Close every centre that was opened."""
        await asyncio.gather(*(centre.close() for centre in self._opened))

    def _face(self, site: Site) -> Slurmrestd:
        """One slurmrestd for each site, whoever reads it: an upgrade is everybody's."""
        if site.name not in self._faces:
            self._faces[site.name] = Slurmrestd(site, contracts=contracts_here(site.plan.release))
        return self._faces[site.name]

    async def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        await asyncio.sleep(0)


@asynccontextmanager
async def stepped_centre(
    scenario: str | Scenario = "small",
    *,
    seed: int = 1,
    start: datetime = START,
    faults: Iterable[str | Fault] = (),
    site: str = "",
    user: str = "",
) -> AsyncIterator[Lab]:
    """A simulated centre whose time stands still until `lab.step(…)`; `lab.centre` reads it.

    `scenario` is the name of one that comes with Naru, the path of a `.toml`, TOML as it stands, or one that was
    loaded. `faults` replace the scenario's own. `site` and `user` say which site `lab.centre` reads, and as whom.
    Raises UsageError for a scenario, a fault or a site that is not right.
    """
    lab = Lab(scenario, seed=seed, start=start, faults=faults)
    try:
        lab.centre = lab.open(site, user=user)
        yield lab
    finally:
        await lab.close()
