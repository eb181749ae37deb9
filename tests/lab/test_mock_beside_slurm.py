"""The simulated centre beside the real Slurm of the lab: the same script of questions and actions, told to both.

The lab is 22.05.8 and speaks v0.0.38, the simulation v0.0.44. Compared are what the client's decoder makes of both, the
raw records where both contracts have a field, limits value by value, and refusals. Every difference stands in one of
the lists below with its reason; a reason that nothing needs any more fails, too.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
import pytest
from msgspec.structs import asdict
from tests.contract.manners import WRONG
from tests.contract.published import ENVELOPE
from tests.contract.shapes import WRAPPER, Shape, shape_of
from tests.lab.beside import Real, Said, Side, Simulated
from tests.lab.real import Lab

from naru_client.model import Job
from naru_client.slurm import wire

pytestmark = pytest.mark.slurm

PREFIX = "beside-"
SLEEP = "#!/bin/sh\nexec sleep 1000\n"


class Play(NamedTuple):
    """One job of the script, and what becomes of it on either side."""

    job: dict[str, Any]
    becomes: tuple[str, str | None]  # state and, while it waits, reason
    script: str = SLEEP
    already: str = ""  # the lab runs it: the name it has there


PLAYS = {
    "gpus": Play(
        dict(
            partition="b200",
            gres="gpu:b200:4",
            cpus_per_task=16,
            minutes=24 * 60,
            memory_per_cpu=4000,
            comment="RUNNING, writes a log all the time",
            standard_output="%x-%j.out",
        ),
        ("RUNNING", None),
        already="llm-pretrain",  # all accelerators but some NPUs are taken there
    ),
    "npu-noted": Play(dict(partition="npu", gres="npu:rngd:1", comment="한글; a|b"), ("RUNNING", None)),
    "cores": Play(dict(partition="cpu", tasks=2, cpus_per_task=3), ("RUNNING", None)),
    "npu": Play(dict(partition="npu", gres="npu:rngd:1"), ("RUNNING", None)),
    "released": Play(dict(partition="cpu", hold=True), ("RUNNING", None)),
    "held": Play(dict(partition="cpu", hold=True), ("PENDING", "JobHeldUser")),
    "held-later": Play(dict(partition="cpu", begin_in=7200), ("PENDING", "JobHeldUser")),
    "after": Play(dict(partition="cpu", dependency="afterok:{gpus}"), ("PENDING", "Dependency")),
    "never": Play(dict(partition="cpu", dependency="afterok:{failed}"), ("PENDING", "DependencyNeverSatisfied")),
    "group": Play(dict(partition="cpu", array="0-5%1"), ("PENDING", "JobArrayTaskLimit")),
    "later": Play(dict(partition="cpu", begin_in=3600), ("PENDING", "BeginTime")),
    "too-long": Play(dict(partition="cpu", minutes=5 * 24 * 60), ("PENDING", "PartitionTimeLimit")),
    "too-many": Play(dict(partition="b200", gres="gpu:b200:8", nodes=2), ("PENDING", "QOSMaxGRESPerUser")),
    "closed": Play(dict(partition="closed"), ("PENDING", "PartitionDown")),
    "in-course": Play(dict(partition="cpu", reservation="course"), ("PENDING", "Reservation")),
    "done": Play(dict(partition="cpu"), ("COMPLETED", None), "#!/bin/sh\nexit 0\n"),
    "failed": Play(dict(partition="cpu"), ("FAILED", None), "#!/bin/sh\nexit 3\n"),
    "cancelled": Play(dict(partition="cpu"), ("CANCELLED", None)),
    "given-up": Play(dict(partition="cpu", hold=True), ("CANCELLED", None)),
}
DEFAULTS = {"minutes": 30, "memory_per_cpu": 1000}


class Played(NamedTuple):
    """One side after the script: the ids of the jobs by kind, and what was decoded."""

    side: Side
    ids: dict[str, int]
    jobs: dict[str, Job]  # by kind; "group/0" is the task that runs
    history: dict[str, Job]


def listed(side: Side, ids: dict[str, int]) -> dict[str, Job]:
    """What slurmctld says of the script's jobs, by kind."""
    said = side.ask("GET", f"/slurm/{side.version}/jobs/")
    return by_kind(wire.decode_jobs(said.body, site="lab", now=now_of(side)).value, ids)


