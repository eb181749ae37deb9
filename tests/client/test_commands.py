"""The commands transport and the questions asked through it: children end, and the lists are what was asked for."""

import asyncio
import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from naru_client.config import Profile
from naru_client.errors import BadAnswer, NotFound, NotProvided, Unreachable, UsageError
from naru_client.exchange import Answer, Call
from naru_client.slurm import text_lists
from naru_client.slurm.commands import CommandTransport, SlurmCommands, slurm_commands_available
from naru_client.slurm.job_ids import checked_user, has_task, parse_job_id
from naru_client.slurm.processes import scrubbed

Program = Callable[[str, str], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


@pytest.fixture
def program(folder: Path) -> Program:
    def write(name: str, script: str) -> None:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return write


def transport(folder: Path, **more: object) -> CommandTransport:
    return CommandTransport(Profile(bin=str(folder)), **more)  # type: ignore[arg-type]  # the settings are its own


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(") ")[2].startswith("Z"))


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not come true within 10 s"
        await asyncio.sleep(0.01)


async def test_an_answer_has_status_output_and_errors(folder: Path, program: Program) -> None:
    program("squeue", 'printf "%s|" "$@"; echo oops >&2; exit 3')
    answer = await transport(folder).send(Call(key="k", argv=("squeue", "-h", "a b; rm $HOME", "*")))
    assert (answer.status, answer.body, answer.stderr) == (3, b"-h|a b; rm $HOME|*|", b"oops\n")
    assert answer.as_of.tzinfo is UTC
    assert answer.seconds > 0


async def test_a_command_reads_nothing_and_has_its_own_group(folder: Path, program: Program) -> None:
    program("squeue", 'cat; ps -o pgid= -p $$ | tr -d " "; echo $$')
    answer = await transport(folder).send(Call(key="k", argv=("squeue",), timeout=10))
    group, pid = answer.body.split()
    assert group == pid


async def test_a_command_that_takes_too_long_is_killed_with_all_it_started(folder: Path, program: Program) -> None:
    noted = folder / "pids"
    program("squeue", f'sleep 60 & echo "$$ $!" > {noted}; wait')
    with pytest.raises(Unreachable, match=r"squeue did not answer within 0\.5 s"):
        await transport(folder).send(Call(key="k", argv=("squeue",), timeout=0.5))
    pids = [int(pid) for pid in noted.read_text().split()]
    assert len(pids) == 2
    await until(lambda: not any(alive(pid) for pid in pids))


async def test_a_command_nobody_waits_for_any_more_is_killed_and_reaped(folder: Path, program: Program) -> None:
    noted = folder / "pid"
    program("squeue", f"echo $$ > {noted}.new; mv {noted}.new {noted}; exec sleep 60")
    task = asyncio.create_task(transport(folder).send(Call(key="k", argv=("squeue",))))
    await until(noted.exists)
    pid = int(noted.read_text())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):  # not even a zombie
        os.kill(pid, 0)


@pytest.mark.parametrize("turns", range(12))
async def test_a_command_can_be_given_up_at_any_moment_of_its_start(folder: Path, program: Program, turns: int) -> None:
    program("squeue", "exec sleep 60")
    asking = asyncio.ensure_future(transport(folder).send(Call(key="jobs", argv=("squeue",))))
    for _turn in range(turns):
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asking, 30)


async def test_closing_ends_what_runs(folder: Path, program: Program) -> None:
    noted = folder / "pid"
    program("squeue", f"echo $$ > {noted}.new; mv {noted}.new {noted}; exec sleep 60")
    carrier = transport(folder)
    task = asyncio.create_task(carrier.send(Call(key="k", argv=("squeue",))))
    await until(noted.exists)
    await carrier.close()
    assert (await task).status != 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)
    await carrier.close()


async def test_an_endless_answer_is_cut_short(folder: Path, program: Program) -> None:
    program("squeue", "exec yes")
    with pytest.raises(BadAnswer, match="more than 1000 bytes"):
        await transport(folder, largest=1000).send(Call(key="k", argv=("squeue",)))


async def test_a_folder_without_the_commands_is_the_users_mistake(folder: Path) -> None:
    with pytest.raises(UsageError, match="there is no squeue in") as caught:
        await transport(folder).send(Call(key="k", argv=("squeue",)))
    assert "`bin`" in caught.value.hint


