"""Who starts, who waits and why: each of Slurm's reasons, in a world small enough to see it."""

from tests.client.mock_world import NOON, check, submit, world

from naru_client.mock.entities import Dependency
from naru_client.mock.simulator import FIRST_BACKFILL as FIRST


def test_a_job_that_fits_starts_at_the_next_pass() -> None:
    sim = world()
    job = submit(sim)
    assert job.reason == "None"
    sim.advance(NOON + 10)
    assert job.running
    assert [share.node.name for share in job.held_nodes] == ["g-1"]
    check(sim)


def test_the_first_that_does_not_fit_waits_for_resources_the_others_for_priority() -> None:
    sim = world()
    for _ in range(2):
        submit(sim, accelerators=4)
    sim.advance(NOON + 10)
    first, second = submit(sim, accelerators=4), submit(sim, accelerators=4)
    sim.advance(NOON + 20)
    assert (first.reason, second.reason) == ("Resources", "Priority")
    assert first.planned_start == second.planned_start == NOON + FIRST + 3600
    assert {node.name for job in (first, second) for node in job.planned_nodes} == {"g-1", "g-2"}


def test_a_short_job_is_started_ahead_of_a_big_one_when_it_delays_nothing() -> None:
    sim = world()
    submit(sim, accelerators=3, hours=4)
    submit(sim, accelerators=4, hours=4)
    sim.advance(NOON + 10)
    big = submit(sim, nodes=2, accelerators=4, hours=4)
    sim.advance(NOON + 20)
    long, short = submit(sim, hours=8), submit(sim, hours=2)
    sim.advance(NOON + 30)
    assert big.planned_start == NOON + FIRST + 4 * 3600
    assert short.running, "it ends before the big one is to start"
    assert long.pending, "it would delay the big one"


def test_expected_starts_move_forward_when_work_ends_early() -> None:
    sim = world()
    for _ in range(2):
        submit(sim, accelerators=4, hours=10, run=1800.0)
    waiting = submit(sim, accelerators=4)
    sim.advance(NOON + 20)
    assert waiting.planned_start > NOON + 9 * 3600
    sim.advance(NOON + 1900)
    assert waiting.running


def test_who_has_used_less_goes_first() -> None:
    sim = world()
    for _ in range(2):
        submit(sim, user="bob", accelerators=4, hours=2)
    sim.advance(NOON + 10)
    for account, user, used in (("lab", "ann", 9e12), ("lab", "bob", 0.0), ("firm", "cho", 1.0)):
        sim.limits.tally("user", account, user).base[4] = used
    sim.limits.tally("account", "lab").base[4] = sim.limits.tally("account", "university").base[4] = 9e12
    sim.advance(NOON + 400)
    spender, saver = submit(sim, accelerators=4), submit(sim, user="cho", accelerators=4)
    sim.advance(NOON + 410)
    assert saver.priority > spender.priority
    assert (saver.reason, spender.reason) == ("Resources", "Priority")


def test_a_higher_tier_goes_first_on_shared_nodes() -> None:
    sim = world()
    for _ in range(2):
        submit(sim, accelerators=4, run=600.0)
    sim.advance(NOON + 10)
    normal = submit(sim, accelerators=4, nodes=2)
    debug = submit(sim, partition="debug", accelerators=4, nodes=2, hours=0.25)
    sim.advance(NOON + 700)
    assert debug.running
    assert normal.pending


def test_holds_wait_until_released() -> None:
    sim = world()
    mine, theirs = submit(sim, held="user"), submit(sim, held="admin")
    sim.advance(NOON + 10)
    assert (mine.reason, theirs.reason) == ("JobHeldUser", "JobHeldAdmin")
    assert mine.priority == mine.eligible == 0
    sim.release(mine)
    sim.advance(NOON + 20)
    assert mine.running
    assert theirs.pending


def test_a_begin_time_is_waited_for_and_is_the_expected_start() -> None:
    sim = world()
    job = submit(sim, begin=NOON + 900)
    sim.advance(NOON + 10)
    assert (job.reason, job.planned_start) == ("BeginTime", NOON + 900)
    sim.advance(NOON + 911)
    assert job.running


