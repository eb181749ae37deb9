"""The view of a list of jobs: whatever was done to it, it is the view that would be made anew of the same jobs."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from naru_client.insight.filter import Filter, parse
from naru_client.insight.fold import Row, fold, group_key
from naru_client.insight.ordering import merged, put_in_place, sorted_by, usual_key
from naru_client.insight.queue_view import QueueView, Sorting, view_of
from naru_client.model import Job

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

FILTERS = ("", "train", "tra", "state:r", "state:pd", "!bert", "user:kim gpus>=1", "id:7", "wait>1h", "pri")
COLUMNS: dict[str, Callable[[Job], Any]] = {
    "id": lambda j: (j.array_id or j.job_id, j.job_id),
    "name": lambda j: j.name,
    "state": lambda j: j.state,
    "priority": lambda j: j.priority or 0,
}


def job(number: int, kind: int, name: str, state: str, priority: int, minutes: int) -> Job:
    """A plain job, a task of one of three arrays, or a part of a het job, by its number: it stays what it is."""
    array, het = (number % 3 + 1, None) if kind == 1 else (None, 1 if kind == 2 else None)
    name_of = f"9{array}_{number}" if array else f"80+{number}" if het else str(number)
    ended = state in ("COMPLETED", "FAILED")
    return Job(
        site="here",
        id=name_of,
        job_id=number,
        array_id=900 + array if array else None,
        array_task=number if array else None,
        het_id=80 if het else None,
        het_offset=number if het else None,
        name=name,
        user=("kim", "lee")[number % 2],
        state=state,
        priority=priority,
        submitted=NOW - timedelta(hours=5),
        started=None if state == "PENDING" else NOW - timedelta(minutes=minutes),
        ended=NOW - timedelta(minutes=minutes // 2) if ended else None,
        accelerators=(),
    )


jobs_strategy = st.lists(
    st.builds(
        job,
        st.integers(1, 60),
        st.sampled_from((0, 0, 0, 1, 2)),
        st.sampled_from(("train", "bert", "tra", "학습", "")),
        st.sampled_from(("PENDING", "RUNNING", "COMPLETED", "FAILED", "SUSPENDED")),
        st.integers(0, 5),
        st.integers(0, 90),
    ),
    max_size=40,
    unique_by=lambda j: j.id,
)


def wanted(text: str) -> Filter | None:
    return parse(text, me="kim", now=NOW) if text else None


def sorting(column: str | None, reverse: bool) -> Sorting | None:
    return None if column is None else Sorting(column, COLUMNS[column], reverse)


def said(rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    return [(row.key, row.depth, row.unfolded, row.counts, [j.id for j in row.members], row.job.id) for row in rows]


def shown(view: QueueView) -> list[tuple[Any, ...]]:
    return said(view.rows)


def by_hand(view: QueueView) -> list[tuple[Any, ...]]:
    """What the rows have to be, said as plainly as can be."""
    jobs = sorted((j for j in view.jobs if view.filter is None or view.filter.matches(j)), key=usual_key)
    rows = fold(jobs)
    first: dict[str, int] = {}
    for at, one in enumerate(view.jobs):
        first.setdefault(group_key(one) or one.id, at)
    rows.sort(key=lambda row: first[row.key])  # alike rows come as their jobs were told
    rows.sort(key=lambda row: row.job.array_id is not None or row.job.het_id is not None)
    rows.sort(key=lambda row: usual_key(row.job))
    if view.sorting is not None:
        rows.sort(key=lambda row: row.job.array_id is not None or row.job.het_id is not None)
        rows.sort(key=lambda row: view.sorting.key(row.job), reverse=view.sorting.reverse)  # type: ignore[union-attr]
    lines: list[Row] = []
    for row in rows:
        own = list(row.members)
        if view.sorting is not None:
            own.sort(key=view.sorting.key, reverse=view.sorting.reverse)
        opened = len(own) > 1 and (row.job.site, row.key) in view.unfolded
        lines.append(replace(row, members=tuple(own), unfolded=opened))
        if opened:
            lines += [replace(fold([one])[0], key=one.id, depth=1, members=(one,)) for one in own]
    return said(lines)


class Using(RuleBasedStateMachine):
    """A person who filters, sorts and unfolds while readings arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.view = view_of(())

    @rule(jobs=jobs_strategy)
    def reading(self, jobs: Sequence[Job]) -> None:
        self._renew(tuple(jobs))

    @rule(data=st.data())
    def few_change(self, data: st.DataObject) -> None:
        """As most refreshes are: one record is another, the rest are the same objects."""
        jobs = list(self.view.jobs)
        if not jobs:
            return
        at = data.draw(st.integers(0, len(jobs) - 1))
        state = data.draw(st.sampled_from(("PENDING", "RUNNING", "COMPLETED")))
        jobs[at] = replace(jobs[at], state=state, priority=data.draw(st.integers(0, 5)), name="tra", started=NOW)
        self._renew(tuple(jobs))

    @rule(data=st.data())
    def some_go_and_come(self, data: st.DataObject) -> None:
        jobs = [j for j in self.view.jobs if data.draw(st.booleans())]
        known = {j.id for j in jobs}
        self._renew((*[j for j in data.draw(jobs_strategy) if j.id not in known], *jobs))

    def _renew(self, jobs: tuple[Job, ...]) -> None:
        *_steps, last = self.view.renewed(jobs)
        assert last is not None
        self.view = last

    @rule(text=st.sampled_from(FILTERS))
    def filter(self, text: str) -> None:
        self.view = self.view.filtered(wanted(text))

    @rule(column=st.sampled_from((None, *COLUMNS)), reverse=st.booleans())
    def sort(self, column: str | None, reverse: bool) -> None:
        self.view = self.view.sorted_by(sorting(column, reverse))

    @rule(group=st.sampled_from(("901", "902", "903", "80+")))
    def unfold(self, group: str) -> None:
        self.view = self.view.unfolding(self.view.unfolded ^ {("here", group)})

    @invariant()
    def it_is_as_if_made_anew(self) -> None:
        fresh = view_of(self.view.jobs, self.view.filter, self.view.sorting, self.view.unfolded)
        assert shown(self.view) == shown(fresh)
        assert self.view.count == fresh.count
        assert self.view.tally == fresh.tally
        assert self.view.shown == fresh.shown

    @invariant()
    def it_is_what_folding_by_hand_gives(self) -> None:
        assert shown(self.view) == by_hand(self.view)

    @invariant()
    def every_row_is_found_again(self) -> None:
        for at, row in enumerate(self.view.rows):
            for near in (0, at):
                found = self.view.rows.place_of(row, near)
                assert found is not None
                assert self.view.rows[found].job.id == row.job.id


