"""Small simulated worlds for tests, and what must hold in any of them at any time."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from naru_client.mock.cluster import bits
from naru_client.mock.entities import Dependency, Job
from naru_client.mock.scenario import parse_scenario
from naru_client.mock.simulator import Simulator

NOON = 1_795_348_800.0  # 2026-11-22 12:00 UTC

TINY = """
cluster = "tiny"
user = "ann"
history-hours = 0
backfill-seconds = 10
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

EXTENDED = "extended"  # the comment of a job whose limit was stretched while it ran

STATES = {
    "PENDING", "RUNNING", "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "OUT_OF_MEMORY", "NODE_FAIL", "PREEMPTED",
    "REQUEUED",
}  # fmt: skip
# Every reason code that Slurm 26.05 knows, by its documentation of job reason codes and what the scheduler prints.
REASONS = frozenset(
    """
    AccountNotAllowed AccountingPolicy AssocGrpBB AssocGrpBBMinutes AssocGrpBBRunMinutes AssocGrpBilling
    AssocGrpBillingMinutes AssocGrpBillingRunMinutes AssocGrpCPUMinutesLimit AssocGrpCPURunMinutesLimit
    AssocGrpCpuLimit AssocGrpEnergy AssocGrpEnergyMinutes AssocGrpEnergyRunMinutes AssocGrpGRES
    AssocGrpGRESMinutes AssocGrpGRESRunMinutes AssocGrpJobsLimit AssocGrpLicense AssocGrpLicenseMinutes
    AssocGrpLicenseRunMinutes AssocGrpMemLimit AssocGrpMemMinutes AssocGrpMemRunMinutes AssocGrpNodeLimit
    AssocGrpNodeMinutes AssocGrpNodeRunMinutes AssocGrpSubmitJobsLimit AssocGrpUnknown AssocGrpUnknownMinutes
    AssocGrpUnknownRunMinutes AssocGrpWallLimit AssocMaxBBMinutesPerJob AssocMaxBBPerJob AssocMaxBBPerNode
    AssocMaxBillingMinutesPerJob AssocMaxBillingPerJob AssocMaxBillingPerNode AssocMaxCpuMinutesPerJobLimit
    AssocMaxCpuPerJobLimit AssocMaxCpuPerNode AssocMaxEnergyMinutesPerJob AssocMaxEnergyPerJob
    AssocMaxEnergyPerNode AssocMaxGRESMinutesPerJob AssocMaxGRESPerJob AssocMaxGRESPerNode AssocMaxJobsLimit
    AssocMaxLicenseMinutesPerJob AssocMaxLicensePerJob AssocMaxMemMinutesPerJob AssocMaxMemPerJob
    AssocMaxMemPerNode AssocMaxNodeMinutesPerJob AssocMaxNodePerJobLimit AssocMaxSubmitJobLimit
    AssocMaxUnknownMinutesPerJob AssocMaxUnknownPerJob AssocMaxUnknownPerNode AssocMaxWallDurationPerJobLimit
    AssociationJobLimit AssociationResourceLimit AssociationTimeLimit BadConstraints BeginTime
    BurstBufferOperation BurstBufferResources BurstBufferStageIn Cleaning Constraints DeadLine Dependency
    DependencyNeverSatisfied FedJobLock InactiveLimit InvalidAccount InvalidQOS JobArrayTaskLimit JobHeldAdmin
    JobHeldUser JobHoldMaxRequeue JobLaunchFailure Licenses MaxBBPerAccount MaxBBRunMinsPerAccount
    MaxBBRunMinsPerUser MaxBillingPerAccount MaxBillingRunMinsPerAccount MaxBillingRunMinsPerUser
    MaxCpuPerAccount MaxCpuRunMinsPerAccount MaxCpuRunMinsPerUser MaxEnergyPerAccount MaxEnergyRunMinsPerAccount
    MaxEnergyRunMinsPerUser MaxGRESPerAccount MaxGRESRunMinsPerAccount MaxGRESRunMinsPerUser MaxJobsPerAccount
    MaxLicensePerAccount MaxLicenseRunMinsPerAccount MaxLicenseRunMinsPerUser MaxMemPerLimit MaxMemoryPerAccount
    MaxMemoryRunMinsPerAccount MaxMemoryRunMinsPerUser MaxNodePerAccount MaxNodeRunMinsPerAccount
    MaxNodeRunMinsPerUser MaxPoweredUpNodes MaxSubmitJobsPerAccount MaxUnknownPerAccount
    MaxUnknownRunMinsPerAccount MaxUnknownRunMinsPerUser MpiPortsBusy NodeDown NonZeroExitCode None
    NvidiaImexChannels OutOfMemory PartitionConfig PartitionDown PartitionInactive PartitionNodeLimit
    PartitionTimeLimit Priority Prolog QOSGrpBB QOSGrpBBMinutes QOSGrpBBRunMinutes QOSGrpBilling
    QOSGrpBillingMinutes QOSGrpBillingRunMinutes QOSGrpCPUMinutesLimit QOSGrpCPURunMinutesLimit QOSGrpCpuLimit
    QOSGrpEnergy QOSGrpEnergyMinutes QOSGrpEnergyRunMinutes QOSGrpGRES QOSGrpGRESMinutes QOSGrpGRESRunMinutes
    QOSGrpJobsLimit QOSGrpLicense QOSGrpLicenseMinutes QOSGrpLicenseRunMinutes QOSGrpMemLimit
    QOSGrpMemoryMinutes QOSGrpMemoryRunMinutes QOSGrpNodeLimit QOSGrpNodeMinutes QOSGrpNodeRunMinutes
    QOSGrpSubmitJobsLimit QOSGrpUnknown QOSGrpUnknownMinutes QOSGrpUnknownRunMinutes QOSGrpWallLimit QOSJobLimit
    QOSMaxBBPerJob QOSMaxBBPerNode QOSMaxBBPerUser QOSMaxBillingMinutesPerJob QOSMaxBillingPerJob
    QOSMaxBillingPerNode QOSMaxBillingPerUser QOSMaxCpuMinutesPerJobLimit QOSMaxCpuPerJobLimit QOSMaxCpuPerNode
    QOSMaxCpuPerUserLimit QOSMaxEnergyMinutesPerJob QOSMaxEnergyPerJob QOSMaxEnergyPerNode QOSMaxEnergyPerUser
    QOSMaxGRESMinutesPerJob QOSMaxGRESPerJob QOSMaxGRESPerNode QOSMaxGRESPerUser QOSMaxJobsPerUserLimit
    QOSMaxLicenseMinutesPerJob QOSMaxLicensePerJob QOSMaxLicensePerUser QOSMaxMemoryMinutesPerJob
    QOSMaxMemoryPerJob QOSMaxMemoryPerNode QOSMaxMemoryPerUser QOSMaxNodeMinutesPerJob QOSMaxNodePerJobLimit
    QOSMaxNodePerUserLimit QOSMaxSubmitJobPerUserLimit QOSMaxUnknownMinutesPerJob QOSMaxUnknownPerJob
    QOSMaxUnknownPerNode QOSMaxUnknownPerUser QOSMaxWallDurationPerJobLimit QOSMinBB QOSMinBilling
    QOSMinCpuNotSatisfied QOSMinEnergy QOSMinGRES QOSMinLicense QOSMinMemory QOSMinNode QOSMinUnknown
    QOSNotAllowed QOSResourceLimit QOSTimeLimit QOSUsageThreshold RaisedSignal ReqNodeNotAvail Reservation
    ReservationDeleted ReservationInvalid Resources SchedDefer SystemFailure TimeLimit
    """.split()
)


