"""The one vocabulary of Naru: what a centre consists of, in the field's own terms.

Every dialect decodes into these, every screen and every `--json` shows these. Times are aware UTC datetimes, durations
are seconds, memory is bytes. `None` always means "the source did not say", never zero. Text that came from outside has
passed `text.clean` before it stands in any of these.
"""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

AcceleratorKind = str  # "gpu", "npu", or whatever else a site calls a generic accelerator

# The words Slurm's squeue prints, in one spelling; anything newer passes through unchanged.
JobState = str
PENDING, RUNNING, SUSPENDED, COMPLETING, CONFIGURING = "PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING"

FINISHED_STATES = frozenset(
    {
        "COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE",
        "OUT_OF_MEMORY", "REVOKED", "LAUNCH_FAILED", "RECONFIG_FAIL",
    }
)  # fmt: skip
WAITING_STATES = frozenset(
    {"PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
)  # fmt: skip


class Accelerators(Struct, frozen=True, gc=False):
    """So many accelerators of one kind and model; `model` is None where the request or the site does not name one."""

    kind: AcceleratorKind
    model: str | None
    count: int


class Exit(Struct, frozen=True):
    """How a finished job ended: its return code and the signal that killed it (both None when unknown)."""

    code: int | None = None
    signal: int | None = None


class Job(Struct, frozen=True, gc=False):
    """One job, one array task, one collapsed group of pending array tasks, or one component of a het job.

    `id` is how a person addresses it: `123`, `123_4`, `123_[5-9%2]` (pending tasks not yet split off), `123+1`.
    `job_id` is the scheduler's own number for this record. `accelerators` are those allocated once it runs and those
    asked for before; an empty tuple means none, None means the source does not tell.

    Given by name everywhere but where a long queue is decoded, a column at a time: by place is ten times as quick.
    """

    site: str
    id: str
    job_id: int
    array_id: int | None = None
    array_task: int | None = None
    array_tasks: str | None = None  # the pending group's expression, "5-9%2"
    array_pending: int | None = None  # how many tasks stand behind `array_tasks`
    het_id: int | None = None
    het_offset: int | None = None

    name: str = ""
    user: str | None = None
    account: str | None = None
    qos: str | None = None
    pool: str | None = None  # the partition it runs in; while pending, all it was submitted to, comma separated
    reservation: str | None = None

    state: JobState = "UNKNOWN"
    state_flags: tuple[str, ...] = ()  # further state words of sources that give more than one
    reason: str | None = None  # the scheduler's reason code; None when there is none
    reason_detail: str | None = None  # what follows the code ("UnavailableNodes:h200-02"), or the site's own text
    priority: int | None = None
    dependency: str | None = None

    nodes: int | None = None  # allocated, or asked for
    node_list: str | None = None  # allocated, hostlist form
    planned_nodes: str | None = None  # where the scheduler plans to start it
    cpus: int | None = None
    tasks: int | None = None
    memory: int | None = None  # bytes, over all nodes
    accelerators: tuple[Accelerators, ...] | None = None
    features: str | None = None

    submitted: datetime | None = None
    eligible: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None  # when it ended, None before
    expected_start: datetime | None = None  # the scheduler's own estimate, only while it waits
    time_limit: int | None = None  # seconds
    unlimited: bool = False  # it has no time limit (then `time_limit` is None)
    elapsed: int | None = None  # seconds run so far, or in all

    exit: Exit | None = None  # only for finished jobs
    comment: str | None = None
    work_dir: str | None = None
    command: str | None = None
    stdout: str | None = None  # expanded, absolute where the source allows
    stderr: str | None = None
    restarts: int | None = None

    @property
    def finished(self) -> bool:
        return self.state in FINISHED_STATES

    @property
    def waiting(self) -> bool:
        return self.state in WAITING_STATES

    @property
    def running(self) -> bool:
        """It holds resources: running, or on its way in or out, or suspended."""
        return not self.finished and not self.waiting

    @property
    def accelerator_count(self) -> int | None:
        return None if self.accelerators is None else sum(a.count for a in self.accelerators)


NodeCondition = Literal["idle", "mixed", "allocated", "planned", "draining", "drained", "down", "reserved", "unknown"]


class NodeAccelerators(Struct, frozen=True, gc=False):
    """Accelerators of one kind and model in a node; `used` is None where the source does not tell."""

    kind: AcceleratorKind
    model: str | None
    total: int
    used: int | None = None


class Node(Struct, frozen=True, kw_only=True, gc=False):
    """One node. `states` are the scheduler's words, upper case ("MIXED", "DRAIN"); `condition` is what they come to."""

    site: str
    name: str
    states: tuple[str, ...]
    condition: NodeCondition
    pools: tuple[str, ...] = ()
    accelerators: tuple[NodeAccelerators, ...] = ()
    cpus: int | None = None
    cpus_used: int | None = None
    memory: int | None = None  # bytes
    memory_used: int | None = None  # bytes allocated to jobs
    cpu_load: float | None = None
    features: tuple[str, ...] = ()
    reason: str | None = None  # why it is drained or down, the operator's words
    reason_user: str | None = None
    reason_since: datetime | None = None
    reservation: str | None = None

    @property
    def available(self) -> bool:
        """It takes new work, or would once its present work ends."""
        return self.condition in ("idle", "mixed", "allocated", "planned", "reserved")


class AcceleratorTally(Struct, frozen=True, kw_only=True):
    """Accelerators of one kind and model over some nodes.

    `total = used + free + unavailable` where the source tells how many are used. Accelerators still held by a job on a
    draining node count as used; the rest of that node, and all of a down one, as unavailable.
    """

    kind: AcceleratorKind
    model: str | None
    total: int
    used: int | None
    free: int | None
    unavailable: int
    free_by_node: tuple[tuple[int, int], ...] = ()  # (free on one node, so many nodes), most first
    pools: tuple[str, ...] = ()

    @property
    def largest_free_block(self) -> int:
        """The most accelerators free together on one node."""
        return self.free_by_node[0][0] if self.free_by_node else 0


class Pool(Struct, frozen=True, kw_only=True):
    """A partition or its equivalent, with its limits and what stands in it."""

    site: str
    name: str
    state: str  # "UP", "DOWN", "DRAIN", "INACTIVE", or what the source says
    default: bool = False
    nodes: int | None = None
    node_names: str | None = None  # hostlist form
    max_time: int | None = None  # seconds; None with `unlimited_time` False means not told
    unlimited_time: bool = False
    default_time: int | None = None
    max_nodes: int | None = None
    priority_tier: int | None = None
    qos: str | None = None
    allow_accounts: tuple[str, ...] | None = None  # None: everybody
    allow_qos: tuple[str, ...] | None = None
    billing_weights: str | None = None
    accelerators: tuple[AcceleratorTally, ...] = ()
    nodes_by_condition: tuple[tuple[NodeCondition, int], ...] = ()


class Reservation(Struct, frozen=True, kw_only=True):
    """A span of time in which nodes are kept for somebody, or for maintenance."""

    site: str
    name: str
    start: datetime | None
    end: datetime | None
    node_list: str | None = None
    nodes: int | None = None
    users: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def maintenance(self) -> bool:
        return "MAINT" in self.flags


NoticeKind = Literal["system", "outage", "maintenance"]


class Notice(Struct, frozen=True):
    """Something the people of a site should know, with its span where it has one."""

    kind: NoticeKind
    text: str
    start: datetime | None = None
    end: datetime | None = None


class Site(Struct, frozen=True, kw_only=True):
    """One system with its own scheduler, and how Naru reaches it."""

    id: str
    name: str
    dialect: str
    reached_by: str  # "commands", "unix socket", "https", "simulated", "recording"
    scheduler: str | None = None  # "Slurm 24.11.5"
    contract: str | None = None  # "v0.0.42"
    healthy: bool | None = None
    health_detail: str | None = None
    capabilities: tuple[str, ...] = ()
    user: str | None = None  # who Naru is there
    notices: tuple[Notice, ...] = ()


class Grant(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What was agreed with an account and no scheduler tells: the contract's span, and what was granted where no limit
    of the scheduler says so.

    `start` and `end` are days, both within the span. `hours` are resource-hours by resource (`{ gpu = 12000 }`).
    """

    start: date | None = None
    end: date | None = None
    hours: dict[str, int] = {}
