"""A centre's books, kept by another way than the program's: from events in any order, by formulas written out here.

An event says that a run began or ceased to use its share at some second. A run's seconds are the sum of the seconds at
which it ceased, less the sum of those at which it began: no order of events can matter to that.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from naru_client.model import Accelerators, Job

GIB = 1 << 30
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
TURN = datetime(2026, 6, 30, 15, tzinfo=UTC)  # midnight in Seoul
END = datetime(2026, 12, 31, 15, tzinfo=UTC)
Dated = Literal["start", "end"]

TARIFF = """\
title = "A centre"
unit = "SU"
utc-offset = "+09:00"
dated-by = "{dated}"
rounding = {{ decimals = 9 }}
qos = {{ high = 2.5, low = 0.5 }}
services = {{ cheap = 0.9 }}
[classes]
youth = {{ low = 0.025, high = 0.05 }}
[prices.KRW]
currency = "KRW"
amount = 1370.5
units = 3
rounding = {{ decimals = 0, mode = "half-up" }}
[[periods]]
until = 2026-07-01
[periods.pools]
shared = {{ by = "share", each = 0.90848, node = {{ accelerators = 8, cpus = 96 }} }}
whole = {{ by = "nodes", each = 3 }}
sliced = {{ by = "max", rates = [
  {{ resource = "cpu", each = 1 }}, {{ resource = "memory", slice = "7 GiB", each = 1, whole = true }},
] }}
models = {{ by = "sum", rates = [
  {{ resource = "gpu:h200", each = 5 }}, {{ resource = "npu", each = 2 }}, {{ resource = "cpu", each = 0.01 }},
] }}
billed = {{ by = "billing", each = 0.001, combine = "max", weights = "CPU=1.0,Mem=0.25G,GRES/gpu=30.5" }}
[[periods]]
from = 2026-07-01
[periods.pools]
shared = {{ by = "share", each = 1.2, node = {{ accelerators = 8, cpus = 96 }} }}
whole = {{ by = "nodes", each = 2.75 }}
sliced = {{ by = "max", rates = [
  {{ resource = "cpu", each = 1.1 }}, {{ resource = "memory", slice = "7 GiB", each = 1.3, whole = true }},
] }}
models = {{ by = "sum", rates = [
  {{ resource = "gpu:h200", each = 5.5 }}, {{ resource = "npu", each = 2 }}, {{ resource = "cpu", each = 0.01 }},
] }}
billed = {{ by = "billing", each = 0.001, combine = "max", weights = "CPU=1.0,Mem=0.25G,GRES/gpu=40" }}
"""
# what each pool takes for an hour before and after the turn, in the order of the formulas below
BEFORE = ("0.90848", "3", ("1", "1"), ("5", "2", "0.01"), "30.5")
AFTER = ("1.2", "2.75", ("1.1", "1.3"), ("5.5", "2", "0.01"), "40")
QOS = {"normal": Fraction(1), "high": Fraction(5, 2), "low": Fraction(1, 2)}
POOLS = ("shared", "whole", "sliced", "models", "billed")


class Shape(NamedTuple):
    pool: str
    qos: str
    nodes: int
    cpus: int
    gib: int
    gpus: int
    npus: int


class Event(NamedTuple):
    """At that second of the controller's clock the run began (-1) or ceased (+1) to use its share."""

    run: int
    second: int
    sign: int


class Run(NamedTuple):
    """One run of one job: to whom and for what it counts, when it began and when it ended."""

    number: int
    account: str
    shape: Shape
    began: datetime
    ended: datetime | None


def an_hour(shape: Shape, at: datetime) -> Fraction:
    """What an hour costs, by arithmetic of its own."""
    share, whole, sliced, models, gpu = BEFORE if at < TURN else AFTER
    hour = {
        "shared": lambda: Fraction(share) * max(Fraction(shape.gpus + shape.npus, 8), Fraction(shape.cpus, 96)),
        "whole": lambda: Fraction(whole) * shape.nodes,
        "sliced": lambda: max(Fraction(sliced[0]) * shape.cpus, Fraction(sliced[1]) * math.ceil(shape.gib / 7)),
        "models": lambda: (
            Fraction(models[0]) * shape.gpus + Fraction(models[1]) * shape.npus + Fraction(models[2]) * shape.cpus
        ),
        "billed": lambda: Fraction(
            math.floor(max(Fraction(shape.cpus), Fraction(shape.gib, 4), Fraction(gpu) * shape.gpus)), 1000
        ),
    }[shape.pool]()
    return hour * QOS[shape.qos]


def books(runs: Iterable[Run], events: Iterable[Event], dated: Dated, now: datetime) -> dict[str, Fraction]:
    """What each account owes for these runs, in SU before any class, from events in any order."""
    seconds: dict[int, int] = defaultdict(int)
    for event in events:
        seconds[event.run] += event.sign * event.second
    owed: dict[tuple[str, Shape, bool], int] = defaultdict(int)
    for run in runs:
        at = run.began if dated == "start" else run.ended or now
        owed[run.account, run.shape, at < TURN] += max(seconds[run.number], 0)
    account: dict[str, Fraction] = defaultdict(Fraction)
    for (name, shape, early), used in owed.items():
        account[name] += an_hour(shape, YEAR if early else TURN) * used / 3600
    return account


