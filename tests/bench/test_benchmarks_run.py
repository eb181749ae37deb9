"""The benchmarks still run and print their ratios. What they measure is nobody's pass or fail here."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bench import queue_text
from tests.bench.keys import percentile
from tests.children import ROOT
from tests.lab.real import Lab

from naru_client.slurm.text_lists import SQUEUE_FIELDS, decode_squeue
from naru_client.slurm.text_values import duration

BENCH = ROOT / "tests" / "bench"


def bench(script: str, *arguments: str, **variables: str) -> str:
    argv = [sys.executable, str(BENCH / script), *arguments]
    env = os.environ | variables
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_start_up_is_measured_against_a_bare_app() -> None:
    output = bench("startup.py", "--runs", "1")
    assert "naru demo: time to first rows" in output
    assert "naru demo: memory" in output


@pytest.mark.slurm
def test_commands_are_measured_against_squeue(lab: Lab) -> None:
    output = bench("commands.py", "--runs", "1", SLURM_LAB=str(lab.folder))
    assert "naru jobs: above squeue" in output


def test_the_simulated_centre_s_answers_are_measured_against_msgspec() -> None:
    output = bench("mock_encoding.py", "--runs", "1", "--jobs", "400")
    for what in ("jobs", "nodes"):
        assert f"{what}: written anew, against msgspec" in output
        assert f"{what}: unchanged, against msgspec" in output


def test_tables_are_measured_against_textual_s_own() -> None:
    output = bench("table.py", "--runs", "1", "--jobs", "600", "--nodes", "100", "--keys", "2")
    for program in ("DataTable", "naru's table", "naru on stand-ins"):
        assert f"\n{program}\n" in f"\n{output}"
    for words in ("time to first rows", "a letter of a filter, p95", "1 % change, bytes", "peak memory"):
        assert f"naru: {words}" in output


def test_calls_are_counted() -> None:
    output = bench("calls.py", "--seconds", "1")
    assert re.search(r"^naru +\d+ calls in 1 s", output, re.MULTILINE)


def test_a_day_is_lived_through() -> None:
    output = bench("idle_day.py", "--hours", "1")
    assert re.search(r"hour  1: +\d+\.\d MiB", output)
    assert "growth from the first hour" in output


@pytest.mark.slurm
def test_slurmctld_is_measured_against_watch(lab: Lab) -> None:
    output = bench("slurmctld_load.py", "--minutes", "0.1", "--jobs", "0", SLURM_LAB=str(lab.folder))
    assert "naru, own jobs: above nobody, against watch" in output


def test_a_made_up_queue_is_read_as_it_was_made(tmp_path: Path) -> None:
    files = queue_text.write(tmp_path, 500, SQUEUE_FIELDS, own="me")
    jobs = decode_squeue(files.squeue.read_bytes(), queue_text.SEPARATOR, site="s", now=datetime.now(UTC))
    lines = [line.split("|") for line in files.twelve.read_text(encoding="utf-8").splitlines()]
    assert [job.id for job in jobs] == [cells[0] for cells in lines]
    assert [job.state for job in jobs] == [cells[6] for cells in lines]
    assert len({job.id for job in jobs}) == 500
    assert sum(job.user == "me" for job in jobs) >= 40
    assert any(job.array_pending for job in jobs)
    assert any(not job.name.isascii() for job in jobs)


@given(st.integers(0, 40 * queue_text.DAY))
def test_a_time_is_read_as_it_was_written(seconds: int) -> None:
    assert queue_text.seconds(queue_text.duration(seconds)) == seconds == duration(queue_text.duration(seconds))


@pytest.mark.parametrize(("percent", "value"), [(50, 2.0), (95, 4.0), (25, 1.0), (1, 1.0)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == value


def test_quota_is_measured_against_its_calls() -> None:
    told = bench("quota.py", "--runs", "1", "--associations", "200", "--controller", "0")
    assert "naru quota, against its calls" in told


def test_the_node_map_is_measured_against_itself() -> None:
    assert "1 % changed, against all anew" in bench("node_map.py")


def test_a_search_is_measured_against_grep() -> None:
    output = bench("log_search.py", "--runs", "1", "--size", "2M")
    assert "a word, alone, against grep" in output
    assert "in every line, naru, alone, for 1 MB" in output


def test_opening_a_log_is_measured() -> None:
    output = bench("log_open.py", "--runs", "1", "--size", "2M", "--toolong", "", "--lnav", "")
    assert "the key, big against small: time" in output
    assert "naru logs, against naru --version" in output


def test_following_a_log_is_measured() -> None:
    output = bench("log_follow.py", "--seconds", "1", "--rate", "2000")
    assert "the last line on the screen, at the end" in output
    assert "key to settled, p95" in output
