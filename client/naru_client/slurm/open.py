"""How a profile of a Slurm site becomes a centre: by its commands, by slurmrestd's socket, or over HTTP."""

import re
from typing import TYPE_CHECKING

from naru_client.config import Profile
from naru_client.errors import SignInNeeded, UsageError
from naru_client.exchange import CallLog, Transport
from naru_client.i18n import _
from naru_client.slurm.centre import SlurmCentre, Source
from naru_client.slurm.commands import SlurmCommands
from naru_client.slurm.job_ids import checked_user
from naru_client.slurm.processes import CommandTransport, local_user, slurm_commands_available
from naru_client.slurm.recording import LoggedTransport
from naru_client.text import clean

if TYPE_CHECKING:
    from naru_client.logs.files import FileService

__all__ = ["open_profile", "open_rest", "slurm_commands_available"]

_CONTRACT = re.compile(r"v0\.0\.\d{2}", re.ASCII)


async def open_profile(profile: Profile, log: CallLog) -> SlurmCentre:
    """Open a Slurm site; `profile.reach` says how, and "auto" takes the first of url, socket, commands that is set.

    Raises UsageError, SignInNeeded, Unreachable or NotProvided when there is no way in.
    """
    _check(profile)
    reach = profile.reach
    if reach == "auto":
        reach = "http" if profile.url else "socket" if profile.socket else "commands"
    if reach == "commands":
        return _open_commands(profile, log)
    if not (profile.url if reach == "http" else profile.socket):
        setting = "url" if reach == "http" else "socket"
        raise UsageError(
            _("the profile has no `{setting}` to reach the centre by").format(setting=setting),
            _("set `{setting}` in the profile").format(setting=setting),
        )
    from naru_client.credentials import find_token
    from naru_client.slurm.address import base_address
    from naru_client.slurm.rest import HttpTransport, token_user

    base_address(profile)  # before a token is read, and before a command is run for one
    if profile.firecrest_url:
        from naru_client.firecrest.address import check

        check(profile)
    token = find_token(profile)
    user = profile.user or token_user(token)
    if token is None and reach == "http":
        raise _no_token(profile)
    if reach == "socket" and user is None:
        user = local_user()  # rest_auth/local goes by who asks
    named = "unix socket" if reach == "socket" else "https" if profile.url.startswith("https") else "http"
    return await open_rest(profile, HttpTransport(profile, token), log, user=user, reached_by=named)


async def open_rest(
    profile: Profile, transport: Transport, log: CallLog, *, user: str | None = None, reached_by: str = "https"
) -> SlurmCentre:
    """A centre that slurmrestd answers for, over any transport (a simulated centre's among them).

    The transport is closed when this fails.
    """
    from naru_client.slurm.restd import SlurmRest

    logged = LoggedTransport(transport, log)
    source = SlurmRest(logged, version=profile.contract, reached_by=reached_by, timeout=profile.timeout)
    try:
        _check(profile)
        await source.open(fallback_site=profile.name or "slurm")
    except BaseException:
        await logged.close()
        raise
    files = _files(profile, source, log, reached_by)
    return SlurmCentre(
        source, user=user, reached_by=reached_by, files=files, grants=profile.grants, usage_decays=profile.usage_decays
    )


def _check(profile: Profile) -> None:
    """Raise UsageError for settings that would become a part of a path or a header without being one."""
    if profile.user:
        checked_user(profile.user)
    if profile.contract and not _CONTRACT.fullmatch(profile.contract):
        raise UsageError(
            _("`contract` is {value}, which is no version of Slurm's contract").format(
                value=repr(clean(profile.contract, 60))
            ),
            _("write it as v0.0.42, or leave it out to let the version be negotiated"),
        )


def _open_commands(profile: Profile, log: CallLog) -> SlurmCentre:
    """Nobody is asked yet: a terminal opened while the controller is down shows that, and waits for it."""
    commands = CommandTransport(profile)
    commands.check()
    source = SlurmCommands(LoggedTransport(commands, log), timeout=profile.timeout)
    files = _files(profile, source, log, "commands")
    return SlurmCentre(
        source, user=profile.user or local_user(), reached_by="commands", files=files, grants=profile.grants
    )


def _files(profile: Profile, source: Source, log: CallLog, reached_by: str) -> "FileService | None":
    """Where the profile says that the centre's files are read; else here, where the way to Slurm is one of a machine
    that belongs to the cluster."""
    if not profile.firecrest_url:
        from naru_client.logs.files import LocalFiles

        return LocalFiles() if reached_by in ("commands", "unix socket") else None
    from naru_client.firecrest.open import open_files

    return open_files(profile, log, lambda: source.site_id)


def _no_token(profile: Profile) -> SignInNeeded:
    from naru_client.slurm.address import shown_url

    return SignInNeeded(
        _("there is no token for {url}").format(url=shown_url(profile)),
        _("put one in {variable}, or set `token-file` or `token-command` in the profile").format(
            variable=profile.token_env or "token-env"
        ),
    )
