"""The arithmetic of quotas: what remains, which limit binds, what a job would hit, and how a grant burns down."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from naru_client.insight.burndown import burndown, daily_rates, planned
from naru_client.insight.quota import (
    Demand,
    Quota,
    chain,
    least,
    predict,
    remaining,
    total,
    with_grants,
)
from naru_client.model import Accelerators, Grant

HOUR = 3600
MAYBE = st.none() | st.integers(0, 10**12)


def quota(
    holder: str, above: str | None, granted: int | None, used: int | None = 0, committed: int | None = 0,
    *, resource: str = "gpu", unlimited: bool = False,
) -> Quota:  # fmt: skip
    return Quota(
        holder=holder, above=above, account=holder, resource=resource, granted=granted, unlimited=unlimited,
        used_decayed=used, committed=committed, remaining=remaining(granted, used, committed),
    )  # fmt: skip


@given(MAYBE, MAYBE, MAYBE)
def test_remaining_never_hides_an_unknown(granted: int | None, used: int | None, committed: int | None) -> None:
    left = remaining(granted, used, committed)
    assert (left is None) == (None in (granted, used, committed))
    if granted is not None and used is not None and committed is not None:
        assert left == granted - used - committed


@given(st.lists(MAYBE))
def test_a_total_is_unknown_when_a_part_is(parts: list[int | None]) -> None:
    assert total(parts) == (None if None in parts else sum(p for p in parts if p is not None))


@given(st.lists(st.tuples(st.text(), st.booleans(), MAYBE), max_size=6))
def test_available_is_what_the_tightest_in_the_line_leaves(line: list[tuple[str, bool, int | None]]) -> None:
    available, binds = least(line)
    limited = [(holder, left) for holder, unlimited, left in line if not unlimited]
    known = [left for _, left in limited if left is not None]
    if not limited:
        assert (available, binds) == (None, None)
    elif len(known) < len(limited):
        assert available is None
        assert (binds, None) in limited
    else:
        assert available == min(known)
        assert (binds, available) in limited


def test_a_grant_that_no_scheduler_knows_binds_its_users_too() -> None:
    lab = quota("lab", None, None, 40 * HOUR, 10 * HOUR, unlimited=True)
    alice = replace(quota("lab/alice", "lab", 60 * HOUR, 5 * HOUR), account="lab", user="alice", binds="lab/alice")
    alice = replace(alice, available=alice.remaining)
    grant = Grant(start=date(2026, 3, 1), end=date(2027, 2, 28), hours={"gpu": 100})
    of_lab, of_alice = with_grants((lab, alice), {"lab": grant})
    assert (of_lab.granted, of_lab.unlimited, of_lab.enforced) == (100 * HOUR, False, False)
    assert (of_lab.available, of_lab.binds) == (50 * HOUR, "lab")
    assert (of_alice.granted, of_alice.available, of_alice.binds) == (60 * HOUR, 50 * HOUR, "lab")
    for one in (of_lab, of_alice):
        assert one.period_start is not None
        assert one.period_end is not None
        assert one.period_end - one.period_start == timedelta(days=365)
    assert with_grants((lab,), {"other": grant}) == (lab,)


def test_more_than_was_ever_granted_is_refused_though_use_is_not_told() -> None:
    lab = quota("lab", None, 10 * HOUR, None)
    over = Demand(account="lab", accelerators=(Accelerators("gpu", None, 8),), seconds=2 * HOUR)
    assert [s.kind for s in predict((lab,), over)] == ["larger-than-granted"]
    assert [s.kind for s in predict((lab,), replace(over, seconds=HOUR))] == ["not-known"]


def test_a_circle_of_parents_ends() -> None:
    assert chain("a", {"a": "b", "b": "a"}) == ("a", "b")


GPU = (Accelerators("gpu", "h100", 8),)


def asked(seconds: int, **more: object) -> Demand:
    return Demand(account="lab", accelerators=GPU, seconds=seconds, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "used", "committed", "kind", "over"),
    [
        (HOUR, 0, 0, None, None),
        (HOUR, 92 * HOUR, 0, None, None),  # 8 GPU-hours of 8 that are left
        (HOUR + 1, 92 * HOUR, 0, "larger-than-remaining", 8 * 60),  # a begun minute counts as one
        (HOUR, 90 * HOUR, 3 * HOUR, "larger-than-remaining", HOUR),
        (13 * HOUR, 0, 0, "larger-than-granted", 4 * HOUR),
        (HOUR, 100 * HOUR, 0, "exhausted", 8 * HOUR),
        (HOUR, 90 * HOUR, None, "not-known", None),
        (HOUR, None, 0, "not-known", None),
    ],
)
def test_a_job_is_foretold(
    seconds: int, used: int | None, committed: int | None, kind: str | None, over: int | None
) -> None:
    found = predict([quota("lab", None, 100 * HOUR, used, committed)], asked(seconds))
    assert [(s.kind, s.over) for s in found] == ([] if kind is None else [(kind, over)])


def test_a_limit_above_binds_and_both_are_told_worst_first() -> None:
    quotas = [quota("lab", "univ", 4 * HOUR), quota("univ", "root", 100 * HOUR, 99 * HOUR), quota("root", None, None)]
    found = predict(quotas, asked(HOUR))
    assert [(s.holder, s.over) for s in found] == [("univ", 7 * HOUR), ("lab", 4 * HOUR), ("root", None)]


def test_a_qos_stands_in_for_the_accounts_limit_of_the_same_resource() -> None:
    quotas = [quota("lab", None, 1), quota("qos:high", None, 100 * HOUR), quota("lab", None, 1, resource="gpu:h100")]
    assert [s.resource for s in predict(quotas, asked(HOUR, qos=("high",)))] == ["gpu:h100"]


def test_without_safe_limits_only_an_exhausted_one_stops_a_job() -> None:
    assert predict([quota("lab", None, 10, 9)], asked(HOUR), safe=False) == ()
    assert predict([quota("lab", None, 10, 10)], asked(HOUR), safe=False)[0].kind == "exhausted"


def test_a_parent_that_is_not_told_of_is_not_taken_for_no_limit() -> None:
    hidden = Quota(
        holder="lab", above="univ", account="lab", resource="gpu", granted=None, unlimited=True, used_decayed=0,
        committed=0, available=None, binds="univ",
    )  # fmt: skip
    assert [(s.holder, s.kind) for s in predict([hidden], asked(HOUR))] == [("univ", "not-known")]


START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 11, tzinfo=UTC)  # 100 days
NOW = datetime(2026, 2, 20, tzinfo=UTC)  # day 50


def days(*use: int) -> dict[date, int]:
    """The use of the days before NOW, the last first."""
    return {NOW.date() - timedelta(days=at + 1): amount for at, amount in enumerate(use)}


def test_an_even_use_stays_on_the_plan_line() -> None:
    found = burndown(granted=1000, used=500, daily=days(*[10] * 28), start=START, end=END, now=NOW)
    assert (found.plan, found.pace, found.below_pace, found.lasts) == (500, 1.0, False, True)
    assert found.earliest == found.latest == END


def test_a_use_that_grows_gives_a_range() -> None:
    found = burndown(granted=1000, used=500, daily=days(*[50] * 7, *[0] * 21), start=START, end=END, now=NOW)
    assert (found.fastest, found.slowest, found.days) == (50, 12.5, 28)
    assert (found.earliest, found.latest) == (NOW + timedelta(days=10), NOW + timedelta(days=40))
    assert found.lasts is False


def test_too_little_use_is_told() -> None:
    found = burndown(granted=1000, used=100, daily=days(*[0] * 28), start=START, end=END, now=NOW)
    assert (found.pace, found.below_pace, found.latest, found.lasts) == (0.2, True, None, True)


def test_days_that_are_not_told_are_not_days_of_nothing() -> None:
    assert daily_rates(days(7, 7), NOW.date()) == ([], 0)
    assert daily_rates(days(7, 7, 7), NOW.date()) == ([7, 7, 7], 3)


@given(granted=MAYBE, used=MAYBE, use=st.lists(st.integers(0, 10**9), max_size=30), known=st.booleans())
def test_a_burn_down_of_unknowns_is_unknown(granted: int | None, used: int | None, use: list[int], known: bool) -> None:
    found = burndown(granted=granted, used=used, daily=days(*use), start=START, end=END if known else None, now=NOW)
    if granted is None or used is None or len(use) < 3:
        assert (found.earliest, found.latest, found.lasts) == (None, None, None)
    if granted is None or used is None or not known:
        assert (found.pace, found.below_pace) == (None, None)
    if found.earliest is not None and found.latest is not None:
        assert NOW <= found.earliest <= found.latest


def test_days_are_those_of_utc_wherever_now_is_told() -> None:
    now = datetime(2026, 6, 1, 20, tzinfo=UTC)
    use = {date(2026, 5, 31) - timedelta(days=n): 10 * n for n in range(40)}
    both = [
        burndown(granted=9000, used=50, daily=use, start=None, end=None, now=at)
        for at in (now, now.astimezone(timezone(timedelta(hours=9))))
    ]
    assert both[0] == both[1]


@given(st.integers(0, 10**12), st.integers(-(10**7), 10**7))
def test_the_plan_line_runs_from_nothing_to_all(granted: int, seconds: int) -> None:
    line = planned(granted, START, END, START + timedelta(seconds=seconds))
    assert line is not None
    assert 0 <= line <= granted
    assert planned(granted, START, END, END) == granted
    assert planned(granted, END, START, NOW) is None
