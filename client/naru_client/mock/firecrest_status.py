"""What FirecREST tells of the systems: their health, nodes, partitions and reservations, and who one is there."""

from datetime import UTC, datetime

from naru_client.mock.entities import Node, Window
from naru_client.mock.files import ROOTS
from naru_client.mock.firecrest_files import MOST, NO_LOGIN
from naru_client.mock.firecrest_request import Refused, Request
from naru_client.mock.hostlist import compress
from naru_client.mock.people import People
from naru_client.mock.privileges import Privileges
from naru_client.mock.requests import Trouble
from naru_client.mock.scenario import SitePlan
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import Body

PROBED = 60.0  # seconds between two looks at a system's health
API = "0.0.44"
# The words of Slurm that FirecREST knows; all others it takes to be UNKNOWN.
_KNOWN = {
    "IDLE": "IDLE", "ALLOCATED": "ALLOCATED", "MIXED": "MIXED", "DOWN": "DOWN", "DRAIN": "DRAIN",
    "DRAINED": "DRAIN", "DRAINING": "DRAIN", "COMPLETING": "COMPLETING", "RESERVED": "RESERVED", "MAINT": "OFFLINE",
}  # fmt: skip


def system(plan: SitePlan, now: float, mode: str) -> Body:
    """A system of `status/systems`, which says how it is reached and how it was when last looked at."""
    checked = _looked_at(now)
    pong = "[{'hostname': 'slurmctl-01', 'pinged': 'UP', 'responding': True, 'latency': 812, 'mode': 'primary'}]"
    return {
        "name": plan.cluster.lower(),
        "ssh": {
            "host": f"login.{plan.cluster.lower()}.invalid", "port": 22, "proxyHost": None, "proxyPort": None,
            "maxClients": 100,
            "timeout": {"connection": 5, "login": 5, "commandExecution": 5, "idleTimeout": 60, "keepAlive": 5},
        },
        "scheduler": {
            "type": "slurm", "connectionMode": mode, "version": plan.release,
            "apiUrl": "http://127.0.0.1:6820" if mode != "ssh" else None, "apiVersion": API if mode != "ssh" else None,
            "timeout": 10,
        },
        "servicesHealth": [
            {"serviceType": "scheduler", "lastChecked": checked, "latency": 0.0185, "healthy": True, "message": pong},
            {"serviceType": "ssh", "lastChecked": checked, "latency": 0.1362, "healthy": True, "message": None},
        ],
        "probing": {
            "services": {"ssh": {"timeout": 5}, "scheduler": {"timeout": 10}}, "intervalCheck": int(PROBED),
        },
        "lastHealthCheck": checked,
        "fileSystems": [
            {"path": ROOTS[0], "dataType": "scratch", "defaultWorkDir": True},
            {"path": ROOTS[1], "dataType": "users", "defaultWorkDir": False},
        ],
        "dataOperation": {"datatransfer_jobs_directives": [], "max_ops_file_size": MOST, "data_transfer": None},
    }  # fmt: skip


def liveness(names: list[str], now: float) -> Body:
    return {"healthcheckRuns": dict.fromkeys(names, _looked_at(now)), "lastUpdate": int(now % PROBED)}


