"""What decoding a list by its columns needs: values worked out once for all rows that share them. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

LARGEST_MEMO = 1 << 15  # entries; a column with more different values than that gains nothing from being remembered


class Memo(dict[K, V]):
    """`memo[key]` is `make(key)`, made once. Begins anew when it has grown large."""

    def __init__(self, make: Callable[[K], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> V:
        if len(self) >= LARGEST_MEMO:
            self.clear()
        value = self[key] = self._make(key)
        return value


def looked_up(column: Sequence[K], memo: Memo[K, V]) -> Iterable[V]:
    """The value of each cell; of a column that holds one thing only, that thing's value for ever."""
    first = column[0]
    alike = first == column[-1] == column[len(column) // 2] and column.count(first) == len(column)
    return repeat(memo[first]) if alike else map(memo.__getitem__, column)


@contextmanager
def gc_held() -> Iterator[None]:
    """No garbage collection meanwhile: it would look through everything there is, and finds nothing in what is made."""
    import gc

    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