def won(amount: Fraction) -> Decimal:
    """Half up, as the bill is written."""
    return Decimal(math.floor(amount + Fraction(1, 2)))


SHAPES = [
    Shape(pool, qos, nodes, cpus, gib, gpus, npus)
    for pool in POOLS
    for qos in QOS
    for nodes, cpus, gib, gpus, npus in (
        (1, 1, 3, 0, 0), (1, 12, 100, 1, 0), (1, 72, 2, 8, 0), (4, 96, 4000, 32, 0), (1, 7, 29, 0, 3), (2, 13, 8, 5, 2),
    )
]  # fmt: skip


def record(run: Run, state: str, elapsed: int | None, **told: object) -> Job:
    """The run as accounting lists it."""
    shape = run.shape
    kinds = (("gpu", "h200", shape.gpus), ("npu", "n240", shape.npus))
    return Job(
        site="s", id=str(told.pop("id", run.number)), job_id=run.number, state=state, account=run.account,
        user=run.account, pool=shape.pool, qos=shape.qos, nodes=shape.nodes, cpus=shape.cpus, memory=shape.gib * GIB,
        accelerators=tuple(Accelerators(*one) for one in kinds if one[2]), started=run.began, ended=run.ended,
        elapsed=elapsed, time_limit=30 * 86400, node_list="n1", **told,  # type: ignore[arg-type]
    )  # fmt: skip


class Year:
    """Jobs and the events behind them, from one seed: requeues, suspensions, arrays, het jobs, clocks set anew."""

    def __init__(self, seed: int, jobs: int, accounts: int = 40) -> None:
        self._random = random.Random(seed)
        self._accounts = accounts
        self.jobs: list[Job] = []
        self.runs: list[Run] = []
        self.events: list[Event] = []
        while len(self.jobs) < jobs:
            self._submit()
        self._random.shuffle(self.events)
        self._random.shuffle(self.jobs)

    def _submit(self) -> None:
        rng = self._random
        account = f"a{rng.randrange(self._accounts)}"
        shape = rng.choice(SHAPES)
        begin = YEAR + timedelta(seconds=rng.randrange(364 * 86400))
        kind = rng.randrange(20)
        if kind == 0:  # an array, each task by itself
            for task in range(rng.randrange(2, 30)):
                later = begin + timedelta(seconds=rng.randrange(86400))
                self._run(account, shape, later, id=f"{len(self.runs)}_{task}", array_id=7, array_task=task)
        elif kind == 1:  # a het job: parts of different shapes, at once
            for offset in range(rng.randrange(2, 4)):
                self._run(account, rng.choice(SHAPES), begin, het_id=7, het_offset=offset)
        elif kind == 2:  # put back into the queue: a record for each run
            for restarts in range(rng.randrange(2, 5)):
                begin = self._run(account, shape, begin, state="PREEMPTED", restarts=restarts, id="77")
                begin += timedelta(seconds=rng.randrange(7200))
        elif kind == 3:  # cancelled in the queue: in the controller's own manner, and in accounting's
            started = begin if rng.random() < 0.5 else None
            run = Run(len(self.runs), account, shape, begin, begin)
            job = record(run, "CANCELLED", 0)
            self.runs.append(run)
            self.jobs.append(_with(job, started=started, node_list=None))
        else:
            self._run(account, shape, begin)

    def _run(self, account: str, shape: Shape, begin: datetime, state: str = "", **told: object) -> datetime:
        """One run with its events; when it ended, by the controller's clock."""
        rng = self._random
        number = len(self.runs)
        stretches = list(self._stretches(begin))
        ended: datetime | None = stretches[-1][1]
        elapsed: int | None = 0
        for start, stop in stretches:
            self.events += (Event(number, _second(start), -1), Event(number, _second(stop), +1))
            elapsed = (elapsed or 0) + _second(stop) - _second(start)
        elapsed = max(elapsed or 0, 0)
        if len(stretches) == 1 and rng.random() < 0.1:
            elapsed = None  # a contract that tells only when
        run = Run(number, account, shape, stretches[0][0], ended)
        self.runs.append(run)
        self.jobs.append(record(run, state or rng.choice(("COMPLETED", "FAILED", "TIMEOUT")), elapsed, **told))
        return stretches[-1][1]

    def _stretches(self, begin: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When it used its share; suspended in between. Now and then the controller's clock is set, on or back."""
        rng = self._random
        for _stretch in range(1 if rng.random() < 0.9 else rng.randrange(2, 6)):
            stop = begin + timedelta(seconds=rng.choice((0, 1, 59, 3600, rng.randrange(3 * 86400))))
            if rng.random() < 0.02:
                stop += timedelta(seconds=rng.choice((-3600, -61, 1, 3600)))
            yield begin, stop
            begin = stop + timedelta(seconds=rng.randrange(1, 86400))


def _second(moment: datetime) -> int:
    return int(moment.timestamp())


def _with(job: Job, **changes: object) -> Job:
    from msgspec.structs import replace

    return replace(job, **changes)
