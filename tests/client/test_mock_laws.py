"""What must hold in any simulated site at any time, over random sites, random people and random interference."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.client.mock_world import EXTENDED, NOON, check, check_past

from naru_client.mock.entities import Dependency, Job
from naru_client.mock.scenario import SitePlan, parse_scenario
from naru_client.mock.simulator import FIRST_BACKFILL, Simulator

KINDS = ("after", "afterany", "afterok", "afternotok")


def plan_of(seed: int) -> SitePlan:
    """A random site of one or two makes, shared partitions, caps of every kind, reservations and breakage."""
    r = Random(seed)
    gpus, cores = r.choice((2, 4, 8)), r.choice((4, 8, 16))

    def cap(text: str) -> str:
        return text if r.random() < 0.5 else ""

    qos_caps = ", ".join(
        filter(
            None,
            (
                cap(f'max-tres-per-user = {{ "gres/gpu" = {r.randint(1, 2 * gpus)} }}'),
                cap(f"max-jobs-per-user = {r.randint(1, 6)}"),
                cap(f'group-tres = {{ "gres/gpu" = {r.randint(2, 3 * gpus)}, "cpu" = {cores * 6} }}'),
                cap(f"group-jobs = {r.randint(2, 9)}"),
                cap(f'max-tres-per-job = {{ "gres/gpu" = {r.randint(1, 2 * gpus)} }}'),
                cap(f"max-wall-hours = {r.choice((2.0, 6.0, 24.0))}"),
                cap(f'max-tres-per-account = {{ "cpu" = {cores * 5} }}'),
            ),
        )
    )
    account_caps = ", ".join(
        filter(
            None,
            (
                cap(f'group-tres = {{ "gres/gpu" = {r.randint(1, 2 * gpus)} }}'),
                cap(f'group-tres-minutes = {{ "gres/gpu" = {r.randint(60, 6000)} }}'),
                cap(f'group-tres-run-minutes = {{ "gres/gpu" = {r.randint(200, 4000)} }}'),
                cap(f"max-jobs-per-user = {r.randint(1, 5)}"),
                cap(f"group-submit = {r.randint(5, 30)}"),
            ),
        )
    )
    rate, pending, others = r.choice((0, 20, 60)), r.randint(0, 12), r.randint(1, 3)
    half_life = r.choice((0, 1, 7))
    text = f"""
cluster = "any"
user = "ann"
history-hours = {r.choice((0, 3))}
warm-minutes = {r.choice((0, 3))}
half-life-days = {half_life}
backfill-seconds = {r.choice((10, 30, 90))}
backfill-depth = {r.choice((3, 10, 60))}
node-failure-requeues = {str(r.random() < 0.5).lower()}
licenses = {{ "solver" = 3 }}
users = [["ann", "lab"], ["bob", "lab"], ["cho", "firm"], ["dan", "firm", 2.0]]
nodes = [
    {{ names = "g-[1-{r.randint(2, 5)}]", gres = "gpu:h100:{gpus}", cores = {cores}, memory = 262144 }},
    {{ names = "a-[1-{others}]", gres = "gpu:a100:{r.choice((1, 4))}", cores = 8, memory = 65536, weight = 2 }},
    {{ names = "c-[1-2]", cores = 8, memory = 65536 }},
]
partitions = [
    {{ name = "gpu", nodes = "g-[1-9],a-[1-9]", max-hours = 24, qos = "p_gpu" }},
    {{ name = "debug", nodes = "g-[1-2]", max-hours = 1, tier = 10, factor = 5 }},
    {{ name = "cpu", nodes = "c-[1-2]", max-hours = 24 }},
]
qos = [
    {{ name = "normal" }},
    {{ name = "urgent", priority = 10, preempts = ["spare"] }},
    {{ name = "spare", preempt-mode = "{r.choice(("requeue", "cancel"))}" }},
    {{ name = "p_gpu"{", " + qos_caps if qos_caps else ""} }},
]
accounts = [
    {{ name = "lab", kind = "university" }},
    {{ name = "firm", kind = "startup"{", " + account_caps if account_caps else ""} }},
]
work = [
    {{ partition = "gpu", like = "research", per-hour = {rate}, busy = 0.7, pending = {pending}, arrays = 0.3 }},
    {{ partition = "debug", like = "interactive", per-hour = 6, busy = 0, pending = 0 }},
    {{ partition = "cpu", like = "cpu", per-hour = 20, busy = 0.5, pending = 2, cores = [1, 2, 4] }},
]
[breakage]
down-per-day = {r.choice((0, 5, 40))}
drain-per-day = {r.choice((0, 10))}
hours = [0.2, 2]
"""
    if r.random() < 0.5:
        text += f"""
