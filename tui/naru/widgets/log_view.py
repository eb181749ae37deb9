"""The rows of a log: drawn from the lines at hand, only those anew that have changed."""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from naru.format import Glyphs, duration
from naru.log_lines import LogLine, from_cell
from naru.log_window import LogWindow
from naru_client.i18n import _
from naru_client.logs.sgr import Sgr

WHEEL = 3  # rows a turn of the wheel
LONGEST_HIT = 1024  # characters before and behind a row that are looked at for what was found in it
MARGIN = 1  # cells before the text: what a line is

Find = Callable[[str], Sequence[tuple[int, int]]]  # where in a text something stands that was searched for


class LogView(Widget, can_focus=True):
    """Shows a `LogWindow`. Keys that move are posted as `Moved`; it moves nothing itself, as lines may have to come."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"log-view--{name}" for name in ("error", "warning", "debug", "problem", "gap", "hit", "here", "bar", "thumb")
    }
    DEFAULT_CSS = """
    LogView {
        height: 1fr; color: $foreground;
        & .log-view--error { color: $state-failed; }
        & .log-view--warning { color: $warning; }
        & .log-view--debug { color: $state-done; }
        & .log-view--problem { color: $state-failed; text-style: bold; }
        & .log-view--gap { color: $state-done; }
        & .log-view--hit { background: $accent; color: $background; }
        & .log-view--here { background: $panel; }
        & .log-view--bar { color: $panel; }
        & .log-view--thumb { color: $primary; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", _("Down"), show=False, id="log.down"),
        Binding("k,up", "move(-1)", _("Up"), show=False, id="log.up"),
        Binding("pagedown,space,ctrl+f", "page(1)", _("Page down"), show=False, id="log.page-down"),
        Binding("pageup,b,ctrl+b", "page(-1)", _("Page up"), show=False, id="log.page-up"),
        Binding("d,ctrl+d", "half(1)", _("Half a page down"), show=False, id="log.half-down"),
        Binding("u,ctrl+u", "half(-1)", _("Half a page up"), show=False, id="log.half-up"),
        Binding("left,h", "shift(-1)", _("Left"), show=False, id="log.left"),
        Binding("right", "shift(1)", _("Right"), show=False, id="log.right"),
        Binding("g,home", "first", _("To the start"), show=False, id="log.first"),
        Binding("G,end", "last", _("To the end, and follow"), show=False, id="log.last"),
    ]

    class Moved(Message):
        """By so many rows."""

        def __init__(self, rows: int) -> None:
            super().__init__()
            self.rows = rows

    class ToStart(Message):
        pass

    class ToEnd(Message):
        pass

    class Sized(Message):
        """It has another height or width now: the window knows."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.window = LogWindow()
        self._glyphs = glyphs
        self._find: Find | None = None
        self._here: int | None = None  # the line that was jumped to last
        self._thumb = (0, 0)
        self._strips: list[Strip] = []
        self._looks: dict[Sgr, Style] = {}

    # ---- what is shown -----------------------------------------------------------------------------------------

    def take(self, window: LogWindow) -> None:
        """Show another log from now on, in the same way."""
        window.wrapped = self.window.wrapped
        self.window = window
        self._measure()
        self.update_rows()

    def show(self, find: Find | None, here: int | None, share: tuple[float, float]) -> None:
        """Draw the window as it is now. `share` is which part of the log is on the screen, from and to (0 to 1)."""
        self._find, self._here = find, here
        height = self.size.height
        first = min(height - 1, int(share[0] * height)) if height else 0
        self._thumb = (first, max(first + 1, round(share[1] * height)))
        self.update_rows()

    def update_rows(self) -> None:
        """Make the strips anew, and draw those that differ."""
        width, height = self.size.width, self.size.height
        if not width or not height:
            return
        before, self._strips = self._strips, self._made()
        if len(before) != len(self._strips):
            self.refresh()
            return
        first: int | None = None
        for y, strip in enumerate([*self._strips, None]):
            differs = strip is not None and strip != before[y]
            if differs and first is None:
                first = y
            elif not differs and first is not None:
                self.refresh(Region(0, first, width, y - first))
                first = None

    def render_line(self, y: int) -> Strip:
        if y < len(self._strips) and self._strips[y].cell_length == self.size.width:
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)

    @property
    def plain(self) -> str:
        """What it shows, as text."""
        return "\n".join(strip.text[MARGIN:-1].rstrip() for strip in self._strips)

    def on_resize(self, event: events.Resize) -> None:
        self._measure()
        self.window.settle()
        self.post_message(self.Sized())
        self.update_rows()

    def _measure(self) -> None:
        self.window.height = self.size.height
        self.window.width = max(1, self.size.width - MARGIN - 1)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._looks = {}
        if self.is_mounted:
            self.update_rows()

    # ---- keys and the mouse ------------------------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        self.post_message(self.Moved(rows))

    def action_page(self, pages: int) -> None:
        self.post_message(self.Moved(pages * max(1, self.size.height - 1)))

    def action_half(self, halves: int) -> None:
        self.post_message(self.Moved(halves * max(1, self.size.height // 2)))

    def action_shift(self, by: int) -> None:
        """To the side by half a screen, no further than to where the longest line ends."""
        window = self.window
        if window.wrapped:
            return
        half = max(1, window.width // 2)
        most = max(0, window.widest_shown() - half)
        window.left = max(0, min(window.left + by * half, max(most, window.left if by < 0 else 0)))
        self.update_rows()

    def action_first(self) -> None:
        self.post_message(self.ToStart())

    def action_last(self) -> None:
        self.post_message(self.ToEnd())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Moved(WHEEL))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Moved(-WHEEL))

    # ---- drawing -----------------------------------------------------------------------------------------------

    def _made(self) -> list[Strip]:
        width = self.size.width
        base = self.rich_style
        strips = [self._strip(line, nth, width, base) for line, nth in self.window.shown()]
        blank = Strip([Segment(" " * width, base)], width)
        strips += [blank] * (self.size.height - len(strips))
        return [self._with_bar(strip, y, base) for y, strip in enumerate(strips)]

    def _with_bar(self, strip: Strip, y: int, base: Style) -> Strip:
        on = self._thumb[0] <= y < self._thumb[1]
        style = base + self._style("thumb" if on else "bar")
        glyph = ("#" if on else "|") if self._glyphs.ascii_only else "▐"
        return Strip([*strip.crop(0, self.size.width - 1), Segment(glyph, style)], self.size.width)

    def _strip(self, line: LogLine, nth: int, width: int, base: Style) -> Strip:
        window = self.window
        room = max(1, width - MARGIN - 1)
        if line.gap is not None:
            if nth == 0:
                told = _("{time} of silence").format(time=duration(line.gap))
                dash = self._glyphs.dash
                text = f"{dash}{dash} {told} {dash}{dash}"
                return Strip([Segment(" " * MARGIN + text, base + self._style("gap"))]).adjust_cell_length(width, base)
            nth -= 1
        if line.start == self._here:
            base += self._style("here")
        rows = line.rows(window.wrap_width)
        begin, end = rows[min(nth, len(rows) - 1)]
        blanks = 0
        if not window.wrapped and window.left:
            begin, blanks = from_cell(line.text, window.left)
        segments = [self._margin(line, nth, base)]
        if blanks:
            segments.append(Segment(" " * blanks, base))
        if not window.wrapped:
            end = min(end, begin + room + 1)  # no need to look at what cannot be seen; one more, to know of it
        segments += self._segments(line, begin, end, base + self._kind(line))
        strip = Strip(segments)
        if strip.cell_length > width - 1 and not window.wrapped:
            strip = Strip([*strip.crop(0, width - 2), Segment(self._glyphs.right, base + self._style("gap"))])
        return strip.adjust_cell_length(width, base)

    def _margin(self, line: LogLine, nth: int, base: Style) -> Segment:
        if nth == 0 and line.problem is not None:
            return Segment("!", base + self._style("problem"))
        if nth == 0 and self.window.left and not self.window.wrapped and line.cells:
            return Segment(self._glyphs.left, base + self._style("gap"))
        return Segment(" ", base)

    def _kind(self, line: LogLine) -> Style:
        """How a line without colours of its own is drawn."""
        if line.problem is not None:
            return self._style("problem")
        if line.looks.spans:
            return Style()
        level = line.level
        if level in ("error", "fatal"):
            return self._style("error")
        return self._style(level) if level in ("warning", "debug") else Style()

    def _segments(self, line: LogLine, begin: int, end: int, base: Style) -> list[Segment]:
        """The text from one character to another, cut wherever its colours change; no more of it is looked at."""
        text, spans = line.text, line.looks.spans
        if spans:
            first = bisect_right(spans, begin, key=lambda span: span.end)
            spans = spans[first : bisect_left(spans, end, lo=first, key=lambda span: span.start)]
        hits = self._hits(text, begin, end) if self._find is not None else []
        if not spans and not hits:
            return [Segment(self._glyphs.text(text[begin:end]), base)]
        cuts = {begin, end, *(span.start for span in spans), *(span.end for span in spans)}
        cuts.update(itertools.chain.from_iterable(hits))
        places = sorted(cut for cut in cuts if begin <= cut <= end)
        marked = self._style("hit")
        segments = []
        span_at = hit_at = 0
        for start, stop in itertools.pairwise(places):
            style = base
            while span_at < len(spans) and spans[span_at].end <= start:
                span_at += 1
            while hit_at < len(hits) and hits[hit_at][1] <= start:
                hit_at += 1
            if span_at < len(spans) and spans[span_at].start <= start:
                style += self._look(spans[span_at].style)
            if hit_at < len(hits) and hits[hit_at][0] <= start:
                style += marked
            segments.append(Segment(self._glyphs.text(text[start:stop]), style))
        return segments

    def _hits(self, text: str, begin: int, end: int) -> list[tuple[int, int]]:
        """What was searched for, as far as it lies between two characters."""
        assert self._find is not None
        low = max(0, begin - LONGEST_HIT)
        found = ((start + low, stop + low) for start, stop in self._find(text[low : end + LONGEST_HIT]))
        return [(max(begin, start), min(end, stop)) for start, stop in found if stop > begin and start < end]

    def _look(self, sgr: Sgr) -> Style:
        """A colour of the log's own as the terminal draws it."""
        if (style := self._looks.get(sgr)) is None:
            style = self._looks[sgr] = Style(
                color=_colour(sgr.fg), bgcolor=_colour(sgr.bg), bold=sgr.bold or None, dim=sgr.dim or None,
                italic=sgr.italic or None, underline=sgr.underline or None, reverse=sgr.reverse or None,
                strike=sgr.strike or None,
            )  # fmt: skip
        return style

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"log-view--{name}", partial=True)


def _colour(told: int | tuple[int, int, int] | None) -> Color | None:
    if told is None:
        return None
    return Color.from_ansi(told) if isinstance(told, int) else Color.from_rgb(*told)
