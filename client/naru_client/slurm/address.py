"""Where a profile says that slurmrestd answers, checked before anything is read, run or connected for it. Pure."""

import ipaddress
import os
import re
from urllib.parse import urlsplit

from naru_client.config import Profile
from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.text import clean

LONGEST_SOCKET_PATH = 107  # bytes, as Linux has room for

_BEFORE_HOST = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:/*)?.*@", re.DOTALL)


def shown_url(profile: Profile) -> str:
    """The address of a profile for people: cleaned, without what may be a password or a token in it."""
    url = _BEFORE_HOST.sub(lambda found: (found[1] or "") + "…@", profile.url)
    return clean(re.sub(r"[?#].*", "?…", url, flags=re.DOTALL), 200)


def reached_by_socket(profile: Profile) -> bool:
    """Whether slurmrestd is asked on the profile's socket: never where the profile says `http`."""
    return bool(profile.socket) and (profile.reach == "socket" or (profile.reach == "auto" and not profile.url))


def base_address(profile: Profile) -> tuple[str, bool]:
    """The base of every URL, and whether it is plain HTTP that stays on this machine.

    Raises UsageError for an address that cannot be used; no part of a password in it is in the error.
    """
    if reached_by_socket(profile):
        socket_path(profile)
        return "http://localhost", True
    url, shown = profile.url, shown_url(profile)
    if "@" in url:
        raise UsageError(
            _("the profile's `url` holds a user name or a password"), _("use `token-env` or `token-file` instead")
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if not _is_number(host):
            host.encode("idna")  # an empty label, or one that is too long
    except ValueError:
        raise UsageError(_("{url} is not an address").format(url=shown), _url_hint()) from None
    odd = not url.isprintable() or any(c.isspace() or c in "?#\\" for c in url) or port == 0
    if odd or parts.scheme not in ("http", "https") or not host:
        raise UsageError(_("{url} is not an address of a centre").format(url=shown), _url_hint())
    return url.rstrip("/"), parts.scheme == "http" and _is_loopback(host)


def socket_path(profile: Profile) -> str:
    """The path of the profile's socket; raises UsageError for one that no socket can have."""
    path = os.path.expanduser(profile.socket)
    if not path.isprintable() or len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise UsageError(
            _("{path} is not the path of a socket").format(path=clean(path, 200)),
            _("set `{setting}` in the profile").format(setting="socket"),
        )
    return path


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback if _is_number(host) else host == "localhost"


def _url_hint() -> str:
    return _("`url` in the profile is where slurmrestd answers, as in https://slurm.example.org")
