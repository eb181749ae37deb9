"""How a profile with `firecrest-url` gets at its centre's files."""

import asyncio
from collections.abc import Callable

from naru_client.config import Profile
from naru_client.credentials import Secret
from naru_client.exchange import CallLog, Transport
from naru_client.firecrest.address import as_profile, check
from naru_client.firecrest.files import FirecrestFiles
from naru_client.i18n import _
from naru_client.slurm.address import shown_url

CALLS_PER_MINUTE = 60  # each is a command on a login node; more of them wait their turn


def open_files(profile: Profile, log: CallLog, system: Callable[[], str]) -> FirecrestFiles | None:
    """The files of a profile's centre; None where it names no FirecREST. `system` tells its name where the profile
    does not.

    Nothing is asked, and no token read, before the first log is. Raises UsageError for settings that cannot be used.
    """
    if not profile.firecrest_url:
        return None
    check(profile)

    async def connect() -> Transport:
        from naru_client.credentials import find_token
        from naru_client.firecrest.transport import FirecrestTransport

        token: Secret | None = await asyncio.to_thread(find_token, profile)  # a command may take its time
        if token is None:
            raise _no_token(profile)
        transport = FirecrestTransport(profile, token)
        return logged(transport, log)

    return FirecrestFiles(
        connect, lambda: profile.firecrest_system or system(), _("FirecREST at {where}").format(
            where=shown_url(as_profile(profile))
        ), timeout=profile.timeout,
    )  # fmt: skip


def logged(transport: Transport, log: CallLog, site: str = "", per_minute: int = CALLS_PER_MINUTE) -> Transport:
    """The transport with its calls in the call log, so many a minute at most, and none while it is to be left alone."""
    from naru_client.budget import Budget, BudgetedTransport
    from naru_client.slurm.recording import LoggedTransport

    return BudgetedTransport(LoggedTransport(transport, log, site), Budget(per_minute))


def _no_token(profile: Profile) -> Exception:
    from naru_client.errors import SignInNeeded

    return SignInNeeded(
        _("there is no token for {url}").format(url=shown_url(as_profile(profile))),
        _("put one in {variable}, or set `token-file` or `token-command` in the profile").format(
            variable=profile.token_env or "token-env"
        ),
    )
