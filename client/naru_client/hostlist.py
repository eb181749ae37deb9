"""Slurm's hostlists: "b200-[01-02,05],cpu-1" and the names behind them. Pure, and bounded."""

import re
from itertools import product

LIMIT = 100_000  # names; the largest machines have a tenth of that

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_PART = re.compile(r"([^\[\]]*)(?:\[([^\[\]]*)\])?")


def expand(hostlist: str, limit: int = LIMIT) -> tuple[str, ...]:
    """Every name in its order, numbers with their leading zeros.

    Raises ValueError for more than `limit` names and for what is not a hostlist (an open bracket, no range in it).
    """
    names: list[str] = []
    for item in split(hostlist):
        choices = _choices(item, limit)
        total = 1
        for choice in choices:
            total *= len(choice)
        if len(names) + total > limit:
            raise ValueError(f"more than {limit} names in a hostlist")
        names.extend("".join(parts) for parts in product(*choices))
    return tuple(names)


def count(hostlist: str) -> int | None:
    """How many names, without writing them out; None for what is not a hostlist."""
    total = 0
    try:
        for item in split(hostlist):
            product_of_sizes = 1
            for inside in _PART.findall(_checked(item)):
                product_of_sizes *= _size(inside[1]) if inside[1] else 1
            total += product_of_sizes
    except ValueError:
        return None
    return total


def first(hostlist: str) -> str | None:
    """The first name; None for an empty list and for what is not a hostlist."""
    items = split(hostlist)
    if not items:
        return None
    try:
        return "".join(
            prefix + (inside.split(",")[0].split("-")[0] if inside else "")
            for prefix, inside in _PART.findall(_checked(items[0]))
        )
    except ValueError:
        return None


def split(hostlist: str) -> list[str]:
    """The items between commas that stand outside brackets."""
    items, depth, start = [], 0, 0
    for at, character in enumerate(hostlist):
        if character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        elif character == "," and depth <= 0:
            items.append(hostlist[start:at])
            start = at + 1
    items.append(hostlist[start:])
    return [item.strip() for item in items if item.strip()]


def _checked(item: str) -> str:
    rest = re.sub(r"\[[^\[\]]+\]", "", item)
    if "[" in rest or "]" in rest:
        raise ValueError(f"not a hostlist: {item!r}")
    return item


def _choices(item: str, limit: int) -> list[list[str]]:
    choices: list[list[str]] = []
    for prefix, inside in _PART.findall(_checked(item)):
        if prefix:
            choices.append([prefix])
        if inside:
            if _size(inside) > limit:
                raise ValueError(f"more than {limit} names in a hostlist")
            choices.append([name for part in inside.split(",") for name in _numbers(part)])
    return choices


def _numbers(part: str) -> list[str]:
    low, high = _bounds(part)
    width = len(part.strip().split("-")[0])
    return [f"{number:0{width}}" for number in range(low, high + 1)]


def _size(inside: str) -> int:
    total = 0
    for part in inside.split(","):
        low, high = _bounds(part)
        total += high - low + 1
    return total


def _bounds(part: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(part.strip())
    if found is None or len(part) > 40:
        raise ValueError(f"not a range in a hostlist: {part[:40]!r}")
    low, high = int(found[1]), int(found[2] or found[1])
    if high < low:
        raise ValueError(f"not a range in a hostlist: {part!r}")
    return low, high
