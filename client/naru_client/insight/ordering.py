"""The order of a list of jobs as numbers: keys that sort quickly, and putting a few changed ones in their places.

An order is an array of places; sorted runs are merged by halving, as going through 100,000 scattered objects takes
longer than moving their numbers about.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from heapq import nlargest, nsmallest
from typing import Any, overload

from naru_client.model import Job

HEAD = 256  # places of a sorted list that are found first: more than a screen shows
MANY = 16  # so many times fewer are put into a list one by one, else all is sorted

_WAITING, _ENDED = 2.0**40, 2.0**41  # above what any time or priority comes to


def usual_key(job: Job) -> float:
    """For people: what runs, the newest first; what waits, the next in line first; what has ended, the last first.

    One figure, as 100,000 of them are sorted several times faster than as many tuples.
    """
    if job.waiting:
        return _WAITING - (job.priority or 0)
    if job.finished:
        return _ENDED - (job.ended.timestamp() if job.ended else 0.0)
    return -(job.started.timestamp() if job.started else 0.0)


def sorted_by(keys: Sequence[Any], places: Iterable[int], reverse: bool = False) -> "array[int]":
    """These places by their keys; those with equal keys stay in the order in which they were given."""
    return array("l", sorted(places, key=keys.__getitem__, reverse=reverse))


class SortedLate:
    """A sorted order of which the head is found when somebody looks, and the rest when somebody looks further.

    `named` is as in `merged`: where it gives a place a number, `~number` stands for the place.
    """

    def __init__(
        self, keys: Sequence[Any], places: Sequence[int], reverse: bool, named: Sequence[int] | None = None
    ) -> None:
        self._keys, self._places, self._reverse, self._named = keys, places, reverse, named
        self._head: Sequence[int] | None = None
        self._all: array[int] | None = None

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[int]: ...
    def __getitem__(self, at: int | slice) -> int | Sequence[int]:
        if self._all is not None:
            return self._all[at]
        if isinstance(at, int):
            in_head = 0 <= at < HEAD
        else:
            in_head = at.start is not None and at.stop is not None and 0 <= at.start <= at.stop <= HEAD
        if not in_head:
            return self.complete()[at]
        if self._head is None:
            first = nlargest if self._reverse else nsmallest
            self._head = self._by_name(first(HEAD, self._places, key=self._keys.__getitem__))
        return self._head[at]

    def complete(self) -> "array[int]":
        if self._all is None:
            self._all = self._by_name(sorted_by(self._keys, self._places, self._reverse))
        return self._all

    def _by_name(self, places: Sequence[int]) -> "array[int]":
        named = self._named
        if named is None:
            return array("l", places)
        return array("l", [place if (name := named[place]) < 0 else ~name for place in places])


def position(places: "array[int] | SortedLate", wanted: int) -> int | None:
    """Where a place stands in an order; None where it does not."""
    try:
        return complete(places).index(wanted)
    except ValueError:
        return None


def complete(places: "array[int] | SortedLate") -> "array[int]":
    """The whole of an order."""
    return places.complete() if isinstance(places, SortedLate) else places


def merged(
    order: "array[int]", others: Sequence[int], keys: Sequence[Any], reverse: bool, named: Sequence[int]
) -> "array[int]":
    """Two sorted orders as one; where keys are equal those of the first come first.

    `named` gives each place of the other order a number, and -1 to those of the first: `~named[place]` stands for it.
    """
    if len(others) * MANY > len(order):
        both = sorted_by(keys, [*order, *others], reverse)
        return array("l", [place if (name := named[place]) < 0 else ~name for place in both])
    result = array("l")
    done = 0
    for place in others:
        at = _after(order, keys[place], keys, reverse, done)
        result += order[done:at]
        result.append(~named[place])
        done = at
    result += order[done:]
    return result


def put_in_place(
    order: "array[int]", changed: Sequence[int], old: Sequence[Any], new: Sequence[Any], reverse: bool,
    ties_old: Sequence[Any], ties_new: Sequence[Any],
) -> "array[int]":  # fmt: skip
    """An order in which these few places have other keys now, sorted again.

    It is sorted by keys, then by `ties`, then by place, and has to be so by the `old` ones.
    """
    gone = []
    for place in changed:
        at = _find(order, place, old, reverse, ties_old)
        if old[place] != new[place] or _alike_beside(order, at, old):
            gone.append(at)
    if not gone:
        return order
    gone.sort()
    kept = array("l")
    done = 0
    for at in gone:
        kept += order[done:at]
        done = at + 1
    kept += order[done:]
    by_new = sorted(order[at] for at in gone)
    by_new.sort(key=ties_new.__getitem__)
    by_new.sort(key=new.__getitem__, reverse=reverse)
    result = array("l")
    done = 0
    for place in by_new:
        at = max(done, _find(kept, place, new, reverse, ties_new))
        result += kept[done:at]
        result.append(place)
        done = at
    result += kept[done:]
    return result


def _alike_beside(order: Sequence[int], at: int, keys: Sequence[Any]) -> bool:
    """Whether a neighbour has the same key, so that the ties matter."""
    key = keys[order[at]]
    return (at > 0 and keys[order[at - 1]] == key) or (at + 1 < len(order) and keys[order[at + 1]] == key)


def _find(order: Sequence[int], place: int, keys: Sequence[Any], reverse: bool, ties: Sequence[Any]) -> int:
    """Where a place stands in an order, or would."""
    key = keys[place]
    if reverse:
        low, high = _descending(order, key, keys, True), _descending(order, key, keys, False)
    else:
        low = bisect_left(order, key, key=keys.__getitem__)
        if low == len(order) or keys[order[low]] != key:
            return low
        high = bisect_right(order, key, low, key=keys.__getitem__)
    tie = ties[place]
    low = bisect_left(order, tie, low, high, key=ties.__getitem__)
    high = bisect_right(order, tie, low, high, key=ties.__getitem__)
    return bisect_left(order, place, low, high)


def _after(order: Sequence[int], key: Any, keys: Sequence[Any], reverse: bool, low: int) -> int:
    return _descending(order, key, keys, False, low) if reverse else bisect_right(order, key, low, key=keys.__getitem__)


def _descending(order: Sequence[int], key: Any, keys: Sequence[Any], before: bool, low: int = 0) -> int:
    """Where a key stands in a descending order: before those equal to it, or after."""
    high = len(order)
    while low < high:
        middle = (low + high) // 2
        other = keys[order[middle]]
        if other > key or (not before and not other < key):
            low = middle + 1
        else:
            high = middle
    return low
