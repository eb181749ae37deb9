"""Following a log that grows by 50,000 lines a second: `python tests/bench/log_follow.py [--seconds N] [--rate LINES]`.

The whole `naru` on stand-ins for Slurm's commands and a pty of 160×48, a job's log open at its end; another process
appends to it. Three spells: nothing is pressed; keys are pressed; the same with a search. Before them keys are pressed
while nothing is written: what the machine itself takes. How old the last line on the screen is follows from the numbers
that the lines begin with. A key's time ends with the frame that answers it: the one that moves the rows as that key
does, which what merely grows never does.
"""

import argparse
import itertools
import random
import re
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from tests.bench import log_stand_in  # noqa: E402
from tests.bench.keys import percentile  # noqa: E402
from tests.bench.log_watch import COLUMNS, ROWS, Watched  # noqa: E402
from tests.bench.log_writer import NUMBER, bodies  # noqa: E402
from tests.bench.measure import compile_packages, median, verdict  # noqa: E402
from tests.bench.proc import memory  # noqa: E402
from tests.children import naru  # noqa: E402

OLDEST, SHARE, GROWTH, WRITTEN, SETTLED = 1.5, 60.0, 80.0, 100.0, 50.0  # s, %, MiB, kB/s, ms
FRAME = b"\x1b[?2026l"  # what ends one
BEFORE = 20_000  # lines that are there from the beginning
KEYS = ("k", "pageup", "j", "pageup", "pagedown", "k", "pageup", "j", "G")
WORD = "rank7"
PATIENCE = 5.0  # seconds for a key to be answered


class Frame(NamedTuple):
    """One that drew rows of the log: when its last byte came, the first and the last number on it."""

    moment: float
    first: int
    last: int


