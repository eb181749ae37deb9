"""A year of a centre: what its jobs cost by the tariff is what its own books say, to the won, whatever happened."""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.client.cost_ledger import (
    END,
    SHAPES,
    TARIFF,
    TURN,
    YEAR,
    Dated,
    Event,
    Run,
    Shape,
    Year,
    an_hour,
    books,
    record,
    won,
)

from naru_client.insight.cost import Cost, cost_of
from naru_client.insight.reckoning import Reckoner
from naru_client.insight.spending import WAYS, spending
from naru_client.insight.tariff import Terms
from naru_client.model import Job
from naru_client.tariff_file import parse_tariff

HOUR, DAY = 3600, 86400
WON = Terms(customer="youth", service="cheap", price="KRW")
LOW, HIGH = (Fraction(part) * Fraction("0.9") * Fraction("1370.5") / 3 for part in ("0.025", "0.05"))
RECKONERS: dict[tuple[str, Terms], Reckoner] = {
    (dated, terms): Reckoner(parse_tariff(TARIFF.format(dated=dated), "year.toml", "year"), terms)
    for dated in ("start", "end")
    for terms in (WON, Terms())
}


def by_account(jobs: Iterable[Job], reckoner: Reckoner, now: datetime) -> dict[str | None, Cost]:
    """As the Quota tab adds them up."""
    return {spent.key: spent.cost for spent in spending(jobs, "account", reckoner, now)}


@pytest.mark.parametrize(("dated", "jobs"), [("start", 200_000), ("end", 40_000)])
def test_a_years_jobs_cost_what_the_books_say_to_the_won(dated: Dated, jobs: int) -> None:
    year = Year(20260302, jobs)
    assert len(year.jobs) >= jobs
    owed = books(year.runs, year.events, dated, END)
    costs = by_account(year.jobs, RECKONERS[dated, WON], END)
    assert set(costs) == set(owed)
    for account, cost in costs.items():
        assert cost.unpriced == 0
        assert cost.settled is not None
        assert (cost.settled.low, cost.settled.high) == (
            won(owed[account or ""] * LOW),
            won(owed[account or ""] * HIGH),
        )


def test_the_years_kinds_of_trouble_all_occur() -> None:
    year = Year(1, 3_000)
    assert any(job.restarts for job in year.jobs)
    assert any(job.array_id for job in year.jobs)
    assert any(job.het_offset for job in year.jobs)
    assert any(job.elapsed is None for job in year.jobs)
    lasted = {run.number: (run.ended or END) - run.began for run in year.runs}
    told = {job.job_id: job.elapsed for job in year.jobs if job.elapsed is not None}
    assert any(lasted[n].total_seconds() > seconds > 0 for n, seconds in told.items())  # suspended
    assert any(span < timedelta(0) for span in lasted.values())  # a clock set back
    assert any(run.began < TURN <= (run.ended or END) for run in year.runs)  # across new rates


STRETCHES = st.lists(st.tuples(st.integers(0, 3 * DAY), st.integers(0, 2 * DAY)), min_size=1, max_size=5)
LIVES = st.tuples(
    st.sampled_from(SHAPES),
    st.sampled_from(("a", "b")),
    st.integers(-20 * DAY, 20 * DAY),  # from the turn of the rates
    st.lists(STRETCHES, min_size=1, max_size=4),  # its runs, and their stretches and pauses
    st.booleans(),  # whether it still runs
)


def lived(
    lives: list[tuple[Shape, str, int, list[list[tuple[int, int]]], bool]], now: datetime
) -> tuple[list[Job], list[Run], list[Event]]:
    """Records, runs and events of these jobs, each run of a job after the one before."""
    jobs: list[Job] = []
    runs: list[Run] = []
    events: list[Event] = []
    for shape, account, after, history, open_end in lives:
        at = TURN + timedelta(seconds=after)
        for place, stretches in enumerate(history):
            number, begin, used = len(runs), at, 0
            last = open_end and place == len(history) - 1
            for seconds, pause in stretches:
                stop = at + timedelta(seconds=seconds)
                events += [Event(number, int(at.timestamp()), -1), Event(number, int(stop.timestamp()), +1)]
                used += seconds
                at = stop + timedelta(seconds=pause)
            run = Run(number, account, shape, begin, None if last else stop)
            runs.append(run)
            jobs.append(record(run, "SUSPENDED" if last else "COMPLETED", used))
    return jobs, runs, events


@settings(max_examples=120, deadline=None)
@given(st.lists(LIVES, max_size=8), st.sampled_from(("start", "end")), st.randoms(use_true_random=False))
def test_no_order_requeue_or_suspension_makes_them_differ(
    lives: list[tuple[Shape, str, int, list[list[tuple[int, int]]], bool]], dated: Dated, rng: random.Random
) -> None:
    now = TURN + timedelta(days=60)
    jobs, runs, events = lived(lives, now)
    rng.shuffle(jobs)
    rng.shuffle(events)
    owed = books(runs, events, dated, now)
    for account, cost in by_account(jobs, RECKONERS[dated, WON], now).items():
        ended = books([run for run in runs if run.ended], events, dated, now)[account or ""]
        assert cost.settled is not None
        assert cost.in_flight is not None
        assert (cost.settled.low, cost.settled.high) == (won(ended * LOW), won(ended * HIGH))
        flying = owed[account or ""] - ended
        assert (cost.in_flight.low, cost.in_flight.high) == (won(flying * LOW), won(flying * HIGH))


