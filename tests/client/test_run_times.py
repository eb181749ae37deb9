"""How long jobs have run before: whose, which, how many count, and what is said of a job that runs already."""

import random
import statistics
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.insight.run_times import FEWEST, NEWEST, Expected, RunTimes
from naru_client.model import Accelerators, Job

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
GPUS = (Accelerators("gpu", "h200", 8),)


def job(number: int, state: str = "COMPLETED", elapsed: int | None = 3600, ago: int = 0, **told: object) -> Job:
    usual: dict[str, object] = {
        "name": "train", "user": "kim", "account": "lab", "nodes": 1, "accelerators": GPUS, "time_limit": 86400,
        "ended": NOW - timedelta(hours=ago),
    }  # fmt: skip
    usual |= told
    return Job(site="s", id=str(number), job_id=number, state=state, elapsed=elapsed, **usual)  # type: ignore[arg-type]


def waiting(**told: object) -> Job:
    return job(999, "PENDING", None, 0, **{"ended": None, **told})


def test_the_nearest_kind_that_is_known_well_enough_counts() -> None:
    mine = [job(i, elapsed=100 * i) for i in (1, 2, 3)]
    others = [job(i, elapsed=7000, name=f"n{i}", user="lee") for i in (4, 5, 6)]
    small = [job(i, elapsed=50, name=f"n{i}", accelerators=()) for i in (7, 8, 9, 10)]
    times = RunTimes([*mine, *others, *small])
    told = [
        times.expected(waiting()),
        times.expected(waiting(name="new")),
        times.expected(waiting(name="new", nodes=7)),
        times.expected(waiting(user="park")),
        times.expected(waiting(user="park", account="else")),
    ]
    assert told == [
        Expected(seconds=200, basis="median of the last 3 jobs of kim named train", jobs=3),
        Expected(seconds=200, basis="median of the last 3 jobs of kim of this size", jobs=3),
        Expected(seconds=50, basis="median of the last 7 jobs of kim", jobs=7),
        Expected(seconds=3650, basis="median of the last 6 jobs of account lab of this size", jobs=6),
        None,
    ]


def test_two_are_too_few_and_what_was_stopped_from_outside_does_not_count() -> None:
    stopped = [job(i, state) for i, state in enumerate(("CANCELLED", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "RUNNING"))]
    two = [job(10), job(11, "TIMEOUT")]
    assert RunTimes([*stopped, *two]).expected(waiting()) is None
    assert RunTimes([*stopped, *two, job(12, "OUT_OF_MEMORY", None)]).expected(waiting()) is None
    spoken = RunTimes([*two, job(12, "FAILED", None, started=NOW - timedelta(hours=5))]).expected(waiting())
    assert spoken is not None
    assert spoken.seconds == 3600


def test_the_newest_fifty_count() -> None:
    old = [job(i, elapsed=10, ago=100 + i) for i in range(200)]
    new = [job(1000 + i, elapsed=5000, ago=i) for i in range(NEWEST)]
    mixed = [*old, *new]
    random.Random(4).shuffle(mixed)
    told = RunTimes(mixed).expected(waiting())
    assert told is not None
    assert (told.seconds, told.jobs) == (5000, NEWEST)


def test_of_a_job_that_runs_only_longer_ones_count() -> None:
    times = RunTimes([job(i, elapsed=1000 * i) for i in range(1, 8)])
    runs = times.expected(job(999, "RUNNING", 4500, ended=None))
    assert runs is not None
    assert (runs.seconds, runs.jobs) == (6000, 3)
    assert runs.basis == "median of 3 jobs of kim named train that ran for longer than this one has"
    assert times.expected(job(999, "RUNNING", 5500, ended=None)) is None
    assert times.expected(job(999, "RUNNING", None, ended=None)) is None
    assert times.expected(job(999)) is None  # it has ended: there is nothing to expect
    assert times.seconds(waiting(time_limit=1800)) == 1800


JOBS = st.lists(
    st.builds(
        job, st.integers(1, 99), st.sampled_from(("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED")),
        st.integers(0, 90_000) | st.none(), st.integers(0, 500), name=st.sampled_from(("", "a", "b")),
        user=st.sampled_from(("kim", "lee", None)), account=st.sampled_from(("lab", None)),
        accelerators=st.sampled_from((GPUS, (), None)),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(JOBS, st.sampled_from(("PENDING", "RUNNING")), st.integers(0, 90_000), st.integers(60, 90_000) | st.none())
def test_never_below_what_ran_nor_above_the_limit(jobs: list[Job], state: str, ran: int, limit: int | None) -> None:
    times = RunTimes(jobs)
    told = times.expected(job(999, state, ran, ended=None, time_limit=limit, name="a"))
    if told is None:
        return
    least = ran if state == "RUNNING" else 0
    assert told.seconds >= least
    assert limit is None or told.seconds <= max(limit, least)
    assert FEWEST <= told.jobs <= NEWEST
    assert str(told.jobs) in told.basis


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 10**6), min_size=3, max_size=50))
def test_it_is_the_median(taken: list[int]) -> None:
    told = RunTimes([job(i, elapsed=seconds) for i, seconds in enumerate(taken)]).expected(waiting(time_limit=None))
    assert told is not None
    assert told.seconds == int(statistics.median(taken))


def test_the_newest_of_a_hundred_thousand_jobs_are_found() -> None:
    seeded = random.Random(5)
    jobs = [
        job(i, elapsed=seeded.randrange(86400), ago=seeded.randrange(9000), name=f"n{i % 50}", user=f"u{i % 300}")
        for i in range(100_000)
    ]
    times = RunTimes(jobs)
    assert all(times.expected(waiting(user=f"u{i}")) is not None for i in range(300))
