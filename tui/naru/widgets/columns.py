"""Columns of a table as data, and which of them fit a width."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

LEAST_SCROLLED = 8  # cells that pinned columns leave to those beside them, where there are so many


class Column(Struct, frozen=True, kw_only=True):
    """One column: what it shows of a row, how wide, and how soon it gives way when the terminal is narrow.

    `text` gives the cell of a row. `style` names a component class of the table ("running"), or gives None. A column of
    a lower `rank` stays longer; `grow` is its share of the width that is left over; `most` is
    how wide it becomes, once and for all, when cells of its need that. A width that a person gave has neither, but a
    `least` to which it shrinks before any column gives way; 0 is its width.
    """

    id: str
    title: str
    width: int
    text: Callable[[Any], str]
    style: Callable[[Any], str | None] | None = None
    sort_key: Callable[[Any], Any] | None = None
    align: Literal["left", "right"] = "left"
    rank: int = 0
    grow: int = 0
    most: int = 0
    least: int = 0


def lay_out(columns: Sequence[Column], width: int, gap: int = 1) -> tuple[tuple[Column, int], ...]:
    """The columns that fit into `width` cells, in their order, each with its width; at least the first is kept."""
    chosen = list(range(len(columns)))
    least = [column.least or column.width for column in columns]
    while len(chosen) > 1 and sum(least[i] for i in chosen) + gap * (len(chosen) - 1) > width:
        chosen.remove(max(chosen, key=lambda i: (columns[i].rank, i)))
    spare = max(0, width - sum(least[i] for i in chosen) - gap * (len(chosen) - 1))
    for i in chosen:  # first what was taken from given widths, then what is left over
        given = min(spare, columns[i].width - least[i])
        least[i] += given
        spare -= given
    shares = sum(columns[i].grow for i in chosen)
    grown = [spare * columns[i].grow // shares if shares else 0 for i in chosen]
    return tuple((columns[i], min(least[i] + more, width)) for i, more in zip(chosen, grown, strict=True))


def given_width(column: Column, width: int) -> Column:
    """The column at that width, whatever its cells need; narrower only before any column gives way."""
    return replace(column, width=width, grow=0, most=0, least=min(width, column.width))


def lay_out_scrolled(
    columns: Sequence[Column], width: int, pinned: int = 1, offset: int = 0, gap: int = 1
) -> tuple[tuple[tuple[Column, int], ...], bool, bool]:
    """A person's own columns in `width` cells: none is dropped, they scroll by whole columns.

    The first `pinned` stay, those after them are shown from the one at `offset`, the last of them cut where it does not
    fit. Gives these with their widths, and whether there are more to the left and to the right. An `offset` above
    `last_offset` counts as that.
    """
    if _fit(columns, width, gap):
        return lay_out(columns, width, gap), False, False
    pins = _pins(columns, width, pinned, gap)
    last = last_offset(columns, width, pinned, gap)
    offset = max(0, min(offset, last))
    shown = list(zip(columns, pins, strict=False))
    left = width - sum(pins) - gap * len(pins)
    scrolled = columns[len(pins) + offset :]
    if offset == last and left > 0:
        return (*shown, *lay_out(scrolled, left, gap)), offset > 0, False
    for column in scrolled:
        if left <= 0:
            break
        shown.append((column, min(column.width, left)))
        left -= column.width + gap
    return tuple(shown), offset > 0, offset < last


def last_offset(columns: Sequence[Column], width: int, pinned: int = 1, gap: int = 1) -> int:
    """How far columns can be scrolled: to where the last is seen in full, or alone; 0 where all fit."""
    if _fit(columns, width, gap):
        return 0
    pins = _pins(columns, width, pinned, gap)
    left = width - sum(pins) - gap * len(pins)
    scrolled = columns[len(pins) :]
    offset = max(0, len(scrolled) - 1)
    while offset > 0 and _fit(scrolled[offset - 1 :], left, gap):
        offset -= 1
    return offset


def _fit(columns: Sequence[Column], width: int, gap: int) -> bool:
    return sum(column.width for column in columns) + gap * (len(columns) - 1) <= width


def _pins(columns: Sequence[Column], width: int, pinned: int, gap: int) -> list[int]:
    """Widths of the pinned columns: the widest give way until others have room beside them."""
    pins = [c.width for c in columns[:pinned]]
    beside = max((c.width for c in columns[pinned:]), default=0)
    wanted = gap + min(LEAST_SCROLLED, beside) if beside else 0
    while pins and max(pins) > 1 and sum(pins) + gap * (len(pins) - 1) + wanted > width:
        pins[pins.index(max(pins))] -= 1
    wanted = gap + 1 if beside else 0
    while len(pins) > 1 and sum(pins) + gap * (len(pins) - 1) + wanted > width:
        pins.pop()
    return pins if sum(pins) <= width else [max(0, width)]
