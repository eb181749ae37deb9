"""Good manners for an open centre: who shares with whom, and that no token lies where it is shared."""

import os
from pathlib import Path
from typing import Any

import pytest

from naru_client.budget import BudgetedTransport
from naru_client.centre import Centre, open_centre
from naru_client.config import PollSettings, Profile
from naru_client.exchange import Call, CallLog, patient
from naru_client.sharing import SharingTransport
from naru_client.sharing_open import mind_manners, minding_manners
from naru_client.slurm.centre import SlurmCentre
from naru_client.testing import ServedCentre, served_centre

POLL = PollSettings()


def runtime_folder() -> Path:
    return Path(os.environ["XDG_RUNTIME_DIR"]) / "naru"


def all_jobs(served: ServedCentre) -> list[Any]:
    return list(served.world.site().at_present().jobs.values())


async def polite(served: ServedCentre, log: CallLog, poll: PollSettings = POLL) -> SlurmCentre:
    profile = Profile(name="there", url=served.url, token_env="THE_TOKEN")
    centre = await minding_manners(poll)(profile, log)
    assert isinstance(centre, SlurmCentre)
    return centre


async def read_all(centre: Centre) -> None:
    with patient(60.0):
        await centre.jobs(user=centre.user)
        await centre.nodes()
        await centre.pools()
        await centre.reservations()
        await centre.site()


async def test_two_over_http_ask_like_one_and_no_token_lies_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    with served_centre("small", speed=1.0) as served:
        token = served.token()
        monkeypatch.setenv("THE_TOKEN", token)
        logs = CallLog(), CallLog()
        one, other = [await polite(served, log) for log in logs]
        before = [log.total for log in logs]
        await read_all(one)
        await read_all(other)
        assert logs[0].total == before[0] + 5
        assert logs[1].total == before[1]
        assert [record.shared for record in logs[1].records][-5:] == [True] * 5
        assert {record.site for record in logs[1].records if record.shared} == {other.id}
        for centre in (one, other):
            await centre.close()
        files = list(runtime_folder().iterdir())
        assert len([path for path in files if path.suffix == ".answer"]) == 5
        for path in files:
            assert path.stat().st_mode & 0o077 == 0
            content = path.read_bytes()
            for secret in (token, *token.split("."), served.url, "X-SLURM"):
                assert secret.encode() not in content


async def test_another_person_at_the_same_centre_is_told_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with served_centre("small", speed=1.0) as served:
        monkeypatch.setenv("THE_TOKEN", served.token())
        log = CallLog()
        somebody = served.within(lambda: next(j.user for j in all_jobs(served) if j.user != "naru"))
        one = await polite(served, CallLog())
        monkeypatch.setenv("THE_TOKEN", served.token(somebody))
        other = await polite(served, log)
        assert one.user != other.user == somebody
        await read_all(one)
        await read_all(other)
        assert not any(record.shared for record in log.records)
        for centre in (one, other):
            await centre.close()


async def test_the_setting_turns_it_off_but_not_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    with served_centre("small", speed=1.0) as served:
        monkeypatch.setenv("THE_TOKEN", served.token())
        centre = await polite(served, CallLog(), PollSettings(share=False, calls_per_minute=7))
        transport = centre.source.transport
        assert isinstance(transport, BudgetedTransport)
        assert transport.budget.per_minute == 7
        await centre.close()
        assert not runtime_folder().exists()


async def test_a_simulation_in_this_process_is_not_shared() -> None:
    profile = Profile(name="demo", dialect="mock")
    log = CallLog()
    centre = await open_centre(profile, log)
    mind_manners(centre, profile, POLL, log)
    assert isinstance(centre, SlurmCentre)
    assert isinstance(centre.source.transport, BudgetedTransport)
    await centre.close()
    assert not runtime_folder().exists()


def commands(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    for program in ("squeue", "scontrol"):
        (folder / program).write_text("#!/bin/sh\n")
        (folder / program).chmod(0o755)
    return folder


async def shares(profile: Profile) -> frozenset[str]:
    """The names of what a centre leaves after one question."""
    log = CallLog()
    centre = await open_centre(profile, log)
    mind_manners(centre, profile, POLL, log)
    assert isinstance(centre, SlurmCentre)
    if not isinstance(centre.source.transport, SharingTransport):
        return frozenset()
    before = set(runtime_folder().iterdir())
    with patient(3.0):
        await centre.source.transport.send(Call(key="jobs", argv=("squeue",)))
    await centre.close()
    return frozenset(path.name for path in set(runtime_folder().iterdir()) - before)


async def test_other_commands_and_another_configuration_are_another_centre(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = commands(tmp_path, "one"), commands(tmp_path, "other")
    (tmp_path / "slurm.conf").touch()
    seen = [
        await shares(Profile(bin=str(one))),
        await shares(Profile(bin=str(other))),
        await shares(Profile(bin=str(one), slurm_conf=str(tmp_path / "slurm.conf"))),
    ]
    assert all(len(names) == 2 for names in seen)  # the answer and its lock
    monkeypatch.setenv("PATH", f"{one}:{os.environ['PATH']}")
    assert await shares(Profile()) == frozenset()  # the same commands by another way: the same centre
    monkeypatch.setenv("SLURM_JWT", "somebody.else.altogether")
    assert await shares(Profile()) == frozenset()
    assert len(list(runtime_folder().glob("*.answer"))) == 3


async def test_where_no_folder_is_private_everybody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime_folder().mkdir()
    runtime_folder().chmod(0o770)
    monkeypatch.setattr("naru_client.sharing_open.FALLBACK", str(runtime_folder()))
    profile = Profile(bin=str(commands(tmp_path, "one")))
    log = CallLog()
    centre = await open_centre(profile, log)
    mind_manners(centre, profile, POLL, log)
    assert isinstance(centre, SlurmCentre)
    assert isinstance(centre.source.transport, BudgetedTransport)
    await centre.close()
