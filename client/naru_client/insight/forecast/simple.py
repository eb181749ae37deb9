"""The predictors to beat: nothing, ten minutes, the last start, a median, and the plan that takes jobs to their limits.

Ten minutes, always, knows nothing at all and is still within ten minutes of every wait of up to twenty: what does not
beat it has foretold nothing.
"""

from collections import deque
from itertools import islice

from naru_client.insight.forecast.asked import Ask
from naru_client.insight.forecast.lines import Lines
from naru_client.insight.forecast.planner import Running, Waiting, backfill_start
from naru_client.insight.forecast.spread import NEAR, middle

ZERO, TEN, LAST, MEDIAN, LIMITS = (
    "no wait", "always ten minutes", "last start in the queue", "median of the last 50", "plan by limits",
)  # fmt: skip
SIMPLE = (ZERO, TEN, LAST, MEDIAN, LIMITS)
_NEWEST = 50
_AHEAD, _DEPTH = 300, 50  # so many before it are planned, and so many may go first
_UNTOLD = 86_400


class Simple:
    """All of SIMPLE, over lines that somebody else keeps."""

    def __init__(self, lines: Lines, capacity: int | None) -> None:
        self._lines, self._capacity = lines, capacity
        self._waits: dict[str, deque[int]] = {}

    def started(self, ask: Ask, at: int) -> None:
        self._waits.setdefault(ask.queue, deque(maxlen=_NEWEST)).append(at - ask.submitted)

    def forecasts(self, ask: Ask, now: int) -> tuple[int, int, int | None, int | None, int | None]:
        """Seconds until the start by each of SIMPLE; None where it has nothing to go by."""
        waits = self._waits.get(ask.queue)
        last, median = (waits[-1], middle(waits)) if waits else (None, None)
        return 0, NEAR, last, median, self._by_limits(ask, now)

    def _by_limits(self, ask: Ask, now: int) -> int | None:
        line = self._lines.line("machine", ask)
        size = max(line.most, ask.amount) if self._capacity is None else self._capacity
        running = []
        for one, started in line.running.values():
            end = max(started + (one.limit or _UNTOLD), now + 1)
            running.append(Running(end, end, one.amount))
        waiting = [
            Waiting(one.amount, one.limit or _UNTOLD, one.limit or _UNTOLD)
            for one in (*islice(line.before(ask), _AHEAD), ask)
        ]
        start = backfill_start(now, running, waiting, size, depth=_DEPTH)
        return None if start is None else start - now
