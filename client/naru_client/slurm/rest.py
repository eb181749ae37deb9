"""HTTP as a transport: slurmrestd over HTTPS, a unix socket or in process. The one module that knows httpx."""

import asyncio
import ipaddress
import ssl
import sys
import time
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from naru_client import __version__
from naru_client.config import Profile
from naru_client.credentials import Secret
from naru_client.errors import BadAnswer, Unreachable, UsageError
from naru_client.exchange import Answer, Call
from naru_client.i18n import _
from naru_client.slurm.restd import SlurmRest
from naru_client.text import clean

if TYPE_CHECKING:
    import httpx
else:
    # httpx imports its own command line where click is installed, and with it rich: three times the time of what is
    # needed here. A None in sys.modules makes that one import fail, which httpx expects.
    _click = sys.modules.get("click", sys)
    sys.modules["click"] = None
    try:
        import httpx
    finally:
        if _click is sys:
            del sys.modules["click"]
        else:
            sys.modules["click"] = _click

__all__ = ["HttpTransport", "SlurmRest", "token_user"]

LARGEST_ANSWER = 1 << 30  # bytes
CONNECTIONS = 4  # slurmrestd wedges when clients hold too many
KEEP_ALIVE = 5.0  # seconds


class HttpTransport:
    """Sends `Call.method` and `Call.path` to the address of a profile, with its token in the header the profile names.

    `inner` is another httpx transport to use instead of the network: that of a simulated centre.
    Raises UsageError for an address that cannot be used, or that would carry a token in the clear.
    """

    def __init__(
        self,
        profile: Profile,
        token: Secret | None,
        *,
        inner: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        largest: int = LARGEST_ANSWER,
    ) -> None:
        self._profile, self._token, self._now, self._largest = profile, token, now, largest
        self._user = profile.user or token_user(token) or ""
        self._base, near = ("http://simulated", True) if inner is not None else _address(profile)
        if token is not None and not near and self._base.startswith("http://"):
            raise UsageError(
                _("a token must not travel over plain HTTP to {url}").format(url=clean(self._base)),
                _("use https:// in the profile's `url`"),
            )
        limits = httpx.Limits(
            max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEEP_ALIVE
        )
        if inner is None and near:
            # no TLS, so nothing to verify: this only spares reading the certificates
            inner = httpx.AsyncHTTPTransport(uds=profile.socket or None, verify=False, limits=limits)
        self._client = httpx.AsyncClient(
            base_url=self._base,
            transport=inner,
            verify=_trust(profile) if self._base.startswith("https://") else False,
            limits=limits,
            timeout=httpx.Timeout(profile.timeout, connect=min(10.0, profile.timeout)),
            follow_redirects=False,  # a redirect could take the token elsewhere
            trust_env=not near,  # no proxy of the environment for what is on this machine
            headers={"Accept": "application/json", "User-Agent": f"naru/{__version__}"},
        )

    @property
    def source(self) -> str:
        if self._profile.socket and not self._profile.url:
            return _("slurmrestd at {where}").format(where=clean(self._profile.socket))
        return _("slurmrestd at {where}").format(where=clean(self._base))

    async def send(self, call: Call) -> Answer:
        started = time.monotonic()
        try:
            async with asyncio.timeout(call.timeout):
                try:
                    status, headers, body = await self._read(call)
                except (httpx.RemoteProtocolError, httpx.ReadError):
                    # a kept connection that the other side had closed; only reads are sent here, so once more is safe
                    status, headers, body = await self._read(call)
        except (TimeoutError, httpx.TimeoutException):
            raise Unreachable(
                _("{where} did not answer within {n:g} s").format(where=clean(self._base), n=call.timeout),
                _("the scheduler may be overloaded; `timeout` in the profile sets how long to wait"),
            ) from None
        except httpx.TransportError as error:
            raise self._unreachable(error) from None
        return Answer(
            call=call,
            status=status,
            body=body,
            content_type=headers.get("content-type", ""),
            retry_after=_retry_after(headers.get("retry-after", ""), self._now()),
            as_of=self._now(),
            seconds=time.monotonic() - started,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def _read(self, call: Call) -> tuple[int, httpx.Headers, bytes]:
        request = self._client.build_request(
            call.method or "GET", call.path, params=list(call.query), headers=self._credentials()
        )
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > self._largest:
                    raise BadAnswer(_("the answer is longer than {n} bytes").format(n=self._largest))
        except httpx.DecodingError:
            raise BadAnswer(_("the answer is compressed in a way that cannot be read")) from None
        finally:
            await response.aclose()
        return response.status_code, response.headers, bytes(body)

    def _credentials(self) -> dict[str, str]:
        if self._token is None:
            return {}
        if self._profile.token_header == "bearer":
            return {"Authorization": f"Bearer {self._token.reveal()}"}
        headers = {"X-SLURM-USER-TOKEN": self._token.reveal()}
        if self._user and self._user.isascii():
            headers["X-SLURM-USER-NAME"] = self._user  # slurmrestd of 22.05 accepts no token without it
        return headers

    def _unreachable(self, error: httpx.TransportError) -> Unreachable | UsageError:
        words = clean(str(error), 160) or type(error).__name__
        where = clean(self._profile.socket or self._base)
        if "CERTIFICATE" in words.upper():
            return UsageError(
                _("the certificate of {where} is not trusted: {why}").format(where=where, why=words),
                _("`ca-bundle` in the profile names a file of certificates to trust"),
            )
        if isinstance(error, httpx.ProxyError):
            return Unreachable(_("the proxy does not let through to {where}: {why}").format(where=where, why=words))
        return Unreachable(
            _("no answer from {where}: {why}").format(where=where, why=words),
            _("is the address right, and is slurmrestd running there?"),
        )


def token_user(token: Secret | None) -> str | None:
    """Whose token it is, by its own claims (unverified: the centre verifies it); None where it does not say."""
    parts = token.reveal().split(".") if token is not None else []
    if len(parts) != 3:
        return None
    try:
        claims: Any = msgspec.json.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (msgspec.DecodeError, Base64Error, ValueError):
        return None
    for name in ("sun", "preferred_username"):
        value = claims.get(name) if isinstance(claims, dict) else None
        if isinstance(value, str) and value.isascii() and value.isprintable() and value:
            return clean(value, 64)
    return None


def _address(profile: Profile) -> tuple[str, bool]:
    """The base of every URL, and whether what answers there is on this machine."""
    if profile.socket and not (profile.url and profile.reach != "socket"):
        return "http://localhost", True
    hint = _("`url` in the profile is where slurmrestd answers, as in https://slurm.example.org")
    try:
        parts = urlsplit(profile.url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError(_("{url} is not an address").format(url=clean(profile.url)), hint) from None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UsageError(_("{url} is not an address of a centre").format(url=clean(profile.url)), hint)
    if parts.username or parts.password:
        raise UsageError(
            _("the profile's `url` holds a user name or a password"), _("use `token-env` or `token-file` instead")
        )
    return profile.url.rstrip("/"), _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _trust(profile: Profile) -> ssl.SSLContext:
    """Certificates to trust: the profile's own, the system's, or those httpx brings where the system has none."""
    if profile.ca_bundle:
        try:
            return ssl.create_default_context(cafile=profile.ca_bundle)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                _("cannot read the certificates in {path}: {why}").format(
                    path=clean(profile.ca_bundle), why=clean(error.strerror or type(error).__name__)
                ),
                _("check `ca-bundle` in the profile"),
            ) from None
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return ssl.create_default_context()
    return httpx.create_ssl_context()


def _retry_after(value: str, now: datetime) -> float | None:
    """Seconds to wait, from either form of the header; None when there is none that can be read."""
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds()) if value else None
    except (ValueError, TypeError):
        return None
