"""Real answers with any one field turned into something else: nothing raises, and no record is lost."""

import json
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.errors import BadAnswer
from naru_client.slurm import wire

DATA = Path(__file__).parent.parent / "data" / "slurm"
NOW = datetime(2026, 11, 22, 23, 46, 22, tzinfo=UTC)
SUBJECTS: dict[str, tuple[str, Callable[[bytes], Any]]] = {
    "lab-22.05-squeue.json": ("jobs", lambda b: wire.decode_jobs(b, site="x", now=NOW)),
    "lab-24.11-v0.0.42-jobs.json": ("jobs", lambda b: wire.decode_jobs(b, site="x", now=NOW)),
    "lab-26.05-v0.0.45-jobs.json": ("jobs", lambda b: wire.decode_jobs(b, site="x", now=NOW)),
    "lab-22.05-sacct.json": ("jobs", lambda b: wire.decode_history(b, site="x", now=NOW)),
    "lab-26.05-v0.0.45-history.json": ("jobs", lambda b: wire.decode_history(b, site="x", now=NOW)),
    "lab-22.05-sinfo.json": ("nodes", lambda b: wire.decode_nodes(b, site="x")),
    "lab-24.11-v0.0.42-nodes.json": ("nodes", lambda b: wire.decode_nodes(b, site="x")),
    "lab-22.05-partitions.json": ("partitions", lambda b: wire.decode_partitions(b, site="x")),
    "lab-26.05-v0.0.45-partitions.json": ("partitions", lambda b: wire.decode_partitions(b, site="x")),
    "lab-26.05-v0.0.45-reservations.json": ("reservations", lambda b: wire.decode_reservations(b, site="x")),
    "lab-22.05-ping.json": ("pings", wire.decode_ping),
}
ODD: list[Any] = [
    None, {}, [], "", "SPARKLING", "\x1b[31m", 0, -1, -2, 7, 4294967294, 4294967295, 2**64 - 1, 2**80, -(2**80), 1.5,
    1e308, True,
    ["SPARKLING"], [None], [{}], [[]], {"set": True}, {"set": True, "infinite": False, "number": {}},
    {"set": "yes", "infinite": 3, "number": "x"}, {"set": False, "infinite": True, "number": 0},
    {"set": True, "infinite": False, "number": {"set": True, "number": {"number": 1}}}, {"number": [1]}, "1-", "0xZZ",
    "0x" + "f" * 300, "9" * 400, "n[1-", "gpu:", "gres/gpu=", "=,=,", "%", "%a%", "١٢",
]  # fmt: skip


@lru_cache
def subject(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DATA / name).read_bytes())
    return loaded


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@pytest.mark.parametrize("name", SUBJECTS)
@given(data=st.data())
def test_no_field_can_lose_a_record(name: str, data: st.DataObject) -> None:
    key, decode = SUBJECTS[name]
    whole = json.loads(json.dumps(subject(name)))
    records = whole[key]
    for _ in range(data.draw(st.integers(1, 6))):
        _change(data, data.draw(st.sampled_from(records)))
    assert len(decode(json.dumps(whole).encode()).value) == len(records)


def _change(data: st.DataObject, place: Any) -> None:
    """Put something odd, or nothing, at one place in a record, however deep."""
    while place:
        at = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if isinstance(place[at], dict | list) and place[at] and data.draw(st.booleans()):
            place = place[at]
            continue
        if data.draw(st.integers(0, 9)) == 0:
            del place[at]
        else:
            place[at] = deepcopy(data.draw(st.sampled_from(ODD)))
        return


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_field_of_a_record_can_be_every_odd_value(name: str) -> None:
    key, decode = SUBJECTS[name]
    whole = dict(subject(name))
    for field in whole[key][0]:
        whole[key] = [{**subject(name)[key][0], field: odd} for odd in ODD]
        assert len(decode(json.dumps(whole).encode()).value) == len(ODD), field


@pytest.mark.parametrize("name", SUBJECTS)
def test_nothing_beside_the_records_can_lose_them(name: str) -> None:
    key, decode = SUBJECTS[name]
    for beside in ("meta", "errors", "warnings", "last_update", "last_backfill"):
        for odd in ODD:
            whole = {key: subject(name)[key][:1], beside: odd}
            assert len(decode(json.dumps(whole).encode()).value) == 1, (beside, odd)


@settings(max_examples=80, deadline=None, database=None, derandomize=True)
@given(share=st.floats(0, 0.999))
def test_an_answer_cut_anywhere_is_one_error(share: float) -> None:
    body = (DATA / "lab-22.05-partitions.json").read_bytes().rstrip()
    with pytest.raises(BadAnswer):
        wire.decode_partitions(body[: int(len(body) * share)], site="x")


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(body=st.binary(max_size=60))
def test_bytes_of_any_kind_raise_nothing_but_bad_answer(body: bytes) -> None:
    for decode in (wire.sniff, wire.decode_ping, lambda b: wire.decode_jobs(b, site="x", now=NOW)):
        with suppress(BadAnswer):
            decode(body)