def now_of(side: Side) -> datetime:
    clock = side.centre.world.now() if isinstance(side, Simulated) else None
    return datetime.now(UTC) if clock is None else datetime.fromtimestamp(clock, UTC)


def by_kind(jobs: tuple[Job, ...], ids: dict[str, int]) -> dict[str, Job]:
    """The jobs of this run of the script, of which the lab may have seen others."""
    kinds = {number: kind for kind, number in ids.items()}
    found: dict[str, Job] = {}
    for job in jobs:
        if kind := kinds.get(job.array_id or job.job_id):
            found[kind if job.array_task is None else f"{kind}/{job.array_task}"] = job
    return found


def becomes(kind: str, jobs: dict[str, Job]) -> bool:
    job = jobs.get(kind)
    return job is not None and (job.state, job.reason if job.waiting else None) == PLAYS[kind].becomes


def play(side: Side) -> Iterator[Played]:
    """Submit, hold, release, cancel; then wait until everything is as it will stay."""
    ids: dict[str, int] = {}
    try:
        for kind in sorted(PLAYS, key=lambda kind: "dependency" in PLAYS[kind].job):
            job, _, script, already = PLAYS[kind]
            if already and isinstance(side, Real):
                ids[kind] = side.find(already)
                continue
            told = {name: value.format(**ids) if isinstance(value, str) else value for name, value in job.items()}
            ids[kind] = side.submit(already or PREFIX + kind, script, **(DEFAULTS | told))
        assert side.update(ids["released"], hold=False).status == 200
        assert side.update(ids["held-later"], hold=True).status == 200
        assert side.update(ids["held"], minutes=20).status == 200
        side.until(lambda: listed(side, ids), lambda jobs: jobs["cancelled"].state == "RUNNING")
        for kind in ("cancelled", "given-up"):
            assert side.ask("DELETE", f"/slurm/{side.version}/job/{ids[kind]}").status == 200
        jobs = side.until(
            lambda: listed(side, ids), lambda jobs: all(becomes(kind, jobs) for kind in PLAYS) and "group/0" in jobs
        )
        odd = {kind: (jobs[kind].state, jobs[kind].reason) for kind in PLAYS if not becomes(kind, jobs)}
        assert odd == {}
        yield Played(side, ids, jobs, history(side, ids))
    finally:
        for kind, job_id in ids.items():
            if not PLAYS[kind].already:
                side.ask("DELETE", f"/slurm/{side.version}/job/{job_id}")


def history(side: Side, ids: dict[str, int]) -> dict[str, Job]:
    """What accounting says of those that have ended; slurmdbd may learn of it a moment later."""

    def read() -> dict[str, Job]:
        start = int(now_of(side).timestamp()) - 3600
        said = side.ask("GET", f"/slurmdb/{side.version}/jobs/?start_time=uts{start}")
        return by_kind(wire.decode_history(said.body, site="lab", now=now_of(side)).value, ids)

    ended = ("done", "failed", "cancelled")
    return side.until(read, lambda jobs: all(kind in jobs and jobs[kind].finished for kind in ended))


