"""`naru jobs` against `squeue` on the lab: `SLURM_LAB=/folder python tests/bench/commands.py [-n RUNS]`.

Both run as the lab's user alice, taking turns. Prints how much longer Naru takes, and what it imported for it. The line
with `--since 0` asks the queue alone, as squeue does; without it Naru also asks accounting for what has ended.
"""

import argparse
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from tests.bench.measure import compile_packages, interleaved, median, spread, verdict  # noqa: E402
from tests.children import naru  # noqa: E402
from tests.lab.real import Lab, running_in  # noqa: E402

USER = "alice"
LIMIT = 200.0  # milliseconds above squeue
NOT_WANTED = ("textual", "httpx", "keyring", "click")


def milliseconds(lab: Lab, argv: list[str]) -> float:
    """How long a command takes as the user, from exec to its end."""
    full, env = lab.argv_as(USER, argv), lab.environment(USER)
    start = time.perf_counter()
    subprocess.run(full, env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000


def imported(lab: Lab, *arguments: str) -> set[str]:
    """Every module that `naru` imports for these arguments, by the interpreter's own account."""
    python, *rest = naru(*arguments)
    lines = lab.start(python, "-X", "importtime", *rest, user=USER).stderr.decode("utf-8", "replace").splitlines()
    return {line.rsplit("|", 1)[1].strip() for line in lines if line.startswith("import time:")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--runs", type=int, default=15, help="runs of each command (default 15)")
    runs: int = parser.parse_args().runs
    folder = os.environ.get("SLURM_LAB", "")
    if not folder:
        print("SLURM_LAB names no lab; start one with tests/lab/slurm-up", file=sys.stderr)
        return 2
    lab = running_in(Path(folder))
    compile_packages("msgspec", "naru", "naru_client")
    commands = {
        "squeue --me": ["squeue", "--me"],
        "python -c pass": [sys.executable, "-c", "pass"],
        "naru jobs --since 0": naru("jobs", "--since", "0"),
        "naru jobs": naru("jobs"),
        "naru jobs --all": naru("jobs", "--all"),
    }
    results = interleaved(runs, {name: partial(milliseconds, lab, argv) for name, argv in commands.items()})
    for name, times in results.items():
        print(f"{name:<44} {median(times):5.0f} ms ({spread(times)})")
    base = median(results["squeue --me"])
    for name, times in results.items():
        if name.startswith("naru"):
            print(verdict(f"{name}: above squeue", median(times) - base, LIMIT, " ms"))
    modules = imported(lab, "jobs")
    unwanted = [name for name in NOT_WANTED if name in modules]
    print(f"{'modules imported':<44} {len(modules):5}      of {', '.join(NOT_WANTED)}: {', '.join(unwanted) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
