"""The rows of a long list, each made when it is asked for."""

from array import array
from collections.abc import Callable, Sequence
from typing import overload

from naru_client.insight.fold import Row, group_key
from naru_client.insight.ordering import SortedLate, position
from naru_client.model import Job


class Rows(Sequence[Row]):
    """Rows by their units: a job's place, `~group`, or of an unfolded member its place after those of all jobs."""

    def __init__(
        self,
        make: Callable[[int], Row],
        jobs: Sequence[Job],
        groups: Sequence[tuple[str, str]],
        units: "array[int] | SortedLate",
        hint: list[int],
    ) -> None:
        self._make, self._jobs, self._groups, self._units = make, jobs, groups, units
        self._hint = hint  # where the job stood that was looked for last, shared with the views before and after

    def __len__(self) -> int:
        return len(self._units)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            return [self._make(unit) for unit in self._units[start:stop:step]]
        return self._make(self._units[place])

    def place_of(self, row: Row, near: int = 0) -> int | None:
        """Where a row of an older reading stands now; `near` is looked at first. None when it is gone."""
        units = self._units
        if not row.depth and group_key(row.job) is not None:
            wanted = row.job.site, row.key
            group = next((~g for g, one in enumerate(self._groups) if one == wanted), None)
            if group is None:
                return None
            return position(units, group)
        shift = len(self._jobs) if row.depth else 0
        if 0 <= near < len(units) and self._is(units[near] - shift, row.job):
            self._hint[0] = units[near] - shift
            return near
        place = self._place(row.job)
        return None if place is None else position(units, place + shift)

    def _place(self, job: Job) -> int | None:
        """Where a job's record of now stands among all jobs."""
        if self._is(self._hint[0], job):
            return self._hint[0]
        wanted = job.id
        for place in [i for i, one in enumerate(self._jobs) if one.id == wanted]:
            if self._is(place, job):
                self._hint[0] = place
                return place
        return None

    def _is(self, place: int, job: Job) -> bool:
        if not 0 <= place < len(self._jobs):
            return False
        other = self._jobs[place]
        if other is job:
            return True
        return (other.id, other.site, other.submitted) == (job.id, job.site, job.submitted)
