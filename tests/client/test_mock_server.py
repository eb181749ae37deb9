"""The faces of a simulated centre on real sockets: HTTP, clients that mean harm, what each fault looks like there."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from msgspec import Struct
from tests.client.mock_world import NOON
from tests.client.test_mock_faults import TableLine

from naru_client.config import Profile
from naru_client.credentials import Secret
from naru_client.errors import BadAnswer, NaruError, SignInNeeded, Unreachable, UsageError
from naru_client.exchange import Call
from naru_client.mock.server import Server, check_host
from naru_client.mock.server_connection import Limits
from naru_client.slurm.rest import HttpTransport

TOKEN = "eyJh.hush-hush.1"
GOOD = b'{"jobs": [], "meta": {}, "errors": [], "warnings": []}'
QUICK = Limits(request_seconds=0.2, idle_seconds=0.2, answer_seconds=0.2)
LINE_END = b"\r\n"
CHUNK = b"1000\r\n" + b"x" * 4096 + b"\r\n"


class Said(Struct, frozen=True):
    status: int
    content_type: str = "application/json"
    body: bytes = GOOD
    headers: tuple[tuple[str, str], ...] = ()


class Asked(Struct, frozen=True):
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Echo:
    """A face that remembers what it was asked, and answers with what it is told to."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.says: Said | Exception = Said(200)

    def reply(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes = b""
    ) -> Said:
        self.asked.append(Asked(method, path, query, headers, body))
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


class Running(Struct):
    server: Server
    face: Echo
    line: TableLine
    reports: list[str]

    @property
    def port(self) -> int:
        return int(self.server.url.rpartition(":")[2])


@asynccontextmanager
async def running(*faults: str, limits: Limits | None = None, host: str = "127.0.0.1") -> AsyncIterator[Running]:
    face, line, reports = Echo(), TableLine(*faults), list[str]()
    server = Server(face, line, limits=limits, report=reports.append)
    await server.start(host)
    try:
        yield Running(server, face, line, reports)
    finally:
        async with asyncio.timeout(1.5):
            await server.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  # what is waited for is in a server, which tells nobody
            await asyncio.sleep(0.005)


