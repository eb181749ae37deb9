"""What is the case in the simulated cluster: its nodes, its jobs, and who holds which core and accelerator.

Cores and accelerators of a node are bits of an integer, so that nothing can be handed out twice without it showing.
Times are epoch seconds, memory is MiB.
"""

from msgspec import Struct

from naru_client.hostlist import expand
from naru_client.mock.scenario import NodeGroup, Partition, Scenario


class NoRoom(Exception):
    """An allocation that does not fit: a fault of whoever planned it."""


class Node(Struct, eq=False, kw_only=True):
    index: int
    name: str
    group: NodeGroup
    gres_name: str = ""  # "gpu", "npu", or nothing
    gres_type: str = ""
    gres_count: int = 0
    cpus: int
    memory: int
    free_gres: int  # bits of the free accelerators
    free_cores: int  # bits of the free cores
    free_memory: int
    partitions: list[str] = []
    jobs: dict["Job", None] = {}  # a set that keeps its order
    down: bool = False
    drain: bool = False
    reason: str = ""
    reason_by: str = ""
    reason_at: float = 0.0
    planned: bool = False  # kept for a job that comes next
    last_busy: float = 0.0

    @property
    def usable(self) -> bool:
        return not (self.down or self.drain)

    @property
    def gres_free(self) -> int:
        return self.free_gres.bit_count()

    @property
    def cpus_free(self) -> int:
        return self.free_cores.bit_count()

    def has_room(self, job: "Job") -> bool:
        """One share of the job fits on what is free now."""
        return self.gres_free >= job.accelerators and self.cpus_free >= job.cpus and self.free_memory >= job.memory


class Allocation(Struct, eq=False, frozen=True):
    """What one job holds on one node."""

    node: Node
    cores: int  # bits
    gres: int  # bits
    memory: int


class Job(Struct, eq=False, kw_only=True):
    """One record of the scheduler: a job, a started array task, a group of waiting array tasks, a het component."""

    id: int = 0
    name: str
    user: str
    account: str
    partition: Partition
    qos: str = "normal"
    nodes: int
    accelerators: int  # on each node
    gres_name: str = ""
    gres_type: str = ""
    cpus: int  # on each node
    memory: int  # on each node
    limit: float  # seconds
    comment: str = ""
    submitted: float
    begin: float = 0.0  # not before this time
    after: tuple["Job", ...] = ()  # each must have completed (afterok)
    held: str = ""  # "user", "admin"
    on_node: str = ""
    reservation: str = ""

    array: "Job | None" = None  # of a task: the record it was split from; of the group: itself
    array_id: int = 0
    task: int | None = None
    tasks: list[int] = []  # of the group: those still waiting
    throttle: int = 0
    het: tuple["Job", ...] = ()  # all components, the leader first
    het_offset: int = 0

    run: float = 0.0  # how long it will really run
    outcome: str = "COMPLETED"
    exit_code: int = 0
    signal: int = 0
    epilog: float = 3.0  # seconds from its end until its resources are free again
    cancelled_by: str = ""

    state: str = "PENDING"
    completing: bool = False
    reason: str = "None"
    detail: str = ""
    priority: int = 0
    eligible: float = 0.0  # 0 while something other than resources keeps it back
    evaluated: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    planned_start: float = 0.0
    planned_nodes: tuple[Node, ...] = ()
    able: tuple[Node, ...] | None = None  # the nodes that could hold a share of it when empty; None: not looked yet
    held_nodes: tuple[Allocation, ...] = ()  # what it has, and after its end what it had

    @property
    def pending(self) -> bool:
        return self.state == "PENDING"

    @property
    def running(self) -> bool:
        return self.state == "RUNNING"

    @property
    def finished(self) -> bool:
        return not (self.pending or self.running)

    @property
    def array_group(self) -> bool:
        """Stands for the waiting tasks of an array."""
        return self.array is self and self.task is None

    def fits_empty(self, node: Node) -> bool:
        """The node is big enough, and of the right kind, for one share of the job."""
        if self.accelerators and (self.gres_name, self.gres_type) != (node.gres_name, node.gres_type):
            return False
        if self.on_node and node.name != self.on_node:
            return False
        return node.gres_count >= self.accelerators and node.cpus >= self.cpus and node.memory >= self.memory

    def amount(self, resource: str) -> int:
        """How much of a TRES the whole job takes (`gres/gpu`, `gres/npu`, `cpu`, `node`)."""
        if resource == "cpu":
            return self.cpus * self.nodes
        if resource == "node":
            return self.nodes
        return self.accelerators * self.nodes if resource == f"gres/{self.gres_name}" else 0