@settings(max_examples=80, deadline=None)
@given(st.lists(LIVES, min_size=1, max_size=6), st.sampled_from(("start", "end")), st.integers(-(10**7), 10**7))
def test_a_clock_that_is_wrong_throughout_changes_nothing_but_the_rates(
    lives: list[tuple[Shape, str, int, list[list[tuple[int, int]]], bool]], dated: Dated, wrong: int
) -> None:
    now = TURN + timedelta(days=60)
    shift = timedelta(seconds=wrong)
    jobs, runs, events = lived(lives, now)
    shifted = [
        replace(job, started=job.started and job.started + shift, ended=job.ended and job.ended + shift) for job in jobs
    ]
    moved = [run._replace(began=run.began + shift, ended=run.ended and run.ended + shift) for run in runs]
    owed = sum(books(moved, events, dated, now).values(), Fraction(0))
    cost = cost_of(shifted, RECKONERS[dated, WON], now)
    assert cost.settled is not None
    assert cost.in_flight is not None
    assert abs(Fraction(cost.settled.low) + Fraction(cost.in_flight.low) - owed * LOW) <= 1  # each is rounded once


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SHAPES), st.integers(1, 500), st.integers(1, 30 * DAY), st.sampled_from(("start", "end")))
def test_an_array_costs_the_same_split_and_whole(shape: Shape, tasks: int, limit: int, dated: str) -> None:
    group = record(Run(1, "a", shape, YEAR, None), "PENDING", None)
    group = replace(group, started=None, time_limit=limit, array_id=1, array_tasks=f"1-{tasks}", array_pending=tasks)
    each = [replace(group, array_tasks=None, array_pending=None, array_task=task) for task in range(1, tasks + 1)]
    reckoner = RECKONERS[dated, WON]
    whole, split = cost_of(group, reckoner, YEAR, lambda _job: 77), cost_of(each, reckoner, YEAR, lambda _job: 77)
    assert (whole.at_most, whole.expected, whole.taken) == (split.at_most, split.expected, split.taken)
    untold = replace(group, array_tasks="1-9,…", array_pending=None)
    assert cost_of(untold, reckoner, YEAR).at_most is None


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SHAPES),
    st.integers(-10 * DAY, 10 * DAY),
    st.integers(60, 15 * DAY),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from(("start", "end")),
)
def test_what_was_told_as_the_most_is_never_exceeded(
    shape: Shape, after: int, limit: int, used: float, seen: float, dated: Dated
) -> None:
    """Told while it waits and at any moment of its run, also where the rates change before it ends."""
    began = TURN + timedelta(seconds=after)
    took = int(limit * used)
    ended = began + timedelta(seconds=took)
    done = replace(record(Run(1, "a", shape, began, ended), "COMPLETED", took), time_limit=limit)
    final = an_hour(shape, began if dated == "start" else ended) * took / HOUR
    reckoner = RECKONERS[dated, Terms()]
    settled = cost_of(done, reckoner, ended).settled
    assert settled is not None
    assert abs(Fraction(settled.high) - final) < Fraction(1, 10**8)
    moment = began + timedelta(seconds=int(took * seen))
    runs = replace(done, state="RUNNING", ended=None, elapsed=int(took * seen))
    waits = replace(runs, state="PENDING", started=None, elapsed=None)
    for one, now in ((runs, moment), (waits, began - timedelta(hours=5))):
        told = cost_of(one, reckoner, now, lambda _job: took)
        assert told.at_most is not None
        assert told.expected is not None
        assert told.at_most.high >= settled.high
        assert told.at_most.high >= told.expected.high
    if dated == "end":
        assert cost_of(runs, reckoner, moment, lambda _job: took).expected == cost_of(done, reckoner, ended).settled


def test_days_add_up_to_the_year() -> None:
    year = Year(5, 4_000)
    reckoner = RECKONERS["start", Terms()]
    whole = cost_of(year.jobs, reckoner, END).settled
    assert whole is not None
    for by in WAYS:
        rows = spending(year.jobs, by, reckoner, END)
        parts = sum((row.cost.settled.low for row in rows if row.cost.settled), whole.low * 0)
        assert abs(parts - whole.low) * 10**9 <= len(rows)  # each is rounded once, to nine digits
        lost: dict[str | None, int] = defaultdict(int)
        for row in rows:
            lost[row.key] += row.jobs
        assert sum(lost.values()) == len(year.jobs)


def test_what_is_cancelled_in_the_queue_costs_nothing_however_the_controller_writes_it() -> None:
    """scontrol of Slurm 22.05 gives such a job one moment as its start and end, and no node."""
    least = Reckoner(parse_tariff(TARIFF.format(dated="start").replace("utc", "minimum-charge = 1\nutc"), "y", "y"))
    ran = record(Run(1, "a", SHAPES[0], YEAR, YEAR), "CANCELLED", 0)
    settled = [cost_of(one, least, END).settled for one in (ran, replace(ran, node_list=None))]
    assert [amount and amount.low for amount in settled] == [1, 0]


def test_what_the_charge_hangs_on_and_is_not_told_is_no_guess() -> None:
    one = record(Run(1, "a", SHAPES[0], YEAR, YEAR + timedelta(hours=1)), "COMPLETED", HOUR)
    for unknown, why in (
        (replace(one, pool=None), "the pool counts, and is not told"),
        (replace(one, started=None), "rates change, and when it ran is not told"),
        (replace(one, state="SUSPENDED", ended=None, elapsed=None), "how long it ran is not told"),
    ):
        cost = cost_of(unknown, RECKONERS["start", Terms()], END)
        assert (cost.settled, cost.why) == (None, ((why, 1),))
