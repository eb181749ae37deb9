"""What the log screen says around the log: whose it is, how far the work is, where one is in it. Pure."""

from datetime import datetime

from naru.format import Glyphs, duration, progress_bar, size, when
from naru.log_reading import LogReading
from naru.log_summary import progress_words
from naru.screens.job import STATE_STYLES
from naru.screens.job_columns import state_style
from naru.widgets.text_lines import Line
from naru_client.i18n import _, n_
from naru_client.logs.memory import TextLog
from naru_client.logs.names import LogFile
from naru_client.logs.progress import Progress
from naru_client.model import Job


def shown_share(reading: LogReading) -> tuple[float, float]:
    """Which part of the log is on the screen, from and to."""
    top, bottom = reading.window.top, reading.window.bottom
    if not reading.size or top is None or bottom is None:
        return 0.0, 1.0
    return top.start / reading.size, min(1.0, bottom.raw.until / reading.size)


def stream_name(stream: str) -> str:
    return {
        "out": _("output"),
        "err": _("errors"),
        "both": _("output and errors"),
        "script": _("batch script"),
        "merged": _("all tasks as one"),
    }.get(stream, stream)


def title_line(
    label: str,
    job: Job,
    file: LogFile | None,
    stream: str,
    place: str,
    progress: Progress | None,
    glyphs: Glyphs,
) -> Line:
    """Whose log it is, which of its files, and how far the job has come by what it wrote."""
    line: list[tuple[str, str]] = [(label, "heading"), ("  ", ""), (job.state, STATE_STYLES[state_style(job.state)])]
    line += [("  ", ""), (stream_name(stream), "strong"), (place, "quiet")]
    if file is not None and file.guessed:
        line.append(("  " + _("(by Slurm's default name)"), "warning"))
    if progress is not None and (told := progress_words(progress, glyphs)):
        line.append(("  " + told, "link"))
    if file is not None and file.path:
        line.append(("  " + file.path, "quiet"))
    return tuple(line)


def status_line(reading: LogReading, now: datetime, glyphs: Glyphs, found: str, speed: float = 1.0) -> Line:
    """Where one is, what follows, how old the last write is, and what is being searched; the most urgent first."""
    parts: list[tuple[str, str]] = []
    if reading.busy:
        bar = "" if reading.busy_share is None else "  " + progress_bar(reading.busy_share, glyphs)
        parts.append((reading.busy + bar + " " + _("(Esc stops)"), "link"))
    if found:
        parts.append((found, "link"))
    if reading.trouble is not None:
        parts.append((f"{glyphs.warn} {reading.trouble.message}", "warning"))
    if reading.told:
        parts.append((reading.told, "warning"))
    parts += _where(reading, glyphs)
    if reading.happened:
        parts.append((reading.happened, "warning"))
    parts += _how_old(reading, now)
    if not reading.source.exact:
        parts.append((_("some bytes were lost on the way"), "warning"))
    if reading.text is not None and reading.text.codec.name != "utf-8":
        parts.append((reading.text.codec.name.upper(), "quiet"))
    line: list[tuple[str, str]] = []
    for text, style in parts:
        line += [("  ", ""), (text, style)] if line else [(text, style)]
    return tuple(line)


def _where(reading: LogReading, glyphs: Glyphs) -> list[tuple[str, str]]:
    window, whole = reading.window, reading.size
    if whole is None:
        return []
    if whole == 0:
        return [(_("empty so far"), "quiet")]
    parts: list[tuple[str, str]] = []
    if reading.new_lines and reading.only is None:
        told = n_("{n} new line below", "{n} new lines below", reading.new_lines)
        count = f"{reading.new_lines:,}" + ("+" if reading.new_lines_more else "")
        parts.append((f"{glyphs.down} {told.format(n=count)} (G)", "link"))
    if isinstance(reading.source.inner, TextLog):
        pass  # it is all there, and stays as it is
    elif reading.sticking:
        parts.append((_("following"), "good"))
    else:
        bottom = window.bottom
        share = 100 if bottom is None else min(100, 100 * bottom.raw.until // max(1, whole))
        parts.append((f"{share} %", "strong"))
        top = window.top
        if reading.line_number and top is not None and top.start == reading.line_number[0]:
            parts.append((_("line {n}").format(n=f"{reading.line_number[1]:,}"), "strong"))
    parts.append((size(whole), "quiet"))
    return parts


def _how_old(reading: LogReading, now: datetime) -> list[tuple[str, str]]:
    told = reading.source.last_stat
    if told is None or told.modified is None:
        return []
    age = (now - told.modified).total_seconds()
    words = _("written {age} ago").format(age=duration(max(0.0, age)))
    if age >= 86_400:
        words = _("written {time}").format(time=when(told.modified, now))
    return [(words, "quiet")]
