"""`naru doctor`: every finding with a state and a remedy, on healthy machines and on broken ones."""

import json
import os
import socket
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from naru import session
from naru.__main__ import main
from naru.commands import check_centre, check_machine
from naru.format import Glyphs
from naru.terminal import Paper, locale_variables, wants_colour
from naru_client.config import Profile
from naru_client.credentials import Secret

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def config(text: str) -> Path:
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "naru" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def found(capsys: Capture, *argv: str, code: int) -> dict[str, dict[str, Any]]:
    assert main(["doctor", *argv, "--json"]) == code
    envelope = json.loads(capsys.readouterr().out)
    assert envelope["schema"] == "naru.doctor/1"
    return {check["id"]: check for check in envelope["data"]}


def jwt(**claims: object) -> str:
    parts = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "HS256"}, claims)]
    return ".".join([*parts, "signature"])


def test_all_is_well_with_the_demo(capsys: Capture) -> None:
    checks = found(capsys, "--demo", code=0)
    assert {"python", "naru", "settings", "themes", "terminal", "locale", "keyring", "home", "commands"} <= set(checks)
    assert checks["centre"]["state"] == "ok"
    assert checks["accounting"]["state"] == "ok"
    assert "simulated" in checks["centre"]["found"]


def test_a_machine_without_any_centre_is_a_problem(capsys: Capture) -> None:
    checks = found(capsys, code=1)
    assert checks["centre"]["state"] == "problem"
    assert "naru demo" in checks["centre"]["remedy"]


def test_broken_settings_are_a_finding_and_the_rest_is_still_looked_at(capsys: Capture) -> None:
    path = config("[poll]\njbos = 3\n")
    checks = found(capsys, "--demo", code=1)
    assert checks["settings"]["state"] == "problem"
    assert checks["settings"]["found"] == f"{path}: at poll: unknown key 'jbos'"
    assert checks["settings"]["remedy"] == "did you mean jobs?"
    assert checks["centre"]["state"] == "ok"


def test_a_broken_theme_is_a_warning(capsys: Capture) -> None:
    path = config('theme = "nice"\n').parent / "themes" / "mine.toml"
    path.parent.mkdir()
    path.write_text("name = 3\n")
    assert main(["doctor", "--demo", "--json"]) == 0
    themes = [c for c in json.loads(capsys.readouterr().out)["data"] if c["id"] == "themes"]
    assert [c["state"] for c in themes] == ["warn", "warn"]
    assert str(path) in themes[0]["remedy"]
    assert "no theme nice" in themes[1]["found"]


def test_a_socket_that_is_not_there(capsys: Capture, tmp_path: Path) -> None:
    checks = found(capsys, "--profile", f"unix:{tmp_path / 'none.sock'}", code=1)
    assert checks["socket"]["state"] == "problem"
    assert "No such file" in checks["socket"]["found"]


