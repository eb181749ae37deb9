"""`naru logs --json`: the last lines of a job's logs as data."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from naru.commands.job_ids import find, wanted_job
from naru.commands.log_cutting import Cutter
from naru.commands.log_files import guess_words, no_file, open_file, told_missing, wanted_files
from naru.commands.log_places import last_matching, start_of_last
from naru.commands.log_printing import CHUNK
from naru.output import Page, Result
from naru.session import Context
from naru_client.errors import NaruError, NotFound
from naru_client.logs.cached import CachedLog
from naru_client.logs.encoding import Codec, decode_line, find_newline
from naru_client.logs.lines import open_text
from naru_client.logs.looks import plain
from naru_client.logs.memory import TextLog
from naru_client.logs.pattern import Pattern
from naru_client.logs.source import LogSource
from naru_client.model import Job
from naru_client.text import clean

LAST, LAST_OF_SEVERAL = 1000, 100  # lines of each log, where nobody says how many
MOST = 1 << 24  # bytes of them


class JobLog(Struct, frozen=True, kw_only=True):
    """The last lines of one log, cleaned, from byte `offset_from` of the file on; None where lines were chosen by a
    pattern. `truncated` says that it has more lines (matching ones, with a pattern) than these.
    """

    job: str
    stream: str
    path: str | None
    source: str
    size: int
    modified: datetime | None
    encoding: str
    offset_from: int | None
    lines: tuple[str, ...]
    truncated: bool


async def result_of(context: Context, pattern: Pattern | None) -> Result:
    """What `--json` prints: a list of logs, of which one job has one."""
    args = context.args
    wanted = wanted_job(args.id)
    opened = await context.open()
    if args.script:
        said, failed = await find(opened, wanted, lambda centre: centre.batch_script(wanted.id))
        log = await _read(TextLog("", said.said.value), wanted.id, "script", args.tail, LAST, pattern)
        return _result(said.centre.id, said.said.source, said.said.as_of, [log], (*failed, *said.said.warnings))
    told, failed = await find(opened, wanted, lambda centre: centre.job(wanted.id))
    jobs: Sequence[Job] = told.said.value
    warnings = [*failed, *told.said.warnings]
    files = wanted_files(jobs, errors=args.stderr)
    if not files.files:
        raise no_file(wanted.id, jobs, files)
    usual = LAST if len(files.files) == 1 else LAST_OF_SEVERAL
    logs: list[JobLog] = []
    problem: NaruError | None = None
    for file in files.files:
        stream = "both" if file.stream == "both" else "err" if args.stderr else "out"
        try:
            source = open_file(told.centre, file)
            logs.append(await _read(source, clean(file.label), stream, args.tail, usual, pattern))
        except NaruError as error:
            problem = problem or error
            if len(files.files) > 1 and not isinstance(error, NotFound):
                warnings.append(f"{clean(file.label)}: {error.message}")
    if logs and any(file.guessed for file in files.files):
        warnings.append(guess_words())
    if not logs and problem is not None:
        raise told_missing(problem, wanted.id, jobs)
    return _result(told.centre.id, told.said.source, told.said.as_of, logs, warnings)


async def _read(
    inner: LogSource, job: str, stream: str, tail: int | None, usual: int, pattern: Pattern | None
) -> JobLog:
    source = CachedLog(inner)
    try:
        codec = (await open_text(source)).codec
        stat = source.last_stat or await source.stat()
        count = usual if tail is None else tail
        offset: int | None = None
        if pattern is not None:
            most = count + 1 if count >= 0 else stat.size
            found = await last_matching(source, pattern, codec, stat.size, most)
            lines = [_shown(line, codec) for line in (found[-count:] if count > 0 else found if count else [])]
            truncated = len(found) > len(lines)
        else:
            offset = 0 if count < 0 else await start_of_last(source, codec, stat.size, count)
            if tail is None and stat.size - offset > MOST:
                offset = stat.size - MOST + (stat.size - MOST) % codec.unit
            lines = await _lines(source, codec, offset, stat.size)
            truncated = offset > 0
        return JobLog(
            job=job, stream=stream, path=source.path or None, source=source.source, size=stat.size,
            modified=stat.modified, encoding=codec.name, offset_from=offset, lines=tuple(lines), truncated=truncated,
        )  # fmt: skip
    finally:
        await source.close()


async def _lines(source: LogSource, codec: Codec, offset: int, size: int) -> list[str]:
    cutter = Cutter(codec)
    lines: list[str] = []
    while offset < size:
        chunk = await source.read(offset, min(CHUNK, size - offset))
        if not chunk.data:
            break
        data = cutter.feed(offset, chunk.data)
        offset = chunk.until
        if offset >= size:
            data += cutter.take_rest()
        at = 0
        while at < len(data):
            end = find_newline(data, codec, at)
            until = len(data) if end < 0 else end + len(codec.newline)
            lines.append(_shown(data[at:until], codec))
            at = until
    return lines


def _shown(line: bytes, codec: Codec) -> str:
    return plain(decode_line(line.removesuffix(codec.newline), codec))


def _result(site: str, source: str, as_of: datetime, logs: Sequence[JobLog], warnings: Sequence[str]) -> Result:
    return Result(
        schema="logs",
        site=site,
        source=source,
        as_of=as_of,
        data=tuple(logs),
        warnings=tuple(warnings),
        show=lambda page: _show(page, logs),
    )


def _show(page: Page, logs: Sequence[JobLog]) -> None:
    for log in logs:
        for line in log.lines:
            page.line(line)
