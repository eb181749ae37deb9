"""How a grant is used up: use per day, the plan line, when it runs out, and whether too little is used to keep it.

Amounts are of one resource times seconds, as in `insight.quota`. Days are UTC dates, and a day's use is what ran on it.
A day that is not told is not a day of nothing: only days that are told make a rate.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

SPANS = (7, 14, 28)  # days over which a rate is taken: the last of them
LEAST_DAYS = 3  # told days that make a rate
BEHIND = 0.8  # of the plan line; less is below pace, unless the site says otherwise
_DAY = 86_400


class Burndown(Struct, frozen=True, kw_only=True):
    """Where a grant stands and where it goes.

    `plan` is what an even use over the period would have used by now; `pace` is used over plan. `slowest` and `fastest`
    are rates, an amount a day, over the last days of SPANS that are told; None where too few are. `earliest` and
    `latest` are when it runs out at those; `latest` is None when at the slowest it never does, both are None when it
    is not known or never does at any. `lasts` is whether it covers the period even at the fastest rate. `days` is how
    many told days stand behind the rates. None is "not known" everywhere.
    """

    granted: int | None
    used: int | None
    plan: int | None
    pace: float | None
    below_pace: bool | None
    slowest: float | None
    fastest: float | None
    earliest: datetime | None
    latest: datetime | None
    lasts: bool | None
    days: int


def burndown(
    *,
    granted: int | None,
    used: int | None,
    daily: Mapping[date, int],
    start: datetime | None,
    end: datetime | None,
    now: datetime,
    behind: float = BEHIND,
) -> Burndown:
    """The burn-down at `now`, from the use of whole days past; today's is not whole and is left out."""
    plan = planned(granted, start, end, now)
    pace = used / plan if used is not None and plan else None
    rates, days = daily_rates(daily, now.astimezone(UTC).date())
    slowest, fastest = (min(rates), max(rates)) if rates else (None, None)
    left = None if granted is None or used is None else max(0, granted - used)
    earliest, latest = _runs_out(left, fastest, now), _runs_out(left, slowest, now)
    lasts = None
    if left is not None and fastest is not None and end is not None:
        lasts = left >= fastest * max(0.0, (end - now).total_seconds()) / _DAY
    return Burndown(
        granted=granted, used=used, plan=plan, pace=pace, below_pace=None if pace is None else pace < behind,
        slowest=slowest, fastest=fastest, earliest=earliest, latest=latest, lasts=lasts, days=days,
    )  # fmt: skip


def planned(granted: int | None, start: datetime | None, end: datetime | None, now: datetime) -> int | None:
    """What an even use over the period would have used by now; None where the grant or the period is not known."""
    if granted is None or start is None or end is None or end <= start:
        return None
    whole = int((end - start).total_seconds())
    gone = min(whole, max(0, int((now - start).total_seconds())))
    return granted * gone // max(1, whole)


def daily_rates(daily: Mapping[date, int], today: date) -> tuple[list[float], int]:
    """The mean use a day over each of SPANS of which enough days are told, and how many told days they rest on."""
    rates: list[float] = []
    most = 0
    for span in SPANS:
        told = [daily[day] for back in range(1, span + 1) if (day := today - timedelta(days=back)) in daily]
        if len(told) >= LEAST_DAYS:
            rates.append(sum(told) / len(told))
            most = max(most, len(told))
    return rates, most


def _runs_out(left: int | None, rate: float | None, now: datetime) -> datetime | None:
    if left is None or rate is None or (rate <= 0 and left > 0):
        return None
    try:
        return now + timedelta(days=left / rate if left else 0)
    except OverflowError:
        return None
