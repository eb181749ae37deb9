"""Which single value to say: of several candidates the one that was right most often in situations like this one."""

from collections.abc import Hashable, Sequence

_FORGET = 0.998  # of what was seen is left after another outcome
_LEAN = 60.0  # outcomes' worth that the wider situation counts


class Points:
    """Rates of being right of `count` candidates, by situation."""

    def __init__(self, count: int) -> None:
        self._none = [0.0] * count
        self._seen: dict[Hashable, tuple[float, list[float]]] = {}

    def rates(self, situations: Sequence[Hashable]) -> list[float]:
        """How often each was right in the last, narrowest, of `situations`, leaning on the wider ones before it."""
        rates = self._none
        for situation in situations:
            seen = self._seen.get(situation)
            if seen is not None:
                whole = seen[0] + _LEAN
                rates = [(mine + _LEAN * wider) / whole for mine, wider in zip(seen[1], rates, strict=True)]
        return rates

    def judge(self, situations: Sequence[Hashable], worth: Sequence[float]) -> None:
        """Learn from an outcome: `worth` is what each candidate's value turned out to be worth, 0 to 1."""
        for situation in situations:
            before, values = self._seen.get(situation, (0.0, self._none))
            self._seen[situation] = (
                before * _FORGET + 1,
                [old * _FORGET + new for old, new in zip(values, worth, strict=True)],
            )
