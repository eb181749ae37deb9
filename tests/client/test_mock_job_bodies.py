"""Jobs as slurmctld tells them: their fields, and what each state of affairs looks like on the wire."""

from typing import Any

import msgspec
import pytest
from tests.client.mock_face import Face, number, small_face, tiny_face
from tests.client.mock_world import NOON, submit

from naru_client.mock.entities import Dependency

PREEMPTING = """
qos = [
    { name = "normal" }, { name = "p_gpu" }, { name = "spare" },
    { name = "urgent", priority = 10, preempts = ["spare"] },
]
"""


@pytest.fixture
def tiny() -> Face:
    return tiny_face()


def test_a_waiting_job(tiny: Face) -> None:
    before = [submit(tiny.simulator, accelerators=4) for _ in range(2)]
    tiny.step(10)
    job = submit(tiny.simulator, nodes=2, accelerators=4, hours=2, name="학습")
    tiny.step(10)
    told = tiny.job(job.id)
    assert (told["job_state"], told["state_reason"], told["name"]) == (["PENDING"], "Resources", "학습")
    assert number(told["start_time"]) == max(other.started for other in before) + 3600
    assert told["scheduled_nodes"] == "g-[1-2]"
    assert told["time_limit"]["number"] == 120, "minutes"
    assert told["memory_per_cpu"]["number"] * 16 <= 262144, "MiB"
    assert told["tres_req_str"].startswith("cpu=32,mem=")
    assert told["tres_req_str"].endswith("node=2,billing=32,gres/gpu=8,gres/gpu:h100=8")
    assert (told["tres_alloc_str"], told["job_resources"], told["nodes"]) == ("", None, "")
    assert told["node_count"]["number"] == 2
    assert number(told["last_sched_evaluation"]) == tiny.clock.now


def test_a_running_job_and_where_it_runs(tiny: Face) -> None:
    submit(tiny.simulator)
    tiny.step(20)
    job = submit(tiny.simulator, accelerators=2, on_node="g-1", licenses=(("matlab", 1),), nice=7)
    tiny.simulator.gates.licenses["matlab"] = 4
    tiny.step(600)
    told = tiny.job(job.id)
    assert told["job_state"] == ["RUNNING"]
    assert told["gres_detail"] == ["gpu:h100:2(IDX:1-2)"]
    assert told["tres_alloc_str"].endswith("gres/gpu=2,gres/gpu:h100=2")
    assert told["end_time"]["number"] - told["start_time"]["number"] == 3600
    assert (told["licenses"], told["licenses_allocated"], told["nice"]) == ("matlab:1", "matlab:1", 7)
    [share] = told["job_resources"]["nodes"]["allocation"]
    taken = [core["status"] for socket in share["sockets"] for core in socket["cores"]]
    assert (share["name"], len(taken)) == ("g-1", 16)
    assert taken.count(["ALLOCATED"]) == share["cpus"]["count"] == told["cpus"]["number"] == 8
    [layout] = tiny.get(f"slurm/resources/{job.id}")["nodes"]
    assert (layout["node"], layout["sockets_per_node"], layout["cores_per_socket"]) == ("g-1", 2, 8)
    assert int(layout["core_bitmap"], 16).bit_count() == 8
    assert len(layout["core_bitmap"]) == 2 + 16 // 4
    assert layout["gres"] == [{"name": "gpu", "type": "h100", "count": 2, "index": "1-2"}]


def test_resources_of_several_nodes_are_told_node_by_node(tiny: Face) -> None:
    job = submit(tiny.simulator, nodes=2, accelerators=4)
    tiny.step(20)
    told = tiny.job(job.id)
    resources = told["job_resources"]["nodes"]
    assert (resources["count"], resources["list"]) == (2, "g-[1-2]")
    assert [(a["index"], a["name"]) for a in resources["allocation"]] == [(0, "g-1"), (1, "g-2")]
    assert told["gres_detail"] == ["gpu:h100:4(IDX:0-3)", "gpu:h100:4(IDX:0-3)"]
    assert [node["node"] for node in tiny.get(f"slurm/resources/{job.id}")["nodes"]] == ["g-1", "g-2"]


