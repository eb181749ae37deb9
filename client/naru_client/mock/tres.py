"""The resources of a cluster in a fixed order, and how much of each a job takes.

Amounts over many resources are plain tuples in that order: adding them up for every account a job belongs to is the
commonest thing the simulation does.
"""

from functools import cache

from naru_client.mock.cluster import Cluster
from naru_client.mock.entities import Job

FIRST = ("cpu", "mem", "energy", "node", "billing", "gres/gpu", "gres/npu")


class Resources:
    """`names[i]` is what the i-th amount counts; `ids` are accounting's own numbers for them."""

    def __init__(self, cluster: Cluster) -> None:
        models = dict.fromkeys(f"gres/{m.gres_name}:{m.gres_type}" for m in cluster.makes if m.gres_count)
        self.names: tuple[str, ...] = (*FIRST, *models)
        self.index = {name: i for i, name in enumerate(self.names)}
        numbers = (1, 2, 3, 4, 5, *range(1001, 1001 + len(self.names) - 5))
        self.ids = dict(zip(self.names, numbers, strict=True))
        self._amounts: dict[tuple[object, ...], tuple[float, ...]] = {}

    def amounts(self, job: Job) -> tuple[float, ...]:
        """What the job takes of each, in its present partition; memory in MiB, billing rounded down as Slurm does."""
        key = (job.nodes, job.accelerators, job.cpus, job.memory, job.gres_name, job.gres_type, job.partition.billing)
        found = self._amounts.get(key)
        if found is None:
            values = [float(job.amount(name)) for name in self.names]
            values[4] = float(int(billing(job)))
            found = self._amounts[key] = tuple(values)
        return found


def billing(job: Job) -> float:
    """The job's billing by its partition's weights ("CPU=0.1,Mem=0.01G,GRES/gpu:b200=8"), as Slurm adds it up; its
    cores where there are no weights."""
    if not job.partition.billing:
        return float(job.cpus * job.nodes)
    total = 0.0
    for resource, weight in weights(job.partition.billing):
        total += weight * job.amount(resource)
    return total


@cache
def weights(text: str) -> tuple[tuple[str, float], ...]:
    """Weights by resource; that of memory per MiB."""
    found = []
    for part in filter(None, text.lower().split(",")):
        resource, _, weight = part.partition("=")
        per_mebibyte = 1024 if weight.endswith("g") else 1
        found.append((resource, float(weight.rstrip("gm")) / per_mebibyte))
    return tuple(found)
