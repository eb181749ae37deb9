"""The terminal over several sites: what stands on the screen, whose page opens, and in which order sites are asked."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.tui.fake import HOSTILE, NOW, FakeCentre, at, job, node, waiting
from tests.tui.screen import Screen, opened

from naru import pollers
from naru.widgets.line_table import LineTable
from naru.widgets.node_map import NodeMap
from naru_client.config import Settings
from naru_client.errors import Unreachable
from naru_client.exchange import CallRecord
from naru_client.model import Job, Notice, Reservation
from naru_client.reading import Reading


def programme() -> list[FakeCentre]:
    """Three sites; job 100 and node h100-01 are at two of them."""
    home = at("neuron", (job(100, name="home-train"), waiting(200)), (node("h100-01", 8),))
    second = at("nhn-b200", (job(100, name="away-train", node_list="h100-01"),), (node("h100-01", 2),))
    third = at("gist", (job(7, name="third", user="other"),), (node("npu-01", 0, pools=("npu",)),))
    return [home, second, third]


async def all_told(screen: Screen, sites: int = 3) -> None:
    await screen.until(lambda: len(screen.app.state.sites) == sites)


def titles(screen: Screen, column: str) -> list[str]:
    return next((line.split() for line in screen.lines if column in line.split()), [])


async def test_the_header_names_the_programme_its_sites_and_the_calls_to_all_of_them() -> None:
    async with opened(programme(), (100, 24)) as screen:
        await all_told(screen)
        for _call in range(9):
            screen.app.log_of_calls.add(CallRecord(NOW, "GET /jobs", 0.1, 1, "ok"))
        screen.app.screen.tick()  # type: ignore[attr-defined]  # a NaruScreen's
        await screen.pilot.pause()
        assert "9 calls/min · programme: 3 sites · 0s ago" in screen.lines[0]
    async with opened(FakeCentre((job(1),)), (100, 24)) as screen:
        await screen.until(lambda: bool(screen.app.state.sites))
        assert "testsite" in screen.lines[0]
        assert "programme" not in screen.lines[0]


@pytest.mark.parametrize(("keys", "column"), [(["1"], "State"), (["2"], "Name"), (["3"], "Pool"), (["3", "v"], "Node")])
async def test_the_site_is_a_column_only_where_there_are_several(keys: Sequence[str], column: str) -> None:
    async with opened(programme(), (120, 30)) as screen:
        await all_told(screen)
        await screen.press(*keys)
        assert "Site" in titles(screen, column)
        assert "nhn-b200" in screen.text
    async with opened(programme()[:1], (120, 30)) as screen:
        await all_told(screen, 1)
        await screen.press(*keys)
        assert column in titles(screen, column)
        assert "Site" not in screen.text


async def test_at_80_columns_the_site_leaves_room_for_name_state_gpus_start_and_reason() -> None:
    sites = programme()
    sites[1].id = "kakao-b200"
    sites[1].held_jobs = (job(412292, id="412292_[3-19%3]", site="kakao-b200"),)
    async with opened(sites) as screen:
        await all_told(screen)
        await screen.press("2")
        assert {"Site", "ID", "Name", "State", "GPUs", "Start", "Reason"} <= set(titles(screen, "Site"))
        assert "kakao-b200" in screen.text


async def test_the_users_own_columns_are_taken_as_they_are() -> None:
    settings = Settings(columns={"jobs": ("id", "site", "name")})
    async with opened(programme(), (120, 24), settings=settings) as screen:
        await all_told(screen)
        await screen.press("2")
        assert titles(screen, "Site") == ["ID", "Site", "Name"]


async def test_overview_adds_up_the_models_of_all_sites() -> None:
    async with opened(programme()) as screen:
        await all_told(screen)
        assert screen.line_with("H100 ").split()[-7:-4] == ["10", "14", "–"]  # in use, free, away
        assert "2 running on 8 GPUs" in screen.text  # mine at two sites


async def test_the_next_start_says_at_which_site() -> None:
    sites = programme()
    sites[1].held_jobs = (waiting(5, site="nhn-b200", expected_start=NOW + timedelta(minutes=5)),)
    async with opened(sites, (140, 24)) as screen:
        await all_told(screen)
        assert "next ~09:35 (nhn-b200:5)" in screen.text


async def test_notices_of_all_sites_name_theirs_and_outages_come_first() -> None:
    sites = programme()
    sites[0].held_reservations = (
        Reservation(site="neuron", name="maint", start=NOW, end=None, node_list="h1", flags=("MAINT",)),
    )
    sites[2].held_notices = (Notice("outage", "power is out"),)
    async with opened(sites, (120, 30)) as screen:
        await screen.until(lambda: "neuron: maintenance" in screen.text and "gist: outage" in screen.text)
        assert screen.text.index("gist: outage") < screen.text.index("neuron: maintenance")
        assert "power is out" in screen.text


async def test_many_notices_are_counted_and_not_all_shown() -> None:
    sites = programme()
    sites[1].held_notices = tuple(Notice("system", f"word {n}") for n in range(13))
    async with opened(sites, (120, 40)) as screen:
        await screen.until(lambda: "word 0" in screen.text)
        assert "and 3 more notices" in screen.text


async def test_one_id_at_two_sites_is_two_rows_and_each_opens_its_own_page() -> None:
    sites = programme()
    async with opened(sites, (120, 30)) as screen:
        await all_told(screen)
        await screen.press("2")
        table = screen.app.screen.query_one(LineTable)
        assert [(row.job.site, row.job.id) for row in table.rows[:2]] == [("neuron", "100"), ("nhn-b200", "100")]
        await screen.press("j", "enter")
        assert "nhn-b200:100  RUNNING" in screen.text
        assert "away-train" in screen.text
        await screen.press("tab", "tab", "tab")
        await screen.until(lambda: "JobId=100" in screen.text)
        assert [centre.calls.count("raw") for centre in sites] == [0, 1, 0]
        await screen.press("escape", "k", "enter")
        assert "home-train" in screen.text
        await screen.press("tab", "tab", "tab")
        await screen.until(lambda: sites[0].calls.count("raw") == 1)


async def test_the_cursor_stays_on_its_sites_job_when_another_of_that_id_comes() -> None:
    sites = programme()
    sites[0].held_jobs = ()
    async with opened(sites) as screen:
        await all_told(screen)
        await screen.press("2")
        table = screen.app.screen.query_one(LineTable)
        assert table.current is not None
        assert table.current.job.site == "nhn-b200"
        sites[0].held_jobs = (job(100, site="neuron"),)
        await screen.refreshed()
        await screen.until(lambda: len(table.rows) == 2)
        assert table.rows[0].job.site == "neuron"
        assert table.current.job.site == "nhn-b200"


async def test_an_array_unfolds_at_its_own_site_alone() -> None:
    def tasks(site: str) -> tuple[Job, ...]:
        return tuple(job(10 + n, site=site, id=f"9_{n}", array_id=9, array_task=n) for n in range(3))

    sites = [at("a", tasks("a")), at("b", tasks("b"))]
    async with opened(sites, (120, 30)) as screen:
        await all_told(screen, 2)
        await screen.press("2", "j")
        table = screen.app.screen.query_one(LineTable)
        assert len(table.rows) == 2
        await screen.press("enter")
        assert [(row.job.site, row.depth) for row in table.rows] == [("a", 0), ("b", 0), *[("b", 1)] * 3]
        await screen.press("o", "k", "plus")  # sorted by a column it is the same
        assert sorted({row.job.site for row in table.rows if row.depth}) == ["a", "b"]


async def test_the_filter_narrows_to_a_site() -> None:
    async with opened(programme(), (120, 24)) as screen:
        await all_told(screen)
        await screen.press("2", "slash", *"site:nhn")
        table = screen.app.screen.query_one(LineTable)
        assert [row.job.site for row in table.rows] == ["nhn-b200"]


async def test_a_pool_leads_to_its_own_sites_nodes_and_a_node_to_its_own_page() -> None:
    async with opened(programme(), (160, 40)) as screen:
        await all_told(screen)
        await screen.press("3")
        await screen.until(lambda: len(screen.app.state.filled_pools) == 3)
        table = screen.app.screen.query_one("#table", LineTable)
        assert [(pool.site, pool.name) for pool in table.rows[:2]] == [("nhn-b200", "h100"), ("neuron", "h100")]
        await screen.press("g", "enter")
        assert [(one.site, one.name) for one in table.rows] == [("nhn-b200", "h100-01")]
        assert "nodes of nhn-b200:h100" in screen.text
        await screen.press("enter")
        assert "nhn-b200:h100-01" in screen.text
        assert "2/8 H100" in screen.text
        assert "away-train" in screen.text
        assert "home-train" not in screen.text  # it is on a node of that name elsewhere


async def test_the_maps_cursor_stays_on_its_sites_node() -> None:
    async with opened(programme(), (160, 40)) as screen:
        await all_told(screen)
        await screen.press("3", "tab", "right")
        node_map = screen.app.screen.query_one(NodeMap)
        assert node_map.current is not None
        assert (node_map.current.site, node_map.current.name) == ("nhn-b200", "h100-01")
        await screen.refreshed()
        assert node_map.current is not None
        assert node_map.current.site == "nhn-b200"
        assert "nhn-b200:h100-01" in screen.text


async def test_one_dead_site_is_a_banner_with_its_name_and_the_others_are_shown() -> None:
    sites = programme()
    sites[1].error = Unreachable("connection refused", "is it up?")
    async with opened(sites, (140, 30)) as screen:
        await screen.until(lambda: "nhn-b200: connection refused" in screen.text and len(screen.app.state.sites) == 2)
        assert "nothing to show yet" in screen.line_with("nhn-b200: connection refused")
        assert "is it up?" in screen.text
        assert "home-train" in screen.text
        sites[1].error = None
        await screen.refreshed()
        await screen.until(lambda: "away-train" in screen.text)
        assert "connection refused" not in screen.text


async def test_many_dead_sites_do_not_fill_the_screen() -> None:
    sites = [at(f"s{n}", (job(n, name=f"name{n}"),)) for n in range(6)]
    for site in sites[1:]:
        site.error = Unreachable("no answer", "wait")
    async with opened(sites) as screen:
        await screen.until(lambda: "and 2 more sites do not answer" in screen.text)
        assert sum("no answer" in line for line in screen.lines) == 3
        assert "name0" in screen.text


async def test_everybodys_jobs_are_asked_of_every_site() -> None:
    async with opened(programme(), (120, 30)) as screen:
        await all_told(screen)
        await screen.press("2")
        assert "third" not in screen.text
        await screen.press("a")
        await screen.until(lambda: "third" in screen.text and "everybody's jobs" in screen.text)
        await screen.until(lambda: "with the next reading" not in screen.text)


class Held(FakeCentre):
    """Answers for its jobs only when it is let."""

    def hold(self) -> asyncio.Event:
        self.let = asyncio.Event()
        return self.let

    async def jobs(self, *, user: str | None = None) -> Reading[tuple[Job, ...]]:
        await self.let.wait()
        return await super().jobs(user=user)


class Watching(FakeCentre):
    """Notes what stood on the screen when it was first asked anything."""

    screen: Screen
    seen = ""

    async def jobs(self, *, user: str | None = None) -> Reading[tuple[Job, ...]]:
        self.seen = self.seen or self.screen.text
        return await super().jobs(user=user)


async def test_the_other_sites_are_asked_once_the_home_sites_jobs_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pollers, "HEAD_START", 3600.0)
    home, second, third = Held((job(1, name="home-row"),)), Watching((job(2),)), at("third", (job(3),))
    home.id, second.id = "home", "second"
    let = home.hold()
    async with opened([home, second, third]) as screen:
        second.screen = screen
        for _turn in range(20):
            await screen.pilot.pause()
        assert second.calls == third.calls == []
        let.set()
        await screen.until(lambda: bool(second.calls and third.calls))
        assert "home-row" in second.seen


async def test_the_other_sites_are_asked_once_the_home_site_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pollers, "HEAD_START", 3600.0)
    sites = programme()
    sites[0].error = Unreachable("no answer")
    async with opened(sites) as screen:
        await screen.until(lambda: len(screen.app.state.sites) == 2)
        assert "neuron: no answer" in screen.text
        assert "away-train" in screen.text


async def test_a_home_site_that_hangs_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pollers, "HEAD_START", 0.01)
    home, second = Held((job(1),)), at("second", (job(2, name="second-row"),))
    home.id = "home"
    home.hold()
    async with opened([home, second]) as screen:
        await screen.until(lambda: "second-row" in screen.text)


async def test_pausing_stops_the_calls_to_every_site() -> None:
    sites = programme()
    async with opened(sites) as screen:
        await all_told(screen)
        await screen.press("p")
        count = [len(centre.calls) for centre in sites]
        await screen.refreshed()
        assert [len(centre.calls) for centre in sites] == count


async def test_leaving_closes_every_site() -> None:
    sites = programme()
    async with opened(sites):
        pass
    assert all(centre.closed for centre in sites)


async def test_hostile_names_of_sites_reach_no_screen() -> None:
    sites = [at("home", (job(1),), (node("n1"),)), at(HOSTILE, (job(2, name="x"),), (node("n2"),))]
    sites[1].held_notices = (Notice("outage", HOSTILE),)
    async with opened(sites, (110, 30)) as screen:
        await all_told(screen, 2)
        for keys in (["1"], ["2"], ["j", "enter"], ["3"], ["v"], ["j", "enter"]):
            await screen.press(*keys)
            assert all(line.isprintable() for line in screen.lines)
        sites[1].error = Unreachable(HOSTILE, HOSTILE)
        await screen.refreshed()
        assert all(line.isprintable() for line in screen.lines)
