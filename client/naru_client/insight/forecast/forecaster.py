"""The forecaster: told what happens, asked when a job will start. The screen and the backtest drive the same one."""

from collections.abc import Hashable
from random import Random

from msgspec import Struct

from naru_client.insight.forecast.asked import Ask, Measured, Refusal, StartForecast, Waits, Why
from naru_client.insight.forecast.calibration import Stretch, scale
from naru_client.insight.forecast.like_waits import LikeWaits
from naru_client.insight.forecast.lines import SCOPES, Lines
from naru_client.insight.forecast.points import Points
from naru_client.insight.forecast.run_lengths import RunLengths
from naru_client.insight.forecast.spread import CLOSE, NEAR, chance, likely, middle, quantile
from naru_client.insight.forecast.ways import BACKFILL, WAYS, Ways
from naru_client.insight.forecast.weights import Shares

_NEAR_IS = 0.97  # what being right within ten minutes is worth, where within one is worth 1
_FLOOR = 0.01  # of an outcome's chance that every way is given whatever it said


# whose median may be said as it is, beside the densest of all draws, nothing, and ten minutes
_SAID = tuple(WAYS.index(name) for name in ("own held", "user held", "queue held", BACKFILL))


class Made(Struct, frozen=True):
    """A forecast as the ledger keeps it until the job starts."""

    at: int
    situations: tuple[Hashable, ...]
    draws: list[list[int]]
    points: list[int | None]
    kind: Hashable
    said: Waits


class Forecaster:
    """Tell it `submitted`, `started` and `gone` in the order of time; ask `forecast` at any moment between.

    `capacity` is how much there is in all, where it is known. Only what was told is known to it: a forecast made at a
    submission rests on nothing that came later.
    """

    def __init__(
        self, *, capacity: int | None = None, seed: int = 0, steps: int = 100, lengths: RunLengths | None = None
    ) -> None:
        self.capacity = capacity
        self.lines = Lines()
        self.lengths = RunLengths() if lengths is None else lengths
        self.waits = LikeWaits()
        self._ways = Ways(self.lines, self.lengths, self.waits, steps=steps)
        self._shares = Shares(len(WAYS))
        self._points = Points(3 + len(_SAID))
        self._median, self._late = Stretch(0.5, 0.12), Stretch(0.9, 0.4, 0.7)
        self._random = Random(seed)
        self._ledger: dict[int, Made] = {}
        self._measured: dict[Hashable, list[int]] = {}

    def submitted(self, ask: Ask) -> None:
        self.lines.submitted(ask)
        kinds = (("own", SCOPES["own"](ask)), ("queue", SCOPES["queue"](ask)))
        self.waits.submitted(kinds, ask.id, ask.submitted)

    def started(self, number: int, at: int) -> None:
        ask = self.lines.waiting.get(number)
        if ask is None:
            return
        self.lines.started(ask, at)
        self.waits.started(number, at)
        made = self._ledger.pop(number, None)
        if made is not None:
            self._judge(made, at - made.at)

    def gone(self, number: int, at: int, *, tells: bool = True) -> None:
        """It ended, or was given up. `tells` is False where its end was not its own (cancelled, a node failed)."""
        ran = self.lines.running.get(number)
        ask = self.lines.waiting.get(number) if ran is None else ran[0]
        if ask is None:
            return
        if ran is not None and tells:
            self.lengths.add(ask, max(at - ran[1], 0))
        self.lines.gone(ask)
        self._ledger.pop(number, None)

    def forecast(self, number: int, now: int, *, record: bool = True) -> StartForecast:
        """When the waiting job of that number starts, counted from `now`. `record` enters it into the ledger."""
        ask = self.lines.waiting.get(number)
        if ask is None:
            return Refusal(Why.UNKNOWN_JOB)
        if self.capacity is not None and ask.amount > self.capacity:
            return Refusal(Why.TOO_LARGE)
        if not self.lengths.known(ask) and self._endless(ask):
            return Refusal(Why.NO_LIMIT)
        situations = self._situations(ask, now)
        draws = self._ways.draws(ask, now, self._random.random, self.capacity)
        shares = self._shares.shares(situations)
        told = [(share, values) for share, values in zip(shares, draws, strict=True) if values]
        weighted = sorted((value, share / len(values)) for share, values in told for value in values)
        median, late = quantile(weighted, 0.5), quantile(weighted, 0.9)
        kind = scale(median)
        p50 = self._median.stretched(kind, median)
        p90 = max(p50, self._late.stretched(kind, late))
        hits, within, of = self._measured.get(kind, (0, 0, 0))
        points = [likely(weighted), 0, NEAR, *(middle(draws[way]) if draws[way] else None for way in _SAID)]
        basis = sorted(zip(WAYS, shares, strict=True), key=lambda pair: -pair[1])
        said = Waits(
            likely=self._best(points, situations),
            p50=p50,
            p90=p90,
            basis=tuple(basis[:3]),
            measured=Measured(hits, within, of),
            ahead=sum(1 for _one in self.lines.line("queue", ask).before(ask)),
        )
        if record:
            self._ledger[number] = Made(now, situations, draws, points, kind, said)
        return said

    def _endless(self, ask: Ask) -> bool:
        """Whether something that it may wait for has no time limit."""
        line = self.lines.line("queue", ask)
        return any(one.limit is None for one, _at in line.running.values()) or any(
            one.limit is None for one in line.before(ask)
        )

    def _best(self, points: list[int | None], situations: tuple[Hashable, ...]) -> int:
        best, chosen = -1.0, 0
        for rate, point in zip(self._points.rates(situations), points, strict=True):
            if point is not None and rate > best:
                best, chosen = rate, point
        return chosen

    def _situations(self, ask: Ask, now: int) -> tuple[Hashable, ...]:
        """From the widest to the narrowest, each within the one before: who waits before it, how the one before did."""
        own = sum(1 for _one in self.lines.line("own", ask).before(ask))
        queue = sum(1 for _one in self.lines.line("queue", ask).before(ask))
        last = self.waits.last(("own", SCOPES["own"](ask)), now)
        before = None if last is None else (last[1], last[0] > CLOSE)
        line = (own.bit_length() + 1) // 2
        situation = (line, min(queue - own, 1))
        return (
            0,
            situation,
            (*situation, before),
            (*situation, before, ask.queue),
            (*situation, before, ask.queue, ask.user),
        )

    def _judge(self, made: Made, waited: int) -> None:
        self._shares.judge(made.situations, [_FLOOR + chance(values, waited) for values in made.draws])
        self._points.judge(made.situations, [_worth(point, waited) for point in made.points])
        said = made.said
        self._median.judge(made.kind, waited <= said.p50)
        self._late.judge(made.kind, waited <= said.p90)
        measured = self._measured.setdefault(made.kind, [0, 0, 0])
        measured[0] += abs(waited - said.likely) <= NEAR
        measured[1] += waited <= said.p90
        measured[2] += 1


def _worth(point: int | None, waited: int) -> float:
    if point is None:
        return 0.0
    error = abs(point - waited)
    return 1.0 if error <= CLOSE else _NEAR_IS if error <= NEAR else 0.0
