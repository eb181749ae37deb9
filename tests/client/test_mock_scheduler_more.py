"""Dependencies of every kind, preemption, requeueing, several partitions, licences, and the rarer caps."""

import pytest
from msgspec.structs import replace
from tests.client.mock_world import NOON, REASONS, TINY, check, submit, world

from naru_client.mock.entities import Dependency, Job
from naru_client.mock.runs import REQUEUE_DELAY
from naru_client.mock.scenario import parse_scenario
from naru_client.mock.simulator import Simulator


def on(kind: str, job: Job, delay: float = 0.0) -> Dependency:
    return Dependency(kind, job, delay)


@pytest.mark.parametrize(
    ("kind", "outcome", "reason"),
    [
        ("afterany", "COMPLETED", ""), ("afterany", "FAILED", ""), ("afterok", "COMPLETED", ""),
        ("afterok", "FAILED", "DependencyNeverSatisfied"), ("afternotok", "FAILED", ""),
        ("afternotok", "COMPLETED", "DependencyNeverSatisfied"),
    ],
)  # fmt: skip
def test_what_a_dependency_waits_for(kind: str, outcome: str, reason: str) -> None:
    sim = world()
    parent = submit(sim, run=600.0, outcome=outcome)
    child = submit(sim, after=(on(kind, parent),))
    sim.advance(NOON + 300)
    assert child.reason == "Dependency"
    sim.advance(NOON + 900)
    assert parent.state == outcome
    assert child.running != bool(reason)
    assert child.reason == (reason or "None")
    check(sim)


def test_after_waits_for_the_start_and_for_some_minutes_more() -> None:
    sim = world()
    parent = submit(sim, begin=NOON + 300)
    child, later = submit(sim, after=(on("after", parent),)), submit(sim, after=(on("after", parent, 600.0),))
    sim.advance(NOON + 290)
    assert child.reason == "Dependency"
    sim.advance(NOON + 330)
    assert parent.running
    assert child.running
    assert later.pending
    sim.advance(parent.started + 600 + 20)
    assert later.running
    assert later.started >= parent.started + 600


def test_one_of_several_is_enough_when_they_are_alternatives() -> None:
    sim = world()
    bad, good = submit(sim, run=300.0, outcome="FAILED"), submit(sim, run=900.0)
    both = submit(sim, after=(on("afterok", bad), on("afterok", good)))
    either = submit(sim, after=(on("afterok", bad), on("afterok", good)), after_any=True)
    sim.advance(NOON + 600)
    assert both.reason == "DependencyNeverSatisfied"
    assert either.reason == "Dependency"
    sim.advance(NOON + 1000)
    assert either.running
    assert both.pending


def test_a_singleton_waits_for_its_namesakes_of_the_same_user() -> None:
    sim = world()
    first = submit(sim, name="nightly", run=600.0)
    second = submit(sim, name="nightly", after=(Dependency("singleton"),))
    other = submit(sim, user="bob", name="nightly", after=(Dependency("singleton"),))
    sim.advance(NOON + 300)
    assert first.running
    assert second.reason == "Dependency"
    assert other.running
    sim.advance(NOON + 700)
    assert second.running


def test_a_dependency_on_an_array_waits_for_every_task() -> None:
    sim = world()
    group = submit(sim, array=(3, 1), hours=0.2)
    child = submit(sim, after=(on("afterany", group),))
    while group.open_tasks and sim.now < NOON + 4 * 3600:
        assert child.pending
        sim.advance(sim.now + 60)
    sim.advance(sim.now + 60)
    assert len(group.ends) == 3
    assert child.running


def test_a_task_follows_the_task_of_its_number() -> None:
    sim = world()
    first = submit(sim, array=(3, 1), hours=0.2)
    second = submit(sim, array=(3, 0), hours=0.2)
    second.after = (on("aftercorr", first),)
    sim.depend(second)
    begun: dict[int, float] = {}
    while sim.now < NOON + 3 * 3600:
        sim.advance(sim.now + 30)
        for job in sim.jobs.values():
            if job.array is second and job.started and job.task is not None:
                begun.setdefault(job.task, job.started)
                assert first.ends[job.task] == "COMPLETED", "only after its own one has completed"
    assert set(begun) == {task for task, end in first.ends.items() if end == "COMPLETED"}


