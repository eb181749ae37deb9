"""How long jobs run, drawn from what jobs like them did. Causal: only what has ended counts."""

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Hashable

from naru_client.insight.forecast.asked import Ask

NEWEST, FEWEST = 60, 3  # so many of a kind are kept, and so many make a kind
_UNTOLD = 86_400  # where neither a limit nor any job tells how long


class _Kind:
    """The newest run times of one kind, in order of their ends and in order of their lengths."""

    __slots__ = ("lengths", "order")

    def __init__(self) -> None:
        self.order: deque[int] = deque()
        self.lengths: list[int] = []

    def add(self, seconds: int) -> None:
        if len(self.order) == NEWEST:
            oldest = self.order.popleft()
            del self.lengths[bisect_right(self.lengths, oldest) - 1]
        self.order.append(seconds)
        insort(self.lengths, seconds)


class RunLengths:
    """Run times of finished jobs by user and name and shape, user and queue, user, queue, all, in this order."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, _Kind] = {}

    def add(self, ask: Ask, seconds: int) -> None:
        for key in _keys(ask):
            kind = self._kinds.get(key)
            if kind is None:
                kind = self._kinds[key] = _Kind()
            kind.add(seconds)

    def known(self, ask: Ask) -> list[int]:
        """Lengths of the nearest kind that has enough, ascending; not to be changed. Empty where nothing is known."""
        for key in _keys(ask):
            kind = self._kinds.get(key)
            if kind is not None and len(kind.lengths) >= FEWEST:
                return kind.lengths
        return []

    def longer(self, ask: Ask, run: int) -> list[int]:
        """Lengths of jobs like this one that ran for longer than it has; empty where none is known."""
        for key in _keys(ask):
            kind = self._kinds.get(key)
            if kind is not None and len(kind.lengths) >= FEWEST:
                at = bisect_right(kind.lengths, run)
                if len(kind.lengths) - at >= FEWEST:
                    return kind.lengths[at:]
        return []


def _keys(ask: Ask) -> tuple[Hashable, ...]:
    return (
        (ask.user, ask.name, ask.queue, ask.amount, ask.limit),
        (ask.user, ask.queue, ask.amount),
        (ask.user, ask.queue),
        ask.user,
        ("", ask.queue),
        None,
    )


Draw = Callable[[], float]  # in [0, 1)


def draw_length(lengths: list[int], limit: int | None, draw: Draw) -> int:
    """One run time of a job that has not begun, never over its limit, at least a second."""
    if lengths:
        length = lengths[int(draw() * len(lengths))]
    else:
        length = int((limit or _UNTOLD) * draw())
    if limit is not None and length > limit:
        length = limit
    return length if length > 0 else 1


def draw_rest(longer: list[int], run: int, limit: int | None, draw: Draw) -> int:
    """What is left of a job that has run so long, at least a second; one over its limit is about to end."""
    if longer:
        rest = longer[int(draw() * len(longer))] - run
    else:
        rest = int(max((limit or run + _UNTOLD) - run, 0) * draw())
    if limit is not None and rest > limit - run:
        rest = limit - run
    return rest if rest > 0 else 1
