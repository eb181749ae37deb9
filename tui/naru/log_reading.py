"""Reading one log for the screen: opens it, follows it, and keeps the lines at hand around where one looks.

`run` is the one task that reads; whatever a key asks for is a wish that it grants next, in place of a wish before it
that is not granted yet. It calls `changed` whenever there is something new to draw, and never raises.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, tzinfo

from naru.log_going import Lines, LogGoing
from naru.log_lines import LogLine
from naru_client.errors import NaruError
from naru_client.i18n import _
from naru_client.logs.encoding import detect
from naru_client.logs.following import MOST, Began, Following, Found, Grew, Lost, News
from naru_client.logs.lines import LogText, RawLine, open_text
from naru_client.logs.merged import MergedLog
from naru_client.logs.seeking import Wanted
from naru_client.logs.source import LogSource
from naru_client.logs.summary import Summary, fold_lines, seen

NEAR_ROWS = 5  # rows above a place that one jumps to
LOOKED_AT = 400  # new lines of one look in which progress and problems are looked for: the last ones
AT_ONCE = 50  # of these at a time
MOST_HERE = 4 << 20  # bytes of a file on this machine that are read with one look
BEHIND = 8 << 20  # bytes; a log that grows faster than it can be read is gone after at its end
SOONEST = 1.0  # seconds between two looks that a person asks for
BUSY = 0.4  # seconds between two looks at a log that fills a screen with each: what is drawn goes over a network

Wish = Callable[[], Awaitable[None]]


def began_words(why: str) -> str:
    """What happened to a log that starts anew."""
    return {
        "truncated": _("it was cut short, and starts anew"),
        "replaced": _("another file has taken its place"),
        "rewritten": _("it was written anew"),
        "appeared": _("it has come to be"),
    }[why]


class LogReading(LogGoing):
    """A log as it is read. `now` gives the time at the site, `zone` the one in which its stamps are written.

    While `resting` nothing is looked at: nobody looks, or a person wants it so. What a key asks for is read all the
    same.
    """

    def __init__(
        self,
        source: LogSource,
        changed: Callable[[], None],
        *,
        now: Callable[[], datetime],
        zone: tzinfo,
        resting: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(source, changed, now=now, zone=zone)
        self.trouble: NaruError | None = None
        self.happened = ""  # what came of the file last, in words
        self.summary = Summary()
        self.began = 0  # how often it started anew
        self.recovered = 0  # how often it could be read again
        self.only: Callable[[LogText], Lines] | None = None
        self._most = MOST if source.local_path is None else MOST_HERE
        self._resting = resting
        self._following: Following | None = None
        self._wish: Wish | None = None
        self._asked = asyncio.Event()
        self._looking: asyncio.Future[list[News]] | None = None
        self._news: list[News] = []  # what is still to be done about it
        self._growth = 0  # lines that came with the last look
        self._hurried = False  # a look is wanted before it is time
        self._lost = False  # the last look could not find it

    # ---- what keys ask -----------------------------------------------------------------------------------------

    def scroll(self, rows: int) -> None:
        self.window.scroll(rows)
        self.told = self.happened = ""
        if rows < 0:
            self.sticking = False
        elif self.window.ends_in_sight and self._wish is None:  # else one is on the way somewhere else
            self._at_end()
        self._asked.set()
        self._changed()

    def to_start(self) -> None:
        self.sticking, self.told = False, ""
        self.ask(self._go_start)

    def to_end(self) -> None:
        self._at_end()
        self.told = self.happened = ""
        self.ask(self._go_end)

    def to_offset(self, offset: int) -> None:
        """Bring the line into sight that starts there."""
        self.sticking = False
        if self.window.to_line(offset, NEAR_ROWS):
            self._asked.set()
            self._changed()
        else:
            self.ask(lambda: self._go(offset))

    def back_to(self, offset: int | None) -> None:
        """Where one was before: a line in the first row, or the end."""
        if offset is None:
            self.to_end()
        else:
            self.sticking = False
            self.ask(lambda: self._go(offset, 0))

    def seek(self, wanted: Wanted) -> None:
        self.sticking = False
        self.ask(lambda: self._seek(wanted))

    def look_now(self) -> None:
        """Look at the log before it is time, but not sooner after the last look than a server likes."""
        self._hurried = True
        self._asked.set()

    def wake(self) -> None:
        """More lines may have to be at hand than before."""
        self._asked.set()

    def ask(self, wish: Wish) -> None:
        """Have something done next, in place of whatever was still to be done."""
        self._wish = wish
        self._asked.set()

    def give_up(self) -> bool:
        """Stop looking for something; whether anything was being looked for."""
        if not self.busy:
            return False
        self.busy, self.busy_share = "", None
        self.ask(self._nothing)
        return True

    def show_only(self, only: Callable[[LogText], Lines] | None) -> None:
        """Show only some lines from now on, or all again; the place stays about the same."""
        self.only = only
        if self.text is not None:
            self._some = only(self.text) if only else None
        top = self.window.top
        if self.sticking or top is None:
            self.ask(self._go_end)
        else:
            self.ask(lambda: self._go(top.start))

    # ---- the one task ------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Read until cancelled."""
        await self._guarded(self._open)
        loop = asyncio.get_running_loop()
        looked = loop.time()
        due = looked + self.pace  # keys that come one upon another do not put the next look off
        while True:
            if self._wish is None and (left := due - loop.time()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):  # wait_for would lose a cancellation that comes with a wish
                        await self._asked.wait()
                self._asked.clear()
            wish, self._wish = self._wish, None
            if wish is not None:
                await self._grant(wish, wished=True)
            if self._hurried and loop.time() >= looked + SOONEST:
                due = loop.time()
            if loop.time() >= due:
                if self._hurried or not self._resting():
                    await self._grant(self._look)
                self._hurried, looked = False, loop.time()
                due = looked + self.pace
            await self._grant(self._fill)

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        await self.source.close()

    @property
    def pace(self) -> float:
        """Seconds until the next look."""
        behind = self._following is not None and self.size is not None and self._following.offset < self.size
        local = self.source.local_path is not None  # a server is given its pause in any case
        if behind and local and self._growth and not self.sticking and not self._resting():
            return 0.0
        return max(self.source.pace, BUSY) if self._growth > self.window.height else self.source.pace

    async def _grant(self, wish: Wish, *, wished: bool = False) -> None:
        """Do something unless something else is asked for meanwhile: then that is done instead."""
        task = asyncio.ensure_future(self._guarded(wish, wished=wished))
        woken = False
        try:
            while not task.done():
                asked = asyncio.ensure_future(self._asked.wait())
                try:
                    await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    asked.cancel()
                if self._wish is not None:
                    break
                woken = woken or self._asked.is_set()
                self._asked.clear()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            if woken:  # it may have come too late for what was done
                self._asked.set()

    async def _guarded(self, wish: Wish, *, wished: bool = False) -> None:
        """What fails is told: of a key's wish only that, of the log itself until it can be read again."""
        try:
            await wish()
        except Exception as error:
            if not isinstance(error, NaruError):
                error = NaruError(_("internal error: {kind}").format(kind=type(error).__name__))
            if wished:
                self.told = error.message
            else:
                self.trouble = error
            self._changed()

    async def _nothing(self) -> None:
        self._changed()

    # ---- opening and following ---------------------------------------------------------------------------------

    async def _open(self) -> None:
        try:
            text = await open_text(self.source)
        except NaruError:
            self._following = self._following or Following(self.source, None)
            raise
        stat = await self.source.stat() if self.source.size is None else self.source.last_stat
        self.text, self.size = text, self.source.size
        self._some = self.only(text) if self.only else None
        self._following = Following(self.source, stat, self.size or 0, most=self._most)
        await self._following.remember()
        self.trouble = None
        await self._go_end()
        self._fold(self.window.lines)

    async def _look(self) -> None:
        if self._following is None:
            return
        if not self._news:
            self._growth = 0
            # It goes on when a key cuts this short: news that it has would be lost with it.
            self._looking = self._looking or asyncio.ensure_future(self._following.look())
            self._news = await asyncio.shield(self._looking)
            self._looking = None
            self._lost = any(isinstance(one, Lost) for one in self._news) or (self._lost and not self._news)
            if self.trouble is not None and not self._lost:
                self.trouble = None
                self.recovered += 1
                self._changed()
            if not self._news:  # most looks find nothing: then there is nothing to draw either
                return
        while self._news:
            match news := self._news[0]:
                case Began():
                    await self._begin(news)
                case Grew():
                    await self._grow(news)
                case Lost():
                    self.trouble = news.error
                case Found():
                    self.trouble = None
            del self._news[0]
        stat = self._following.stat
        if stat is not None and self.trouble is None:
            self.summary = seen(self.summary, stat.size, stat.modified, self._now())
        await self._fill()
        self._changed()

    async def _begin(self, news: Began) -> None:
        self.trouble = None
        if isinstance(self.source.inner, MergedLog):  # it is as long as it may be, and goes on with its newer half
            self.happened = ""
        else:
            self.happened = began_words(news.why) if news.why != "appeared" else ""
        self.new_lines, self.new_lines_more, self.line_number = 0, False, None
        self.began += 1
        self.summary = Summary()
        self.size = self.source.size
        self.text = await open_text(self.source)
        self._some = self.only(self.text) if self.only else None
        self.window.place([], 0, at_start=True, at_end=False)
        await (self._go_end() if self.sticking else self._go_start())

    async def _grow(self, news: Grew) -> None:
        assert self._following is not None
        chunk = news.chunk
        self.size = chunk.until + news.behind
        if self.text is None:
            await self._open()
            return
        if chunk.offset == 0 and (codec := detect(chunk.data[:4096], chunk.data, 0)) != self.text.codec:
            self.text = LogText(self.source, codec)  # it was empty when it was opened
            self._some = self.only(self.text) if self.only else None
        if news.behind > BEHIND:
            self.new_lines_more = not self.sticking
            self._following.skip_to(self.size - BEHIND // 8)
        await self._fold_new(chunk.offset, chunk.data)
        if self.sticking:
            await self._go_end()
        lines = chunk.data.count(b"\n")
        self._growth += lines
        if not self.sticking:
            self.window.at_end = False
            self.new_lines += lines

    async def _fold_new(self, offset: int, data: bytes) -> None:
        """Look into the last of the new lines for progress and problems, a few at a time: keys come between them."""
        assert self.text is not None
        if self.text.codec.unit > 1:
            return
        parts = data.rsplit(b"\n", LOOKED_AT)
        if len(parts) > LOOKED_AT:
            offset += len(parts[0]) + 1
            parts = parts[1:]
        raws = []
        for part in parts:
            raws.append(LogLine(RawLine(offset, offset + len(part) + 1, part, True), self.text.codec))
            offset += len(part) + 1
        lines = [line for line in raws if line.raw.data]
        for at in range(0, len(lines), AT_ONCE):
            self._fold(lines[at : at + AT_ONCE])
            await asyncio.sleep(0)

    def _fold(self, lines: list[LogLine]) -> None:
        self.summary = fold_lines(self.summary, ((line.start, line.last_words) for line in lines))
