"""`@`: every call made to the centre, newest first, with what it took and what came of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from naru.format import Glyphs, size
from naru.widgets.columns import Column
from naru.widgets.line_table import LineTable
from naru.widgets.text_lines import TextLines
from naru_client.exchange import CallRecord
from naru_client.i18n import _, mark


def _clock(moment: datetime) -> str:
    return moment.astimezone().strftime("%H:%M:%S")


COLUMNS = (
    Column(
        id="at",
        title=mark("At"),
        width=8,
        text=lambda r: _clock(r.at),
    ),
    Column(
        id="took",
        title=mark("Took"),
        width=8,
        align="right",
        text=lambda r: f"{r.seconds * 1000:.0f} ms",
    ),
    Column(
        id="size",
        title=mark("Size"),
        width=9,
        rank=1,
        align="right",
        text=lambda r: size(r.size),
    ),
    Column(
        id="outcome",
        title=mark("Outcome"),
        width=10,
        text=lambda r: r.outcome,
        style=lambda r: "running" if r.outcome == "ok" else "failed",
    ),
    Column(
        id="call",
        title=mark("Call"),
        width=20,
        grow=1,
        text=lambda r: r.shown,
    ),
)


class CallsScreen(ModalScreen[None]):
    CSS_PATH = "calls.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,at,q", "dismiss", _("Close"), id="calls.close")]

    def __init__(self, records: Callable[[], Sequence[CallRecord]], glyphs: Glyphs) -> None:
        super().__init__()
        self._records = records
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        yield TextLines(id="head")
        yield LineTable(COLUMNS, lambda r: f"{r.at.isoformat()} {r.shown}", self._glyphs)

    def on_mount(self) -> None:
        self.query_one(LineTable).focus()
        self._fill()
        self.set_interval(2.0, self._fill)

    def _fill(self) -> None:
        records = list(reversed(self._records()))
        head = _("{n} calls kept; Esc closes").format(n=len(records))
        self.query_one("#head", TextLines).show([((_("Calls made"), "heading"), (f"  {head}", "quiet"))])
        self.query_one(LineTable).set_rows(records, _("none yet"))
