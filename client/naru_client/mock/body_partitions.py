"""Partitions, reservations and licences as slurmctld tells them."""

from naru_client.mock.body_nodes import bill_of
from naru_client.mock.cluster import Cluster
from naru_client.mock.entities import Window
from naru_client.mock.gates import Gates
from naru_client.mock.hostlist import compress
from naru_client.mock.scenario import Partition
from naru_client.mock.submission_shape import cpus_per_gpu
from naru_client.mock.wire_values import INFINITE, UNSET, ZERO, Body, limit, mebibytes, number


def partition_record(partition: Partition, cluster: Cluster) -> Body:
    """One record of `partitions[]`."""
    nodes = cluster.members[partition.name]
    cpus = sum(node.cpus for node in nodes)
    return {
        "nodes": {"allowed_allocation": "", "configured": compress(n.name for n in nodes), "total": len(nodes)},
        "accounts": {"allowed": ",".join(partition.allow_accounts), "deny": ""},
        "groups": {"allowed": ""},
        "qos": {"allowed": "", "deny": "", "assigned": partition.qos},
        "alternate": "",
        "tres": {"billing_weights": partition.billing, "configured": _configured(partition, cluster)},
        "cluster": "",
        "select_type": [],
        "cpus": {"task_binding": 0, "total": cpus},
        "defaults": {
            "memory_per_cpu": 0,
            "partition_memory_per_cpu": UNSET,
            "partition_memory_per_node": ZERO,
            "time": number(int(partition.default_hours * 60)),
            "job": _defaults(partition, cluster),
        },
        "grace_time": 0,
        "maximums": {
            "cpus_per_node": INFINITE,
            "cpus_per_socket": INFINITE,
            "memory_per_cpu": 0,
            "partition_memory_per_cpu": UNSET,
            "partition_memory_per_node": ZERO,
            "nodes": limit(partition.max_nodes),
            "shares": 1,
            "oversubscribe": {"jobs": 1, "flags": []},
            "time": number(int(partition.max_hours * 60)),
            "over_time_limit": UNSET,
        },
        "minimums": {"nodes": 0},
        "name": partition.name,
        "node_sets": "",
        "priority": {"job_factor": partition.factor, "tier": partition.tier},
        "timeouts": {"resume": UNSET, "suspend": UNSET},
        "topology": "",
        "partition": {"state": [partition.state]},
        "suspend_time": UNSET,
    }


def _defaults(partition: Partition, cluster: Cluster) -> str:
    """What a job gets that does not say: cores with each GPU, where all nodes have as many."""
    counts = {cpus_per_gpu(make) for make in cluster.makes_of[partition.name]}
    return f"DefCpuPerGPU={counts.pop()}" if len(counts) == 1 and 0 not in counts else ""


def _configured(partition: Partition, cluster: Cluster) -> str:
    """All that the partition has, as a TRES string; a partition may hold accelerators of several kinds and models."""
    nodes = cluster.members[partition.name]
    cpus, memory = sum(node.cpus for node in nodes), sum(node.memory for node in nodes)
    bill = bill_of(partition.billing, cpus, memory, *(node.make for node in nodes), nodes=len(nodes))
    parts = [f"cpu={cpus}", f"mem={mebibytes(memory)}", f"node={len(nodes)}", f"billing={int(bill)}"]
    counts: dict[str, int] = {}
    for node in nodes:
        if node.gres_count:
            typed = [f"gres/{node.gres_name}:{node.gres_type}"] if node.gres_type else []
            for name in (f"gres/{node.gres_name}", *typed):
                counts[name] = counts.get(name, 0) + node.gres_count
    return ",".join(parts + [f"{name}={count}" for name, count in sorted(counts.items())])


def reservation_record(window: Window, cluster: Cluster) -> Body:
    """One record of `reservations[]`."""
    cores = sum(cluster.nodes[name].cpus for name in window.nodes)
    return {
        "accounts": ",".join(window.accounts),
        "burst_buffer": "",
        "core_count": cores,
        "core_specializations": [],
        "end_time": number(int(window.end)),
        "features": "",
        "flags": window.flags,
        "groups": "",
        "licenses": "",
        "max_start_delay": 0,
        "name": window.name,
        "node_count": len(window.nodes),
        "node_list": compress(window.nodes),
        "partition": "",
        "purge_completed": {"time": number(300)},
        "start_time": number(int(window.start)),
        "watts": {},
        "tres": f"cpu={cores}",
        "users": ",".join(window.users),
    }


def licence_records(gates: Gates, now: float) -> list[Body]:
    """`licenses[]`, by name."""
    return [
        {
            "LicenseName": name, "Total": total, "Used": (used := gates.licenses_used.get(name, 0)),
            "Free": max(0, total - used), "Remote": False, "Reserved": 0, "LastConsumed": 0, "LastDeficit": 0,
            "LastUpdate": 0, "Nodes": "",
        }
        for name, total in sorted(gates.licenses.items())
    ]  # fmt: skip
