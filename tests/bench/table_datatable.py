"""A queue in Textual's DataTable, as a good programmer would write it: `python table_datatable.py FILE`.

FILE is `Files.twelve` of queue_text. The columns have fixed widths, so that no cell needs to be looked at for them;
rows are added in one go; a change updates the cells that changed; the text that a filter looks through is made once.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1])]

from tests.bench import queue_text  # noqa: E402
from tests.bench.table_shell import TITLES, WIDTHS, Shell  # noqa: E402
from textual.widgets import DataTable  # noqa: E402

STATE, TIME, WHERE = (queue_text.TWELVE.index(name) for name in ("state", "time", "where"))
SEARCHED = 7  # the leading columns that a filter looks through


class DataTableQueue(Shell):
    def make_table(self) -> DataTable[str]:
        return DataTable(cursor_type="row", id="table")

    def load(self, path: Path) -> None:
        table = self.query_one("#table", DataTable)
        self.columns = [table.add_column(title, width=width) for title, width in zip(TITLES, WIDTHS, strict=True)]
        self.rows = [line.split("|") for line in path.read_text(encoding="utf-8").splitlines()]
        self.searched = [" ".join(row[:SEARCHED]).lower() for row in self.rows]
        self.used = {row[TIME]: queue_text.seconds(row[TIME]) for row in self.rows}
        self.keys = dict(zip((row[0] for row in self.rows), table.add_rows(self.rows), strict=True))
        self.shown = self.total = len(self.rows)

    def narrow(self, needle: str) -> None:
        table = self.query_one("#table", DataTable)
        found = [row for row, text in zip(self.rows, self.searched, strict=True) if needle in text]
        table.clear()
        self.keys = dict(zip((row[0] for row in found), table.add_rows(found), strict=True))
        self.shown = len(found)

    def sort(self, *, longest_first: bool) -> None:
        table = self.query_one("#table", DataTable)
        table.sort(self.columns[TIME], key=self.used.__getitem__, reverse=longest_first)

    def change(self, turn: int) -> None:
        table = self.query_one("#table", DataTable)
        for changed in queue_text.changes(self.total, turn):
            row = self.rows[changed.at]
            row[STATE], row[TIME], row[WHERE] = changed.state, queue_text.duration(changed.seconds), changed.where
            self.used[row[TIME]] = changed.seconds
            self.searched[changed.at] = " ".join(row[:SEARCHED]).lower()
            if key := self.keys.get(row[0]):
                for column in (STATE, TIME, WHERE):
                    table.update_cell(key, self.columns[column], row[column])


if __name__ == "__main__":
    DataTableQueue(Path(sys.argv[1])).run()
