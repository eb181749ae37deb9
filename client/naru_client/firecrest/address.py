"""Where a profile says that FirecREST answers, checked before a token is read for it. Pure."""

import re

from msgspec.structs import replace

from naru_client.config import Profile
from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.slurm.address import base_address, shown_url
from naru_client.text import clean

_SYSTEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


def as_profile(profile: Profile) -> Profile:
    """The profile with FirecREST in the place of slurmrestd."""
    return replace(profile, url=profile.firecrest_url, socket="", reach="http", token_header="bearer")


def check(profile: Profile) -> None:
    """Raise UsageError for a `firecrest-url` that cannot be used, or that a token would travel to in the clear."""
    meant = as_profile(profile)
    hint = _("`firecrest-url` in the profile is where FirecREST answers, as in https://api.example.org/firecrest")
    try:
        base, near = base_address(meant)
    except UsageError as error:
        raise UsageError(_("`firecrest-url`: {what}").format(what=error.message), hint) from None
    if not near and not base.startswith("https://"):
        raise UsageError(_("a token must not travel over plain HTTP to {url}").format(url=shown_url(meant)), hint)
    if profile.firecrest_system:
        checked_system(profile.firecrest_system)


def checked_system(name: str) -> str:
    """The name of a system as a part of a path. Raises UsageError for what is none."""
    if not _SYSTEM.fullmatch(name):
        raise UsageError(
            _("{name} is no name of a system at FirecREST").format(name=repr(clean(name, 60))),
            _("`firecrest-system` in the profile is the centre's name there"),
        )
    return name