@pytest.fixture(scope="module")
def sides(lab: Lab) -> Iterator[tuple[Simulated, Real]]:
    """Both, as they stand."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        side = Real(lab, client)
        if side.ask("GET", f"/slurm/{side.version}/ping").status != 200:
            pytest.skip(f"this lab's slurmrestd does not speak {side.version}")
        windows = wire.decode_reservations(
            side.ask("GET", f"/slurm/{side.version}/reservations").body, site="lab"
        ).value
        if not any(one.name == "maint" and one.start and one.start > datetime.now(UTC) for one in windows):
            pytest.skip("this lab is older than its reservations: start another")
        yield Simulated(side.home), side


@pytest.fixture(scope="module")
def real(sides: tuple[Simulated, Real]) -> Iterator[Played]:
    yield from play(sides[1])


@pytest.fixture(scope="module")
def simulated(sides: tuple[Simulated, Real]) -> Iterator[Played]:
    yield from play(Simulated(sides[1].home))


# What must be the same on both sides, and what must be known on both or on neither.
SAME = (
    "name", "user", "account", "qos", "pool", "reservation", "state", "reason", "reason_detail", "nodes", "cpus",
    "tasks", "memory", "accelerators", "features", "time_limit", "unlimited", "exit", "comment", "work_dir",
    "array_task", "array_tasks", "array_pending", "het_id", "het_offset", "restarts", "dependency", "stdout",
    "stderr", "state_flags",
)  # fmt: skip
KNOWN = (
    "job_id",
    "array_id",
    "priority",
    "node_list",
    "submitted",
    "eligible",
    "started",
    "ended",
    "elapsed",
    "command",
)
# "kind field" or "* field" → why they differ.
CORES = "the simulated site gives cores with each GPU (DefCpuPerGPU, told in its partitions); the lab does not"
JOBS_DIFFER = {
    "given-up cpus": "22.05.8 forgets it of a job that was cancelled before it ran; 24.11.5 and 26.05.3 do not",
    **dict.fromkeys(("too-many cpus", "too-many memory"), CORES),
}
HISTORY_DIFFER = {
    **dict.fromkeys(("too-many cpus", "too-many memory"), CORES),
    "* restarts": "v0.0.38 does not tell",
    "* stdout": "slurmdbd tells it from v0.0.41 on",
    "* stderr": "slurmdbd tells it from v0.0.41 on",
    "* reason": "22.05.8 keeps the reason to wait that it last heard of; 24.11.5 and 26.05.3 say None throughout",
    "failed exit": "slurmrestd of 22.05.8 says SUCCESS of every job in accounting, which the decoder does not believe",
}


def told(job: Job, ids: dict[str, int]) -> dict[str, Any]:
    """A job's fields, with ids replaced by the kinds they belong to."""
    kinds = {str(number): kind for kind, number in ids.items()}

    def named(text: Any) -> Any:  # of a path the file's name alone: the lab's folder may have a number like an id
        if not isinstance(text, str):
            return text
        return re.sub(r"\d+(?=[^/]*$)", lambda found: kinds.get(found[0], found[0]), text)

    fields = asdict(job)
    same = {name: named(fields[name]) if name in ("dependency", "stdout", "stderr") else fields[name] for name in SAME}
    return same | {name: fields[name] is not None for name in KNOWN}


def differences(ours: dict[str, dict[str, Any]], theirs: dict[str, dict[str, Any]]) -> dict[str, tuple[Any, Any]]:
    """ "kind field" → what the simulation says and what the real one does."""
    return {
        f"{kind} {field}": (ours[kind][field], theirs[kind][field])
        for kind in sorted(ours.keys() & theirs.keys())
        for field in ours[kind]
        if ours[kind][field] != theirs[kind][field]
    }


def hold_to(found: dict[str, tuple[Any, Any]], listed: dict[str, str]) -> None:
    """Every difference is listed, and everything listed is a difference."""
    used = {name if name in listed else f"* {name.split()[-1]}" for name in found}
    unlisted = {name: both for name, both in found.items() if {name, f"* {name.split()[-1]}"}.isdisjoint(listed)}
    assert unlisted == {}, "(simulated, real)"
    assert set(listed) - used == set(), "listed, and no longer so"


def test_like_jobs_are_told_alike(real: Played, simulated: Played) -> None:
    ours = {kind: told(job, simulated.ids) for kind, job in simulated.jobs.items()}
    theirs = {kind: told(job, real.ids) for kind, job in real.jobs.items()}
    assert ours.keys() >= set(PLAYS) | {"group/0"}
    hold_to(differences(ours, theirs), JOBS_DIFFER)