def test_a_file_in_place_of_a_socket(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "not a socket" in found(capsys, "--profile", f"unix:{tmp_path / 'file'}", code=1)["socket"]["found"]


def test_an_address_where_nobody_listens(capsys: Capture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        checks = found(capsys, "--profile", f"http://127.0.0.1:{taken.getsockname()[1]}", code=1)
    assert checks["url"]["state"] == "problem"
    assert "nobody answers" in checks["url"]["found"]


def test_a_token_is_told_to_be_there_and_never_shown(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    token = jwt(exp=4102444800, sun="alice")
    monkeypatch.setenv("SLURM_JWT", token)
    for form in ([], ["--json"]):
        main(["doctor", "--profile", "http://127.0.0.1:9", *form])
        out, err = capsys.readouterr()
        assert "a token in SLURM_JWT, good for " in out
        for secret in (token, *token.split(".")[1:]):
            assert secret not in out + err


def test_no_token_is_a_problem_with_a_way_out(capsys: Capture) -> None:
    token = found(capsys, "--profile", "http://127.0.0.1:9", code=1)["token"]
    assert (token["state"], token["found"]) == ("problem", "no token in SLURM_JWT")
    assert "scontrol token" in token["remedy"]


@pytest.mark.parametrize(
    ("left", "state", "words"),
    [
        (timedelta(hours=2), "ok", "good for 2h 00m"),
        (timedelta(minutes=5), "warn", "good for 5m"),
        (timedelta(hours=-3), "problem", "expired 3h 00m ago"),
    ],
)
def test_when_a_token_ends(left: timedelta, state: str, words: str) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    ends = check_centre.expires(Secret(jwt(exp=(now + left).timestamp())))
    check = check_centre._expiry(ends, "s", "X", now)
    assert check.state == state
    assert check.found.endswith(words)


@pytest.mark.parametrize("token", ["plain", "a.b.c", jwt(), jwt(exp="soon"), jwt(exp=1e30), "..", "a.bnVsbA.c"])
def test_a_token_that_does_not_say_when_it_ends(token: str) -> None:
    assert check_centre.expires(Secret(token)) is None


def test_slurms_commands_with_version_and_parsers(no_slurm: Path, capsys: Capture) -> None:
    for name in check_centre.COMMANDS:
        path = no_slurm / name
        path.write_text(
            "#!/bin/sh\ncase $1 in\n--version) echo slurm 24.11.5;;\n"
            "--json=list) echo 'data_parser/v0.0.42 data_parser/v0.0.41' >&2; exit 1;;\n*) exit 1;;\nesac\n"
        )
        path.chmod(0o755)
    commands = found(capsys, "--demo", code=0)["commands"]
    assert commands["state"] == "ok"
    assert commands["found"] == f"slurm 24.11.5, JSON v0.0.41 v0.0.42, {no_slurm}"
    (no_slurm / "sacct").unlink()
    commands = found(capsys, "--demo", code=0)["commands"]
    assert (commands["state"], commands["found"]) == ("warn", "not found: sacct")


async def test_a_command_that_hangs_is_given_up(no_slurm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = no_slurm / "squeue"
    path.write_text("#!/bin/sh\nexec sleep 600\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(check_centre, "PATIENCE", 0.05)
    assert await check_centre._said(str(path), "--version") == (None, "")


@pytest.mark.parametrize(("options", "code", "state"), [(("--demo",), 0, "warn"), ((), 1, "problem")])
def test_commands_that_fail_are_not_ok(
    no_slurm: Path, capsys: Capture, options: tuple[str, ...], code: int, state: str
) -> None:
    for name in check_centre.COMMANDS:
        (no_slurm / name).write_text("#!/bin/sh\necho 'squeue: error: no libslurm.so' >&2\nexit 127\n")
        (no_slurm / name).chmod(0o755)
    commands = found(capsys, *options, code=code)["commands"]
    assert commands["state"] == state
    assert commands["found"] == f"`{no_slurm}/squeue --version` fails: exit code 127: squeue: error: no libslurm.so"
    assert commands["remedy"]


def test_columns_that_are_not_there_are_warnings(capsys: Capture) -> None:
    config('[columns]\njobs = ["id", "colour", "reason", "smell"]\nqueues = ["id"]\n')
    assert main(["doctor", "--demo", "--json"]) == 0
    columns = [c for c in json.loads(capsys.readouterr().out)["data"] if c["id"] == "columns"]
    assert [(c["state"], c["subject"], c["found"]) for c in columns] == [
        ("warn", "columns.jobs", "there is no column colour, smell"),
        ("warn", "columns.queues", "there is no table queues"),
    ]
    assert "reason" in columns[0]["remedy"]
    assert columns[1]["remedy"] == "tables: jobs, jobs-everybody, history, pools, nodes"


def test_columns_that_are_there_are_no_finding(capsys: Capture) -> None:
    config('[columns]\njobs = ["id", "reason"]\n')
    assert "columns" not in found(capsys, "--demo", code=0)


@pytest.mark.parametrize(
    ("profile", "by_commands"),
    [
        (Profile(), True),
        (Profile(url="https://x"), False),
        (Profile(url="https://x", reach="commands"), True),
        (Profile(dialect="mock"), False),
    ],
)
def test_who_needs_the_commands(profile: Profile, by_commands: bool) -> None:
    assert session.by_commands(profile) is by_commands


def paper(*, terminal: bool, ascii_only: bool = False) -> Paper:
    return Paper(terminal=terminal, width=80 if terminal else None, colours=terminal, glyphs=Glyphs(ascii_only))


def test_a_locale_without_unicode_is_a_warning() -> None:
    check = check_machine._locale(paper(terminal=True, ascii_only=True), {"LANG": "C"})
    assert check.state == "warn"
    assert check.found.startswith("LANG=C: ")


@pytest.mark.parametrize(
    ("environ", "state", "words"),
    [
        ({"TERM": "dumb"}, "warn", "only plain pages"),
        ({}, "warn", "not set"),
        ({"TERM": "xterm-256color", "TMUX": "/tmp/x"}, "ok", "256 colours, tmux"),
        ({"TERM": "screen", "STY": "1"}, "ok", "16 colours, screen"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "ok", "16 million"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "ok", "no colours"),
    ],
)
def test_terminals(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], state: str, words: str) -> None:
    monkeypatch.setattr(check_machine, "_size", lambda: None)
    (check,) = check_machine._terminal(paper(terminal=True), environ)
    assert check.state == state
    assert words in check.found


def test_a_small_terminal_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_machine, "_size", lambda: os.terminal_size((60, 20)))
    (check,) = check_machine._terminal(paper(terminal=True), {"TERM": "xterm"})
    assert (check.state, check.remedy) == ("warn", "make the window at least 80×24")


def test_a_keyring_that_raises_is_only_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    def locked() -> None:
        raise RuntimeError("the wallet said something long\nand of several lines")

    monkeypatch.setattr(keyring, "get_keyring", locked)
    check = check_machine._keyring()
    assert (check.state, check.found) == ("warn", "RuntimeError")


def test_a_home_that_cannot_be_written_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file" / "folder"))
    assert check_machine._home().state == "warn"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "new" / "folder"))
    assert check_machine._home().state == "ok"


def test_for_people_every_problem_has_its_remedy_below_it(capsys: Capture) -> None:
    assert main(["doctor", "--profile", "http://127.0.0.1:9"]) == 1
    lines = capsys.readouterr().out.splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("problem") and "no token" in line)
    assert lines[place + 1].lstrip().startswith("→ ")
    assert lines[-1].startswith("3 problems")


def test_python_sets_a_locale_of_its_own_which_is_not_the_persons() -> None:
    coerced = {"LANG": "C", "LC_CTYPE": "C.UTF-8"}
    assert locale_variables(coerced, utf8_mode=True) == {"LANG": "C"}
    assert locale_variables(coerced, utf8_mode=False) == coerced


@pytest.mark.parametrize(
    ("environ", "colours"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({}, False)],
)
def test_whether_the_environment_wants_colours(environ: dict[str, str], colours: bool) -> None:
    assert wants_colour(environ) is colours


async def test_a_password_in_an_address_is_shown_nowhere() -> None:
    profile = Profile(name="me:hush-pw@h.example.org", url="https://me:hush-pw@h.example.org")
    found = await check_centre._profile(profile)
    assert [one.state for one in found if one.id == "url"] == ["problem"]
    assert "hush-pw" not in repr(found)
