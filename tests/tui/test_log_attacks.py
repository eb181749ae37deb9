# ruff: noqa: ASYNC240
"""What a hostile or merely unlucky log does to the screen: long lines, a file that falters, a search in a bad hour."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from rich.style import Style
from tests.tui.fake import FakeCentre, job
from tests.tui.screen import Screen, opened
from tests.tui.test_log_screen import _quick_looks, has, lines, opened_log, until, writing

from naru.format import Glyphs
from naru.log_leaving import page
from naru.log_lines import LogLine
from naru.screens.log import LogScreen
from naru.widgets.log_view import LogView
from naru.widgets.word_box import WordBox
from naru_client.errors import Refused
from naru_client.logs.encoding import Codec
from naru_client.logs.lines import RawLine
from naru_client.logs.local import LocalLog
from naru_client.logs.pattern import read_pattern
from naru_client.logs.search import Progress, Search

__all__ = ["_quick_looks"]  # a fixture for every test here


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "slurm-7.out"
    path.write_text("".join(f"step {n} ok\n" for n in range(5000)))
    return path


@pytest.fixture
def centre(log: Path) -> FakeCentre:
    return FakeCentre((writing(log),))


async def worded(screen: Screen, words: str) -> None:
    """Have these words in the box and press Enter."""
    screen.app.screen.query_one(WordBox).value = words
    await screen.press("enter")


async def searched(screen: Screen, shown: LogScreen, words: str) -> None:
    """Search for these words, and wait until all is counted."""
    await screen.press("slash")
    screen.app.screen.query_one(WordBox).value = words
    await until(screen, lambda: shown.search is not None and shown.search._search.progress.done)
    await screen.press("enter")
    await until(screen, lambda: not shown._drawing)


def _drawn(text: str) -> Callable[[], object]:
    view = LogView(Glyphs(False))
    line = LogLine(RawLine(0, len(text) + 1, text.encode(), True), Codec("utf-8"))
    assert line.text  # what is made once is made
    view._find = read_pattern("a").spans
    view._style = lambda name: Style()  # type: ignore[method-assign]
    return lambda: [view._segments(line, at, at + 79, Style()) for at in (0, 80, 160, 240)]


def _seconds(work: Callable[[], object]) -> float:
    """The least of several: what the work takes where nothing else comes between."""
    taken = []
    for _nth in range(3):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def test_a_row_of_a_long_line_costs_about_what_a_short_one_does() -> None:
    assert _seconds(_drawn("ab" * 12_000)) < 6 * _seconds(_drawn("ab" * 400))


@pytest.mark.parametrize("pager", ["less -Xr", "less -iRr", "less --raw-control"])
def test_less_shows_nothing_raw_however_it_is_asked_to(pager: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr("naru.log_leaving.subprocess.run", lambda words, **_more: asked.append(words))
    assert page("/a/log", {"PAGER": pager}) == ""
    options = asked[0][1 : asked[0].index("--")]
    assert not [word for word in options if word.startswith("--r") or (word[:2] != "--" and "r" in word)]


async def test_a_count_that_could_not_be_made_is_not_zero(centre: FakeCentre, log: Path) -> None:
    async with opened(centre) as screen:
        shown = await opened_log(screen)
        log.unlink()
        await has(screen, "there is no such file")
        await searched(screen, shown, "step")
        assert shown.search is not None
        assert "0 lines" not in shown.search.words(Glyphs(False))


async def test_a_search_goes_on_when_the_log_can_be_read_again(
    centre: FakeCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(centre) as screen:
        shown = await opened_log(screen)
        with monkeypatch.context() as broken:
            await _unreadable(broken)
            await has(screen, "you may not read it")
            await searched(screen, shown, "step")
        await until(screen, lambda: shown.reading is not None and shown.reading.trouble is None)
        for _turn in range(20):
            await asyncio.sleep(0.01)
        assert "you may not read it" not in screen.text
        assert shown.search is not None
        assert shown.search._search.progress.matches == 5000


async def _unreadable(patch: pytest.MonkeyPatch) -> None:
    async def refused(_self: LocalLog, *_arguments: object) -> None:
        raise Refused("you may not read it")

    patch.setattr(LocalLog, "stat", refused)
    patch.setattr(LocalLog, "read", refused)


async def test_a_search_at_the_end_of_the_log_tells_how_many_there_are(centre: FakeCentre) -> None:
    async with opened(centre) as screen:
        shown = await opened_log(screen)
        await searched(screen, shown, "step 7 ok")
        assert "1 line" in screen.text or "1 of 1" in screen.text


async def test_lines_in_sight_are_not_below(centre: FakeCentre, log: Path) -> None:
    async with opened(centre) as screen:
        shown = await opened_log(screen)
        await screen.press("k")
        await until(screen, lambda: shown.reading is not None and not shown.reading.sticking)
        log.write_text("one\ntwo\n")
        await has(screen, "two")
        await until(screen, lambda: not shown._drawing)
        assert "below" not in screen.text


async def test_the_filter_stays_when_the_log_starts_anew(centre: FakeCentre, log: Path) -> None:
    async with opened(centre) as screen:
        shown = await opened_log(screen)
        await searched(screen, shown, "step")
        await screen.press("ampersand")
        log.write_text("step 1 new\nother\nstep 2 new\n")
        await has(screen, "step 2 new")
        assert shown.reading is not None
        assert shown.reading.only is not None
        assert "other" not in screen.text


async def test_that_not_all_tasks_are_merged_is_told(tmp_path: Path) -> None:
    jobs = []
    for n in range(70):
        path = tmp_path / f"{n}.out"
        path.write_text(f"2026-11-24 10:00:{n % 60:02d} task {n}\n")
        jobs.append(job(1000 + n, array_id="900", array_task=n, stdout=str(path), stderr=str(path)))
    async with opened(FakeCentre(tuple(jobs))) as screen:
        screen.app.push_screen(LogScreen(jobs, "jobs"))
        await until(screen, lambda: isinstance(screen.app.screen, LogScreen))
        await screen.press("m")
        await has(screen, "all tasks as one")
        await has(screen, "task 59")
        assert "64" in screen.line_with("all tasks as one")


async def test_a_filter_shows_each_line_that_grows_in_pieces_once(centre: FakeCentre, log: Path) -> None:
    log.write_text("hit first\n")
    async with opened(centre) as screen:
        shown = await opened_log(screen)
        await searched(screen, shown, "hit")
        await screen.press("ampersand", "G")
        with log.open("a", buffering=1 << 20) as file:
            for n in range(60):
                file.write(f"hit {n}")
                file.flush()
                if n % 10 == 0:
                    await asyncio.sleep(0.02)
                file.write(f" whole\nno {n}\n")
                file.flush()
        await has(screen, "hit 59 whole")
        await screen.press("g")
        await has(screen, "hit first")
        assert shown.reading is not None
        reading = shown.reading
        await until(screen, lambda: len(reading.window.lines) == 61)
        assert [line.text for line in reading.window.lines] == ["hit first", *(f"hit {n} whole" for n in range(60))]


async def test_it_lives_through_whatever_takes_the_place_of_the_file(centre: FakeCentre, log: Path) -> None:
    async with opened(centre) as screen:
        shown = await opened_log(screen)
        assert isinstance(shown, LogScreen)
        kinds: tuple[tuple[str, Callable[[], None]], ...] = (
            ("it is a folder", log.mkdir),
            ("it is a device", partial(log.symlink_to, "/dev/zero")),
        )
        for words, make in kinds:
            log.rmdir() if log.is_dir() else log.unlink()
            make()
            await has(screen, words)
            for keys in (["slash", "a", "enter", "n"], ["ampersand", "escape"]):
                await screen.press(*keys)
        log.unlink()
        log.write_text(lines(30))
        await has(screen, "step 29")
        assert [worker.state.name for worker in shown.workers if worker.group == "log"] == ["RUNNING"]


async def test_a_count_that_breaks_off_is_not_begun_again_and_again(
    centre: FakeCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that refuses the search, but tells of the log, would be asked for ever."""
    begun = 0

    async def refused(search: Search, start: int = 0, end: int | None = None) -> Progress:
        nonlocal begun
        begun += 1
        search._broken = search._done = True
        return search.progress

    monkeypatch.setattr(Search, "run", refused)
    async with opened(centre) as screen:
        shown = await opened_log(screen)
        await screen.press("slash")
        await screen.type("x")
        await has(screen, "not counted")
        for _turn in range(20):
            shown.show_log()
            await screen.pilot.pause()
        assert begun == 1
