"""What an answer is turned into on its way: statuses in the words of slurmrestd or of the proxy before it, JSON that is
none, JSON of the wrong types. Pure, and the same for the same `draw`.
"""

from http import HTTPStatus
from random import Random
from typing import Any

import msgspec

JSON, TEXT, HTML = "application/json", "text/plain", "text/html"

WRONG = 0.15  # the share of values whose type is changed
_NOT_SIGNED_IN = {"description": "Protocol authentication error", "error_number": 1007,
                  "error": "Protocol authentication error", "source": "slurmctld_authenticate()"}  # fmt: skip


def status_body(status: int) -> tuple[str, bytes]:
    """Content type and body of an answer with that status: 401 and 511 as slurmrestd writes them, all others as the
    proxy that stands before it at most sites does."""
    if status == 304:
        return "", b""
    if status == 401:
        return TEXT, b"Authentication failure"
    if status == 511:
        return JSON, msgspec.json.encode({"meta": {}, "errors": [_NOT_SIGNED_IN], "warnings": []})
    words = f"{status} {reason(status)}".strip()
    page = f"<html>\r\n<head><title>{words}</title></head>\r\n<body>\r\n<center><h1>{words}</h1></center>\r\n"
    return HTML, f"{page}<hr><center>naru-mock</center>\r\n</body>\r\n</html>\r\n".encode()


def reason(status: int) -> str:
    """HTTP's words for a status; none for one that HTTP does not know."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def half_of(body: bytes) -> bytes:
    """What arrives of a body that breaks off."""
    return body[: len(body) // 2]


def malformed(body: bytes, draw: str) -> bytes:
    """A body that is no JSON any more: cut short, or with bytes of it overwritten."""
    random = Random(draw)
    if not body:
        return b"{"
    if random.random() < 0.5:
        return body[: random.randrange(max(1, len(body) - 1))] or b"{"
    spoilt = bytearray(body)
    for _ in range(8):
        spoilt[random.randrange(len(spoilt))] = random.choice(b'\x00\x1b"}]\xff\xc3')
    spoilt[0] = ord("}")  # whatever else happens to stay readable: no JSON begins so
    return bytes(spoilt)


def wrong_types(body: bytes, draw: str) -> bytes:
    """A body of good JSON in which some values are of another type; as it was when it is no JSON object."""
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body
    if not isinstance(data, dict) or not data:
        return body
    random = Random(draw)
    _spoil(data, random)
    chosen = random.choice(list(data))  # at least one, however small the answer is
    data[chosen] = _other(data[chosen], random)
    return msgspec.json.encode(data)


def _spoil(data: Any, random: Random) -> None:
    """Change values inside lists and objects, however deep; none that was changed is looked into."""
    waiting = [data]
    while waiting:
        holder = waiting.pop()
        keys: Any = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            value = holder[key]
            # what holds much is changed seldom: otherwise little else would be left to be wrong
            large = isinstance(value, dict | list) and len(value) > 3
            if random.random() < (WRONG / 20 if large else WRONG):
                holder[key] = _other(value, random)
            elif isinstance(value, dict | list):
                waiting.append(value)


def _other(value: Any, random: Random) -> Any:
    match value:
        case bool():
            return random.choice(("yes", 1, None))
        case int() | float():
            return random.choice(("n/a", None, [value], {}, -1.5e300))
        case str():
            return random.choice((random.randrange(-2, 1 << 33), None, [value], {"text": value}, False))
        case list():
            return random.choice(({}, None, "", {"0": value[:1]}, 0))
        case dict():
            return random.choice(([], None, "", 0, [value]))
        case _:
            return random.choice(({}, [], "", 0))
