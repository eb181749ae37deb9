"""What watching costs a real slurmctld: `SLURM_LAB=/folder python tests/bench/slurmctld_load.py [--minutes M]`.

The lab's queue is filled with waiting jobs (`tests/lab/slurm-queue`), then slurmctld's processor time is read over so
many minutes with nobody there, with `watch -n 10 squeue`, with Naru open on the Jobs tab of its own jobs and, where
asked for, of everybody's, then with nobody again. Starting up is part of it. All as the user alice. Take a lab of its
own whose scheduler rests, else scheduling hides what asking costs:

    export LAB=/tmp/load-lab LAB_PORT=auto LAB_CLUSTER=load LAB_NODES=cpu-01
    LAB_EXTRA="SchedulerParameters=bf_interval=3600,sched_interval=3600,batch_sched_delay=3600" tests/lab/slurm-up
    SLURM_LAB=$LAB python tests/bench/slurmctld_load.py
    tests/lab/slurm-down --purge
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from tests.bench.measure import verdict  # noqa: E402
from tests.bench.proc import processor  # noqa: E402
from tests.children import naru  # noqa: E402
from tests.lab.real import Lab, running_in  # noqa: E402
from tests.terminal import Terminal  # noqa: E402

USER = "alice"
LIMIT = 0.5  # of what watch costs above nobody
COLUMNS, ROWS = 160, 48
ROW = re.compile(rb"sweep")  # of slurm-queue and of slurm-fill
RPC = re.compile(r"^\t(\w+) +\( *\d+\) count:(\d+) ", re.MULTILINE)


class Spell(NamedTuple):
    """Some minutes of slurmctld: seconds of processor, and the messages it was sent, by kind."""

    seconds: float
    messages: Counter[str]


def messages(lab: Lab) -> Counter[str]:
    """How often each kind of message has reached slurmctld so far."""
    kinds, _, _users = lab.run("sdiag").partition("statistics by user")
    return Counter({kind: int(count) for kind, count in RPC.findall(kinds)})


def spell(lab: Lab, minutes: float, argv: list[str] | None, *keys: str) -> Spell:
    """Those minutes with a program open on a terminal, after these keys; with nobody there when it is None."""
    pid = int((lab.folder / "run" / "slurmctld.pid").read_text(encoding="ascii"))
    asked, used, end = messages(lab), processor(pid), time.monotonic() + minutes * 60
    if argv is None:
        time.sleep(minutes * 60)
    else:
        absent: dict[str, str | None] = dict.fromkeys(os.environ)
        env = absent | dict(lab.environment(USER)) | {"COLORTERM": "truecolor"}
        with Terminal(lab.argv_as(USER, argv), columns=COLUMNS, rows=ROWS, env=env, draws=False) as terminal:
            terminal.wait_for_bytes(re.compile(rb"\d"))
            for key in keys:
                terminal.settle(0.5)
                terminal.press(key)
            terminal.wait_for_bytes(ROW, 60)
            while (left := end - time.monotonic()) > 0:
                terminal.read(min(left, 1.0))
                if terminal.process.poll() is not None:
                    raise SystemExit(f"{argv[0]} ended: {terminal.raw[-400:]!r}")
            used = processor(pid) - used
        return Spell(used, messages(lab) - asked)
    return Spell(processor(pid) - used, messages(lab) - asked)


def told(name: str, found: Spell) -> str:
    """One line: seconds, and what was asked, commonest first."""
    kinds = ", ".join(
        f"{count} {kind.removeprefix('REQUEST_').lower()}" for kind, count in found.messages.most_common()
    )
    return f"{name:<34} {found.seconds:7.2f} s   {kinds}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-m", "--minutes", type=float, default=10.0, help="minutes of each (default 10)")
    parser.add_argument("--jobs", type=int, default=5000, help="waiting jobs to have (default 5000)")
    parser.add_argument("--everybody", action="store_true", help="also with everybody's jobs in view")
    arguments = parser.parse_args()
    if not os.environ.get("SLURM_LAB"):
        print("SLURM_LAB names no lab; start one with tests/lab/slurm-up", file=sys.stderr)
        return 2
    lab = running_in(Path(os.environ["SLURM_LAB"]))
    queue = [str(HERE.parent / "lab" / "slurm-queue"), str(arguments.jobs)]
    subprocess.run(queue, env=os.environ | {"LAB": str(lab.folder)}, stdin=subprocess.DEVNULL, check=True)
    own = len(lab.run("squeue", "--noheader", "--me", user=USER).splitlines())
    if not own:
        print(f"{USER} has no job here: fill the lab, or give --jobs", file=sys.stderr)
        return 2
    print(f"{arguments.minutes:g} minutes each; {own} of the jobs are the user's own")
    minutes = arguments.minutes
    cases: dict[str, tuple[list[str] | None, tuple[str, ...]]] = {
        "nobody": (None, ()),
        "watch -n 10 squeue": (["watch", "-n", "10", "squeue"], ()),
        "naru, own jobs": (naru(), ("2",)),
    }
    if arguments.everybody:
        cases["naru, everybody's jobs"] = (naru(), ("2", "a"))
    cases["nobody again"] = (None, ())
    found = {}
    for name, (argv, keys) in cases.items():
        found[name] = spell(lab, minutes, argv, *keys)
        print(told(name, found[name]), flush=True)
    nothing = (found["nobody"].seconds + found["nobody again"].seconds) / 2
    watch = found["watch -n 10 squeue"].seconds
    above = max(watch - nothing, 0.01)  # the clock's own step
    for name, one in found.items():
        if name.startswith("naru"):
            print(verdict(f"{name}: above nobody, against watch", (one.seconds - nothing) / above, LIMIT, "×"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
