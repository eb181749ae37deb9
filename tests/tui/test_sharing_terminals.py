"""Two terminals of one user on one machine ask the scheduler like one."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.children import naru
from tests.terminal import Terminal

SLURM = """#!/bin/sh
case "$(basename $0) $*" in
*"show config"*) echo "ClusterName = lab"; echo "SLURM_VERSION = 22.05.8" ;;
*ping*) echo "Slurmctld(primary) at vm is UP" ;;
esac
echo "$(basename $0) $1 $2" >> {log}
"""

Opener = Callable[..., Terminal]


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Slurm's commands on PATH, of an empty cluster; gives what was asked of them so far. Nothing is asked twice."""
    log = tmp_path / "log"
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("squeue", "sinfo", "sacct", "scontrol"):
        (folder / name).write_text(SLURM.format(log=log))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    (tmp_path / "slurm.conf").touch()
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    config = Path(os.environ["XDG_CONFIG_HOME"]) / "naru" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[poll]\njobs = 3600\nothers = 3600\n")
    return lambda: log.read_text().splitlines() if log.exists() else []


def test_the_second_terminal_asks_nothing_that_the_first_was_told(
    open_terminal: Opener, calls: Callable[[], list[str]]
) -> None:
    first = open_terminal(*naru(), columns=100)
    first.wait_for("1 Overview")
    first.wait_for(lambda _t: {line.split()[0] for line in calls()} >= {"squeue", "sinfo", "sacct", "scontrol"})
    first.send("@")
    first.wait_for(re.compile(r"ms .*sacct"))
    first.settle(1.0)
    asked = calls()
    second = open_terminal(*naru(), columns=100)
    second.wait_for("1 Overview")
    second.send("@")
    second.wait_for(re.compile(r"shared .*sacct"))
    second.wait_for(re.compile(r"shared .*squeue"))
    second.settle(1.0)
    assert calls() == asked
    assert "0 calls since the start" in second.text
    for terminal in (second, first):
        terminal.press("escape")
        terminal.wait_for(lambda t: "Calls made" not in t.text)
        terminal.send("q")
        assert terminal.wait_exit() == 0
