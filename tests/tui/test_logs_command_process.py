"""`naru logs` as its own process, on a login node whose Slurm is a few lines of shell."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.children import naru
from tests.terminal import Terminal

from naru_client.slurm.text_jobs import SQUEUE_FIELDS

CONFIG = "ClusterName = here\\nSLURM_VERSION = 22.05.8\\nAccountingStorageType = (null)\\n"

# `squeue -O JobID:SEPARATOR,…`: the rows it prints have the separator of whoever asks.
SQUEUE = """#!/bin/sh
for last; do :; done
separator=${last%%,*}
sed "s/@@/${separator#*:}/g" FOLDER/rows
"""


class LoginNode:
    """A folder of Slurm's commands, which know one job, 1."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "slurm-1.out"
        self._command("scontrol", f"#!/bin/sh\nprintf '{CONFIG}'\n")
        self._command("squeue", SQUEUE.replace("FOLDER", str(folder)))
        self.tell("RUNNING")

    def tell(self, state: str, log: Path | None = None) -> None:
        """From now on the job is in that state, and writes there."""
        told = {
            "JobID": "1", "ArrayJobID": "1", "Name": "train", "UserName": "me", "State": state, "Reason": "None",
            "WorkDir": str(self.folder), "STDOUT": str(log or self.log), "STDERR": str(log or self.log),
            "BatchFlag": "1",
        }  # fmt: skip
        known = {name.lower(): value for name, value in told.items()}
        row = "".join(known.get(name.lower(), "N/A") + "@@" for name in SQUEUE_FIELDS)
        new = self.folder / "new"
        new.write_text(row + "\n")
        new.rename(self.folder / "rows")

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"}

    def start(self, *argv: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            naru("logs", *argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env
        )

    def terminal(self, *argv: str, **env: str) -> Terminal:
        return Terminal(naru("logs", *argv), env={"PATH": self.env["PATH"], **env})

    def _command(self, name: str, script: str) -> None:
        (self.folder / name).write_text(script)
        (self.folder / name).chmod(0o755)


@pytest.fixture
def node(tmp_path: Path) -> LoginNode:
    return LoginNode(tmp_path)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.01)


def test_two_commands_find_the_log(node: LoginNode) -> None:
    node.log.write_bytes(b"one\ntwo\n")
    for name in ("scontrol", "squeue"):
        path = node.folder / name
        first, rest = path.read_text().split("\n", 1)
        path.write_text(f"{first}\necho {name} >> {node.folder}/calls\n{rest}")
    assert node.start("1", "--tail", "1").communicate(timeout=30) == (b"two\n", b"")
    assert sorted((node.folder / "calls").read_text().split()) == ["scontrol", "squeue"]


CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\n\r") + b"\x7f"
HOSTILE = b"".join(
    [
        *(b"c%d%c.\n" % (byte, byte) for byte in CONTROLS),
        *(f"u{code:x}{chr(code)}.\n".encode() for code in range(0x80, 0xA0)),
        b"\x1b]52;c;aGVsbG8=\x07\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\\x1b]0;title\x07\x1b]133;A\x07\n",
        b"\x1bP1$r0m\x1b\\\x1b_Gq\x1b\\\x1b^x\x1b\\\x1bXx\x1b\\\x1b[?1049h\x1b[?1000h\x1b[6n\x1b[2J\x1bc\x1b#8\n",
        "\u202egnp.exe\u2066\u200b\u200d\ufeff[bold]x[/] [@click=app.bell]y[/]\n".encode(),
        b"\x1b[31;1mred\x1b[0m \x1b[38;2;1;2;3mdeep\x1b[m\n 1%\r 2%\r99%\n\xff\xfe\x80\n",
    ]
)
OURS = re.compile(rb"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("follow", [(), ("-f",)])
def test_nothing_but_colour_reaches_a_terminal(node: LoginNode, follow: tuple[str, ...]) -> None:
    node.log.write_bytes(HOSTILE)
    node.tell("COMPLETED")
    with node.terminal("1", "--tail", "all", *follow) as terminal:
        assert terminal.wait_exit() == 0
        written = bytes(terminal.raw)
    assert b"\x1b[1;31mred\x1b[0m" in written
    text = OURS.sub(b"", written).decode()
    assert "99%" in text
    assert "1%" not in text
    assert "".join(text.split("\r\n")).isprintable()
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text)


def test_without_colours_there_is_none(node: LoginNode) -> None:
    node.log.write_bytes(HOSTILE)
    with node.terminal("1", NO_COLOR="1") as terminal:
        assert terminal.wait_exit() == 0
        assert b"\x1b" not in terminal.raw


def test_raw_goes_to_a_terminal_by_force_alone(node: LoginNode) -> None:
    node.log.write_bytes(b"\x1b[7mraw\x1b[0m\n")
    with node.terminal("1", "--raw") as terminal:
        assert terminal.wait_exit() == 2
        assert "--force" in terminal.text
        assert b"\x1b[7m" not in terminal.raw
    with node.terminal("1", "--raw", "--force") as terminal:
        assert terminal.wait_exit() == 0
        assert b"\x1b[7mraw" in terminal.raw


def test_ctrl_c_ends_it_quietly(node: LoginNode) -> None:
    node.log.write_bytes(b"one\n")
    child = node.start("1", "-f")
    assert child.stdout is not None
    assert child.stdout.readline() == b"one\n"
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=30) == (b"", b"")
    assert child.returncode == 130


def test_ctrl_c_ends_it_when_nobody_takes_what_it_prints(node: LoginNode) -> None:
    node.log.write_bytes(b"line\n" * 1_000_000)
    child = node.start("1")
    assert child.stdout is not None
    assert child.stdout.read(5) == b"line\n"
    until(lambda: _sleeps(child.pid))  # the pipe is full
    child.send_signal(signal.SIGINT)
    assert child.wait(30) in (130, 141)
    child.stdout.close()
    assert child.stderr is not None
    assert child.stderr.read() == b""
    child.stderr.close()


def test_a_reader_that_leaves_ends_it_though_the_log_is_silent(node: LoginNode) -> None:
    node.log.write_bytes(b"one\n")
    child = node.start("1", "-f")
    assert child.stdout is not None
    assert child.stdout.readline() == b"one\n"
    child.stdout.close()
    assert child.wait(30) == 141
    assert child.stderr is not None
    assert child.stderr.read() == b""
    child.stderr.close()


def test_what_it_imports(node: LoginNode) -> None:
    node.log.write_bytes(b"one\n")
    python, *rest = naru("logs", "1", "--tail", "1")
    argv = [python, "-X", "importtime", *rest]
    done = subprocess.run(argv, capture_output=True, env=node.env, timeout=60, check=True)
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.decode().splitlines()}
    assert not imported & {"textual", "httpx", "re2", "rich.console", "naru_client.logs.search_engines"}


def _sleeps(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "S"
