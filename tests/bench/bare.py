"""The yardstick: a Textual app with a header, an input, a table of 50 rows and a footer, and nothing else."""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import DataTable, Footer, Header, Input

COLUMNS = ("JOB", "NAME", "USER", "POOL", "STATE", "GPUS", "TIME", "REASON")


class Bare(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        ("q", "quit", "Quit"),
        ("r", "refresh", "Refresh"),
        ("slash", "filter", "Filter"),
    ]

    def compose(self) -> ComposeResult:
        yield Header()
        yield Input(placeholder="filter")
        yield DataTable(cursor_type="row")
        yield Footer()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        for label in COLUMNS:
            table.add_column(label, width=12)
        for number in range(50):
            table.add_row(str(4000 + number), f"train-{number}", "alice", "h100", "RUNNING", "8", "1h 02m", "None")
        table.focus()


if __name__ == "__main__":
    Bare().run()
