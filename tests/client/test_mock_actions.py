"""What people do to the simulated centre through slurmrestd, and how it refuses what they may not do."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.client.mock_actions import BOB, LEAD, STAFF, Site, runs
from tests.client.mock_world import NOON, check

from naru_client.mock.requests import Caller


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    check(site.sim)
    site.later(4000)


# Cancelling


def test_cancelling_tells_what_it_did_not_do_in_a_200(site: Site) -> None:
    job = site.submit()
    refused = site.do("DELETE", f"job/{job.id}", who=BOB)["status"]
    assert refused == [
        {"error": {"string": "Access/permission denied", "code": 2002, "message": "Access/permission denied"},
         "step_id": str(job.id), "job_id": {"set": True, "infinite": False, "number": job.id},
         "federation": {"sibling": ""}}
    ]  # fmt: skip
    assert site.do("DELETE", f"job/{job.id}")["status"] == []
    assert (job.state, job.cancelled_by) == ("CANCELLED", "ann")
    assert [entry["error"]["code"] for entry in site.do("DELETE", f"job/{job.id}")["status"]] == [2021]
    assert [entry["error"]["code"] for entry in site.do("DELETE", "job/99")["status"]] == [2017]
    assert site.refused("DELETE", "job/x") == (422, 9000)
    assert site.refused("DELETE", f"job/{job.id}", signal="SIGNOPE") == (422, 9202)


@pytest.mark.parametrize("who", [STAFF, LEAD])
def test_operators_and_coordinators_may_cancel(site: Site, who: Caller) -> None:
    job = site.submit()
    site.later(30)
    assert site.do("DELETE", f"job/{job.id}", who=who)["status"] == []
    assert (job.state, job.completing, job.cancelled_by) == ("CANCELLED", True, who.user)


def test_signals_end_what_runs_and_cannot_be_sent_to_what_waits(site: Site) -> None:
    running, waiting = site.submit(environment=runs(999)), site.submit(hold=True)
    site.later(30)
    assert site.do("DELETE", f"job/{running.id}", signal="USR1")["status"] == []
    assert running.running
    assert site.do("DELETE", f"job/{running.id}", signal="SIGTERM", flags="FULL_JOB")["status"] == []
    assert running.state == "CANCELLED"
    [entry] = site.do("DELETE", f"job/{waiting.id}", signal="15")["status"]
    assert entry["error"]["code"] == 2020


def test_tasks_of_an_array_are_cancelled_one_by_one(site: Site) -> None:
    group = site.submit(array="0-9%2", partition="cpu", environment=runs(500))
    site.later(30)
    assert site.do("DELETE", f"job/{group.id}_7")["status"] == []
    assert site.do("DELETE", f"job/{group.id}_0")["status"] == []
    assert site.do("DELETE", "jobs", {"jobs": [f"{group.id}_[2-4,8]", f"{group.id}_3"]})["status"] == []
    check(site.sim)
    assert (group.tasks, group.open_tasks) == ([5, 6, 9], 4)
    assert group.ends == dict.fromkeys([0, 2, 3, 4, 7, 8], "CANCELLED")
    assert [entry["error"]["code"] for entry in site.do("DELETE", f"job/{group.id}_77")["status"]] == [2017]
    codes = [entry["error"]["code"] for entry in site.do("DELETE", f"job/{group.id}")["status"]]
    assert codes == [2021]  # the task that had been cancelled while it ran
    assert (group.state, group.open_tasks) == ("CANCELLED", 0)


def test_the_last_waiting_task_ends_the_group(site: Site) -> None:
    group = site.submit(array="4,6", hold=True)
    site.do("DELETE", f"job/{group.id}_4")
    site.do("DELETE", f"job/{group.id}_6")
    assert (group.state, group.open_tasks, group.ends) == ("CANCELLED", 0, {4: "CANCELLED", 6: "CANCELLED"})


def test_jobs_are_cancelled_by_what_they_have_in_common(site: Site) -> None:
    mine = [site.submit(name="x"), site.submit(name="x", hold=True), site.submit(name="y")]
    other = site.submit(BOB, name="x")
    codes = [e["error"]["code"] for e in site.do("DELETE", "jobs", {"job_name": "x", "job_state": "PENDING"})["status"]]
    assert codes == [2002]
    assert [job.state for job in (*mine, other)] == ["CANCELLED", "CANCELLED", "PENDING", "PENDING"]
    told = site.do("DELETE", "jobs", {"jobs": [str(mine[2].id)], "partition": "cpu", "flags": ["VERBOSE"]})["status"]
    assert told[0]["error"]["message"] == "Job partition gpu does not include filter partition cpu: Cannot signal job"
    told = site.do("DELETE", "jobs", {"user_name": "bob", "account": "lab", "flags": ["VERBOSE"]}, STAFF)["status"]
    assert [(entry["step_id"], entry["error"]["code"]) for entry in told] == [(str(other.id), 0)]
    assert site.refused("DELETE", "jobs", {}) == (422, 2173)
    assert site.refused("DELETE", "jobs", {"user_name": "nobody"}) == (422, 2166)
    assert site.refused("DELETE", "jobs", {"jobs": ["0"]}) == (422, 2137)
    assert site.refused("DELETE", "jobs", {"flags": ["NOPE"], "account": "lab"}) == (422, 9207)


# Changing


@pytest.mark.parametrize(
    ("field", "value", "attribute", "expected"),
    [
        ("comment", "new", "comment", "new"), ("name", "other", "name", "other"), ("nice", 9, "nice", 9),
        ("partition", "debug", "partition.name", "debug"), ("begin_time", int(NOON) + 600, "begin", NOON + 600),
        ("constraints", "ib", "features", "ib"), ("requeue", False, "requeue", False), ("nodes", "2", "nodes", 2),
        ("tres_per_node", "gres/gpu:3", "accelerators", 3), ("tasks", 6, "cpus", 6), ("time_limit", 10, "limit", 600.0),
        ("memory_per_node", 2048, "memory", 2048), ("licenses", "matlab:3", "licenses", (("matlab", 3),)),
        ("required_nodes", "g-2", "on_node", "g-2"), ("standard_output", "o", "output", "o"),
        ("time_limit", 1440, "limit", 86_400.0), ("reservation", "course", "reservation", "course"),
    ],
)  # fmt: skip
def test_a_waiting_job_may_be_changed(site: Site, field: str, value: Any, attribute: str, expected: Any) -> None:
    job = site.submit(hold=True, tres_per_node="gres/gpu:1")
    before = (job.nodes, job.accelerators, job.cpus, job.memory)
    assert site.do("POST", f"job/{job.id}", {field: value}) == {"results": None, "warnings": []}
    found: Any = job
    for name in attribute.split("."):
        found = getattr(found, name)
    assert found == expected
    changed = sum(a != b for a, b in zip(before, (job.nodes, job.accelerators, job.cpus, job.memory), strict=True))
    assert changed == (field in ("nodes", "tres_per_node", "tasks", "memory_per_node"))
    check(site.sim)
    site.do("POST", f"job/{job.id}", {"hold": False})


def test_only_its_people_may_change_a_job(site: Site) -> None:
    job = site.submit(hold=True)
    assert site.refused("POST", f"job/{job.id}", {"comment": "x"}, BOB) == (422, 2010)
    assert site.refused("POST", "job/99", {"comment": "x"}) == (404, 2017)
    assert site.refused("POST", f"job/{job.id}_1", {"comment": "x"}) == (422, 9000)
    assert site.refused("POST", f"job/{job.id}", {"account": "firm"}, LEAD) == (422, 2010)
    assert site.refused("POST", f"job/{job.id}", {"admin_comment": "x"}) == (422, 2002)
    site.do("POST", f"job/{job.id}", {"comment": "by the lead"}, LEAD)
    site.do("POST", f"job/{job.id}", {"admin_comment": "by staff"}, STAFF)
    assert (job.comment, job.admin_comment) == ("by the lead", "by staff")


def test_holds_are_the_user_s_or_the_operator_s(site: Site) -> None:
    job = site.submit(partition="cpu", begin_time=int(NOON) + 9000)
    site.do("POST", f"job/{job.id}", {"hold": True})
    assert (job.held, job.priority, job.reason) == ("user", 0, "JobHeldUser")
    site.do("POST", f"job/{job.id}", {"priority": {"set": False, "infinite": True, "number": 0}})
    assert job.held == ""
    site.do("POST", f"job/{job.id}", {"priority": 0}, STAFF)
    assert (job.held, job.reason) == ("admin", "JobHeldAdmin")
    assert site.refused("POST", f"job/{job.id}", {"hold": False}) == (422, 2002)
    assert site.refused("POST", f"job/{job.id}", {"priority": 100}) == (422, 2042)
    site.do("POST", f"job/{job.id}", {"hold": True})
    assert job.held == "admin"
    site.do("POST", f"job/{job.id}", {"hold": False}, STAFF)
    assert job.held == ""
    site.do("POST", f"job/{job.id}", {"hold": True}, LEAD)
    assert job.held == "user"


def test_priority_is_the_operator_s_and_nice_may_only_be_worse(site: Site) -> None:
    job = site.submit(dependency="singleton", begin_time=int(NOON) + 9000)
    assert site.refused("POST", f"job/{job.id}", {"priority": 4_000_000_000}) == (422, 2002)
    assert site.refused("POST", f"job/{job.id}", {"priority": 1}) == (422, 2095)
    assert site.refused("POST", f"job/{job.id}", {"nice": -1}) == (422, 2002)
    before = job.priority
    site.do("POST", f"job/{job.id}", {"nice": 100})
    assert job.priority == before - 100
    site.do("POST", f"job/{job.id}", {"priority": 777}, STAFF)
    site.later(400)
    assert job.priority == 777
    site.do("POST", f"job/{job.id}", {"hold": False}, STAFF)
    assert job.priority != 777


def test_time_limits_of_running_jobs_go_down_and_only_operators_raise_them(site: Site) -> None:
    job = site.submit(time_limit=60, environment=runs(1e6), partition="cpu")
    site.later(60)
    assert site.refused("POST", f"job/{job.id}", {"time_limit": 61}) == (422, 2002)
    site.do("POST", f"job/{job.id}", {"time_limit": 90}, STAFF)
    site.do("POST", f"job/{job.id}", {"time_limit": 10})
    assert job.limit == 600
    site.later(300)
    site.do("POST", f"job/{job.id}", {"time_limit": 1})
    site.later(1)
    assert job.state == "TIMEOUT"
    assert site.refused("POST", f"job/{job.id}", {"comment": "x"}) == (422, 2084)


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"partition": "debug"}, 2073), ({"nodes": "1"}, 2073), ({"dependency": "singleton"}, 2073),
        ({"constraints": "ib"}, 2073), ({"begin_time": int(NOON) + 9000}, 2073), ({"standard_output": "x"}, 2073),
        ({"end_time": int(NOON) - 5}, 2054),
    ],
)  # fmt: skip
def test_a_running_job_keeps_its_shape(site: Site, fields: dict[str, Any], number: int) -> None:
    job = site.submit(environment=runs(500))
    site.later(30)
    assert job.running
    assert site.refused("POST", f"job/{job.id}", fields) == (422, number)


def test_a_running_job_may_be_held_for_when_it_is_put_back(site: Site) -> None:
    job = site.submit(environment=runs(500), partition="cpu")
    site.later(30)
    site.do("POST", f"job/{job.id}", {"hold": True})
    assert (job.state, job.reason, job.priority) == ("RUNNING", "JobHeldUser", 0)
    site.do("GET", f"job/{job.id}/requeue")
    site.later(300)
    assert (job.state, job.reason) == ("PENDING", "JobHeldUser")


def test_dependencies_may_not_go_in_circles(site: Site) -> None:
    first, second = site.submit(hold=True), site.submit(hold=True)
    site.do("POST", f"job/{second.id}", {"dependency": f"afterany:{first.id}"})
    assert site.refused("POST", f"job/{first.id}", {"dependency": f"afterany:{second.id}"}) == (422, 2071)
    assert site.refused("POST", f"job/{first.id}", {"dependency": f"afterany:{first.id}"}) == (422, 2038)
    site.do("POST", f"job/{second.id}", {"dependency": ""})
    assert second.after == ()


def test_the_throttle_of_an_array_may_be_changed(site: Site) -> None:
    group = site.submit(array="0-9%1", partition="cpu", environment=runs(100))
    site.later(30)
    site.do("POST", f"job/{group.id}", {"array": "3"})
    site.later(40)
    assert group.tasks_running == 3
    site.do("POST", f"job/{group.id}", {"array": "0"})
    assert group.throttle == 0
    assert site.refused("POST", f"job/{group.id}", {"array": "-1"}) == (422, 2025)


def test_an_update_that_is_refused_changes_nothing(site: Site) -> None:
    job = site.submit(hold=True)
    assert site.refused("POST", f"job/{job.id}", {"comment": "x", "nice": -5, "partition": "cpu"}) == (422, 2002)
    assert (job.comment, job.partition.name) == ("", "gpu")


# Putting back


def test_jobs_are_put_back_into_the_queue(site: Site) -> None:
    job = site.submit(environment=runs(100), partition="cpu")
    assert site.refused("GET", f"job/{job.id}/requeue") == (422, 2024)
    site.later(30)
    assert site.refused("GET", f"job/{job.id}/requeue", who=BOB) == (422, 2002)
    assert site.refused("GET", "job/99/requeue") == (404, 2017)
    assert site.refused("GET", f"job/{job.id}/requeue", SpecialExit="true") == (400, 9009)
    assert site.do("GET", f"job/{job.id}/requeue") == {"status": [], "warnings": []}
    assert (job.state, job.restarts) == ("PENDING", 1)
    site.later(300)
    assert job.state == "COMPLETED"
    assert site.do("GET", f"job/{job.id}/requeue", Incomplete="true")["status"] == []
    assert job.state == "COMPLETED"
    assert site.do("POST", "jobs/requeue", {"jobs": [str(job.id)], "flags": ["Hold"]})["status"] == []
    assert (job.state, job.held) == ("PENDING", "user")
    assert site.refused("POST", "jobs/requeue", {"jobs": []}) == (404, 2017)
    assert site.refused("POST", "jobs/requeue", {"jobs": ["x", str(job.id)]}) == (422, 2140)


def test_tasks_are_put_back_and_told_one_by_one(site: Site) -> None:
    group = site.submit(array="0-4%2", partition="cpu", environment=runs(60))
    site.later(30)
    told = site.do("GET", f"job/{group.id}/requeue")["status"]
    assert [(entry["step_id"], entry["error_code"]) for entry in told] == [
        (str(group.id), 2024), (f"{group.id}_0", 0), (f"{group.id}_1", 0),
    ]  # fmt: skip
    site.later(30)
    assert group.tasks_running == 2
    site.later(600)
    assert group.open_tasks == 0


def test_a_cancelled_group_is_put_back_whole(site: Site) -> None:
    group = site.submit(array="0-4", partition="cpu", begin_time=int(NOON) + 300)
    site.do("DELETE", f"job/{group.id}")
    site.do("GET", f"job/{group.id}_2/requeue") if group.task == 2 else site.do("GET", f"job/{group.id}/requeue")
    check(site.sim)
    assert (group.state, group.open_tasks, group.ends) == ("PENDING", 5, {})


# Nodes and reservations


def test_operators_take_nodes_out_and_bring_them_back(site: Site) -> None:
    job = site.submit(required_nodes="g-1", environment=runs(900))
    site.later(30)
    node = site.sim.cluster.nodes["g-1"]
    assert site.refused("POST", "node/g-1", {"state": ["DRAIN"], "reason": "x"}) == (422, 2010)
    assert site.do("POST", "node/g-1", {"state": ["DRAIN"], "reason": "xid"}, STAFF) == {"warnings": []}
    assert (node.drain, node.reason, node.reason_by, job.running) == (True, "xid", "staff", True)
    site.do("POST", "node/g-1", {"reason": "xid 79"}, STAFF)
    assert node.reason == "xid 79"
    site.do("POST", "nodes", {"name": "g-[1-2]", "state": "DOWN", "reason": "power", "resume_after": 600}, STAFF)
    assert (node.down, job.state) == (True, "PENDING")
    site.do("POST", "node/g-1", {"state": "UNDRAIN"}, STAFF)
    assert (node.down, node.drain) == (True, False)
    check(site.sim)
    site.do("POST", "node/g-1", {"state": ["RESUME"]}, STAFF)
    assert node.usable
    assert site.refused("POST", "node/g-1", {"state": ["RESUME"]}, STAFF) == (422, 2180)
    assert site.refused("POST", "node/nope", {"state": ["DRAIN"]}, STAFF) == (422, 2018)
    assert site.refused("POST", "node/g-1", {"state": ["NOPE"]}, STAFF) == (422, 9207)
    assert site.refused("DELETE", "node/g-1") == (422, 2010)
    assert site.refused("DELETE", "node/g-1", who=STAFF) == (422, 2028)
    site.later(700)
    assert site.sim.cluster.nodes["g-2"].usable


def test_operators_make_reservations_and_take_them_away(site: Site) -> None:
    wanted = {"name": "r1", "start_time": int(NOON) + 600, "duration": 60, "node_list": "g-2", "accounts": ["lab"],
              "flags": ["IGNORE_JOBS"]}  # fmt: skip
    assert site.refused("POST", "reservation", wanted) == (422, 2010)
    [told] = site.do("POST", "reservation", wanted, STAFF)["reservations"]
    assert (told["name"], told["node_list"], told["end_time"]["number"]) == ("r1", ["g-2"], int(NOON) + 4200)
    window = next(w for w in site.sim.cluster.windows if w.name == "r1")
    assert (window.start, window.end, window.accounts) == (NOON + 600, NOON + 4200, ("lab",))
    job = site.submit(reservation="r1", environment=runs(100), time_limit=10)
    site.later(700)
    assert job.running
    assert site.refused("DELETE", "reservation/r1", who=STAFF) == (422, 2055)
    site.do("POST", "reservations", {"reservations": [{"name": "r1", "duration": 30}]}, STAFF)
    assert next(w for w in site.sim.cluster.windows if w.name == "r1").end == NOON + 2400
    site.later(300)
    late = site.submit(reservation="r1", time_limit=600)
    site.do("DELETE", "reservation/r1", who=STAFF)
    site.later(60)
    assert late.reason == "ReservationDeleted"
    assert site.refused("DELETE", "reservation/r1", who=STAFF) == (422, 2053)


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"name": None}, 2053), ({"start_time": None}, 2053), ({"duration": None}, 2053), ({"accounts": None}, 2053),
        ({"node_list": None}, 2053), ({"start_time": 1}, 2054), ({"node_list": "nope"}, 2018),
        ({"users": ["nope"]}, 2010), ({"accounts": ["nope"]}, 2045),
        ({"partition": "nope", "node_list": None}, 2000), ({"node_list": "g-1"}, 2016),
        ({"node_list": None, "node_count": 9}, 2016), ({"flags": ["NOPE"]}, 9207), ({"node_list": "[["}, 9202),
    ],
)  # fmt: skip
def test_reservations_that_cannot_be(site: Site, changes: dict[str, Any], number: int) -> None:
    site.submit(required_nodes="g-1", environment=runs(9000), time_limit=300)
    site.later(30)
    wanted = {"name": "r", "start_time": int(NOON) + 600, "duration": 60, "node_list": "g-2", "accounts": ["lab"]}
    assert site.refused("POST", "reservation", wanted | changes, STAFF) == (422, number)


def test_only_operators_reconfigure_and_nothing_else_is_there(site: Site) -> None:
    assert site.refused("GET", "reconfigure") == (422, 2010)
    assert site.do("GET", "reconfigure", who=STAFF) == {}
    for method, tail in (("GET", "jobs"), ("PUT", "job/1"), ("POST", "job/1/requeue"), ("POST", "job/"), ("POST", "")):
        assert site.controller.find(method, tail) is None
