"""100,000 jobs in Textual's DataTable and in Naru's table: `python tests/bench/table.py [-n RUNS] [--jobs N]`.

Two programs in one shell (table_shell.py) on a pty of 160×48, in turn, each started anew for each run: start to first
rows, then Down, Page Down, 1 % of the jobs changed, sorted, a filter typed letter by letter and cleared. A key's time
ends with the last byte it caused, once the screen says that it is done. Prints ratios: trust these, not milliseconds.
DataTable needs a minute and a half for a run.

Then the whole program: `naru` on a folder of stand-ins for Slurm's commands that print the same jobs.
"""

import argparse
import os
import re
import sys
import tempfile
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from tests.bench import queue_text, stand_in  # noqa: E402
from tests.bench.keys import Cost, Typist, percentile  # noqa: E402
from tests.bench.measure import compile_packages, median, spread, verdict  # noqa: E402
from tests.bench.proc import memory, processor  # noqa: E402
from tests.bench.table_shell import done  # noqa: E402
from tests.children import clean_environment, naru  # noqa: E402
from tests.terminal import Terminal  # noqa: E402

from naru_client.slurm.text_lists import SQUEUE_FIELDS  # noqa: E402

COLUMNS, ROWS = 160, 48
ROW = re.compile(rb"RUNNING|PENDING")
WORDS = ("protein", "llama3-70b", "whisper")  # of each run one
SLOWEST_KEY = 90.0  # milliseconds at most for a letter of a filter, 95 times of 100
MOST_MEMORY = 12.0  # times the bytes of the list as people have it printed


class Figures(NamedTuple):
    """One run of one program: ms to the first rows, its processor ms, MiB at most, and the costs by kind of key."""

    start: float
    whole: float  # ms until every row is there
    start_processor: float
    peak: float
    keys: dict[str, list[Cost]]


def one_run(argv: list[str], env: dict[str, str], jobs: int, word: str, downs: int, first: list[str]) -> Figures:
    """Start it and press all keys. `first` are the ids that a filter by `word` must bring to the top; may be empty."""
    absent: dict[str, str | None] = dict.fromkeys(set(os.environ) - set(env))
    keys: dict[str, list[Cost]] = defaultdict(list)
    filters = sorts = turns = 0
    with Terminal(argv, columns=COLUMNS, rows=ROWS, env=absent | env, draws=False) as terminal:
        start = terminal.wait_for_bytes(ROW, 300) * 1000
        typist, pid = Typist(terminal), terminal.process.pid
        start_processor = processor(pid) * 1000
        whole = terminal.wait_for_bytes(re.compile(rb"%d of %d," % (jobs, jobs)), 300) * 1000
        terminal.settle(1.0)

        def told(screen: str) -> bool:
            return done(filters, sorts, turns) in screen

        def shows(ids: list[str], screen: str) -> bool:
            return told(screen) and all(name in screen for name in ids)

        for kind, key in (("down", "down"), ("page", "pagedown")):
            keys[kind] = [typist.press(key) for _ in range(downs)]
        for _ in range(downs):
            turns += 1
            keys["turn"].append(typist.press("u", told))
        for _ in range(4):
            sorts += 1
            keys["sort"].append(typist.press("o", told))
        typist.press("/")
        for at, letter in enumerate(word, 1):
            filters += 1
            ids = first if at == len(word) else []
            keys["filter"].append(typist.press(letter, partial(shows, ids)))
        filters += 1
        keys["clear"].append(typist.press("escape", told))
        return Figures(start, whole, start_processor, memory(pid, "VmHWM"), keys)


def costs(runs: list[Figures], kind: str) -> list[Cost]:
    return [cost for run in runs for cost in run.keys[kind]]


def figures(runs: list[Figures]) -> dict[str, float]:
    """What the verdicts are about, over all runs."""
    found = {"start": median([run.start for run in runs]), "peak": max(run.peak for run in runs)}
    found["whole"] = median([run.whole for run in runs])
    for kind in runs[0].keys:
        every = costs(runs, kind)
        times = [cost.time for cost in every]
        found[f"{kind} p50"], found[f"{kind} p95"] = median(times), percentile(times, 95)
        found[f"{kind} bytes"] = sum(cost.written for cost in every) / len(every)
        found[f"{kind} cpu"] = sum(cost.processor for cost in every) / len(every)
    return found


def tell(name: str, runs: list[Figures]) -> None:
    """Everything that was measured of one program."""
    starts, cpu = [run.start for run in runs], median([run.start_processor for run in runs])
    peak = max(run.peak for run in runs)
    print(f"{name}\n  start {median(starts):9.0f} ms ({spread(starts)}), cpu {cpu:.0f} ms; at most {peak:.0f} MiB")
    print(f"  every row after {median([run.whole for run in runs]):.0f} ms")
    found = figures(runs)
    for kind in runs[0].keys:
        p50, p95, written, used = (found[f"{kind} {what}"] for what in ("p50", "p95", "bytes", "cpu"))
        print(f"  {kind:<7} p50 {p50:8.1f} ms   p95 {p95:8.1f} ms   {written:8.0f} B   cpu {used:8.1f} ms")


