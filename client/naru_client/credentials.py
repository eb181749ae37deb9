"""Tokens: where they come from, and a wrapper that never shows one."""

import os
import selectors
import signal
import stat
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from naru_client.config import Profile
from naru_client.errors import SignInNeeded, UsageError
from naru_client.files import read_regular, why_unreadable
from naru_client.i18n import _
from naru_client.text import clean

LARGEST = 64 * 1024  # bytes of a token, and of what a command prints around it
LONGEST = 30.0  # seconds a token command may take, where the profile waits for everything else longer
LOOK = 0.02  # seconds between two looks at whether the command has ended while somebody still holds its output


class Secret:
    """A token that prints as dots, in a repr, a traceback's locals and a format string alike."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The token itself, for the header it goes into and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret is not to be stored")


def find_token(profile: Profile) -> Secret | None:
    """The token of a profile: from its command, its file, or its environment variable; None when there is none.

    Raises UsageError for a file that others may read, SignInNeeded when the command fails.
    """
    if profile.token_command:
        return _from_command(profile.token_command, min(profile.timeout, LONGEST))
    if profile.token_file:
        return _from_file(Path(profile.token_file).expanduser())
    value = os.environ.get(profile.token_env, "") if profile.token_env else ""
    return _checked(value, _("the variable {name}").format(name=clean(profile.token_env))) if value else None


def _from_command(argv: tuple[str, ...], seconds: float) -> Secret:
    shown = clean(argv[0])
    if not shown.strip():
        raise UsageError(_("the token command has no name"), _("`token-command` is a list: the command, its arguments"))
    try:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a group of its own, to end whatever it started together with it
        )
    except (OSError, ValueError) as error:
        raise SignInNeeded(
            _("the token command {name} did not run: {why}").format(name=shown, why=clean(why_unreadable(error)))
        ) from None
    try:
        printed = _printed(child, shown, seconds)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
    if child.returncode:
        raise SignInNeeded(
            _("the token command {name} ended with exit code {code}").format(name=shown, code=child.returncode)
        )
    text = printed.decode("utf-8", "replace").strip()
    # `scontrol token` prints it so
    return _checked(text.removeprefix("SLURM_JWT="), _("the output of {name}").format(name=shown))


def _printed(child: "subprocess.Popen[bytes]", shown: str, seconds: float) -> bytes:
    """What a command has printed by its end, even where something it left behind still holds its output open."""
    if child.stdout is None:
        raise ValueError("the command has no pipe")
    pipe = child.stdout.fileno()
    os.set_blocking(pipe, False)
    ends = time.monotonic() + seconds
    found = bytearray()
    is_open = True
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            over = _has_ended(child)  # before reading: what it printed by then is in the pipe
            while is_open and len(found) <= LARGEST:
                try:
                    part = os.read(pipe, LARGEST)
                except BlockingIOError:
                    break
                found += part
                if not part:
                    is_open = False
                    selector.unregister(pipe)
            if len(found) > LARGEST:
                raise SignInNeeded(
                    _("the token command {name} printed more than {n} bytes").format(name=shown, n=LARGEST)
                )
            if over:
                return bytes(found)
            if time.monotonic() >= ends:
                raise SignInNeeded(
                    _("the token command {name} did not end within {n:g} s").format(name=shown, n=seconds)
                )
            if is_open:
                selector.select(LOOK)
            else:
                time.sleep(LOOK)


def _has_ended(child: "subprocess.Popen[bytes]") -> bool:
    """Whether it has; where the system can tell, without reaping it: until then nobody else gets its group's number."""
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return child.poll() is not None


def _from_file(path: Path) -> Secret:
    shown = clean(str(path))

    def private(told: os.stat_result) -> None:
        if told.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(_("others may read the token file {path}").format(path=shown), f"chmod 600 {shown}")

    try:
        text = read_regular(path, LARGEST, check=private).decode("utf-8").strip()
    except (OSError, ValueError) as error:
        raise SignInNeeded(
            _("cannot read the token file {path}: {why}").format(path=shown, why=clean(why_unreadable(error)))
        ) from None
    return _checked(text, shown)


def _checked(value: str, where: str) -> Secret:
    """A token is one word of printable ASCII; anything else would break, or forge, a header."""
    value = value.strip()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise SignInNeeded(_("{where} does not hold a token").format(where=where))
    return Secret(value)
