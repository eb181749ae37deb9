"""How large a job is that somebody describes: how many nodes, and what it wants on each of them.

Slurm leaves much of this to the moment a job starts; the simulation fixes it when the job is submitted. Where nobody
says how many nodes, they are as few as the partition's nodes allow; what is asked for the whole job is spread evenly.
"""

from collections.abc import Iterable

from msgspec import Struct

from naru_client.mock.actions_body import Fields
from naru_client.mock.actions_errors import Refused
from naru_client.mock.actions_words import Wanted, resources
from naru_client.mock.cluster import Cluster
from naru_client.mock.entities import Job, Make
from naru_client.mock.scenario import Partition
from naru_client.mock.workload import USER_MEMORY

MOST = 1 << 24  # of anything; what is asked beyond fits nowhere either, and its sums stay within 64 bits
MOST_MEMORY = 1 << 38
Gres = dict[tuple[str, str], int]  # (name, model): how many; the model is empty for any
# The fields that a shape is made of: an update of any of them makes it anew.
SHAPING = (
    "nodes", "minimum_nodes", "maximum_nodes", "tasks", "tasks_per_node", "cpus_per_task", "minimum_cpus",
    "minimum_cpus_per_node", "memory_per_node", "memory_per_cpu", "memory_per_tres", "cpus_per_tres", "tres_per_node",
    "tres_per_job", "tres_per_task", "tres_per_socket",
)  # fmt: skip


class Shape(Struct, frozen=True):
    """What a job wants on each of its nodes; memory is MiB."""

    nodes: int
    gres_name: str
    gres_type: str
    accelerators: int
    cpus: int
    memory: int
    tasks: int  # on each node

    def apply(self, job: Job) -> None:
        """Give a job this shape."""
        job.nodes, job.accelerators, job.cpus, job.memory = self.nodes, self.accelerators, self.cpus, self.memory
        job.gres_name, job.gres_type = self.gres_name, self.gres_type
        job.task_count = self.tasks * self.nodes


def shape_of(fields: Fields, places: tuple[Partition, ...], cluster: Cluster, features: str, required: int) -> Shape:
    """The shape of what is described, for the first of its partitions; `required` is how many nodes it names. Raises
    Refused."""
    asked = {name: _gres(fields.get(f"tres_per_{name}", ""), cluster) for name in ("node", "job", "task", "socket")}
    for_cpus, for_memory = (_gres(fields.get(f"{name}_per_tres", ""), cluster) for name in ("cpus", "memory"))
    name, model = _one_kind(asked.values())
    count = {place: sum(gres.values()) if name else 0 for place, gres in asked.items()}
    make = _make(places, cluster, name, model, features)
    tasks, each = fields.get("tasks") or None, fields.get("tasks_per_node") or None
    per_task = fields.get("cpus_per_task") or _cpus_of_a_task(fields) or None
    least = _least_nodes(fields)
    if least is None:
        total = {"cpus": max((tasks or 0) * (per_task or 1), fields.get("minimum_cpus", 0))}
        total["gres"] = max(count["job"], count["task"] * (tasks or 1))
        least = required or _fewest(tasks, each, total, make)
    if tasks is not None and tasks < least:
        raise Refused(2025)
    here = each or (_share(tasks, least) if tasks is not None else 1)
    accelerators = max(
        count["node"], _share(count["job"], least), count["task"] * here,
        count["socket"] * (fields.get("sockets_per_node") or make.group.sockets),
    )  # fmt: skip
    cpus = here * (per_task or 1) if tasks or each or per_task else 0
    cpus = max(cpus, fields.get("minimum_cpus_per_node", 0), _share(fields.get("minimum_cpus", 0), least))
    cpus = max(cpus, sum(for_cpus.values()) * accelerators)
    if not cpus:  # the site's DefCpuPerGPU; of anything else one a task
        cpus = min(make.cpus, cpus_per_gpu(make) * accelerators) if name == "gpu" else here
    cpus = max(1, cpus)
    memory = _memory(fields, cpus, make) or sum(for_memory.values()) * accelerators
    if not accelerators:
        name = model = ""
    elif not model:
        model = _only_model(places, cluster, name)
    memory = memory or _usual_memory(make, cpus)
    return Shape(
        min(least, MOST), name, model, min(accelerators, MOST), min(cpus, MOST), min(memory, MOST_MEMORY), here
    )


