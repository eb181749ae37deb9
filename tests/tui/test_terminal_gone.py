"""A terminal that is gone takes Naru with it, and every command it runs: with a signal, without one, or against one."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.children import naru
from tests.terminal import Terminal

WITHIN = 10.0  # seconds; far more than it takes, on a machine that is busy

Opener = Callable[..., Terminal]

# Starts a program that no signal of the terminal reaches: its controlling terminal is another one, or none.
WITHOUT_SIGNAL = """
import os, sys
os.setsid()
os.execvp(sys.argv[1], sys.argv[1:])
"""
IGNORING = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execvp(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def slow_slurm(tmp_path: Path) -> Path:
    """Slurm's commands on PATH that never answer, and write down who they are."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (tmp_path / "slurm.conf").touch()
    for name in ("squeue", "sinfo", "sacct", "scontrol"):
        path = folder / name
        path.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/pids\nexec sleep 300\n")
        path.chmod(0o755)
    return folder


def until(condition: Callable[[], bool], what: str, seconds: float = WITHIN) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether a process is there and not a zombie: that is init's, and a container's may not reap."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(folder: Path) -> list[int]:
    """The commands that were started and still run."""
    told = folder / "pids"
    pids = [int(line) for line in told.read_text().split()] if told.exists() else []
    return [pid for pid in pids if runs(pid)]


def descendants(pid: int) -> list[int]:
    """A process and all that came of it."""
    found = [pid]
    for one in found:
        tasks = Path(f"/proc/{one}/task")
        for task in tasks.iterdir() if tasks.exists() else ():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def hang_up(terminal: Terminal) -> None:
    os.close(terminal._fd)
    terminal._fd = -1


@pytest.mark.parametrize("how", ["as usual", "without a signal", "with the signal ignored"])
def test_naru_and_its_commands_end_with_their_terminal(
    open_terminal: Opener, slow_slurm: Path, tmp_path: Path, how: str
) -> None:
    program = naru()
    if how == "without a signal":
        program = [sys.executable, "-ISc", WITHOUT_SIGNAL, *program]
    elif how == "with the signal ignored":
        program = [sys.executable, "-ISc", IGNORING, *program]
    env = {"PATH": f"{slow_slurm}:{os.environ['PATH']}", "SLURM_CONF": str(tmp_path / "slurm.conf")}
    if how == "without a signal":  # a session of its own cannot be made by the leader of one
        program = ["/bin/sh", "-c", 'exec 3<&0; "$@" <&3 & wait', "sh", *program]
    terminal = open_terminal(*program, env=env)
    terminal.wait_for("1 Overview")
    until(lambda: bool(children(tmp_path)), f"no command was started:\n{terminal.text}")
    all_of_it = descendants(terminal.process.pid)
    hang_up(terminal)
    until(lambda: not any(map(runs, all_of_it)), f"{how}: naru stayed behind")
    terminal.process.wait(WITHIN)
    until(lambda: not children(tmp_path), f"{how}: a command stayed behind")


def test_an_end_of_the_session_in_tmux_is_the_end_of_naru(slow_slurm: Path, tmp_path: Path) -> None:
    tmux = shutil.which("tmux")
    if tmux is None:
        pytest.skip("there is no tmux")
    env = {**os.environ, "PATH": f"{slow_slurm}:{os.environ['PATH']}", "SLURM_CONF": str(tmp_path / "slurm.conf")}
    socket = ["-S", str(tmp_path / "tmux"), "-f", os.devnull]

    def told(*words: str) -> str:
        return subprocess.run([tmux, *socket, *words], env=env, capture_output=True, text=True, check=True).stdout

    told("new-session", "-d", "-x", "80", "-y", "24", *naru())
    try:
        until(lambda: "Overview" in told("capture-pane", "-p"), "it did not open", 20)
        pid = int(told("list-panes", "-F", "#{pane_pid}"))
        until(lambda: bool(children(tmp_path)), "no command was started")
    finally:
        told("kill-session")
    until(lambda: not runs(pid), "naru stayed behind")
    until(lambda: not children(tmp_path), "a command stayed behind")


def test_a_terminal_that_takes_no_more_keeps_naru_from_nothing(
    open_terminal: Opener, slow_slurm: Path, tmp_path: Path
) -> None:
    env = {"PATH": f"{slow_slurm}:{os.environ['PATH']}", "SLURM_CONF": str(tmp_path / "slurm.conf")}
    terminal = open_terminal(*naru(), env=env, columns=200, rows=60)
    terminal.wait_for("Overview")
    for key in "123" * 200:  # nobody reads: what it draws fills the line
        terminal.send(key)
    terminal.process.send_signal(signal.SIGHUP)
    until(lambda: terminal.process.poll() is not None, "naru stayed behind")
    until(lambda: not children(tmp_path), "a command stayed behind")
