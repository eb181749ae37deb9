"""What jobs like this one waited lately, those that still wait counted for as long as they have (Kaplan-Meier)."""

from collections import deque
from collections.abc import Hashable

NEWEST = 60
POINTS = 12


class LikeWaits:
    """The newest submissions of each kind, in order of submission, with their waits once they are known."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, deque[int]] = {}
        self._submitted: dict[int, int] = {}
        self._waited: dict[int, int] = {}

    def submitted(self, kinds: tuple[Hashable, ...], number: int, at: int) -> None:
        self._submitted[number] = at
        for kind in kinds:
            if (newest := self._kinds.get(kind)) is None:
                newest = self._kinds[kind] = deque(maxlen=NEWEST)
            newest.append(number)

    def started(self, number: int, at: int) -> None:
        if number in self._submitted:
            self._waited[number] = at - self._submitted[number]

    def last(self, kind: Hashable, now: int) -> tuple[int, bool] | None:
        """The wait of the submission before the latest, or its age so far, and whether it has started."""
        newest = self._kinds.get(kind)
        if newest is None or len(newest) < 2:
            return None
        number = newest[-2]
        wait = self._waited.get(number)
        return (now - self._submitted[number], False) if wait is None else (wait, True)

    def draws(self, kind: Hashable, now: int) -> list[int]:
        """Evenly likely waits; what lies beyond everything seen stands at twice the longest. Empty if none is known."""
        newest = self._kinds.get(kind)
        if not newest:
            return []
        seen = []
        for number in newest:
            wait = self._waited.get(number)
            seen.append((now - self._submitted[number], 1) if wait is None else (wait, 0))
        seen.sort()
        at_risk = len(seen)
        alive = 1.0
        draws: list[int] = []
        wanted = 0.5 / POINTS
        for wait, still in seen:
            if not still:
                alive *= 1 - 1 / at_risk
                while len(draws) < POINTS and 1 - alive >= wanted - 1e-9:
                    draws.append(wait)
                    wanted += 1 / POINTS
            at_risk -= 1
        if not draws and seen[-1][1] and len(seen) < 3:
            return []
        beyond = 2 * seen[-1][0]
        return draws + [beyond] * (POINTS - len(draws))
