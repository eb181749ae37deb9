"""A list of jobs as a table shows it: filtered, sorted, arrays and het jobs folded, as index arrays over the jobs.

At 100,000 jobs nothing may be made that is not looked at: a view holds numbers, and a `Row` is made when a line of the
screen asks for it. A view is never changed: filters, sorts and new readings give another one, which takes over what
still holds. The work comes in steps, between which a caller may let others have a turn.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import compress
from operator import attrgetter, is_not
from typing import Any

from msgspec import Struct

from naru_client.insight.corpus import Corpus
from naru_client.insight.filter import Filter, narrows
from naru_client.insight.fold import Row, plain_row, state_counts
from naru_client.insight.grouping import GroupId, Grouping, grouped
from naru_client.insight.ordering import SortedLate, complete, merged, put_in_place, sorted_by, usual_key
from naru_client.insight.rows import Rows
from naru_client.model import FINISHED_STATES, WAITING_STATES, Job

__all__ = ["GroupId", "QueueView", "RowKey", "Sorting", "Tally", "build", "view_of"]

RowKey = tuple[str, str, int, datetime | None]  # site, id or group, depth, submission (None of a group)

SLICE = 5_000  # jobs looked at before others may have a turn
SOME = 1_000  # so many need no turns
FEW = 0.05  # of the jobs: so many changed ones are put in their places one by one
ONE_IN = 20  # passing jobs: so few are sorted by themselves, else all are gone through


class Sorting(Struct, frozen=True):
    """By which column a list is sorted. `key` reads it off a job; jobs that are alike stay in their usual order."""

    id: str
    key: Callable[[Job], Any]
    reverse: bool = False


class Tally(Struct, frozen=True):
    """How many jobs a view shows: array tasks that wait together count each."""

    running: int = 0
    waiting: int = 0
    ended: int = 0


class QueueView:
    """The rows of some jobs: made by `view_of`, the next ones by `renewed`, `filtered`, `sorted_by` and `unfolding`.

    Rows that are alike in the column that sorts come in their usual order, plain jobs before folded ones.
    """

    def __init__(
        self, corpus: Corpus, wanted: Filter | None, sorting: Sorting | None, unfolded: frozenset[GroupId]
    ) -> None:
        self.corpus = corpus
        self.jobs: Sequence[Job] = corpus.jobs
        self.filter = wanted
        self.sorting = sorting
        self.unfolded = unfolded
        self._groups = Grouping()
        self._usual_keys: list[float] = []  # of each job
        self._usual: array[int] | None = array("l")  # the plain jobs in their usual order; None: to be sorted anew
        self._keys: list[Any] = []  # of each job, by the column that sorts
        self._order: array[int] | SortedLate = array("l")  # the plain jobs as sorted
        self._mask: bytearray | None = None  # which jobs pass; None: all
        self._passing: Sequence[int] = range(0)
        self._standing: list[int] = []  # for each group the member that stands for it, -1 where none passes
        self._group_rows: dict[int, Row] = {}
        self._units: array[int] | SortedLate = array("l")
        self._hint = [0]
        self.rows: Rows = Rows(self.row, self.jobs, (), array("l"), self._hint)

    # ---- the next views ----------------------------------------------------------------------------------------

    def filtered(self, wanted: Filter | None) -> "QueueView":
        """The same jobs through another filter; one that narrows is asked only of those that are left."""
        view = self._copy()
        view.filter = wanted
        among = self._passing if wanted and self.filter and narrows(self.filter, wanted) else None
        for _step in view._choose(among):
            pass
        view._line_up()
        return view

    def sorted_by(self, sorting: Sorting | None) -> "QueueView":
        view = self._copy()
        view.sorting = sorting
        for _step in view._sort(late=True):
            pass
        view._line_up()
        return view

    def unfolding(self, unfolded: frozenset[GroupId]) -> "QueueView":
        """The same rows with the members of these groups below them."""
        view = self._copy()
        view.unfolded = unfolded
        view._line_up()
        return view

    def renewed(self, jobs: Sequence[Job]) -> "Iterator[QueueView | None]":
        """Steps (None) to the view of a new reading, which comes last. Jobs that are the same objects cost little."""
        if jobs is self.jobs:
            yield self
            return
        changed = _changed_places(self.jobs, jobs)
        yield None
        if changed is not None:
            yield from self._with_changes(jobs, changed)
            return
        corpus = self.corpus.renewed(jobs)
        yield None
        yield from build(corpus, self.filter, self.sorting, self.unfolded)

    # ---- what is shown -----------------------------------------------------------------------------------------

    @property
    def shown(self) -> list[Job]:
        """The jobs that pass in the order of their rows, the members of a group one after the other."""
        return [job for row in self.rows if not row.depth for job in row.members]

    @property
    def count(self) -> int:
        """How many jobs pass."""
        return len(self._passing)

    def still_there(self, keys: Collection[RowKey]) -> set[RowKey]:
        """Those of the keys whose job or group is among the jobs, whether the filter lets it pass or not."""
        wanted = {key[:2] for key in keys}
        runs = {(job.site, job.id, job.submitted) for job in self.jobs if (job.site, job.id) in wanted}
        groups = set(self._groups.ids)
        return {key for key in keys if (key[:2] in groups and not key[3]) or (key[0], key[1], key[3]) in runs}

    @cached_property
    def tally(self) -> Tally:
        """How many of the jobs that pass run, wait and have ended."""
        jobs = self.jobs if self._mask is None else [self.jobs[i] for i in self._passing]
        running = waiting = ended = 0
        for state, count in Counter(map(attrgetter("state"), jobs)).items():
            if state in WAITING_STATES:
                waiting += count
            elif state in FINISHED_STATES:
                ended += count
            else:
                running += count
        mask = self._mask
        for own in self._groups.members:
            for i in own:
                job = self.jobs[i]
                if job.array_pending and job.waiting and (mask is None or mask[i]):
                    waiting += job.array_pending - 1
        return Tally(running, waiting, ended)

    def row(self, unit: int) -> Row:
        """The row of one entry of `rows`: a job, `~group`, or a member (its place after those of all jobs)."""
        if unit >= 0:
            count = len(self.jobs)
            if unit < count:
                return plain_row(self.jobs[unit])
            member = unit - count
            group = self._groups.of[member]
            return plain_row(self.jobs[member], 1, self._groups.ids[group][1])
        group = ~unit
        row = self._group_rows.get(group)
        if row is None:
            own = tuple([self.jobs[i] for i in self._members(group)])
            one = self._groups.ids[group]
            opened = one in self.unfolded and len(own) > 1
            standing = self.jobs[self._standing[group]]
            row = self._group_rows[group] = Row(one[1], standing, own, state_counts(own), 0, opened, one[1])
        return row

    # ---- making it ---------------------------------------------------------------------------------------------

    def _copy(self) -> "QueueView":
        view = QueueView(self.corpus, self.filter, self.sorting, self.unfolded)
        for name in ("_groups", "_usual_keys", "_usual", "_keys", "_order", "_mask", "_passing", "_standing", "_hint"):
            setattr(view, name, getattr(self, name))
        return view

    def _group(self) -> Iterator[None]:
        """Which jobs belong together, and the others in their usual order."""
        groups: Grouping | None = None
        for groups in grouped(self.jobs, SLICE):
            if groups is None:
                yield
        self._groups = groups or Grouping()
        of = self._groups.of
        keys = self._usual_keys = []
        runs: list[int] = []
        for at in range(0, len(self.jobs), SLICE):  # what is sorted in parts is merged quickly
            keys += map(usual_key, self.jobs[at : at + SLICE])
            places: Iterable[int] = range(at, len(keys))
            runs += sorted_by(keys, [i for i in places if of[i] < 0] if of else places)
            yield
        self._usual = sorted_by(keys, runs)
        yield

    def _sort(self, late: bool = False) -> Iterator[None]:
        """The plain jobs as sorted; only the first of them where the rest may come `late`."""
        usual = self._in_usual_order()
        if self.sorting is None:
            self._keys, self._order = [], usual
            return
        keys: list[Any] = []
        key, jobs = self.sorting.key, self.jobs
        for at in range(0, len(jobs), SLICE):
            keys += map(key, jobs[at : at + SLICE])
            yield
        self._keys = keys
        if late and len(usual) > SOME:
            self._order = SortedLate(keys, usual, self.sorting.reverse)
        else:
            self._order = sorted_by(keys, usual, self.sorting.reverse)
        yield

    def _in_usual_order(self) -> "array[int]":
        if self._usual is None:
            of = self._groups.of
            places: Iterable[int] = range(len(self.jobs))
            self._usual = sorted_by(self._usual_keys, [i for i in places if of[i] < 0] if of else places)
        return self._usual

    def _choose(self, among: Sequence[int] | None = None) -> Iterator[None]:
        """Which jobs pass the filter, and who stands for each group."""
        count = len(self.jobs)
        if self.filter is None:
            self._passing, self._mask = range(count), None
        else:
            asked: Sequence[int] = range(count) if among is None else among
            passing: list[int] = []
            for at in range(0, len(asked), 4 * SLICE):
                passing += self.filter.select(self.corpus, asked[at : at + 4 * SLICE])
                yield
            self._passing, self._mask = passing, None
            if len(passing) < count:
                self._mask = mask = bytearray(count)
                for i in passing:
                    mask[i] = 1
        self._standing = self._groups.standing(self.jobs, self._usual_keys, self._mask)
        yield

    def _line_up(self) -> None:
        """The rows: plain jobs as sorted, each group where the job belongs that stands for it."""
        keys: Sequence[Any] = self._keys if self.sorting else self._usual_keys
        reverse = self.sorting is not None and self.sorting.reverse
        groups = [g for g, standing in enumerate(self._standing) if standing >= 0]
        if groups and self._mask is None and not self.unfolded and isinstance(self._order, SortedLate):
            usual = self._in_usual_order() + self._standing_for(groups)
            self._show(SortedLate(keys, usual, reverse, self._groups.of))
            return
        units = self._plain_in_view(keys, reverse)
        if groups:
            units = self._with_groups(complete(units), groups, keys, reverse)
        self._show(units)

    def _show(self, units: "array[int] | SortedLate") -> None:
        self._group_rows = {}
        self._units = units
        self.rows = Rows(self.row, self.jobs, self._groups.ids, units, self._hint)

    def _standing_for(self, groups: list[int]) -> "array[int]":
        """The members that stand for these groups, in their usual order."""
        return sorted_by(self._usual_keys, [self._standing[g] for g in groups])

    def _plain_in_view(self, keys: Sequence[Any], reverse: bool) -> "array[int] | SortedLate":
        mask, of = self._mask, self._groups.of
        if mask is None:
            return self._order
        if len(self._passing) * ONE_IN < len(self.jobs):
            plain = [i for i in self._passing if of[i] < 0] if of else self._passing
            usual = sorted_by(self._usual_keys, plain)
            return usual if keys is self._usual_keys else sorted_by(keys, usual, reverse)
        return array("l", [i for i in complete(self._order) if mask[i]])

    def _with_groups(self, plain: "array[int]", groups: list[int], keys: Sequence[Any], reverse: bool) -> "array[int]":
        """The plain jobs and the groups in one order, these as `~group`, members of unfolded ones behind theirs."""
        count = len(self.jobs)
        units = merged(plain, sorted_by(keys, self._standing_for(groups), reverse), keys, reverse, self._groups.of)
        opened = {~g for g in groups if self._groups.ids[g] in self.unfolded} if self.unfolded else ()
        if not opened:
            return units
        lines = array("l")
        for unit in units:
            lines.append(unit)
            if unit in opened and len(own := self._members(~unit)) > 1:
                lines.extend([count + member for member in own])
        return lines

    def _members(self, group: int) -> Sequence[int]:
        """The members of a group that pass, as sorted."""
        own: Iterable[int] = self._groups.members[group]
        if self._mask is not None:
            own = [i for i in own if self._mask[i]]
        usual = sorted_by(self._usual_keys, own)
        return usual if self.sorting is None else sorted_by(self._keys, usual, self.sorting.reverse)

    def _with_changes(self, jobs: Sequence[Job], changed: list[int]) -> "Iterator[QueueView | None]":
        """Steps to the view in which these jobs have new records and all else is left where it is."""
        view = self._copy()
        view.jobs, view.corpus = jobs, self.corpus.changed_at(jobs, changed)
        of = self._groups.of
        before, now = self._usual_keys, list(self._usual_keys)
        for i in changed:
            now[i] = usual_key(jobs[i])
        view._usual_keys = now
        plain = [i for i in changed if of[i] < 0] if of else changed
        if self.sorting is None:
            moved = [i for i in plain if now[i] != before[i]]
            view._order = view._usual = put_in_place(self._in_usual_order(), moved, before, now, False, before, now)
            yield None
        else:
            view._usual = None
            keys = view._keys = list(self._keys)
            for i in changed:
                keys[i] = self.sorting.key(jobs[i])
            moved = [i for i in plain if now[i] != before[i] or keys[i] != self._keys[i]]
            order, reverse = complete(self._order), self.sorting.reverse
            view._order = put_in_place(order, moved, self._keys, keys, reverse, before, now)
            yield None
        if self.filter is not None:
            mask = bytearray(b"\1") * len(jobs) if self._mask is None else bytearray(self._mask)
            for i in changed:
                mask[i] = 0
            for i in self.filter.select(view.corpus, changed):
                mask[i] = 1
            view._passing = list(compress(range(len(jobs)), mask))
            view._mask = mask if len(view._passing) < len(jobs) else None
            yield None
        if of:
            view._standing = list(self._standing)
            for group in {of[i] for i in changed if of[i] >= 0}:
                view._standing[group] = self._groups.stands(group, jobs, now, view._mask)
        if view._stands_as(self, changed):
            view._show(self._units)
        else:
            view._line_up()
        yield view

    def _stands_as(self, before: "QueueView", changed: list[int]) -> bool:
        """Whether every row stands where it stood in the view before these jobs changed."""
        if self._order is not before._order or self._standing != before._standing or self._mask != before._mask:
            return False
        if not self._groups.ids:
            return True
        new, old = (self._keys, before._keys) if self.sorting else (self._usual_keys, before._usual_keys)
        of = self._groups.of
        return not self.unfolded and all(
            new[i] == old[i] and self._usual_keys[i] == before._usual_keys[i] for i in changed if of[i] >= 0
        )


def view_of(
    jobs: Sequence[Job],
    wanted: Filter | None = None,
    sorting: Sorting | None = None,
    unfolded: frozenset[GroupId] = frozenset(),
) -> QueueView:
    """The view of these jobs, made at one go."""
    views = [view for view in build(Corpus(jobs), wanted, sorting, unfolded) if view is not None]
    return views[-1]


def build(
    corpus: Corpus, wanted: Filter | None, sorting: Sorting | None, unfolded: frozenset[GroupId]
) -> Iterator[QueueView | None]:
    """Steps (None) to the view of these jobs, which comes last."""
    view = QueueView(corpus, wanted, sorting, unfolded)
    for steps in (view._group(), view._sort(), view._choose()):
        for _step in steps:
            yield None
    view._line_up()
    yield view


def _changed_places(old: Sequence[Job], new: Sequence[Job]) -> list[int] | None:
    """Where another record of the same job stands; None where these are other jobs, in another order, or too many."""
    if len(old) != len(new):
        return None
    changed = list(compress(range(len(new)), map(is_not, old, new)))
    if len(changed) > FEW * len(new):
        return None
    same = all(_identity(old[i]) == _identity(new[i]) for i in changed)
    return changed if same else None


def _identity(job: Job) -> tuple[Any, ...]:
    return job.id, job.site, job.submitted, job.array_id, job.het_id
