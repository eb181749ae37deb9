"""Commands, unix socket and HTTP on a real Slurm: the same site, the same jobs, the same errors."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.lab.real import Lab

from naru_client.config import Profile
from naru_client.errors import NotFound, SignInNeeded, Unreachable, UsageError
from naru_client.exchange import CallLog
from naru_client.model import Job
from naru_client.reading import Reading
from naru_client.slurm.centre import SlurmCentre
from naru_client.slurm.open import open_profile
from naru_client.slurm.recording import capture, open_replay

pytestmark = pytest.mark.slurm

SAME = (
    "id", "job_id", "array_id", "array_task", "array_tasks", "array_pending", "het_id", "het_offset", "name", "user",
    "account", "qos", "pool", "reservation", "state", "reason", "reason_detail", "dependency", "nodes", "node_list",
    "tasks", "memory", "accelerators", "features", "submitted", "eligible", "started", "ended", "time_limit",
    "unlimited", "exit", "comment", "work_dir", "command", "stdout", "stderr", "restarts",
)  # fmt: skip
HOSTILE = {
    "escapes": b"esc-\x1b[31mred\x1b[0m-\x07bel-\x1b]52;c;ZXZpbA==\x07-osc52",
    "c1": b"c1-\xc2\x9b31m-raw\x9b2J-\xc2\x90dcs\xc2\x9c",
    "bidi": "bidi-\u202egpj.exe\u202c-\u2066iso\u2069-\u200bzero\ufeff".encode(),
    "markup": b'[bold]markup[/]-[/b]-[@click=app.quit]x[/]-[link="y',
    "rows": b"line1\nline2|pipe|\t99999|root|PENDING\r\nJobId=1",
    "wide": ("나루" * 150).encode(),
}


@pytest.fixture
def token_file(lab: Lab, tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(lab.token("alice"))
    return path


@pytest.fixture
async def centres(lab: Lab, token_file: Path) -> AsyncIterator[dict[str, SlurmCentre]]:
    """The lab by each transport; slurmrestd as alice."""
    profiles = {
        "commands": Profile(name="commands", slurm_conf=lab.env["SLURM_CONF"]),
        "socket": Profile(name="socket", socket=lab.socket, token_file=str(token_file)),
        "http": Profile(name="http", url=lab.rest_url, token_file=str(token_file)),
    }
    opened = {name: await open_profile(profile, CallLog()) for name, profile in profiles.items()}
    yield opened
    for centre in opened.values():
        await centre.close()


async def settled(read: Callable[[], Awaitable[list[Any]]]) -> list[Any]:
    """What several sources say once they agree: the cluster lives, and may change between two questions."""
    found: list[Any] = []
    for _ in range(5):
        found = await read()
        if all(one == found[0] for one in found):
            break
    return found


def told(jobs: tuple[Job, ...], *left_out: str) -> dict[Any, dict[str, Any]]:
    """Fields by job, but for jobs that other tests submitted by REST and took back: of those 22.05 contradicts itself
    (`squeue` tells another output file of an array's task than `scontrol` and slurmrestd do)."""
    fields = [name for name in SAME if name not in left_out]
    ours = (j for j in jobs if not j.name.startswith("beside-"))
    return {(j.job_id, j.submitted): {name: getattr(j, name) for name in fields} for j in ours}


async def test_all_transports_reach_the_same_site(centres: dict[str, SlurmCentre]) -> None:
    assert (centres["socket"].user, centres["http"].user) == ("alice", "alice")
    for centre in centres.values():
        site = (await centre.site()).value
        assert site.healthy
        assert (site.scheduler or "").startswith("Slurm 2")
    assert len({centre.id for centre in centres.values()}) == 1


async def test_all_transports_tell_the_same_jobs(centres: dict[str, SlurmCentre]) -> None:
    async def read() -> list[Any]:
        return [told((await centre.jobs()).value) for centre in centres.values()]

    commands, socket, http = await settled(read)
    assert len(commands) > 40
    assert commands == socket
    assert commands == http


async def test_running_times_differ_by_no_more_than_the_reading_took(centres: dict[str, SlurmCentre]) -> None:
    by = {name: {j.job_id: j for j in (await centre.jobs()).value} for name, centre in centres.items()}
    compared = 0
    for job_id, job in by["commands"].items():
        other = by["http"].get(job_id)
        if other is not None and job.state == other.state == "RUNNING" and job.elapsed is not None:
            assert other.elapsed is not None
            assert abs(job.elapsed - other.elapsed) <= 5
            compared += 1
    assert compared > 5


async def test_all_transports_tell_the_same_nodes_pools_and_reservations(centres: dict[str, SlurmCentre]) -> None:
    async def nodes() -> list[Any]:
        return [
            {n.name: (n.condition, sorted(n.pools), n.accelerators, n.cpus, n.memory, n.reason, n.reason_user,
                      n.reason_since, n.features) for n in (await c.nodes()).value}
            for c in centres.values()
        ]  # fmt: skip

    async def pools() -> list[Any]:
        return [sorted((await c.pools()).value, key=lambda p: p.name) for c in centres.values()]

    async def reservations() -> list[Any]:
        return [sorted((await c.reservations()).value, key=lambda r: r.name) for c in centres.values()]

    for read in (nodes, pools, reservations):
        commands, socket, http = await settled(read)
        assert commands
        assert commands == socket == http


async def test_all_transports_tell_the_same_history(centres: dict[str, SlurmCentre]) -> None:
    since = datetime.now(UTC) - timedelta(days=1)

    async def read() -> list[Any]:
        # slurmrestd of 22.05 gives every exit code as 0, and no files; sacct gives no files either
        return [
            told((await c.history(since=since, user=None)).value, "exit", "stdout", "stderr", "restarts")
            for c in centres.values()
        ]

    commands, socket, http = await settled(read)
    assert len(commands) > 10
    assert commands == socket == http


async def test_history_of_one_user(centres: dict[str, SlurmCentre]) -> None:
    since = datetime.now(UTC) - timedelta(days=1)
    for centre in centres.values():
        jobs = (await centre.history(since=since, user="alice")).value
        assert jobs
        assert {job.user for job in jobs} == {"alice"}
        assert all(job.finished for job in jobs)


async def test_one_job_by_every_form_of_its_id(centres: dict[str, SlurmCentre]) -> None:
    jobs = (await centres["commands"].jobs()).value
    het = next(j for j in jobs if j.het_offset == 1)
    plain = next(j for j in jobs if j.array_id is None and j.het_id is None)
    for centre in centres.values():
        assert {j.id for j in (await centre.job(plain.id)).value} == {plain.id}
        assert {j.id for j in (await centre.job(het.id)).value} == {het.id}
        assert {j.het_offset for j in (await centre.job(str(het.het_id))).value} == {0, 1}
        assert str(plain.job_id) in (await centre.raw_job(plain.id)).value
        with pytest.raises(NotFound):
            await centre.job("99999")
        with pytest.raises(NotFound):
            await centre.raw_job("99999")


async def test_a_task_still_waiting_in_its_array(centres: dict[str, SlurmCentre]) -> None:
    for centre in centres.values():
        groups = [j for j in (await centre.jobs()).value if j.array_pending]
        if not groups:
            pytest.skip("no array waits in this lab any more")
        last = (groups[0].array_tasks or "").partition("%")[0].split(",")[-1].split("-")[-1]
        found = (await centre.job(f"{groups[0].array_id}_{last}")).value
        assert [j.array_id for j in found] == [groups[0].array_id]
        assert len((await centre.job(str(groups[0].array_id))).value) > 1


@pytest.fixture
def hostile(lab: Lab) -> Iterator[dict[str, int]]:
    """Held jobs of alice with names that no terminal should be given."""
    numbers = {}
    for kind, name in HOSTILE.items():
        made = lab.run(
            "sbatch", "--parsable", "-H", "-p", "cpu", "-D", "/", "-o", "/dev/null", "-t", "5",
            f"--comment={os.fsdecode(name)[:60]}", f"--job-name={os.fsdecode(name)}", "--wrap=true", user="alice",
        )  # fmt: skip
        numbers[kind] = int(made.strip().partition(";")[0])
    yield numbers
    lab.run("scancel", *map(str, numbers.values()), user="alice")


async def test_hostile_names_are_the_same_cleaned_rows_everywhere(
    centres: dict[str, SlurmCentre], hostile: dict[str, int], lab: Lab
) -> None:
    in_queue = set(lab.run("squeue", "-h", "-a", "-t", "all", "-o", "<%A>").split()) - {""}
    for centre in centres.values():
        jobs = {j.job_id: j for j in (await centre.jobs()).value}
        assert {f"<{number}>" for number in jobs} == {word for word in in_queue if word.startswith("<")}
        for kind, number in hostile.items():
            for text in (jobs[number].name, jobs[number].comment or ""):
                assert text.isprintable(), kind
            assert (await centre.job(str(number))).value[0].name == jobs[number].name
            raw = (await centre.raw_job(str(number))).value
            assert all(line.isprintable() for line in raw.split("\n")), kind
        assert jobs[hostile["wide"]].name == "나루" * 150
        assert jobs[hostile["markup"]].name == HOSTILE["markup"].decode()
        assert jobs[hostile["rows"]].name == "line1 line2|pipe| 99999|root|PENDING JobId=1"
    names = [told((await c.jobs()).value) for c in centres.values()]
    for number in hostile.values():
        assert len({str(next(v for k, v in one.items() if k[0] == number)) for one in names}) == 1


async def test_jobs_and_history_by_a_users_own_commands(lab: Lab, centres: dict[str, SlurmCentre]) -> None:
    program = (
        "import asyncio, json, sys\n"
        "from naru_client.config import Profile\n"
        "from naru_client.exchange import CallLog\n"
        "from naru_client.slurm.open import open_profile\n"
        "async def main():\n"
        "    centre = await open_profile(Profile(), CallLog())\n"
        "    mine = await centre.jobs(user=centre.user)\n"
        "    print(json.dumps([centre.user, sorted(j.job_id for j in mine.value)]))\n"
        "    print(sorted({'httpx', 'textual', 'rich'} & set(sys.modules)))\n"
        "asyncio.run(main())\n"
    )
    for _ in range(5):
        told_to_alice, heavy = lab.run(sys.executable, "-c", program, user="alice").splitlines()
        mine = await centres["http"].jobs(user="alice")
        if json.loads(told_to_alice) == ["alice", sorted(j.job_id for j in mine.value)]:
            break
    assert json.loads(told_to_alice) == ["alice", sorted(j.job_id for j in mine.value)]
    assert heavy == "[]"


async def test_a_capture_of_the_lab_is_replayed(centres: dict[str, SlurmCentre], tmp_path: Path) -> None:
    for name, centre in centres.items():
        assert {why for _, why in await capture(centre, tmp_path / name)} == {""}
        replay = open_replay(tmp_path / name, CallLog())
        recorded: Reading[tuple[Job, ...]] = await replay.jobs()
        live = await centre.jobs()
        assert {j.job_id for j in recorded.value} <= {j.job_id for j in live.value}
        assert len((await replay.nodes()).value) == len((await centre.nodes()).value)
        files = list((tmp_path / name).iterdir())
        assert not any(b"eyJ" in path.read_bytes() for path in files), "a token in a capture"


@pytest.mark.parametrize("reach", ["http", "socket"])
async def test_a_bad_token_asks_to_sign_in(lab: Lab, monkeypatch: pytest.MonkeyPatch, reach: str) -> None:
    monkeypatch.setenv("SLURM_JWT", "not-a-token")
    profile = Profile(url=lab.rest_url) if reach == "http" else Profile(socket=lab.socket)
    with pytest.raises(SignInNeeded):
        await open_profile(profile, CallLog())


async def test_a_socket_without_any_token_asks_to_sign_in(lab: Lab) -> None:
    with pytest.raises(SignInNeeded):
        await open_profile(Profile(socket=lab.socket), CallLog())


async def test_nothing_listening_is_unreachable(lab: Lab, token_file: Path, tmp_path: Path) -> None:
    for profile in (
        Profile(url="http://127.0.0.1:9", token_file=str(token_file)),
        Profile(socket=str(tmp_path / "none.sock"), token_file=str(token_file)),
    ):
        with pytest.raises(Unreachable):
            await open_profile(profile, CallLog())


@pytest.fixture
def broken_configurations(lab: Lab, tmp_path: Path) -> tuple[str, str]:
    """One that names a controller where none is, and one that is none."""
    real = Path(lab.env["SLURM_CONF"]).read_text()
    port = next(line for line in real.splitlines() if line.startswith("SlurmctldPort="))
    elsewhere, nonsense = tmp_path / "elsewhere.conf", tmp_path / "nonsense.conf"
    elsewhere.write_text(real.replace(port, "SlurmctldPort=9"))
    nonsense.write_text("nonsense\n")
    return str(elsewhere), str(nonsense)


async def test_commands_without_a_controller_or_a_configuration(broken_configurations: tuple[str, str]) -> None:
    elsewhere, nonsense = broken_configurations
    with pytest.raises(Unreachable):
        await (await open_profile(Profile(slurm_conf=elsewhere), CallLog())).jobs()
    with pytest.raises(UsageError):
        await (await open_profile(Profile(slurm_conf=nonsense), CallLog())).jobs()


@pytest.mark.skipif(os.path.exists("/etc/slurm/slurm.conf"), reason="this machine's own cluster would answer")
async def test_commands_that_find_no_configuration(lab: Lab) -> None:
    with pytest.raises(UsageError, match="find no configuration"):
        await (await open_profile(Profile(), CallLog())).jobs()


async def test_a_user_nobody_knows_is_not_found(centres: dict[str, SlurmCentre]) -> None:
    with pytest.raises(NotFound):
        await centres["commands"].jobs(user="nosuchuser")


async def test_many_questions_at_once_all_get_their_answers(centres: dict[str, SlurmCentre]) -> None:
    for centre in centres.values():
        nodes = asyncio.gather(*(centre.nodes() for _ in range(8)))
        pools = asyncio.gather(*(centre.pools() for _ in range(8)))
        assert len({len(reading.value) for reading in await nodes}) == 1
        assert len({len(reading.value) for reading in await pools}) == 1
