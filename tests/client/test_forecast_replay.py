"""The replay is causal and the forecaster honest: what comes later changes nothing, ranges cover what they name."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.insight.forecast.asked import Ask, Refusal, Waits, Why
from naru_client.insight.forecast.calibration import Stretch
from naru_client.insight.forecast.forecaster import Forecaster
from naru_client.insight.forecast.like_waits import LikeWaits
from naru_client.insight.forecast.points import Points
from naru_client.insight.forecast.replay import CEILING, OURS, Happened, replay
from naru_client.insight.forecast.run_lengths import RunLengths, draw_length, draw_rest
from naru_client.insight.forecast.scores import ALL, WAITED, groups
from naru_client.insight.forecast.simple import SIMPLE, ZERO
from naru_client.insight.forecast.weights import Shares


def one_at_a_time(count: int, *, length: int = 900, every: int = 600) -> list[Happened]:
    """A machine for one job at a time, in the order of submission: the wait grows until nobody submits."""
    jobs: list[Happened] = []
    free = 0
    random = Random(5)
    for number in range(count):
        submitted = number * every + (number // 20) * 20 * length
        start = max(submitted, free)
        free = start + length + random.randrange(30)
        ask = Ask(id=number, submitted=submitted, amount=1, queue="q", user=f"u{number % 3}", limit=4 * length)
        jobs.append(Happened(ask=ask, started=start, ended=free))
    return jobs


def test_a_simple_machine_is_foretold() -> None:
    found = {group.name: group for group in groups(list(replay(one_at_a_time(400))))}
    assert (found[WAITED].gains[ZERO] or 9) > 2
    ours = next(score for score in found[WAITED].scores if score.predictor == OURS)
    assert ours.within_ten > 0.8
    assert found[ALL].coverage.p90 > 0.85


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 59))
def test_a_forecast_rests_on_nothing_that_comes_later(cut: int) -> None:
    jobs = one_at_a_time(60)
    now = jobs[cut - 1].ask.submitted
    # of the first `cut` jobs, what happened until the last was submitted stays; all else happens otherwise
    changed = [
        Happened(
            ask=one.ask,
            started=one.started if one.started is not None and one.started <= now else now + 77_777,
            ended=one.ended if one.ended is not None and one.ended <= now else now + 99_999,
        )
        for one in jobs[:cut]
    ]
    whole = list(replay(jobs, ceiling=False))[:cut]
    other = list(replay(changed, ceiling=False))
    assert [(one.said, one.p50, one.p90) for one in whole] == [(one.said, one.p50, one.p90) for one in other]


def test_the_same_seed_says_the_same() -> None:
    jobs = one_at_a_time(50)
    assert list(replay(jobs, seed=3)) == list(replay(jobs, seed=3))


def test_every_predictor_speaks_of_every_job() -> None:
    outcomes = list(replay(one_at_a_time(30)))
    assert len(outcomes) == 30
    assert all(set(one.said) == {OURS, CEILING, *SIMPLE} for one in outcomes)
    assert all(one.said[ZERO] == 0 for one in outcomes)


def test_what_cannot_be_told_is_refused() -> None:
    forecaster = Forecaster(capacity=4)
    assert forecaster.forecast(7, 0) == Refusal(Why.UNKNOWN_JOB)
    forecaster.submitted(Ask(id=1, submitted=0, amount=5))
    assert forecaster.forecast(1, 0) == Refusal(Why.TOO_LARGE)
    forecaster.submitted(Ask(id=2, submitted=0, amount=1))  # without a limit
    forecaster.submitted(Ask(id=3, submitted=0, amount=1, limit=60))
    assert forecaster.forecast(3, 0) == Refusal(Why.NO_LIMIT)


def test_a_priority_goes_before_the_order_of_submission() -> None:
    forecaster = Forecaster()
    for number, priority in enumerate((5, 9, 5, 1)):
        forecaster.submitted(Ask(id=number, submitted=number, amount=1, limit=60, priority=priority))
    ahead = []
    for number in range(4):
        said = forecaster.forecast(number, 10)
        assert isinstance(said, Waits)
        ahead.append(said.ahead)
    assert ahead == [1, 0, 2, 3]


@given(st.floats(0.1, 0.9), st.integers(0, 2**32))
def test_a_stretched_quantile_covers_what_it_names(level: float, seed: int) -> None:
    random, stretch, covered = Random(seed), Stretch(level, 0.1), 0
    for _ in range(1500):
        happened = int(random.lognormvariate(8, 1))
        hit = happened <= stretch.stretched("kind", 600)
        stretch.judge("kind", hit)
        covered += hit
    assert abs(covered / 1500 - level) < 0.06


@given(st.lists(st.integers(1, 9999), min_size=1, max_size=80), st.integers(1, 5000), st.integers(0, 2**32))
def test_a_drawn_run_time_keeps_to_the_limit(lengths: list[int], limit: int, seed: int) -> None:
    ask = Ask(id=0, submitted=0, amount=1, limit=limit)
    known, draw = RunLengths(), Random(seed).random
    for length in lengths:
        known.add(ask, length)
    assert 1 <= draw_length(known.known(ask), limit, draw) <= limit
    run = limit // 2
    assert 1 <= draw_rest(known.longer(ask, run), run, limit, draw) <= max(limit - run, 1)


def test_those_that_still_wait_count_for_as_long_as_they_have() -> None:
    waits = LikeWaits()
    for number in range(10):
        waits.submitted(("k",), number, 0)
    for number in range(5):
        waits.started(number, 100)
    draws = waits.draws("k", 5000)  # half of them have waited for 5,000 s and more
    assert draws.count(100) == len(draws) // 2
    assert max(draws) == 10_000


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.floats(0.001, 1), min_size=3, max_size=3)), max_size=60))
def test_shares_are_shares(outcomes: list[tuple[int, list[float]]]) -> None:
    shares = Shares(3)
    for situation, chances in outcomes:
        shares.judge((0, situation), chances)
    assert abs(sum(shares.shares((0, 1))) - 1) < 1e-6
    assert min(shares.shares((0, 1))) >= 0


def test_what_was_right_is_said_again() -> None:
    points = Points(2)
    for _ in range(40):
        points.judge((0, "a"), (1.0, 0.0))
        points.judge((0, "b"), (0.0, 1.0))
    assert points.rates((0, "a"))[0] > points.rates((0, "a"))[1]
    assert points.rates((0, "b"))[1] > points.rates((0, "b"))[0]
