"""What the log of a job follows from: the little of a job that does not change while it runs.

How a job ends is no part of it, since a job that runs may yet be cancelled; only that it falls silent is, at a time
that was settled when it began.
"""

from random import Random

from msgspec import Struct

from naru_client.mock.entities import NEVER, Job
from naru_client.mock.wire_values import paths

WATCHDOG = 600.0  # seconds after which PyTorch gives up on a collective operation
HANGS_AFTER = (300.0, 3600.0)  # seconds from its start in which a job that hangs does so

# Words in a job's name or comment, and the kind of log they speak for; the first that is found counts.
WORDS = (
    ("notebook", ("jupyter", "notebook", "debugger", "interactive")),
    ("evaluation", ("eval", "평가", "벤치", "bench")),
    ("serving", ("serve", "vllm", "graph-rag", "latency", "chat", "batch-infer")),
    ("flow", ("cfd", "기후-앙상블", "weather", "fusion", "지진")),
    ("molecules", ("md-", "lattice", "분자")),
    ("megatron", ("pretrain", "사전학습", "megatron")),
    ("trainer", ("lora", "미세조정", "reward", "deepspeed")),
    ("lightning", ("diffusion", "음성", "tts", "whisper", "gnn", "protein", "기후")),
    ("imagenet", ("resnet", "segmentation", "영상", "의료", "sweep")),
    ("titan", ("fsdp", "sft", "dpo", "grpo", "rlhf", "longctx", "moe")),
)
CORES_ONLY = (
    ("download", ("download", "내려받기")),
    ("flow", ("cfd", "기후", "앙상블")),
    ("molecules", ("md-", "분자")),
)
OTHERWISE = ("titan", "trainer", "lightning", "imagenet")


class Facts(Struct, frozen=True):
    key: str  # what its chance is drawn from
    kind: str
    id: int
    label: str  # "412083", or "412083_4" for a task
    name: str
    user: str
    home: str
    hosts: tuple[str, ...]
    nodes: int
    accelerators: int  # on each node
    gres: str
    model: str
    cpus: int
    started: float
    quiet: float  # it writes nothing more from then on, until it ends
    stuck: str  # "hang", "nccl", "idle", or nothing: why it falls silent

    def random(self, what: str) -> Random:
        """Chance for one part of the log, the same every time."""
        return Random(f"{self.key}/{what}")

    @property
    def world(self) -> int:
        """How many ranks work together."""
        return self.nodes * max(1, self.accelerators)


def facts_of(job: Job) -> Facts:
    """The facts of a job that has started."""
    key = f"{job.seed}/{job.restarts}"
    random = Random(key)
    kind_luck, quiet_luck, fall_luck = random.random(), random.random(), random.random()
    low, high = HANGS_AFTER
    quiet, stuck = NEVER, job.behaviour
    if stuck == "hang":
        quiet = job.started + low * (high / low) ** quiet_luck
    elif stuck == "idle":
        pass  # it simply never begins
    elif _waits_for_watchdog(job, fall_luck):
        quiet, stuck = job.started + job.run - WATCHDOG, "nccl"
    return Facts(
        key=key, kind=kind_of(job, kind_luck), id=job.id,
        label=str(job.id) if job.task is None else f"{job.array_id}_{job.task}", name=job.name, user=job.user,
        home=paths(job)[0], hosts=tuple(share.node.name for share in job.held_nodes), nodes=job.nodes,
        accelerators=job.accelerators, gres=job.gres_name, model=job.gres_type, cpus=job.cpus, started=job.started,
        quiet=quiet, stuck=stuck,
    )  # fmt: skip


def kind_of(job: Job, luck: float) -> str:
    """Which kind of log a job writes; `luck` (0 to 1) decides where its name and comment do not."""
    if job.behaviour == "idle":
        return "notebook" if luck < 0.5 else "debugger"
    if job.gres_name == "npu":
        return "npu"
    if not job.accelerators:
        return _spoken_for(CORES_ONLY, job.name) or "shards"
    # The name says more than the comment, which sites make everybody fill in.
    kind = _spoken_for(WORDS, job.name) or _spoken_for(WORDS, job.comment) or OTHERWISE[int(luck * len(OTHERWISE))]
    return "titan" if kind == "megatron" and job.nodes * job.accelerators < 4 else kind


def _spoken_for(table: tuple[tuple[str, tuple[str, ...]], ...], text: str) -> str:
    folded = text.casefold()
    return next((kind for kind, words in table if any(word in folded for word in words)), "")


def _waits_for_watchdog(job: Job, luck: float) -> bool:
    """Of the jobs that fail, some of those with several accelerators do so because one rank did not answer."""
    many = job.gres_name == "gpu" and job.nodes * job.accelerators > 1
    return job.outcome == "FAILED" and many and job.run > WATCHDOG + 300 and luck < 0.3
