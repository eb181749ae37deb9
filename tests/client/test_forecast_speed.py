"""One job among ten thousand that wait, on 1,250 nodes of eight: a forecast costs less than taking the queue in."""

from random import Random
from time import process_time

from naru_client.insight.forecast.asked import Ask, Waits
from naru_client.insight.forecast.forecaster import Forecaster


def test_one_among_ten_thousand() -> None:
    random, forecaster = Random(1), Forecaster(capacity=10_000)
    begun = process_time()
    for number in range(13_000):
        ask = Ask(
            id=number,
            submitted=0,
            amount=random.choice((1, 2, 4, 8)),
            queue=f"q{number % 3}",
            user=f"u{number % 200}",
            name=f"n{number % 7}",
            limit=random.choice((3600, 86_400)),
            priority=random.randrange(10**6),
        )
        forecaster.submitted(ask)
        if number < 3000:
            forecaster.started(number, 0)
        if number < 1000:
            forecaster.gone(number, random.randrange(60, 3600))
    taken_in = process_time() - begun
    taken = []
    for number in (4000, 9000, 12_999):
        begun = process_time()
        assert isinstance(forecaster.forecast(number, 3600), Waits)
        taken.append(process_time() - begun)
    assert min(taken) < taken_in