@pytest.mark.parametrize(
    ("ending", "reason", "live", "kept"),
    [
        ({"outcome": "COMPLETED"}, "None", ("SUCCESS", 0, 0), ("SUCCESS", 0, 0)),
        ({"outcome": "FAILED", "exit_code": 3}, "NonZeroExitCode", ("ERROR", 3, 0), ("ERROR", 3, 0)),
        ({"outcome": "FAILED", "signal": 11}, "RaisedSignal", ("SIGNALED", 0, 11), ("SIGNALED", 0, 11)),
        ({"outcome": "TIMEOUT"}, "TimeLimit", ("SIGNALED", 0, 15), ("SUCCESS", 0, 0)),
        ({"outcome": "OUT_OF_MEMORY"}, "OutOfMemory", ("SIGNALED", 0, 125), ("SIGNALED", 0, 125)),
        ({"outcome": "CANCELLED"}, "None", ("SIGNALED", 0, 15), ("SUCCESS", 0, 0)),
        ({"outcome": "NODE_FAIL"}, "NodeDown", ("SIGNALED", 0, 1), ("ERROR", 1, 0)),
        ({"outcome": "PREEMPTED"}, "None", ("SIGNALED", 0, 15), ("SUCCESS", 0, 0)),
    ],
)
def test_how_a_job_ended_by_slurmctld_and_by_slurmdbd(
    tiny: Face, ending: dict[str, Any], reason: str, live: tuple[Any, ...], kept: tuple[Any, ...]
) -> None:
    def told(exit_code: Any) -> tuple[Any, ...]:
        return exit_code["status"][0], exit_code["return_code"]["number"], exit_code["signal"]["id"]["number"]

    job = submit(tiny.simulator, run=600.0, epilog=30.0, **ending)
    tiny.step(620)
    ctld = tiny.job(job.id)
    assert ctld["job_state"] == [job.outcome, "COMPLETING"]
    tiny.step(60)
    ctld = tiny.job(job.id)
    assert (ctld["job_state"], ctld["state_reason"]) == ([job.outcome], reason)
    assert told(ctld["exit_code"]) == live
    assert (ctld["exit_code"]["signal"]["name"], ctld["state_description"]) == (
        ("11", "RaisedSignal:11(Segmentation fault)") if job.signal else (ctld["exit_code"]["signal"]["name"], "")
    )
    tiny.step(600)
    assert tiny.reply(f"slurm/job/{job.id}").status == 404
    record = tiny.record(job.id)
    assert (record["state"]["current"], record["time"]["elapsed"]) == ([job.outcome], 600)
    assert told(record["exit_code"]) == kept


def test_an_array_partly_started(tiny: Face) -> None:
    group = submit(tiny.simulator, name="sweep", array=(7, 2))
    tiny.step(20)
    by_task = {number(job["array_task_id"]): job for job in tiny.get(f"slurm/job/{group.id}")["jobs"]}
    assert set(by_task) == {None, 0, 1}
    waiting, first = by_task[None], by_task[0]
    assert (waiting["array_task_string"], waiting["array_max_tasks"]["number"]) == ("2-6%2", 2)
    assert waiting["stdout_expanded"].endswith("_4294967294.out")
    assert waiting["standard_output"] == "logs/%x-%A_%a.out"
    assert first["job_id"] != group.id
    assert first["array_job_id"]["number"] == group.id
    assert first["array_task_string"] == ""
    assert first["stdout_expanded"] == f"/scratch/ann/logs/sweep-{group.id}_0.out"
    assert len(tiny.get(f"slurm/job/{group.id}_1")["jobs"]) == 3, "one task asked for, all records answered"
    [only] = tiny.get(f"slurmdb/job/{group.id}_1")["jobs"]
    assert only["array"]["task_id"]["number"] == 1
    assert not [job for job in tiny.get("slurmdb/jobs")["jobs"] if job["state"]["current"] == ["PENDING"]], (
        "what waits for its own array is not eligible, and accounting has not heard of it"
    )
    assert waiting["eligible_time"]["number"] == 0
    blocked = submit(tiny.simulator, nodes=2, accelerators=4, array=(5, 0), hours=1)
    tiny.step(20)
    pending = next(job for job in tiny.get("slurmdb/jobs")["jobs"] if job["state"]["current"] == ["PENDING"])
    assert (pending["job_id"], pending["array"]["task"]) == (blocked.id, "0x1F"), "the waiting tasks as a bitmap"
    states = {line["job_id"]: line["state"] for line in tiny.get("slurm/jobs/state")["jobs"]}
    assert states[f"{first['job_id']}_0"] == ["RUNNING"]
    assert states[f"{group.id}_6"] == ["PENDING"]
    mine = {name for name in states if not name.startswith(f"{blocked.id}_")}
    assert {line["job_id"] for line in tiny.get("slurm/jobs/state", job_id=str(group.id))["jobs"]} == mine


