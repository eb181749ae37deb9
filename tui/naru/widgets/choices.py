"""One of a few, on one line: the one that holds stands out, a click takes another."""

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget


class Choices(Widget):
    """Ids with their titles; `Chosen` when one is clicked. Keys are the screen's to bind."""

    COMPONENT_CLASSES = {"choices--held", "choices--other"}  # noqa: RUF012 (Textual's own declaration)

    DEFAULT_CSS = """
    Choices {
        height: 1; color: $foreground;
        & .choices--held { background: $primary; color: $background; text-style: bold; }
        & .choices--other { color: $foreground 80%; }
    }
    """

    class Chosen(Message):
        def __init__(self, choices: "Choices", choice: str) -> None:
            super().__init__()
            self.choices = choices
            self.choice = choice

        @property
        def control(self) -> "Choices":
            return self.choices

    def __init__(self, choices: Sequence[tuple[str, str]], held: str, *, lead: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._choices = tuple(choices)
        self._held = held
        self._lead = lead
        self._places: list[tuple[int, int, str]] = []

    @property
    def held(self) -> str:
        return self._held

    def show(self, choices: Sequence[tuple[str, str]], held: str) -> None:
        """Offer these, of which one holds."""
        if (tuple(choices), held) != (self._choices, self._held):
            self._choices, self._held = tuple(choices), held
            self.refresh()

    def beside(self, by: int) -> str:
        """The choice so many places after the one that holds, round and round."""
        ids = [choice for choice, _title in self._choices]
        return ids[(ids.index(self._held) + by) % len(ids)]

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        segments = [Segment(self._lead, base)] if self._lead else []
        used = segments[0].cell_length if segments else 0
        self._places = []
        for choice, title in self._choices:
            # brackets, not colour alone, tell which one holds: there may be no colours
            text = f"[{title}]" if choice == self._held else f" {title} "
            name = "held" if choice == self._held else "other"
            segment = Segment(text, base + self.get_component_rich_style(f"choices--{name}", partial=True))
            self._places.append((used, used + segment.cell_length, choice))
            used += segment.cell_length
            segments.append(segment)
        return Strip(segments).adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        for start, end, choice in self._places:
            if start <= event.x < end and choice != self._held:
                self.post_message(self.Chosen(self, choice))
