"""Arranging columns: what the keys and the mouse do, what is kept of it, and that the preview is the table's header."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App
from textual.filter import LineFilter, NoColor
from textual.pilot import Pilot

from naru import textual_themes
from naru.format import Glyphs
from naru.guard import TerminalGuard
from naru.kept import KeptColumn, KeptView
from naru.screens.columns import ColumnsPreview, ColumnsScreen
from naru.widgets.column_draft import NARROWEST, Draft, draft_of
from naru.widgets.column_list import ColumnList
from naru.widgets.columns import Column
from naru.widgets.key_lines import KeyLines


def column(name: str, width: int = 10, grow: int = 0, ordered: bool = True) -> Column:
    return Column(
        id=name,
        title=name.capitalize(),
        width=width,
        grow=grow,
        rank=len(name),
        text=lambda row: f"{name} {row}",
        sort_key=str if ordered else None,
    )


KNOWN = (
    column("id", 6),
    column("name", 12, grow=1),
    column("state", 9),
    column("why", 18, ordered=False),
    column("account"),
    column("qos", 8),
)
USUAL = ("id", "name", "state", "why")
HIDDEN = ["account", "qos"]


class Host(App[None]):
    """An app that has nothing but the dialog."""

    def __init__(
        self, now: KeptView, ascii_only: bool, no_colour: bool, known: Sequence[Column], **more: object
    ) -> None:
        self.glyphs = Glyphs(ascii_only)
        self.no_colour = no_colour
        super().__init__()
        self.arranging = ColumnsScreen(
            known,
            now,
            "my jobs",
            usual=USUAL,
            sample="한글",
            **more,  # type: ignore[arg-type]  # the screen's own
        )
        self.kept: list[KeptView | None] = []

    def on_mount(self) -> None:
        textual_themes.register(self, "naru-dark")
        self.push_screen(self.arranging, self.kept.append)

    def get_line_filters(self) -> Sequence[LineFilter]:
        filters = [*super().get_line_filters(), TerminalGuard(self.glyphs)]
        return [*filters, NoColor()] if self.no_colour else filters


class Dialog:
    """The dialog as a person sees it."""

    def __init__(self, app: Host, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def lines(self) -> list[str]:
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def table(self) -> ColumnList:
        return self.app.arranging.query_one(ColumnList)

    @property
    def order(self) -> list[str]:
        return [entry.column.id for entry in self.table.draft.entries]

    @property
    def shown(self) -> list[str]:
        return [c.id for c in self.table.draft.columns]

    @property
    def preview(self) -> str:
        region = self.app.arranging.query_one(ColumnsPreview).region
        return "\n".join(line.rstrip() for line in self.lines[region.y : region.bottom])

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def click(self, x: int, line: int, times: int = 1) -> None:
        """On the list, `line` of its columns from 0."""
        await self.pilot.click(ColumnList, offset=(x, line + 1), times=times)
        await self.pilot.pause()


@asynccontextmanager
async def opened(
    now: KeptView = KeptView(),  # noqa: B008 (frozen)
    size: tuple[int, int] = (80, 24),
    *,
    ascii_only: bool = False,
    no_colour: bool = False,
    known: Sequence[Column] = KNOWN,
    **more: object,
) -> AsyncIterator[Dialog]:
    app = Host(now, ascii_only, no_colour, known, **more)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.pause()
        yield Dialog(app, pilot)


# ---- keys ----------------------------------------------------------------------------------------------------------


async def test_every_column_is_listed_those_shown_first() -> None:
    async with opened(KeptView((KeptColumn("qos"), KeptColumn("id", 9)), sort="id", reverse=True)) as dialog:
        assert dialog.order == ["qos", "id", "name", "state", "why", "account"]
        assert [line[: line.index("]") + 1].split("[")[1] for line in dialog.lines if "] " in line] == [
            "x]", "x]", " ]", " ]", " ]", " ]",
        ]  # fmt: skip
        (line,) = [line for line in dialog.lines if " Id " in line and "[x]" in line]
        assert "▼" in line
        assert " 9 " in line


async def test_space_hides_and_shows_and_enter_keeps() -> None:
    async with opened() as dialog:
        await dialog.press("j", "space", "G", "space", "enter")
        assert dialog.app.kept == [
            KeptView((KeptColumn("id"), KeptColumn("state"), KeptColumn("why"), KeptColumn("qos")))
        ]


async def test_escape_leaves_everything_as_it_was() -> None:
    async with opened() as dialog:
        await dialog.press("space", "escape")
        assert dialog.app.kept == [None]


async def test_what_ends_as_the_usual_keeps_nothing() -> None:
    async with opened() as dialog:
        await dialog.press("space", "space", "J", "K", "greater_than_sign", "0", "s", "s", "s", "enter")
        assert dialog.app.kept == [KeptView()]


async def test_a_sort_alone_keeps_no_columns() -> None:
    async with opened() as dialog:
        await dialog.press("j", "s", "enter")
        assert dialog.app.kept == [KeptView(sort="name")]


async def test_one_column_stays_and_says_so() -> None:
    async with opened(KeptView((KeptColumn("name"),))) as dialog:
        await dialog.press("space")
        assert dialog.shown == ["name"]
        assert "at least one column stays" in dialog.text
        await dialog.press("down")
        assert "at least one column stays" not in dialog.text


@pytest.mark.parametrize(("down", "up"), [("J", "K"), ("shift+down", "shift+up"), ("ctrl+down", "ctrl+up")])
async def test_columns_are_moved_and_the_cursor_goes_along(down: str, up: str) -> None:
    async with opened() as dialog:
        await dialog.press(down, down)
        assert dialog.order[:4] == ["name", "state", "id", "why"]
        assert dialog.table.cursor == 2
        await dialog.press(up, up, up, up)
        assert dialog.order == ["id", "name", "state", "why", *HIDDEN]
        assert dialog.table.cursor == 0


@pytest.mark.parametrize(("narrower", "wider"), [("less_than_sign", "greater_than_sign"), ("left", "right")])
async def test_widths_are_given_and_given_back(narrower: str, wider: str) -> None:
    async with opened() as dialog:
        await dialog.press(wider, wider, wider, narrower)
        assert dialog.table.draft.columns[0].width == 8
        await dialog.press(*[narrower] * 20)
        assert dialog.table.draft.columns[0].width == NARROWEST
        await dialog.press("0")
        assert dialog.table.draft.columns[0].width == 6
        assert dialog.table.draft.view == KeptView()


async def test_sorting_goes_up_down_and_away() -> None:
    async with opened() as dialog:
        found = []
        for _turn in range(3):
            await dialog.press("s")
            found.append((dialog.table.draft.sort, dialog.table.draft.reverse))
        assert found == [("id", False), ("id", True), ("", False)]
        await dialog.press("j", "j", "j", "s")
        assert dialog.table.draft.sort == ""
        assert "no order to sort by" in dialog.text


async def test_d_goes_back_to_the_default() -> None:
    now = KeptView((KeptColumn("qos", 3), KeptColumn("id")), sort="id")
    async with opened(now) as dialog:
        await dialog.press("d", "enter")
        assert dialog.app.kept == [KeptView()]


async def test_ids_that_are_no_longer_known_are_passed_over() -> None:
    async with opened(KeptView((KeptColumn("gone"), KeptColumn("name")), sort="gone")) as dialog:
        assert dialog.shown == ["name"]
        assert dialog.table.draft.sort == ""


async def test_every_key_can_be_given_another() -> None:
    async with opened() as dialog:
        ids = {one.binding.id for one in dialog.app.screen.active_bindings.values() if one.binding.description}
        own = {name for name in ids if name and name.startswith("columns.")}
        assert own >= {"columns.toggle", "columns.move-down", "columns.wider", "columns.sort", "columns.keep"}
        dialog.app.set_keymap({"columns.toggle": "t"})
        await dialog.press("t")
        assert dialog.shown == ["name", "state", "why"]
        assert "t show or hide" in dialog.text


# ---- the mouse -----------------------------------------------------------------------------------------------------


async def test_a_click_on_the_box_shows_or_hides() -> None:
    async with opened() as dialog:
        await dialog.click(2, 1)
        assert dialog.shown == ["id", "state", "why"]
        assert dialog.table.cursor == 1


async def test_a_click_elsewhere_moves_the_cursor_and_two_show_or_hide() -> None:
    async with opened() as dialog:
        await dialog.click(10, 2)
        assert (dialog.table.cursor, len(dialog.shown)) == (2, 4)
        await dialog.click(10, 2, times=2)
        assert dialog.shown == ["id", "name", "why"]


async def test_the_arrows_beside_a_width_can_be_clicked() -> None:
    async with opened() as dialog:
        line = dialog.lines[dialog.table.region.y + 1]
        left, right = line.index("<") - dialog.table.region.x, line.index(">") - dialog.table.region.x
        await dialog.click(right, 0)
        await dialog.click(right, 0)
        await dialog.click(left, 0)
        assert dialog.table.draft.columns[0].width == 7
        await dialog.click(right, 3)  # there are no arrows there until the cursor is
        assert dialog.table.cursor == 3
        assert dialog.table.draft.entries[3].width is None


async def test_a_click_under_sort_sorts() -> None:
    async with opened() as dialog:
        at = dialog.lines[dialog.table.region.y].index("Sort") - dialog.table.region.x
        await dialog.click(at, 1)
        assert dialog.table.draft.sort == "name"


async def test_a_line_is_dragged_to_its_place() -> None:
    async with opened() as dialog:
        await dialog.pilot.mouse_down(ColumnList, offset=(10, 1))
        for line in (2, 3, 4):
            await dialog.pilot.hover(ColumnList, offset=(10, line))
        await dialog.pilot.mouse_up(ColumnList, offset=(10, 4))
        await dialog.pilot.pause()
        assert dialog.order[:4] == ["name", "state", "why", "id"]
        await dialog.pilot.hover(ColumnList, offset=(10, 1))
        assert dialog.order[:4] == ["name", "state", "why", "id"]


async def test_the_keys_below_can_be_clicked() -> None:
    async with opened() as dialog:
        keys = dialog.app.arranging.query_one(KeyLines)
        for words in ("Space", "Enter"):
            ((x, y),) = [(line.index(words), n) for n, line in enumerate(dialog.lines) if words in line]
            await dialog.pilot.click(KeyLines, offset=(x - keys.region.x, y - keys.region.y))
            await dialog.pilot.pause()
        assert dialog.app.kept == [KeptView((KeptColumn("name"), KeptColumn("state"), KeptColumn("why")))]


# ---- what it looks like --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (60, 14), (40, 12)])
async def test_the_whole_of_it_is_in_sight(size: tuple[int, int]) -> None:
    async with opened(size=size, known=(*KNOWN, *(column(f"more{n}") for n in range(30)))) as dialog:
        assert all(cell_len(line) == size[0] for line in dialog.lines)
        assert "leave it" in dialog.text
        assert "Preview" in dialog.text
        await dialog.press("G")
        assert "More29" in dialog.text
        assert "leave it" in dialog.text


async def test_all_is_ascii_where_it_must_be() -> None:
    async with opened(ascii_only=True) as dialog:
        await dialog.press("s")
        assert dialog.text.isascii()


async def test_the_cursor_is_seen_without_colours() -> None:
    async with opened(no_colour=True) as dialog:
        strip = dialog.table.render_line(1)
        assert all(segment.style is not None and segment.style.reverse for segment in strip)
        assert not any(segment.style is not None and segment.style.reverse for segment in dialog.table.render_line(2))


async def test_the_preview_is_the_header_and_a_row() -> None:
    async with opened() as dialog:
        await dialog.press("s", "j", "space")
        label, header, row = dialog.preview.split("\n")
        assert header.split() == ["Id▲", "State", "Why"]
        assert row == " id 한… state 한… why 한글"
        assert label.strip() == "Preview"


async def test_the_preview_follows_the_column_at_hand() -> None:
    known = tuple(column(f"wide{n}", 30) for n in range(6))
    async with opened(KeptView(tuple(KeptColumn(c.id) for c in known)), known=(*KNOWN, *known)) as dialog:
        assert "scrolls" in dialog.preview
        assert "Wide4" not in dialog.preview
        await dialog.press("j", "j", "j", "j", "j")
        assert "Wide5" in dialog.preview
        assert "Wide0" in dialog.preview  # it stays


async def test_the_preview_says_how_many_usual_columns_give_way() -> None:
    async with opened(size=(44, 24)) as dialog:
        assert "1 column gives way" in dialog.preview


async def test_a_width_alone_makes_no_column_scroll() -> None:
    async with opened(size=(44, 24)) as dialog:
        await dialog.press("greater_than_sign")
        assert "1 column gives way" in dialog.preview
        await dialog.press("G", "space")
        assert "scrolls" in dialog.preview


async def test_where_the_usual_columns_scroll_the_preview_says_so() -> None:
    async with opened(size=(44, 24), gives_way=False) as dialog:
        assert "scrolls" in dialog.preview


async def test_a_column_ahead_is_no_ones_to_arrange() -> None:
    site = column("site", 8)
    now = KeptView((KeptColumn("site"), KeptColumn("name"), KeptColumn("id")))
    async with opened(now, known=(site, *KNOWN), ahead=(site,)) as dialog:
        assert "site" not in dialog.order
        assert dialog.preview.split("\n")[1].split() == ["Site", "Name", "Id"]
        await dialog.press("enter")
        assert dialog.app.kept == [KeptView((KeptColumn("name"), KeptColumn("id")))]


# ---- whatever one does ---------------------------------------------------------------------------------------------

steps = st.lists(st.tuples(st.sampled_from("tmwas"), st.integers(0, 5), st.integers(-8, 8)), max_size=40)


def after(draft: Draft, done: list[tuple[str, int, int]]) -> Draft:
    for what, index, by in done:
        if what == "t":
            draft = draft.toggled(index)
        elif what == "m":
            draft = draft.moved(index, index + by)
        elif what == "w":
            draft = draft.widened(index, by * 40)
        elif what == "a":
            draft = draft.automatic(index)
        else:
            draft = draft.sorted_by(index)
    return draft


@given(steps)
def test_no_column_is_lost_and_one_is_always_shown(done: list[tuple[str, int, int]]) -> None:
    draft = after(draft_of(KNOWN, KeptView(), USUAL), done)
    assert sorted(entry.column.id for entry in draft.entries) == sorted(c.id for c in KNOWN)
    assert draft.columns
    assert all(NARROWEST <= entry.width <= 200 for entry in draft.entries if entry.width is not None)


@given(steps)
def test_what_is_kept_brings_the_same_arrangement_back(done: list[tuple[str, int, int]]) -> None:
    draft = after(draft_of(KNOWN, KeptView(), USUAL), done)
    again = draft_of(KNOWN, draft.view, USUAL)
    assert again.view == draft.view
    assert [(c.id, c.width) for c in again.columns] == [(c.id, c.width) for c in draft.columns]
