"""What the node map shows, apart from the drawing: nodes taken up by slices, parted into cells, and looked at."""

from collections.abc import Generator, Sequence

from msgspec import Struct

from naru.widgets.node_map_looks import MODES, Facts, Look, Looks, Mode, legend, lettered, look
from naru.widgets.node_map_plan import (
    SLICE,
    Arrangement,
    Layout,
    arrange,
    fitted,
    laid_out,
    pool_label,
    site_label,
    zoom_steps,
)
from naru_client.insight.racks import racks, span_name
from naru_client.model import Node

MANY_CELLS = 3000  # more of them are not all looked at for the sake of the legend
Key = tuple[str, str]  # site and name: two sites may give one name


class Spot(Struct, frozen=True):
    """What a cell stands for: what it is called, and its nodes. `rack` when it is one as the nodes' features tell."""

    name: str
    site: str
    nodes: tuple[Node, ...]
    rack: bool = False


class MapModel:
    """Nodes in the map's order, the cells they are drawn as, and the look of each.

    `take_up` is what a reading costs; it stops after each slice, so that keys come in between. What is drawn changes
    only when it has ended.
    """

    def __init__(self) -> None:
        self.mode: Mode = "state"
        self.inside: list[tuple[str, frozenset[Key]]] = []  # the cells that were gone into: name, nodes
        self.wanted_size: int | None = None  # nodes a cell, as the person wants it; None: as the room allows
        self.layout = Layout()
        self.room = (0, 0)  # width and height, terminal cells
        self._arrangement = Arrangement()
        self._grouping: tuple[object, ...] | None = None  # what it was arranged for
        self._taken: Sequence[Node] = ()  # in the order of their reading
        self._place_of: list[int] = []  # of each of these its place in the map
        self._facts: list[Facts] = []  # by places in the map
        self._letters: dict[str, str] = {}
        self._cell_looks: list[Look | None] = []
        self._looks = Looks()

    # ---- taking up nodes ---------------------------------------------------------------------------------------

    def take_up(self, nodes: Sequence[Node]) -> Generator[None, None, list[int] | None]:
        """Take these nodes; gives in the end the cells that look otherwise now, or None: then `lay_out` is due.

        Nodes that are there already are compared and cost little; where others have come all are ordered anew.
        """
        nodes = self._within(nodes)
        mode = self.mode
        several = bool(nodes) and any(node.site != nodes[0].site for node in nodes)
        grouping = (mode == "model", mode == "model" and several, len(self.inside))
        if grouping == self._grouping and len(nodes) == len(self._taken):
            changed: list[int] | None = []
            for start in range(0, len(nodes), SLICE):
                if start:
                    yield
                changed = self._compared(nodes, start, changed or [])
                if changed is None:
                    break
            if changed is not None:
                return self._renewed(nodes, changed)
        label_of = self._looks.label if mode != "model" else site_label if several else pool_label
        arrangement = yield from arrange(nodes, label_of)
        facts: list[Facts] = []
        for start in range(0, len(nodes), SLICE):
            yield
            facts.extend(self._looks.facts(nodes[index]) for index in arrangement.order[start : start + SLICE])
        yield
        places = [0] * len(nodes)
        for place, index in enumerate(arrangement.order):
            places[index] = place
        self._taken, self._arrangement, self._facts, self._grouping = nodes, arrangement, facts, grouping
        self._place_of = places
        self._letters = lettered(sorted({one.label for one in set(facts)}))
        return None

    def lay_out(self, anchor: Key | None) -> int:
        """Part what is arranged into cells and lines that fit the room; the cell where the node `anchor` is now."""
        width, height = self.room
        size = self.wanted_size
        arrangement = self._arrangement
        if not width or not height:
            self.layout = Layout()
        elif size is None:
            self.layout = fitted(arrangement, width, height)
        else:
            self.layout = laid_out(arrangement, size, width, height)
        self.forget_looks()
        if anchor is None:
            return 0
        site, name = anchor
        found = (i for i, node in enumerate(self._taken) if node.name == name and node.site == site)
        index = next(found, None)
        return 0 if index is None else self.layout.cell_of(self._place_of[index])

    def _within(self, nodes: Sequence[Node]) -> Sequence[Node]:
        """Of these nodes those that the map has been narrowed to; out again where none of them is left."""
        while self.inside:
            keys = self.inside[-1][1]
            found = [node for node in nodes if (node.site, node.name) in keys]
            if found:
                return found
            self.inside.pop()
        return nodes

    def _compared(self, nodes: Sequence[Node], start: int, changed: list[int]) -> list[int] | None:
        """With the indexes of this slice's nodes that are not as they were; None when others have come."""
        olds, news = self._taken[start : start + SLICE], nodes[start : start + SLICE]
        for index, (old, new) in enumerate(zip(olds, news, strict=True), start):
            if old is new or old == new:
                continue
            same = old.name == new.name and old.site == new.site
            if not (same and old.pools == new.pools and old.features == new.features):
                return None
            if self._looks.label(old) != self._looks.label(new):
                return None
            changed.append(index)
        return changed

    def _renewed(self, nodes: Sequence[Node], changed: Sequence[int]) -> list[int]:
        """Take the same nodes as they are now; the cells that look otherwise, as far as they were looked at."""
        self._taken = nodes
        cells = set()
        for index in changed:
            facts, place = self._looks.facts(nodes[index]), self._place_of[index]
            if facts is not self._facts[place]:
                self._facts[place] = facts
                cells.add(self.layout.cell_of(place))
        others = []
        for cell in cells:
            before, self._cell_looks[cell] = self._cell_looks[cell], None
            if before is not None and before != self.look_of(cell):
                others.append(cell)
        return others

    # ---- what there is to see ----------------------------------------------------------------------------------

    def node(self, place: int) -> Node:
        return self._taken[self._arrangement.order[place]]

    def anchor(self, cell: int) -> Key | None:
        """The node by which to find a cell again."""
        if not self.layout.starts:
            return None
        node = self.node(self.layout.starts[cell])
        return node.site, node.name

    def spot(self, cell: int) -> Spot | None:
        """What a cell stands for."""
        if cell >= len(self.layout.starts):
            return None
        nodes = tuple(map(self.node, self.layout.span(cell)))
        if len(nodes) == 1:
            return Spot(nodes[0].name, nodes[0].site, nodes)
        names = set(racks(nodes))
        (rack,) = names if len(names) == 1 else (None,)
        return Spot(rack or span_name([node.name for node in nodes]), nodes[0].site, nodes, rack is not None)

    def look_of(self, cell: int) -> Look:
        found = self._cell_looks[cell]
        if found is None:
            places = self.layout.span(cell)
            facts = self._facts[places.start : places.stop]
            found = self._cell_looks[cell] = look(facts, self.mode, self.many, self._letters)
        return found

    def forget_looks(self) -> None:
        self._cell_looks = [None] * len(self.layout.starts)

    @property
    def many(self) -> bool:
        """Whether cells stand for more than a node each."""
        return self.layout.width > 1

    @property
    def nodes_a_cell(self) -> int:
        """How many nodes the largest cell stands for."""
        cells = range(len(self.layout.starts))
        return max((len(self.layout.span(cell)) for cell in cells), default=1) if self.many else 1

    @property
    def by_rack(self) -> bool:
        """Whether each cell is one rack, as the nodes' features tell them."""
        units = [unit for group in self._arrangement.groups for unit in group.units]
        return self.many and len(units) == len(self.layout.starts) and all(unit.rack is not None for unit in units)

    def legend(self, ascii_only: bool, top: int = 0) -> list[tuple[str, str]]:
        """Each shape that is drawn, and what it means; of very many cells those in view, from line `top` on."""
        if not self.many:
            looks = {look((one,), self.mode, False, self._letters) for one in set(self._facts)}
        else:
            starts = self.layout.starts
            lines = self.layout.lines if len(starts) <= MANY_CELLS else self.layout.lines[top : top + self.room[1]]
            shown = range(lines[0][0].first, lines[-1][-1].first + lines[-1][-1].count) if lines else range(0)
            looks = {self.look_of(cell) for cell in shown}
        return legend(looks, self.mode, self._letters, ascii_only)

    # ---- what the person wants ---------------------------------------------------------------------------------

    def go_into(self, cell: int) -> None:
        """Narrow the map to the nodes of a cell; `take_up` shows it."""
        spot = self.spot(cell)
        if spot is not None:
            self.inside.append((spot.name, frozenset((node.site, node.name) for node in spot.nodes)))
            self.wanted_size = None

    def zoomed(self, by: int) -> bool:
        """Cells of fewer nodes (1) or of more (-1); whether there are such. `lay_out` shows them."""
        steps = zoom_steps(self._arrangement)
        at = max((i for i, size in enumerate(steps) if size <= self.layout.size), default=0)
        wanted = max(0, min(at - by, len(steps) - 1))
        if wanted == at:
            return False
        self.wanted_size = steps[wanted]
        return True

    def next_mode(self) -> bool:
        """By state, by what is free, by model, and round again; whether nodes are grouped otherwise then."""
        was = self.mode
        self.mode = MODES[(MODES.index(was) + 1) % len(MODES)]
        self.forget_looks()
        return "model" in (was, self.mode)
