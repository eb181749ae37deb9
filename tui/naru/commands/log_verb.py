"""What `naru logs` does for people and pipes: finds the job's files, and prints, merges or follows them."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from naru.commands.job_ids import find, wanted_job
from naru.commands.log_files import guess_words, no_file, open_file, told_missing, wanted_files
from naru.commands.log_output import LogOutput
from naru.commands.log_printing import MOST_OPEN, Choice, LogPrinting, print_one
from naru.format import local_zone
from naru.output import remark
from naru.session import Context, Opened
from naru.terminal import standard_streams
from naru_client.centre import Centre
from naru_client.errors import NaruError, NotFound, UsageError
from naru_client.i18n import _
from naru_client.logs.cached import CachedLog
from naru_client.logs.lines import open_text
from naru_client.logs.memory import TextLog
from naru_client.logs.names import LogFile
from naru_client.logs.source import LogSource
from naru_client.model import Job
from naru_client.text import clean

if TYPE_CHECKING:
    from naru.commands.log_several import Part
    from naru_client.logs.pattern import Pattern

NAMED = 8  # tasks without a log that are told by name


class LogVerb:
    """One `naru logs`, not for JSON."""

    def __init__(self, context: Context, pattern: "Pattern | None") -> None:
        self.context = context
        self.pattern = pattern
        self._stdout, self._stderr = standard_streams()
        self.out = LogOutput(self._stdout, context.paper)
        self.wanted = wanted_job(context.args.id)
        self.raw: bool = context.args.raw
        tail: int | None = context.args.tail
        self.choice = Choice(None if tail is None or tail < 0 else tail, pattern)

    def say(self, text: str) -> None:
        """A line on standard error, after what has been printed."""
        self.out.flush()
        remark(self._stderr, text, self.context.paper)
        self._stderr.flush()

    async def print(self) -> None:
        """Raises NaruError, and BrokenPipeError when nobody reads any more."""
        args = self.context.args
        opened = await self.context.open()
        if args.script:
            await self._script(opened)
            return
        told, failed = await find(opened, self.wanted, lambda centre: centre.job(self.wanted.id))
        self._warn((*failed, *told.said.warnings))
        centre, jobs = told.centre, told.said.value
        files = wanted_files(jobs, errors=args.stderr)
        if files.shared:
            self.say(_("errors go where the output goes"))
        if any(file.guessed for file in files.files):
            self.say(guess_words())
        if args.follow:
            from naru.commands.log_following import follow

            await follow(self, centre, jobs)
        elif not files.files:
            raise no_file(self.wanted.id, jobs, files)
        elif len(files.files) == 1:
            await self._one(open_file(centre, files.files[0]), jobs)
        else:
            await self._several(centre, files.files, jobs)

    def check_one(self) -> None:
        """Raise UsageError where several logs are to be printed byte for byte."""
        if self.raw:
            raise UsageError(
                _("--raw is for one log, and {id} has several").format(id=clean(self.wanted.id)),
                _("name a task, as {id}_4").format(id=clean(self.wanted.id)),
            )

    def lost_bytes(self) -> None:
        self.say(_("some bytes were lost on the way: they are no UTF-8"))

    async def opened(self, centre: Centre, file: LogFile, jobs: Sequence[Job]) -> "Part":
        """One of several logs. Raises what its source raises."""
        from naru.commands.log_several import Part

        source = CachedLog(open_file(centre, file))
        try:
            text = await open_text(source)
            stat = source.last_stat or await source.stat()
        except NaruError:
            await source.close()
            raise
        begun = next((job.started for job in jobs if job.id == file.label), None)
        near = begun if self.choice.last is None and begun is not None else stat.modified
        return Part(file.label, source, stat, text.codec, near)

    def _warn(self, warnings: Sequence[str]) -> None:
        for warning in warnings:
            self.say(_("warning: {text}").format(text=warning))

    async def _script(self, opened: Opened) -> None:
        told, failed = await find(opened, self.wanted, lambda centre: centre.batch_script(self.wanted.id))
        self._warn((*failed, *told.said.warnings))
        await self._one(TextLog("", told.said.value), ())
        if not self.raw:
            self.out.end_line()

    async def _one(self, source: LogSource, jobs: Sequence[Job]) -> None:
        """Print one log."""
        cached = CachedLog(source)
        try:
            codec = (await open_text(cached)).codec
            size = cached.size or 0
            printing = LogPrinting(self.out, codec, raw=self.raw, pattern=self.pattern)
            long = source if self.choice.last is None else cached  # what is read once need not be kept
            await print_one(long, size, self.choice, printing, self.lost_bytes)
        except NaruError as error:
            raise told_missing(error, self.wanted.id, jobs) from None
        finally:
            await cached.close()
        if self.out.terminal and not self.raw:
            self.out.end_line()
        self.out.flush()
        self.say_if_nothing(printing.printed, size)

    def say_if_nothing(self, printed: bool, size: int) -> None:
        if printed or not self.out.terminal:
            return
        if size == 0:
            self.say(_("the log is empty"))
        elif self.pattern is not None:
            self.say(_("no line matches"))

    async def _several(self, centre: Centre, files: Sequence[LogFile], jobs: Sequence[Job]) -> None:
        """Print the logs of an array's tasks, or of the parts of a het job."""
        from naru.commands.log_several import have_stamps, print_in_turn, print_merged

        self.check_one()
        problems = _Problems(self)
        if len(files) > MOST_OPEN:
            printed = await print_in_turn(self._each(centre, files, jobs, problems), self.choice, self.out, self.say)
            problems.tell(0 if printed else 1)
            return
        parts = [part async for part in self._each(centre, files, jobs, problems, keep=True)]
        try:
            problems.tell(len(parts))
            zone = local_zone()
            if await have_stamps(parts, zone):
                printed = await print_merged(parts, self.choice, self.out, zone, self.say)
            else:
                printed = await print_in_turn(_these(parts), self.choice, self.out, self.say)
        finally:
            for part in parts:
                await part.source.close()
        self.out.flush()
        self.say_if_nothing(printed, sum(part.stat.size for part in parts))

    async def _each(
        self, centre: Centre, files: Sequence[LogFile], jobs: Sequence[Job], problems: "_Problems", keep: bool = False
    ) -> "AsyncIterator[Part]":
        """The logs one after the other, each closed when the next is asked for unless they are kept."""
        for file in files:
            try:
                part = await self.opened(centre, file, jobs)
            except NaruError as error:
                problems.add(file, error)
                continue
            try:
                yield part
            finally:
                if not keep:
                    await part.source.close()


async def _these(parts: "Sequence[Part]") -> "AsyncIterator[Part]":
    for part in parts:
        yield part


class _Problems:
    """Logs of several that could not be opened."""

    def __init__(self, verb: LogVerb) -> None:
        self._verb = verb
        self._first: NaruError | None = None
        self._missing: list[str] = []

    def add(self, file: LogFile, error: NaruError) -> None:
        self._first = self._first or error
        if isinstance(error, NotFound):
            self._missing.append(clean(file.label))
        else:
            self._verb.say(f"{clean(file.label)}: {error.message}")

    def tell(self, opened: int) -> None:
        """Say which have no log; raise the first failure when none could be opened at all."""
        if not opened and self._first is not None:
            raise self._first
        if self._missing:
            names = ", ".join(self._missing[:NAMED]) + (" …" if len(self._missing) > NAMED else "")
            self._verb.say(_("without a log: {names}").format(names=names))
