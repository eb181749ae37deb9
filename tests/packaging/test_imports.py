"""What is really imported at run time: import-linter sees the source, this sees the process."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.children import ROOT

HEAVY = {"textual", "rich", "httpx", "keyring", "click"}


def imported_by(code: str) -> set[str]:
    """Top-level packages in memory after running `code` in a fresh interpreter."""
    tail = "\nimport json, sys\nsys.stderr.write('\\n' + json.dumps(sorted({n.split('.')[0] for n in sys.modules})))"
    argv = [sys.executable, "-c", code + tail]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names: list[str] = json.loads(done.stderr.rsplit("\n", 1)[1])
    return set(names)


def running(*arguments: str) -> str:
    """Code that runs `naru` in its own interpreter, whatever it exits with, with its output thrown away."""
    return (
        "import contextlib, os\n"
        "from naru.__main__ import main\n"
        "import sys\n"
        f"sys.argv = ['naru', *{list(arguments)!r}]\n"
        "with contextlib.suppress(SystemExit), open(os.devnull, 'w') as void, contextlib.redirect_stdout(void):\n"
        "    main()\n"
    )


@pytest.mark.parametrize(
    "module",
    [
        "naru_client.model",
        "naru_client.centre",
        "naru_client.config",
        "naru_client.credentials",
        "naru_client.exchange",
        "naru_client.slurm.wire",
        "naru_client.slurm.open",
    ],
)
def test_the_client_needs_nothing_heavy(module: str) -> None:
    assert not imported_by(f"import {module}") & HEAVY


def test_importing_the_command_needs_nothing_heavy() -> None:
    assert not imported_by("import naru.__main__") & HEAVY


def test_asking_for_the_version_needs_nothing_heavy() -> None:
    assert not imported_by(running("--version")) & (HEAVY - {"rich"})


SQUEUE = "#!/bin/sh\nexit 0\n"


def test_a_table_by_commands_needs_neither_textual_nor_httpx(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("bin")
    for name in ("squeue", "sinfo", "scontrol", "sacct"):
        (folder / name).write_text(SQUEUE, encoding="utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    imported = imported_by(running("jobs", "--all"))
    assert "asyncio" in imported  # it did get as far as asking
    assert not imported & {"textual", "httpx", "keyring", "click"}


def test_the_demo_printed_once_needs_no_textual() -> None:
    imported = imported_by(running("demo", "--once"))
    assert "httpx" in imported  # the simulated centre is asked over HTTP
    assert not imported & {"textual", "keyring"}


def runtime_requirements(wanted: Iterable[str]) -> set[str]:
    """Names of the installed packages behind these requirements, and of all that they require without an extra."""
    seen: set[str] = set()
    waiting = [Requirement(text) for text in wanted]
    while waiting:
        requirement = waiting.pop()
        marker = requirement.marker
        name = canonicalize_name(requirement.name)
        if name in seen or (marker is not None and not marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        waiting += [Requirement(text) for text in metadata.requires(name) or ()]
    return seen


def test_click_is_not_among_what_naru_requires() -> None:
    """httpx imports its own command line, and with it click, wherever click is installed: three times the time."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = runtime_requirements(project["dependencies"])
    assert {"textual", "httpx", "httpcore"} <= required
    assert "click" not in required


def test_no_source_file_imports_click() -> None:
    for root in ("tui", "client"):
        for path in (ROOT / root).rglob("*.py"):
            for line in path.read_text(encoding="utf-8").splitlines():
                assert not line.strip().startswith(("import click", "from click")), path
