"""Naru as people get it: built once, installed into environments of their own."""

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.children import ROOT


@dataclass(frozen=True)
class Built:
    wheel: Path
    sdist: Path


def run_clean(argv: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run to its end with no PYTHONPATH but the one given, away from the checkout."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
    return subprocess.run(argv, env=env, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist of the checkout and the wheel built from that sdist, without a network."""
    folder = tmp_path_factory.mktemp("dist")
    done = run_clean([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)])
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return Built(wheel, sdist)


@dataclass(frozen=True)
class Environment:
    """A virtual environment that sees the present one's packages, but no Naru unless one is installed into it."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    def install(self, *arguments: str) -> None:
        # ignore-installed: pip sees the present environment's Naru too, and is neither to remove it nor to be content
        options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed"]
        done = run_clean([python_with_pip(), "-m", "pip", "--python", self.python, "install", *options, *arguments])
        assert done.returncode == 0, done.stdout + done.stderr

    def naru(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_clean([str(self.folder / "bin" / "naru"), *arguments])


def python_with_pip() -> str:
    """A Python that has pip: the present one, or the one its virtual environment was made from."""
    for python in (sys.executable, getattr(sys, "_base_executable", "")):
        if python and run_clean([python, "-c", "import pip"]).returncode == 0:
            return python
    pytest.skip("no pip beside this Python")


def new_environment(folder: Path) -> Environment:
    """The dependencies come by a .pth line, which does not run the .pth files in there: an editable Naru stays out."""
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = (folder / "lib").glob("python3.*/site-packages")
    present = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "dependencies.pth").write_text("\n".join(sorted(present)) + "\n", encoding="utf-8")
    return Environment(folder)
