"""What people bring to a site: jobs drawn from the kinds of work a scenario describes, and when they come.

Everything is drawn from the generator it is given, in the order it is asked, so the same seed gives the same people.
"""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from math import exp
from random import Random
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from naru_client.mock.cluster import Cluster
from naru_client.mock.entities import Job, Make, Wish
from naru_client.mock.scenario import Account, Partition, SitePlan, Tenants, User, Work
from naru_client.mock.tres import Resources
from naru_client.mock.work_kinds import (
    EXIT_CODES,
    HANG_SHARE,
    IDLE_SHARE,
    KINDS,
    OUTCOMES,
    OUTCOMES_MET_UP_TO,
    OUTCOMES_UP_TO,
    PLAIN,
    SPREAD,
    busyness,
    mean_share,
)

T = TypeVar("T")

PULL = 8.0  # how strongly an empty machine draws work
USER_MEMORY = 0.95  # the share of a node's memory that jobs may have, spread evenly over its cores


class Bringers(Struct, frozen=True):
    """Who brings a kind of work, and how common each is."""

    people: tuple[tuple[str, str], ...]  # user, account
    weights: tuple[float, ...]  # accumulated


class Kind(Struct, eq=False):
    """A kind of work, ready to draw from. `per_hour` is how many of it are submitted in an hour of a usual day."""

    work: Work
    shapes: tuple[tuple[int, int], ...]
    shapes_up_to: tuple[int, ...]
    bringers: Bringers
    hours: tuple[float, ...]
    hours_up_to: tuple[float, ...]  # by how long they are: what is met at a random moment
    mean_run: float  # seconds
    per_hour: float


