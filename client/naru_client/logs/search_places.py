"""Where the matching lines of a log are: counted by the block they start in, exactly known while they are not many."""

from array import array
from bisect import bisect_left
from threading import Lock

BLOCK = 1 << 20  # bytes
MOST = 500_000  # places that are kept


class Places:
    """The matching lines that start between two offsets, `low` and `high`. A thread may add while another asks.

    With more than `most` of them only their numbers are kept: eight bytes for each block, whatever there is.
    """

    def __init__(self, offset: int = 0, *, block: int = BLOCK, most: int = MOST) -> None:
        self.block = block
        self.low = self.high = offset
        self.total = 0
        self.kept = True
        self._most = most
        self._counts: dict[int, int] = {}
        self._exact: dict[int, array[int]] = {}
        self._lock = Lock()

    def add(self, places: list[int], low: int | None = None, high: int | None = None) -> None:
        """Places in ascending order, all of them behind or all before those that are known; and what is known now."""
        with self._lock:
            at = 0
            while at < len(places):
                block = places[at] // self.block
                until = bisect_left(places, (block + 1) * self.block, at)
                self._count(block, until - at)
                if self.kept:
                    known = self._exact.get(block, array("Q"))
                    more = array("Q", places[at:until])
                    self._exact[block] = known + more if not known or known[-1] < more[0] else more + known
                at = until
            self._extend(low, high)

    def add_count(self, block: int, count: int) -> None:
        """So many more in a block; only when not `kept`."""
        with self._lock:
            self._count(block, count)

    def reach(self, low: int | None = None, high: int | None = None) -> None:
        """No more than is known now start between these."""
        with self._lock:
            self._extend(low, high)

    def remove_last(self, place: int) -> None:
        """Take back the last one."""
        with self._lock:
            block = place // self.block
            self._counts[block] -= 1
            self.total -= 1
            if self.kept:
                self._exact[block].pop()

    def clear(self, offset: int) -> None:
        with self._lock:
            self._counts.clear()
            self._exact.clear()
            self.total, self.kept = 0, True
            self.low = self.high = offset

    def before(self, block: int) -> int:
        """How many start in earlier blocks."""
        with self._lock:
            return sum(count for number, count in self._counts.items() if number < block)

    def within(self, block: int) -> list[int] | None:
        """The places in a block, None where only their number is known."""
        with self._lock:
            return list(self._exact.get(block, ())) if self.kept else None

    def some_from(self, block: int) -> int | None:
        """The first block, this one or a later one, in which any start."""
        with self._lock:
            return min((number for number, count in self._counts.items() if number >= block and count), default=None)

    def some_until(self, block: int) -> int | None:
        """The last block, this one or an earlier one, in which any start."""
        with self._lock:
            return max((number for number, count in self._counts.items() if number <= block and count), default=None)

    def _count(self, block: int, count: int) -> None:
        self._counts[block] = self._counts.get(block, 0) + count
        self.total += count

    def _extend(self, low: int | None, high: int | None) -> None:
        if low is not None:
            self.low = min(self.low, low)
        if high is not None:
            self.high = max(self.high, high)
        if self.kept and self.total > self._most:
            self.kept = False
            self._exact.clear()
