"""When a line was written, by the time stamp at its beginning, and where a log was silent. Pure."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

# How far a stamp may lie after the moment it is completed by. A stamp without a date is at most so much younger, and
# else of the day before.
CLOCK_AHEAD = timedelta(hours=6)
YEAR_AHEAD = timedelta(days=60)

_LATEST = 72  # characters within which a stamp has to begin
_MONTHS = {
    name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)
}
# What may come before a clock without a date: a rank, a level.
_BEFORE = r"(?:[\[(]?(?:rank ?)?[0-9]{0,5}[\])]?:? ?)?(?:\[?[A-Z]{4,8}\]?:? +)?"

_any = re.compile("[0-9][0-9]:[0-9][0-9]:[0-9][0-9]").search
_full = re.compile(
    r"(?<![0-9])(?:20|19)[0-9]{2}[-/][0-9]{2}[-/][0-9]{2}[T :_][0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:[.,][0-9]{1,9})?(Z| ?[+-][0-9]{2}:?[0-9]{2}(?![0-9]))?"
).search
_short = re.compile(
    r"(?:^|[\[( |])([0-9]{2})[-/]([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?(?![0-9:])"
).search
_glog = re.compile(r"(?:^|[\[ :])[IWEF]([0-9]{3,4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?").search
_named = re.compile(
    r"(?:^|[\[( ])(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}"
    r"([0-9]{1,2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})(?: ([0-9]{4}))?(?![0-9:])"
).search
_clock = re.compile(_BEFORE + r"[\[(]?([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?(?=[\]) |]|: |$)").match
_json = re.compile(
    r'"(?:ts|time|timestamp|@timestamp|asctime|created|datetime)" ?: ?"?([0-9][0-9T:Z +\-.,/eE]{7,40})'
).search


def stamp_of(text: str, near: datetime | None, zone: tzinfo) -> datetime | None:
    """The time stamp at the beginning of a cleaned line, in UTC; None where there is none.

    A stamp without a zone is in `zone`. One without a date, or without a year, is completed to the one that is nearest
    to `near`, and not far after it: the time of a line next to it, or when the log was last written. None where that
    is not known.
    """
    if _any(text, 0, _LATEST + 24) is None:
        return _in_json(text, zone) if text.startswith("{") else None
    if (found := _full(text, 0, _LATEST + 40)) is not None and found.start() <= _LATEST:
        return _read(found, zone)
    if text.startswith("{"):
        return _in_json(text, zone)
    if near is None:
        return None if (found := _named(text, 0, _LATEST)) is None or not found[6] else _yearless(found, None, zone)
    if (found := _short(text, 0, _LATEST)) is not None:
        month, day, *clock, fraction = found.groups()
        return _complete(int(month), int(day), clock, fraction, near, zone)
    if (found := _glog(text, 0, _LATEST)) is not None:
        together, *clock, fraction = found.groups()
        return _complete(int(together[:-2]), int(together[-2:]), clock, fraction, near, zone)
    if (found := _named(text, 0, _LATEST)) is not None:
        return _yearless(found, near, zone)
    if (found := _clock(text)) is not None:
        *clock, fraction = found.groups()
        return _of_a_day(clock, fraction, near, zone)
    return None


def is_gap(previous: datetime, this: datetime, usual: float | None) -> bool:
    """Whether the silence between two stamps is worth a mark, `usual` being the seconds that lie between two stamps of
    this log as a rule (see `Pace`). Where nobody knows them yet, only ten minutes are."""
    seconds = (this - previous).total_seconds()
    return seconds >= 600 if usual is None else seconds >= 60 and seconds >= 10 * usual


class Pace(Struct, frozen=True):
    """What lies between two stamps of a log as a rule: `usual` seconds, None before there were `ENOUGH` of them.

    Lines of one moment count once. One long silence hardly moves it, a lasting change of pace does.
    """

    last: datetime | None = None
    mean: float = 0.0
    count: int = 0

    ENOUGH = 3

    @property
    def usual(self) -> float | None:
        return self.mean if self.count >= self.ENOUGH else None

    def after(self, stamp: datetime) -> "Pace":
        """The pace with one more stamp."""
        if self.last is None:
            return Pace(stamp, self.mean, self.count)
        seconds = (stamp - self.last).total_seconds()
        if seconds <= 0:
            return self if seconds == 0 else Pace(stamp, self.mean, self.count)
        if self.count == 0:
            return Pace(stamp, seconds, 1)
        share = 1 / min(self.count + 1, 16)
        bounded = min(max(seconds, self.mean / 4), self.mean * 4)
        return Pace(stamp, self.mean * (bounded / self.mean) ** share, self.count + 1)


class _Clock(NamedTuple):
    hour: int
    minute: int
    second: int
    microsecond: int


def _clock_of(parts: list[str], fraction: str | None) -> _Clock:
    hour, minute, second = parts
    return _Clock(int(hour), int(minute), int(second), int((fraction or "0").ljust(6, "0")[:6]))


def _read(found: "re.Match[str]", zone: tzinfo) -> datetime | None:
    text = found[0]
    if text[4] == "/":
        text = text.replace("/", "-", 2)
    try:
        if found[1]:
            return datetime.fromisoformat(text[:10] + "T" + text[11:].replace(" ", "")).astimezone(UTC)
        return datetime.fromisoformat(text).replace(tzinfo=UTC) - _offset(text[:10], text[11:13], zone)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=64)
def _offset(day: str, hour: str, zone: tzinfo) -> timedelta:
    """A zone's offset within an hour: asking the zone itself costs as much as all the rest."""
    return datetime.fromisoformat(f"{day} {hour}").replace(tzinfo=zone).utcoffset() or timedelta()


