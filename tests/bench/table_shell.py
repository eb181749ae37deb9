"""The shell of both table programs: a header, a filter, a table, a footer; only the table is each one's own.

`o` sorts by the time used, longest first, then the other way round; `u` lets 1 % of the jobs change; `/` goes to the
filter, the list narrows at each key to the jobs in which the text stands, Escape clears it. A line above the filter
tells what has been done, so that whoever measures knows when; telling it lays nothing out anew.
"""

from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Footer, Header, Input, Static

TITLES = ("JOB", "NAME", "USER", "ACCOUNT", "POOL", "QOS", "STATE", "TIME", "LIMIT", "NODES", "CPUS", "WHERE")
WIDTHS = (16, 22, 8, 8, 8, 8, 10, 11, 11, 6, 6, 20)


def done(filters: int, sorts: int, turns: int) -> str:
    """What the line above the filter ends with once so much has been done."""
    return f"filter {filters}, sort {sorts}, turn {turns}."


class Shell(App[None]):
    """Subclasses give `make_table` and the four things that can be done with it; `shown` and `total` count jobs."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "#told { height: 1; } #table { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("q", "quit", "Quit"),
        ("o", "sort", "Sort"),
        ("u", "turn", "Change"),
        ("slash", "filter", "Filter"),
        ("escape", "clear", "Clear"),
    ]

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.shown = self.total = self.filters = self.sorts = self.turns = 0

    def compose(self) -> ComposeResult:
        yield Header()
        yield Static(markup=False, id="told")
        yield Input(placeholder="filter")
        yield self.make_table()
        yield Footer()

    def on_mount(self) -> None:
        self.load(self.path)
        self.query_one("#table").focus()
        self._tell()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.filters += 1
        self.narrow(event.value.lower())
        self._tell()

    def action_filter(self) -> None:
        self.query_one(Input).focus()

    def action_clear(self) -> None:
        self.query_one(Input).value = ""
        self.query_one("#table").focus()

    def action_sort(self) -> None:
        self.sorts += 1
        self.sort(longest_first=self.sorts % 2 == 1)
        self._tell()

    def action_turn(self) -> None:
        self.turns += 1
        self.change(self.turns)
        self._tell()

    def _tell(self) -> None:
        told = f"{self.shown} of {self.total}, {done(self.filters, self.sorts, self.turns)}"
        self.query_one("#told", Static).update(told, layout=False)

    def make_table(self) -> Widget:
        """The table, with the id `table`."""
        raise NotImplementedError

    def load(self, path: Path) -> None:
        raise NotImplementedError

    def narrow(self, needle: str) -> None:
        """Show the jobs in whose id, name, user, account, pool, QOS or state the needle stands, whatever its case."""
        raise NotImplementedError

    def sort(self, *, longest_first: bool) -> None:
        raise NotImplementedError

    def change(self, turn: int) -> None:
        """Do to the jobs what `queue_text.changes` says, and show it."""
        raise NotImplementedError
