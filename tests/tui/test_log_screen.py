"""The log on the screen: opened at its end, followed, searched, and what is said when something happens to the file."""

import asyncio
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.tui.fake import HOSTILE, NOW, FakeCentre, job, waiting
from tests.tui.screen import Screen, opened

from naru.screens.log import LogScreen
from naru.widgets.log_view import LogView
from naru.widgets.word_box import WordBox
from naru_client.errors import NotProvided
from naru_client.logs.local import LocalLog
from naru_client.model import Job

SIZES = [(80, 24), (160, 48), (40, 10), (300, 80)]


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalLog, "pace", 0.15)
    monkeypatch.setattr("naru.log_reading.BUSY", 0.15)


def lines(count: int, begin: int = 0) -> str:
    moments = (NOW + timedelta(seconds=n) for n in range(begin, begin + count))
    return "".join(f"{moment:%Y-%m-%d %H:%M:%S} step {begin + n} 나루\n" for n, moment in enumerate(moments))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "slurm-7.out"
    path.write_text(lines(5000))
    return path


def writing(path: Path, **more: object) -> Job:
    return job(7, stdout=str(path), stderr=str(path), work_dir=str(path.parent), **more)


async def opened_log(screen: Screen) -> LogScreen:
    await screen.press("2", "l")
    await until(screen, lambda: isinstance(screen.app.screen, LogScreen))
    shown = screen.app.screen
    assert isinstance(shown, LogScreen)
    await until(
        screen,
        lambda: (
            shown._trouble is not None
            or (shown.reading is not None and (shown.reading.size, shown.reading.trouble) != (None, None))
        ),
    )
    await until(screen, lambda: not shown._drawing)
    return shown


async def until(screen: Screen, condition: Callable[[], bool]) -> None:
    """Let the app work until a condition holds; it is never idle, as it looks at the file again and again."""
    for _turn in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never came true; the screen shows:\n{screen.text}")


def view(screen: Screen) -> str:
    return screen.app.screen.query_one(LogView).plain


def edges(screen: Screen) -> str:
    """The first and the last row of the log that are shown."""
    rows = view(screen).split("\n")
    return f"{rows[0]} | {rows[-1]}"


def _on_edge(screen: Screen, words: str) -> bool:
    return words in edges(screen)


async def has(screen: Screen, words: str) -> None:
    await until(screen, lambda: words in screen.text)


async def told(screen: Screen, words: str) -> None:
    await until(screen, lambda: any(words in one.message for one in screen.app._notifications))


@pytest.fixture
def centre(log: Path) -> FakeCentre:
    return FakeCentre((writing(log),))


@pytest.mark.parametrize("size", SIZES)
async def test_one_key_opens_it_at_its_end_at_every_size(centre: FakeCentre, size: tuple[int, int]) -> None:
    async with opened(centre, size) as screen:
        await opened_log(screen)
        await has(screen, "step 4999")
        for keys in ([], ["w"], ["k"], ["pageup"], ["g"], ["right"], ["left"], ["slash"], ["escape"], ["G"]):
            await screen.press(*keys)
            assert len(screen.lines) == size[1]
            assert all(line.isprintable() for line in screen.lines)


async def test_it_goes_to_the_start_a_line_a_share_and_a_time(centre: FakeCentre) -> None:
    async with opened(centre) as screen:
        await opened_log(screen)
        await screen.press("g")
        await until(screen, lambda: " step 0 " in edges(screen))
        for words, found in (("1200", "step 1199 "), ("50%", "step 25"), ("10:00:10", "step 1810 "), ("100%", "4999")):
            await screen.press("number_sign")
            await screen.type(words)
            await screen.press("enter")
            await until(screen, partial(_on_edge, screen, found))
        await screen.press("number_sign")
        await screen.type("nonsense")
        await screen.press("enter")
        await told(screen, "not a place in a log")


async def test_what_is_written_comes_into_sight_while_one_is_at_the_end(centre: FakeCentre, log: Path) -> None:
    async with opened(centre) as screen:
        await opened_log(screen)
        await has(screen, "following")
        with log.open("a") as file:
            file.write(lines(3, 5000))
        await has(screen, "step 5002")


