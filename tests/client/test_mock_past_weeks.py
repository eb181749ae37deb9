"""The weeks before the simulated history, and the grants they were taken from: sketched, bounded, and adding up."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import chain, pairwise

import pytest
from msgspec.structs import replace
from tests.client.mock_face import Face, amounts, number, small_face
from tests.client.mock_world import NOON, submit, world
from tests.contract.published import contract

from naru_client.errors import NotFound, UsageError
from naru_client.exchange import CallLog
from naru_client.mock.contract_spans import contract_days
from naru_client.mock.entities import Job
from naru_client.mock.grants import Grants
from naru_client.mock.open import demo_profile, open_profile
from naru_client.mock.past_use import DAY
from naru_client.mock.past_weeks import LONGEST_RUN, MOST_JOBS, MOST_JOBS_A_SITE
from naru_client.mock.scenario import load_scenario, parse_scenario
from naru_client.mock.simulator import Simulator
from naru_client.mock.world import SteppedClock
from naru_client.model import Grant
from naru_client.tariff_file import load_tariff

SITES = [("small", ""), ("allocation-spent", ""), ("programme", "naver-h200"), ("programme", "kakao-b200")]


def opened(name: str, site: str = "", seed: int = 1) -> Simulator:
    return Simulator(load_scenario(name).site(site), seed, NOON)


def sketched(sim: Simulator, *, users: set[str] | None = None, accounts: set[str] | None = None) -> list[Job]:
    return list(sim.weeks.between(1, sim.now, users=users, accounts=accounts))


def taken(sim: Simulator, jobs: Iterable[Job], resource: str) -> dict[tuple[str, str], float]:
    """Resource-seconds that jobs took before the simulation began, by account and user."""
    i = sim.resources.index[resource]
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for job in jobs:
        if job.held_nodes and job.started < sim.opened:
            ended = min(job.ended, sim.opened) if job.finished else sim.opened
            sums[job.account, job.user] += job.amounts[i] * (ended - job.started)
    return sums


def told_of(sim: Simulator, account: str) -> list[Job]:
    return [*sketched(sim, accounts={account}), *sim.history(), *sim.jobs.values()]


# What they add up to


@pytest.mark.parametrize(("name", "site"), SITES)
def test_what_accounting_remembers_is_what_was_used(name: str, site: str) -> None:
    """Of every account with a grant: nearly all of it, and never more."""
    sim = opened(name, site)
    granted = [account for account in sim.plan.accounts if account.used_minutes]
    assert granted
    granted = granted if len(granted) < 10 else granted[:: len(granted) // 10]
    for account in granted:
        [(resource, minutes)] = account.used_minutes.items()
        sums = taken(sim, told_of(sim, account.name), resource)
        whole = sum(amount for (name, _), amount in sums.items() if name == account.name) / 60
        assert 0.97 * minutes <= whole <= minutes * 1.0000001, account.name


def test_it_is_what_shares_tell_too_for_the_account_and_for_each_of_its_people() -> None:
    face = small_face()
    sim = face.simulator
    sums = taken(sim, told_of(sim, "univ_lang"), "gres/gpu")
    records = face.get("slurm/shares")["shares"]["shares"]
    told = {}
    for record in records:
        if "univ_lang" in (record["parent"], record["name"]):
            usage = {one["name"]: one["value"] for one in record["tres"]["usage"]}
            told[record["name"] if record["type"] == ["USER"] else ""] = usage
    assert set(told) == {"", "naru", "u1001", "u1002", "u1003"}
    since = sim.now - sim.opened
    for user, usage in told.items():
        whole = sum(amount for (name, who), amount in sums.items() if name == "univ_lang" and user in ("", who))
        running = 200 * since  # accelerators that may have been at work since the opening
        assert 0.97 * (usage["gres/gpu"] - running) <= whole <= usage["gres/gpu"], user
        models = [amount for name, amount in usage.items() if name.startswith("gres/gpu:")]
        assert sum(models) == pytest.approx(usage["gres/gpu"], rel=1e-6), user


def test_a_model_is_used_as_much_as_its_account_is_told_to_have_used_it() -> None:
    sim = opened("small")
    for model in ("b200", "h200", "gh200", "h100"):
        resource = f"gres/gpu:{model}"
        used = sum(use.amounts[resource] for use in sim.weeks._uses if use.account == "univ_lang")
        sums = taken(sim, told_of(sim, "univ_lang"), resource)
        whole = sum(amount for (name, _), amount in sums.items() if name == "univ_lang")
        assert 0.9 * used <= whole <= 1.02 * used, model


def test_the_days_follow_the_week_and_cover_the_contract() -> None:
    sim = opened("small")
    days: dict[int, float] = defaultdict(float)
    for job in sketched(sim, accounts={"univ_lang"}):
        days[int(job.ended) // DAY] += job.accelerators * job.nodes * (job.ended - job.started)
    today = int(sim.opened) // DAY
    assert min(days) == today - 119, "the day after the first one, which begins elsewhere in other time zones"
    assert set(days) == set(range(today - 119, today + 1))
    whole = range(today - 119, today)
    weekend = [days[day] for day in whole if (day + 4) % 7 in (0, 6)]  # day 0 of the epoch was a Thursday
    working = [days[day] for day in whole if (day + 4) % 7 not in (0, 6)]
    assert sum(weekend) / len(weekend) < 0.7 * sum(working) / len(working)


# What each of them is


@pytest.mark.parametrize(("name", "site"), [("small", ""), ("programme", "neuron"), ("programme", "nhn-b200")])
def test_a_job_is_whole_and_over_before_the_history_begins(name: str, site: str) -> None:
    sim = opened(name, site)
    begins = {(use.account, use.user): use.begin for use in sim.weeks._uses}
    jobs = list(sim.weeks.between(NOON - 9 * DAY, sim.now, users=None, accounts=None))
    assert len(jobs) > 500
    for job in jobs:
        place = job.partition
        assert job.state in {"COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "OUT_OF_MEMORY"}
        assert begins[job.account, job.user] <= job.started < job.ended <= sim.weeks.horizon
        assert job.submitted <= job.eligible <= job.started
        assert job.ended - job.started == job.run <= min(job.limit, LONGEST_RUN)
        assert (job.state != "TIMEOUT") or job.run == job.limit
        assert job.limit <= place.max_hours * 3600
        assert len({share.node.name for share in job.held_nodes}) == job.nodes <= (place.max_nodes or job.nodes)
        for share in job.held_nodes:
            assert place.name in share.node.partitions
            assert job.accelerators <= share.node.gres_count
            assert job.cpus <= share.node.cpus
            assert job.memory <= share.node.memory
        assert job.amounts == sim.resources.amounts(job)
    assert len({job.state for job in jobs}) >= 4
    most = {account.name: account.group_tres.get("gres/gpu") for account in sim.plan.accounts}
    for job in jobs:
        cap = most[job.account]
        assert cap is None or job.nodes * job.accelerators <= cap


@pytest.mark.parametrize("name", ["small", "allocation-spent", "programme", "maintenance-tonight"])
def test_no_number_means_two_jobs_in_a_whole_programme(name: str) -> None:
    seen: set[int] = set()
    for plan in load_scenario(name).sites:
        sim = Simulator(plan, 1, NOON)
        weeks = list(sim.weeks.between(NOON - 9 * DAY, sim.now, users=None, accounts=None))
        assert all(0 < job.id < plan.first_job_id for job in weeks)
        numbers = [job.id for job in chain(weeks, sim.history(), sim.jobs.values())]
        assert len(numbers) == len(set(numbers))
        assert seen.isdisjoint(numbers)
        seen.update(numbers)


def test_numbers_grow_with_the_days() -> None:
    sim = opened("small")
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for job in sketched(sim):
        day = int(job.ended) // DAY
        first[day], last[day] = min(job.id, first.get(day, job.id)), max(job.id, last.get(day, job.id))
    days = sorted(first)
    assert all(last[a] < first[b] for a, b in pairwise(days))


@pytest.mark.parametrize("first", [1, 2, 50, 3000])
def test_where_there_is_no_room_for_numbers_there_are_fewer_jobs(first: int) -> None:
    plan = replace(load_scenario("small").site(""), first_job_id=first)
    sim = Simulator(plan, 1, NOON)
    numbers = [job.id for job in sketched(sim)]
    assert all(0 < number < first for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert sim.weeks.find(0) == sim.weeks.find(-5) == ()


# Drawn from the seed, and only when asked for


def facts(jobs: Iterable[Job]) -> list[tuple[object, ...]]:
    return sorted((j.id, j.name, j.user, j.account, j.started, j.ended, j.state, j.nodes, j.accelerators) for j in jobs)


def test_the_same_seed_tells_the_same_weeks_in_whatever_order_they_are_asked_for() -> None:
    one, two, other = opened("small"), opened("small"), opened("small", seed=2)
    week = NOON - 7 * DAY
    whole = facts(one.weeks.between(week, one.now, users=None, accounts=None))
    piece = list(two.weeks.between(week, two.now, users={"u1003"}, accounts=None))
    two.advance(NOON + 3600)
    assert piece
    assert facts(two.weeks.between(week, one.now, users=None, accounts=None)) == whole
    assert set(facts(piece)) <= set(whole)
    assert facts(other.weeks.between(week, one.now, users=None, accounts=None)) != whole


def test_opening_makes_none_and_a_question_only_those_it_is_about() -> None:
    sim = opened("programme", "naver-h200")
    assert sim.weeks._made == {}
    assert sim._past is not None
    mine = list(sim.weeks.between(NOON - 3 * DAY, sim.now, users={"naru"}, accounts=None))
    assert mine
    assert sim._past is not None, "the demo's user has no part in what the opening draws"
    assert {job.user for job in mine} == {"naru"}
    assert 1 <= len(sim.weeks._made) <= 4
    theirs = list(sim.weeks.between(NOON - 20 * DAY, NOON - 19 * DAY, users=None, accounts={"univ_lang"}))
    assert {job.account for job in theirs} == {"univ_lang"}
    assert len(sim.weeks._made) <= 4 + 3 * 4


@pytest.mark.parametrize("site", ["private-a", "public"])
def test_everybodys_day_is_bounded_also_in_a_whole_nation(site: str) -> None:
    sim = opened("national", site)
    jobs = list(sim.weeks.between(NOON - 3 * DAY, NOON - 3 * DAY + 3600, users=None, accounts=None))
    days: dict[int, int] = defaultdict(int)
    for job in jobs:
        days[int(job.ended) // DAY] += 1
    assert days
    assert max(days.values()) <= MOST_JOBS_A_SITE
    assert len(days) <= 3
    assert sim.weeks.slots <= MOST_JOBS


def test_without_work_there_is_no_past() -> None:
    sim = world()
    assert sketched(sim) == []
    assert sim.weeks.find(5) == ()


# Through accounting's own question


def asked(face: Face, **query: str) -> list[int]:
    return [job["job_id"] for job in face.get("slurmdb/jobs", **query)["jobs"]]


def test_accounting_tells_them_to_who_asks_so_far_back() -> None:
    face = small_face()
    since, until = str(int(NOON - 7 * DAY)), str(int(NOON - 6 * DAY))
    mine = face.get("slurmdb/jobs", users="naru", start_time=since, end_time=until)["jobs"]
    assert {job["account"] for job in mine} == {"univ_lang", "startup_voice"}
    assert all(NOON - 7 * DAY <= job["time"]["end"] for job in mine)
    assert all(job["time"]["eligible"] < NOON - 6 * DAY for job in mine)
    of_account = asked(face, account="startup_voice", start_time=since, end_time=until)
    assert set(of_account) & {job["job_id"] for job in mine}
    everybodys = asked(face, start_time=since, end_time=until)
    assert set(of_account) < set(everybodys)
    failed = face.get("slurmdb/jobs", start_time=since, end_time=until, state="FAILED")["jobs"]
    assert failed
    assert all(job["state"]["current"] == ["FAILED"] for job in failed)
    one = mine[0]
    assert face.record(one["job_id"]) == one
    assert small_face().record(one["job_id"]) == one, "found by its number alone"
    assert asked(face) == asked(face, start_time=datetime.fromtimestamp(NOON, UTC).date().isoformat())


def test_slices_of_a_week_are_the_week() -> None:
    face = small_face()
    whole = set(asked(face, users="naru", start_time=str(int(NOON - 7 * DAY)), end_time=str(int(NOON))))
    pieces: set[int] = set()
    for back in range(7 * 4, 0, -1):
        start = int(NOON) - back * DAY // 4
        pieces.update(asked(face, users="naru", start_time=str(start), end_time=str(start + DAY // 4)))
    assert whole == pieces


def test_who_may_see_nobody_elses_jobs_sees_none_of_these() -> None:
    plan = load_scenario("small")
    private = replace(plan, sites=(replace(plan.sites[0], private=("jobs",)),))
    face = Face(private, user="u1003")
    users = {job["user"] for job in face.get("slurmdb/jobs", start_time=str(int(NOON - 3 * DAY)))["jobs"]}
    assert users == {"u1003"}


def test_their_records_are_of_the_published_contract() -> None:
    face = small_face()
    since, until = str(int(NOON - 3 * DAY)), str(int(NOON - 2 * DAY))
    reply = face.reply("slurmdb/jobs", start_time=since, end_time=until)
    assert json.loads(reply.body)["jobs"]
    [operation] = [one for one in contract().operations if one.matches("GET", "/slurmdb/v0.0.44/jobs/")]
    assert contract().faults_of_answer(operation, reply.status, reply.body) == []


async def test_a_week_reads_back_through_the_client_and_its_logs_are_there() -> None:
    centre = await open_profile(demo_profile("small"), CallLog(), clock=SteppedClock(NOON))
    noon = datetime.fromtimestamp(NOON, UTC)
    history = (await centre.history(since=noon - timedelta(days=7), user="naru", until=noon)).value
    old = [job for job in history if job.ended is not None and job.ended < noon - timedelta(days=2)]
    assert len(old) > 20
    [again] = (await centre.job(old[0].id)).value
    assert again == old[0]
    assert again.stdout is not None
    log = centre.open_log(again.stdout)
    size = (await log.stat()).size
    assert size > 0
    assert len((await log.read(0, size)).data) == size
    assert (await centre.batch_script(again.id)).value.startswith("#!/bin/bash")
    with pytest.raises(NotFound):
        await centre.open_log(again.stdout.replace(again.name, "other")).stat()
    theirs = (await centre.history(since=noon - timedelta(days=2), user=None, account="univ_lang", until=noon)).value
    assert {job.account for job in theirs} == {"univ_lang"}
    await centre.close()


# Grants

OPENED = date(2026, 11, 22)


def test_contracts_are_days_around_the_opening_and_the_profiles_own_go_over_them() -> None:
    plan = load_scenario("small").site("")
    mine = Grant(start=date(2026, 1, 1), hours={"gpu": 5})
    grants = Grants(plan, 1, NOON, {"univ_vision": mine, "startup_law": mine})
    assert bool(grants)
    assert grants["univ_lang"] == Grant(start=OPENED - timedelta(days=120), end=OPENED + timedelta(days=245))
    assert grants["startup_law"] == grants["univ_vision"] == mine
    assert grants.get("inst_robot") is None
    assert set(grants) == {
        "univ_lang", "startup_voice", "startup_law", "startup_chip", "public_health", "univ_vision",
    }  # fmt: skip


def test_an_account_that_the_seed_makes_has_a_contract_that_fits_what_it_used() -> None:
    sim = opened("programme", "naver-h200")
    made = [account for account in sim.plan.accounts if account.name.startswith("a26-s")]
    assert len(made) == 18
    paces = []
    for account in made:
        span = contract_days(account, 1)
        assert span is not None
        assert span[0] < 0 <= span[1]
        assert span[1] - span[0] == 180
        [(resource, minutes)] = account.group_tres_minutes.items()
        paces.append(account.used_minutes[resource] / minutes / (-span[0] / 180))
        assert account.used_minutes[resource] <= account.group_tres[resource] * -span[0] * 1440 * 1.05
    assert 0.3 < min(paces) < 0.7 < max(paces) < 1.05
    grants = Grants(load_scenario("programme").site("naver-h200"), 1, NOON, {})
    assert grants[made[0].name].start is not None


async def test_the_demos_own_accounts_are_as_planned_and_nearly_used_up() -> None:
    centre = await open_profile(
        replace(demo_profile("small"), grants={"inst_robot": Grant(end=OPENED)}), CallLog(), clock=SteppedClock(NOON)
    )
    told = {
        (q.holder, q.unit): q
        for q in (await centre.quotas()).value
        if q.resource == "gpu" and q.user is None and q.account
    }
    await centre.close()
    now = datetime.fromtimestamp(NOON, UTC)

    def pace(holder: str) -> float:
        q = told[holder, "seconds"]
        assert q.period_start is not None
        assert q.period_end is not None
        assert q.granted is not None
        assert q.used_decayed is not None
        return q.used_decayed / q.granted / ((now - q.period_start) / (q.period_end - q.period_start))

    assert pace("univ_lang") == pytest.approx(1.0, abs=0.05)
    assert pace("startup_voice") == pytest.approx(1.1, abs=0.05)
    assert pace("public_health") == pytest.approx(0.4, abs=0.03)
    voice = told["startup_voice", "seconds"]
    assert voice.granted is not None
    assert voice.used_decayed is not None
    a_day = voice.used_decayed / 150
    assert 8 < (voice.granted - voice.used_decayed) / a_day < 11, "days until it is used up"
    robot = told["inst_robot", "seconds"]
    assert robot.period_start is None
    assert robot.period_end is not None


@pytest.mark.parametrize("days", ["[1, 20]", "[-20, -1]", "[20, -20]"])
def test_a_contract_must_have_begun_and_not_be_over(days: str) -> None:
    text = """
        cluster = "x"
        user = "ann"
        users = [["ann", "lab"]]
        accounts = [{ name = "lab", kind = "university", contract-days = DAYS }]
        nodes = [{ names = "n[1-2]", gres = "gpu:h100:4", cores = 8, memory = 65536 }]
        partitions = [{ name = "p", nodes = "n[1-2]" }]
    """
    with pytest.raises(UsageError, match=r"account 'lab': `contract-days` must be days before and after"):
        parse_scenario(text.replace("DAYS", days), "x")
    assert parse_scenario(text.replace("DAYS", "[-3, 0]"), "x").sites[0].accounts[0].contract_days == (-3, 0)


# Prices


def test_the_demos_prices_are_an_example_and_its_customer_is_in_the_tariff() -> None:
    profile = demo_profile()
    tariff = load_tariff(profile.tariff)
    assert tariff.example
    assert profile.customer in tariff.classes
    assert replace(profile, tariff="accelerator-hours", customer="").tariff == "accelerator-hours"


def test_limits_told_are_those_of_the_scenario() -> None:
    """The grants of the demo's own accounts do not keep what runs there back."""
    face = small_face()
    waiting = {job["name"]: job["state_reason"] for job in face.get("slurm/jobs")["jobs"] if job["user_name"] == "naru"}
    assert "AssocGrpGRESMinutes" not in waiting.values()
    lines = {(r["account"], r["user"]): r for r in face.get("slurmdb/associations")["associations"]}
    assert lines["univ_lang", ""]["max"]["tres"]["group"]["minutes"]
    assert lines["univ_lang", "naru"]["is_default"]
    assert not lines["startup_voice", "naru"]["is_default"]
    assert number(lines["univ_lang", ""]["max"]["jobs"]["per"]["count"]) is None


