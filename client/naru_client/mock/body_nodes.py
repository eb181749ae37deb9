"""Nodes, partitions and reservations as slurmctld tells them."""

from naru_client.mock.cluster import Cluster, Node, Window, bits
from naru_client.mock.hostlist import compress, ranges
from naru_client.mock.scenario import Partition, Scenario
from naru_client.mock.wire_values import INFINITE, UNSET, ZERO, Body, limit, number, tres_string

_OPERATING_SYSTEM = "Linux 5.14.0-570.el9.{arch} #1 SMP PREEMPT_DYNAMIC"


def node_record(node: Node, cluster: Cluster, scenario: Scenario, now: float, opened: float) -> Body:
    """One record of `nodes[]`."""
    group = node.group
    gres = f"{node.gres_name}:{node.gres_type}"
    taken = ((1 << node.gres_count) - 1) & ~node.free_gres
    used = taken.bit_count()
    cpus = node.cpus - node.cpus_free
    memory = node.memory - node.free_memory
    window = next((w for w in cluster.windows if w.start <= now and node.name in w.nodes), None)
    return {
        "architecture": group.arch,
        "burstbuffer_network_address": "",
        "boards": 1,
        "boot_time": number(int(opened - 12 * 86_400 - 1301 * node.index)),
        "tls_cert_last_renewal": ZERO,
        "cert_flags": [],
        "cluster_name": "",
        "cores": group.cores,
        "specialized_cores": 0,
        "cpu_binding": 0,
        "cpu_load": 4294967294 if node.down else cpus * 91 + 7 + node.index % 11,
        "free_mem": UNSET if node.down else number(max(1, node.memory - memory * 7 // 10 - 9000)),
        "cpus": node.cpus,
        "effective_cpus": node.cpus,
        "specialized_cpus": "",
        "energy": {
            "average_watts": 0, "base_consumed_energy": 0, "consumed_energy": 0, "current_watts": ZERO,
            "previous_consumed_energy": 0, "last_collected": 0,
        },
        "external_sensors": {},
        "extra": "",
        "power": {},
        "features": group.features,
        "active_features": group.features,
        "gpu_spec": "",
        "gres": f"{gres}:{node.gres_count}(S:0-{group.sockets - 1})" if node.gres_count else "",
        "gres_drained": "N/A",
        "gres_used": f"{gres}:{used}(IDX:{ranges(bits(taken)) if used else 'N/A'})" if node.gres_count else "",
        "instance_id": "",
        "instance_type": "",
        "last_busy": number(int(now if node.jobs else node.last_busy or opened)),
        "mcs_label": "",
        "specialized_memory": 0,
        "name": node.name,
        "next_state_after_reboot": ["INVALID"],
        "address": node.name,
        "hostname": node.name,
        "state": _states(node, window),
        "operating_system": _OPERATING_SYSTEM.format(arch=group.arch),
        "owner": "",
        "partitions": node.partitions,
        "port": 6818,
        "real_memory": node.memory,
        "res_cores_per_gpu": 0,
        "comment": "",
        "reason": node.reason,
        "reason_changed_at": number(int(node.reason_at)),
        "reason_set_by_user": node.reason_by,
        "resume_after": ZERO,
        "reservation": window.name if window else "",
        "alloc_memory": memory,
        "alloc_cpus": cpus,
        "alloc_idle_cpus": node.cpus_free,
        "tres_used": tres_string(cpus=cpus, memory=memory, gres=gres, count=used) if node.jobs else "",
        "tres_weighted": 0.0,
        "slurmd_start_time": number(int(opened - 12 * 86_400 - 1301 * node.index + 95)),
        "sockets": group.sockets,
        "threads": 1,
        "temporary_disk": 0,
        "weight": group.weight,
        "topology": "",
        "tres": tres_string(cpus=node.cpus, memory=node.memory, billing=node.cpus, gres=gres, count=node.gres_count),
        "version": scenario.release,
    }  # fmt: skip


def partition_record(partition: Partition, cluster: Cluster) -> Body:
    """One record of `partitions[]`."""
    nodes = cluster.members[partition.name]
    first = nodes[0]
    cpus = sum(node.cpus for node in nodes)
    configured = tres_string(
        cpus=cpus,
        memory=sum(node.memory for node in nodes),
        nodes=len(nodes),
        billing=cpus,
        gres=f"{first.gres_name}:{first.gres_type}",
        count=sum(node.gres_count for node in nodes),
    )
    return {
        "nodes": {"allowed_allocation": "", "configured": compress(n.name for n in nodes), "total": len(nodes)},
        "accounts": {"allowed": ",".join(partition.allow_accounts), "deny": ""},
        "groups": {"allowed": ""},
        "qos": {"allowed": "", "deny": "", "assigned": partition.qos},
        "alternate": "",
        "tres": {"billing_weights": partition.billing, "configured": configured},
        "cluster": "",
        "select_type": [],
        "cpus": {"task_binding": 0, "total": cpus},
        "defaults": {
            "memory_per_cpu": 0,
            "partition_memory_per_cpu": UNSET,
            "partition_memory_per_node": ZERO,
            "time": number(int(partition.default_hours * 60)),
            "job": "",
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
        "partition": {"state": ["UP"]},
        "suspend_time": UNSET,
    }


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


def _states(node: Node, window: Window | None) -> list[str]:
    if node.down:
        states = ["DOWN"]
    elif node.cpus_free == node.cpus:
        states = ["IDLE"]
    else:
        states = ["ALLOCATED" if not node.cpus_free else "MIXED"]
    if node.drain:
        states.append("DRAIN")
    if any(job.completing for job in node.jobs):
        states.append("COMPLETING")
    if node.down:
        states.append("NOT_RESPONDING")
    elif window is not None:
        states.append("MAINTENANCE" if window.maintenance else "RESERVED")
    elif node.planned and node.usable and node.cpus_free:
        states.append("PLANNED")
    return states