async def exchange(port: int, sent: bytes, *, end: bool = True) -> bytes:
    """What comes back to these bytes until the server hangs up; `end` says that nothing more will be sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    if end:
        writer.write_eof()
    async with asyncio.timeout(10):
        found = await reader.read()
    writer.close()
    return found


def request(path: str = "/slurm/v0.0.44/jobs", *more: str, method: str = "GET", body: bytes = b"") -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: x", *more]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


LAST = "Connection: close"


# HTTP


async def test_a_request_is_told_in_full_and_its_answer_comes_back() -> None:
    async with running() as one:
        one.face.says = Said(201, "text/plain", b"made", (("x-more", "1"),))
        sent = request("/a%20b/%ED%95%9C?x=1&y=&x=2", "X-Slurm-User-Token: t", LAST, method="POST", body=b"{}")
        answer = await exchange(one.port, sent)
        [asked] = one.face.asked
    assert (asked.method, asked.path, asked.query, asked.body) == ("POST", "/a b/한", {"x": "2", "y": ""}, b"{}")
    assert asked.headers["x-slurm-user-token"] == "t"
    head, body = answer.split(b"\r\n\r\n")
    lines = head.split(LINE_END)
    assert lines[0] == b"HTTP/1.1 201 Created"
    assert {b"x-more: 1", b"content-type: text/plain", b"content-length: 4"} <= set(lines)
    assert b"date: Sun, 22 Nov 2026 12:00:00 GMT" in lines
    assert body == b"made"


async def test_a_connection_is_kept_and_requests_may_come_ahead_of_answers() -> None:
    async with running() as one:
        sent = b"".join(request(f"/{n}", "X: y") for n in range(5)) + request("/last", LAST)
        answer = await exchange(one.port, sent)
        assert answer.count(b"HTTP/1.1 200 OK") == 6
        assert [asked.path for asked in one.face.asked] == ["/0", "/1", "/2", "/3", "/4", "/last"]


async def test_head_has_the_head_of_get() -> None:
    async with running() as one:
        answer = await exchange(one.port, request("/", method="HEAD") + request("/", LAST))
        first, second = answer.split(b"HTTP/1.1 200 OK\r\n")[1:]
        assert first.endswith(b"\r\n\r\n")
        assert f"content-length: {len(GOOD)}".encode() in first
        assert second.endswith(GOOD)
        assert [asked.method for asked in one.face.asked] == ["GET", "GET"]


async def test_a_204_has_neither_a_body_nor_a_length() -> None:
    async with running() as one:
        one.face.says = Said(204, "", b"")
        answer = await exchange(one.port, request("/", method="DELETE") + request("/", LAST))
        assert answer.count(b"HTTP/1.1 204 No Content") == 2
        assert b"content-length" not in answer.lower()


async def test_a_304_has_no_body_and_leaves_the_connection_open() -> None:
    async with running() as one:
        one.face.says = Said(304, "", b"")
        answer = await exchange(one.port, request("/") + request("/", LAST))
        assert answer.count(b"HTTP/1.1 304 Not Modified") == 2


async def test_who_asks_first_whether_to_send_is_told_to() -> None:
    async with running() as one:
        reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        async with asyncio.timeout(10):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
            writer.write(b"{}")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.close()
        assert one.face.asked[0].body == b"{}"


async def test_chunks_and_old_clients_are_understood() -> None:
    async with running() as one:
        chunks = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        await exchange(one.port, chunks)
        assert (await exchange(one.port, b"GET / HTTP/1.0\r\n\r\n")).endswith(GOOD)
        await exchange(one.port, request("http://elsewhere/a?b=c", LAST))
        assert [asked.body for asked in one.face.asked] == [b"{}", b"", b""]
        assert (one.face.asked[2].path, one.face.asked[2].query) == ("/a", {"b": "c"})


async def test_a_fault_of_ours_is_a_500_and_is_told_without_what_was_asked_with() -> None:
    async with running() as one:
        one.face.says = KeyError(TOKEN)
        answer = await exchange(one.port, request("/jobs?q=1", f"X-Slurm-User-Token: {TOKEN}", LAST))
        assert answer.startswith(b"HTTP/1.1 500 ")
        one.face.says = Said(200)
        assert (await exchange(one.port, request("/", LAST))).endswith(GOOD)
        [report] = one.reports
        assert report.startswith("KeyError at test_mock_server.py:")
        assert report.endswith("answering GET /jobs")
        assert TOKEN not in report + answer.decode()


async def test_an_answer_that_is_no_http_is_told_and_ends_the_connection() -> None:
    async with running() as one:
        one.face.says = Said(200, "text/plain\r\nx-forged: 1", b"")
        assert await exchange(one.port, request("/", LAST)) == b""
        assert len(one.reports) == 1


async def test_a_fault_of_ours_anywhere_else_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as one:
        monkeypatch.setattr(one.line, "verdict", None)
        assert await exchange(one.port, request("/", LAST)) == b""
        [report] = one.reports
        assert report.startswith("TypeError at server_connection.py:")
        monkeypatch.undo()
        assert (await exchange(one.port, request("/", LAST))).endswith(GOOD)


async def test_garbage_of_every_kind_leaves_it_standing() -> None:
    from random import Random

    random = Random(1)
    whole = request("/slurm/v0.0.44/jobs?a=b", "Content-Length: 2", method="POST") + b"{}"
    async with running(limits=QUICK) as one:
        for _ in range(300):
            sent = bytearray(whole * random.randrange(1, 3))
            for _ in range(random.randrange(1, 12)):
                sent[random.randrange(len(sent))] = random.randrange(256)
            with contextlib.suppress(ConnectionError):
                await exchange(one.port, bytes(sent[: random.randrange(len(sent))] if random.random() < 0.5 else sent))
        await until(lambda: one.server.connections == 0)
        assert one.reports == []
        assert (await exchange(one.port, request("/", LAST))).endswith(GOOD)


# Clients that mean harm


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300), 400),
        (b"\x00" * 100 + b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET jobs HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", 431),
        (b"GET /?" + b"&".join(b"a=%d" % n for n in range(300)) + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNK * 300, 413),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else str(value),
)  # fmt: skip
async def test_what_is_no_decent_request_is_told_off_and_hung_up_on(sent: bytes, status: int) -> None:
    async with running() as one:
        answer = await exchange(one.port, sent, end=False)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"connection: close" in answer.lower()
        assert one.face.asked == []
        assert (await exchange(one.port, request("/", LAST))).endswith(GOOD)
        await until(lambda: one.server.connections == 0)
        assert one.reports == []


@pytest.mark.parametrize(
    "sent", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n", request("/", method="POST", body=b"{}" * 9)[:-5]]
)
async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(sent: bytes) -> None:
    async with running() as one:
        await exchange(one.port, sent)
        await until(lambda: one.server.connections == 0)
        assert one.face.asked == []
        assert one.reports == []


async def test_a_client_that_dawdles_is_not_waited_for() -> None:
    async with running(limits=QUICK) as one:
        assert await exchange(one.port, b"", end=False) == b""
        assert (await exchange(one.port, b"GET / HTT", end=False)).startswith(b"HTTP/1.1 408 ")
        assert (await exchange(one.port, request("/"), end=False)).endswith(GOOD)
        await until(lambda: one.server.connections == 0)


async def test_a_client_that_does_not_read_its_answer_is_hung_up_on() -> None:
    async with running(limits=QUICK) as one:
        one.face.says = Said(200, "text/plain", b"x" * (64 << 20))
        _reader, writer = await asyncio.open_connection("127.0.0.1", one.port, limit=1)
        writer.write(request("/"))
        await until(lambda: bool(one.face.asked))
        await until(lambda: one.server.connections == 0)
        writer.close()
        assert one.reports == []


async def test_two_hundred_connections_are_too_many_but_no_harm() -> None:
    limits = Limits(connections=124, waiting=20)
    async with running(limits=limits) as one:
        idle = [await asyncio.open_connection("127.0.0.1", one.port) for _ in range(200)]
        await until(lambda: one.server.connections == 144)
        asking = asyncio.create_task(exchange(one.port, request("/", LAST)))
        for reader, writer in idle[144:]:  # hung up on at once
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(10):
                    assert await reader.read() == b""
            writer.close()
        with contextlib.suppress(ConnectionError):
            assert await asking == b""
        last_reader, last = idle[143]
        last.write(request("/waits", LAST))
        for _reader, writer in idle[:143]:
            writer.close()
        async with asyncio.timeout(10):
            assert (await last_reader.read()).endswith(GOOD), "it was its turn at last"
        last.close()
        await until(lambda: one.server.connections == 0)
        assert (await exchange(one.port, request("/", LAST))).endswith(GOOD)


async def test_closing_hangs_up_on_everybody_within_a_second() -> None:
    async with running("hang@/hang", "latency:60@/late", limits=Limits(connections=4)) as one:
        clients = [await asyncio.open_connection("127.0.0.1", one.port) for _ in range(6)]
        for (_reader, writer), path in zip(clients, ("/hang", "/late", "/", "/half", "/waits"), strict=False):
            writer.write(request(path) if path != "/half" else b"GET /ha")
        await until(lambda: one.server.connections == 6 and len(one.face.asked) == 1)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await one.server.close()
        assert loop.time() - began < 1
        for reader, writer in clients:
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(5):
                    await reader.read()
            writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", one.port)


# Where it listens


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_is_allowed(host: str) -> None:
    assert check_host(host) == host.replace("localhost", "127.0.0.1")


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.1.5", "example.org", "localhost.example.org", "::ffff:127.0.0.1", "::1%lo",
             "127.0.0.1:80", "127.1", "\x1b[31m", "[::1]"],
)  # fmt: skip
def test_anything_else_is_not(host: str) -> None:
    with pytest.raises(UsageError, match="not an address of this machine alone") as caught:
        check_host(host)
    assert caught.value.message.isprintable()


async def test_the_other_loopbacks_have_urls_too() -> None:
    try:
        async with running(host="::1") as one:
            assert one.server.url.startswith("http://[::1]:")
            assert await ask(one) == GOOD
    except UsageError as error:  # a machine without IPv6
        pytest.skip(error.message)


async def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = Server(Echo(), TableLine())
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1, port {port}") as caught:
            await server.start(port=port)
        assert "--port 0" in caught.value.hint
        await server.close()


# Faults, as the client meets them


async def ask(one: Running, path: str = "/slurm/v0.0.44/jobs", wait: float = 10.0) -> bytes:
    transport = HttpTransport(Profile(url=one.server.url), Secret(TOKEN))
    try:
        answer = await transport.send(Call(key="jobs", method="GET", path=path, timeout=wait))
        from naru_client.slurm.answers import check_http

        check_http(answer)
        return answer.body
    finally:
        await transport.close()


@pytest.mark.parametrize(
    ("fault", "kind", "code", "words"),
    [
        ("reset", Unreachable, 4, "it closed the connection"),
        ("half", Unreachable, 4, "breaks off"),
        ("hang:0.05", Unreachable, 4, "breaks off"),
        ("hang", Unreachable, 4, "did not answer within 0.3 s"),
        ("latency:30", Unreachable, 4, "did not answer within 0.3 s"),
        ("status:401", SignInNeeded, 3, "does not accept the token"),
        ("status:511", SignInNeeded, 3, "does not accept the token"),
        ("status:503/30", Unreachable, 4, "too busy"),
        ("status:429/7", Unreachable, 4, "too busy"),
        ("status:500", Unreachable, 4, "HTTP 500"),
        ("status:302", UsageError, 2, "redirects"),
        ("status:418", BadAnswer, 1, "HTTP 418"),
    ],
)
async def test_each_fault_is_one_line_to_the_user(fault: str, kind: type[NaruError], code: int, words: str) -> None:
    async with running(fault) as one:
        with pytest.raises(kind, match=words) as caught:
            await ask(one, wait=0.3 if fault in ("hang", "latency:30") else 10.0)
        assert caught.value.exit_code == code
        said = caught.value.message + caught.value.hint
        assert said.isprintable()
        assert TOKEN not in said
        if "/" in fault:
            assert f"{fault.rpartition('/')[2]} s" in caught.value.hint
        assert one.reports == []


async def test_bodies_are_spoilt_but_the_http_is_whole() -> None:
    async with running("malformed@/bad", "wrong-types@/odd", "latency:0.01@/late") as one:
        assert json.loads(await ask(one, "/odd")) != json.loads(GOOD)
        with pytest.raises(ValueError):  # noqa: PT011  # not JSON, or not even UTF-8
            json.loads(await ask(one, "/bad"))
        assert await ask(one, "/late") == await ask(one, "/") == GOOD


async def test_half_of_nothing_is_half_of_the_head() -> None:
    async with running("half") as one:
        one.face.says = Said(304, "", b"")
        answer = await exchange(one.port, request("/"))
        assert answer.startswith(b"HTTP/1.1 304")
        assert b"\r\n\r\n" not in answer


async def test_what_breaks_off_says_how_long_it_would_have_been() -> None:
    async with running("half") as one:
        head, body = (await exchange(one.port, request("/"))).split(b"\r\n\r\n")
        assert f"content-length: {len(GOOD)}".encode() in head
        assert body == GOOD[: len(GOOD) // 2]


async def test_a_hanging_client_that_leaves_is_noticed() -> None:
    async with running("hang") as one:
        _reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
        writer.write(request("/"))
        await until(lambda: one.server.connections == 1)
        writer.close()
        await until(lambda: one.server.connections == 0)


async def test_an_upgrade_refuses_connections_and_then_is_over() -> None:
    async with running("upgrade:30,after=60") as one:
        assert await ask(one) == GOOD
        kept_reader, kept = await asyncio.open_connection("127.0.0.1", one.port)
        kept.write(request("/"))
        await until(lambda: len(one.face.asked) == 2)
        one.line.since = 60
        await until(lambda: not _accepts(one.port))
        with pytest.raises(Unreachable, match="connection refused"):
            await ask(one)
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                await kept_reader.read()  # hung up on
        kept.close()
        one.line.since = 90
        await until(lambda: _accepts(one.port))
        assert await ask(one) == GOOD


async def test_a_centre_that_begins_with_an_upgrade_is_not_there_yet() -> None:
    async with running("upgrade:30") as one:
        assert not _accepts(one.port)
        one.line.since = 30
        await until(lambda: _accepts(one.port))
        assert await ask(one) == GOOD


def _accepts(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


async def test_the_date_is_that_of_the_site_s_own_clock() -> None:
    async with running() as one:
        one.line.since = 3600
        assert NOON == 1_795_348_800
        assert b"date: Sun, 22 Nov 2026 13:00:00 GMT" in await exchange(one.port, request("/", LAST))
