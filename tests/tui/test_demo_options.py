"""What the demo and a simulated profile may be asked for, and which sites that opens."""

import argparse
from typing import Any

import pytest
from tests.tui.fake import FakeCentre, at

from naru import session
from naru.__main__ import main
from naru.cli import parse
from naru.session import choose_profile
from naru_client.centre import close_all, open_centres
from naru_client.config import Profile, Settings, parse_settings
from naru_client.errors import UsageError
from naru_client.exchange import CallLog
from naru_client.mock import open as mock_open
from naru_client.slurm import open as slurm_open

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `demo_profile` is called with."""
    calls: list[dict[str, Any]] = []

    def profile(**words: Any) -> Profile:
        calls.append(words)
        return Profile(name="demo", dialect="mock")

    monkeypatch.setattr(mock_open, "demo_profile", profile)
    return calls


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["demo"], {}),
        (["--demo", "jobs"], {}),
        (["demo", "--scenario", "small", "--seed", "0"], {"scenario": "small", "seed": 0}),
        (["demo", "--scenario", "./mine.toml", "--speed", "60"], {"scenario": "./mine.toml", "speed": 60.0}),
        (["demo", "--site", "nhn-b200", "--speed", "0.5"], {"site": "nhn-b200", "speed": 0.5}),
        (["--demo", "--site", "nhn-b200", "gpus"], {"site": "nhn-b200"}),
        (["capture", "folder", "--demo", "--site", "gist"], {"site": "gist"}),
    ],
)
def test_only_what_was_asked_for_replaces_a_default(
    asked: list[dict[str, Any]], argv: list[str], words: dict[str, Any]
) -> None:
    _verb, _module, args = parse(argv)
    assert choose_profile(args, Settings()).dialect == "mock"
    assert asked == [words]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--seed", "-1", "'-1' is not a whole number from 0 on"),
        ("--seed", "1.5", "'1.5' is not a whole number from 0 on"),
        ("--seed", "x\x1b[31m", "is not a whole number from 0 on"),
        ("--speed", "0", "'0' is not a number above 0 and up to 86400"),
        ("--speed", "-3", "'-3' is not a number"),
        ("--speed", "nan", "'nan' is not a number"),
        ("--speed", "inf", "'inf' is not a number"),
        ("--speed", "86401", "'86401' is not a number"),
        ("--speed", "fast", "'fast' is not a number"),
        ("--site", "", "--site is empty"),
    ],
)
def test_a_bad_value_is_one_line(capsys: Capture, option: str, value: str, words: str) -> None:
    assert main(["demo", "--once", f"{option}={value}"]) == 2
    out, err = capsys.readouterr()
    first, *rest = err.splitlines()
    assert out == ""
    assert words in first
    assert len(rest) <= 1
    assert err.replace("\n", "").isprintable()


def test_a_site_is_named_only_where_there_are_several(capsys: Capture) -> None:
    assert main(["jobs", "--replay", "x", "--site", "a"]) == 2
    assert "--replay and --site" in capsys.readouterr().err
    assert main(["jobs", "--profile", "https://x", "--site", "a"]) == 2
    assert "--site is for a centre of several sites" in capsys.readouterr().err
    settings = Settings(profiles={"sim": Profile(name="sim", dialect="mock", site="a")})
    args = argparse.Namespace(demo=False, profile="sim", site="b")
    assert choose_profile(args, settings).site == "b"
    args = argparse.Namespace(demo=False, profile="sim", site=None)
    assert choose_profile(args, settings).site == "a"


def test_settings_of_a_simulated_profile() -> None:
    told = {"dialect": "mock", "scenario": "x.toml", "seed": 0, "speed": 2, "site": "gist"}
    assert parse_settings({"profiles": {"sim": told}}, "f").profiles["sim"] == Profile(name="sim", **told)  # type: ignore[arg-type]
    assert (Profile().speed, Profile().site) == (None, "")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("speed", 0, "must be above 0"),
        ("speed", float("nan"), "must be above 0"),
        ("speed", float("inf"), "must be at most 86400"),
        ("speed", "fast", "must be a number, not text"),
        ("seed", -1, "must be at least 0"),
        ("site", 3, "must be text, not a whole number"),
        ("site", "a\0", "must not hold a NUL character"),
    ],
)
def test_a_bad_setting_is_told_with_its_place(key: str, value: object, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings({"profiles": {"sim": {key: value}}}, "config.toml")
    assert caught.value.message == f"config.toml: profiles.sim.{key} {words}"


async def test_only_the_simulated_dialect_opens_several_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    sites = at("a"), at("b")

    async def open_sites(profile: Profile, log: CallLog) -> tuple[FakeCentre, ...]:
        assert profile.dialect == "mock"
        return sites

    async def open_one(profile: Profile, log: CallLog) -> FakeCentre:
        return at(profile.name)

    monkeypatch.setattr(mock_open, "open_sites", open_sites, raising=False)
    monkeypatch.setattr(slurm_open, "open_profile", open_one)
    assert await open_centres(Profile(dialect="mock"), CallLog()) == sites
    assert [centre.id for centre in await open_centres(Profile(name="lab"), CallLog())] == ["lab"]


async def test_every_centre_is_closed_though_one_cannot_be() -> None:
    class Stuck(FakeCentre):
        async def close(self) -> None:
            raise RuntimeError("stuck")

    first, last = at("a"), at("c")
    with pytest.raises(RuntimeError, match="stuck"):
        await close_all((first, Stuck(), last))
    assert first.closed
    assert last.closed


async def test_what_is_open_is_called_by_its_site_or_by_its_profile() -> None:
    def opened(*centres: FakeCentre) -> session.Opened:
        from datetime import UTC, datetime

        from naru.format import Glyphs

        return session.Opened(
            centres,
            Profile(name="demo\x1b[1m"),
            CallLog(),
            clock=lambda: datetime.now(UTC),
            glyphs=Glyphs(False),
            no_colour=False,
        )

    assert opened(at("a")).name == "a"
    assert opened(at("a"), at("b")).name.isprintable()
    assert opened(at("a"), at("b")).name.startswith("demo")
