"""How soon a log is open: `python tests/bench/log_open.py [-n RUNS] [--size SIZE] [--toolong PATH] [--lnav PATH]`.

One training log of 5 GB and one of 5 MB, in the page cache. From the key `l` to the log's last line on the screen, in
two whole `naru` that run side by side on stand-ins for Slurm's commands, in turn; `naru logs` as a process beside
`naru --version`; and toolong and lnav on the same file, from their start until they show its last line (lnav: or its
first). Prints ratios: trust these, not milliseconds. 5 GB of disk are needed below TMPDIR.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from tests.bench import log_material, log_stand_in  # noqa: E402
from tests.bench.log_watch import Moment, Watched, until_idle  # noqa: E402
from tests.bench.measure import compile_packages, interleaved, median, spread, verdict  # noqa: E402
from tests.bench.proc import memory  # noqa: E402
from tests.children import clean_environment, naru  # noqa: E402

SIZES, PROCESSOR, COMMAND = 1.2, 60.0, 1.5  # times, ms, times
SOONER, SMALLER = 1 / 4, 1 / 20  # of the others' time and of their memory
SMALL = 5_000_000  # bytes
TAIL = 50
PATIENCE = 300.0  # seconds until a rival must show something
IDLE = 60.0  # seconds after which nobody waits for it to have read the rest
LAST = re.compile(re.escape(log_material.LAST))
ANY = re.compile(r"(?:INFO|WARNING) rank\d|line of this log")


class Opened(NamedTuple):
    """A viewer: ms from its start to its first content, and of the processor until then; MiB at most then and later."""

    time: float
    processor: float
    soon: float
    peak: float


def at_jobs(env: dict[str, str | None]) -> Watched:
    """A Naru with the list of jobs before it."""
    terminal = Watched(naru(), env)
    terminal.until(re.compile(log_stand_in.JOB))
    terminal.quiet(0.5)
    terminal.press("2")
    terminal.until(re.compile("/ Filter"))
    terminal.quiet(1.0)
    return terminal


def opened(terminal: Watched) -> Moment:
    """From the key to the log's last line; then back to the jobs."""
    before = terminal.now()
    terminal.press("l")
    took = terminal.until(LAST).since(before)
    terminal.quiet(0.5)
    terminal.press("escape")
    terminal.until(re.compile("/ Filter"))
    terminal.quiet(0.5)
    return took


def keys(envs: dict[str, dict[str, str | None]], runs: int) -> dict[str, list[Moment]]:
    """The key, in turn in a Naru for each log; the first time in each process is told by itself."""
    found: dict[str, list[Moment]] = defaultdict(list)
    with ExitStack() as stack:
        terminals = {name: stack.enter_context(at_jobs(env)) for name, env in envs.items()}
        for turn in range(runs + 1):
            for name, terminal in terminals.items():
                found[name if turn else f"{name}, first"].append(opened(terminal))
    return found


def viewer(env: dict[str, str | None]) -> tuple[Opened, Opened]:
    """Naru from its start, and of that the log alone: from the key, and the memory that came with it."""
    with Watched(naru(), env) as terminal:
        began = terminal.started
        terminal.wait_for_bytes(re.compile(log_stand_in.JOB.encode()), PATIENCE)
        terminal.press("2")
        terminal.wait_for_bytes(re.compile(rb"Filter"), PATIENCE)
        before, held = terminal.now(), memory(terminal.process.pid)
        terminal.press("l")
        moment = terminal.until(LAST)
        soon = memory(terminal.process.pid, "VmHWM")
        until_idle(terminal, timeout=IDLE)
        peak = memory(terminal.process.pid, "VmHWM")
        took = moment.since(before)
        whole = Opened((moment.time - began) * 1000, moment.used * 1000, soon, peak)
        return whole, Opened(took.time, took.used, soon - held, peak - held)


def rival(argv: list[str], env: dict[str, str | None]) -> Opened:
    """Another viewer from its start until it shows any line, and on until it has done with the file."""
    with Watched(argv, env) as terminal:
        moment = terminal.until(ANY, PATIENCE)
        soon = memory(terminal.process.pid, "VmHWM")
        until_idle(terminal, timeout=IDLE)
        peak = memory(terminal.process.pid, "VmHWM")
        return Opened((moment.time - terminal.started) * 1000, moment.used * 1000, soon, peak)


def run(argv: list[str], env: dict[str, str]) -> float:
    """Milliseconds of a command."""
    start = time.perf_counter()
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    took = (time.perf_counter() - start) * 1000
    if done.returncode or ("logs" in argv and log_material.LAST.encode() not in done.stdout):
        raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout[-500:]!r}\n{done.stderr.decode()}")
    return took


def tell_opened(name: str, runs: list[Opened]) -> None:
    times, used, soon, peak = zip(*runs, strict=True)
    print(
        f"  {name:<34} {median(times):8.0f} ms ({spread(times)}), cpu {median(used):7.0f} ms;"
        f"  {median(soon):7.1f} MiB then, {max(peak):7.1f} MiB at most"
    )


