"""Who the money went to: every job under exactly one key, failed work told apart, days by the reader's clock."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.insight.cost import cost_of, ran
from naru_client.insight.reckoning import Reckoner
from naru_client.insight.spending import By, Spent, spending
from naru_client.insight.tariff import Terms
from naru_client.model import Accelerators, Job
from naru_client.tariff_file import load_tariff

HOUR = 3600
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday
HOURS = Reckoner(load_tariff("accelerator-hours"))
YOUTH = Reckoner(load_tariff("korea-ai-programme"), Terms(customer="youth"))


def job(number: int, state: str = "COMPLETED", hours: int | None = 1, **told: object) -> Job:
    usual: dict[str, object] = {
        "user": "kim", "account": "lab", "pool": "h200", "accelerators": (Accelerators("gpu", "h200", 8),),
        "started": NOW - timedelta(days=2), "ended": NOW - timedelta(days=1), "time_limit": 4 * HOUR,
    }  # fmt: skip
    if state in ("PENDING", "RUNNING"):
        usual["ended"] = None
    if hours is not None:
        usual["elapsed"] = hours * HOUR
    return Job(site="s", id=str(number), job_id=number, state=state, **{**usual, **told})  # type: ignore[arg-type]


def table(jobs: list[Job], by: By, **more: object) -> list[tuple[str | None, int, int | None, str]]:
    rows = spending(jobs, by, HOURS, NOW, **more)  # type: ignore[arg-type]
    return [
        (row.key, row.jobs, row.accelerator_seconds, "–" if row.cost.settled is None else str(row.cost.settled.low))
        for row in rows
    ]


def test_by_user_the_dearest_first() -> None:
    jobs = [job(1), job(2, user="lee", hours=3), job(3, "RUNNING", user="park", hours=2), job(4, user=None, hours=0)]
    assert table(jobs, "user") == [
        ("lee", 1, 24 * HOUR, "24.00"),
        ("park", 1, 16 * HOUR, "0.00"),
        ("kim", 1, 8 * HOUR, "8.00"),
        (None, 1, 0, "0.00"),
    ]
    assert spending(jobs, "project", HOURS, NOW) == spending(jobs, "account", HOURS, NOW)


def test_by_model_of_none_of_several_and_untold() -> None:
    two = (Accelerators("gpu", "H200", 1), Accelerators("npu", None, 1), Accelerators("gpu", "a100", 0))
    jobs = [job(1), job(2, accelerators=()), job(3, accelerators=None), job(4, accelerators=two)]
    assert table(jobs, "model") == [
        ("h200", 1, 8 * HOUR, "8.00"),
        ("h200+npu", 1, 2 * HOUR, "2.00"),
        ("", 1, 0, "0.00"),
        (None, 1, None, "–"),  # unknown is never zero
    ]


def test_what_failed_jobs_cost() -> None:
    jobs = [job(1, "FAILED"), job(2, "TIMEOUT", hours=2), job(3), job(4, "CANCELLED")]
    (row,) = spending(jobs, "user", HOURS, NOW)
    assert row.failed is not None
    assert (row.failed.jobs, row.failed.settled) == (2, cost_of(jobs[:2], HOURS, NOW).settled)
    by_state = {row.key: row for row in spending(jobs, "state", HOURS, NOW)}
    assert by_state["TIMEOUT"].failed == by_state["TIMEOUT"].cost
    assert by_state["COMPLETED"].failed is None


def test_tasks_behind_one_record_count_one_by_one() -> None:
    group = job(1, "PENDING", None, array_id=1, array_tasks="1-10%2", array_pending=10)
    told_by_words = job(2, "PENDING", None, array_id=2, array_tasks="1-10%2", array_pending=None)
    for one in (group, told_by_words):
        (row,) = spending([one], "user", HOURS, NOW)
        assert row.jobs == 10
        assert row.cost.at_most is not None
        assert row.cost.at_most.low == 8 * 4 * 10


def test_days_and_weeks_are_the_readers_own_and_newest_first() -> None:
    seoul = ZoneInfo("Asia/Seoul")
    jobs = [
        job(1, ended=datetime(2026, 11, 22, 14, 59, 59, tzinfo=UTC)),  # Sunday in Seoul
        job(2, ended=datetime(2026, 11, 22, 15, tzinfo=UTC)),  # Monday
        job(3, "RUNNING"),
        job(4, ended=None),
    ]
    assert [row[0] for row in table(jobs, "day", zone=seoul)] == ["2026-11-24", "2026-11-23", "2026-11-22", None]
    assert [row[:2] for row in table(jobs, "week", zone=seoul)] == [("2026-11-23", 2), ("2026-11-16", 1), (None, 1)]
    assert [row[0] for row in table(jobs[:2], "day", zone=UTC)] == ["2026-11-22"]


def test_a_day_of_a_clock_change_is_one_day() -> None:
    helsinki = ZoneInfo("Europe/Helsinki")  # back by an hour on 2026-10-25 at 04:00
    begin = datetime(2026, 10, 24, 21, tzinfo=UTC)
    jobs = [job(i, ended=begin + timedelta(hours=i)) for i in range(26)]
    assert [row[:2] for row in table(jobs, "day", zone=helsinki)] == [("2026-10-26", 1), ("2026-10-25", 25)]


STATES = st.sampled_from(("PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"))
MODELS = st.sampled_from(((Accelerators("gpu", "h200", 8),), (Accelerators("gpu", "b200", 1),), (), None))
JOBS = st.lists(
    st.builds(
        job, st.integers(1, 99), STATES, st.integers(0, 100) | st.none(), user=st.sampled_from(("kim", "lee", None)),
        account=st.sampled_from(("lab", "x")), accelerators=MODELS, array_pending=st.integers(1, 9) | st.none(),
        ended=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
    ),
    max_size=20,
)  # fmt: skip


@pytest.mark.parametrize("by", get_args(By))
@settings(max_examples=25, deadline=None)
@given(JOBS, st.randoms(use_true_random=False))
def test_no_job_is_lost_or_counted_twice(by: By, jobs: list[Job], shuffler: object) -> None:
    for reckoner in (HOURS, YOUTH):
        rows = spending(jobs, by, reckoner, NOW, lambda each: each.time_limit, "by hand", zone=UTC)
        whole = cost_of(jobs, reckoner, NOW)
        assert len({row.key for row in rows}) == len(rows)
        assert sum(row.cost.jobs for row in rows) == len(jobs)
        assert sum(row.cost.unpriced for row in rows) == whole.unpriced
        assert sum((row.cost.settled.high for row in rows if row.cost.settled), Decimal(0)) - (
            whole.settled.high if whole.settled else 0
        ) <= len(rows)  # each row is rounded once
        mixed = list(jobs)
        shuffler.shuffle(mixed)  # type: ignore[attr-defined]
        assert spending(mixed, by, reckoner, NOW, lambda each: each.time_limit, "by hand", zone=UTC) == rows
    seconds = [
        None if each.accelerator_count is None or (took := ran(each, NOW)) is None else each.accelerator_count * took
        for each in jobs
    ]
    assert sum(row.accelerator_seconds or 0 for row in rows) == sum(filter(None, seconds))


def test_nothing_spent_is_no_row() -> None:
    assert spending([], "user", HOURS, NOW) == ()
    assert Spent.__struct_config__.frozen
