"""HTTP to FirecREST: the transport that slurmrestd is asked by, with a bearer token and words of its own."""

from typing import Any

from naru_client.config import Profile
from naru_client.credentials import Secret
from naru_client.errors import Unreachable
from naru_client.exchange import Answer, Call
from naru_client.firecrest.address import as_profile
from naru_client.i18n import _
from naru_client.slurm.redaction import Redaction
from naru_client.slurm.rest import HttpTransport

LARGEST_ANSWER = 64 << 20  # bytes; 5 MiB of control characters are six times as long in JSON

__all__ = ["FirecrestTransport"]


class FirecrestTransport(HttpTransport):
    """Sends to the profile's FirecREST and nowhere else. Raises what HttpTransport raises."""

    def __init__(self, profile: Profile, token: Secret | None, **settings: Any) -> None:
        super().__init__(as_profile(profile), token, largest=LARGEST_ANSWER, **settings)
        self._redaction = _Masking(token)

    @property
    def source(self) -> str:
        return _("FirecREST at {where}").format(where=self._where)

    async def send(self, call: Call) -> Answer:
        try:
            return await super().send(call)
        except Unreachable as error:
            hint = _("is `firecrest-url` in the profile right, and does FirecREST run there?")
            raise Unreachable(error.message, hint, retry_after=error.retry_after) from None


class _Masking(Redaction):
    """Takes a token out, also where a log holds it, and leaves everything else where it stands: bytes are counted."""

    def __init__(self, token: Secret | None) -> None:
        super().__init__(token)
        self._length = len(token.reveal()) if token is not None else 0

    def body(self, body: bytes) -> bytes:
        if self._pattern is None or self._unchanged not in body:
            return body
        return self._pattern.sub(lambda m: b"*" * (self._length if b"\\" in m[0] else len(m[0])), body)