async def test_a_look_can_be_asked_for(centre: FakeCentre, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalLog, "pace", 3600)
    monkeypatch.setattr("naru.log_reading.SOONEST", 0.0)
    async with opened(centre) as screen:
        await opened_log(screen)
        await has(screen, "following")
        with log.open("a") as file:
            file.write(lines(3, 5000))
        await screen.press("r")
        await has(screen, "step 5002")


async def test_new_lines_never_steal_the_scroll(centre: FakeCentre, log: Path) -> None:
    async with opened(centre) as screen:
        await opened_log(screen)
        await screen.press("pageup", "k")
        before = view(screen)
        with log.open("a") as file:
            file.write(lines(300, 5000))
        await has(screen, "300 new lines below")
        assert view(screen) == before
        await screen.press("G")
        await has(screen, "step 5299")
        assert "new lines below" not in screen.text


async def test_search_marks_counts_and_goes_both_ways(centre: FakeCentre) -> None:
    async with opened(centre, (120, 30)) as screen:
        shown = await opened_log(screen)
        await screen.press("g")
        await screen.press("slash")
        await screen.type("step 77")
        await has(screen, "1 of 11")  # 77 and 770 to 779
        await screen.press("enter")
        first = shown._here
        await screen.press("n")
        await until(screen, lambda: shown._here != first)
        assert "2 of" in screen.text
        await screen.press("N")
        await until(screen, lambda: shown._here == first)
        await screen.press("ampersand")
        await until(screen, lambda: all("step 77" in line for line in view(screen).split("\n") if line))
        await screen.press("escape")
        await until(screen, lambda: "step 79" in view(screen))


async def test_an_expression_that_is_wrong_is_told_and_changes_nothing(centre: FakeCentre) -> None:
    async with opened(centre) as screen:
        shown = await opened_log(screen)
        await screen.press("slash")
        await screen.type("~(a")
        await screen.press("enter")
        assert shown._typing == "find"
        await screen.press("escape")
        assert shown.search is None


async def test_problems_are_reached_by_a_key(tmp_path: Path) -> None:
    path = tmp_path / "slurm-7.out"
    trace = "Traceback (most recent call last):\n  File 'train.py', line 3\ntorch.OutOfMemoryError: CUDA out of memory."
    path.write_text(lines(1000) + trace + " Tried to allocate 2.00 GiB.\n" + lines(1000, 1000))
    async with opened(FakeCentre((writing(path),))) as screen:
        await opened_log(screen)
        await screen.press("E")
        await has(screen, "CUDA out of memory")
        await screen.press("E")
        await has(screen, "no problem above")


