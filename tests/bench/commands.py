"""`naru jobs` against `squeue` on the lab: `SLURM_LAB=/folder python tests/bench/commands.py [-n RUNS]`.

Both list everybody's jobs, taking turns. Prints how much longer Naru takes, and what it imported for it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from tests.bench.measure import compile_packages, interleaved, median, spread, verdict  # noqa: E402
from tests.children import clean_environment, naru  # noqa: E402

LIMIT = 200.0  # milliseconds above squeue
NOT_WANTED = ("textual", "httpx", "keyring", "click")


def milliseconds(argv: list[str], env: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(argv, env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000


def imported(argv: list[str], env: dict[str, str]) -> set[str]:
    """Every module that a Python program imports, by the interpreter's own account."""
    full = [argv[0], "-X", "importtime", *argv[1:]]
    done = subprocess.run(full, env=env, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--runs", type=int, default=15, help="runs of each command (default 15)")
    runs: int = parser.parse_args().runs
    lab = os.environ.get("SLURM_LAB", "")
    if not lab:
        print("SLURM_LAB names no lab; start one with tests/lab/slurm-up", file=sys.stderr)
        return 2
    compile_packages("msgspec", "naru", "naru_client")
    with tempfile.TemporaryDirectory(prefix="naru-bench-") as home:
        env = clean_environment(Path(home), os.environ) | {"SLURM_CONF": f"{lab}/etc/slurm.conf"}
        cases = {
            "squeue": lambda: milliseconds(["squeue", "--all"], env),
            "python -c pass": lambda: milliseconds([sys.executable, "-c", "pass"], env),
            "naru jobs --all": lambda: milliseconds(naru("jobs", "--all"), env),
        }
        results = interleaved(runs, cases)
        modules = imported(naru("jobs", "--all"), env)
    for name, times in results.items():
        print(f"{name:<44} {median(times):5.0f} ms ({spread(times)})")
    above = median(results["naru jobs --all"]) - median(results["squeue"])
    print(verdict("naru jobs above squeue", above, LIMIT, " ms"))
    unwanted = [name for name in NOT_WANTED if name in modules]
    print(f"{'modules imported':<44} {len(modules):5}      of {', '.join(NOT_WANTED)}: {', '.join(unwanted) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
