"""Which cores a job holds, node by node, as slurmctld tells it: most of the bytes of a running job.

A node's cores are drawn once for each set of cores that is taken on it; records share the picture.
"""

from functools import lru_cache
from itertools import pairwise

from naru_client.mock.cluster import bits
from naru_client.mock.entities import Allocation, Job
from naru_client.mock.hostlist import compress, ranges
from naru_client.mock.wire_values import UNSET, Body, Records, quoted, template

_NODE: Body = {
    "index": "%d", "name": "%b", "cpus": {"count": "%d", "used": 0}, "memory": {"used": 0, "allocated": "%d"},
    "sockets": "%b",
}  # fmt: skip
_ONE = template(_NODE).removesuffix(b"%b}")  # up to the picture of its cores
_ALL: Body = {
    "select_type": ["CORE"], "cpus": "%d", "threads_per_core": UNSET,
    "nodes": {"count": "%d", "select_type": ["ONE_ROW"], "list": "%b", "whole": False, "allocation": "%b"},
}  # fmt: skip
_BEGINNING = template(_ALL).removesuffix(b"%b}}") + b"[" + _ONE
_NEXT = b"}," + _ONE
_END = b"}]}}}"  # the last node, the list of them, `nodes`, `job_resources`, and the record it ends


def beginning(job: Job, nodes: bytes) -> bytes:
    """The resources of a job up to the cores of its first node; `nodes` is its node list as JSON."""
    first = job.held_nodes[0]
    count, cpus = len(job.held_nodes), job.cpus
    return _BEGINNING % (cpus * count, count, nodes, 0, quoted(first.node.name), cpus, first.memory)


def go_on(job: Job, into: Records) -> None:
    """The rest of them, from the cores of the first node on, to the end of the record."""
    held = job.held_nodes
    group = held[0].node.group
    into.append(picture(held[0].cores, group.sockets, group.cores))
    if len(held) > 1:
        cpus = job.cpus
        for i, share in enumerate(held[1:], 1):
            node = share.node
            into.append(_NEXT % (i, quoted(node.name), cpus, share.memory))
            into.append(picture(share.cores, node.group.sockets, node.group.cores))
    into.append(_END)


@lru_cache(maxsize=2048)
def picture(taken: int, sockets: int, cores: int) -> bytes:
    """Every core of a node, by socket; bit i of `taken` is core i over all sockets."""
    edges = range(0, sockets * cores + 1, cores)
    return b"[%b]" % b",".join(
        b'{"index":%d,"cores":[%b]}'
        % (i, b",".join([_core(core - low, taken >> core & 1) for core in range(low, high)]))
        for i, (low, high) in enumerate(pairwise(edges))
    )


@lru_cache(maxsize=1024)
def _core(index: int, taken: int) -> bytes:
    return b'{"index":%d,"status":["%b"]}' % (index, b"ALLOCATED" if taken else b"UNALLOCATED")


def layout(share: Allocation) -> Body:
    """One node of `/slurm/v0.0.44/resources/{job_id}`; bit i of the bitmap is core i over all sockets."""
    node = share.node
    digits = -(-node.cpus // 4)
    indices = bits(share.gres)
    gres = [{"name": node.gres_name, "type": node.gres_type, "count": len(indices), "index": ranges(indices)}]
    return {
        "node": node.name,
        "sockets_per_node": node.group.sockets,
        "cores_per_socket": node.group.cores,
        "mem_alloc": share.memory,
        "core_bitmap": f"0x{share.cores:0{digits}X}",
        "channel": UNSET,
        "gres": gres if indices else [],
    }


def node_list(held: tuple[Allocation, ...]) -> str:
    """The hostlist of what a job holds, or held."""
    if len(held) == 1:
        return held[0].node.name
    return compress(share.node.name for share in held)
