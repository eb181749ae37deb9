"""Spans of the past as people write them, and where a mistake in one is."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naru_client.insight.periods import PRESETS, PeriodError, parse_moment, parse_period

NOW = datetime(2026, 11, 24, 4, 12, 30, 500, tzinfo=UTC)
WHOLE = NOW.replace(microsecond=0)


@pytest.fixture
def seoul(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()  # put back by the fixture that cleans the machine


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.usefixtures("seoul")
@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("today", utc(2026, 11, 23, 15), None),
        ("yesterday", utc(2026, 11, 22, 15), utc(2026, 11, 23, 15)),
        ("24h", WHOLE - timedelta(days=1), None),
        ("1d12h", WHOLE - timedelta(hours=36), None),
        ("month", utc(2026, 10, 31, 15), None),
        ("2026-11-03", utc(2026, 11, 2, 15), utc(2026, 11, 3, 15)),
        ("2026-10", utc(2026, 9, 30, 15), utc(2026, 10, 31, 15)),
        ("2025-12", utc(2025, 11, 30, 15), utc(2025, 12, 31, 15)),
        ("2026-11-24", utc(2026, 11, 23, 15), None),
        ("2026-11-01..2026-11-07", utc(2026, 10, 31, 15), utc(2026, 11, 7, 15)),
        (" 2026-11-01 .. 2026-11-07T18:30 ", utc(2026, 10, 31, 15), utc(2026, 11, 7, 9, 30)),
        ("2026-11-01T00:00Z..2026-11-02T00:00Z", utc(2026, 11, 1), utc(2026, 11, 2)),
        ("7d..2d", WHOLE - timedelta(days=7), WHOLE - timedelta(days=2)),
        ("2026-11-20..", utc(2026, 11, 19, 15), None),
        ("2026-11-20..now", utc(2026, 11, 19, 15), None),
        ("yesterday..today", utc(2026, 11, 22, 15), None),
    ],
)
def test_a_span_is_read_in_local_time_and_given_in_utc(text: str, since: datetime, until: datetime | None) -> None:
    found = parse_period(text, NOW)
    assert (found.since, found.until, found.open) == (since, until or WHOLE, until is None)


def test_presets_can_be_read() -> None:
    for preset, _title in PRESETS:
        assert parse_period(preset, NOW).open


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "missing"),
        ("   ", 0, "missing"),
        ("tuesday", 0, "tuesday"),
        ("2026-13-01", 5, "no month 13"),
        ("2026-00-01", 5, "no month 0"),
        ("2026-11-31", 8, "no day 31"),
        ("2026-11-40", 8, "no day 40"),
        ("2026-11-01T25:00", 11, "no hour 25"),
        ("2026-11-01T12:61", 14, "no minute 61"),
        ("2026-11-01x", 10, "x"),
        ("1026-11-01", 0, "1026"),
        ("2026-11-01..2026-02-30", 20, "no day 30"),
        ("2026-11-07..2026-11-01", 12, "ends before it begins"),
        ("2d..7d", 4, "ends before it begins"),
        ("2027-01-01", 0, "still to come"),
        ("7d3", 2, "3"),
        ("9999999w", 0, "too long ago"),
        ("..", 0, "missing"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, position: int, words: str) -> None:
    with pytest.raises(PeriodError) as caught:
        parse_period(text, NOW)
    assert caught.value.position == position
    assert words in caught.value.message
    assert f"character {position + 1})" in caught.value.message


@given(st.text(max_size=40) | st.from_regex(r"[0-9T:.dhw -]{0,30}", fullmatch=True))
def test_whatever_is_typed_is_a_span_or_a_mistake_within_it(text: str) -> None:
    places: list[int] = []
    try:
        found = parse_period(text, NOW)
    except PeriodError as error:
        places.append(error.position)
    else:
        assert found.since < found.until <= WHOLE
        assert found.open == (found.until == WHOLE)
    assert all(0 <= place <= len(text) for place in places)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2026, 11, 1)))
def test_a_moment_comes_back_as_it_was_written(moment: datetime) -> None:
    exact = moment.replace(microsecond=0)
    assert parse_moment(f"{exact:%Y-%m-%dT%H:%M:%S}Z", NOW) == exact.replace(tzinfo=UTC)
