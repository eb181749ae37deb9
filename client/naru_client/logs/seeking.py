"""Finding a place in a log by what a person says of it: a share of it, a line's number, a time."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from msgspec import Struct

from naru_client.errors import NotFound, UsageError
from naru_client.i18n import _
from naru_client.logs.encoding import decode_line
from naru_client.logs.lines import PIECE, LogText, RawLine
from naru_client.logs.looks import looks_of
from naru_client.logs.stamps import stamp_of
from naru_client.text import clean

CHUNK = 1 << 22  # bytes of which the lines are counted at a time
NEAR = 200  # lines in which a time stamp is looked for
REACH = 2 * PIECE  # bytes of them: no line is longer
HEAD = 1 << 12  # bytes of a line in which its stamp stands
STEP = 1 << 14  # bytes that are gone over line by line in the end
PROBES = 8  # places between two at which a stamp is looked for, where there is none at the first
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")
_NUMBER = re.compile(r"[0-9_,]{1,16}")
_TIME = re.compile(r"(?:(\d{4}-)?(\d{1,2}-\d{1,2})[ T])?(\d{1,2}):(\d{2})(?::(\d{2}))?")


class Wanted(Struct, frozen=True):
    """A place as a person wrote it: exactly one of these is set. Lines count from 1; `share` is 0 to 1."""

    share: float | None = None
    line: int | None = None
    moment: datetime | None = None


def read_wanted(text: str, near: datetime, zone: tzinfo) -> Wanted:
    """`50%`, `1200`, `09:30`, `11-24 09:30:15`, `2026-11-24 09:30`. Raises UsageError for anything else.

    A time without a date is the last one that is not after `near`; times are those of `zone`.
    """
    text = text.strip()
    if found := _PERCENT.fullmatch(text):
        if (percent := float(found[1])) <= 100:
            return Wanted(share=percent / 100)
    elif _NUMBER.fullmatch(text):
        digits = text.replace(",", "").replace("_", "")
        if digits and int(digits) > 0:
            return Wanted(line=int(digits))
    elif found := _TIME.fullmatch(text):
        try:
            return Wanted(moment=_moment(found, near.astimezone(zone)))
        except ValueError:
            pass
    raise UsageError(
        _("not a place in a log: {text}").format(text=clean(text, 80)), _("a line 1200, a share 50%, a time 09:30")
    )


def _moment(found: re.Match[str], near: datetime) -> datetime:
    hour, minute, second = int(found[3]), int(found[4]), int(found[5] or 0)
    told = near.replace(hour=hour, minute=minute, second=second, microsecond=0)
    if found[2] is None:
        return told if told <= near else told - timedelta(days=1)
    month, day = map(int, found[2].split("-"))
    if found[1]:
        return told.replace(year=int(found[1][:-1]), month=month, day=day)
    told = told.replace(month=month, day=day)
    return told if told <= near + timedelta(days=1) else told.replace(year=told.year - 1)


async def offset_of_line(
    text: LogText, number: int, size: int, told: Callable[[int, int], None] = lambda offset, line: None
) -> tuple[int, int]:
    """Where a line starts, and its number: the last one's where there are not so many. Lines are counted from the
    start, a chunk at a time, and `told` is given how far that has come (offset, lines)."""
    if text.codec.unit > 1:
        return await _walk_to_line(text, number, size)
    newline = text.codec.newline
    before, at, last = 0, text.first, text.first
    while at < size and before < number - 1:
        data = (await text.source.read(at, min(CHUNK, size - at))).data
        if not data:
            break
        count = data.count(newline)
        if before + count >= number - 1:
            place = -1
            for _nth in range(number - 1 - before):
                place = data.find(newline, place + 1)
            if at + place + 1 < size:  # else nothing stands there
                return at + place + 1, number
        if count:
            last = at + data.rfind(newline) + 1
        before += count
        at += len(data)
        told(at, before)
    if last >= size and before:  # nothing stands after the last newline
        last, before = await text.start_of(size, size), before - 1
    return last, before + 1


async def _walk_to_line(text: LogText, number: int, size: int) -> tuple[int, int]:
    at, line = text.first, 1
    while line < number:
        lines = await text.lines_from(at, min(1000, number - line), size)
        if not lines or lines[-1].until >= size:
            break
        at, line = lines[-1].until, line + len(lines)
    return at, line


async def offset_of_time(text: LogText, moment: datetime, size: int, near: datetime, zone: tzinfo) -> int:
    """Where the first line starts that was written at a time or later, by the stamps in the lines.

    The log is halved again and again, so its stamps must not go back. Raises NotFound when it has none.
    """
    low, high = text.first, size
    seen = False
    best: int | None = None  # the first line known to be late enough
    for line in await text.lines_before(size, NEAR, size):
        stamp = _stamp(text, line, near, zone)
        seen = seen or stamp is not None
        if stamp is not None and stamp >= moment:
            best = line.start
            break
    else:
        if seen:  # all of it was written before
            return await text.start_of(size, size)
    while high - low > STEP:
        middle = await text.start_of((low + high) // 2, size)
        if middle <= low:
            break
        at, found = middle, await _first_stamp(text, middle, size, near, zone)
        for _probe in range(PROBES):
            if found is not None or high - at <= STEP:
                break
            at = await text.start_of((at + high) // 2, size)
            found = await _first_stamp(text, at, size, near, zone)
        if found is None:
            high = middle
            continue
        seen = True
        if found[1] < moment:
            low = found[0]
        else:
            high = at
            best = found[0] if best is None else min(best, found[0])
    at = last = low
    while at < size:
        lines = await _lines_near(text, at, size)
        for line in lines:
            stamp = _stamp(text, line, near, zone)
            seen = seen or stamp is not None
            if stamp is not None and stamp >= moment:
                return line.start if best is None else min(best, line.start)
            last = line.start
        if not lines or lines[-1].until <= at:
            break
        at = lines[-1].until
        if at > high + 2 * STEP:
            break
    if not seen:
        raise NotFound(_("no line of this log tells a time"))
    return last if best is None else await _earlier(text, best, moment, size, near, zone)


async def _earlier(text: LogText, start: int, moment: datetime, size: int, near: datetime, zone: tzinfo) -> int:
    """The first of the lines shortly before one that are late enough as well."""
    for line in reversed(await text.lines_before(start, NEAR, size)):
        stamp = _stamp(text, line, near, zone)
        if stamp is not None:
            if stamp < moment:
                break
            start = line.start
    return start


async def _first_stamp(
    text: LogText, start: int, size: int, near: datetime, zone: tzinfo
) -> tuple[int, datetime] | None:
    """The first line from a place on, but not far from it, that tells a time: its offset, and the time."""
    for line in await _lines_near(text, start, size):
        stamp = _stamp(text, line, near, zone)
        if stamp is not None:
            return line.start, stamp
    return None


async def _lines_near(text: LogText, start: int, size: int) -> list[RawLine]:
    limit = min(size, start + REACH)
    lines = await text.lines_from(start, NEAR, limit)
    return lines[:-1] if len(lines) > 1 and limit < size and lines[-1].until >= limit else lines


def _stamp(text: LogText, line: RawLine, near: datetime, zone: tzinfo) -> datetime | None:
    return stamp_of(looks_of(decode_line(line.data[:HEAD], text.codec)).text, near, zone)
