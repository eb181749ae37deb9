"""Fixtures for pytest, for a project whose conftest.py says `pytest_plugins = ["naru_client.testing.plugin"]`.

In the process, with any runner of asynchronous tests:

    async def test_inside(naru_centre):
        async with naru_centre("small", seed=1) as lab:
            assert (await lab.centre.jobs()).value

Over a socket; without the marker it is "small", seed 1:

    @pytest.mark.naru_server("small", faults=["latency:0.1"])
    def test_over_a_socket(naru_server):
        naru_server.step(hours=1)
        call(naru_server.url, naru_server.token())

See `stepped_centre` and `served_centre` for what they take.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager

import pytest

from naru_client.testing import Lab, ServedCentre, served_centre, stepped_centre


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "naru_server(scenario, seed, faults, …): what `naru_server` serves")


@pytest.fixture
def naru_centre() -> Callable[..., AbstractAsyncContextManager[Lab]]:
    """Makes stepped centres inside the process: `async with naru_centre("small", seed=1) as lab`."""
    return stepped_centre


@pytest.fixture
def naru_server(request: pytest.FixtureRequest) -> Iterator[ServedCentre]:
    """A simulated centre on real ports; the marker `naru_server` takes the arguments of `served_centre`."""
    marker = request.node.get_closest_marker("naru_server")
    with served_centre(*(marker.args if marker else ()), **(marker.kwargs if marker else {})) as served:
        yield served
