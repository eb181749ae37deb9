"""The same queue in Naru's table, with Naru's decoder, filters and sorts: `python table_naru.py FILE`.

FILE is `Files.squeue` of queue_text: what squeue prints for Naru.
"""

import gc
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from msgspec.structs import replace  # noqa: E402
from tests.bench import queue_text  # noqa: E402
from tests.bench.table_shell import WIDTHS, Shell  # noqa: E402
from textual.worker import Worker  # noqa: E402

from naru import textual_themes, theming  # noqa: E402
from naru.format import Glyphs, where_or_why  # noqa: E402
from naru.job_listing import JobListing  # noqa: E402
from naru.screens.job_columns import job_columns, row_key  # noqa: E402
from naru.widgets.columns import Column  # noqa: E402
from naru.widgets.line_table import LineTable  # noqa: E402
from naru_client.insight.filter import parse  # noqa: E402
from naru_client.insight.queue_view import Sorting  # noqa: E402
from naru_client.model import Job  # noqa: E402
from naru_client.slurm import text_lists  # noqa: E402
from naru_client.turns import gathered  # noqa: E402

NOW = datetime.fromtimestamp(queue_text.NOON, UTC)
TURNS = 40  # as many as are pressed
GLYPHS = Glyphs(ascii_only=False)


def columns() -> tuple[Column, ...]:
    """The twelve, as wide as the other program has them."""
    known = job_columns(lambda: NOW, GLYPHS) | {
        "cpus": Column(id="cpus", title="CPUs", width=6, text=lambda r: str(r.job.cpus)),
        "where": Column(id="where", title="Where", width=28, text=lambda r: where_or_why(r.job)),
    }
    wide = zip(queue_text.TWELVE, WIDTHS, strict=True)
    return tuple(replace(known[name], width=width, grow=0, most=0) for name, width in wide)


class NaruQueue(Shell):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        textual_themes.register(self, theming.DEFAULT)
        self.whole = False
        self.ahead: dict[int, list[tuple[int, Job]]] = {}

    @property
    def table(self) -> LineTable:
        return self.query_one("#table", LineTable)

    def make_table(self) -> LineTable:
        return LineTable(columns(), row_key, GLYPHS, id="table")

    def load(self, path: Path) -> None:
        """As the program does: the first of them at once, the others in turns."""
        as_listed = Sorting("id", attrgetter("job_id"))  # as DataTable has them
        self.listing = JobListing(self._in_turns, self._changed, as_listed)
        _worker: Worker[None] = self.run_worker(self._decode, group="decode")

    async def _decode(self) -> None:
        body = self.path.read_bytes()
        slices = text_lists.QueueDecoder().slices(body, queue_text.SEPARATOR, site="bench", now=NOW)
        jobs, _ = await gathered(slices, lambda first: self.listing.take(tuple(first)))
        self.jobs = tuple(jobs)
        self.whole = True
        self.listing.take(self.jobs)
        gc.freeze()  # as the program does once it has started

    def _in_turns(self, work: Callable[[], Coroutine[Any, Any, None]]) -> object:
        worker: Worker[None] = self.run_worker(work, group="listing", exclusive=True)
        return worker

    def _changed(self) -> None:
        view = self.listing.view
        self.table.set_rows(view.rows)
        if self.whole and not self.listing.behind:
            self.shown, self.total = view.count, len(view.jobs)
            if not self.ahead:
                self.call_after_refresh(self._make_ahead)
        self._tell()

    def narrow(self, needle: str) -> None:
        self.listing.choose(parse(needle, me="nobody", now=NOW) if needle.strip() else None)

    def action_filter(self) -> None:
        self.listing.search()
        super().action_filter()

    def sort(self, *, longest_first: bool) -> None:
        self.table.to_the_top()
        self.listing.sort(Sorting("time", _used, longest_first))

    def _make_ahead(self) -> None:
        """The records that changes will bring: to make them is the decoder's work, which `decode.py` measures."""
        for turn in range(1, TURNS + 1):
            self.ahead[turn] = [
                (
                    one.at,
                    replace(self.jobs[one.at], state=one.state, elapsed=one.seconds, node_list=one.where, reason=None),
                )
                for one in queue_text.changes(self.total, turn)
            ]

    def change(self, turn: int) -> None:
        jobs = list(self.jobs)
        for at, job in self.ahead[turn]:
            jobs[at] = job
        self.jobs = tuple(jobs)
        self.listing.take(self.jobs)


def _used(job: Job) -> int:
    return job.elapsed or 0


if __name__ == "__main__":
    NaruQueue(Path(sys.argv[1])).run()
