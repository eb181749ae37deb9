"""Jobs of slurmctld in every version: records of real servers, and each trap by itself."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from naru_client.model import Accelerators, Exit, Job
from naru_client.slurm import wire

DATA = Path(__file__).parent.parent / "data" / "slurm"
NOW = datetime(2026, 11, 22, 23, 46, 22, tzinfo=UTC)
JOB_FILES = [
    "lab-22.05-squeue.json",
    "lab-24.11-v0.0.42-jobs.json",
    "lab-26.05-v0.0.42-jobs.json",
    "lab-26.05-v0.0.45-jobs.json",
    "rivos-squeue_out.json",
    "slurmweb-25.05-v0.0.43-slurm-job-gpus-pending.json",
    "slurmweb-25.11-v0.0.44-slurm-job-gpus-running.json",
]


def of(name: str) -> dict[str, Job]:
    jobs = wire.decode_jobs((DATA / name).read_bytes(), site="lab", now=NOW).value
    return {job.id: job for job in jobs}


def one(**fields: Any) -> Job:
    """The job of a record that holds nothing but these fields."""
    [job] = wire.decode_jobs(json.dumps({"jobs": [fields]}).encode(), site="lab", now=NOW).value
    return job


def wrapped(number: int) -> dict[str, Any]:
    return {"set": True, "infinite": False, "number": number}


def counts(job: Job) -> list[tuple[str, str | None, int]] | None:
    return None if job.accelerators is None else [(a.kind, a.model, a.count) for a in job.accelerators]


@pytest.mark.parametrize("name", JOB_FILES)
def test_every_record_gives_one_job_in_its_order(name: str) -> None:
    body = (DATA / name).read_bytes()
    jobs = wire.decode_jobs(body, site="lab", now=NOW).value
    assert [job.job_id for job in jobs] == [row["job_id"] for row in json.loads(body)["jobs"]]
    assert len({job.id for job in jobs}) == len(jobs)


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("lab-22.05-squeue.json", {"23": "COMPLETING", "29": "CONFIGURING", "27": "SPECIAL_EXIT", "22": "SUSPENDED"}),
        ("lab-24.11-v0.0.42-jobs.json", {"23": "COMPLETING", "29": "CONFIGURING", "27": "SPECIAL_EXIT",
                                         "22": "SUSPENDED"}),
    ],
)  # fmt: skip
def test_states_are_those_squeue_printed_at_the_same_moment(name: str, states: dict[str, str]) -> None:
    jobs = of(name)
    assert {key: jobs[key].state for key in states} == states


@pytest.mark.parametrize("name", ["lab-22.05-squeue.json", "lab-24.11-v0.0.42-jobs.json"])
def test_accelerators_are_those_of_the_text_list(name: str) -> None:
    jobs = of(name)
    assert counts(jobs["11"]) == [("gpu", "b200", 4)]
    assert counts(jobs["15"]) == [("gpu", "h200", 2)]
    assert counts(jobs["17"]) == [("npu", "rngd", 4)]
    assert counts(jobs["39"]) == [("gpu", "b200", 16)]  # pending, eight on each of two nodes
    assert counts(jobs["20+1"]) == [("npu", "rngd", 1)]
    assert counts(jobs["18"]) == []


def test_gpus_of_a_site_that_does_not_track_them() -> None:
    [job] = of("slurmweb-25.11-v0.0.44-slurm-job-gpus-running.json").values()
    assert job.accelerators == (Accelerators("gpu", "h100", 4),)
    [job] = of("slurmweb-25.05-v0.0.43-slurm-job-gpus-pending.json").values()
    assert job.accelerators == (Accelerators("gpu", None, 4),)


@pytest.mark.parametrize("name", ["lab-22.05-squeue.json", "lab-24.11-v0.0.42-jobs.json"])
def test_arrays_and_het_jobs_are_addressed_as_squeue_prints_them(name: str) -> None:
    jobs = of(name)
    group = jobs["19_[3-19%3]"]
    assert (group.array_id, group.array_task, group.array_tasks, group.array_pending) == (19, None, "3-19%3", 17)
    task = jobs["19_1"]
    assert (task.job_id, task.array_id, task.array_task, task.array_tasks) == (31, 19, 1, None)
    part = jobs["20+1"]
    assert (part.job_id, part.het_id, part.het_offset) == (21, 20, 1)
    assert (jobs["20+0"].het_id, jobs["20+0"].het_offset) == (20, 0)
    assert (jobs["11"].array_id, jobs["11"].het_id, jobs["11"].het_offset) == (None, None, None)


def test_a_task_zero_is_a_task() -> None:
    assert "6_0" in of("lab-26.05-v0.0.45-jobs.json")


def test_reasons_come_apart_into_code_and_detail() -> None:
    jobs = of("lab-22.05-squeue.json")
    assert (jobs["51"].reason, jobs["51"].reason_detail) == ("ReqNodeNotAvail", "UnavailableNodes:h200-02")
    assert (jobs["27"].reason, jobs["27"].reason_detail) == ("JobHeldUser", "job requeued in held state")
    assert (jobs["11"].reason, jobs["11"].reason_detail) == (None, None)


def test_exits_of_finished_jobs_in_every_form() -> None:
    old, new = of("lab-22.05-squeue.json"), of("lab-24.11-v0.0.42-jobs.json")
    assert (old["2"].exit, old["4"].exit, old["7"].exit) == (Exit(1), Exit(0, 11), Exit(0, 125))
    assert (new["4"].exit, new["7"].exit) == (Exit(0, 11), Exit(0, 125))
    assert old["11"].exit is None
    assert old["34"].exit is None
    assert new["23"].exit is None  # completing


def test_times_of_a_running_a_waiting_and_a_finished_job() -> None:
    jobs = of("lab-22.05-squeue.json")
    running, waiting, never = jobs["11"], jobs["34"], jobs["9"]
    start = datetime(2026, 11, 22, 23, 44, 36, tzinfo=UTC)
    assert (running.started, running.ended, running.expected_start, running.elapsed) == (start, None, None, 106)
    assert waiting.started is None
    assert waiting.elapsed is None
    assert waiting.expected_start == datetime(2026, 11, 23, 23, 44, 36, tzinfo=UTC)
    assert (never.state, never.started, never.elapsed) == ("CANCELLED", None, 0)
    assert never.ended == start
    assert jobs["10"].elapsed == (jobs["10"].ended - jobs["10"].started).total_seconds()  # type: ignore[operator]
    assert jobs["22"].elapsed == 0  # suspended at once


def test_time_since_a_suspension_as_squeue_reckons_it() -> None:
    [job, _] = of("rivos-squeue_out.json").values()
    resumed = datetime.fromtimestamp(1686200533, UTC)
    assert job.elapsed == int((NOW - resumed).total_seconds()) + 1381100


def test_output_paths_of_templates_expansions_and_groups() -> None:
    old, new = of("lab-22.05-squeue.json"), of("lab-26.05-v0.0.45-jobs.json")
    middle = of("lab-26.05-v0.0.42-jobs.json")
    assert old["11"].stdout == "/srv/slurm/home/alice/llm-pretrain-11.out"
    assert old["11"].stderr == old["11"].stdout
    assert old["20+0"].stdout == "/srv/slurm/home/dave/slurm-20.out"
    assert old["19_[3-19%3]"].stdout is None
    assert new["12"].stdout == middle["12"].stdout == "/srv/lab/home/fireuser/slurm-12.out"
    assert new["6_0"].stdout == "/tmp/slurm-6_0.out"
    assert new["6_[1-2,4-9%2]"].stdout is None
    assert middle["6_[1-2,4-9%2]"].stdout is None
    own = of("rivos-squeue_out.json")["26515966"]
    assert (own.stdout, own.stderr) == ("/nfs/user/stdout.log", "/nfs/user/stderr.log")


def test_the_request_in_the_models_units() -> None:
    job = of("lab-22.05-squeue.json")["11"]
    assert (job.nodes, job.cpus, job.tasks, job.memory) == (1, 16, 1, 67_108_864_000)
    assert job.time_limit is not None
    assert (job.time_limit % 60, job.unlimited) == (0, False)


@pytest.mark.parametrize("limit", [-1, 4294967295, {"set": False, "infinite": True, "number": 0}, "UNLIMITED"])
def test_no_time_limit(limit: Any) -> None:
    job = one(job_id=1, job_state="PENDING", time_limit=limit)
    assert (job.time_limit, job.unlimited) == (None, True)


@pytest.mark.parametrize("limit", [None, {}, 4294967294, {"set": False, "infinite": False, "number": 0}, [], "?"])
def test_a_time_limit_that_is_not_told(limit: Any) -> None:
    job = one(job_id=1, job_state="PENDING", time_limit=limit)
    assert (job.time_limit, job.unlimited) == (None, False)


def test_memory_of_zero_on_a_node_means_all_of_it_and_is_not_known() -> None:
    assert one(job_id=1, node_count=2, memory_per_node=wrapped(0)).memory is None
    assert one(job_id=1, node_count=2, memory_per_node=wrapped(1024)).memory == 2 << 30
    assert one(job_id=1, cpus=8, memory_per_cpu=1024).memory == 8 << 30
    assert one(job_id=1, cpus=8, memory_per_cpu=0x8000_0000_0000_0400).memory is None


def test_an_array_id_of_zero_is_no_array() -> None:
    job = one(job_id=7, array_job_id=wrapped(0), array_task_id=wrapped(0), het_job_id=wrapped(0))
    assert (job.id, job.array_id, job.array_task, job.het_id) == ("7", None, None, None)


def test_a_group_that_slurm_cut_short_has_no_count() -> None:
    job = one(job_id=7, array_job_id=7, array_task_id=None, array_task_string="1-3,7,9,...", job_state=["PENDING"])
    assert (job.id, job.array_pending) == ("7_[1-3,7,9,...]", None)
    assert wire.task_count("0-30:10,99%2") == 5


def test_names_are_cleaned_and_kept_apart_from_nothing() -> None:
    name = "a\x1b[31mred\x1b]52;c;aGk=\x07\u202eb\nc"
    job = one(job_id=1, name=name, comment="(null)", account="", user_name=None, user_id=1234)
    assert not any(c in job.name for c in "\x1b\x07\n\u202e")
    assert (job.comment, job.account, job.user) == (None, None, "1234")
    assert one(job_id=1, name="(null)").name == "(null)"


def test_a_record_of_nothing_is_still_a_job() -> None:
    job = one()
    assert (job.id, job.job_id, job.state, job.accelerators) == ("?", 0, "UNKNOWN", None)
    assert job.expected_start is None


def test_the_estimate_is_told_only_while_it_waits() -> None:
    later = int((NOW + timedelta(hours=1)).timestamp())
    assert one(job_id=1, job_state=["PENDING"], start_time=wrapped(later)).expected_start == NOW + timedelta(hours=1)
    assert one(job_id=1, job_state=["PENDING"], start_time=wrapped(0)).expected_start is None
    assert one(job_id=1, job_state=["RUNNING"], start_time=wrapped(later)).expected_start is None
    planned = one(job_id=1, job_state=["PENDING"], scheduled_nodes="n1")
    assert planned.planned_nodes == "n1"
    assert one(job_id=1, job_state=["RUNNING"], scheduled_nodes="n1").planned_nodes is None