def test_a_dependency_starts_after_its_parent_completed() -> None:
    sim = world()
    parent = submit(sim, run=600.0)
    child = submit(sim, after=(Dependency("afterok", parent),))
    sim.advance(NOON + 500)
    assert (child.reason, child.planned_start) == ("Dependency", 0)
    sim.advance(NOON + 700)
    assert child.running
    assert child.started >= parent.ended


def test_a_dependency_on_a_failed_job_is_never_satisfied() -> None:
    sim = world()
    parent = submit(sim, run=600.0, outcome="FAILED", exit_code=2)
    child = submit(sim, after=(Dependency("afterok", parent),))
    sim.advance(NOON + 9000)
    assert parent.state == "FAILED"
    assert (child.state, child.reason) == ("PENDING", "DependencyNeverSatisfied")


def test_shapes_a_partition_does_not_allow_wait_for_ever_with_their_reasons() -> None:
    sim = world()
    cases = {
        "PartitionTimeLimit": submit(sim, hours=25),
        "PartitionNodeLimit": submit(sim, nodes=3),
        "PartitionConfig": submit(sim, cores=17),
    }
    sim.advance(NOON + 10)
    assert [job.reason for job in cases.values()] == list(cases)
    assert all(job.planned_start == 0 for job in cases.values())


def test_a_user_s_cap_on_accelerators() -> None:
    sim = world(gpu_qos='max-tres-per-user = { "gres/gpu" = 3 }')
    submit(sim, accelerators=2)
    over = submit(sim, accelerators=2)
    other = submit(sim, user="bob", accelerators=2)
    sim.advance(NOON + 10)
    assert (over.reason, over.planned_start) == ("QOSMaxGRESPerUser", 0)
    assert other.running, "the cap is each user's own"
    check(sim)


def test_a_user_s_cap_on_jobs() -> None:
    sim = world(gpu_qos="max-jobs-per-user = 1")
    first, second = submit(sim, run=600.0), submit(sim)
    sim.advance(NOON + 10)
    assert second.reason == "QOSMaxJobsPerUserLimit"
    sim.advance(NOON + 700)
    assert first.finished
    assert second.running


def test_a_cap_of_the_whole_qos_and_one_on_wall_time() -> None:
    sim = world(gpu_qos='group-tres = { "gres/gpu" = 2 }, max-wall-hours = 2.0')
    submit(sim, accelerators=2)
    over, long = submit(sim), submit(sim, hours=3)
    sim.advance(NOON + 10)
    assert (over.reason, long.reason) == ("QOSGrpGRES", "QOSMaxWallDurationPerJobLimit")


def test_an_account_s_cap_reaches_over_its_jobs() -> None:
    sim = world()
    submit(sim, user="cho", accelerators=3)
    over = submit(sim, user="cho", accelerators=2)
    sim.advance(NOON + 10)
    assert over.reason == "AssocGrpGRES"


def test_a_grant_keeps_back_what_could_overdraw_it() -> None:
    sim = world()  # 100 GPU-minutes are left
    small = submit(sim, user="dan", hours=1, run=1200.0)
    second = submit(sim, user="dan", hours=1)
    sim.advance(NOON + 10)
    assert small.running
    assert second.reason == "AssocGrpGRESMinutes", "60 minutes are committed, 40 are left"
    sim.advance(NOON + 1400)
    assert second.running, "the first used 20 of its 60"


def test_an_array_runs_no_more_tasks_at_once_than_its_throttle() -> None:
    sim = world()
    group = submit(sim, array=(5, 2))
    sim.advance(NOON + 10)
    tasks = [job for job in sim.jobs.values() if job.array is group and job.running]
    assert [(job.task, job.array_id) for job in tasks] == [(0, group.id), (1, group.id)]
    assert len({job.id for job in tasks} | {group.id}) == 3, "a started task has a number of its own"
    assert (group.tasks, group.reason) == ([2, 3, 4], "JobArrayTaskLimit")
    seen = {0, 1}
    while sim.now < NOON + 6 * 3600:
        sim.advance(sim.now + 300)
        check(sim)
        known = (*sim.jobs.values(), *sim.records.values())
        seen |= {job.task for job in known if job.array is group and job.task is not None}
    assert seen == {0, 1, 2, 3, 4}
    assert group.task == 4, "the last task is the record itself"


