"""The terminal as a person meets it: what stands on the screen, and what keys do."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.tui.fake import HOSTILE, NOW, FakeCentre, job, node, waiting
from tests.tui.screen import opened

from naru.screens.jobs import JobsScreen
from naru.widgets.line_table import LineTable
from naru_client.config import Settings
from naru_client.errors import NotProvided, Unreachable
from naru_client.model import Accelerators, Job, Node, NodeAccelerators, Notice, Reservation, Site
from naru_client.reading import Reading

SIZES = [(80, 24), (160, 48), (40, 10), (300, 80)]


def some_jobs() -> tuple[Job, ...]:
    return (
        job(100, name="train"),
        job(101, name="한글 이름 학습"),
        waiting(200, "Resources", expected_start=NOW + timedelta(minutes=5)),
        waiting(201, "QOSMaxGRESPerUser", accelerators=(Accelerators("gpu", "b200", 8),)),
        job(300, user="other", name="theirs"),
        job(400, state="FAILED", ended=NOW - timedelta(minutes=2)),
    )


def array_jobs() -> tuple[Job, ...]:
    running = tuple(job(500 + t, id=f"499_{t}", array_id=499, array_task=t, name="sweep") for t in range(3))
    group = waiting(499, "JobArrayTaskLimit", id="499_[3-19%3]", array_id=499, array_tasks="3-19%3", array_pending=17)
    return (*running, group)


def some_nodes() -> tuple[Node, ...]:
    return (
        node("h100-01", 8),
        node("h100-02", 3),
        node("h100-03", 0),
        node(
            "h100-04",
            0,
            condition="drained",
            states=("IDLE", "DRAIN"),
            reason="ECC errors on GPU 3",
            reason_user="root",
        ),
        node("npu-01", 2, accelerators=(NodeAccelerators("npu", "rngd", 8, 2),), pools=("npu",)),
    )


@pytest.mark.parametrize("size", SIZES)
async def test_every_screen_draws_at_every_size(size: tuple[int, int]) -> None:
    async with opened(FakeCentre(some_jobs() + array_jobs(), some_nodes()), size) as screen:
        for keys in (["1"], ["2"], ["3"], ["v"], ["1", "enter"], ["tab"], ["tab"], ["2", "slash"], ["escape"], ["at"]):
            await screen.press(*keys)
            assert len(screen.lines) == size[1]
            assert all(line.isprintable() for line in screen.lines)


async def test_the_overview_tells_what_is_free_what_is_mine_and_what_is_next() -> None:
    async with opened(FakeCentre(some_jobs(), some_nodes())) as screen:
        h100 = screen.line_with("H100").split()
        assert h100[-7:-4] == ["11", "13", "8"]  # in use, free, away
        assert "8 on one node" in screen.line_with("H100 ")
        assert "RNGD" in screen.text
        assert "2 running on 8 GPUs" in screen.text
        assert "next ~09:35 (200)" in screen.text
        assert "theirs" not in screen.text


async def test_notices_name_the_coming_maintenance() -> None:
    centre = FakeCentre(some_jobs(), some_nodes())
    centre.held_reservations = (
        Reservation(
            site="test",
            name="maint",
            start=NOW + timedelta(hours=12),
            end=NOW + timedelta(hours=16),
            node_list="h100-01",
            flags=("MAINT",),
        ),
    )
    async with opened(centre, (120, 30)) as screen:
        line = screen.line_with("maintenance")
        assert "21:30" in line
        assert "maint" in line


async def test_jobs_at_80_columns_keep_state_reason_gpus_and_start() -> None:
    async with opened(FakeCentre(some_jobs(), some_nodes())) as screen:
        await screen.press("2")
        header = screen.line_with("Reason")
        assert {"ID", "State", "GPUs", "Start"} <= set(header.split())
        line = screen.line_with("201 ")
        assert "PENDING" in line
        assert "8×B200" in line
        assert "QOSMaxGRESPerUs" in line
        assert "~09:35" in screen.line_with("200 ")


async def test_everybodys_jobs_come_with_a_key() -> None:
    async with opened(FakeCentre(some_jobs())) as screen:
        await screen.press("2")
        assert "theirs" not in screen.text
        await screen.press("a")
        await screen.pilot.pause()
        assert "theirs" in screen.text
        assert "everybody's jobs" in screen.text


async def test_an_array_is_one_row_with_its_counts_and_unfolds() -> None:
    async with opened(FakeCentre(array_jobs())) as screen:
        await screen.press("2")
        row = screen.line_with("499")
        assert "3R" in row
        assert "17PD" in row
        assert "499_1" not in screen.text
        await screen.press("enter")
        assert "499_1" in screen.text
        assert "499_[3-" in screen.text
        await screen.press("plus")
        assert "499_1" not in screen.text


async def test_the_cursor_stays_on_its_job_when_the_list_changes() -> None:
    centre = FakeCentre(some_jobs())
    async with opened(centre) as screen:
        await screen.press("2", "j", "j")
        table = screen.app.screen.query_one(LineTable)
        assert table.current is not None
        assert table.current.job.id == "200"
        centre.held_jobs = tuple(job(n) for n in range(900, 905)) + tuple(reversed(some_jobs()))
        await screen.refreshed()
        assert table.current is not None
        assert table.current.job.id == "200"
        centre.held_jobs = tuple(j for j in centre.held_jobs if j.id != "200")
        await screen.refreshed()
        assert table.current is not None


async def test_a_refresh_repaints_only_the_lines_that_changed() -> None:
    centre = FakeCentre(tuple(job(n) for n in range(114, 99, -1)))
    async with opened(centre) as screen:
        await screen.press("2")
        table = screen.app.screen.query_one(LineTable)
        painted: list[int] = []
        real = table.refresh

        def spy(*regions: object, **options: object) -> LineTable:
            painted.extend(r.y for r in regions) if regions else painted.append(-1)  # type: ignore[attr-defined]
            return real(*regions, **options)  # type: ignore[arg-type]

        table.refresh = spy  # type: ignore[method-assign]
        await screen.refreshed()
        assert painted == []
        changed = list(centre.held_jobs)
        changed[4] = job(110, state="COMPLETING")
        centre.held_jobs = tuple(changed)
        await screen.refreshed()
        assert set(painted) == {5}


async def test_typing_narrows_and_a_half_typed_condition_keeps_what_was_there() -> None:
    async with opened(FakeCentre(some_jobs())) as screen:
        await screen.press("2", "slash", *"state:pd")
        assert "200 " in screen.text
        assert "train" not in screen.text
        await screen.press("space", *"gpus>=")
        assert "200 " in screen.text
        bar = screen.lines[-3:]
        assert any("gpus" in line for line in bar)
        await screen.press("enter")
        assert screen.app.screen.query_one("#filter").display  # a wrong filter is not kept
        await screen.press("8")
        assert "201 " in screen.text
        assert "job200" not in screen.text
        await screen.press("enter")
        assert "gpus>=8" in screen.text
        await screen.press("slash", "backspace", "escape")
        assert "gpus>=8" in screen.text  # Esc gives back what held before
        await screen.press("escape")
        assert "train" in screen.text


async def test_what_is_typed_right_after_the_slash_is_the_filters() -> None:
    async with opened(FakeCentre(some_jobs())) as screen:
        await screen.press("2")
        await screen.pilot.press("slash", *"qp?a")  # each of these does something else elsewhere
        await screen.pilot.pause()
        assert screen.app.is_running
        assert not screen.app.state.paused
        assert not screen.app.state.everybody
        assert "filter qp?a" in screen.text


async def test_the_filter_can_be_opened_again_after_a_click_into_the_table() -> None:
    async with opened(FakeCentre(some_jobs())) as screen:
        await screen.press("2", "slash", "t")
        await screen.pilot.click("#jobs", offset=(3, 2))
        await screen.press("slash", "r")
        assert "filter tr" in screen.text


async def test_what_runs_comes_first_then_what_waits_then_what_has_ended() -> None:
    jobs = (job(1, state="COMPLETED", ended=NOW), waiting(2, priority=1), waiting(3, priority=9), job(4))
    async with opened(FakeCentre(jobs)) as screen:
        await screen.press("2")
        assert [row.job.id for row in screen.app.screen.query_one(LineTable).rows] == ["4", "3", "2", "1"]


async def test_each_run_of_a_requeued_job_has_its_own_row_and_page() -> None:
    now = job(29, state="RUNNING", name="again")
    before = job(
        29, state="NODE_FAIL", name="before", submitted=NOW - timedelta(days=1), ended=NOW - timedelta(hours=5)
    )
    centre = FakeCentre((now,))
    centre.held_history = (before,)
    async with opened(centre, (120, 24)) as screen:
        await screen.press("2", "G", "enter")
        assert "29  NODE_FAIL" in screen.text


async def test_everybody_is_not_claimed_before_everybody_was_read() -> None:
    async with opened(FakeCentre(some_jobs())) as screen:
        await screen.press("2", "p", "a")
        assert "my jobs (everybody's with the next reading)" in screen.text
        await screen.press("r")
        assert any("paused" in n.message for n in screen.app._notifications)
        await screen.press("p")
        await screen.until(lambda: "everybody's jobs  " in screen.text)
        assert "theirs" in screen.text


async def test_sorting_by_a_column_and_back() -> None:
    async with opened(FakeCentre(tuple(job(n, name=f"n{9 - n}") for n in range(1, 6)))) as screen:
        await screen.press("2", "o", "o")
        table = screen.app.screen.query_one(LineTable)
        assert [row.job.name for row in table.rows] == ["n4", "n5", "n6", "n7", "n8"]
        await screen.press("O")
        assert table.rows[0].job.name == "n8"
        assert "Name▼" in screen.text


async def test_a_job_has_a_page_with_why_details_and_the_source() -> None:
    async with opened(FakeCentre(some_jobs())) as screen:
        await screen.press("j", "enter")
        assert "101  RUNNING  4×H100  한글 이름 학습" in screen.text
        await screen.press("tab")
        assert "h100-01" in screen.line_with("Nodes")
        await screen.press("tab", "tab")
        await screen.pilot.pause()
        assert "JobId=101" in screen.text
        await screen.press("escape")
        assert "My jobs" in screen.text


async def test_pools_lead_to_nodes_and_a_node_tells_why_it_is_drained() -> None:
    async with opened(FakeCentre(some_jobs(), some_nodes()), (160, 30)) as screen:
        await screen.press("3")
        assert "UP" in screen.line_with("h100*")
        await screen.press("enter")
        assert "npu-01" not in screen.text
        assert "ECC errors" in screen.line_with("h100-04")
        await screen.press("G", "enter")
        assert "ECC errors on GPU 3" in screen.text
        assert "root" in screen.text


async def test_one_cell_of_the_map_is_one_node() -> None:
    async with opened(FakeCentre((), some_nodes())) as screen:
        await screen.press("3")
        assert "H100     ■▣□◇" in screen.text
        assert "◇ drained" in screen.text
        await screen.press("tab", "right", "right", "right")
        assert "h100-04" in screen.text
        await screen.press("enter")
        assert "ECC errors on GPU 3" in screen.text


async def test_an_unreachable_centre_is_a_banner_over_the_last_data() -> None:
    centre = FakeCentre(some_jobs(), some_nodes())
    async with opened(centre) as screen:
        centre.error = Unreachable("slurmctld does not answer", "it may be restarting")
        await screen.refreshed()
        assert "slurmctld does not answer (since 09:30)" in screen.text
        assert "showing data of 09:30" in screen.text
        assert "it may be restarting" in screen.text
        assert "train" in screen.text
        centre.error = None
        await screen.refreshed()
        assert "(since" not in screen.text


async def test_a_centre_that_never_answered_is_not_a_blank() -> None:
    centre = FakeCentre()
    centre.error = Unreachable("connection refused")
    async with opened(centre) as screen:
        assert "connection refused" in screen.text
        assert "nothing to show yet" in screen.text
        assert "0 running" not in screen.text  # unknown is not zero


async def test_what_the_centre_does_not_provide_is_said() -> None:
    centre = FakeCentre(some_jobs())
    centre.errors["nodes"] = NotProvided("no nodes here")
    async with opened(centre) as screen:
        assert "not provided by this centre" in screen.text
        assert "(since" not in screen.text


async def test_pausing_is_shown_and_stops_the_calls() -> None:
    centre = FakeCentre(some_jobs())
    async with opened(centre) as screen:
        await screen.press("p")
        assert "paused" in screen.lines[0]
        count = len(centre.calls)
        await screen.refreshed()
        assert len(centre.calls) == count


HOSTILE_BYTES = "\x1b\x07\x9b\x9d\x00\u202e\u2066\u200b"


def hostile_centre() -> FakeCentre:
    """Uncleaned text everywhere, as if the gate at the wire had been forgotten: the guard must hold on its own."""
    hostile_job = job(
        1,
        name=HOSTILE,
        comment=HOSTILE,
        reason=HOSTILE,
        account=HOSTILE,
        pool=HOSTILE,
        work_dir=HOSTILE,
        node_list=HOSTILE,
        qos=HOSTILE,
        state=HOSTILE,
    )
    centre = FakeCentre(
        (hostile_job, waiting(2, HOSTILE, name=HOSTILE), waiting(3, name="한" * 300)),
        (
            node(HOSTILE, 1, reason=HOSTILE, condition="drained"),
            node("n2", 1, accelerators=(NodeAccelerators("gpu", HOSTILE, 8),)),
        ),
    )
    centre.held_reservations = (
        Reservation(
            site="test", name=HOSTILE, start=NOW, end=NOW + timedelta(hours=1), node_list=HOSTILE, flags=("MAINT",)
        ),
    )

    async def site() -> Reading[Site]:
        notice = Notice("outage", HOSTILE)
        return Reading(
            Site(id="x", name=HOSTILE, dialect="slurm", reached_by="commands", notices=(notice,)), HOSTILE, NOW
        )

    centre.site = site  # type: ignore[method-assign]
    return centre


def control_characters(lines: Iterable[str]) -> set[str]:
    return {c for line in lines for c in line if not c.isprintable()}


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_hostile_text_reaches_no_screen(ascii_only: bool) -> None:
    centre = hostile_centre()
    walks = (
        ["1"], ["enter"], ["tab"], ["tab"], ["escape", "2"], ["a"], ["slash", *"[/"], ["escape", "enter"], ["3"], ["v"],
        ["enter"], ["escape", "tab"], ["question_mark"], ["escape", "at"],
    )  # fmt: skip
    async with opened(centre, (110, 30), ascii_only=ascii_only) as screen:
        for keys in walks:
            await screen.press(*keys)
            filtered = []
            for strip in screen.app.screen._compositor.render_strips():
                filtered.append("".join(s.text for s in strip))
            assert control_characters(filtered) == set()
            if ascii_only:
                assert all(line.isascii() for line in filtered)
        centre.error = Unreachable(HOSTILE, HOSTILE)
        await screen.refreshed()
        assert control_characters(screen.lines) == set()


async def test_markup_in_a_name_is_shown_as_it_is() -> None:
    async with opened(FakeCentre((job(1, name="[bold]x[/] [/"),)), (160, 24)) as screen:
        assert "[bold]x[/] [/" in screen.text
        await screen.press("enter")
        assert "[bold]x[/] [/" in screen.text


async def test_every_hint_in_the_last_line_is_true() -> None:
    async with opened(FakeCentre(some_jobs(), some_nodes()), (160, 48)) as screen:
        for keys in (["1"], ["2"], ["3"], ["1", "enter"]):
            await screen.press(*keys)
            from naru.widgets.hints import MOST, Hints

            hints = screen.app.screen.query_one(Hints)
            assert 1 <= len(hints._items) <= MOST + 1
            assert "? Help" in hints.plain
            for _key, _text, action in hints._items:
                name = action.split("(")[0].split(".")[-1]
                owners = (screen.app.focused, screen.app.screen, screen.app)
                assert any(hasattr(o, f"action_{name}") for o in owners), action


async def test_help_lists_the_keys_that_work_here() -> None:
    async with opened(FakeCentre(some_jobs()), (100, 50)) as screen:
        await screen.press("2", "question_mark")
        assert "jobs.filter" in screen.text
        assert "app.refresh" in screen.text
        await screen.press("escape")
        assert isinstance(screen.app.screen, JobsScreen)


async def test_a_key_can_be_moved_by_its_id() -> None:
    settings = Settings(keys={"app.jobs": "J"})
    async with opened(FakeCentre(some_jobs()), settings=settings) as screen:
        await screen.press("J")
        assert isinstance(screen.app.screen, JobsScreen)


async def test_the_users_columns_are_used() -> None:
    settings = Settings(columns={"jobs": ("id", "qos", "nonsense", "account")})
    async with opened(FakeCentre(some_jobs()), (120, 24), settings=settings) as screen:
        await screen.press("2")
        assert screen.line_with("QOS").split() == ["ID", "QOS", "Account"]


async def test_broken_themes_are_one_toast_and_the_terminal_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from naru import theming

    (tmp_path / "one.toml").write_text('name = "one"\nprimary = "nonsense"')
    (tmp_path / "two.toml").write_text("[[[")
    monkeypatch.setattr(theming, "user_folder", lambda: tmp_path)
    async with opened(FakeCentre(some_jobs()), (120, 40), settings=Settings(theme="one")) as screen:
        assert len(screen.app._notifications) == 1
        toast = next(iter(screen.app._notifications))
        assert "one" in toast.message
        assert "two" in toast.message
        assert screen.app.theme == "naru-dark"
        assert "train" in screen.text


async def test_without_colour_the_mono_theme_is_taken() -> None:
    async with opened(FakeCentre(some_jobs()), no_colour=True) as screen:
        assert screen.app.theme == "naru-mono"


async def test_every_theme_can_be_shown() -> None:
    async with opened(FakeCentre(some_jobs() + array_jobs(), some_nodes())) as screen:
        assert set(screen.app.available_themes) == {
            "naru-dark", "naru-light", "naru-high-contrast", "naru-colour-blind", "naru-mono",
        }  # fmt: skip
        for theme in screen.app.available_themes:
            screen.app.theme = theme
            await screen.pilot.pause()
            assert "train" in screen.text


async def test_the_palette_opens_and_leads_to_a_tab() -> None:
    async with opened(FakeCentre(some_jobs(), some_nodes())) as screen:
        await screen.press("colon", *"GPUs")
        await screen.until(lambda: "Pools, nodes and the node map" in screen.text)
        await screen.press("enter")
        await screen.until(lambda: "all pools" in screen.text)


async def test_a_theme_is_found_in_the_palette_by_its_name() -> None:
    async with opened(FakeCentre(some_jobs()), (100, 30)) as screen:
        await screen.press("colon", *"light")
        await screen.until(lambda: "Theme naru-light" in screen.text)
        await screen.press("enter")
        await screen.until(lambda: screen.app.theme == "naru-light")


async def test_no_colour_is_no_colour() -> None:
    async with opened(FakeCentre(some_jobs()), no_colour=True) as screen:
        for strip in screen.app.screen._compositor.render_strips():
            for segment in strip:
                if segment.style is not None:
                    assert segment.style.color is None or segment.style.color.is_default
                    assert segment.style.bgcolor is None or segment.style.bgcolor.is_default
        cursor = next(line for line in screen.app.screen._compositor.render_strips() if "train" in line.text)
        assert any(segment.style is not None and segment.style.reverse for segment in cursor)


async def test_who_one_is_may_become_known_later() -> None:
    centre = FakeCentre(some_jobs())
    centre.user = None
    async with opened(centre) as screen:
        await screen.press("2")
        assert "theirs" in screen.text
        centre.user = "me"
        await screen.refreshed()
        assert "theirs" not in screen.text


async def test_where_one_is_unknown_the_list_is_everybodys_and_says_so() -> None:
    centre = FakeCentre(some_jobs())
    centre.user = None
    async with opened(centre, (120, 24)) as screen:
        assert "everybody's jobs" in screen.text
        assert "My jobs" not in screen.text
        await screen.press("2")
        assert "everybody's jobs" in screen.text
        assert "other" in screen.line_with("theirs")  # with whose they are


async def test_nodes_that_were_never_read_are_not_counted_as_none() -> None:
    centre = FakeCentre(some_jobs())
    centre.errors["nodes"] = NotProvided("no nodes here")
    async with opened(centre) as screen:
        await screen.press("3")
        assert "0 nodes" not in screen.text


async def test_leaving_closes_the_centre() -> None:
    centre = FakeCentre(some_jobs())
    async with opened(centre):
        assert not centre.closed
    assert centre.closed
