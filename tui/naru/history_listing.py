"""What has been read of the past as a screen lists it: through a filter, in an order, with what it comes to."""

from collections.abc import Sequence

from naru_client.insight.corpus import Corpus
from naru_client.insight.filter import Filter
from naru_client.insight.finished import NOTHING, Totals, totals
from naru_client.insight.queue_view import Sorting
from naru_client.model import Job


class HistoryListing:
    """The jobs of one table. `jobs` are those that pass, the last ended first or as they are sorted."""

    def __init__(self) -> None:
        self._all: Sequence[Job] = ()
        self.corpus = Corpus(())
        self.filter: Filter | None = None
        self.sorting: Sorting | None = None
        self.jobs: Sequence[Job] = ()
        self._counted = NOTHING
        self._passing: Totals | None = None  # what those come to that pass; not yet counted

    def take(self, jobs: Sequence[Job], counted: Totals) -> None:
        """List these jobs, the last ended first; `counted` is what all of them come to."""
        if jobs is self._all:
            return
        self._all, self._counted = jobs, counted
        self.corpus = self.corpus.renewed(jobs)
        self._list()

    def choose(self, wanted: Filter | None) -> None:
        if wanted is not self.filter:
            self.filter = wanted
            self._list()

    def sort(self, sorting: Sorting | None) -> None:
        self.sorting = sorting
        self._list()

    def totals(self) -> Totals:
        """What the listed jobs come to."""
        if self.filter is None:
            return self._counted
        if self._passing is None:
            self._passing = totals(self.jobs)
        return self._passing

    def _list(self) -> None:
        jobs = self._all
        if self.filter is not None:
            every = self.corpus.jobs
            jobs = [every[place] for place in self.filter.select(self.corpus)]
        if self.sorting is not None:
            jobs = sorted(jobs, key=self.sorting.key, reverse=self.sorting.reverse)
        self.jobs = jobs
        self._passing = None