def world(extra: str = "", *, gpu_qos: str = "", seed: int = 1) -> Simulator:
    """The tiny world at noon, with more TOML after it, and limits in the QOS of its GPU partition."""
    text = TINY.replace('{ name = "p_gpu" }', f'{{ name = "p_gpu", {gpu_qos} }}') if gpu_qos else TINY
    return Simulator(parse_scenario(text + extra, "test").sites[0], seed, NOON)


def submit(sim: Simulator, user: str = "ann", **settings: object) -> Job:
    """Submit a job: one accelerator of `gpu` for an hour that uses all of it, unless said otherwise."""
    shape = {"name": "job", "partition": "gpu", "nodes": 1, "accelerators": 1, "cores": 0, "hours": 1.0}
    shape |= {"qos": "normal", "account": "", "features": ""}
    shape |= {name: settings.pop(name) for name in list(settings) if name in shape}
    tasks = settings.pop("array", None)  # (how many, at most how many at once)
    job = sim.workload.make(user=user, now=sim.now, **shape)  # type: ignore[arg-type]  # by name, as above
    if isinstance(tasks, tuple):
        sim.workload.make_array(job, *tasks)
    job.run, job.behaviour = job.limit - 60, ""
    for name, value in settings.items():
        setattr(job, name, value)
    sim.submit(job)
    return job


def check(sim: Simulator) -> None:
    """Everything that must hold at any moment."""
    _nothing_given_twice(sim)
    _nodes_are_filed_rightly(sim)
    _jobs_are_where_they_say(sim)
    _lines_hold_who_waits(sim)
    _sums_are_those_of_the_jobs(sim)
    _caps_hold(sim)
    for job in (*sim.jobs.values(), *sim.records.values()):
        _told_rightly(job, sim)


