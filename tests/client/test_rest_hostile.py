"""slurmrestd that means harm, or is not there: TLS, echoed tokens, compression, addresses that are none."""

import asyncio
import gzip
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from naru_client.config import Profile
from naru_client.credentials import Secret
from naru_client.errors import BadAnswer, NaruError, Unreachable, UsageError
from naru_client.exchange import Call, CallLog
from naru_client.slurm.address import shown_url
from naru_client.slurm.open import open_profile, open_rest
from naru_client.slurm.rest import HttpTransport, token_user

import httpx  # isort: skip  # after slurm.rest, which keeps it from importing its command line

CALL = Call(key="k", method="GET", path="/slurm/v0.0.42/ping", timeout=5.0)
TLS = Path(__file__).parents[1] / "data" / "tls"
TOKEN = "eyJh.b+/c=.hush-hush_1"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@asynccontextmanager
async def listening(said: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port of this machine where every request gets these bytes, and the requests that came."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


def self_signed() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost-key-and-certificate.pem")
    return context


async def ask(profile: Profile, token: str | None = TOKEN) -> bytes:
    transport = HttpTransport(profile, Secret(token) if token else None)
    try:
        return (await transport.send(CALL)).body
    finally:
        await transport.close()


async def test_a_certificate_is_verified_on_this_machine_too() -> None:
    async with listening(OK, self_signed()) as (port, asked):
        with pytest.raises(UsageError, match=r"certificate of .* is not trusted") as caught:
            await ask(Profile(url=f"https://127.0.0.1:{port}"))
    assert asked == []
    assert "_ssl.c" not in caught.value.message


async def test_a_bundle_of_the_profile_is_what_is_trusted() -> None:
    async with listening(OK, self_signed()) as (port, asked):
        profile = Profile(url=f"https://127.0.0.1:{port}", ca_bundle=str(TLS / "localhost-certificate.pem"))
        assert await ask(profile) == b"{}"
    assert len(asked) == 1


@pytest.mark.parametrize(
    "form",
    [
        TOKEN,
        quote(TOKEN, safe=""),
        TOKEN.replace("/", "\\/"),
        TOKEN.replace("+", "\\u002b"),
        TOKEN.replace("+", "&#43;"),
    ],
)
async def test_a_token_that_is_sent_back_is_in_no_body(form: str) -> None:
    said = b'{"errors": [{"error": "bad token %s!"}]}' % form.encode()
    transport = HttpTransport(
        Profile(), Secret(TOKEN), inner=httpx.MockTransport(lambda request: httpx.Response(500, content=said))
    )
    body = (await transport.send(CALL)).body
    assert body.decode() == '{"errors": [{"error": "bad token …!"}]}'


async def test_a_token_that_is_sent_back_is_in_no_header_reason_or_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = f"HTTP/1.1 500 {TOKEN}\r\nContent-Type: text/{TOKEN}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    async with listening(said) as (port, asked):
        transport = HttpTransport(Profile(url=f"http://127.0.0.1:{port}"), Secret(TOKEN))
        answer = await transport.send(CALL)
        await transport.close()
    assert TOKEN.encode() in asked[0]
    assert answer.content_type == "text/…"
    assert TOKEN not in repr(answer) + caplog.text


@pytest.mark.parametrize(
    "said",
    [
        f"{TOKEN}\r\n\r\n".encode(),
        f"HTTP/9.9 abc {TOKEN}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\n{TOKEN}\x01\r\n\r\n".encode(),
        b"",
    ],
)
async def test_what_is_no_http_is_told_in_plain_words(said: bytes) -> None:
    async with listening(said) as (port, _asked):
        with pytest.raises(Unreachable, match="does not speak HTTP") as caught:
            await ask(Profile(url=f"http://127.0.0.1:{port}"))
    assert TOKEN not in caught.value.message
    assert "bytearray" not in caught.value.message


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "x-odd"])
async def test_a_compressed_answer_is_refused_unread(coding: str) -> None:
    body = gzip.compress(b"{}" + b" " * 100_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    async with listening(head.encode() + body) as (port, asked):
        with pytest.raises(BadAnswer, match="compressed"):
            await ask(Profile(url=f"http://127.0.0.1:{port}"))
    assert b"accept-encoding: identity\r\n" in asked[0].lower()


async def test_an_answer_that_drips_is_given_up_as_a_whole() -> None:
    class Drips(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await asyncio.sleep(0)

    inner = httpx.MockTransport(lambda request: httpx.Response(200, stream=Drips()))
    with pytest.raises(Unreachable, match="did not answer within"):
        await HttpTransport(Profile(), None, inner=inner).send(Call(key="k", method="GET", path="/x", timeout=0.05))


async def test_nobody_there_is_told_in_plain_words(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, but it does not listen
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Unreachable, match=rf"^no answer from http://127.0.0.1:{port}: connection refused$"):
            await ask(Profile(url=f"http://127.0.0.1:{port}"))
    with pytest.raises(Unreachable, match=f"^there is no socket at {tmp_path}/nope$"):
        await ask(Profile(socket=f"{tmp_path}/nope"))


ODD_ADDRESSES = [
    "https://a b.example.org", "https://h\r\nX: 1", "https://h\x00", "https://a..b", f"https://{'x' * 64}.org",
    "https://h:0", "https://h:x", "https://h?token=pw", "https://h#pw", "https://xn--\u0080", "//h", "https:///x",
]  # fmt: skip


@pytest.mark.parametrize("url", ODD_ADDRESSES)
async def test_an_address_that_is_none_is_a_mistake_of_one_line(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JWT", TOKEN)
    with pytest.raises(UsageError) as caught:
        await open_profile(Profile(url=url), CallLog())
    assert caught.value.message.isprintable()
    assert "pw" not in caught.value.message


@pytest.mark.parametrize(
    "url", ["https://me:pw@h", "https://pw@h", "me:pw@h", "https://me:pw@[::1", "https://a@b:pw@h/"]
)
async def test_a_password_in_an_address_is_refused_unseen_before_a_token_is_read(url: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    with pytest.raises(UsageError, match="user name or a password") as caught:
        await open_profile(Profile(name="x", url=url, reach="http", token_command=("touch", str(ran))), CallLog())
    assert "pw" not in caught.value.message + caught.value.hint + shown_url(Profile(url=url))
    assert not ran.exists()


async def test_by_http_the_socket_is_never_asked(tmp_path: Path) -> None:
    reached: list[int] = []
    server = await asyncio.start_unix_server(lambda r, w: reached.append(1), str(tmp_path / "s"))
    async with server, listening(OK) as (port, asked):
        profile = Profile(reach="http", url=f"http://127.0.0.1:{port}", socket=str(tmp_path / "s"))
        assert await ask(profile) == b"{}"
    assert (reached, len(asked)) == ([], 1)


@pytest.mark.parametrize("path", ["/a\x00b", "/" + "x" * 200])
async def test_a_path_that_no_socket_can_have_is_a_mistake(path: str) -> None:
    with pytest.raises(UsageError, match="not the path of a socket"):
        await ask(Profile(socket=path))


@pytest.mark.parametrize("contract", ["v0.0.4", "v0.0.42/../x", "0.0.42", "v0.0.42\n", "latest", "v0.0.٤٢"])
async def test_a_contract_that_is_none_is_a_mistake(contract: str) -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError("asked")

    transport = HttpTransport(Profile(), None, inner=httpx.MockTransport(never))
    with pytest.raises(UsageError, match="contract"):
        await open_rest(Profile(contract=contract), transport, CallLog())


@pytest.mark.parametrize("user", ["a b", "-x", "a\r\nX: 1", "한"])
@pytest.mark.parametrize("profile", [{"url": "https://h.example.org"}, {"socket": "/s"}, {"reach": "commands"}])
async def test_a_user_that_is_none_is_a_mistake_however_the_centre_is_reached(
    user: str, profile: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match="not a user name"):
        await open_profile(Profile(user=user, **profile), CallLog())  # type: ignore[arg-type]  # a literal in a dict


@pytest.mark.parametrize("token", ["a b", "a\r\nX: 1", "ключ-ключ"])
def test_a_token_that_would_break_a_header_is_a_mistake_and_not_shown(token: str) -> None:
    with pytest.raises(UsageError, match="the token holds characters") as caught:
        HttpTransport(Profile(url="https://h.example.org"), Secret(token))
    assert token not in caught.value.message


def test_a_name_with_blanks_around_it_is_taken_from_no_token() -> None:
    assert token_user(Secret("e30.eyJzdW4iOiAiIGEifQ.c2ln")) is None  # {"sun": " a"}


@pytest.mark.parametrize("value", ["9" * 500, "99999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_an_absurd_rest_is_cut(value: str) -> None:
    inner = httpx.MockTransport(lambda request: httpx.Response(503, headers={"retry-after": value}))
    assert (await HttpTransport(Profile(), None, inner=inner).send(CALL)).retry_after == 86_400


async def test_errors_of_the_library_never_quote_what_was_sent() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError(f"Illegal header value b'{TOKEN}'")

    with pytest.raises(NaruError) as caught:
        await HttpTransport(Profile(), Secret(TOKEN), inner=httpx.MockTransport(reply)).send(CALL)
    assert isinstance(caught.value, UsageError)
    assert TOKEN not in caught.value.message + caught.value.hint
