"""Counting accelerators: every spelling of Slurm's, and the sources in their order."""

from typing import Any

import pytest

from naru_client.model import Accelerators, NodeAccelerators
from naru_client.slurm import text_values, tres


def gpu(count: int, model: str | None = None, kind: str = "gpu") -> Accelerators:
    return Accelerators(kind, model, count)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cpu=8,mem=125G,node=1,billing=279,gres/gpu=8,gres/gpu:h100=8", (gpu(8, "h100"),)),
        ("cpu=8,gres/gpu=8", (gpu(8),)),
        ("gres/gpu=8,gres/gpu:h100=6,gres/gpu:a100=1", (gpu(6, "h100"), gpu(1, "a100"), gpu(1))),
        ("gres/gpu=2,gres/npu=1,gres/npu:rngd=1", (gpu(2), gpu(1, "rngd", "npu"))),
        ("gres/gpu:4", (gpu(4),)),
        ("gres:gpu:8", (gpu(8),)),
        ("gres:gpu:b200:8", (gpu(8, "b200"),)),
        ("gres/gpu:h100=8", (gpu(8, "h100"),)),
        ("gres/gpu:NVIDIA_A100_3g.20gb:2", (gpu(2, "nvidia_a100_3g.20gb"),)),
        ("gres/gpu", (gpu(1),)),
        ("gres:gpu:>=4", (gpu(4),)),
        ("gres/gpu:4090=2", (gpu(2, "4090"),)),
        ("gpu:h100:8(S:0-1)", (gpu(8, "h100"),)),
        ("gpu:h100:4(IDX:0-1,3,5),npu:rngd:1(IDX:0)", (gpu(4, "h100"), gpu(1, "rngd", "npu"))),
        ("gpu:h100:2,gpu:h200:4", (gpu(2, "h100"), gpu(4, "h200"))),
        ("gpu:k80:no_consume:2", (gpu(2, "k80"),)),
        ("gpu:2K", (gpu(2048),)),
        ("gpu:0(IDX:N/A),npu:0", ()),
        ("", ()), ("(null)", ()), ("N/A", ()),
        ("gres/shard=16,gres/mps:100,bandwidth:lustre:no_consume:4G,craynetwork:4", ()),
        ("license/gpu=4,license/vasp=2", ()),
        ("gres/gpu=4294967294", ()),
        ("gres/gpu:\x1b[31mred=1", (gpu(1, "\ufffdred"),)),
    ],
)  # fmt: skip
def test_every_spelling_is_counted_once(text: str, expected: tuple[Accelerators, ...]) -> None:
    assert tres.accelerators(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("125G", 125 << 30), ("62.50G", 67_108_864_000), ("4000M", 4000 << 20), ("512K", 512 << 10), ("1T", 1 << 40),
     ("16", 16 << 20), ("", None), ("lots", None)],
)  # fmt: skip
def test_memory_has_units(text: str, expected: int | None) -> None:
    assert tres.memory(text) == expected


def test_memory_of_a_tres_string() -> None:
    assert tres.memory_of("cpu=1,mem=62.50G,node=1") == 67_108_864_000
    assert tres.memory_of("cpu=1,mem=0,node=1") is None
    assert tres.memory_of("cpu=1,node=1") is None
    assert tres.number_of("cpu=16,mem=1G", "cpu") == 16


NOTHING_ASKED: dict[str, Any] = {
    "tres_per_job": "", "tres_per_node": "", "tres_per_task": "cpu=1", "tres_per_socket": "",
}  # fmt: skip


def test_the_allocation_goes_before_everything() -> None:
    found = tres.job_accelerators(
        tres_alloc="cpu=8,gres/gpu=8,gres/gpu:h100=8", gres_detail=["gpu:h100:8(IDX:0-7)"],
        tres_req="gres/gpu=4", tres_per_node="gres:gpu:4", nodes=2,
    )  # fmt: skip
    assert found == (gpu(8, "h100"),)


def test_devices_given_out_count_where_the_site_does_not_track_them() -> None:
    found = tres.job_accelerators(
        tres_alloc="cpu=1,mem=512M,node=2,billing=1",
        gres_detail=["gpu:h100:4(IDX:0-3)", "gpu:h100:2(IDX:0-1)"],
        tres_per_node="gres/gpu:1", nodes=2,
    )  # fmt: skip
    assert found == (gpu(6, "h100"),)