class Workload:
    """Draws jobs."""

    def __init__(self, plan: SitePlan, cluster: Cluster, resources: Resources, random: Random) -> None:
        self.plan = plan
        self.cluster = cluster
        self.resources = resources
        self.random = random
        self.accounts = {a.name: a for a in plan.accounts}
        self.account_of: dict[str, str] = {}
        for user in plan.users:
            self.account_of.setdefault(user.name, user.account)
        self.most = {a.name: _most(a) for a in plan.accounts}
        self._named: dict[str, tuple[Partition, ...]] = {}
        self.kinds = [self._kind(work) for work in plan.work]

    def interval(self, kind: Kind, waiting: int, now: float) -> float:
        """Seconds until the next job of this kind, given how many of its partition wait: people see a long queue and
        hold back, or an empty machine and come."""
        pull = (kind.work.pending + 2) / (waiting + 2)
        empty = max(0.0, kind.work.busy - self._busy(kind.work.partition))
        rate = kind.per_hour * min(2.5, max(0.2, pull * pull)) * busyness(now, kind.work.day) * (1 + PULL * empty)
        return self.random.expovariate(rate / 3600)

    def _busy(self, partition: str) -> float:
        """The share of a partition's accelerators in service that is held by jobs; 1 where it has none."""
        mask, free, total = self.cluster.masks[partition], 0, 0
        for make in self.cluster.makes_of[partition]:
            for level, nodes in enumerate(make.levels):
                count = (nodes & mask).bit_count()
                free += count * level
                total += count * make.gres_count
        return 1 - free / total if total else 1.0

    def draw(self, kind: Kind, now: float, who: tuple[str, str] | None = None, *, met: bool = False) -> Job:
        """One job of this kind, submitted now; for `arrays` of them a group of tasks. `met` draws what runs at a random
        moment, among which long jobs are commoner than among those submitted."""
        random, work, bringers = self.random, kind.work, kind.bringers
        nodes, accelerators = pick(random, kind.shapes, kind.shapes_up_to)
        user, account = who or pick(random, bringers.people, bringers.weights)
        most = self.most[account]
        if most is not None and accelerators and nodes * accelerators > most:  # people know what they were granted
            accelerators = min(accelerators, most)
            nodes = max(1, most // accelerators)
        hours = pick(random, kind.hours, kind.hours_up_to) if met else random.choice(kind.hours)
        job = self.make(
            user=user, account=account, name=random.choice(work.names), partition=work.partition, nodes=nodes,
            accelerators=accelerators, cores=0 if accelerators or not work.cores else random.choice(work.cores),
            hours=hours, now=now, qos=work.qos, comment=work.comment,
        )  # fmt: skip
        if nodes == 1 and work.arrays and random.random() < work.arrays:
            self.make_array(job, random.choice((4, 6, 8, 12, 16)), random.choice((2, 2, 3, 4)))
        self.fate(job, work.used_share, met=met)
        return job

    def make(
        self, *, user: str, name: str, partition: str, nodes: int = 1, accelerators: int = 0, cores: int = 0,
        hours: float, now: float, qos: str = "normal", comment: str = "", account: str = "", features: str = "",
    ) -> Job:  # fmt: skip
        """A job as its owner describes it; cores 0 are the partition's share for its accelerators. `partition` may
        name several, with commas."""
        places = self._places(partition)
        make = self._make_for(places[0].name, accelerators, features)
        if not cores:
            cores = max(1, make.cpus * accelerators // max(1, make.gres_count))
        gibibytes = max(1, int(make.memory * USER_MEMORY / make.cpus) // 1024) * cores
        job = Job(
            name=name, user=user, account=account or self.account_of[user], partition=places[0],
            partitions=places if len(places) > 1 else (), qos=qos, nodes=nodes, accelerators=accelerators,
            gres_name=make.gres_name if accelerators else "", gres_type=make.gres_type if accelerators else "",
            cpus=cores, memory=gibibytes * 1024, limit=hours * 3600, comment=comment, submitted=now,
            features=features, tasks=[], seed=self.random.getrandbits(32),
        )  # fmt: skip
        job.amounts = self.resources.amounts(job)
        return job

    def make_array(self, job: Job, tasks: int, throttle: int, first: int = 0) -> None:
        """Turn a job into the group of that many tasks, of which at most `throttle` run together (0: any)."""
        self.make_tasks(job, list(range(first, first + tasks)), throttle)

    def make_tasks(self, job: Job, tasks: list[int], throttle: int) -> None:
        """Turn a job into the group of these tasks."""
        job.array, job.tasks, job.throttle = job, tasks, throttle
        job.open_tasks, job.ends = len(tasks), {}

    def split(self, group: Job, task: int | None = None) -> Job:
        """A task of a group, the next one unless said otherwise, as a job of its own with a fate of its own; the last
        one is the group itself."""
        task = group.tasks[0] if task is None else task
        group.tasks.remove(task)
        group.wire = b""
        if not group.tasks:
            group.task = task
            self.fate(group)
            return group
        values = {name: getattr(group, name) for name in Job.__struct_fields__}
        values |= {"id": 0, "task": task, "tasks": [], "wire": b"", "seed": self.random.getrandbits(32)}
        job = Job(**values)
        self.fate(job)
        return job

    def fate(self, job: Job, used_share: float = 0.4, *, met: bool = False) -> None:
        """Decide how long the job will run and how it will end; `met` as in `draw`."""
        random = self.random
        job.outcome = pick(random, OUTCOMES, OUTCOMES_MET_UP_TO if met else OUTCOMES_UP_TO)
        # A log-normal met by length is the same one moved by its variance.
        share = min(0.97, exp(random.gauss(SPREAD * SPREAD if met else 0.0, SPREAD)) * used_share)
        if job.outcome == "FAILED":
            share *= random.random()
            job.exit_code = random.choice(EXIT_CODES)
        elif job.outcome == "OUT_OF_MEMORY":
            share *= 0.3
        elif job.outcome == "CANCELLED":
            job.cancelled_by = job.user
        if job.accelerators:
            luck = random.random()
            job.behaviour = "idle" if luck < IDLE_SHARE else "hang" if luck > 1 - HANG_SHARE else ""
            if job.behaviour == "hang" and job.outcome == "COMPLETED":
                job.outcome = "TIMEOUT"
        job.run = job.limit if job.outcome == "TIMEOUT" else max(20.0, share * job.limit)
        job.epilog = 2.0 + 4.0 * random.random()
        if job.wish is not None:
            grant(job, job.wish)

    def kind_for(self, partition: str) -> Kind | None:
        return next((kind for kind in self.kinds if kind.work.partition == partition), None)

    def _places(self, names: str) -> tuple[Partition, ...]:
        found = self._named.get(names)
        if found is None:
            found = self._named[names] = tuple(self.cluster.partitions[name] for name in names.split(","))
        return found

    def _make_for(self, partition: str, accelerators: int, features: str) -> Make:
        makes = self.cluster.makes_of[partition]
        if len(makes) == 1:
            return makes[0]
        wanted = set(features.split("&")) if features else set()
        for make in makes:
            if wanted <= set(make.group.features) and make.gres_count >= accelerators:
                return make
        return makes[0]

    def _kind(self, work: Work) -> Kind:
        work = filled(work)
        partition = self.cluster.partitions[work.partition]
        gres = max(make.gres_count for make in self.cluster.makes_of[work.partition])
        most = min(partition.max_nodes or 1 << 30, len(self.cluster.members[work.partition]))
        shapes = [s for s in work.shapes if s[0] <= most and s[1] <= gres] or [(1, min(gres, work.shapes[0][1]), 1)]
        hours = tuple(h for h in work.hours if h <= partition.max_hours) or (partition.max_hours,)
        return Kind(
            work, tuple((n, a) for n, a, _ in shapes), tuple(accumulate(c for *_, c in shapes)),
            self._bringers(work, partition), hours, tuple(accumulate(hours)),
            mean_share(work.used_share) * sum(hours) / len(hours) * 3600, work.per_hour or 0.0,
        )  # fmt: skip

    def _bringers(self, work: Work, partition: Partition) -> Bringers:
        allowed = set(work.accounts or partition.allow_accounts)
        named = {a.name for a in self.plan.accounts if not allowed or a.name in allowed or a.kind in allowed}
        users = [u for u in self.plan.users if u.weight > 0 and u.account in named]
        users = users or [u for u in self.plan.users if u.weight > 0] or list(self.plan.users[:1])
        return Bringers(tuple((u.name, u.account) for u in users), tuple(accumulate(u.weight or 1.0 for u in users)))


def pick(random: Random, things: Sequence[T], up_to: Sequence[float]) -> T:
    """One of some things, each as common as its part of the sums `up_to`."""
    return things[bisect(up_to, random.random() * up_to[-1], 0, len(things) - 1)]


def grant(job: Job, wish: Wish) -> None:
    """Let a job fare as was wished: with an exit code other than 0 it fails, and at its limit it ends in any case."""
    code = wish.exit_code
    job.outcome = wish.outcome or ("FAILED" if code else "COMPLETED")
    job.exit_code, job.cancelled_by, job.behaviour = code or 0, "", ""
    if job.outcome == "CANCELLED":
        job.cancelled_by = job.user
    if job.outcome == "TIMEOUT":
        job.run = job.limit
    elif wish.run is not None:
        job.run = wish.run


def filled(work: Work) -> Work:
    """The work with what it does not say taken from the kind it is like. Raises KeyError for one that is not known."""
    defaults = PLAIN | (KINDS[work.like] if work.like else {})
    given: dict[str, Any] = {}
    for name, value in defaults.items():
        own = getattr(work, name)
        if not own or own == -1.0:
            given[name] = value
    if not work.names and "names" not in given:
        given["names"] = ("job",)
    if not work.hours and "hours" not in given:
        given["hours"] = (1.0, 2.0, 4.0)
    if not work.shapes and "shapes" not in given:
        given["shapes"] = ((1, 1, 1),)
    return replace(work, **given)


def with_tenants(plan: SitePlan, seed: int) -> SitePlan:
    """The plan with the accounts and users of its tenants made."""
    if not plan.tenants:
        return plan
    random = Random(f"{seed}/{plan.cluster}/tenants")
    accounts, users = list(plan.accounts), list(plan.users)
    number = 2001 + len(users)
    for tenants in plan.tenants:
        for i in range(tenants.projects):
            grant = random.choice(tenants.grants) if tenants.grants else 0
            account = _account(tenants, f"{tenants.prefix}{i + 1:03d}", grant, random)
            accounts.append(account)
            count = random.randint(*tenants.users)
            weight = tenants.weight * (grant or 8) / count
            for _ in range(count):
                users.append(User(f"u{number}", account.name, round(weight * random.uniform(0.3, 1.7), 3)))
                number += 1
    return replace(plan, accounts=tuple(accounts), users=tuple(users), tenants=())


def _account(tenants: Tenants, name: str, grant: int, random: Random) -> Account:
    resource = tenants.resource
    minutes = grant * tenants.grant_days * 1440
    used = int(minutes * random.uniform(*tenants.used))
    return Account(
        name=name, kind=tenants.kind, shares=tenants.shares * (grant or 1),
        description=random.choice(tenants.descriptions) if tenants.descriptions else "",
        group_tres={resource: grant} if grant else {},
        group_tres_minutes={resource: minutes} if minutes else {},
        used_minutes={resource: used} if used else {},
    )  # fmt: skip


def _most(account: Account) -> int | None:
    """The most accelerators the account may have at a time, by the tightest of its caps."""
    caps = [most for resource, most in account.group_tres.items() if resource.startswith("gres/")]
    return min(caps) if caps else None
