"""How forecasts did: hit rates, errors and coverage, over all jobs and over those that had to wait."""

from collections.abc import Sequence

from msgspec import Struct

from naru_client.insight.forecast.replay import OURS, Outcome
from naru_client.insight.forecast.simple import SIMPLE
from naru_client.insight.forecast.spread import CLOSE, NEAR

LEVELS = (0.5, 0.75, 0.9)


class Score(Struct, frozen=True, kw_only=True):
    """One predictor over some jobs. Shares are of all of them: no prediction is no hit. `errors` are the quantiles of
    LEVELS of the absolute error in seconds, over those predicted; None where none was."""

    predictor: str
    jobs: int
    within_minute: float
    within_ten: float
    errors: tuple[int, ...] | None


class Coverage(Struct, frozen=True, kw_only=True):
    """Shares of jobs that started at or before what was said. `ties_half` counts a start in the very minute of the
    p50 as half before it: where most jobs start at once, no p50 has half of them before it."""

    jobs: int
    p50: float
    p50_ties_half: float
    p90: float


class Group(Struct, frozen=True, kw_only=True):
    """The scores over one group of jobs, ours first. `gains` is our share within ten minutes over each simple
    predictor's; None where that is none."""

    name: str
    scores: tuple[Score, ...]
    coverage: Coverage
    gains: dict[str, float | None]


ALL, WAITED, TOLD = "all", "waited", "told to wait"


def groups(outcomes: Sequence[Outcome]) -> tuple[Group, ...]:
    """All jobs, those that waited for more than a minute, and those that were told they would; empty ones left out."""
    parts = (
        (ALL, list(outcomes)),
        (WAITED, [one for one in outcomes if one.waited > CLOSE]),
        (TOLD, [one for one in outcomes if one.p50 > CLOSE]),
    )
    return tuple(_group(name, part) for name, part in parts if part)


def _group(name: str, outcomes: list[Outcome]) -> Group:
    scores = tuple(_score(predictor, outcomes) for predictor in outcomes[0].said)
    ours = next(one for one in scores if one.predictor == OURS)
    count = len(outcomes)
    before = sum(one.waited // 60 < one.p50 // 60 for one in outcomes)
    ties = sum(one.waited // 60 == one.p50 // 60 for one in outcomes)
    return Group(
        name=name,
        scores=scores,
        coverage=Coverage(
            jobs=count,
            p50=sum(one.waited <= one.p50 for one in outcomes) / count,
            p50_ties_half=(before + ties / 2) / count,
            p90=sum(one.waited <= one.p90 for one in outcomes) / count,
        ),
        gains={
            one.predictor: ours.within_ten / one.within_ten if one.within_ten else None
            for one in scores
            if one.predictor in SIMPLE
        },
    )


def _score(predictor: str, outcomes: list[Outcome]) -> Score:
    told = [(one.said[predictor], one.waited) for one in outcomes]
    errors = sorted(abs(said - waited) for said, waited in told if said is not None)
    return Score(
        predictor=predictor,
        jobs=len(outcomes),
        within_minute=sum(error <= CLOSE for error in errors) / len(outcomes),
        within_ten=sum(error <= NEAR for error in errors) / len(outcomes),
        errors=tuple(errors[min(int(level * len(errors)), len(errors) - 1)] for level in LEVELS) if errors else None,
    )
