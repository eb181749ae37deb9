"""What a simulated centre consists of, as data: read from a TOML file, checked as strictly as settings are.

A scenario is one site, or several under `[[sites]]`; what stands at the top of the file then holds for every site that
does not say otherwise. Durations are minutes, hours or days as the field says, memory is MiB, ages count back from the
moment the simulation opens. A resource is named as Slurm names it (`gres/gpu`, `gres/gpu:b200`, `gres/npu`, `cpu`,
`mem`, `node`, `billing`). docs/scenarios.md tells people how to write one.
"""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Literal

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
    opens: date | None = None  # before that day (09:00 Korean time) they are drained: a phase still to come
    opens_in_hours: float | None = None  # the same, counted from the opening


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
    default: bool = False
    cores_per_accelerator: int | None = None  # a job that asks for more never starts (PartitionConfig)
    state: Literal["UP", "DOWN", "DRAIN", "INACTIVE"] = "UP"


class Caps(Data, frozen=True, kw_only=True):
    """What a QOS or an account may have. `group` is all of it together; `per-user` holds for each person in it."""

    group_tres: dict[str, int] = {}
    group_tres_minutes: dict[str, int] = {}
    group_tres_run_minutes: dict[str, int] = {}
    group_jobs: int | None = None
    group_submit: int | None = None
    max_tres_per_job: dict[str, int] = {}
    max_tres_minutes_per_job: dict[str, int] = {}
    max_wall_hours: float | None = None


class Qos(Caps, frozen=True, kw_only=True):
    name: str
    description: str = ""
    priority: int = 0
    max_jobs_per_user: int | None = None
    max_submit_per_user: int | None = None
    max_tres_per_user: dict[str, int] = {}
    max_jobs_per_account: int | None = None
    max_tres_per_account: dict[str, int] = {}
    preempts: tuple[str, ...] = ()  # QOS whose running jobs give way to this one's
    preempt_mode: Literal["requeue", "cancel"] = "requeue"  # what happens to a job of this QOS that gives way
    usage_factor: float = 1.0


class Account(Caps, frozen=True, kw_only=True):
    """A project. `kind` is the parent account: university, institute, startup, public."""

    name: str
    kind: str
    description: str = ""
    shares: int = 1
    used_minutes: dict[str, int] = {}  # already used when the simulation opens
    contract_days: tuple[int, int] | None = None  # its first and its last day, counted from the day of the opening
    max_jobs_per_user: int | None = None  # on each user's association
    max_submit_per_user: int | None = None
    coordinators: tuple[str, ...] = ()


class Kind(Caps, frozen=True, kw_only=True):
    """What all accounts of one kind may have together: limits of the account above them."""

    name: str


class User(Data, frozen=True, array_like=True):
    """`["u1001", "univ_lang", 1.5]`."""

    name: str
    account: str
    weight: float = 1.0  # how much of the random work is theirs; 0 leaves them what `cast` gives them