class Window(Struct, eq=False):
    """A reservation in time."""

    name: str
    start: float
    end: float
    nodes: frozenset[str]
    flags: tuple[str, ...]
    users: tuple[str, ...]
    accounts: tuple[str, ...]

    @property
    def maintenance(self) -> bool:
        return "MAINT" in self.flags

    def admits(self, job: Job) -> bool:
        return job.reservation == self.name and (job.user in self.users or job.account in self.accounts)


class Cluster:
    """Nodes and partitions, and the only two operations that change what is free: `take` and `give_back`."""

    def __init__(self, scenario: Scenario) -> None:
        self.nodes: dict[str, Node] = {}
        for group in scenario.nodes:
            kind, model, count = (*group.gres.split(":"), "", "")[:3] if group.gres else ("", "", "0")
            cores = group.sockets * group.cores
            for name in expand(group.names):
                self.nodes[name] = Node(
                    index=len(self.nodes),
                    name=name,
                    group=group,
                    gres_name=kind,
                    gres_type=model,
                    gres_count=int(count),
                    cpus=cores,
                    memory=group.memory,
                    free_gres=(1 << int(count)) - 1,
                    free_cores=(1 << cores) - 1,
                    free_memory=group.memory,
                )
        self.partitions = {p.name: p for p in scenario.partitions}
        self.members: dict[str, tuple[Node, ...]] = {}
        for partition in scenario.partitions:
            self.members[partition.name] = tuple(self.nodes[name] for name in expand(partition.nodes))
            for node in self.members[partition.name]:
                node.partitions.append(partition.name)
        self.component = _components(self.members)
        self.windows: list[Window] = []

    def take(self, job: Job, nodes: tuple[Node, ...]) -> None:
        """Give a job its share of each of these nodes. Raises NoRoom, changing nothing, where it does not fit."""
        if len(nodes) != job.nodes:
            raise NoRoom(f"{job.name} needs {job.nodes} nodes")
        shares = []
        for node in nodes:
            if not node.has_room(job):
                raise NoRoom(f"{job.name} on {node.name}")
            cores, gres = lowest_bits(node.free_cores, job.cpus), lowest_bits(node.free_gres, job.accelerators)
            shares.append(Allocation(node, cores, gres, job.memory))
        for share in shares:
            share.node.free_cores &= ~share.cores
            share.node.free_gres &= ~share.gres
            share.node.free_memory -= share.memory
            share.node.jobs[job] = None
        job.held_nodes = tuple(shares)

    def give_back(self, job: Job, now: float) -> None:
        """Free what a job held. It still knows where it ran."""
        for share in job.held_nodes:
            share.node.free_cores |= share.cores
            share.node.free_gres |= share.gres
            share.node.free_memory += share.memory
            share.node.jobs.pop(job, None)
            share.node.last_busy = now


def lowest_bits(mask: int, count: int) -> int:
    """The `count` lowest bits that are set in a mask."""
    rest = mask
    for _ in range(count):
        rest &= rest - 1
    return mask ^ rest


def bits(mask: int) -> list[int]:
    """The positions of the set bits, ascending."""
    positions = []
    while mask:
        low = mask & -mask
        positions.append(low.bit_length() - 1)
        mask ^= low
    return positions


def _components(members: dict[str, tuple[Node, ...]]) -> dict[str, int]:
    """Partitions that share nodes, directly or through others, get one number: they are scheduled together."""
    number = {name: i for i, name in enumerate(members)}
    for first, nodes in members.items():
        for second, others in members.items():
            if number[first] != number[second] and not set(nodes).isdisjoint(others):
                old, new = number[second], number[first]
                number = {name: new if n == old else n for name, n in number.items()}
    return number
