"""How the node map is laid out: nodes put in order, parted into cells as fine as the room allows, cells into lines."""

from bisect import bisect_right
from collections.abc import Callable, Generator, Sequence

from msgspec import Struct
from rich.cells import cell_len

from naru.format import fit
from naru_client.insight.racks import SIZES, Unit, cells, extend_units, name_key, racks
from naru_client.model import Node

LABEL = 9  # terminal cells of the group's name in front of its nodes
GAP = 2  # between two groups on one line
SLICE = 2048  # nodes looked at in one go; then whatever else waits comes first

WITHOUT = "CPU"  # what nodes without accelerators are called


class Group(Struct, frozen=True):
    """Nodes under one label, and where they stand in the map's order."""

    label: str
    start: int
    units: tuple[Unit, ...]  # by their places within the group


class Arrangement(Struct, frozen=True):
    """Nodes in the map's order. `order` gives for each place which of the reading's nodes it is."""

    groups: tuple[Group, ...] = ()
    order: tuple[int, ...] = ()


class Piece(Struct, frozen=True):
    """Cells beside each other on a line: where they begin there, the first of them, how many."""

    x: int
    first: int
    count: int
    label: str = ""  # in front of them, one terminal cell between
    label_x: int = 0


class Layout(Struct, frozen=True):
    """Cells as lines. `starts` is the place of each cell's first node; `width` is how wide a cell is drawn."""

    size: int = 1  # nodes that a cell may stand for
    width: int = 1
    starts: tuple[int, ...] = ()
    nodes: int = 0
    lines: tuple[tuple[Piece, ...], ...] = ()

    def span(self, cell: int) -> range:
        """The places of the nodes that a cell stands for."""
        stop = self.starts[cell + 1] if cell + 1 < len(self.starts) else self.nodes
        return range(self.starts[cell], stop)

    def cell_of(self, place: int) -> int:
        """The cell that the node at that place is in."""
        return max(0, bisect_right(self.starts, place) - 1)

    def line_of(self, cell: int) -> int:
        """The line that a cell is on."""
        return max(0, bisect_right(self.lines, cell, key=lambda line: line[0].first) - 1)

    def x_of(self, line: int, cell: int) -> int:
        """Where on its line a cell is drawn."""
        piece = next((p for p in reversed(self.lines[line]) if p.first <= cell), self.lines[line][0])
        return piece.x + (cell - piece.first) * self.width

    def cell_at(self, line: int, x: int) -> int | None:
        """The cell drawn there, if any."""
        if not 0 <= line < len(self.lines):
            return None
        for piece in self.lines[line]:
            if piece.x <= x < piece.x + piece.count * self.width:
                return piece.first + (x - piece.x) // self.width
        return None

    def nearest(self, line: int, x: int) -> int:
        """The cell of a line that is drawn nearest to a column."""
        inside = self.cell_at(line, x)
        if inside is not None:
            return inside
        ends = [cell for p in self.lines[line] for cell in (p.first, p.first + p.count - 1)]
        return min(ends, key=lambda cell: abs(self.x_of(line, cell) - x))

    def nodes_between(self, top: int, bottom: int) -> int:
        """How many nodes stand on the lines from `top` to before `bottom`."""
        shown = self.lines[top:bottom]
        if not shown:
            return 0
        last = shown[-1][-1]
        return self.span(last.first + last.count - 1).stop - self.starts[shown[0][0].first]


def model_label(node: Node) -> str:
    """The accelerators of a node in one word: `H100`, `GH200+H100`, or `CPU` where it has none."""
    return "+".join((a.model or a.kind).upper() for a in node.accelerators) or WITHOUT


def site_label(node: Node) -> str:
    return node.site


def pool_label(node: Node) -> str:
    return node.pools[0] if node.pools else "-"