def ladder(mode: str) -> Simulator:
    """The tiny world with a QOS whose jobs make those of another give way."""
    qos = f'{{ name = "high", priority = 10, preempts = ["low"] }}, {{ name = "low", preempt-mode = "{mode}" }}'
    text = TINY.replace('{ name = "p_gpu" }', f'{{ name = "p_gpu" }}, {qos}')
    return Simulator(parse_scenario(text, "test").sites[0], 1, NOON)


def test_a_job_gives_way_and_waits_again() -> None:
    sim = ladder("requeue")
    low = [submit(sim, accelerators=4, hours=20, qos="low") for _ in range(2)]
    sim.advance(NOON + 60)
    assert all(job.running for job in low)
    high = submit(sim, accelerators=4, hours=1, qos="high")
    sim.advance(NOON + 120)
    assert high.running
    [victim] = [job for job in low if job.pending]
    assert (victim.restarts, victim.reason, victim.begin) == (1, "BeginTime", victim.preempted + REQUEUE_DELAY)
    [run] = [run for run in sim.records.values() if run.id == victim.id]
    assert run.state == "PREEMPTED"
    check(sim)
    sim.advance(NOON + 2 * 3600)
    assert victim.running
    check(sim)


def test_a_job_that_gives_way_may_be_ended_instead() -> None:
    sim = ladder("cancel")
    low = submit(sim, nodes=2, accelerators=4, hours=20, qos="low")
    sim.advance(NOON + 60)
    high = submit(sim, accelerators=4, qos="high")
    sim.advance(NOON + 120)
    assert low.state == "PREEMPTED"
    assert high.running
    check(sim)


def test_nobody_gives_way_when_that_would_not_be_enough() -> None:
    sim = ladder("requeue")
    submit(sim, accelerators=3, hours=20)
    low = submit(sim, accelerators=3, hours=20, qos="low")
    sim.advance(NOON + 60)
    submit(sim, nodes=2, accelerators=4, qos="high")
    sim.advance(NOON + 120)
    assert low.running
    assert not low.restarts


def test_a_job_that_is_put_back_starts_again_and_accounting_keeps_both_runs() -> None:
    sim = world()
    job = submit(sim, hours=2)
    sim.advance(NOON + 600)
    first = job.started
    sim.requeue(job)
    check(sim)
    assert job.pending
    assert not any(node.jobs for node in sim.cluster.node_list)
    sim.advance(NOON + 600 + REQUEUE_DELAY + 20)
    assert job.running
    assert job.started > first
    assert sim.records[job.id, first].state == "REQUEUED"
    check(sim)


def test_a_job_submitted_to_two_partitions_starts_where_it_can() -> None:
    sim = world(gpu_qos="max-jobs-per-user = 1")
    submit(sim, accelerators=1)
    both = submit(sim, partition="gpu,debug", accelerators=1, hours=0.4)
    sim.advance(NOON + 20)
    assert both.running
    assert both.partition.name == "debug"
    assert not both.partitions
    check(sim)


def test_licences_are_lent_and_given_back() -> None:
    sim = world("[licenses]\nsolver = 2\n")
    first = submit(sim, licenses=(("solver", 2),), run=600.0)
    second = submit(sim, licenses=(("solver", 1),))
    never = submit(sim, licenses=(("other", 1),))
    sim.advance(NOON + 60)
    assert first.running
    assert second.reason == never.reason == "Licenses"
    sim.advance(NOON + 700)
    assert second.running
    assert never.pending


def test_a_limit_that_is_changed_holds() -> None:
    sim = world()
    job = submit(sim, hours=1, run=4 * 3600.0)
    sim.advance(NOON + 60)
    sim.relimit(job, 2 * 3600.0)
    check(sim)
    sim.advance(job.started + 3700)
    assert job.running
    sim.advance(job.started + 7300)
    assert (job.state, job.ended - job.started) == ("TIMEOUT", 7200)
    check(sim)


