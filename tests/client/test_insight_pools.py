"""What could start now: never more than is there, and every free accelerator accounted for."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.insight.fragments import over_sites, remarks
from naru_client.insight.pools import SIZES, Startable, soonest, startable_by_pool, startable_by_site
from naru_client.model import Node, NodeAccelerators, NodeCondition, Pool


def node(used: int | None = 0, condition: NodeCondition = "mixed", total: int = 8, **more: Any) -> Node:
    fields: dict[str, Any] = {"site": "s", "name": "n", "states": (condition.upper(),), "pools": ("h100",)} | more
    accelerators = (NodeAccelerators("gpu", fields.pop("model", "h100"), total, used),)
    return Node(condition=condition, accelerators=accelerators, **fields)


def one(*nodes: Node) -> Startable:
    (found,) = startable_by_site(nodes)
    return found


def test_jobs_of_each_size_that_would_start_at_once() -> None:
    found = one(node(0, "idle"), node(0, "idle"), node(3), node(7), node(8))
    assert found.starts == ((8, 2), (4, 5), (2, 10), (1, 22))
    assert (found.largest_block, found.whole_nodes, found.free) == (8, 2, 22)


def test_sizes_beyond_a_whole_node_are_not_told_of() -> None:
    assert one(node(1, total=4)).starts == ((4, 0), (2, 1), (1, 3))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cpus": 64, "cpus_used": 64}, "no_cores"),
        ({"cpus": 64, "cpus_used": 64, "condition": "allocated"}, "no_cores"),
        ({"condition": "allocated"}, "no_cores"),
        ({"cpus": 64, "cpus_used": 3, "condition": "allocated"}, "allocated"),
        ({"memory": 2**30, "memory_used": 2**30}, "no_memory"),
        ({"condition": "planned", "states": ("IDLE", "PLANNED")}, "planned"),
        ({"states": ("MIXED", "PLANNED")}, "planned"),
        ({"condition": "reserved", "states": ("IDLE", "RESERVED")}, "reserved"),
        ({"reservation": "course"}, "reserved"),
        ({"condition": "idle", "states": ("IDLE", "CLOUD", "POWERED_DOWN")}, "asleep"),
    ],
)
def test_what_is_free_and_not_to_be_had_is_told_by_what_is_in_the_way(changes: dict[str, Any], field: str) -> None:
    found = one(node(4, **changes)) if "used" not in changes else one(node(**changes))
    assert getattr(found, field) == found.hindered == found.free == 4
    assert found.starts == ((8, 0), (4, 0), (2, 0), (1, 0))
    assert (found.largest_block, found.whole_nodes) == (0, 0)


@pytest.mark.parametrize("condition", ["drained", "draining", "down", "unknown"])
def test_nodes_out_of_service_give_nothing(condition: NodeCondition) -> None:
    found = one(node(2, condition), node(6))
    assert found.starts == ((8, 0), (4, 0), (2, 1), (1, 2))
    assert found.hindered == 0  # they are not free at all


def test_every_job_needs_a_core() -> None:
    assert one(node(0, cpus=64, cpus_used=61)).starts == ((8, 1), (4, 2), (2, 3), (1, 3))


def test_what_no_node_tells_is_unknown_and_what_some_do_not_is_a_floor() -> None:
    found = one(node(None))
    assert (found.free, found.starts, found.largest_block, found.whole_nodes) == (None, None, None, None)
    assert remarks(found) == ("of 1 node it is not told what is in use",)
    some = one(node(None), node(4))
    assert (some.free, some.untold_nodes, some.starts) == (None, 1, ((8, 0), (4, 1), (2, 2), (1, 4)))


def test_a_pool_that_is_down_starts_nothing_and_says_so() -> None:
    pools = [Pool(site="s", name="h100", state="DRAIN"), Pool(site="s", name="lonely", state="UP")]
    found = startable_by_pool(pools, [node(0, "idle")])
    (closed,) = found["s", "h100"]
    assert closed.free == 8
    assert closed.starts == ((8, 0), (4, 0), (2, 0), (1, 0))
    assert remarks(closed) == ("the pool is DRAIN: no job starts in it",)
    assert found["s", "lonely"] == ()


def test_pools_are_ranked_by_what_could_start_and_not_by_what_is_free() -> None:
    scattered = one(*[node(7)] * 40)
    together = one(node(0, "idle"))
    assert (scattered.free or 0) > (together.free or 0)
    assert sorted([scattered, together], key=soonest) == [together, scattered]


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([node(3), *[node(7)] * 32], ("37 free, but no node has 8 together: at most 5 on one node",)),
        ([node(0, "idle"), node(7)], ()),
        ([node(6)], ()),
        ([node(6), node(7)], ("3 free, at most 2 on one node",)),
        ([node(8)], ()),
        (
            [node(0, "idle"), node(4, cpus=8, cpus_used=8), *[node(0, cpus=8, cpus_used=8)]],
            ("12 free are stranded: their nodes have no cores left",),
        ),
        ([node(4, states=("MIXED", "PLANNED"))], ("4 free are on nodes planned for a waiting job",)),
        (
            [node(6), node(0, memory=1, memory_used=1), node(0, "reserved")],
            (
                "18 free, but no node has 8 together: at most 2 on one node",
                "8 free are stranded: their nodes have no memory left",
                "8 free are on reserved nodes",
            ),
        ),
    ],
)
def test_what_is_scattered_or_stranded_is_told_in_words(nodes: list[Node], said: tuple[str, ...]) -> None:
    assert remarks(one(*nodes)) == said


def test_a_job_cannot_span_sites() -> None:
    found = startable_by_site([node(4), node(6, site="t"), node(8, site="u"), node(0, model="b200", site="u")])
    (((_kind, model), text),) = over_sites(found)
    assert model == "h100"
    assert text == "6 free over 2 sites, but a job cannot span sites: the most at one is 4 (s)"


any_nodes = st.builds(
    node,
    used=st.none() | st.integers(0, 8),
    condition=st.sampled_from(get_args(NodeCondition)),
    total=st.integers(1, 8),
    cpus=st.none() | st.integers(0, 8),
    cpus_used=st.none() | st.integers(0, 8),
    memory=st.sampled_from([None, 8]),
    memory_used=st.sampled_from([None, 0, 8]),
    reservation=st.sampled_from([None, None, "r"]),
    states=st.sampled_from([(), ("MIXED", "PLANNED"), ("IDLE", "POWERED_DOWN"), ("MIXED", "MAINT")]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(any_nodes, min_size=1, max_size=12))
def test_no_more_starts_than_is_free_and_all_of_it_is_accounted_for(nodes: list[Node]) -> None:
    found = one(*nodes)
    startable = None if found.starts is None else dict(found.starts)
    assert (startable is None) == (found.largest_block is None) == (found.whole_nodes is None)
    if startable is not None and found.free is not None:
        assert found.hindered <= found.free
        for size, count in startable.items():
            assert size * count <= found.free - found.hindered
    if startable:
        assert [size for size, _count in found.starts or ()] == [s for s in SIZES if s <= found.node_size]
        counts = [startable[size] for size in sorted(startable, reverse=True)]
        assert counts == sorted(counts)  # whatever starts a larger job starts a smaller one
        assert (startable[1] > 0) == bool(found.largest_block)
    assert all(isinstance(text, str) and text for text in remarks(found))
