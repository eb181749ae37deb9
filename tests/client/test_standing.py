"""How quotas stand: what is warned of, whom it is told, and what is left unsaid where it is not known."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from naru_client.insight.quota import Quota, remaining
from naru_client.insight.standing import Alert, Daily, Standing, own_holders, standings, urgent

HOUR, DAY = 3600, 86400
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 11, tzinfo=UTC)  # 100 days
NOW = datetime(2026, 2, 20, tzinfo=UTC)  # day 50
KEY = ("lab", "gpu")


def quota(
    holder: str = "lab", granted: int | None = 1000 * HOUR, used: int | None = 500 * HOUR, **more: object
) -> Quota:
    """A quota that does not decay, of a contract that is half over."""
    account, _slash, user = holder.partition("/")
    base = Quota(
        site="s", holder=holder, above="univ" if holder == "lab" else account if user else None, account=account,
        user=user or None, resource="gpu", granted=granted, unlimited=granted is None, used=used, used_decayed=used,
        committed=0, remaining=remaining(granted, used, 0), period_start=START, period_end=END,
    )  # fmt: skip
    return replace(base, **more)


ALICE = quota("lab/alice", None, 0)


def days(*use: int) -> Daily:
    """The use of the days before NOW in hours, the last first."""
    return {NOW.date() - timedelta(days=at + 1): amount * HOUR for at, amount in enumerate(use)}


def even(amount: int) -> Daily:
    return days(*[amount] * 28)


def alerts(*quotas: Quota, daily: Daily | None = None, now: datetime = NOW, **more: object) -> list[Alert]:
    found = standings(quotas, {KEY: daily} if daily else {}, now=now, **more)  # type: ignore[arg-type]
    return [alert for standing in found for alert in standing.alerts]


def kinds(*quotas: Quota, **more: object) -> list[str]:
    return [alert.kind for alert in alerts(*quotas, **more)]  # type: ignore[arg-type]


def test_a_grant_that_is_used_evenly_needs_no_word() -> None:
    assert kinds(quota(), daily=even(10)) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"used": 1000 * HOUR, "used_decayed": 1000 * HOUR}, [("spent", None)]),
        ({"used": 1001 * HOUR, "used_decayed": 1001 * HOUR}, [("overdrawn", HOUR)]),
        ({"committed": 500 * HOUR}, []),
        ({"committed": 501 * HOUR}, [("committed", HOUR)]),
        ({"committed": 300 * HOUR, "reserved": 201 * HOUR}, [("committed", HOUR)]),
        (
            {"committed": None, "reserved": 501 * HOUR},
            [("committed", HOUR)],
        ),  # what is not known can only make it worse
        ({"used": None, "used_decayed": None}, []),
        ({"granted": 0, "used": 0, "used_decayed": 0}, []),
    ],
)
def test_what_is_so_already(changes: dict[str, int | None], found: list[tuple[str, int | None]]) -> None:
    assert [(a.kind, a.amount) for a in alerts(replace(quota(), **changes))] == found


def test_a_run_out_is_foretold_as_a_span_when_it_comes_soon() -> None:
    (alert,) = alerts(quota(used=900 * HOUR, used_decayed=900 * HOUR), daily=days(*[20] * 7, *[0] * 21))
    assert (alert.kind, alert.amount, alert.at) == ("runs-out", 100 * HOUR, END)
    assert (alert.earliest, alert.latest) == (NOW + timedelta(days=5), NOW + timedelta(days=20))


def test_a_far_run_out_is_told_only_where_the_contract_outlasts_it_at_any_rate() -> None:
    assert kinds(quota(), daily=even(20)) == ["runs-out"]  # in 25 days, of 50
    assert kinds(quota(), daily=days(*[20] * 7, *[2] * 21)) == []  # in 25 to 77 days
    assert kinds(quota(period_end=None, period_start=None), daily=even(20)) == []
    assert kinds(quota(period_end=None, period_start=None), daily=even(40)) == ["runs-out"]
    (far,) = alerts(quota(), daily=even(20))
    assert urgent([far], NOW, 14) == ()
    assert urgent([far], NOW, 25) == (far,)


def test_a_run_out_after_the_contract_is_none() -> None:
    late = END - timedelta(days=20)
    assert kinds(quota(used=800 * HOUR, used_decayed=800 * HOUR), daily=even(10), now=late) == []


def test_too_little_use_is_told_once_the_contract_has_run_for_two_weeks() -> None:
    little = quota(used=100 * HOUR, used_decayed=100 * HOUR)
    (alert,) = alerts(little)
    assert (alert.kind, alert.pace, alert.amount, alert.at) == ("under-used", 0.2, 400 * HOUR, END)
    assert kinds(little, least_pace=0.2) == []
    nothing = quota(used=0, used_decayed=0)
    assert kinds(nothing, now=START + timedelta(days=13)) == []
    assert kinds(nothing, now=START + timedelta(days=14)) == ["under-used"]


def test_the_end_of_a_contract_is_told_with_what_is_left() -> None:
    near = END - timedelta(days=10)
    (alert,) = alerts(quota(used=900 * HOUR, used_decayed=900 * HOUR), now=near)
    assert (alert.kind, alert.at, alert.amount) == ("ends", END, 100 * HOUR)
    assert kinds(quota(used=900 * HOUR, used_decayed=900 * HOUR), now=near, within=9) == []
    over = quota(used=100 * HOUR, used_decayed=100 * HOUR)
    assert kinds(over, now=END + timedelta(days=3)) == ["ends"]
    assert kinds(over, now=END + timedelta(days=30)) == []


def test_of_a_limit_that_decays_nothing_is_foretold() -> None:
    decaying = quota(used=None, used_decayed=100 * HOUR)
    (standing,) = standings([decaying], {KEY: even(40)}, now=NOW)
    assert (standing.decayed, standing.alerts) == (True, ())
    assert standing.burndown is not None
    assert (standing.burndown.plan, standing.burndown.earliest, standing.burndown.used) == (None, None, 100 * HOUR)
    assert kinds(quota(used=None, used_decayed=1001 * HOUR)) == ["overdrawn"]


def test_only_those_are_warned_who_can_do_something() -> None:
    other, bob = quota("other", used=2000 * HOUR), quota("lab/bob", used=2000 * HOUR)
    assert kinds(quota(), ALICE, other, bob) == ["overdrawn", "overdrawn"]
    assert kinds(quota(), ALICE, other, bob, user="alice") == []
    assert kinds(quota(), ALICE, other, bob, accounts={"lab"}) == ["overdrawn"]
    assert own_holders([quota(), ALICE, other, bob], "alice") == {"lab", "lab/alice"}


def test_a_limit_above_is_told_to_those_below_it_with_whose_it_is() -> None:
    univ = quota("univ", 600 * HOUR, 600 * HOUR, above=None)
    lab = quota(granted=None, used=0)
    (alert,) = alerts(lab, ALICE, univ, user="alice")
    assert (alert.kind, alert.holder, alert.binds) == ("spent", "lab", "univ")
    (alert,) = alerts(lab, ALICE, univ)
    assert (alert.holder, alert.binds) == ("univ", None)
    soon = replace(univ, granted=700 * HOUR)
    found = standings([lab, ALICE, soon], {("univ", "gpu"): even(20)}, now=NOW, user="alice")
    assert [(a.kind, a.binds) for s in found for a in s.alerts] == [("runs-out", "univ")]


def test_ones_own_waiting_jobs_count_where_others_are_not_known() -> None:
    alice = replace(ALICE, reserved=501 * HOUR)
    assert [(a.holder, a.amount) for a in alerts(quota(), alice, user="alice")] == [("lab", HOUR)]


def test_ones_own_use_alone_foretells_nothing() -> None:
    nearly = quota(used=900 * HOUR, used_decayed=900 * HOUR)
    daily = {("lab/alice", "gpu"): even(30)}
    found = standings([nearly, ALICE], daily, now=NOW, user="alice", whole=False)
    (lab,) = (s for s in found if s.quota.holder == "lab")
    assert (lab.daily, lab.whole, lab.alerts) == (even(30), False, ())
    assert lab.burndown is not None
    assert lab.burndown.days == 0


def test_what_is_neither_granted_nor_used_is_left_out() -> None:
    assert standings([ALICE, quota("lab", None, 0), quota(unit="count")], {}, now=NOW) == ()
    assert [s.quota.holder for s in standings([ALICE, quota("lab", None, 1)], {}, now=NOW)] == ["lab"]


MAYBE = st.none() | st.integers(0, 2000 * HOUR)
ANY = st.builds(
    lambda granted, used, decayed, committed, reserved, start, end: quota(
        granted=granted, used=used, used_decayed=decayed, committed=committed, reserved=reserved,
        period_start=start, period_end=end,
    ),
    MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, st.none() | st.just(START), st.none() | st.just(END),
)  # fmt: skip


@given(ANY, st.lists(st.integers(0, 100), max_size=28), st.integers(-10, 120), st.integers(1, 400))
def test_nothing_is_warned_of_that_is_not_known(one: Quota, use: list[int], at: int, within: int) -> None:
    now = START + timedelta(days=at)
    daily = {now.date() - timedelta(days=back + 1): amount * HOUR for back, amount in enumerate(use)}
    found = standings([one], {KEY: daily}, now=now, within=within)
    for standing in found:
        check(standing, one, now, daily)


def check(standing: Standing, one: Quota, now: datetime, daily: dict[date, int]) -> None:
    for alert in standing.alerts:
        assert one.granted
        assert alert.amount is None or alert.amount > 0
        if alert.kind in ("overdrawn", "spent", "committed"):
            assert one.used_decayed is not None
        else:
            assert one.used is not None
        if alert.kind == "runs-out":
            assert len(daily) >= 3
            assert alert.earliest is not None
            assert now <= alert.earliest
            assert alert.latest is None or alert.earliest <= alert.latest
        if alert.kind in ("under-used", "ends"):
            assert (one.period_start, one.period_end) == (START, END)
    told = {alert.kind for alert in standing.alerts}
    assert not ({"overdrawn", "spent"} & told and {"committed"} & told)
