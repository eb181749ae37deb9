"""The table: its cursor and marks stay on their rows, columns scroll beside the pinned one, and little is repainted."""

from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from naru import textual_themes, theming
from naru.format import Glyphs
from naru.widgets.columns import Column
from naru.widgets.line_table import LineTable
from naru.widgets.marking import Marks


class Item(Struct, frozen=True):
    key: str
    name: str = ""
    state: str = "PENDING"
    size: int = 0


STYLES = {"PENDING": "waiting", "RUNNING": "running"}
COLUMNS = (
    Column(id="key", title="ID", width=6, text=lambda r: r.key),
    Column(id="name", title="Name", width=10, grow=1, text=lambda r: r.name),
    Column(id="state", title="State", width=9, text=lambda r: r.state, style=lambda r: STYLES[r.state]),
    Column(id="size", title="Size", width=6, text=lambda r: str(r.size), align="right", rank=1),
)


class Host(App[None]):
    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs
        textual_themes.register(self, theming.DEFAULT)
        self.got: list[object] = []

    def compose(self) -> ComposeResult:
        yield LineTable(COLUMNS, lambda r: r.key, self.glyphs, markable=True, id="table")

    def on_mount(self) -> None:
        self.table.focus()

    @property
    def table(self) -> LineTable:
        return self.query_one(LineTable)

    def on_line_table_marked(self, message: LineTable.Marked) -> None:
        self.got.append(tuple(message.table.marks.keys))


@asynccontextmanager
async def hosting(width: int = 60, height: int = 12, ascii_only: bool = False) -> Any:
    app = Host(Glyphs(ascii_only=ascii_only))
    async with app.run_test(size=(width, height)) as pilot:
        yield pilot


def items(*keys: str) -> tuple[Item, ...]:
    return tuple(Item(key, f"name {key}") for key in keys)


def table_of(pilot: Pilot[None]) -> LineTable:
    return pilot.app.query_one(LineTable)


def keys(table: LineTable) -> tuple[object, ...]:
    return table.marks.keys


def on(table: LineTable) -> str:
    """The key of the row under the cursor."""
    assert table.current is not None
    return str(table.current.key)


def lines(table: LineTable) -> list[str]:
    return [table.render_line(y).text for y in range(table.size.height)]


async def test_the_cursor_stays_on_its_row() -> None:
    async with hosting() as pilot:
        table = table_of(pilot)
        table.set_rows(items("1", "2", "3"))
        await pilot.press("down")
        table.set_rows(items("9", "8", "1", "3", "2"))
        assert on(table) == "2"
        table.set_rows(items("9", "8", "1", "3"))
        assert on(table) == "3"  # gone: what stands nearest
        table.set_rows(())
        assert table.current is None


async def test_the_cursor_comes_back_to_a_row_that_was_filtered_out() -> None:
    async with hosting() as pilot:
        table = table_of(pilot)
        table.set_rows(items("1", "2", "3"))
        await pilot.press("down")
        table.set_rows(items("3"))
        table.set_rows(())
        table.set_rows(items("1", "2", "3"))
        assert on(table) == "2"
        table.set_rows(items("1", "3"))
        await pilot.press("up")
        table.set_rows(items("1", "2", "3"))
        assert on(table) == "1"  # where the person has put it since


async def test_the_cursor_stays_in_view_when_its_row_moves_far() -> None:
    async with hosting() as pilot:
        table = table_of(pilot)
        many = items(*(str(n) for n in range(200)))
        table.set_rows(many)
        await pilot.press("down", "down")
        await pilot.pause()
        table.set_rows((*many[100:], *many[:100]))
        await pilot.pause()
        assert on(table) == "2"
        assert lines(table)[3].startswith("2 ")


async def test_marks_stay_on_their_rows() -> None:
    async with hosting() as pilot:
        table = table_of(pilot)
        table.set_rows(items("1", "2", "3", "4", "5"))
        await pilot.press("space", "down", "space")
        assert keys(table) == ("1", "3")
        assert [row.key for row in table.marked_rows()] == ["1", "3"]
        table.set_rows(items("5", "3", "2", "1"))
        assert [row.key for row in table.marked_rows()] == ["3", "1"]
        marked = [line for line in lines(table) if "●" in line]
        assert [line.split("●")[0].strip() for line in marked] == ["3", "1"]
        assert pilot.app.got[-1] == ("1", "3")


