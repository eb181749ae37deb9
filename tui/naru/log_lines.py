"""A line of a log as it is drawn: its text and colours, what it says, and how many rows of the screen it takes.

Pure. What is costly is made when a line is first looked at: of a window of several hundred lines most are not.
"""

from functools import cached_property

from rich.cells import cell_len, get_character_cell_size

from naru_client.logs.encoding import Codec, decode_line
from naru_client.logs.levels import level_of
from naru_client.logs.lines import RawLine
from naru_client.logs.looks import Looks, looks_of
from naru_client.logs.problems import Problem, problem_of

LONG = 4096  # bytes
Rows = tuple[tuple[int, int], ...]  # from and to which character of the text each row goes


class LogLine:
    """One line. `gap` is for how many seconds nothing was written before it, None where that is nothing special."""

    def __init__(self, raw: RawLine, codec: Codec) -> None:
        self.raw = raw
        self.gap: float | None = None
        self._codec = codec
        self._rows: tuple[int, Rows] = (-1, ())

    @property
    def start(self) -> int:
        """Its offset in the log: what it is known by."""
        return self.raw.start

    @cached_property
    def looks(self) -> Looks:
        return looks_of(decode_line(self.raw.data, self._codec))

    @property
    def text(self) -> str:
        return self.looks.text

    @cached_property
    def beginning(self) -> str:
        """The text as far as a time stamp may stand in it: the whole of a long line is not made for that."""
        if len(self.raw.data) <= LONG:
            return self.text
        return looks_of(decode_line(self.raw.data[: LONG // 2], self._codec)).text

    @cached_property
    def last_words(self) -> str:
        """The text, of a long line its end: what a bar that was drawn over itself says last."""
        if len(self.raw.data) <= LONG:
            return self.text
        return looks_of(decode_line(self.raw.data[-LONG:], self._codec)).text

    @cached_property
    def problem(self) -> Problem | None:
        return problem_of(self.text)

    @cached_property
    def level(self) -> str | None:
        return level_of(self.text)

    @cached_property
    def cells(self) -> int:
        return len(self.text) if self.text.isascii() else cell_len(self.text)

    def rows(self, width: int) -> Rows:
        """The parts that its text is broken into at a width in cells; all of it as one where `width` is 0."""
        if not width or self.cells <= width:
            return ((0, len(self.text)),)
        if self._rows[0] != width:
            self._rows = (width, broken(self.text, width))
        return self._rows[1]

    def height(self, width: int) -> int:
        """How many rows it takes, with the one that tells of the gap before it."""
        return (self.gap is not None) + (1 if not width or self.cells <= width else len(self.rows(width)))


def broken(text: str, width: int) -> Rows:
    """A text in parts of at most `width` cells; a wide character that does not fit begins the next one."""
    if text.isascii():
        return tuple((at, min(at + width, len(text))) for at in range(0, len(text), width))
    parts: list[tuple[int, int]] = []
    begin = used = 0
    for at, character in enumerate(text):
        cells = get_character_cell_size(character)
        if used + cells > width and at > begin:
            parts.append((begin, at))
            begin, used = at, 0
        used += cells
    parts.append((begin, len(text)))
    return tuple(parts)


def from_cell(text: str, cell: int) -> tuple[int, int]:
    """The character that stands at a cell, and how many cells of blank stand before it where a wide one was cut."""
    if cell <= 0:
        return 0, 0
    if text.isascii():
        return min(cell, len(text)), 0
    used = 0
    for at, character in enumerate(text):
        if used >= cell:
            return at, used - cell
        used += get_character_cell_size(character)
    return len(text), max(0, used - cell)
