"""The past read in slices: every job that ended in the time, once, however it is cut and whoever fails meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naru_client.errors import Unreachable
from naru_client.insight.finished import exit_words, gpu_hours, limit_share, totals
from naru_client.insight.history import (
    EVERYBODY,
    OWN,
    Past,
    Slice,
    begin,
    drop,
    fold_answer,
    fold_failed,
    fold_missing,
    next_slice,
    next_span,
)
from naru_client.insight.periods import Period
from naru_client.model import Accelerators, Exit, Job

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def ended(number: int, hours_ago: float, **more: object) -> Job:
    end = NOW - timedelta(hours=hours_ago)
    told = {
        "site": "a", "id": str(number), "job_id": number, "state": "COMPLETED", "elapsed": 3600, "ended": end,
        "started": end - timedelta(hours=1), "submitted": end - timedelta(hours=2),
    }  # fmt: skip
    return Job(**{**told, **more})  # type: ignore[arg-type]


def period(days: float, until: datetime = NOW) -> Period:
    return Period(until - timedelta(days=days), until, until == NOW)


def told(past: Past, asked: Slice, site: str, jobs: tuple[Job, ...]) -> Past:
    return fold_answer(past, asked, site, jobs, source=f"sacct at {site}", as_of=NOW, warnings=())


def ran_in(jobs: list[Job], asked: Slice) -> tuple[Job, ...]:
    """What slurmdbd says without states: whatever was there at some time between the two."""
    return tuple(j for j in jobs if j.submitted and j.ended and j.submitted <= asked.until and j.ended >= asked.since)


moments = st.floats(0, 24 * 40, allow_nan=False).map(lambda hours: round(hours * 3600) / 3600)


@st.composite
def stores(draw: st.DrawFn) -> dict[str, list[Job]]:
    """What three sites remember: some jobs ended at the same second, on the borders of slices too."""
    found: dict[str, list[Job]] = {}
    whole_hours = st.integers(0, 24 * 40).map(float)
    for site in ("a", "b", "c"):
        ends = draw(st.lists(moments | whole_hours, max_size=25))
        lengths = draw(st.lists(st.floats(0, 24 * 20), min_size=len(ends), max_size=len(ends)))
        found[site] = [
            ended(n, end, site=site, submitted=NOW - timedelta(hours=end + length))
            for n, (end, length) in enumerate(zip(ends, lengths, strict=True))
        ]
    return found


@given(stores(), st.booleans(), st.floats(0.02, 35), st.lists(st.booleans(), max_size=60), st.booleans())
def test_every_job_of_the_time_comes_once_newest_first(
    jobs: dict[str, list[Job]], everybody: bool, days: float, failures: list[bool], to_now: bool
) -> None:
    wanted = period(days, NOW if to_now else NOW - timedelta(hours=30))
    past = begin(wanted, list(jobs), everybody=everybody)
    pace = EVERYBODY if everybody else OWN
    trouble = iter(failures)
    asked_for: list[Slice] = []
    rounds = 0
    while (asked := next_slice(past)) is not None:
        rounds += 1
        assert asked.until - asked.since <= pace.most * 1.25
        assert asked.since >= wanted.since
        for site in past.waiting:
            if next(trouble, False):
                past = fold_failed(past, asked, site, Unreachable("no answer"))
            else:
                past = told(past, asked, site, ran_in(jobs[site], asked))
        if past.reached == asked.since:
            asked_for.append(asked)
    assert [a.since for a in asked_for[:-1]] == [a.until for a in asked_for[1:]]
    assert past.complete
    assert not past.failures
    expected = {
        (j.site, j.job_id)
        for every in jobs.values()
        for j in every
        if j.ended and j.ended >= wanted.since and (to_now or j.ended <= wanted.until)
    }
    assert {(j.site, j.job_id) for j in past.jobs} == expected
    assert len(past.jobs) == len(expected)
    assert past.counted.jobs == len(expected)
    ends = [j.ended for j in past.jobs if j.ended]
    assert ends == sorted(ends, reverse=True)


def test_a_job_that_ended_in_one_slice_and_ran_in_another_appears_once() -> None:
    long_one = ended(1, 2, submitted=NOW - timedelta(days=20), started=NOW - timedelta(days=20))
    past = begin(period(30), ["a"], everybody=False)
    while (asked := next_slice(past)) is not None:
        past = told(past, asked, "a", (long_one,))
    assert past.jobs == (long_one,)


def test_what_still_runs_is_not_of_the_past() -> None:
    past = begin(period(1), ["a"], everybody=False)
    asked = next_slice(past)
    assert asked is not None
    past = told(past, asked, "a", (ended(1, 1, state="RUNNING", ended=None), ended(2, 1)))
    assert [j.job_id for j in past.jobs] == [2]


def test_thirty_days_are_never_asked_for_at_once() -> None:
    past = begin(period(30), ["a"], everybody=False)
    lengths = []
    while (asked := next_slice(past)) is not None:
        lengths.append(asked.until - asked.since)
        past = told(past, asked, "a", ())
    assert lengths[0] == timedelta(days=1)
    assert max(lengths) < timedelta(days=9)
    assert sum(lengths, timedelta()) == timedelta(days=30)


@pytest.mark.parametrize(("rows", "hours"), [(0, 2), (200, 2), (500, 1), (5_000, 0.5), (50_000, 0.25)])
def test_a_slice_is_as_long_as_the_last_one_taught(rows: int, hours: float) -> None:
    assert next_span(timedelta(hours=1), rows, EVERYBODY) == timedelta(hours=hours)


def test_a_slice_keeps_within_its_bounds() -> None:
    assert next_span(EVERYBODY.least, 50_000, EVERYBODY) == EVERYBODY.least
    assert next_span(OWN.most, 0, OWN) == OWN.most


def test_a_site_that_fails_is_asked_again_for_the_same_slice_alone() -> None:
    past = begin(period(7), ["a", "b"], everybody=False)
    asked = next_slice(past)
    assert asked is not None
    past = told(past, asked, "a", (ended(1, 1),))
    past = fold_failed(past, asked, "b", Unreachable("no answer"))
    assert past.waiting == ("b",)
    assert past.reached == NOW
    assert next_slice(past) == asked
    past = told(past, asked, "b", (ended(1, 0.5, site="b"),))
    assert [j.site for j in past.jobs] == ["b", "a"]
    assert past.reached == asked.since


def test_a_site_that_is_dropped_keeps_nobody_waiting_and_proves_nothing() -> None:
    past = begin(period(1), ["a"], everybody=False)
    asked = next_slice(past)
    assert asked is not None
    past = drop(fold_failed(past, asked, "a", Unreachable("no answer")), "a", "no answer")
    assert past.over
    assert not past.complete
    assert past.reached == NOW
    several = begin(period(1), ["a", "b"], everybody=False)
    several = fold_missing(several, asked, "a", "keeps none")
    several = told(several, asked, "b", ())
    assert several.reached == asked.since
    assert several.missing == {"a": "keeps none"}


@pytest.mark.parametrize(
    ("state", "code", "signal", "words"),
    [
        ("COMPLETED", 0, 0, "0"),
        ("FAILED", 1, 0, "1"),
        ("FAILED", 137, 0, "137 killed (9)"),
        ("FAILED", 0, 9, "killed (9)"),
        ("FAILED", 0, 11, "segfault (11)"),
        ("FAILED", 139, None, "139 segfault (11)"),
        ("FAILED", 127, 0, "127 not found"),
        ("FAILED", 200, 0, "200"),
        ("FAILED", 9, 0, "9 or 137"),  # as sacct tells both
        ("CANCELLED", 0, 15, "terminated (15)"),
        ("OUT_OF_MEMORY", 0, 125, "–"),
        ("FAILED", 0, 63, "signal (63)"),
        ("FAILED", None, None, "–"),
    ],
)
def test_exit_in_words(state: str, code: int | None, signal: int | None, words: str) -> None:
    assert exit_words(ended(1, 1, state=state, exit=Exit(code, signal))) == words


def test_what_is_not_told_stays_unknown() -> None:
    eight = (Accelerators("gpu", "h100", 8),)
    assert exit_words(ended(1, 1)) == "–"
    assert gpu_hours(ended(1, 1)) is None
    assert gpu_hours(ended(1, 1, accelerators=eight, elapsed=None)) is None
    assert gpu_hours(ended(1, 1, accelerators=eight, elapsed=1800)) == 4.0
    assert gpu_hours(ended(1, 1, accelerators=())) == 0.0
    assert gpu_hours(ended(1, 1, accelerators=eight, elapsed=0)) == 0.0
    assert limit_share(ended(1, 1)) is None
    assert limit_share(ended(1, 1, time_limit=7200)) == 0.5
    found = totals([ended(1, 1), ended(2, 1, accelerators=eight, state="FAILED"), ended(3, 1, state="CANCELLED")])
    assert (found.jobs, found.failed, found.gpu_hours, found.untold) == (3, 1, 8.0, 2)


def test_a_site_that_counts_accelerators_at_all_tells_of_every_job() -> None:
    past = begin(period(7), ["a"], everybody=False)
    asked = next_slice(past)
    assert asked is not None
    past = told(past, asked, "a", (ended(1, 1),))
    assert totals(past.jobs).untold == 1
    asked = next_slice(past)
    assert asked is not None
    past = told(past, asked, "a", (ended(2, 30, accelerators=(Accelerators("gpu", "h100", 8),)), ended(3, 31)))
    assert [gpu_hours(job) for job in past.jobs] == [0.0, 8.0, 0.0]
    assert past.counted == totals(past.jobs)
    assert past.counted.untold == 0