def check_past(sim: Simulator) -> None:
    """No accelerator and no core was ever with two jobs at once, over everything on record."""
    lanes: dict[tuple[str, str, int], list[tuple[float, float, int]]] = {}
    for job in (*sim.history(), *sim.jobs.values()):
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


def _nodes_are_filed_rightly(sim: Simulator) -> None:
    usable = 0
    for node in sim.cluster.node_list:
        usable |= node.bit if node.usable else 0
        for level, mask in enumerate(node.make.levels):
            assert bool(mask & node.bit) == (node.usable and node.gres_free == level), node.name
    assert sim.cluster.usable == usable


def _lines_hold_who_waits(sim: Simulator) -> None:
    waiting = {job.id for job in sim.jobs.values() if job.pending}
    in_line = {job.id for line in sim.scheduler.lines.values() for job in line}
    assert in_line == waiting
    assert sum(sim.waiting.values()) == len(waiting)
    for group in (job for job in sim.jobs.values() if job.array is job):
        tasks = [job for job in sim.jobs.values() if job.array is group and job.running]
        assert group.tasks_running == len(tasks)


def _sums_are_those_of_the_jobs(sim: Simulator) -> None:
    """What an account has at work, has promised and has submitted is what its jobs add up to."""
    names, at = sim.resources.names, sim.now - sim.limits.origin
    for account in sim.plan.accounts:
        tally = sim.limits.tally("account", account.name)
        mine = [job for job in sim.jobs.values() if job.account == account.name]
        running = [job for job in mine if job.running]
        assert tally.jobs == len(running)
        assert tally.submitted == sum(len(j.tasks) or 1 for j in mine if not j.finished), account.name
        for i, name in enumerate(names):
            assert tally.busy[i] == sum(job.amount(name) for job in running) or name == "billing"
            committed = sum(job.amounts[i] * (job.started + job.limit - sim.now) for job in running)
            assert abs(tally.committed(i, at) - committed) <= 1e-6 * max(1.0, committed) + 1, name


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
    for qos in sim.plan.qos:
        within = [job for job in running if qos.name in (job.partition.qos, job.qos)]
        for user, count in Counter(job.user for job in within).items():
            assert qos.max_jobs_per_user is None or count <= qos.max_jobs_per_user
            for resource, most in qos.max_tres_per_user.items():
                assert sum(job.amount(resource) for job in within if job.user == user) <= most
        for resource, most in qos.group_tres.items():
            assert sum(job.amount(resource) for job in within) <= most
    for account in sim.plan.accounts:
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
        assert job.planned_start in (0.0, job.begin) or job.planned_start >= job.evaluated
        assert job.priority >= 0
        return
    assert job.submitted <= job.started <= sim.now
    if job.running:
        assert sim.now <= job.started + job.limit
        assert job.begin <= job.started
        _dependencies_were_met(job)
        return
    assert job.started <= job.ended <= sim.now
    assert job.ended - job.started <= job.limit + 1 or job.restarts
    if sim.jobs.get(job.id) is job and not job.completing:
        assert sim.now - job.ended <= sim.plan.min_job_age + 1 or job.epilog > sim.plan.min_job_age
    if job.comment == EXTENDED:
        return
    for window in sim.cluster.windows:
        inside = (
            window.maintenance
            and not window.admits(job)
            and any(share.node.name in window.nodes for share in job.held_nodes)
        )
        assert not inside or job.ended <= window.start or job.started >= window.end


def _dependencies_were_met(job: Job) -> None:
    met = [_was_met(condition, job.started) for condition in job.after]
    assert not met or (any(met) if job.after_any else all(met)), f"job {job.id} began too soon"


def _was_met(condition: Dependency, at: float) -> bool:
    """Whether a condition was met at a time, as far as that can be told later."""
    other = condition.job
    if other is None or other.restarts:  # one that runs anew had done what was waited for
        return True
    if condition.kind == "after":
        return bool(other.started) and other.started + condition.delay <= at
    if other.array is not None:
        ends = other.array.ends
        if condition.task is not None:
            return condition.task in ends
        return condition.kind == "aftercorr" or other.array.open_tasks == 0
    if not other.finished or other.ended > at:
        return False
    return {"afterok": other.state == "COMPLETED", "afternotok": other.state != "COMPLETED"}.get(condition.kind, True)


def of_user(jobs: Iterable[Job], user: str) -> list[Job]:
    return [job for job in jobs if job.user == user]
