"""`naru logs -f`: from a job to the logs that are followed, and how the job is asked for meanwhile."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from naru.commands.log_files import no_file, open_file, told_missing, wanted_files
from naru.commands.log_follow import FollowedLog, Follower
from naru.commands.log_places import last_matching, start_of_last, start_of_unfinished
from naru.commands.log_printing import MOST_OPEN, LogPrinting
from naru.commands.log_verb import LogVerb
from naru_client.centre import Centre
from naru_client.errors import NaruError, NotFound
from naru_client.i18n import _
from naru_client.logs.cached import CachedLog
from naru_client.logs.encoding import Codec
from naru_client.logs.lines import open_text
from naru_client.logs.names import LogFile
from naru_client.logs.source import LogSource
from naru_client.model import Job
from naru_client.text import clean

LAST = 10  # lines, as of `tail -f`


async def follow(
    verb: LogVerb,
    centre: Centre,
    jobs: Sequence[Job],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Follow the logs of jobs until these have ended. Raises NaruError where there is nothing to follow."""
    following = _Following(verb, centre)
    follower = Follower(verb.out, verb.say, jobs, ask=following.ask, more=following.more, sleep=sleep, clock=clock)
    try:
        follower.logs += await following.begin(jobs)
        await follower.run()
        follower.finish()
        verb.say(follower.ended_words)
    except (KeyboardInterrupt, asyncio.CancelledError):
        follower.finish()
        raise
    finally:
        for log in follower.logs:
            await log.source.close()


class _Following:
    def __init__(self, verb: LogVerb, centre: Centre) -> None:
        self._verb = verb
        self._centre = centre
        self._known: set[str] = set()
        self._several = False
        self._told_most = False

    async def ask(self) -> Sequence[Job]:
        return (await self._centre.job(self._verb.wanted.id)).value

    async def begin(self, jobs: Sequence[Job]) -> list[FollowedLog]:
        """The logs to begin with; says what is being waited for. Raises NaruError when there will be none."""
        verb = self._verb
        files = wanted_files(jobs, errors=verb.context.args.stderr, awaited=True)
        tasks = len(jobs) > 1 or any(job.array_tasks for job in jobs)
        self._several = len(files.files) > 1 or (tasks and bool(files.missing))
        if self._several:
            verb.check_one()
        ended = all(job.finished for job in jobs)
        if not files.files and (ended or not any(job.waiting for job in jobs)):
            raise no_file(verb.wanted.id, jobs, files)
        logs = await self._followed(files.files, jobs, first=True)
        if not any(log.found for log in logs):
            verb.say(self._waiting_for(jobs))
        return logs

    async def more(self, jobs: Sequence[Job]) -> Sequence[FollowedLog]:
        """The logs of tasks that have started since."""
        files = wanted_files(jobs, errors=self._verb.context.args.stderr, awaited=True)
        return await self._followed(files.files, jobs, first=False)

    async def _followed(self, files: Sequence[LogFile], jobs: Sequence[Job], *, first: bool) -> list[FollowedLog]:
        logs: list[FollowedLog] = []
        waiting = {job.id for job in jobs if job.waiting}
        for file in files:
            if file.path in self._known:
                continue
            if len(self._known) >= MOST_OPEN:
                if not self._told_most:
                    self._told_most = True
                    self._verb.say(_("only the first {n} logs are followed").format(n=MOST_OPEN))
                break
            try:
                source = open_file(self._centre, file)
                if source.local_path is None and file.label in waiting:
                    continue  # asking a server for what will come some day is not gentle: the scheduler will tell
                self._known.add(file.path)
                logs.append(await self._followed_one(source, file, jobs, first=first))
            except NaruError as error:
                if not self._several:
                    raise
                self._known.add(file.path)
                self._verb.say(f"{clean(file.label)}: {error.message}")
        return logs

    async def _followed_one(self, source: LogSource, file: LogFile, jobs: Sequence[Job], *, first: bool) -> FollowedLog:
        verb = self._verb
        name = clean(file.label) if self._several else ""
        cached = CachedLog(source)
        codec: Codec | None = None
        stat, offset = None, 0
        prefix = f"{name} | " if name else ""
        try:
            codec = (await open_text(cached)).codec
            stat = cached.last_stat
        except NotFound as error:
            if all(job.finished for job in jobs) and not self._several:
                await source.close()
                raise told_missing(error, verb.wanted.id, jobs) from None
        if stat is None:
            codec = None
        printing = LogPrinting(verb.out, codec, raw=verb.raw, pattern=verb.pattern, prefix=prefix)
        if first and stat is not None and codec is not None:
            last = verb.choice.last
            if last is None and verb.context.args.tail is None:
                last = LAST
            if last is not None and verb.pattern is not None:
                offset = await start_of_unfinished(cached, codec, stat.size)
                for line in await last_matching(cached, verb.pattern, codec, offset, last):
                    printing.write_lines(line)
            elif last is not None:
                offset = await start_of_last(cached, codec, stat.size, last)
        return FollowedLog(source, stat, offset, printing, verb.say, name)

    def _waiting_for(self, jobs: Sequence[Job]) -> str:
        if not all(job.waiting for job in jobs):
            return _("there is no log yet: waiting for it")
        job = jobs[0]
        told = ", ".join(clean(word) for word in (job.state, job.reason) if word)
        return _("job {id} has not started ({state}): waiting for its log").format(
            id=clean(self._verb.wanted.id), state=told
        )