def written(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def _same(path: Path, other: Path) -> bool:
    return path.exists() and path.read_bytes() == other.read_bytes()


def happens_to(log: Path, what: str) -> None:
    if what == "cut":
        log.write_text("anew\n")
        return
    log.rename(log.with_suffix(".1"))
    if what == "replaced":
        log.write_text("anew\n")
    elif what == "folder":
        log.mkdir()
    elif what == "pipe":
        os.mkfifo(log)


HAPPENINGS = {
    "cut": "cut short", "replaced": "another file", "gone": "no such file", "folder": "a folder", "pipe": "a pipe",
}  # fmt: skip


@pytest.mark.parametrize("what", HAPPENINGS)
async def test_what_happens_to_the_file_is_said(centre: FakeCentre, log: Path, what: str) -> None:
    async with opened(centre, (120, 24)) as screen:
        await opened_log(screen)
        happens_to(log, what)
        await has(screen, HAPPENINGS[what])
        if what in ("cut", "replaced"):
            await has(screen, "anew")
        else:
            assert "step 4999" in screen.text  # what was read stays
            await screen.press("k")


async def test_a_file_system_that_hangs_is_said_and_holds_up_no_key(
    centre: FakeCentre, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, real = threading.Event(), os.stat

    def stat(path: str, *args: Any, **told: Any) -> os.stat_result:
        if str(path) == str(log) and hangs.is_set():
            answers.wait()
        return real(path, *args, **told)

    answers = threading.Event()
    monkeypatch.setattr(os, "stat", stat)
    async with opened(centre) as screen:
        await opened_log(screen)
        hangs.set()
        await has(screen, "does not answer")
        before = view(screen)
        await screen.press("k", "k")
        assert view(screen) != before
        with log.open("a") as file:
            file.write(lines(2, 5000))
        answers.set()
        await has(screen, "2 new lines below")


async def test_a_log_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "slurm-7.out"
    async with opened(FakeCentre((writing(path),))) as screen:
        await opened_log(screen)
        await has(screen, "no such file")
        path.write_text("first words\n")
        await has(screen, "first words")


async def test_a_waiting_job_and_a_centre_without_files_say_so(log: Path) -> None:
    async with opened(FakeCentre((waiting(8),)), (120, 24)) as screen:
        await opened_log(screen)
        assert "⚠" in screen.text
    centre = FakeCentre((writing(log),))
    centre.errors["log"] = NotProvided("this centre does not give logs")
    async with opened(centre) as screen:
        await opened_log(screen)
        await has(screen, "does not give logs")


async def test_the_batch_script_is_one_key_further(centre: FakeCentre) -> None:
    async with opened(centre) as screen:
        await opened_log(screen)
        await screen.press("o")
        await has(screen, "#SBATCH --gpus=8")


async def test_hostile_bytes_are_shown_as_text(tmp_path: Path) -> None:
    path = tmp_path / "slurm-7.out"
    path.write_bytes((HOSTILE + "\n").encode("utf-8", "surrogateescape") + b"\x00\xff\x1b[2J\x1b]0;t\x07ok\n")
    async with opened(FakeCentre((writing(path),)), (120, 24)) as screen:
        await opened_log(screen)
        await has(screen, "[bold]x[/] [@click=app.quit]y[/]")
        assert all(line.isprintable() for line in screen.lines)


async def test_tasks_of_an_array_are_gone_through_and_shown_as_one(tmp_path: Path) -> None:
    jobs = []
    for task in (1, 2):
        path = tmp_path / f"slurm-9_{task}.out"
        path.write_text(f"2026-03-02 09:0{task}:00 task {task} speaks\n" * 3)
        told = {"id": f"9_{task}", "array_id": 9, "array_task": task, "stdout": str(path), "stderr": str(path)}
        jobs.append(job(10 + task, **told))
    async with opened(FakeCentre(tuple(jobs)), (120, 24)) as screen:
        await opened_log(screen)
        await has(screen, "speaks")
        first = "task 1" if "task 1 speaks" in screen.text else "task 2"
        await screen.press("right_square_bracket")
        await has(screen, "task 2 speaks" if first == "task 1" else "task 1 speaks")
        await screen.press("m")
        await has(screen, "9_1 | ")
        assert view(screen).index("task 1 speaks") < view(screen).index("task 2 speaks")


async def test_it_is_saved_byte_by_byte_and_never_over_another_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    written(log, bytes(range(256)) * 5000)
    centre = FakeCentre((writing(log),))
    target = tmp_path / "saved.log"
    async with opened(centre) as screen:
        await opened_log(screen)
        await screen.press("s")
        screen.app.screen.query_one(WordBox).value = str(target)
        await screen.press("enter")
        await until(screen, partial(_same, target, log))
        assert mode(target) == 0o600
        await screen.press("s")
        screen.app.screen.query_one(WordBox).value = str(target)
        await screen.press("enter")
        await told(screen, "is there already")


async def test_the_job_page_tells_what_the_log_says(tmp_path: Path) -> None:
    path = tmp_path / "slurm-7.out"
    path.write_text("step: 120  loss:  4.5123  memory: 60.1GiB(75%)  tps: 1,234  mfu: 38.2%\n")
    async with opened(FakeCentre((writing(path),)), (120, 30)) as screen:
        await screen.press("2", "enter")
        await has(screen, "step 120")
        await screen.press("l")
        await until(screen, lambda: isinstance(screen.app.screen, LogScreen))
