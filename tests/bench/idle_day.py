"""What a day in a corner of the screen leaves in memory: `python tests/bench/idle_day.py [--hours H]`.

The real program on a pty, on a simulated centre that another process serves, so that the history that grows there is
no part of it. Time leaps over what the program sleeps through (idle_clock.py): a day is a few minutes. Every five
minutes a key is pressed, else it would leave off asking after a while; `--untouched` presses none. Prints its memory by
the hour, and how much larger it was at the end than after the first hour.
"""

import argparse
import mmap
import os
import struct
import sys
import tempfile
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from tests.bench.measure import median, verdict  # noqa: E402
from tests.bench.proc import memory  # noqa: E402
from tests.children import clean_environment  # noqa: E402
from tests.terminal import Terminal  # noqa: E402

from naru_client.testing.served import ServedCentre, served_centre  # noqa: E402

LIMIT = 5.0  # per cent
HOUR, MINUTE, TOUCH = 3600.0, 60.0, 300.0  # seconds
STUCK = 60.0  # real seconds in which the clock must move
CONFIG = """default-profile = "idle"
[profiles.idle]
reach = "http"
url = "{url}"
timeout = 600
"""


def hours(
    served: ServedCentre, wanted: float, tab: str, env: dict[str, str], folder: Path, *, touched: bool
) -> list[float]:
    """MiB of memory at the end of each hour: the median of its second half."""
    path = folder / "clock"
    path.write_bytes(bytes(8))
    absent: dict[str, str | None] = dict.fromkeys(set(os.environ) - set(env))
    argv = [sys.executable, str(HERE / "idle_clock.py"), str(path)]
    samples: list[float] = []
    within: list[float] = []  # of the hour that passes: one alone may fall into a reading
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ) as shared,
        Terminal(argv, columns=160, rows=48, env=absent | env, draws=False) as terminal,
    ):
        terminal.settle(0.5)
        terminal.press(tab)
        lived, touch, waited, measured = 0.0, TOUCH, 0.0, 0.0
        while len(samples) < wanted:
            if terminal.process.poll() is not None:
                raise SystemExit(f"naru ended: {terminal.raw[-400:]!r}")
            heard = terminal.read(0.02)
            terminal.raw.clear()
            (leapt,) = struct.unpack("d", shared[:8])
            if leapt > lived:
                served.within(partial(served.step, seconds=leapt - lived))
                lived, waited = leapt, 0.0
            elif not heard:
                waited += 0.02
                if waited > STUCK:
                    raise SystemExit(f"time stands still at {lived / HOUR:.2f} h")
            if touched and lived >= touch:
                terminal.press("j")
                touch = lived + TOUCH
            full = lived >= (len(samples) + 1) * HOUR
            if full or leapt > measured + MINUTE:
                within.append(memory(terminal.process.pid))
                measured = leapt
            if full:
                samples.append(median(within[len(within) // 2 :]))
                within.clear()
                print(f"  hour {len(samples):2}: {samples[-1]:6.1f} MiB", flush=True)
    return samples


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--hours", type=int, default=24, help="how long a day is (default 24)")
    parser.add_argument("--scenario", default="small", help="the simulated centre (default small)")
    parser.add_argument("--tab", default="2", help="the key of the tab that is open (default 2, Jobs)")
    parser.add_argument("--untouched", action="store_true", help="press no key")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="naru-bench-") as name, served_centre(wanted.scenario) as served:
        folder = Path(name)
        env = clean_environment(folder / "home", os.environ)
        config = Path(env["XDG_CONFIG_HOME"]) / "naru"
        config.mkdir(parents=True)
        (config / "config.toml").write_text(CONFIG.format(url=served.url), encoding="utf-8")
        env["SLURM_JWT"] = served.token(lifespan=100 * 24 * HOUR)
        samples = hours(served, wanted.hours, wanted.tab, env, folder, touched=not wanted.untouched)
    growth = 100 * (samples[-1] / samples[0] - 1)
    print(verdict("growth from the first hour to the end", growth, LIMIT, " %"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
