"""From the text that FirecREST sends back to the bytes of the file. Pure.

FirecREST decodes a part of a file as UTF-8 and puts U+FFFD in the place of what is none: of one, two or three bytes,
which are lost. A part that begins or ends inside a character loses the ends of it in the same way.
"""

from collections.abc import Iterator
from itertools import islice
from math import isqrt

from msgspec import Struct

LOST = "\ufffd"
FILLING = b"\xff"  # stands for each lost byte: no byte of UTF-8
WIDEST = 3  # bytes that one U+FFFD may stand for
ROOM = 4  # bytes of one character
LOOKBACK = 64  # bytes in which a few characters begin
OPTIONS = 200  # blocks that are thought of for one part
HANDY = 1 << 16  # bytes that cost hardly more than few


class Block(Struct, frozen=True):
    """What `view` is asked for: `size` divides `start`, so that it begins exactly there. It gives `size` characters,
    which are as many bytes at least, of twice as many bytes."""

    start: int
    size: int


def blocks(offset: int, count: int) -> Iterator[Block]:
    """Blocks that hold so many bytes from an offset on, the one that begins nearest to it first."""
    least = count + ROOM + isqrt(offset)
    number = min(offset // least, isqrt(offset))
    while number > 0:
        size = offset // number
        yield Block(number * size, size)
        number -= 1
    yield Block(0, offset + least)


def another_block(block: Block, text: str, offset: int, count: int, largest: int) -> Block | None:
    """A block that may hold all that is wanted, where this one with this text has lost some of it; None for no hope.

    One that begins without a loss is exact up to its first. So where this one may only have begun inside a character,
    one is looked for that begins where its text shows another; else one that begins after the loss.
    """
    if block.start and 0 < strays(text) < ROOM:
        found = _block_at(boundaries(text, block.start, offset), offset, count, largest)
        if found is None and offset - block.start < LOOKBACK:
            found = next(blocks(max(0, offset - LOOKBACK), count + LOOKBACK))
        return found if found is not None and found.size <= largest else None
    after = block.start + len(until_loss(text))
    later = islice(blocks(offset, count), 1, OPTIONS)
    return next((b for b in later if b.start > after and b.size <= largest), None)


def _block_at(starts: set[int], offset: int, count: int, largest: int) -> Block | None:
    """A block that begins at one of these and holds what is wanted."""
    for start in sorted(starts, reverse=True):
        least = offset - start + count + ROOM
        first = -(-start // min(largest, 4 * least + HANDY))
        for number in range(first, min(start // least, first + OPTIONS) + 1):
            if start % number == 0:
                return Block(start, start // number)
    return None


def strays(text: str) -> int:
    """How many U+FFFD it begins with."""
    return len(text) - len(text.lstrip(LOST))


def until_loss(text: str) -> bytes:
    """The bytes before the first that is lost."""
    place = text.find(LOST)
    return text.encode() if place < 0 else text[:place].encode()


def ends_half(text: str) -> bool:
    """Whether nothing is lost but what may be a half written character at the end."""
    return text.find(LOST) == len(text) - 1 and bool(text)


def boundaries(text: str, start: int, limit: int) -> set[int]:
    """Where characters begin up to a limit, if a text from `start` on begins with the end of a character."""
    at = start + strays(text)
    found = set()
    for character in text[at - start :]:
        if at > limit or character == LOST:
            break
        found.add(at)
        at += len(character.encode())
    return found


def filled(text: str, total: int) -> bytes:
    """So many bytes as near to the file as the text tells: each lost byte is 0xFF.

    Where one stretch is lost, or every U+FFFD was one byte, all others stand where they are in the file; else some may
    be a byte or two beside it.
    """
    pieces = [piece.encode() for piece in text.split(LOST)]
    count = len(pieces) - 1
    if not count:
        return pieces[0]
    more = min(max(total - sum(map(len, pieces)), count), WIDEST * count) - count
    widths = [1] * count
    first = min(strays(text), count)  # what is left of a character at the begin is single bytes
    last = [] if pieces[-1] or first == count else [count - 1]  # the one at the end may be cut after any byte
    for place in (*last, *range(first, count - len(last)), *range(first)):
        widths[place] += (part := min(more, WIDEST - 1))
        more -= part
    parts = [pieces[0]]
    for width, piece in zip(widths, pieces[1:], strict=True):
        parts += (FILLING * width, piece)
    return b"".join(parts)
