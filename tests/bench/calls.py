"""How often Slurm is asked in a minute of watching one's own jobs: `python tests/bench/calls.py [--seconds S]`.

Naru and, where they are on PATH, turm, stui and SlurmTUI, each idle on its own jobs for so long, on stand-ins for
Slurm's commands that note every call (stand_in.py).
Those that are absent are said to be. What starting up asks is told apart.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from tests.bench import queue_text, stand_in  # noqa: E402
from tests.bench.measure import verdict  # noqa: E402
from tests.children import clean_environment, naru  # noqa: E402
from tests.terminal import Terminal  # noqa: E402

from naru_client.slurm.text_lists import SQUEUE_FIELDS  # noqa: E402

ROW = re.compile(rb"(?i)running|pending")
SETTLED = 5.0  # seconds after which a program has started up
JOBS, NODES = 400, 200  # 40 of the jobs are one's own
OTHERS = {  # how each shows one's own jobs; stui always asks for everybody's
    "turm": ("turm", "--me"),
    "stui": ("stui",),
    "SlurmTUI": ("slurmtui",),
}


class Asked(NamedTuple):
    """How often each command was called: until the program had settled, and in the time it was then left alone."""

    starting: Counter[str]
    idle: Counter[str]


def asked(folder: Path, argv: list[str], keys: str, env: dict[str, str], seconds: float) -> Asked:
    """The calls of a program that shows its rows, is pressed these keys and then left alone for so long."""
    (folder / "calls").write_text("", encoding="utf-8")
    absent: dict[str, str | None] = dict.fromkeys(set(os.environ) - set(env))
    with Terminal(argv, columns=120, rows=40, env=absent | env, draws=False) as terminal:
        terminal.wait_for_bytes(ROW, 30)
        for key in keys:
            terminal.press(key)
        listen(terminal, SETTLED)
        starting = counted(folder)
        listen(terminal, seconds)
        return Asked(starting, counted(folder) - starting)


def listen(terminal: Terminal, seconds: float) -> None:
    """Leave it alone for so long; raises SystemExit when it ends."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        terminal.read(min(left, 1.0))
        if terminal.process.poll() is not None:
            raise SystemExit(f"{terminal.process.args!r} ended: {terminal.raw[-400:]!r}")


def counted(folder: Path) -> Counter[str]:
    return Counter(call.split()[0] for call in stand_in.calls(folder))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-s", "--seconds", type=float, default=60.0, help="seconds of each (default 60)")
    seconds: float = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="naru-bench-") as name:
        place = Path(name)
        folder = place / "bin"
        env = clean_environment(place / "home", os.environ)
        (place / "home").mkdir()
        settings = stand_in.install(
            folder, queue_text.write(place, JOBS, SQUEUE_FIELDS, own=stand_in.user()).squeue, NODES
        )
        config = Path(env["XDG_CONFIG_HOME"]) / "naru"
        config.mkdir(parents=True)
        (config / "config.toml").write_text(settings, encoding="utf-8")
        env["PATH"] = f"{folder}{os.pathsep}{env.get('PATH', os.defpath)}"
        found = {"naru": asked(folder, naru(), "2", env, seconds)}
        for label, (command, *arguments) in OTHERS.items():
            if path := shutil.which(command):
                foreign = {key: value for key, value in env.items() if key != "PYTHONPATH"}
                found[label] = asked(folder, [path, *arguments], "", foreign, seconds)
            else:
                print(f"{label:<10} not installed")
    for label, calls in found.items():
        kinds = ", ".join(f"{count} {command}" for command, count in calls.idle.most_common())
        print(f"{label:<10} {calls.idle.total():4} calls in {seconds:g} s: {kinds}; {calls.starting.total()} before")
    ours = found.pop("naru").idle.total()
    for label, calls in found.items():
        print(verdict(f"naru's calls, fewer than those of {label}", ours, calls.idle.total() - 1, ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
