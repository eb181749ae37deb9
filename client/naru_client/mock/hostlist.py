"""Slurm's way to write many node names in few letters: `h200-[01-03,07]`."""

import re
from collections.abc import Iterable

_BRACKETS = re.compile(r"^(.*?)\[([0-9,-]+)\]$")
_NUMBERED = re.compile(r"^(.*?)([0-9]+)$")


def expand(text: str) -> tuple[str, ...]:
    """Every name in a hostlist, in its order; brackets hold numbers only."""
    names: list[str] = []
    for part in re.findall(r"[^,\[]+(?:\[[^\]]*\])?", text):
        match = _BRACKETS.match(part)
        if match is None:
            names.append(part)
            continue
        for span in match[2].split(","):
            low, _, high = span.partition("-")
            names.extend(f"{match[1]}{n:0{len(low)}d}" for n in range(int(low), int(high or low) + 1))
    return tuple(names)


def compress(names: Iterable[str]) -> str:
    """The hostlist of some names, sorted, neighbours joined: `cpu-01,h200-[01-03]`."""
    names = tuple(names)
    if len(names) < 2:
        return "".join(names)
    groups: dict[tuple[str, int], list[int]] = {}
    plain: list[str] = []
    for name in names:
        match = _NUMBERED.match(name)
        if match is None:
            plain.append(name)
        else:
            groups.setdefault((match[1], len(match[2])), []).append(int(match[2]))
    parts = sorted(plain)
    for (prefix, width), numbers in sorted(groups.items()):
        text = ranges(sorted(numbers), width)
        parts.append(f"{prefix}{text}" if len(numbers) == 1 else f"{prefix}[{text}]")
    return ",".join(parts)


def ranges(numbers: Iterable[int], width: int = 1) -> str:
    """Sorted numbers as Slurm writes them: `0-2,5`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(f"{a:0{width}d}" if a == b else f"{a:0{width}d}-{b:0{width}d}" for a, b in spans)
