"""What is in the wheel and the sdist, and that Naru runs from each way of installing it."""

import json
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from tests.children import ROOT, import_path
from tests.packaging.conftest import Built, Environment, new_environment, run_clean

Naru = Callable[..., subprocess.CompletedProcess[str]]


def checkout_files(folder: str, pattern: str) -> set[str]:
    """Files of the checkout under `folder`, relative to it."""
    found = (ROOT / folder).rglob(pattern)
    return {str(path.relative_to(ROOT / folder)) for path in found if "__pycache__" not in path.parts}


@pytest.fixture(scope="session")
def wheel_names(built: Built) -> set[str]:
    with zipfile.ZipFile(built.wheel) as wheel:
        return set(wheel.namelist())


def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel_names: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"naru", "naru_client"}


@pytest.mark.parametrize("pattern", ["*.py", "*.tcss", "*.toml", "*.mo"])
def test_the_wheel_holds_every_file_of_the_packages(wheel_names: set[str], pattern: str) -> None:
    for root in ("tui", "client"):
        assert checkout_files(root, pattern) <= wheel_names


def test_the_wheel_holds_the_data_that_a_package_is_useless_without(wheel_names: set[str]) -> None:
    themes = {f"naru/themes/{name}" for name in checkout_files("themes", "*.toml")}
    assert len(themes) >= 5
    assert themes <= wheel_names
    assert any(name.startswith("naru/") and name.endswith(".tcss") for name in wheel_names)
    assert "naru/locale/ko/LC_MESSAGES/naru.mo" in wheel_names
    assert any(name.startswith("naru_client/mock/scenarios/") and name.endswith(".toml") for name in wheel_names)


def test_the_metadata_is_that_of_the_project(built: Built) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with zipfile.ZipFile(built.wheel) as wheel:
        (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        message = message_from_bytes(wheel.read(metadata))
    assert message["Name"] == project["name"]
    assert message["Version"] == project["version"]
    assert message["License-Expression"] == "MIT"


def test_nothing_asks_for_click(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        message = message_from_bytes(wheel.read(metadata))
    required = [value for value in message.get_all("Requires-Dist", []) if "extra ==" not in value]
    assert required
    assert not [value for value in required if value.lower().startswith("click")]


def test_the_sdist_holds_what_its_tests_need(built: Built) -> None:
    with tarfile.open(built.sdist) as sdist:
        names = {name.split("/", 1)[1] for name in sdist.getnames() if "/" in name}
    assert {"pyproject.toml", "README.md", "LICENSE", "tests/conftest.py", "tests/lab/slurm-up"} <= names
    assert {f"themes/{name}" for name in checkout_files("themes", "*.toml")} <= names


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = new_environment(tmp_path_factory.mktemp("installed") / "venv")
    environment.install(str(built.wheel))
    return environment


@pytest.fixture(scope="session")
def editable(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = new_environment(tmp_path_factory.mktemp("editable") / "venv")
    environment.install("--editable", str(ROOT))
    return environment


@pytest.fixture(params=["wheel", "editable", "checkout"])
def naru(request: pytest.FixtureRequest) -> Iterator[Naru]:
    """Runs `naru` from a wheel, from an editable install, and from a checkout that was never installed."""
    if request.param == "checkout":
        yield lambda *arguments: run_clean([sys.executable, "-m", "naru", *arguments], PYTHONPATH=import_path())
        return
    environment: Environment = request.getfixturevalue("installed" if request.param == "wheel" else "editable")
    yield environment.naru


def test_says_its_version(naru: Naru) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    done = naru("--version")
    assert done.returncode == 0, done.stderr
    assert project["version"] in done.stdout


def test_finds_its_themes(naru: Naru) -> None:
    done = naru("themes")
    assert done.returncode == 0, done.stderr
    for name in checkout_files("themes", "*.toml"):
        assert Path(name).stem in done.stdout


def test_shows_the_demo_once(naru: Naru) -> None:
    done = naru("demo", "--once")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 10
    assert "\x1b" not in done.stdout


def test_the_demo_has_jobs(naru: Naru) -> None:
    done = naru("--demo", "jobs", "--all", "--json")
    assert done.returncode == 0, done.stderr
    envelope = json.loads(done.stdout)
    assert envelope["ok"] is True
    assert envelope["data"]


def test_speaks_korean(naru: Naru, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "ko")
    korean = naru("--help").stdout
    assert any("가" <= letter <= "힣" for letter in korean)
