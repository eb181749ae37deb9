"""Small simulated worlds for tests, and what must hold in any of them at any time."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from naru_client.mock.cluster import Job, bits
from naru_client.mock.scenario import parse_scenario
from naru_client.mock.simulator import Simulator

NOON = 1_795_348_800.0  # 2026-11-22 12:00 UTC

TINY = """
cluster = "tiny"
user = "ann"
warm-minutes = 0
history-hours = 0
users = [["ann", "lab"], ["bob", "lab"], ["cho", "firm"], ["dan", "grant"]]
nodes = [
    { names = "g-[1-2]", gres = "gpu:h100:4", cores = 8, memory = 262144 },
    { names = "c-1", cores = 8, memory = 65536 },
]
partitions = [
    { name = "gpu", nodes = "g-[1-2]", max-hours = 24, max-nodes = 2, qos = "p_gpu" },
    { name = "debug", nodes = "g-[1-2]", max-hours = 0.5, tier = 10 },
    { name = "cpu", nodes = "c-1", max-hours = 24 },
]
accounts = [
    { name = "lab", kind = "university" },
    { name = "firm", kind = "startup", group-tres = { "gres/gpu" = 4 } },
    { name = "grant", kind = "startup", group-tres-minutes = { "gres/gpu" = 100 } },
]
qos = [{ name = "normal" }, { name = "p_gpu" }]
"""

STATES = {"PENDING", "RUNNING", "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "OUT_OF_MEMORY", "NODE_FAIL"}
REASONS = {
    "None", "Resources", "Priority", "Dependency", "DependencyNeverSatisfied", "JobHeldUser", "JobHeldAdmin",
    "BeginTime", "JobArrayTaskLimit", "PartitionTimeLimit", "PartitionNodeLimit", "PartitionConfig", "Reservation",
    "ReqNodeNotAvail", "QOSMaxGRESPerUser", "QOSMaxJobsPerUserLimit", "QOSMaxWallDurationPerJobLimit", "QOSGrpGRES",
    "AssocGrpGRES", "AssocGrpGRESMinutes",
}  # fmt: skip


def world(extra: str = "", *, gpu_qos: str = "", seed: int = 1) -> Simulator:
    """The tiny world at noon, with more TOML after it, and limits in the QOS of its GPU partition."""
    text = TINY.replace('{ name = "p_gpu" }', f'{{ name = "p_gpu", {gpu_qos} }}') if gpu_qos else TINY
    return Simulator(parse_scenario(text + extra, "test"), seed, NOON)


def submit(sim: Simulator, user: str = "ann", **settings: object) -> Job:
    """Submit a job: one accelerator of `gpu` for an hour that uses all of it, unless said otherwise."""
    shape = {"name": "job", "partition": "gpu", "nodes": 1, "accelerators": 1, "cores": 0, "hours": 1.0}
    shape |= {name: settings.pop(name) for name in list(settings) if name in shape}
    job = sim.workload.make(user=user, now=sim.now, **shape)  # type: ignore[arg-type]  # by name, as above
    job.run = job.limit - 60
    for name, value in settings.items():
        setattr(job, name, value)
    sim.submit(job)
    return job


def check(sim: Simulator) -> None:
    """Everything that must hold at any moment."""
    _nothing_given_twice(sim)
    _jobs_are_where_they_say(sim)
    _caps_hold(sim)
    for job in (*sim.jobs.values(), *sim.records.values()):
        _told_rightly(job, sim)


def check_past(sim: Simulator) -> None:
    """No accelerator and no core was ever with two jobs at once, over everything on record."""
    lanes: dict[tuple[str, str, int], list[tuple[float, float, int]]] = {}
    for job in (*sim.records.values(), *sim.jobs.values()):
        end = sim.now if job.running else job.ended
        for share in job.held_nodes:
            for kind, mask in (("core", share.cores), ("gres", share.gres)):
                for index in bits(mask):
                    lanes.setdefault((share.node.name, kind, index), []).append((job.started, end, job.id))
    for lane, spans in lanes.items():
        spans.sort()
        for (_, end, first), (start, _, second) in pairwise(spans):
            assert end <= start, f"{lane}: job {second} began while {first} still ran"


def _nothing_given_twice(sim: Simulator) -> None:
    for node in sim.cluster.nodes.values():
        cores = gres = memory = 0
        for job in node.jobs:
            share = next(a for a in job.held_nodes if a.node is node)
            assert not cores & share.cores, f"{node.name}: a core given twice"
            assert not gres & share.gres, f"{node.name}: an accelerator given twice"
            assert share.cores.bit_count() == job.cpus
            assert share.gres.bit_count() == job.accelerators
            cores, gres, memory = cores | share.cores, gres | share.gres, memory + share.memory
        assert node.free_cores == ((1 << node.cpus) - 1) ^ cores
        assert node.free_gres == ((1 << node.gres_count) - 1) ^ gres
        assert node.free_memory == node.memory - memory >= 0


def _jobs_are_where_they_say(sim: Simulator) -> None:
    on_nodes: Counter[int] = Counter()
    for node in sim.cluster.nodes.values():
        on_nodes.update(job.id for job in node.jobs)
    for job in sim.jobs.values():
        holds = job.running or job.completing
        assert on_nodes.pop(job.id, 0) == (job.nodes if holds else 0), f"job {job.id} {job.state}"
        if job.running:
            assert not any(share.node.down for share in job.held_nodes)
    assert not on_nodes


def _caps_hold(sim: Simulator) -> None:
    running = [job for job in sim.jobs.values() if job.running]
    for qos in sim.scenario.qos:
        within = [job for job in running if qos.name in (job.partition.qos, job.qos)]
        for user, count in Counter(job.user for job in within).items():
            assert qos.max_jobs_per_user is None or count <= qos.max_jobs_per_user
            for resource, most in qos.max_tres_per_user.items():
                assert sum(job.amount(resource) for job in within if job.user == user) <= most
        for resource, most in qos.group_tres.items():
            assert sum(job.amount(resource) for job in within) <= most
    for account in sim.scenario.accounts:
        for resource, most in account.group_tres.items():
            assert sum(job.amount(resource) for job in running if job.account == account.name) <= most
    for group, count in Counter(job.array_id for job in running if job.array_id).items():
        throttle = max(job.throttle for job in running if job.array_id == group)
        assert not throttle or count <= throttle


def _told_rightly(job: Job, sim: Simulator) -> None:
    assert job.state in STATES
    assert job.reason in REASONS, job.reason
    assert job.submitted <= sim.now
    if job.pending:
        assert not job.held_nodes
        assert job.planned_start in (0.0, job.begin) or job.planned_start >= sim.passed
        assert job.priority >= 0
        return
    assert job.submitted <= job.started <= sim.now
    if job.running:
        assert sim.now <= job.started + job.limit
        assert all(parent.state == "COMPLETED" and parent.ended <= job.started for parent in job.after)
        return
    assert job.started <= job.ended <= sim.now
    assert job.ended - job.started <= job.limit + 1
    if job.id in sim.jobs and not job.completing:
        assert sim.now - job.ended <= sim.scenario.min_job_age + 1 or job.epilog > sim.scenario.min_job_age
    for window in sim.cluster.windows:
        inside = window.maintenance and any(share.node.name in window.nodes for share in job.held_nodes)
        assert not inside or job.ended <= window.start or job.started >= window.end


def of_user(jobs: Iterable[Job], user: str) -> list[Job]:
    return [job for job in jobs if job.user == user]
