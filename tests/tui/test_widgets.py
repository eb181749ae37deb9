"""Widgets by themselves: which columns fit, how lines wrap, what a node's cell says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.tui.fake import node

from naru.widgets.columns import Column, lay_out
from naru.widgets.hints import key_name
from naru.widgets.node_map import CELLS, cell_kind
from naru.widgets.text_lines import wrap
from naru_client.model import NodeAccelerators, NodeCondition


def column(name: str, width: int, rank: int = 0, grow: int = 0) -> Column:
    return Column(id=name, title=name, width=width, rank=rank, grow=grow, text=str)


def test_the_column_of_the_highest_rank_gives_way_first() -> None:
    columns = (column("id", 8), column("user", 8, rank=6), column("name", 10, rank=1, grow=1), column("why", 10))
    assert [c.id for c, _width in lay_out(columns, 40)] == ["id", "user", "name", "why"]
    assert [c.id for c, _width in lay_out(columns, 31)] == ["id", "name", "why"]
    assert [c.id for c, _width in lay_out(columns, 20)] == ["id", "why"]
    assert [c.id for c, _width in lay_out(columns, 3)] == ["id"]


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9), st.integers(0, 4)), min_size=1, max_size=12),
    st.integers(1, 200),
)
def test_columns_never_need_more_than_there_is(shapes: list[tuple[int, int, int]], width: int) -> None:
    columns = [column(str(n), w, rank, grow) for n, (w, rank, grow) in enumerate(shapes)]
    layout = lay_out(columns, width)
    assert layout
    assert sum(w for _c, w in layout) + len(layout) - 1 <= width
    assert [c.id for c, _w in layout] == sorted((c.id for c, _w in layout), key=int)


@given(st.text(max_size=200), st.integers(2, 60))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("condition", "used", "kind"),
    [
        ("idle", 0, "free"),
        ("mixed", 3, "part"),
        ("mixed", 8, "full"),
        ("allocated", 8, "full"),
        ("mixed", 0, "free"),
        ("planned", 0, "planned"),
        ("draining", 4, "draining"),
        ("drained", 0, "drained"),
        ("down", 0, "down"),
        ("unknown", 0, "unknown"),
    ],
)
def test_a_nodes_cell_tells_its_condition_and_how_full_it_is(condition: NodeCondition, used: int, kind: str) -> None:
    accelerators = (NodeAccelerators("gpu", "h100", 8, used),)
    assert cell_kind(node("n", condition=condition, accelerators=accelerators)) == kind


def test_cells_differ_by_shape_alone() -> None:
    assert len({fancy for fancy, _plain, _style in CELLS.values()}) == len(CELLS)
    assert len({plain for _fancy, plain, _style in CELLS.values()}) == len(CELLS)


def test_keys_are_called_as_people_call_them() -> None:
    assert [key_name(k) for k in ("ctrl+p", "question_mark", "enter", "slash,f", "j")] == ["^p", "?", "Enter", "/", "j"]
