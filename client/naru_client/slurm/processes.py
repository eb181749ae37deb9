"""Slurm's commands as a transport: child processes, never a shell, never one left behind."""

import asyncio
import os
import pwd
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import cast

from naru_client.config import Profile
from naru_client.errors import BadAnswer, Unreachable, UsageError
from naru_client.exchange import Answer, Call
from naru_client.i18n import _
from naru_client.text import clean

LARGEST_ANSWER = 1 << 30  # bytes; the queue of 20,000 jobs is 184 MB in the dearest form there is
LARGEST_COMPLAINT = 1 << 16
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
    return shutil.which("squeue", path=_search_path(profile)) is not None


def local_user() -> str | None:
    """The name of the user this process runs as, by the operating system and not by a variable anybody may set."""
    try:
        return clean(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        return None


class CommandTransport:
    """Runs `Call.argv` in a process group of its own; kills and reaps it when it takes too long or nobody waits."""

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
        self._places = asyncio.Semaphore(AT_ONCE)
        self._running: set[_Child] = set()

    @property
    def source(self) -> str:
        return _("Slurm's commands on this machine")

    def check(self) -> None:
        """Raise what the first call would, where the commands or their configuration are not there."""
        self._program("squeue")
        self._check_configuration()

    async def send(self, call: Call) -> Answer:
        program = self._program(call.argv[0])
        self._check_configuration()
        async with self._places:
            started = time.monotonic()
            child = await self._started(program, call.argv)
            self._running.add(child)
            try:
                async with asyncio.timeout(call.timeout):
                    await child.finished
            except TimeoutError:
                raise Unreachable(
                    _("{name} did not answer within {n:g} s").format(name=clean(call.argv[0]), n=call.timeout),
                    _("the scheduler may be overloaded; `timeout` in the profile sets how long to wait"),
                ) from None
            finally:
                self._running.discard(child)
                await child.end()
        if child.overflowed:
            raise BadAnswer(_("{name} printed more than {n} bytes").format(name=clean(call.argv[0]), n=self._largest))
        return Answer(
            call=call,
            status=child.status,
            body=bytes(child.out),
            stderr=bytes(child.err),
            as_of=self._now(),
            seconds=time.monotonic() - started,
        )

    async def close(self) -> None:
        for child in tuple(self._running):
            await child.end()

    def _program(self, name: str) -> str:
        found = shutil.which(name, path=self._path)
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

    async def _started(self, program: str, argv: tuple[str, ...]) -> "_Child":
        """A child that runs. Who is cancelled meanwhile waits for it to start, and ends it: asyncio's own way out of a
        half-started child waits for pipes that were never connected, for ever."""
        starting = asyncio.ensure_future(self._start(program, argv))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            (child,) = await asyncio.gather(starting, return_exceptions=True)
            if isinstance(child, _Child):
                await child.end()
            raise

    async def _start(self, program: str, argv: tuple[str, ...]) -> "_Child":
        try:
            _transport, child = await asyncio.get_running_loop().subprocess_exec(
                lambda: _Child(self._largest),
                program,
                *argv[1:],
                stdin=asyncio.subprocess.DEVNULL,
                env=self._environ,
                cwd="/",  # a user's own folder may be on a file system that hangs
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(
                _("cannot run {program}: {why}").format(program=clean(program), why=clean(error.strerror or "")),
                _("`bin` in the profile names the folder of Slurm's commands"),
            ) from None
        return child


class _Child(asyncio.SubprocessProtocol):
    """Collects what one child prints, up to a limit, and makes sure of its end."""

    def __init__(self, largest: int) -> None:
        self.out, self.err = bytearray(), bytearray()
        self.overflowed = False
        self.status = -1
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._exited = asyncio.Event()
        self._largest = largest
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self.err += data[: LARGEST_COMPLAINT - len(self.err)]
        elif not self.overflowed:
            self.out += data
            if len(self.out) > self._largest:
                self.overflowed = True
                self._kill()

    def process_exited(self) -> None:
        assert self._transport is not None
        self.status = self._transport.get_returncode() or 0
        self._exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_result(None)

    async def end(self) -> None:
        """Kill what still runs, wait for it, and close the pipes. May be called twice."""
        if self._transport is None:
            return
        if not self._exited.is_set():
            self._kill()
            await self._exited.wait()
        self._transport.close()
        self.connection_lost(None)  # closed pipes do not always tell, and somebody may wait

    def _kill(self) -> None:
        """Kill the whole group, as a command may have started others."""
        if self._transport is not None and not self._exited.is_set():
            try:
                os.killpg(self._transport.get_pid(), signal.SIGKILL)
            except ProcessLookupError:
                return  # gone by itself in this moment


def _search_path(profile: Profile) -> str | None:
    return os.path.expanduser(profile.bin) if profile.bin else None
