"""Long answers of slurmrestd, decoded in pieces and by columns: what the whole says, and the same objects again."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naru_client.errors import BadAnswer
from naru_client.model import Job
from naru_client.slurm import json_pieces, wire_jobs
from naru_client.slurm.slices import at_once
from naru_client.slurm.wire import Decoded, JobsDecoder, decode_jobs

NOW = datetime(2026, 11, 23, 6, 0, 0, 500_000, tzinfo=UTC)
T = 1795408900
ENVELOPE = {
    "last_update": {"set": True, "infinite": False, "number": T},
    "meta": {"slurm": {"release": "25.11.0", "cluster": "lab"}},
    "errors": [],
    "warnings": [{"description": "a warning", "source": "jobs"}],
}


def told(value: int | None) -> dict[str, Any]:
    return {"set": value is not None, "infinite": False, "number": value or 0}


def record(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "account": "lab", "array_job_id": told(0), "array_task_id": told(None), "array_task_string": "", 
        "batch_flag": True,
        "command": "/home/alice/run.sh", "comment": "", "dependency": "", "eligible_time": told(T), 
        "end_time": told(T + 900),
        "exit_code": {"status": ["SUCCESS"], "return_code": told(0), "signal": {"id": told(None), "name": ""}},
        "gres_detail": [], "het_job_id": told(0), "het_job_offset": told(0), "job_id": number, "job_state": ["RUNNING"],
        "name": f"job-{number}", "nodes": "g-1", "cpus": told(8), "node_count": told(1), "tasks": told(1), 
        "partition": "gpu",
        "memory_per_node": told(None), "memory_per_cpu": told(1024), "pre_sus_time": told(0), "priority": told(7),
        "qos": "normal", "restart_cnt": 0, "resv_name": "", "scheduled_nodes": "", "start_time": told(T + 10),
        "state_description": "", "state_reason": "None", "standard_output": "%x-%j.out", "standard_error": "",
        "stdout_expanded": f"/home/alice/job-{number}-{number}.out", "stderr_expanded": "", "submit_time": told(T),
        "suspend_time": told(0), "time_limit": told(60), "tres_per_job": "", "tres_per_node": "gres/gpu:2",
        "tres_per_socket": "", "tres_per_task": "", "tres_req_str": "cpu=8,mem=8G,node=1,gres/gpu=2",
        "tres_alloc_str": "cpu=8,mem=8G,node=1,gres/gpu=2", "user_id": 1000, "user_name": "alice",
        "current_working_directory": "/home/alice", "job_resources": {"nodes": [{"account": "x"}, {"account": "y"}]},
    } | fields  # fmt: skip


ODD: dict[str, Any] = {
    "job_state": st.sampled_from([["PENDING"], ["RUNNING", "COMPLETING"], ["COMPLETED"], "RUNNING", [], None, 7]),
    "name": st.text(max_size=5) | st.none() | st.integers(),
    "array_job_id": st.sampled_from([told(5), 0, 5, None, told(4294967294)]),
    "array_task_id": st.sampled_from([told(3), told(None), 3]),
    "array_task_string": st.sampled_from(["", "1-3%2", None, "0x3F"]),
    "het_job_id": st.sampled_from([told(5), 0]),
    "priority": st.sampled_from([told(0), told(None), 5, 4294967294, -1, 2**63, "9", {"set": "yes", "number": 3}, {}]),
    "time_limit": st.sampled_from([told(0), {"set": False, "infinite": True, "number": 0}, 4294967295, 60, None]),
    "start_time": st.sampled_from([told(0), told(2**40), T, told(T + 99999)]),
    "suspend_time": st.sampled_from([told(T + 20), 0]),
    "gres_detail": st.sampled_from([["gpu:h100:2(IDX:0-1)"], "gpu:h100:1", None, [1]]),
    "tres_alloc_str": st.sampled_from(["", None, "cpu=1", "cpu=1,mem=1G,gres/gpu=1,gres/gpu:h100=1"]),
    "tres_per_socket": st.sampled_from(["gres/gpu:1", None]),
    "node_count": st.sampled_from([told(0), 2, told(3)]),
    "stdout_expanded": st.sampled_from(["", None, "/종", "rel", "/x-4294967294", "/e\u0301\x1b[1m", "/" + 5000 * "x"]),
    "standard_output": st.sampled_from(["", "%j", None]),
    "standard_error": st.sampled_from(["e-%j", None]),
    "batch_flag": st.sampled_from([False, None, "x"]),
    "user_name": st.sampled_from(["", None, "b\u202eob"]),
    "job_id": st.sampled_from([0, told(9), None, 4294967295]),
    "exit_code": st.sampled_from([256, told(9), "0:9", None]),
    "state_description": st.sampled_from(["QOSMaxGRES", "words of the site", None]),
    "current_working_directory": st.sampled_from(["", None]),
}  # fmt: skip


@st.composite
def jobs(draw: st.DrawFn) -> list[Any]:
    found: list[Any] = []
    for number in range(draw(st.integers(0, 12))):
        fields = draw(st.sets(st.sampled_from(sorted(ODD)), max_size=2))
        found.append(record(number + 1, **{field: draw(ODD[field]) for field in sorted(fields)}))
        if draw(st.integers(0, 20)) == 0:
            found.append(draw(st.sampled_from([None, 3, [], '},{"account":1', {"account": [{"account": 1}]}])))
    return found


def answer(records: list[Any], *, first: bool = True, indent: int | None = None) -> bytes:
    data = {"jobs": records} | ENVELOPE if first else ENVELOPE | {"jobs": records}
    return json.dumps(data, ensure_ascii=False, indent=indent).encode("utf-8", "surrogatepass")


def in_pieces(body: bytes, size: int = 0, decoder: JobsDecoder | None = None) -> Decoded[tuple[Job, ...]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_pieces, "PIECE", size)
        patch.setattr(wire_jobs, "SHORT", 0)
        return at_once((decoder or JobsDecoder()).slices(body, site="lab", now=NOW))[1]


@given(records=jobs(), first=st.booleans(), indent=st.sampled_from([None, 1]), size=st.integers(0, 9000))
def test_the_pieces_come_to_the_whole(records: list[Any], first: bool, indent: int | None, size: int) -> None:
    body = answer(records, first=first, indent=indent)
    assert in_pieces(body, size) == decode_jobs(body, site="lab", now=NOW)


@given(records=jobs(), place=st.integers(0, 1 << 16), junk=st.binary(max_size=4))
def test_a_broken_answer_is_the_same_trouble_in_pieces(records: list[Any], place: int, junk: bytes) -> None:
    body = answer(records)
    place %= len(body)
    body = body[:place] + junk + body[place + 2 :]
    try:
        whole = decode_jobs(body, site="lab", now=NOW)
    except BadAnswer as error:
        with pytest.raises(BadAnswer, match=re.escape(error.message)):
            in_pieces(body)
    else:
        assert in_pieces(body) == whole


def test_an_answer_is_really_taken_to_pieces() -> None:
    body = answer([record(number) for number in range(1, 21)])
    found = list(json_pieces.pieces(body, wire_jobs.decode_envelope, msgspec.json.decode))
    assert len(found) < 3  # a piece is large
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_pieces, "PIECE", 0)
        found = list(json_pieces.pieces(body, wire_jobs.decode_envelope, msgspec.json.decode))
    assert [one["job_id"] for piece in found for one in piece] == list(range(1, 20))  # the last stands with the rest


@pytest.mark.parametrize(
    "body",
    [
        b'{"meta":{"jobs":[{"account":1},{"account":2}]},"jobs":[]}',
        b'{"jobs":[{"account":1},{"account":2}],"jobs":[]}',
        b'{"jobs":[{"account":1},{"account":2}],"errors":[{"account":1},{"account":2}]}',
        b'{"x":"\\"jobs\\":[{\\"account\\":1},{","jobs":[{"account":"},{\\"account\\":"},{"account":2}]}',
    ],
)
def test_lists_that_only_look_like_the_jobs_are_not_cut(body: bytes) -> None:
    assert in_pieces(body) == decode_jobs(body, site="lab", now=NOW)


@given(changed=st.sets(st.integers(0, 8)), gone=st.sets(st.integers(0, 8)))
def test_a_job_that_is_as_it_was_is_the_same_object(changed: set[int], gone: set[int]) -> None:
    decoder = JobsDecoder()
    first = in_pieces(answer([record(n + 1, job_state=["PENDING"]) for n in range(9)]), 0, decoder).value
    left = [at for at in range(9) if at not in gone]
    after = [record(at + 1, job_state=["PENDING"], priority=told(7 + (at in changed))) for at in left]
    second = in_pieces(answer(after), 0, decoder).value
    assert [job is first[at] for at, job in zip(left, second, strict=True)] == [at not in changed for at in left]
