"""What people bring looks like what published traces of accelerator clusters agree on."""

from collections import Counter
from itertools import pairwise
from statistics import median

import pytest
from tests.client.mock_world import NOON

from naru_client.mock.entities import Job
from naru_client.mock.scenario import load_scenario, parse_scenario
from naru_client.mock.simulator import Simulator
from naru_client.mock.work_kinds import KINDS, busyness

HOUR, DAY = 3600.0, 86_400.0
MIDNIGHT = NOON + 3 * HOUR  # of Sunday to Monday in Korea


def site(work: str) -> Simulator:
    text = f"""
cluster = "w"
user = "ann"
history-hours = 0
users = [["ann", "lab"], ["bob", "lab", 3.0]]
accounts = [{{ name = "lab", kind = "university" }}]
nodes = [{{ names = "g[01-60]", gres = "gpu:h100:8", cores = 32, memory = 515072 }}]
partitions = [{{ name = "p", nodes = "g[01-60]" }}]
work = [{{ partition = "p", {work} }}]
"""
    return Simulator(parse_scenario(text, "w").sites[0], 1, MIDNIGHT)


def drawn(work: str, count: int = 4000) -> list[Job]:
    sim = site(work + ", per-hour = 0, busy = 0, pending = 0")
    [kind] = sim.workload.kinds
    return [sim.workload.draw(kind, sim.now) for _ in range(count)]


def test_most_want_one_accelerator_and_a_few_hold_most_of_the_machine() -> None:
    jobs = drawn('like = "research"')
    sizes = Counter(job.accelerators * job.nodes for job in jobs)
    assert 0.5 < sizes[1] / len(jobs) < 0.7
    large = [job for job in jobs if job.accelerators * job.nodes >= 8]
    assert len(large) / len(jobs) < 0.3

    def held(some: list[Job]) -> float:
        return sum(job.accelerators * job.nodes * job.run for job in some)

    assert held(large) > 0.5 * held(jobs)


def test_the_time_asked_for_is_several_times_the_time_used() -> None:
    jobs = [job for job in drawn('like = "research"') if job.outcome != "TIMEOUT"]
    assert 3 < median(job.limit / job.run for job in jobs) < 10
    runs = sorted(job.run for job in jobs)
    assert runs[int(0.9 * len(runs))] > 5 * runs[len(runs) // 2], "run times have a long tail"


def test_who_weighs_more_brings_more() -> None:
    users = Counter(job.user for job in drawn('like = "research"'))
    assert 2 < users["bob"] / users["ann"] < 4


def test_most_end_well_and_some_in_every_other_way() -> None:
    ends = Counter(job.outcome for job in drawn('like = "research"'))
    assert 0.6 < ends["COMPLETED"] / ends.total() < 0.85
    assert set(ends) == {"COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "OUT_OF_MEMORY"}


def test_a_week_has_its_days_and_nights_and_its_weekend() -> None:
    sim = site('like = "interactive", per-hour = 30, busy = 0, pending = 0')
    by_hour: Counter[int] = Counter()
    by_day: Counter[int] = Counter()
    for _ in range(7 * 24):
        before = sim.submitted
        sim.advance(sim.now + HOUR)
        begun = sim.now - HOUR - MIDNIGHT
        by_hour[int(begun % DAY // HOUR)] += sim.submitted - before
        by_day[int(begun // DAY)] += sim.submitted - before
    assert sum(by_hour[h] for h in (10, 14, 15, 16)) > 2 * sum(by_hour[h] for h in (2, 3, 4, 5))
    assert by_day[5] + by_day[6] < 0.8 * (by_day[1] + by_day[2])


def test_some_come_in_bursts_of_one_user() -> None:
    def arrivals(bursts: float) -> list[Job]:
        work = f'like = "research", per-hour = 6, busy = 0, pending = 0, bursts = {bursts}, day = 0.0, arrays = 0'
        sim = site(work)
        sim.advance(sim.now + 12 * HOUR)
        known = {job.id: job for job in (*sim.jobs.values(), *sim.records.values())}
        return sorted(known.values(), key=lambda job: job.submitted)

    def together(jobs: list[Job]) -> float:
        pairs = list(pairwise(jobs))
        return sum(a.user == b.user and b.submitted - a.submitted < 30 for a, b in pairs) / len(pairs)

    assert together(arrivals(0.3)) > 2 * together(arrivals(0.0))


@pytest.mark.parametrize("day", [0.0, 0.5, 1.0])
def test_over_a_week_as_much_is_submitted_as_was_said(day: float) -> None:
    rates = [busyness(MIDNIGHT + i * HOUR, day) for i in range(7 * 24)]
    assert min(rates) >= 0
    assert sum(rates) / len(rates) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("like", sorted(KINDS))
def test_every_kind_of_work_keeps_a_pool_busy(like: str) -> None:
    sim = site(f'like = "{like}", busy = 0.8, pending = 10' + (", shapes = [[1, 0, 1]]" if like == "cpu" else ""))
    nodes = sim.cluster.node_list

    def busy() -> float:
        if like == "cpu":
            return 1 - sum(node.cpus_free for node in nodes) / sum(node.cpus for node in nodes)
        return 1 - sum(node.gres_free for node in nodes) / sum(node.gres_count for node in nodes)

    assert busy() > 0.7
    seen = []
    for _ in range(6):
        sim.advance(sim.now + 2 * HOUR)
        seen.append(busy())
    assert sum(seen) / len(seen) > 0.4


def test_the_default_scenarios_stay_busy_through_a_day() -> None:
    sim = Simulator(load_scenario("programme").site("kakao-b200"), 1, MIDNIGHT)
    total = sum(node.gres_count for node in sim.cluster.node_list)
    for _ in range(6):
        sim.advance(sim.now + 4 * HOUR)
        free = sum(node.gres_free for node in sim.cluster.node_list)
        assert free < 0.5 * total
