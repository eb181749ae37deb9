"""How fast the simulated centre tells 10,000 jobs, against msgspec: `python tests/bench/mock_encoding.py [-n RUNS]`.

Both write the same records in one run, in turn: the simulated centre from its jobs (cold: none is written yet; warm:
none has changed), msgspec from Structs with every field of the contract. Nodes likewise. Prints ratios to msgspec.
"""

import argparse
import gc
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "client")]

import msgspec  # noqa: E402
from tests.bench.measure import interleaved, median, spread, verdict  # noqa: E402

from naru_client.mock.asgi import Reply  # noqa: E402
from naru_client.mock.scenario import parse_scenario  # noqa: E402
from naru_client.mock.simulator import Simulator  # noqa: E402
from naru_client.mock.slurmrestd import Slurmrestd  # noqa: E402
from naru_client.mock.world import SteppedClock, World  # noqa: E402

COLD_LIMITS, WARM_LIMIT = {"jobs": 2.0, "nodes": 2.5}, 0.5  # times msgspec
NOON = 1_795_348_800.0
SITE = """
cluster = "bench"
user = "naru"
users = [["naru", "lab", 0]]
accounts = [{ name = "lab", kind = "university" }]
warm-minutes = 0
history-hours = 0
nodes = [{ names = "g-[0001-1200]", gres = "gpu:b200:8", cores = 56, memory = 2064384 }]
partitions = [{ name = "gpu", nodes = "g-[0001-1200]", billing = "CPU=0.1,Mem=0.01G,GRES/gpu=12" }]
tenants = [{ kind = "university", prefix = "lab", projects = 400 }]
[[work]]
partition = "gpu"
like = "research"
per-hour = 0
busy = 0.97
pending = PENDING
shapes = SHAPES
arrays = 0.01
"""  # one job of twenty takes several nodes
SHAPES = "[[1, 1, 60], [1, 2, 15], [1, 4, 12], [1, 8, 8], [2, 8, 3], [8, 8, 2]]"


def world(jobs: int) -> tuple[Simulator, Slurmrestd]:
    """A site with so many jobs; somewhat over half of them wait."""
    text = SITE.replace("SHAPES", SHAPES).replace("PENDING", str(jobs))
    made = World(parse_scenario(text, "bench"), 1, SteppedClock(NOON))
    site = made.site()
    simulator = site.at_present()
    for number in sorted(simulator.jobs)[jobs:]:
        job = simulator.jobs[number]
        if job.pending:
            del simulator.jobs[number]
    return simulator, Slurmrestd(site, trusted={"bench": "naru"})


def ask(app: Slurmrestd, what: str) -> Reply:
    reply = app.reply("GET", f"/slurm/v0.0.44/{what}", {}, {"x-slurm-user-token": "bench"})
    assert reply.status == 200
    return reply


def as_type(name: str, sample: Any) -> Any:
    """The type of a value, Structs for objects, with every field that the sample has."""
    if isinstance(sample, dict):
        fields = [(key, as_type(f"{name}_{key}", value)) for key, value in sample.items()]
        return msgspec.defstruct(name, fields, gc=False) if fields else dict[str, Any]
    if isinstance(sample, list):
        return list[as_type(name, sample[0])] if sample else list[Any]  # type: ignore[misc]  # made at run time
    return type(sample)


def seconds(call: Any) -> float:
    """Of the processor, so that a busy machine counts less."""
    gc.collect()
    start = time.process_time()
    call()
    return time.process_time() - start


def measure(simulator: Simulator, app: Slurmrestd, what: str, runs: int) -> None:
    cached = list(simulator.jobs.values()) if what == "jobs" else simulator.cluster.node_list
    body = ask(app, what).body
    records = msgspec.json.decode(body)[what]
    fullest = max(records, key=lambda record: len(str(record)))
    structure = as_type(what, fullest)
    if what == "jobs":
        fields = [
            (f.name, f.type | None if f.name == "job_resources" else f.type) for f in msgspec.structs.fields(structure)
        ]
        structure = msgspec.defstruct("jobs", fields, gc=False)
    structs = msgspec.convert(records, list[structure])  # type: ignore[valid-type]  # made at run time
    assert len(msgspec.json.encode(structs)) > 0.99 * len(body) - 2000, "the Structs do not hold all that is told"

    def cold() -> float:
        for entry in cached:
            entry.wire = b""
        return seconds(lambda: ask(app, what))

    results = interleaved(
        runs,
        {
            "msgspec": lambda: seconds(lambda: msgspec.json.encode(structs)),
            "cold": cold,
            "warm": lambda: seconds(lambda: ask(app, what)),
        },
    )
    print(f"{len(records)} {what}, {len(body) / 1e6:.1f} MB")
    for name, samples in results.items():
        print(f"  {name:<42} {median(samples) * 1000:8.1f} ms ({spread([s * 1000 for s in samples])})")
    base = median(results["msgspec"])
    print(verdict(f"{what}: written anew, against msgspec", median(results["cold"]) / base, COLD_LIMITS[what], "×"))
    print(verdict(f"{what}: unchanged, against msgspec", median(results["warm"]) / base, WARM_LIMIT, "×"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--runs", type=int, default=9, help="runs of each (default 9)")
    parser.add_argument("--jobs", type=int, default=10_000, help="jobs of the site (default 10000)")
    arguments = parser.parse_args()
    simulator, app = world(arguments.jobs)
    for what in ("jobs", "nodes"):
        measure(simulator, app, what, arguments.runs)


if __name__ == "__main__":
    main()