def test_like_jobs_are_told_alike_by_accounting(real: Played, simulated: Played) -> None:
    ours = {kind: told(job, simulated.ids) for kind, job in simulated.history.items()}
    theirs = {kind: told(job, real.ids) for kind, job in real.history.items()}
    assert theirs.keys() <= ours.keys()
    assert ours.keys() - theirs.keys() == set()
    hold_to(differences(ours, theirs), HISTORY_DIFFER)


# ---- what stands there without anybody's doing --------------------------------------------------------------------

NOT_SIMULATED = {"burst": "nodes of a cloud", "all": "a partition for one QOS alone"}  # of the lab
NODES_DIFFER: dict[str, str] = {}
POOLS_DIFFER = {"cpu default": "from v0.0.39 to v0.0.44 no answer says which partition is the default"}
WINDOWS_DIFFER: dict[str, str] = {}


def test_like_nodes_are_told_alike(sides: tuple[Simulated, Real]) -> None:
    def nodes(side: Side) -> dict[str, dict[str, Any]]:
        found = wire.decode_nodes(side.ask("GET", f"/slurm/{side.version}/nodes/").body, site="lab").value
        same = ("cpus", "memory", "features")
        return {
            node.name: {name: getattr(node, name) for name in same}
            | {"pools": tuple(pool for pool in node.pools if pool not in NOT_SIMULATED)}
            | {"accelerators": tuple((a.kind, a.model, a.total) for a in node.accelerators)}
            | {
                name: getattr(node, name) is not None
                for name in ("cpus_used", "memory_used", "cpu_load", "reservation")
            }
            | {"used": all(a.used is not None for a in node.accelerators)}
            for node in found
            if not node.name.startswith("burst")
        }

    ours, theirs = (nodes(side) for side in sides)
    assert ours.keys() == theirs.keys()
    hold_to(differences(ours, theirs), NODES_DIFFER)


def test_a_drained_node_is_told_alike(sides: tuple[Simulated, Real]) -> None:
    def drained(side: Side) -> tuple[Any, ...]:
        said = side.ask("GET", f"/slurm/{side.version}/node/cpu-03")
        (node,) = wire.decode_nodes(said.body, site="lab").value
        return node.states, node.condition, node.reason, node.reason_user, node.reason_since is not None

    ours, theirs = (drained(side) for side in sides)
    assert ours == theirs


def test_like_pools_are_told_alike(sides: tuple[Simulated, Real]) -> None:
    def pools(side: Side) -> dict[str, dict[str, Any]]:
        found = wire.decode_partitions(side.ask("GET", f"/slurm/{side.version}/partitions/").body, site="lab").value
        return {pool.name: asdict(pool) for pool in found if pool.name not in NOT_SIMULATED}

    ours, theirs = (pools(side) for side in sides)
    assert ours.keys() == theirs.keys()
    hold_to(differences(ours, theirs), POOLS_DIFFER)


def test_like_reservations_are_told_alike(sides: tuple[Simulated, Real]) -> None:
    def windows(side: Side) -> dict[str, dict[str, Any]]:
        found = wire.decode_reservations(side.ask("GET", f"/slurm/{side.version}/reservations/").body, site="lab").value
        same = ("node_list", "nodes", "users", "accounts", "flags", "maintenance")
        return {
            one.name: {name: getattr(one, name) for name in same}
            | {"seconds": one.end and one.start and (one.end - one.start).total_seconds()}
            for one in found
        }

    ours, theirs = (windows(side) for side in sides)
    assert ours.keys() == theirs.keys()
    hold_to(differences(ours, theirs), WINDOWS_DIFFER)


# ---- the records as they are sent ---------------------------------------------------------------------------------

