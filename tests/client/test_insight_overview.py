"""What the first screen says of a centre and of oneself."""

from datetime import UTC, datetime, timedelta
from typing import Any

from naru_client.insight.overview import mine, next_start, notices
from naru_client.model import Accelerators, Job, Node, NodeAccelerators, NodeCondition, Reservation

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def job(job_id: str, state: str = "PENDING", **more: Any) -> Job:
    return Job(site="s", id=job_id, job_id=1, state=state, **more)


def test_the_next_start_is_the_earliest_still_to_come() -> None:
    jobs = [
        job("late", expected_start=NOW + 5 * HOUR), job("passed", expected_start=NOW - HOUR), job("none"),
        job("soon", expected_start=NOW + HOUR, reason="Resources"),
        job("held", expected_start=NOW + HOUR / 2, reason="JobHeldUser"),
        job("capped", expected_start=NOW + HOUR / 2, reason="QOSMaxGRESPerUser"),
        job("never", expected_start=NOW + HOUR / 2, reason="PartitionTimeLimit"),
        job("running", "RUNNING", expected_start=NOW + HOUR / 2),
    ]  # fmt: skip
    found = next_start(jobs, NOW)
    assert found is not None
    assert (found[0].id, found[1]) == ("soon", NOW + HOUR)
    assert next_start(jobs[1:3], NOW) is None


def test_my_jobs_are_parted_into_running_waiting_and_finished() -> None:
    jobs = [
        job("1", "RUNNING", user="me"), job("2", user="me"), job("3", "FAILED", user="me"),
        job("4", "COMPLETING", user="me"),
        job("5", "RUNNING", user="you"), job("6", "REQUEUE_HOLD", user="me"), job("7", user=None),
    ]  # fmt: skip
    assert [[j.id for j in part] for part in mine(jobs, "me")] == [["1", "4"], ["2", "6"], ["3"]]
    assert [len(part) for part in mine(jobs, None)] == [3, 3, 1]


def node(name: str, condition: NodeCondition, used: int | None, pool: str = "h100", **more: Any) -> Node:
    accelerators = (NodeAccelerators(more.pop("kind", "gpu"), more.pop("model", "h100"), more.pop("total", 8), used),)
    fields = {"site": "s"} | more
    return Node(name=name, states=(), condition=condition, pools=(pool,), accelerators=accelerators, **fields)


NODES = [
    node("h1", "mixed", 6), node("h2", "idle", 0), node("h3", "draining", 4),
    node("b1", "allocated", 8, "b200", model="b200"),
    node("n1", "idle", 0, "npu", kind="npu", model="rngd", total=4),
]  # fmt: skip


def asks(*accelerators: Accelerators, pool: str | None = "h100", **more: Any) -> Job:
    return job("9", accelerators=accelerators, pool=pool, **more)


def reservation(name: str, start: datetime | None, end: datetime | None, *flags: str) -> Reservation:
    return Reservation(site="s", name=name, start=start, end=end, flags=flags or ("MAINT",), node_list="h100-[01-04]")


def test_maintenance_now_and_within_two_weeks_is_a_notice() -> None:
    day = timedelta(days=1)
    found = notices(
        [
            reservation("next-week", NOW + 7 * day, NOW + 8 * day),
            reservation("now", NOW - HOUR, NOW + HOUR, "MAINT", "IGNORE_JOBS"),
            reservation("over", NOW - 2 * HOUR, NOW),
            reservation("far", NOW + 15 * day, NOW + 16 * day),
            reservation("course", NOW - HOUR, NOW + HOUR, "SPEC_NODES"),
            reservation("endless", NOW - 9 * day, None),
        ],
        NOW,
    )
    assert [notice.text.split()[0] for notice in found] == ["endless", "now", "next-week"]
    assert found[1].text == "now on h100-[01-04]"
    assert (found[1].kind, found[1].start, found[1].end) == ("maintenance", NOW - HOUR, NOW + HOUR)


def test_maintenance_without_nodes_is_named_alone() -> None:
    (found,) = notices([Reservation(site="s", name="m", start=None, end=None, flags=("MAINT",))], NOW)
    assert found.text == "m"