[[reservations]]
name = "maint"
nodes = "g-[1-2],c-1"
starts-in-hours = {r.randint(1, 6)}
hours = 2
every-days = {r.choice((0, 1))}
flags = ["MAINT"]
users = ["root"]
[[reservations]]
name = "class"
nodes = "g-1"
starts-in-hours = {r.choice((-1, 7))}
hours = 3
users = ["bob"]
"""
    return parse_scenario(text, "any").sites[0]


def bring(sim: Simulator, r: Random) -> None:
    """Somebody submits something: of any size, with any condition."""
    gpu = r.random() < 0.8
    partition = r.choice(("gpu", "gpu", "debug", "gpu,debug")) if gpu else "cpu"
    user = r.choice(("ann", "bob", "cho", "dan"))
    job = sim.workload.make(
        user=user, name=r.choice(("one", "two", "three")), partition=partition, nodes=r.choice((1, 1, 1, 2, 3)),
        accelerators=r.choice((1, 1, 2, 4)) if gpu else 0, cores=r.choice((0, 0, 1, 3)) or (0 if gpu else 1),
        hours=r.choice((0.1, 0.5, 1, 3, 30)), now=sim.now, qos=r.choice(("normal", "normal", "urgent", "spare")),
    )  # fmt: skip
    sim.workload.fate(job)
    others = [j for j in sim.jobs.values() if not j.het]
    if others and r.random() < 0.4:
        conditions = tuple(
            Dependency(r.choice(KINDS), r.choice(others), delay=r.choice((0.0, 600.0))) for _ in range(r.choice((1, 2)))
        )
        job.after, job.after_any = conditions, r.random() < 0.4
    elif r.random() < 0.15:
        job.after = (Dependency("singleton"),)
    if r.random() < 0.1:
        job.begin = sim.now + r.uniform(60, 7200)
    if r.random() < 0.1:
        job.held = r.choice(("user", "admin"))
    if r.random() < 0.1:
        job.licenses = (("solver", r.randint(1, 4)),)
    if user == "bob" and r.random() < 0.3:
        job.reservation = "class"
    if r.random() < 0.25 and job.nodes == 1:
        sim.workload.make_array(job, r.randint(1, 8), r.choice((0, 1, 2)))
    if not sim.limits.refuses(job, len(job.tasks) or 1):
        sim.submit(job)


def interfere(sim: Simulator, r: Random) -> None:
    """Somebody does something to a job or a node."""
    jobs = list(sim.jobs.values())
    if not jobs:
        return
    job = r.choice(jobs)
    waiting = [j for j in jobs if j.pending]
    node = r.choice(sim.cluster.node_list)
    deeds: list[Callable[[], object]] = [
        lambda: sim.cancel(job, "ann"),
        lambda: sim.hold(r.choice(waiting), r.choice(("user", "admin"))) if waiting else None,
        lambda: sim.release(r.choice(waiting)) if waiting else None,
        lambda: sim.requeue(job) if not job.pending and not job.het and not job.array_group else None,
        lambda: extend(sim, job, r) if not job.finished else None,
        lambda: sim.take_out(node, down=r.random() < 0.5, reason="test", by="root"),
        lambda: sim.bring_back(node),
    ]
    r.choice(deeds)()


def extend(sim: Simulator, job: Job, r: Random) -> None:
    """A limit that an operator stretches may reach into a maintenance: that is theirs to know."""
    if job.running:
        job.comment = EXTENDED
    sim.relimit(job, job.limit * (r.choice((0.5, 2.0)) if job.pending else 2.0))


@pytest.mark.parametrize("block", range(8))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1_000_000))
def test_no_law_is_broken_whatever_people_do(block: int, seed: int) -> None:
    r = Random(f"{block}/{seed}")
    sim = Simulator(plan_of(r.getrandbits(30)), seed, NOON)
    check(sim)
    last = sim.now
    for _ in range(25):
        for _ in range(r.choice((0, 1, 3))):
            bring(sim, r)
        if r.random() < 0.4:
            interfere(sim, r)
        check(sim)
        sim.advance(sim.now + r.choice((0.0, 1.0, 7.0, 45.0, 300.0, 1800.0)))
        assert sim.now >= last, "time does not run back"
        last = sim.now
        check(sim)
    check_past(sim)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_backfill_never_delays_the_first_in_line(seed: int) -> None:
    """With nobody interfering, whoever is first for the nodes starts no later than it was first told."""
    r = Random(seed)
    text = """
