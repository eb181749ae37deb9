"""Which rows are marked: by their keys, so that marks stay where they are when rows move. Pure."""

from collections.abc import Container, Hashable, Iterable


class Marks:
    """The marked keys, in the order in which they were marked, and where a range begins. Never changed, but replaced.

    `anchor` is the row last marked or unmarked by itself; a range is everything from there to another row, to which the
    same is done: it is marked, or its marks are taken away.
    """

    def __init__(
        self, keys: Iterable[Hashable] = (), anchor: Hashable | None = None, taking_away: bool = False
    ) -> None:
        self._keys = dict.fromkeys(keys)  # in order, and quickly looked up: 100,000 rows may be marked
        self.anchor = anchor
        self._taking_away = taking_away

    @property
    def keys(self) -> tuple[Hashable, ...]:
        return tuple(self._keys)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def toggled(self, key: Hashable) -> "Marks":
        if key in self._keys:
            return Marks((k for k in self._keys if k != key), key, True)
        return Marks((*self._keys, key), key, False)

    def extended(self, between: Iterable[Hashable]) -> "Marks":
        """The same done to all of `between` as to the anchor."""
        span = dict.fromkeys(between)
        if self._taking_away:
            return Marks((k for k in self._keys if k not in span), self.anchor, True)
        return Marks((*self._keys, *span), self.anchor, False)

    def kept(self, there: Container[Hashable]) -> "Marks":
        """Only those of rows that are still there."""
        return Marks((k for k in self._keys if k in there), self.anchor, self._taking_away)
