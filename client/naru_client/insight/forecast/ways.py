"""The ways of forecasting that are weighed against each other: each gives draws of the seconds until the start."""

from itertools import islice

from naru_client.insight.forecast.asked import Ask
from naru_client.insight.forecast.like_waits import LikeWaits
from naru_client.insight.forecast.lines import SCOPES, Line, Lines
from naru_client.insight.forecast.planner import Running, Waiting, backfill_start, fifo_start
from naru_client.insight.forecast.run_lengths import Draw, RunLengths, draw_length, draw_rest

MOST_DRAWS, FEWEST_DRAWS = 24, 4

AT_ONCE = "at once"
# a line keeps what it holds now, or gets again the most it ever held
HELD, MOST = "held", "most"
BACKFILL = "backfill"
LIKE = "like"
# a line goes on as it went lately
PACE, PACED = "pace", ("shape", "own", "queue")
WAYS: tuple[str, ...] = (
    AT_ONCE,
    *(f"{scope} {size}" for scope in SCOPES for size in (HELD, MOST)),
    BACKFILL,
    f"{LIKE} own",
    f"{LIKE} queue",
    *(f"{PACE} {scope}" for scope in PACED),
)


class Ways:
    """All ways over one state of things. `steps` is how much planning one way may do for one forecast."""

    def __init__(self, lines: Lines, lengths: RunLengths, waits: LikeWaits, *, steps: int = 100) -> None:
        self._lines, self._lengths, self._waits = lines, lengths, waits
        self._steps = steps

    def draws(self, ask: Ask, now: int, draw: Draw, capacity: int | None) -> list[list[int]]:
        """For each of WAYS, its draws; empty where it has nothing to say."""
        found: list[list[int]] = [[0]]
        for scope in SCOPES:
            line = self._lines.line(scope, ask)
            found += self._line(line, ask, now, draw)
        found.append(self._backfill(ask, now, draw, capacity))
        found.append(self._waits.draws(("own", SCOPES["own"](ask)), now))
        found.append(self._waits.draws(("queue", SCOPES["queue"](ask)), now))
        for scope in PACED:
            line = self._lines.line(scope, ask)
            ahead = sum(1 for _one in line.before(ask))
            found.append(line.pace(now, ahead) if ahead else [])
        return found

    def _line(self, line: Line, ask: Ask, now: int, draw: Draw) -> tuple[list[int], list[int]]:
        known: dict[tuple[object, ...], list[int]] = {}
        ahead = []
        for one in line.before(ask):
            key = (one.user, one.name, one.queue, one.amount, one.limit)
            lengths = known.get(key)
            if lengths is None:
                lengths = known[key] = self._lengths.known(one)
            ahead.append((one.amount, lengths, one.limit))
        if not ahead and not line.running:
            return [], []
        rests = []
        for one, started in line.running.values():
            run = now - started
            rests.append((one.amount, self._lengths.longer(one, run), run, one.limit))
        size = len(ahead) + len(rests)
        count = max(FEWEST_DRAWS, min(MOST_DRAWS, self._steps // size))
        same = line.most <= line.held
        held: list[int] = []
        most: list[int] = []
        for _ in range(count):
            ends = [(now + draw_rest(longer, run, limit, draw), amount) for amount, longer, run, limit in rests]
            wanted = [(amount, draw_length(lengths, limit, draw)) for amount, lengths, limit in ahead]
            self._plan(
                held, now, ends if same else list(ends), wanted, ask.amount, max(line.held, ask.amount) - line.held
            )
            if not same:
                self._plan(most, now, ends, wanted, ask.amount, max(line.most, ask.amount) - line.held)
        return held, most or held

    @staticmethod
    def _plan(
        into: list[int], now: int, ends: list[tuple[int, int]], ahead: list[tuple[int, int]], amount: int, free: int
    ) -> None:
        start = fifo_start(now, ends, ahead, amount, free)
        if start is not None:
            into.append(start - now)

    def _backfill(self, ask: Ask, now: int, draw: Draw, capacity: int | None) -> list[int]:
        line = self._lines.line("machine", ask)
        size = max(line.most, ask.amount) if capacity is None else capacity
        if line.held + ask.amount <= size and not line.waiting:
            return [0]
        running = []
        for one, started in line.running.values():
            run = now - started
            rest = draw_rest(self._lengths.longer(one, run), run, one.limit, draw)
            limit = rest if one.limit is None else max(one.limit - run, 1)
            running.append(Running(now + rest, now + limit, one.amount))
        waiting = []
        for one in (*islice(line.before(ask), 300), ask):
            length = draw_length(self._lengths.known(one), one.limit, draw)
            waiting.append(Waiting(one.amount, length, one.limit or length))
        start = backfill_start(now, running, waiting, size, depth=50)
        return [] if start is None else [start - now]
