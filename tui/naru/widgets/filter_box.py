"""The line in which a filter is typed. It is always there, out of sight: keys typed after `/` must not go elsewhere."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from naru_client.i18n import _


class FilterBox(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", _("Keep"), id="filter.keep"),
        Binding("escape", "cancel", _("Undo"), id="filter.undo"),
    ]

    class Cancelled(Message):
        """The person wants the filter back that was there before."""

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled())
