"""Nodes, sinfo's groups of them, partitions, reservations and pings, in every version."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from naru_client.model import Node, NodeAccelerators
from naru_client.slurm import wire

DATA = Path(__file__).parent.parent / "data" / "slurm"


def body(name: str) -> bytes:
    return (DATA / name).read_bytes()


def nodes(name: str) -> dict[str, Node]:
    return {node.name: node for node in wire.decode_nodes(body(name), site="lab").value}


def answer(**lists: Any) -> bytes:
    return json.dumps(lists).encode()


@pytest.mark.parametrize("name", ["lab-22.05-sinfo.json", "lab-24.11-v0.0.42-nodes.json"])
def test_the_same_cluster_reads_the_same_in_both_forms(name: str) -> None:
    found = nodes(name)
    assert {n.name: n.condition for n in found.values()} == {
        "b200-01": "mixed", "b200-02": "mixed", "burst-01": "mixed", "burst-02": "idle", "burst-03": "idle",
        "burst-04": "idle", "cpu-01": "mixed", "cpu-02": "mixed", "cpu-03": "drained", "h100-01": "mixed",
        "h100-02": "down", "h200-01": "mixed", "h200-02": "draining", "npu-01": "mixed",
    }  # fmt: skip
    assert found["b200-01"].accelerators == (NodeAccelerators("gpu", "b200", 8, 8),)
    assert found["h200-02"].accelerators == (NodeAccelerators("gpu", "h200", 8, 2),)
    assert found["npu-01"].accelerators == (NodeAccelerators("npu", "rngd", 8, 5),)
    assert found["burst-02"].accelerators == (NodeAccelerators("gpu", "h100", 8, 0),)
    assert found["cpu-01"].accelerators == ()
    drained = found["h200-02"]
    assert (drained.reason, drained.reason_user) == ("ECC errors on GPU 3", "root")
    assert drained.reason_since is not None
    assert drained.states == ("MIXED", "DRAIN")
    assert (drained.cpus, drained.cpus_used, drained.memory, drained.memory_used) == (
        64, 8, 1_000_000 << 20, 32_000 << 20,
    )  # fmt: skip
    assert found["cpu-01"].reason_since is None
    assert found["b200-01"].features == ("b200", "nvlink", "rack1")
    assert set(found["b200-01"].pools) == {"b200", "all"}


def test_loads_are_hundredths_and_4294967294_is_none() -> None:
    found = nodes("lab-22.05-sinfo.json")
    assert found["b200-01"].cpu_load == 10.36
    assert found["burst-02"].cpu_load is None


def test_nodes_of_real_sites() -> None:
    [gpu1] = nodes("slurmweb-24.05-v0.0.41-slurm-node-with-gpus-model-allocated.json").values()
    assert (gpu1.condition, gpu1.accelerators) == ("allocated", (NodeAccelerators("gpu", "h100", 4, 4),))
    two_models = nodes("slurmweb-24.11-v0.0.42-slurm-nodes.json")
    assert two_models["ia2"].accelerators == (
        NodeAccelerators("gpu", "h100", 2, 0), NodeAccelerators("gpu", "h200", 4, 0),
    )  # fmt: skip
    assert (two_models["cn3"].condition, two_models["cn3"].reason) == ("down", "CPU dead")
    assert two_models["cn4"].condition == "drained"
    [one] = nodes("firecrest-mock-slurm_get_nodes.json").values()
    assert (one.condition, one.pools, one.memory_used) == ("idle", ("part01", "part02", "xfer"), 0)


def test_sinfo_groups_come_apart_into_the_nodes_scontrol_shows() -> None:
    groups = {n.name: n for n in wire.decode_sinfo(body("lab-24.11-v0.0.42-sinfo.json"), site="lab").value}
    single = nodes("lab-24.11-v0.0.42-nodes.json")
    assert groups.keys() == single.keys()
    for name, node in groups.items():
        for field in ("states", "condition", "accelerators", "cpus", "memory", "cpu_load", "features", "reason",
                      "reason_user", "reason_since"):  # fmt: skip
            assert getattr(node, field) == getattr(single[name], field), (name, field)
    assert groups["b200-01"].cpus_used is None  # two nodes use 64 together: how many each is not told
    assert groups["burst-03"].cpus_used == 0
    assert groups["h200-02"].cpus_used == 8


def test_a_node_of_two_partitions_is_one_node() -> None:
    def group(partition: str) -> dict[str, Any]:
        nodes = {"total": 2, "nodes": ["n[1-2]"]}
        return {"node": {"state": ["IDLE"]}, "nodes": nodes, "partition": {"name": partition}}

    found = wire.decode_sinfo(answer(sinfo=[group("a"), group("b")]), site="x").value
    assert [(n.name, n.pools) for n in found] == [("n1", ("a", "b")), ("n2", ("a", "b"))]


def test_sinfo_of_22_05_gives_nodes() -> None:
    assert len(wire.decode_sinfo(body("lab-22.05-sinfo.json"), site="lab").value) == 14


def test_sinfo_without_names_says_what_is_missing() -> None:
    group = {"node": {"state": ["IDLE"]}, "nodes": {"total": 3, "nodes": []}, "partition": {"name": "a"}}
    decoded = wire.decode_sinfo(answer(sinfo=[group]), site="x")
    assert decoded.value == ()
    assert decoded.warnings == ("3 nodes of sinfo come without a name, and are left out",)
    group["partition"] = {"name": "a", "nodes": {"configured": "n[1-3]", "total": 3}}
    assert [n.name for n in wire.decode_sinfo(answer(sinfo=[group]), site="x").value] == ["n1", "n2", "n3"]


def test_used_is_never_above_total() -> None:
    draining = {"name": "n", "state": ["MIXED", "DRAIN"], "gres": "gpu:h100:4", "gres_used": "gpu:h100:8"}
    [node] = wire.decode_nodes(answer(nodes=[draining]), site="x").value
    assert node.accelerators == (NodeAccelerators("gpu", "h100", 4, 4),)


def test_partitions_flat_and_nested() -> None:
    flat = {p.name: p for p in wire.decode_partitions(body("lab-22.05-partitions.json"), site="lab").value}
    nested = {p.name: p for p in wire.decode_partitions(body("lab-26.05-v0.0.45-partitions.json"), site="lab").value}
    assert (flat["b200"].max_time, flat["b200"].default_time, flat["b200"].unlimited_time) == (172800, 3600, False)
    assert (flat["b200"].nodes, flat["b200"].node_names, flat["b200"].max_nodes) == (2, "b200-[01-02]", None)
    assert flat["b200"].billing_weights == "CPU=0.1,Mem=0.01G,GRES/gpu:b200=8"
    assert (flat["cpu"].default, flat["b200"].default) == (True, False)
    assert (flat["closed"].state, flat["debug"].qos, flat["debug"].priority_tier) == ("DOWN", "debug", 10)
    assert (flat["all"].allow_qos, flat["all"].allow_accounts) == (("scavenger",), None)
    assert (nested["h100"].max_time, nested["h100"].default_time, nested["h100"].state) == (172800, 3600, "UP")
    assert (nested["h100"].nodes, nested["h100"].node_names) == (2, "gpu[01-02]")
    assert nested["h100"].billing_weights == "CPU=1.0,Mem=0.25G,GRES/gpu=30.0"
    assert (nested["cpu"].default, nested["h100"].default) == (True, False)


def test_partitions_without_a_time_limit() -> None:
    infinite = {"set": False, "infinite": True, "number": 0}
    listed = [{"name": "a", "max_time_limit": -1}, {"name": "b", "maximums": {"time": infinite, "nodes": infinite}},
              {"name": "c"}]  # fmt: skip
    found = wire.decode_partitions(answer(partitions=listed), site="x").value
    assert [(p.max_time, p.unlimited_time) for p in found] == [(None, True), (None, True), (None, False)]
    assert [p.state for p in found] == ["UNKNOWN"] * 3


def test_sinfo_repeats_its_partitions() -> None:
    found = wire.decode_sinfo_partitions(body("lab-24.11-v0.0.42-sinfo.json"), site="lab").value
    assert [p.name for p in found] == ["b200", "h200", "h100", "npu", "cpu", "burst"]
    assert found[0].max_time == 172800


def test_reservations_in_both_forms() -> None:
    old = wire.decode_reservations(body("lab-22.05-reservations.json"), site="lab").value
    new = wire.decode_reservations(body("lab-26.05-v0.0.45-reservations.json"), site="lab").value
    assert (old[0].name, old[0].maintenance, old[0].nodes, old[0].node_list) == ("maint", True, 2, "h200-01,npu-01")
    assert old[0].start == datetime.fromtimestamp(1795434276, UTC)
    assert (old[1].users, old[1].maintenance) == (("alice", "bob"), False)
    assert (new[0].maintenance, new[0].nodes) == (True, 4)
    assert new[1].accounts == ("ai4sci",)
    real = wire.decode_reservations(body("slurmweb-24.11-v0.0.41-slurm-reservations.json"), site="x").value
    assert [(r.name, r.users, r.accounts) for r in real] == [
        ("training2", (), ("biology",)), ("training", ("cpotter", "tpearson"), ("acoustic",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"hostname": "c", "ping": "UP", "status": 0, "mode": "primary"}, wire.Ping("c", True, True)),
        ({"hostname": "c", "ping": "DOWN", "status": 1, "mode": "backup1"}, wire.Ping("c", False, False)),
        ({"hostname": "c", "pinged": "UP", "responding": True, "primary": True}, wire.Ping("c", True, True)),
        ({"hostname": "c", "pinged": "DOWN", "responding": False, "primary": True}, wire.Ping("c", False, True)),
        ({"hostname": "c", "status": "UP", "primary": False}, wire.Ping("c", True, False)),
        ({"hostname": "c"}, wire.Ping("c", None, None)),
    ],
)
def test_a_ping_says_whether_a_controller_is_up(record: dict[str, Any], expected: wire.Ping) -> None:
    assert wire.decode_ping(answer(pings=[record])).value == (expected,)


def test_a_200_for_a_bad_token_is_not_up() -> None:
    [ping] = wire.decode_ping(body("lab-24.11-v0.0.42-ping-bad-token.json")).value
    assert ping.up is False
    [ping] = wire.decode_ping(body("lab-22.05-ping.json")).value
    assert ping.up is True