@pytest.mark.parametrize(
    ("kind", "delay", "met_by", "failed"),
    [("afterok", 0, "COMPLETED", True), ("afternotok", 0, "FAILED", True), ("afterany", 0, "FAILED", False),
     ("after", 600, "", False)],
)  # fmt: skip
def test_dependencies_are_told_with_what_became_of_them(
    tiny: Face, kind: str, delay: int, met_by: str, failed: bool
) -> None:
    good = submit(tiny.simulator, run=300.0, outcome=met_by or "COMPLETED", exit_code=1)
    bad = submit(tiny.simulator, run=300.0, outcome="COMPLETED" if met_by == "FAILED" else "FAILED", exit_code=1)
    child = submit(tiny.simulator, after=(Dependency(kind, good, delay),))
    orphan = submit(tiny.simulator, after=(Dependency(kind, bad, delay),))
    tiny.step(60)
    plus = "+10" if delay else ""
    assert tiny.job(child.id)["dependency"] == f"{kind}:{good.id}{plus}(unfulfilled)"
    assert "DEPENDENT" in tiny.job(child.id)["flags"]
    tiny.step(300 + delay)
    assert tiny.job(child.id)["dependency"] == ""
    assert tiny.job(orphan.id)["dependency"] == (f"{kind}:{bad.id}(failed)" if failed else "")


def test_several_dependencies_an_array_and_a_singleton(tiny: Face) -> None:
    first, group = submit(tiny.simulator), submit(tiny.simulator, array=(3, 1))
    needs = (Dependency("afterok", first), Dependency("afterany", group), Dependency("aftercorr", group, task=2))
    both = submit(tiny.simulator, after=needs)
    either = submit(tiny.simulator, after=needs[:2], after_any=True)
    alone = submit(tiny.simulator, after=(Dependency("singleton"),))
    tiny.step(20)
    told = [f"afterok:{first.id}(unfulfilled)", f"afterany:{group.id}_*(unfulfilled)"]
    assert tiny.job(both.id)["dependency"] == ",".join([*told, f"aftercorr:{group.id}_2(unfulfilled)"])
    assert tiny.job(either.id)["dependency"] == "?".join(told)
    assert tiny.job(alone.id)["dependency"] == "singleton(unfulfilled)"


def test_a_job_for_several_partitions_names_them_and_its_priority_in_each() -> None:
    face = tiny_face()
    for _ in range(2):
        submit(face.simulator, accelerators=4)
    face.step(20)
    job = submit(face.simulator, accelerators=4, partition="gpu,debug", hours=0.4)
    face.step(20)
    told = face.job(job.id)
    assert told["partition"] == "gpu,debug"
    assert [p["partition"] for p in told["priority_by_partition"]] == ["gpu", "debug"]
    assert max(p["priority"] for p in told["priority_by_partition"]) == told["priority"]["number"]
    assert "-p gpu,debug" in told["submit_line"]
    face.step(4000)
    assert face.job(job.id)["partition"] in ("gpu", "debug")
    assert face.job(job.id)["priority_by_partition"] == []


