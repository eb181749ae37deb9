"""The line in which words are typed that narrow a table. It is always there, out of sight until asked for."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from naru_client.i18n import _


class WordBox(Input):
    """Posts `Changed` with every key, `Submitted` when the words are kept, `Cancelled` when they are not."""

    DEFAULT_CSS = """
    WordBox { display: none; dock: bottom; height: 1; border: none; padding: 0 1; background: $surface; }
    WordBox:focus { border: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", _("Keep"), id="words.keep"),
        Binding("escape", "cancel", _("Undo"), id="words.undo"),
    ]

    class Cancelled(Message):
        """The person wants the words back that were there before."""

    def open(self, text: str) -> None:
        """Come into sight with this text."""
        self.display = True
        self.value = text
        self.cursor_position = len(text)

    def close(self) -> None:
        self.display = False

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled())
