"""Tokens: where they come from, and a wrapper that never shows one."""

import os
import stat
import subprocess
from pathlib import Path

from naru_client.config import Profile
from naru_client.errors import SignInNeeded, UsageError
from naru_client.text import clean


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
        return _from_command(profile.token_command)
    if profile.token_file:
        return _from_file(Path(profile.token_file).expanduser())
    value = os.environ.get(profile.token_env, "") if profile.token_env else ""
    return _checked(value, f"the variable {clean(profile.token_env)}") if value else None


def _from_command(argv: tuple[str, ...]) -> Secret:
    shown = clean(argv[0])
    try:
        done = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SignInNeeded(f"the token command {shown} did not run: {type(error).__name__}") from None
    if done.returncode:
        raise SignInNeeded(f"the token command {shown} ended with exit code {done.returncode}")
    text = done.stdout.decode("utf-8", "replace").strip()
    return _checked(text.removeprefix("SLURM_JWT="), f"the output of {shown}")  # `scontrol token` prints it so


def _from_file(path: Path) -> Secret:
    shown = clean(str(path))
    try:
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(f"others may read the token file {shown}", f"chmod 600 {shown}")
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SignInNeeded(f"cannot read the token file {shown}: {type(error).__name__}") from None
    return _checked(text, shown)


def _checked(value: str, where: str) -> Secret:
    """A token is one word of printable ASCII; anything else would break, or forge, a header."""
    value = value.strip()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise SignInNeeded(f"{where} does not hold a token")
    return Secret(value)