# The account above


def test_what_an_account_and_its_neighbours_have_together_may_bind_first() -> None:
    face = Face(replace(load_scenario("programme"), sites=(load_scenario("programme").site("kakao-b200"),)))
    lines = {(r["account"], r["user"]): r for r in face.get("slurmdb/associations")["associations"]}
    assert amounts(lines["voucher", ""]["max"]["tres"]["group"]["minutes"]) == {"gres/gpu": 2_700_000}
    assert lines["startup_ferry", ""]["parent_account"] == "voucher"
    records = {r["name"]: r for r in face.get("slurm/shares")["shares"]["shares"] if r["type"] == ["ASSOCIATION"]}

    def left(name: str) -> float:
        tres = records[name]["tres"]
        [most] = [number(one["value"]) for one in tres["group_minutes"] if one["name"] == "gres/gpu"]
        [used] = [one["value"] for one in tres["usage"] if one["name"] == "gres/gpu"]
        return float(most - used / 60)

    assert 0 < left("voucher") < 100_000 < left("startup_ferry")
    job = submit(face.simulator, "naru", partition="b200", accelerators=8, hours=48.0)
    assert job.account == "startup_ferry"
    assert face.simulator.limits.obstacle(job, job.partition, face.simulator.now) == ""
    more = submit(face.simulator, "naru", partition="b200", accelerators=8, hours=48.0)
    face.simulator.limits.tally("account", "voucher").base[face.simulator.resources.index["gres/gpu"]] += 60_000 * 60
    assert face.simulator.limits.obstacle(more, more.partition, face.simulator.now) == "AssocGrpGRESMinutes"


def test_a_kind_that_no_account_is_of_is_a_mistake() -> None:
    text = """
        cluster = "x"
        user = "ann"
        users = [["ann", "lab"]]
        accounts = [{ name = "lab", kind = "university" }]
        kinds = [{ name = "startup" }]
        nodes = [{ names = "n[1-2]", gres = "gpu:h100:4", cores = 8, memory = 65536 }]
        partitions = [{ name = "p", nodes = "n[1-2]" }]
    """
    with pytest.raises(UsageError, match="there is no kind of account 'startup'"):
        parse_scenario(text, "x")