# v0.0.38 writes plain numbers for what is wrapped since, null for what is empty since, and QOS for qos: not listed.
# Place → why it is gone, or of another type (by the published documents of each version).
FLAT = "partitions were flat; nested since v0.0.39"
LIST = "one word in v0.0.38, a list since v0.0.39 or v0.0.40"
RAW_DIFFER: dict[str, dict[str, str]] = {
    "/slurm/{}/jobs/": {
        ".jobs[].job_state": LIST,
        ".jobs[].exit_code": "the wait status as a number; an object since v0.0.40",
        ".jobs[].derived_exit_code": "the wait status as a number; an object since v0.0.40",
        ".jobs[].show_flags": "gone with v0.0.42",
        **dict.fromkeys(
            (".jobs[].job_resources.allocated_cores", ".jobs[].job_resources.allocated_hosts",
             ".jobs[].job_resources.allocated_nodes", ".jobs[].job_resources.nodes"),
            "job_resources was made anew in v0.0.41",
        ),
    },
    "/slurm/{}/nodes/": {
        **dict.fromkeys((".nodes[].features", ".nodes[].active_features"), "words with commas; a list since v0.0.39"),
        **dict.fromkeys((".nodes[].state", ".nodes[].next_state_after_reboot"), LIST),
        **dict.fromkeys((".nodes[].state_flags", ".nodes[].next_state_after_reboot_flags"), "in `state` since v0.0.39"),
        ".nodes[].free_memory": "free_mem since v0.0.39",
        ".nodes[].idle_cpus": "alloc_idle_cpus since v0.0.39",
        ".nodes[].slurmd_version": "version since v0.0.39",
    },
    "/slurm/{}/partitions/": dict.fromkeys(
        [
            f".partitions[].{name}"
            for name in (
                "allowed_accounts", "allowed_allocation_nodes", "allowed_groups", "allowed_qos", "alternative",
                "billing_weights", "default_memory_per_cpu", "default_memory_per_node", "default_time_limit",
                "denied_accounts", "denied_qos", "flags", "max_time_limit", "maximum_cpus_per_node",
                "maximum_memory_per_cpu", "maximum_memory_per_node", "maximum_nodes_per_job", "min nodes per job",
                "nodes", "over_time_limit", "preemption_grace_time", "preemption_mode", "priority_job_factor",
                "priority_tier", "qos", "state", "total_cpus", "total_nodes", "tres",
            )
        ],
        FLAT,
    ),
    "/slurm/{}/reservations/": {
        ".reservations[].core_spec_cnt": "core_specializations says it since v0.0.39",
        ".reservations[].watts": "a number; wrapped since, and `{}` where there are none",
    },
    "/slurm/{}/ping/": {
        ".pings[].ping": "pinged since v0.0.40",
        ".pings[].status": "gone since v0.0.40 (and back in v0.0.45)",
    },
    "/slurm/{}/diag/": {},
    "/slurm/{}/licenses/": {},
    "/slurmdb/{}/jobs/": {
        ".jobs[].state.current": LIST,
        ".jobs[].exit_code.status": LIST,
        ".jobs[].derived_exit_code.status": LIST,
        ".jobs[].exit_code.signal.signal_id": "id since v0.0.40",
        ".jobs[].required.memory": "memory_per_cpu and memory_per_node since v0.0.39",
        ".jobs[].reservation.name": "22.05.8 writes 0 for no name",
    },
    "/slurmdb/{}/associations/": {
        ".associations[].is_default": "0 or 1; true or false since",
        ".associations[].usage": "accounting since v0.0.40",
    },
    "/slurmdb/{}/accounts/": {},
    "/slurmdb/{}/users/": {".users[].administrator_level": LIST},
    "/slurmdb/{}/qos/": {},
    "/slurmdb/{}/tres/": {},
    "/slurmdb/{}/clusters/": {},
}  # fmt: skip


def plain(shape: Shape) -> Shape:
    """Without what only the versions' ways of writing make of it."""
    return {
        place: {"number" if kind == "wrapper" else kind for kind in types} - {"null"} for place, types in shape.items()
    }


