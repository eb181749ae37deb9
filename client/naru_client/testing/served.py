"""A simulated centre on real ports of this machine, served by a thread, for tests of any client."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from naru_client.mock.scenario import Fault, Scenario
from naru_client.mock.server import Served, serve
from naru_client.testing.bench import START, Bench, submit_to

T = TypeVar("T")

LEAVING = 10.0  # seconds that the thread gets to end


class ServedCentre(Bench):
    """A centre that is served. `reports` are faults of the simulation's own, which a test may want to be none."""

    def __init__(self, scenario: str | Scenario, **settings: Any) -> None:
        super().__init__(scenario, **settings)
        self.reports: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="naru-mock", daemon=True)
        self._served: Served | None = None

    @property
    def urls(self) -> dict[str, str]:
        """Where each site's slurmrestd answers, by the site's name."""
        return self._there.urls

    @property
    def url(self) -> str:
        """Where the first site's slurmrestd answers."""
        return next(iter(self.urls.values()))

    @property
    def firecrest_url(self) -> str:
        """Where FirecREST answers for all sites."""
        return self._there.firecrest_url

    def submit(self, *, site: str = "", **job: Any) -> str:
        """Submit a job at a site, or at the first one, as `bench.submit_to` has it; its id."""
        return self.within(lambda: submit_to(self.world.site(site).at_present(), **job))

    def within(self, question: Callable[[], T]) -> T:
        """Call something in the thread that serves: the simulation belongs to it."""

        async def asked() -> T:
            return question()

        return asyncio.run_coroutine_threadsafe(asked(), self._loop).result()

    def start(self) -> None:
        """Begin to serve. Raises UsageError when no port can be had."""
        self._thread.start()
        serving = serve(self.world, report=self.reports.append)
        self._served = asyncio.run_coroutine_threadsafe(serving, self._loop).result()

    def stop(self) -> None:
        """Hang up on everybody and end the thread. May be called twice."""
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            if self._served is not None:
                asyncio.run_coroutine_threadsafe(self._served.close(), self._loop).result(LEAVING)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(LEAVING)
        self._loop.close()

    @property
    def _there(self) -> Served:
        if self._served is None:
            raise RuntimeError("the centre is not being served")
        return self._served


@contextmanager
def served_centre(
    scenario: str | Scenario = "small",
    *,
    seed: int = 1,
    start: datetime = START,
    faults: Iterable[str | Fault] = (),
    speed: float | None = None,
) -> Iterator[ServedCentre]:
    """A simulated centre on ports of its own. Its time stands still until `step(…)`, or passes `speed` times as fast as
    real time where that is given; latencies and hangs take real seconds.

    The arguments are those of `stepped_centre`, and so are the errors.
    """
    served = ServedCentre(scenario, seed=seed, start=start, faults=faults, speed=speed)
    try:
        served.start()
        yield served
    finally:
        served.stop()