def test_a_job_that_was_put_back_waits_again_and_accounting_keeps_both_runs(tiny: Face) -> None:
    job = submit(tiny.simulator)
    tiny.step(100)
    tiny.simulator.requeue(job)
    tiny.step(10)
    told = tiny.job(job.id)
    assert (told["job_state"], told["restart_cnt"], told["state_reason"]) == (["PENDING"], 1, "BeginTime")
    assert (told["nodes"], told["job_resources"], told["requeue"]) == ("", None, True)
    first = tiny.record(job.id)
    assert (first["state"]["current"], first["nodes"], first["restart_cnt"]) == (["PENDING", "REQUEUED"], "g-1", 0)
    tiny.step(300)
    assert tiny.job(job.id)["job_state"] == ["RUNNING"]
    runs = tiny.get(f"slurmdb/job/{job.id}")["jobs"]
    assert [run["state"]["current"] for run in runs] == [["PENDING", "REQUEUED"], ["RUNNING"]]
    assert runs[0]["time"]["submission"] < runs[1]["time"]["submission"] == told["submit_time"]["number"]


def test_a_job_that_gave_way_says_when_and_which_jobs_may_be_made_to() -> None:
    face = tiny_face(PREEMPTING)
    job = submit(face.simulator, qos="spare", accelerators=4, nodes=2)
    face.step(60)
    told = face.job(job.id)
    assert (number(told["preempt_time"]), number(told["preemptable_time"])) == (0, told["start_time"]["number"])
    urgent = submit(face.simulator, qos="urgent", accelerators=4, nodes=2)
    assert number(face.job(urgent.id)["preemptable_time"]) == 0
    face.step(60)
    told = face.job(job.id)
    gave_way = number(told["preempt_time"])
    assert told["job_state"] == ["PENDING"]
    assert NOON + 60 <= gave_way <= NOON + 120
    first = face.get(f"slurmdb/job/{job.id}")["jobs"][0]
    assert (first["state"]["current"], first["time"]["end"]) == (["PREEMPTED"], gave_way)


def test_a_held_job_is_not_known_to_accounting(tiny: Face) -> None:
    job = submit(tiny.simulator, held="user")
    tiny.step(60)
    told = tiny.job(job.id)
    assert (told["hold"], told["priority"]["number"], told["eligible_time"]["number"]) == (True, 0, 0)
    assert tiny.get("slurmdb/jobs")["jobs"] == []


def test_what_people_write_is_told_as_they_wrote_it(tiny: Face) -> None:
    """Names, comments and paths may hold anything: quotes, control characters, per cent signs, what looks like JSON."""
    odd = 'x","job_id":1,"y":"\\\x1b[2J\x00\u202e%b%d%s\'{"한글"}🚀'
    job = submit(
        tiny.simulator, name=odd, comment=odd, admin_comment=odd, work_dir="/home/ann/" + odd, script="/s/" + odd,
        output="%x-%j.out", error=odd, features="",
    )  # fmt: skip
    tiny.step(20)
    told = tiny.job(job.id)
    assert (told["name"], told["comment"], told["admin_comment"]) == (odd, odd, odd)
    assert told["current_working_directory"] == "/home/ann/" + odd
    assert (told["command"], told["standard_error"]) == ("/s/" + odd, odd)
    assert told["stdout_expanded"] == f"/home/ann/{odd}/{odd}-{job.id}.out"
    assert odd in told["submit_line"]
    record = tiny.record(job.id)
    assert (record["name"], record["comment"]["administrator"]) == (odd, odd)
    assert record["comment"]["job"] == "", "told only when the job has ended"
    tiny.simulator.cancel(job, "ann")
    assert tiny.record(job.id)["comment"]["job"] == odd
    assert record["working_directory"] == "/home/ann/" + odd


@pytest.mark.parametrize(
    ("template", "expanded"),
    [
        ("out/%x-%j.log", "/w/out/sweep-{id}.log"), ("/abs/%u/%A.%a", "/abs/ann/{array}.0"), ("100%%", "/w/100%"),
        ("%4a-%8j", "/w/0000-{id:08d}"), ("%N.log", "/w/g-1.log"), ("%q%", "/w/%q%"), ("\\%j", "/w/%j"),
        ("%j", "/w/{id}"),
    ],
)  # fmt: skip
def test_names_of_output_files_are_filled_in(tiny: Face, template: str, expanded: str) -> None:
    group = submit(tiny.simulator, name="sweep", array=(2, 1), work_dir="/w", output=template, error=template)
    tiny.step(20)
    task = next(job for job in tiny.simulator.jobs.values() if job.task == 0)
    told = tiny.job(task.id)
    assert told["standard_output"] == told["standard_error"] == template
    assert told["stdout_expanded"] == told["stderr_expanded"] == expanded.format(id=task.id, array=group.id)


