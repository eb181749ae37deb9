"""The node map at 32,500 nodes against 325: what a reading, a full paint and a small change cost, as ratios.

    python tests/bench/node_map.py [--runs 5]

Processor time of one process, so that a busy machine changes the ratios little. The longest single go is how long a key
may have to wait while nodes are taken up.
"""

import argparse
import gc
import random
import sys
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tui"), str(HERE.parents[1] / "client")]

from msgspec.structs import replace  # noqa: E402
from tests.bench.measure import interleaved, median, verdict  # noqa: E402

from naru.widgets.node_map_model import MapModel  # noqa: E402
from naru_client.insight.pools import startable_by_pool  # noqa: E402
from naru_client.insight.tally import fill_pools, tally  # noqa: E402
from naru_client.model import Node, NodeAccelerators, NodeCondition, Pool  # noqa: E402

FEW, MANY = 325, 32_500
SITES = 5
ROOM = (70, 5)  # cells of the map at 80×24
CHANGED = 0.01

LONGEST_GO = 30.0  # milliseconds
LINEAR = 1.5  # a hundred times the nodes may cost so many hundred times the time
CHANGE_AGAINST_ALL = 0.2


def farm(number: int, seed: int = 1) -> tuple[Node, ...]:
    """Nodes of five sites as a busy programme has them."""
    dice = random.Random(seed)
    nodes = []
    for i in range(number):
        used = dice.choice((8, 8, 8, 8, 3, 0))
        condition: NodeCondition = "mixed" if used else "idle"
        if dice.random() < 0.03:
            condition = "down"
        nodes.append(
            Node(
                site=f"site-{i * SITES // number}", name=f"n{i:05d}", states=(condition.upper(),), condition=condition,
                pools=("train",), accelerators=(NodeAccelerators("gpu", "b200" if i % 5 else "b300", 8, used),),
                cpus=56, cpus_used=used * 7, memory=2 << 40, memory_used=used << 37, features=("nvlink",),
            )
        )  # fmt: skip
    return tuple(nodes)


def changed(nodes: Sequence[Node], seed: int) -> tuple[Node, ...]:
    """The next reading: every node a new object, one in a hundred in another condition."""
    dice = random.Random(seed)
    return tuple(
        replace(node, condition="drained", states=("IDLE", "DRAIN")) if dice.random() < CHANGED else replace(node)
        for node in nodes
    )


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of processor time."""
    gc.collect()
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e3


def goes(work: Generator[None, None, object]) -> tuple[float, float]:
    """Milliseconds of the longest go, and of all of them."""
    times = []
    while True:
        began = time.process_time()
        try:
            next(work)
        except StopIteration:
            times.append((time.process_time() - began) * 1e3)
            return max(times), sum(times)
        times.append((time.process_time() - began) * 1e3)


def paint(model: MapModel) -> None:
    """Look at every cell anew, as when all of the map is drawn."""
    model.forget_looks()
    for cell in range(len(model.layout.starts)):
        model.look_of(cell)


def measured(nodes: tuple[Node, ...]) -> dict[str, float]:
    """What the map and the figures beside it cost for these nodes, in milliseconds."""
    gc.collect()
    model = MapModel()
    model.room = ROOM
    first_go, first = goes(model.take_up(nodes))
    layout = timed(lambda: model.lay_out(None))
    painting = timed(lambda: paint(model))
    next_reading = changed(nodes, 2)
    gc.collect()
    change_go, change = goes(model.take_up(next_reading))
    pools = [Pool(site=f"site-{n}", name="train", state="UP") for n in range(SITES)]
    return {
        "first": first,
        "first go": first_go,
        "layout": layout,
        "paint": painting,
        "change": change,
        "change go": change_go,
        "figures": timed(lambda: (tally(nodes), fill_pools(pools, nodes), startable_by_pool(pools, nodes))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=5)
    few, many = farm(FEW), farm(MANY)
    gc.freeze()
    results = interleaved(parser.parse_args().runs, {"few": lambda: measured(few), "many": lambda: measured(many)})
    figures = {name: {what: median([run[what] for run in runs]) for what in runs[0]} for name, runs in results.items()}
    at_many, times = figures["many"], MANY / FEW

    def ratio(what: str) -> float:
        return float(at_many[what]) / max(figures["few"][what], 0.01) / times

    print(f"{MANY:,} nodes against {FEW}; 1.00 is as much time for each node")
    for what in ("first", "paint", "change", "figures"):
        print(verdict(f"{what}: a node's cost, many against few", ratio(what), LINEAR, ""))
    whole = at_many["first"] + at_many["layout"] + at_many["paint"]
    print(verdict("1 % changed, against all anew", at_many["change"] / whole, CHANGE_AGAINST_ALL, ""))
    print(verdict("longest go of a first reading", at_many["first go"], LONGEST_GO, " ms"))
    print(verdict("longest go of a further reading", at_many["change go"], LONGEST_GO, " ms"))
    print(verdict("layout in cells and lines", at_many["layout"], LONGEST_GO, " ms"))
    print(verdict("every cell looked at", at_many["paint"], LONGEST_GO, " ms"))
    print(f"in all, ms: {', '.join(f'{what} {value:.1f}' for what, value in at_many.items())}")


if __name__ == "__main__":
    main()
