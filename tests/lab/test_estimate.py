"""What `naru estimate` offers beside what a real slurmctld takes, refuses and holds."""

import json
import time
from typing import Any

import pytest
from tests.lab.real import Lab

pytestmark = pytest.mark.slurm

# Slurm takes such a job, and never starts it (EnforcePartLimits=NO).
NEVER_STARTED = ("granted", "used up", "remain", "may run for", "may not run here", "pool is down")
PATIENCE = 25  # seconds until slurmctld has looked at a job and said why it waits

SHAPES = (
    ("--gpus=1", "--time=5"),
    ("--gpus=4", "--time=5"),
    ("--gpus=h100:2", "--time=5"),
    ("--gpus=b200:8", "--nodes=1", "--time=2"),
    ("--gpus=b200:9", "--nodes=1", "--time=2"),
    ("--gpus=17", "--time=1"),
    ("--gres=npu:2", "--time=5"),
    ("--gres=npu:rngd:9", "--time=5"),
    ("--gres=gpu:h200:8", "--nodes=2", "--time=1"),
    ("--nodes=2", "--time=5"),
    ("--nodes=3", "--time=5"),
    ("--nodes=20", "--time=5"),
    ("--cpus-per-task=64", "--time=5"),
    ("--cpus-per-task=65", "--time=5"),
    ("--ntasks=130", "--time=5"),
    ("--mem=100G", "--time=5"),
    ("--mem=3000G", "--time=5"),
    ("--mem-per-cpu=20G", "--cpus-per-task=60", "--time=5"),
    ("--constraint=nosuch", "--time=5"),
    ("--qos=debug", "--gpus=1", "--time=5"),
)


def estimate(lab: Lab, *argv: str, user: str) -> dict[str, dict[str, Any]]:
    done = lab.naru("estimate", "--json", *argv, user=user)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return {offer["pool"]: offer for offer in json.loads(done.stdout)["data"]["offers"]}


def taken(lab: Lab, pool: str, *argv: str, user: str) -> bool:
    done = lab.start("sbatch", "--test-only", *argv, f"--partition={pool}", "--wrap=exit 0", user=user)
    return done.returncode == 0


@pytest.mark.parametrize("shape", SHAPES, ids=" ".join)
def test_no_pool_is_offered_that_slurm_refuses(lab: Lab, shape: tuple[str, ...]) -> None:
    found = estimate(lab, "--no-start", *shape, user="grace")
    for name, offer in found.items():
        accepted = taken(lab, name, *shape, user="grace")
        if offer["fits"]:
            assert accepted, (name, offer)
        elif offer["fits"] is False and accepted:
            assert any(words in " ".join(offer["why_not"]) for words in NEVER_STARTED), (name, offer)


def test_the_start_is_the_schedulers_own(lab: Lab) -> None:
    found = estimate(lab, "--gpus=1", "--time=5", user="grace")
    asked = [offer for offer in found.values() if offer["fits"]]
    assert asked
    assert all(offer["start"] and not offer["no_start"] for offer in asked)


def waiting_for(lab: Lab, job: str) -> str:
    return lab.run("squeue", "--noheader", f"--jobs={job}", "--format=%r").strip()


def test_a_job_that_a_grant_will_hold_is_foretold_and_then_held(lab: Lab) -> None:
    shape = ("--gres=gpu:b200:4", "--time=60")
    before = estimate(lab, *shape, user="grace")["b200"]
    assert before["fits"] is False
    assert any("account startup_b was granted" in why for why in before["why_not"]), before["why_not"]
    assert before["left"][0]["left"] < 0
    assert before["limits"][0]["holder"] == "startup_b"
    submit = ("sbatch", "--parsable", "-A", "startup_b", "-p", "b200", "--output=/dev/null", *shape, "--wrap=exit 0")
    job = lab.run(*submit, user="grace").strip()
    try:
        until = time.monotonic() + PATIENCE
        while "Minutes" not in waiting_for(lab, job) and time.monotonic() < until:
            pass
        assert waiting_for(lab, job) == "AssocGrpGRESMinutes"
    finally:
        lab.run("scancel", job)


def test_nothing_is_submitted_by_an_estimate(lab: Lab) -> None:
    told = estimate(lab, "--gpus=1", "--time=5", "--job-name=only-asked", user="grace")
    assert told
    assert not lab.run("squeue", "--noheader", "--all", "--name=only-asked", "--format=%A")
