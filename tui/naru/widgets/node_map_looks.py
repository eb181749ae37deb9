"""What a cell of the node map looks like: a shape and a style, for one node or for many, in each of the map's modes.

Shape and colour both tell, so either alone is enough. A cell of many nodes has a shape for what is free and, beside it,
a mark when any of its nodes is out of service.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

from msgspec import Struct

from naru.widgets.node_map_plan import model_label
from naru_client.i18n import _, mark
from naru_client.insight.alike import Hindrance, hindrance, is_away, kind_of
from naru_client.insight.tally import accelerators_of
from naru_client.model import Node, NodeAccelerators

Mode = Literal["state", "free", "model"]
MODES: tuple[Mode, ...] = get_args(Mode)
MODE_NAMES = {"state": mark("by state"), "free": mark("by what is free"), "model": mark("by model")}

Look = tuple[tuple[str, str], ...]  # pieces of a cell: its kind (a name below, or a model's letter), its style

# Each kind: Unicode, ASCII, style, what it means. Of single nodes, by state.
CELLS = {
    "free": ("□", ".", "free"),
    "part": ("▣", "+", "used"),
    "full": ("■", "#", "used"),
    "planned": ("▢", "p", "planned"),
    "reserved": ("◫", "r", "planned"),
    "draining": ("◪", "d", "away"),
    "drained": ("◇", "D", "away"),
    "down": ("✕", "X", "down"),
    "unknown": ("?", "?", "away"),
}
CELL_WORDS = {
    "free": mark("free"), "part": mark("partly used"), "full": mark("full"), "planned": mark("planned"),
    "reserved": mark("reserved"), "draining": mark("draining"), "drained": mark("drained"), "down": mark("down"),
    "unknown": mark("unknown"),
}  # fmt: skip
# Of many nodes, by how much of what is in service is free; and the mark beside it.
SHARES = {
    "all-free": ("░", ".", "free"),
    "more-free": ("▒", ":", "free"),
    "less-free": ("▓", "%", "used"),
    "none-free": ("█", "#", "used"),
    "none-up": ("✕", "X", "down"),
    "untold": ("?", "?", "away"),
}
SHARE_WORDS = {
    "all-free": mark("all free"), "more-free": mark("half free or more"), "less-free": mark("less than half free"),
    "none-free": mark("nothing free"), "none-up": mark("none in service"), "untold": mark("not told"),
}  # fmt: skip
MARKS = {"some-down": ("×", "x", "down"), "some-out": ("◇", "d", "away")}
MARK_WORDS = {"some-down": mark("some down"), "some-out": mark("some drained")}
# By what a job could be given: on a node, or on the best of many.
OFFERS = {
    "8": ("█", "8", "free"),
    "4": ("▅", "4", "half"),
    "1": ("▂", "1", "few"),
    "0": ("·", "0", "label"),
    "kept": ("▢", "p", "planned"),
    "stranded": ("◌", "s", "stranded"),
    "away": ("✕", "X", "down"),
    "not-told": ("?", "?", "away"),
    "nothing": ("–", "-", "label"),
}
OFFER_WORDS = {
    "8": mark("8 or more free"), "4": mark("4 to 7"), "1": mark("1 to 3"), "0": mark("none"),
    "kept": mark("free, but not now"), "stranded": mark("free, but no job fits"), "away": mark("out of service"),
    "not-told": mark("not told"), "nothing": mark("no accelerators"),
}  # fmt: skip
KINDS = {**CELLS, **SHARES, **OFFERS, **MARKS}
WORDS = {**CELL_WORDS, **SHARE_WORDS, **OFFER_WORDS, **MARK_WORDS}
NOTHING = "no-mark"  # the place of a mark, empty
MIXED = "*"  # more models than one in a cell
MODEL_STYLES = 6
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KEPT: frozenset[Hindrance] = frozenset({"planned", "reserved", "asleep"})


class Facts(Struct, frozen=True, eq=False):
    """What the map shows of a node; nodes that are alike share one, so that many are counted quickly."""

    kind: str  # of `CELLS`
    offer: str  # of `OFFERS`
    label: str  # its models
    out: str  # of `MARKS`, or empty
    total: int  # accelerators in service; of a node without any 1, so that it counts as one thing
    free: int | None  # of these; None where that is not told


def cell_kind(node: Node) -> str:
    """Which cell shows a node: by its condition, and by how full its accelerators are."""
    if node.condition in ("draining", "drained", "down", "planned", "reserved", "unknown"):
        return str(node.condition)
    total = sum(a.total for a in node.accelerators)
    used = [a.used for a in node.accelerators]
    if total and None not in used:
        taken = sum(u for u in used if u is not None)
        return "free" if taken == 0 and node.condition != "allocated" else "full" if taken >= total else "part"
    return {"idle": "free", "allocated": "full"}.get(node.condition, "part")


def facts_of(node: Node, label: str) -> Facts:
    """What the map shows of this node and of any that is alike."""
    told = list(accelerators_of(node))
    total = sum(number for _key, number, _used in told)
    used = [held for _key, _number, held in told]
    free = None if None in used else total - sum(held for held in used if held is not None)
    blocks = [number - held for _key, number, held in told if held is not None]
    away = is_away(node)
    out = "" if not away else "some-down" if node.condition == "down" else "some-out"
    if not told:
        free = 1 if node.condition in ("idle", "planned", "reserved") else 0
    offer = _offer(node, away, total, free, max(blocks, default=0))
    return Facts(cell_kind(node), offer, label, out, 0 if away else total or 1, free)


class Looks:
    """The looks of nodes: keeps one `Facts` for each kind of node, so that a reading costs a look-up for each."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Facts] = {}
        self._labels: dict[tuple[NodeAccelerators, ...], str] = {}

    def facts(self, node: Node) -> Facts:
        key = kind_of(node)
        found = self._known.get(key)
        if found is None:
            if len(self._known) > 20_000:  # a long day's worth of combinations
                self._known.clear()
            found = self._known[key] = facts_of(node, self.label(node))
        return found

    def label(self, node: Node) -> str:
        found = self._labels.get(node.accelerators)
        if found is None:
            found = self._labels[node.accelerators] = model_label(node)
        return found


