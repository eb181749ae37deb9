"""What the simulated centre costs: `python tests/bench/simulator.py [-n RUNS]`.

Building the programme, an hour of it, and building the nation with the memory it takes, each in a process of its own.
Beside each time stands its ratio to a yardstick of the same process: making and dropping 100,000 small structs, so that
figures of two machines can be compared.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "client")]

from tests.bench.measure import compile_packages, median, spread, verdict  # noqa: E402

CHILD = """
import json, sys, time
sys.path.insert(0, {client!r})
from msgspec import Struct
import naru_client.mock.opening, naru_client.mock.scenario_check  # imported late otherwise, and no part of building
from naru_client.mock.scenario import load_scenario
from naru_client.mock.world import World

class Small(Struct):
    a: int
    b: float
    c: str

began = time.perf_counter()
for i in range(100_000):
    Small(i, 0.5, "c")
yardstick = time.perf_counter() - began
began = time.perf_counter()
world = World(load_scenario({name!r}), 1, lambda: now)
now = 1_795_348_800.0
"""
BUILD = """
sims = [site.at_present() for site in world.sites.values()]
built = time.perf_counter() - began
hour = 0.0
if {hour!r}:
    began = time.perf_counter()
    now += 3600
    for site in world.sites.values():
        site.at_present()
    hour = time.perf_counter() - began
with open("/proc/self/status", encoding="ascii") as status:
    (line,) = (line for line in status if line.startswith("VmHWM:"))
print(json.dumps({{
    "yardstick": yardstick, "built": built, "hour": hour, "mebibytes": int(line.split()[1]) / 1024,
    "jobs": sum(len(sim.jobs) for sim in sims), "nodes": sum(len(sim.cluster.nodes) for sim in sims),
}}))
"""


def one(name: str, *, hour: bool) -> dict[str, float]:
    """Seconds, MiB and counts of one fresh process."""
    text = "now = 1_795_348_800.0\n" + CHILD.format(client=str(HERE.parents[1] / "client"), name=name)
    code = text + BUILD.format(hour=hour)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--runs", type=int, default=5, help="runs of each (default 5)")
    runs: int = parser.parse_args().runs
    compile_packages("msgspec", "naru_client")
    programme = [one("programme", hour=True) for _ in range(runs)]
    nation = [one("national", hour=False) for _ in range(max(1, runs // 2))]
    for name, samples in (("programme", programme), ("national", nation)):
        print(f"{name}: {samples[0]['nodes']:.0f} nodes, {samples[0]['jobs']:.0f} jobs at the opening")
        for key in ("built", "hour"):
            times = [sample[key] * 1000 for sample in samples if sample[key]]
            if times:
                ratio = median([sample[key] / sample["yardstick"] for sample in samples])
                print(f"  {key:<8} {median(times):6.0f} ms ({spread(times)}), {ratio:.1f}× the yardstick")
    print("a bare Textual app takes about 260 ms on the machine that the limits are for: see startup.py")
    print(verdict("programme: built", median([s["built"] for s in programme]) * 1000, 150, " ms"))
    print(verdict("programme: one simulated hour", median([s["hour"] for s in programme]) * 1000, 1000, " ms"))
    print(verdict("national: built", median([s["built"] for s in nation]) * 1000, 2000, " ms"))
    print(verdict("national: most memory", median([s["mebibytes"] for s in nation]), 400, " MiB"))


if __name__ == "__main__":
    main()
