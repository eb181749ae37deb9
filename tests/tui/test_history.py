"""History on the screen: which time is asked for, how far back, and what is done with what came."""

import asyncio
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.tui.fake import HOSTILE, NOW, FakeCentre, at, job
from tests.tui.screen import Screen, opened

from naru import clipboard
from naru.screens.export import ExportScreen
from naru.screens.history import HistoryScreen
from naru.screens.job import JobScreen
from naru.widgets.line_table import LineTable
from naru_client.errors import NotProvided, Unreachable
from naru_client.model import Accelerators, Exit, Job
from naru_client.reading import Reading

SIZES = [(80, 24), (160, 48), (40, 10), (300, 80)]


def past(number: int, hours: float, **more: object) -> Job:
    end = NOW - timedelta(hours=hours)
    told = {"state": "COMPLETED", "ended": end, "started": end - timedelta(hours=2), "exit": Exit(0, 0)}
    return job(number, **{**told, "submitted": end - timedelta(hours=3), **more})


class Accounting(FakeCentre):
    """A centre whose accounting knows these jobs, and which keeps the questions."""

    def __init__(self, jobs: tuple[Job, ...]) -> None:
        super().__init__()
        self.held_history = jobs
        self.asked: list[tuple[datetime, datetime | None, str | None]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_once = 0
        self.quiet = True

    async def history(
        self,
        *,
        since: datetime,
        user: str | None,
        until: datetime | None = None,
        account: str | None = None,
        ran: bool = False,
    ) -> Reading[tuple[Job, ...]]:
        if self.quiet:  # the overview's own question
            return self._give("history", ())
        self.asked.append((since, until, user))
        self.at_once += 1
        assert self.at_once == 1, "one question at a time"
        try:
            await self.gate.wait()
            end = until or NOW
            told = [j for j in self.held_history if j.ended and j.ended >= since and j.submitted and j.submitted <= end]
            return self._give("history", tuple(j for j in told if user in (None, j.user)))
        finally:
            self.at_once -= 1


async def shown(screen: Screen, period: str = "7d") -> HistoryScreen:
    history = await begun(screen, period)
    await settled(screen, history)
    return history


async def begun(screen: Screen, period: str = "7d") -> HistoryScreen:
    for centre in screen.app.centres.values():
        if isinstance(centre, Accounting):
            centre.quiet = False
    history = HistoryScreen(period)
    screen.app.push_screen(history)
    await screen.until(lambda: screen.app.screen is history and history.is_mounted)
    return history


async def settled(screen: Screen, history: HistoryScreen) -> None:
    await screen.until(lambda: not history._asking)
    await screen.pilot.pause()


def ids(history: HistoryScreen) -> list[str]:
    return [row.id for row in history.query_one(LineTable).rows]


def only_file(folder: Path) -> Any:
    return json.loads(next(folder.glob("naru-history-*.json")).read_bytes())


@pytest.mark.parametrize("size", SIZES)
async def test_it_draws_at_every_size(size: tuple[int, int]) -> None:
    centre = Accounting((past(1, 1), past(2, 30, name=HOSTILE, exit=Exit(137, 0), state="FAILED")))
    async with opened(centre, size) as screen:
        await shown(screen)
        for keys in ([], ["d"], ["escape"], ["slash"], ["escape"], ["Y"], ["escape"], ["e"], ["escape"]):
            await screen.press(*keys)
            assert len(screen.lines) == size[1]
            assert all(line.isprintable() for line in screen.lines)


async def test_a_finished_job_is_told_with_its_end_and_what_it_took() -> None:
    eight = (Accelerators("gpu", "h100", 8),)
    centre = Accounting(
        (
            past(7, 5, state="FAILED", exit=Exit(137, 0), accelerators=eight, elapsed=1800, time_limit=3600),
            past(8, 6, accelerators=eight, elapsed=None),
        )
    )
    async with opened(centre, (160, 30)) as screen:
        await shown(screen)
        line = screen.line_with("137 killed (9)")
        for words in ("7", "FAILED", "8×H100", "03-02 04:30", "30m", "1h 00m", "50%", "4.00"):
            assert words in line
        assert screen.line_with("8  ").rstrip().endswith("–")  # not told is not zero
        assert "2 jobs" in screen.text
        assert "4.00 GPU-hours (1 not told)" in screen.text
        assert "1 failed" in screen.text


async def test_the_past_is_asked_for_in_slices_until_the_screen_is_full() -> None:
    centre = Accounting(tuple(past(n, n) for n in range(1, 100)))
    async with opened(centre) as screen:
        history = await shown(screen, "30d")
        assert [(a, u) for a, _until, u in centre.asked] == [(NOW - timedelta(days=1), "me")]
        assert ids(history)[:3] == ["1", "2", "3"]
        assert "back to 03-01 09:30" in screen.text
        await screen.press("n")
        await settled(screen, history)
        assert len(centre.asked) == 2
        assert centre.asked[1][1] == NOW - timedelta(days=1)
        assert len(ids(history)) == 72
        assert len(set(ids(history))) == 72
        await screen.press("pageup", "G")
        assert len(centre.asked) == 2
        await screen.press("pagedown")
        await settled(screen, history)
        assert len(centre.asked) == 3
        assert len(ids(history)) == 99


async def test_an_empty_past_is_read_to_its_end_in_few_questions() -> None:
    centre = Accounting(())
    async with opened(centre) as screen:
        await shown(screen, "7d")
        assert "no job ended in this time" in screen.text
        assert "that is the whole time asked for" in screen.text
        assert len(centre.asked) == 3
        assert "n Further back" not in screen.text


async def test_presets_and_typed_times() -> None:
    centre = Accounting((past(1, 1), past(2, 24 * 20)))
    async with opened(centre) as screen:
        history = await shown(screen)
        assert "[7 days]" in screen.text
        await screen.press("right_square_bracket")
        await settled(screen, history)
        assert "[30 days]" in screen.text
        await screen.press("n", "n", "n")
        await settled(screen, history)
        assert ids(history) == ["1", "2"]
        await screen.press("d", *"2026-02-10..2026-02-31")
        assert "this month has no day 31" in screen.text
        caret = screen.line_with("^").index("^")
        assert screen.line_with("2026-02-10..")[caret] == "3"
        await screen.press("enter")
        assert "this month has no day 31" in screen.text
        await screen.press("backspace", "backspace", *"20", "enter")
        await settled(screen, history)
        assert "[2026-02-10..2026-02-20]" in screen.text
        assert "02-10 00:00 – 02-21 00:00" in screen.text
        assert ids(history) == ["2"]
        await screen.press("d", *"x", "escape")
        assert "[2026-02-10..2026-02-20]" in screen.text
        assert screen.app.screen is history


async def test_everybodys_jobs_are_a_shorter_time_in_shorter_slices() -> None:
    centre = Accounting((past(1, 0.5), past(2, 0.6, user="other")))
    async with opened(centre) as screen:
        history = await shown(screen)
        assert ids(history) == ["1"]
        centre.asked.clear()
        centre.gate.clear()
        await screen.press("a")
        await screen.until(lambda: "a heavy question" in screen.text)
        centre.gate.set()
        await settled(screen, history)
        assert ids(history) == ["1", "2"]
        assert "[24 hours]" in screen.text
        assert {user for _since, _until, user in centre.asked} == {None}
        lengths = [(until or NOW) - since for since, until, _user in centre.asked]
        assert lengths[0] <= timedelta(hours=1, minutes=1)
        assert max(lengths) <= timedelta(hours=8)
        await screen.press("a")
        await settled(screen, history)
        assert "[7 days]" in screen.text
        assert ids(history) == ["1"]


async def test_asking_can_be_stopped_and_gone_on_with() -> None:
    centre = Accounting((past(1, 1),))
    centre.gate.clear()
    async with opened(centre) as screen:
        history = await begun(screen)
        await screen.until(lambda: len(centre.asked) == 1)
        assert "asking accounting" in screen.text
        await screen.press("escape")
        assert screen.app.screen is history
        assert centre.at_once == 0
        assert "n reads further back" in screen.text
        centre.gate.set()
        await screen.press("n")
        await settled(screen, history)
        assert ids(history) == ["1"]
        assert centre.asked[0][0] == centre.asked[1][0]


async def test_leaving_stops_the_question() -> None:
    centre = Accounting(())
    centre.gate.clear()
    async with opened(centre) as screen:
        await begun(screen)
        await screen.until(lambda: len(centre.asked) == 1)
        await screen.press("q")
        await screen.until(lambda: centre.at_once == 0)
        assert not isinstance(screen.app.screen, HistoryScreen)


async def test_an_answer_for_another_time_is_not_shown() -> None:
    centre = Accounting((past(1, 1), past(2, 30)))
    centre.gate.clear()
    async with opened(centre) as screen:
        history = await begun(screen)
        await screen.until(lambda: len(centre.asked) == 1)
        await screen.press("left_square_bracket")  # 24 hours
        centre.gate.set()
        await settled(screen, history)
        assert ids(history) == ["1"]


async def test_a_site_that_fails_is_named_and_asked_again() -> None:
    centre = Accounting((past(1, 1),))
    centre.errors["history"] = Unreachable("slurmdbd does not answer")
    async with opened(centre) as screen:
        history = await shown(screen)
        assert "slurmdbd does not answer" in screen.text
        assert "n asks again" in screen.text
        assert "back to" not in screen.text
        assert len(centre.asked) == 1
        centre.errors.clear()
        await screen.press("n")
        await settled(screen, history)
        assert ids(history) == ["1"]
        assert "does not answer" not in screen.text


async def test_where_there_is_no_accounting_that_is_said() -> None:
    centre = Accounting(())
    centre.errors["history"] = NotProvided("this site keeps no accounting (no slurmdbd)")
    async with opened(centre) as screen:
        await shown(screen)
        assert "this site keeps no accounting" in screen.text
        assert "whole time" not in screen.text


async def test_several_sites_are_one_list_asked_one_after_the_other() -> None:
    one, other = at("one"), at("other")
    one.held_history = (past(1, 1, site="one"),)
    other.held_history = (past(1, 2, site="other"),)
    async with opened([one, other], (120, 24)) as screen:
        history = await shown(screen, "24h")
        assert [(j.site, j.id) for j in history.query_one(LineTable).rows] == [("one", "1"), ("other", "1")]
        assert "Site" in screen.text
        other.errors["history"] = NotProvided("keeps none")
        await screen.press("r")
        await settled(screen, history)
        assert "no history: other" in screen.text
        assert [j.site for j in history.query_one(LineTable).rows] == ["one"]


async def test_it_is_filtered_sorted_and_opened_like_any_list() -> None:
    centre = Accounting(
        (past(1, 1, name="train", elapsed=50), past(2, 2, name="eval", elapsed=90), past(3, 3, name="train-2"))
    )
    async with opened(centre) as screen:
        history = await shown(screen)
        await screen.press("slash", *"train", "enter")
        assert ids(history) == ["1", "3"]
        assert "2 jobs" in screen.text
        await screen.press("escape")
        assert ids(history) == ["1", "2", "3"]
        history.sort_by("elapsed", True)
        assert ids(history) == ["3", "2", "1"]
        await screen.press("g", "enter")
        assert isinstance(screen.app.screen, JobScreen)
        await screen.press("escape")
        assert screen.app.screen.query_one(LineTable) is history.query_one(LineTable)


async def test_marked_rows_are_counted_copied_and_exported_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sent: list[str] = []

    def copy(app: object, text: str, told: object, environ: object = None) -> bool:
        sent.append(text)
        return True

    monkeypatch.setattr(clipboard, "copy", copy)
    centre = Accounting(tuple(past(n, n) for n in range(1, 6)))
    async with opened(centre) as screen:
        await shown(screen)
        await screen.press("space", "space", "y")
        assert sent == ["1 2"]
        assert "2 marked jobs" in screen.text
        await screen.press("e")
        assert "2 rows, the marked ones" in screen.text
        await screen.press("tab", "enter")
        await screen.until(lambda: any(name.endswith(".json") for name in os.listdir(tmp_path)))
        told = only_file(tmp_path)
        assert [one["id"] for one in told["data"]] == ["1", "2"]
        assert told["schema"] == "naru.jobs/1"
        await screen.press("escape", "y")
        assert sent[-1] == "3"


async def test_an_export_asks_before_it_replaces_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "naru-jobs-2026-03-02T0930.csv"
    path.write_text("mine")
    async with opened(FakeCentre()) as screen:
        screen.app.push_screen(ExportScreen.of_jobs([past(1, 1)]))
        await screen.pilot.pause()
        assert path.name in screen.text
        await screen.press("enter")
        await screen.until(lambda: "Enter again" in screen.text)
        assert path.read_text() == "mine"
        await screen.press("x", "backspace", "enter")  # another name in between: it is asked anew
        await screen.until(lambda: "Enter again" in screen.text)
        assert path.read_text() == "mine"
        await screen.press("enter")
        await screen.until(lambda: path.read_text().startswith("site,"))
        await screen.until(lambda: not isinstance(screen.app.screen, ExportScreen))
        screen.app.push_screen(ExportScreen.of_jobs([]))
        await screen.pilot.pause()
        await screen.press(*["backspace"] * 40, *"no/such/x.csv", "enter")
        await screen.until(lambda: "there is no folder" in screen.text)
        await screen.press("escape")
        assert not isinstance(screen.app.screen, ExportScreen)
    assert os.listdir(tmp_path) == [path.name]


async def test_what_could_not_be_read_is_not_called_none() -> None:
    centre = Accounting(())
    async with opened(centre) as screen:
        centre.error = Unreachable("no answer")
        await shown(screen, "24h")
        assert "no answer" in screen.text
        assert "nothing is read yet" in screen.text
        assert "no job ended" not in screen.text
        assert "0 jobs" not in screen.text
        centre.error = None
        await screen.press("n")
        await screen.until(lambda: "no job ended" in screen.text)
        assert "0 jobs" in screen.text
