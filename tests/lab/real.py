"""A real Slurm for the tests marked `slurm`; `tests/conftest.py` gives them the fixture `lab`.

They are skipped, with the reason, unless SLURM_LAB is set: `SLURM_LAB=/folder` uses a lab that `slurm-up` started there
(and `slurm-fill` filled), `SLURM_LAB=1` starts and fills one in a folder of its own and removes it afterwards.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.children import import_path

HERE = Path(__file__).parent
WANTED = os.environ.get("SLURM_LAB", "")  # read now: the tests' own environment is cleaned of SLURM_*


def why_skipped() -> str:
    """Why the tests marked `slurm` cannot run here; empty when they can."""
    if not WANTED:
        return "no real Slurm: set SLURM_LAB (see tests/lab/README.md)"
    if os.geteuid() != 0:
        return "the lab acts for its users: only root can use it"
    if WANTED != "1" and not (Path(WANTED) / "env").is_file():
        return f"SLURM_LAB={WANTED}: no lab there; start one with LAB={WANTED} tests/lab/slurm-up"
    return ""


@dataclass(frozen=True)
class Lab:
    """A running, filled lab. `env` is a whole environment for child processes, not additions to the present one."""

    folder: Path
    env: Mapping[str, str]
    rest_url: str
    socket: str

    def environment(self, user: str | None = None) -> dict[str, str]:
        """`env` as that user would have it."""
        name = user or pwd.getpwuid(os.geteuid()).pw_name
        home = self.folder / "home" / (user or "oper")
        return {**self.env, "HOME": str(home), "USER": name, "LOGNAME": name}

    def argv_as(self, user: str | None, argv: Sequence[str]) -> list[str]:
        """`argv` run by that user; by the tests' own when None.

        The user may read every file, as the checkout and its Python may lie in a folder that is root's alone.
        """
        if user is None:
            return list(argv)
        identity = ["--reuid", user, "--regid", user, "--init-groups"]
        reading = ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
        return ["setpriv", *identity, *reading, "--", *argv]

    def start(
        self, *argv: str, user: str | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run to its end, whatever its exit code; `env` adds to the lab's."""
        environment = {**self.environment(user), **(env or {})}
        full = self.argv_as(user, argv)
        return subprocess.run(
            full, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
        )

    def run(self, *argv: str, user: str | None = None) -> str:
        """The standard output of a command that must succeed, as UTF-8 with other bytes replaced."""
        done = self.start(*argv, user=user)
        assert done.returncode == 0, f"{argv}: exit code {done.returncode}: {done.stderr.decode('utf-8', 'replace')}"
        return done.stdout.decode("utf-8", "replace")

    def naru(
        self, *arguments: str, user: str | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `naru` with these arguments on this lab; `env` adds to the lab's."""
        return self.start(sys.executable, "-m", "naru", *arguments, user=user, env=env)

    def token(self, user: str) -> str:
        """A JWT of that user, good for an hour."""
        return self.run("scontrol", "token", f"username={user}", "lifespan=3600").strip().removeprefix("SLURM_JWT=")

    def hostile(self) -> dict[str, str]:
        """The jobs with hostile names: what is hostile in them, and their id."""
        lines = (self.folder / "hostile.tsv").read_text(encoding="utf-8").splitlines()
        return {kind: job_id for kind, _, job_id in (line.partition("\t") for line in lines)}


def _exports(folder: Path) -> dict[str, str]:
    """What the lab's `env` file exports, one `export NAME=value NAME=value` line."""
    words = (folder / "env").read_text(encoding="utf-8").split()
    return {name: value for name, found, value in (word.partition("=") for word in words) if found}


def running_in(folder: Path) -> Lab:
    """The lab that runs in that folder."""
    exports = _exports(folder)
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": import_path(),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "xterm-256color",
        "PYTHONDONTWRITEBYTECODE": "1",  # the lab's users are not to leave files in the checkout
        "SLURM_CONF": exports["SLURM_CONF"],
    }
    return Lab(folder, env, exports["SLURM_REST_URL"], exports["SLURM_REST_SOCKET"])


@contextmanager
def opened() -> Iterator[Lab]:
    """The lab that SLURM_LAB names, or one started here and removed at the end."""
    if WANTED != "1":
        yield running_in(Path(WANTED))
        return
    folder = Path(tempfile.mkdtemp(prefix="naru-lab-"))
    env = {**os.environ, "LAB": str(folder), "LAB_PORT": "auto"}
    try:
        for script in ("slurm-up", "slurm-fill"):
            subprocess.run([HERE / script], env=env, stdin=subprocess.DEVNULL, timeout=600, check=True)
        yield running_in(folder)
    finally:
        subprocess.run([HERE / "slurm-down", "--purge"], env=env, stdin=subprocess.DEVNULL, timeout=120, check=True)
        shutil.rmtree(folder, ignore_errors=True)
