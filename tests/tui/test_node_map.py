"""The node map: every node in one cell, all of them in view, and nothing drawn that has not changed."""

from collections.abc import Generator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.tui.fake import FakeCentre, node
from tests.tui.screen import Screen, opened
from textual.geometry import Region

from naru.widgets.node_map import NodeMap
from naru.widgets.node_map_looks import KINDS, MODES, WORDS, Looks, drawn, lettered, look
from naru.widgets.node_map_model import MapModel
from naru.widgets.node_map_plan import SLICE, Layout, fitted, laid_out
from naru_client.model import Node, NodeAccelerators


def gpus(model: str = "h100", used: int | None = 0, total: int = 8) -> tuple[NodeAccelerators, ...]:
    return (NodeAccelerators("gpu", model, total, used),)


def farm(number: int, used: int = 0, prefix: str = "n", **changes: Any) -> tuple[Node, ...]:
    return tuple(node(f"{prefix}{i:05d}", used, **changes) for i in range(number))


def ended(work: Generator[None, None, list[int] | None]) -> tuple[list[int] | None, int]:
    """What came of it, and in how many goes."""
    goes = 1
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value, goes
        goes += 1


def mapped(nodes: Sequence[Node], width: int = 70, height: int = 5) -> MapModel:
    model = MapModel()
    model.room = (width, height)
    ended(model.take_up(nodes))
    model.lay_out(None)
    return model


def names(model: MapModel) -> list[list[str]]:
    return [[model.node(place).name for place in model.layout.span(c)] for c in range(len(model.layout.starts))]


@pytest.mark.parametrize("number", [1, 60, 325, 5713, 32_500])
@pytest.mark.parametrize("room", [(70, 3), (70, 5), (53, 36), (20, 2)])
def test_all_nodes_are_in_view_whatever_their_number(number: int, room: tuple[int, int]) -> None:
    layout = mapped(farm(number), *room).layout
    assert len(layout.lines) <= room[1]
    assert layout.nodes_between(0, room[1]) == number
    assert sum(piece.count for line in layout.lines for piece in line) == len(layout.starts)


def test_the_finest_scale_that_fits_is_taken() -> None:
    assert mapped(farm(300)).layout.size == 1
    assert mapped(farm(400), 70, 5).layout.size > 1
    model = mapped(farm(5713), 70, 5)
    finer = {size for size in (1, 4, 8, 16) if size < model.layout.size}
    arrangement = model._arrangement
    assert all(len(laid_out(arrangement, size, 70, 5).lines) > 5 for size in finer)


def test_many_small_groups_stand_beside_each_other() -> None:
    nodes = [node(f"n{i}", accelerators=gpus(f"m{i % 12}")) for i in range(60)]
    layout = mapped(nodes, 70, 4).layout
    assert len(layout.lines) <= 4
    assert layout.nodes_between(0, 4) == 60


def test_racks_are_cells_where_nodes_tell_them() -> None:
    nodes = [node(f"n{i:03d}", features=("h100", f"rack:{i // 18}")) for i in range(720)]
    model = mapped(nodes, 70, 3)
    assert model.by_rack
    spot = model.spot(1)
    assert spot is not None
    assert (spot.name, spot.rack, len(spot.nodes)) == ("1", True, 18)


any_nodes = st.lists(
    st.builds(
        node,
        name=st.from_regex(r"[abc][0-9]{1,2}", fullmatch=True),
        used=st.integers(0, 8),
        site=st.sampled_from(["s", "t"]),
        accelerators=st.sampled_from([(), gpus(), gpus("b200", 3), gpus("b200", None)]),
        condition=st.sampled_from(["idle", "mixed", "down", "drained", "draining", "allocated", "planned", "reserved"]),
        features=st.sampled_from([(), ("rack:1",), ("rack:2",)]),
        pools=st.sampled_from([(), ("p",), ("q", "p"), ("국가연구",)]),
    ),
    max_size=70,
    unique_by=lambda n: (n.site, n.name),
)


@settings(max_examples=120, deadline=None)
@given(any_nodes, st.integers(1, 90), st.integers(1, 12), st.sampled_from(MODES))
def test_every_node_is_drawn_once_wherever_it_fits(nodes: list[Node], width: int, height: int, mode: str) -> None:
    model = MapModel()
    model.mode = next(m for m in MODES if m == mode)
    model.room = (width, height)
    ended(model.take_up(nodes))
    model.lay_out(None)
    layout = model.layout
    assert sorted(name for cell in names(model) for name in cell) == sorted(n.name for n in nodes)
    cells = [cell for line in layout.lines for p in line for cell in range(p.first, p.first + p.count)]
    assert cells == list(range(len(layout.starts)))
    for cell in cells:
        line = layout.line_of(cell)
        x = layout.x_of(line, cell)
        assert layout.cell_at(line, x) == layout.nearest(line, x) == cell
        assert sum(len(drawn(part, True)) for part in model.look_of(cell)) == layout.width
        assert all(drawn(part, True).isascii() for part in model.look_of(cell))
    shown = {drawn(part, True) for cell in cells for part in model.look_of(cell)} - {" "}
    told = {shape for shape, _word in model.legend(True)}
    assert {s for s in shown if not s.islower() or s in {k[1] for k in KINDS.values()}} <= told | {"a-z"}


