"""The test kit: its own example, stepped centres, served ones, and its fixtures."""

import ast
import asyncio
import json
import subprocess
import sys
import textwrap
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.children import import_path
from tests.client.mock_world import TINY

import naru_client.testing as kit
from naru_client.errors import NotProvided, Refused, SignInNeeded, Unreachable, UsageError
from naru_client.mock.scenario import Fault, load_scenario
from naru_client.testing import Lab, ServedCentre, served_centre, stepped_centre

TWO = TINY.replace('cluster = "tiny"\n', "") + '[[sites]]\ncluster = "one"\n[[sites]]\ncluster = "two"\n'


def examples() -> dict[str, Callable[..., Any]]:
    """The functions shown in the kit's docstring."""
    assert kit.__doc__ is not None
    shown = [line for line in kit.__doc__.splitlines() if line.startswith("    ") or not line]
    space: dict[str, Any] = {
        "pytest": pytest, "json": json, "urllib": urllib, "Unreachable": Unreachable,
    }  # fmt: skip
    exec(compile(ast.parse(textwrap.dedent("\n".join(shown))), "the docstring", "exec"), space)
    return {name: found for name, found in space.items() if name.startswith("test_")}


def test_the_example_of_the_docstring_holds() -> None:
    found = examples()
    assert list(found) == ["test_a_job_runs_and_ends", "test_somebody_else_s_client"]
    asyncio.run(found["test_a_job_runs_and_ends"]())
    found["test_somebody_else_s_client"]()


# Stepped


async def test_the_same_seed_and_steps_give_the_same_centre() -> None:
    told = []
    for _ in range(2):
        async with stepped_centre("small", seed=3) as lab:
            mine = lab.submit(partition="debug", accelerators=1)
            lab.step(minutes=40)
            told.append((mine, [(job.id, job.state) for job in (await lab.centre.jobs()).value]))
    assert told[0] == told[1]


async def test_time_stands_still_between_steps() -> None:
    async with stepped_centre(TINY) as lab:
        first = (await lab.centre.jobs()).as_of
        assert first == (await lab.centre.jobs()).as_of == kit.START
        assert lab.step(hours=1, minutes=2, seconds=3) == kit.START + timedelta(seconds=3723)
        assert (await lab.centre.nodes()).as_of == lab.now
        assert lab.simulator.now == lab.now.timestamp()
        assert lab.log.total == 3


async def test_jobs_are_submitted_as_they_are_told() -> None:
    async with stepped_centre(TINY) as lab:
        job_id = lab.submit(
            user="bob", name="평가", partition="gpu", nodes=2, accelerators=4, hours=2, runs_hours=0.5,
            outcome="FAILED", exit_code=3, comment="a=b",
        )  # fmt: skip
        lab.step(minutes=1)
        [job] = (await lab.centre.job(job_id)).value
        assert (job.name, job.user, job.pool, job.nodes, job.accelerator_count) == ("평가", "bob", "gpu", 2, 8)
        assert (job.state, job.time_limit, job.comment) == ("RUNNING", 7200, "a=b")
        lab.step(minutes=31)
        [job] = (await lab.centre.job(job_id)).value
        assert job.state == "FAILED"
        assert job.exit is not None
        assert job.exit.code == 3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"user": "nobody"}, "no user 'nobody' at tiny"),
        ({"partition": "gpus"}, "no partition 'gpus' at tiny: gpu, debug, cpu"),
        ({"colour": "red"}, "no 'colour'"),
        ({"site": "elsewhere"}, "elsewhere"),
    ],
)
async def test_a_job_that_cannot_be_is_told(wrong: dict[str, Any], words: str) -> None:
    async with stepped_centre(TINY) as lab:
        with pytest.raises(UsageError, match=words):
            lab.submit(**wrong)


async def test_faults_come_and_go_while_it_runs() -> None:
    async with stepped_centre("small") as lab:
        assert lab.faults.told() == ()
        await lab.centre.jobs()
        for told, error in (
            ("reset", Unreachable), ("half", Unreachable), ("hang", Unreachable), ("status:401", SignInNeeded),
            ("status:511", SignInNeeded), ("upgrade:60", Unreachable), (Fault(kind="status", status=403), Refused),
        ):  # fmt: skip
            lab.faults.use(told)
            with pytest.raises(error):
                await lab.centre.jobs()
        lab.faults.use("latency:2")
        before = lab.slept
        await lab.centre.jobs()
        assert lab.slept == before + 2
        lab.faults.clear()
        await lab.centre.jobs()
        assert lab.slept == before + 2