async def test_a_machine_without_slurm_is_told_where_to_go(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(Unreachable, match="no Slurm commands on this machine") as caught:
        await CommandTransport(Profile()).send(Call(key="k", argv=("squeue",)))
    assert "naru demo" in caught.value.hint
    assert not slurm_commands_available(Profile())


def test_available_means_that_squeue_can_be_run(folder: Path, program: Program) -> None:
    assert not slurm_commands_available(Profile(bin=str(folder)))
    program("squeue", "exit 0")
    assert slurm_commands_available(Profile(bin=str(folder)))


async def test_a_configuration_that_is_not_there_is_told_at_once(folder: Path, program: Program) -> None:
    program("squeue", "sleep 60")
    carrier = CommandTransport(Profile(bin=str(folder), slurm_conf=str(folder / "none.conf")))
    with pytest.raises(UsageError, match="no Slurm configuration"):
        await carrier.send(Call(key="k", argv=("squeue",), timeout=5))


def test_the_environment_cannot_change_what_the_commands_print() -> None:
    noise = {
        "SQUEUE_FORMAT": "%i", "SQUEUE_STATES": "PD", "SINFO_FORMAT": "x", "SACCT_FORMAT": "x", "SCONTROL_FUTURE": "1",
        "SLURM_CLUSTERS": "b", "SLURM_TIME_FORMAT": "relative", "SLURM_BITSTR_LEN": "4", "SLURM_DEBUG": "9",
        "TZ": "Asia/Seoul", "LC_ALL": "ko_KR.EUC-KR",
    }  # fmt: skip
    kept = scrubbed(noise | {"PATH": "/bin", "SLURM_CONF": "/a"}, "/b")
    assert kept == {
        "PATH": "/bin", "SLURM_CONF": "/b", "SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0", "TZ": "UTC0",
        "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    assert scrubbed({"SLURM_CONF": "/a"})["SLURM_CONF"] == "/a"


@pytest.mark.parametrize(
    ("text", "exact", "whole"),
    [("123", "123", "123"), ("123_4", "123_4", "123"), ("123+1", "123+1", "123"), ("123_[5-9%2]", "123", "123"),
     (" 7 ", "7", "7")],
)  # fmt: skip
def test_ids_as_slurm_takes_them(text: str, exact: str, whole: str) -> None:
    assert (parse_job_id(text).exact, parse_job_id(text).whole) == (exact, whole)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "-1",
        "--json",
        "1;2",
        "1 2",
        "1,2",
        "../1",
        "1_",
        "1_a",
        "1+",
        "1_[a]",
        "1_[1]x",
        "१२",
        "1\n2",
        "9" * 11,
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    with pytest.raises(UsageError, match="is not a job id"):
        parse_job_id(text)


@pytest.mark.parametrize("name", ["", "-u", "a b", "a,b", "a/b", "a;b", "a\x1b", "ü", "a" * 65])
def test_what_is_no_user_name_reaches_no_command(name: str) -> None:
    with pytest.raises(UsageError):
        checked_user(name)


def test_tasks_of_an_expression() -> None:
    assert [t for t in range(12) if has_task("1-5:2,8%3", t)] == [1, 3, 5, 8]


NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Canned:
    """A transport that answers by the command and notes what was asked."""

    source = "canned"

    def __init__(self, **answers: str) -> None:
        self.answers, self.asked = answers, list[Call]()

    async def send(self, call: Call) -> Answer:
        self.asked.append(call)
        body = self.answers[call.argv[0]].replace("SEP", call.separator)
        return Answer(call=call, status=0, body=body.encode(), as_of=NOW)

    async def close(self) -> None:
        """Nothing to close."""


def row(**fields: str) -> str:
    usual = {"JobID": "1", "ArrayJobID": "1", "ArrayTaskID": "N/A", "HetJobID": "N/A", "State": "RUNNING"}
    return "".join((usual | fields).get(f, "") + "SEP" for f in text_lists.SQUEUE_FIELDS) + "\n"


async def test_only_one_users_jobs_are_asked_for_and_given() -> None:
    carrier = Canned(squeue=row(JobID="1", UserName="alice") + row(JobID="2", UserName="bob"))
    jobs = await SlurmCommands(carrier, site="lab").jobs("alice")
    assert [job.job_id for job in jobs.value] == [1]
    assert carrier.asked[0].argv[6:8] == ("-u", "alice")
    assert jobs.as_of == NOW
    assert "squeue" in jobs.source


async def test_the_separator_is_another_one_each_time() -> None:
    carrier = Canned(squeue="")
    source = SlurmCommands(carrier, site="lab")
    await source.jobs(None)
    await source.jobs(None)
    first, second = (call.separator for call in carrier.asked)
    assert first != second
    assert first[0].isalpha()
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{8}", first)  # 52 * 62**8 is more than 2**53


@pytest.mark.parametrize(("release", "program"), [("22.05.8", "squeue"), ("24.11.5", "scontrol")])
async def test_one_job_is_asked_in_json_where_slurm_can(release: str, program: str) -> None:
    json = '{"jobs":[{"job_id":7,"job_state":["RUNNING"]}],"errors":[],"warnings":[]}'
    carrier = Canned(squeue=row(JobID="7"), scontrol=json)
    source = SlurmCommands(carrier, site="lab")
    source._release = release
    found = await source.live_job(parse_job_id("7"))
    assert [job.id for job in found.value] == ["7"]
    assert [call.argv[0] for call in carrier.asked] == [program]


async def test_a_task_that_is_still_in_its_group_is_found_there() -> None:
    group = row(JobID="19", ArrayJobID="19", ArrayTaskID="3-19%3", State="PENDING")
    task = row(JobID="30", ArrayJobID="19", ArrayTaskID="0")
    source = SlurmCommands(Canned(squeue=group + task), site="lab")
    assert [j.id for j in (await source.live_job(parse_job_id("19_9"))).value] == ["19_[3-19%3]"]
    assert [j.id for j in (await source.live_job(parse_job_id("19_0"))).value] == ["19_0"]
    assert len((await source.live_job(parse_job_id("19"))).value) == 2
    with pytest.raises(NotFound):
        await source.live_job(parse_job_id("19_25"))


async def test_a_reserved_node_is_told_its_reservation() -> None:
    def node(name: str, state: str) -> str:
        fields = {"NodeList": name, "PartitionName": "p", "StateComplete": state}
        return "".join(fields.get(f, "") + "SEP" for f in text_lists.SINFO_FIELDS) + "\n"

    start, end = int(NOW.timestamp()) - 60, int(NOW.timestamp()) + 60
    held = f"ReservationName=maint StartTime={start} EndTime={end} Nodes=n[1-2] Flags=MAINT\n"
    later = f"ReservationName=later StartTime={end} EndTime={end + 9} Nodes=n[1-3]\n"
    carrier = Canned(sinfo=node("n1", "idle+maint") + node("n3", "idle"), scontrol=held + later)
    nodes = (await SlurmCommands(carrier, site="lab").nodes()).value
    assert [(n.name, n.reservation) for n in nodes] == [("n1", "maint"), ("n3", None)]


async def test_reservations_are_not_asked_for_while_no_node_is_reserved() -> None:
    carrier = Canned(sinfo="")
    await SlurmCommands(carrier, site="lab").nodes()
    assert [call.argv[0] for call in carrier.asked] == ["sinfo"]


@pytest.mark.parametrize(
    ("store", "kept"),
    [("accounting_storage/slurmdbd", True), ("accounting_storage/none", False), ("(null)", False)],
)
async def test_a_site_without_accounting_says_that_it_has_no_history(store: str, kept: bool) -> None:
    config = f"ClusterName             = lab\nAccountingStorageType   = {store}\nSLURM_VERSION           = 24.11.5\n"
    source = SlurmCommands(Canned(scontrol=config, sacct="", squeue=""))
    await source.jobs(None)
    assert source.site_id == "lab"
    assert bool(source.no_history) is not kept
    if kept:
        assert (await source.history(since=NOW, until=NOW, user=None)).value == ()
    else:
        with pytest.raises(NotProvided, match="keeps no accounting"):
            await source.history(since=NOW, until=NOW, user=None)
