"""What the kinds of logs have in common: how a batch job begins, and what goes on in the background of any of them."""

from random import Random

from naru_client.mock.entities import NEVER
from naru_client.mock.log_facts import Facts
from naru_client.mock.log_page import Page, stamp

# What an accelerator does at its usual pace: TFLOP/s of a well-fed one from and to, and its memory in GiB.
SPEEDS = {
    "b300": (1000.0, 1250.0, 267.7), "b200": (780.0, 1000.0, 178.4), "h200": (420.0, 520.0, 139.8),
    "h100": (380.0, 480.0, 79.1), "gh200": (360.0, 470.0, 94.5), "a100": (150.0, 210.0, 79.3),
    "v100": (60.0, 85.0, 31.7),
}  # fmt: skip
PLAIN_SPEED = (100.0, 150.0, 47.5)
DATA = ("말뭉치-2026", "ko-web-v3", "aihub-대화", "fineweb-ko", "법률-판례", "의료-영상", "음성-말뭉치")


class Kind:
    """One kind of log, made for one job. After `load` seconds it repeats itself, differently, every `period`."""

    load = 0.0
    period = NEVER

    def __init__(self, facts: Facts, random: Random) -> None:
        self.facts = facts
        low, high, self.gibibytes = SPEEDS.get(facts.model, PLAIN_SPEED)
        self.speed = random.uniform(low, high)
        self.data = f"{facts.home}/data/{random.choice(DATA)}"
        self.runs = f"{facts.home}/runs/{facts.name}"

    def begin(self, page: Page, random: Random) -> None:
        """Write what comes before the first step, within `load` seconds."""

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        """Write the steps of the period of this index, which starts at `start`."""

    def finish(self, page: Page, at: float, step: int) -> None:
        """Write what it says when it has done all it was asked to."""


class Curve:
    """A loss that goes down as losses do: fast, then ever more slowly, and never evenly."""

    def __init__(self, random: Random, first: float = 11.0, last: float = 1.9) -> None:
        self.last = last * random.uniform(0.85, 1.2)
        self.height = first * random.uniform(0.9, 1.1) - self.last
        self.scale = random.uniform(60, 400)

    def at(self, step: int, luck: float) -> float:
        level: float = self.last + self.height * (1 + step / self.scale) ** -0.6
        return level * (1 + 0.03 * (luck - 0.5))


def greet(page: Page, facts: Facts, random: Random) -> float:
    """What a batch script says before it starts anything; when it has said it."""
    at = facts.started + random.uniform(0.3, 1.5)
    if random.random() < 0.6:
        at = page.lines(
            at, 0.02,
            f"[{stamp(at)}] 작업 {facts.label} 시작: {facts.name} ({facts.user}), 노드 {facts.nodes}대: {hosts(facts)}",
            f"SLURM_JOB_ID={facts.id} SLURM_NNODES={facts.nodes} SLURM_CPUS_PER_TASK={facts.cpus}",
        )  # fmt: skip
    else:
        at = page.lines(at, 0.02, f"Job {facts.label} on {hosts(facts)} at {stamp(at, 'T')}+09:00")
    if facts.accelerators and facts.gres == "gpu" and random.random() < 0.5:
        at = table(page, facts, random, at)
    return at + 0.5


def hosts(facts: Facts) -> str:
    """The first few of its nodes."""
    more = f" … (+{len(facts.hosts) - 4})" if len(facts.hosts) > 4 else ""
    return ",".join(facts.hosts[:4]) + more


def table(page: Page, facts: Facts, random: Random, at: float) -> float:
    """What nvidia-smi prints."""
    memory = int(SPEEDS.get(facts.model, PLAIN_SPEED)[2] * 1024)
    rule = "+" + "-" * 41 + "+" + "-" * 24 + "+" + "-" * 22 + "+"
    lines = [rule, f"| {'GPU  Name':<39} | {'Bus-Id':<22} | {'Memory-Usage':<20} |", rule]
    for i in range(min(8, facts.accelerators)):
        name = f"{i:>3}  NVIDIA {facts.model.upper() or 'GPU'}"
        bus = f"00000000:{0x19 + i * 0x11:02X}:00.0 Off"
        lines.append(f"| {name:<39} | {bus:<22} | {random.randint(0, 4):>5}MiB / {memory:>6}MiB |")
    return page.lines(at, 0.001, *lines, rule)


def collectives(page: Page, facts: Facts, random: Random, at: float) -> float:
    """What NCCL tells of itself when it is asked to."""
    host, process = facts.hosts[0] if facts.hosts else "node", random.randint(20_000, 90_000)
    world = facts.world
    ring = " ".join(f"{i:>4}" for i in range(min(world, 16)))
    lines = [
        f"{host}:{process}:{process} [0] NCCL INFO NCCL_SOCKET_IFNAME set by environment to ib0",
        f"{host}:{process}:{process} [0] NCCL INFO Bootstrap: Using ib0:10.20.{random.randint(1, 9)}.12<0>",
        f"{host}:{process}:{process} [0] NCCL INFO cudaDriverVersion 13000",
        f"{host}:{process}:{process} [0] NCCL INFO NCCL version 2.27.7+cuda12.9",
    ]
    communicator = f"0x{random.getrandbits(44):012x}"
    for rank in range(min(world, 8)):
        who = f"{host}:{process + rank}:{process + 400 + rank} [{rank}] NCCL INFO"
        lines += [
            f"{who} NET/IB : Using [0]mlx5_{rank}:1/IB [RO]; OOB ib0:10.20.1.12<0>",
            f"{who} Assigned NET plugin IB to comm",
            f"{who} ncclCommInitRankConfig comm {communicator} rank {rank} nranks {world} cudaDev {rank} - Init START",
            f"{who} Channel 00/16 : {ring}",
            f"{who} Connected all rings, use ring PXN 0 GDR 1",
            f"{who} ncclCommInitRankConfig comm {communicator} rank {rank} nranks {world} - Init COMPLETE",
        ]
    return page.lines(at, 0.004, *lines)


def warnings(page: Page, facts: Facts, random: Random, at: float) -> float:
    """What libraries cannot keep to themselves. It goes to standard error."""
    site = "/opt/conda/lib/python3.11/site-packages"
    known = (
        f"{site}/torch/utils/data/dataloader.py:627: UserWarning: This DataLoader will create {facts.cpus * 2} worker "
        f"processes in total. Our suggested max number of worker in current system is {facts.cpus}, which is smaller "
        "than what this DataLoader is going to create.\n  warnings.warn(",
        f"{site}/transformers/tokenization_utils_base.py:1601: FutureWarning: `clean_up_tokenization_spaces` was not "
        "set. It will be set to `True` by default.\n  warnings.warn(",
        "[W] OMP_NUM_THREADS not set; torchrun sets it to 1 in each process to avoid your system being overloaded",
        f"[경고] {facts.home}/.cache/huggingface 사용량이 한도의 {random.randint(80, 97)}%입니다",
    )
    return page.lines(at, 0.1, *random.sample(known, random.randint(1, 3)), err=True)
