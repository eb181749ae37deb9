"""How quotas are said on the screen: resources, amounts in the unit that was granted, warnings, one quota in words."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from naru.format import Glyphs
from naru.joining import named
from naru.past_format import percent
from naru.quota_words import (
    GIB,
    WORST,
    alert_words,
    amount,
    day_range,
    days_left_words,
    last_day,
    over,
    resource_name,
    unit_words,
)
from naru.widgets.gauge import part_glyphs
from naru.widgets.text_lines import Line
from naru_client.i18n import _, n_
from naru_client.insight.burndown import SPANS
from naru_client.insight.quota import Quota
from naru_client.insight.standing import Standing, used_of

_PART_STYLES = {"used": "strong", "committed": "link", "reserved": "warning", "free": "good", "blocked": "bad"}


def resource_words(quota: Quota) -> str:
    """What a quota is of; one of how much at once is told from one over time."""
    name = resource_name(quota.resource)
    return _("{name} now").format(name=name) if quota.unit == "count" else name


def per_unit(quota: Quota) -> int:
    """How much of the quota's figures one unit on the screen is."""
    memory = GIB if quota.resource == "mem" else 1
    return memory * 3600 if quota.unit == "seconds" else 1


def days_left(end: datetime | None, now: datetime) -> str:
    """Days to the end of the contract; a dash where no end is told."""
    if end is None:
        return "–"
    left = end - now
    return _("over") if left.total_seconds() <= 0 else _("{n} d").format(n=left.days)


def legend_line(glyphs: Glyphs) -> Line:
    """What the parts of a gauge are."""
    words = (_("used"), _("running"), _("waiting"), _("free"), _("limit above"))
    pieces: list[tuple[str, str]] = []
    for (part, glyph), word in zip(part_glyphs(glyphs).items(), words, strict=True):
        pieces += [(glyph, _PART_STYLES[part]), (f" {word}  ", "quiet")]
    return tuple(pieces)


# ---- warnings --------------------------------------------------------------------------------------------------


def alert_lines(
    standings: Iterable[tuple[str, Standing]],
    now: datetime,
    glyphs: Glyphs,
    exhausted: str,
    several: bool,
    most: int,
    billing: str = "",
) -> list[Line]:
    """What a person must know first of what stands at these sites, the worst first; beyond `most` only how many more
    there are."""
    found = [(site, alert, standing.quota) for site, standing in standings for alert in standing.alerts]
    found.sort(key=lambda one: WORST.index(one[1].kind))
    lines: list[Line] = []
    told = dict.fromkeys(
        (named(site, words) if several else words, alert.kind)
        for site, alert, quota in found
        if (words := alert_words(alert, quota, now, exhausted, billing))
    )
    shown = list(told) if len(told) <= most + 1 else list(told)[:most]  # "and 1 more" would take the same line
    for text, kind in shown:
        style = "bad" if kind in ("overdrawn", "spent") else "warning"
        lines.append(((f"{glyphs.warn} ", style), (text, style)))
    if (more := len(told) - len(shown)) > 0:
        lines.append(((n_("and {n} more warning", "and {n} more warnings", more).format(n=more), "quiet"),))
    return lines


# ---- one quota -------------------------------------------------------------------------------------------------


def quota_lines(
    standing: Standing, waits: int | None, own_waits: bool, now: datetime, glyphs: Glyphs, billing: str = ""
) -> list[Line]:
    """The chosen quota in words: its parts, whose limit binds, the contract, the pace, the run-out. `waits` is what
    waiting jobs reserve, with `own_waits` only one's own; `billing` is as for
    `unit_words`."""
    quota = standing.quota
    dot = f" {glyphs.dot} "
    lines: list[Line] = [
        ((f"{quota.holder} {resource_words(quota)}  ", "heading"), (dot.join(_figures(quota, billing)), ""))
    ]
    told = (
        (dot.join(_claims(quota, waits, own_waits)), ""),
        _binding(quota),
        (dot.join(_course(standing, now)), ""),
    )
    return [*lines, *(((text, style),) for text, style in told if text)]


def _figures(quota: Quota, billing: str) -> list[str]:
    used, unit = amount(used_of(quota), quota), unit_words(quota, billing)
    if quota.unlimited:
        return [_("{n} {unit} used").format(n=used, unit=unit), _("no limit")]
    if quota.granted is None:
        return [_("{n} {unit} used").format(n=used, unit=unit), _("what was granted is not told")]
    granted = amount(quota.granted, quota)
    words = [_("{used} of {granted} {unit} used").format(used=used, granted=granted, unit=unit)]
    if quota.remaining is not None:
        words.append(_("{n} left").format(n=amount(quota.remaining, quota)))
    return words


def _claims(quota: Quota, waits: int | None, own_waits: bool) -> list[str]:
    """What jobs may yet take, up to their limits."""
    if quota.unit == "count" or quota.granted is None:
        return []
    waiting = _("your waiting jobs up to {n}") if own_waits else _("waiting jobs up to {n}")
    return [
        _upto(quota.committed, quota, _("running jobs take up to {n} more"), _("what runs takes is not told")),
        _upto(waits, quota, waiting, _("what waits takes is not told")),
    ]


def _upto(value: int | None, quota: Quota, text: str, untold: str) -> str:
    return untold if value is None else text.format(n=amount(value, quota))


def _binding(quota: Quota) -> tuple[str, str]:
    """Whose limit leaves less than one's own, or that this is not known."""
    if quota.binds is None or quota.binds == quota.holder:
        return "", ""
    if quota.available is None:
        return _("what {holder} above has left is not told").format(holder=quota.binds), "quiet"
    text = _("the limit of {holder} leaves only {n}").format(holder=quota.binds, n=amount(quota.available, quota))
    return text, "warning"


def _course(standing: Standing, now: datetime) -> Sequence[str]:
    """The contract, the pace and where it goes; what is an estimate says on what it rests."""
    quota, burn = standing.quota, standing.burndown
    words: list[str] = []
    if quota.period_end is not None:
        days = days_left_words(quota.period_end, now)
        words.append(_("to {date}, {days}").format(date=last_day(quota.period_end), days=days))
    if not quota.enforced:
        words.append(_("agreed, not kept to by the scheduler"))
    if burn is None or standing.decayed:
        return words
    if burn.pace is not None:
        words.append(_("pace {percent} of even use").format(percent=percent(burn.pace)))
    unspent = used_of(quota) is not None and (quota.granted or 0) > (burn.used or 0)
    if burn.earliest is not None and unspent and not over(quota, now):
        rests = _("by the last {first}–{last} days").format(first=SPANS[0], last=min(SPANS[-1], burn.days))
        when = day_range(burn.earliest, burn.latest, now)
        beyond = quota.period_end is not None and burn.earliest >= quota.period_end
        text = _("lasts to the contract's end") if beyond else _("runs out {when}").format(when=when)
        words.append(f"{text} {rests}")
    return words
