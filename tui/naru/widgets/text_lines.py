"""Plain lines of text with a style each: for notices, details and banners. Nothing in them is parsed."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from naru.format import fit
from naru_client.text import MARK

Line = Sequence[tuple[str, str]]  # pieces of a line: text, style name ("" for plain)

STYLES = ("heading", "label", "quiet", "good", "warning", "bad", "strong", "link")


def wrap(text: str, width: int) -> list[str]:
    """Break one line at spaces into lines of at most `width` cells; a word longer than that is cut hard."""
    from rich.cells import cell_len, chop_cells

    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        candidate = f"{current} {word}" if current else word
        if cell_len(candidate) <= width:
            current = candidate
            continue
        if current:
            lines.append(current)
        pieces = chop_cells(word, max(1, width)) if cell_len(word) > width else [word]
        lines.extend(pieces[:-1])
        current = pieces[-1] if pieces else ""
    lines.append(current)
    return lines


class TextLines(Widget):
    """Lines of styled pieces, as high as they are many. Long lines are wrapped unless told not to."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"text-lines--{name}" for name in STYLES}

    DEFAULT_CSS = """
    TextLines {
        height: auto; color: $foreground;
        & .text-lines--heading { color: $primary; text-style: bold; }
        & .text-lines--label { color: $state-done; }
        & .text-lines--quiet { color: $state-done; }
        & .text-lines--good { color: $state-running; }
        & .text-lines--warning { color: $warning; }
        & .text-lines--bad { color: $state-failed; text-style: bold; }
        & .text-lines--strong { text-style: bold; }
        & .text-lines--link { color: $accent; }
    }
    """

    def __init__(
        self, *, wrapped: bool = True, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._lines: tuple[tuple[tuple[str, str], ...], ...] = ()
        self._wrapped = wrapped
        self._shown: list[tuple[tuple[str, str], ...]] = []
        self._shown_width = -1

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines instead."""
        frozen = tuple(tuple((text, style) for text, style in line) for line in lines)
        if frozen != self._lines:
            resized = len(frozen) != len(self._lines) or self._wrapped
            self._lines = frozen
            self._shown_width = -1
            self.refresh(layout=resized)

    @property
    def plain(self) -> str:
        """What it shows, as text."""
        return "\n".join("".join(text for text, _style in line) for line in self._lines)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._prepared(width))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        prepared = self._prepared(width)
        if y >= len(prepared):
            return Strip.blank(width, base)
        segments = [Segment(text.replace("\n", MARK), base + self._part(style)) for text, style in prepared[y]]
        return Strip(segments).adjust_cell_length(width, base)

    def _part(self, style: str) -> Style:
        return self.get_component_rich_style(f"text-lines--{style}", partial=True) if style else Style()

    def _prepared(self, width: int) -> list[tuple[tuple[str, str], ...]]:
        if width != self._shown_width:
            self._shown_width = width
            self._shown = [part for line in self._lines for part in self._fold(line, width)]
        return self._shown

    def _fold(self, line: tuple[tuple[str, str], ...], width: int) -> list[tuple[tuple[str, str], ...]]:
        """Only the last piece of a line is wrapped, under its own beginning: the pieces before it are its label."""
        if not self._wrapped or not line or width <= 0:
            return [line]
        *head, (text, style) = line
        indent = sum(Segment(t).cell_length for t, _s in head)
        if Segment(text).cell_length + indent <= width:
            return [line]
        first, *rest = wrap(text, max(10, width - indent))
        return [(*head, (first, style)), *((((" " * indent), ""), (more, style)) for more in rest)]


def labelled(label: str, value: str, style: str = "", width: int = 16) -> Line:
    """A line of a label and its value."""
    return ((fit(label, width), "label"), (value, style))
