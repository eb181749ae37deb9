"""Logs of simulated jobs, read over the wire as those of a real centre are."""

import asyncio
import stat
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from tests.client.mock_world import NOON, TINY, submit

from naru_client.config import Profile, parse_settings
from naru_client.credentials import find_token
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
from naru_client.exchange import CallLog
from naru_client.firecrest.files import FirecrestFiles
from naru_client.firecrest.open import open_files
from naru_client.mock.entities import Job
from naru_client.mock.fault_syntax import with_faults
from naru_client.mock.files import files_of
from naru_client.mock.firecrest_gateway import Gateway
from naru_client.mock.logs import log_bytes
from naru_client.mock.open import demo_profile
from naru_client.mock.scenario import load_scenario, parse_scenario
from naru_client.mock.world import SteppedClock, World
from naru_client.slurm.open import open_profile
from naru_client.testing.served import served_centre


class Lab:
    """A world at a stopped clock, and its first site's files."""

    def __init__(self, scenario: str = "") -> None:
        self.clock = SteppedClock(NOON)
        plan = load_scenario(scenario) if scenario else parse_scenario(TINY + 'operators = ["dan"]\n', "test")
        self.world = World(plan, 1, self.clock, speed=1.0)
        self.site = self.world.site()
        self.log = CallLog()
        self.slept = 0.0
        self.gateway = Gateway(self.world, sleep=self._sleep)
        self.files = self.by(self.site.plan.user)

    def by(self, user: str, token: str = "") -> FirecrestFiles:
        given = (lambda: token) if token else None
        return self.gateway.files(Profile(timeout=30), self.log, self.site, user, token=given)

    def running(self, minutes: float = 30, **settings: object) -> Job:
        settings = {"accelerators": 2, "name": "lora-13b", "hours": 4.0} | settings
        job = submit(self.site.at_present(), str(settings.pop("user", "ann")), **settings)
        self.clock.step(minutes * 60)
        self.site.at_present()
        return job

    def bytes_of(self, job: Job) -> bytes:
        return log_bytes(job, self.site.at_present().now)

    async def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        await asyncio.sleep(0)


def path_of(job: Job) -> str:
    return next(iter(files_of(job)))[0]


async def test_any_part_of_any_log_is_what_the_job_wrote_while_it_grows() -> None:
    lab, random = Lab("small"), Random(1)
    sim = lab.site.at_present()
    mine = [job for job in (*sim.jobs.values(), *sim.history()) if job.user == lab.site.plan.user and job.held_nodes]
    assert len(mine) > 8
    for job in mine:
        log = lab.files.open(path_of(job))
        for _turn in range(6):
            now = lab.bytes_of(job)
            assert (await log.stat()).size == len(now)
            offset, count = random.randrange(len(now) + 3), random.choice([1, 50, 4000, 70_000])
            chunk = await log.read(offset, count)
            assert (chunk.data, chunk.exact) == (now[offset : offset + count], True)
            lab.clock.step(random.choice([0, 0, 3, 60]) if job.running else 0)
    assert {record.site for record in lab.log.records} == {lab.site.name}


async def test_a_log_is_followed_to_the_end_of_its_job() -> None:
    lab = Lab()
    job = lab.running(1, hours=0.5)
    log = lab.files.open(path_of(job))
    got, looks = b"", 0
    while not (job.finished and len(got) == len(lab.bytes_of(job))):
        if (await log.stat()).size > len(got):
            chunk = await log.read(len(got), 1 << 20)
            assert chunk.exact
            got += chunk.data
        lab.clock.step(log.pace * 4)
        lab.site.at_present()
        looks += 1
        assert looks < 500
    assert got == lab.bytes_of(job)
    assert lab.log.total < 1.7 * looks


async def test_a_log_that_its_job_begins_anew_is_seen_to_be_shorter() -> None:
    lab = Lab()
    job = lab.running(60)
    log = lab.files.open(path_of(job))
    before = await log.stat()
    await log.read(0, 1 << 20)
    sim = lab.site.at_present()
    sim.requeue(job)
    for _turn in range(60):
        lab.clock.step(10)
        sim = lab.site.at_present()
        if job.running:
            break
    assert job.running
    after = await log.stat()
    assert after.size == len(lab.bytes_of(job)) < before.size
    assert (await log.read(0, 1 << 20)).data == lab.bytes_of(job)