async def test_ranges_are_marked_and_unmarked() -> None:
    async with hosting() as pilot:
        table = table_of(pilot)
        table.set_rows(items("1", "2", "3", "4", "5", "6"))
        await pilot.press("space", "down", "down", "V")
        assert keys(table) == ("1", "2", "3", "4")
        await pilot.press("k", "space", "k", "k", "V")  # takes the mark of 3 away, then of all from 2 to 3
        assert keys(table) == ("1", "4")
        await pilot.press("asterisk")
        assert not table.marks
        await pilot.press("asterisk")
        assert len(table.marks) == 6
        await pilot.press("asterisk", "g", "shift+down", "shift+down")
        assert keys(table) == ("1", "2", "3")


async def test_a_mark_is_an_ascii_sign_where_only_that_can_be_shown() -> None:
    async with hosting(ascii_only=True) as pilot:
        table = table_of(pilot)
        table.set_rows(items("1", "2"))
        await pilot.press("space")
        assert lines(table)[1].startswith("1     *name 1")


async def test_columns_scroll_beside_the_pinned_one() -> None:
    async with hosting(width=24) as pilot:
        table = table_of(pilot)
        table.set_columns(COLUMNS, pinned=1, arranged=True)
        table.set_rows(items("1", "2"))
        assert lines(table)[0].startswith("ID     Name")
        assert "›" in lines(table)[0]
        await pilot.press("right")
        assert "State" in lines(table)[0]
        assert lines(table)[0].startswith("ID    ‹")
        await pilot.press("right", "right", "right")
        assert "Size" in lines(table)[0]
        assert lines(table)[1].startswith("1 ")
        await pilot.press("left", "left", "left", "left")
        assert lines(table)[0].startswith("ID     Name")


async def test_what_is_left_out_for_want_of_room_is_reached_sideways() -> None:
    async with hosting(width=28) as pilot:
        table = table_of(pilot)
        table.set_rows(items("1"))
        assert "Size" not in lines(table)[0]
        await pilot.press("right", "right")
        assert "Size" in lines(table)[0]
        await pilot.press("left", "left", "left")
        assert "Size" not in lines(table)[0]


@pytest.fixture
def repainted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Region]]:
    """The regions of which the table has asked to be drawn again, since it was last asked."""
    regions: list[Region] = []
    real = LineTable.refresh

    def refresh(self: LineTable, *some: Region, **options: Any) -> Any:
        regions.extend(some or [Region(0, 0, self.size.width, self.size.height)])
        return real(self, *some, **options)

    monkeypatch.setattr(LineTable, "refresh", refresh)

    def since() -> list[Region]:
        found = list(regions)
        regions.clear()
        return found

    return since


async def test_only_the_cells_that_changed_are_repainted(repainted: Callable[[], list[Region]]) -> None:
    async with hosting() as pilot:
        table = table_of(pilot)
        many = items(*(str(n) for n in range(200)))
        table.set_rows(many)
        await pilot.pause()
        repainted()
        table.set_rows(many)
        assert repainted() == []
        table.set_rows((*many[:3], replace(many[3], state="RUNNING", size=7), *many[4:150], replace(many[150], size=9)))
        await pilot.pause()
        state = next(p for p in table._layout if p.column.id == "state")
        size = next(p for p in table._layout if p.column.id == "size")
        assert repainted() == [Region(state.x, 4, size.x + size.width - state.x, 1)]


async def test_another_number_of_rows_out_of_view_repaints_nothing(repainted: Callable[[], list[Region]]) -> None:
    async with hosting() as pilot:
        table = table_of(pilot)
        many = items(*(str(n) for n in range(200)))
        table.set_rows(many)
        await pilot.pause()
        repainted()
        table.set_rows(many[:150])
        await pilot.pause()
        assert repainted() == []


WIDE = st.text(st.sampled_from("aZ한글国é́ あ0-"), max_size=20)


@settings(max_examples=40, deadline=None)
@given(names=st.lists(WIDE, min_size=1, max_size=5))
def test_lines_are_as_wide_as_the_table_whatever_they_hold(names: list[str]) -> None:
    from naru.widgets.columns import lay_out
    from naru.widgets.line_painting import aligned, placed

    for width in (20, 41, 60):
        for one in placed(lay_out(COLUMNS, width)):
            for name in names:
                assert cell_len(aligned(name, one, Glyphs(ascii_only=False))) == one.width


def test_marks_of_rows_that_are_gone_are_dropped_when_asked() -> None:
    marks = Marks().toggled("1").toggled("2")
    assert marks.kept(["2", "3"]).keys == ("2",)
    assert marks.kept(["1", "2", "9"]).keys == marks.keys