def test_a_het_job_starts_all_its_components_together() -> None:
    sim = world()
    blocker = submit(sim, nodes=2, accelerators=3, run=600.0)
    leader = sim.workload.make(
        user="ann", name="het", partition="gpu", nodes=1, accelerators=4, cores=0, hours=1, now=sim.now
    )
    second = sim.workload.make(
        user="ann", name="het", partition="gpu", nodes=1, accelerators=1, cores=1, hours=1, now=sim.now
    )
    leader.run = second.run = 3000.0
    second.het_offset = 1
    leader.het = second.het = (leader, second)
    sim.submit(leader)
    sim.advance(NOON + 20)
    assert second.id == leader.id + 1
    assert leader.reason == second.reason == "Resources"
    assert leader.planned_start == second.planned_start > 0
    sim.advance(NOON + 700)
    assert blocker.finished
    assert leader.running
    assert second.running
    assert leader.started == second.started


def test_a_node_that_is_asked_for_and_out_of_service() -> None:
    sim = world('[[incidents]]\nnode = "g-2"\nstate = "drained"\nreason = "fans"\n', seed=2)
    job = submit(sim, on_node="g-2")
    wide = submit(sim, nodes=2)
    sim.advance(NOON + 10)
    assert job.reason == wide.reason == "ReqNodeNotAvail"
    assert job.detail == "ReqNodeNotAvail, UnavailableNodes:g-2"


MAINTENANCE = """
[[reservations]]
name = "maint"
nodes = "g-[1-2],c-1"
starts-in-hours = 6
hours = 2
flags = ["MAINT"]
users = ["root"]
"""


def test_a_job_that_would_run_into_a_maintenance_waits_for_its_end() -> None:
    sim = world(MAINTENANCE)
    long, short = submit(sim, hours=7), submit(sim, hours=5)
    sim.advance(NOON + 10)
    assert short.running
    assert (long.reason, long.detail) == ("ReqNodeNotAvail", "ReqNodeNotAvail, Reserved for maintenance")
    assert long.planned_start == NOON + 8 * 3600
    sim.advance(NOON + 7 * 3600)
    check(sim)
    assert not any(node.jobs for node in sim.cluster.nodes.values()), "nothing runs in a maintenance"
    sim.advance(NOON + 8 * 3600 + 10)
    assert long.running
    assert [window.start for window in sim.cluster.windows] == [NOON + 6 * 3600 + 28 * 86_400], "the next is announced"


RESERVED = """
[[reservations]]
name = "class"
nodes = "g-1"
starts-in-hours = 1
hours = 3
users = ["bob"]
"""


def test_a_reservation_is_for_those_it_names() -> None:
    sim = world(RESERVED)
    bob = submit(sim, user="bob", hours=2, reservation="class", accelerators=4)
    late = submit(sim, user="bob", hours=4, reservation="class")
    sim.advance(NOON + 10)
    assert bob.reason == "Reservation", "it has not begun"
    sim.advance(NOON + 1800)
    ann = submit(sim, hours=2, on_node="g-1")
    sim.advance(NOON + 3620)
    assert bob.running
    assert bob.held_nodes[0].node.name == "g-1"
    assert late.pending, "it would not end in time"
    assert ann.planned_start == NOON + 4 * 3600


def test_people_take_back_what_can_never_start() -> None:
    sim = world()
    job = submit(sim, hours=25)
    sim.advance(NOON + 10)
    sim._lose_patience(job)
    assert (job.state, job.cancelled_by) == ("CANCELLED", "ann")
    assert not job.held_nodes
