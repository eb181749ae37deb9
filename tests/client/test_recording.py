"""Captures and replays: what a centre said comes back, nothing else, and a broken recording is one clear line."""

import asyncio
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from naru_client.errors import (
    BadAnswer,
    NaruError,
    NotFound,
    NotProvided,
    Refused,
    SignInNeeded,
    Unreachable,
    UsageError,
)
from naru_client.exchange import Answer, Call, CallLog
from naru_client.slurm import text_lists
from naru_client.slurm.centre import SlurmCentre
from naru_client.slurm.commands import SlurmCommands
from naru_client.slurm.recording import LoggedTransport, capture, open_replay
from naru_client.slurm.restd import SlurmRest

DATA = Path(__file__).parents[1] / "data" / "slurm"
THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
START = int(THEN.timestamp()) - 100


class Canned:
    """A transport whose bodies are given by the command or by the last part of the path."""

    source = "canned"

    def __init__(self, **bodies: Any) -> None:
        self.bodies = bodies

    async def send(self, call: Call) -> Answer:
        body = self.bodies.get(call.argv[0] if call.argv else call.path.rpartition("/")[2], "")
        if isinstance(body, NaruError):
            raise body
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "" if call.argv else "application/json"
        return Answer(
            call=call, status=0 if call.argv else 200, body=text.replace("SEP", call.separator).encode(),
            content_type=kind, as_of=THEN, seconds=0.25,
        )  # fmt: skip

    async def close(self) -> None:
        """Nothing to close."""


def row(**fields: str) -> str:
    usual = {"ArrayTaskID": "N/A", "HetJobID": "N/A", "State": "RUNNING", "StartTime": f"{START}", "TimeUsed": "1:40"}
    return "".join((usual | fields).get(f, "") + "SEP" for f in text_lists.SQUEUE_FIELDS) + "\n"


def by_commands() -> SlurmCentre:
    carrier = Canned(
        squeue=row(JobID="1", Name="a\nb|나루", UserName="alice") + row(JobID="2"),
        scontrol="ClusterName = lab\nSLURM_VERSION = 22.05.8\nSlurmctld(primary) at vm is UP\n",
        sacct=Unreachable("slurmdbd does not answer"),
    )
    return SlurmCentre(SlurmCommands(carrier, site="lab"), user="alice")


def by_rest() -> SlurmCentre:
    job = {"job_id": 7, "job_state": ["RUNNING"], "start_time": {"set": True, "number": START}}
    carrier = Canned(
        ping={"pings": [{"hostname": "c", "pinged": "UP"}]}, jobs={"jobs": [job]}, nodes={"nodes": []},
        partitions={"partitions": []}, reservations={"reservations": []},
    )  # fmt: skip
    return SlurmCentre(SlurmRest(carrier, site="lab", version="v0.0.42"), user="alice", reached_by="https")


async def test_a_capture_by_commands_is_replayed_as_it_was(tmp_path: Path) -> None:
    centre = by_commands()
    told = dict(await capture(centre, tmp_path / "c"))
    assert told == dict.fromkeys(("site", "jobs", "nodes", "pools", "reservations"), "") | {
        "history": "slurmdbd does not answer",
        "quotas": "this is not what `scontrol show assoc_mgr` prints",
    }
    log = CallLog()
    replay = open_replay(tmp_path / "c", log)
    was, is_now = await centre.jobs(), await replay.jobs()
    assert is_now.value == was.value
    assert is_now.as_of == THEN
    assert (replay.id, replay.user) == ("lab", "alice")
    assert (await replay.site()).value.reached_by == "recording"
    assert [j.id for j in (await replay.job("2")).value] == ["2"]
    assert [j.id for j in (await replay.jobs(user="alice")).value] == ["1"]
    assert log.total > 0


