"""How Slurm writes many node names, or numbers, in few letters: `h200-[01-03,07]`, `0-2,5`."""

import re
from collections.abc import Iterable
from functools import lru_cache

from naru_client.hostlist import expand

_NUMBERED = re.compile(r"^(.*?)([0-9]+)$")


def compress(names: Iterable[str]) -> str:
    """The hostlist of some names, sorted, neighbours joined: `cpu-01,h200-[01-03]`."""
    names = tuple(names)
    if len(names) < 2:
        return "".join(names)
    groups: dict[tuple[str, int], list[int]] = {}
    plain: list[str] = []
    for name in names:
        parts = _split(name)
        if parts is None:
            plain.append(name)
        else:
            prefix, width, number = parts
            groups.setdefault((prefix, width), []).append(number)
    items = sorted(plain)
    for (prefix, width), numbers in sorted(groups.items()):
        text = ranges(sorted(numbers), width)
        items.append(f"{prefix}{text}" if len(numbers) == 1 else f"{prefix}[{text}]")
    return ",".join(items)


def ranges(numbers: Iterable[int], width: int = 1) -> str:
    """Sorted numbers as Slurm writes them: `0-2,5`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(f"{a:0{width}d}" if a == b else f"{a:0{width}d}-{b:0{width}d}" for a, b in spans)


@lru_cache(maxsize=16_384)
def _split(name: str) -> tuple[str, int, int] | None:
    """A name's letters, how many digits follow them, and the number these make."""
    match = _NUMBERED.match(name)
    return None if match is None else (match[1], len(match[2]), int(match[2]))


@lru_cache(maxsize=256)
def names(text: str) -> tuple[str, ...]:
    """The names of a hostlist. A scenario's are asked for when it is checked and again when its sites are built."""
    return tuple(expand(text))