def test_a_tracked_count_takes_its_model_from_the_devices_or_the_request() -> None:
    assert tres.job_accelerators(tres_alloc="gres/gpu=8", gres_detail=["gpu:a100:5", "gpu:h100:3"]) == (
        gpu(5, "a100"),
        gpu(3, "h100"),
    )
    assert tres.job_accelerators(tres_req="gres/gpu=16", tres_per_node="gres:gpu:b200:8") == (gpu(16, "b200"),)
    assert tres.job_accelerators(tres_alloc="gres/gpu=8", gres_detail=["gpu:a100:1", "gpu:h100:1"]) == (gpu(8),)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"tres_per_job": "gres/gpu:4", "nodes": 9}, 4),
        ({"tres_per_node": "gres:gpu:4", "nodes": 3}, 12),
        ({"tres_per_task": "cpu=8,gres/gpu:1", "tasks": 5}, 5),
        ({"tres_per_socket": "gres/gpu:2", "sockets": 4}, 8),
        ({"tres_per_job": "gres/gpu:8", "tres_per_node": "gres/gpu:4", "nodes": 1}, 8),
    ],
)
def test_requests_are_multiplied_by_what_they_are_for(request_: dict[str, Any], expected: int) -> None:
    assert tres.job_accelerators(**{**NOTHING_ASKED, **request_}) == (gpu(expected),)


def test_kinds_are_found_one_by_one() -> None:
    found = tres.job_accelerators(tres_alloc="gres/gpu=2", gres_detail=["gpu:h100:2,npu:rngd:1"])
    assert found == (gpu(2, "h100"), gpu(1, "rngd", "npu"))


def test_none_and_not_told_differ() -> None:
    assert tres.job_accelerators(tres_alloc="cpu=1", **NOTHING_ASKED) == ()
    assert tres.job_accelerators(tres_alloc="cpu=1", tres_per_node="") is None
    assert tres.job_accelerators(**{**NOTHING_ASKED, "tres_per_node": "gres/gpu:4"}, nodes=None) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (("gpu:h100:8(S:0-1)", "gpu:h100:4(IDX:0-3)", None, None), [NodeAccelerators("gpu", "h100", 8, 4)]),
        (("gpu:h100:8", "gpu:h100:0(IDX:N/A),npu:0", None, None), [NodeAccelerators("gpu", "h100", 8, 0)]),
        (("gpu:8", "gpu:tesla:3(IDX:0-2)", None, None), [NodeAccelerators("gpu", None, 8, 3)]),
        (("gpu:h100:2,gpu:h200:4", "gpu:h100:1,gpu:h200:3", None, None),
         [NodeAccelerators("gpu", "h100", 2, 1), NodeAccelerators("gpu", "h200", 4, 3)]),
        (("gpu:h100:2,gpu:h200:4", "gpu:5", None, None),
         [NodeAccelerators("gpu", "h100", 2, 2), NodeAccelerators("gpu", "h200", 4, 3)]),
        (("gpu:h100:8", "gpu:h100:9", None, None), [NodeAccelerators("gpu", "h100", 8, 8)]),
        (("gpu:h100:8", "gpu:h100:6", "gres/gpu=8", "gres/gpu=2"), [NodeAccelerators("gpu", "h100", 8, 6)]),
        (("gpu:h100:8", "", "gres/gpu=8", "cpu=4,gres/gpu=2"), [NodeAccelerators("gpu", "h100", 8, 2)]),
        (("gpu:h100:8", "", "gres/gpu=8", None), [NodeAccelerators("gpu", "h100", 8, 0)]),
        (("gpu:h100:8", "", "cpu=64", "cpu=4"), [NodeAccelerators("gpu", "h100", 8, None)]),
        (("", "", "cpu=64,gres/npu=8,gres/npu:rngd=8", "gres/npu=5"), [NodeAccelerators("npu", "rngd", 8, 5)]),
        (("gpu:8", "", "gres/gpu=8,gres/gpu:h100=8", ""), [NodeAccelerators("gpu", "h100", 8, 0)]),
        (("shard:16,mps:400", "shard:4", None, None), []),
        ((None, None, None, None), []),
    ],
)  # fmt: skip
def test_accelerators_of_a_node(fields: tuple[str | None, ...], expected: list[NodeAccelerators]) -> None:
    assert list(tres.node_accelerators(*fields)) == expected


def test_an_idle_node_uses_nothing_even_where_no_field_says_so() -> None:
    assert tres.node_accelerators("gpu:h100:8", idle=True) == (NodeAccelerators("gpu", "h100", 8, 0),)


@pytest.mark.parametrize("digits", ["9" * 400, "9" * 5000])
def test_an_amount_of_hundreds_of_digits_is_no_amount(digits: str) -> None:
    assert tres.memory(digits + "G") is None
    assert tres.number_of(f"cpu={digits}", "cpu") is None
    assert tres.entries(f"gres/gpu={digits}") == ()
    assert text_values.whole_number(digits + "K") is None
    assert text_values.moment(digits) is None
    assert text_values.duration(f"{digits}-00:00:00") is None
