"""What a simulated cluster consists of at a moment: nodes, jobs, what a job holds, on whom it waits, reservations.

Cores and accelerators of a node are bits of an integer, so that nothing can be handed out twice without it showing.
Times are epoch seconds, memory is MiB.
"""

from msgspec import Struct

from naru_client.mock.scenario import NodeGroup, Partition

NEVER = float("inf")

Shape = tuple[int, int, int]  # accelerators, cores and MiB that a job wants on each node


class Node(Struct, eq=False, kw_only=True):
    index: int
    bit: int
    name: str
    group: NodeGroup
    make: "Make"
    gres_name: str = ""  # "gpu", "npu", or nothing
    gres_type: str = ""
    gres_count: int = 0
    cpus: int
    memory: int
    free_gres: int  # bits of the free accelerators
    free_cores: int  # bits of the free cores
    free_memory: int
    partitions: list[str]
    jobs: dict["Job", None]  # a set that keeps its order
    ready: dict[Shape, float]  # when each shape will fit, as far as that is known; emptied by any change
    level: int = -1  # free accelerators as filed with its make; -1 while it takes no work
    down: bool = False
    drain: bool = False
    reason: str = ""
    reason_by: str = ""
    reason_at: float = 0.0
    planned: bool = False  # kept for a job that comes next
    last_busy: float = 0.0
    wire: bytes = b""  # its record as last written; emptied by any change

    @property
    def usable(self) -> bool:
        return not (self.down or self.drain)

    @property
    def gres_free(self) -> int:
        return self.free_gres.bit_count()

    @property
    def cpus_free(self) -> int:
        return self.free_cores.bit_count()

    def ready_at(self, shape: Shape) -> float:
        """When such a share will fit if every job runs to its limit; 0 when it does now, NEVER when it never does.

        What a job holds while its epilog runs counts as free, though nobody gets it before that has ended.
        """
        found = self.ready.get(shape)
        if found is None:
            found = self.ready[shape] = self._ready_at(*shape)
        return found

    def _ready_at(self, accelerators: int, cpus: int, memory: int) -> float:
        gres, cores, free = self.free_gres.bit_count(), self.free_cores.bit_count(), self.free_memory
        running = []
        for job in self.jobs:
            if job.completing:
                gres, cores, free = gres + job.accelerators, cores + job.cpus, free + job.memory
            else:
                running.append((job.started + job.limit, job))
        if gres >= accelerators and cores >= cpus and free >= memory:
            return 0.0
        for end, job in sorted(running, key=lambda pair: pair[0]):
            gres, cores, free = gres + job.accelerators, cores + job.cpus, free + job.memory
            if gres >= accelerators and cores >= cpus and free >= memory:
                return end
        return NEVER


class Make(Struct, eq=False, kw_only=True):
    """The nodes of one group, filed by how many accelerators of each are free."""

    group: NodeGroup
    gres_name: str
    gres_type: str
    gres_count: int
    cpus: int
    memory: int
    members: int = 0  # bits
    levels: list[int]  # bits of the usable nodes with 0, 1, 2 … accelerators free

    def suits(self, job: "Job") -> bool:
        """Its nodes are big enough, and of the right kind, for one share of the job."""
        if job.accelerators and (job.gres_name != self.gres_name or (job.gres_type not in ("", self.gres_type))):
            return False
        if job.features and not set(job.features.split("&")) <= set(self.group.features):
            return False
        return self.gres_count >= job.accelerators and self.cpus >= job.cpus and self.memory >= job.memory


class Allocation(Struct, eq=False, frozen=True):
    """What one job holds on one node."""

    node: Node
    cores: int  # bits
    gres: int  # bits
    memory: int


class Dependency(Struct, eq=False, frozen=True):
    """One condition on another job. `kind` is Slurm's word; `job` is None for `singleton`."""

    kind: str  # after, afterany, afterok, afternotok, aftercorr, singleton
    job: "Job | None" = None
    delay: float = 0.0  # seconds, of `after`
    task: int | None = None  # where one task of an array is meant: `job` is then its record


class Wish(Struct, frozen=True):
    """How a job is to fare, where whoever submits it says so; what it does not say is drawn."""

    run: float | None = None  # seconds
    outcome: str = ""
    exit_code: int | None = None


