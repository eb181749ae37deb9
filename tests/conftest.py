"""What every test starts from: a clean environment, no home of anybody, one time zone, English."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.children import clean_environment
from tests.lab import real
from tests.terminal import Terminal

from naru_client import i18n


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `slurm` are skipped, with the reason, where there is no real Slurm.

    Where tests run side by side, those of one file stay together, and so do all that share the one real Slurm.
    """
    if hasattr(config, "workerinput"):  # the workers tell which tests belong together, and forget how many they are
        for item in items:
            shared = item.get_closest_marker("slurm") is not None or "lab" in item.path.parts
            item.add_marker(pytest.mark.xdist_group("slurm" if shared else str(item.path)))
    if reason := real.why_skipped():
        for item in items:
            if item.get_closest_marker("slurm"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def lab() -> Iterator[real.Lab]:
    """The real Slurm, for tests marked `slurm`."""
    if reason := real.why_skipped():
        pytest.skip(reason)
    with real.opened() as opened:
        yield opened


@pytest.fixture(autouse=True)
def clean_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of the machine's own settings reaches a test or a child of one."""
    home = tmp_path_factory.mktemp("home")
    (home / "run").mkdir(mode=0o700)
    wanted = clean_environment(home, os.environ)
    for name in set(os.environ) - set(wanted):
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
    i18n.use("en", Path())


@pytest.fixture
def open_terminal() -> Iterator[Callable[..., Terminal]]:
    """Opens programs on terminals of their own (`tests.terminal.Terminal`) and ends them with the test."""
    opened: list[Terminal] = []

    def open_one(*argv: str, **settings: object) -> Terminal:
        opened.append(Terminal(argv, **settings))  # type: ignore[arg-type]  # the settings are Terminal's own
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()
