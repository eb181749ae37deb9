"""One connection to a served face: requests read by h11, answered one after another, and the faults that befall them.

Whoever connects is taken to mean harm: a request has a largest size and a longest time, what is not HTTP gets a 400.
"""

import asyncio
import math
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from email.utils import formatdate
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
from msgspec import Struct

from naru_client.mock import fault_bodies
from naru_client.mock.fault_bodies import TEXT
from naru_client.mock.faults import Line, Verdict

MOST_PARAMETERS = 200
LINGER = 1.0  # seconds to go on reading from a client that was told off, so that it gets to read why
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what is unsent is thrown away, and the client gets a reset


class Reply(Protocol):
    """What a face answers."""

    @property
    def status(self) -> int: ...
    @property
    def content_type(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...


class Face(Protocol):
    """What answers requests: header names are lower case, the path is decoded."""

    def reply(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes = b""
    ) -> Reply: ...


class Limits(Struct, frozen=True, kw_only=True):
    """What a client may take. slurmrestd, too, holds 124 connections and lets others wait."""

    header_bytes: int = 64 * 1024
    body_bytes: int = 1 << 20
    connections: int = 124
    waiting: int = 128  # connections beyond those; any more are closed at once
    request_seconds: float = 15.0  # from a request's first byte to its last
    idle_seconds: float = 60.0  # between two requests
    answer_seconds: float = 60.0  # for taking an answer


class Answer(Struct, frozen=True):
    """An answer as it goes out."""

    status: int
    content_type: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class _Refused(Exception):
    """A request that gets an answer of our own, after which the connection is closed."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Connection:
    """Serves one client until it leaves, breaks the rules, or is to be closed (by cancelling)."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        face: Face,
        line: Line,
        limits: Limits,
        sleep: Callable[[float], Awaitable[None]],
        report: Callable[[str], None],
    ) -> None:
        self._reader, self._writer = reader, writer
        self._face, self._line, self._limits, self._sleep, self._report = face, line, limits, sleep, report
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.header_bytes)
        self._bare = False  # the request is a HEAD: its answer has no body
        self._writer.transport.set_write_buffer_limits(high=0)  # `drain` then waits until all of an answer is taken

    async def serve(self) -> None:
        try:
            while await self._exchange():
                self._http.start_next_cycle()
        except OSError:  # it left, or takes nothing (TimeoutError)
            self._writer.transport.abort()
        except Exception as error:  # a fault of ours: told, and nobody else's connection suffers
            self._report(f"{type(error).__name__} at {_place(error)}")
            self._writer.transport.abort()
        finally:
            self._writer.close()

    async def _exchange(self) -> bool:
        """One request and its answer; whether the client may ask again."""
        try:
            if not await self._begun():
                return False
            async with asyncio.timeout(self._limits.request_seconds):
                asked = await self._request()
        except TimeoutError:
            return await self._turn_away(_Refused(408, "Request timeout"))
        except h11.RemoteProtocolError as error:
            # the error's words may quote what was sent, so none of them go back
            return await self._turn_away(_Refused(error.error_status_hint or 400, "Bad request"))
        except _Refused as refused:
            return await self._turn_away(refused)
        if asked is None:
            return False
        request, body = asked
        try:
            path, query = _target(request.target.decode("ascii"))
        except _Refused as refused:
            return await self._turn_away(refused)
        return await self._befall(self._line.verdict(path), request, path, query, body)

    async def _begun(self) -> bool:
        """Wait for the first byte of a request; False when the client leaves, or leaves us waiting."""
        if self._http.trailing_data[0]:
            return True
        try:
            async with asyncio.timeout(self._limits.idle_seconds):
                data = await self._reader.read(65_536)
        except TimeoutError:
            return False
        self._http.receive_data(data)
        return bool(data)

    async def _request(self) -> tuple[h11.Request, bytes] | None:
        """The next request with its body; None when the client leaves instead."""
        event = await self._event()
        if not isinstance(event, h11.Request):
            return None
        self._bare = event.method == b"HEAD"
        # h11 minds the size of what is incomplete; the last read may have completed something larger
        if len(event.target) + sum(len(n) + len(v) + 4 for n, v in event.headers) > self._limits.header_bytes:
            raise _Refused(431, "Request header is too large")
        for name, value in event.headers:
            if name == b"content-length" and int(value) > self._limits.body_bytes:
                raise _Refused(413, "Request body is too large")
        body = bytearray()
        while True:
            part = await self._event()
            if isinstance(part, h11.Data):
                body += part.data
                if len(body) > self._limits.body_bytes:
                    raise _Refused(413, "Request body is too large")
            else:
                return (event, bytes(body)) if isinstance(part, h11.EndOfMessage) else None

    async def _event(self) -> object:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                await self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
            self._http.receive_data(await self._reader.read(65_536))

    async def _befall(
        self, verdict: Verdict, request: h11.Request, path: str, query: Mapping[str, str], body: bytes
    ) -> bool:
        """Answer as the verdict has it; whether the client may ask again."""
        if verdict.what == "refused":
            return self._reset()
        if verdict.delay:
            await self._sleep(verdict.delay)
        if verdict.what == "reset":
            return self._reset()
        if verdict.what == "hang":
            await self._hang(verdict.seconds)
            return False
        if verdict.what == "status":
            later = () if verdict.retry_after is None else (("retry-after", str(verdict.retry_after)),)
            return await self._answer(Answer(verdict.status, *fault_bodies.status_body(verdict.status), later))
        answer = self._ask(request, path, query, body)
        if verdict.what in ("malformed", "wrong-types"):
            spoil = fault_bodies.malformed if verdict.what == "malformed" else fault_bodies.wrong_types
            answer = Answer(answer.status, answer.content_type, spoil(answer.body, verdict.draw), answer.headers)
        return await self._answer(answer, breaks_off=verdict.what == "half")

    def _ask(self, request: h11.Request, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in request.headers}
        method = request.method.decode("ascii")
        method = "GET" if method == "HEAD" else method  # h11 leaves the body of the answer out
        try:
            reply = self._face.reply(method, path, query, headers, body)
        except Exception as error:
            # a fault of ours is to be seen and to be told, and must not end the service for everybody else
            self._report(f"{type(error).__name__} at {_place(error)}, answering {method} {path}")
            return Answer(500, TEXT, b"Internal error of the simulated centre")
        return Answer(reply.status, reply.content_type, reply.body, tuple(reply.headers))

    async def _answer(self, answer: Answer, *, breaks_off: bool = False, closes: bool = False) -> bool:
        """Send an answer; whether the client may ask again."""
        headers = [("date", formatdate(self._line.now(), usegmt=True)), ("server", "naru-mock")]
        headers += answer.headers
        if answer.content_type:
            headers.append(("content-type", answer.content_type))
        if answer.status not in (204, 304):
            headers.append(("content-length", str(len(answer.body))))
        if closes:
            headers.append(("connection", "close"))
        reason = fault_bodies.reason(answer.status).encode()
        head = self._http.send(h11.Response(status_code=answer.status, headers=headers, reason=reason)) or b""
        body = b"" if self._bare or answer.status in (204, 304) else answer.body
        if breaks_off:
            await self._write(head + fault_bodies.half_of(body) if body else head[: len(head) // 2])
            return False
        if body:
            body = self._http.send(h11.Data(data=body)) or b""
        await self._write(head + body + (self._http.send(h11.EndOfMessage()) or b""))
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _turn_away(self, refused: _Refused) -> bool:
        """Say why a request is not taken, and close: what else was sent is read for a moment and thrown away."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return False
        await self._answer(Answer(refused.status, TEXT, str(refused).encode()), closes=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                if self._writer.can_write_eof():
                    self._writer.write_eof()
                while await self._reader.read(65_536):
                    pass
        return False

    async def _hang(self, seconds: float) -> None:
        """Say nothing for so long, or until the client leaves."""
        waiting = asyncio.ensure_future(_forever() if seconds == math.inf else self._sleep(seconds))
        leaving = asyncio.ensure_future(self._left())
        try:
            await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            leaving.cancel()
            await asyncio.gather(waiting, leaving, return_exceptions=True)

    async def _left(self) -> None:
        with suppress(OSError):
            while await self._reader.read(65_536):  # requests that nobody will answer
                pass

    def _reset(self) -> bool:
        found = self._writer.get_extra_info("socket")
        if found is not None:
            with suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._writer.transport.abort()
        return False

    async def _write(self, data: bytes | None) -> None:
        self._writer.write(data or b"")
        async with asyncio.timeout(self._limits.answer_seconds):
            await self._writer.drain()


async def _forever() -> None:
    await asyncio.get_running_loop().create_future()


def _target(target: str) -> tuple[str, dict[str, str]]:
    """Path and parameters of a request's target. Raises _Refused for one that has none."""
    try:
        if target.startswith(("http://", "https://")):
            parts = urlsplit(target)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        path, _, query = target.partition("?")
        told = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise _Refused(400, "Bad request") from None
    if not path.startswith("/"):
        raise _Refused(400, "Bad request")
    return unquote(path), dict(told)


def _place(error: BaseException) -> str:
    place = "?"
    trace = error.__traceback__
    while trace is not None:
        place, trace = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}", trace.tb_next
    return place
