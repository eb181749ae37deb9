"""The benchmarks still run and print their ratios. What they measure is nobody's pass or fail here."""

import os
import subprocess
import sys

import pytest
from tests.children import ROOT
from tests.lab.real import Lab

BENCH = ROOT / "tests" / "bench"


def bench(script: str, *arguments: str, **variables: str) -> str:
    argv = [sys.executable, str(BENCH / script), "--runs", "1", *arguments]
    env = os.environ | variables
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_start_up_is_measured_against_a_bare_app() -> None:
    output = bench("startup.py")
    assert "naru demo: time to first rows" in output
    assert "naru demo: memory" in output


@pytest.mark.slurm
def test_commands_are_measured_against_squeue(lab: Lab) -> None:
    output = bench("commands.py", SLURM_LAB=str(lab.folder))
    assert "naru jobs: above squeue" in output


def test_the_simulated_centre_s_answers_are_measured_against_msgspec() -> None:
    output = bench("mock_encoding.py", "--jobs", "400")
    for what in ("jobs", "nodes"):
        assert f"{what}: written anew, against msgspec" in output
        assert f"{what}: unchanged, against msgspec" in output