LIMITS = (  # what is compared, and how much of DataTable's Naru may take
    ("start", "time to first rows", 1 / 35),
    ("whole", "time to every row", 1 / 35),
    ("filter p50", "a letter of a filter, p50", 1 / 40),
    ("filter p95", "a letter of a filter, p95", 1 / 40),
    ("sort p50", "sort, p50", 1 / 20),
    ("turn cpu", "1 % change, processor", 1 / 40),
    ("turn bytes", "1 % change, bytes", 1 / 12),
    ("page p95", "page down, p95", 1 / 6),
)


def compare(base: list[Figures], runs: list[Figures], files: queue_text.Files) -> None:
    ours, theirs = figures(runs), figures(base)
    for name, words, limit in LIMITS:
        print(verdict(f"naru: {words}", 100 * ours[name] / theirs[name], 100 * limit, " %"))
    print(verdict("naru: a letter of a filter, p95", ours["filter p95"], SLOWEST_KEY, " ms"))
    for path, words in ((files.twelve, "as people print it"), (files.squeue, "as Naru asks for it")):
        size = path.stat().st_size / 2**20
        print(verdict(f"naru: peak memory / list {words} ({size:.0f} MiB)", ours["peak"] / size, MOST_MEMORY, "×"))


def whole_program(
    folder: Path, env: dict[str, str], files: queue_text.Files, nodes: int, words: tuple[str, ...]
) -> None:
    """`naru` on stand-ins that print the list: own jobs first, then everybody's."""
    settings = stand_in.install(folder, files.squeue, nodes)
    config = Path(env["XDG_CONFIG_HOME"]) / "naru"
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.toml").write_text(settings, encoding="utf-8")
    absent: dict[str, str | None] = dict.fromkeys(set(os.environ) - set(env))
    with Terminal(naru(), columns=COLUMNS, rows=ROWS, env=absent | env, draws=False) as terminal:
        start = terminal.wait_for_bytes(ROW, 60) * 1000
        typist, pid = Typist(terminal), terminal.process.pid
        terminal.settle(2.0)
        print(f"naru on stand-ins\n  start {start:9.0f} ms; {memory(pid):.0f} MiB with own jobs and {nodes} nodes")
        typist.press("2")
        every = typist.press("a", lambda screen: re.search(r"\bu0\d{3}\b", screen) is not None)
        terminal.settle(2.0)
        print(
            f"  everybody's jobs after {every.time:.0f} ms; {memory(pid):.0f} MiB, at most {memory(pid, 'VmHWM'):.0f}"
        )
        letters = []
        for word in words:
            typist.press("/")
            letters += [typist.press(letter) for letter in word]
            typist.press("escape")
        keys = {"down": [typist.press("down") for _ in range(20)], "filter": letters}
        for kind, some in keys.items():
            times = [cost.time for cost in some]
            print(f"  {kind:<7} p50 {median(times):8.1f} ms   p95 {percentile(times, 95):8.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--runs", type=int, default=3, help="runs of each program (default 3)")
    parser.add_argument("--jobs", type=int, default=100_000, help="jobs in the list (default 100000)")
    parser.add_argument("--nodes", type=int, default=30_000, help="nodes of the whole program's site (default 30000)")
    parser.add_argument("--keys", type=int, default=20, help="presses of each moving key a run (default 20)")
    parser.add_argument("--only", choices=("tables", "naru", "program"), help="less than all of it")
    wanted = parser.parse_args()
    compile_packages("textual", "rich", "msgspec", "naru", "naru_client")
    with tempfile.TemporaryDirectory(prefix="naru-bench-") as name:
        folder = Path(name)
        env = clean_environment(folder / "home", os.environ)
        files = queue_text.write(folder, wanted.jobs, SQUEUE_FIELDS, own=stand_in.user())
        lines = files.twelve.read_text(encoding="utf-8").splitlines()
        programs = {"DataTable": ("table_datatable.py", files.twelve), "naru's table": ("table_naru.py", files.squeue)}
        if wanted.only == "naru":
            del programs["DataTable"]
        runs: dict[str, list[Figures]] = defaultdict(list)
        for number in range(0 if wanted.only == "program" else wanted.runs):
            word = WORDS[number % len(WORDS)]
            first = [cells[0] for line in lines if word in " ".join((cells := line.split("|"))[:7]).lower()][:3]
            for program, (script, path) in programs.items():
                argv = [sys.executable, str(HERE / script), str(path)]
                ids = first if program == "DataTable" else []
                runs[program].append(one_run(argv, env, wanted.jobs, word, wanted.keys, ids))
        for program, some in runs.items():
            tell(program, some)
        if len(runs) == 2:
            base, ours = runs.values()
            compare(base, ours, files)
        if wanted.only in (None, "program"):
            whole_program(folder / "bin", env, files, wanted.nodes, WORDS)


if __name__ == "__main__":
    main()
