"""A list of jobs on a screen: the view behind its table, renewed in turns where it is long, and what was set of it."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from naru.widgets.columns import Column
from naru_client.insight.filter import Filter
from naru_client.insight.fold import Row
from naru_client.insight.queue_view import GroupId, QueueView, Sorting, view_of
from naru_client.model import Job
from naru_client.turns import at_once, in_turns

AT_ONCE = 4_000  # jobs that are no more work than a few lines of the screen
FIRST = 1_000  # jobs of a long list that are shown before all of it is listed

Work = Callable[[Callable[[], Coroutine[Any, Any, None]]], object]


class JobListing:
    """The jobs of one table, filtered, sorted and folded.

    `run` sets a work going that ends what it was given before; `changed` is called when there is another view. Filters,
    sorts and foldings hold at once; the jobs of a long reading come when their view is made, the earlier ones stay
    until then.
    """

    def __init__(self, run: Work, changed: Callable[[], None], sorting: Sorting | None = None) -> None:
        self._run = run
        self._changed = changed
        self._coming: Sequence[Job] = ()
        self._searched = False
        self._prepared = False
        self.view: QueueView = view_of((), None, sorting)

    @property
    def rows(self) -> Sequence[Row]:
        return self.view.rows

    @property
    def filter(self) -> Filter | None:
        return self.view.filter

    @property
    def sorting(self) -> Sorting | None:
        return self.view.sorting

    @property
    def behind(self) -> bool:
        """Whether jobs have arrived that are not shown yet."""
        return self._coming is not self.view.jobs

    @property
    def behind_at_first(self) -> bool:
        """Whether only the first jobs of the first long list are shown."""
        return len(self.view.jobs) == FIRST < len(self._coming)

    def take(self, jobs: Sequence[Job]) -> None:
        """Show these jobs, now or as soon as their view is made."""
        if jobs is self._coming:
            return
        self._coming = jobs
        if len(jobs) <= AT_ONCE:
            self._show(at_once(self.view.renewed(jobs)))
        else:
            if not self.view.jobs:  # rather the first of them than nothing
                self._show(at_once(self.view.renewed(jobs[:FIRST])))
            self._run(self._renew)  # with no arguments: Textual writes out those of a worker, all 100,000 jobs

    def choose(self, wanted: Filter | None) -> None:
        if wanted is not self.view.filter:
            self._show(self.view.filtered(wanted))

    def sort(self, sorting: Sorting | None) -> None:
        self._show(self.view.sorted_by(sorting))

    def fold(self, group: GroupId) -> None:
        """Show the members of a group below its row, or hide them again."""
        self._show(self.view.unfolding(self.view.unfolded ^ {group}))

    async def _renew(self) -> None:
        view = await in_turns(self.view.renewed(self._coming))
        if view is None:
            return
        now = self.view  # what was set meanwhile
        if now.sorting is not view.sorting:
            view = view.sorted_by(now.sorting)
        if now.filter is not view.filter:
            view = view.filtered(now.filter)
        if now.unfolded != view.unfolded:
            view = view.unfolding(now.unfolded)
        self._show(view)
        if self._searched or not self._prepared:
            self._prepared = True
            await self._prepare()

    def search(self) -> None:
        """A filter is about to be typed: make what its keys would have to wait for, from now on for each reading."""
        self._searched = True
        if len(self.view.jobs) > AT_ONCE and not self.behind:
            self._run(self._prepare)

    async def _prepare(self) -> None:
        await in_turns(self.view.corpus.prepare())

    def _show(self, view: QueueView | None) -> None:
        if view is not None and view is not self.view:
            self.view = view
            self._changed()


def sorting_by(columns: Mapping[str, Column], column_id: str, reverse: bool) -> Sorting | None:
    """How a list of jobs is sorted by one of its columns; None where it cannot be."""
    column = columns.get(column_id)
    if column is None or column.sort_key is None:
        return None
    return Sorting(column_id, column.sort_key, reverse)
