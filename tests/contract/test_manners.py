"""Wrong requests: refused as a real slurmrestd refuses them, in status, content type, number and words."""

import json
from typing import Any

import pytest
from tests.contract.asking import Asked
from tests.contract.manners import CTLD, JSON, WRONG, manners_of
from tests.contract.published import contract


@pytest.fixture(scope="module")
def centre() -> Asked:
    return Asked()


@pytest.fixture(scope="module")
def names(centre: Asked) -> dict[str, str]:
    return centre.names() | centre.made()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_request_is_refused_as_slurm_refuses_it(name: str, centre: Asked, names: dict[str, str]) -> None:
    wrong = WRONG[name]
    reply = centre.ask(wrong.method, wrong.url(names), wrong.content(names), token=wrong.token, headers=wrong.headers)
    answer: Any = json.loads(reply.body) if reply.content_type == JSON else reply.body.decode()
    said = manners_of(reply.status, reply.content_type, answer)
    assert said[:3] == wrong.said[:3], (said.text, wrong.by)
    assert wrong.said.text in said.text, wrong.by
    if reply.content_type == JSON:
        operation = contract().operation(wrong.method, wrong.path.format(**names))
        assert operation is not None
        assert contract().faults_of_answer(operation, reply.status, reply.body) == []
    else:
        assert said.text == wrong.said.text
        assert dict(reply.headers).get("connection", "").lower() == "close", "a plain refusal ends the connection"


def test_a_token_that_has_run_out_is_refused(centre: Asked) -> None:
    late = centre.world.keyring.mint(centre.user, centre.world.now() - 3600, 1800)
    reply = centre.ask("GET", f"{CTLD}/ping/", token=late)
    assert reply.status == 511
    assert [one["error_number"] for one in json.loads(reply.body)["errors"]] == [1007]


@pytest.mark.parametrize("header", ["x-slurm-user-token", "authorization"])
def test_a_token_is_taken_in_either_header(header: str, centre: Asked) -> None:
    proof = centre.token() if header.startswith("x-") else f"Bearer {centre.token()}"
    assert centre.ask("GET", f"{CTLD}/ping/", token="", headers={header: proof}).status == 200


@pytest.mark.parametrize("url", [f"{CTLD}/jobs/", f"{CTLD}/nodes/", f"{CTLD}/partitions/", f"{CTLD}/reservations/"])
def test_a_slash_at_the_end_makes_no_difference(url: str, centre: Asked) -> None:
    with_slash, without = centre.ask("GET", url), centre.ask("GET", url.rstrip("/"))
    assert with_slash.body == without.body
    assert with_slash.status == without.status == 200


@pytest.mark.parametrize("collection", ["nodes", "partitions", "reservations"])
def test_what_has_not_changed_is_not_sent_again(collection: str, centre: Asked) -> None:
    """Recorded: 304, no body."""
    later = int(centre.world.now()) + 3600
    reply = centre.ask("GET", f"{CTLD}/{collection}/?update_time={later}")
    assert (reply.status, reply.body) == (304, b"")


def test_jobs_that_have_not_changed_are_an_empty_list_with_a_warning(centre: Asked) -> None:
    """Recorded: 200, and a client that takes it for the queue clears its screen."""
    later = int(centre.world.now()) + 3600
    answer = centre.read(f"{CTLD}/jobs/?update_time={later}")
    assert answer["jobs"] == []
    assert [one["source"] for one in answer["warnings"]] == ["op_handler_jobs"]
    assert answer["warnings"][0]["description"].startswith(f"No job changes since update_time[{later}]=")
    assert answer["last_update"] == answer["last_backfill"] == {"set": True, "infinite": False, "number": 0}


def test_two_ids_with_an_escaped_comma_are_two_jobs(centre: Asked, names: dict[str, str]) -> None:
    """Source: slurm_load_job_state takes a list; only the bare comma is what breaks."""
    answer = centre.read(f"{CTLD}/jobs/state/?job_id={names['running']}%2C{names['foreign']}")
    assert sorted(one["job_id"] for one in answer["jobs"]) == sorted((names["running"], names["foreign"]))


def test_a_task_is_answered_with_its_whole_array_and_a_warning(centre: Asked, names: dict[str, str]) -> None:
    """Recorded (all records of the array), source jobs.c _handle_job_get (the warning)."""
    whole = centre.read(f"{CTLD}/job/{names['group']}")
    task = centre.read(f"{CTLD}/job/{names['group']}_1")
    assert task["jobs"] == whole["jobs"] != []
    assert [one["description"] for one in task["warnings"]] == [
        "Job array Ids are not currently supported for job searches. Showing all jobs in array instead."
    ]
