"""Older versions of the contract, as projections of v0.0.44: what they do not have is left out.

Told from a list that is written already, so an older contract costs a decoding and an encoding more.
"""

import re
from typing import Any

import msgspec

from naru_client.mock.wire_values import Body, Records

CONTRACTS = ("v0.0.44", "v0.0.43", "v0.0.42")  # newest first; each lacks what those before it lack, and more

# Fields that came with the version after each, by the list of the body they are in.
_LATER: dict[str, dict[str, tuple[str, ...]]] = {
    "v0.0.43": {"slurm/jobs": ("step_id", "submit_line"), "users": ("default.qos",), "licenses": ("Nodes",)},
    "v0.0.42": {
        "slurm/jobs": (
            "licenses_allocated", "segment_size", "stdin_expanded", "stdout_expanded", "stderr_expanded",
        ),
        "slurmdb/jobs": ("segment_size", "reservation.requested"),
        "nodes": ("tls_cert_last_renewal", "cert_flags", "topology"),
        "partitions": ("topology",),
    },
}  # fmt: skip
# Requeueing came with v0.0.45. A release that speaks it answers that much of it: nothing else of it is served.
REQUEUEING = "v0.0.45"
_REQUEUES = re.compile(r"slurm/(jobs/requeue|job/[^/]+/requeue)")
_LATER_PATHS = {"v0.0.43": ("slurm/resources", "util/")}


def served(part: str, tail: str, contract: str) -> bool:
    """Whether a path is there in a contract."""
    if contract == REQUEUEING or requeues(part, tail):
        return contract == REQUEUEING and requeues(part, tail)
    older = CONTRACTS.index(contract) if contract in CONTRACTS else 0
    missing = [path for version in CONTRACTS[: older + 1] for path in _LATER_PATHS.get(version, ())]
    return not f"{part}/{tail}".startswith(tuple(missing))


def requeues(part: str, tail: str) -> bool:
    """Whether a path is one of those that put jobs back."""
    return _REQUEUES.fullmatch(f"{part}/{tail}") is not None


def project(part: str, body: Body, contract: str) -> Body:
    """A body as that contract has it."""
    older = CONTRACTS.index(contract) if contract in CONTRACTS else 0
    if not older:
        return body
    body = dict(body)
    for version in CONTRACTS[1 : older + 1]:
        for name, value in body.items():
            fields = _LATER[version].get(f"{part}/{name}") or _LATER[version].get(name)
            if fields and isinstance(value, list):
                body[name] = [_without(record, fields, version) for record in _decoded(value)]
    return body


def _decoded(records: list[Any]) -> list[Body]:
    if not isinstance(records, Records):
        return records
    found: list[Body] = msgspec.json.decode(records.joined(b"", b""))
    return found


def _without(record: Body, fields: tuple[str, ...], version: str) -> Body:
    record = dict(record)
    if version == "v0.0.42" and "stdout_expanded" in record and "standard_output" in record:
        record["standard_output"] = record["stdout_expanded"]  # which was filled in itself until then
        record["standard_error"] = record["stderr_expanded"]
        record["standard_input"] = record["stdin_expanded"]
    for field in fields:
        name, _, inner = field.partition(".")
        if inner:
            record[name] = {key: value for key, value in record.get(name, {}).items() if key != inner}
        else:
            record.pop(name, None)
    return record
