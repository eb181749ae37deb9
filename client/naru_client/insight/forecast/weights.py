"""Which way of forecasting to believe: shares learned from how each did before, in situations ever more alike.

Online expectation-maximisation of a mixture's shares: once a job starts, every way is credited with its part of the
chance that the mixture gave to what happened. Narrower situations lean on wider ones until they have seen enough.
"""

from collections.abc import Hashable, Sequence

_FORGET = 0.99  # of what was learned is left after another outcome
_LEAN = 8.0  # outcomes' worth that the wider situation counts


class Shares:
    """Shares of `count` ways, by situation."""

    def __init__(self, count: int) -> None:
        self._even = [1.0 / count] * count
        self._credit: dict[Hashable, list[float]] = {}

    def shares(self, situations: Sequence[Hashable]) -> list[float]:
        """The shares in the last, narrowest, of `situations`, each of which lies within the one before it."""
        share = self._even
        for situation in situations:
            credit = self._credit.get(situation)
            if credit is not None:
                whole = sum(credit) + _LEAN
                share = [(mine + _LEAN * wider) / whole for mine, wider in zip(credit, share, strict=True)]
        return share

    def judge(self, situations: Sequence[Hashable], chances: Sequence[float]) -> None:
        """Learn from an outcome: `chances` is what each way had given to it."""
        for place, situation in enumerate(situations):
            share = self.shares(situations[: place + 1])
            parts = [mine * chance for mine, chance in zip(share, chances, strict=True)]
            whole = sum(parts)
            if whole <= 0:
                continue
            credit = self._credit.get(situation)
            if credit is None:
                self._credit[situation] = [part / whole for part in parts]
            else:
                for i, part in enumerate(parts):
                    credit[i] = credit[i] * _FORGET + part / whole
