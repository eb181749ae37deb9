"""The last line: at most six keys that do something here, and `?`. True by construction: read from the bindings."""

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.app import RenderResult
from textual.strip import Strip
from textual.widget import Widget

from naru.format import Glyphs
from naru_client.i18n import _

MOST = 6

KEY_NAMES = {
    "enter": "Enter", "escape": "Esc", "slash": "/", "question_mark": "?", "at": "@", "space": "Space", "tab": "Tab",
    "pagedown": "PgDn", "pageup": "PgUp", "home": "Home", "end": "End", "up": "↑", "down": "↓", "left": "←",
    "right": "→", "plus": "+", "minus": "-", "left_square_bracket": "[", "right_square_bracket": "]", "colon": ":",
    "less_than_sign": "<", "greater_than_sign": ">", "asterisk": "*",
}  # fmt: skip


def key_name(key: str) -> str:
    """A key as a person calls it: the first of several, `ctrl+p` as `^p`."""
    first = key.split(",")[0]
    if first.startswith("ctrl+"):
        return "^" + first.removeprefix("ctrl+")
    return KEY_NAMES.get(first, first)


class Hints(Widget):
    """Keys and what they do, read from the screen's active bindings whenever those change."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"hints--key", "hints--text"}

    DEFAULT_CSS = """
    Hints {
        height: 1; dock: bottom; background: $panel; color: $foreground;
        & .hints--key { color: $accent; text-style: bold; }
        & .hints--text { color: $foreground 85%; }
    }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._items: tuple[tuple[str, str, str], ...] = ()  # key, text, action
        self._places: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self.update_hints())
        self.call_after_refresh(self.update_hints)

    def update_hints(self) -> None:
        """Read the bindings anew."""
        if not self.is_attached:
            return
        found: dict[str, tuple[str, str, str]] = {}
        last: list[tuple[str, str, str]] = []  # leaving and help are looked for at the end
        for _node, binding, enabled, _tooltip in self.screen.active_bindings.values():
            if not binding.show or not enabled or not binding.description:
                continue
            item = (key_name(binding.key), binding.description, binding.action)
            if binding.action in ("quit", "help"):
                last.append(item)
            else:
                found.setdefault(binding.action, item)
        items = (*list(found.values())[: MOST + 1 - len(last)], *last)
        if items != self._items:
            self._items = items
            self.refresh()

    @property
    def plain(self) -> str:
        return "  ".join(f"{key} {_(text)}" for key, text, _action in self._items)

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        key_style = base + self.get_component_rich_style("hints--key", partial=True)
        text_style = base + self.get_component_rich_style("hints--text", partial=True)
        segments: list[Segment] = []
        used = 0
        self._places = []
        for key, text, action in self._items:
            pieces = [Segment(f" {key} ", key_style), Segment(f"{_(text)} ", text_style)]
            length = sum(p.cell_length for p in pieces)
            if used + length > width:
                continue
            self._places.append((used, used + length, action))
            segments += pieces
            used += length
        return Strip(segments).adjust_cell_length(width, base)

    async def on_click(self, event: events.Click) -> None:
        for start, end, action in self._places:
            if start <= event.x < end:
                await self.run_action(action if "." in action.split("(")[0] else f"screen.{action}")
