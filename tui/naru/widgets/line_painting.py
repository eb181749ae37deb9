"""Lines of a table as cells: what stands in each, which of them have changed, and the strip that draws them."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from naru.format import Glyphs, fit
from naru.widgets.columns import Column
from naru_client.i18n import _


class Painted(Struct, frozen=True, gc=False):
    """A line as it was drawn: the text and the style's name of each cell, and what holds of the whole line."""

    cells: tuple[str, ...]
    styles: tuple[str | None, ...]
    under_cursor: bool
    marked: bool


class Placed(Struct, frozen=True):
    """A column with its place and width in cells."""

    column: Column
    x: int
    width: int


def placed(layout: Sequence[tuple[Column, int]], gap: int = 1) -> tuple[Placed, ...]:
    found = []
    x = 0
    for column, width in layout:
        found.append(Placed(column, x, width))
        x += width + gap
    return tuple(found)


def paint(row: Any, columns: Sequence[Placed], under_cursor: bool, marked: bool) -> Painted:
    """What a row's line says."""
    return Painted(
        tuple([one.column.text(row) for one in columns]),
        tuple([one.column.style(row) if one.column.style else None for one in columns]),
        under_cursor,
        marked,
    )


def changed_spans(before: Painted, now: Painted, columns: Sequence[Placed]) -> list[tuple[int, int]] | None:
    """Where (x, width) two drawings of a line differ, neighbours together; None when all of the line does."""
    if (before.under_cursor, before.marked) != (now.under_cursor, now.marked):
        return None
    spans: list[tuple[int, int]] = []
    for nth, one in enumerate(columns):
        if before.cells[nth] != now.cells[nth] or before.styles[nth] != now.styles[nth]:
            if spans and spans[-1][0] + spans[-1][1] + 1 == one.x:
                spans[-1] = (spans[-1][0], one.x + one.width - spans[-1][0])
            else:
                spans.append((one.x, one.width))
    return spans


def strip_of(
    painted: Painted, columns: Sequence[Placed], width: int, style: Callable[[str | None], tuple[Style, Style]],
    glyphs: Glyphs, mark: Style,
) -> Strip:  # fmt: skip
    """A line, exactly `width` cells wide. `style` gives a style off and on the cursor's line; the mark of a marked row
    stands in the gap after its first cell, so that marking moves nothing."""
    on = painted.under_cursor
    gap = style(None)[on]
    segments: list[Segment] = []
    run, run_style = "", gap  # cells of one style together: each change of style is bytes to the terminal
    used = 0
    last = len(columns) - 1
    for nth, one in enumerate(columns):
        cell_style = style(painted.styles[nth])[on]
        if cell_style is not run_style:
            if run:
                segments.append(Segment(run, run_style))
            run, run_style = "", cell_style
        run += aligned(painted.cells[nth], one, glyphs)
        used += one.width
        if nth == last:
            break
        used += 1
        if painted.marked and not nth:
            segments += (Segment(run, run_style), Segment(glyphs.mark, gap + mark))
            run, run_style = "", gap
        elif run_style is gap:
            run += " "
        else:
            segments.append(Segment(run, run_style))
            run, run_style = " ", gap
    if used < width and run_style is gap:
        run += " " * (width - used)
    segments.append(Segment(run, run_style))
    if used < width and run_style is not gap:
        segments.append(Segment(" " * (width - used), gap))
    return Strip(segments, used).crop(0, width) if used > width else Strip(segments, width)


def aligned(text: str, one: Placed, glyphs: Glyphs) -> str:
    """A cell's text, exactly as wide as its column."""
    shown = fit(text, one.width, glyphs.ellipsis)
    if one.column.align == "right" and shown.endswith(" "):
        bare = shown.rstrip(" ")
        return " " * (len(shown) - len(bare)) + bare
    return shown


def header_text(
    columns: Sequence[Placed], by: tuple[str, bool] | None, glyphs: Glyphs, more: tuple[bool, bool], width: int
) -> str:
    """The titles; the sorted column's with an arrow, and arrows at the ends where more columns stand to the sides."""
    parts = []
    for one in columns:
        title = _(one.column.title)
        if by and by[0] == one.column.id:
            title += glyphs.down if by[1] else glyphs.up
        parts.append(aligned(title, one, glyphs))
    text = fit(" ".join(parts), width, "")
    left, right = more
    if right and width > 2:
        text = fit(text, width - 1, "") + glyphs.right
    if left and len(columns) > 1:
        x = columns[1].x - 1  # the gap after what is pinned first
        text = text[:x] + glyphs.left + text[x + 1 :] if text.isascii() or text[:x].isascii() else text
    return text
