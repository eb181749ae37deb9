"""The envelope: versions, errors, warnings, broken JSON, and telling what a recording holds."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from naru_client.errors import BadAnswer
from naru_client.slurm import versions, wire

DATA = Path(__file__).parent.parent / "data" / "slurm"
NOW = datetime(2026, 11, 22, 23, 46, 22, tzinfo=UTC)
DECODERS: dict[str, Callable[[bytes], wire.Decoded[Any]]] = {
    "jobs": lambda body: wire.decode_jobs(body, site="x", now=NOW),
    "history": lambda body: wire.decode_history(body, site="x", now=NOW),
    "nodes": lambda body: wire.decode_nodes(body, site="x"),
    "sinfo": lambda body: wire.decode_sinfo(body, site="x"),
    "partitions": lambda body: wire.decode_partitions(body, site="x"),
    "reservations": lambda body: wire.decode_reservations(body, site="x"),
    "ping": wire.decode_ping,
}


def jobs(body: bytes) -> wire.Decoded[Any]:
    return wire.decode_jobs(body, site="x", now=NOW)


KINDS = {
    "lab-22.05-squeue.json": "jobs", "lab-22.05-sacct.json": "history", "lab-22.05-sinfo.json": "nodes",
    "lab-22.05-partitions.json": "partitions", "lab-22.05-reservations.json": "reservations",
    "lab-22.05-associations.json": "associations", "lab-22.05-qos.json": "qos",
    "lab-24.11-v0.0.40-associations.json": "associations", "lab-24.11-v0.0.42-associations.json": "associations",
    "lab-24.11-v0.0.42-qos.json": "qos", "lab-24.11-v0.0.42-shares.json": "shares",
    "lab-26.05-v0.0.45-associations.json": "associations", "lab-26.05-v0.0.45-shares.json": "shares",
    "lab-22.05-ping.json": "ping", "lab-22.05-cancel-refused.json": "error",
    "lab-24.11-v0.0.42-jobs.json": "jobs", "lab-24.11-v0.0.42-nodes.json": "nodes",
    "lab-24.11-v0.0.42-ping-bad-token.json": "ping", "lab-24.11-v0.0.42-sacct.json": "history",
    "lab-24.11-v0.0.42-sinfo.json": "sinfo", "lab-26.05-v0.0.42-jobs.json": "jobs",
    "lab-26.05-v0.0.45-history.json": "history", "lab-26.05-v0.0.45-jobs.json": "jobs",
    "lab-26.05-v0.0.45-partitions.json": "partitions", "lab-26.05-v0.0.45-reservations.json": "reservations",
    "firecrest-mock-slurm_get_nodes.json": "nodes", "rivos-squeue_out.json": "jobs",
    "sarc-sacct-21_8_8.json": "history", "sarc-sacct-23_2_6.json": "history",
    "slurmweb-24.05-v0.0.41-slurm-node-with-gpus-model-allocated.json": "nodes",
    "slurmweb-24.11-v0.0.41-slurm-reservations.json": "reservations",
    "slurmweb-24.11-v0.0.42-slurm-job-unfound.json": "error", "slurmweb-24.11-v0.0.42-slurm-nodes.json": "nodes",
    "slurmweb-25.05-v0.0.43-slurm-job-gpus-pending.json": "jobs",
    "slurmweb-25.05-v0.0.43-slurmdb-job-gpus-multi-nodes.json": "history",
    "slurmweb-25.11-v0.0.44-slurm-job-gpus-running.json": "jobs",
    "slurmweb-25.11-v0.0.44-slurm-partitions.json": "partitions",
    "slurmweb-25.11-v0.0.44-slurmdb-job-failed.json": "history",
}  # fmt: skip


def test_every_recording_is_named_here() -> None:
    assert set(KINDS) == {path.name for path in DATA.glob("*.json")}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_a_recording_tells_what_it_is_and_decodes_as_that(name: str, kind: str) -> None:
    body = (DATA / name).read_bytes()
    assert wire.sniff(body) == kind
    if kind in DECODERS:
        assert DECODERS[kind](body).value


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"jobs": [], "meta": {"plugin": {"type": "openapi/slurmdbd"}}}, "history"),
        ({"jobs": [], "meta": {"plugin": {"type": "openapi/dbv0.0.37"}}}, "history"),
        ({"jobs": [], "meta": {"plugin": {"type": ""}, "command": ["/usr/bin/sacct", "-X"]}}, "history"),
        ({"jobs": [], "meta": {"plugin": {"type": "openapi/slurmctld", "accounting_storage": "slurmdbd"}}}, "jobs"),
        ({"jobs": [{"job_id": "6_4", "state": ["RUNNING"]}]}, "states"),
        ({"jobs": [{"jobId": "1", "name": "of another interface"}]}, "unknown"),
        ({"associations": []}, "associations"),
        ({"QOS": []}, "qos"),
        ({"TRES": []}, "tres"),
        ({"shares": {}}, "shares"),
        ({"errors": [{"error_number": 2002}]}, "error"),
        ({"errors": [], "meta": {}}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_kinds_without_records(answer: dict[str, Any], kind: str) -> None:
    assert wire.sniff(json.dumps(answer).encode()) == kind


@pytest.mark.parametrize(
    ("name", "meta"),
    [
        ("rivos-squeue_out.json", ("v0.0.37", "21.08.5", None)),
        ("sarc-sacct-21_8_8.json", ("v0.0.37", "21.08.8-2", None)),
        ("lab-22.05-squeue.json", ("v0.0.38", "22.05.8", None)),
        ("sarc-sacct-23_2_6.json", ("v0.0.39", "23.02.6", None)),
        ("lab-24.11-v0.0.42-jobs.json", ("v0.0.42", "24.11.5", "lab24")),
        ("lab-26.05-v0.0.45-jobs.json", ("v0.0.45", "26.05.3", "lab26")),
    ],
)
def test_who_answered(name: str, meta: tuple[str | None, ...]) -> None:
    assert jobs((DATA / name).read_bytes()).meta == wire.Meta(*meta)


def test_versions_of_odd_and_later_servers() -> None:
    assert versions.parser_version({"plugin": {"data_parser": "data_parser/v0.0.99+fast"}}) == "v0.0.99"
    assert versions.slurm_release({"Slurm": {"version": {"major": 22, "minor": 5, "micro": 8}}}) == "22.05.8"
    assert versions.parser_version(None) is None
    assert versions.slurm_release({"slurm": {"version": {"major": {}, "minor": 5}}}) is None
    assert versions.cluster_name({"slurm": {"cluster": ""}}) is None
    assert versions.NEGOTIATE[0] == "v0.0.45"
    assert versions.NEGOTIATE[-1] == "v0.0.38"
    assert len(versions.NEGOTIATE) == 8
    assert versions.best_parser(["v0.0.39", "data_parser/v0.0.42", "v0.0.41"]) == "v0.0.42"
    assert versions.best_parser(["v0.0.12"]) is None
    assert (versions.parser_number("v0.0.42"), versions.parser_number(None)) == (42, None)


def test_nothing_changed_is_not_nothing_there() -> None:
    said = [{"description": "No job changes since update_time[1795386905]=2026", "source": "jobs"}]
    update = {"set": True, "infinite": False, "number": 1795386905}
    decoded = jobs(json.dumps({"jobs": [], "warnings": said, "errors": [], "last_update": update}).encode())
    assert (decoded.unchanged, decoded.last_update, decoded.value) == (True, 1795386905, ())
    assert not jobs(b'{"jobs": [], "warnings": [], "errors": []}').unchanged
    assert not jobs(json.dumps({"jobs": [{"job_id": 1}], "warnings": said}).encode()).unchanged


def test_errors_and_warnings_are_cleaned_and_numbered() -> None:
    decoded = jobs(
        json.dumps({
            "errors": [
                {"description": "Unable to query JobId=1", "error_number": 2017, "error": "Invalid job id specified"},
                {"error": "Unable to read string", "error_code": 9202}, "odd\x1b[2J", None, {},
            ],
            "warnings": [{"warning": "old"}, {"description": "new\x1b]0;x\x07", "source": "s"}, 7, None],
        }).encode()
    )  # fmt: skip
    assert decoded.value == ()
    assert decoded.errors == (
        (2017, "Unable to query JobId=1: Invalid job id specified"), (9202, "Unable to read string"), (0, "odd\ufffd"),
    )  # fmt: skip
    assert decoded.warnings == ("old", "new\ufffd")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'{"jobs": [{"job_id": 1}, {"job_', "byte 31"),
        (b'{"jobs": [1,,2]}', "byte 12"),
        (b"Authentication failure", "not JSON"),
        (b"slurm_load_jobs error: \x1b[31mno", "not JSON"),
        (b"[]", "no object"),
        (b'"jobs"', "no object"),
        (b'{"nodes": []}', "no list of jobs"),
        (b'{"jobs": "all"}', "something else"),
        (b'{"jobs": {"1": {}}}', "something else"),
        pytest.param(b'{"jobs": [' + b"[" * 100_000, "nested too deeply", id="deep"),
    ],
)
def test_what_is_no_answer_is_one_line_with_a_hint(body: bytes, says: str) -> None:
    with pytest.raises(BadAnswer) as raised:
        jobs(body)
    assert says in raised.value.message
    assert raised.value.hint
    assert "\n" not in raised.value.message
    assert "\x1b" not in raised.value.message


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"nothing", b'{"jobs": [', pytest.param(b'{"x": ' + b"[" * 100_000, id="deep")]
)
def test_sniffing_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        wire.sniff(body)


@pytest.mark.parametrize("name", ["latin1", "control", "nan", "surrogate", "bom"])
def test_bytes_that_strict_readers_refuse_lose_nothing(name: str) -> None:
    body = {
        "latin1": b'{"jobs": [{"job_id": 7, "name": "caf\xe9"}]}',
        "control": b'{"jobs": [{"job_id": 7, "name": "a\x1b[31mb\nc"}]}',
        "nan": b'{"jobs": [{"job_id": 7, "name": "n", "billable_tres": NaN, "priority": Infinity}]}',
        "surrogate": b'{"jobs": [{"job_id": 7, "name": "a\\ud800b"}]}',
        "bom": b'\xef\xbb\xbf{"jobs": [{"job_id": 7, "name": "n"}]}',
    }[name]
    assert wire.sniff(body) == "jobs"
    [job] = jobs(body).value
    assert job.job_id == 7
    assert job.name.isprintable()
    assert job.name


def test_entries_that_are_no_records_are_told() -> None:
    decoded = jobs(b'{"jobs": [null, {"job_id": 7}, 3, "x", []]}')
    assert [job.id for job in decoded.value] == ["7"]
    assert decoded.warnings == ("4 entries among the jobs are no records, and left out",)