class Follower:
    """A Naru that shows the end of a log, and the frames it drew."""

    def __init__(self, terminal: Watched, height: int) -> None:
        self.terminal, self.height = terminal, height
        self.frames: list[Frame] = []
        self._parsed = 0
        self._parse()

    def read(self, seconds: float) -> None:
        """Take in what comes within so many seconds."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if self.terminal.read(left):
                self._parse()

    def _parse(self) -> None:
        raw = self.terminal.raw
        while (end := raw.find(FRAME, self._parsed)) >= 0:
            numbers = [int(found) for found in re.findall(NUMBER, raw[self._parsed : end])]
            self._parsed = end + len(FRAME)
            if len(numbers) > 2:  # rows that did not change are not drawn; one or two are a mark that moves
                stamps = self.terminal.stamps
                at = bisect_left(stamps, self._parsed, key=lambda stamp: stamp[1])
                self.frames.append(Frame(stamps[at][0].time, numbers[0], numbers[-1]))

    def press(self, key: str) -> float | None:
        """Milliseconds until the frame that answers a key; None when none came."""
        answers = answer_to(key, self.height)
        at, began = len(self.frames), time.perf_counter()
        self.terminal.press(key)
        while time.perf_counter() - began < PATIENCE:
            self.read(0.02)
            for before, frame in itertools.pairwise(self.frames[max(0, at - 1) :]):
                if answers(frame.first - before.first):
                    return (frame.moment - began) * 1000
        return None


def answer_to(key: str, height: int) -> Callable[[int], bool]:
    """By how many lines the first row may have moved when a key was answered."""
    return {
        "k": lambda by: by == -1,
        "j": lambda by: by == 1,
        "pageup": lambda by: -height <= by < 0,
        "pagedown": lambda by: 0 < by <= height,
        "G": lambda by: by > 0,
    }[key]


class Spell(NamedTuple):
    """What one stretch of time cost: % of a core, kB/s to the terminal, MiB at most, and how old lines were."""

    share: float
    written: float
    peak: float
    ages: list[float]
    oldest: float
    keys: dict[str, list[float | None]]


def spell(follower: Follower, seconds: float, line_time: Callable[[int], float], keys: bool) -> Spell:
    """Watch for so many seconds, pressing keys at random moments where wanted."""
    terminal, rng = follower.terminal, random.Random(1)
    pid = terminal.process.pid
    began, bytes_before, first = terminal.now(), len(terminal.raw), len(follower.frames)
    peak = memory(pid)
    times: dict[str, list[float | None]] = defaultdict(list)
    for key in itertools.cycle(KEYS):
        if time.perf_counter() - began.time >= seconds:
            break
        if keys:
            follower.read(rng.uniform(0.05, 0.45))
            times[key].append(follower.press(key))
        else:
            follower.read(0.5)
        peak = max(peak, memory(pid))
    took = terminal.now().since(began)
    ages = [frame.moment - line_time(frame.last) for frame in follower.frames[first:]]
    oldest = time.perf_counter() - line_time(follower.frames[-1].last)
    return Spell(100 * took.used / took.time, (len(terminal.raw) - bytes_before) / took.time, peak, ages, oldest, times)


def tell(name: str, told: Spell, idle: float) -> None:
    more = told.peak - idle
    print(f"{name}\n  {told.share:.0f} % of a core, {told.written:.0f} kB/s, at most {more:.1f} MiB above idle")
    if not told.keys:
        print(f"  {len(told.ages)} frames, the last line {median(told.ages):.2f} s old when drawn")
    for key, times in told.keys.items():
        answered = [one for one in times if one is not None]
        lost = len(times) - len(answered)
        told_lost = f", {lost} without an answer" if lost else ""
        p50, p95 = (median(answered), percentile(answered, 95)) if answered else (0.0, 0.0)
        print(f"  {key:<9} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   of {len(times)}{told_lost}")


def settled(told: Spell) -> float:
    """The 95th of 100 keys, in ms; one without an answer took longest."""
    return percentile([PATIENCE * 1000 if one is None else one for times in told.keys.values() for one in times], 95)


def measure(folder: Path, seconds: float, rate: float) -> None:
    log = folder / "train.log"
    texts = bodies()
    log.write_bytes(b"".join(b"n=%09d %s" % (n, texts[n % 1000]) for n in range(BEFORE)))
    env = log_stand_in.only(log_stand_in.install(folder / "site", log))
    with Watched(naru(), env, columns=COLUMNS, rows=ROWS) as terminal:
        terminal.until(re.compile(log_stand_in.JOB))
        terminal.press("2")
        terminal.until(re.compile("/ Filter"))
        terminal.press("l")
        terminal.until(re.compile(f"n={BEFORE - 1:09d}"))
        terminal.quiet(1.0)
        idle = memory(terminal.process.pid)
        height = len(re.findall(r"n=\d{9} ", terminal.drawn()))
        follower = Follower(terminal, height)
        still = spell(follower, seconds / 2, lambda _number: 0.0, keys=True)
        terminal.press("G")
        follower.read(0.5)
        argv = [sys.executable, str(HERE / "log_writer.py"), str(log), str(rate), str(3 * seconds + 8)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as writer:
            try:
                assert writer.stdout is not None
                begun = float(writer.stdout.readline()) - time.monotonic() + time.perf_counter()

                def line_time(number: int) -> float:
                    return begun + number / rate

                follower.read(min(2.0, seconds))
                quiet = spell(follower, seconds, line_time, keys=False)
                pressed = spell(follower, seconds, line_time, keys=True)
                for keys in ("/", WORD, "\r", "G"):  # each when the one before has been heard
                    terminal.send(keys)
                    follower.read(0.5)
                if f"/{WORD}  " not in (screen := terminal.drawn()):
                    raise AssertionError(f"no search is shown:\n{screen}")
                searched = spell(follower, seconds, line_time, keys=True)
            finally:
                writer.kill()
    print(f"{rate:.0f} lines a second for {seconds:g} s each; {idle:.0f} MiB idle")
    tell("keys while nothing is written", still, idle)
    tell("following", quiet, idle)
    tell("following, with keys", pressed, idle)
    tell(f"following, with keys and a search for {WORD}", searched, idle)
    print(verdict("the last line on the screen, at the end", quiet.oldest, OLDEST, " s"))
    print(verdict("the last line on the screen, when drawn", max(quiet.ages), OLDEST, " s"))
    print(verdict("processor", quiet.share, SHARE, " %"))
    print(verdict("memory above idle", max(quiet.peak, pressed.peak) - idle, GROWTH, " MiB"))
    print(verdict("to the terminal", quiet.written, WRITTEN, " kB/s"))
    print(verdict("key to settled, p95", settled(pressed), SETTLED, " ms"))
    print(f"{'the same while nothing is written':<44} {settled(still):8.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds of each spell (default 20)")
    parser.add_argument("--rate", type=float, default=50_000, help="lines a second (default 50000)")
    arguments = parser.parse_args()
    compile_packages("textual", "rich", "msgspec", "naru", "naru_client")
    with tempfile.TemporaryDirectory(prefix="naru-bench-") as name:
        measure(Path(name), arguments.seconds, arguments.rate)


if __name__ == "__main__":
    main()
