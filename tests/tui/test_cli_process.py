"""`naru` as its own process: exit codes, streams, locales, pipes, and what it may import."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from rich.cells import cell_len
from tests.children import naru
from tests.terminal import Terminal

DATA = Path(__file__).parents[1] / "data" / "slurm"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl"


@pytest.fixture
def no_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Slurm's commands."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@pytest.fixture
def config() -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = Path(os.environ["XDG_CONFIG_HOME"]) / "naru" / "config.toml"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        return path

    return write


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"errors": [{"error_number": 5, "error": "Authentication failure"}]}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test's output is for the test."""


@pytest.fixture
def refusing_server() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        naru(*arguments),
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
        env={**os.environ, **env},
    )


def until(condition: Callable[[], bool], timeout: float = 30.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.01)


def failed(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """It ended with that code, said so on one line and a hint, and printed nothing else."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    first, *more = done.stderr.splitlines()
    assert first.startswith("naru: ")
    assert len(more) <= 1
    assert all(line.startswith("hint: ") for line in more)
    for word in words:
        assert word in done.stderr


@pytest.mark.usefixtures("no_slurm")
def test_without_slurm_and_profiles_the_demo_is_offered() -> None:
    failed(run("jobs"), 2, "no centre to ask", "naru demo")
    failed(run(), 2, "no centre to ask", "naru demo")


def test_bad_settings_are_told_with_their_place(config: Callable[[str], Path]) -> None:
    path = config('[profiles.outside]\nulr = "https://x"\n')
    failed(run("jobs"), 2, str(path), "at profiles.outside: unknown key 'ulr'", "did you mean url?")


def test_settings_that_are_not_toml_are_told_with_their_line(config: Callable[[str], Path]) -> None:
    config("[profiles.outside\n")
    failed(run("jobs"), 2, "is not valid TOML", "line 1")


def test_an_unknown_profile_names_the_known_ones(config: Callable[[str], Path]) -> None:
    config("[profiles.here]\n[profiles.there]\n")
    failed(run("jobs", "--profile", "hree"), 2, "no profile named 'hree'", "here, there")


@pytest.mark.usefixtures("no_slurm")
def test_several_profiles_and_no_default_is_a_question(config: Callable[[str], Path]) -> None:
    config('[profiles.a]\nurl = "https://a"\n[profiles.b]\nurl = "https://b"\n')
    failed(run("jobs"), 2, "which profile?", "a, b")


def test_a_recording_that_is_not_there(tmp_path: Path) -> None:
    failed(run("jobs", "--replay", str(tmp_path / "none")), 2, "cannot read", "No such file")


def test_a_folder_that_is_no_capture(tmp_path: Path) -> None:
    failed(run("jobs", "--replay", str(tmp_path)), 2, "is not a capture")


def test_a_recording_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_bytes((DATA / "lab-22.05-squeue.json").read_bytes()[:5000])
    failed(run("jobs", "--replay", str(path), "--all"), 1, "cut off")


def test_what_a_recording_does_not_hold_is_not_provided() -> None:
    failed(run("nodes", "--replay", str(DATA / "lab-22.05-squeue.json")), 6, "not nodes")


def test_a_job_that_a_recording_does_not_know() -> None:
    failed(run("job", "999999", "--replay", str(DATA / "lab-22.05-squeue.json")), 1, "no job 999999")


def test_nobody_at_the_address() -> None:
    with socket.socket() as taken:  # bound and not listening: refused for as long as it is held
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        done = run("jobs", "--profile", f"http://127.0.0.1:{port}", SLURM_JWT=TOKEN)
    failed(done, 4, f"127.0.0.1:{port}")
    assert TOKEN not in done.stderr


def test_a_bad_token(refusing_server: str) -> None:
    done = run("jobs", "--profile", refusing_server, "--json", SLURM_JWT=TOKEN)
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["kind"] == "sign_in"
    assert done.stderr.startswith("naru: ")
    assert TOKEN not in done.stdout + done.stderr


def test_no_token() -> None:
    failed(run("jobs", "--profile", "http://127.0.0.1:9"), 3, "no token", "SLURM_JWT")


def test_every_recorded_job_comes_out() -> None:
    path = DATA / "lab-22.05-squeue.json"
    recorded = json.loads(path.read_bytes())["jobs"]
    done = run("jobs", "--replay", str(path), "--all", "--json")
    assert done.returncode == 0
    assert sorted(job["job_id"] for job in json.loads(done.stdout)["data"]) == sorted(j["job_id"] for j in recorded)


@pytest.mark.parametrize("verb", [["gpus"], ["jobs", "--all"], ["nodes"], ["sites"]])
def test_the_demo_answers_without_a_centre(verb: list[str]) -> None:
    done = run("--demo", *verb, "--json")
    assert done.returncode == 0, done.stderr
    envelope = json.loads(done.stdout)
    assert envelope["schema"] == f"naru.{verb[0]}/1"
    assert envelope["data"]
    assert done.stderr == ""


def test_a_scenario_that_is_not_there_names_those_that_are() -> None:
    failed(run("demo", "--once", "--scenario", "nowhere"), 2, "nowhere", "small")


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_a_locale_without_unicode_gets_ascii(locale: str) -> None:
    done = run("demo", "--once", LANG=locale)
    assert done.returncode == 0
    assert "H100" in done.stdout
    assert done.stdout.isascii()
    named = run("demo", "--once", LANG="C.UTF-8")
    assert not named.stdout.isascii()


def test_json_is_utf8_in_the_c_locale() -> None:
    done = run("--demo", "jobs", "--all", "--json", LANG="C")
    assert any(not job["name"].isascii() for job in json.loads(done.stdout)["data"])


def test_a_pipe_gets_no_colours() -> None:
    assert "\x1b" not in run("demo", "--once").stdout


def test_a_reader_that_leaves_is_no_reason_to_complain() -> None:
    child = subprocess.Popen(naru("--demo", "jobs", "--all"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    said = child.stderr.read()
    child.stderr.close()
    assert (child.wait(60), said) == (141, b"")


def test_an_interrupt_leaves_quietly_and_leaves_no_child_behind(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    for name in ("squeue", "scontrol", "sacct", "sinfo"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho $$ > {told}.new\nmv {told}.new {told}\nexec sleep 600\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    child = subprocess.Popen(
        naru("jobs"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PATH": path}
    )
    until(told.exists)
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=30) == (b"", b"")
    assert child.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_naru_and_all_that_its_commands_started(tmp_path: Path, number: signal.Signals) -> None:
    told = tmp_path / "told"
    told.mkdir()
    for name in ("squeue", "scontrol"):
        note = f'echo "$$ $!" > {told}/{name}.new; mv {told}/{name}.new {told}/{name}'
        (tmp_path / name).write_text(f"#!/bin/sh\nsleep 600 &\n{note}\nwait\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    before = signal.signal(number, signal.SIG_DFL)  # a child of `nohup` would ignore it
    try:
        child = subprocess.Popen(
            naru("jobs"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PATH": path}
        )
    finally:
        signal.signal(number, before)
    until(lambda: {found.name for found in told.iterdir()} >= {"squeue", "scontrol"})
    child.send_signal(number)
    assert child.communicate(timeout=30) == (b"", b"")
    assert child.returncode == -number
    started = [int(pid) for name in ("squeue", "scontrol") for pid in (told / name).read_text().split()]
    assert len(started) == 4
    until(lambda: not any(runs(pid) for pid in started))


def runs(pid: int) -> bool:
    """Whether it runs; one that has ended and waits for its new parent to notice does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(") ")[2].startswith("Z"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_one_line() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(naru("themes"), stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert done.stderr == "naru: cannot write or read: No space left on device\n"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_closed_output_is_told_and_is_no_success(options: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *naru("jobs", "--demo", *options)],
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "naru: standard output is closed: there is nowhere to write to\n"


def test_a_terminal_on_a_centre_that_is_down_opens_and_says_so(
    open_terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JWT", TOKEN)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        terminal = open_terminal(*naru("--profile", f"http://127.0.0.1:{taken.getsockname()[1]}"))
        terminal.wait_for("refused")
        terminal.send("q")
        assert terminal.wait_exit() == 0


def test_a_terminal_without_a_token_or_commands_is_not_opened(
    open_terminal: Callable[..., Terminal], config: Callable[[str], Path], tmp_path: Path
) -> None:
    terminal = open_terminal(*naru("--profile", "http://127.0.0.1:9"))
    assert terminal.wait_exit() == 3
    config('[profiles.here]\nreach = "commands"\n')
    empty = tmp_path / "nothing"
    empty.mkdir()
    terminal = open_terminal(*naru("--profile", "here"), env={"PATH": str(empty)})
    assert terminal.wait_exit() == 4


def test_on_a_terminal_the_table_is_as_wide_as_it(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal(*naru("--demo", "jobs", "--all"), columns=80, rows=24)
    assert terminal.wait_exit() == 0
    written = re.sub(r"\x1b\[\d+m", "", terminal.raw.decode()).split("\r\n")
    assert written[0].split()[:5] == ["SITE", "JOB", "USER", "NAME", "STATE"]
    assert max(map(cell_len, written)) <= 80
    assert b"\x1b[32m" in terminal.raw
    plain = open_terminal(*naru("--demo", "nodes", "--no-colour"), columns=80, rows=60)
    assert plain.wait_exit() == 0
    assert b"\x1b" not in plain.raw


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_stay_away_where_they_are_not_wanted(
    open_terminal: Callable[..., Terminal], env: dict[str, str]
) -> None:
    terminal = open_terminal(*naru("--demo", "sites"), env=env)
    assert terminal.wait_exit() == 0
    assert b"\x1b" not in terminal.raw


def test_a_dumb_terminal_gets_the_page(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal(*naru("demo"), rows=60, env={"TERM": "dumb"})
    assert terminal.wait_exit() == 0
    assert "My jobs" in terminal.text


def test_version() -> None:
    from naru_client import __version__

    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"naru {__version__}\n")


def imported(code: str) -> set[str]:
    """The modules that are loaded once this code has run."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sorted(sys.modules), file=sys.stderr)"],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    return set(done.stderr.split())


FORBIDDEN = ("textual", "httpx", "keyring", "rich.console", "rich.text", "click", "importlib.metadata", "unittest")


@pytest.mark.parametrize("verb", ["jobs", "nodes", "gpus", "sites"])
def test_what_a_verb_by_commands_imports(verb: str) -> None:
    """Up to the child processes; what answers is not needed for this."""
    modules = imported(f"import naru.__main__, naru.commands.{verb}, naru.session, naru_client.slurm.open")
    assert "naru_client.slurm.open" in modules
    assert not [name for name in modules if name.startswith(FORBIDDEN)]


def test_a_replayed_verb_imports_no_screen_and_no_http() -> None:
    path = str(DATA / "lab-22.05-squeue.json")
    modules = imported(f"from naru.__main__ import main\nassert main(['jobs', '--all', '--replay', {path!r}]) == 0")
    assert not [name for name in modules if name.startswith(("textual", "httpx", "keyring", "rich.console"))]


def test_the_client_imports_no_screen() -> None:
    code = (
        "import importlib, pkgutil, naru_client\n"
        "for found in pkgutil.walk_packages(naru_client.__path__, 'naru_client.'):\n"
        "    importlib.import_module(found.name)"
    )
    assert not [name for name in imported(code) if name.split(".")[0] in ("textual", "naru", "click")]


def test_running_without_settings_reads_no_toml() -> None:
    assert "tomllib" not in imported("from naru_client.config import load_settings\nload_settings()")