TestUsing = Using.TestCase
TestUsing.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize("reverse", [False, True])
@given(data=st.data())
def test_changed_places_are_sorted_in(data: st.DataObject, reverse: bool) -> None:
    keys = data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=60))
    ties = data.draw(st.lists(st.integers(0, 3), min_size=len(keys), max_size=len(keys)))
    usual = sorted_by(ties, range(len(keys)))
    order = sorted_by(keys, usual, reverse)
    changed = sorted(data.draw(st.sets(st.sampled_from(range(len(keys))), max_size=8)))
    new, new_ties = list(keys), list(ties)
    for place in changed:
        new[place] = data.draw(st.integers(0, 6))
        new_ties[place] = data.draw(st.integers(0, 3))
    found = put_in_place(order, changed, keys, new, reverse, ties, new_ties)
    assert list(found) == list(sorted_by(new, sorted_by(new_ties, range(len(keys))), reverse))


@pytest.mark.parametrize("reverse", [False, True])
@given(keys=st.lists(st.integers(0, 6), max_size=60), cut=st.integers(0, 60))
def test_two_orders_are_merged(keys: list[int], cut: int, reverse: bool) -> None:
    one = sorted_by(keys, range(min(cut, len(keys))), reverse)
    other = sorted_by(keys, range(min(cut, len(keys)), len(keys)), reverse)
    named = [-1] * len(one) + list(range(100, 100 + len(other)))
    told = [place if place >= 0 else len(one) + ~place - 100 for place in merged(one, other, keys, reverse, named)]
    assert told == list(sorted_by(keys, range(len(keys)), reverse))


@pytest.mark.parametrize("reverse", [False, True])
def test_a_long_list_sorted_late_is_the_one_sorted_at_once(reverse: bool) -> None:
    jobs = tuple(job(n, 0, f"job {n * 7 % 100}", "PENDING", n * 13 % 50, 0) for n in range(3_000))
    late = view_of(jobs).sorted_by(sorting("priority", reverse))
    early = view_of(jobs, None, sorting("priority", reverse))
    assert [row.key for row in late.rows[:40]] == [row.key for row in early.rows[:40]]
    assert late.rows[100].key == early.rows[100].key
    assert late.rows[-1].key == early.rows[-1].key
    assert shown(late) == shown(early)
    assert len(late.rows) == 3_000


def test_a_view_is_made_in_many_steps() -> None:
    """So that a long queue does not keep the keys waiting."""
    from naru_client.insight.corpus import Corpus
    from naru_client.insight.queue_view import build

    jobs = tuple(job(n, 0, "x", "PENDING", n, 0) for n in range(20_000))
    assert sum(1 for _step in build(Corpus(jobs), wanted("x"), sorting("name", False), frozenset())) > 10
