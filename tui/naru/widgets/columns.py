"""Columns of a table as data, and which of them fit a width."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from msgspec import Struct


class Column(Struct, frozen=True, kw_only=True):
    """One column: what it shows of a row, how wide, and how soon it gives way when the terminal is narrow.

    `text` gives the cell of a row. `style` names a component class of the table ("running"), or gives None. A column of
    a lower `rank` stays longer; `grow` is its share of the width that is left over; `most` is
    how wide it becomes, once and for all, when cells of its need that.
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


def lay_out(columns: Sequence[Column], width: int, gap: int = 1) -> tuple[tuple[Column, int], ...]:
    """The columns that fit into `width` cells, in their order, each with its width; at least the first is kept."""
    chosen = list(range(len(columns)))
    while len(chosen) > 1 and _needed(columns, chosen, gap) > width:
        chosen.remove(max(chosen, key=lambda i: (columns[i].rank, i)))
    spare = max(0, width - _needed(columns, chosen, gap))
    shares = sum(columns[i].grow for i in chosen)
    widths = []
    for i in chosen:
        grown = spare * columns[i].grow // shares if shares else 0
        widths.append(min(columns[i].width + grown, width))
    return tuple((columns[i], w) for i, w in zip(chosen, widths, strict=True))


def _needed(columns: Sequence[Column], chosen: Sequence[int], gap: int) -> int:
    return sum(columns[i].width for i in chosen) + gap * (len(chosen) - 1)
