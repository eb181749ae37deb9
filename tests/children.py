"""Starting Naru as a child process: the package under test, wherever it was imported from."""

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # the checkout

# A child inherits none of these: each would change what Naru shows or asks.
FOREIGN = (
    "SLURM", "SQUEUE", "SINFO", "SACCT", "SACCTMGR", "SCONTROL", "SPRIO", "SSHARE", "SDIAG", "TEXTUAL", "LC_", "XDG_",
    "NARU", "SSH_",
)  # fmt: skip
FOREIGN_NAMES = (
    "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "COLUMNS", "LINES", "LANGUAGE",
    "TERM_PROGRAM", "TMUX", "STY", "ESCDELAY", "CI", "PYTHONWARNINGS", "PYTHONSTARTUP",
    "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
    "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY",
)  # fmt: skip


def import_path() -> str:
    """PYTHONPATH under which a child imports the very `naru` and `naru_client` that these tests import."""
    roots = []
    for package in ("naru", "naru_client"):
        spec = find_spec(package)
        assert spec is not None, f"{package} cannot be imported"
        assert spec.origin is not None
        roots.append(str(Path(spec.origin).parents[1]))
    return os.pathsep.join(dict.fromkeys(roots))


def naru(*arguments: str) -> list[str]:
    """The argv of `naru` with these arguments."""
    return [sys.executable, "-m", "naru", *arguments]


def is_foreign(name: str) -> bool:
    """Whether an environment variable comes from the machine the tests happen to run on."""
    return name in FOREIGN_NAMES or name.startswith(FOREIGN)


def clean_environment(home: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """An environment that is the same on every machine, with the user's folders under `home`."""
    kept = {name: value for name, value in inherited.items() if not is_foreign(name)}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TZ": "UTC",
        "PYTHONPATH": import_path(),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",  # never the keyring of whoever runs the tests
    }