async def test_a_capture_of_slurmrestd_is_replayed_at_the_time_it_was_made(tmp_path: Path) -> None:
    await capture(by_rest(), tmp_path / "c")
    replay = open_replay(tmp_path / "c", CallLog())
    (job,) = (await replay.jobs()).value
    assert (job.job_id, job.elapsed) == (7, 100)  # until then, not until today
    site = (await replay.site()).value
    assert (site.contract, site.healthy) == ("v0.0.42", True)


async def test_what_was_not_recorded_is_not_provided(tmp_path: Path) -> None:
    await capture(by_commands(), tmp_path / "c")
    replay = open_replay(tmp_path / "c", CallLog())
    with pytest.raises(NotProvided, match="does not hold history"):
        await replay.history(since=THEN, user=None)
    with pytest.raises(NotProvided):
        await replay.raw_job("1")
    with pytest.raises(NotFound):
        await replay.job("99")


async def test_a_capture_is_nobody_elses_to_read(tmp_path: Path) -> None:
    await capture(by_rest(), tmp_path / "c")
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o700
    files = list((tmp_path / "c").iterdir())
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert sorted(path.name for path in files)[-1] == "manifest.json"


async def test_a_capture_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        await capture(by_rest(), tmp_path)
    with pytest.raises(UsageError, match="cannot make"):
        await capture(by_rest(), tmp_path / "mine.txt" / "c")


async def test_a_capture_of_a_silent_centre_fails_at_once(tmp_path: Path) -> None:
    silent = SlurmCentre(SlurmCommands(Canned(scontrol=Unreachable("no answer")), site="lab"))
    with pytest.raises(Unreachable):
        await capture(silent, tmp_path / "c")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda m: None, UsageError),
        (lambda m: "{", BadAnswer),
        (lambda m: "[]", BadAnswer),
        (lambda m: json.dumps({**m, "schema": "naru.capture/9"}), BadAnswer),
        (lambda m: json.dumps({**m, "form": "telepathy"}), BadAnswer),
        (lambda m: json.dumps({**m, "answers": [{**m["answers"][0], "file": "../../etc/passwd"}]}), BadAnswer),
        (lambda m: json.dumps({**m, "answers": [{**m["answers"][0], "file": "/etc/passwd"}]}), BadAnswer),
        (lambda m: json.dumps({**m, "answers": [{**m["answers"][0], "file": "a\x00b"}]}), BadAnswer),
        (lambda m: json.dumps({**m, "made": "2026-01-01T00:00:00"}), BadAnswer),
        (lambda m: json.dumps({**m, "made": "9999-12-31T23:59:59Z"}), BadAnswer),
        (lambda m: json.dumps({**m, "answers": [{**m["answers"][0], "as_of": "0001-01-01T00:00:00Z"}]}), BadAnswer),
        (lambda m: "[" * 200_000, BadAnswer),
    ],
)
async def test_a_broken_manifest_is_one_clear_line(tmp_path: Path, change: Any, error: type[NaruError]) -> None:
    await capture(by_rest(), tmp_path / "c")
    path = tmp_path / "c" / "manifest.json"
    text = change(json.loads(path.read_text()))
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(error) as caught:
        open_replay(tmp_path / "c", CallLog())
    assert caught.value.message.isprintable()


async def test_a_file_missing_from_a_capture_is_told(tmp_path: Path) -> None:
    await capture(by_rest(), tmp_path / "c")
    next((tmp_path / "c").glob("*jobs*")).unlink()
    with pytest.raises(UsageError, match="cannot read"):
        await open_replay(tmp_path / "c", CallLog()).jobs()


async def test_a_cut_off_answer_in_a_capture_is_told(tmp_path: Path) -> None:
    await capture(by_rest(), tmp_path / "c")
    path = next((tmp_path / "c").glob("*jobs*"))
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(BadAnswer):
        await open_replay(tmp_path / "c", CallLog()).jobs()


