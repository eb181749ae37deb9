"""What the faces have in common: a request comes in by ASGI, and a whole answer goes out."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from msgspec import Struct

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Reply(Struct, frozen=True):
    status: int
    content_type: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def headers_of(scope: Message) -> dict[str, str]:
    """The headers of a request, their names in lower case."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def body_of(receive: Receive, most: int) -> bytes | None:
    """The body of a request; None when it is larger than so many bytes."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(pieces)
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > most:
            return None
        if not message.get("more_body", False):
            return b"".join(pieces)


async def answer(send: Send, reply: Reply) -> None:
    """Send a whole answer; one without content has no length either."""
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    if reply.status != 204:
        lines.append((b"content-length", str(len(reply.body)).encode()))
    if reply.content_type:
        lines.append((b"content-type", reply.content_type.encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": lines})
    await send({"type": "http.response.body", "body": reply.body})
