"""How quotas are said on the command line: amounts in the unit that was granted, warnings, and a course in a sentence.

Pure. Figures of a resource over time are in resource-hours; memory in GiB-hours.
"""

from collections.abc import Iterator
from datetime import datetime

from naru.format import Glyphs, size
from naru.past_format import hours, percent
from naru_client.i18n import _, mark, n_
from naru_client.insight.burndown import SPANS
from naru_client.insight.quota import Quota
from naru_client.insight.standing import Alert, Standing, Warned, used_of

WORST: tuple[Warned, ...] = ("overdrawn", "spent", "runs-out", "committed", "under-used", "ends")
GIB = 1 << 30
ORDER = ("gpu", "npu", "billing", "node", "cpu", "mem")  # kinds in the order in which people ask for them

UNITS = {
    "gpu": mark("GPU-hours"), "npu": mark("NPU-hours"), "cpu": mark("core-hours"), "node": mark("node-hours"),
    "billing": mark("billing hours"), "mem": mark("GiB-hours"),
}  # fmt: skip
AT_ONCE = {
    "gpu": mark("GPUs at once"), "npu": mark("NPUs at once"), "cpu": mark("cores at once"),
    "node": mark("nodes at once"), "billing": mark("billing units at once"), "mem": mark("memory at once"),
}  # fmt: skip
EXHAUSTED = {
    "fails": mark("jobs are refused or stopped then"),
    "waits": mark("jobs wait then"),
    "low-priority": mark("jobs run at low priority then"),
    "free-queue": mark("jobs go to the free queue then"),
}


def rank(quota: Quota) -> tuple[bool, int, str]:
    """Over time before at once, accelerators first."""
    kind = quota.resource.partition(":")[0]
    return quota.unit == "count", ORDER.index(kind) if kind in ORDER else len(ORDER), quota.resource


def resource_name(resource: str) -> str:
    """`GPU`, `H100`, `CPU`, `node`; of a licence its own name."""
    kind, _colon, model = resource.partition(":")
    if kind in ("gpu", "npu"):
        return (model or kind).upper()
    if kind == "cpu":
        return "CPU"
    return {"node": _("node"), "billing": _("billing"), "mem": _("memory")}.get(kind, resource.removeprefix("license/"))


def unit_words(quota: Quota, billing: str = "") -> str:
    """What the figures count: `GPU-hours`, `H100 GPU-hours`, `GPUs at once`. `billing` is the tariff's own unit, where
    the site bills by it."""
    kind, _colon, model = quota.resource.partition(":")
    known = AT_ONCE if quota.unit == "count" else UNITS
    if kind == "billing" and billing and quota.unit == "seconds":
        return billing
    if kind not in known:
        name = resource_name(quota.resource)
        return " ".join((name, _("at once") if quota.unit == "count" else _("hours")))
    return f"{model.upper()} {_(known[kind])}" if model else _(known[kind])


def amount(value: int | None, quota: Quota) -> str:
    """A figure in the unit that was granted; a dash where it is not known."""
    if value is None:
        return "–"
    if quota.unit == "count":
        return size(value) if quota.resource == "mem" else f"{value:,}"
    text = hours(abs(value) / (3600 * (GIB if quota.resource == "mem" else 1)))
    return f"-{text}" if value < 0 else text


def granted_words(quota: Quota) -> str:
    return _("no limit") if quota.unlimited else amount(quota.granted, quota)


def left_words(quota: Quota) -> str:
    """What a new job may still claim, under this limit and those above it."""
    if quota.unlimited and quota.binds is None:
        return _("no limit")
    return amount(quota.available, quota)


def date_of(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d}"


def last_day(end: datetime) -> str:
    """The last day of a contract that goes up to a moment."""
    from datetime import timedelta

    return date_of(end - timedelta(seconds=1))


def over(quota: Quota, now: datetime) -> bool:
    """Whether its contract has ended: then nothing runs out any more, and nothing lasts."""
    return quota.period_end is not None and quota.period_end <= now


def days_left_words(end: datetime, now: datetime) -> str:
    if end <= now:
        return _("over")
    left = (end - now).days
    return n_("{n} day left", "{n} days left", left).format(n=left)


