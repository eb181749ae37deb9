"""The GPUs screen as people use it: what could start now, why not more, and finding one node among thousands."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.tui.fake import HOSTILE, FakeCentre, at, node
from tests.tui.screen import Screen, opened

from naru.kept import Kept
from naru.screens.gpus import GpusScreen
from naru.widgets.line_table import LineTable
from naru.widgets.node_map import NodeMap
from naru.widgets.text_lines import TextLines
from naru_client.model import Node, NodeAccelerators, Pool


def scattered() -> tuple[Node, ...]:
    """37 free over five nodes, at most 5 together; and 4 without a core."""
    busy = [node(f"h{i}", used) for i, used in enumerate((3, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 7, 7))]
    return (*busy, node("h90", 4, cpus=64, cpus_used=64))


def two_pools() -> FakeCentre:
    """`big` has more free, but scattered; in `small` a whole node is free."""
    big = tuple(node(f"b{i}", 7, pools=("big",)) for i in range(20))
    centre = FakeCentre((), (*big, node("s1", 0, pools=("small",)), node("s2", 8, pools=("small",))))
    centre.held_pools = tuple(Pool(site="test", name=name, state="UP", nodes=2) for name in ("big", "small"))
    return centre


def rows(screen: Screen) -> list[str]:
    return [row.name for row in screen.app.screen.query_one(LineTable).rows]


async def test_pools_stand_in_the_order_of_what_could_start_now() -> None:
    async with opened(two_pools()) as screen:
        await screen.press("3")
        assert rows(screen) == ["small", "big"]
        assert "8×1 4×2 2×4 1×8" in screen.line_with("small")
        assert "1×20" in screen.line_with("big")
        await screen.press("j")
        assert "20 free, but no node has 8 together: at most 1 on one node" in screen.text


async def test_what_is_scattered_and_what_is_stranded_is_told_below_the_pools() -> None:
    async with opened(FakeCentre((), scattered()), (100, 30)) as screen:
        await screen.press("3")
        told = " ".join(screen.text.split())
        assert "free, but no node has 8 together: at most 5 on one node" in told
        assert "4 free are stranded: their nodes have no cores left" in told


async def test_over_several_sites_it_is_said_that_a_job_cannot_span_them() -> None:
    sites = [at("a", nodes=(node("n1", 4),)), at("b", nodes=(node("n1", 6),))]
    async with opened(sites, (120, 30)) as screen:
        await screen.press("3")
        await screen.until(lambda: len(screen.app.state.filled_pools) == 2)
        await screen.press("v")
        remark = screen.app.screen.query_one("#remark", TextLines).plain
        assert "6 free over 2 sites, but a job cannot span sites: the most at one is 4 (a)" in remark


async def test_use_that_is_not_told_is_never_a_figure() -> None:
    untold = (NodeAccelerators("gpu", "h100", 8, None),)
    async with opened(FakeCentre((), (node("n1", 3, accelerators=untold),))) as screen:
        await screen.press("3")
        line = screen.line_with("h100*")
        assert line.split()[:4] == ["h100*", "H100", "–", "–"]
        assert "of 1 node it is not told what is in use" in screen.text


async def test_the_tables_are_sorted_by_key_and_by_header() -> None:
    async with opened(two_pools()) as screen:
        await screen.press("3", "o")
        assert rows(screen) == ["big", "small"]
        await screen.press("O")
        assert rows(screen) == ["small", "big"]
        await screen.press("v", "o")
        assert rows(screen)[:3] == ["b0", "b1", "b2"]
        await screen.press("O")
        assert rows(screen)[:2] == ["s2", "s1"]
        await screen.press("v")
        assert rows(screen) == ["small", "big"]  # each view keeps its own order


async def test_words_narrow_the_nodes_and_the_map_with_them() -> None:
    away = node("h3", condition="drained", states=("IDLE", "DRAIN"), reason="ECC errors")
    async with opened(FakeCentre((), (node("h1", 8), node("h2"), away)), (120, 30)) as screen:
        await screen.press("3", "v", "slash", *"ecc")
        assert rows(screen) == ["h3"]
        node_map = screen.app.screen.query_one(NodeMap)
        assert node_map.model.layout.nodes == 1
        await screen.press("enter")
        assert "ecc" in screen.lines[1]
        await screen.press("slash", *" !drained")
        assert rows(screen) == []
        assert "nothing matches" in screen.text
        await screen.press("escape")
        assert rows(screen) == ["h3"]
        await screen.press("escape")
        assert rows(screen) == ["h1", "h2", "h3"]
        await screen.press("escape")
        assert isinstance(screen.app.screen, GpusScreen)
        assert "all pools" in screen.text


async def test_keys_typed_into_the_filter_are_the_filters() -> None:
    async with opened(FakeCentre((), (node("mov1"),))) as screen:
        await screen.press("3", "v", "slash", *"mov")
        assert rows(screen) == ["mov1"]
        assert "by state" in screen.text


async def test_a_reading_of_something_else_makes_nothing_anew() -> None:
    centre = FakeCentre((), scattered())
    async with opened(centre) as screen:
        await screen.press("3")
        gpus = screen.app.screen
        assert isinstance(gpus, GpusScreen)
        table = gpus.query_one(LineTable)
        before = table.rows
        gpus.new_state()
        assert table.rows is before
        centre.held_nodes = tuple(replace(n) for n in centre.held_nodes)
        await screen.refreshed()
        assert table.rows is not before


async def test_nothing_from_outside_reaches_the_terminal_raw() -> None:
    dirty = node(HOSTILE, 1, pools=(HOSTILE,), features=(HOSTILE,), reason=HOSTILE)
    many = tuple(replace(dirty, name=f"{HOSTILE}{i}") for i in range(900))
    centre = FakeCentre((), many)
    centre.held_pools = (Pool(site="test", name=HOSTILE, state=HOSTILE),)
    async with opened(centre) as screen:
        await screen.press("3", "m", "m", "tab", "enter", "slash", "x")
        await screen.press("escape", "v", "v")
        assert isinstance(screen.app.screen, GpusScreen)


async def test_at_80_columns_everything_has_its_place() -> None:
    async with opened(two_pools()) as screen:
        await screen.press("3")
        header = screen.line_with("Pool  ")
        assert {"Model", "Starts", "Free", "State"} <= set(header.split())
        assert all(len(line) <= 80 for line in screen.lines)
        assert "by state" in screen.text
        await screen.press("tab")
        assert "b0" in screen.text


async def test_pools_and_nodes_are_sorted_arranged_exported_and_copied_as_jobs_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    copied: list[str] = []

    def copy(app: object, text: str, told: str, environ: object = None) -> bool:
        copied.append(text)
        return True

    monkeypatch.setattr("naru.clipboard.copy", copy)
    kept = Kept.load(tmp_path / "views.json")
    async with opened(FakeCentre(nodes=(node("h1", 6), node("h2", 0), node("h3", 8))), (120, 30), kept=kept) as screen:
        await screen.press("3", "v", "o")
        assert kept.view("nodes") is not None
        await screen.press("space", "space", "y")
        assert copied == ["h1 h2"]
        await screen.press("e")
        await screen.press("enter")
        await screen.until(lambda: bool(list(tmp_path.glob("naru-nodes-*.csv"))))
        await screen.until(lambda: len(next(tmp_path.glob("naru-nodes-*.csv")).read_text().splitlines()) == 3)
        await screen.press("escape")
        await screen.press("c", "down", "space", "enter")
        view = kept.view("nodes")
        assert view is not None
        assert view.columns
    again = Kept.load(tmp_path / "views.json")
    async with opened(FakeCentre(nodes=(node("h1", 6),)), (120, 30), kept=again) as screen:
        await screen.press("3", "v")
        table = screen.app.screen.query_one(LineTable)
        assert [column.id for column in table.columns] == [one.id for one in view.columns]