def _in_json(text: str, zone: tzinfo) -> datetime | None:
    found = _json(text, 0, 2000)
    if found is None:
        return None
    try:
        number = float(found[1].strip(" ,"))
    except ValueError:
        full = _full(found[1])
        return None if full is None else _read(full, zone)
    for unit in (1.0, 1e3, 1e6, 1e9):  # epoch seconds, milli-, micro-, nanoseconds
        if 9e8 <= number / unit < 4e9:
            return datetime.fromtimestamp(number / unit, UTC)
    return None


def _yearless(found: "re.Match[str]", near: datetime | None, zone: tzinfo) -> datetime | None:
    name, day, *clock, year = found.groups()
    return _complete(_MONTHS[name], int(day), clock, None, near, zone, years=(int(year),) if year else None)


def _complete(
    month: int, day: int, clock: list[str], fraction: str | None, near: datetime | None, zone: tzinfo,
    years: tuple[int, ...] | None = None,
) -> datetime | None:  # fmt: skip
    if years is None:
        if near is None:
            return None
        years = (near.year - 1, near.year, near.year + 1)
    moments = (_moment(year, month, day, _clock_of(clock, fraction), zone) for year in years)
    return _nearest([moment for moment in moments if moment is not None], near, YEAR_AHEAD)


def _of_a_day(clock: list[str], fraction: str | None, near: datetime, zone: tzinfo) -> datetime | None:
    today, at = near.astimezone(zone).date(), _clock_of(clock, fraction)
    days = (today + timedelta(days=n) for n in (-1, 0, 1)) if date.min < today < date.max else ()
    moments = (_moment(day.year, day.month, day.day, at, zone) for day in days)
    return _nearest([moment for moment in moments if moment is not None], near, CLOCK_AHEAD)


def _moment(year: int, month: int, day: int, at: _Clock, zone: tzinfo) -> datetime | None:
    try:
        return datetime(year, month, day, *at, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _nearest(moments: list[datetime], near: datetime | None, ahead: timedelta) -> datetime | None:
    if near is not None and len(moments) > 1:
        moments = [moment for moment in moments if moment - near <= ahead]
        return max(moments, default=None)
    return moments[0] if moments else None
