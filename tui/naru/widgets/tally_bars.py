"""Accelerators by model as compact bars: in use, free, out of service."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from naru.format import Glyphs, fit
from naru.plain_table import bar_cells
from naru_client.i18n import _
from naru_client.model import AcceleratorTally

NARROWEST_BAR = 8
WITH_BLOCKS = 56  # cells from which the largest block is told too


class TallyBars(Widget):
    """One line for each accelerator model of the site, under a line of titles."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tally--title", "tally--used", "tally--free", "tally--away", "tally--model", "tally--quiet",
    }  # fmt: skip

    DEFAULT_CSS = """
    TallyBars {
        height: auto; color: $foreground;
        & .tally--title { color: $primary; text-style: bold; }
        & .tally--used { color: $in-use; }
        & .tally--free { color: $free; }
        & .tally--away { color: $away; }
        & .tally--model { text-style: bold; }
        & .tally--quiet { color: $state-done; }
    }
    """

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._tallies: tuple[AcceleratorTally, ...] = ()
        self._placeholder = ""

    def show(self, tallies: Sequence[AcceleratorTally], placeholder: str = "") -> None:
        """Show these; `placeholder` where there are none."""
        frozen = tuple(tallies)
        if (frozen, placeholder) == (self._tallies, self._placeholder):
            return
        relayout = len(frozen) != len(self._tallies) or not frozen
        self._tallies, self._placeholder = frozen, placeholder
        self.refresh(layout=relayout)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1 + max(1, len(self._tallies))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        if y == 0:
            return self._titles(width)
        if y - 1 >= len(self._tallies):
            text = self._placeholder if y == 1 else ""
            return Strip([Segment(fit(" " + text, width), base + self._part("quiet"))])
        return self._tally(self._tallies[y - 1], width)

    def _figures(self, width: int) -> int:
        """Cells of the figures to the right of the bar."""
        return 7 + 7 + 7 + (18 if width >= WITH_BLOCKS else 0)

    def _titles(self, width: int) -> Strip:
        style = self.rich_style + self._part("title")
        bar = max(NARROWEST_BAR, width - 9 - self._figures(width) - 1)
        text = fit(_("Accelerators"), 9 + bar)
        for title in (_("in use"), _("free"), _("away")):
            text += " " * (7 - cell_len(title)) + title
        if width >= WITH_BLOCKS:
            text += "  " + fit(_("largest block"), 16)
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)

    def _tally(self, tally: AcceleratorTally, width: int) -> Strip:
        base = self.rich_style
        g = self._glyphs
        bar = max(NARROWEST_BAR, width - 9 - self._figures(width) - 1)
        name = fit((tally.model or tally.kind).upper(), 8, g.ellipsis)
        segments = [Segment(" " + name, base + self._part("model"))]
        if tally.used is None or tally.free is None:
            known = fit(_("use not provided"), bar, g.ellipsis)
            segments.append(Segment(known, base + self._part("quiet")))
        else:
            used, free, away = bar_cells((tally.used, tally.free, tally.unavailable), bar)
            segments += [
                Segment(g.used * used, base + self._part("used")),
                Segment(g.free * free, base + self._part("free")),
                Segment(g.away * away, base + self._part("away")),
            ]
        dash = g.dash
        segments += [
            Segment(f"{dash if tally.used is None else tally.used:>7}", base),
            Segment(f"{dash if tally.free is None else tally.free:>7}", base + self._part("free")),
            Segment(f"{tally.unavailable or dash:>7}", base + self._part("away" if tally.unavailable else "quiet")),
        ]
        if width >= WITH_BLOCKS:
            segments.append(Segment("  " + fit(self._block(tally), 16, g.ellipsis), base + self._part("quiet")))
        return Strip(segments).adjust_cell_length(width, base)

    def _block(self, tally: AcceleratorTally) -> str:
        """What could start together now: the most on one node, and on how many nodes."""
        if tally.free is None:
            return self._glyphs.dash
        if not tally.free_by_node:
            return _("none")
        most, nodes = tally.free_by_node[0]
        return (
            _("{count} on {nodes} nodes").format(count=most, nodes=nodes)
            if nodes > 1
            else _("{count} on one node").format(count=most)
        )

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"tally--{name}", partial=True)
