"""The questions under `/util/v0.0.44`: hostlists, written out and put together. They are POSTs that change nothing."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Struct

from naru_client.hostlist import expand
from naru_client.mock.hostlist import compress
from naru_client.mock.requests import Caller, Query, Trouble, bad_query
from naru_client.mock.wire_values import Body

T = TypeVar("T")
Action = Callable[[Caller, Query, bytes], Body]
_SOURCE = "_convert_hostnames_hostlist"


class _Hostlist(Struct):
    hostlist: str


class _Hostnames(Struct):
    hostnames: list[str]


def find(tail: str) -> Action | None:
    """What answers a POST there; None when nothing does."""
    return {"hostnames": hostnames, "hostlist": hostlist}.get(tail)


def hostnames(caller: Caller, query: Query, body: bytes) -> Body:
    """Every name of a hostlist."""
    try:
        return {"hostnames": expand(_read(body, _Hostlist).hostlist)}
    except ValueError:
        raise bad_query(_SOURCE, "request") from None


def hostlist(caller: Caller, query: Query, body: bytes) -> Body:
    """The hostlist of some names."""
    return {"hostlist": compress(_read(body, _Hostnames).hostnames)}


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError:
        raise bad_query(_SOURCE, "request") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _NotJson(400) from None


class _NotJson(Trouble):
    text = "Failure during parsing"
