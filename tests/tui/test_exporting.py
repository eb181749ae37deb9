"""Files of a view: the same bytes as the command line prints, whole or not there, never over another file unasked."""

import errno
import json
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tui.fake import HOSTILE, NOW, job, node

from naru import exporting
from naru.commands.job_table import finished_sheet, sheet
from naru.exporting import (
    Exists,
    Export,
    Stopped,
    export_of_history,
    export_of_jobs,
    export_of_nodes,
    pieces,
    target,
    usual_name,
    with_suffix,
    write_view,
)
from naru.output import Result, csv, envelope
from naru_client.errors import NaruError
from naru_client.model import Job

TOLD = {"site": "here", "source": 'a "data":[] source', "as_of": NOW, "warnings": ("some", '"data":[]')}


def whole(schema: str, rows: object) -> bytes:
    return envelope(Result(schema=schema, data=rows, show=lambda page: None, **TOLD))  # type: ignore[arg-type]


names = st.text(max_size=12) | st.sampled_from([HOSTILE, "=1+1", "+a", "-b", "@c", "\tx", 'q"u,o', "한글"])
some_jobs = st.lists(
    st.builds(lambda n, name: job(n, name=name, comment=name), st.integers(1, 10**6), names), max_size=9
)


@given(some_jobs, st.integers(1, 4))
def test_pieces_are_together_what_the_command_line_prints(jobs: list[Job], at_a_time: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "AT_A_TIME", at_a_time)
        export = export_of_jobs(jobs, **TOLD)
        assert b"".join(pieces(export, "csv")) == csv(sheet(jobs))
        assert b"".join(pieces(export, "json")) == whole("jobs", jobs)


def test_history_has_what_the_jobs_took(tmp_path: Path) -> None:
    jobs = [job(1, elapsed=1800), job(2, accelerators=None)]
    data = b"".join(pieces(export_of_history(jobs), "csv"))
    assert data == csv(finished_sheet(jobs))
    assert data.splitlines()[0].endswith(b",gpu_hours")
    assert data.splitlines()[1].endswith(b",2.0")
    assert data.splitlines()[2].endswith(b",")  # not told is not zero


@pytest.mark.parametrize("lead", ["=", "+", "-", "@"])
def test_no_text_is_a_formula(lead: str) -> None:
    line = b"".join(pieces(export_of_jobs([job(1, name=lead + "SUM(A1)")]), "csv")).decode().splitlines()[1]
    assert f",'{lead}SUM(A1)," in line


def test_nodes_can_be_written_too() -> None:
    told = json.loads(b"".join(pieces(export_of_nodes([node("n1", 3)]), "json")))
    assert told["schema"] == "naru.nodes/1"
    assert told["data"][0]["name"] == "n1"


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_a_file_is_its_owners_alone(tmp_path: Path, form: exporting.Format) -> None:
    path = tmp_path / "out"
    size = write_view(path, form, export_of_jobs([job(1)]))
    assert path.stat().st_size == size
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["out"]


def test_no_file_is_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("mine")
    with pytest.raises(Exists):
        write_view(path, "csv", export_of_jobs([job(1)]))
    assert path.read_text() == "mine"
    write_view(path, "csv", export_of_jobs([job(1)]), overwrite=True)
    assert path.read_text().startswith("site,")
    assert os.listdir(tmp_path) == ["out.csv"]


def test_a_file_that_comes_meanwhile_is_not_replaced_either(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"

    def somebody_else() -> bool:
        path.write_text("theirs")
        return True

    with pytest.raises(Exists):
        write_view(path, "csv", export_of_jobs([job(1)]), wanted=somebody_else)
    assert path.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["out.csv"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to("real.csv")
    with pytest.raises(Exists):
        write_view(link, "csv", export_of_jobs([]))
    write_view(link, "csv", export_of_jobs([]), overwrite=True)
    assert link.is_symlink()
    assert (tmp_path / "real.csv").read_text().startswith("site,")


def test_what_is_given_up_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        write_view(tmp_path / "out.csv", "csv", export_of_jobs([job(1)]), wanted=lambda: False)
    assert os.listdir(tmp_path) == []


def test_what_the_file_system_refuses_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_export: Export, _form: str) -> list[bytes]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(exporting, "pieces", full)
    with pytest.raises(NaruError, match="No space left") as caught:
        write_view(tmp_path / "out.csv", "csv", export_of_jobs([job(1)]))
    assert "\n" not in caught.value.message
    assert os.listdir(tmp_path) == []


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert target("~/x.csv", "u.csv") == tmp_path / "x.csv"
    assert target("x.csv", "u.csv") == tmp_path / "x.csv"
    assert target(" . ", "u.csv") == tmp_path / "u.csv"
    assert target("~", "u.csv") == tmp_path / "u.csv"
    assert usual_name("jobs", "csv", datetime(2026, 11, 24, 13, 12, tzinfo=UTC)) == "naru-jobs-2026-11-24T1312.csv"
    assert with_suffix("a.csv", "json") == "a.json"
    assert with_suffix("a.JSON", "csv") == "a.csv"
    assert with_suffix("a.txt", "csv") == "a.txt"


def fifo(folder: Path) -> str:
    os.mkfifo(folder / "pipe")
    return str(folder / "pipe")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (lambda folder: "  ", "missing"),
        (lambda folder: str(folder / "no" / "x.csv"), "no folder"),
        (lambda folder: "/dev/null", "not a plain file"),
        (fifo, "not a plain file"),
        (lambda folder: "a\0b", "cannot be the name"),
        (lambda folder: "x" * 300, "File name too long"),
        (lambda folder: "~nobody-of-that-name/x", "home folder"),
        (lambda folder: "/etc/passwd/x", "no folder"),
    ],
)
def test_names_that_cannot_be(tmp_path: Path, typed: Callable[[Path], str], words: str) -> None:
    with pytest.raises(NaruError, match=words):
        target(typed(tmp_path), "u.csv")


def test_a_path_is_told_without_what_could_harm(tmp_path: Path) -> None:
    assert "\x1b" not in exporting.shown(tmp_path / "a\x1b[31m")


def test_a_long_history_is_counted_by_rows_not_by_age() -> None:
    jobs = [job(n, ended=NOW - timedelta(minutes=n)) for n in range(1201)]
    assert b"".join(pieces(export_of_history(jobs), "csv")).count(b"\r\n") == 1202