async def test_whose_log_it_is_and_whether_it_is_there() -> None:
    lab = Lab()
    job = lab.running(user="bob")
    with pytest.raises(Refused, match="may not read"):
        await lab.files.open(path_of(job)).stat()
    assert (await lab.by("dan").open(path_of(job)).stat()).size > 0
    with pytest.raises(NotFound):
        await lab.files.open("/scratch/ann/logs/none.out").stat()
    with pytest.raises(Refused, match="folder"):
        await lab.files.open("/scratch/ann/logs").stat()
    with pytest.raises(Refused, match="file system"):
        await lab.files.open("/etc/passwd").stat()


async def test_a_job_s_script() -> None:
    lab = Lab()
    job = lab.running()
    script = await lab.files.script(str(job.id))
    assert script is not None
    assert script.startswith("#!/bin/bash\n#SBATCH --job-name=lora-13b\n")
    with pytest.raises(NotFound):
        await lab.files.script("99999999")


@pytest.mark.parametrize("lifespan", [-5.0, 10.0])
async def test_an_expired_token_is_said_and_never_shown(lifespan: float) -> None:
    lab = Lab()
    job = lab.running()
    token = lab.world.keyring.mint("ann", lab.world.now(), lifespan)
    files = lab.by("ann", token)
    with pytest.raises(SignInNeeded) as caught:
        await files.open(path_of(job)).stat()
    told = [repr(caught.value), caught.value.message, caught.value.hint, repr(files), repr(lab.log.records)]
    assert not any(part in "".join(told) for part in token.split("."))
    assert lab.log.records[-1].outcome == "HTTP 401"


async def test_a_token_that_stands_in_a_log_is_masked_and_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab()
    job = lab.running()
    token = lab.world.keyring.mint("ann", lab.world.now(), 1e6)
    text = f"SLURM_JWT={token}\nloss 0.5\n".encode()
    monkeypatch.setattr("naru_client.mock.logs.Log.read", lambda *_: text)
    monkeypatch.setattr("naru_client.mock.logs.Log.size", lambda *_: len(text))
    got = (await lab.by("ann", token).open(path_of(job)).read(0, 10_000)).data
    assert got == text.replace(token.encode(), b"*" * len(token))


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("latency:2", ()), ("latency:60", (Unreachable,)), ("hang", (Unreachable,)), ("status:502", (Unreachable,)),
        ("status:500", (Refused,)), ("status:503/9", (Unreachable,)), ("status:302", (BadAnswer,)),
        ("reset", (Unreachable,)), ("half", (Unreachable,)), ("malformed", (BadAnswer,)), ("wrong-types", (NaruError,)),
        ("upgrade:9999", (Unreachable,)),
    ],
)  # fmt: skip
async def test_what_goes_wrong_on_the_way_is_told_and_the_log_is_whole_after_it(
    fault: str, kinds: tuple[type[NaruError], ...]
) -> None:
    lab = Lab()
    job = lab.running()
    log = lab.files.open(path_of(job))
    lab.site.faults.use(with_faults((), (fault,)))
    if fault == "latency:2":
        assert (await log.read(0, 100)).data == lab.bytes_of(job)[:100]
        assert lab.slept > 0
        return
    if fault == "wrong-types":  # which may leave right what is asked for here
        with suppress(NaruError):
            await log.read(0, 100)
    else:
        with pytest.raises(kinds) as caught:
            await log.read(0, 100)
        assert caught.value.message.isprintable()
        if fault == "status:503/9":
            assert caught.value.retry_after == 9
            return  # it is left alone for that long
    lab.site.faults.use(())
    assert (await log.read(0, 1 << 20)).data == lab.bytes_of(job)


# A profile


