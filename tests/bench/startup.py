"""Start-up and memory of Naru against a bare Textual app: `python tests/bench/startup.py [-n RUNS]`.

From exec to the first frame with job rows, on a pty of 160×48; the programs take turns. With SLURM_LAB set, also the
bare `naru` of the lab's user alice on its Slurm commands. Prints ratios to the bare app: trust these, not milliseconds.
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from tests.bench.measure import compile_packages, interleaved, median, resident, spread, verdict  # noqa: E402
from tests.children import clean_environment, naru  # noqa: E402
from tests.lab.real import running_in  # noqa: E402
from tests.terminal import Terminal  # noqa: E402

TIME_LIMIT, MEMORY_LIMIT = 1.5, 2.0  # times the bare app
COLUMNS, ROWS = 160, 48

# What a row of jobs cannot do without; each screen writes it only once it has rows.
BARE_ROW = re.compile(rb"RUNNING")
JOB_ROW = re.compile(rb"RUNNING|PENDING|COMPLETING|CONFIGURING")


def one_start(argv: list[str], row: re.Pattern[bytes], env: dict[str, str]) -> tuple[float, float, float]:
    """Milliseconds to the first job row, MiB resident then and kilobytes written by then, of one start."""
    absent: dict[str, str | None] = dict.fromkeys(set(os.environ) - set(env))
    with Terminal(argv, columns=COLUMNS, rows=ROWS, env=absent | env, draws=False) as terminal:
        seconds = terminal.wait_for_bytes(row, 60)
        terminal.settle(0.3)
        return seconds * 1000, resident(terminal.process.pid), len(terminal.raw) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--runs", type=int, default=9, help="runs of each program (default 9)")
    runs: int = parser.parse_args().runs
    compile_packages("textual", "rich", "httpx", "httpcore", "anyio", "msgspec", "naru", "naru_client")
    with tempfile.TemporaryDirectory(prefix="naru-bench-") as home:
        env = clean_environment(Path(home), os.environ)
        cases = {
            "bare Textual app": lambda: one_start([sys.executable, str(HERE / "bare.py")], BARE_ROW, env),
            "naru demo": lambda: one_start(naru("demo"), JOB_ROW, env),
        }
        if folder := os.environ.get("SLURM_LAB"):
            lab = running_in(Path(folder))
            cases["naru on the lab"] = lambda: one_start(
                lab.argv_as("alice", naru()), JOB_ROW, lab.environment("alice")
            )
        results = interleaved(runs, cases)
    bare = results["bare Textual app"]
    for name, samples in results.items():
        times, memory, written = ([sample[field] for sample in samples] for field in range(3))
        line = (
            f"{median(times):5.0f} ms ({spread(times)})   {median(memory):5.0f} MiB   {median(written):5.0f} kB written"
        )
        print(f"{name:<44} {line}")
    for name, samples in results.items():
        if samples is bare:
            continue
        ratio = median([sample[0] for sample in samples]) / median([sample[0] for sample in bare])
        print(verdict(f"{name}: time to first rows", ratio, TIME_LIMIT, "×"))
        ratio = median([sample[1] for sample in samples]) / median([sample[1] for sample in bare])
        print(verdict(f"{name}: memory", ratio, MEMORY_LIMIT, "×"))


if __name__ == "__main__":
    main()
