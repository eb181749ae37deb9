"""Gauges: what was granted as one bar, part by part, in a table whose cursor, order and repainting are every list's."""

from collections.abc import Callable, Hashable, Sequence
from itertools import groupby
from typing import Any, ClassVar

from msgspec import Struct
from rich.segment import Segment
from textual.strip import Strip

from naru.format import Glyphs
from naru.plain_table import bar_cells
from naru.widgets.line_table import LineTable
from naru_client.insight.quota import Quota

BAR = "bar"  # the column that holds the gauge
PARTS = ("used", "committed", "reserved", "free", "blocked")
STYLES = dict(zip(PARTS, ("used", "moving", "waiting", "free", "failed"), strict=True))
OVER = "failed"


class Parts(Struct, frozen=True):
    """What was granted, cut into what is used, claimed by running and by waiting jobs, free, and free but for another's
    limit. Together they are the whole, unless `over`: then more is used and claimed than was granted."""

    used: int
    committed: int
    reserved: int
    free: int
    blocked: int
    over: bool = False


def parts_of(quota: Quota) -> Parts | None:
    """The parts of a quota that was granted; None where the grant or its use is not told. What is not told of claims
    takes no part of the bar: the figures beside it say that it is not known."""
    used = quota.used if quota.used_decayed is None else quota.used_decayed
    if quota.granted is None or used is None:
        return None
    left = whole = max(0, quota.granted)
    found: list[int] = []
    for amount in (used, quota.committed or 0, quota.reserved or 0):
        found.append(min(max(0, amount), left))
        left -= found[-1]
    usable = left if quota.available is None else max(0, quota.available - found[2])
    blocked = max(0, left - usable)
    over = used + (quota.committed or 0) + (quota.reserved or 0) > whole
    return Parts(found[0], found[1], found[2], left - blocked, blocked, over)


def part_glyphs(glyphs: Glyphs) -> dict[str, str]:
    """What draws each part: told apart without any colour, and in ASCII too."""
    between = ("=", "+") if glyphs.ascii_only else ("▓", "▒")
    return dict(zip(PARTS, (glyphs.used, *between, glyphs.free, glyphs.away), strict=True))


def bar(parts: Parts, width: int, glyphs: Glyphs) -> str:
    """The gauge, exactly `width` cells; one that is over ends in an arrow."""
    amounts = (parts.used, parts.committed, parts.reserved, parts.free, parts.blocked)
    drawn = part_glyphs(glyphs)
    if not any(amounts):
        text = drawn["blocked"] * width
    else:
        cells = bar_cells(amounts, width)
        text = "".join(drawn[part] * count for part, count in zip(PARTS, cells, strict=True))[:width]
    return text[:-1] + glyphs.right if parts.over and width > 0 else text


class GaugeTable(LineTable):
    """A table with a gauge in the column "bar", each part in its own colour. `has_bar` says which rows hold one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-table--used"}

    DEFAULT_CSS = """
    GaugeTable { & .line-table--used { color: $in-use; } }
    """

    def __init__(
        self,
        key: Callable[[Any], Hashable],
        glyphs: Glyphs,
        has_bar: Callable[[Any], bool],
        *,
        id: str | None = None,
    ) -> None:
        super().__init__((), key, glyphs, id=id)
        self._has_bar = has_bar
        self._part_styles = {drawn: STYLES[part] for part, drawn in part_glyphs(glyphs).items()}
        self._part_styles[glyphs.right] = OVER

    @property
    def bar_width(self) -> int:
        """How many cells a gauge has now."""
        return next((one.width for one in self._layout if one.column.id == BAR), 0)

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        index = int(self.scroll_y) + y - 1
        place = next((one for one in self._layout if one.column.id == BAR), None)
        if y == 0 or place is None or index >= len(self.rows) or not self._has_bar(self.rows[index]):
            return strip
        width = strip.cell_length
        end = min(place.x + place.width, width)
        before, gauge, *after = strip.divide([place.x, end, width])
        return Strip.join([before, self._coloured(gauge, index == self._cursor), *after])

    def _coloured(self, gauge: Strip, under_cursor: bool) -> Strip:
        runs: Sequence[tuple[str, str]] = [(one, "".join(same)) for one, same in groupby(gauge.text)]
        return Strip([Segment(text, self._style(self._part_styles.get(one))[under_cursor]) for one, text in runs])