@settings(max_examples=60, deadline=None)
@given(any_nodes, st.data())
def test_taking_up_changes_is_the_same_as_taking_up_all_anew(nodes: list[Node], data: st.DataObject) -> None:
    model = mapped(nodes)
    for cell in range(len(model.layout.starts)):
        model.look_of(cell)
    changed = [
        replace(n, condition=data.draw(st.sampled_from(["idle", "down", "mixed"]))) if data.draw(st.booleans()) else n
        for n in nodes
    ]
    before = [model.look_of(cell) for cell in range(len(model.layout.starts))]
    others, _goes = ended(model.take_up(changed))
    fresh = mapped(changed)
    after = [model.look_of(cell) for cell in range(len(model.layout.starts))]
    assert after == [fresh.look_of(cell) for cell in range(len(fresh.layout.starts))]
    assert sorted(others or []) == [cell for cell, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]


def test_thousands_are_taken_up_in_slices() -> None:
    nodes = farm(32_500)
    model = MapModel()
    model.room = (70, 5)
    _new, goes = ended(model.take_up(nodes))
    assert goes > 32_500 // SLICE
    model.lay_out(None)
    changed = tuple(replace(n, condition="down", states=("DOWN",)) if i % 100 == 0 else n for i, n in enumerate(nodes))
    others, goes = ended(model.take_up(changed))
    assert others == []  # nothing had been drawn yet
    assert goes > 32_500 // SLICE


def test_shapes_alone_tell_apart_what_can_stand_side_by_side() -> None:
    from naru.widgets.node_map_looks import CELLS, MARKS, OFFERS, SHARES

    for table in (CELLS, {**SHARES, **MARKS}, OFFERS):
        assert len({fancy for fancy, _plain, _style in table.values()}) == len(table)
        assert len({plain for _fancy, plain, _style in table.values()}) == len(table)
        assert all(plain.isascii() and len(plain) == 1 for _fancy, plain, _style in table.values())
    assert set(WORDS) == set(KINDS)


@pytest.mark.parametrize(
    ("nodes", "shape", "beside"),
    [
        ([node("a"), node("b")], ".", " "),
        ([node("a", 8), node("b")], ":", " "),
        ([node("a", 8), node("b", 7)], "%", " "),
        ([node("a", 8), node("b", 8)], "#", " "),
        ([node("a", 8), node("b", condition="down")], "#", "x"),
        ([node("a"), node("b", condition="drained")], ".", "d"),
        ([node("a", condition="down"), node("b", condition="drained")], "X", " "),
        ([node("a", condition="mixed", accelerators=gpus(used=None))] * 2, "?", " "),
    ],
)
def test_a_cell_of_many_tells_what_is_free_and_whether_any_is_down(nodes: list[Node], shape: str, beside: str) -> None:
    looks = Looks()
    parts = look([looks.facts(n) for n in nodes], "state", True, {})
    assert [drawn(part, True) for part in parts] == [shape, beside]


@pytest.mark.parametrize(
    ("one", "shape"),
    [
        (node("a"), "8"), (node("a", 4), "4"), (node("a", 5), "1"), (node("a", 8), "0"),
        (node("a", condition="down"), "X"), (node("a", condition="planned"), "p"),
        (node("a", 4, cpus=8, cpus_used=8), "s"), (node("a", accelerators=gpus(used=None), condition="mixed"), "?"),
        (node("a", accelerators=()), "-"),
    ],
)  # fmt: skip
def test_by_what_is_free_a_cell_says_how_many_a_job_could_be_given(one: Node, shape: str) -> None:
    facts = Looks().facts(one)
    assert [drawn(part, True) for part in look([facts], "free", False, {})] == [shape]


def test_models_have_letters_of_their_own() -> None:
    letters = lettered(["B200", "B300", "H100", "CPU"])
    assert letters["B200"] == "B"
    assert len(set(letters.values())) == 4


async def in_map(screen: Screen) -> NodeMap:
    """The map, with the keys."""
    await screen.press("3")
    node_map = screen.app.screen.query_one(NodeMap)
    await screen.press("tab")
    await screen.until(lambda: node_map.has_focus and not node_map.busy and bool(node_map.model.layout.starts))
    return node_map


