"""Nodes as slurmctld tells them (`/slurm/v0.0.44/nodes`)."""

from functools import lru_cache

from naru_client.mock.cluster import bits
from naru_client.mock.entities import Make, Node, Window
from naru_client.mock.hostlist import ranges
from naru_client.mock.simulator import Simulator
from naru_client.mock.tres import weights
from naru_client.mock.wire_values import (
    SET,
    SET_JSON,
    UNSET_JSON,
    ZERO,
    ZERO_JSON,
    Body,
    Records,
    encode,
    quoted,
    template,
    tres_string,
)

_Usage = tuple[int, bytes, bytes, int, int, int, bytes]

_OPERATING_SYSTEM = "Linux 5.14.0-570.el9.{arch} #1 SMP PREEMPT_DYNAMIC"
_UNKNOWN_LOAD = 4_294_967_294
_NOTHING = b'""'
_UP_FOR = 12 * 86_400  # seconds before the opening that the first node was started
# One record in the order of the contract. What is "%b" is filled in for each node by `NodeWriter._record`, in this
# order; what is None is the same for all nodes of a make.
_RECORD: Body = {
    "architecture": None, "burstbuffer_network_address": "", "boards": 1, "boot_time": SET,
    "tls_cert_last_renewal": ZERO, "cert_flags": [], "cluster_name": "", "cores": None, "specialized_cores": 0,
    "cpu_binding": 0, "cpu_load": "%d", "free_mem": "%b", "cpus": None, "effective_cpus": None,
    "specialized_cpus": "",
    "energy": {
        "average_watts": 0, "base_consumed_energy": 0, "consumed_energy": 0, "current_watts": ZERO,
        "previous_consumed_energy": 0, "last_collected": 0,
    },
    "external_sensors": {}, "extra": "", "power": {}, "features": None, "active_features": None, "gpu_spec": "",
    "gres": None, "gres_drained": "N/A", "gres_used": "%b", "instance_id": "", "instance_type": "",
    "last_busy": SET, "mcs_label": "", "specialized_memory": 0, "name": "%b", "next_state_after_reboot": ["INVALID"],
    "address": "%b", "hostname": "%b", "state": "%b", "operating_system": None, "owner": "", "partitions": "%b",
    "port": 6818, "real_memory": None, "res_cores_per_gpu": 0, "comment": "", "reason": "%b",
    "reason_changed_at": "%b", "reason_set_by_user": "%b", "resume_after": ZERO, "reservation": "%b",
    "alloc_memory": "%d", "alloc_cpus": "%d", "alloc_idle_cpus": "%d", "tres_used": "%b", "tres_weighted": 0.0,
    "slurmd_start_time": SET, "sockets": None, "threads": 1, "temporary_disk": 0, "weight": None, "topology": "",
    "tres": None, "version": None,
}  # fmt: skip


class NodeWriter:
    """Writes the node records of one site; `release` is the Slurm they run. A record is kept with its node until
    anything of it changes."""

    def __init__(self, simulator: Simulator, release: str) -> None:
        self.simulator = simulator
        self._release = release
        self._makes: dict[int, _OfMake] = {}
        booted = int(simulator.opened) - _UP_FOR
        self._fixed = [
            (booted - 1301 * node.index, quoted(node.name), encode(node.partitions))
            for node in simulator.cluster.node_list
        ]
        self._least_busy = simulator.opened - 86_400

    def use_release(self, release: str) -> None:
        """The nodes run another Slurm from now on."""
        self._release = release
        self._makes.clear()
        for node in self.simulator.cluster.node_list:
            node.wire = b""

    def write(self, node: Node, into: Records) -> None:
        """Add one record of `nodes[]`."""
        into.append(node.wire or self._record(node))

    def _record(self, node: Node) -> bytes:
        make = self._makes.get(id(node.make)) or self._of_make(node)
        usage = (node.free_cores.bit_count(), node.free_memory, node.free_gres)
        load, free_memory, gres_used, memory, cpus, idle, tres_used = make.usages.get(usage) or make.usage(node)
        booted, name, partitions = self._fixed[node.index]
        window = self._window(node) if self.simulator.cluster.windows else None
        # When something last began or ended there: unlike "now", it stands until the next change.
        busy, completing = max(self._least_busy, node.last_busy), False
        for job in node.jobs:
            if job.started > busy:
                busy = job.started
            if job.completing:
                completing = True
        down, reason = node.down, node.reason
        node.wire = wire = make.template % (
            booted, _UNKNOWN_LOAD if down else load + node.index % 11, UNSET_JSON if down else free_memory, gres_used,
            int(busy), name, name, name, _states(node, window, idle, completing), partitions,
            quoted(reason) if reason else _NOTHING,
            SET_JSON % int(node.reason_at) if node.reason_at else ZERO_JSON,
            quoted(node.reason_by) if reason else _NOTHING, quoted(window.name) if window else _NOTHING, memory, cpus,
            idle, tres_used if node.jobs else _NOTHING, booted + 95,
        )  # fmt: skip
        return wire

    def _window(self, node: Node) -> Window | None:
        s = self.simulator
        return next((w for w in s.cluster.windows if w.start <= s.now and node.bit & w.mask), None)

    def _of_make(self, node: Node) -> "_OfMake":
        make = node.make
        bill = max(
            (
                bill_of(self.simulator.cluster.partitions[p].billing, make.cpus, make.memory, make)
                for p in node.partitions
            ),
            default=float(make.cpus),
        )  # of the partition in which a whole node bills most
        found = self._makes[id(make)] = _OfMake(make, bill, self._release)
        return found


