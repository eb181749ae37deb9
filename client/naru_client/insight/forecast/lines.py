"""Who stands in which line: what runs and what waits, by user, queue and shape, kept as things happen."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator

from naru_client.insight.forecast.asked import Ask

Key = Callable[[Ask], Hashable]

_LAST = (3, 8, 20)  # so many of the last starts make a pace
_STARTS = max(_LAST)

# A line is a set of jobs that wait for each other. Which lines a centre has is not told; which foretell, is measured.
SCOPES: dict[str, Key] = {
    "shape": lambda ask: (ask.user, ask.queue, ask.amount),
    "own": lambda ask: (ask.user, ask.queue),
    "user": lambda ask: ask.user,
    "queue": lambda ask: ("", ask.queue),
    "machine": lambda ask: ask.pool,
}


class Line:
    """Those of one line: waiting in the order in which they are served, running with their starts."""

    __slots__ = ("held", "most", "running", "starts", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[int, Ask] = {}
        self.running: dict[int, tuple[Ask, int]] = {}
        self.held = 0
        self.most = 0
        self.starts: deque[int] = deque(maxlen=_STARTS)

    def pace(self, now: int, ahead: int) -> list[int]:
        """Seconds until the one behind so many others starts, should the line go on as it went over its last starts."""
        starts = self.starts
        return [int((now - starts[-last]) / last * (ahead + 1)) for last in _LAST if len(starts) >= last]

    def before(self, ask: Ask) -> Iterator[Ask]:
        """Those served before it: of higher priority where both tell, else submitted earlier."""
        mine = ask.priority
        if mine is None:
            for one in self.waiting.values():
                if one.id == ask.id:
                    return
                yield one
            return
        passed = False
        for one in self.waiting.values():
            if one.id == ask.id:
                passed = True
            elif one.priority is None or one.priority == mine:
                if not passed:
                    yield one
            elif one.priority > mine:
                yield one


class Lines:
    """All lines, of each scope of SCOPES."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, Hashable], Line] = {}
        self.waiting: dict[int, Ask] = {}
        self.running: dict[int, tuple[Ask, int]] = {}

    def line(self, scope: str, ask: Ask) -> Line:
        key = (scope, SCOPES[scope](ask))
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line()
        return line

    def submitted(self, ask: Ask) -> None:
        self.waiting[ask.id] = ask
        for scope in SCOPES:
            self.line(scope, ask).waiting[ask.id] = ask

    def started(self, ask: Ask, at: int) -> None:
        self.waiting.pop(ask.id, None)
        self.running[ask.id] = (ask, at)
        for scope in SCOPES:
            line = self.line(scope, ask)
            line.waiting.pop(ask.id, None)
            line.running[ask.id] = (ask, at)
            line.starts.append(at)
            line.held += ask.amount
            line.most = max(line.most, line.held)

    def gone(self, ask: Ask) -> None:
        """It ended, or was given up before it began."""
        self.waiting.pop(ask.id, None)
        ran = self.running.pop(ask.id, None) is not None
        for scope in SCOPES:
            line = self.line(scope, ask)
            line.waiting.pop(ask.id, None)
            if ran:
                line.running.pop(ask.id, None)
                line.held -= ask.amount