async def test_a_scenario_has_its_own_faults_until_others_are_told() -> None:
    text = TINY + '[[faults]]\nkind = "status"\nstatus = 401\n'
    async with stepped_centre(text) as lab:
        with pytest.raises(SignInNeeded):
            await lab.centre.jobs()
    async with stepped_centre(text, faults=["none"]) as lab:
        await lab.centre.jobs()


async def test_an_upgrade_in_the_middle_is_another_release_afterwards() -> None:
    async with stepped_centre('release = "25.11.0"\n' + TINY) as lab:
        assert "25.11.0" in str((await lab.centre.site()).value.scheduler)
        lab.faults.use("upgrade:60/26.05.1,after=30")
        lab.step(seconds=30)
        with pytest.raises(Unreachable, match="refused"):
            await lab.centre.site()
        lab.step(seconds=60)
        assert "26.05.1" in str((await lab.centre.site()).value.scheduler)
        lab.faults.use("upgrade:1/30.05.0")  # by then nobody speaks this contract
        lab.step(seconds=60)
        with pytest.raises(NotProvided):
            await lab.centre.site()


async def test_a_skewed_clock_makes_the_past_look_like_the_future() -> None:
    async with stepped_centre("small", faults=["skew:600"]) as lab:
        job_id = lab.submit(partition="debug", accelerators=1, hours=0.25)
        lab.step(seconds=60)
        [job] = (await lab.centre.job(job_id)).value
        assert job.submitted is not None
        assert job.submitted - kit.START == timedelta(seconds=600)
        assert job.submitted > lab.now


async def test_several_sites_and_several_people() -> None:
    async with stepped_centre(TWO, site="two", user="bob") as lab:
        assert (lab.centre.id, lab.centre.user) == ("two", "bob")
        one = lab.open("one")
        assert (one.id, one.user) == ("one", "ann")
        lab.submit(site="two", name="there")
        assert [job.name for job in (await lab.centre.jobs()).value] == ["there"]
        assert (await one.jobs()).value == ()
        lab.faults.use("status:503", site="two")
        await one.jobs()
        with pytest.raises(Unreachable):
            await lab.centre.jobs()
        with pytest.raises(UsageError):
            lab.faults.use("reset", site="three")
        with pytest.raises(UsageError, match="three"):
            lab.open("three")


async def test_a_token_runs_out_and_a_wrong_one_never_was() -> None:
    async with stepped_centre(TINY) as lab:
        soon = lab.open(lifespan=60)
        await soon.jobs()
        lab.step(seconds=60)
        with pytest.raises(SignInNeeded):
            await soon.jobs()
        await lab.centre.jobs()
        with pytest.raises(SignInNeeded):
            await lab.open(token="not.a.token").jobs()


async def test_a_scenario_can_be_given_in_every_way(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TINY)
    for scenario in (TINY, str(path), load_scenario(str(path))):
        async with stepped_centre(scenario) as lab:
            assert lab.centre.id == "tiny"
    with pytest.raises(UsageError, match="no scenario named"):
        async with stepped_centre("nowhere"):
            raise AssertionError
    with pytest.raises(UsageError, match="no fault named"):
        async with stepped_centre(TINY, faults=["gremlins"]):
            raise AssertionError


# Served


@pytest.fixture
def served() -> Iterator[ServedCentre]:
    with served_centre(TWO) as one:
        yield one
        assert one.reports == []


def ask(url: str, token: str, path: str = "/slurm/v0.0.44/jobs") -> Any:
    request = urllib.request.Request(url + path, headers={"X-SLURM-USER-TOKEN": token})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_each_site_has_a_port_and_the_same_tokens(served: ServedCentre) -> None:
    assert list(served.urls) == ["one", "two"]
    assert served.url == served.urls["one"]
    assert len({*served.urls.values(), served.firecrest_url}) == 3
    served.submit(site="two", name="there")
    assert ask(served.urls["one"], served.token())["jobs"] == []
    [job] = ask(served.urls["two"], served.token("bob"))["jobs"]
    assert job["name"] == "there"


