"""What a job's log says, for the job's page: read once from its end, told in a few lines."""

from collections.abc import Callable
from datetime import datetime

from naru.format import Glyphs, duration, size
from naru.widgets.text_lines import Line
from naru_client.i18n import _, n_
from naru_client.logs.cached import CachedLog
from naru_client.logs.encoding import decode_line
from naru_client.logs.lines import open_text
from naru_client.logs.looks import looks_of
from naru_client.logs.problem_kinds import Severity
from naru_client.logs.progress import Progress
from naru_client.logs.source import LogSource
from naru_client.logs.summary import Summary, fold_lines, quiet_for, seen

LINES = 400  # at most so many of the last lines are looked into
MOST_PROBLEMS = 4

STYLES: dict[Severity, str] = {"fatal": "bad", "error": "bad", "warning": "warning"}


async def summary_of(source: LogSource, now: Callable[[], datetime]) -> Summary:
    """What the end of a log says. Raises what the source raises; closes it in any case."""
    log = CachedLog(source)
    try:
        text = await open_text(log)
        stat = await log.stat()
        lines = await text.lines_before(stat.size, LINES, stat.size)
        told = seen(Summary(), stat.size, stat.modified, now())
        shown = ((line.start, looks_of(decode_line(line.data, text.codec)).text) for line in lines)
        return fold_lines(told, shown)
    finally:
        await log.close()


def summary_lines(told: Summary, now: datetime, glyphs: Glyphs) -> list[Line]:
    """The last write, how far the work is, and what went wrong, the cause first."""
    facts = [] if told.size is None else [size(told.size) if told.size else _("empty so far")]
    quiet = quiet_for(told, now)
    if quiet is not None:
        facts.append(_("written {age} ago").format(age=duration(quiet)))
    lines: list[Line] = [((_("Log") + "  ", "label"), (f" {glyphs.dot} ".join(facts), ""))]
    if told.progress is not None and (words := progress_words(told.progress, glyphs)):
        lines.append((("  ", ""), (words, "link")))
    if told.checkpoint is not None:
        lines.append((("  ", ""), (_("last checkpoint: {text}").format(text=told.checkpoint.text), "")))
    cause = told.cause
    problems = sorted(told.problems, key=lambda found: (found.kind is not cause, found.first.offset))
    for found in problems[:MOST_PROBLEMS]:
        count = n_("{n} line", "{n} lines", found.count).format(n=found.count)
        lines.append(
            ((f"  {glyphs.warn} {_(found.kind.name)}", STYLES[found.kind.severity]), (f"  ({count})", "quiet"))
        )
        lines.append((("    ", ""), (found.first.text.strip(), "quiet")))
    if not problems and told.last_line:
        lines.append((("  ", ""), (told.last_line.strip(), "quiet")))
    return lines


def progress_words(told: Progress, glyphs: Glyphs) -> str:
    """`epoch 3/10 · step 1,200/10,000 · loss 1.234`."""
    parts = []
    if told.epoch is not None:
        epoch = f"{told.epoch:g}" + (f"/{told.epochs:g}" if told.epochs is not None else "")
        parts.append(_("epoch {n}").format(n=epoch))
    if told.step is not None:
        step = f"{told.step:,}" + (f"/{told.steps:,}" if told.steps is not None else "")
        parts.append(_("step {n}").format(n=step))
    elif told.percent is not None:
        parts.append(f"{told.percent:g} %")
    if told.loss is not None:
        parts.append(_("loss {n}").format(n=f"{told.loss:.4g}"))
    return f" {glyphs.dot} ".join(parts)
