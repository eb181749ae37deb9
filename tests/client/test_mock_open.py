"""The door: the simulated centre read by the same client that reads real ones."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.client.mock_world import NOON

from naru_client.centre import open_centre
from naru_client.errors import NaruError, NotFound, UsageError
from naru_client.exchange import CallLog
from naru_client.mock.open import demo_profile, open_profile, open_sites
from naru_client.mock.scenario import load_scenario
from naru_client.mock.slurmrestd import Slurmrestd
from naru_client.mock.world import SteppedClock
from naru_client.slurm.centre import SlurmCentre

SMALL = "small"
TWO = """
user = "ann"
users = [["ann", "lab"]]
accounts = [{ name = "lab", kind = "university" }]
partitions = [{ name = "all", nodes = "n-[1-2]" }]
nodes = [{ names = "n-[1-2]", cores = 4, memory = 4096 }]
[[sites]]
cluster = "east"
[[sites]]
cluster = "west"
release = "24.11.5"
faults = [{ kind = "status", status = 503, paths = "*/nodes" }]
"""


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOON)


@pytest.fixture
def two_sites(tmp_path: Path) -> str:
    path = tmp_path / "two.toml"
    path.write_text(TWO, encoding="utf-8")
    return str(path)


@pytest.fixture
async def centre(clock: SteppedClock) -> AsyncIterator[SlurmCentre]:
    opened = await open_profile(demo_profile(SMALL), CallLog(), clock=clock)
    yield opened
    await opened.close()


async def test_it_is_the_ordinary_slurm_centre(centre: SlurmCentre) -> None:
    site = (await centre.site()).value
    assert (centre.id, centre.user) == ("naru-demo", "naru")
    assert (site.id, site.reached_by, site.user) == ("naru-demo", "simulated", "naru")
    release = load_scenario(SMALL).sites[0].release
    assert (site.scheduler, site.contract, site.healthy) == (f"Slurm {release}", "v0.0.44", True)
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


async def test_time_passes_as_the_clock_says(centre: SlurmCentre, clock: SteppedClock) -> None:
    before = {job.job_id: job.state for job in (await centre.jobs()).value}
    clock.step(1200)
    after = {job.job_id: job.state for job in (await centre.jobs()).value}
    assert any(before.get(job_id) == "PENDING" and state == "RUNNING" for job_id, state in after.items())
    assert any(before.get(job_id) == "RUNNING" for job_id in before.keys() - after.keys())
    assert after.keys() - before.keys()


async def test_speed_makes_time_pass_faster(clock: SteppedClock) -> None:
    centre = await open_profile(demo_profile(SMALL), CallLog(), clock=clock, speed=3600)
    clock.step(1)
    [job] = [job for job in (await centre.jobs()).value if job.name == "한국어-LLM-미세조정"]
    assert job.started == datetime.fromtimestamp(NOON, UTC) - timedelta(minutes=192)
    assert job.elapsed == (192 + 60) * 60
    reservations = {r.name: r for r in (await centre.reservations()).value}
    clock.step(6)
    later = {r.name: r for r in (await centre.reservations()).value}
    assert reservations["ai-school"].start != later["ai-school"].start, "7 hours later it is the next one"
    await centre.close()


async def test_opening_asks_nothing_and_simulates_nothing(clock: SteppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(Slurmrestd, "reply", lambda *request: asked.append(request))
    log = CallLog()
    centre = await open_profile(demo_profile(SMALL), log, clock=clock)
    assert (log.total, asked) == (0, [])
    assert (centre.id, centre.user) == ("naru-demo", "naru")
    await centre.close()


async def test_it_opens_by_its_dialect_and_counts_its_calls() -> None:
    log = CallLog()
    centre = await open_centre(demo_profile(SMALL, seed=2), log)
    assert log.total == 0
    await centre.nodes()
    assert log.total == 1
    await centre.close()
    await centre.close()


async def test_the_sites_of_a_scenario_live_by_one_clock(two_sites: str, clock: SteppedClock) -> None:
    log = CallLog()
    east, west = await open_sites(demo_profile(two_sites, speed=60), log, clock=clock)
    assert (log.total, east.id, west.id) == (0, "east", "west")
    clock.step(10)
    assert [len((await site.pools()).value) for site in (east, west)] == [1, 1]
    times = {(await site.reservations()).as_of for site in (east, west)}
    assert times == {datetime.fromtimestamp(NOON + 600, UTC)}
    for site in (east, west):
        await site.close()


async def test_one_site_of_several_may_be_opened(two_sites: str, clock: SteppedClock) -> None:
    [west] = await open_sites(demo_profile(two_sites, site="west"), CallLog(), clock=clock)
    assert (await open_profile(demo_profile(two_sites, site="west"), CallLog(), clock=clock)).id == west.id == "west"
    assert (await open_profile(demo_profile(two_sites), CallLog(), clock=clock)).id == "east"
    with pytest.raises(UsageError) as caught:
        await open_sites(demo_profile(two_sites, site="north"), CallLog(), clock=clock)
    assert "east, west" in caught.value.hint


async def test_each_site_speaks_the_newest_contract_of_its_release(two_sites: str, clock: SteppedClock) -> None:
    east, west = await open_sites(demo_profile(two_sites), CallLog(), clock=clock)
    told = [(await site.site()).value for site in (east, west)]
    assert [site.contract for site in told] == ["v0.0.44", "v0.0.42"]
    assert told[1].scheduler == "Slurm 24.11.5"


async def test_the_faults_of_a_site_befall_who_asks_it(two_sites: str, clock: SteppedClock) -> None:
    east, west = await open_sites(demo_profile(two_sites), CallLog(), clock=clock)
    assert len((await east.nodes()).value) == 2
    assert len((await west.pools()).value) == 1
    with pytest.raises(NaruError):
        await west.nodes()


async def test_every_site_of_the_programme_opens_and_answers(clock: SteppedClock) -> None:
    centres = await open_sites(demo_profile(), CallLog(), clock=clock)
    assert [centre.id for centre in centres] == [plan.cluster for plan in load_scenario("programme").sites]
    for centre in centres:
        assert (await centre.nodes()).value
        assert (await centre.jobs()).value


async def test_one_may_be_somebody_else(clock: SteppedClock) -> None:
    from msgspec.structs import replace

    centre = await open_profile(replace(demo_profile(SMALL), user="u1010"), CallLog(), clock=clock)
    assert (await centre.site()).value.user == "u1010"
    assert any(job.user == "u1010" for job in (await centre.jobs()).value)
    await centre.close()


async def test_an_unknown_scenario_is_a_usage_error_that_names_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        await open_profile(demo_profile(scenario="nope\x1b[2J"), CallLog())
    assert "nope" in caught.value.message
    assert "\x1b" not in caught.value.message
    assert "small" in caught.value.hint
