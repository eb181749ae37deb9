"""Kinds of work by name, so that a scenario need not spell them out: what people bring, how long, how much of it.

Sizes and run times follow the marginals that published traces of accelerator clusters agree on (Philly 2017, Helios
2020, Acme 2023, and the two Parallel Workloads logs for what is asked for against what is run): over half of the jobs
want one accelerator, few want more than a server, and those few hold most of the machine; run times are log-normal with
a median of minutes and a tail of days; the time asked for is several times the time used.
"""

from itertools import accumulate
from math import exp
from typing import Any

KINDS: dict[str, dict[str, Any]] = {
    "pretrain": {
        "shapes": ((1, 8, 10), (2, 8, 12), (4, 8, 14), (8, 8, 10), (16, 8, 6), (32, 8, 2)),
        "hours": (8.0, 12.0, 24.0, 24.0, 48.0, 48.0),
        "used_share": 0.45, "arrays": 0.0, "bursts": 0.02, "day": 0.3,
        "names": (
            "pretrain-7b", "한국어-사전학습", "sft-32b", "moe-router", "dpo-round2", "longctx-128k", "robot-vla",
            "multimodal-pt", "grpo-math", "클라이밋-포캐스트",
        ),
        "comment": "field=nlp;appl=megatron-lm",
    },
    "research": {
        "shapes": ((1, 1, 58), (1, 2, 11), (1, 4, 12), (1, 8, 15), (2, 8, 3), (4, 8, 1)),
        "hours": (1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 48.0),
        "used_share": 0.2, "arrays": 0.08, "bursts": 0.08, "day": 0.6,
        "names": (
            "lora-13b", "영상-분류", "diffusion-xl", "protein-fold", "rlhf", "기후-다운스케일", "eval-harness",
            "resnet-sweep", "의료영상-판독", "gnn", "whisper-ft", "음성-합성", "segmentation", "ablation", "hparam",
        ),
        "comment": "field=cv;appl=pytorch-fsdp",
    },
    "inference": {
        "shapes": ((1, 1, 50), (1, 2, 25), (1, 4, 15), (1, 8, 10)),
        "hours": (1.0, 4.0, 8.0, 24.0),
        "used_share": 0.5, "arrays": 0.02, "bursts": 0.05, "day": 0.5,
        "names": ("llm-serve", "추론-벤치", "quant-int8", "compile", "llm-latency", "벡터-색인", "batch-infer"),
        "comment": "field=efficientai;appl=vllm",
    },
    "interactive": {
        "shapes": ((1, 1, 9), (1, 2, 1)),
        "hours": (0.25, 0.5, 0.5, 1.0),
        "used_share": 0.5, "arrays": 0.0, "bursts": 0.0, "day": 0.9,
        "names": ("jupyter", "smoke", "debug", "prof"),
        "comment": "field=misc;appl=jupyter",
    },
    "simulation": {
        "shapes": ((1, 1, 8), (2, 1, 8), (4, 4, 10), (8, 4, 12), (16, 4, 10), (32, 4, 6), (64, 4, 3), (128, 4, 1)),
        "hours": (2.0, 6.0, 12.0, 24.0, 24.0),
        "used_share": 0.5, "arrays": 0.03, "bursts": 0.03, "day": 0.3,
        "names": ("기후-앙상블", "lattice-qcd", "cfd-les", "md-단백질", "fusion-gk", "지진파-역산",
                  "weather-ai", "sci-llm"),
        "comment": "field=sciai;appl=pytorch",
    },
    "cpu": {
        "shapes": ((1, 0, 12), (2, 0, 1)),
        "cores": (4, 4, 8, 8, 16, 16, 32, 48),
        "hours": (0.5, 1.0, 2.0, 4.0, 12.0),
        "used_share": 0.3, "arrays": 0.06, "bursts": 0.06, "day": 0.5,
        "names": ("tokenize", "전처리", "dedup-shard", "download-hf", "parquet-merge", "형태소-분석", "postproc"),
        "comment": "field=nlp;appl=misc",
    },
}  # fmt: skip
PLAIN: dict[str, Any] = {"used_share": 0.4, "arrays": 0.0, "bursts": 0.0, "day": 0.0}

# How jobs end, with the share of each; a failed one ends early, one out of memory soon after its data is loaded.
OUTCOMES = ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "OUT_OF_MEMORY")
OUTCOMES_UP_TO = (74, 86, 91, 97, 100)
_TYPICAL = 0.35  # the share of its time that a job which ends by itself runs, for weighing outcomes against each other
# The same for jobs that run at a random moment: longer ones are met more often.
OUTCOMES_MET_UP_TO = tuple(accumulate((74.0, 12 * 0.5, 5 / _TYPICAL, 6.0, 3 * 0.3)))
EXIT_CODES = (1, 1, 1, 2, 134, 137)
SPREAD = 0.8  # of the logarithm of the share of its time that a job runs
IDLE_SHARE, HANG_SHARE = 0.015, 0.008  # of jobs with accelerators: those that leave them idle, or fall silent

# How busy people are at each hour in Korea, and on each day from Monday on; both have a mean of one.
_HOURS = (0.6, 0.4, 0.3, 0.25, 0.25, 0.3, 0.4, 0.6, 0.9, 1.4, 1.7, 1.6, 1.2, 1.5, 1.8, 1.8, 1.7, 1.6, 1.3, 1.1, 1.0,
          1.0, 0.9, 0.8)  # fmt: skip
_DAYS = (1.15, 1.2, 1.2, 1.15, 1.1, 0.6, 0.6)
_MEAN = sum(_HOURS) / len(_HOURS)
KOREA = 9 * 3600


def mean_share(used_share: float) -> float:
    """The share of its time that a job of some kind runs on average, over all ways to end."""
    mean = min(0.9, used_share * exp(SPREAD * SPREAD / 2))
    return 0.80 * mean + 0.12 * mean / 2 + 0.05 + 0.03 * mean * 0.3


def busyness(now: float, day: float) -> float:
    """How much more or less than usual is submitted at this time; `day` is how much people keep to hours."""
    local = now + KOREA
    hour = _HOURS[int(local // 3600) % 24] / _MEAN
    week = _DAYS[(int(local // 86_400) + 3) % 7]  # day 0 of the epoch was a Thursday
    return 1 + day * (hour * week - 1)
