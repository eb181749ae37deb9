"""Nodes as racks, or as runs of their names: every node in one cell, in order, none of them too large."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naru_client.insight.node_filter import Texts, matching, node_texts
from naru_client.insight.racks import SIZES, cells, name_key, racks, span_name, units
from naru_client.model import Node


def node(name: str, features: tuple[str, ...] = (), site: str = "s", pool: str = "p") -> Node:
    return Node(site=site, name=name, states=("IDLE",), condition="idle", features=features, pools=(pool,))


def test_names_are_sorted_as_people_count() -> None:
    names = ["n10", "n2", "a1-n3", "n1", "gpu", "7", "n02x", "n"]
    assert sorted(names, key=name_key) == ["7", "a1-n3", "gpu", "n", "n1", "n2", "n02x", "n10"]


@pytest.mark.parametrize("feature", ["rack:12", "rack=12", "rack12", "Rack-12", "cab12", "chassis_12", "cabinet.12"])
def test_a_feature_that_says_rack_is_taken_at_its_word(feature: str) -> None:
    assert racks([node("n1", ("h100", feature))]) == ["12"]


def test_a_bare_r_and_number_is_a_rack_only_where_it_divides_the_nodes() -> None:
    divided = [node(f"n{i}", (f"r{i // 4}",)) for i in range(8)]
    assert racks(divided) == ["r0"] * 4 + ["r1"] * 4
    assert racks([node(f"n{i}", ("r640",)) for i in range(8)]) == [None] * 8  # a make, not a rack
    assert racks([node(f"n{i}", (f"r{i % 2}",)) for i in range(600)]) == [None] * 600


def test_a_unit_is_a_rack_or_a_run_of_one_pool() -> None:
    nodes = [
        node("a1", ("rack:1",)), node("b1", ("rack:1",)), node("c1"), node("c2"), node("c3", pool="q"), node("d1"),
        node("d2", site="t"),
    ]  # fmt: skip
    found = [(u.start, u.stop, u.site, u.rack) for u in units(nodes)]
    assert found == [
        (0, 2, "s", "1"), (2, 4, "s", None), (4, 5, "s", None), (5, 6, "s", None), (6, 7, "t", None),
    ]  # fmt: skip


def test_racks_stay_whole_and_runs_are_cut() -> None:
    nodes = [*(node(f"r{i}", ("rack:1",)) for i in range(18)), *(node(f"n{i}") for i in range(20))]
    assert cells(units(nodes), 8) == [0, 18, 26, 34]
    assert cells(units(nodes), 64) == [0]
    assert cells(units(nodes), 1) == list(range(38))


def test_small_units_share_a_cell_but_never_over_sites() -> None:
    nodes = [node("a"), node("b"), node("c", site="t"), node("d", site="t")]
    assert cells(units(nodes), 16) == [0, 2]


some_nodes = st.lists(
    st.builds(
        node,
        name=st.from_regex(r"[ab]{1,2}[0-9]{0,2}", fullmatch=True),
        features=st.sampled_from([(), ("rack:1",), ("rack:2",), ("r3",)]),
        site=st.sampled_from(["s", "t"]),
        pool=st.sampled_from(["p", "q"]),
    ),
    max_size=60,
)


@given(some_nodes, st.sampled_from(SIZES))
def test_every_node_is_in_one_cell_and_no_cell_is_too_large(nodes: list[Node], size: int) -> None:
    told = units(nodes)
    assert [u.start for u in told] == [0, *(u.stop for u in told)][: len(told)]
    starts = cells(told, size)
    assert starts == sorted(set(starts))
    assert starts[:1] == ([0] if nodes else [])
    for start, stop in pairwise([*starts, len(nodes)]):
        assert len({n.site for n in nodes[start:stop]}) == 1
        whole = [u for u in told if u.rack is not None and (u.start, u.stop) == (start, stop)]
        assert stop - start <= size or whole


@given(st.lists(st.from_regex(r"[a-z]{0,3}[0-9]{0,3}(-[a-z0-9]{0,3})?", fullmatch=True), max_size=30))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    assert sorted(sorted(names, key=name_key), key=name_key) == sorted(names, key=name_key)


def test_a_span_of_names_is_told_shortly_and_never_wrongly() -> None:
    assert span_name(["h001", "h002", "h003"]) == "h[001-003]"
    assert span_name(["h001", "h003"]) == "h001 .. h003"
    assert span_name(["a1", "b1"]) == "a1 .. b1"
    assert span_name(["x"]) == "x"
    assert span_name(["h1", "h"]) == "h1 .. h"


def test_words_narrow_nodes_by_all_that_is_told_of_them() -> None:
    nodes = [node("h1", pool="train"), node("h2"), node("h10", site="t")]
    texts: Texts[Node] = Texts(node_texts)
    assert [n.name for n in texts.filtered(nodes, "TRAIN idle")] == ["h1"]
    assert [n.name for n in texts.filtered(nodes, "h1")] == ["h1", "h10"]
    assert [n.name for n in texts.filtered(nodes, "h !train !t")] == ["h2"]
    assert matching(" ! ") is None
    assert texts.filtered(nodes, "  ") is nodes
    assert list(texts.filtered(nodes[:1], "h2")) == []
