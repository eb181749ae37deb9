"""Single values as Slurm writes them, in any version and in any disorder: each of these functions takes whatever stands
in a field and gives the value or None. None of them raises.

`Number` is the wire type of a number: an int (21.08, 22.05), the wrapper `{"set", "infinite", "number"}` (v0.0.39 and
later), or anything else that a fault may put there. `Any` fields hold texts and lists.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

from msgspec import Meta, Struct

from naru_client.text import clean, clean_optional

INFINITE_NUMBERS = frozenset({-1, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF})
UNSET_NUMBERS = frozenset({0xFFFFFFFE, 0xFFFFFFFF})  # and everything from 2**62 on, as 64-bit sentinels and flags are
_FAR = 1 << 62
END_OF_TIME = 253_402_300_799


class Wrapped(Struct, gc=False):
    """`{"set": …, "infinite": …, "number": …}`; every part may be missing or odd."""

    set: Any = None
    infinite: Any = None
    number: Any = None


class Told(Struct, gc=False):
    """The same where every part is what it should be, and the number is no sentinel."""

    set: bool | None = None
    infinite: bool | None = None
    number: Annotated[int, Meta(ge=0, lt=0xFFFFFFFE)] | None = None


Number = Wrapped | int | float | str | bool | list[Any] | None


def number(value: Any) -> int | None:
    """A count that is set and finite; None otherwise. No count of Slurm's is negative: those are sentinels."""
    kind = type(value)
    if kind is Wrapped or kind is Told:
        if value.set is False or value.infinite is True:
            return None
        value = value.number
        kind = type(value)
        if kind is dict:  # a wrapper in a wrapper is no number
            return None
    if kind is int:
        return value if 0 <= value < _FAR and value not in UNSET_NUMBERS else None
    if value is None:
        return None
    if kind is float:
        return number(int(value)) if -1e18 < value < 1e18 else None
    if kind is str:
        text = value.strip()
        return number(int(text)) if text.isdecimal() and len(text) < 20 else None
    if kind is dict:
        return number(Wrapped(value.get("set"), value.get("infinite"), value.get("number")))
    return None


def positive(value: Any) -> int | None:
    """A count for which 0 means "not set"."""
    return number(value) or None


def infinite(value: Any) -> bool:
    """Whether a limit says that there is none."""
    kind = type(value)
    if kind is int:
        return value in INFINITE_NUMBERS
    if kind is Wrapped or kind is Told:
        return value.infinite is True or (value.set is True and infinite(value.number))
    if kind is dict:
        return value.get("infinite") is True
    return kind is str and value.strip().upper() in ("UNLIMITED", "INFINITE")


def moment(value: Any) -> datetime | None:
    """A time, from seconds since 1970; 0 means that it has not come."""
    seconds = number(value)
    return _moment(seconds) if seconds else None


@lru_cache(maxsize=8192)
def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds < END_OF_TIME else None


def text(value: Any) -> str | None:
    """A cleaned line; None for nothing and for Slurm's spellings of nothing. A number is written out, a list joined."""
    kind = type(value)
    if kind is str:
        return clean_optional(value) if value else None
    if kind is int or kind is float:
        return str(value)
    if kind is list:
        return ",".join(words(value)) or None
    return None


_shared = lru_cache(maxsize=8192)(clean_optional)


def word(value: Any) -> str | None:
    """The same for what many records share (accounts, partitions, users): cleaned once, kept once."""
    return _shared(value) if type(value) is str else text(value)


def plain(value: Any) -> str:
    """The same, with the empty string for nothing and nothing special about "(null)": for names people gave."""
    return clean(value) if type(value) is str else text(value) or ""


def raw(value: Any) -> str | None:
    """A string exactly as sent, for what is parsed and not shown; None when it is not one."""
    return value if type(value) is str else None


def words(value: Any) -> tuple[str, ...]:
    """A list of cleaned words, from a list or from one string with commas."""
    if type(value) is str:
        value = value.split(",")
    if type(value) is not list:
        return ()
    found = [str(one).strip() for one in value if type(one) in (str, int, float)]
    return tuple([clean(one) for one in found if one not in ("", "(null)")])


def flag(value: Any) -> bool | None:
    """True or False where that is what stands there."""
    return value if type(value) is bool else None


def mebibytes(value: Any) -> int | None:
    """Bytes from a field in MiB; None when not set. 0 is an amount here."""
    amount = number(value)
    return None if amount is None else amount << 20
