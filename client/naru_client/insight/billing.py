"""Slurm's billing weights ("CPU=1.0,Mem=0.25G,GRES/gpu=30.0"): what they say, and what a job comes to. Pure.

As https://slurm.schedmd.com/tres.html tells it: the weight of memory is per MiB, or per the unit behind it; the sum of
all counts, or with PriorityFlags=MAX_TRES the largest of cpu, mem, node and gres beside the sum of the rest. A
partition without weights bills its cores. Slurm holds the result as a whole number, rounded down.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from naru_client.model import Accelerators, Job

Combine = Literal["sum", "max", "max-and-gres"]

MEBIBYTE = 1 << 20
_WEIGHT = re.compile(r"(\d+\.?\d*|\.\d+)([kmgtp]?)", re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_ON_NODES = ("cpu", "mem", "node")


class BadWeights(ValueError):
    """Weights that Slurm would not take; `word` is the part at fault."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class NotTold(ValueError):
    """A resource that is billed and that the job does not tell; `resource` names it."""

    def __init__(self, resource: str) -> None:
        super().__init__(resource)
        self.resource = resource


@lru_cache(maxsize=256)
def parse_weights(text: str) -> tuple[tuple[str, Fraction], ...]:
    """Weight by resource, lower case; that of memory per MiB. Raises BadWeights."""
    found: dict[str, Fraction] = {}
    for word in filter(None, (part.strip() for part in text.lower().split(","))):
        resource, _sep, told = word.partition("=")
        match = _WEIGHT.fullmatch(told)
        if not resource or match is None:
            raise BadWeights(word)
        power = _POWERS[match[2]]
        if resource == "mem" and match[2]:
            power -= 2
            if power < 0:  # finer than the unit that Slurm counts memory in
                raise BadWeights(word)
        found[resource] = Fraction(match[1]) / 1024**power
    return tuple(found.items())


def billing(weights: tuple[tuple[str, Fraction], ...], job: Job, combine: Combine = "sum") -> int:
    """What Slurm bills the job a second. Raises NotTold for a resource that counts and is not known."""
    if not weights:
        return _known(job.cpus, "cpu")
    nodes = [Fraction(0)]
    gres = [Fraction(0)]
    for resource, weight in weights:
        if not weight or resource == "billing":  # Slurm ignores a weight of billing itself
            continue
        amount = weight * _amount(resource, job)
        (gres if resource.startswith("gres/") else nodes).append(amount)
    if combine == "max":
        return int(max(*nodes, *gres))
    return int((sum(nodes) if combine == "sum" else max(nodes)) + sum(gres))


def counted(accelerators: tuple[Accelerators, ...], weights: Mapping[str, object]) -> dict[str, int]:
    """So many accelerators by the names weights are given for: "gpu", "gpu:h100". Raises NotTold for a model."""
    found: dict[str, int] = {}
    for one in accelerators:
        kind = one.kind.lower()
        found[kind] = found.get(kind, 0) + one.count
        if one.model is not None:
            name = f"{kind}:{one.model.lower()}"
            found[name] = found.get(name, 0) + one.count
        elif one.count and any(name.startswith(f"{kind}:") for name in weights):
            raise NotTold(f"{kind}:?")
    return found


def _amount(resource: str, job: Job) -> Fraction | int:
    if resource == "mem":
        return Fraction(_known(job.memory, resource), MEBIBYTE)
    if resource in _ON_NODES:
        return _known(job.cpus if resource == "cpu" else job.nodes, resource)
    if resource.startswith("gres/") and job.accelerators is not None:
        name = resource.removeprefix("gres/")
        return counted(job.accelerators, {name: None}).get(name, 0)
    raise NotTold(resource)


def _known(amount: int | None, resource: str) -> int:
    if amount is None:
        raise NotTold(resource)
    return amount
