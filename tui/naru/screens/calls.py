"""`@`: every call made to the centre, newest first, with what it took and what came of it."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from naru.format import Glyphs, size
from naru.widgets.columns import Column
from naru.widgets.line_table import LineTable
from naru.widgets.text_lines import Line, TextLines
from naru_client.exchange import CallLog, CallRecord
from naru_client.i18n import _, mark, n_


def _clock(moment: datetime) -> str:
    return moment.astimezone().strftime("%H:%M:%S")


def _outcome(record: CallRecord) -> str:
    return _("shared") if record.shared else record.outcome


def _outcome_style(record: CallRecord) -> str:
    if record.shared:
        return "quiet"
    return "running" if record.outcome == "ok" else "failed"


SITE = Column(
    id="site",
    title=mark("Site"),
    width=8,
    most=16,
    text=lambda r: r.site,
)
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
        most=24,
        text=_outcome,
        style=_outcome_style,
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
    """The log of calls. `budget` is how many a site may get in a minute; sites are named where there are several."""

    CSS_PATH = "calls.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,at,q", "dismiss", _("Close"), id="calls.close")]

    def __init__(
        self, log: CallLog, glyphs: Glyphs, clock: Callable[[], datetime], budget: int, several: bool = False
    ) -> None:
        super().__init__()
        self._log = log
        self._glyphs = glyphs
        self._clock = clock
        self._budget = budget
        self._several = several

    def compose(self) -> ComposeResult:
        yield TextLines(id="head")
        columns = (COLUMNS[0], SITE, *COLUMNS[1:]) if self._several else COLUMNS
        yield LineTable(columns, lambda r: f"{r.at.isoformat()} {r.site} {r.shown}", self._glyphs)

    def on_mount(self) -> None:
        self.query_one(LineTable).focus()
        self._fill()
        self.set_interval(2.0, self._fill)

    def _fill(self) -> None:
        records = list(reversed(self._log.records))
        head = calls_head(self._log, self._clock(), self._budget, self._several, self._glyphs)
        self.query_one("#head", TextLines).show(head)
        self.query_one(LineTable).set_rows(records, _("none yet"))


def calls_head(log: CallLog, now: datetime, budget: int, several: bool, glyphs: Glyphs) -> list[Line]:
    """How many calls there were in the last minute against the budget, since the start, and how many were spared."""
    minute = log.calls_in_last_minute(now)
    used = n_("{n} call in the last minute", "{n} calls in the last minute", minute).format(n=minute)
    most = _("at most {n} a site").format(n=budget) if several else _("at most {n}").format(n=budget)
    facts = [n_("{n} call since the start", "{n} calls since the start", log.total).format(n=log.total)]
    if spared := sum(1 for record in log.records if record.shared):
        facts.append(n_("{n} answer shared", "{n} answers shared", spared).format(n=spared))
    facts.append(_("Esc closes"))
    full = minute >= budget and not several
    return [
        ((_("Calls made"), "heading"), (f"  {used}, {most}", "warning" if full else "")),
        ((f" {glyphs.dot} ".join(facts), "quiet"),),
    ]
