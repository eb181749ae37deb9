"""HTTP as a transport: slurmrestd over HTTPS, a unix socket or in process. The one module that knows httpx."""

import asyncio
import logging
import ssl
import sys
import time
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec

from naru_client import __version__
from naru_client.config import Profile
from naru_client.credentials import Secret
from naru_client.errors import BadAnswer, NaruError, Unreachable, UsageError
from naru_client.exchange import Answer, Call
from naru_client.i18n import _
from naru_client.slurm.address import base_address, reached_by_socket, shown_url, socket_path
from naru_client.slurm.failures import has_cause, plain_words, untrusted_certificate
from naru_client.slurm.redaction import Redaction
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

# Both write what the centre sent into the log, reason phrases and headers included, where an echoed token may stand.
for _logger in ("httpx", "httpcore"):
    logging.getLogger(_logger).setLevel(logging.WARNING)

__all__ = ["HttpTransport", "SlurmRest", "token_user"]

LARGEST_ANSWER = 1 << 30  # bytes
LONGEST_TOKEN = 1 << 15  # bytes of a token in the longest form that an echo may have
CONNECTIONS = 4  # slurmrestd wedges when clients hold too many
KEEP_ALIVE = 5.0  # seconds
LONGEST_REST = 86_400.0  # seconds that a centre may ask to be left alone; more is nonsense


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
        self._redaction = Redaction(token)
        self._socket = socket_path(profile) if inner is None and reached_by_socket(profile) else ""
        self._base, near = ("http://simulated", True) if inner is not None else base_address(profile)
        self._where = clean(self._socket or self._base)
        if token is not None:
            _check_token(token, encrypted=near or self._base.startswith("https://"), where=self._where)
        limits = httpx.Limits(
            max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEEP_ALIVE
        )
        if inner is None and near:
            # plain HTTP on this machine, so nothing to verify: this only spares reading the certificates
            inner = httpx.AsyncHTTPTransport(uds=self._socket or None, verify=False, limits=limits)
        try:
            self._client = httpx.AsyncClient(
                base_url=self._base,
                transport=inner,
                verify=_trust(profile) if self._base.startswith("https://") else False,
                limits=limits,
                timeout=httpx.Timeout(profile.timeout, connect=min(10.0, profile.timeout)),
                follow_redirects=False,  # a redirect could take the token elsewhere
                trust_env=not near,  # no proxy of the environment for what is on this machine
                headers={
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",  # a few compressed bytes could fill the memory
                    "User-Agent": f"naru/{__version__}",
                },
            )
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise UsageError(
                _("{url} is not an address").format(url=shown_url(profile)),
                _("check `url` in the profile, and the proxies that the environment names"),
            ) from None

    @property
    def source(self) -> str:
        return _("slurmrestd at {where}").format(where=self._where)

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
                _("{where} did not answer within {n:g} s").format(where=self._where, n=call.timeout),
                _("the scheduler may be overloaded; `timeout` in the profile sets how long to wait"),
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            raise self._unreachable(error) from None
        return Answer(
            call=call,
            status=status,
            body=body,
            content_type=self._redaction.text(headers.get("content-type", "")),
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
            coding = response.headers.get("content-encoding", "").strip().lower()
            if coding not in ("", "identity"):
                raise BadAnswer(
                    _("the answer is compressed, which was not asked for"),
                    _("a proxy in between may do that: it has to let Accept-Encoding: identity through"),
                )
            body = await self._body(response)
        finally:
            await response.aclose()
        return response.status_code, response.headers, body

    async def _body(self, response: httpx.Response) -> bytes:
        """What the answer holds, without the token; put together and looked through as it comes, never in one go."""
        whole = b""  # of an answer that comes in one part, as those from within this process do: it is not copied
        body: BytesIO | None = None  # hands over what it holds without copying it
        echoed = False
        last = b""
        size = 0
        async for part in response.aiter_bytes():
            await asyncio.sleep(0)  # what is here already comes without waiting
            size += len(part)
            if size > self._largest:
                raise BadAnswer(_("the answer is longer than {n} bytes").format(n=self._largest))
            if body is None and not whole:
                whole = part
            else:
                if body is None:
                    body = BytesIO()
                    body.write(whole)
                body.write(part)
            seam = last + part if last else part
            echoed = echoed or self._redaction.body(seam) is not seam
            last = seam[-LONGEST_TOKEN:]
        if body is not None:
            whole = body.getvalue()
        return self._redaction.body(whole) if echoed else whole

    def _credentials(self) -> dict[str, str]:
        if self._token is None:
            return {}
        if self._profile.token_header == "bearer":
            return {"Authorization": f"Bearer {self._token.reveal()}"}
        headers = {"X-SLURM-USER-TOKEN": self._token.reveal()}
        if self._user and self._user.isascii():
            headers["X-SLURM-USER-NAME"] = self._user  # slurmrestd of 22.05 accepts no token without it
        return headers

    def _unreachable(self, error: Exception) -> NaruError:
        """What went wrong in Naru's own words: those of the libraries may quote what was sent or received."""
        words = plain_words(error)
        if untrusted_certificate(error):
            return UsageError(
                _("the certificate of {where} is not trusted: {why}").format(where=self._where, why=words),
                _("`ca-bundle` in the profile names a file of certificates to trust"),
            )
        if isinstance(error, (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError)):
            return UsageError(
                _("the request to {where} cannot be sent as the profile has it").format(where=self._where),
                _("check `url`, `user` and the token of the profile"),
            )
        if isinstance(error, httpx.ProxyError):
            return Unreachable(
                _("the proxy does not let through to {where}").format(where=self._where),
                _("the environment names it (HTTPS_PROXY); NO_PROXY leaves hosts out"),
            )
        if self._socket and has_cause(error, FileNotFoundError):
            return Unreachable(
                _("there is no socket at {path}").format(path=self._where),
                _("ask the site where slurmrestd listens, or whether it runs"),
            )
        if isinstance(error, httpx.RemoteProtocolError) and not has_cause(error, ConnectionError):
            words = _("what answers there breaks off, or does not speak HTTP")
        return Unreachable(
            _("no answer from {where}: {why}").format(where=self._where, why=words),
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
        if isinstance(value, str) and value.isascii() and value.isprintable() and value.strip() == value != "":
            return clean(value, 64)
    return None


def _check_token(token: Secret, *, encrypted: bool, where: str) -> None:
    if not encrypted:
        raise UsageError(
            _("a token must not travel over plain HTTP to {url}").format(url=where),
            _("use https:// in the profile's `url`"),
        )
    value = token.reveal()
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise UsageError(
            _("the token holds characters that no token has"), _("set it again, without anything around it")
        )


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
    try:
        if value.isdecimal():
            return min(float(value), LONGEST_REST)
        wanted = (parsedate_to_datetime(value) - now).total_seconds() if value else None
    except (ValueError, TypeError, OverflowError):
        return None
    return None if wanted is None else min(max(0.0, wanted), LONGEST_REST)
