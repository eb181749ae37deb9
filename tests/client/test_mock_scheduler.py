"""Who starts, who waits and why: each of Slurm's reasons, in a world small enough to see it."""

from tests.client.mock_world import NOON, check, submit, world

QOS = 'qos = [{ name = "normal" }, { name = "p_gpu" }]'


def with_qos(limits: str) -> str:
    return QOS.replace('name = "p_gpu"', f'name = "p_gpu", {limits}')


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
    assert first.planned_start == second.planned_start == NOON + 10 + 3600
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
    assert big.planned_start == NOON + 10 + 4 * 3600
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
    sim.usage.update(ann=9e9, cho=1.0)
    sim.advance(NOON + 400)
    spender, saver = submit(sim, accelerators=4), submit(sim, user="cho", accelerators=4)
    sim.advance(NOON + 410)
    assert saver.priority > spender.priority
    assert (saver.reason, spender.reason) == ("Resources", "Priority")


def test_a_higher_tier_goes_first_on_shared_nodes() -> None:
    extra = """
[[partitions]]
name = "debug"
nodes = "g-[1-2]"
max-hours = 0.5
tier = 10
"""
    text = world().scenario  # the plain world has its partitions inline, so this one is written out
    assert [p.name for p in text.partitions] == ["gpu", "cpu"]
    from tests.client.mock_world import TINY

    sim = world(base=TINY.replace('{ name = "cpu"', '{ name = "debug", nodes = "g-[1-2]", max-hours = 0.5, tier = 10 },\n{ name = "cpu"'))
    assert extra
    for _ in range(2):
        submit(sim, accelerators=4, hours=1, run=600.0)
    sim.advance(NOON + 10)
    normal, debug = submit(sim, accelerators=4, nodes=2), submit(sim, partition="debug", accelerators=4, nodes=2, hours=0.25)
    sim.advance(NOON + 700)
    assert debug.running
    assert normal.pending
