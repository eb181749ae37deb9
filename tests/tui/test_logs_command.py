"""`naru logs`, in this process, over a centre of plain values whose logs are files."""

import argparse
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.tui.fake import HOSTILE, NOW, FakeCentre, job, waiting

from naru import session
from naru.__main__ import main
from naru.session import Opened
from naru.terminal import Paper
from naru_client.config import Profile, Settings
from naru_client.errors import NotProvided, Unreachable
from naru_client.exchange import CallLog
from naru_client.logs.local import LocalLog
from naru_client.logs.source import LogSource
from naru_client.model import Job
from naru_client.reading import Reading


class CentreWithLogs(FakeCentre):
    """Its logs are files of this machine. `script` is every job's batch script."""

    script = "#!/bin/bash\nsrun ./train\n"

    async def job(self, job_id: str) -> Reading[tuple[Job, ...]]:
        return self._give("job", tuple(j for j in self.held_jobs if job_id in (j.id, str(j.array_id))))

    def open_log(self, path: str) -> LogSource:
        if error := self.errors.get("open"):
            raise error
        return LocalLog(path, patience=0.5)

    async def batch_script(self, job_id: str) -> Reading[str]:
        return self._give("script", self.script)


Capture = pytest.CaptureFixture[bytes]
Over = Callable[..., CentreWithLogs]


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> Over:
    """Makes every verb ask a centre with these jobs."""

    def use(*jobs: Job) -> CentreWithLogs:
        centre = CentreWithLogs(tuple(jobs))

        async def opened(args: argparse.Namespace, settings: Settings, paper: Paper) -> Opened:
            return Opened((centre,), Profile(name="test"), CallLog(), clock=lambda: NOW, glyphs=paper.glyphs,
                          no_colour=False)  # fmt: skip

        monkeypatch.setattr(session, "open_session", opened)
        return centre

    return use


def ended(number: int, path: Path | str, **changes: object) -> Job:
    """A job that has ended, and wrote everything to one file."""
    usual = {"state": "COMPLETED", "ended": NOW, "stdout": str(path), "stderr": str(path)}
    return job(number, **{**usual, **changes})


def printed(capture: Capture, *argv: str, code: int = 0) -> bytes:
    assert main(["logs", *argv]) == code, capture.readouterr().err.decode()
    return capture.readouterr().out


def complained(capture: Capture, code: int, *argv: str) -> str:
    assert main(["logs", *argv]) == code
    done = capture.readouterr()
    assert done.out == b""
    return done.err.decode()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "slurm-1.out"


def test_the_whole_log(over: Over, capfdbinary: Capture, log: Path) -> None:
    text = "".join(f"step {n} 손실 {n / 7:.3f}\n" for n in range(50_000)).encode()
    log.write_bytes(text)
    over(ended(1, log))
    assert printed(capfdbinary, "1") == text


def test_an_end_without_a_newline_stays_so_in_a_pipe(over: Over, capfdbinary: Capture, log: Path) -> None:
    log.write_bytes(b"one\ntwo")
    over(ended(1, log))
    assert printed(capfdbinary, "1") == b"one\ntwo"
    assert printed(capfdbinary, "1", "--tail", "1") == b"two"


def test_a_pipe_gets_clean_text_and_no_colour(over: Over, capfdbinary: Capture, log: Path) -> None:
    log.write_bytes(b"\x1b[31mred\x1b[0m\n 10%\r 50%\r100%\nt\tx\n" + HOSTILE.encode() + b"\n\x00\xff\xfe\x07\n")
    over(ended(1, log))
    out = printed(capfdbinary, "1").decode()
    assert out.startswith("red\n100%\nt       x\n")
    assert "".join(out.split("\n")).isprintable()


@settings(max_examples=25, deadline=None)
@given(data=st.binary(max_size=3000), last=st.none() | st.integers(0, 5))
@example(data=b"\xef\xbb\xbf", last=1)
@example(data="\ufeff한 줄\n두 줄\n".encode(), last=5)
def test_raw_is_the_file(data: bytes, last: int | None, tmp_path_factory: pytest.TempPathFactory) -> None:
    log = tmp_path_factory.mktemp("raw") / "out"
    log.write_bytes(data)
    out = _in_process([ended(1, log)], "1", "--raw", *(() if last is None else ("--tail", str(last))))
    if last is None:
        assert out == data
    elif data[:2] not in (b"\xff\xfe", b"\xfe\xff") and b"\0" not in data:  # of which lines differ
        lines = re.findall(rb"[^\n]*\n|[^\n]+\Z", data)
        assert out == b"".join(lines[-last:] if last else [])


def test_a_mark_of_the_encoding_is_no_text(over: Over, capfdbinary: Capture, log: Path) -> None:
    log.write_bytes("\ufeff한 줄\n두 줄\n".encode("utf-16-le"))
    over(ended(1, log))
    for argv in ((), ("--tail", "5")):
        assert printed(capfdbinary, "1", *argv).decode() == "한 줄\n두 줄\n"
    (told,) = json.loads(printed(capfdbinary, "1", "--json"))["data"]
    assert (told["lines"], told["truncated"]) == (["한 줄", "두 줄"], False)


