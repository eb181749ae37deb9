"""`naru mock`: a simulated centre on real ports, met by Naru itself as another process, and how it is told to go."""

import json
import os
import signal
import socket
import stat
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.children import naru

from naru.__main__ import main
from naru.commands.mock_profiles import MARK
from naru_client.mock.scenario import load_scenario, scenario_names
from naru_client.mock.tokens import Keyring

Capture = pytest.CaptureFixture[str]
TWO_SITES = """
[[sites]]
cluster = "one"
[[sites]]
cluster = "two"
"""


class Child:
    """A serving `naru mock serve --json`, and what it said."""

    def __init__(self, *options: str) -> None:
        argv = naru("mock", "serve", "--json", *options)
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.envelope = json.loads(line or "{}")
        if not self.envelope.get("ok"):
            self.process.kill()
            raise AssertionError(line + self.process.communicate()[1])
        self.data: dict[str, Any] = self.envelope["data"]

    @property
    def url(self) -> str:
        return str(self.data["sites"][0]["url"])

    def token(self, user: str = "naru") -> str:
        return next(str(one["token"]) for one in self.data["sites"][0]["tokens"] if one["user"] == user)

    def ask(self, path: str = "/slurm/v0.0.44/jobs", *, url: str = "", token: str = "") -> Any:
        headers = {"X-SLURM-USER-TOKEN": token or self.token()}
        with urllib.request.urlopen(urllib.request.Request((url or self.url) + path, headers=headers), timeout=30) as a:
            return json.load(a)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit code and what was said after the first line, on either stream."""
        self.process.send_signal(number)
        said = self.process.communicate(timeout=20)
        return self.process.returncode, "".join(said)


@contextmanager
def started(*options: str, **streams: Any) -> Iterator[subprocess.Popen[str]]:
    """`naru mock serve` as a process that does not outlive the test, whatever happens in it."""
    process = subprocess.Popen(naru("mock", "serve", *options), encoding="utf-8", **streams)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def serving(*options: str) -> Iterator[Child]:
    child = Child(*options)
    try:
        yield child
    finally:
        child.process.kill()
        child.process.wait()
        for stream in (child.process.stdout, child.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def two_sites(tmp_path: Path) -> str:
    from tests.client.mock_world import TINY

    path = tmp_path / "two.toml"
    path.write_text(TINY.replace('cluster = "tiny"\n', 'operators = ["oper"]\n') + TWO_SITES)
    return str(path)


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.01)


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        naru(*arguments), capture_output=True, encoding="utf-8", timeout=60, check=False, env={**os.environ, **env}
    )


# serve


def test_it_says_where_each_site_is_and_how_to_get_in(two_sites: str) -> None:
    with serving("--scenario", two_sites, "--seed", "7", "--user", "bob") as child:
        envelope, data = child.envelope, child.data
        assert (envelope["schema"], envelope["ok"], envelope["warnings"]) == ("naru.mock/1", True, [])
        assert envelope["as_of"] == data["opened"]
        assert (data["seed"], data["speed"], data["profile_file"]) == (7, 1.0, None)
        assert [site["name"] for site in data["sites"]] == ["one", "two"]
        tokens = data["sites"][1]["tokens"]
        assert [(one["user"], one["operator"]) for one in tokens] == [("ann", False), ("oper", True), ("bob", False)]
        assert len({site["url"] for site in data["sites"]} | {data["firecrest"]}) == 3
        for site in data["sites"]:
            assert child.ask("/slurm/v0.0.44/ping", url=site["url"], token=site["tokens"][0]["token"])["pings"]
        bearer = {"Authorization": f"Bearer {tokens[0]['token']}"}
        asked = urllib.request.Request(data["firecrest"] + "/status/systems", headers=bearer)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert [system["name"] for system in json.load(answer)["systems"]] == ["one", "two"]
        with pytest.raises(urllib.error.HTTPError) as caught:
            child.ask(token="not.a.token")
        assert caught.value.code == 511
        caught.value.close()


def test_only_the_sites_that_are_named(two_sites: str) -> None:
    with serving("--scenario", two_sites, "--site", "two") as child:
        assert [site["name"] for site in child.data["sites"]] == ["two"]


def test_people_get_the_same_in_words(two_sites: str) -> None:
    options = ("--scenario", two_sites, "--faults", "slow")
    with started(*options, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("To try it:"):
            lines.append(child.stdout.readline())
            assert lines[-1], "it ended"
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=20) == ("", "")
        assert child.returncode == 0
    said = "".join(lines)
    assert said.isascii()
    assert "Faults of two: latency:1.5+1.5" in said
    assert said.count("http://127.0.0.1:") == 4
    assert said.count("(operator)") == said.count("(user)") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_at_once_without_a_word(number: signal.Signals) -> None:
    with serving("--faults", "hang") as child:
        with socket.create_connection(("127.0.0.1", int(child.url.rpartition(":")[2]))) as hanging:
            hanging.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert child.end(number) == (0, "")
            assert hanging.recv(10) == b""


def test_a_simulation_that_is_busy_is_not_waited_for() -> None:
    """A day a second is more than can be simulated: the first question is not answered for as long as one likes."""
    with serving("--speed", "86400") as child, socket.create_connection(_address(child.url)) as asking:
        head = f"GET /slurm/v0.0.44/jobs HTTP/1.1\r\nHost: x\r\nX-SLURM-USER-TOKEN: {child.token()}\r\n\r\n"
        asking.sendall(head.encode())
        assert child.end() == (0, "")


def test_it_ends_when_nobody_reads_what_it_says() -> None:
    with serving() as child:
        assert child.process.stdout is not None
        child.process.stdout.close()
        assert child.process.stderr is not None
        assert child.process.stderr.read() == ""
        assert child.process.wait(20) == 0


def test_output_to_a_file_is_no_reason_to_end(tmp_path: Path) -> None:
    path = tmp_path / "said"
    with path.open("wb") as said, started("--json", stdout=said, stderr=subprocess.PIPE) as child:
        until(lambda: path.read_text().endswith("\n"))
        url = json.loads(path.read_text())["data"]["sites"][0]["url"]
        with socket.create_connection(_address(url)) as asking:
            asking.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert asking.recv(12) == b"HTTP/1.1 401"
        child.send_signal(signal.SIGTERM)
        assert child.communicate(timeout=20)[1] == ""
        assert child.returncode == 0


def test_ports_follow_each_other(two_sites: str) -> None:
    for _ in range(20):
        with socket.socket() as trying:
            trying.bind(("127.0.0.1", 0))
            first = trying.getsockname()[1]
        try:
            with serving("--scenario", two_sites, "--port", str(first)) as child:
                urls = [site["url"] for site in child.data["sites"]] + [child.data["firecrest"]]
                assert [_address(url)[1] for url in urls] == [first, first + 1, first + 2]
                return
        except AssertionError as error:
            if "cannot listen" not in str(error):
                raise
    pytest.fail("no three free ports in a row")


def test_the_centre_s_time_goes_at_the_speed_that_is_told(two_sites: str) -> None:
    with serving("--scenario", two_sites, "--speed", "1000") as child:
        first = child.ask(token=child.token("ann"))["last_update"]["number"]
        opened = child.data["opened"]
        assert child.data["speed"] == 1000
        lasts = child.data["sites"][0]["tokens"][0]["expires"]
    assert opened < lasts
    assert first > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "0.0.0.0"], "'0.0.0.0' is not an address of this machine alone"),
        (["--host", ""], "'' is not an address of this machine alone"),
        (["--port", "70000"], "not a port"),
        (["--port", "-1"], "not a port"),
        (["--port", "65535"], "do not exist"),
        (["--speed", "0"], "not a number above 0"),
        (["--speed", "inf"], "not a number above 0"),
        (["--speed", "fast"], "not a number above 0"),
        (["--seed", "x"], "not a whole number"),
        (["--token-lifespan", "0"], "not a number of seconds"),
        (["--token-lifespan", "nan"], "not a number of seconds"),
        (["--scenario", "nowhere"], "no scenario named 'nowhere'"),
        (["--scenario", "/nowhere.toml"], "cannot read"),
        (["--site", "nowhere"], "no site named 'nowhere'"),
        (["--user", "nobody"], "no user named 'nobody'"),
        (["--faults", "gremlins"], "no fault named 'gremlins'"),
        (["--faults", "status:99999"], "status is written as in"),
        (["--profile-file", "/tmp/other.toml"], "no place where Naru finds its settings"),
        (["--profile-file", ""], "--profile-file is empty"),
        (["--scenario", ""], "no scenario named ''"),
        (["--profile", "x"], "asks no centre"),
        (["--csv"], "not a table"),
    ],
)
def test_what_cannot_be_served_is_told_and_nothing_is(
    options: list[str], words: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("naru.output.present", None)  # what would be served after all fails here, and ends
    assert main(["mock", "serve", *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    first, *more = said.err.splitlines()
    assert words in first
    assert all(line.startswith("hint: ") for line in more)


def test_a_port_that_is_taken_is_told(capsys: Capture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["mock", "serve", "--port", str(port), "--json"]) == 2
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["kind"] == "usage"
    assert json.loads(said.out)["schema"] == "naru.mock/1"
    assert f"port {port}" in said.err


# Naru as its client


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("reset", 4, "it closed the connection"),
        ("half@jobs", 4, "breaks off"),
        ("malformed@jobs", 1, ""),
        ("status:401", 3, "does not accept the token"),
        ("status:511@jobs", 3, "does not accept the token"),
        ("status:503/30", 4, "too busy"),
        ("status:429/30@jobs", 4, "too busy"),
        ("hang:0.1@jobs", 4, "breaks off"),
        ("upgrade:3600", 4, "refused"),
    ],
)
def test_what_a_fault_looks_like_to_people(fault: str, code: int, words: str) -> None:
    with serving("--faults", fault) as child:
        done = run("jobs", "--profile", child.url, SLURM_JWT=child.token())
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    first, *more = done.stderr.splitlines()
    assert first.startswith("naru: ")
    assert words in first
    assert len(more) <= 1
    assert child.token() not in done.stderr


def test_wrong_types_are_no_crash() -> None:
    with serving("--faults", "wrong-types") as child:
        for verb in ("jobs", "nodes", "gpus", "sites"):
            done = run(verb, "--profile", child.url, SLURM_JWT=child.token())
            assert done.returncode in (0, 1, 3, 4, 5, 6), done.stderr
            assert "internal error" not in done.stderr
            assert "Traceback" not in done.stderr


def test_the_settings_it_writes_work_at_once(two_sites: str, tmp_path: Path) -> None:
    home = tmp_path / "of a kind"
    with serving("--scenario", two_sites, "--profile-file", str(home), "--user", "bob") as child:
        path = Path(child.data["profile_file"])
        assert path == home / "naru" / "config.toml"
        files = [path, *(home / "naru" / "mock-tokens").iterdir()]
        assert {file.name for file in files[1:]} == {"one", "one-oper", "one-bob", "two", "two-oper", "two-bob"}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE((home / "naru" / "mock-tokens").stat().st_mode) == 0o700
        for options, site in (((), "one"), (("--profile", "two-oper"), "two")):
            done = run("sites", "--json", *options, XDG_CONFIG_HOME=str(home))
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["data"][0]["id"] == site
        done = subprocess.run(
            ["/bin/sh", "-c", child.data["try_it"].replace(" naru ", f" {' '.join(naru())} ")],
            capture_output=True, encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    with serving("--scenario", two_sites, "--profile-file", str(path)) as child:  # ours may be overwritten
        assert child.url in path.read_text()


def test_settings_of_somebody_s_own_are_never_overwritten(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "naru" / "config.toml"
    path.parent.mkdir()
    path.write_text('theme = "mine"\n')
    assert main(["mock", "serve", "--profile-file", str(tmp_path)]) == 2
    assert "not ours to overwrite" in capsys.readouterr().err
    assert path.read_text() == 'theme = "mine"\n'


def test_settings_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("mock", "serve", "--profile-file", str(tmp_path / "file"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "not ours" in done.stderr or "cannot write" in done.stderr


def test_what_it_writes_is_read_as_settings(two_sites: str, tmp_path: Path) -> None:
    from naru_client.config import load_settings

    with serving("--scenario", two_sites, "--profile-file", str(tmp_path)) as child:
        path = Path(child.data["profile_file"])
        assert path.read_text().startswith(MARK)
        settings = load_settings(path)
        assert settings.default_profile == "one"
        assert settings.profiles["two-oper"].user == "oper"
        assert settings.profiles["two"].firecrest_url == child.data["firecrest"]
        assert settings.profiles["two"].firecrest_system == "two"


# token, scenarios


def test_a_token_made_beside_it_opens_a_served_centre(capsys: Capture) -> None:
    assert main(["mock", "token", "--user", "u1004", "--seed", "3"]) == 0
    token = capsys.readouterr().out.strip()
    assert main(["mock", "token", "--user", "u1004", "--seed", "4", "--json"]) == 0
    other = json.loads(capsys.readouterr().out)
    assert other["schema"] == "naru.mock-token/1"
    with serving("--seed", "3") as child:
        assert child.ask(token=token)["jobs"]
        done = run("jobs", "--profile", child.url, SLURM_JWT=other["data"]["token"])
    assert done.returncode == 3
    assert other["data"]["token"] not in done.stderr


def test_a_file_is_the_same_scenario_however_its_path_is_typed(
    two_sites: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(two_sites).parent)
    assert main(["mock", "token", "--user", "bob", "--scenario", "./two.toml"]) == 0
    token = capsys.readouterr().out.strip()
    with serving("--scenario", two_sites) as child:
        assert child.ask(token=token)["jobs"] == []


def test_a_token_lasts_as_long_as_is_told(capsys: Capture) -> None:
    assert main(["mock", "token", "--user", "naru", "--lifespan", "90", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    keyring = Keyring.of("small", 1)
    ends = datetime.fromisoformat(data["expires"]).timestamp()
    assert keyring.user(data["token"], ends - 90) == "naru"
    assert keyring.user(data["token"], ends) is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["token"], "--user NAME"),
        (["token", "--user", "naru", "--user", "u1001"], "--user NAME"),
        (["token", "--user", "nobody"], "no user named 'nobody'"),
        (["token", "--user", "naru", "--port", "1"], "takes no --port"),
        (["scenarios", "--seed", "1"], "takes no --seed"),
        (["scenarios", "--site", "x"], "takes no --site"),
        ([], "serve|token|scenarios"),
        (["sing"], "invalid choice"),
    ],
)
def test_what_makes_no_sense_is_told(options: list[str], words: str, capsys: Capture) -> None:
    assert main(["mock", *options]) == 2
    assert words in capsys.readouterr().err


def test_the_scenarios_there_are(capsys: Capture) -> None:
    assert main(["mock", "scenarios", "--json"]) == 0
    envelope = json.loads(capsys.readouterr().out)
    assert envelope["schema"] == "naru.mock-scenarios/1"
    assert [one["name"] for one in envelope["data"]] == list(scenario_names())
    [small] = [one for one in envelope["data"] if one["name"] == "small"]
    [site] = small["sites"]
    assert site["nodes"] == 34
    assert {(a["kind"], a["model"], a["count"]) for a in site["accelerators"]} == {
        ("gpu", "b200", 64), ("gpu", "h200", 48), ("gpu", "gh200", 6), ("gpu", "h100", 24), ("npu", "rngd", 24),
    }  # fmt: skip
    assert main(["mock", "scenarios"]) == 0
    said = capsys.readouterr().out
    for name in scenario_names():
        assert f"\n{name} " in f"\n{said}"
        for plan in load_scenario(name).sites:
            assert plan.cluster in said


def test_a_scenario_of_one_s_own_is_checked(tmp_path: Path, capsys: Capture, two_sites: str) -> None:
    assert main(["mock", "scenarios", "--scenario", two_sites]) == 0
    assert "two" in capsys.readouterr().out
    broken = tmp_path / "broken.toml"
    broken.write_text("cluster = 3\n")
    assert main(["mock", "scenarios", "--scenario", str(broken)]) == 2
    assert "is not right" in capsys.readouterr().err


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").rpartition(":")
    return host, int(port)
