"""The scenarios that come with Naru are what they say they are, and a scenario that is wrong says where."""

from collections import Counter

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace
from tests.children import ROOT
from tests.client.mock_world import NOON, check

from naru_client.errors import UsageError
from naru_client.mock.scenario import (
    Account,
    Cast,
    Kind,
    NodeGroup,
    Partition,
    Qos,
    Reservation,
    SitePlan,
    Tenants,
    Work,
    load_scenario,
    parse_scenario,
    scenario_names,
)
from naru_client.mock.simulator import Simulator
from naru_client.mock.work_kinds import KINDS
from naru_client.mock.world import SteppedClock, World

BIG = {"national"}


def opened(name: str, seed: int = 1) -> list[Simulator]:
    return [Simulator(plan, seed, NOON) for plan in load_scenario(name).sites]


def accelerators(sims: list[Simulator]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for sim in sims:
        for node in sim.cluster.node_list:
            if node.gres_count:
                counts[f"{node.gres_name}:{node.gres_type}"] += node.gres_count
    return counts


@pytest.mark.parametrize("name", sorted(set(scenario_names()) - BIG))
def test_every_scenario_opens_and_keeps_the_laws_for_hours(name: str) -> None:
    for sim in opened(name):
        check(sim)
        for _ in range(4):
            sim.advance(sim.now + 2000)
            check(sim)
        assert any(job.running for job in sim.jobs.values()), sim.plan.cluster


def test_the_programme_is_the_one_that_was_announced() -> None:
    sims = opened("programme")
    assert [sim.plan.cluster for sim in sims] == ["neuron", "naver-h200", "nhn-b200", "kakao-b200", "ksc6", "naicc"]
    counts = accelerators(sims)
    assert counts["gpu:gh200"] == 8496 + 1
    assert counts["gpu:h200"] == 2296 + 16
    assert counts["gpu:b200"] == 8160
    assert counts["gpu:b300"] + counts["npu:n240"] == 15_000
    assert 33_000 <= counts.total() <= 35_000
    kinds = {account.kind for sim in sims for account in sim.plan.accounts}
    assert {"university", "institute", "startup", "youth", "public", "industry"} <= kinds
    for sim in sims:
        in_service = [node for node in sim.cluster.node_list if node.usable]
        held = sum(node.gres_count - node.gres_free for node in in_service)
        assert held > 0.6 * sum(node.gres_count for node in in_service), f"{sim.plan.cluster} is busy"
    ids = [job.id for sim in sims for job in sim.jobs.values()]
    assert len(ids) == len(set(ids)), "a number means one job in the whole programme"


def test_the_shared_cluster_has_the_published_table() -> None:
    neuron = load_scenario("programme").site("neuron")
    qos = {q.name: q for q in neuron.qos}
    told = {}
    for partition in neuron.partitions:
        q = qos[partition.qos]
        told[partition.name] = (q.max_submit_per_user, q.max_jobs_per_user, q.max_tres_per_user.get("gres/gpu"))
    assert told["cas_v100nv_8"] == (12, 10, 32)
    assert told["amd_a100nv_8"] == (20, 10, 88)
    assert told["gh200_1"] == (12, 6, 2)
    assert told["amd_h100_2"] == (2, 1, 4)
    assert told["cpu"] == (8, 4, None)


@pytest.mark.parametrize("seed", range(1, 4))
def test_the_demo_user_meets_the_usual_reasons_at_the_shared_cluster(seed: int) -> None:
    sim = Simulator(load_scenario("programme").site("neuron"), seed, NOON)
    mine = [job for job in sim.jobs.values() if job.user == "naru"]
    assert {job.reason for job in mine if job.pending} >= {
        "Dependency", "DependencyNeverSatisfied", "JobHeldUser", "BeginTime", "PartitionConfig", "JobArrayTaskLimit",
    }  # fmt: skip
    assert sum(job.running for job in mine) >= 4
    sim.advance(NOON + 60)
    assert any(job.planned_start > sim.now for job in mine), "an expected start is told"


def test_the_nation_has_260_000() -> None:
    sims = opened("national")
    assert accelerators(sims).total() == 260_000
    assert sum(len(sim.cluster.nodes) for sim in sims) == 32_500
    assert sum(len(sim.jobs) for sim in sims) > 10_000


def test_everything_that_can_be_stuck_is() -> None:
    [sim] = opened("everything-stuck")
    sim.advance(NOON + 60)
    jobs = list(sim.jobs.values())
    reasons = {job.name: job.reason for job in jobs if job.pending}
    assert reasons["waits-for-resources"] == "Resources"
    assert reasons["grant-is-spent"] == "AssocGrpGRESMinutes"
    assert reasons["group-cap"] == "QOSGrpGRES"
    assert reasons["qos-too-short"] == "QOSMaxWallDurationPerJobLimit"
    assert set(reasons.values()) >= {
        "Resources", "Priority", "QOSMaxGRESPerUser", "QOSMaxJobsPerUserLimit", "AssocGrpGRESMinutes",
        "AssocGrpGRESRunMinutes", "PartitionTimeLimit", "PartitionNodeLimit", "PartitionConfig", "BadConstraints",
        "ReqNodeNotAvail", "Reservation", "ReservationDeleted", "PartitionDown", "PartitionInactive",
        "AccountNotAllowed", "Dependency", "DependencyNeverSatisfied", "JobHeldUser", "JobHeldAdmin", "BeginTime",
        "Licenses", "JobArrayTaskLimit",
    }  # fmt: skip
    ended = {job.state for job in (*jobs, *sim.history()) if job.finished}
    assert ended >= {"FAILED", "OUT_OF_MEMORY", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "CANCELLED", "COMPLETED"}
    assert {"idle", "hang"} <= {job.behaviour for job in jobs if job.running}
    assert any(job.completing and sim.now - job.ended > 3600 for job in jobs)


def test_before_a_maintenance_only_what_ends_in_time_starts() -> None:
    [sim] = opened("maintenance-tonight")
    window = sim.cluster.windows[0]
    long = next(job for job in sim.jobs.values() if job.name == "finetune-24h")
    assert long.detail == "ReqNodeNotAvail, Reserved for maintenance"
    sim.advance(NOON + 60)
    short = next(job for job in sim.jobs.values() if job.name == "finetune-3h")
    assert short.started, "it ends before the maintenance"
    sim.advance(window.start + 60)
    assert not any(node.jobs for node in sim.cluster.at(window.mask)), "nothing is left when it begins"
    sim.advance(window.end + 120)
    assert all(node.jobs for node in sim.cluster.at(window.mask)), "and all of it is used again when it ends"
    assert long.running or long.planned_start > sim.now


def test_a_spent_grant_keeps_its_jobs_back_and_is_the_sum_of_what_ran() -> None:
    [sim] = opened("allocation-spent")
    waiting = next(job for job in sim.jobs.values() if job.name == "dpo-음성")
    assert waiting.reason == "AssocGrpGRESMinutes"
    gpu = sim.resources.index["gres/gpu"]
    tally = sim.limits.tally("account", "startup_spent")
    before = tally.used(gpu, sim.now - sim.limits.origin)
    sim.advance(NOON + 3600)
    assert tally.used(gpu, sim.now - sim.limits.origin) > before


def test_half_of_the_site_opens_later_and_one_run_has_most_of_the_rest() -> None:
    [sim] = opened("foundation-model-week")
    later = [node for node in sim.cluster.node_list if node.drain]
    assert len(later) == 128
    assert all(node.reason.startswith("opens 2026-11-24") for node in later)
    big = next(job for job in sim.jobs.values() if job.name == "fm-사전학습-stage2")
    assert big.running
    assert big.nodes == 72
    plan = replace(sim.plan, work=(), cast=())
    quiet = Simulator(plan, 1, NOON)
    quiet.advance(NOON + 48 * 3600 + 60)
    assert all(node.usable for node in quiet.cluster.node_list if "phase-2" in node.group.features)


def test_a_world_builds_a_site_when_it_is_first_asked_and_that_changes_nothing() -> None:
    scenario = load_scenario("small")
    early, late = SteppedClock(NOON), SteppedClock(NOON)
    first, second = World(scenario, 1, early), World(scenario, 1, late)
    first.site().at_present()
    early.step(1800)
    late.step(1800)
    told = [
        [(j.id, j.state, j.reason, j.started) for j in world.site().at_present().jobs.values()]
        for world in (first, second)
    ]
    assert told[0] == told[1]


def test_time_runs_as_fast_as_it_is_told() -> None:
    clock = SteppedClock(NOON)
    world = World(load_scenario("small"), 1, clock, speed=60)
    clock.step(10)
    assert world.now() == NOON + 600
    assert world.site().at_present().now == NOON + 600


MINIMAL = """
cluster = "x"
user = "ann"
users = [["ann", "lab"]]
accounts = [{ name = "lab", kind = "university" }]
nodes = [{ names = "n[1-2]", gres = "gpu:h100:4", cores = 8, memory = 65536 }]
partitions = [{ name = "p", nodes = "n[1-2]" }]
"""


def test_a_few_lines_are_a_scenario() -> None:
    [plan] = parse_scenario(MINIMAL, "mine").sites
    sim = Simulator(plan, 1, NOON)
    assert len(sim.cluster.nodes) == 2
    assert not sim.jobs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MINIMAL + "speeed = 2\n", "speeed"),
        (MINIMAL.replace('"p", nodes', '"p", nods'), "nods"),
        (MINIMAL.replace("cores = 8", 'cores = "eight"'), "cores"),
        (MINIMAL + '[[work]]\npartition = "q"\nbusy = 1\npending = 1\n', "'q'"),
        (MINIMAL + '[[work]]\npartition = "p"\nlike = "nothing"\nbusy = 1\npending = 1\n', "nothing"),
        (MINIMAL.replace('user = "ann"', 'user = "bob"'), "'bob'"),
        (MINIMAL + '[[cast]]\nuser = "ann"\nname = "j"\npartition = "p"\nafter = ["k"]\n', "'k'"),
        (MINIMAL + '[[incidents]]\nnode = "n9"\nstate = "down"\nreason = "r"\n', "n9"),
        (MINIMAL + '[[reservations]]\nname = "r"\nnodes = "n7"\nstarts-in-hours = 1\nhours = 1\n', "n7"),
        (MINIMAL.replace("gpu:h100:4", "gpu:h100:four"), "gpu:h100:four"),
        (MINIMAL.replace('nodes = "n[1-2]" }', 'nodes = "m[1-2]" }'), "m[1-2]"),
        (MINIMAL + '[[cast]]\nuser = "ann"\nname = "j"\npartition = "p"\nreservation = "r"\narray = -1\n', "array"),
        ("this is not toml", "scenario"),
    ],
)
def test_a_scenario_that_is_wrong_says_where(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words.replace("[", r"\[")):
        parse_scenario(text, "mine")


def test_an_unknown_scenario_names_those_there_are() -> None:
    with pytest.raises(UsageError) as error:
        load_scenario("nowhere")
    assert "programme" in error.value.hint
    with pytest.raises(UsageError, match="cannot read"):
        load_scenario("/nowhere/at-all.toml")


def test_the_page_on_scenarios_is_right() -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    smallest = page.split("<!-- begin smallest -->\n```toml\n")[1].split("```")[0]
    sim = Simulator(parse_scenario(smallest, "page").sites[0], 1, NOON)
    assert any(job.running for job in sim.jobs.values())
    assert any(job.pending for job in sim.jobs.values())
    for name in scenario_names():
        assert f"| `{name}` |" in page
    for kind in KINDS:
        assert f"`{kind}`" in page


@pytest.mark.parametrize(
    "struct", [SitePlan, NodeGroup, Partition, Qos, Kind, Account, Tenants, Work, Cast, Reservation]
)
def test_the_page_on_scenarios_names_every_field(struct: type[Struct]) -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for field in msgspec.structs.fields(struct):
        assert (
            f"`{field.encode_name}`" in page or f"`{field.encode_name} =" in page or f"[{field.encode_name}" in page
        ), field.encode_name
