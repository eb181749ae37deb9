"""Spans of the past as people write them: `7d`, `today`, `2026-11`, `2026-11-01..2026-11-07T18:00`. Pure.

    today  yesterday  month     since midnight; the day before; since the first of this month
    90m  12h  7d  2w            so long until now
    2026-11-03  2026-11         that day, that month
    A..B  A..  ..B              from A to B, where each is a day, a month, a moment (`2026-11-03T18:00`), `now`,
                                `today`, or a length of time ago; a day or a month at the end is meant whole

Dates are the reader's own: they are read in the local time zone and given as UTC.
"""

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from naru_client.errors import UsageError
from naru_client.i18n import _, mark
from naru_client.text import clean

PRESETS: tuple[tuple[str, str], ...] = (
    ("today", mark("today")),
    ("24h", mark("24 hours")),
    ("7d", mark("7 days")),
    ("30d", mark("30 days")),
    ("month", mark("this month")),
)
LONGEST = timedelta(weeks=2600)  # before that no Slurm ran, and clocks begin to have no moment for it
FIRST_YEAR, LAST_YEAR = 1980, 2200

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?(Z)?)?)?", re.ASCII | re.IGNORECASE
)
_PARTS = (mark("month"), mark("day"), mark("hour"), mark("minute"), mark("second"))
_HIGHEST = (12, 31, 23, 59, 59)


class PeriodError(UsageError):
    """A span of time that cannot be used. `position` is the index of the first character at fault."""

    def __init__(self, what: str, position: int, hint: str = "") -> None:
        super().__init__(_("{what} (at character {n})").format(what=what, n=position + 1), hint)
        self.position = position


class Period(Struct, frozen=True):
    """A span of the past, from `since` to `until` (aware UTC, whole seconds); `open` where it goes up to now."""

    since: datetime
    until: datetime
    open: bool


def parse_period(text: str, now: datetime) -> Period:
    """The span that a person typed, `now` being the moment it is told from.

    Raises PeriodError, with the position, for what cannot be understood, ends before it begins, or is still to come.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    begin = len(text) - len(text.lstrip())
    bare = text.strip()
    if not bare:
        raise PeriodError(_("a span of time is missing"), 0, how_to_write())
    first, dots, last = bare.partition("..")
    if not dots:
        since, until = _alone(bare, begin, now)
    else:
        at = begin + len(first) + 2
        since = _moment(first, begin, now) if first.strip() else now - LONGEST
        until = _moment(last, at, now, end=True) if last.strip() else None
        if not first.strip() and until is None:
            raise PeriodError(_("a span of time is missing"), begin, how_to_write())
        if until is not None and until <= since:
            raise PeriodError(_("it ends before it begins"), at)
    if since >= now:
        raise PeriodError(_("that is still to come"), begin)
    if until is None or until >= now:
        return Period(since, now, True)
    return Period(since, until, False)


def parse_moment(text: str, now: datetime, *, end: bool = False) -> datetime:
    """A moment, or a length of time before `now`, as aware UTC. A day or month means its start, with `end` its end.

    Raises PeriodError with the position.
    """
    return _moment(text, 0, now.astimezone(UTC).replace(microsecond=0), end=end)


def how_to_write() -> str:
    return _("write it as 12h, 7d, today, 2026-11-03 or 2026-11-01..2026-11-07")


def _alone(text: str, at: int, now: datetime) -> tuple[datetime, datetime | None]:
    word = text.lower()
    if word == "month":
        local = now.astimezone()
        return _local(local.year, local.month), None
    if word == "yesterday":
        return _day(now, -1), _day(now, 0)
    if word in ("today", "now") or _SPAN.match(word):
        return _moment(text, at, now), None
    return _moment(text, at, now), _moment(text, at, now, end=True)


def _moment(text: str, at: int, now: datetime, *, end: bool = False) -> datetime:
    at += len(text) - len(text.lstrip())
    word = text.strip().lower()
    if word == "now":
        return now
    if word == "today":
        return _day(now, 1 if end else 0)
    if word == "yesterday":
        return _day(now, 0 if end else -1)
    if _SPAN.match(word):
        return now - _length(word, at)
    found = _MOMENT.match(word)
    if found is None:
        raise PeriodError(_("{text} is no date and no length of time").format(text=_quoted(text)), at, how_to_write())
    if found.end() != len(word):
        raise PeriodError(
            _("this is not part of a date: {text}").format(text=_quoted(word[found.end() :])),
            at + found.end(),
            how_to_write(),
        )
    _check(found, at)
    year, month = int(found[1]), int(found[2])
    day, hour, minute, second = (None if part is None else int(part) for part in found.groups()[2:6])
    try:
        if day is None:
            return _local(year + (month == 12), month % 12 + 1) if end else _local(year, month)
        if hour is None:
            start = datetime(year, month, day)
            return (start + timedelta(days=1 if end else 0)).astimezone(UTC)
        exact = datetime(year, month, day, hour, minute or 0, second or 0)
    except ValueError:  # of the parts only the day can still be wrong
        raise PeriodError(_("this month has no day {n}").format(n=day), at + found.start(3)) from None
    return exact.replace(tzinfo=UTC) if found[7] else exact.astimezone(UTC)


def _check(found: re.Match[str], at: int) -> None:
    if not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        raise PeriodError(_("no job ran in the year {n}").format(n=int(found[1])), at)
    for place, (name, highest) in enumerate(zip(_PARTS, _HIGHEST, strict=True), 2):
        part = found[place]
        if part is not None and not (place in (2, 3)) <= int(part) <= highest:
            raise PeriodError(_("there is no {part} {n}").format(part=_(name), n=int(part)), at + found.start(place))


def _length(word: str, at: int) -> timedelta:
    total, place = 0, 0
    for part in _SPAN.finditer(word):
        if part.start() != place:
            break
        total += int(part[1]) * _SECONDS[part[2]]
        place = part.end()
    if place != len(word):
        raise PeriodError(
            _("this is no length of time: {text}").format(text=_quoted(word[place:])), at + place, how_to_write()
        )
    if total > LONGEST.total_seconds():
        raise PeriodError(_("that is too long ago"), at, _("at most 2600w"))
    return timedelta(seconds=total)


def _day(now: datetime, days: int) -> datetime:
    local = now.astimezone()
    return (datetime(local.year, local.month, local.day) + timedelta(days=days)).astimezone(UTC)


def _local(year: int, month: int) -> datetime:
    return datetime(year, month, 1).astimezone(UTC)


def _quoted(text: str) -> str:
    return clean(text.strip(), 40)
