"""The logs of several tasks as one text: by time where their lines tell it, one after the other where they do not."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, tzinfo

from msgspec import Struct

from naru.commands.log_cutting import Cutter
from naru.commands.log_output import LogOutput
from naru.commands.log_places import start_of_last
from naru.commands.log_printing import Choice, LineFilter, LogPrinting, print_one
from naru_client.errors import NaruError
from naru_client.logs.encoding import Codec
from naru_client.logs.merging import TimedLine, Timing, merged
from naru_client.logs.source import LogSource, LogStat
from naru_client.text import clean

BATCH = 1 << 16  # bytes of each log that are held at a time
BEFORE = 1 << 14  # bytes before the last lines in which the stamp of the first of them is looked for
SAMPLE = 1 << 14  # bytes at the start of a log in which stamps are looked for
SAMPLED = 16  # logs of which that is done
Say = Callable[[str], None]


class Part(Struct, frozen=True):
    """One of several logs, opened. `near` is about when its first line was written."""

    label: str
    source: LogSource
    stat: LogStat
    codec: Codec
    near: datetime | None = None

    @property
    def prefix(self) -> str:
        return f"{clean(self.label)} | "


async def print_in_turn(parts: AsyncIterator[Part], choice: Choice, out: LogOutput, say: Say) -> bool:
    """Print logs one after the other, each below a line that names it; whether there was any line to print."""
    printed = False
    async for part in parts:
        if part.stat.size == 0:
            continue
        printing = LogPrinting(out, part.codec, raw=False, pattern=choice.pattern, prefix=part.prefix)
        try:
            out.end_line()
            out.text(f"==> {clean(part.label)}: {part.source.path} <==\n")
            await print_one(part.source, part.stat.size, choice, printing)
        except NaruError as error:
            say(f"{clean(part.label)}: {error.message}")
        printed = printed or printing.printed
    out.end_line()
    return printed


async def print_merged(parts: Sequence[Part], choice: Choice, out: LogOutput, zone: tzinfo, say: Say) -> bool:
    """Print logs in order of time; whether there was any line. One that cannot be read on ends there, with a word."""
    printed = False
    kept: deque[tuple[int, TimedLine]] | None = None if choice.last is None else deque(maxlen=choice.last)
    async for number, lines in merged([_timed(part, choice, zone, say) for part in parts]):
        if kept is not None:
            kept.extend((number, line) for line in lines)
        else:
            printed = True
            _write(out, parts[number], lines)
    for number, line in kept or ():
        printed = True
        _write(out, parts[number], (line,))
    return printed


async def _timed(part: Part, choice: Choice, zone: tzinfo, say: Say) -> AsyncIterator[Sequence[TimedLine]]:
    """The wanted lines of one log with their times, a batch at a time."""
    timing = Timing(part.near, zone, part.stat.modified if choice.last is not None else None)
    cutter = Cutter(part.codec)
    matching = LineFilter(choice.pattern) if choice.pattern is not None else None
    try:
        at = 0
        if choice.last is not None and matching is None:
            at = await start_of_last(part.source, part.codec, part.stat.size, choice.last)
            begin = max(part.codec.bom, at - BEFORE)
            before = await part.source.read(begin, max(0, at - begin))
            timing.lines(before.data, part.codec)  # the last stamp of these is that of the lines behind them
        while at < part.stat.size:
            chunk = await part.source.read(at, min(BATCH, part.stat.size - at))
            if not chunk.data:
                break
            data = cutter.feed(at, chunk.data)
            at = chunk.until
            if at >= part.stat.size:
                data += cutter.take_rest()
            lines = timing.lines(data, part.codec)
            if matching is not None:
                lines = [line for line in lines if matching.matching(line.data, part.codec)]
            if lines:
                yield lines
    except NaruError as error:
        say(f"{clean(part.label)}: {error.message}")


def _write(out: LogOutput, part: Part, lines: Sequence[TimedLine]) -> None:
    out.lines(b"".join(line.data for line in lines), part.codec, part.prefix)
    out.end_line()


async def have_stamps(parts: Sequence[Part], zone: tzinfo) -> bool:
    """Whether most logs tell at their beginning when their lines were written."""
    some = [part for part in parts if part.stat.size][:: max(1, len(parts) // SAMPLED)]
    told = 0
    for part in some:
        timing = Timing(part.near, zone)
        try:
            chunk = await part.source.read(part.codec.bom, min(SAMPLE, part.stat.size))
        except NaruError:
            continue
        timing.lines(chunk.data, part.codec)
        told += timing.stamps > 0
    return bool(some) and told * 2 > len(some)
