"""Whatever anybody asks of the simulated centre, it is answered, and everything that must hold still does."""

from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.client.mock_actions import ANN, BOB, LEAD, STAFF, Site, runs
from tests.client.mock_world import NOON, check, world

from naru_client.mock.actions import Controller
from naru_client.mock.actions_fields import JOB
from naru_client.mock.requests import Caller, Trouble
from naru_client.mock.simulator import Simulator

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8),
    st.sampled_from(
        ["gres/gpu:1", "1-3%2", "0-5", "gpu", "cpu", "gpu,debug", "afterany:100434", "singleton", "lab", "firm",
         "normal", "h100", "g-1", "g-[1-2]", "now+60", "2", "1-2", "matlab:1", "course", "KILL", "100434_1", "100435",
         "9999999999", "-1", "0-99999999", "A=1", "HOLD", "DRAIN", "RESUME", "DOWN", "VERBOSE", "IGNORE_JOBS", "DAILY"]
    ),
    st.sampled_from([0, 1, 2, 3, 5, 60, -1, 2**31, 2**32 - 2, 2**63, int(NOON) + 300, int(NOON) + 4000, True, False]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3),
        st.fixed_dictionaries({"set": st.booleans(), "infinite": st.booleans(), "number": inner}),
    ),
    max_leaves=5,
)  # fmt: skip
JOBS = st.dictionaries(st.sampled_from([*JOB, "nonsense"]), VALUES, max_size=6)
GOOD = st.fixed_dictionaries(
    {"partition": st.sampled_from(["gpu", "cpu", "gpu,debug"]), "current_working_directory": st.just("/"),
     "environment": st.sampled_from([["A=1"], runs(30), runs(200, "FAILED", 1), runs(0)])},
    optional={
        "tres_per_node": st.sampled_from(["gres/gpu:1", "gres/gpu:4"]), "nodes": st.sampled_from(["1", "2"]),
        "array": st.sampled_from(["0-3", "0-5%1", "7", "1,4%2"]), "time_limit": st.integers(1, 99),
        "dependency": st.sampled_from(["singleton", "afterany:100434_2", "afterok:100435", "after:100434+1"]),
        "hold": st.booleans(), "requeue": st.booleans(), "nice": st.integers(0, 50),
    },
)  # fmt: skip
NUMBERS = st.sampled_from([str(n) for n in range(100_433, 100_446)] + ["100434_1", "100435_0", "100436+1", "x", "0"])
SINGLE = GOOD.map(lambda job: {name: value for name, value in job.items() if name != "array"})
STATES = st.sampled_from(["DRAIN", "DOWN", "RESUME", "IDLE", "UNDRAIN"])
WINDOW = st.fixed_dictionaries(
    {"name": st.sampled_from(["r1", "r2"]), "start_time": st.sampled_from([int(NOON) + 60, int(NOON) + 900]),
     "duration": VALUES, "node_list": st.sampled_from(["g-1", "g-[1-2]", "ALL"]), "users": st.just(["ann"])}
)  # fmt: skip


def asks(method: str, tails: str | st.SearchStrategy[str], bodies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(method), st.just(tails) if isinstance(tails, str) else tails, bodies)


BODIES = st.one_of(
    asks("POST", "job/submit", GOOD.map(lambda job: {"script": "#!", "job": job})),
    asks("POST", "job/submit", st.builds(lambda good, any_: {"script": "#!", "job": good | any_}, GOOD, JOBS)),
    asks("POST", "job/submit", st.lists(SINGLE, max_size=3).map(lambda jobs: {"script": "#!", "jobs": jobs})),
    asks("POST", "job/submit", VALUES),
    asks("POST", "job/allocate", GOOD.map(lambda job: {"job": job})),
    asks("POST", NUMBERS.map("job/{}".format), JOBS),
    asks("POST", NUMBERS.map("job/{}".format), GOOD),
    asks("DELETE", NUMBERS.map("job/{}".format), st.none()),
    asks("GET", NUMBERS.map("job/{}/requeue".format), st.none()),
    asks("POST", "jobs/requeue", st.fixed_dictionaries({"jobs": st.lists(NUMBERS), "flags": VALUES})),
    asks("DELETE", "jobs", st.fixed_dictionaries({"jobs": st.lists(NUMBERS)})),
    asks("DELETE", "jobs", VALUES),
    asks("POST", st.sampled_from(["node/g-1", "node/g-2", "node/c-1"]),
         st.fixed_dictionaries({"state": STATES, "reason": VALUES})),
    asks("POST", "nodes", VALUES),
    asks("POST", "reservation", WINDOW),
    asks("POST", "reservations", VALUES),
    asks("DELETE", st.sampled_from(["reservation/r1", "reservation/course"]), st.none()),
)  # fmt: skip
WAITS = st.sampled_from([0, 0, 1, 30, 130, 400])


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(st.lists(st.tuples(BODIES, st.sampled_from([ANN, BOB, LEAD, STAFF]), WAITS), max_size=25))
def test_nothing_that_anybody_asks_breaks_a_law(asked: list[tuple[Any, Caller, float]]) -> None:
    site = Site()
    for (method, tail, body), who, wait in asked:
        assert 200 <= site.status(method, tail, body, who) < 500, (method, tail, body)
        check(site.sim)
        site.later(wait)
    site.later(5000)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["job/submit", "job/allocate", "job/100434", "nodes", "reservations"]))
def test_no_bytes_are_too_strange(body: bytes, tail: str) -> None:
    action = Controller(shared()).find("POST", tail)
    assert action is not None
    with pytest.raises(Trouble) as caught:
        action(STAFF, {}, body or b" ")
    assert 400 <= caught.value.status < 500


@cache
def shared() -> Simulator:
    return world()
