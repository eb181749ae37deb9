"""The first line: where one is, of which site, how old the data, how many calls a minute."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from naru.format import Glyphs, fit
from naru_client.i18n import _

NARROW = 60  # cells below which only the present tab is named


class TopLine(Widget):
    """Tabs on the left, facts on the right; on a narrow terminal the facts give way, the age last."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"top-line--brand", "top-line--tab", "top-line--active", "top-line--old"}

    DEFAULT_CSS = """
    TopLine {
        height: 1; dock: top; background: $panel; color: $foreground;
        & .top-line--brand { color: $accent; text-style: bold; }
        & .top-line--tab { color: $foreground 80%; }
        & .top-line--active { background: $primary; color: $background; text-style: bold; }
        & .top-line--old { color: $warning; text-style: bold; }
    }
    """

    class TabClicked(Message):
        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, tabs: tuple[tuple[str, str], ...], active: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._tabs = tabs
        self._active = active
        self._glyphs = glyphs
        self._facts: tuple[str, ...] = ()
        self._alarm = False
        self._places: list[tuple[int, int, str]] = []

    def show(self, facts: tuple[str, ...], alarm: bool) -> None:
        """Facts for the right side, the most important last; `alarm` colours them."""
        if (facts, alarm) != (self._facts, self._alarm):
            self._facts, self._alarm = facts, alarm
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        part = self._part
        segments = [Segment(" naru ", base + part("brand"))]
        used = 6
        self._places = []
        for number, (tab, title) in enumerate(self._tabs, start=1):
            text = f" {number} {_(title)} " if width >= NARROW or tab == self._active else f" {number} "
            style = base + part("active" if tab == self._active else "tab")
            segments.append(Segment(text, style))
            length = Segment(text).cell_length
            self._places.append((used, used + length, tab))
            used += length
        facts = list(self._facts)
        while facts and self._length(facts) + used + 2 > width and len(facts) > 1:
            facts.pop(0)
        right = f" {self._glyphs.dot} ".join(facts) + " " if facts else ""
        room = max(0, width - used)
        right_cells = Segment(right).cell_length
        if right_cells > room:
            right = fit(right, room, self._glyphs.ellipsis)
            right_cells = room
        segments.append(Segment(" " * (room - right_cells), base))
        segments.append(Segment(right, base + (part("old") if self._alarm else Style())))
        return Strip(segments).adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        for start, end, tab in self._places:
            if start <= event.x < end:
                self.post_message(self.TabClicked(tab))

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"top-line--{name}", partial=True)

    def _length(self, facts: list[str]) -> int:
        return Segment(" · ".join(facts)).cell_length + 1