def day_range(earliest: datetime, latest: datetime | None, now: datetime) -> str:
    """`05-10–06-02`; only the first where at the slowest it never happens."""

    def day(moment: datetime) -> str:
        local = moment.astimezone()
        return f"{local:%m-%d}" if local.year == now.astimezone().year else f"{local:%Y-%m-%d}"

    if latest is None:
        return _("{day} at the earliest").format(day=day(earliest))
    first, last = day(earliest), day(latest)
    return first if first == last else f"{first}–{last}"


def alert_words(alert: Alert, quota: Quota, now: datetime, exhausted: str = "", billing: str = "") -> str:
    """One warning as a sentence; `exhausted` is what becomes of jobs here once a grant is used up."""
    text = {
        "overdrawn": _("{what}: {amount} {unit} more are used than were granted"),
        "spent": _("{what}: all that was granted is used"),
        "committed": _("{what}: what runs and waits would take {amount} {unit} more than is left"),
        "runs-out": _("{what}: runs out {when} at the recent pace"),
        "under-used": _("{what}: used {pace} of an even use; unused grants are reclaimed"),
        "ends": _("{what}: the contract ends on {end} with {amount} {unit} left"),
    }[alert.kind]
    if alert.kind == "ends" and alert.at is not None and alert.at <= now:
        text = _("{what}: the contract ended on {end} with {amount} {unit} left")
    what = f"{alert.holder} {resource_name(alert.resource)}"
    if alert.binds:
        what = _("{what} (limit of {holder})").format(what=what, holder=alert.binds)
    told = text.format(
        what=what,
        amount=amount(alert.amount, quota),
        unit=unit_words(quota, billing),
        when="–" if alert.earliest is None else day_range(alert.earliest, alert.latest, now),
        pace=percent(alert.pace),
        end="–" if alert.at is None else last_day(alert.at),
    )
    if alert.kind in ("overdrawn", "spent", "runs-out") and exhausted in EXHAUSTED:
        told = f"{told}; {_(EXHAUSTED[exhausted])}"
    return told


def course(standing: Standing, now: datetime, billing: str = "") -> Iterator[str]:
    """The contract, the pace and where it goes, a part after the other; an estimate says on what it rests."""
    quota, burn = standing.quota, standing.burndown
    if quota.period_end is not None:
        days = days_left_words(quota.period_end, now)
        end = last_day(quota.period_end)
        yield f"{date_of(quota.period_start)}–{end}, {days}" if quota.period_start else f"{end}, {days}"
    if not quota.enforced:
        yield _("agreed, not kept to by the scheduler")
    if quota.committed and quota.committed_expected is not None:
        more = f"{amount(quota.committed_expected, quota)} {unit_words(quota, billing)}"
        yield _("what runs is expected to take {amount} more").format(amount=more)
    if burn is None:
        return
    if standing.decayed:
        yield _("use may count for less as it ages, so no run-out is foretold")
        return
    if burn.pace is not None:
        yield _("pace {percent} of an even use").format(percent=percent(burn.pace))
    if burn.days and (burn.granted or 0) > (used_of(quota) or 0) and not over(quota, now):
        rests = _("means of the last {spans} days").format(
            spans=", ".join(str(span) for span in SPANS if span <= max(burn.days, SPANS[0]))
        )
        yield f"{_forecast(standing, now)} ({rests})"


def _forecast(standing: Standing, now: datetime) -> str:
    burn, end = standing.burndown, standing.quota.period_end
    if burn is None or burn.earliest is None:
        return _("nothing was used of late")
    if end is not None and burn.earliest >= end:
        return _("lasts to the contract's end")
    return _("runs out {when}").format(when=day_range(burn.earliest, burn.latest, now))


def spark(standing: Standing, glyphs: Glyphs) -> str:
    """The use of each told day, oldest first, a cell a day; empty where too little is told."""
    days = sorted(standing.daily)
    most = max(standing.daily.values(), default=0)
    if len(days) < 2 or not most:
        return ""
    steps = ".:-=+*#" if glyphs.ascii_only else "▁▂▃▄▅▆▇"
    gap = " " if glyphs.ascii_only else "·"
    cells = []
    for ordinal in range(days[0].toordinal(), days[-1].toordinal() + 1):
        used = standing.daily.get(days[0].fromordinal(ordinal))
        cells.append(gap if used is None else " " if not used else steps[(used * len(steps) - 1) // most])
    return "".join(cells)
