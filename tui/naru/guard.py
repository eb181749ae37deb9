"""The last gate before the terminal: whatever a widget was given, no control character leaves in a line.

Text is cleaned where it enters (`naru_client.text`); this filter is there for what a person pastes into a field, for
what a library puts on screen, and for the day somebody forgets. Under ASCII it also draws what the terminal cannot.
"""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from naru.format import Glyphs
from naru_client.text import MARK


class TerminalGuard(LineFilter):
    """Replaces what is not printable, one cell for one cell."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        ascii_only = self._glyphs.ascii_only
        if all(s.text.isprintable() and not (ascii_only and not s.text.isascii()) for s in segments):
            return segments
        return [Segment(self._safe(s.text), s.style, s.control) for s in segments]

    def _safe(self, text: str) -> str:
        if not text.isprintable():
            text = "".join(c if c.isprintable() else " " if c in "\n\t" else MARK for c in text)
        return self._glyphs.text(text)