@settings(max_examples=25, deadline=None)
@given(
    lines=st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("한글가나"))),
    last=st.integers(0, 6),
    newline=st.booleans(),
)
def test_tail_is_tail(lines: list[str], last: int, newline: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    log = tmp_path_factory.mktemp("tail") / "out"
    log.write_text("\n".join(lines) + ("\n" if newline else ""))
    tail = subprocess.run(["tail", "-n", str(last), "--", log], capture_output=True, check=True).stdout
    assert _in_process([ended(1, log)], "1", "--tail", str(last)) == tail


def _in_process(jobs: list[Job], *argv: str) -> bytes:
    """What `naru logs` prints to a pipe, with no fixture that lives longer than an example."""
    patch = pytest.MonkeyPatch()
    with patch.context() as patched:
        centre = CentreWithLogs(tuple(jobs))

        async def opened(args: argparse.Namespace, settings: Settings, paper: Paper) -> Opened:
            return Opened((centre,), Profile(name="test"), CallLog(), clock=lambda: NOW, glyphs=paper.glyphs,
                          no_colour=False)  # fmt: skip

        out = io.BytesIO()
        patched.setattr(session, "open_session", opened)
        patched.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="utf-8", write_through=True))
        assert main(["logs", *argv]) == 0
        return out.getvalue()


def test_tail_reads_the_end_only(over: Over, capfdbinary: Capture, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with log.open("wb") as file:
        file.truncate(5 << 30)  # holes
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + b"".join(b"line %d\n" % n for n in range(1000)))
    read = 0
    real = os.pread

    def counting(fd: int, count: int, offset: int) -> bytes:
        nonlocal read
        data = real(fd, count, offset)
        read += len(data)
        return data

    monkeypatch.setattr(os, "pread", counting)
    over(ended(1, log))
    assert printed(capfdbinary, "1", "--tail", "2") == b"line 998\nline 999\n"
    assert read < 1 << 20


def test_grep_and_its_last_matches(over: Over, capfdbinary: Capture, log: Path) -> None:
    log.write_text("".join(f"{'ERROR' if n % 10 == 0 else 'info'} {n}\n" for n in range(100_000)))
    over(ended(1, log))
    found = printed(capfdbinary, "1", "--grep", "error").splitlines()
    assert len(found) == 10_000
    assert found[1] == b"ERROR 10"
    assert printed(capfdbinary, "1", "--grep", "ERR.* 1?20$", "--tail", "2") == b"ERROR 20\nERROR 120\n"
    assert printed(capfdbinary, "1", "--grep", "Error") == b""
    assert printed(capfdbinary, "1", "--grep", "RR", "--tail", "0") == b""


def test_korean_logs_in_their_own_encodings(over: Over, capfdbinary: Capture, log: Path) -> None:
    text = "".join(f"학습 단계 {n}\n" for n in range(5000))
    over(ended(1, log))
    for encoding in ("cp949", "utf-16", "utf-8-sig"):
        log.write_bytes(text.encode(encoding))
        assert printed(capfdbinary, "1").decode() == text
        assert printed(capfdbinary, "1", "--tail", "2").decode() == "학습 단계 4998\n학습 단계 4999\n"
        assert printed(capfdbinary, "1", "--grep", "단계 499[01]$").decode() == "학습 단계 4990\n학습 단계 4991\n"


def test_the_errors_of_their_own_and_shared_ones(over: Over, capfdbinary: Capture, tmp_path: Path) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    out.write_text("fine\n")
    err.write_text("not fine\n")
    over(ended(1, out, stderr=str(err)), ended(2, out))
    assert printed(capfdbinary, "1") == b"fine\n"
    assert printed(capfdbinary, "1", "--stderr") == b"not fine\n"
    assert main(["logs", "2", "--stderr"]) == 0
    done = capfdbinary.readouterr()
    assert (done.out, done.err) == (b"fine\n", b"naru: errors go where the output goes\n")


def test_the_batch_script(over: Over, capfdbinary: Capture, log: Path) -> None:
    over(ended(1, log))
    assert printed(capfdbinary, "1", "--script").decode() == CentreWithLogs.script
    assert printed(capfdbinary, "1", "--script", "--grep", "srun") == b"srun ./train\n"


