"""What there is to say of one offer, or of one line of a script, on a page of its own where there is little room."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from naru.screens.base import NaruScreen
from naru.state import State, Topic
from naru.widgets.text_lines import Line, TextLines
from naru_client.i18n import _


class PlanPage(NaruScreen):
    """Shows lines; what they say was reckoned when the page was opened."""

    TAB = "plan"
    TOPICS: ClassVar[tuple[Topic, ...]] = ("pools", "nodes", "quotas")
    CSS_PATH = "plan.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "app.pop_screen", _("Back"), id="plan-page.back"),
        Binding("j,down", "scroll(1)", _("Down"), show=False, id="plan-page.down"),
        Binding("k,up", "scroll(-1)", _("Up"), show=False, id="plan-page.up"),
    ]

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__()
        self._lines = lines

    def body(self) -> ComposeResult:
        with VerticalScroll(id="sheet"):
            yield TextLines(id="lines")

    def on_mount(self) -> None:
        self.query_one("#sheet", VerticalScroll).focus()

    def show_state(self, state: State) -> None:
        self.query_one("#lines", TextLines).show(self._lines)

    def action_scroll(self, by: int) -> None:
        self.query_one("#sheet", VerticalScroll).scroll_relative(y=by, animate=False)
