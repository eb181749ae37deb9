"""`?`: every key that does something on the screen behind it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen

from naru.format import fit
from naru.widgets.hints import key_name
from naru.widgets.text_lines import Line, TextLines
from naru_client.i18n import _


def help_lines(screen: Screen[object]) -> list[Line]:
    """Each active binding of a screen: its keys, what it does, its id in the `keys` setting."""
    rows: dict[str, tuple[list[str], str, str]] = {}
    for _node, binding, _enabled, tooltip in screen.active_bindings.values():
        if not binding.description or not binding.id:
            continue
        keys, _text, _id = rows.setdefault(binding.id, ([], tooltip or binding.description, binding.id))
        if (name := key_name(binding.key)) not in keys:
            keys.append(name)
    # what is special to the screen, then moving about, then what works everywhere
    places = {"table": 1, "map": 1, "app": 2}
    order = sorted(rows.values(), key=lambda row: places.get(row[2].split(".")[0], 0))
    return [
        ((fit(" ".join(keys), 18), "link"), (fit(_(text), 30), ""), (binding_id, "quiet"))
        for keys, text, binding_id in order
    ]


class HelpScreen(ModalScreen[None]):
    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", _("Close"), id="help.close"),
        Binding("j,down", "scroll(1)", _("Down"), show=False, id="help.down"),
        Binding("k,up", "scroll(-1)", _("Up"), show=False, id="help.up"),
        Binding("g,home", "scroll(-999)", _("Top"), show=False, id="help.top"),
        Binding("G,end", "scroll(999)", _("Bottom"), show=False, id="help.bottom"),
    ]

    def __init__(self, lines: list[Line]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box"):
            yield TextLines(wrapped=False, id="keys")

    def on_mount(self) -> None:
        head: list[Line] = [
            ((_("Keys"), "heading"), ("   " + _("on the right: their names for `keys` in config.toml"), "quiet")),
            (),
        ]
        self.query_one(TextLines).show([*head, *self._lines])
        self.query_one("#box").focus()

    def action_scroll(self, by: int) -> None:
        self.query_one("#box").scroll_relative(y=by, animate=False)