@pytest.mark.parametrize("replaced", ["*jobs*", "manifest.json"])
@pytest.mark.parametrize("kind", ["pipe", "link", "folder", "device"])
async def test_a_capture_holds_regular_files_only(tmp_path: Path, replaced: str, kind: str) -> None:
    await capture(by_rest(), tmp_path / "c")
    path = next((tmp_path / "c").glob(replaced))
    path.rename(tmp_path / "real")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "real" if kind == "link" else "/dev/zero")
    with pytest.raises(UsageError, match=r"regular file|a link|directory"):
        await open_replay(tmp_path / "c", CallLog()).jobs()


async def test_what_a_manifest_says_is_cleaned(tmp_path: Path) -> None:
    await capture(by_commands(), tmp_path / "c")
    path = tmp_path / "c" / "manifest.json"
    told = json.loads(path.read_text())
    odd = "x\x1b[31m\u202e"
    answers = [{**a, "argv0": odd, "stderr": odd, "separator": a["separator"]} for a in told["answers"]]
    path.write_text(json.dumps({**told, "user": odd, "site": odd, "answers": answers}))
    centre = open_replay(tmp_path / "c", CallLog())
    reading = await centre.jobs()
    assert all(said.isprintable() for said in (centre.id, centre.user or "", reading.source))


def test_a_pipe_or_a_device_to_replay_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(UsageError, match="not a regular file"):
            open_replay(path, CallLog())


@pytest.mark.parametrize("name", ["a\x00b", "\ud800"])
def test_a_name_that_no_file_can_have_is_the_users_mistake(name: str) -> None:
    with pytest.raises(UsageError, match="cannot read") as caught:
        open_replay(Path(name), CallLog())
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("told", [5, 10**12, 10**18, 253_402_300_798, -(10**18)])
async def test_an_absurd_time_of_an_answer_is_unknown(tmp_path: Path, told: int) -> None:
    path = tmp_path / "q.json"
    path.write_text(json.dumps({"jobs": [{"job_id": 1, "job_state": "RUNNING"}], "last_update": told}))
    os.utime(path, (START, START))
    assert (await open_replay(path, CallLog()).jobs()).as_of == datetime.fromtimestamp(START, UTC)


async def test_a_raw_record_of_broken_text_is_shown_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "q.json"
    path.write_bytes(b'{"jobs": [{"job_id": 1, "job_state": "RUNNING", "name": "\\ud800\xff"}]}')
    raw = (await open_replay(path, CallLog()).raw_job("1")).value
    assert '"job_id": 1' in raw
    assert raw.encode()


def test_a_cut_off_answer_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "q.json").write_bytes(b'{"jobs": [{"job_id": 1')
    with pytest.raises(BadAnswer, match="is cut off") as caught:
        open_replay(tmp_path / "q.json", CallLog())
    assert "cut off" not in caught.value.hint
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("lab-22.05-squeue.json", None), ("lab-24.11-v0.0.42-jobs.json", None), ("lab-22.05-sacct.json", None),
        ("sarc-sacct-21_8_8.json", 1), ("sarc-sacct-23_2_6.json", 1), ("rivos-squeue_out.json", 2),
    ],
)  # fmt: skip
async def test_a_file_with_jobs_gives_every_job(name: str, count: int | None) -> None:
    centre = open_replay(DATA / name, CallLog())
    raw = json.loads((DATA / name).read_text(errors="replace"))["jobs"]
    jobs = (await centre.jobs()).value
    assert len(jobs) == len(raw) == (count or len(raw)) > 0
    for method in (centre.nodes, centre.pools, centre.reservations):
        with pytest.raises(NotProvided, match="this recording holds"):
            await method()
    assert "nodes" not in centre.capabilities


@pytest.mark.parametrize(
    "name", ["lab-22.05-sinfo.json", "lab-24.11-v0.0.42-sinfo.json", "slurmweb-24.11-v0.0.42-slurm-nodes.json"]
)
async def test_a_file_with_nodes_gives_nodes_and_no_jobs(name: str) -> None:
    centre = open_replay(DATA / name, CallLog())
    assert (await centre.nodes()).value
    for failing in (centre.jobs(), centre.job("1"), centre.raw_job("1"), centre.history(since=THEN, user=None)):
        with pytest.raises(NotProvided, match=r"not (jobs|history)"):
            await failing


