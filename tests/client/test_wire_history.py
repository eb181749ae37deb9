"""Jobs of the accounting store in every version."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from naru_client.model import Exit, Job
from naru_client.slurm import wire

DATA = Path(__file__).parent.parent / "data" / "slurm"
NOW = datetime(2026, 11, 22, 23, 46, 22, tzinfo=UTC)
HISTORY_FILES = [
    "lab-22.05-sacct.json",
    "lab-24.11-v0.0.42-sacct.json",
    "lab-26.05-v0.0.45-history.json",
    "sarc-sacct-21_8_8.json",
    "sarc-sacct-23_2_6.json",
    "slurmweb-25.05-v0.0.43-slurmdb-job-gpus-multi-nodes.json",
    "slurmweb-25.11-v0.0.44-slurmdb-job-failed.json",
]


def of(name: str) -> dict[str, Job]:
    jobs = wire.decode_history((DATA / name).read_bytes(), site="lab", now=NOW).value
    return {job.id: job for job in jobs}


def several(*records: dict[str, Any]) -> tuple[Job, ...]:
    return wire.decode_history(json.dumps({"jobs": records}).encode(), site="lab", now=NOW).value


def counts(job: Job) -> list[tuple[str, str | None, int]] | None:
    return None if job.accelerators is None else [(a.kind, a.model, a.count) for a in job.accelerators]


@pytest.mark.parametrize("name", HISTORY_FILES)
def test_every_record_gives_one_job_in_its_order(name: str) -> None:
    body = (DATA / name).read_bytes()
    jobs = wire.decode_history(body, site="lab", now=NOW).value
    assert [job.job_id for job in jobs] == [row["job_id"] for row in json.loads(body)["jobs"]]


@pytest.mark.parametrize(
    ("history", "live"),
    [
        ("lab-22.05-sacct.json", "lab-22.05-squeue.json"),
        ("lab-24.11-v0.0.42-sacct.json", "lab-24.11-v0.0.42-jobs.json"),
    ],
)
def test_both_stores_tell_the_same_of_a_finished_job(history: str, live: str) -> None:
    past = of(history)
    now = wire.decode_jobs((DATA / live).read_bytes(), site="lab", now=NOW).value
    both = [(past[job.id], job) for job in now if job.finished and job.id in past]
    assert len(both) >= 3
    for one, other in both:
        for field in ("job_id", "name", "user", "account", "qos", "pool", "state", "accelerators", "submitted",
                      "started", "ended", "elapsed", "time_limit", "nodes", "node_list", "cpus", "memory",
                      "comment"):  # fmt: skip
            assert getattr(one, field) == getattr(other, field), (one.id, field)


def test_exits_in_every_form() -> None:
    old, new = of("lab-22.05-sacct.json"), of("lab-24.11-v0.0.42-sacct.json")
    assert (old["4"].exit, old["7"].exit, old["1"].exit) == (Exit(0, 11), Exit(0, 125), Exit(0))
    assert (new["4"].exit, new["7"].exit, new["2"].exit) == (Exit(0, 11), Exit(0, 125), Exit(1))
    assert new["11"].exit is None  # still running: its SUCCESS says nothing


def test_the_return_code_that_22_05_loses_is_not_called_zero() -> None:
    assert of("lab-22.05-sacct.json")["2"].state == "FAILED"
    assert of("lab-22.05-sacct.json")["2"].exit is None


def test_seconds_minutes_and_mebibytes() -> None:
    [job] = of("sarc-sacct-21_8_8.json").values()
    assert (job.elapsed, job.time_limit, job.memory) == (86301, 1440 * 60, 40960 << 20)
    [job] = of("sarc-sacct-23_2_6.json").values()
    assert (job.state, job.ended, job.time_limit, counts(job)) == ("RUNNING", None, 7200 * 60, [("gpu", None, 2)])
    assert job.started == datetime.fromtimestamp(1613725209, UTC)


def test_a_requeued_run_keeps_its_own_times() -> None:
    job = of("lab-26.05-v0.0.45-history.json")["4"]
    assert (job.state, job.elapsed, counts(job)) == ("REQUEUED", 65, [("gpu", "h100", 8)])
    assert (job.ended - job.started).total_seconds() == 65  # type: ignore[operator]


def test_what_waits_has_neither_start_nor_end_whatever_the_fields_hold() -> None:
    job = of("lab-26.05-v0.0.45-history.json")["6_[1-2,4-9%2]"]
    assert (job.started, job.ended, job.elapsed, job.expected_start) == (None, None, None, None)
    assert (job.array_pending, job.stdout) == (8, None)
    running = of("lab-26.05-v0.0.45-history.json")["6_0"]
    assert (running.ended, running.elapsed, running.stdout) == (None, 91, "/tmp/slurm-6_0.out")


def test_a_job_cancelled_while_it_waited_never_started() -> None:
    job = of("lab-26.05-v0.0.45-history.json")["5"]
    assert (job.state, job.started, job.node_list, job.elapsed) == ("CANCELLED", None, None, 0)


@pytest.mark.parametrize("name", ["lab-22.05-sacct.json", "lab-24.11-v0.0.42-sacct.json"])
def test_accelerators_arrays_and_het_jobs(name: str) -> None:
    jobs = of(name)
    assert counts(jobs["11"]) == [("gpu", "b200", 4)]
    assert counts(jobs["34"]) == [("gpu", "b200", 8)]  # pending: what it asks for
    assert counts(jobs["20+1"]) == [("npu", "rngd", 1)]
    assert counts(jobs["8"]) == []  # others of this answer have some, so the site tracks them
    assert jobs["19_1"].job_id == 31


def test_accelerators_are_not_told_where_the_site_does_not_track_them() -> None:
    [job] = of("slurmweb-25.05-v0.0.43-slurmdb-job-gpus-multi-nodes.json").values()
    assert (job.nodes, job.accelerators) == (2, None)


def test_sentinel_counts_and_typed_entries() -> None:
    tracked = [{"type": "gres", "name": "gpu", "count": 8}, {"type": "gres", "name": "gpu:h100", "count": 8},
               {"type": "energy", "name": "", "count": -2}, {"type": "gres", "name": "shard", "count": 4}]  # fmt: skip
    one, two = several(
        {"job_id": 1, "tres": {"allocated": tracked}},
        {"job_id": 2, "tres": {"allocated": [{"type": "gres", "name": "gpu", "count": -2}]}},
    )
    assert (counts(one), counts(two)) == ([("gpu", "h100", 8)], [])


def test_a_reservation_named_zero_is_none() -> None:
    one, two = several({"job_id": 1, "reservation": {"id": 0, "name": 0}}, {"job_id": 2, "reservation": {"name": "r"}})
    assert (one.reservation, two.reservation) == (None, "r")


def test_who_cancelled_is_not_part_of_the_state() -> None:
    [job] = several({"job_id": 1, "state": {"current": "CANCELLED by 1000", "reason": "None"}})
    assert (job.state, job.reason) == ("CANCELLED", None)


@pytest.mark.parametrize(
    ("bitmap", "written"), [("0x3F6", "1-2,4-9"), ("0x1", "0"), ("0xFF%2", "0-7%2"), ("0x0", "0x0")]
)
def test_bitmaps_of_pending_tasks_are_written_as_squeue_does(bitmap: str, written: str) -> None:
    assert wire.task_expression(bitmap) == written