def test_a_site_s_faults_are_there_by_way_of_firecrest_too(served: ServedCentre) -> None:
    served.faults.use("upgrade:60", site="two")
    headers = {"Authorization": f"Bearer {served.token()}"}

    def status(system: str) -> int:
        asked = urllib.request.Request(f"{served.firecrest_url}/status/{system}/partitions", headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    assert (status("one"), status("two")) == (200, 503)


def test_its_time_is_stepped_too(served: ServedCentre) -> None:
    job_id = served.submit(partition="gpu", accelerators=1)
    path = f"/slurm/v0.0.44/job/{job_id}"
    assert ask(served.url, served.token(), path)["jobs"][0]["job_state"] == ["PENDING"]
    served.step(minutes=2)
    assert ask(served.url, served.token(), path)["jobs"][0]["job_state"] == ["RUNNING"]


def test_faults_come_and_go_while_it_is_served(served: ServedCentre) -> None:
    served.faults.use("status:503/9")
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(served.url, served.token())
    assert (caught.value.code, caught.value.headers["Retry-After"]) == (503, "9")
    caught.value.close()
    served.faults.use("upgrade:60")
    _until(lambda: _refused(served))
    served.step(seconds=60)
    _until(lambda: not _refused(served))
    served.faults.clear()
    assert ask(served.url, served.token())["jobs"] == []


def test_a_clock_of_its_own_runs_at_a_speed() -> None:
    with served_centre(TINY, speed=10_000) as one:
        first = ask(one.url, one.token())["last_update"]["number"]
        _until(lambda: one.now > kit.START + timedelta(hours=1))
        assert first - kit.START.timestamp() < 3600
        ask(one.url, one.token())


def test_it_ends_though_somebody_hangs_on_and_leaves_no_thread() -> None:
    before = threading.active_count()
    with served_centre(TINY, faults=["hang"]) as one:
        asking = threading.Thread(target=_hang, args=(one.url, one.token()))
        asking.start()
    asking.join(20)
    assert not asking.is_alive()
    assert threading.active_count() == before
    one.stop()


def test_what_cannot_be_served_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    from naru_client.mock import server

    def taken(_host: str, _port: int) -> Any:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(server, "_bound", taken)
    before = threading.active_count()
    with pytest.raises(UsageError, match="cannot listen"), served_centre(TINY):
        raise AssertionError
    assert threading.active_count() == before


def _hang(url: str, token: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011  # any of the ways in which a connection ends
        ask(url, token)


def _refused(served: ServedCentre) -> bool:
    try:
        ask(served.url, served.token())
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError as error:
        return "refused" in str(error)
    return False


def _until(holds: Callable[[], bool]) -> None:
    import time

    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.01)


# Fixtures and imports

CONFTEST = 'pytest_plugins = ["naru_client.testing.plugin"]\n'
TESTS = """
import asyncio, urllib.request
import pytest

def test_in_process(naru_centre):
    async def inside():
        async with naru_centre("small", seed=2) as lab:
            return (await lab.centre.jobs()).value
    assert asyncio.run(inside())

@pytest.mark.naru_server("small", seed=2, faults=["status:418"])
def test_over_a_socket(naru_server):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(naru_server.url)
    assert caught.value.code == 418
    caught.value.close()
    naru_server.step(hours=1)
    assert naru_server.token().count(".") == 2

def test_the_usual_one(naru_server):
    assert "naru-demo" in naru_server.urls
"""


def test_the_fixtures_work_in_a_project_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS)
    argv = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider", "-W", "error", "."]
    done = subprocess.run(
        argv, cwd=tmp_path, capture_output=True, text=True, check=False, env={"PYTHONPATH": import_path(), "PATH": ""}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_the_kit_does_not_import_pytest_and_nothing_imports_the_kit() -> None:
    code = "import sys, naru_client.testing\nprint(*{'pytest', 'textual', 'rich', 'click'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    code = "import sys, naru_client.slurm.open, naru_client.mock.open\nassert 'naru_client.testing' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_lab_shows_no_token_when_it_is_shown() -> None:
    async def shown() -> str:
        async with stepped_centre(TINY) as lab:
            assert isinstance(lab, Lab)
            token = lab.token()
            found = "".join(map(repr, (lab, lab.centre, lab.world.keyring, lab.world.site(), *vars(lab).values())))
            return found.replace(token, "THE TOKEN")

    assert "THE TOKEN" not in asyncio.run(shown())