class _OfMake:
    """What all nodes of a make have in common, filled into the template; and what each use of one comes to."""

    def __init__(self, make: Make, bill: float, release: str) -> None:
        group = make.group
        gres = self.gres = f"{make.gres_name}:{make.gres_type}" if make.gres_type else make.gres_name
        tres = tres_string(cpus=make.cpus, memory=make.memory, billing=bill, gres=gres, count=make.gres_count)
        system = _OPERATING_SYSTEM.format(arch=group.arch)
        told = f"{gres}:{make.gres_count}(S:0-{group.sockets - 1})" if make.gres_count else ""
        features = [feature.replace("%", "%%") for feature in group.features]  # filled in again, for each node
        self.template = b"," + template(
            _RECORD
            | {
                "architecture": group.arch.replace("%", "%%"), "cores": group.cores, "cpus": make.cpus,
                "effective_cpus": make.cpus, "features": features, "active_features": features,
                "gres": told.replace("%", "%%"), "operating_system": system.replace("%", "%%"),
                "real_memory": make.memory, "sockets": group.sockets, "weight": group.weight,
                "tres": tres.replace("%", "%%"), "version": release.replace("%", "%%"),
            }
        )  # fmt: skip
        self.make = make
        self.usages: dict[tuple[int, int, int], _Usage] = {}

    def usage(self, node: Node) -> _Usage:
        """Load, free memory, accelerators used; memory and cores allocated, cores free; all of it as a TRES string."""
        if len(self.usages) > 4096:
            self.usages.clear()
        make, free = self.make, node.cpus_free
        cpus, memory = make.cpus - free, make.memory - node.free_memory
        taken = ((1 << make.gres_count) - 1) & ~node.free_gres
        used = ""
        if make.gres_count:
            used = f"{self.gres}:{taken.bit_count()}(IDX:{ranges(bits(taken)) if taken else 'N/A'})"
        found = self.usages[free, node.free_memory, node.free_gres] = (
            cpus * 91 + 7, SET_JSON % max(1, make.memory - memory * 7 // 10 - 9000), quoted(used), memory, cpus, free,
            quoted(tres_string(cpus=cpus, memory=memory, gres=self.gres, count=taken.bit_count())),
        )  # fmt: skip
        return found


def bill_of(weighted: str, cpus: int, memory: int, *makes: Make, nodes: int = 1) -> float:
    """What so much bills by a partition's weights, with the accelerators of `makes`, a node of each."""
    if not weighted:
        return float(cpus)
    total = 0.0
    for resource, weight in weights(weighted):
        if resource in ("cpu", "mem", "node"):
            total += weight * {"cpu": cpus, "mem": memory, "node": nodes}[resource]
        else:
            total += weight * sum(
                m.gres_count for m in makes if resource in (f"gres/{m.gres_name}", f"gres/{m.gres_name}:{m.gres_type}")
            )
    return total


def _states(node: Node, window: Window | None, idle: int, completing: bool) -> bytes:
    if node.down:
        base = "DOWN"
    elif idle == node.cpus:
        base = "IDLE"
    else:
        base = "MIXED" if idle else "ALLOCATED"
    planned = node.planned and idle > 0
    kept = "" if window is None else "MAINTENANCE" if window.maintenance else "RESERVED"
    return _state_list(base, node.drain, completing, node.down, kept, planned)


@lru_cache(maxsize=128)
def _state_list(base: str, drain: bool, completing: bool, down: bool, kept: str, planned: bool) -> bytes:
    states = [base]
    if drain:
        states.append("DRAIN")
    if completing:
        states.append("COMPLETING")
    if down:
        states.append("NOT_RESPONDING")
    elif kept:
        states.append(kept)
    elif planned and not drain:
        states.append("PLANNED")
    return encode(states)
