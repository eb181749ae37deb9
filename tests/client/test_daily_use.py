"""What was used on each day: nothing is lost, nothing is invented, and an untold part hides its days."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from naru_client.insight.daily_use import use_by_day
from naru_client.model import Accelerators, Job

HOUR, DAY = 3600, 86400
SINCE, NOW = date(2026, 3, 1), datetime(2026, 3, 11, 6, tzinfo=UTC)
ABOVE = {"lab": "univ", "lab/alice": "lab", "lab/bob": "lab", "univ": "root", "other": "univ", "root": None}
HOLDERS = ("root", "univ", "lab", "lab/alice", "lab/bob")
DAYS = [SINCE + timedelta(days=n) for n in range(10)]


def job(start: datetime | None, seconds: int | None, *, gpus: int = 2, **more: object) -> Job:
    """A finished job of alice, suspended never."""
    end = None if start is None else start + timedelta(seconds=seconds or 0)
    base = Job(
        site="s", id="1", job_id=1, user="alice", account="lab", qos="normal", state="COMPLETED", nodes=1, cpus=8,
        accelerators=(Accelerators("gpu", "h100", gpus),), started=start, ended=end, elapsed=seconds,
    )  # fmt: skip
    return replace(base, **more)


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def use(*jobs: Job, resource: str = "gpu", holders: tuple[str, ...] = HOLDERS) -> dict[str, dict[date, int]]:
    found = use_by_day(jobs, [(h, resource) for h in holders], above=ABOVE, since=SINCE, now=NOW)
    assert set(found) == {(h, resource) for h in holders}
    return {holder: days for (holder, _resource), days in found.items()}


def told(days: dict[date, int]) -> dict[int, int]:
    """The days on which something was used, by their number."""
    return {day.day: amount for day, amount in days.items() if amount}


def test_a_job_is_booked_on_the_days_it_ran_for_all_above_it() -> None:
    found = use(job(at(4, 20), 8 * HOUR))
    for holder in ("root", "univ", "lab", "lab/alice"):
        assert told(found[holder]) == {4: 2 * 4 * HOUR, 5: 2 * 4 * HOUR}
        assert list(found[holder]) == DAYS
    assert found["lab/bob"] == dict.fromkeys(DAYS, 0)


def test_today_and_the_days_before_are_no_whole_days() -> None:
    running = job(at(10, 12), 18 * HOUR, state="RUNNING", ended=None)
    early = job(datetime(2026, 2, 28, 12, tzinfo=UTC), DAY)
    assert told(use(running)["lab"]) == {10: 2 * 12 * HOUR}
    assert told(use(early)["lab"]) == {1: 2 * 12 * HOUR}


def test_what_a_suspended_job_ran_is_spread_over_its_span() -> None:
    assert told(use(job(at(2), DAY, ended=at(4)))["lab"]) == {2: DAY, 3: DAY}


def test_models_cpus_and_nodes_are_told_apart() -> None:
    one = job(at(2), HOUR)
    for resource, amount in {"gpu:h100": 2, "cpu": 8, "node": 1, "gpu:b200": 0, "npu": 0}.items():
        assert use(one, resource=resource)["lab"][at(2).date()] == amount * HOUR


def test_billing_units_are_not_told_by_jobs() -> None:
    assert use(job(at(2), HOUR), resource="billing")["lab"] == {}


def test_a_job_that_hides_its_part_hides_its_days() -> None:
    found = use(job(at(4, 20), 8 * HOUR, accelerators=None), job(at(2), HOUR))
    for holder in ("univ", "lab", "lab/alice"):
        assert set(DAYS) - set(found[holder]) == {date(2026, 3, 4), date(2026, 3, 5)}
    assert list(found["lab/bob"]) == DAYS
    assert list(use(job(at(4), HOUR, accelerators=None), resource="cpu")["lab"]) == DAYS


def test_a_job_that_names_no_model_hides_the_models_alone() -> None:
    one = job(at(4), HOUR, accelerators=(Accelerators("gpu", None, 3),))
    assert told(use(one)["lab"]) == {4: 3 * HOUR}
    assert date(2026, 3, 4) not in use(one, resource="gpu:h100")["lab"]


def test_a_job_of_nobody_may_be_anybodys() -> None:
    day = date(2026, 3, 4)
    found = use(job(at(4), HOUR, user=None))
    assert found["lab"][day] == 2 * HOUR
    assert day not in found["lab/alice"]
    assert day not in found["lab/bob"]
    assert all(day not in days for days in use(job(at(4), HOUR, account=None)).values())
    qos = use(job(at(4), HOUR, qos=None), holders=("lab", "qos:normal"))
    assert qos["lab"][day] == 2 * HOUR
    assert day not in qos["qos:normal"]


def test_a_job_that_does_not_tell_when_hides_what_it_may_have_used() -> None:
    unknown = job(at(4), None, ended=None)
    assert list(use(unknown)["lab"]) == DAYS[:3]
    assert told(use(job(None, 2 * HOUR, ended=at(4, 1)))["lab"]) == {3: 2 * HOUR, 4: 2 * HOUR}
    assert list(use(job(None, 0, ended=at(4), state="CANCELLED"))["lab"]) == DAYS


MOMENTS = st.integers(0, 9 * DAY).map(lambda seconds: at(1) + timedelta(seconds=seconds))
RUNS = st.builds(
    lambda start, span, ran, gpus, user: job(
        start, min(ran, span), ended=start + timedelta(seconds=span), gpus=gpus, user=user
    ),
    MOMENTS, st.integers(1, DAY), st.integers(0, DAY), st.integers(0, 9), st.sampled_from(["alice", "bob"]),
)  # fmt: skip


@given(st.lists(RUNS, max_size=6), st.randoms())
def test_the_days_add_up_to_what_ran_to_the_second_in_any_order(runs: list[Job], random: object) -> None:
    found = use(*runs)
    whole = sum((j.accelerator_count or 0) * (j.elapsed or 0) for j in runs)
    assert sum(found["lab"].values()) == whole
    for day in DAYS:
        assert found["lab"][day] == found["lab/alice"][day] + found["lab/bob"][day] == found["root"][day]
    random.shuffle(runs)  # type: ignore[attr-defined]
    assert use(*runs) == found


@given(st.lists(RUNS, max_size=5), st.integers(0, 4), st.sampled_from(["accelerators", "account", "elapsed"]))
def test_hiding_a_part_never_changes_a_day_that_is_still_told(runs: list[Job], which: int, field: str) -> None:
    whole = use(*runs)
    if which < len(runs):
        runs[which] = replace(runs[which], **{field: None}, **({"ended": None} if field == "elapsed" else {}))
    for holder, days in use(*runs).items():
        assert all(whole[holder][day] == amount for day, amount in days.items())