async def test_a_cell_of_many_leads_into_its_nodes_and_back() -> None:
    async with opened(FakeCentre((), farm(4000, 8))) as screen:
        node_map = await in_map(screen)
        assert node_map.current is None
        spot = node_map.spot
        assert spot is not None
        assert f"a cell is up to {len(spot.nodes)} nodes" in screen.text
        assert "n[00000-" in screen.text
        await screen.press("right", "enter")
        await screen.until(lambda: node_map.model.layout.nodes == len(spot.nodes))
        assert node_map.current is not None
        assert node_map.current.name == f"n{len(spot.nodes):05d}"
        assert "a cell is a node" in screen.text
        await screen.press("escape")
        await screen.until(lambda: node_map.model.layout.nodes == 4000)
        assert node_map.spot is not None
        assert node_map.spot.nodes[0].name == f"n{len(spot.nodes):05d}"
        await screen.press("right", "enter", "enter")
        assert "n00" in screen.lines[2] or "8/8 H100" in screen.text


async def test_zoomed_in_it_scrolls_and_says_what_is_out_of_view() -> None:
    async with opened(FakeCentre((), farm(4500))) as screen:
        node_map = await in_map(screen)
        assert node_map.out_of_view == 0
        await screen.press(*["plus"] * 6)
        assert node_map.model.layout.size == 1
        assert node_map.out_of_view > 0
        assert f"{node_map.out_of_view} nodes out of view" in " ".join(screen.text.split())
        await screen.press("G")
        assert node_map.scroll_y > 0
        assert node_map.current is not None
        assert node_map.current.name == "n04499"
        await screen.press("z")
        assert node_map.out_of_view == 0
        await screen.press("minus")
        assert node_map.model.wanted_size is not None


async def test_the_mode_is_cycled_by_a_key_and_the_legend_follows() -> None:
    nodes = (*farm(3, 3), *farm(2, prefix="b", accelerators=gpus("b200")))
    async with opened(FakeCentre((), nodes), ascii_only=True) as screen:
        await screen.press("3")
        assert "by state" in screen.text
        assert "+++" in screen.line_with("H100     ")
        await screen.press("m")
        assert "by what is free" in screen.text
        assert "444" in screen.line_with("H100     ")
        await screen.press("m")
        assert "B B200  H H100" in screen.text
        assert "BBHHH" in screen.line_with("h100  ")
        await screen.press("m")
        assert "by state" in screen.text


async def test_a_step_draws_two_cells_and_a_reading_only_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = farm(400, 8)
    centre = FakeCentre((), nodes)
    async with opened(centre, (160, 40)) as screen:
        node_map = await in_map(screen)
        asked: list[tuple[Region, ...]] = []
        monkeypatch.setattr(node_map, "refresh", lambda *regions, **_more: asked.append(regions))
        node_map.action_step(1)
        assert [[region.area for region in regions] for regions in asked] == [[1, 1]]
        asked.clear()
        node_map.show(tuple(replace(n) for n in nodes))
        assert asked == []
        changed = tuple(replace(n, condition="down") if i == 3 else n for i, n in enumerate(nodes))
        node_map.show(changed)
        assert [[region.area for region in regions] for regions in asked] == [[1]]
        assert not node_map.busy


async def test_without_colours_the_cursor_is_seen_all_the_same() -> None:
    async with opened(FakeCentre((), farm(12, 3)), no_colour=True) as screen:
        await in_map(screen)
        strips = screen.app.screen._compositor.render_strips()
        cursor = [s for strip in strips for s in strip if s.style and s.style.reverse and "▣" in s.text]
        assert [s.text for s in cursor] == ["▣"]


async def test_the_cursor_stays_on_its_node_when_others_come_and_go() -> None:
    centre = FakeCentre((), farm(40))
    async with opened(centre) as screen:
        node_map = await in_map(screen)
        await screen.press(*["right"] * 5)
        centre.held_nodes = (*farm(3, prefix="a"), *centre.held_nodes[2:])
        await screen.refreshed()
        assert node_map.current is not None
        assert node_map.current.name == "n00005"


async def test_before_anybody_looks_the_cursor_waits_on_the_first_cell() -> None:
    centre = FakeCentre((), farm(4, accelerators=gpus("a100")))
    async with opened(centre) as screen:
        await screen.press("3")
        centre.held_nodes = (*centre.held_nodes, *farm(9, prefix="h"))
        await screen.refreshed()
        node_map = await in_map(screen)
        assert node_map.current is not None
        assert node_map.current.name == "h00000"  # of the larger group, which stands first


async def test_a_click_moves_and_a_second_one_opens() -> None:
    async with opened(FakeCentre((), farm(12, 3)), (160, 40)) as screen:
        node_map = await in_map(screen)
        await screen.pilot.click(NodeMap, offset=(9 + 4, 0))
        assert node_map.current is not None
        assert node_map.current.name == "n00004"
        await screen.pilot.click(NodeMap, offset=(9 + 4, 0))
        await screen.pilot.pause()
        assert "3/8 H100" in screen.text
        assert "n00004" in screen.text


def test_no_nodes_are_no_cells() -> None:
    model = mapped(())
    assert model.spot(0) is None
    assert model.layout.lines == ()
    assert fitted(model._arrangement, 10, 10).starts == Layout().starts
    assert model.legend(False) == []
