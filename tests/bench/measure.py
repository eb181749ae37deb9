"""What the benchmarks share: precompiling, interleaving, medians, and a line per result."""

import compileall
import statistics
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def compile_packages(*names: str) -> None:
    """Write the .pyc files first: without them a start-up measures the compiler."""
    for name in names:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            compileall.compile_dir(str(Path(spec.origin).parent), quiet=2)


def interleaved(runs: int, cases: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Run the cases in turn, `runs` times each after one that does not count, so that a slow spell hits all of them."""
    results: dict[str, list[T]] = {name: [] for name in cases}
    for number in range(runs + 1):
        for name, case in cases.items():
            result = case()
            if number:
                results[name].append(result)
    return results


def spread(values: Sequence[float]) -> str:
    """Lowest and highest, for judging how much the median is worth."""
    return f"{min(values):.0f}–{max(values):.0f}"


def verdict(name: str, value: float, limit: float, unit: str) -> str:
    """One line: what was measured, the limit, and whether it is kept."""
    word = "ok" if value <= limit else "OVER"
    return f"{name:<44} {value:8.2f}{unit}   limit {limit:g}{unit}   {word}"


median = statistics.median


def resident(pid: int) -> float:
    """MiB of memory that a process holds now, by Linux's account."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
