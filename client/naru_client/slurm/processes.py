"""Slurm's commands as a transport: child processes, never a shell, never one left behind."""

import os
import pwd
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from naru_client.config import Profile
from naru_client.errors import BadAnswer, Unreachable, UsageError
from naru_client.exchange import Answer, Call
from naru_client.i18n import _
from naru_client.slurm.children import LARGEST_COMPLAINT, Child, end_on_signals, kill_all
from naru_client.text import clean

if TYPE_CHECKING:
    import asyncio  # imported where it is used: it takes longer than all else here, and a child can run meanwhile

__all__ = [
    "AT_ONCE", "LARGEST_ANSWER", "LARGEST_COMPLAINT", "CommandTransport", "end_on_signals", "kill_all", "local_user",
    "scrubbed", "slurm_commands_available",
]  # fmt: skip

LARGEST_ANSWER = 1 << 30  # bytes; the queue of 20,000 jobs is 184 MB in the dearest form there is
AT_ONCE = 4

# What a user may have set to change how the commands print, and what would make them ask another cluster.
_CHANGING_PREFIXES = ("SQUEUE_", "SINFO_", "SACCT_", "SCONTROL_")
_CHANGING = frozenset({"SLURM_TIME_FORMAT", "SLURM_BITSTR_LEN", "SLURM_CLUSTERS", "SLURM_DEBUG", "SLURM_DEBUG_FLAGS",
                       "LANGUAGE"})  # fmt: skip
_FIXED = {"SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0", "TZ": "UTC0", "LC_ALL": "C.UTF-8"}


def scrubbed(environ: Mapping[str, str], slurm_conf: str = "") -> dict[str, str]:
    """The environment for a Slurm command: the user's own, without what changes the output, with epoch times in UTC."""
    kept = {k: v for k, v in environ.items() if k not in _CHANGING and not k.startswith(_CHANGING_PREFIXES)}
    if slurm_conf:
        kept["SLURM_CONF"] = os.path.expanduser(slurm_conf)
    return kept | _FIXED


def slurm_commands_available(profile: Profile) -> bool:
    """Whether squeue is there to be run; looks at the file system only."""
    return _which("squeue", _search_path(profile)) is not None


def local_user() -> str | None:
    """The name of the user this process runs as, by the operating system and not by a variable anybody may set."""
    try:
        return clean(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        return None


class CommandTransport:
    """Runs `Call.argv` in a process group of its own; kills and reaps the whole group at the end of every call."""

    def __init__(
        self,
        profile: Profile,
        *,
        environ: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        largest: int = LARGEST_ANSWER,
    ) -> None:
        self._path = _search_path(profile)
        self._from_bin = bool(profile.bin)
        self._environ = scrubbed(os.environ if environ is None else environ, profile.slurm_conf)
        self._now = now
        self._largest = largest
        self._places: asyncio.Semaphore | None = None
        self._running: set[Child] = set()
        self._begun: dict[str, Child] = {}

    @property
    def source(self) -> str:
        return _("Slurm's commands on this machine")

    def check(self) -> None:
        """Raise what the first call would, where the commands or their configuration are not there."""
        self._program("squeue")
        self._check_configuration()

    def begin(self, call: Call) -> None:
        """Start a command before it is asked for, and before there is an event loop.

        The next `send` of the same question takes it over: the same key and, but for the separator, the same argv. The
        Answer then has this Call, whose separator decodes it. Raises what `send` would if it cannot be started.
        """
        before = self._begun.pop(call.key, None)
        if before is not None:
            before.end()
        self._begun[call.key] = self._start(call)

    async def send(self, call: Call) -> Answer:
        import asyncio

        if self._places is None:
            self._places = asyncio.Semaphore(AT_ONCE)
        async with self._places:
            child = self._adopted(call) or self._start(call)
            self._running.add(child)
            try:
                async with asyncio.timeout(call.timeout):
                    await child.finished()
            except TimeoutError:
                raise Unreachable(
                    _("{name} did not answer within {n:g} s").format(name=clean(call.argv[0]), n=call.timeout),
                    _("the scheduler may be overloaded; `timeout` in the profile sets how long to wait"),
                ) from None
            finally:
                self._running.discard(child)
                child.end()
        if child.overflowed:
            raise BadAnswer(_("{name} printed more than {n} bytes").format(name=clean(call.argv[0]), n=self._largest))
        return Answer(
            call=child.call,
            status=child.status,
            body=child.out.getvalue(),
            stderr=child.err.getvalue(),
            as_of=self._now(),
            seconds=time.monotonic() - child.started,
        )

    async def close(self) -> None:
        for child in (*self._running, *self._begun.values()):
            child.end()
        self._begun.clear()

    def _adopted(self, call: Call) -> Child | None:
        child = self._begun.pop(call.key, None)
        if child is None or _question(child.call) == _question(call):
            return child
        child.end()
        return None

    def _start(self, call: Call) -> Child:
        program = self._program(call.argv[0])
        self._check_configuration()
        try:
            return Child(call, program, self._environ, self._largest)
        except OSError as error:
            raise UsageError(
                _("cannot run {program}: {why}").format(program=clean(program), why=clean(error.strerror or "")),
                _("`bin` in the profile names the folder of Slurm's commands"),
            ) from None

    def _program(self, name: str) -> str:
        found = _which(name, self._path)
        if found:
            return found
        if self._from_bin:
            raise UsageError(
                _("there is no {name} in {folder}").format(name=clean(name), folder=clean(self._path or "")),
                _("`bin` in the profile names the folder of Slurm's commands"),
            )
        raise Unreachable(
            _("there are no Slurm commands on this machine ({name} is not on PATH)").format(name=clean(name)),
            _("run naru on a login node, set `url` or `socket` in a profile, or look around with `naru demo`"),
        )

    def _check_configuration(self) -> None:
        """A SLURM_CONF that is not there makes every command wait for a whole minute: say it at once."""
        path = self._environ.get("SLURM_CONF", "")
        if path and not os.path.exists(path):
            raise UsageError(
                _("there is no Slurm configuration at {path}").format(path=clean(path)),
                _("check SLURM_CONF, or `slurm-conf` in the profile"),
            )


def _question(call: Call) -> tuple[str, ...]:
    """What a call asks, whatever parts the fields of its answer."""
    return tuple(word.replace(call.separator, "\0") for word in call.argv) if call.separator else call.argv


def _which(name: str, path: str | None) -> str | None:
    """As shutil.which, without its import: that takes longer than all other work up to the first child."""
    for folder in filter(None, (os.environ.get("PATH", os.defpath) if path is None else path).split(os.pathsep)):
        program = os.path.abspath(os.path.join(folder, name))  # a command does not run in the folder that Naru runs in
        if os.path.isfile(program) and os.access(program, os.X_OK):
            return program
    return None


def _search_path(profile: Profile) -> str | None:
    return os.path.expanduser(profile.bin) if profile.bin else None
