"""A long answer in JSON, cut into pieces that are decoded one after the other. Pure.

A decoder of JSON works in one go, and 500 MB of jobs take it longer than anybody should wait for a key. So the list is
cut between two records, at places found by their looks, and each piece is decoded as a list of its own. If every piece
is one, and so is what stands before and behind them, then put together they are what the whole would have been: a cut
inside a nested list leaves pieces that are no lists. Such a piece is taken together with the next.
"""

import re
from collections.abc import Callable, Generator
from typing import TypeVar

import msgspec

E = TypeVar("E")
R = TypeVar("R")

PIECE = 1 << 19  # bytes: some 80 jobs
LONGEST = 32 * PIECE  # what is still not a list then is left to whoever reads it whole

_LIST = re.compile(rb'"jobs"\s*:\s*\[\s*(?=\{\s*"([A-Za-z_0-9]+)"\s*:)')
_LIST_AGAIN = re.compile(rb'"jobs"\s*:')
_BEFORE = 1 << 16  # bytes in which the list has to begin


class Uncut(Exception):
    """The answer cannot be taken to pieces."""


def pieces(
    body: bytes, envelope: Callable[[bytes], E], records: Callable[[bytes], R]
) -> Generator[R, None, tuple[E, E]]:
    """The records of the answer's `jobs`, piece by piece; returns what stands before the list, and behind it with the
    last of the records. `envelope` decodes an object, `records` a list. Raises Uncut, also after some pieces."""
    found = _LIST.search(body, 0, _BEFORE)
    if found is None:
        raise Uncut
    before = _decoded(body[: found.end()] + b"]}", envelope)
    cut = re.compile(rb'\}\s*,\s*(?=\{\s*"' + found[1] + rb'"\s*:)')
    at = stop = found.end()
    while place := cut.search(body, stop + PIECE):
        stop = place.end()
        try:
            piece = records(b"[" + body[at : place.start() + 1] + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if stop - at > LONGEST:
                raise Uncut from None
            continue
        yield piece
        at = stop
    if len(body) - at > LONGEST or _LIST_AGAIN.search(body, at):
        raise Uncut
    return before, _decoded(b'{"jobs":[' + body[at:], envelope)


def _decoded(part: bytes, decode: Callable[[bytes], E]) -> E:
    try:
        return decode(part)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Uncut from None
