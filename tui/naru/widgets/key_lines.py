"""The keys of a dialog and what they do, on as many lines as they need: read from its bindings, and clickable."""

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from naru.format import Glyphs
from naru.widgets.hints import key_name
from naru_client.i18n import _

GAP = 2


class KeyLines(Widget):
    """Every shown binding of the screen, in the order in which they are bound; those of one description together."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-lines--key"}

    DEFAULT_CSS = """
    KeyLines { height: auto; color: $foreground 85%; & .key-lines--key { color: $accent; text-style: bold; } }
    """

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._places: dict[int, list[tuple[int, int, str]]] = {}  # by line: first cell, cell behind the last, key

    @property
    def plain(self) -> str:
        """What it shows, as one line of text."""
        return "  ".join(f"{' '.join(map(self._called, keys))} {text}" for keys, text in self._items())

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self.refresh(layout=True))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        lines = self._lines(width)
        if y >= len(lines):
            return Strip.blank(width, base)
        key_style = base + self.get_component_rich_style("key-lines--key", partial=True)
        segments: list[Segment] = []
        places = self._places[y] = []
        at = 0
        for keys, text in lines[y]:
            for key in keys:
                segments.append(Segment(self._called(key) + " ", key_style))
                places.append((at, at + segments[-1].cell_length, key))
                at = places[-1][1]
            segments.append(Segment(text + " " * GAP, base))
            places.append((at, at + segments[-1].cell_length - GAP, keys[0]))
            at += segments[-1].cell_length
        return Strip(segments).adjust_cell_length(width, base)

    async def on_click(self, event: events.Click) -> None:
        bindings = self.screen.active_bindings
        for start, end, key in self._places.get(event.y, ()):
            if start <= event.x < end and key in bindings:
                await self.app.run_action(bindings[key].binding.action, default_namespace=bindings[key].node)
                return

    def _lines(self, width: int) -> list[list[tuple[list[str], str]]]:
        """Keys and text of each, broken into lines."""
        lines: list[list[tuple[list[str], str]]] = [[]]
        used = 0
        for keys, text in self._items():
            length = Segment(f"{' '.join(map(self._called, keys))} {text}").cell_length
            if used + length > width and lines[-1]:
                lines.append([])
                used = 0
            lines[-1].append((keys, text))
            used += length + GAP
        return lines

    def _items(self) -> list[tuple[list[str], str]]:
        """The keys, one for each action, and what they do."""
        active = self.screen.active_bindings
        keys: dict[str, list[str]] = {}  # by the binding's id
        for key, (_node, binding, _enabled, _tooltip) in active.items():
            if binding.show and binding.description and binding.id:
                keys.setdefault(binding.id, []).append(key)
        items: dict[str, list[str]] = {}
        for node in dict.fromkeys(one.node for one in active.values()):
            for declared in type(node).BINDINGS:  # what is active stands in the order of the base classes' keys
                if isinstance(declared, Binding) and declared.id in keys:
                    there = keys.pop(declared.id)
                    first = next((key for key in declared.key.split(",") if key in there), there[0])
                    items.setdefault(declared.description, []).append(first)
        return [(found, _(text)) for text, found in items.items()]

    def _called(self, key: str) -> str:
        return self._glyphs.text(key_name(key))