def tell_keys(envs: dict[str, dict[str, str | None]], runs: int) -> list[str]:
    """The key, big against small; what is to be said of it in the end."""
    pressed = keys(envs, runs)
    print("from the key to the last line, inside Naru")
    for name, moments in pressed.items():
        times, used = [one.time for one in moments], [one.used for one in moments]
        print(f"  {name:<12} {median(times):7.1f} ms ({spread(times)}), cpu {median(used):6.1f} ms ({spread(used)})")
    big, small = pressed["big"], pressed["small"]
    return [
        verdict("the key, big against small: time", midway(big, 0) / midway(small, 0), SIZES, "×"),
        verdict("the key, big against small: processor", midway(big, 1) / midway(small, 1), SIZES, "×"),
        verdict("the key: processor", midway(big, 1), PROCESSOR, " ms"),
        verdict("the key, first time in a process: processor", midway(pressed["big, first"], 1), PROCESSOR, " ms"),
    ]


def tell_commands(envs: dict[str, dict[str, str]], runs: int) -> list[str]:
    """`naru logs` as a process."""
    wanted = naru("logs", log_stand_in.JOB, "--tail", str(TAIL))
    cases = {"naru --version": partial(run, naru("--version"), envs["big"])}
    cases |= {f"naru logs, {name}": partial(run, wanted, env) for name, env in envs.items()}
    asked = interleaved(runs, cases)
    print("as a process")
    for name, milliseconds in asked.items():
        print(f"  {name:<20} {median(milliseconds):7.1f} ms ({spread(milliseconds)})")
    ratio = median(asked["naru logs, big"]) / median(asked["naru --version"])
    return [verdict("naru logs, against naru --version", ratio, COMMAND, "×")]


def tell_viewers(
    env: dict[str, str | None], plain: dict[str, str | None], log: Path, runs: int, rivals: dict[str, str | None]
) -> list[str]:
    """Naru's log beside the others', each of which is started once: they take their time."""
    print("from the start to the first content")
    ours = [viewer(env) for _ in range(runs)]
    tell_opened("naru, from its start", [whole for whole, _ in ours])
    tell_opened("naru's log, from the key", [only for _, only in ours])
    verdicts = []
    for name, path in rivals.items():
        if not path:
            print(f"  {name:<34} not installed: left out")
            continue
        other = rival([path, str(log)], plain)
        tell_opened(name, [other])
        ratio = 100 * midway([only for _, only in ours], 0) / other.time
        verdicts.append(verdict(f"from the key, against {name} from its start", ratio, 100 * SOONER, " %"))
        ratio = 100 * max(whole.peak for whole, _ in ours) / other.peak
        verdicts.append(verdict(f"memory of all of Naru, against {name}", ratio, 100 * SMALLER, " %"))
    return verdicts


def midway(runs: Sequence[tuple[float, ...]], field: int) -> float:
    return median([one[field] for one in runs])


def measure(folder: Path, size: int, runs: int, only: str | None, rivals: dict[str, str | None]) -> None:
    big, small = folder / "big.log", folder / "small.log"
    log_material.write(big, size)
    log_material.write(small, min(size, SMALL))
    commands = {name: log_stand_in.install(folder / name, log) for name, log in (("big", big), ("small", small))}
    envs = {name: log_stand_in.only(env) for name, env in commands.items()}
    plain = log_stand_in.only(clean_environment(folder / "plain", commands["big"]))
    print(f"{big.stat().st_size / 1e6:.0f} MB and {small.stat().st_size / 1e6:.0f} MB")
    verdicts: list[str] = []
    if only in (None, "keys"):
        verdicts += tell_keys(envs, runs)
    if only in (None, "commands"):
        verdicts += tell_commands(commands, runs)
    if only in (None, "viewers"):
        verdicts += tell_viewers(envs["big"], plain, big, min(runs, 3), rivals)
    print("\n".join(verdicts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--runs", type=int, default=9, help="runs of each (default 9; of the viewers 3)")
    parser.add_argument("--size", type=log_material.size_of, default="5G", help="bytes of the big log (default 5G)")
    parser.add_argument("--toolong", default=shutil.which("tl"), help="toolong's `tl` (default: the one on PATH)")
    parser.add_argument("--lnav", default=shutil.which("lnav"), help="lnav (default: the one on PATH)")
    parser.add_argument("--only", choices=("keys", "commands", "viewers"), help="less than all of it")
    wanted = parser.parse_args()
    compile_packages("textual", "rich", "msgspec", "naru", "naru_client")
    with tempfile.TemporaryDirectory(prefix="naru-bench-") as name:
        rivals = {"toolong": wanted.toolong, "lnav": wanted.lnav}
        measure(Path(name), wanted.size, wanted.runs, wanted.only, rivals)


if __name__ == "__main__":
    main()
