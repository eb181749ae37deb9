"""A trace replayed as it happened: every job forecast at its submission, from nothing that came after it. Pure."""

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush

from msgspec import Struct

from naru_client.insight.forecast.asked import Ask, Refusal
from naru_client.insight.forecast.forecaster import Forecaster
from naru_client.insight.forecast.run_lengths import RunLengths
from naru_client.insight.forecast.simple import SIMPLE, Simple

_ENDS, _STARTS = 0, 1  # of what happens in one second, ends come first: they make room


class Happened(Struct, frozen=True, kw_only=True):
    """A job of a trace: what it asked, when it began, when it ended or was given up; None is "not within the trace"."""

    ask: Ask
    started: int | None
    ended: int | None


class Outcome(Struct, frozen=True, kw_only=True):
    """One forecast and what came of it, in seconds from the submission. A prediction is None where none was made."""

    waited: int
    p50: int
    p90: int
    said: dict[str, int | None]  # by predictor: OURS, CEILING and those of SIMPLE


OURS, CEILING = "forecast", "knowing run times"


class KnownLengths(RunLengths):
    """The run times that jobs will really have: what nobody has but a backtest, to show what is within reach."""

    def __init__(self, jobs: Sequence[Happened]) -> None:
        super().__init__()
        self._true = {
            one.ask.id: max(one.ended - one.started, 1)
            for one in jobs
            if one.started is not None and one.ended is not None
        }

    def known(self, ask: Ask) -> list[int]:
        length = self._true.get(ask.id)
        return super().known(ask) if length is None else [length]

    def longer(self, ask: Ask, run: int) -> list[int]:
        length = self._true.get(ask.id)
        return super().longer(ask, run) if length is None else [length]


def replay(
    jobs: Sequence[Happened],
    *,
    capacity: int | None = None,
    seed: int = 0,
    ceiling: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Outcome]:
    """Forecast each of `jobs`, in the order of submission, as it is submitted; an outcome for each that started.

    `capacity` is how much there is of what jobs ask for, None where the trace does not say. `progress` hears how many
    jobs are done.
    """
    ordered = sorted(jobs, key=lambda one: (one.ask.submitted, one.ask.id))
    ours = Forecaster(capacity=capacity, seed=seed)
    told = [ours]
    if ceiling:
        told.append(Forecaster(capacity=capacity, seed=seed, steps=1, lengths=KnownLengths(ordered)))
    simple = Simple(ours.lines, capacity)
    coming: list[tuple[int, int, int]] = []
    by_id = {one.ask.id: one for one in ordered}
    for done, one in enumerate(ordered):
        ask, now = one.ask, one.ask.submitted
        while coming and coming[0][0] <= now:
            at, kind, number = heappop(coming)
            if kind == _STARTS:
                simple.started(by_id[number].ask, at)
                for forecaster in told:
                    forecaster.started(number, at)
                if (ended := by_id[number].ended) is not None:
                    heappush(coming, (max(ended, at), _ENDS, number))
            else:
                for forecaster in told:
                    forecaster.gone(number, at)
        for forecaster in told:
            forecaster.submitted(ask)
        if one.started is not None:
            heappush(coming, (one.started, _STARTS, ask.id))
            if (outcome := _outcome(one, told, simple, now)) is not None:
                yield outcome
        elif one.ended is not None:
            heappush(coming, (one.ended, _ENDS, ask.id))
        if progress is not None:
            progress(done + 1)


def _outcome(one: Happened, told: Sequence[Forecaster], simple: Simple, now: int) -> Outcome | None:
    assert one.started is not None
    made = [forecaster.forecast(one.ask.id, now) for forecaster in told]
    ours = made[0]
    if isinstance(ours, Refusal):
        return None
    said: dict[str, int | None] = {OURS: ours.likely}
    if len(made) > 1:
        said[CEILING] = None if isinstance(made[1], Refusal) else made[1].likely
    said.update(zip(SIMPLE, simple.forecasts(one.ask, now), strict=True))
    return Outcome(waited=one.started - now, p50=ours.p50, p90=ours.p90, said=said)
