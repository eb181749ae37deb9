"""Faults inside the process: an httpx transport around another one, in which they look as they look over a network."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from naru_client.mock import fault_bodies
from naru_client.mock.faults import Line, Verdict

if TYPE_CHECKING:
    import httpx
    from httpx import AsyncBaseTransport
else:  # what uses this has imported httpx already, in the way of `slurm.rest`, which leaves its command line out
    AsyncBaseTransport = object


class FaultyTransport(AsyncBaseTransport):
    """Carries requests to `inner` and does to them what `line` says. Waits by `sleep`, which a test may replace."""

    def __init__(
        self, inner: AsyncBaseTransport, line: Line, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._inner, self._line, self._sleep = inner, line, sleep

    async def __aenter__(self) -> "FaultyTransport":
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *leaving: object) -> None:
        await self._inner.__aexit__(*leaving)  # type: ignore[arg-type]  # passed on as it came

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def handle_async_request(self, request: "httpx.Request") -> "httpx.Response":
        import httpx

        verdict = self._line.verdict(request.url.path)
        if verdict.what == "refused":
            raise httpx.ConnectError("connection refused", request=request) from ConnectionRefusedError()
        patience = (request.extensions.get("timeout") or {}).get("read") or math.inf
        quiet = verdict.delay + (verdict.seconds if verdict.what == "hang" else 0.0)
        if quiet >= patience:
            await self._sleep(patience)
            raise httpx.ReadTimeout("no answer in time", request=request)
        if quiet == math.inf:
            await asyncio.get_running_loop().create_future()
        if quiet:
            await self._sleep(quiet)
        if verdict.what == "hang":
            raise httpx.RemoteProtocolError("server disconnected without sending a response", request=request)
        if verdict.what == "reset":
            raise httpx.ReadError("connection reset", request=request) from ConnectionResetError()
        if verdict.what == "status":
            return _response(verdict)
        response = await self._inner.handle_async_request(request)
        if verdict.what == "answer":
            return response
        return await _spoilt(response, verdict)


async def _half(body: bytes) -> AsyncIterator[bytes]:
    """A body that breaks off."""
    import httpx

    yield fault_bodies.half_of(body)
    raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def _response(verdict: Verdict) -> "httpx.Response":
    import httpx

    kind, body = fault_bodies.status_body(verdict.status)
    headers = {"content-type": kind} if kind else {}
    if verdict.retry_after is not None:
        headers["retry-after"] = str(verdict.retry_after)
    return httpx.Response(verdict.status, headers=headers, content=body)


async def _spoilt(response: "httpx.Response", verdict: Verdict) -> "httpx.Response":
    import httpx

    body = await response.aread()
    await response.aclose()
    headers = [(name, value) for name, value in response.headers.items() if name != "content-length"]
    if verdict.what == "half":
        headers.append(("content-length", str(len(body))))
        return httpx.Response(response.status_code, headers=headers, content=_half(body))
    spoil = fault_bodies.malformed if verdict.what == "malformed" else fault_bodies.wrong_types
    return httpx.Response(response.status_code, headers=headers, content=spoil(body, verdict.draw))
