"""What reaches a real terminal: hostile names through the whole program, and the bytes that came out of it."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.children import naru
from tests.terminal import Terminal
from tests.vt import sequences

NAMES = {
    "escape": "a\x1b[31mred\x1b[0m",
    "clipboard": "b\x1b]52;c;bmFydQ==\x07c",
    "title": "c\x1b]0;owned\x1b\\d",
    "bell": "d\x07e",
    "c1": "e\x9b31m\x9d52;c;bmFydQ==\x9cf",
    "bidi": "f\u202egpj.exe\u2066\u200b",
    "markup": "[bold]g[/] [@click=app.quit]h[/] [/",
    "newline": "h\ni\r\nj\x00k",
    "pipe": "i|j\x1f\x1ek",
    "hangul": "한" * 300,
}
# Bytes of the names that no terminal program writes of its own accord.
NEVER = [
    b"]52;",
    b"\x07",
    b"owned",
    b"\xc2\x9b",
    b"\xc2\x9d",
    b"\xe2\x80\xae",
    b"\xe2\x81\xa6",
    b"\xe2\x80\x8b",
    b"\x00",
    b"\x1f",
]


def answer() -> dict[str, object]:
    """One answer of squeue --json with a job for every kind of hostile text, in every text of the job."""
    jobs = []
    for number, (kind, text) in enumerate(NAMES.items(), start=1):
        jobs.append(
            {
                "job_id": number,
                "name": text,
                "user_name": "me",
                "account": text,
                "partition": text,
                "qos": text,
                "comment": text,
                "job_state": ["RUNNING"],
                "state_reason": text,
                "nodes": text,
                "current_working_directory": "/" + text,
                "command": text,
                "dependency": text,
                "features": text,
                "standard_output": f"/{kind}/{text}",
                "submit_time": {"set": True, "infinite": False, "number": 1772440000},
                "start_time": {"set": True, "infinite": False, "number": 1772443600},
                "time_limit": {"set": True, "infinite": False, "number": 60},
            }
        )
    meta = {
        "plugin": {"data_parser": "data_parser/v0.0.42"},
        "slurm": {"release": NAMES["escape"], "cluster": NAMES["title"]},
    }
    return {"jobs": jobs, "errors": [], "warnings": [{"description": NAMES["clipboard"]}], "meta": meta}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "squeue.json"
    path.write_text(json.dumps(answer()))
    return path


def assert_clean(raw: bytes | bytearray) -> None:
    for bad in NEVER:
        assert bad not in raw, bad
    for sequence in sequences(bytes(raw)):
        assert not sequence.startswith((b"\x1b]0", b"\x1b]52", b"\x1b]8", b"\x1bP", b"\x1b_", b"\x1b^")), sequence


@pytest.mark.parametrize("language", ["C.UTF-8", "C"])
def test_no_hostile_byte_reaches_the_terminal(
    recording: Path, open_terminal: Callable[..., Terminal], language: str
) -> None:
    terminal = open_terminal(*naru("--replay", str(recording)), columns=100, rows=40, env={"LANG": language})
    terminal.wait_for("[bold]g")
    terminal.send("2")
    terminal.wait_for("o Sort")
    for _job in NAMES:
        terminal.press("enter")
        terminal.wait_for("Details")
        for _part in range(3):
            terminal.press("tab")
        terminal.wait_for("job_id")  # the record itself
        terminal.press("escape")
        terminal.wait_for(lambda t: "o Sort" in t.text and "Details" not in t.text)
        terminal.send("j")
    terminal.send("@")
    terminal.wait_for("Calls made")
    terminal.press("escape")
    terminal.wait_for(lambda t: "o Sort" in t.text and "Calls made" not in t.text)
    terminal.send("q")
    assert terminal.wait_exit() == 0
    assert_clean(terminal.raw)
    if language == "C":
        drawn = terminal.raw.decode("utf-8", "replace")
        assert drawn.isascii()


@pytest.mark.parametrize("verb", [["jobs", "--all"], ["job", "2"], ["why", "5"], ["sites"], []])
def test_no_verb_prints_a_hostile_byte_on_a_terminal(
    recording: Path, open_terminal: Callable[..., Terminal], verb: list[str]
) -> None:
    arguments = ["--replay", str(recording), *verb]
    if not verb:
        arguments = ["demo", "--once"]
    terminal = open_terminal(*naru(*arguments), columns=100, rows=40)
    terminal.wait_exit()
    assert_clean(terminal.raw)
    assert len(terminal.raw) > 50


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_go_it_puts_the_terminal_back(open_terminal: Callable[..., Terminal], number: int) -> None:
    terminal = open_terminal(*naru("demo"), columns=80, rows=24)
    terminal.wait_for("My jobs")
    terminal.process.send_signal(number)
    assert terminal.wait_exit() == 128 + number
    written = bytes(terminal.raw)
    assert written.rindex(b"\x1b[?1049l") > written.rindex(b"\x1b[?1049h")


def test_no_naru_stays_behind_when_its_terminal_is_gone(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal(*naru("demo"), columns=80, rows=24)
    terminal.wait_for("My jobs")
    process = terminal.process
    os.close(terminal._fd)
    terminal._fd = -1
    assert process.wait(20) != 0
