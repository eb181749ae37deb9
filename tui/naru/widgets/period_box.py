"""The line in which a span of time is typed, and what is wrong with it. Always there, out of sight until asked for."""

from datetime import datetime
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from naru.widgets.text_lines import Line
from naru_client.i18n import _
from naru_client.insight.periods import PeriodError, parse_period
from naru_client.text import clean


class PeriodBox(Input):
    """Posts `Taken` with a span that can be read, `Cancelled` when the person leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", _("Read it"), id="period.keep"),
        Binding("escape", "cancel", _("Undo"), id="period.undo"),
    ]

    class Taken(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Cancelled(Message):
        """The time that was read before stays."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(placeholder="7d   2026-11-03   2026-11-01..2026-11-07T18:00", compact=True, id=id)
        self.cursor_blink = False  # it would write to an idle terminal

    def open(self, text: str) -> None:
        self.display = True
        self.value = text
        self.cursor_position = len(text)

    def close(self) -> None:
        self.display = False

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled())


def judged(text: str, now: datetime, width: int) -> tuple[Line, ...]:
    """What to say below a typed span: nothing, or what is wrong with it, from under the place at fault on."""
    try:
        parse_period(clean(text), now)
    except PeriodError as error:
        if not text.strip():
            return (((f" {error.hint}", "quiet"),),)
        lead = " " * (cell_len(text[: error.position]) + 1)  # the box has one cell of padding
        if cell_len(f"{lead}^ {error.message}") <= width:
            return (((lead + "^ ", "bad"), (error.message, "warning")), ((f" {error.hint}", "quiet"),))
        return (((lead + "^", "bad"),), ((f" {error.message}", "warning"),))
    return ()