class Job(Struct, eq=False, kw_only=True):
    """One record of the scheduler: a job, a started array task, a group of waiting array tasks, a het component."""

    id: int = 0
    name: str
    user: str
    account: str
    partition: Partition  # where it runs; while it waits, the first of `partitions`
    partitions: tuple[Partition, ...] = ()  # all it may run in, when it was submitted to several
    qos: str = "normal"
    nodes: int
    accelerators: int  # on each node
    gres_name: str = ""
    gres_type: str = ""  # empty: any model
    cpus: int  # on each node
    memory: int  # on each node
    limit: float  # seconds
    task_count: int = 0  # tasks asked for; 0: one on each node
    comment: str = ""
    submitted: float
    begin: float = 0.0  # not before this time
    after: tuple[Dependency, ...] = ()
    after_any: bool = False  # one of them is enough ("?" instead of ",")
    held: str = ""  # "user", "admin"
    on_node: str = ""  # it insists on this node, or on nodes out of these, with commas
    not_on: int = 0  # bits of the nodes it does not want
    features: str = ""  # "h100&nvlink"
    licenses: tuple[tuple[str, int], ...] = ()
    reservation: str = ""
    nice: int = 0
    fixed_priority: int = 0  # set by an operator; 0 where it is reckoned
    admin_comment: str = ""
    requeue: bool = True  # may be put back into the queue
    script: str = ""
    work_dir: str = ""
    output: str = ""  # the template of its log; empty: the site's usual one
    error: str = ""

    array: "Job | None" = None  # of a task: the record it was split from; of the group: itself
    array_id: int = 0
    task: int | None = None
    tasks: list[int]  # of the group: those still waiting
    tasks_running: int = 0  # of the group
    open_tasks: int = 0  # of the group: not finished
    ends: dict[int | None, str] = {}  # of the group: how each finished task ended
    throttle: int = 0
    het: tuple["Job", ...] = ()  # all components, the leader first
    het_offset: int = 0

    wish: Wish | None = None
    run: float = 0.0  # how long it will really run
    outcome: str = "COMPLETED"
    exit_code: int = 0
    signal: int = 0
    epilog: float = 3.0  # seconds from its end until its resources are free again
    behaviour: str = ""  # "hang", "idle"
    cancelled_by: str = ""
    seed: int = 0  # of what else is told of it: its log

    state: str = "PENDING"
    completing: bool = False
    requeued: bool = False  # it waits again after a run
    restarts: int = 0
    reason: str = "None"
    detail: str = ""
    priority: int = 0
    eligible: float = 0.0  # 0 while something other than resources keeps it back
    evaluated: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    preempted: float = 0.0
    planned_start: float = 0.0
    planned_nodes: tuple[Node, ...] = ()
    held_nodes: tuple[Allocation, ...] = ()  # what it has, and after its end what it had
    amounts: tuple[float, ...] = ()  # what it takes of each resource of the catalogue
    wire: bytes = b""  # its record as last written; emptied by any change

    @property
    def pending(self) -> bool:
        return self.state == "PENDING"

    @property
    def running(self) -> bool:
        return self.state == "RUNNING"

    @property
    def finished(self) -> bool:
        return self.state not in ("PENDING", "RUNNING")

    @property
    def holding(self) -> tuple[Allocation, ...]:
        """What it holds now."""
        return self.held_nodes if self.running or self.completing else ()

    @property
    def array_group(self) -> bool:
        """Stands for the waiting tasks of an array."""
        return self.array is self and self.task is None

    @property
    def shape(self) -> Shape:
        return (self.accelerators, self.cpus, self.memory)

    @property
    def where(self) -> tuple[Partition, ...]:
        """The partitions it may run in."""
        return self.partitions or (self.partition,)

    def amount(self, resource: str) -> int:
        """How much of a TRES the whole job takes (`gres/gpu`, `gres/gpu:b200`, `cpu`, `node`, `mem`)."""
        if resource == "cpu":
            return self.cpus * self.nodes
        if resource == "node":
            return self.nodes
        if resource == "mem":
            return self.memory * self.nodes
        named = resource in (f"gres/{self.gres_name}", f"gres/{self.gres_name}:{self.gres_type}")
        return self.accelerators * self.nodes if named and self.accelerators else 0


class Window(Struct, eq=False):
    """A reservation in time."""

    name: str
    start: float
    end: float
    nodes: frozenset[str]
    mask: int
    flags: tuple[str, ...]
    users: tuple[str, ...]
    accounts: tuple[str, ...]

    @property
    def maintenance(self) -> bool:
        return "MAINT" in self.flags

    def admits(self, job: Job) -> bool:
        return job.reservation == self.name and (job.user in self.users or job.account in self.accounts)
