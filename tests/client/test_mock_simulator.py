"""The simulation keeps a cluster's laws, whatever the seed, and depends on nothing but its scenario, seed and time."""

import os
import subprocess
import sys
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.client.mock_world import NOON, check, check_past, of_user, submit, world

from naru_client.mock.scenario import load_scenario
from naru_client.mock.simulator import Simulator
from naru_client.mock.slurmrestd import Slurmrestd
from naru_client.mock.world import World

TOKEN = {"x-slurm-user-token": "t"}


class Still:
    """A simulator that stands still, as a site."""

    def __init__(self, sim: Simulator) -> None:
        self.sim, self.plan, self.name = sim, sim.plan, sim.plan.cluster
        self.world = World(load_scenario("small"), 1, lambda: NOON)

    def at_present(self) -> Simulator:
        return self.sim


def bodies(sim: Simulator) -> list[bytes]:
    app = Slurmrestd(Still(sim), trusted={"t": "naru"})  # type: ignore[arg-type]
    paths = ("slurm/v0.0.44/jobs", "slurm/v0.0.44/nodes", "slurm/v0.0.44/reservations", "slurmdb/v0.0.44/jobs")
    return [app.reply("GET", f"/{path}", {}, TOKEN).body for path in paths]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hours_of_a_busy_centre_break_no_law(seed: int) -> None:
    sim = Simulator(load_scenario("small").sites[0], seed, NOON)
    check(sim)
    check_past(sim)
    started, ended = sim.started, sim.ended
    steps = Random(seed)
    while sim.now < NOON + 4 * 3600:
        sim.advance(sim.now + steps.uniform(1, 900))
        check(sim)
    check_past(sim)
    assert sim.started - started > 100, "jobs start"
    assert sim.ended - ended > 100, "jobs end"
    assert 40 < sum(job.pending for job in sim.jobs.values()) < 250, "a queue stays"


def test_the_centre_opens_busy_with_a_queue_and_a_past() -> None:
    sim = Simulator(load_scenario("small").sites[0], 1, NOON)
    assert 24 <= len(sim.cluster.nodes) <= 40
    assert 150 <= len(sim.jobs) <= 250
    assert {node.gres_type for node in sim.cluster.nodes.values()} == {"b200", "h200", "gh200", "h100", "rngd", ""}
    busy = {name: sum(n.gres_free for n in nodes if n.usable) for name, nodes in sim.cluster.members.items()}
    assert busy["b200nv_8"] <= 4
    assert len(list(sim.history())) > 100
    assert min(job.ended for job in sim.history()) < NOON - 3 * 3600


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_demo_user_sees_every_kind_of_job(seed: int) -> None:
    sim = Simulator(load_scenario("small").sites[0], seed, NOON)
    mine = of_user(sim.jobs.values(), "naru")
    assert 10 <= len(mine) <= 18
    assert {"b200", "h200", "rngd"} <= {job.gres_type for job in mine if job.running}
    assert {job.reason for job in mine if job.pending} >= {
        "QOSMaxGRESPerUser", "Dependency", "DependencyNeverSatisfied", "JobHeldUser", "BeginTime", "ReqNodeNotAvail",
        "JobArrayTaskLimit",
    }  # fmt: skip
    group = next(job for job in mine if job.array_group)
    tasks = [job for job in mine if job.array is group and job is not group]
    assert len([job for job in tasks if job.running]) == group.throttle == 3
    assert any(job.planned_start > sim.now and job.reason in ("Resources", "Priority") for job in mine)
    ended = {job.state for job in (*mine, *of_user(sim.records.values(), "naru")) if job.finished}
    assert {"COMPLETED", "FAILED", "OUT_OF_MEMORY", "TIMEOUT"} <= ended
    assert any(not job.name.isascii() for job in mine)


