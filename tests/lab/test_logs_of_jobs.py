"""On a real Slurm: the path that Naru finds for a job is the file that holds its bytes, however Slurm was asked."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.lab.real import Lab

from naru_client.config import Profile
from naru_client.errors import NotProvided
from naru_client.exchange import CallLog
from naru_client.logs.local import LocalLog
from naru_client.logs.names import LogFile, files_of, files_of_many
from naru_client.slurm.centre import SlurmCentre
from naru_client.slurm.job_ids import parse_job_id
from naru_client.slurm.open import open_profile

pytestmark = pytest.mark.slurm

SAY = "echo out ${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}.$SLURM_ARRAY_TASK_ID; echo err $SLURM_JOB_ID >&2"
USUAL = ("--parsable", "-n1", "--mem=16M", "-t", "5")
TEMPLATES = {  # of %N the lab tells nothing: all its nodes are one machine
    "default": (),
    "relative": ("-o", "here/../%x-%u-%J.out"),
    "widths": ("-o", "w-%5j-%012j-%10x-%12q%-%%.out"),
    "escaped": ("-o", "e\\\\%j\\%-%j"),
    "places": ("-o", "%n-%t-%s-%A-%a"),
    "apart": ("-o", "o-%j", "-e", "%j.err", "--open-mode=append"),
}


@pytest.fixture
async def centres(lab: Lab, tmp_path: Path) -> AsyncIterator[dict[str, SlurmCentre]]:
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text(lab.token("alice"))
    profiles = {
        "commands": Profile(name="commands", slurm_conf=lab.env["SLURM_CONF"]),
        "socket": Profile(name="socket", socket=lab.socket, token_file=str(token)),
        "http": Profile(name="http", url=lab.rest_url, token_file=str(token)),
    }
    opened = {name: await open_profile(profile, CallLog()) for name, profile in profiles.items()}
    yield opened
    for centre in opened.values():
        await centre.close()


@pytest.fixture
def folder(lab: Lab) -> Iterator[Path]:
    path = lab.folder / "home" / "alice" / f"logs-{time.time_ns()}"
    lab.run("mkdir", "-p", str(path / "here"), user="alice")
    yield path
    lab.run("rm", "-rf", "--", str(path), user="alice")


def submit(lab: Lab, folder: Path, *options: str, script: str = SAY) -> str:
    argv = ("sbatch", *USUAL, "-p", "h100", "-D", str(folder), "-J", "logs", *options, f"--wrap={script}")
    return lab.run(*argv, user="alice").strip().partition(";")[0]


def ended(lab: Lab, *numbers: str) -> None:
    """Wait until these jobs have ended."""
    end = time.monotonic() + 60
    ask = ("squeue", "-h", "-a", "-t", "PD,R,CG,CF", "-j", ",".join(numbers), "-o", "%i")
    while lab.run(*ask).strip():
        assert time.monotonic() < end, "the jobs never ended"
        time.sleep(0.2)


async def bytes_of(centre: SlurmCentre, path: str) -> bytes:
    """A log by the centre, or as the file it is where the centre says that it cannot read files."""
    try:
        log = centre.open_log(path)
    except NotProvided:
        log = LocalLog(path)
    try:
        return (await log.read(0, 1 << 16)).data
    finally:
        await log.close()


async def found(centre: SlurmCentre, job_id: str) -> tuple[LogFile, ...]:
    return files_of_many((await centre.job(job_id)).value)


async def test_every_template_leads_to_its_bytes(lab: Lab, folder: Path, centres: dict[str, SlurmCentre]) -> None:
    numbers = {kind: submit(lab, folder, *options) for kind, options in TEMPLATES.items()}
    failed = submit(lab, folder, "-o", "failed-%j", script="echo no >&2; exit 3")
    arrays = [submit(lab, folder, "-a", "2,7"), submit(lab, folder, "-a", "2,7", "-o", "a-%A_%03a-%j")]
    await asyncio.to_thread(ended, lab, *numbers.values(), failed, *arrays)
    for name, centre in centres.items():
        for kind, number in numbers.items():
            told = await found(centre, number)
            wrote = {"out": f"out {number}.\n", "err": f"err {number}\n"}
            wrote["both"] = wrote["out"] + wrote["err"]
            got = {file.stream: (await bytes_of(centre, file.path)).decode() for file in told}
            assert got == {stream: wrote[stream] for stream in got}, (name, kind, told)
            assert set(got) == ({"out", "err"} if kind == "apart" else {"both"})
        (one,) = await found(centre, failed)
        assert await bytes_of(centre, one.path) == b"no\n"
        for array in arrays:
            tasks = await found(centre, array)
            assert {file.label for file in tasks} == {f"{array}_2", f"{array}_7"}
            for file in tasks:
                first = (await bytes_of(centre, file.path)).split(b"\n")[0].decode()
                assert first == f"out {array}.{file.label.rpartition('_')[2]}", (name, file)
                assert await found(centre, file.label) == (file,)


async def test_a_running_job_is_read_while_it_writes(lab: Lab, centres: dict[str, SlurmCentre]) -> None:
    number = lab.run("squeue", "-h", "-t", "R", "-n", "llm-pretrain", "-o", "%i").split()[0]
    paths = {name: (await found(centre, number))[0].path for name, centre in centres.items()}
    assert len(set(paths.values())) == 1
    assert b"step 1 " in await bytes_of(centres["commands"], paths["commands"])


async def test_a_het_job_writes_where_its_first_part_does(lab: Lab, centres: dict[str, SlurmCentre]) -> None:
    number = lab.run("squeue", "-h", "-t", "all", "-n", "het", "-o", "%A", "--sort=i").split()[0]
    for centre in centres.values():
        first, second = sorted(await found(centre, number), key=lambda file: file.label)
        assert await bytes_of(centres["commands"], first.path) is not None
        assert (second.path, bool(second.why)) == ("", True)


async def test_what_only_accounting_knows_is_found_by_its_command_line(
    lab: Lab, folder: Path, centres: dict[str, SlurmCentre]
) -> None:
    named = submit(lab, folder, "-o", "%x-%j.out")
    unnamed = submit(lab, folder)
    array = submit(lab, folder, "-a", "2,7", "-o", "%A-%a.txt")
    await asyncio.to_thread(ended, lab, named, unnamed, array)
    source = centres["commands"].source
    end = time.monotonic() + 30
    while True:
        records = {n: (await source.ended_job(parse_job_id(n))).value for n in (named, unnamed, array)}
        every = [job for jobs in records.values() for job in jobs]
        if len(every) == 4 and all(job.finished and job.work_dir for job in every):  # both may be told late
            break
        assert time.monotonic() < end, "accounting never had the ends of these jobs"
        await asyncio.sleep(0.2)
    (one,), (guess,) = files_of(records[named][0]), files_of(records[unnamed][0])
    assert (one.path, one.guessed) == (f"{folder}/logs-{named}.out", False)
    assert (guess.path, guess.guessed) == (f"{folder}/slurm-{unnamed}.out", True)
    assert (await bytes_of(centres["commands"], guess.path)).startswith(f"out {unnamed}.".encode())
    for job in records[array]:
        (file,) = files_of(job)
        assert (await bytes_of(centres["commands"], file.path)).startswith(f"out {array}.{job.array_task}\n".encode())