def look(facts: Sequence[Facts], mode: Mode, many: bool, letters: dict[str, str]) -> Look:
    """The look of a cell of these nodes: in two pieces where cells stand for `many`."""
    if not many:
        return (_single(facts[0], mode, letters),)
    counts = Counter(facts)
    outs = {one.out for one in counts if one.out}
    beside = "some-down" if "some-down" in outs else "some-out" if outs else NOTHING
    shape = {"state": _share, "free": _best}[mode](counts) if mode != "model" else _model(counts, letters)
    if shape[0] in ("none-up", "away"):
        beside = NOTHING  # the shape says so already
    return (shape, (beside, MARKS[beside][2] if beside in MARKS else ""))


def drawn(piece: tuple[str, str], ascii_only: bool) -> str:
    """The character of a piece of a look."""
    kind = piece[0]
    if kind == NOTHING:
        return " "
    return KINDS[kind][1 if ascii_only else 0] if kind in KINDS else kind


def lettered(labels: Iterable[str]) -> dict[str, str]:
    """A letter for each model, the first ones first served: the first of its own that is left, else any."""
    letters: dict[str, str] = {}
    for label in labels:
        own = [c for c in label.upper() if c in _LETTERS]
        free = [c for c in (*own, *_LETTERS) if c not in letters.values()]
        letters[label] = free[0] if free else MIXED
    return letters


def legend(looks: Iterable[Look], mode: Mode, letters: dict[str, str], ascii_only: bool) -> list[tuple[str, str]]:
    """What the pieces of these looks mean: the character and the words, in the order of the tables above."""
    kinds = {kind for one in looks for kind, _style in one}
    told = [(drawn((kind, ""), ascii_only), _(WORDS[kind])) for kind in WORDS if kind in kinds]
    if mode == "model":
        lower = any(kind.islower() and len(kind) == 1 and kind not in KINDS for kind in kinds)
        models = [(letter, name) for name, letter in letters.items() if {letter, letter.lower()} & kinds]
        told = [*models, *([(MIXED, _("several models"))] if MIXED in kinds else []), *told]
        if lower:
            told.append(("a-z", _("out of service")))
    return told


def _offer(node: Node, away: bool, total: int, free: int | None, block: int) -> str:
    if total == 0:
        return "nothing"
    if away:
        return "away"
    if free is None:
        return "not-told"
    why = hindrance(node) if block else None
    if why is not None:
        return "kept" if why in _KEPT else "stranded"
    return "8" if block >= 8 else "4" if block >= 4 else "1" if block >= 1 else "0"


def _single(one: Facts, mode: Mode, letters: dict[str, str]) -> tuple[str, str]:
    if mode == "state":
        return one.kind, CELLS[one.kind][2]
    if mode == "free":
        return one.offer, OFFERS[one.offer][2]
    letter = letters.get(one.label, MIXED)
    return (letter.lower(), "away") if one.out else (letter, _letter_style(letter))


def _share(counts: Counter[Facts]) -> tuple[str, str]:
    total = free = untold = 0
    for one, number in counts.items():
        if one.free is None and one.total:
            untold += number
        else:
            total += one.total * number
            free += (one.free or 0) * number if one.total else 0
    if total == 0:
        kind = "untold" if untold else "none-up"
    else:
        kind = "none-free" if free == 0 else "all-free" if free >= total else "more-free"
        kind = "less-free" if kind == "more-free" and free * 2 < total else kind
    return kind, SHARES[kind][2]


def _best(counts: Counter[Facts]) -> tuple[str, str]:
    offers = {one.offer for one in counts}
    order = ("8", "4", "1", "kept", "stranded", "not-told", "0", "away", "nothing")
    kind = next(kind for kind in order if kind in offers)
    return kind, OFFERS[kind][2]


def _model(counts: Counter[Facts], letters: dict[str, str]) -> tuple[str, str]:
    models = {one.label for one in counts}
    letter = letters.get(next(iter(models)), MIXED) if len(models) == 1 else MIXED
    return letter, _letter_style(letter)


def _letter_style(letter: str) -> str:
    return f"model-{_LETTERS.index(letter) % MODEL_STYLES}" if letter in _LETTERS else "label"
