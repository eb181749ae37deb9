"""The lab itself: that it holds what the other tests marked `slurm` rely on."""

import pytest
from tests.lab.real import HERE, Lab

pytestmark = pytest.mark.slurm


def test_it_has_jobs_of_every_kind(lab: Lab) -> None:
    states = set(lab.run("squeue", "--all", "--noheader", "--states=all", "--format=%T").split())
    assert {"RUNNING", "PENDING", "COMPLETING", "CONFIGURING", "SUSPENDED", "FAILED", "CANCELLED"} <= states


def test_hostile_names_stand_in_the_queue_as_they_were_written(lab: Lab) -> None:
    hostile = lab.hostile()
    wanted = {"osc52": b"\x1b]52;c;", "c1": b"\xc2\x9b31m", "raw8": b"raw\x9b31m\xff\xfeend", "newline": b"new\nline"}
    for kind, part in wanted.items():
        done = lab.start("squeue", "--noheader", "--format=%j", f"--jobs={hostile[kind]}")
        assert part in done.stdout, kind


def test_a_token_opens_the_rest_interface(lab: Lab) -> None:
    token = lab.token("alice")
    assert token.count(".") == 2
    assert "\n" not in token


def test_a_user_is_who_they_are(lab: Lab) -> None:
    assert lab.run("id", "-un", user="alice").strip() == "alice"
    assert "alice" in lab.run("squeue", "--me", "--noheader", "--format=%u", user="alice")


def test_starting_and_filling_what_is_up_changes_nothing(lab: Lab) -> None:
    daemons = sorted(path for path in (lab.folder / "run").glob("*.pid"))
    before = {path.name: path.read_text(encoding="ascii") for path in daemons}
    jobs = lab.run("squeue", "--all", "--noheader", "--states=all", "--format=%A %j", "--name=llm-pretrain")
    nodes = " ".join(name.removeprefix("slurmd-").removesuffix(".pid") for name in before if name.startswith("slurmd-"))
    env = {"LAB": str(lab.folder), "LAB_PORT": "auto", "LAB_NODES": nodes}
    for script in ("slurm-up", "slurm-fill"):
        done = lab.start(str(HERE / script), env=env)
        assert done.returncode == 0, done.stderr
    assert {path.name: path.read_text(encoding="ascii") for path in daemons} == before
    assert lab.run("squeue", "--all", "--noheader", "--states=all", "--format=%A %j", "--name=llm-pretrain") == jobs