def arrange(nodes: Sequence[Node], label_of: Callable[[Node], str]) -> Generator[None, None, Arrangement]:
    """Order nodes by their groups, sites, racks and names, a slice at a time; give it back in the end.

    The largest group is first, nodes without accelerators are last.
    """
    groups: dict[str, dict[str, list[tuple[str, str, int]]]] = {}  # by label and site
    named = racks(nodes)
    for start in range(0, len(nodes), SLICE):
        yield
        for index, node in enumerate(nodes[start : start + SLICE], start):
            rack = named[index]
            members = groups.setdefault(label_of(node), {}).setdefault(node.site, [])
            members.append(("" if rack is None else name_key(rack), name_key(node.name), index))
    found: list[Group] = []
    order: list[int] = []

    def rank(item: tuple[str, dict[str, list[tuple[str, str, int]]]]) -> tuple[bool, int, str]:
        return item[0] == WITHOUT, -sum(map(len, item[1].values())), item[0]

    for label, sites in sorted(groups.items(), key=rank):
        first = len(order)
        told: list[Unit] = []
        for members in sites.values():
            yield
            members.sort()
            for start in range(0, len(members), SLICE):
                yield
                indexes = [member[2] for member in members[start : start + SLICE]]
                extend_units(told, [nodes[i] for i in indexes], [named[i] for i in indexes])
                order.extend(indexes)
        found.append(Group(label, first, tuple(told)))
    return Arrangement(tuple(found), tuple(order))


def fitted(arrangement: Arrangement, width: int, height: int) -> Layout:
    """The finest layout with every node in view; the coarsest where even that needs more lines than there are."""
    layout = Layout()
    for size in SIZES:
        layout = laid_out(arrangement, size, width, height)
        if len(layout.lines) <= height:
            return layout
    return layout


def laid_out(arrangement: Arrangement, size: int, width: int, height: int) -> Layout:
    """The layout with cells of so many nodes: a line or more for each group, or groups beside each other where that
    alone makes them fit."""
    cell = 1 if size == 1 else 2
    starts: list[int] = []
    groups: list[tuple[str, int, int]] = []  # label, first cell, how many
    for group in arrangement.groups:
        own = cells(group.units, size)
        groups.append((group.label, len(starts), len(own)))
        starts.extend(group.start + start for start in own)
    lines = _stacked(groups, width, cell)
    if len(lines) > height:
        flowing = _flowing(groups, width, cell)
        lines = flowing if len(flowing) <= height else lines
    return Layout(size, cell, tuple(starts), len(arrangement.order), tuple(lines))


def zoom_steps(arrangement: Arrangement) -> tuple[int, ...]:
    """The sizes, finest first, that differ in how many cells they make."""
    steps, before = [], -1
    for size in SIZES:
        count = sum(len(cells(group.units, size)) for group in arrangement.groups)
        if count != before:
            steps.append(size)
        before = count
    return tuple(steps)


def _stacked(groups: Sequence[tuple[str, int, int]], width: int, cell: int) -> list[tuple[Piece, ...]]:
    room = max(1, (width - LABEL) // cell)
    return [
        (Piece(LABEL, first + at, min(room, count - at), label if at == 0 else ""),)
        for label, first, count in groups
        for at in range(0, count, room)
    ]


def _flowing(groups: Sequence[tuple[str, int, int]], width: int, cell: int) -> list[tuple[Piece, ...]]:
    lines: list[list[Piece]] = [[]]
    x = 0
    for label, first, count in groups:
        name = fit(label, LABEL - 1).rstrip()
        taken = cell_len(name) + 1
        begin = x + GAP if x else 0
        if begin and begin + taken + cell > width:
            lines.append([])
            begin = 0
        x, at = begin + taken, 0
        while at < count:
            fits = min(max(1, (width - x) // cell), count - at)
            lines[-1].append(Piece(x, first + at, fits, name if at == 0 else "", begin))
            x, at = x + fits * cell, at + fits
            if at < count:
                lines.append([])
                x = GAP
    return [tuple(line) for line in lines if line]