async def test_a_file_is_as_old_as_what_it_says_or_else_as_itself(tmp_path: Path) -> None:
    told = json.loads((DATA / "lab-24.11-v0.0.42-jobs.json").read_text())["last_update"]["number"]
    recorded = await open_replay(DATA / "lab-24.11-v0.0.42-jobs.json", CallLog()).jobs()
    assert recorded.as_of == datetime.fromtimestamp(told, UTC)
    body = {"jobs": [{"job_id": 1, "job_state": "RUNNING", "start_time": START}]}
    path = tmp_path / "squeue.json"
    path.write_text(json.dumps(body))
    os.utime(path, (START + 60, START + 60))
    reading = await open_replay(path, CallLog()).jobs()
    assert reading.as_of == datetime.fromtimestamp(START + 60, UTC)
    assert reading.value[0].elapsed == 60
    path.write_text(json.dumps({**body, "last_update": {"set": True, "infinite": False, "number": START + 30}}))
    later = await open_replay(path, CallLog()).jobs()
    assert (later.as_of, later.value[0].elapsed) == (datetime.fromtimestamp(START + 30, UTC), 30)


async def test_one_job_of_a_file_and_its_raw_record(tmp_path: Path) -> None:
    shutil.copy(DATA / "lab-22.05-squeue.json", tmp_path / "q.json")
    centre = open_replay(tmp_path / "q.json", CallLog())
    first = (await centre.jobs()).value[0]
    assert first in (await centre.job(first.id)).value
    assert f'"job_id": {first.job_id}' in (await centre.raw_job(first.id)).value
    with pytest.raises(NotFound):
        await centre.job("4000000000")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"jobs": [], "errors": [{"error_number": 2002, "error": "Access/permission denied"}]}', Refused),
        (b'{"jobs": [], "errors": [{"error_number": 2017, "error": "Invalid job id specified"}]}', NotFound),
        (b'{"errors": [{"error_number": 1007, "error": "Protocol authentication error"}]}', SignInNeeded),
        (b"Authentication failure", SignInNeeded),
        (b'{"jobs": [{"job_id": 1', BadAnswer),
        (b"not json \x1b[31m", BadAnswer),
        (b"", BadAnswer),
        (b"[1, 2]", BadAnswer),
        (b'{"hello": "world"}', UsageError),
    ],
)
def test_a_file_without_an_answer_raises_what_it_is(tmp_path: Path, body: bytes, error: type[NaruError]) -> None:
    path = tmp_path / "answer.json"
    path.write_bytes(body)
    with pytest.raises(error) as caught:
        open_replay(path, CallLog())
    assert type(caught.value) is error
    assert caught.value.message.isprintable()


def test_a_path_that_is_not_there_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        open_replay(tmp_path / "none.json", CallLog())
    with pytest.raises(UsageError, match="no manifest"):
        open_replay(tmp_path, CallLog())


async def test_every_call_is_logged_with_its_outcome() -> None:
    log = CallLog()
    logged = LoggedTransport(Canned(squeue="abcde", sacct=Unreachable("down")), log)
    await logged.send(Call(key="jobs", argv=("squeue", "-O", "Name:zz"), separator="zz"))
    with pytest.raises(Unreachable):
        await logged.send(Call(key="history", argv=("sacct",)))
    first, second = log.records
    assert (first.shown, first.size, first.seconds, first.outcome) == ("squeue -O Name:␟", 5, 0.25, "ok")
    assert (second.shown, second.outcome) == ("sacct", "down")


async def test_a_cancelled_call_is_logged_too() -> None:
    class Never(Canned):
        async def send(self, call: Call) -> Answer:
            await asyncio.Event().wait()
            raise AssertionError("never reached")

    log = CallLog()
    task = asyncio.create_task(LoggedTransport(Never(), log).send(Call(key="k", argv=("squeue",))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [record.outcome for record in log.records] == ["CancelledError"]
