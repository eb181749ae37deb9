"""Which rows are marked: by their keys, so that marks stay where they are when rows move. Pure."""

from collections.abc import Hashable, Iterable

from msgspec import Struct


class Marks(Struct, frozen=True):
    """The marked keys, in the order in which they were marked, and where a range begins.

    `anchor` is the row last marked or unmarked by itself; a range is everything from there to another row, to which the
    same is done: it is marked, or its marks are taken away.
    """

    keys: tuple[Hashable, ...] = ()
    anchor: Hashable | None = None
    taking_away: bool = False

    def __contains__(self, key: Hashable) -> bool:
        return key in self.keys

    def __len__(self) -> int:
        return len(self.keys)

    def toggled(self, key: Hashable) -> "Marks":
        if key in self.keys:
            return Marks(tuple(k for k in self.keys if k != key), key, True)
        return Marks((*self.keys, key), key, False)

    def extended(self, between: Iterable[Hashable]) -> "Marks":
        """The same done to all of `between` as to the anchor."""
        span = dict.fromkeys(between)
        if self.taking_away:
            return Marks(tuple(k for k in self.keys if k not in span), self.anchor, True)
        return Marks(tuple(dict.fromkeys((*self.keys, *span))), self.anchor, False)

    def kept(self, known: Iterable[Hashable]) -> "Marks":
        """Only those of rows that are still there."""
        there = set(known)
        if all(key in there for key in self.keys):
            return self
        return Marks(tuple(k for k in self.keys if k in there), self.anchor, self.taking_away)