cluster = "fair"
user = "ann"
history-hours = 0
half-life-days = 0
backfill-seconds = 10
weights = { age = 100000, fair-share = 0, job-size = 0, partition = 0, qos = 0 }
users = [["ann", "lab"]]
accounts = [{ name = "lab", kind = "university" }]
nodes = [{ names = "g-[1-6]", gres = "gpu:h100:4", cores = 16, memory = 262144 }]
partitions = [{ name = "gpu", nodes = "g-[1-6]", max-hours = 48 }]
"""
    sim = Simulator(parse_scenario(text, "fair").sites[0], seed, NOON)
    promised: dict[Job, float] = {}
    for _ in range(60):
        for _ in range(r.choice((0, 1, 2))):
            job = sim.workload.make(
                user="ann", name="j", partition="gpu", nodes=r.choice((1, 1, 1, 2, 4, 6)),
                accelerators=r.choice((1, 2, 4)), hours=r.choice((0.2, 1.0, 4.0, 12.0)), now=sim.now,
            )  # fmt: skip
            job.run, job.outcome, job.epilog = job.limit * r.uniform(0.05, 1.0), "COMPLETED", 1.0
            sim.submit(job)
        sim.advance(sim.now + r.choice((10.0, 60.0, 600.0)))
        waiting = sorted((j for j in sim.jobs.values() if j.pending), key=lambda j: (-j.priority, j.submitted, j.id))
        if waiting and waiting[0].planned_start and waiting[0] not in promised:
            promised[waiting[0]] = waiting[0].planned_start
    sim.advance(sim.now + 60 * 3600)
    late = FIRST_BACKFILL + 2 * 10 + 1  # until the next look, and for the epilog of whoever went before
    for job, start in promised.items():
        assert job.started <= start + late, f"job {job.id} was told {start - NOON}, and began {job.started - NOON}"
    check(sim)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_what_was_used_is_the_sum_of_the_jobs(seed: int) -> None:
    r = Random(seed)
    plan = plan_of(seed)
    sim = Simulator(replace(plan, half_life_days=0, history_hours=0), seed, NOON)
    before = {a.name: list(sim.limits.tally("account", a.name).base) for a in plan.accounts}
    for _ in range(12):
        for _ in range(2):
            bring(sim, r)
        sim.advance(sim.now + r.uniform(60, 2400))
        at = sim.now - sim.limits.origin
        for account in plan.accounts:
            tally = sim.limits.tally("account", account.name)
            runs = [j for j in (*sim.jobs.values(), *sim.records.values()) if j.account == account.name and j.started]
            for i, name in enumerate(sim.resources.names):
                used = 0.0
                for job in runs:
                    if job.held_nodes:
                        end = sim.now if job.running else job.ended
                        used += job.amounts[i] * max(0.0, end - max(job.started, sim.opened))
                assert tally.used(i, at) - before[account.name][i] == pytest.approx(used, rel=1e-6, abs=1.0), name


@pytest.mark.parametrize("seed", range(4))
def test_the_same_seed_gives_the_same_centre(seed: int) -> None:
    def told() -> list[tuple[object, ...]]:
        sim = Simulator(plan_of(seed), seed, NOON)
        r = Random(seed)
        for _ in range(20):
            bring(sim, r)
            interfere(sim, r)
            sim.advance(sim.now + 300)
        known = (*sim.jobs.values(), *sim.history())
        return [
            (j.id, j.name, j.user, j.state, j.reason, j.priority, j.started, j.ended, j.planned_start) for j in known
        ]

    assert told() == told()