class Status:
    """One system, as its scheduler and its login node tell of it."""

    def __init__(self, simulator: Simulator, people: People, *, ssh: bool) -> None:
        self._simulator = simulator
        self._people = people
        self._privileges = Privileges(people)
        self._ssh = ssh

    def nodes(self, request: Request) -> Body:
        try:
            self._privileges.nodes(request.caller, "nodes")
        except Trouble as trouble:
            words = f"Unexpected Slurm API response. status:{trouble.status} message:{trouble.errors[0][1]}"
            raise Refused(500, words) from None
        tell = self._of_sinfo if self._ssh else self._of_scheduler
        return {"nodes": [tell(node) for node in self._simulator.cluster.node_list]}

    def partitions(self, request: Request) -> Body:
        request.boolean("show_hidden")
        request.check()
        cluster, told = self._simulator.cluster, []
        for name, partition in cluster.partitions.items():
            members = cluster.members[name]
            state: str | list[str] = partition.state if self._ssh else [partition.state]
            told.append(
                {"name": name, "cpus": sum(n.cpus for n in members), "totalNodes": len(members), "partition": state}
            )
        return {"partitions": told}

    def reservations(self, request: Request) -> Body:
        now = self._simulator.now
        windows = [w for w in self._simulator.cluster.windows if self._privileges.window(request.caller, w)]
        return {"reservations": [self._reservation(w, now) for w in sorted(windows, key=lambda w: w.start)]}

    def userinfo(self, request: Request) -> Body:
        user = request.caller.user
        accounts = self._people.accounts_of.get(user)
        if not accounts:
            raise Refused(500, NO_LOGIN)
        groups = [{"id": str(self._people.group_id[name]), "name": name} for name in accounts]
        return {
            "user": {"id": str(self._people.user_id[user]), "name": user}, "group": groups[0], "groups": groups,
            "accounts": [{"name": name, "default": name == accounts[0]} for name in accounts],
        }  # fmt: skip

    def _reservation(self, window: Window, now: float) -> Body:
        return {
            "name": window.name, "nodeList": compress(window.nodes), "endTime": int(window.end),
            "startTime": int(window.start), "features": None if self._ssh else "",
            "state": "active" if window.start <= now < window.end else "inactive",
        }  # fmt: skip

    def _of_scheduler(self, node: Node) -> Body:
        """As slurmrestd has it: the load a hundred times too high, memory and idle cores under other names."""
        group = node.group
        states = [node_state(node), *(["DRAIN"] if node.drain else [])]
        if any(job.completing for job in node.jobs):
            states.append("COMPLETING")
        if node.down:
            states.append("NOT_RESPONDING")
        elif kept := self._kept(node):
            states.append(kept)
        elif node.planned and node.usable and node.cpus_free:
            states.append("PLANNED")
        return {
            "sockets": group.sockets, "cores": group.cores, "threads": 1, "cpus": node.cpus,
            "cpuLoad": 4294967294.0 if node.down else float(_load(node)), "freeMemory": None,
            "features": list(group.features), "name": node.name, "address": node.name, "hostname": node.name,
            "state": [_KNOWN.get(state, "UNKNOWN") for state in states], "partitions": node.partitions,
            "weight": group.weight, "allocMemory": node.memory - node.free_memory,
            "allocCpus": node.cpus - node.cpus_free, "idleCpus": None,
        }  # fmt: skip

    def _of_sinfo(self, node: Node) -> Body:
        """As sinfo has it, with sockets read three times and all memory for what is allocated."""
        group = node.group
        kept = self._kept(node)
        state = node_state(node)
        if node.drain:
            state = "DRAINING" if node.jobs else "DRAINED"
        elif kept and not node.down:
            state = "MAINT" if kept == "MAINTENANCE" else kept
        elif node.planned and node.usable and state == "IDLE":
            state = "PLANNED"
        return {
            "sockets": group.sockets, "cores": group.sockets, "threads": group.sockets, "cpus": node.cpus,
            "cpuLoad": None if node.down else _load(node) / 100, "freeMemory": None if node.down else node.free_memory,
            "features": ",".join(group.features) or "(null)", "name": node.name, "address": node.name,
            "hostname": node.name, "state": [_KNOWN.get(state, "UNKNOWN")], "partitions": node.partitions,
            "weight": group.weight, "allocMemory": node.memory, "allocCpus": node.cpus - node.cpus_free,
            "idleCpus": node.cpus_free if node.usable else 0,
        }  # fmt: skip

    def _kept(self, node: Node) -> str:
        """The word for a node that a reservation keeps."""
        now = self._simulator.now
        for window in self._simulator.cluster.windows:
            if window.start <= now and node.bit & window.mask:
                return "MAINTENANCE" if window.maintenance else "RESERVED"
        return ""


def node_state(node: Node) -> str:
    if node.down:
        return "DOWN"
    if node.cpus_free == node.cpus:
        return "IDLE"
    return "MIXED" if node.cpus_free else "ALLOCATED"


def _load(node: Node) -> int:
    """A hundredfold load."""
    return (node.cpus - node.cpus_free) * 91 + 7 + node.index % 11


def _looked_at(now: float) -> str:
    return datetime.fromtimestamp(now - now % PROBED, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
