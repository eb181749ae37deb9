"""Tables of plain text: columns aligned by terminal cells, and shed or squeezed where the terminal is narrow. Pure."""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct
from rich.cells import cell_len

from naru.format import fit
from naru_client.text import MARK

T = TypeVar("T")

GAP = 2  # cells between two columns
WIDEST_TEXT = 60  # free text is cut to this even where nothing limits the width
WIDEST_PADDING = 60  # where nothing limits the width, longer cells stick out: one must not move the columns of all


class Span(NamedTuple):
    """Some text in one style: a name of `output.STYLES`, or none."""

    text: str
    style: str = ""


class Column(Struct, Generic[T], frozen=True, kw_only=True):
    """One column of a table for people.

    Where the terminal is too narrow, columns are squeezed to their `least` cells, and then left out, the highest `shed`
    first; one with `shed` 0 always stays, one with `least` 0 is never squeezed. `most` caps a column in any case.
    `free` text, which people write at will and at any length, is cut where nothing else limits the width, too.
    """

    title: str
    cell: Callable[[T], str]
    right: bool = False
    least: int = 0
    most: int = 0
    shed: int = 0
    free: bool = False
    style: Callable[[T], str] | None = None


def guard(text: str) -> str:
    """One line without a control or otherwise unprintable character: the last gate before the terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else MARK for c in text)


def table_lines(columns: Sequence[Column[T]], rows: Sequence[T], width: int | None, ellipsis: str) -> list[list[Span]]:
    """The title line and one line for each row, none wider than `width` cells (None: as wide as it comes)."""
    cells = [[guard(column.cell(row)) for row in rows] for column in columns]
    for place, column in enumerate(columns):
        if column.free and width is None:
            cells[place] = [
                fit(text, WIDEST_TEXT, ellipsis).rstrip() if cell_len(text) > WIDEST_TEXT else text
                for text in cells[place]
            ]
    natural = [
        max([cell_len(column.title), *map(cell_len, texts)]) for column, texts in zip(columns, cells, strict=True)
    ]
    for place, column in enumerate(columns):
        if column.most and width is not None:
            natural[place] = min(natural[place], max(column.most, cell_len(column.title)))
    kept, widths = _fitted(columns, natural, width)
    cut = width is not None
    titles = [Span(columns[place].title, "title") for place in kept]
    lines = [_line(titles, columns, kept, widths, ellipsis, cut)]
    for number, row in enumerate(rows):
        spans = []
        for place in kept:
            style = columns[place].style
            spans.append(Span(cells[place][number], style(row) if style else ""))
        lines.append(_line(spans, columns, kept, widths, ellipsis, cut))
    return lines


def wrapped(text: str, width: int | None) -> list[str]:
    """The text in lines of at most `width` cells, broken at blanks; a longer word stands on a line of its own."""
    if width is None or cell_len(text) <= width:
        return [text]
    lines, line = [], ""
    for word in text.split():
        if line and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def bar_cells(parts: Sequence[int], width: int) -> list[int]:
    """Cells for each part of a bar: proportional, `width` in all, and no part that is not zero disappears."""
    total = sum(parts)
    if not total or width <= 0:
        return [0] * len(parts)
    exact = [part * width / total for part in parts]
    cells = [max(int(share), 1) if part else 0 for part, share in zip(parts, exact, strict=True)]
    while sum(cells) > width and max(cells) > 1:
        cells[max(range(len(cells)), key=lambda n: cells[n] - exact[n] if cells[n] > 1 else float("-inf"))] -= 1
    while sum(cells) < width:
        cells[max(range(len(cells)), key=lambda n: exact[n] - cells[n])] += 1
    return cells


def _fitted(columns: Sequence[Column[T]], natural: list[int], width: int | None) -> tuple[list[int], dict[int, int]]:
    """Which columns stay, by place, and how wide each is."""
    kept = list(range(len(columns)))
    if width is None:
        return kept, {place: min(cells, WIDEST_PADDING) for place, cells in enumerate(natural)}
    least = [min(n, c.least) if c.least else n for n, c in zip(natural, columns, strict=True)]
    while _total(kept, least) > width:
        sheddable = [place for place in kept if columns[place].shed]
        if not sheddable:
            break
        kept.remove(max(sheddable, key=lambda place: columns[place].shed))
    widths = {place: least[place] for place in kept}
    spare = width - _total(kept, least)
    while spare > 0:  # give back what is left, a cell at a time, to whichever column is cut the most
        cut = max(kept, key=lambda place: natural[place] - widths[place])
        if natural[cut] <= widths[cut]:
            break
        widths[cut] += 1
        spare -= 1
    if (over := _total(kept, [widths.get(p, 0) for p in range(len(columns))]) - width) > 0:
        widest = max(kept, key=lambda place: widths[place])
        widths[widest] = max(1, widths[widest] - over)
    return kept, widths


def _total(kept: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[place] for place in kept) + GAP * (len(kept) - 1)


def _line(
    spans: list[Span], columns: Sequence[Column[T]], kept: list[int], widths: dict[int, int], ellipsis: str, cut: bool
) -> list[Span]:
    line: list[Span] = []
    last = len(kept) - 1
    for nth, (place, span) in enumerate(zip(kept, spans, strict=True)):
        text = fit(span.text, widths[place] if cut else max(widths[place], cell_len(span.text)), ellipsis)
        if columns[place].right:
            text = " " * (cell_len(text) - cell_len(bare := text.rstrip())) + bare
        elif nth == last:
            text = text.rstrip()  # no blanks at the end of a line: they only make copying harder
        body = text.strip(" ")
        lead = text[: len(text) - len(text.lstrip(" "))]
        line += [Span(lead), Span(body, span.style), Span(text[len(lead) + len(body) :])]
        if nth != last:
            line.append(Span(" " * GAP))
    while line and not line[-1].text.strip(" "):
        line.pop()
    return line
