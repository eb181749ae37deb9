"""What a simulated centre consists of, as data: read from `scenarios/<name>.toml`, checked as strictly as settings are.

Durations are hours or minutes as the field says, memory is MiB, ages count back from the moment the simulation opens.
A resource is named as Slurm names it (`gres/gpu`, `gres/npu`, `cpu`).
"""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.text import clean


class Data(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Base of everything a scenario file may hold."""


class NodeGroup(Data, frozen=True, kw_only=True):
    """Nodes of one make."""

    names: str  # hostlist
    gres: str = ""  # "gpu:b200:8"
    sockets: int = 2
    cores: int  # per socket; one thread each
    memory: int
    arch: str = "x86_64"
    features: tuple[str, ...] = ()
    weight: int = 1  # among nodes that fit, those with the least weight are taken first


class Partition(Data, frozen=True, kw_only=True):
    name: str
    nodes: str
    max_hours: float = 48
    default_hours: float = 1
    max_nodes: int | None = None
    tier: int = 1
    factor: int = 1
    qos: str = ""  # the partition QOS, whose limits hold for every job in it
    billing: str = ""
    allow_accounts: tuple[str, ...] = ()


class Qos(Data, frozen=True, kw_only=True):
    name: str
    description: str = ""
    priority: int = 0
    max_jobs_per_user: int | None = None
    max_tres_per_user: dict[str, int] = {}
    group_tres: dict[str, int] = {}
    max_wall_hours: float | None = None


class Account(Data, frozen=True, kw_only=True):
    """A project. `kind` is the parent account: university, institute, startup, public."""

    name: str
    kind: str
    description: str = ""
    shares: int = 1
    group_tres: dict[str, int] = {}
    group_tres_minutes: dict[str, int] = {}
    used_minutes: dict[str, int] = {}  # already used when the simulation opens


class User(Data, frozen=True, array_like=True):
    """`["u1001", "univ_lang", 1.5]`."""

    name: str
    account: str
    weight: float = 1.0  # how much of the random work is theirs; 0 leaves them what `cast` gives them


class Reservation(Data, frozen=True, kw_only=True):
    name: str
    nodes: str
    starts_in_hours: float  # negative: it has begun; rounded to the full hour
    hours: float
    every_days: int = 28  # when it ends, the next one is announced
    flags: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


class Work(Data, frozen=True, kw_only=True):
    """A kind of work that people bring to a partition.

    `shapes` are (nodes, accelerators on each, how common); where accelerators are 0 the job takes one of `cores` on
    each node. At the opening the work holds `busy` of its partition (accelerators, or cores without them), and
    `pending` jobs of it wait. `per_hour` jobs arrive, fewer while more than `pending` wait and more while fewer do:
    people see the queue and hold back.
    """

    partition: str
    per_hour: float
    busy: float
    pending: int
    shapes: tuple[tuple[int, int, int], ...]
    cores: tuple[int, ...] = ()
    hours: tuple[float, ...]
    used_share: float = 0.4  # the typical share of the time asked for that a job really runs
    arrays: float = 0.0  # share of submissions that are arrays
    names: tuple[str, ...]
    comment: str = ""
    qos: str = "normal"


class Incident(Data, frozen=True, kw_only=True):
    """A node that is out when the simulation opens. `draining` still runs what it ran, `drained` and `down` do not."""

    node: str
    state: Literal["down", "drained", "draining"]
    reason: str
    by: str = "root"
    hours_ago: float = 1.0


class Faults(Data, frozen=True, kw_only=True):
    """What breaks while the simulation runs: per day over the whole centre, and for how long."""

    down_per_day: float = 0.0
    drain_per_day: float = 0.0
    hours: tuple[float, float] = (1.0, 6.0)
    down_reasons: tuple[str, ...] = ("Not responding",)
    drain_reasons: tuple[str, ...] = ("maintenance",)


class Cast(Data, frozen=True, kw_only=True):
    """One job that the opening holds by design, told as its owner would tell it. What it waits for is never written
    here: the scheduler finds the reason."""

    key: str = ""  # the name other entries use in `after`
    user: str
    name: str
    partition: str
    state: str = "PENDING"  # PENDING, RUNNING, or how it ended
    nodes: int = 1
    accelerators: int = 0  # on each node
    cores: int = 0  # on each node; 0 is the partition's share for the accelerators
    hours: float = 1.0
    submitted_minutes_ago: float = 60
    started_minutes_ago: float = 30
    ran_minutes: float = 0  # of a finished job; of a running one its whole run, 0 lets the seed choose
    comment: str = ""
    after: tuple[str, ...] = ()
    hold: Literal["", "user", "admin"] = ""
    begin_in_minutes: float | None = None
    on_node: str = ""  # it insists on this node
    reservation: str = ""
    array: int = 0  # so many tasks
    throttle: int = 0
    tasks_running: int = 0
    tasks_done: int = 0
    stuck_minutes: float = 0  # a finished job whose epilog hangs: COMPLETING for so long
    exit_code: int = 0
    signal: int = 0
    het: tuple[tuple[int, int, int], ...] = ()  # further components: (nodes, accelerators, cores) on each node
    qos: str = "normal"


class Scenario(Data, frozen=True, kw_only=True):
    name: str = ""
    cluster: str
    user: str  # who the demo is there
    release: str = "25.11.0"
    speed: float = 1.0  # simulated seconds a second
    warm_minutes: float = 10  # simulated before the first look
    history_hours: float = 6  # how far back finished jobs are on record at the opening
    first_job_id: int = 100001
    min_job_age: float = 300  # seconds a finished job stays with slurmctld
    nodes: tuple[NodeGroup, ...]
    partitions: tuple[Partition, ...]
    qos: tuple[Qos, ...]
    accounts: tuple[Account, ...]
    users: tuple[User, ...]
    reservations: tuple[Reservation, ...] = ()
    work: tuple[Work, ...] = ()
    incidents: tuple[Incident, ...] = ()
    faults: Faults = Faults()
    cast: tuple[Cast, ...] = ()


# A plain path, as importlib.resources takes longer to import than a scenario takes to read.
_FOLDER = Path(__file__).with_name("scenarios")


def scenario_names() -> tuple[str, ...]:
    """The scenarios that come with Naru."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_scenario(name: str) -> Scenario:
    """The scenario of that name. Raises UsageError, naming those that exist, when there is none."""
    known = scenario_names()
    if name not in known:
        raise UsageError(
            _("there is no scenario named {name!r}").format(name=clean(name)),
            _("scenarios: {names}").format(names=", ".join(known)),
        )
    return parse_scenario((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"), name)


def parse_scenario(text: str, name: str) -> Scenario:
    """A scenario from TOML. Raises UsageError saying what is wrong and where."""
    try:
        return msgspec.structs.replace(msgspec.convert(tomllib.loads(text), Scenario), name=name)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        words = _("the scenario {name!r} is not right: {why}").format(name=clean(name), why=clean(str(error)))
        raise UsageError(words) from None
