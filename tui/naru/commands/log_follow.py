"""`naru logs -f`: what comes, as it comes, until the job has ended and its log is silent."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from naru.commands.log_output import LogOutput
from naru.commands.log_printing import LogPrinting
from naru_client.errors import NaruError, NotFound, Unreachable
from naru_client.i18n import _
from naru_client.logs.following import Began, Following, Found, Grew, Lost
from naru_client.logs.source import LogSource, LogStat
from naru_client.model import Job
from naru_client.text import clean

ASK_EVERY = 60.0  # seconds between two questions of how the job is, which are only asked while its log is silent
SILENT = 2  # looks without anything new after which the log of a job that has ended is over
STATE_EVERY = 10.0  # seconds between two states of a progress bar that are printed
A_LOOK = 0.01  # seconds that a look at one of many logs may take on the average

Say = Callable[[str], None]


def began_words(why: str, name: str = "") -> str:
    """What happened to a log that starts anew."""
    words = {
        "truncated": _("the file was cut short; it goes on from its start"),
        "replaced": _("another file has taken its place; it goes on from that one's start"),
        "rewritten": _("the file was written anew; it goes on from its start"),
    }[why]
    return f"{name}: {words}" if name else words


class FollowedLog:
    """One log that is followed. `stat` is what it was when it was opened, None where it was not there."""

    def __init__(
        self, source: LogSource, stat: LogStat | None, offset: int, printing: LogPrinting, say: Say, name: str = ""
    ) -> None:
        self.source = source
        self.printing = printing
        self.behind = False  # there is more to read at once
        self.silenced = False  # its file system does not answer: nobody knows what is new
        self._following = Following(source, stat, offset)
        self._absent = stat is None
        self._say = say
        self._name = name
        self._exact = True

    @property
    def found(self) -> bool:
        """Whether there was any file."""
        return self._following.stat is not None

    async def look(self) -> bool:
        """Print what is new; whether anything was."""
        came = False
        self.behind = False
        for news in await self._following.look():
            match news:
                case Grew():
                    came = True
                    self.behind = news.behind > 0
                    if self._exact and not news.chunk.exact:
                        self._exact = False
                        self._say(_("some bytes were lost on the way: they are no UTF-8"))
                    self.printing.feed(news.chunk.offset, news.chunk.data)
                case Began():
                    came = True
                    self.printing.begin_anew()
                    if news.why != "appeared":
                        self._say(began_words(news.why, self._name))
                    self._absent = self.silenced = False
                case Lost():
                    self.silenced = isinstance(news.error, Unreachable)
                    if not (self._absent and isinstance(news.error, NotFound)):  # that it is not there yet was said
                        self._say(news.error.message)
                case Found():
                    self.silenced = False
                    if not self._absent:
                        self._say(_("it can be read again"))
        return came


class Follower:
    """Follows logs of the same jobs. `ask` tells how the jobs are; `more` opens what has come to be known since."""

    def __init__(
        self,
        out: LogOutput,
        say: Say,
        jobs: Sequence[Job],
        *,
        ask: Callable[[], Awaitable[Sequence[Job]]],
        more: Callable[[Sequence[Job]], Awaitable[Sequence[FollowedLog]]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.logs: list[FollowedLog] = []
        self._out, self._say = out, say
        self._jobs = tuple(jobs)
        self._ask, self._more = ask, more
        self._sleep, self._clock = sleep, clock
        self._asked = clock()
        self._ended = all(job.finished for job in jobs)
        self._rest = b""
        self._state_at = clock()
        self._state = b""

    async def run(self) -> None:
        """Follow until the jobs have ended and nothing comes any more. Raises BrokenPipeError when nobody reads."""
        silent = 0
        while True:
            came = False
            for log in self.logs:
                came = await log.look() or came
            self._show_unfinished(came)
            self._out.flush()
            if any(log.behind for log in self.logs):
                silent = 0
                await asyncio.sleep(0)
                continue
            if self._out.nobody_reads():
                raise BrokenPipeError
            silent = 0 if came or any(log.silenced for log in self.logs) else silent + 1
            if silent and not self._ended and self._clock() - self._asked >= ASK_EVERY:
                await self._ask_again()
                silent = 0
            if self._ended and silent >= SILENT:
                return
            await self._sleep(self._pace)

    def finish(self) -> None:
        """Print what is left of lines that have no end."""
        for log in self.logs:
            log.printing.finish()
        self._out.flush()

    @property
    def ended_words(self) -> str:
        """How the jobs ended."""
        states = sorted({clean(job.state) for job in self._jobs})
        if not states:
            return _("the job is no longer known; nothing more has come")
        if len(self._jobs) > 1:
            return _("the jobs have ended ({states})").format(states=", ".join(states))
        return _("the job has ended ({states})").format(states=", ".join(states))

    @property
    def _pace(self) -> float:
        return max([log.source.pace for log in self.logs] or [ASK_EVERY / 12]) + A_LOOK * (len(self.logs) - 1)

    async def _ask_again(self) -> None:
        self._asked = self._clock()
        try:
            jobs = tuple(await self._ask())
        except NotFound:
            self._jobs, self._ended = (), True
            return
        except NaruError:  # the log says more than the scheduler: it is asked again
            return
        self._jobs = jobs
        self.logs += await self._more(jobs)
        self._ended = all(job.finished for job in jobs)

    def _show_unfinished(self, came: bool) -> None:
        """On a terminal, what stands in a line without an end: a question, a progress bar."""
        if len(self.logs) != 1 or not self._out.terminal:
            return
        printing = self.logs[0].printing
        rest, before = printing.cutter.rest, self._rest
        self._rest = rest
        if not rest or printing.prefix:
            return
        if b"\r" in rest or b"\x1b" in rest:
            if rest != self._state and self._clock() - self._state_at >= STATE_EVERY:
                self._state, self._state_at = rest, self._clock()
                printing.show_state()
        elif not came and rest == before:
            printing.show_rest()
