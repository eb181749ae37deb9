"""The same submissions for a real slurmctld and for the simulated centre, and in which order each starts them.

Both have six nodes of eight accelerators, one partition over all of them, and priorities that follow from QOS and nice
alone, so that neither age nor use nor when exactly something was submitted matters.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from unittest.mock import patch

from tests.lab.real import HERE, Lab, running_in

from naru_client.mock.entities import Dependency, Job, Node
from naru_client.mock.scenario import Partition, parse_scenario
from naru_client.mock.simulator import Simulator

NODES = "b200-01 b200-02 h200-01 h200-02 h100-01 h100-02"
PARTITION = "order"
# Later lines of slurm.conf win. A look may take its time (by default no longer than bf_interval: one of a second would
# cut it short) and foresees ends exactly (by default it lumps together what ends within 30, 60, 120 … seconds). The log
# tells each start and end to the millisecond, at debug2 each epilog as well.
CONFIGURATION = f"""
SchedulerParameters=bf_interval=1,bf_max_time=30,bf_resolution=1,bf_window_linear=1,bf_continue,bf_window=4320,\\
bf_max_job_test=1000,sched_interval=1,default_queue_depth=1000
PriorityWeightAge=0
PriorityWeightFairshare=0
PriorityWeightJobSize=0
PriorityWeightPartition=0
PriorityWeightQOS=1000
PriorityWeightTRES=cpu=0
SlurmctldDebug=debug2
PartitionName={PARTITION} Nodes={",".join(NODES.split())} State=DOWN
"""
SITE = f"""
cluster = "order"
user = "root"
history-hours = 0
schedule-seconds = 1
backfill-seconds = 1
backfill-depth = 1000
half-life-days = 0
weights = {{ age = 0, fair-share = 0, job-size = 0, partition = 0, qos = 1000 }}
users = [["root", "all"]]
accounts = [{{ name = "all", kind = "all" }}]
qos = [{{ name = "normal", priority = 100 }}, {{ name = "high", priority = 1000 }}]
nodes = [
    {{ names = "b200-[01-02]", gres = "gpu:b200:8", cores = 32, memory = 1000000, weight = 40 }},
    {{ names = "h200-[01-02]", gres = "gpu:h200:8", cores = 32, memory = 1000000, weight = 30 }},
    {{ names = "h100-[01-02]", gres = "gpu:h100:8", cores = 32, memory = 1000000, weight = 20 }},
]
partitions = [{{ name = "{PARTITION}", nodes = "b200-[01-02],h200-[01-02],h100-[01-02]" }}]
"""
NOON = 1_795_348_800.0  # 2026-11-22 12:00 UTC
CLASSES = 20
PATIENCE = 150.0  # seconds for the real ones to be done

Key = tuple[int, int | None]  # which submission, and which task of it


@dataclass(frozen=True)
class Submission:
    number: int
    nodes: int
    accelerators: int  # on each node
    cores: int  # on each node
    minutes: int  # its limit
    seconds: float  # how long it really runs
    nice: int
    qos: str
    fails: bool
    after: int | None = None  # the number of another one
    condition: str = ""  # afterok, afterany
    tasks: int = 0
    throttle: int = 0

    @property
    def keys(self) -> list[Key]:
        return [(self.number, task) for task in range(self.tasks)] if self.tasks else [(self.number, None)]


@dataclass(frozen=True)
class Run:
    """`starts` are (which, when) in the order in which they were started; `ends` are when each ended."""

    starts: list[tuple[Key, float]]
    ends: dict[Key, float]
    overhead: float = 0.0  # seconds from the start of a typical job to its end, beyond what it slept
    epilog: float = 0.0  # and from there until its nodes take others
    by_backfill: int = 0  # how many of the starts were the planning look's

    @property
    def order(self) -> list[Key]:
        return [key for key, _ in self.starts]

    @property
    def makespan(self) -> float:
        return max(self.ends.values()) - self.starts[0][1]

    def first_wave(self) -> set[Key]:
        """What was started before anything had ended."""
        first_end = min(self.ends.values())
        return {key for key, when in self.starts if when < first_end}


def submissions(seed: int, count: int = 200) -> list[Submission]:
    """Small and big, short and long, in forty classes of priority; a few arrays, and a few that wait for others."""
    random = Random(seed)
    drawn: list[Submission] = []
    for number in range(count):
        nodes = random.choices((1, 2, 3), (16, 3, 1))[0]
        accelerators = random.choices((1, 2, 4, 8), (7, 6, 4, 3))[0]
        array = nodes == 1 and accelerators < 8 and random.random() < 0.05
        parents = [s for s in drawn if s.after is None] if random.random() < 0.06 else []
        parent = random.choice(parents) if parents else None
        drawn.append(
            Submission(
                number, nodes, accelerators, accelerators * random.choice((1, 4, 8)), random.randint(1, 20),
                random.randint(10, 50) / 10, -100 * random.randrange(CLASSES),
                random.choice(("normal", "normal", "high")),
                fails=random.random() < 0.05,
                after=parent.number if parent else None,
                condition="" if not parent else "afterany" if parent.fails else random.choice(("afterok", "afterany")),
                tasks=random.randint(3, 6) if array else 0, throttle=random.choice((0, 1, 2)) if array else 0,
            )
        )  # fmt: skip
    return drawn


# The real one


@contextmanager
def own_lab() -> Iterator[Lab]:
    """An empty lab of its own beside any other, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="naru-order-"))
    settings = {
        "LAB": str(folder), "LAB_PORT": "auto", "LAB_CLUSTER": "order", "LAB_NODES": NODES, "LAB_EXTRA": CONFIGURATION,
    }  # fmt: skip
    env = {**os.environ, **settings}
    try:
        done = subprocess.run(
            [HERE / "slurm-up"], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        lab = running_in(folder)
        lab.run(
            "sacctmgr", "-i", "modify", "qos", "normal,high", "set", "maxtresperuser=gres/gpu=-1", "grptres=gres/gpu=-1"
        )
        yield lab
    finally:
        subprocess.run([HERE / "slurm-down", "--purge"], env=env, stdin=subprocess.DEVNULL, timeout=120, check=True)
        shutil.rmtree(folder, ignore_errors=True)


def really(lab: Lab, wanted: Sequence[Submission]) -> Run:
    """Submit everything to a closed partition, open it, and wait until all is over."""
    log = lab.folder / "log" / "slurmctld.log"
    told_before = log.stat().st_size
    lab.run("scontrol", "update", f"PartitionName={PARTITION}", "State=DOWN")
    ids: dict[int, int] = {}
    for one in wanted:
        ids[one.number] = int(lab.run(*_sbatch(one, ids)))
    lab.run("scontrol", "update", f"PartitionName={PARTITION}", "State=UP")
    give_up = time.monotonic() + PATIENCE
    unfinished = ("squeue", "--noheader", f"--partition={PARTITION}", "--states=PD,R,CG", "--format=%i %t %r")
    while left := lab.run(*unfinished):
        assert time.monotonic() < give_up, f"not all jobs have ended:\n{left}"
        time.sleep(0.25)
    with log.open(encoding="utf-8", errors="replace") as file:
        file.seek(told_before)
        return read_log(file, wanted, {job_id: number for number, job_id in ids.items()})


def _sbatch(one: Submission, ids: dict[int, int]) -> list[str]:
    argv = [
        "sbatch", "--parsable", "--chdir=/", "--output=/dev/null", f"--partition={PARTITION}", f"--nodes={one.nodes}",
        "--ntasks-per-node=1", f"--cpus-per-task={one.cores}", f"--gres=gpu:{one.accelerators}",
        f"--time={one.minutes}", f"--qos={one.qos}", f"--nice={one.nice}", "--no-requeue",
    ]  # fmt: skip
    if one.after is not None:
        argv.append(f"--dependency={one.condition}:{ids[one.after]}")
    if one.tasks:
        argv.append(f"--array=0-{one.tasks - 1}" + (f"%{one.throttle}" if one.throttle else ""))
    return [*argv, f"--wrap=sleep {one.seconds}; exit {int(one.fails)}"]


_LINE = re.compile(
    r"\[(?P<at>[0-9T:.-]+)\] (?:"
    r"sched: Allocate (?P<sched>JobId=\S+)"
    r"|sched/backfill: _start_job: Started (?P<backfill>JobId=\S+)"
    r"|_job_complete: (?P<end>JobId=\S+) done"
    r"|debug2: _slurm_rpc_epilog_complete: (?P<freed>JobId=\S+) Node=)"
)
_JOB = re.compile(r"JobId=(\d+)(?:_(\d+))?")


def read_log(lines: Iterator[str], wanted: Sequence[Submission], numbers: dict[int, int]) -> Run:
    """What slurmctld's log tells of its jobs, `numbers` being the submissions by their ids."""
    starts: list[tuple[Key, float]] = []
    ends: dict[Key, float] = {}
    freed: dict[Key, float] = {}
    by_backfill = 0
    for line in lines:
        match = _LINE.match(line)
        job = match and _JOB.match(match["sched"] or match["backfill"] or match["end"] or match["freed"])
        if not match or not job:
            continue
        key = (numbers[int(job[1])], int(job[2]) if job[2] else None)
        at = datetime.fromisoformat(match["at"]).replace(tzinfo=UTC).timestamp()
        if match["end"]:
            ends[key] = at
        elif match["freed"]:
            freed[key] = at
        else:
            starts.append((key, at))
            by_backfill += bool(match["backfill"])
    slept = {key: one.seconds for one in wanted for key in one.keys}
    began = dict(starts)
    return Run(
        starts, ends, by_backfill=by_backfill,
        overhead=median(end - began[key] - slept[key] for key, end in ends.items()),
        epilog=median(at - ends[key] for key, at in freed.items()),
    )  # fmt: skip


# The simulated one


def simulated(wanted: Sequence[Submission], overhead: float, epilog: float) -> Run:
    """The same in the simulated centre; a job runs as long as it sleeps and the overhead."""
    simulator = Simulator(parse_scenario(SITE, "order").sites[0], 1, NOON)
    simulator.advance(NOON + 9.5)  # its first looks are over
    starts: list[tuple[Key, float]] = []
    start = simulator.scheduler.start

    def watched(job: Job, partition: Partition, nodes: tuple[Node, ...]) -> Job:
        started = start(job, partition, nodes)
        starts.append((_key(started), started.started))
        return started

    def settle(job: Job, *_: float, **__: bool) -> None:
        one = wanted[int(job.name)]
        job.run, job.epilog = one.seconds + overhead, epilog
        job.outcome = "FAILED" if one.fails else "COMPLETED"

    jobs: dict[int, Job] = {}
    with patch.object(simulator.scheduler, "start", watched), patch.object(simulator.workload, "fate", settle):
        for one in wanted:
            job = jobs[one.number] = _as_simulated(simulator, one)
            settle(job)
            if one.after is not None:
                job.after = (Dependency(one.condition, jobs[one.after]),)
            simulator.submit(job)
        while not all(job.finished and not job.completing for job in simulator.jobs.values()):
            assert simulator.now < NOON + 3600, "not all jobs have ended"
            simulator.advance(simulator.now + 1)
    return Run(starts, {_key(job): job.ended for job in simulator.jobs.values()})


def _as_simulated(simulator: Simulator, one: Submission) -> Job:
    job = simulator.workload.make(
        user="root", name=str(one.number), partition=PARTITION, nodes=one.nodes, accelerators=one.accelerators,
        cores=one.cores, hours=one.minutes / 60, now=simulator.now, qos=one.qos,
    )  # fmt: skip
    job.gres_type, job.nice, job.memory = "", one.nice, 4000 * one.cores
    job.amounts = simulator.resources.amounts(job)
    if one.tasks:
        simulator.workload.make_array(job, one.tasks, one.throttle)
    return job


def _key(job: Job) -> Key:
    return int(job.name), job.task