def _gres(text: str, cluster: Cluster) -> Gres:
    """How many accelerators of each kind a text names; cpu and memory in it are no matter here. Raises Refused."""
    known = {make.gres_name for make in cluster.makes if make.gres_count}
    found: Gres = {}
    for wanted in resources(text):
        if not _is_gres(wanted, known):
            continue
        key = (wanted.name, wanted.model)
        if key in found:
            raise Refused(2102)
        if any(name == wanted.name and (not model or not wanted.model) for name, model in found):
            raise Refused(2119)
        found[key] = wanted.count
    return {key: count for key, count in found.items() if count}


def _is_gres(wanted: Wanted, known: set[str]) -> bool:
    if wanted.name in known and wanted.kind in ("", "gres"):
        return True
    if wanted.kind == "gres":
        raise Refused(2072)
    if wanted.kind == "license" or wanted.name in ("cpu", "mem", "node", "billing", "energy"):
        return False
    raise Refused(2115)


def _one_kind(parts: Iterable[Gres]) -> tuple[str, str]:
    """The one kind of accelerator that is asked for. No node here has two kinds: raises Refused for that."""
    kinds = {kind for part in parts for kind in part}
    names = {name for name, _ in kinds}
    models = {model for _, model in kinds if model}
    if len(names) > 1 or len(models) > 1:
        raise Refused(2014)
    return next(iter(names), ""), next(iter(models), "")


def _cpus_of_a_task(fields: Fields) -> int:
    return sum(w.count for w in resources(fields.get("tres_per_task", "")) if w.kind == "" and w.name == "cpu")


def _make(places: tuple[Partition, ...], cluster: Cluster, name: str, model: str, features: str) -> Make:
    """The kind of node such a job would have, by which its usual share is measured."""
    makes = [make for place in places for make in cluster.makes_of[place.name]] or cluster.makes
    wanted = set(features.split("&")) if features else set()
    for make in makes:
        right = make.gres_name == name and model in ("", make.gres_type)
        if wanted <= set(make.group.features) and (right or not name):
            return make
    return makes[0]


def _only_model(places: tuple[Partition, ...], cluster: Cluster, name: str) -> str:
    """The model of the accelerators of that name, where there is but one in those partitions."""
    makes = [make for place in places for make in cluster.makes_of[place.name]]
    models = {make.gres_type for make in makes if make.gres_name == name}
    return models.pop() if len(models) == 1 else ""


def _least_nodes(fields: Fields) -> int | None:
    """How many nodes are asked for; None when nobody says. Raises Refused."""
    asked: tuple[int | None, int | None] = fields.get("nodes", (None, None))
    least: int | None = fields.get("minimum_nodes", asked[0])
    most: int | None = fields.get("maximum_nodes", asked[1])
    if most == 0 or (least is not None and (least < 1 or (most is not None and most < least))):
        raise Refused(2006)
    return least


def _fewest(tasks: int | None, each: int | None, total: dict[str, int], make: Make) -> int:
    if tasks and each:
        return _share(tasks, each)
    return max(1, _share(total["cpus"], make.cpus), _share(total["gres"], make.gres_count or 1))


def _memory(fields: Fields, cpus: int, make: Make) -> int:
    """MiB on each node as they are asked for; 0 when they are not."""
    for name, times in (("memory_per_node", 1), ("memory_per_cpu", cpus)):
        if name in fields:
            return int(fields[name] * times) or make.memory  # 0 asks for all there is
    return 0


def cpus_per_gpu(make: Make) -> int:
    """The cores that come with each GPU of a node of this make when nobody says how many."""
    return max(1, make.cpus // make.gres_count) if make.gres_name == "gpu" and make.gres_count else 0


def _usual_memory(make: Make, cpus: int) -> int:
    return max(1, int(make.memory * USER_MEMORY / make.cpus) // 1024) * 1024 * cpus


def _share(total: int, parts: int) -> int:
    return -(-total // max(1, parts))
