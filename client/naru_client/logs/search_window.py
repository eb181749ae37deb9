"""A window that goes over a log once, from front to back, and tells which lines hold a match as they become whole."""

from naru_client.logs.encoding import Codec
from naru_client.logs.search_finders import Finder, after_line

WINDOW = 1 << 18  # bytes; where every line matches, a window is what the screen may have to wait for
OVERLAP = 1 << 16  # bytes of a line longer than the window that are looked at again together with what follows


class Window:
    """Fill `room()` and say how much was filled in with `took()`, which gives the offsets of matching lines.

    A line that is longer than the window counts once as well. It is looked at in stretches that overlap, so that
    memory stays bounded; only a match longer than the overlap, across two stretches, is missed.
    """

    def __init__(self, finder: Finder, codec: Codec, offset: int, *, size: int = WINDOW, whole: bool = True) -> None:
        """`offset`, a multiple of the codec's unit, is that of the first byte; `whole` says that a line starts there.
        Otherwise everything up to the first newline is left out."""
        self._finder = finder
        self._codec = codec
        self._size = max(size, 8) & ~1
        self._data = bytearray(self._size)
        self._view = memoryview(self._data)
        self._fill = 0
        self._base = offset
        self.line = offset
        self._inside = not whole  # the line at the front began before the window
        self._settled = not whole  # and what it holds no longer matters
        self.told = False  # the line at the front was given already

    @property
    def until(self) -> int:
        """The offset of the first byte that was not yet given."""
        return self._base + self._fill

    def room(self) -> memoryview:
        """Where the next bytes go; never empty."""
        return self._view[self._fill :]

    def took(self, count: int) -> list[int]:
        self._fill += count
        found: list[int] = []
        begin = 0
        cut = self._last_newline(count)
        if self._inside:
            if cut == 0:
                return self._overflow() if self._fill == self._size else found
            begin = after_line(self._data, self._codec, 0, cut)
            if not self._settled and self._holds(begin, ends=True):
                found.append(self.line)
            self._inside = self._settled = self.told = False
            self.line = self._base + begin
        if cut > begin:
            found += [self._base + at for at in self._finder.lines(self._data, begin, cut)]
        if cut:
            self.line = self._base + cut
            self._keep(self._fill - cut)
        if self._fill == self._size:
            found += self._overflow()
        return found

    def finish(self) -> list[int]:
        """Whether the last line, which has no newline, holds a match as it is. The window can be gone on with."""
        if self._fill == 0 or self._settled:
            return []
        return [self.line] if self._holds(self._fill, ends=True) else []

    def _overflow(self) -> list[int]:
        """The window is full of one line, or of a part of one."""
        found: list[int] = []
        if not self._settled and self._holds(self._fill, ends=False):
            found.append(self.line)
            self._settled = self.told = True
        self._inside = True
        keep = 0 if self._settled else min(OVERLAP, self._size // 2)
        self._keep(keep + (self._fill - keep) % self._codec.unit)
        return found

    def _holds(self, end: int, *, ends: bool) -> bool:
        return self._finder.holds(bytes(self._view[:end]), begins=not self._inside, ends=ends)

    def _keep(self, count: int) -> None:
        """Move the last bytes to the front."""
        gone = self._fill - count
        self._view[:count] = self._view[gone : self._fill]
        self._base += gone
        self._fill = count

    def _last_newline(self, fresh: int) -> int:
        """The index after the last newline; 0 where there is none. Only what is fresh can hold one."""
        newline, unit = self._codec.newline, self._codec.unit
        oldest = max(0, self._fill - fresh - len(newline) + 1)
        at = self._data.rfind(newline, oldest, self._fill)
        while at >= 0 and at % unit:
            at = self._data.rfind(newline, oldest, at + len(newline) - 1)
        return 0 if at < 0 else at + len(newline)
