"""How a profile of a Slurm site becomes a centre: by its commands, by slurmrestd's socket, or over HTTP."""

from naru_client.config import Profile
from naru_client.errors import SignInNeeded, UsageError
from naru_client.exchange import CallLog, Transport
from naru_client.i18n import _
from naru_client.slurm.centre import SlurmCentre
from naru_client.slurm.commands import SlurmCommands
from naru_client.slurm.processes import CommandTransport, local_user, slurm_commands_available
from naru_client.slurm.recording import LoggedTransport

__all__ = ["open_profile", "open_rest", "slurm_commands_available"]


async def open_profile(profile: Profile, log: CallLog) -> SlurmCentre:
    """Open a Slurm site; `profile.reach` says how, and "auto" takes the first of url, socket, commands that is set.

    Raises UsageError, SignInNeeded, Unreachable or NotProvided when there is no way in.
    """
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
    from naru_client.slurm.rest import HttpTransport, token_user

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
        await source.open(fallback_site=profile.name or "slurm")
    except BaseException:
        await logged.close()
        raise
    return SlurmCentre(source, user=user, reached_by=reached_by)


def _open_commands(profile: Profile, log: CallLog) -> SlurmCentre:
    """Nobody is asked yet: a terminal opened while the controller is down shows that, and waits for it."""
    commands = CommandTransport(profile)
    commands.check()
    source = SlurmCommands(LoggedTransport(commands, log), timeout=profile.timeout)
    return SlurmCentre(source, user=profile.user or local_user(), reached_by="commands")


def _no_token(profile: Profile) -> SignInNeeded:
    return SignInNeeded(
        _("there is no token for {url}").format(url=profile.url),
        _("put one in {variable}, or set `token-file` or `token-command` in the profile").format(
            variable=profile.token_env or "token-env"
        ),
    )
