"""The rule that answers are held to, held itself to what real servers sent."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.contract.published import ENVELOPE, ERRATA, SPECS, Contract, Erratum, contract
from tests.contract.shapes import is_missing, read_shapes

SHAPES = read_shapes(SPECS / "shapes.json")
RECORDED = Path(__file__).parents[1] / "data" / "slurm"
# Real clusters of others (25.11, v0.0.44); see tests/data/README.md.
ANSWERS = {
    "slurmweb-25.11-v0.0.44-slurm-job-gpus-running.json": "GET /slurm/v0.0.44/jobs/",
    "slurmweb-25.11-v0.0.44-slurm-partitions.json": "GET /slurm/v0.0.44/partitions/",
    "slurmweb-25.11-v0.0.44-slurmdb-job-failed.json": "GET /slurmdb/v0.0.44/jobs/",
}


@pytest.mark.parametrize("erratum", ERRATA, ids=lambda one: one.schema)
def test_every_erratum_is_one(erratum: Erratum) -> None:
    """The document refuses what a real server sent, and mended it does not; what is left is that it is only a part."""

    def faults(document: Contract) -> set[str]:
        schema = {str(one): one.answer for one in document.operations}.get(erratum.schema, erratum.schema)
        return {fault for whole in (True, False) for fault in document.faults(schema, erratum.sent, complete=whole)}

    left = faults(contract())
    assert faults(Contract(mended=False)) - left
    assert all("is a required property" in fault for fault in left), left


@pytest.mark.parametrize("file", sorted(ANSWERS))
def test_answers_of_real_clusters_are_complete_and_hold_nothing_else(file: str) -> None:
    body = (RECORDED / file).read_bytes()
    assert contract().faults_of_answer(contract().named(ANSWERS[file]), 200, body) == []


@pytest.mark.parametrize("question", sorted(set(SHAPES) - {"refused"}))
def test_a_real_server_writes_out_every_documented_field(question: str) -> None:
    """What makes it right to ask the same of the simulated one."""
    document = contract(question.split("/")[2])
    documented, seen = document.places(document.named(question).answer), SHAPES[question]
    assert set(seen) <= set(documented)
    assert {place for place, types in seen.items() if not types <= documented[place]} == set()
    missing = {place for place in documented if is_missing(place, seen)}
    assert missing - {f".{name}" for name in ENVELOPE} == set()


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda job: job.pop("qos"), '.jobs[]: "qos" is a required property'),
        (lambda job: job.update(gpu=4), ".jobs[]: Additional properties are not allowed ('gpu' was unexpected)"),
        (lambda job: job.update(job_state="RUNNING"), '.jobs[].job_state: "RUNNING" is not of type "array"'),
        (lambda job: job.update(priority=7), '.jobs[].priority: 7 is not of type "object"'),
        (lambda job: job["time_limit"].update(number="60"), '.jobs[].time_limit.number: "60" is not of type "integer"'),
        (lambda job: job["time_limit"].pop("set"), '.jobs[].time_limit: "set" is a required property'),
        (lambda job: job.update(job_resources={}), '.jobs[].job_resources: "cpus" is a required property'),
        (lambda job: job.update(job_id=2**32), f".jobs[].job_id: {2**32} is greater than the maximum of {2**32 - 1}"),
    ],
)
def test_a_spoilt_answer_is_found_out(spoil: Any, fault: str) -> None:
    answer = json.loads((RECORDED / "slurmweb-25.11-v0.0.44-slurm-job-gpus-running.json").read_bytes())
    spoil(answer["jobs"][0])
    assert fault in contract().faults("openapi_job_info_resp", answer)


def test_an_unknown_word_is_found_out() -> None:
    answer = json.loads((RECORDED / "slurmweb-25.11-v0.0.44-slurm-job-gpus-running.json").read_bytes())
    answer["jobs"][0]["job_state"] = ["WALKING"]
    (fault,) = contract().faults("openapi_job_info_resp", answer)
    assert fault.startswith('.jobs[].job_state[]: "WALKING" is not one of ')


def test_a_refusal_is_found_out_that_names_nothing_or_holds_records() -> None:
    answer = json.loads((RECORDED / "slurmweb-25.11-v0.0.44-slurm-job-gpus-running.json").read_bytes())
    faults = contract().faults_of_answer(contract().named("GET /slurm/v0.0.44/jobs/"), 404, json.dumps(answer).encode())
    assert faults == [
        ".jobs: records in a refusal",
        ".last_backfill: records in a refusal",
        ".last_update: records in a refusal",
        ".errors: a refusal that names none",
    ]
