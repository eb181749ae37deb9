"""One log on its way to standard output: its bytes in chunks, cut into lines, those chosen that match, and written."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from naru.commands.log_cutting import LONGEST, Cutter
from naru.commands.log_output import LogOutput
from naru.commands.log_places import last_matching, start_of_last
from naru_client.logs.encoding import Codec, find_newline
from naru_client.logs.source import LogSource

if TYPE_CHECKING:
    from naru_client.logs.pattern import Pattern
    from naru_client.logs.search_finders import Finder

CHUNK = 1 << 20  # bytes that are read at a time
LONGEST_SEARCHED = 1 << 22  # bytes of a line that are looked through as one
MOST_OPEN = 256  # logs that are open at the same time

Told = Callable[[], None]


class Choice(Struct, frozen=True):
    """Which lines: the `last` so many, all where that is None; those that match a pattern."""

    last: int | None = None
    pattern: "Pattern | None" = None


class LineFilter:
    """Which lines of some bytes match."""

    def __init__(self, pattern: "Pattern") -> None:
        self._pattern = pattern
        self._finder: tuple[Codec, Finder] | None = None

    def matching(self, data: bytes, codec: Codec) -> bytes:
        """The matching ones of whole lines, with their newlines."""
        if self._finder is None or self._finder[0] != codec:
            self._finder = codec, self._pattern.finder(codec)
        lines: list[bytes] = []
        for start in self._finder[1].lines(data, 0, len(data)):
            end = find_newline(data, codec, start)
            lines.append(data[start:] if end < 0 else data[start : end + len(codec.newline)])
        return b"".join(lines)


class LogPrinting:
    """`codec` None is told from the log's beginning. `prefix` stands before each line."""

    def __init__(
        self, out: LogOutput, codec: Codec | None, *, raw: bool, pattern: "Pattern | None" = None, prefix: str = ""
    ) -> None:
        self.out = out
        self.raw = raw
        self.prefix = prefix
        self.printed = False  # anything at all
        self._filter = LineFilter(pattern) if pattern is not None else None
        self.cutter = Cutter(codec, longest=LONGEST if pattern is None else LONGEST_SEARCHED)

    @property
    def byte_for_byte(self) -> bool:
        """Whether what comes is written as it comes, whatever it is."""
        return self.raw and self._filter is None

    def feed(self, offset: int, data: bytes) -> None:
        """Print a chunk that follows the one before it, as far as its lines are whole."""
        if self.byte_for_byte:
            self.out.raw(data)
            self.printed = self.printed or bool(data)
        else:
            self._write(self.cutter.feed(offset, data))

    def finish(self) -> None:
        """Print what there is of a last line that has no end."""
        self._write(self.cutter.take_rest())

    def show_rest(self) -> None:
        """Print a line that has no end yet as far as it has come: it will go on behind that."""
        self._write(self.cutter.take_rest(whole_characters=True))

    def show_state(self) -> None:
        """Print how a progress bar stands now, as a line of its own; it goes on being rewritten."""
        self._write(self.cutter.rest + self.cutter.codec.newline)

    def begin_anew(self) -> None:
        """What comes next is another file's, or the same's from its start."""
        self.finish()
        if not self.raw:
            self.out.end_line()
        self.cutter.begin_anew()

    def write_lines(self, data: bytes) -> None:
        """Print lines that were chosen already."""
        self.printed = self.printed or bool(data)
        if self.raw:
            self.out.raw(data)
        else:
            self.out.lines(data, self.cutter.codec, self.prefix)

    def _write(self, data: bytes) -> None:
        if data and self._filter is not None:
            data = self._filter.matching(data, self.cutter.codec)
        if data:
            self.write_lines(data)


async def print_span(
    source: LogSource, printing: LogPrinting, offset: int, size: int, told: Told = lambda: None
) -> None:
    """Print a log from an offset up to a size; less where it has become shorter. Raises what the source raises.

    `told` is called once where the source could not give every byte as it stands.
    """
    exact = True
    while offset < size:
        chunk = await source.read(offset, min(CHUNK, size - offset))
        if exact and not chunk.exact:
            exact = False
            told()
        if not chunk.data:
            return
        printing.feed(offset, chunk.data)
        offset = chunk.until


async def print_one(
    source: LogSource, size: int, choice: Choice, printing: LogPrinting, told: Told = lambda: None
) -> None:
    """Print the wanted lines of one log. Raises what its source raises."""
    codec = printing.cutter.codec
    if choice.last is not None and choice.pattern is not None:
        for line in await last_matching(source, choice.pattern, codec, size, choice.last):
            printing.write_lines(line)
        return
    start = 0 if choice.last is None else await start_of_last(source, codec, size, choice.last)
    await print_span(source, printing, start, size, told)
    printing.finish()
