"""Many nodes as fewer cells: racks where the nodes' features name them, else runs of consecutive nodes. Pure.

Everything here is about nodes in an order, told by their places in it; a cell is a span of that order.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from naru_client.model import Node

SIZES = (1, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)  # nodes that one cell may stand for
BIGGEST_RACK = 128  # more nodes of one name are no rack, whatever the feature is called

_NAMED = re.compile(r"(?:rack|cabinet|cab|chassis|enclosure)[:=_.-]?([a-z0-9][a-z0-9_.-]*)", re.IGNORECASE)
_BARE = re.compile(r"r[0-9]{1,3}", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]+")

_NUMBERS = "0123456789"
_PLACES = 20  # digits that numbers in names are padded to


class Unit(Struct, frozen=True):
    """Nodes that belong together: a rack, or a run of nodes of one pool whose names differ in their number alone."""

    start: int
    stop: int
    site: str
    rack: str | None = None
    series: str | None = None  # what their names share; None for a rack
    pools: tuple[str, ...] = ()


def name_key(name: str) -> str:
    """To sort names by: `n2` before `n10`. A string, as tuples by the ten thousand burden the garbage collector."""
    front = name.rstrip(_NUMBERS)
    return _padded(front) + name[len(front) :].rjust(_PLACES, "0") if len(front) < len(name) else _padded(name)


def stem(name: str) -> str:
    """A name without its last number: what the nodes of one series share."""
    return name.rstrip(_NUMBERS)


def span_name(names: Sequence[str]) -> str:
    """What some nodes are called together: `h[001-016]` where nothing is left out between, else first and last."""
    first, last = names[0], names[-1]
    front = stem(first)
    numbers = [name.removeprefix(front) for name in names]
    if front == stem(last) and all(number.isdigit() for number in numbers):
        whole = int(numbers[-1]) - int(numbers[0]) + 1 == len(names) and sorted(map(int, numbers)) == [
            *map(int, numbers)
        ]
        return f"{front}[{numbers[0]}-{numbers[-1]}]" if whole else f"{first} .. {last}"
    return first if first == last else f"{first} .. {last}"


def racks(nodes: Sequence[Node]) -> list[str | None]:
    """Of each node the rack that its features name, or None.

    `rack:12`, `cab3`, `chassis-7` are taken at their word. A bare `r12` is one only where it divides the nodes as racks
    do, for a feature may as well be the name of a make (`r640`): there are several, and none has very many nodes.
    """
    found = [_rack(node.features) for node in nodes]
    named = Counter((node.site, rack) for node, (rack, _sure) in zip(nodes, found, strict=True) if rack)
    if not named:
        return [None] * len(found)
    bare = {(node.site, rack) for node, (rack, sure) in zip(nodes, found, strict=True) if rack and not sure}
    divided = len(bare) > 1 and all(named[one] <= BIGGEST_RACK for one in bare)
    return [
        rack if rack and (sure or divided) and named[node.site, rack] <= BIGGEST_RACK else None
        for node, (rack, sure) in zip(nodes, found, strict=True)
    ]


def units(nodes: Sequence[Node], names: Sequence[str | None] | None = None) -> tuple[Unit, ...]:
    """These nodes, in their order, as units. `names` are their racks where they have been found already."""
    found: list[Unit] = []
    extend_units(found, nodes, racks(nodes) if names is None else names)
    return tuple(found)


def extend_units(found: list[Unit], nodes: Sequence[Node], names: Sequence[str | None]) -> None:
    """Add to these units those of further nodes, the last one going on where it does."""
    keys = (
        (node.site, None if rack is not None else stem(node.name), node.pools if rack is None else (), rack)
        for node, rack in zip(nodes, names, strict=True)
    )
    for (site, series, pools, rack), members in groupby(keys):
        start = found[-1].stop if found else 0
        unit = Unit(start, start + sum(1 for _one in members), site, rack, series, pools)
        if found and _continued(found[-1], unit):
            unit = replace(found.pop(), stop=unit.stop)
        found.append(unit)


def _continued(last: Unit, unit: Unit) -> bool:
    return (last.site, last.rack, last.series, last.pools) == (unit.site, unit.rack, unit.series, unit.pools)


def cells(told: Iterable[Unit], size: int) -> list[int]:
    """Where each cell begins when one stands for up to `size` nodes; a rack is never cut, unless a cell is one node.

    Small units beside each other share a cell, but never those of two sites.
    """
    starts: list[int] = []
    held, of_site = 0, None  # nodes in the last cell, and whose they are
    for unit in told:
        length = unit.stop - unit.start
        if size == 1:
            starts.extend(range(unit.start, unit.stop))
        elif held and unit.site == of_site and held + length <= size:
            held += length
        elif unit.rack is not None or length <= size:
            starts.append(unit.start)
            held, of_site = length, unit.site
        else:
            starts.extend(range(unit.start, unit.stop, size))
            held = length % size or size  # what is left over may share its cell with the next unit
            of_site = unit.site
    return starts


@lru_cache(maxsize=4096)
def _padded(text: str) -> str:
    return _DIGITS.sub(lambda number: number[0].rjust(_PLACES, "0"), text)


@lru_cache(maxsize=4096)
def _rack(features: tuple[str, ...]) -> tuple[str | None, bool]:
    """The rack that these features name, and whether they surely name one."""
    for feature in features:
        if match := _NAMED.fullmatch(feature):
            return match[1], True
    for feature in features:
        if _BARE.fullmatch(feature):
            return feature, False
    return None, False