def raw_differences(ours: Shape, theirs: Shape) -> dict[str, tuple[Any, Any]]:
    """Places that the real records have and the simulated ones lack, and places of another type."""
    found: dict[str, tuple[Any, Any]] = {}
    for place, types in sorted(theirs.items()):
        above = place.rpartition(".")[0]
        if place not in ours:
            if not place.endswith("[]") and (not above or "object" in ours.get(above, ())):
                found[place] = ("gone", sorted(types))
        elif types and ours[place] and not types <= ours[place]:
            found[place] = (sorted(ours[place]), sorted(types))
    return found


@pytest.mark.parametrize("path", RAW_DIFFER)
def test_records_have_the_fields_of_real_ones(path: str, real: Played, simulated: Played) -> None:
    def shape(side: Side) -> Shape:
        said = side.ask("GET", path.format(side.version), user="oper")
        assert said.status == 200, said
        answer = said.json()
        records = {name: value for name, value in answer.items() if name not in ENVELOPE}
        return plain(shape_of({"qos" if name == "QOS" else name: value for name, value in records.items()}))

    found = raw_differences(shape(simulated.side), shape(real.side))
    listed = RAW_DIFFER[path]
    assert {place: both for place, both in found.items() if place not in listed} == {}, "(simulated, real)"
    assert set(listed) - set(found) == set(), "listed, and no longer so"


# ---- limits and people, value by value ----------------------------------------------------------------------------

LIMITS_DIFFER: dict[str, dict[str, str]] = {
    "associations": {
        ".qos": "the lab names the QOS that each may use; a scenario lets everybody use those of no partition",
        ".default.qos": "the lab gives each user one; simulated users have that of their account",
        ".flags": "DEFAULT is no flag any more, but `is_default` (24.11.5 says the same)",
        ".shares_raw": "a scenario gives shares to projects, and their parents the sum",
    },
    "qos": {
        ".preempt.mode": "v0.0.38 has an empty list for what is DISABLED since (24.11.5 says the same)",
        ".flags": "the lab's debug has DenyOnLimit, which a scenario cannot give",
    },
    "accounts": {},
    "users": {
        ".administrator_level": "a word in v0.0.38, a list of one since",
        ".flags": "an empty list in v0.0.38, NONE since (24.11.5 says the same)",
    },
}
# What v0.0.38 tells always, and its successors only when asked.
WITH = {"users": "?with_assocs=true&with_coords=true", "accounts": "?WithAssociations=true&WithCoordinators=true"}


def settled(value: Any) -> Any:
    """A value of either version as the same thing: what is unset, infinite, empty or null is None."""
    if isinstance(value, dict):
        if set(value) == WRAPPER:
            return value["number"] if value["set"] else None
        return {name: settled(one) for name, one in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, dict) and {"type", "count"} <= set(one) for one in value):
            return {f"{one['type']}/{one['name'] or ''}": one["count"] for one in value}
        if value and all(isinstance(one, dict) for one in value):  # associations, or coordinators
            return sorted(one.get("name") or f"{one['account']}/{one['user'] or ''}" for one in value)
        return sorted(map(str, value)) or None
    return None if value == "" else value


