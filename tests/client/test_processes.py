"""Child processes to their end: what they started, signals, answers begun before there is an event loop."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.children import import_path

from naru_client.config import Profile
from naru_client.errors import BadAnswer, Unreachable, UsageError
from naru_client.exchange import Call
from naru_client.slurm import children
from naru_client.slurm.processes import CommandTransport, kill_all

Program = Callable[[str], None]
ASKED = Call(key="jobs", argv=("squeue",))


@pytest.fixture
def squeue(tmp_path: Path) -> Program:
    def write(script: str) -> None:
        path = tmp_path / "squeue"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return write


@pytest.fixture
def carrier(tmp_path: Path) -> CommandTransport:
    return CommandTransport(Profile(bin=str(tmp_path)))


@pytest.fixture(params=["pidfd", "looking", "reaping"])
def exits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system tells that a child has exited, and where it has to be asked, or only the reaping tells."""
    if request.param != "pidfd":
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    if request.param == "reaping":
        monkeypatch.delattr(os, "waitid", raising=False)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(") ")[2].startswith("Z"))


def reaped(pid: int) -> bool:
    for process in children._unreaped:  # a busy machine takes longer to kill one than the program waits for
        process.wait(20)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not come true within 20 s"
        time.sleep(0.01)


def noted(path: Path) -> str:
    """The shell words that write the child's own id and that of what it started last."""
    return f'echo "$$ $!" > {path}.new; mv {path}.new {path}'


@pytest.mark.usefixtures("exits")
async def test_what_holds_the_pipes_delays_no_answer_and_does_not_outlive_it(
    tmp_path: Path, squeue: Program, carrier: CommandTransport
) -> None:
    squeue(f"sleep 60 & {noted(tmp_path / 'pids')}; echo done; echo oops >&2; exit 3")
    answer = await asyncio.wait_for(carrier.send(ASKED), 20)
    assert (answer.status, answer.body, answer.stderr) == (3, b"done\n", b"oops\n")
    leader, other = map(int, (tmp_path / "pids").read_text().split())
    assert reaped(leader)
    until(lambda: not alive(other))


@pytest.mark.usefixtures("exits")
async def test_what_let_go_of_the_pipes_does_not_outlive_the_answer_either(
    tmp_path: Path, squeue: Program, carrier: CommandTransport
) -> None:
    squeue(f"sleep 60 >/dev/null 2>&1 & {noted(tmp_path / 'pids')}; echo done")
    assert (await asyncio.wait_for(carrier.send(ASKED), 20)).body == b"done\n"
    until(lambda: not alive(int((tmp_path / "pids").read_text().split()[1])))


async def test_what_prints_for_ever_is_not_read_after_the_command_has_ended(
    squeue: Program, carrier: CommandTransport
) -> None:
    squeue("yes & echo done")
    assert b"done\n" in (await asyncio.wait_for(carrier.send(ASKED), 20)).body


@pytest.mark.usefixtures("exits")
async def test_a_command_is_waited_for_though_it_has_closed_its_output(
    squeue: Program, carrier: CommandTransport
) -> None:
    squeue("echo all; exec >&- 2>&-; sleep 0.2; exit 5")
    answer = await carrier.send(ASKED)
    assert (answer.status, answer.body) == (5, b"all\n")


@pytest.mark.usefixtures("exits")
async def test_long_output_and_long_complaints_arrive(squeue: Program, carrier: CommandTransport) -> None:
    squeue("head -c 3000000 /dev/zero; head -c 300000 /dev/zero >&2")
    answer = await carrier.send(ASKED)
    assert (len(answer.body), len(answer.stderr)) == (3_000_000, 1 << 16)


async def test_what_is_too_long_at_the_very_end_is_too_long(tmp_path: Path, squeue: Program) -> None:
    squeue("head -c 1001 /dev/zero")
    carrier = CommandTransport(Profile(bin=str(tmp_path)), largest=1000)
    with pytest.raises(BadAnswer, match="more than 1000 bytes"):
        await carrier.send(ASKED)
    squeue("head -c 1000 /dev/zero")
    assert len((await carrier.send(ASKED)).body) == 1000


def test_nothing_is_left_open_or_said_when_the_loop_ends(
    tmp_path: Path, squeue: Program, carrier: CommandTransport
) -> None:
    squeue(f"{noted(tmp_path / 'pids')}; exec sleep 60")

    async def given_up() -> None:
        asking = asyncio.ensure_future(carrier.send(ASKED))
        await asyncio.to_thread(until, (tmp_path / "pids").exists)
        assert not asking.done()

    before = len(os.listdir("/dev/fd"))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        asyncio.run(given_up())  # ends with the command still running
        gc.collect()
    assert [str(warning.message) for warning in said] == []
    assert len(os.listdir("/dev/fd")) == before
    assert reaped(int((tmp_path / "pids").read_text()))
    assert not children._running


def test_one_that_cannot_be_reaped_yet_is_reaped_later(
    tmp_path: Path, squeue: Program, carrier: CommandTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "_UNTIL_REAPED", 0.0)
    monkeypatch.setattr(children, "_kill_group", lambda _group: None)  # as one that waits for a dead file system
    squeue(f"{noted(tmp_path / 'pids')}; exec sleep 60")
    with pytest.raises(Unreachable):
        asyncio.run(carrier.send(Call(key="k", argv=("squeue",), timeout=0.5)))
    pid = int((tmp_path / "pids").read_text())
    assert alive(pid)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    squeue("exit 0")
    asyncio.run(carrier.send(ASKED))
    assert reaped(pid)


