"""Rows and values of Slurm's text lists: fields parted by a random separator, numbers, times and durations. Pure."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from naru_client.errors import BadAnswer
from naru_client.i18n import _
from naru_client.text import clean_optional

NOTHING = frozenset({"", "N/A", "NONE", "None", "Unknown", "(null)", "None assigned", "n/a", "INVALID", "NOT_SET"})
_DURATION = re.compile(r"(?:(\d{1,9})-)?(?:(\d{1,9}):)?(\d{1,9}):(\d{1,9})(?:\.\d+)?")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def fields(names: tuple[str, ...], separator: str) -> str:
    return ",".join(f"{name}:{separator}" for name in names)


def rows(body: bytes, separator: str, width: int) -> Iterator[list[str]]:
    """The rows of a text list: `width` fields, each followed by the separator, then a line feed."""
    cells = body.decode("utf-8", "replace").split(separator)
    rest = cells.pop()
    if rest.strip("\n") or len(cells) % width:
        raise BadAnswer(
            _("the list is cut off, or not in the form that was asked for"),
            _("`naru doctor` says which Slurm answers here"),
        )
    for at in range(0, len(cells), width):
        row = cells[at : at + width]
        row[0] = row[0].lstrip("\n")
        yield row


@lru_cache(maxsize=4096)
def shared(text: str) -> str | None:
    """A cleaned word that many rows share, stored once."""
    return clean_optional(text)


def whole_number(text: str | None) -> int | None:
    """A whole number; squeue may write 2048 as "2K"."""
    if not text or text in NOTHING:
        return None
    if text.isdecimal() and len(text) < 20:
        value = int(text)
        return None if value in (0xFFFFFFFE, 0xFFFFFFFF) else value
    number, unit = text[:-1], text[-1]
    return int(float(number) * _UNITS[unit]) if unit in _UNITS and re.fullmatch(r"\d{1,18}(\.\d+)?", number) else None


def moment(text: str) -> datetime | None:
    """A time in seconds since 1970, or as Slurm writes it where it does not heed SLURM_TIME_FORMAT (UTC by TZ)."""
    if text.isdecimal():
        seconds = int(text) if len(text) < 20 else 0
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 253_402_300_799 else None
    if text in NOTHING:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def duration(text: str) -> int | None:
    """A duration in seconds from "1-02:03:04", "2:03:04" or "3:04"; None for UNLIMITED and for what is not one."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
