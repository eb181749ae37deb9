"""What the history says of itself: whose jobs of which time, what they come to, how far back it has been read."""

from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len

from naru.format import Glyphs
from naru.joining import named
from naru.past_format import hours
from naru.widgets.text_lines import Line
from naru_client.i18n import _, n_
from naru_client.insight.finished import FAILED_STATES, Totals
from naru_client.insight.history import Past
from naru_client.insight.periods import PRESETS, Period


def moment(value: datetime, now: datetime) -> str:
    """A moment in the reader's own time zone, with its year only where that is not this one."""
    local = value.astimezone()
    return local.strftime("%m-%d %H:%M" if local.year == now.astimezone().year else "%Y-%m-%d %H:%M")


def period_words(period: Period, now: datetime) -> str:
    """From when to when: `11-17 13:20 – now`."""
    end = _("now") if period.open else moment(period.until, now)
    return f"{moment(period.since, now)} – {end}"


def head_line(past: Past, whose: str, now: datetime, filter_text: str) -> Line:
    """Whose jobs, of which time, through which filter."""
    line: list[tuple[str, str]] = [(whose, "heading"), ("  " + period_words(past.period, now), "")]
    if filter_text:
        line += [("  " + _("filter") + " ", "quiet"), (filter_text, "link")]
    return tuple(line)


def totals_line(found: Totals, glyphs: Glyphs, width: int, marked: bool = False) -> Line:
    """How many jobs, what they took, and how they ended, as far as that fits; of the marked ones where some are."""
    if marked:
        count = n_("{n} marked job", "{n} marked jobs", found.jobs).format(n=f"{found.jobs:,}")
    else:
        count = n_("{n} job", "{n} jobs", found.jobs).format(n=f"{found.jobs:,}")
    line: list[tuple[str, str]] = [(count, "strong")]
    line.append((f" {glyphs.dot} " + _("{hours} GPU-hours").format(hours=hours(found.gpu_hours)), ""))
    if found.untold:
        line.append((" " + n_("({n} not told)", "({n} not told)", found.untold).format(n=found.untold), "quiet"))
    well = [(state, count) for state, count in found.by_state if state not in FAILED_STATES]
    wrong = [(state, count) for state, count in found.by_state if state in FAILED_STATES]
    if well:
        line.append((f" {glyphs.dot} {_counted(well)}", "quiet"))
    if len(wrong) == 1:
        line.append((f" {glyphs.dot} {_counted(wrong)}", "bad"))
    elif wrong:
        text = n_("{n} went wrong", "{n} went wrong", found.failed).format(n=f"{found.failed:,}")
        line.append((f" {glyphs.dot} {text}", "bad"))
        how = f" ({_counted(wrong)})"
        if sum(cell_len(piece) for piece, _style in line) + cell_len(how) <= width:
            line.append((how, "quiet"))
    return tuple(line)


def _counted(states: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{count:,} {state.lower().replace('_', ' ')}" for state, count in states)


def reach_line(past: Past, asking: bool, now: datetime, glyphs: Glyphs) -> Line:
    """How far back all is read, and how to go on; what keeps a site from telling."""
    if past.failures:
        site, error = next(iter(past.failures.items()))
        why = named(site, error.message) if len(past.sites) + len(past.missing) > 1 else error.message
        again = _("asking again …") if asking else _("n asks again")
        return ((f"{glyphs.warn} {why}", "warning"), (f"  {again}", "quiet"))
    if not past.sites:
        why = next(iter(past.missing.values()), _("not provided by this centre"))
        return ((why, "warning"),)
    parts: list[tuple[str, str]] = []
    if past.reached < past.period.until:
        parts.append((_("back to {time}").format(time=moment(past.reached, now)), "strong"))
    if past.complete:
        parts.append((" " * 2 * bool(parts) + _("that is the whole time asked for"), "good"))
    elif asking:
        parts.append((" " * 2 * bool(parts) + _("asking accounting …  Esc stops"), "quiet"))
    else:
        parts.append((" " * 2 * bool(parts) + _("n reads further back"), "quiet"))
    if past.everybody and not past.complete:
        parts.append(("  " + _("everybody's: a heavy question"), "warning"))
    if past.missing:
        names = ", ".join(past.missing)
        parts.append(("  " + _("no history: {sites}").format(sites=names), "warning"))
    return tuple(parts)


def presets(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The choices of time with their titles, one's own among them, and which one holds."""
    known = [(preset, _(title)) for preset, title in PRESETS]
    if text not in dict(PRESETS):
        known.append((text, text))
    return tuple(known), text
