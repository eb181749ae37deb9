"""The Jobs screen as a person arranges it: filters by name, columns, order, marks, and a queue of a whole centre."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.tui.fake import NOW, FakeCentre, job, waiting
from tests.tui.screen import Screen, opened

from naru.job_listing import AT_ONCE
from naru.kept import Kept
from naru.widgets.line_table import LineTable
from naru.widgets.marking import Marks
from naru_client.config import Settings
from naru_client.errors import Unreachable
from naru_client.model import Job


def some_jobs() -> tuple[Job, ...]:
    return (
        job(100, name="train", pool="h100"),
        job(101, name="bert", pool="b200"),
        waiting(200, name="llama", pool="h100", priority=9),
        waiting(201, name="gemma", pool="b200", priority=5),
    )


async def ids(screen: Screen) -> list[str]:
    return [row.job.id for row in screen.app.screen.query_one(LineTable).rows]


async def typed(screen: Screen, text: str) -> None:
    await screen.press("slash")
    await screen.type(text)


async def test_a_saved_filter_stands_for_its_text(tmp_path: Path) -> None:
    kept = Kept.load(tmp_path / "views.json")
    async with opened(FakeCentre(some_jobs()), kept=kept) as screen:
        await screen.press("2")
        await typed(screen, "pool:h100")
        await screen.press("ctrl+s")
        await screen.press(*"big")
        await screen.press("enter")
        assert kept.filters == {"big": "pool:h100"}
        await screen.press("enter", "escape")
        await typed(screen, "@big state:pd")
        assert await ids(screen) == ["200"]
    assert Kept.load(tmp_path / "views.json").filters == {"big": "pool:h100"}


async def test_a_filter_set_in_the_settings_is_there_too() -> None:
    async with opened(FakeCentre(some_jobs()), settings=Settings(filters={"b": "pool:b200"})) as screen:
        await screen.press("2")
        await typed(screen, "@b")
        assert sorted(await ids(screen)) == ["101", "201"]


async def test_the_order_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "views.json"
    async with opened(FakeCentre(some_jobs()), kept=Kept.load(path)) as screen:
        await screen.press("2", "o", "O")
        assert await ids(screen) == ["201", "200", "101", "100"]
    async with opened(FakeCentre(some_jobs()), kept=Kept.load(path)) as screen:
        await screen.press("2")
        assert await ids(screen) == ["201", "200", "101", "100"]


async def test_columns_are_chosen_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "views.json"
    async with opened(FakeCentre(some_jobs()), kept=Kept.load(path)) as screen:
        await screen.press("2")
        assert "Pool" not in screen.line_with("Reason")
        await screen.press("c", "down", "space", "enter")  # the name goes
        assert "Name" not in screen.line_with("Reason")
    async with opened(FakeCentre(some_jobs()), kept=Kept.load(path)) as screen:
        await screen.press("2")
        header = screen.line_with("State")
        assert "Name" not in header
        assert "ID" in header


async def test_marks_are_counted_and_cleared_before_the_filter_is() -> None:
    async with opened(FakeCentre(some_jobs())) as screen:
        await screen.press("2")
        await typed(screen, "pool:h100")
        await screen.press("enter", "space", "space")
        assert "2 marked" in screen.text
        await screen.press("escape")
        assert "marked" not in screen.text
        assert len(await ids(screen)) == 2
        await screen.press("escape")
        assert len(await ids(screen)) == 4


async def test_marks_out_of_view_are_told() -> None:
    async with opened(FakeCentre(some_jobs())) as screen:
        await screen.press("2", "space")
        await typed(screen, "pool:b200 state:pd")
        await screen.press("enter")
        assert "1 marked (1 out of view)" in screen.text


async def test_the_tab_and_whose_jobs_are_settings() -> None:
    centre = FakeCentre((*some_jobs(), job(300, user="other", name="theirs")))
    async with opened(centre, settings=Settings(tab="jobs", everybody=True)) as screen:
        assert "everybody's jobs" in screen.text
        assert "theirs" in screen.text


@pytest.mark.parametrize("filtered", [False, True])
async def test_a_queue_of_a_whole_centre_comes_in_turns_and_whole(filtered: bool) -> None:
    many = tuple(waiting(n, name=f"job{n % 7}", priority=n) for n in range(1, AT_ONCE + 500))
    centre = FakeCentre(many)
    async with opened(centre, settings=Settings(tab="jobs")) as screen:
        await screen.until(lambda: f"{len(many)} waiting" in screen.text)
        assert (await ids(screen))[0] == str(len(many))
        if filtered:
            await typed(screen, "job3")
            assert len(await ids(screen)) == sum(1 for j in many if j.name == "job3")
            await screen.press("enter")
        centre_jobs = many[10:]
        centre.held_jobs = centre_jobs
        await screen.refreshed()
        wanted = sum(1 for j in centre_jobs if not filtered or j.name == "job3")
        await screen.until(lambda: len(screen.app.screen.query_one(LineTable).rows) == wanted)


async def test_the_cursor_stays_on_its_job_when_a_long_queue_changes() -> None:
    many = tuple(waiting(n, priority=n) for n in range(1, AT_ONCE + 500))
    centre = FakeCentre(many)
    async with opened(centre, settings=Settings(tab="jobs")) as screen:
        await screen.until(lambda: f"{len(many)} waiting" in screen.text)
        await screen.press("down", "down", "down")
        table = screen.app.screen.query_one(LineTable)
        assert table.current is not None
        on = table.current.job.id
        centre.held_jobs = tuple(j for j in many if j.id != str(len(many)))
        await screen.refreshed()
        await screen.until(lambda: len(table.rows) == len(many) - 1)
        assert table.current is not None
        assert table.current.job.id == on


async def test_before_anything_is_told_nothing_is_counted() -> None:
    centre = FakeCentre()
    centre.error = Unreachable("no answer")
    async with opened(centre, settings=Settings(tab="jobs")) as screen:
        assert "no answer" in screen.text
        assert "running" not in screen.line_with("my jobs")


async def test_a_job_that_has_left_the_queue_is_marked_no_more() -> None:
    centre = FakeCentre((*some_jobs(), *array_tasks("RUNNING", "PENDING")))
    async with opened(centre, settings=Settings(tab="jobs")) as screen:
        await screen.press("asterisk")
        assert "5 marked" in screen.text
        centre.held_jobs = (*some_jobs()[1:], *array_tasks("COMPLETED", "RUNNING"))
        await screen.refreshed()
        assert "4 marked" in screen.text
        assert "out of view" not in screen.text
        rows = screen.app.screen.query_one(LineTable).marked_rows()
        assert sorted(row.key for row in rows) == ["101", "200", "201", "900"]


def array_tasks(*states: str) -> tuple[Job, ...]:
    """Tasks of one array, put back into the queue at different times."""
    return tuple(
        job(901 + n, id=f"900_{n}", array_id=900, array_task=n, state=state, submitted=NOW - timedelta(hours=n + 1))
        for n, state in enumerate(states)
    )


def test_a_hundred_thousand_marks_are_looked_up_one_by_one() -> None:
    """Each line that is drawn asks whether it is marked."""
    asked: list[object] = []

    class Key(str):
        def __eq__(self, other: object) -> bool:
            asked.append(other)
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    marks = Marks(Key(n) for n in range(100_000))
    asked.clear()
    assert Key(99_999) in marks
    assert len(asked) < 10
