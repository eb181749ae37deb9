"""Jobs that people bring to the simulated centre: what they become, and what is refused at the door."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.client.mock_actions import STAFF, Site, request, runs
from tests.client.mock_world import NOON, check

from naru_client.mock.actions_errors import Refusal
from naru_client.mock.requests import Caller


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    check(site.sim)
    site.later(4000)


# What a job becomes


def test_a_submitted_job_is_what_was_described(site: Site) -> None:
    told = site.do("POST", "job/submit", request(
        name="학습", comment="note", tres_per_node="gres/gpu:h100:2", nodes="2", tasks=4, cpus_per_task=3,
        memory_per_node={"set": True, "infinite": False, "number": 8192}, time_limit={"set": True, "number": 90},
        constraints="h100&ib", nice=7, standard_output="out-%j", standard_error="err-%j", licenses="matlab:2",
        qos="normal", account="lab", requeue=False, environment=runs(60),
    ))  # fmt: skip
    assert told == {"job_id": told["job_id"], "step_id": "batch", "job_submit_user_msg": "", "warnings": []}
    job = site.sim.jobs[told["job_id"]]
    assert (job.name, job.user, job.account, job.qos, job.comment) == ("학습", "ann", "lab", "normal", "note")
    assert (job.nodes, job.accelerators, job.gres_name, job.gres_type) == (2, 2, "gpu", "h100")
    assert (job.cpus, job.memory, job.limit, job.features) == (6, 8192, 5400.0, "h100&ib")
    assert (job.nice, job.output, job.error, job.work_dir) == (7, "out-%j", "err-%j", "/scratch/ann")
    assert (job.licenses, job.requeue, job.script) == ((("matlab", 2),), False, "#!/bin/sh\nsrun train\n")
    site.later(30)
    assert job.running
    site.later(70)
    assert job.state == "COMPLETED"


@pytest.mark.parametrize(
    ("text", "field", "each"),
    [
        ("gres/gpu:h100:3", "tres_per_node", 3), ("gres/gpu:3", "tres_per_node", 3), ("gres/gpu=3", "tres_per_node", 3),
        ("gpu:h100=3", "tres_per_node", 3), ("gres:gpu:3", "tres_per_node", 3), ("gpu", "tres_per_node", 1),
        ("gres/gpu:6", "tres_per_job", 3), ("gres/gpu:1", "tres_per_task", 2),
        ("gres/gpu:h100:1", "tres_per_socket", 2),
    ],
)  # fmt: skip
def test_accelerators_may_be_asked_for_in_many_ways(site: Site, text: str, field: str, each: int) -> None:
    fields: dict[str, Any] = {field: text}
    job = site.submit(nodes=2, tasks=4, **fields)
    assert (job.nodes, job.accelerators, job.gres_type) == (2, each, "h100")


def test_what_is_not_said_follows_from_the_nodes(site: Site) -> None:
    assert site.submit(tres_per_node="gres/gpu:2").cpus == 8  # the share of half of the accelerators
    assert (site.submit(tasks=32).nodes, site.submit(tres_per_job="gres/gpu:8").nodes) == (2, 2)
    assert site.submit(tasks_per_node=4, tasks=8).nodes == 2
    assert site.submit(nodes="1-2").nodes == 1
    assert site.submit(memory_per_cpu=100, cpus_per_task=4).memory == 400
    assert site.submit(memory_per_node="1G").memory == 1024
    assert site.submit(memory_per_node=0).memory == 262_144  # all there is
    plain = site.sim.jobs[site.do("POST", "job/submit", {
        "script": "#!", "job": {"current_working_directory": "/", "environment": ["A=1"]}})["job_id"]]  # fmt: skip
    assert (plain.partition.name, plain.cpus, plain.limit, plain.name) == ("cpu", 1, 3600.0, "")


def test_the_environment_decides_how_a_job_fares(site: Site) -> None:
    failed = site.submit(environment=runs(40, "FAILED", 3), partition="cpu")
    array = site.submit(environment=runs(25), partition="cpu", array="0-3")
    endless = site.submit(environment=runs(1e6), partition="cpu", time_limit=2)
    site.later(60)
    assert (failed.state, failed.exit_code) == ("FAILED", 3)
    assert array.ends == dict.fromkeys(range(4), "COMPLETED")
    site.later(120)
    assert endless.state == "TIMEOUT"


def test_an_array_is_a_group_of_tasks(site: Site) -> None:
    group = site.submit(array="1,3,5-9:2%2", partition="cpu", environment=runs(100))
    assert (group.tasks, group.throttle, group.array_id) == ([1, 3, 5, 7, 9], 2, group.id)
    site.later(30)
    assert group.tasks_running == 2
    site.later(60)
    assert group.tasks_running == 2
    site.later(400)
    assert group.ends == dict.fromkeys([1, 3, 5, 7, 9], "COMPLETED")


@pytest.mark.parametrize("text", ["0-99999999", "5-1", "a", "1-2:0", "-3", "1001", "0-1001", ",", "1--2", "9" * 400])
def test_an_array_that_is_none_is_refused(site: Site, text: str) -> None:
    assert site.not_submitted(array=text) == 2081


def test_a_het_job_starts_together_even_over_partitions(site: Site) -> None:
    parts = [request(tres_per_node="gres/gpu:4")["job"], request(partition="cpu", cpus_per_task=2)["job"]]
    del parts[1]["environment"]
    leader = site.do("POST", "job/submit", {"script": "#!/bin/sh", "jobs": parts})["job_id"]
    gpu, cpu = site.sim.jobs[leader], site.sim.jobs[leader + 1]
    assert gpu.het == cpu.het == (gpu, cpu)
    site.later(60)
    assert gpu.running
    assert cpu.running
    assert {share.node.name for share in cpu.held_nodes} == {"c-1"}
    assert site.do("DELETE", f"job/{leader}")["status"] == []
    assert (gpu.state, cpu.state) == ("CANCELLED", "CANCELLED")


def test_a_het_job_as_a_whole_keeps_within_caps(site: Site) -> None:
    parts = [request(tres_per_node="gres/gpu:3")["job"]] * 2
    leader = site.do("POST", "job/submit", {"script": "#!/bin/sh", "jobs": parts}, Caller("cho", False, frozenset()))
    site.later(60)
    assert site.sim.jobs[leader["job_id"]].reason == "AssocGrpGRES"


def test_an_allocation_has_no_script_and_cannot_be_put_back(site: Site) -> None:
    told = site.do("POST", "job/allocate", {"job": {"partition": "cpu", "current_working_directory": "/"}})
    assert told == {"job_id": told["job_id"], "job_submit_user_msg": "", "warnings": []}
    site.later(30)
    assert site.refused("GET", f"job/{told['job_id']}/requeue") == (422, 2037)


def test_a_job_may_begin_later_and_after_others(site: Site) -> None:
    later = site.submit(begin_time=int(NOON) + 3600, partition="cpu")
    first = site.submit(environment=runs(50), partition="cpu")
    bad = site.submit(environment=runs(50, "FAILED", 1), partition="cpu")
    then, never, soon = (
        site.submit(dependency=text, partition="cpu", environment=runs(9))
        for text in (f"afterok:{first.id}", f"afterok:{first.id}:{bad.id}", f"after:{first.id}+2?afternotok:{bad.id}")
    )
    site.later(30)
    assert (later.reason, then.reason) == ("BeginTime", "Dependency")
    site.later(60)
    assert then.started
    assert never.reason == "DependencyNeverSatisfied"
    site.later(70)
    assert soon.started
    assert site.submit(dependency=f"afterany:{99}", partition="cpu").after == ()
    assert site.submit(dependency="0", partition="cpu").after == ()
    site.later(3600)
    assert later.started


def test_one_task_of_an_array_may_be_waited_for(site: Site) -> None:
    group = site.submit(array="0-3%1", partition="cpu", environment=runs(100))
    site.later(20)
    second = site.submit(dependency=f"afterany:{group.id}_1", partition="cpu", environment=runs(9))
    condition = second.after[0]
    assert condition.job is not None
    assert (condition.task, condition.job.task, group.tasks) == (1, 1, [2, 3])
    while not second.started:
        site.sim.advance(site.sim.now + 10)
    assert condition.job.ended <= second.started <= condition.job.ended + 20


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("afterok:99", 2038), ("afternotok:99", 2038), ("foo:1", 2038), ("afterok", 2038), ("afterok:", 2038),
        ("afterok:0", 2038), ("afterok:1,afterany:2?singleton", 2038), ("expand:1", 2036), ("after:1+0", 2038),
    ],
)  # fmt: skip
def test_a_dependency_that_cannot_be_is_refused(site: Site, text: str, number: int) -> None:
    assert site.not_submitted(dependency=text) == number


# What is refused at the door


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"environment": []}, 2127), ({"environment": None}, 2127), ({"current_working_directory": ""}, 2063),
        ({"partition": "nope"}, 2000), ({"partition": "gpu,nope"}, 2000), ({"partition": "closed"}, 2070),
        ({"account": "firm"}, 2045), ({"account": "nope"}, 2045), ({"qos": "nope"}, 2066), ({"nice": -1}, 2123),
        ({"admin_comment": "x"}, 2002), ({"constraints": "nope"}, 2029), ({"constraints": "h100&"}, 2029),
        ({"constraints": "cpu"}, 2014), ({"required_nodes": ["nope"]}, 2018), ({"required_nodes": ["c-1"]}, 2014),
        ({"excluded_nodes": "g-1", "required_nodes": "g-1"}, 2018), ({"excluded_nodes": "g-1,g-2"}, 2014),
        ({"tres_per_node": "gres/fpga:1"}, 2072), ({"tres_per_node": "gres/gpu:b200:1"}, 2014),
        ({"tres_per_node": "gres/gpu:5"}, 2014), ({"tres_per_node": "foo=1"}, 2115),
        ({"tres_per_node": "gres/gpu:1,gres/gpu:2"}, 2102), ({"tres_per_node": "gres/gpu:1,gres/gpu:h100:2"}, 2119),
        ({"memory_per_node": 999_999_999}, 2014), ({"cpus_per_task": 17}, 2014), ({"nodes": "2", "tasks": 1}, 2025),
        ({"nodes": "0"}, 2006), ({"minimum_nodes": 2, "maximum_nodes": 1}, 2006), ({"licenses": "nope"}, 2048),
        ({"licenses": "matlab:5"}, 2048), ({"reservation": "nope"}, 2053), ({"reservation": "other"}, 2052),
        ({"time_limit": 5, "time_minimum": 6}, 2124), ({"comment": "x" * 1025}, 2012), ({"job_id": 7}, 2017),
    ],
)  # fmt: skip
def test_what_slurm_would_not_take(fields: dict[str, Any], number: int) -> None:
    site = Site()
    if number == 2017:
        assert site.refused("POST", "job/submit", request(**fields)) == (404, 2017)
    else:
        assert site.not_submitted(**fields) == number
    check(site.sim)


@pytest.mark.parametrize(
    ("fields", "number", "reason"),
    [
        ({"time_limit": 99_999}, 2015, "PartitionTimeLimit"), ({"nodes": "3"}, 2015, "PartitionNodeLimit"),
        ({"hold": True}, 2042, "JobHeldUser"), ({"priority": 0}, 2042, "JobHeldUser"),
        ({"hold": True, "tres_per_node": "gres/gpu:9"}, 2042, "JobHeldUser"),
        ({"reservation": "course"}, 2056, "Reservation"),
        ({"partition": "down"}, 0, "PartitionDown"), ({"partition": "closed,gpu"}, 0, "None"),
        ({"time_limit": {"set": False, "infinite": True, "number": 0}}, 2015, "PartitionTimeLimit"),
    ],
)  # fmt: skip
def test_what_slurm_takes_with_a_warning(site: Site, fields: dict[str, Any], number: int, reason: str) -> None:
    told = site.do("POST", "job/submit", request(**fields))
    words = [warning["description"] for warning in told["warnings"]]
    assert len(words) == (2 if number else 0)
    if number:
        assert words[0] == "Job submission resulted in non-zero return code: " + words[1]
    site.sim.advance(NOON + 30)
    assert site.sim.jobs[told["job_id"]].reason == reason


def test_nodes_that_are_out_are_told_and_waited_for(site: Site) -> None:
    site.do("POST", "node/g-1", {"state": ["DRAIN"], "reason": "xid 79"}, STAFF)
    told = site.do("POST", "job/submit", request(nodes="2"))
    assert told["warnings"][1]["description"] == "Required node not available (down, drained or reserved)"
    site.later(30)
    assert site.sim.jobs[told["job_id"]].reason == "ReqNodeNotAvail"


def test_too_many_jobs_are_refused() -> None:
    site = Site(gpu_qos=", max-submit-per-user = 3")
    site.submit(array="0-1")
    assert site.not_submitted(array="0-1") == 2050
    job = site.submit()
    assert site.not_submitted() == 2050
    elsewhere = site.submit(partition="cpu")
    assert site.refused("POST", f"job/{elsewhere.id}", {"partition": "gpu"}) == (422, 2050)
    site.do("DELETE", f"job/{job.id}")
    site.do("POST", f"job/{elsewhere.id}", {"partition": "gpu"})
    check(site.sim)


def test_a_job_over_its_account_s_cap_is_taken_and_waits(site: Site) -> None:
    job = site.submit(Caller("cho", False, frozenset()), nodes=2, tres_per_node="gres/gpu:4")
    site.later(60)
    assert job.reason == "AssocGrpGRES"


# How bodies are read


def test_a_field_that_nobody_knows_is_passed_over_with_a_warning(site: Site) -> None:
    told = site.do("POST", "job/submit", request(acount="lab", deep={"er": 1}))
    assert told["warnings"] == [
        {"description": 'Ignoring unknown field "acount" of type string in DATA_PARSER_JOB_DESC_MSG',
         "source": "#/job/acount/"},
        {"description": 'Ignoring unknown field "er" of type 64 bit integer in DATA_PARSER_JOB_DESC_MSG',
         "source": "#/job/deep/er/"},
    ]  # fmt: skip


def test_an_environment_of_the_old_kind_is_taken_with_a_warning(site: Site) -> None:
    told = site.do("POST", "job/submit", request(environment={"PATH": "/bin"}))
    assert told["warnings"] == [
        {"description": "Expected OpenAPI type=array (Slurm type=list) but got OpenAPI type=object "
         '(Slurm type=dictionary): {"PATH":"\\/bin"}', "source": "#/job/environment/"}
    ]  # fmt: skip


def test_values_of_another_kind_are_converted_where_that_is_possible(site: Site) -> None:
    job = site.submit(name=5, tasks="2", time_limit="30", hold="yes", comment=True, memory_per_node=1.0)
    assert (job.name, job.cpus, job.limit, job.held, job.comment) == ("5", 2, 1800.0, "user", "true")
    assert site.submit(time_limit={"number": 5}).limit == 3600.0  # without its flag a number counts for nothing


@pytest.mark.parametrize(
    ("field", "value", "number"),
    [
        ("time_limit", True, 9202), ("time_limit", [1], 9202), ("tasks", {}, 9202), ("tasks", "many", 9202),
        ("account", ["a"], 9202), ("environment", "A=1", 9208), ("nodes", "x", 9202), ("begin_time", "soon", 9202),
        ("memory_per_node", "lots", 9202), ("hold", "perhaps", 9202), ("nice", 1 << 40, 2123), ("flags", 3, 9206),
        ("required_nodes", 5.0, 2018), ("kill_warning_signal", "SIGNOPE", 9202),
    ],
)  # fmt: skip
def test_values_that_cannot_be_read_are_refused(site: Site, field: str, value: Any, number: int) -> None:
    assert site.refused("POST", "job/submit", request(**{field: value})) == (422, number)


@pytest.mark.parametrize(
    "body", [b"{bad", b"null", b"[1", b'{"a":"\\ud800"}', b"\xff", b"[" * 100_000, b'{"a":' * 40 + b"1" + b"}" * 40]
)
def test_what_is_no_json_is_a_plain_400(site: Site, body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        site.do("POST", "job/submit", body)
    assert (caught.value.status, caught.value.errors, caught.value.text) == (400, (), "Failure during parsing")


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (b"", 9000), ([], 9209), ({"script": "x"}, 9000), ({"job": {}}, 9000), ({"script": "x", "job": 5}, 9209),
        ({"script": "x", "job": {}, "jobs": [{}]}, 9000), ({"script": "x", "jobs": []}, 9000),
        ({"job": {"script": ""}}, 2009), ({"jobs": [{}]}, 2009), ({"script": "x", "jobs": [{}] * 129}, 9000),
    ],
)  # fmt: skip
def test_a_request_without_a_job_or_a_script_is_refused(site: Site, body: Any, number: int) -> None:
    assert site.refused("POST", "job/submit", body) == (422, number)


def test_the_script_may_stand_beside_the_job_or_in_it(site: Site) -> None:
    inside = request() | {"script": ""}
    inside["job"]["script"] = "#!/bin/bash"
    assert site.sim.jobs[site.do("POST", "job/submit", inside)["job_id"]].script == "#!/bin/bash"


def test_a_refusal_tells_what_was_tried_and_why(site: Site) -> None:
    with pytest.raises(Refusal) as caught:
        site.do("POST", "job/submit", request(partition="nope", acount="x"))
    assert caught.value.told() == [
        {"description": "Batch job submission failed", "error_number": 2000,
         "error": "Invalid partition name specified", "source": "slurm_submit_batch_job()"}
    ]  # fmt: skip
    assert len(caught.value.warnings) == 1
