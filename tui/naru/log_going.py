"""Being somewhere in a log, and going somewhere else: the lines at hand, and how they come to be there."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Protocol

from naru.log_lines import LogLine
from naru.log_window import LogWindow
from naru_client.i18n import _
from naru_client.logs.cached import CachedLog
from naru_client.logs.lines import LogText, RawLine
from naru_client.logs.seeking import Wanted, offset_of_line, offset_of_time
from naru_client.logs.source import LogSource
from naru_client.logs.stamps import Pace, is_gap, stamp_of

NEAR_ROWS = 5  # rows above a place that one jumps to
COUNTED_REMOTE = 4 << 20  # bytes; of a longer log on a server the lines are not counted, as all of it would be read


class Lines(Protocol):
    """Some or all lines of a log, by offset: `LogText` gives all of them."""

    async def lines_from(self, start: int, count: int, size: int) -> list[RawLine]: ...

    async def lines_before(self, end: int, count: int, size: int) -> list[RawLine]: ...


class LogGoing:
    """A log and the place in it that is on the screen. `changed` is called when there is something new to draw."""

    def __init__(
        self, source: LogSource, changed: Callable[[], None], *, now: Callable[[], datetime], zone: tzinfo
    ) -> None:
        self.source = CachedLog(source)
        self.window = LogWindow()
        self.text: LogText | None = None
        self.size: int | None = None
        self.sticking = True  # the end stays in sight as the log grows
        self.new_lines = 0  # that came while the end was out of sight
        self.new_lines_more = False  # there were more, which were not counted
        self.busy = ""  # what is being done that takes its time, in words
        self.busy_share: float | None = None  # how far that is (0 to 1), where it is known
        self.told = ""  # what came of it
        self.line_number: tuple[int, int] | None = None  # where a line starts whose number is known, and the number
        self.last_stamp: datetime | None = None  # the latest that was seen
        self._some: Lines | None = None  # which lines are shown, where not all are
        self._now, self._zone = now, zone
        self._changed = changed
        self._pace = Pace()

    def _at_end(self) -> None:
        self.sticking = True
        self.new_lines, self.new_lines_more = 0, False

    async def _go_end(self) -> None:
        if self.text is None or self.size is None:
            return
        size, wanted = self.size, self.window.screen
        raws = await self._source_of_lines().lines_before(size, wanted, size)
        self._place(raws, at_end=True, at_start=len(raws) < wanted)
        self.window.to_end()
        self._changed()

    async def _go_start(self) -> None:
        if self.text is None:
            return
        await self._go(self.text.first, 0)

    async def _go(self, offset: int, above: int = NEAR_ROWS) -> None:
        if self.text is None or self.size is None:
            return
        lines, wanted = self._source_of_lines(), self.window.screen
        before = await lines.lines_before(offset, above, self.size)
        after = await lines.lines_from(offset, wanted, self.size)
        ends = len(after) < wanted
        self._place([*before, *after], at_start=len(before) < above, at_end=ends, top=offset)
        if before:
            self.window.scroll(-above)
        self._changed()

    async def _seek(self, wanted: Wanted) -> None:
        if self.text is None or self.size is None:
            return
        text, size = self.text, self.size
        self.told = ""
        try:
            if wanted.share is not None:
                if wanted.share >= 1:
                    self._at_end()
                    await self._go_end()
                    return
                offset = await text.start_of(int(size * wanted.share), size)
            elif wanted.line is not None:
                if self.source.local_path is None and size > COUNTED_REMOTE:
                    self.told = _("it is too long to count its lines over the network: a share or a time can be found")
                    self._changed()
                    return
                offset = await self._seek_line(text, wanted.line, size)
            else:
                assert wanted.moment is not None
                self.busy = _("looking for {time}").format(time=f"{wanted.moment:%H:%M:%S}")
                offset = await offset_of_time(text, wanted.moment, size, self._now(), self._zone)
        finally:
            self.busy, self.busy_share = "", None
        await self._go(offset, 0)

    async def _seek_line(self, text: LogText, number: int, size: int) -> int:
        def told(offset: int, line: int) -> None:
            self.busy, self.busy_share = _("counting lines"), offset / max(size, 1)
            self._changed()

        past_cache = LogText(self.source.inner, text.codec)  # what is only counted need not be kept
        offset, found = await offset_of_line(past_cache, number, size, told)
        self.line_number = (offset, found)
        if found < number:
            self.told = _("it has {n} lines").format(n=f"{found:,}")
        return offset

    async def _fill(self) -> None:
        """Have enough lines at hand on both sides."""
        if self.text is None or self.size is None:
            return
        window, lines = self.window, self._source_of_lines()
        if self.sticking and self.size and not window.lines:
            await self._go_end()  # the reading of it failed before
        while window.wants_after:
            wanted, last = window.screen, window.lines[-1] if window.lines else None
            start = self.text.first if last is None else last.raw.until if last.raw.ended else last.start
            raws = await lines.lines_from(start, wanted, self.size)
            window.add_after(self._made(raws, last), len(raws) < wanted)
            if window.ends_in_sight:
                self.new_lines, self.new_lines_more = 0, False  # they are on the screen
            self._changed()
        while window.wants_before and window.lines:
            wanted = window.screen
            raws = await lines.lines_before(window.lines[0].start, wanted, self.size)
            window.add_before(self._made(raws, None), len(raws) < wanted)
            self._changed()

    def _source_of_lines(self) -> Lines:
        assert self.text is not None
        return self._some or self.text

    def _place(self, raws: list[RawLine], *, at_start: bool, at_end: bool, top: int = 0) -> None:
        self.window.place(self._made(raws, None), top, at_start=at_start, at_end=at_end)

    def _made(self, raws: list[RawLine], before: LogLine | None) -> list[LogLine]:
        """Lines to draw, those that are at hand already as they are, with the gaps between their time stamps."""
        assert self.text is not None
        known = {line.start: line for line in self.window.lines}
        lines = []
        now = self._now()
        last = None if before is None else stamp_of(before.beginning, now, self._zone)
        for raw in raws:
            line = known.get(raw.start)
            if line is None or line.raw.until != raw.until:
                line = LogLine(raw, self.text.codec)
            stamp = stamp_of(line.beginning, now, self._zone)
            if stamp is not None:
                if last is not None and self._some is None and is_gap(last, stamp, self._pace.usual):
                    line.gap = (stamp - last).total_seconds()
                self._pace = self._pace.after(stamp)
                last = stamp
                if self.last_stamp is None or stamp > self.last_stamp:
                    self.last_stamp = stamp
            lines.append(line)
        return lines
