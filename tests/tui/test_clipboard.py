"""What is copied, and how it gets past tmux and screen to the terminal."""

import base64
import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.children import naru
from tests.terminal import Terminal
from tests.tui.fake import HOSTILE, FakeCentre, job
from tests.tui.screen import opened

from naru import clipboard
from naru.app import NaruApp
from naru.clipboard import LONGEST, copies_of, copy, copy_ids, harmless, ids_of, sequence
from naru.screens.copying import CopyScreen
from naru_client.insight.fold import fold


def carried(written: str) -> str:
    """What a terminal finds in an OSC 52."""
    assert written.startswith("\x1b]52;c;")
    assert written.endswith("\x07")
    return base64.b64decode(written[7:-1]).decode()


def unwrapped(written: str) -> str:
    """What screen hands on: the insides of its device control strings."""
    parts = written.split("\x1bP")
    assert parts[0] == ""
    assert all(part.endswith("\x1b\\") and len(part) <= 250 for part in parts[1:])
    return "".join(part.removesuffix("\x1b\\") for part in parts[1:])


@given(st.text(max_size=2000))
def test_a_text_arrives_whole_and_harmless(text: str) -> None:
    clean = harmless(text)
    assert clean.isprintable()
    assert "\n" not in clean
    assert carried(sequence(clean, {})) == clean
    assert carried(unwrapped(sequence(clean, {"STY": "1.pts"}))) == clean
    assert carried(unwrapped(sequence(clean, {"TERM": "screen.xterm-256color"}))) == clean
    assert carried(sequence(clean, {"TERM": "screen-256color", "TMUX": "x"})) == clean


async def copied(app: NaruApp) -> None:
    """Return once tmux has been told."""
    for worker in list(app.workers):
        if worker.group == "copy":
            await worker.wait()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr(clipboard, "write", lambda app, text: sent.append(text))
    return sent


async def test_what_is_too_long_is_refused_with_its_size(written: list[str]) -> None:
    async with opened(FakeCentre()) as screen:
        assert not copy(screen.app, "x" * (LONGEST + 1), "done", {})
        assert written == []
        await screen.until(lambda: len(screen.app._notifications) > 0)
        assert "74,995 bytes" in next(iter(screen.app._notifications)).message
        assert copy(screen.app, "x" * LONGEST, "done", {})
        assert len(written) == 1
        assert len(written[0]) <= 100_000


async def test_ids_are_parted_by_blanks_and_told_once(written: list[str]) -> None:
    array = [job(500 + t, id=f"499_{t}", array_id=499, array_task=t) for t in range(3)]
    rows = fold([job(1), *array])
    assert ids_of(rows) == ["1", "499"]
    assert ids_of(array) == ["499_0", "499_1", "499_2"]
    async with opened(FakeCentre()) as screen:
        assert copy_ids(screen.app, rows)
        assert carried(written[0]) == "1 499"
        assert not copy_ids(screen.app, [])


def test_all_that_can_be_copied_of_a_job() -> None:
    one = job(7, name=HOSTILE, work_dir="/scratch/me")
    found = {c.key: c.text for c in copies_of([one], ["7 | x"], several=True)}
    assert found["i"] == "7"
    assert found["f"] == "/scratch/me"
    assert shlex.split(found["c"]) == ["naru", "job", "test:7"]
    assert all(text.isprintable() for text in found.values())
    group = job(9, id="9_[1-3%2]")
    commands = {c.key: c.text for c in copies_of([group], [""], several=False)}["c"]
    assert shlex.split(commands) == ["naru", "job", "9_[1-3%2]"]
    assert "f" not in {c.key for c in copies_of([job(1)], ["1"], several=False)}  # not told, not offered


async def test_the_menu_copies_by_key_and_by_enter(written: list[str]) -> None:
    jobs = [job(7, name="train", work_dir="/scratch/me"), job(8, name="eval")]
    async with opened(FakeCentre()) as screen:
        for keys, text in ((["n"], "train eval"), (["y"], "7 8"), (["j", "j", "j", "enter"], "/scratch/me")):
            screen.app.push_screen(CopyScreen(jobs))
            await screen.pilot.pause()
            assert "the names" in screen.text
            await screen.press(*keys)
            assert not isinstance(screen.app.screen, CopyScreen)
            assert carried(written.pop()) == text
        screen.app.push_screen(CopyScreen(jobs))
        await screen.pilot.pause()
        await screen.press("escape")
        assert written == []


async def test_within_tmux_its_own_command_takes_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: list[str]
) -> None:
    program = tmp_path / "tmux"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ncat > {tmp_path}/took\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with opened(FakeCentre()) as screen:
        assert copy(screen.app, "한글 7", "done", {"TMUX": "/tmp/x"})
        await copied(screen.app)
    assert (tmp_path / "asked").read_text() == "load-buffer -w -\n"
    assert (tmp_path / "took").read_text() == "한글 7"
    assert written == []


async def test_an_old_tmux_keeps_the_text_and_is_sent_the_sequence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: list[str]
) -> None:
    program = tmp_path / "tmux"
    program.write_text(f'#!/bin/sh\ncat > {tmp_path}/took\n[ "$2" != -w ]\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with opened(FakeCentre()) as screen:
        assert copy(screen.app, "7", "done", {"TMUX": "/tmp/x"})
        await copied(screen.app)
    assert (tmp_path / "took").read_text() == "7"
    assert carried(written[0]) == "7"


async def test_without_a_tmux_to_be_found_nothing_breaks(monkeypatch: pytest.MonkeyPatch, written: list[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    async with opened(FakeCentre()) as screen:
        assert copy(screen.app, "7", "done", {"TMUX": "/tmp/x"})
        await copied(screen.app)
    assert carried(written[0]) == "7"


def test_y_on_a_real_terminal_sends_the_id_and_nothing_else(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal(*naru("demo"), columns=100, rows=30)
    terminal.wait_for("My jobs")
    terminal.send("2")
    terminal.wait_for("o Sort")
    assert b"\x1b]52" not in terminal.raw
    terminal.send("y")
    terminal.wait_for("copied ")
    at = terminal.raw.index(b"\x1b]52;c;")
    copied = carried(bytes(terminal.raw[at : terminal.raw.index(b"\x07", at) + 1]).decode())
    assert copied in terminal.text
    terminal.send("q")
    assert terminal.wait_exit() == 0
