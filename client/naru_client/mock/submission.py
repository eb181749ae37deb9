"""Jobs from what people describe: checked as slurmctld checks them, and with a fate of their own."""

import math
from collections.abc import Iterable, Mapping

from msgspec import Struct

from naru_client.mock.actions_body import Fields
from naru_client.mock.actions_errors import Refused
from naru_client.mock.actions_words import Condition, array_tasks, conditions, features, licenses
from naru_client.mock.entities import Job, Wish
from naru_client.mock.requests import Caller
from naru_client.mock.scenario import Partition
from naru_client.mock.simulator import Simulator
from naru_client.mock.submission_dependencies import Dependencies
from naru_client.mock.submission_shape import shape_of

NO_LIMIT = 365 * 86_400.0  # how long a job may run that asks for no end, as Slurm reckons with it
OUTCOMES = frozenset(("COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "CANCELLED"))

_LENGTHS = {"array": 4096, "dependency": 131_072, "script": 4 << 20} | dict.fromkeys(
    ("standard_error", "standard_input", "standard_output", "current_working_directory"), 4096
)  # characters; others have 1024
_LONG_TEXTS = (
    *_LENGTHS, "account", "comment", "constraints", "licenses", "name", "partition", "qos", "reservation",
    "admin_comment", "wckey", "extra", "prefer",
)  # fmt: skip


USUAL = ("slurm-%j.out", "slurm-%A_%a.out")  # where the output goes when nobody says: of a job, of an array


class Described(Struct, frozen=True):
    """A job that may be submitted once its dependencies are found."""

    job: Job
    after: tuple[Condition, ...]
    tasks: tuple[int, ...]
    throttle: int


class Submission:
    """What holds for anything that is submitted to a site or changed there."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.cluster = simulator.cluster
        self.dependencies = Dependencies(simulator)
        self.associations = {(user.name, user.account) for user in simulator.plan.users}
        self.known_features = {feature for group in simulator.plan.nodes for feature in group.features}

    def describe(
        self, caller: Caller, fields: Fields, script: str, *, batch: bool, component: bool = False
    ) -> Described:
        """The job that fields describe, checked in Slurm's order; of a het job one component. Raises Refused."""
        s = self.simulator
        if fields.get("nice", 0) < 0 and not caller.operator:
            raise Refused(2123)
        if not caller.operator and (fields.get("admin_comment") or fields.get("reboot")):
            raise Refused(2002)
        wanted = self.features(fields.get("constraints", ""))
        check_lengths(fields)
        tasks, throttle = self._tasks(fields, script, component)
        required = self.required(fields.get("required_nodes", []))
        places = self.places(fields.get("partition", ""))
        account = self.account(caller.user, fields.get("account", ""))
        qos = self.qos(fields.get("qos", ""))
        limit = self._limit(fields, places[0])
        if not fields.get("current_working_directory"):
            raise Refused(2063)
        if "job_id" in fields:
            raise Refused(2017)
        needs = self.licenses(fields.get("licenses", ""))
        chosen = self.alternative(wanted, places)
        shape = shape_of(fields, places, self.cluster, chosen, len(required))
        conditions_given, any_of_them = conditions(fields.get("dependency", ""))
        job = Job(
            name=fields.get("name", ""), user=caller.user, account=account, partition=places[0],
            partitions=places if len(places) > 1 else (), qos=qos, nodes=1, accelerators=0, cpus=1, memory=1,
            limit=limit, comment=fields.get("comment", ""), submitted=s.now, begin=self.begin(fields),
            after_any=any_of_them, held=self._hold(fields), on_node=self.insists(required, shape.nodes),
            not_on=self.excluded(fields.get("excluded_nodes", []), required), features=chosen, licenses=needs,
            reservation=self.reservation(fields.get("reservation", ""), caller.user, account),
            nice=fields.get("nice", 0), fixed_priority=fixed_priority(fields) if caller.operator else 0,
            admin_comment=fields.get("admin_comment", ""), requeue=fields.get("requeue", batch), script=script,
            work_dir=fields["current_working_directory"], output=fields.get("standard_output") or USUAL[bool(tasks)],
            error=fields.get("standard_error", ""), tasks=[], wish=wish_of(fields.get("environment", [])),
            seed=s.random.getrandbits(32),
        )  # fmt: skip
        shape.apply(job)
        job.amounts = s.resources.amounts(job)
        if batch and not component and not fields.get("environment"):
            raise Refused(2127)
        return Described(job, tuple(conditions_given), tuple(tasks), throttle)

    def submit(self, described: list[Described]) -> tuple[Job, int]:
        """Take a job, or the components of a het job, into the queue: its record, and the number of what Slurm warns
        of (0: nothing). Raises Refused."""
        s = self.simulator
        parts = [one.job for one in described]
        warned = max((self.standing(part) for part in parts), default=0)
        if any(s.limits.refuses(one.job, max(len(one.tasks), len(parts))) for one in described):
            raise Refused(2050)
        for one in described:
            self.dependencies.check(one.after)
        for one in described:
            job = one.job
            job.after = self.dependencies.found(one.after)
            if one.tasks:
                s.workload.make_tasks(job, list(one.tasks), one.throttle)
            s.workload.fate(job)
        leader = parts[0]
        if len(parts) > 1:
            for offset, part in enumerate(parts):
                part.het, part.het_offset = tuple(parts), offset
                if offset and part.wish is None:
                    part.run, part.outcome, part.exit_code = leader.run, leader.outcome, leader.exit_code
        s.submit(leader)
        return leader, warned

    # One thing that is asked for each; all of them raise Refused

    def features(self, text: str) -> list[tuple[str, ...]]:
        """The alternatives among the features that are asked for."""
        found = features(text) if text.strip() else []
        if any(name not in self.known_features for names in found for name in names):
            raise Refused(2029)
        return found

    def alternative(self, wanted: list[tuple[str, ...]], places: Iterable[Partition]) -> str:
        """The first of the alternatives that any node of the partitions has; else the first."""
        for names in wanted:
            for place in places:
                if any(set(names) <= set(make.group.features) for make in self.cluster.makes_of[place.name]):
                    return "&".join(names)
        return "&".join(wanted[0]) if wanted else ""

    def required(self, names: list[str]) -> list[str]:
        """Node names, which all exist."""
        if any(name not in self.cluster.nodes for name in names):
            raise Refused(2018)
        return list(dict.fromkeys(names))

    def insists(self, required: list[str], nodes: int) -> str:
        """Out of which nodes a job takes its own. That it takes these and others besides is more than is done here."""
        if required and len(required) < nodes:
            raise Refused(2014)
        return ",".join(required)

    def excluded(self, names: list[str], required: list[str]) -> int:
        """The bits of nodes that are not to be used."""
        if not set(required).isdisjoint(names):
            raise Refused(2018)
        return self.cluster.mask(self.required(names))

    def places(self, text: str) -> tuple[Partition, ...]:
        """The partitions that are named, or the default one."""
        names = [name.strip() for name in text.split(",") if name.strip()]
        known = self.cluster.partitions
        if any(name not in known for name in names):
            raise Refused(2000)
        if not names:
            names = [place.name for place in known.values() if place.default][:1]
        if not names:
            raise Refused(2001)
        places = tuple(known[name] for name in dict.fromkeys(names) if known[name].state in ("UP", "DOWN"))
        if not places:
            raise Refused(2070)
        return places

    def account(self, user: str, name: str) -> str:
        """The account, or the user's own one; only one that the user works in."""
        found = name.lower() or self.simulator.workload.account_of.get(user, "")
        if (user, found) not in self.associations:
            raise Refused(2045)
        return found

    def qos(self, name: str) -> str:
        known = self.simulator.limits.qos
        found = name or ("normal" if "normal" in known else next(iter(known), "normal"))
        if known and found not in known:
            raise Refused(2066)
        return found

    def licenses(self, text: str) -> tuple[tuple[str, int], ...]:
        found = licenses(text)
        if any(count > self.simulator.gates.licenses.get(name, 0) for name, count in found):
            raise Refused(2048)
        return found

    def reservation(self, name: str, user: str, account: str) -> str:
        if not name:
            return ""
        window = next((window for window in self.cluster.windows if window.name == name), None)
        if window is None:
            raise Refused(2053)
        if user not in window.users and account not in window.accounts:
            raise Refused(2052)
        return name

    def begin(self, fields: Fields) -> float:
        """When a job may begin at the earliest; 0 for at once."""
        begin: float = fields.get("begin_time", 0.0)
        return begin if begin > self.simulator.now else 0.0

    def standing(self, job: Job) -> int:
        """The number of what Slurm warns of when it takes such a job (0: nothing). Raises Refused when it does not."""
        numbers = {self._fits(job, place) for place in job.where}
        number = next(number for number in (0, 2068, 2015, 2014) if number in numbers)
        if number == 2015:
            return number
        if job.held:
            return 2042
        if number == 2014:
            raise Refused(number)
        windows = self.cluster.windows
        if job.reservation and not any(w.name == job.reservation and w.start <= job.submitted for w in windows):
            return 2056
        return number

    def _fits(self, job: Job, place: Partition) -> int:
        reason = self.simulator.gates.shape(job, place)
        if reason in ("", "PartitionDown"):
            return 0
        if reason == "ReqNodeNotAvail":
            return 2068
        members = self.cluster.members[place.name]
        too_large = job.nodes > len(members) or job.cpus * job.nodes > sum(node.cpus for node in members)
        able = self.cluster.able(job, place).bit_count() >= job.nodes
        return 2014 if reason in ("BadConstraints", "PartitionConfig") and not (too_large or able) else 2015

    def _tasks(self, fields: Fields, script: str, component: bool) -> tuple[list[int], int]:
        text = fields.get("array", "")
        if not text:
            return [], 0
        if component or not script:
            raise Refused(2081)
        return array_tasks(text)

    def _limit(self, fields: Fields, place: Partition) -> float:
        minutes = fields.get("time_limit")
        if minutes is None:
            limit = place.default_hours * 3600
        else:
            limit = NO_LIMIT if not minutes or math.isinf(minutes) else minutes * 60.0
        if fields.get("time_minimum", 0) * 60 > limit:
            raise Refused(2124)
        return limit

    def _hold(self, fields: Fields) -> str:
        return "user" if fields.get("hold") or fields.get("priority") == 0 else ""


def check_lengths(fields: Fields) -> None:
    """That no text is longer than slurmctld keeps. Raises Refused."""
    for name in _LONG_TEXTS:
        if len(fields.get(name, "")) > _LENGTHS.get(name, 1024):
            raise Refused(2012)


def fixed_priority(fields: Fields) -> int:
    """The priority that is asked for; 0 when there is none."""
    priority = fields.get("priority", 0)
    return 0 if math.isinf(priority) else int(priority)


def wish_of(environment: Iterable[str]) -> Wish | None:
    """How a job is to fare by its environment: NARU_RUN seconds, NARU_OUTCOME, NARU_EXIT. None when it says nothing."""
    given: Mapping[str, str] = dict(entry.partition("=")[::2] for entry in environment if entry.startswith("NARU_"))
    run, code, outcome = _figure(given.get("NARU_RUN")), _figure(given.get("NARU_EXIT")), given.get("NARU_OUTCOME", "")
    if outcome not in OUTCOMES:
        outcome = ""
    if run is None and code is None and not outcome:
        return None
    return Wish(run, outcome, None if code is None else int(code) % 256)


def _figure(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value <= 1e9 else None
