"""A search in the log that is open: where the next match is, how many there are, and how far counting has come."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from naru.format import Glyphs, progress_bar, size
from naru.log_reading import LogReading
from naru_client.errors import NaruError
from naru_client.i18n import _, n_
from naru_client.logs.lines import LogText, RawLine
from naru_client.logs.pattern import Pattern
from naru_client.logs.search import Search


class LogSearch:
    """`changed` is called whenever there is something new to say. `here` is where the line found last starts."""

    def __init__(
        self, reading: LogReading, text: LogText, pattern: Pattern, changed: Callable[[], None], typed: str
    ) -> None:
        self.pattern = pattern
        self.typed = typed
        self.here: int | None = None
        self.nothing = ""  # said instead of a count when there is nothing in the wanted direction
        self._reading = reading
        self._as_of = (reading.began, reading.recovered)
        self._search = Search(reading.source.inner, pattern, text.codec, on_progress=self._moved)
        self._changed = changed
        self._size = reading.size or 0
        self._grew = asyncio.Event()
        self._place: tuple[int, int] | None = None  # which one was found last, of how many

    async def count(self) -> None:
        """Count every matching line, then those that come, until cancelled."""
        await self._search.run()
        await self._told()
        while True:
            await self._grew.wait()
            self._grew.clear()
            await self._search.extend(self._size)
            await self._told()

    async def _told(self) -> None:
        await self._number()
        self._changed()

    def _moved(self, _progress: object) -> None:
        self._changed()

    async def _number(self) -> None:
        """Which one is it that was found last?"""
        if self.here is not None:
            with suppress(NaruError):
                self._place = await self._search.ordinal(self.here)

    def grown_to(self, size: int) -> None:
        """The log has grown: what is new is counted as well."""
        if size > self._size:
            self._size = size
            self._grew.set()

    async def find(self, offset: int, forwards: bool, *, either: bool = False) -> int | None:
        """Where the next matching line starts from a place on, or the last one before it.

        With `either` the last one before it will do where there is none from there on.
        """
        found = await (self._search.next_from(offset) if forwards else self._search.previous_before(offset))
        if found is None and either:
            found = await self._search.previous_before(offset)
        if found is None:
            self.nothing = _("no match below") if forwards else _("no match above")
        else:
            self.nothing = ""
            self.here, self._place = found, None
            await self._number()
        return found

    def end(self) -> None:
        self._search.cancel()

    def words(self, glyphs: Glyphs) -> str:
        """`"nan" 3 of 120`, and how far the counting has come."""
        progress = self._search.progress
        name = f"/{self.typed}"
        if progress.broken:
            return f"{name}  " + _("not counted: the log could not be read to its end")
        count = f"{progress.matches:,}"
        if self._place is not None:
            told = _("{n} of {count}").format(n=f"{self._place[0]:,}", count=count)
        else:
            told = n_("{n} line", "{n} lines", progress.matches).format(n=count)
        if not progress.done:
            told += "+"
            if progress.size:
                told += "  " + progress_bar(progress.scanned / progress.size, glyphs)
        elif progress.limited:
            told += " " + _("(in the last {size})").format(size=size(progress.size - progress.first))
        return "  ".join(filter(None, (name, told, self.nothing)))

    @property
    def outlived(self) -> bool:
        """Whether it is worth counting anew: the log is another one, or can be read again after counting broke off.

        Not because it broke off alone: the next attempt may end as this one did, and ask a server again each time.
        """
        began, recovered = self._as_of
        broken = self._search.progress.broken
        return self._reading.began != began or (broken and self._reading.recovered != recovered)

    def lines(self, text: LogText) -> "MatchingLines":
        return MatchingLines(text, self._search)


class MatchingLines:
    """Only the lines of a log that match."""

    def __init__(self, text: LogText, search: Search) -> None:
        self._text = text
        self._search = search

    async def lines_from(self, start: int, count: int, size: int) -> list[RawLine]:
        found: list[RawLine] = []
        while len(found) < count and (at := await self._search.next_from(start)) is not None and at < size:
            found += await self._text.lines_from(at, 1, size)
            start = found[-1].until
        return found

    async def lines_before(self, end: int, count: int, size: int) -> list[RawLine]:
        found: list[RawLine] = []
        while len(found) < count and (at := await self._search.previous_before(end)) is not None:
            found += await self._text.lines_from(at, 1, size)
            end = at
        found.reverse()
        return found
