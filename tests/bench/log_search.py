"""Searching a big log, against ripgrep and grep: `python tests/bench/log_search.py [-n RUNS] [--size SIZE]`.

One made-up training log in the page cache: a word that stands in it a few times, three alternatives in any case, and a
word that stands in every line. Naru as it chooses for itself (ripgrep where that is installed) and by its own engine
alone; wall time of all, each in turn with the others, Naru's with a search object and an event loop made anew.
"""

import argparse
import asyncio
import random
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "client")]

from tests.bench.measure import interleaved, median, spread, verdict  # noqa: E402

from naru_client.logs.encoding import UTF8  # noqa: E402
from naru_client.logs.local import LocalLog  # noqa: E402
from naru_client.logs.pattern import read_pattern  # noqa: E402
from naru_client.logs.search import Search  # noqa: E402

RIPGREP, GREP, CHOICES = 3.0, 1.5, 4.0  # times the other's
EVERY = 100.0  # MB a second by our own engine, at least
WORD = "Unrecoverable"
ALTERNATIVES = "out of memory|unrecoverable|traceback"
COMMON = "rank"
UNITS = {"K": 10**3, "M": 10**6, "G": 10**9}


def size_of(text: str) -> int:
    return int(float(text[:-1]) * UNITS[text[-1]]) if text[-1:] in UNITS else int(text)


def write(path: Path, size: int) -> None:
    """A log of about so many bytes: 16 MB of lines over and over, and a rare one after every fourth time."""
    rng = random.Random(5)
    words = ("epoch", "step", "loss", "lr", "grad", "norm", "node", "tokens", "data", "worker", "cache", "shard")
    lines: list[str] = []
    length = 0
    while length < min(16_000_000, max(size, 1)):
        values = " ".join(f"{rng.choice(words)}={rng.random():.4f}" for _ in range(rng.randrange(3, 14)))
        clock = f"10:{rng.randrange(60):02d}:{rng.randrange(60):02d}"
        lines.append(f"2026-11-24 {clock} INFO rank{len(lines) % 64} {values}\n")
        length += len(lines[-1])
    block = "".join(lines).encode()
    rare = b"2026-11-24 10:00:00 ERROR rank3 Unrecoverable Xid 79, GPU has fallen off the bus\n"
    with path.open("wb") as file:
        number = 0
        while file.tell() < size:
            file.write(block)
            if number % 4 == 0:
                file.write(rare)
            number += 1


def naru(path: Path, typed: str, *, regex: bool = False, ripgrep: bool = True) -> tuple[float, int]:
    start = time.perf_counter()
    search = Search(LocalLog(str(path)), read_pattern(typed, regex=regex), UTF8, ripgrep=ripgrep)
    progress = asyncio.run(search.run())
    return time.perf_counter() - start, progress.matches


def other(path: Path, *argv: str) -> tuple[float, int]:
    start = time.perf_counter()
    done = subprocess.run([*argv, "--", str(path)], stdout=subprocess.PIPE, check=False)
    return time.perf_counter() - start, int(done.stdout or b"0")


def nearest(path: Path) -> float:
    """Microseconds until the last match is known, with nothing of the log looked at."""

    async def look() -> float:
        source = LocalLog(str(path))
        size = (await source.stat()).size
        search = Search(source, read_pattern(COMMON), UTF8)
        start = time.perf_counter()
        assert await search.previous_before(size) is not None
        return (time.perf_counter() - start) * 1e6

    return asyncio.run(look())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--runs", type=int, default=5, help="runs of each (default 5)")
    parser.add_argument("--size", type=size_of, default="512M", help="bytes of the log, as in 5G (default 512M)")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "train.log"
        write(path, arguments.size)
        size = path.stat().st_size
        cases = {
            "a word: naru": partial(naru, path, WORD),
            "a word: naru, alone": partial(naru, path, WORD, ripgrep=False),
            "a word: grep -c -F": partial(other, path, "grep", "-c", "-F", WORD),
            "three in any case: naru": partial(naru, path, ALTERNATIVES, regex=True),
            "three in any case: naru, alone": partial(naru, path, ALTERNATIVES, regex=True, ripgrep=False),
            "in every line: naru": partial(naru, path, COMMON),
            "in every line: naru, alone": partial(naru, path, COMMON, ripgrep=False),
            "in every line: by expression, alone": partial(naru, path, "rank[0-9]", regex=True, ripgrep=False),
        }
        if shutil.which("rg"):
            cases |= {
                "a word: rg": partial(other, path, "rg", "--no-config", "-c", "-F", WORD),
                "three in any case: rg": partial(other, path, "rg", "--no-config", "-c", "-i", ALTERNATIVES),
                "in every line: rg": partial(other, path, "rg", "--no-config", "-c", COMMON),
            }
        results = interleaved(arguments.runs, cases)
        near = [nearest(path) for _ in range(arguments.runs)]
    print(f"{size / 1e6:.0f} MB")
    took: dict[str, float] = {}
    for name, runs in results.items():
        counts = {count for _, count in runs}
        seconds = took[name] = median([second for second, _ in runs])
        milliseconds = spread([second * 1e3 for second, _ in runs])
        print(f"  {name:<40} {seconds * 1e3:8.0f} ms ({milliseconds})  {size / seconds / 1e6:6.0f} MB/s  {counts}")
    print(f"  {'the last match, nothing looked at yet':<40} {median(near):8.0f} µs ({spread(near)})")
    if "a word: rg" in took:
        print(verdict("a word, against rg", took["a word: naru"] / took["a word: rg"], RIPGREP, "x"))
        ratio = took["three in any case: naru"] / took["three in any case: rg"]
        print(verdict("three in any case, against rg", ratio, CHOICES, "x"))
    print(verdict("a word, alone, against grep", took["a word: naru, alone"] / took["a word: grep -c -F"], GREP, "x"))
    each = took["in every line: naru, alone"] * 1e3 / (size / 1e6)
    print(verdict("in every line, naru, alone, for 1 MB", each, 1e3 / EVERY, " ms"))


if __name__ == "__main__":
    main()
