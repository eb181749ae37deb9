"""From weighted draws to a likely value and quantiles."""

from collections.abc import Collection, Sequence

NEAR, CLOSE = 600, 60  # seconds: a start within ten minutes of what was said is a hit, within one a close one
_CLOSE_COUNTS = 0.08  # what a close one counts beside a hit

Weighted = list[tuple[int, float]]  # (seconds, weight), ascending


def likely(draws: Weighted) -> int:
    """The value with the most weight within ten minutes of it, and that within one minute counting beside it."""
    values = [value for value, _weight in draws]
    sums = [0.0]
    for _value, weight in draws:
        sums.append(sums[-1] + weight)
    count = len(values)
    best, chosen = -1.0, 0
    # a window's best middle stands where a draw enters it: at a draw, or ten minutes beside one
    for shift in (0, NEAR):
        near_low = near_high = close_low = close_high = 0
        for value in values:
            middle = value + shift
            while near_low < count and values[near_low] < middle - NEAR:
                near_low += 1
            while near_high < count and values[near_high] <= middle + NEAR:
                near_high += 1
            while close_low < count and values[close_low] < middle - CLOSE:
                close_low += 1
            while close_high < count and values[close_high] <= middle + CLOSE:
                close_high += 1
            score = sums[near_high] - sums[near_low] + _CLOSE_COUNTS * (sums[close_high] - sums[close_low])
            if score > best + 1e-9:
                best, chosen = score, middle
    return chosen


def quantile(draws: Weighted, level: float) -> int:
    """The smallest value with that share of the weight at or below it."""
    whole = sum(weight for _value, weight in draws)
    reached = 0.0
    for value, weight in draws:
        reached += weight
        if reached >= level * whole - 1e-9:
            return value
    return draws[-1][0] if draws else 0


def chance(values: Sequence[int], happened: int) -> float:
    """How much of these draws lay where it happened: within ten minutes, and within a quarter of it."""
    if not values:
        return 0.0
    low, high = happened * 3 // 4 - NEAR, happened * 4 // 3 + NEAR
    near = wide = 0
    for value in values:
        if low <= value <= high:
            wide += 1
            if -NEAR <= value - happened <= NEAR:
                near += 1
    return (0.75 * near + 0.25 * wide) / len(values)


def middle(values: Collection[int]) -> int:
    """The median, the upper one of two."""
    return sorted(values)[len(values) // 2]
