"""Counting accelerators: what is used, free and away must add up, whatever the nodes are in."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.insight.tally import fill_pools, tally
from naru_client.model import AcceleratorTally, Node, NodeAccelerators, NodeCondition, Pool


def node(
    name: str = "n1", condition: NodeCondition = "mixed", used: int | None = 0, total: int = 8, **more: Any
) -> Node:
    model, kind = more.pop("model", "h100"), more.pop("kind", "gpu")
    fields: dict[str, Any] = {"states": (condition.upper(),), "pools": ("h100",)} | more
    accelerators = (NodeAccelerators(kind, model, total, used),)
    return Node(site="s", name=name, condition=condition, accelerators=accelerators, **fields)


def one(*nodes: Node) -> AcceleratorTally:
    (found,) = tally(nodes)
    return found


def figures(found: AcceleratorTally) -> tuple[int, int | None, int | None, int]:
    return found.total, found.used, found.free, found.unavailable


@pytest.mark.parametrize(
    ("condition", "used", "expected"),
    [
        ("idle", 0, (8, 0, 8, 0)),
        ("idle", None, (8, 0, 8, 0)),
        ("mixed", 3, (8, 3, 5, 0)),
        ("mixed", None, (8, None, None, 0)),
        ("allocated", 8, (8, 8, 0, 0)),
        ("allocated", 2, (8, 2, 6, 0)),
        ("allocated", None, (8, None, None, 0)),
        ("draining", 5, (8, 5, 0, 3)),
        ("draining", None, (8, None, None, 0)),
        ("drained", 0, (8, 0, 0, 8)),
        ("drained", None, (8, 0, 0, 8)),
        ("down", None, (8, 0, 0, 8)),
        ("down", 4, (8, 0, 0, 8)),
        ("reserved", 0, (8, 0, 8, 0)),
        ("planned", None, (8, 0, 8, 0)),
        ("unknown", 2, (8, 2, 0, 6)),
        ("unknown", None, (8, None, None, 0)),
        ("mixed", 12, (8, 8, 0, 0)),
        ("mixed", -1, (8, 0, 8, 0)),
    ],
)
def test_each_condition_counts_by_its_rule(
    condition: NodeCondition, used: int | None, expected: tuple[int, int | None, int | None, int]
) -> None:
    assert figures(one(node(condition=condition, used=used))) == expected


def test_a_draining_node_never_makes_more_used_than_there_are() -> None:
    found = one(node("a", "draining", used=8), node("b", "mixed", used=6), node("c", "drained"))
    assert figures(found) == (24, 14, 2, 8)


def test_a_node_asleep_in_the_cloud_is_free() -> None:
    found = one(node("cloud", "idle", used=None, states=("IDLE", "CLOUD", "POWERED_DOWN")))
    assert figures(found) == (8, 0, 8, 0)
    assert found.free_by_node == ()  # it must wake first: nothing could start there now


def test_what_no_job_holds_on_a_waking_or_silent_node_is_away() -> None:
    waking = node("burst", "mixed", used=1, states=("MIXED", "CLOUD", "POWERING_UP", "NOT_RESPONDING"))
    assert figures(one(waking)) == (8, 1, 0, 7)


def test_a_node_under_maintenance_is_away_but_for_what_runs_on_it() -> None:
    assert figures(one(node(condition="mixed", used=3, states=("MIXED", "MAINTENANCE")))) == (8, 3, 0, 5)
    assert one(node(condition="mixed", used=3, states=("MIXED", "MAINTENANCE"))).free_by_node == ()


def test_blocks_are_of_nodes_that_take_work_now_and_the_largest_come_first() -> None:
    found = one(
        node("a", "mixed", 6), node("b", "mixed", 6), node("c", "idle", 0), node("d", "mixed", 8),
        node("e", "allocated", 4), node("f", "reserved", 0), node("g", "draining", 1), node("h", "down", 0),
    )  # fmt: skip
    assert found.free_by_node == ((8, 1), (2, 2))
    assert found.largest_free_block == 8


def test_free_blocks_that_are_known_stay_when_the_sum_is_not() -> None:
    found = one(node("a", "mixed", None), node("b", "idle", None))
    assert figures(found) == (16, None, None, 0)
    assert found.free_by_node == ((8, 1),)


def test_gpus_come_before_npus_and_the_most_numerous_first() -> None:
    nodes = [
        node("a", model="rngd", kind="npu", total=64), node("b", model="h100", total=8),
        node("c", model="b200", total=16),
        node("d", model="x", kind="fpga"), node("e", model=None, total=8),
    ]  # fmt: skip
    assert [(t.kind, t.model) for t in tally(nodes)] == [
        ("gpu", "b200"), ("gpu", "h100"), ("gpu", None), ("npu", "rngd"), ("fpga", "x"),
    ]  # fmt: skip


def test_one_model_listed_twice_in_a_node_is_one_block() -> None:
    twice = (NodeAccelerators("gpu", "h100", 4, 1), NodeAccelerators("gpu", "h100", 4, 0))
    found = one(Node(site="s", name="n", states=("MIXED",), condition="mixed", accelerators=twice))
    assert figures(found) == (8, 1, 7, 0)
    assert found.free_by_node == ((7, 1),)


def test_nodes_without_accelerators_leave_no_line() -> None:
    bare = Node(site="s", name="cpu-01", states=("IDLE",), condition="idle")
    assert tally([bare, node("n", total=0)]) == ()


def test_pools_are_filled_from_the_nodes_that_name_them() -> None:
    nodes = [
        node("a", "mixed", 2, pools=("h100", "all")), node("b", "drained", 0, pools=("h100", "all")),
        node("c", "idle", 0, pools=("all",), model="b200"), node("x", "idle", 0, pools=("h100",)),
    ]  # fmt: skip
    nodes[3] = Node(
        site="elsewhere", name="x", states=(), condition="idle", pools=("h100",), accelerators=nodes[3].accelerators
    )
    pools = [Pool(site="s", name=name, state="UP") for name in ("h100", "all", "lonely")]
    h100, everything, lonely = fill_pools(pools, nodes)
    assert [figures(t) for t in h100.accelerators] == [(16, 2, 6, 8)]
    assert h100.accelerators[0].pools == ("h100",)
    assert h100.nodes_by_condition == (("mixed", 1), ("drained", 1))
    assert h100.nodes == 2
    assert [t.model for t in everything.accelerators] == ["h100", "b200"]
    assert lonely == pools[2]


def test_what_the_source_says_of_a_pools_size_is_kept() -> None:
    (pool,) = fill_pools([Pool(site="s", name="h100", state="UP", nodes=99)], [node()])
    assert pool.nodes == 99


nodes_of_any_kind = st.builds(
    node,
    name=st.text("abc", max_size=2),
    condition=st.sampled_from(get_args(NodeCondition)),
    used=st.none() | st.integers(-2, 12),
    total=st.integers(0, 9),
    model=st.sampled_from(["h100", "b200", None]),
    kind=st.sampled_from(["gpu", "npu"]),
    states=st.sampled_from([(), ("MIXED",), ("IDLE", "MAINT"), ("IDLE", "POWERED_DOWN", "CLOUD")]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(nodes_of_any_kind, max_size=12))
def test_the_sums_always_add_up(nodes: list[Node]) -> None:
    found = tally(nodes)
    assert sum(t.total for t in found) == sum(a.total for n in nodes for a in n.accelerators)
    for t in found:
        blocks = sum(size * count for size, count in t.free_by_node)
        assert t.unavailable >= 0
        if t.used is None:
            assert t.free is None
        else:
            assert t.free is not None
            assert t.total == t.used + t.free + t.unavailable
            assert min(t.used, t.free) >= 0
            assert blocks <= t.free
        assert list(t.free_by_node) == sorted(t.free_by_node, reverse=True)
