"""Ranges kept honest: a quantile is stretched until the share of starts before it is the one it names.

Each quantile has, per kind of forecast, a stretch on the scale of logarithms, moved a little at every outcome: up by
what a miss costs, down by what a hit does, so that in the long run the named share is met whatever the jobs do (the
quantile tracking of adaptive conformal prediction; nothing is assumed of how waits are spread).
"""

from collections.abc import Hashable
from math import exp

_WIDEST = 6.0  # a stretch by e^6, four hundred times, is as far as it goes
_MOST = 3 * 365 * 86_400


class Stretch:
    """The stretches of one quantile. `level` is its share, `step` how quickly it moves, `start` where it begins."""

    def __init__(self, level: float, step: float, start: float = 0.0) -> None:
        self.level = level
        self._start = start
        self._step = step
        self._at: dict[Hashable, float] = {}

    def stretched(self, kind: Hashable, seconds: int) -> int:
        return int(min((seconds + 1) * exp(self._at.get(kind, self._start)) - 1 + 1e-6, _MOST)) if seconds >= 0 else 0

    def judge(self, kind: Hashable, covered: bool) -> None:
        moved = self._at.get(kind, self._start) - self._step * (float(covered) - self.level)
        self._at[kind] = max(-_WIDEST, min(_WIDEST, moved))


def scale(seconds: int) -> int:
    """The size of a wait in six steps: at once, minutes, up to an hour, six hours, a day, more."""
    for step, most in enumerate((60, 600, 3600, 21_600, 86_400)):
        if seconds <= most:
            return step
    return 5
