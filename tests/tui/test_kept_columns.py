"""A person's own columns: given widths hold, none is dropped, every one can be scrolled to."""

from hypothesis import given
from hypothesis import strategies as st

from naru.widgets.columns import Column, given_width, last_offset, lay_out, lay_out_scrolled


def column(name: str, width: int, grow: int = 0, most: int = 0) -> Column:
    return Column(
        id=name, title=name, width=width, grow=grow, most=most, rank=int(name) if name.isdigit() else 0, text=str
    )


shapes = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 4), st.integers(0, 60)), min_size=1, max_size=14)


def made(number: int, width: int, grow: int, given: int) -> Column:
    one = column(str(number), width, grow)
    return given_width(one, given) if given else one


tables = shapes.map(lambda found: [made(n, *shape) for n, shape in enumerate(found)])


def test_a_given_width_neither_grows_nor_widens() -> None:
    given_one = given_width(column("name", 10, grow=3, most=40), 12)
    assert (given_one.id, given_one.width, given_one.grow, given_one.most) == ("name", 12, 0, 0)
    assert [w for _c, w in lay_out([given_one, column("why", 18)], 80)] == [12, 18]


def test_a_given_width_shrinks_to_the_columns_own_before_any_gives_way() -> None:
    columns = [column("id", 6), given_width(column("name", 10), 30), column("why", 10, grow=1)]
    assert [w for _c, w in lay_out(columns, 60)] == [6, 30, 22]
    assert [w for _c, w in lay_out(columns, 40)] == [6, 22, 10]
    assert [w for _c, w in lay_out(columns, 28)] == [6, 10, 10]
    assert [w for _c, w in lay_out([given_width(column("id", 6), 3), column("why", 10)], 14)] == [3, 10]


def test_columns_scroll_by_whole_ones_beside_those_that_stay() -> None:
    columns = [column(name, 10) for name in "abcdef"]
    seen = [lay_out_scrolled(columns, 35, pinned=1, offset=n) for n in range(5)]
    assert ["".join(c.id for c, _w in shown) for shown, _l, _r in seen] == [
        "abcd",
        "acde",
        "adef",
        "aef",
        "aef",
    ]
    assert [(left, right) for _shown, left, right in seen] == [
        (False, True),
        (True, True),
        (True, True),
        (True, False),
        (True, False),
    ]
    assert [w for _c, w in seen[0][0]] == [10, 10, 10, 2]
    assert last_offset(columns, 35) == 3


def test_a_site_column_stays_with_the_id() -> None:
    columns = [column(name, 10) for name in "sibcdef"]
    shown, _left, _right = lay_out_scrolled(columns, 40, pinned=2, offset=99)
    assert [c.id for c, _w in shown] == ["s", "i", "f"]


@given(tables, st.integers(1, 160))
def test_what_fits_is_laid_out_as_ever(columns: list[Column], width: int) -> None:
    if sum(c.width for c in columns) + len(columns) - 1 <= width:
        assert lay_out_scrolled(columns, width, offset=3) == (lay_out(columns, width), False, False)
        assert last_offset(columns, width) == 0


@given(tables, st.integers(1, 160))
def test_columns_that_give_way_never_need_more_than_there_is(columns: list[Column], width: int) -> None:
    layout = lay_out(columns, width)
    assert layout
    assert sum(w for _c, w in layout) + len(layout) - 1 <= width
    assert all(min(width, c.least or c.width) <= w for c, w in layout)
    assert all(w <= c.width for c, w in layout if not c.grow)


@given(tables, st.integers(0, 160), st.integers(0, 3), st.integers(-2, 20))
def test_columns_never_need_more_than_there_is(columns: list[Column], width: int, pinned: int, offset: int) -> None:
    shown, _left, _right = lay_out_scrolled(columns, width, pinned, offset)
    assert sum(w for _c, w in shown) + max(0, len(shown) - 1) <= width
    assert all(w >= 1 for _c, w in shown) or not width
    assert [c.id for c, _w in shown] == sorted((c.id for c, _w in shown), key=int)
    assert len({c.id for c, _w in shown}) == len(shown)


@given(tables, st.integers(1, 160), st.integers(0, 3), st.integers(0, 20))
def test_pinned_columns_are_always_there(columns: list[Column], width: int, pinned: int, offset: int) -> None:
    shown, _left, _right = lay_out_scrolled(columns, width, pinned, offset)
    if width >= 2 * pinned + 1:
        assert [c.id for c, _w in shown][:pinned] == [c.id for c in columns[:pinned]]


@given(tables, st.integers(1, 160), st.integers(0, 3))
def test_every_column_can_be_reached(columns: list[Column], width: int, pinned: int) -> None:
    if width < 2 * pinned + 1:
        return
    seen: set[str] = set()
    offset, right = 0, True
    while right:
        shown, left, right = lay_out_scrolled(columns, width, pinned, offset)
        assert left == (offset > 0)
        seen |= {c.id for c, _w in shown}
        offset += 1
    assert offset - 1 == last_offset(columns, width, pinned)
    assert seen == {c.id for c in columns}


@given(tables, st.integers(20, 160), st.integers(0, 2))
def test_at_the_end_the_last_column_is_whole_or_alone(columns: list[Column], width: int, pinned: int) -> None:
    shown, _left, _right = lay_out_scrolled(columns, width, pinned, 99)
    last, wide = shown[-1]
    assert last.id == columns[-1].id
    assert wide >= last.width or len(shown) <= pinned + 1
