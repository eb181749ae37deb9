"""The cost of jobs: what is settled, in flight, at most, expected and taken; and that sums never depend on order."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.insight.cost import Cost, Tally, cost_of, ran
from naru_client.insight.exact import Amount
from naru_client.insight.reckoning import Reckoner
from naru_client.insight.spending import spending
from naru_client.insight.tariff import NodeShape, Period, PoolRule, Taken, Tariff, Terms
from naru_client.model import Accelerators, Job
from naru_client.tariff_file import load_tariff

HOUR = 3600
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHARE = PoolRule(by="share", each=Decimal("0.90848"), node=NodeShape(8, 72))


def tariff(taken: Taken = "end", rule: PoolRule = SHARE, **told: object) -> Tariff:
    periods = (Period(pools={"*": rule}),)
    return Tariff(name="t", title="t", unit="SU", periods=periods, taken=taken, **told)  # type: ignore[arg-type]


def job(state: str, **told: object) -> Job:
    usual: dict[str, object] = {
        "pool": "p", "nodes": 1, "cpus": 9, "accelerators": (Accelerators("gpu", "h200", 2),), "time_limit": 4 * HOUR,
        "user": "kim", "account": "lab",
    }  # fmt: skip
    if state == "RUNNING":
        usual |= {"started": NOW - timedelta(hours=1), "elapsed": HOUR}
    if state in ("COMPLETED", "FAILED"):
        usual |= {"started": NOW - timedelta(hours=3), "ended": NOW - timedelta(hours=1), "elapsed": 2 * HOUR}
    return Job(site="s", id="1", job_id=1, state=state, **{**usual, **told})  # type: ignore[arg-type]


def one(text: str | None) -> Amount | None:
    return None if text is None else Amount(Decimal(text), Decimal(text))


# a quarter of a node: 0.22712 an hour
@pytest.mark.parametrize(
    ("state", "taken", "amounts"),
    [
        # settled, in flight, taken, at most
        ("PENDING", "end", ("0", "0", "0", "0.90848")),
        ("PENDING", "start", ("0", "0", "0", "0.90848")),
        ("PENDING", "submission", ("0", "0", "0.90848", "0.90848")),
        ("RUNNING", "end", ("0", "0.22712", "0", "0.90848")),
        ("RUNNING", "start", ("0", "0.22712", "0.90848", "0.90848")),
        ("SUSPENDED", "end", ("0", "0", "0", "0.90848")),
        ("COMPLETED", "end", ("0.45424", "0", "0.45424", "0.45424")),
        ("FAILED", "start", ("0.45424", "0", "0.45424", "0.45424")),  # the rest was given back
    ],
)
def test_the_life_of_a_job(state: str, taken: Taken, amounts: tuple[str, ...]) -> None:
    extra = {"elapsed": 0} if state == "SUSPENDED" else {}
    cost = cost_of(job(state, **extra), Reckoner(tariff(taken)), NOW)
    assert (cost.settled, cost.in_flight, cost.taken, cost.at_most) == tuple(map(one, amounts))
    assert cost.expected == (cost.settled if job(state).finished else None)


def test_expected_lies_between_what_ran_and_the_limit() -> None:
    reckoner = Reckoner(tariff())
    for told, hours in ((2 * HOUR, 2), (60, 1), (99 * HOUR, 4)):
        cost = cost_of(job("RUNNING"), reckoner, NOW, lambda _job, told=told: told, "by hand")  # type: ignore[misc]
        assert cost.expected == one(str(Decimal("0.22712") * hours))
        assert cost.basis == "by hand"
    assert cost_of(job("RUNNING"), reckoner, NOW, lambda _job: None).expected is None


def test_a_job_over_its_limit_is_at_most_what_it_ran() -> None:
    cost = cost_of(job("RUNNING", elapsed=5 * HOUR), Reckoner(tariff()), NOW)
    assert cost.at_most == cost.in_flight == one("1.13560")


def test_no_limit_means_no_at_most_and_it_is_counted() -> None:
    jobs = [job("RUNNING"), job("RUNNING", time_limit=None, unlimited=True)]
    cost = cost_of(jobs, Reckoner(tariff()), NOW)
    assert (cost.at_most, cost.unlimited, cost.in_flight) == (None, 1, one("0.45424"))
    up_front = cost_of(jobs, Reckoner(tariff("start")), NOW)
    assert (up_front.unpriced, up_front.in_flight) == (1, one("0.22712"))


def test_array_tasks_behind_one_record_all_count() -> None:
    cost = cost_of(job("PENDING", array_tasks="1-10", array_pending=10), Reckoner(tariff()), NOW)
    assert cost.at_most == one("9.08480")


def test_a_job_that_never_ran_costs_nothing_even_with_a_minimum() -> None:
    least = Reckoner(tariff(minimum_charge=Decimal(1)))
    never = job("CANCELLED", elapsed=0)
    assert cost_of(never, least, NOW).settled == one("0")
    assert cost_of(job("FAILED", elapsed=0), least, NOW).settled == one("1")


def test_what_is_unpriced_is_told_apart_and_never_zero() -> None:
    reckoner = Reckoner(tariff())
    unknown = job("COMPLETED", cpus=None)
    alone = cost_of([unknown], reckoner, NOW)
    assert (alone.settled, alone.at_most, alone.unpriced) == (None, None, 1)
    some = cost_of(
        [unknown, unknown, job("FAILED"), job("FAILED", started=None, ended=None, elapsed=None)], reckoner, NOW
    )
    assert some.settled == one("0.45424")
    assert some.why == (("cpu counts, and is not told", 2), ("how long it ran is not told", 1))
    assert cost_of([], reckoner, NOW).settled == one("0")


def test_times_without_an_elapsed_figure() -> None:
    start = NOW - timedelta(hours=2)
    assert ran(job("RUNNING", elapsed=None, started=start), NOW) == 2 * HOUR
    assert ran(job("COMPLETED", elapsed=None, started=start, ended=NOW), NOW + timedelta(days=1)) == 2 * HOUR
    assert ran(job("COMPLETED", elapsed=None, started=start, ended=None), NOW) is None
    assert ran(job("RUNNING", elapsed=None, started=NOW + timedelta(hours=1)), NOW) == 0  # a clock that is off


def test_by_key_and_example_is_carried() -> None:
    jobs = [job("FAILED", user="lee"), job("COMPLETED"), job("FAILED"), job("RUNNING")]
    by_state = {spent.key: spent.cost for spent in spending(jobs, "state", Reckoner(tariff(example=True)), NOW)}
    assert set(by_state) == {"FAILED", "COMPLETED", "RUNNING"}
    assert by_state["FAILED"].settled == one("0.90848")
    assert all(cost.example for cost in by_state.values())


def test_the_period_is_that_of_the_start_or_of_the_end() -> None:
    turn = NOW - timedelta(hours=2)
    rules = [{"*": PoolRule(by="nodes", each=Decimal(each))} for each in (1, 10)]
    periods = (Period(end=turn, pools=rules[0]), Period(start=turn, pools=rules[1]))
    for dated_by, expected in (("start", "2"), ("end", "20")):
        told = Tariff(name="t", title="t", unit="SU", periods=periods, dated_by=dated_by)  # type: ignore[arg-type]
        settled = cost_of(job("COMPLETED"), Reckoner(told), NOW).settled
        assert settled is not None
        assert settled.low == Decimal(expected)


STATES = st.sampled_from(("PENDING", "RUNNING", "SUSPENDED", "COMPLETED", "FAILED", "CANCELLED"))
JOBS = st.lists(
    st.builds(
        lambda state, cpus, gpus, seconds, limit, tasks, user: job(
            state, cpus=cpus, accelerators=(Accelerators("gpu", "h200", gpus),), elapsed=seconds, time_limit=limit,
            array_pending=tasks, user=user, started=None if state == "PENDING" else NOW - timedelta(days=1),
        ),
        STATES, st.integers(1, 700) | st.none(), st.integers(0, 64), st.integers(0, 10**6), st.integers(60, 10**6),
        st.integers(1, 50) | st.none(), st.sampled_from(("kim", "lee", "park")),
    ),
    max_size=15,
)  # fmt: skip
TARIFFS = st.sampled_from(
    (
        Reckoner(tariff()),
        Reckoner(tariff("submission", minimum_charge=Decimal("0.5"))),
        Reckoner(tariff("start", asked_part=Decimal("0.1"), elapsed_part=Decimal("0.7"), minimum_seconds=300)),
        Reckoner(load_tariff("korea-ai-programme"), Terms(customer="sme")),
    )
)


@settings(max_examples=60, deadline=None)
@given(JOBS, TARIFFS, st.randoms(use_true_random=False))
def test_sums_do_not_depend_on_order_and_keep_their_bounds(
    jobs: list[Job], reckoner: Reckoner, shuffler: random.Random
) -> None:
    whole = cost_of(jobs, reckoner, NOW, lambda each: each.time_limit)
    mixed = list(jobs)
    shuffler.shuffle(mixed)
    assert cost_of(mixed, reckoner, NOW, lambda each: each.time_limit) == whole
    assert_sound(whole)
    by_user = [spent.cost for spent in spending(jobs, "user", reckoner, NOW)]
    assert sum(cost.jobs for cost in by_user) == len(jobs)
    assert sum(cost.unpriced for cost in by_user) == whole.unpriced
    for cost in by_user:
        assert_sound(cost)


def assert_sound(cost: Cost) -> None:
    """Decimals alone, none below zero, nothing in flight beyond what is possible."""
    told = msgspec.structs.asdict(cost)
    amounts = [amount for amount in told.values() if isinstance(amount, Amount)]
    for amount in amounts:
        assert type(amount.low) is type(amount.high) is Decimal
        assert 0 <= amount.low <= amount.high
    assert not any(isinstance(value, float) for value in told.values())
    if cost.at_most is not None and cost.settled is not None and cost.in_flight is not None:
        assert cost.at_most.low >= cost.settled.low
        assert cost.at_most.low >= cost.in_flight.low
        assert cost.at_most.high >= cost.in_flight.high


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 72), st.lists(st.integers(0, 10**6), min_size=1, max_size=5)), max_size=12))
def test_requeues_leave_the_account_the_same_charge(runs: list[tuple[int, list[int]]]) -> None:
    """Each run of a requeued job, or each stretch between suspensions, as a job of its own; the account by its use."""
    reckoner = Reckoner(tariff())
    tally = Tally(reckoner, NOW)
    used = 0  # core-seconds of the account, as a scheduler counts them
    for cpus, stretches in runs:
        for seconds in stretches:
            tally.add(job("COMPLETED", cpus=cpus, accelerators=(), elapsed=seconds))
            used += cpus * seconds
    settled = tally.cost().settled
    assert settled == Amount(*(_rounded(Fraction(used) * Fraction("0.90848") / 72 / HOUR),) * 2)


def _rounded(amount: Fraction) -> Decimal:
    scaled = amount * 10**6
    return Decimal(round(scaled)).scaleb(-6)


def test_a_year_of_many_jobs_to_the_won() -> None:
    """The sum of single charges is the account's charge, though each charge by itself is a broken number of won."""
    seeded = random.Random(20260302)
    reckoner = Reckoner(load_tariff("korea-ai-programme"), Terms(customer="youth"))
    tally = Tally(reckoner, NOW)
    used = 0
    for _i in range(5_000):
        gpus, seconds = seeded.choice((1, 2, 8, 64)), seeded.randrange(1, 7 * 86400)
        used += gpus * seconds
        tally.add(job("COMPLETED", accelerators=(Accelerators("gpu", "h200", gpus),), elapsed=seconds))
    settled = tally.cost().settled
    assert settled is not None
    won = Fraction(used * 5000, HOUR)
    low, high = won * Fraction(25, 1000), won * Fraction(5, 100)
    assert max(abs(Fraction(settled.low) - low), abs(Fraction(settled.high) - high)) <= Fraction(1, 2)
    assert settled.low == settled.low.to_integral_value()


@pytest.mark.parametrize("limit", [10**12, 1 << 62])
def test_a_limit_that_no_calendar_holds_is_priced_all_the_same(limit: int) -> None:
    dated = tariff(dated_by="end")
    cost = cost_of([job("RUNNING", time_limit=limit)], Reckoner(dated), NOW, lambda _job: limit)
    assert cost.at_most is not None
    assert cost.at_most.low > 10**6