class Tenants(Data, frozen=True, kw_only=True):
    """Many accounts of one class, made from the seed: so many projects with so many users each.

    `grants` are accelerators granted to a project, one drawn for each; the grant caps what runs at a time and, over
    `grant-days`, how many accelerator-hours there are. `used` is the share of that already used when it opens.
    """

    kind: str
    prefix: str  # accounts are prefix001, prefix002 …
    projects: int
    users: tuple[int, int] = (2, 6)  # per project, from and to
    shares: int = 1
    resource: str = "gres/gpu"
    grants: tuple[int, ...] = ()
    grant_days: int = 0
    used: tuple[float, float] = (0.1, 0.6)
    weight: float = 1.0  # of each project's share of the random work, times its grant
    descriptions: tuple[str, ...] = ()


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

    `like` takes what is not given here from a kind of work (`pretrain`, `research`, `inference`, `interactive`, `cpu`,
    `simulation`: see `work_kinds`). `shapes` are (nodes, accelerators on each, how common); where accelerators are 0
    the job takes one of `cores` on each node. At the opening the work holds `busy` of its partition (accelerators, or
    cores without them), and `pending` jobs of it wait. `per_hour` jobs are submitted over a usual day, as many as keep
    it so busy when not given; fewer while more than `pending` wait and more while fewer do: people see the queue and
    hold back.
    """

    partition: str
    like: str = ""
    per_hour: float | None = None
    busy: float
    pending: int
    shapes: tuple[tuple[int, int, int], ...] = ()
    cores: tuple[int, ...] = ()
    hours: tuple[float, ...] = ()
    used_share: float = 0.0  # the typical share of the time asked for that a job really runs
    arrays: float = -1.0  # share of submissions that are arrays
    bursts: float = -1.0  # share of submissions that come with more of their kind within a minute
    day: float = -1.0  # how much more is submitted by day than by night: 0 not at all, 1 all of it
    names: tuple[str, ...] = ()
    comment: str = ""
    qos: str = "normal"
    accounts: tuple[str, ...] = ()  # accounts, or kinds of account, whose people bring it; all when empty


class Incident(Data, frozen=True, kw_only=True):
    """A node that is out when the simulation opens. `draining` still runs what it ran, `drained` and `down` do not."""

    node: str  # hostlist
    state: Literal["down", "drained", "draining"]
    reason: str
    by: str = "root"
    hours_ago: float = 1.0


class Breakage(Data, frozen=True, kw_only=True):
    """What breaks while the simulation runs: per day over the whole site, and for how long."""

    down_per_day: float = 0.0
    drain_per_day: float = 0.0
    hours: tuple[float, float] = (1.0, 6.0)
    down_reasons: tuple[str, ...] = ("Not responding",)
    drain_reasons: tuple[str, ...] = ("maintenance",)


class Fault(Data, frozen=True, kw_only=True):
    """What goes wrong between a client and the centre. `kind` says what:

    latency (`seconds`, plus up to `jitter`) · status (`status`, with `retry-after`) · reset · half (the body breaks
    off) · malformed · wrong-types · hang (no answer for `seconds`) · skew (the centre's clock is `seconds` ahead) ·
    upgrade (out for `seconds`, then another release).
    """

    kind: Literal["latency", "status", "reset", "half", "malformed", "wrong-types", "hang", "skew", "upgrade"]
    paths: str = "*"  # which requests, by a pattern on the path: "*/jobs"
    share: float = 1.0  # of those requests, drawn from the seed
    after_seconds: float = 0.0  # from the opening, in the centre's time
    for_seconds: float | None = None  # until the end when not given
    seconds: float = 0.0
    jitter: float = 0.0
    status: int = 503
    retry_after: int | None = None
    release: str = ""


class After(Data, frozen=True, array_like=True):
    """`["key"]` or `["key", "afterany"]`: on which entry of the cast another one depends, and how."""

    key: str
    kind: Literal["after", "afterany", "afterok", "afternotok", "aftercorr"] = "afterok"


class Cast(Data, frozen=True, kw_only=True):
    """One job that the opening holds by design, told as its owner would tell it. What it waits for is never written
    here: the scheduler finds the reason."""

    key: str = ""  # the name other entries use in `after`
    user: str
    name: str
    partition: str  # or several, with commas
    state: str = "PENDING"  # PENDING, RUNNING, or how it ended
    nodes: int = 1
    accelerators: int = 0  # on each node
    cores: int = 0  # on each node; 0 is the partition's share for the accelerators
    hours: float = 1.0
    submitted_minutes_ago: float = 60
    started_minutes_ago: float = 30
    ran_minutes: float = 0  # of a finished job; of a running one its whole run, 0 lets the seed choose
    comment: str = ""
    after: tuple[str | After, ...] = ()
    singleton: bool = False
    hold: Literal["", "user", "admin"] = ""
    begin_in_minutes: float | None = None
    on_node: str = ""  # it insists on this node
    features: str = ""
    licenses: str = ""  # "name:2"
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
    account: str = ""  # the user's own when empty
    behaviour: Literal["", "hang", "idle"] = ""  # its log falls silent, or its accelerators do nothing
    repeat: int = 1  # so many of it


class Weights(Data, frozen=True, kw_only=True):
    """What counts how much in a job's priority; each factor is between 0 and 1."""

    age: int = 10_000
    fair_share: int = 20_000
    job_size: int = 500
    partition: int = 4_000
    qos: int = 10_000


class SitePlan(Data, frozen=True, kw_only=True):
    """One site: one cluster with its own scheduler, people and accounting."""

    cluster: str
    title: str = ""
    user: str  # who the demo is there
    release: str = "26.05.3"
    speed: float = 1.0  # simulated seconds a second
    warm_minutes: float = 0  # simulated before the first look
    history_hours: float = 6  # how far back finished jobs are on record at the opening
    first_job_id: int = 100001
    min_job_age: float = 300  # seconds a finished job stays with slurmctld
    schedule_seconds: float = 10  # the scheduler looks at the queue on multiples of so many seconds, when it has cause
    backfill_seconds: float = 30
    backfill_depth: int = 60  # how many waiting jobs of a partition group a backfill pass plans
    half_life_days: float = 7  # of usage, for fair share and limits; 0: usage does not fade
    weights: Weights = Weights()
    max_age_days: float = 7
    private: tuple[Literal["jobs", "usage", "users", "accounts", "nodes", "reservations"], ...] = ()
    operators: tuple[str, ...] = ()  # users who see and may touch everything
    node_failure_requeues: bool = True  # JobRequeue: what a failed node ran waits again
    nodes: tuple[NodeGroup, ...]
    partitions: tuple[Partition, ...]
    qos: tuple[Qos, ...] = (Qos(name="normal"),)
    kinds: tuple[Kind, ...] = ()
    accounts: tuple[Account, ...] = ()
    users: tuple[User, ...] = ()
    tenants: tuple[Tenants, ...] = ()
    licenses: dict[str, int] = {}
    reservations: tuple[Reservation, ...] = ()
    work: tuple[Work, ...] = ()
    incidents: tuple[Incident, ...] = ()
    breakage: Breakage = Breakage()
    faults: tuple[Fault, ...] = ()
    cast: tuple[Cast, ...] = ()


class Scenario(Struct, frozen=True, kw_only=True):
    """A whole simulated centre: its sites in the order of the file, the first of them the demo user's own."""

    name: str
    title: str
    sites: tuple[SitePlan, ...]

    def site(self, cluster: str) -> SitePlan:
        """The site of that name; the first one when the name is empty. Raises UsageError, naming those there are."""
        for plan in self.sites:
            if cluster in ("", plan.cluster):
                return plan
        raise UsageError(
            _("the scenario {scenario} has no site named {name!r}").format(scenario=self.name, name=clean(cluster)),
            _("its sites: {names}").format(names=", ".join(plan.cluster for plan in self.sites)),
        )


# A plain path, as importlib.resources takes longer to import than a scenario takes to read.
_FOLDER = Path(__file__).with_name("scenarios")


def scenario_names() -> tuple[str, ...]:
    """The scenarios that come with Naru."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_scenario(name: str) -> Scenario:
    """The scenario of that name, or in that file when it is a path to a `.toml`.

    Raises UsageError, naming those that come with Naru, when there is none.
    """
    if name.endswith(".toml"):
        path = Path(name).expanduser().resolve()  # its tokens are those of the file, however its path is written
        return _read(path, str(path))
    known = scenario_names()
    if name not in known:
        raise UsageError(
            _("there is no scenario named {name!r}").format(name=clean(name)),
            _("scenarios: {names}, or a path to a .toml file").format(names=", ".join(known)),
        )
    return _read(_FOLDER / f"{name}.toml", name)


class WrongScenario(Exception):
    """A scenario whose parts do not fit together."""


def parse_scenario(text: str, name: str) -> Scenario:
    """A scenario from TOML. Raises UsageError saying what is wrong and where."""
    try:
        return _from_data(tomllib.loads(text), name)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, WrongScenario) as error:
        words = _("the scenario {name!r} is not right: {why}").format(name=clean(name), why=clean(str(error)))
        raise UsageError(words) from None


def _read(path: Path, name: str) -> Scenario:
    try:
        return parse_scenario(path.read_text(encoding="utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(_("cannot read {path}: {why}").format(path=clean(str(path)), why=why)) from None


def _from_data(data: dict[str, Any], name: str) -> Scenario:
    from naru_client.mock.scenario_check import check  # it knows these structs

    title = str(data.pop("title", ""))
    sites = data.pop("sites", None)
    if sites is None:
        tables = [{**data, "title": title}]
    else:
        if not isinstance(sites, list) or not sites:
            raise WrongScenario("`sites` must be one or more tables")
        tables = [{**data, **site} for site in sites]
    plans = tuple(msgspec.convert(table, SitePlan) for table in tables)
    seen: set[str] = set()
    for plan in plans:
        if plan.cluster in seen:
            raise WrongScenario(f"two sites are named {plan.cluster!r}")
        seen.add(plan.cluster)
        check(plan)
    return Scenario(name=name, title=title or plans[0].title, sites=plans)