def test_a_script_that_was_sent_along_has_no_path_and_no_command_line(tiny: Face) -> None:
    job = submit(tiny.simulator, script="#!/bin/sh\nsrun hostname\n")
    assert (tiny.job(job.id)["command"], tiny.job(job.id)["submit_line"]) == ("", "")
    other = submit(tiny.simulator, script="/home/ann/go.sh", comment="field=nlp")
    line = tiny.job(other.id)["submit_line"]
    assert line == 'sbatch -p gpu --gres=gpu:h100:1 -c 4 -t 60 --comment="field=nlp" -J job /home/ann/go.sh'
    usual = submit(tiny.simulator, comment="field=nlp")
    assert tiny.job(usual.id)["submit_line"] == line.replace("/home/ann/go.sh", "run.sh")
    assert tiny.job(usual.id)["command"] == "/scratch/ann/run.sh"


def test_a_job_for_any_model_is_told_the_one_it_got(tiny: Face) -> None:
    job = submit(tiny.simulator, gres_type="", held="user")
    assert tiny.job(job.id)["tres_per_node"] == "gres/gpu:1"
    assert tiny.job(job.id)["tres_req_str"].endswith("gres/gpu=1")
    tiny.simulator.release(job)
    tiny.step(30)
    assert tiny.job(job.id)["tres_alloc_str"].endswith("gres/gpu=1,gres/gpu:h100=1")
    assert tiny.job(job.id)["tres_req_str"].endswith("gres/gpu=1")
    record = tiny.record(job.id)
    assert [t["name"] for t in record["tres"]["allocated"] if t["type"] == "gres"] == ["gpu", "gpu:h100"]
    assert [t["name"] for t in record["tres"]["requested"] if t["type"] == "gres"] == ["gpu"]


def test_nodes_a_job_wants_or_does_not_want(tiny: Face) -> None:
    job = submit(tiny.simulator, on_node="g-1,g-2", not_on=tiny.simulator.cluster.mask(["c-1"]), held="user")
    told = tiny.job(job.id)
    assert (told["required_nodes"], told["excluded_nodes"]) == ("g-[1-2]", "c-1")


def test_memory_by_node_is_told_where_it_does_not_go_by_core(tiny: Face) -> None:
    even, uneven = submit(tiny.simulator), submit(tiny.simulator, memory=10_001)
    assert (number(tiny.job(even.id)["memory_per_node"]), number(tiny.job(even.id)["memory_per_cpu"])) != (None, None)
    assert number(tiny.job(even.id)["memory_per_node"]) is None
    told = tiny.job(uneven.id)
    assert (number(told["memory_per_node"]), number(told["memory_per_cpu"])) == (10_001, None)
    assert "mem=10001M" in told["tres_req_str"]


def test_a_record_is_kept_until_something_of_it_changes() -> None:
    """What is told from what was kept is what would be told anew, at any time."""
    face = small_face()
    for i in range(25):
        face.step((1, 30, 301)[i % 3])
        for what in ("jobs", "nodes"):
            kept = face.get(f"slurm/{what}")
            for job in face.simulator.jobs.values():
                job.wire = b""
            for node in face.simulator.cluster.node_list:
                node.wire = b""
            assert face.get(f"slurm/{what}") == kept


def test_time_passes_as_on_the_clock_times_the_speed() -> None:
    face = tiny_face(speed=60)
    job = submit(face.simulator, run=600.0)
    face.step(5)
    assert face.job(job.id)["job_state"] == ["RUNNING"]
    face.step(10)
    assert face.job(job.id)["job_state"] == ["COMPLETED"]
    assert face.get("slurm/jobs")["last_update"]["number"] == NOON + 900


def test_an_answer_without_jobs_is_still_whole(tiny: Face) -> None:
    reply = tiny.reply("slurm/jobs")
    body = msgspec.json.decode(reply.body)
    assert (body["jobs"], body["errors"], body["warnings"]) == ([], [], [])