def unlike(ours: Any, theirs: Any, at: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """The places that both have and where they differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in ours.keys() & theirs.keys():
            yield from unlike(ours[name], theirs[name], f"{at}.{name}")
    elif ours != theirs:
        yield at, (ours, theirs)


@pytest.mark.parametrize("records", LIMITS_DIFFER)
def test_limits_and_people_are_the_same(records: str, sides: tuple[Simulated, Real]) -> None:
    def read(side: Side) -> dict[str, Any]:
        asked_for = WITH.get(records, "") if isinstance(side, Simulated) else ""
        answer = side.ask("GET", f"/slurmdb/{side.version}/{records}/{asked_for}", user="oper").json()
        found = answer.get(records) or answer[records.upper()]
        keys = ("account", "user") if records == "associations" else ("name",)
        named = {"/".join(one[key] or "" for key in keys): settled(one) for one in found}
        return {name: one for name, one in named.items() if name != "root"}  # the lab's operators are not simulated

    ours, theirs = (read(side) for side in sides)
    assert len(ours.keys() & theirs.keys()) >= 5
    found: dict[str, dict[str, tuple[Any, Any]]] = {}
    for name in sorted(ours.keys() & theirs.keys()):
        for place, both in unlike(ours[name], theirs[name]):
            found.setdefault(place, {})[name] = both
    assert {place: of for place, of in found.items() if place not in LIMITS_DIFFER[records]} == {}, "(simulated, real)"
    assert set(LIMITS_DIFFER[records]) - set(found) == set(), "listed, and no longer so"


# ---- the same wrong requests --------------------------------------------------------------------------------------

# Where 22.05.8 and 26.05.3 agree, and in what: the status, the content type, the error numbers.
AGREED = {
    "no token": "status kind",
    "unknown path": "status kind",
    "unknown path outside": "status kind",
    "unknown version": "status kind",
    "unknown path with a token that is none": "status kind",
    "method that the path does not have": "status kind",
    "method that nothing has": "status kind",
    "an Accept that is not JSON": "status kind",
    "unknown job": "kind numbers",
    "unknown job, accounting": "status kind",
    "unknown node": "kind numbers",
    "unknown account": "kind",
    "not JSON": "status kind",
    "submit without environment": "kind numbers",
    "submit to an unknown partition": "kind numbers",
    "submit for an unknown account": "kind numbers",
    "submit with an unknown qos": "kind numbers",
    "submit for accelerators that nobody has": "kind numbers",
    "update an unknown job": "kind numbers",
    "update somebody else's job": "kind numbers",
    "cancel an unknown job": "kind numbers",
    "cancel somebody else's job": "kind numbers",
}


def asked(side: Side, name: str, names: dict[str, str]) -> Said:
    """A wrong request, put in the words of that side's version."""
    wrong = WRONG[name]
    url = wrong.url(names).replace("v0.0.44", side.version)
    content = wrong.content(names)
    if isinstance(side, Real) and url.endswith("/job/submit") and content.startswith(b'{"'):
        job = json.loads(content)["job"]
        job["environment"] = {"PATH": "/bin"} if "environment" in job else {}
        if not job["environment"]:
            del job["environment"]
        if "tres_per_node" in job:
            job["gres"] = job.pop("tres_per_node").removeprefix("gres/")
        content = json.dumps({"script": job.pop("script", ""), "job": job}).encode()
    return side.ask(wrong.method, url, content, token=wrong.token, **wrong.headers)


@pytest.mark.parametrize("name", AGREED)
def test_both_refuse_in_the_same_way(name: str, real: Played, simulated: Played) -> None:
    said = {}
    for side in (simulated, real):
        foreign = foreign_job(side.side)
        names = {
            "running": str(side.ids["gpus"]), "foreign": foreign, "finished": str(side.ids["done"]),
            "group": str(side.ids["group"]), "partition": "b200",
        }  # fmt: skip
        answer = asked(side.side, name, names)
        told = {"status": answer.status, "kind": answer.kind, "numbers": answer.numbers - {-1, 9001}}
        said[type(side.side).__name__] = {part: told[part] for part in AGREED[name].split()}
    assert said["Simulated"] == said["Real"]


def foreign_job(side: Side) -> str:
    """A job of somebody else's that has not ended; on the simulated side one is made."""
    jobs = wire.decode_jobs(side.ask("GET", f"/slurm/{side.version}/jobs/").body, site="lab", now=now_of(side)).value
    found = [job.job_id for job in jobs if job.user not in ("alice", "root") and not job.finished]
    if not found and isinstance(side, Simulated):
        found = [side.centre.submit("bob", name="theirs", partition="cpu")]
    return str(found[0])
