"""Logs for the benchmarks: a training's output, made up from a seed, as large as one wants."""

import random
from pathlib import Path

UNITS = {"K": 10**3, "M": 10**6, "G": 10**9}
BLOCK = 50_000_000  # bytes that are written over and over
WORDS = ("epoch", "step", "loss", "lr", "grad", "norm", "node", "tokens", "data", "worker", "cache", "shard")
FIRST = "naru-bench: the first line of this log"
LAST = "naru-bench: the last line of this log"


def size_of(text: str) -> int:
    """Bytes, as in 5G."""
    return int(float(text[:-1]) * UNITS[text[-1]]) if text[-1:] in UNITS else int(text)


def block(size: int, seed: int = 5) -> bytes:
    """Whole lines of about so many bytes: stamps, levels, some colour, now and then a warning."""
    rng = random.Random(seed)
    lines: list[str] = []
    length = 0
    while length < min(size, 2_000_000):
        values = " ".join(f"{rng.choice(WORDS)}={rng.random():.4f}" for _ in range(rng.randrange(3, 9)))
        second = len(lines) // 50
        clock = f"{10 + second // 3600 % 14}:{second // 60 % 60:02d}:{second % 60:02d},{len(lines) % 50 * 20:03d}"
        level = "\x1b[33mWARNING\x1b[0m" if rng.random() < 0.01 else "INFO"
        lines.append(f"2026-11-24 {clock} {level} rank{len(lines) % 64} {values}\n")
        length += len(lines[-1])
    text = "".join(lines).encode()
    return text * max(1, size // len(text))


def write(path: Path, size: int) -> None:
    """A log of about so many bytes whose first and last line are known."""
    part = block(min(size, BLOCK))
    with path.open("wb") as file:
        file.write(FIRST.encode() + b"\n")
        for _ in range(max(1, round(size / len(part)))):
            file.write(part)
        file.write(LAST.encode() + b"\n")
