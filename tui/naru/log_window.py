"""The stretch of a log that is at hand: some screens of lines around the one that is shown, and where one is in it.

Pure. Moving within it needs nothing but it; what is missing at an end is asked for with `wants_before`, `wants_after`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from naru.log_lines import LogLine

AHEAD = 2  # screens of lines that should be at hand on either side
MOST = 12  # screens of lines that are kept in all
LEAST = 40  # lines that count as a screen at least


class LogWindow:
    """Lines that follow one another, and the place of the screen's first row in them: a line and a row of it.

    `height` and `width` are those of the screen in rows and cells. `at_start` and `at_end` say that the log has no
    more lines on that side.
    """

    def __init__(self) -> None:
        self.lines: list[LogLine] = []
        self.at_start = self.at_end = False
        self.height, self.width = 24, 80
        self.wrapped = False
        self.left = 0  # the first cell that is shown of lines that are not wrapped
        self._top = 0
        self._row = 0
        self._starts: list[int] = []

    @property
    def wrap_width(self) -> int:
        return max(1, self.width) if self.wrapped else 0

    @property
    def top(self) -> LogLine | None:
        """The line of the first row."""
        return self.lines[self._top] if self.lines else None

    @property
    def bottom(self) -> LogLine | None:
        """The line of the last row that shows one."""
        rows = self.shown()
        return rows[-1][0] if rows else None

    @property
    def screen(self) -> int:
        return max(LEAST, self.height)

    @property
    def wants_before(self) -> bool:
        return not self.at_start and self._top < AHEAD * self.screen

    @property
    def wants_after(self) -> bool:
        return not self.at_end and len(self.lines) - self._top < (AHEAD + 1) * self.screen

    @property
    def ends_in_sight(self) -> bool:
        """Whether the very last row of the log is on the screen."""
        return self.at_end and self._rows_left() <= self.height

    def shown(self) -> list[tuple[LogLine, int]]:
        """The rows of the screen from the top: a line, and which of its rows."""
        rows: list[tuple[LogLine, int]] = []
        row = self._row
        for line in self.lines[self._top : self._top + self.height]:
            for nth in range(row, line.height(self.wrap_width)):
                rows.append((line, nth))
                if len(rows) == self.height:
                    return rows
            row = 0
        return rows

    def place(self, lines: Sequence[LogLine], top: int, *, at_start: bool, at_end: bool) -> None:
        """Have these lines instead, with the one that starts at the offset `top` (or comes next) in the first row."""
        self._take(list(lines))
        self.at_start, self.at_end = at_start, at_end
        self._top = min(bisect_left(self._starts, top), max(0, len(self.lines) - 1))
        self._row = 0
        self.settle()

    def add_after(self, lines: Sequence[LogLine], at_end: bool) -> None:
        """Lines that come after the last one; a last one that has grown since is replaced."""
        if lines and self.lines and lines[0].start == self.lines[-1].start:
            del self.lines[-1]
        self._take([*self.lines, *lines])
        self.at_end = at_end
        spare = self._top - MOST * self.screen // 2
        if spare > 0 and len(self.lines) > MOST * self.screen:
            self._top -= spare
            self._take(self.lines[spare:])
            self.at_start = False
        self.settle()

    def add_before(self, lines: Sequence[LogLine], at_start: bool) -> None:
        self._take([*lines, *self.lines])
        self._top += len(lines)
        self.at_start = at_start
        keep = self._top + MOST * self.screen // 2
        if len(self.lines) > max(keep, MOST * self.screen):
            self._take(self.lines[:keep])
            self.at_end = False
        self.settle()

    def scroll(self, rows: int) -> None:
        """Move by so many rows, as far as there are lines at hand."""
        self._row += rows
        while self._row < 0 and self._top > 0:
            self._top -= 1
            self._row += self.lines[self._top].height(self.wrap_width)
        self._row = max(0, self._row)
        while self.lines and self._row >= (height := self.lines[self._top].height(self.wrap_width)):
            if self._top == len(self.lines) - 1:
                self._row = max(0, height - 1)
                break
            self._row -= height
            self._top += 1
        self.settle()

    def to_end(self) -> None:
        """Put the last row that is at hand at the bottom of the screen."""
        self._top, self._row = max(0, len(self.lines) - 1), 0
        left = self.height
        for at in range(len(self.lines) - 1, -1, -1):
            height = self.lines[at].height(self.wrap_width)
            if height >= left:
                self._top, self._row = at, height - left
                return
            left -= height
            self._top = at

    def to_line(self, start: int, rows_above: int) -> bool:
        """Put the line that starts there on the screen, so many rows from its top; False when it is not at hand."""
        at = bisect_left(self._starts, start)
        if at >= len(self.lines) or self._starts[at] != start:
            return False
        self._top, self._row = at, 0
        self.scroll(-rows_above)
        return True

    def holds(self, offset: int) -> bool:
        """Whether the line in which an offset lies is at hand."""
        return bool(self.lines) and self.lines[0].start <= offset < self.lines[-1].raw.until

    def line_at(self, offset: int) -> LogLine | None:
        """The line in which an offset lies."""
        if not self.holds(offset):
            return None
        return self.lines[bisect_right(self._starts, offset) - 1]

    def settle(self) -> None:
        """No blank below the end of the log while there are lines above to fill it."""
        if self.at_end and self._rows_left() < self.height:
            self.to_end()
        if self.lines:
            self._row = min(self._row, self.lines[self._top].height(self.wrap_width) - 1)

    def widest_shown(self) -> int:
        """Cells of the longest line on the screen."""
        return max((line.cells for line, _row in self.shown()), default=0)

    def _rows_left(self) -> int:
        """Rows from the top of the screen to the end of what is at hand; no more than just past the screen's height."""
        rows = -self._row
        for line in self.lines[self._top : self._top + self.height + 1]:
            rows += line.height(self.wrap_width)
            if rows > self.height:
                break
        return rows

    def _take(self, lines: list[LogLine]) -> None:
        self.lines = lines
        self._starts = [line.start for line in lines]
        self._top = min(self._top, max(0, len(lines) - 1))