def test_a_begun_answer_is_taken_over_with_its_own_separator(
    tmp_path: Path, squeue: Program, carrier: CommandTransport
) -> None:
    squeue(f'echo "$1"; echo >> {tmp_path / "runs"}')
    begun = Call(key="jobs", argv=("squeue", "xSEP1"), separator="SEP1")
    carrier.begin(begun)
    until((tmp_path / "runs").exists)
    answer = asyncio.run(carrier.send(Call(key="jobs", argv=("squeue", "xSEP2"), separator="SEP2")))
    assert answer.call is begun
    assert (answer.status, answer.body) == (0, b"xSEP1\n")
    assert (tmp_path / "runs").read_text() == "\n"
    again = asyncio.run(carrier.send(Call(key="jobs", argv=("squeue", "xSEP2"), separator="SEP2")))
    assert again.body == b"xSEP2\n"


@pytest.mark.parametrize("key", ["jobs", "nodes"])
def test_another_question_does_not_get_the_begun_answer(
    tmp_path: Path, squeue: Program, carrier: CommandTransport, key: str
) -> None:
    squeue(f'if [ "$1" = mine ]; then {noted(tmp_path / "pids")}; exec sleep 60; fi; echo "$1"')
    carrier.begin(Call(key="jobs", argv=("squeue", "mine")))
    until((tmp_path / "pids").exists)
    pid = int((tmp_path / "pids").read_text())

    async def ask() -> bytes:
        try:
            return (await carrier.send(Call(key=key, argv=("squeue", "all")))).body
        finally:
            assert reaped(pid) is (key == "jobs")
            await carrier.close()

    assert asyncio.run(ask()) == b"all\n"
    assert reaped(pid)


def test_a_command_begun_twice_runs_once(tmp_path: Path, squeue: Program, carrier: CommandTransport) -> None:
    squeue(f"{noted(tmp_path / 'pids')}; exec sleep 60")
    carrier.begin(ASKED)
    until((tmp_path / "pids").exists)
    first = int((tmp_path / "pids").read_text())  # before the second writes its own there
    carrier.begin(ASKED)
    assert reaped(first)
    asyncio.run(carrier.close())
    assert not children._running


def test_what_cannot_be_begun_is_told_as_when_it_is_asked(tmp_path: Path, carrier: CommandTransport) -> None:
    with pytest.raises(UsageError, match="there is no squeue in"):
        carrier.begin(ASKED)
    (tmp_path / "squeue").write_text("no program")
    (tmp_path / "squeue").chmod(0o755)
    with pytest.raises(UsageError, match="cannot run"):
        carrier.begin(ASKED)


def test_all_are_killed_at_once(tmp_path: Path, squeue: Program, carrier: CommandTransport) -> None:
    squeue(f"sleep 60 & {noted(tmp_path / 'pids')}; wait")
    carrier.begin(ASKED)
    until((tmp_path / "pids").exists)
    kill_all()
    until(lambda: not any(alive(int(pid)) for pid in (tmp_path / "pids").read_text().split()))
    asyncio.run(carrier.close())


BEGUN = """
import os, signal, sys
from naru_client.config import Profile
from naru_client.exchange import Call
from naru_client.slurm import children
from naru_client.slurm.processes import CommandTransport
carrier = CommandTransport(Profile(bin={folder!r}))
"""


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BEGUN.format(folder=str(folder)) + code],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": import_path()},
    )


def test_who_leaves_without_closing_leaves_nothing_behind(tmp_path: Path, squeue: Program) -> None:
    squeue("exec sleep 60")
    done = run(
        tmp_path, "carrier.begin(Call(key='k', argv=('squeue',)))\nprint(*children._running, 'asyncio' in sys.modules)"
    )
    pid, asyncio_imported = done.stdout.split()
    assert asyncio_imported == "False", "a command may run while asyncio is imported"
    until(lambda: not alive(int(pid)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_while_a_child_is_started_ends_that_child_too(
    tmp_path: Path, squeue: Program, number: signal.Signals
) -> None:
    """The signal comes when the child runs, and nobody has been told its number yet."""
    squeue("exec sleep 60")
    code = f"""
import subprocess
signal.signal(signal.SIGHUP, signal.SIG_DFL)
class Slow(subprocess.Popen):
    def __init__(self, *a, **k):
        super().__init__(*a, **k)
        print(self.pid, flush=True)
        os.kill(os.getpid(), {int(number)})
subprocess.Popen = Slow
carrier.begin(Call(key='k', argv=('squeue',)))
"""
    done = run(tmp_path, code)
    assert done.returncode == -number
    until(lambda: not alive(int(done.stdout)))


def test_signals_that_somebody_handles_or_ignores_stay_as_they_are(tmp_path: Path, squeue: Program) -> None:
    squeue("exit 0")
    code = """
signal.signal(signal.SIGHUP, signal.SIG_IGN)
mine = lambda number, frame: None
signal.signal(signal.SIGTERM, mine)
carrier.begin(Call(key='k', argv=('squeue',)))
assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
assert signal.getsignal(signal.SIGTERM) is mine
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""
    done = run(tmp_path, code)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_thread_may_start_a_command(squeue: Program, carrier: CommandTransport) -> None:
    squeue("echo done")

    async def from_a_thread() -> bytes:
        return await asyncio.to_thread(lambda: asyncio.run(carrier.send(ASKED)).body)

    assert asyncio.run(from_a_thread()) == b"done\n"


def test_a_command_is_found_as_a_shell_finds_it(
    tmp_path: Path, squeue: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("none", "folder", "plain"):
        (tmp_path / name).mkdir()
    (tmp_path / "folder" / "squeue").mkdir()
    (tmp_path / "plain" / "squeue").write_text("not to be run")
    squeue("pwd")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join(["", "none", "folder", "plain", ".", "/bin"]))
    assert asyncio.run(CommandTransport(Profile()).send(ASKED)).body == b"/\n"
