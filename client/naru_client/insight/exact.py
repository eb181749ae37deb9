"""Amounts without any loss: fractions inside, decimals for people, rounded once and in a stated way. Pure.

An hour is 3600 seconds and a node may have 72 cores, so a share of a charge is often no finite decimal. Sums are kept
as fractions, so that their order can never matter, and become decimals at the very end.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Literal

from msgspec import Struct

Mode = Literal["half-even", "half-up", "up", "down"]


class Rounding(Struct, frozen=True):
    """To so many decimals. Halves go to the even digit or up; "up" and "down" take whole steps. Negative amounts are
    rounded like positive ones, by their size."""

    decimals: int
    mode: Mode = "half-even"


class Amount(Struct, frozen=True):
    """From `low` to `high`; both are the same where nothing is open."""

    low: Decimal
    high: Decimal


class Span(Struct, frozen=True):
    """An amount before it is rounded."""

    low: Fraction
    high: Fraction

    def __add__(self, other: "Span") -> "Span":
        if other is NOTHING:
            return self
        low = self.low + other.low
        # most amounts are no range, and adding up hundreds of thousands of fractions takes its time
        if self.low is self.high and other.low is other.high:
            return Span(low, low)
        return Span(low, self.high + other.high)

    def times(self, count: int) -> "Span":
        return self if count == 1 else Span(self.low * count, self.high * count)

    def rounded(self, rounding: Rounding) -> Amount:
        low = to_decimal(self.low, rounding)
        return Amount(low, low if self.high == self.low else to_decimal(self.high, rounding))


_NONE = Fraction(0)
NOTHING = Span(_NONE, _NONE)


def whole(amount: Fraction, mode: Mode) -> int:
    """The amount as a whole number."""
    size, part = divmod(abs(amount), 1)
    double = part * 2
    if (
        (mode == "up" and part)
        or (mode == "half-up" and double >= 1)
        or (mode == "half-even" and (double > 1 or (double == 1 and size % 2)))
    ):
        size += 1
    return -size if amount < 0 else size


def rounded(amount: Fraction, rounding: Rounding) -> Fraction:
    """The nearest fraction with so many decimals."""
    scale = 10**rounding.decimals
    return Fraction(whole(amount * scale, rounding.mode), scale)


def to_decimal(amount: Fraction, rounding: Rounding) -> Decimal:
    """A decimal with exactly so many places, whatever the context's precision is."""
    steps = whole(amount * 10**rounding.decimals, rounding.mode)
    return Decimal((int(steps < 0), tuple(map(int, str(abs(steps)))), -rounding.decimals))
