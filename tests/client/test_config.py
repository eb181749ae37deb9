"""Settings: read strictly, with the place of every mistake."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from naru_client import i18n
from naru_client.config import Profile, Settings, config_folder, find_profile, load_settings, parse_settings
from naru_client.errors import UsageError
from naru_client.files import MEBIBYTE
from naru_client.model import Grant


def mistake(data: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        parse_settings(data, "config.toml")
    assert caught.value.exit_code == 2
    return caught.value.message, caught.value.hint


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.toml") == Settings()


def test_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        'default-profile = "here"\ntheme = "naru-light"\nlanguage = "ko"\nmouse = false\n'
        '[poll]\njobs = 30\n[keys]\n"jobs.sort" = "s,o"\n[columns]\njobs = ["id", "state"]\n'
        '[profiles.here]\nslurm-conf = "/etc/slurm.conf"\n'
        '[profiles."나루"]\nurl = "https://x"\ntoken-command = ["pass", "show", "slurm"]\n'
    )
    settings = load_settings(path)
    assert settings.poll.jobs == 30
    assert settings.columns["jobs"] == ("id", "state")
    assert settings.profiles["here"] == Profile(name="here", slurm_conf="/etc/slurm.conf")
    assert settings.profiles["나루"].token_command == ("pass", "show", "slurm")
    assert settings.profiles["나루"].name == "나루"


def test_the_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_folder() == tmp_path / "naru"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config_folder() == tmp_path / ".config" / "naru"


@pytest.mark.parametrize(
    ("data", "place", "hint"),
    [
        ({"pol": {}}, "at the top: unknown key 'pol'", "did you mean poll?"),
        ({"default_profile": "x"}, "at the top: unknown key 'default_profile'", "did you mean default-profile?"),
        ({"poll": {"jbos": 3}}, "at poll: unknown key 'jbos'", "did you mean jobs?"),
        ({"poll": {"jobs": 1}}, "poll.jobs must be at least 5", "README"),
        ({"theme": 3}, "theme must be text, not a whole number", ""),
        ({"glyphs": "emoji"}, "glyphs must be one of auto, unicode, ascii", ""),
        ({"profiles": {"ok": {}, "bad": {"ulr": "x"}}}, "at profiles.bad: unknown key 'ulr'", "did you mean url?"),
        ({"profiles": {"ok": {}, "bad": {"timeout": "x"}}}, "profiles.bad.timeout must be a number, not text", ""),
        ({"profiles": {"a b": {"reach": "x"}}}, 'profiles."a b".reach must be one of auto, commands, socket, http', ""),
        ({"profiles": {"bad": 3}}, "profiles.bad must be a table, not a whole number", ""),
        ({"profiles": {"bad": {"name": "x"}}}, "at profiles.bad: unknown key 'name'", "[profiles.bad]"),
        ({"profiles": {"bad": {"nmae": "x"}}}, "at profiles.bad: unknown key 'nmae'", "README"),
        ({"keys": {"a": "b", "jobs.sort": 4}}, 'keys."jobs.sort" must be text, not a whole number', ""),
        ({"columns": {"jobs": ["id", 4]}}, "columns.jobs[1] must be text, not a whole number", ""),
        ({"poll": {"jobs": "soon"}}, "poll.jobs must be a number, not text", ""),
        ({"poll": {"jobs": float("nan")}}, "poll.jobs must be at least 5", ""),
        ({"poll": {"jobs": float("inf")}}, "poll.jobs must be at most 86400", ""),
        ({"poll": {"others": 86401}}, "poll.others must be at most 86400", ""),
        ({"poll": {"everybody-factor": 1001}}, "poll.everybody-factor must be at most 1000", ""),
        ({"poll": {"jobs": 10**400}}, "poll.jobs is too large a number", ""),
        ({"profiles": {"bad": {"timeout": 3601}}}, "profiles.bad.timeout must be at most 3600", ""),
        ({"profiles": {"bad": {"timeout": float("inf")}}}, "profiles.bad.timeout must be at most 3600", ""),
        ({"profiles": {"bad": {"bin": "/a\0b"}}}, "profiles.bad.bin must not hold a NUL character", ""),
        ({"profiles": {"bad": {"token-command": ["a", "\0"]}}}, "profiles.bad.token-command[1] must not hold", ""),
        ({"profiles": {"bad": {"token-command": [" "]}}}, "profiles.bad.token-command[0] is empty", ""),
        ({"mouse": 1}, "mouse must be true or false, not a whole number", ""),
        ({"columns": {"jobs": "id"}}, "columns.jobs must be a list, not text", ""),
        ({"zzzzzz": 1}, "at the top: unknown key 'zzzzzz'", "README"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_was_meant(data: dict[str, Any], place: str, hint: str) -> None:
    message, told = mistake(data)
    assert message.startswith(f"config.toml: {place}")
    assert hint in told


def in_grants(grant: dict[str, Any]) -> str:
    return mistake({"profiles": {"a": {"grants": {"fine": {}, "univ lang": grant}}}})[0]


def test_what_was_agreed_with_an_account_is_read_strictly() -> None:
    told = {"start": date(2026, 3, 1), "end": date(2027, 2, 28), "hours": {"gpu": 12000}}
    settings = parse_settings({"profiles": {"a": {"grants": {"lab": told}}}}, "config.toml")
    assert settings.profiles["a"].grants["lab"] == Grant(date(2026, 3, 1), date(2027, 2, 28), {"gpu": 12000})
    place = 'config.toml: profiles.a.grants."univ lang"'
    assert in_grants({"hours": {"gpu": "many"}}).startswith(place)
    assert in_grants({"hours": {"gpu": -1}}) == f"{place}.hours.gpu must be at least 0"
    assert "9999-12-31 is not in the years 1970 to 2999" in in_grants({"end": date(9999, 12, 31)})
    assert "0001-01-01 is not in the years 1970 to 2999" in in_grants({"start": date(1, 1, 1)})
    assert in_grants({"hours": {"gpu": 10**400}}).startswith(f"{place}.hours.gpu must be at most 1e+12")
    assert in_grants({"start": date(2026, 3, 2), "end": date(2026, 3, 1)}).startswith(f"{place} ends on 2026-03-01")
    assert "'begin'" in in_grants({"begin": date(2026, 3, 1)})
    message, _hint = mistake({"profiles": {"a": {"exhausted": "explodes"}}})
    assert message.endswith("must be one of fails, waits, low-priority, free-queue")


def test_a_hostile_key_is_cleaned() -> None:
    message, hint = mistake({"profiles": {"\x1b[31mx\nyy": {"\x9b31m\u202e": 1}}})
    assert (message + hint).isprintable()


def test_a_default_that_is_not_there_names_those_that_are() -> None:
    message, hint = mistake({"default-profile": "hree", "profiles": {"here": {}, "there": {}}})
    assert message == "config.toml: default-profile names 'hree', which is not in [profiles]"
    assert hint == "profiles there: here, there"


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"a = [\n", "is not valid TOML: "), (b"\xff\xfe", "it is not UTF-8 text"), (b"a = 1\na = 2\n", "line 2")],
)
def test_files_that_cannot_be_read_as_settings(tmp_path: Path, body: bytes, words: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(body)
    with pytest.raises(UsageError) as caught:
        load_settings(path)
    assert str(path) in caught.value.message
    assert words in caught.value.message


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*: Is a directory"):
        load_settings(tmp_path)


def test_an_address_is_a_profile() -> None:
    assert find_profile(Settings(), "https://slurm.example.org/") == Profile(
        name="slurm.example.org", url="https://slurm.example.org"
    )
    assert find_profile(Settings(), "unix:/run/s.sock").socket == "/run/s.sock"
    named = Profile(name="https://x", user="me")
    assert find_profile(Settings(profiles={"https://x": named}), "https://x") is named


@pytest.mark.parametrize("key", ["token-file", "bin", "slurm-conf", "ca-bundle", "socket", "url", "user"])
def test_a_nul_character_is_told_with_its_place(key: str) -> None:
    message, _hint = mistake({"profiles": {"a b": {key: "x\0y"}}})
    assert message == f'config.toml: profiles."a b".{key} must not hold a NUL character'


@pytest.mark.parametrize("body", ["a = " + "[" * 100_000, "[poll]\njobs = " + "9" * 5000])
def test_toml_that_python_gives_up_on_is_a_mistake(tmp_path: Path, body: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(body)
    with pytest.raises(UsageError, match="is not valid TOML"):
        load_settings(path)


def test_a_pipe_nobody_writes_to_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    os.mkfifo(path)
    with pytest.raises(UsageError, match="it is not a regular file"):
        load_settings(path)


def test_a_device_that_never_ends_is_not_read() -> None:
    with pytest.raises(UsageError, match="cannot read /dev/zero: it is not a regular file"):
        load_settings(Path("/dev/zero"))


def test_a_file_too_large_for_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with path.open("wb") as stream:
        stream.truncate(MEBIBYTE + 1)
    with pytest.raises(UsageError, match=f"it is larger than {MEBIBYTE} bytes"):
        load_settings(path)


@pytest.mark.parametrize(
    ("name", "words", "hint"),
    [
        ("unix:", "unix: names no socket", "unix:/path"),
        ("https://", "https:// names no host", "https://host"),
        ("ftp://x", "ftp://x is not an address", "https://, http:// (only on this machine) or unix:"),
    ],
)
def test_an_address_that_leads_nowhere_is_a_mistake(name: str, words: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_profile(Settings(), name)
    assert words in caught.value.message
    assert hint in caught.value.hint


def test_what_is_said_of_profiles_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_translate", lambda text: f"<{text}>")
    with pytest.raises(UsageError) as caught:
        find_profile(Settings(), "ftp")
    assert caught.value.message == "<no profile named 'ftp'>"


def test_an_unknown_profile_is_a_mistake() -> None:
    with pytest.raises(UsageError) as caught:
        find_profile(Settings(), "\x1b]0;x\x07")
    assert caught.value.message.isprintable()
    assert caught.value.hint == "profiles: none configured"
