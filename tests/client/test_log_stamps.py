"""When a line was written, by its own stamp, and which silences are worth a mark."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naru_client.logs.stamps import Pace, is_gap, stamp_of

SEOUL = ZoneInfo("Asia/Seoul")
NEAR = datetime(2026, 11, 24, 0, 0, 30, tzinfo=UTC)  # 09:00:30 in Seoul
STAMP = datetime(2026, 11, 24, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-24 09:00:01 starting", "[2026-11-24 09:00:01] INFO  x",
        "2026-11-24T00:00:01Z x", "2026-11-24T00:00:01+00:00",
        "2026-11-24T09:00:01+09:00 x", "2026-11-24 09:00:01 +0900 x", 
       
        "2026/11/24 09:00:01 x", "2026-11-24:09:00:01 INFO [x]",
        "Job 4711 on g-1 at 2026-11-24T09:00:01+09:00",
        "11-24 09:00:01 x", "INFO 11-24 09:00:01 [loggers.py:127] Engine",
        "(APIServer pid=9) INFO 11-24 09:00:01 [a.py:3] x",
        "[11/24 09:00:01 d2.utils.events]: eta", "I1124 09:00:01 12 a.cc:3]",
        "09:00:01 데이터", "[09:00:01] shard 00001/00512", "[rank0]: 09:00:01 INFO x", "[INFO] 09:00:01 x", "09:00:01",
        "Nov 24 09:00:01 n1 kernel: x", "Tue Nov 24 09:00:01 2026", "[Tue Nov 24 09:00:01 2026] NVRM: Xid",
        '{"ts": 1795478401, "msg": "x"}', '{"level":"info","time":"2026-11-24T00:00:01Z"}',
        '{"timestamp":1795478401000}',
        '{"msg": "' + "x" * 200 + '", "time": "2026-11-24T09:00:01+09:00"}',
        " [2026-11-24 09:00:01] iteration      100/  500000 | consumed samples", "[I 2026-11-24 09:00:01 ServerApp] x",
    ],
)  # fmt: skip
def test_the_shapes_of_stamps(line: str) -> None:
    assert stamp_of(line, NEAR, SEOUL) == STAMP


@pytest.mark.parametrize(
    ("line", "milliseconds"),
    [
        ("2026-11-24 09:00:01,123 - root", 123), ("[rank0]:[titan] 2026-11-24 09:00:01,004 - root", 4),
        ("2026-11-24T00:00:01.5Z", 500), ("I1124 09:00:01.250000 12 a.cc:3] x", 250), ("[09:00:01.125] x", 125),
        ("[rank0]:[E1124 09:00:01.408000000 ProcessGroupNCCL.cpp:607] x", 408), ('{"ts": 1795478401.5}', 500),
        ("2026-11-24 09:00:01.123456789 x", 123.456), ('{"ts":1795478401250}', 250),
    ],
)  # fmt: skip
def test_fractions(line: str, milliseconds: float) -> None:
    assert stamp_of(line, NEAR, SEOUL) == STAMP + timedelta(milliseconds=milliseconds)


@pytest.mark.parametrize(
    "line",
    [
        "", "no stamp at all", "Epoch 3:  45%|████ | 45/100 [00:10<00:12,  4.40it/s]", "{'loss': 1.2, 'epoch': 0.5}",
        " 6%|█ | 32040/500150 [06:28:43<94:39:17,  1.37it/s]",
        "elapsed 00:01:12", "ETA: 00:10:00 left",
        "0:01:07 since",
        "2026-13-45 09:00:01 x", "25:61:00 x", "11-31 09:00:01 x", "step 09:00",
        "version 2026-11-24", "00:1e:67:aa:bb:cc",
        '{"ts": "soon"}', '{"ts": 12345678}', "x" * 200 + " 2026-11-24 09:00:01",
        "fe80::00:11:22:33", "I9999 09:00:01 x",
        "2026-11-24 09:00:01 +9999 x",
    ],
)  # fmt: skip
def test_what_is_no_stamp(line: str) -> None:
    assert stamp_of(line, NEAR, SEOUL) is None


def test_without_a_time_nearby_nothing_is_guessed() -> None:
    for line in ("09:00:01 x", "11-24 09:00:01 x", "I1124 09:00:01.1 x", "Nov 24 09:00:01 n1 x"):
        assert stamp_of(line, None, SEOUL) is None
    assert stamp_of("2026-11-24 09:00:01 x", None, SEOUL) == STAMP
    assert stamp_of("Tue Nov 24 09:00:01 2026 x", None, SEOUL) == STAMP


def test_a_clock_is_of_the_day_that_is_near_and_not_of_the_future() -> None:
    midnight = datetime(2026, 11, 23, 15, 0, 5, tzinfo=UTC)  # 00:00:05 in Seoul
    before = stamp_of("23:59:58 x", midnight, SEOUL)
    assert before == midnight - timedelta(seconds=7)
    assert stamp_of("00:00:10 x", before, SEOUL) == midnight + timedelta(seconds=5), "it goes on after midnight"
    evening = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # 10:00 in Seoul: 20:00 was yesterday
    assert stamp_of("20:00:00 x", evening, SEOUL) == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


def test_a_year_is_completed_across_new_year() -> None:
    new_year = datetime(2027, 1, 1, 2, 0, tzinfo=UTC)
    assert stamp_of("12-31 23:00:00 x", new_year, UTC) == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert stamp_of("Jan  1 01:00:00 n1 x", new_year - timedelta(hours=4), UTC) == datetime(2027, 1, 1, 1, tzinfo=UTC)
    assert stamp_of("02-29 01:00:00 x", datetime(2029, 1, 1, tzinfo=UTC), UTC) == datetime(2028, 2, 29, 1, tzinfo=UTC)


moments = st.datetimes(datetime(2001, 1, 2), datetime(2095, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


@given(moments, st.integers(-14 * 3600, 5 * 3600), st.sampled_from(["UTC", "Asia/Seoul", "America/New_York"]))
def test_what_is_written_is_read_again(moment: datetime, ago: int, name: str) -> None:
    zone = ZoneInfo(name)
    local = moment.astimezone(zone)
    near = moment + timedelta(seconds=-ago)
    if moment != local.replace(fold=0).astimezone(UTC):
        return  # an hour that a clock shows twice
    assert stamp_of(f"[{local:%Y-%m-%d %H:%M:%S}] x", None, zone) == moment
    assert stamp_of(f"{local:%Y-%m-%dT%H:%M:%S%z} x", None, zone) == moment
    for shape in ("%H:%M:%S x", "%m-%d %H:%M:%S x", "I%m%d %H:%M:%S.000 x", "%b %d %H:%M:%S n1 x"):
        assert stamp_of(local.strftime(shape), near, zone) == moment, shape


@given(st.text(alphabet='0123456789-:/T.,+ []{}"tsINov', max_size=60))
def test_anything_is_survived(text: str) -> None:
    stamp_of(text, NEAR, SEOUL)
    stamp_of('{"ts":' + text, NEAR, SEOUL)


def test_silences_worth_a_mark() -> None:
    def gap(seconds: float, usual: float | None) -> bool:
        return is_gap(STAMP, STAMP + timedelta(seconds=seconds), usual)

    assert gap(60, 1)
    assert not gap(59, 1), "short, whatever the pace"
    assert gap(200, 20)
    assert not gap(199, 20), "not ten times as long as it takes as a rule"
    assert not gap(-3600, 1), "a clock that was set back is no silence"
    assert not gap(300, None)
    assert gap(600, None)


def test_the_pace_of_a_log() -> None:
    pace = Pace()
    assert pace.usual is None
    at = STAMP
    for _ in range(20):
        for _line in range(3):
            pace = pace.after(at)  # several lines of one moment
        at += timedelta(seconds=20)
    assert pace.usual == pytest.approx(20)
    usual = pace.usual
    at += timedelta(hours=2)
    assert is_gap(pace.last or STAMP, at, usual)
    pace = pace.after(at)
    assert (pace.usual or 0) < 30, "one silence is not the rule"
    for _ in range(60):
        at += timedelta(seconds=300)
        pace = pace.after(at)
    assert (pace.usual or 0) > 200, "a lasting change is"
    back = pace.after(STAMP)
    assert (back.last, back.usual) == (STAMP, pace.usual)