@pytest.mark.parametrize("seed", range(1, 6))
def test_every_usual_trouble_is_there(seed: int) -> None:
    sim = Simulator(load_scenario("small").sites[0], seed, NOON)
    reasons = {job.reason for job in sim.jobs.values() if job.pending}
    assert reasons >= {
        "Resources", "Priority", "AssocGrpGRES", "AssocGrpGRESMinutes", "QOSMaxJobsPerUserLimit", "JobHeldAdmin",
        "PartitionTimeLimit", "PartitionNodeLimit",
    }  # fmt: skip
    nodes = sim.cluster.nodes.values()
    assert any(node.down and "Xid" in node.reason for node in nodes)
    assert any(node.drain and node.jobs for node in nodes)
    assert any(node.drain and not node.jobs for node in nodes)
    assert any(window.maintenance and window.start > sim.now for window in sim.cluster.windows)
    assert any(job.completing and sim.now - job.ended > 3600 for job in sim.jobs.values()), "a stuck epilog"
    assert any(job.het for job in sim.jobs.values())


@settings(max_examples=6, deadline=None)
@given(steps=st.lists(st.floats(0.5, 900), min_size=1, max_size=6), seed=st.integers(1, 10_000))
def test_the_state_depends_on_the_time_and_not_on_the_steps_to_it(steps: list[float], seed: int) -> None:
    scenario = load_scenario("small").sites[0]
    walked, jumped = Simulator(scenario, seed, NOON), Simulator(scenario, seed, NOON)
    for step in steps:
        walked.advance(walked.now + step)
        bodies(walked)  # being looked at changes nothing either
    jumped.advance(walked.now)
    assert bodies(walked) == bodies(jumped)


def test_seeds_differ() -> None:
    scenario = load_scenario("small").sites[0]
    assert bodies(Simulator(scenario, 1, NOON)) != bodies(Simulator(scenario, 2, NOON))


def test_nothing_hangs_on_the_order_of_a_process_s_hashes() -> None:
    program = (
        "import hashlib; from tests.client.test_mock_simulator import *\n"
        "sim = Simulator(load_scenario('small').sites[0], 7, NOON); sim.advance(NOON + 2400)\n"
        "print(hashlib.sha256(b''.join(bodies(sim))).hexdigest())"
    )
    digests = set()
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        digests.add(
            subprocess.run(
                [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
            ).stdout
        )
    assert len(digests) == 1


def test_time_does_not_run_backwards() -> None:
    sim = world()
    sim.advance(NOON - 100)
    assert sim.now == NOON


def test_a_finished_job_leaves_slurmctld_after_its_age_and_stays_on_record() -> None:
    sim = world()
    job = submit(sim, run=600.0)
    sim.advance(NOON + 700)
    assert job.state == "COMPLETED"
    assert job.id in sim.jobs
    sim.advance(NOON + 1000)
    assert job.id not in sim.jobs
    assert sim.records[job.id, job.started] is job


def test_a_job_that_asks_for_too_little_time_ends_in_timeout() -> None:
    sim = world()
    job = submit(sim, hours=1, run=4000.0, outcome="TIMEOUT")
    sim.advance(NOON + 4000)
    assert (job.state, job.ended - job.started) == ("TIMEOUT", 3600)


def test_a_node_that_fails_takes_its_jobs_with_it_and_comes_back() -> None:
    sim = world("[breakage]\ndown-per-day = 2000\nhours = [1, 2]\n")
    jobs = [submit(sim, accelerators=4, hours=20) for _ in range(2)]
    sim.advance(NOON + 3600)
    check(sim)
    assert any(job.restarts for job in jobs), "they wait again"
    assert any(run.state == "NODE_FAIL" for run in sim.records.values()), "and accounting keeps the run"
    assert any(node.down and node.reason for node in sim.cluster.nodes.values())
    node = next(node for node in sim.cluster.nodes.values() if node.down)
    sim.bring_back(node)
    assert node.usable
    assert not node.reason


def test_what_the_epilog_holds_is_free_only_when_it_ends() -> None:
    sim = world()
    first = submit(sim, accelerators=4, on_node="g-1", run=600.0, epilog=500.0)
    second = submit(sim, accelerators=4, on_node="g-1")
    sim.advance(NOON + 900)
    assert first.completing
    assert second.pending
    sim.advance(NOON + 1200)
    assert not first.completing
    assert second.running