@pytest.mark.parametrize(
    ("caps", "reason"),
    [
        ("group-jobs = 1", "QOSGrpJobsLimit"),
        ("group-tres = { cpu = 3 }", "QOSGrpCpuLimit"),
        ("max-tres-per-user = { cpu = 3 }", "QOSMaxCpuPerUserLimit"),
        ('max-tres-per-job = { "gres/gpu" = 0 }', "QOSMaxGRESPerJob"),
        ('max-tres-per-account = { "gres/gpu:h100" = 1 }', "MaxGRESPerAccount"),
        ("max-jobs-per-account = 1", "MaxJobsPerAccount"),
        ('group-tres-minutes = { "gres/gpu" = 90 }', "QOSGrpGRESMinutes"),
        ("group-tres-minutes = { cpu = 130 }", "QOSGrpCPUMinutesLimit"),
        ('group-tres-run-minutes = { "gres/gpu" = 90 }', "QOSGrpGRESRunMinutes"),
        ('max-tres-minutes-per-job = { "gres/gpu" = 59 }', "QOSMaxGRESMinutesPerJob"),
        ("group-tres = { node = 1 }", "QOSGrpNodeLimit"),
        ("group-tres = { mem = 61440 }", "QOSGrpMemLimit"),
        ("group-tres = { billing = 3 }", "QOSGrpBilling"),
        ("max-tres-per-user = { mem = 61440 }", "QOSMaxMemoryPerUser"),
        ("max-tres-per-user = { node = 1 }", "QOSMaxNodePerUserLimit"),
    ],
)
def test_each_cap_has_slurm_s_reason(caps: str, reason: str) -> None:
    sim = world(gpu_qos=caps)
    submit(sim)
    over = submit(sim)
    sim.advance(NOON + 20)
    assert over.reason == reason
    assert over.reason in REASONS, "and it is one that Slurm has"


def test_a_user_s_own_cap_and_the_door() -> None:
    sim = world()
    plan = sim.plan
    lab = replace(plan.accounts[0], max_jobs_per_user=1, max_submit_per_user=3)
    sim = Simulator(replace(plan, accounts=(lab, *plan.accounts[1:])), 1, NOON)
    jobs = [submit(sim) for _ in range(2)]
    sim.advance(NOON + 20)
    assert [job.reason for job in jobs] == ["None", "AssocMaxJobsLimit"]
    another = sim.workload.make(user="ann", name="x", partition="gpu", accelerators=1, hours=1, now=sim.now)
    assert not sim.limits.refuses(another, 1)
    assert sim.limits.refuses(another, 2), "an array counts by its tasks"


def test_the_fair_tree_ranks_accounts_before_users() -> None:
    sim = world()
    for key, used in ((("user", "lab", "ann"), 9e9), (("account", "lab"), 9e9), (("account", "university"), 9e9)):
        sim.limits.tally(*key).base[4] = used
    sim.priorities.rank(sim.now)
    fair = sim.priorities.fair
    assert fair["lab", "bob"] > fair["lab", "ann"]
    assert min(fair["firm", "cho"], fair["grant", "dan"]) > fair["lab", "bob"], "bob pays for his account"


def test_a_pool_that_is_down_or_not_for_everybody() -> None:
    sim = world('[[incidents]]\nnode = "c-1"\nstate = "drained"\nreason = "x"\n')
    plan = sim.plan
    gpu, debug, cpu = plan.partitions
    parts = (replace(gpu, state="DOWN"), replace(debug, allow_accounts=("firm",)), replace(cpu, state="INACTIVE"))
    sim = Simulator(replace(plan, partitions=parts), 1, NOON)
    jobs = [submit(sim, hours=0.1), submit(sim, partition="debug", hours=0.1)]
    jobs.append(submit(sim, partition="cpu", accelerators=0, cores=1, hours=0.1))
    sim.advance(NOON + 20)
    assert [job.reason for job in jobs] == ["PartitionDown", "AccountNotAllowed", "PartitionInactive"]
