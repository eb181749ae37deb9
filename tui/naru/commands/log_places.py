"""From where on a log is printed: its last lines, found from its end without reading the rest."""

from typing import TYPE_CHECKING

from naru_client.logs.encoding import Codec, find_newline, rfind_newline
from naru_client.logs.source import LogSource

if TYPE_CHECKING:
    from naru_client.logs.pattern import Pattern

STEP = 1 << 14  # bytes that are read first
MOST_STEP = 1 << 22
LINE = 1 << 12


async def start_of_last(source: LogSource, codec: Codec, size: int, count: int) -> int:
    """Where the last `count` lines of a log as long as `size` start, counted as `tail` does. Raises as the source.

    A byte order mark belongs to the first line: whoever reads text from offset 0 on passes over it.
    """
    if count <= 0:
        return size
    step, end, left, newline = STEP, size, count, len(codec.newline)
    while end > codec.bom:
        begin = max(codec.bom, end - step)
        begin += (begin - codec.bom) % codec.unit
        data = (await source.read(begin, end - begin)).data
        stop = len(data)
        if end == size and rfind_newline(data, codec, None, begin) == len(data) - newline:
            stop -= newline  # it closes the last line
        if codec.unit == 1 and (here := data.count(b"\n", 0, stop)) < left:
            left -= here
        else:
            while (at := rfind_newline(data, codec, stop, begin)) >= 0:
                left -= 1
                if left == 0:
                    return begin + at + newline
                stop = at
        end, step = begin, min(MOST_STEP, step * 4)
    return 0


async def last_matching(source: LogSource, pattern: "Pattern", codec: Codec, size: int, count: int) -> list[bytes]:
    """The last `count` lines that match, with their newlines, in their order. Raises as the source."""
    from naru_client.logs.scanning import backwards

    starts: list[int] = []
    if count > 0:
        async for some, _low in backwards(source, pattern.finder(codec), codec, size):
            starts = [*some, *starts]
            if len(starts) >= count:
                break
    return [await read_line(source, codec, start, size) for start in starts[-count:]]


async def read_line(source: LogSource, codec: Codec, start: int, size: int) -> bytes:
    """The line that starts at an offset, with its newline if it has one; of a very long one the beginning."""
    step = LINE
    while True:
        data = (await source.read(start, min(step, size - start))).data
        end = find_newline(data, codec, 0, start)
        if end >= 0:
            return data[: end + len(codec.newline)]
        if len(data) < step or step >= MOST_STEP:
            return data
        step *= 8


async def start_of_unfinished(source: LogSource, codec: Codec, size: int) -> int:
    """Where the last line starts where it has no newline; else the log's end."""
    start = await start_of_last(source, codec, size, 1)
    line = await read_line(source, codec, start, size)
    return size if line.endswith(codec.newline) else start
