"""The door: the simulated centre read by the same client that reads real ones."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.client.mock_world import NOON

from naru_client.centre import open_centre
from naru_client.errors import NotFound, UsageError
from naru_client.exchange import CallLog
from naru_client.mock.open import demo_profile, open_profile
from naru_client.mock.scenario import load_scenario, parse_scenario, scenario_names
from naru_client.slurm.centre import SlurmCentre


class Clock:
    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def centre(clock: Clock) -> AsyncIterator[SlurmCentre]:
    opened = await open_profile(demo_profile(), CallLog(), clock=clock)
    yield opened
    await opened.close()


async def test_it_is_the_ordinary_slurm_centre(centre: SlurmCentre) -> None:
    site = (await centre.site()).value
    assert (centre.id, centre.user) == ("naru-demo", "naru")
    assert (site.id, site.reached_by, site.user) == ("naru-demo", "simulated", "naru")
    assert (site.scheduler, site.contract, site.healthy) == ("Slurm 25.11.0", "v0.0.44", True)
    assert {"history", "jobs", "nodes", "pools", "reservations"} <= centre.capabilities


async def test_jobs_come_through_with_reasons_accelerators_and_expected_starts(centre: SlurmCentre) -> None:
    jobs = {job.name: job for job in (await centre.jobs()).value if job.user == "naru"}
    running = jobs["한국어-LLM-미세조정"]
    assert (running.state, running.accelerator_count, running.pool) == ("RUNNING", 8, "b200nv_8")
    assert running.elapsed == 192 * 60
    assert running.time_limit == 24 * 3600
    npu = jobs["npu-추론-벤치"].accelerators
    assert npu is not None
    assert [(a.kind, a.model, a.count) for a in npu] == [("npu", "rngd", 2)]
    capped = jobs["reward-model-large"]
    assert (capped.reason, capped.expected_start, capped.accelerator_count) == ("QOSMaxGRESPerUser", None, 16)
    assert jobs["평가-벤치마크"].dependency == f"afterok:{running.job_id}(unfulfilled)"
    kept_back = jobs["npu-장기-안정성"]
    assert (kept_back.reason, kept_back.reason_detail) == ("ReqNodeNotAvail", "Reserved for maintenance")
    planned = jobs["pretrain-한국어-70b"].expected_start
    assert planned is not None
    assert planned > datetime.fromtimestamp(NOON, UTC)


async def test_nodes_pools_and_the_maintenance_come_through(centre: SlurmCentre) -> None:
    nodes = {node.name: node for node in (await centre.nodes()).value}
    assert (nodes["h200-05"].condition, nodes["b200-07"].condition) == ("down", "drained")
    assert nodes["h100-03"].condition == "draining"
    assert [(a.kind, a.model, a.total, a.used) for a in nodes["b200-07"].accelerators] == [("gpu", "b200", 8, 0)]
    pools = {pool.name: pool for pool in (await centre.pools()).value}
    assert pools["debug"].max_time == 1800
    assert (pools["h200nv_8"].max_nodes, pools["h200nv_8"].qos) == (4, "p_h200")
    reservations = {r.name: r for r in (await centre.reservations()).value}
    assert reservations["정기점검"].maintenance
    assert reservations["ai-school"].accounts == ("univ_vision",)


async def test_history_and_one_job(centre: SlurmCentre) -> None:
    noon = datetime.fromtimestamp(NOON, UTC)
    history = (await centre.history(since=noon - timedelta(days=1), user="naru", until=noon)).value
    assert {job.state for job in history} >= {"COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY"}
    timed_out = next(job for job in history if job.state == "TIMEOUT")
    assert timed_out.elapsed == 7200
    assert timed_out.node_list
    [again] = (await centre.job(timed_out.id)).value
    assert again.job_id == timed_out.job_id
    assert '"dpo-round1"' in (await centre.raw_job(timed_out.id)).value
    with pytest.raises(NotFound):
        await centre.job("1")


async def test_time_passes_as_the_clock_says(centre: SlurmCentre, clock: Clock) -> None:
    before = {job.job_id: job.state for job in (await centre.jobs()).value}
    clock.now += 1200
    after = {job.job_id: job.state for job in (await centre.jobs()).value}
    assert any(before.get(job_id) == "PENDING" and state == "RUNNING" for job_id, state in after.items())
    assert any(before.get(job_id) == "RUNNING" for job_id in before.keys() - after.keys())
    assert after.keys() - before.keys()


async def test_speed_makes_time_pass_faster(clock: Clock) -> None:
    centre = await open_profile(demo_profile(), CallLog(), clock=clock, speed=3600)
    clock.now += 1
    [job] = [job for job in (await centre.jobs()).value if job.name == "한국어-LLM-미세조정"]
    assert job.started == datetime.fromtimestamp(NOON, UTC) - timedelta(minutes=192)
    assert job.elapsed == (192 + 60) * 60
    reservations = {r.name: r for r in (await centre.reservations()).value}
    clock.now += 6
    later = {r.name: r for r in (await centre.reservations()).value}
    assert reservations["ai-school"].start != later["ai-school"].start, "7 hours later it is the next one"
    await centre.close()


async def test_it_opens_by_its_dialect_and_counts_its_calls() -> None:
    log = CallLog()
    centre = await open_centre(demo_profile(seed=2), log)
    opened = log.total
    assert opened <= 3, "nothing is asked that is known"
    await centre.nodes()
    assert log.total == opened + 1
    await centre.close()
    await centre.close()


async def test_one_may_be_somebody_else(clock: Clock) -> None:
    from msgspec.structs import replace

    centre = await open_profile(replace(demo_profile(), user="u1010"), CallLog(), clock=clock)
    assert (await centre.site()).value.user == "u1010"
    assert any(job.user == "u1010" for job in (await centre.jobs()).value)
    await centre.close()


async def test_an_unknown_scenario_is_a_usage_error_that_names_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        await open_profile(demo_profile(scenario="nope\x1b[2J"), CallLog())
    assert "nope" in caught.value.message
    assert "\x1b" not in caught.value.message
    assert "small" in caught.value.hint


@pytest.mark.parametrize("text", ["cluster = ", 'cluster = "x"', 'cluster = "x"\nusers = 3'])
def test_a_scenario_that_is_not_right_is_one_line(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_scenario(text, "mine")
    assert "mine" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_is_whole(name: str) -> None:
    scenario = load_scenario(name)
    accounts, people = {a.name for a in scenario.accounts}, {u.name for u in scenario.users}
    partitions, qos = {p.name for p in scenario.partitions}, {q.name for q in scenario.qos}
    assert {user.account for user in scenario.users} <= accounts
    assert scenario.user in people
    assert {entry.user for entry in scenario.cast} <= people
    assert {cast.partition for cast in scenario.cast} | {work.partition for work in scenario.work} <= partitions
    assert {partition.qos for partition in scenario.partitions if partition.qos} <= qos
    assert {cast.qos for cast in scenario.cast} | {work.qos for work in scenario.work} <= qos
