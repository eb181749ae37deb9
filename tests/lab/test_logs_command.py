"""`naru logs` on a real Slurm: jobs of one's own, finished, running and of an array, found without naming a path."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from tests.lab.real import Lab

pytestmark = pytest.mark.slurm


@pytest.fixture
def submitted(lab: Lab) -> Iterator[list[str]]:
    """Numbers of jobs that are cancelled at the end."""
    numbers: list[str] = []
    yield numbers
    if numbers:
        lab.run("scancel", *numbers, user="alice")


def submit(lab: Lab, submitted: list[str], script: str, *options: str) -> str:
    usual = ("--parsable", "-p", "h100", "-t", "5", "-n1", "--mem=16M", "-D", str(lab.folder / "home" / "alice"))
    number = lab.run("sbatch", *usual, *options, f"--wrap={script}", user="alice").strip().partition(";")[0]
    submitted.append(number)
    return number


def until(lab: Lab, number: str, *states: str) -> None:
    end = time.monotonic() + 60
    while not set(lab.run("squeue", "-h", "-a", "-t", "all", "-j", number, "-o", "%T").split()) <= set(states):
        assert time.monotonic() < end, f"job {number} never was {states}"
        time.sleep(0.2)


def test_of_a_running_job_followed_and_of_a_finished_one(lab: Lab, submitted: list[str]) -> None:
    script = "echo begun; while [ ! -e $SLURM_JOB_ID.go ]; do sleep 0.1; done; echo oops >&2; echo 끝"
    number = submit(lab, submitted, script, "-o", "here-%x-%j.txt", "-e", "err-%j")
    argv = lab.argv_as("alice", [sys.executable, "-m", "naru", "logs", number, "-f"])
    child = subprocess.Popen(argv, env=lab.environment("alice"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"begun\n"
    (lab.folder / "home" / "alice" / f"{number}.go").touch()
    assert child.stdout.readline().decode() == "끝\n"
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode == 130
    until(lab, number, "COMPLETED", "COMPLETING")
    assert lab.naru("logs", number, "--tail", "1", user="alice").stdout.decode() == "끝\n"
    assert lab.naru("logs", number, "--stderr", "--raw", user="alice").stdout == b"oops\n"
    assert b"while [ ! -e" in lab.naru("logs", number, "--script", user="alice").stdout


def test_of_an_array_as_one(lab: Lab, submitted: list[str]) -> None:
    script = "for n in 1 2 3; do date +%Y-%m-%dT%H:%M:%S.%6N; sleep 0.2; done"  # as exact as stamps are compared
    number = submit(lab, submitted, script, "--array=1-2", "-o", "sweep-%A-%a.out")
    until(lab, number, "COMPLETED", "COMPLETING")
    lines = lab.naru("logs", number, user="alice").stdout.decode().splitlines()
    assert sorted({line.partition(" | ")[0] for line in lines}) == [f"{number}_1", f"{number}_2"]
    times = [line.partition(" | ")[2] for line in lines]
    assert len(times) == 6
    assert times == sorted(times)
    one = lab.naru("logs", f"{number}_2", "--tail", "1", user="alice").stdout.decode()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*\n", one)