def test_as_json(over: Over, capfdbinary: Capture, log: Path) -> None:
    log.write_bytes(b"".join(b"\x1b[1mline\x1b[0m %d\n" % n for n in range(1500)))
    over(ended(1, log))
    envelope: dict[str, Any] = json.loads(printed(capfdbinary, "1", "--json"))
    assert envelope["schema"] == "naru.logs/1"
    (one,) = envelope["data"]
    assert (one["job"], one["stream"], one["path"], one["encoding"]) == ("1", "both", str(log), "utf-8")
    assert (len(one["lines"]), one["lines"][-1], one["truncated"]) == (1000, "line 1499", True)
    assert one["size"] == log.stat().st_size
    assert log.read_bytes()[one["offset_from"] :].startswith(b"\x1b[1mline\x1b[0m 500\n")
    (one,) = json.loads(printed(capfdbinary, "1", "--json", "--tail", "2", "--grep", "9$"))["data"]
    assert (one["lines"], one["truncated"], one["offset_from"]) == (["line 1489", "line 1499"], True, None)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("1", "--json", "-f"), "--json and --follow"),
        (("1", "--json", "--raw"), "--json and --raw"),
        (("1", "--script", "-f"), "cannot be followed"),
        (("1", "--force"), "--force goes with --raw"),
        (("1", "--tail", "many"), "not a number of lines"),
        (("1", "--grep", "("), "not closed"),
        (("x1",), "not the number of a job"),
        (("1", "--csv"), "not a table"),
    ],
)
def test_what_cannot_be_asked(argv: tuple[str, ...], words: str, over: Over, log: Path, capfdbinary: Capture) -> None:
    over(ended(1, log))
    assert main(["logs", *argv]) == 2
    said = capfdbinary.readouterr()
    assert words in (said.out + said.err).decode()


def test_errors_are_one_line_and_a_code(over: Over, capfdbinary: Capture, log: Path, tmp_path: Path) -> None:
    centre = over(ended(1, log), waiting(2, stdout=str(tmp_path / "no"), stderr=str(tmp_path / "no")))
    assert "no job 9" in complained(capfdbinary, 1, "9")
    assert "no such file" in complained(capfdbinary, 1, "1")
    told = complained(capfdbinary, 1, "2")
    assert "job 2 has not started" in told
    assert "hint: -f waits" in told
    log.mkdir()
    assert "it is a folder" in complained(capfdbinary, 5, "1")
    centre.errors["open"] = NotProvided("this centre has no way to read files")
    assert "no way to read" in complained(capfdbinary, 6, "1")
    centre.errors["open"] = Unreachable("the file system does not answer")
    assert "does not answer" in complained(capfdbinary, 4, "1")


def timeless(line: bytes) -> bytes:
    """A line without its digits: the demo's past ends at the moment at which it is opened."""
    return re.sub(rb"\d", b"", line)


def test_the_demo_serves_its_logs(capfdbinary: Capture) -> None:
    assert main(["jobs", "--demo", "--json"]) == 0
    jobs = json.loads(capfdbinary.readouterr().out)["data"]
    ended = next(job for job in jobs if job["state"] == "COMPLETED")
    name = f"{ended['site']}:{ended['id']}"
    whole = printed(capfdbinary, name, "--demo", "--raw")
    assert whole
    last = printed(capfdbinary, name, "--demo", "--tail", "1", "--raw")
    assert timeless(last) == timeless(whole.splitlines(keepends=True)[-1])
    (log,) = json.loads(printed(capfdbinary, name, "--demo", "--json"))["data"]
    assert (log["size"], log["source"]) == (len(whole), "FirecREST (simulated)")


# ---- several logs ------------------------------------------------------------------------------------------------


def task(number: int, path: Path, **changes: object) -> Job:
    return ended(100 + number, path, id=f"7_{number}", array_id=7, array_task=number, **changes)


def test_tasks_of_an_array_in_order_of_time(over: Over, capfdbinary: Capture, tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_text("2026-03-02 08:00:01 a\n  traceback of a\n2026-03-02 08:00:05 b\n")
    two.write_text("hello\n2026-03-02 08:00:00 c\n2026-03-02 08:00:03 d\nend")
    over(task(1, one), task(2, two))
    lines = printed(capfdbinary, "7").decode().splitlines()
    assert lines == [
        "7_2 | hello",
        "7_2 | 2026-03-02 08:00:00 c",
        "7_1 | 2026-03-02 08:00:01 a",
        "7_1 |   traceback of a",
        "7_2 | 2026-03-02 08:00:03 d",
        "7_2 | end",
        "7_1 | 2026-03-02 08:00:05 b",
    ]
    assert printed(capfdbinary, "7", "--tail", "2").decode().splitlines() == lines[-2:]
    assert printed(capfdbinary, "7", "--grep", "a$").decode().splitlines() == lines[2:4]
    assert printed(capfdbinary, "7_2", "--tail", "1") == b"end"
    assert "--raw is for one log" in complained(capfdbinary, 2, "7", "--raw")
    assert len(json.loads(printed(capfdbinary, "7", "--json"))["data"]) == 2


def test_tasks_without_stamps_one_after_the_other(over: Over, capfdbinary: Capture, tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_text("a\nb")
    two.write_text("c\n")
    over(task(1, one), task(2, two), task(3, tmp_path / "3"))
    assert main(["logs", "7"]) == 0
    done = capfdbinary.readouterr()
    assert done.out.decode() == f"==> 7_1: {one} <==\n7_1 | a\n7_1 | b\n==> 7_2: {two} <==\n7_2 | c\n"
    assert done.err == b"naru: without a log: 7_3\n"


def test_tasks_that_share_a_file_are_one_log(over: Over, capfdbinary: Capture, log: Path) -> None:
    log.write_text("both\n")
    over(task(1, log), task(2, log))
    assert printed(capfdbinary, "7") == b"both\n"
