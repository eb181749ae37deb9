"""The burn-down in text and the gauges: as large as they may be, in ASCII too, and true to the figures."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from naru.format import Glyphs
from naru.widgets.burn_chart_plot import Burn, band_at, left_at, moment_of, place_of, plan_at, plot, span_of
from naru.widgets.gauge import PARTS, Parts, bar, part_glyphs, parts_of
from naru.widgets.text_lines import Line
from naru_client.insight.quota import Quota

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
H, DAY = 3600, timedelta(days=1)

amounts = st.integers(-(10**12), 10**12)
glyphs = st.sampled_from((Glyphs(False), Glyphs(True)))


def text(lines: list[Line]) -> list[str]:
    return ["".join(piece for piece, _style in line) for line in lines]


@st.composite
def burns(draw: st.DrawFn) -> Burn:
    granted = draw(st.integers(0, 10**12))
    left = draw(st.integers(-granted - 1, granted))
    points = [(NOW, left)]
    for back in range(draw(st.integers(0, 30))):
        points.append((NOW.replace(hour=0, minute=0) - back * DAY, left))
        left += draw(st.integers(0, 10**10))
    slow, fast = sorted(draw(st.tuples(st.floats(0, 1e11), st.floats(0, 1e11))))
    told = draw(st.booleans())
    start, end = draw(st.none() | st.integers(0, 4000)), draw(st.none() | st.integers(-4000, 4000))
    earliest, latest = draw(st.none() | st.integers(0, 10**5)), draw(st.none() | st.integers(0, 10**5))
    return Burn(
        granted=granted, points=tuple(reversed(points)), now=NOW,
        start=None if start is None else NOW - start * DAY, end=None if end is None else NOW + end * DAY,
        slowest=slow if told else None, fastest=fast if told else None,
        earliest=None if earliest is None else NOW + earliest * DAY,
        latest=None if latest is None or earliest is None else NOW + (earliest + latest) * DAY,
    )  # fmt: skip


@given(burns(), st.integers(0, 200), st.integers(0, 60), glyphs)
def test_a_drawing_never_leaves_its_place_and_is_ascii_where_that_is_wanted(
    burn: Burn, width: int, height: int, g: Glyphs
) -> None:
    lines = text(plot(burn, width, height, g))
    assert len(lines) <= height
    if width >= 40:
        assert all(cell_len(line) <= width for line in lines)
    if g.ascii_only:
        assert all(line.isascii() for line in lines)


@given(burns(), st.integers(16, 200))
def test_what_is_foretold_lies_after_now_and_the_plan_within_the_grant(burn: Burn, columns: int) -> None:
    start, end = span_of(burn)
    assert start <= burn.now <= end
    for column in range(columns):
        moment = moment_of(column, burn, columns)
        assert abs(place_of(moment, burn, columns) - column) <= 1
        band, plan, left = band_at(burn, moment), plan_at(burn, moment), left_at(burn, moment)
        assert band is None or (moment >= burn.now and 0 <= band[0] <= band[1])
        assert plan is None or 0 <= plan <= burn.granted
        assert left is None or moment >= burn.points[0][0]


def even(left: int, used_a_day: int, days: int = 28, **more: object) -> Burn:
    points = [(NOW, left)] + [(NOW.replace(hour=0, minute=0) - n * DAY, left + n * used_a_day) for n in range(days + 1)]
    base: dict[str, object] = {"granted": 1000 * H, "points": tuple(reversed(points)), "now": NOW,
                               "slowest": float(used_a_day), "fastest": float(used_a_day)}  # fmt: skip
    return Burn(**{**base, **more})  # type: ignore[arg-type]


def test_a_contract_shows_its_dates_today_the_plan_and_when_it_runs_out() -> None:
    burn = even(
        400 * H, 10 * H, start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 5, 1, tzinfo=UTC),
        earliest=NOW + 40 * DAY, latest=NOW + 50 * DAY,
    )  # fmt: skip
    lines = text(plot(burn, 78, 13, Glyphs(False)))
    assert lines[0].startswith("1,000 ┤•")
    assert lines[5].startswith("  500 ┤")
    assert lines[10].startswith("    0 └")
    assert "┴" in lines[10]
    assert "━" in lines[10]
    assert lines[11].split() == ["01-01", "today", "04-11", "04-30"]
    assert lines[12].split() == ["█", "left", "•", "even", "use", "░", "forecast", "━", "runs", "out"]
    today = lines[10].index("┴")
    filled = [line[today - 1] for line in lines[:10]]
    assert filled.count("█") == 4, "400 of 1,000 are left"
    assert all("█" not in line[today + 1 :] and "░" not in line[: today + 1] for line in lines[:10])


def test_without_a_contract_there_is_no_plan_and_the_days_told_are_drawn() -> None:
    burn = even(400 * H, 10 * H, earliest=NOW + 40 * DAY)
    drawn = "\n".join(text(plot(burn, 60, 12, Glyphs(True))))
    assert "o" not in drawn.splitlines()[0]
    assert "even use" not in drawn
    assert "#" in drawn
    assert ":" in drawn
    assert "today" in drawn


def test_what_is_used_up_leaves_nothing_standing() -> None:
    lines = text(plot(even(-50 * H, 0, days=0), 60, 12, Glyphs(False)))
    assert not any("█" in line or "░" in line for line in lines[:-1])


def test_little_room_is_said() -> None:
    assert text(plot(even(1, 1), 20, 4, Glyphs(False))) == ["too little room for the burn-down"]


# ---- gauges ----------------------------------------------------------------------------------------------------


def quota(granted: int | None, used: int | None, committed: int | None, reserved: int | None, **more: object) -> Quota:
    left = None if granted is None or used is None or committed is None else granted - used - committed
    base: dict[str, object] = {
        "holder": "lab", "account": "lab", "resource": "gpu", "granted": granted, "used_decayed": used,
        "committed": committed, "reserved": reserved, "remaining": left, "available": left, "binds": "lab",
    }  # fmt: skip
    return Quota(**{**base, **more})  # type: ignore[arg-type]


@given(amounts, amounts, st.none() | amounts, st.none() | amounts, st.none() | amounts, st.integers(8, 100), glyphs)
def test_a_gauge_is_as_wide_as_it_may_be_and_its_parts_are_the_whole(
    whole: int, used: int, committed: int | None, reserved: int | None, available: int | None, width: int, g: Glyphs
) -> None:
    parts = parts_of(quota(whole, used, committed, reserved, available=available))
    assert parts is not None
    told = (parts.used, parts.committed, parts.reserved, parts.free, parts.blocked)
    assert sum(told) == max(0, whole)
    assert min(told) >= 0
    drawn = bar(parts, width, g)
    assert cell_len(drawn) == width
    assert set(drawn) <= {*part_glyphs(g).values(), g.right}
    for part, amount in zip(PARTS, told, strict=True):
        seen = part_glyphs(g)[part] in drawn
        assert seen <= bool(amount) or not whole > 0
        assert seen or not amount or parts.over, "what is not nothing is seen"


def test_parts_are_told_apart_without_colours() -> None:
    for g in (Glyphs(False), Glyphs(True)):
        assert len(set(part_glyphs(g).values())) == len(PARTS)


def test_a_limit_above_blocks_what_is_left_and_more_than_granted_ends_in_an_arrow() -> None:
    g = Glyphs(True)
    parts = parts_of(quota(10 * H, 4 * H, H, H, available=2 * H))
    assert parts == Parts(4 * H, H, H, H, 3 * H)
    assert bar(parts, 10, g) == "####=+.xxx"
    over = parts_of(quota(10 * H, 9 * H, 4 * H, 0))
    assert over is not None
    assert bar(over, 10, g) == "#########>"


@pytest.mark.parametrize("told", [quota(None, 1, 0, 0), quota(10, None, 0, 0)])
def test_a_grant_or_a_use_that_is_not_told_makes_no_bar(told: Quota) -> None:
    assert parts_of(told) is None