def test_its_keys_are_read_and_an_address_that_cannot_be_used_is_refused() -> None:
    data = {"profiles": {"x": {"url": "https://s", "firecrest-url": "https://f/v2", "firecrest-system": "daint"}}}
    profile = parse_settings(data, "here").profiles["x"]
    assert (profile.firecrest_url, profile.firecrest_system) == ("https://f/v2", "daint")
    files = open_files(profile, CallLog(), lambda: "x")
    assert files is not None
    assert files.source == "FirecREST at https://f/v2"
    assert open_files(Profile(url="https://s"), CallLog(), lambda: "x") is None
    for bad in ("http://example.org", "ftp://f", "https://", "https://user:hunter2@f", "https://f?x=1"):
        with pytest.raises(UsageError) as caught:
            open_files(Profile(firecrest_url=bad), CallLog(), lambda: "x")
        assert "hunter2" not in caught.value.message
        assert "firecrest-url" in caught.value.hint
    with pytest.raises(UsageError, match="no name of a system"):
        open_files(Profile(firecrest_url="https://f", firecrest_system="a/b"), CallLog(), lambda: "x")


async def test_logs_come_over_a_real_socket_with_the_profile_s_token(tmp_path: Path) -> None:
    with served_centre(TINY) as served:
        job_id = served.submit(partition="gpu", accelerators=2, hours=2.0)
        served.step(minutes=30)

        def look() -> tuple[str, bytes]:
            sim = served.world.site().at_present()
            [job] = sim.find(int(job_id))
            return path_of(job), log_bytes(job, sim.now)

        path, now = served.within(look)
        (tmp_path / "token").write_text(served.token() + "\n")
        (tmp_path / "token").chmod(stat.S_IRUSR)
        profile = Profile(
            name="x", url=served.url, firecrest_url=served.firecrest_url, token_file=str(tmp_path / "token")
        )
        token = find_token(profile)
        assert token is not None
        calls = CallLog()
        files = open_files(profile, calls, lambda: "tiny")
        assert files is not None
        log = files.open(path)
        assert calls.total == 0
        assert (await log.stat()).size == len(now)
        assert (await log.read(0, 1 << 20)).data == now
        served.step(seconds=60)
        grown = served.within(look)[1]
        assert (await log.stat()).size == len(grown) > len(now)
        assert (await log.read(len(now), 1 << 20)).data == grown[len(now) :]
        assert calls.total == 3
        assert token.reveal() not in repr(calls.records)
        other = FirecrestFiles(files._connect, lambda: "other", "x")
        with pytest.raises(NaruError, match="no system of that name"):
            await other.open(path).stat()
        await other.close()
        await files.close()
        await files.close()


async def test_the_demo_reads_logs_and_does_nothing_for_them_before() -> None:
    from naru_client.mock.open import open_sites

    calls = CallLog()
    for centre in await open_sites(demo_profile("small"), calls, clock=SteppedClock(NOON)):
        await centre.close()
    assert calls.total == 0


async def test_a_centre_s_profile_says_how_its_logs_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served_centre(TINY) as served:
        monkeypatch.setenv("SLURM_JWT", served.token())
        job_id = served.submit(partition="gpu", accelerators=2, hours=2.0)
        served.step(minutes=30)
        [job] = served.within(lambda: served.world.site().at_present().find(int(job_id)))
        calls = CallLog()
        near = await open_profile(Profile(name="x", url=served.url, firecrest_url=served.firecrest_url), calls)
        far = await open_profile(Profile(name="x", url=served.url), calls)
        assert ("logs" in near.capabilities, "logs" in far.capabilities) == (True, False)
        assert (await near.open_log(path_of(job)).stat()).size > 0
        assert "#SBATCH --job-name" in (await near.batch_script(job_id)).value
        with pytest.raises(NotProvided):
            far.open_log(path_of(job))
        for centre in (near, far):
            await centre.close()
    for name in ("squeue", "sinfo", "scontrol"):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    here = await open_profile(Profile(bin=str(tmp_path)), CallLog())
    assert here.open_log(str(tmp_path / "squeue")).local_path == str(tmp_path / "squeue")
    assert (await here.open_log(str(tmp_path / "squeue")).read(0, 9)).data == b"#!/bin/sh"
    await here.close()
