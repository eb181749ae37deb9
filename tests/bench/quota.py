"""`naru quota` on an account tree of 5,000 associations: `python tests/bench/quota.py [-n RUNS] [--associations N]`.

Stand-ins for Slurm's commands print a made-up answer. `--controller` is how long `scontrol show assoc_mgr` takes before
that, in milliseconds: 180 is the median on a real Slurm 22.05 with 5,023 associations. Beside Naru the commands that it
calls are run by themselves, one after the other. Prints how many times as long Naru takes for a user of two accounts,
for everybody, and for a login script, and which calls it makes.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from tests.bench.measure import compile_packages, interleaved, median, spread, verdict  # noqa: E402
from tests.bench.stand_in import user  # noqa: E402
from tests.children import naru  # noqa: E402

LIMIT = 2.0  # times as long as the calls
TRES = (
    "cpu", "mem", "energy", "node", "billing", "fs/disk", "vmem", "pages", "gres/gpu", "gres/gpu:b200",
    "gres/gpu:h100", "gres/gpu:h200", "gres/npu", "gres/npu:rngd", "license/vasp",
)  # fmt: skip
USERS = 4  # of an account
CONFIG = """Configuration data as of 2026-11-24T12:00:00
AccountingStorageType   = accounting_storage/slurmdbd
ClusterName             = bench
PriorityDecayHalfLife   = 00:00:00
SLURM_VERSION           = 24.05.4
"""
PROGRAM = """#!/bin/sh
echo "{name} $*" >> {folder}/calls
case "$*" in
*assoc_mgr*) sleep {wait}; exec cat {folder}/associations ;;
*config*) exec cat {folder}/config ;;
esac
"""


def associations(count: int, me: str, seed: int = 1) -> Iterator[str]:
    """So many associations as `scontrol show assoc_mgr` prints them; `me` is in two accounts with GPU-hours."""
    rng = Random(seed)
    yield "Current Association Manager state\n\nAssociation Records\n\n"
    number, home = 1, ""
    yield _record("root", "", "", 1, "N", 900_000)
    while number < count:
        if not home or number % 200 < USERS + 1:
            number += 1
            home = f"univ{number}"
            yield _record(home, "", "root(1)", number, "N", 400_000)
            above = f"{home}({number})"
        number += 1
        account = f"project{number}"
        used = rng.choice((0, 0, 0, rng.randrange(1, 60_000)))
        yield _record(account, "", above, number, "100000", used)
        mine = number > count // 2 and number <= count // 2 + 2 * (USERS + 1)
        for place in range(USERS):
            number += 1
            name = f"{me}(0)" if mine and not place else f"u{number}({20_000 + number})"
            yield _record(account, name, "", number, "N", used // USERS)
    yield "\nQOS Records\n\n"
    for place, qos in enumerate(("normal", "long", "debug"), 1):
        yield f"QOS={qos}({place})\n    UsageRaw=0.000000\n{_amounts('N', 0)}"


def _record(account: str, name: str, above: str, number: int, limit: str, used: int) -> str:
    return (
        f"ClusterName=bench Account={account} UserName={name} Partition= Priority=0 ID={number}\n"
        f"    SharesRaw/Norm/Level/Factor=1/0.01/102/1.00\n    UsageRaw/Norm/Efctv={used * 60}.00/0.00/0.00\n"
        f"    ParentAccount={above} Lft={number} DefAssoc=No\n    GrpJobs=N(0) GrpJobsAccrue=N(0)\n"
        f"    GrpSubmitJobs=N(0) GrpWall=N(0.00)\n{_amounts(limit, used)}    MaxJobs= MaxJobsAccrue= MaxSubmitJobs= "
        "MaxWallPJ=\n    MaxTRESPJ=\n    MaxTRESPN=\n    MaxTRESMinsPJ=\n    MinPrioThresh=\n"
    )


def _amounts(limit: str, used: int) -> str:
    nothing = ",".join(f"{name}=N(0)" for name in TRES)
    times = {"cpu": used * 8, "node": used, "billing": used * 8, "gres/gpu": used, "gres/gpu:h100": used}
    minutes = ",".join(f"{name}={limit if name == 'gres/gpu' else 'N'}({times.get(name, 0)})" for name in TRES)
    return f"    GrpTRES={nothing}\n    GrpTRESMins={minutes}\n    GrpTRESRunMins={nothing}\n"


def install(folder: Path, count: int, wait: float) -> dict[str, str]:
    """Make the stand-ins; the environment in which Naru asks them."""
    (folder / "associations").write_text("".join(associations(count, user())), encoding="ascii")
    (folder / "config").write_text(CONFIG, encoding="ascii")
    for name in ("scontrol", "squeue", "sacct", "sinfo"):
        (folder / name).write_text(PROGRAM.format(name=name, folder=folder, wait=wait), encoding="ascii")
        (folder / name).chmod(0o700)
    settings = folder / "naru" / "config.toml"
    settings.parent.mkdir()
    settings.write_text(
        f'default-profile = "b"\n[profiles.b]\nreach = "commands"\nbin = "{folder}"\n', encoding="ascii"
    )
    return {**os.environ, "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}


def milliseconds(argvs: Sequence[Sequence[str]], env: dict[str, str], allowed: tuple[int, ...] = (0,)) -> float:
    """How long commands take one after the other, from exec to the end of the last."""
    start = time.perf_counter()
    for argv in argvs:
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        if done.returncode not in allowed:
            raise SystemExit(f"{argv[0]} ended with {done.returncode}")
    return (time.perf_counter() - start) * 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--runs", type=int, default=11, help="runs of each command (default 11)")
    parser.add_argument("--associations", type=int, default=5_000, help="default 5,000")
    parser.add_argument("--controller", type=float, default=180.0, help="milliseconds until assoc_mgr is printed")
    args = parser.parse_args()
    compile_packages("msgspec", "naru", "naru_client")
    with tempfile.TemporaryDirectory(prefix="naru-quota-") as name:
        folder = Path(name)
        env = install(folder, args.associations, args.controller / 1000)
        size = (folder / "associations").stat().st_size / 1e6
        print(f"{args.associations:,} associations, {size:.1f} MB as printed")
        verbs = {
            "quota": naru("quota"),
            "quota --all": naru("quota", "--all"),
            "quota --check": naru("quota", "--check"),
        }
        cases = {"python -c pass": partial(milliseconds, [[sys.executable, "-c", "pass"]], env)}
        for verb, argv in verbs.items():
            (folder / "calls").write_text("", encoding="ascii")
            milliseconds([argv], env, (0, 1))
            calls = [line.split() for line in (folder / "calls").read_text(encoding="ascii").splitlines()]
            print(f"naru {verb}: {', '.join(' '.join(call[:3]) for call in calls)}")
            cases[f"{verb}: its calls"] = partial(milliseconds, [[str(folder / c[0]), *c[1:]] for c in calls], env)
            cases[f"naru {verb}"] = partial(milliseconds, [argv], env, (0, 1))
        results = interleaved(args.runs, cases)
    for label, times in results.items():
        print(f"{label:<44} {median(times):5.0f} ms ({spread(times)})")
    for verb in verbs:
        ratio = median(results[f"naru {verb}"]) / median(results[f"{verb}: its calls"])
        print(verdict(f"naru {verb}, against its calls", ratio, LIMIT, "x"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
