"""What `naru quota` prints for people: the warnings, then account by account what is left and where it goes."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from naru import format as form
from naru.commands.quota_reading import Survey
from naru.commands.quota_rows import AccountRows, Row, UserRow, account_rows, qos_rows, user_rows
from naru.joining import named
from naru.output import Page
from naru.past_format import percent
from naru.plain_table import Column, Span
from naru.quota_words import (
    WORST,
    alert_words,
    amount,
    course,
    day_range,
    granted_words,
    left_words,
    spark,
    unit_words,
)
from naru_client.i18n import _
from naru_client.insight.standing import urgent, used_of


def alert_lines(
    told: Sequence[Survey],
    now: datetime,
    within: int | None = None,
    *,
    exhausted: str = "",
    billing: str = "",
    sites: bool = False,
) -> list[str]:
    """The warnings, the worst first; with `within` only of what is so already or will be in so many days."""
    found = []
    for survey in told:
        for standing in survey.standings:
            alerts = standing.alerts if within is None else urgent(standing.alerts, now, within)
            for alert in alerts:
                text = alert_words(alert, standing.quota, now, exhausted, billing)
                found.append((WORST.index(alert.kind), named(survey.site, text) if sites else text))
    found.sort(key=lambda one: one[0])
    return list(dict.fromkeys(text for _rank, text in found))


def show(
    page: Page,
    told: Sequence[Survey],
    now: datetime,
    *,
    exhausted: str,
    billing: str,
    sites: bool,
    flat: bool,
    users: bool,
) -> None:
    """All of it; `flat` is one table of every account, `users` who uses what."""
    alerts = alert_lines(told, now, exhausted=exhausted, billing=billing, sites=sites)
    for text in alerts:
        page.hanging((Span(f"{page.glyphs.warn} ", "warn"),), text, "warn")
    if not any(survey.accounts for survey in told):
        page.remark(_("there is no account that you may charge here; --all shows everybody's"))
        return
    if alerts:
        page.line()
    if users:
        _show_users(page, told, billing=billing, sites=sites)
    elif flat:
        _show_flat(page, told, now, billing=billing, sites=sites)
    else:
        sections = [(survey, rows) for survey in told for rows in account_rows(survey)]
        for number, (survey, rows) in enumerate(sections):
            if number:
                page.line()
            _show_account(page, survey, rows, now, billing=billing, sites=sites)
    texts = [_("as of {when}").format(when=form.when(now, now))] if page.paper.terminal else []
    if not users and any(survey.own for survey in told):
        texts.append(_("WAITING: your own jobs alone"))  # piped too: else 0 reads as if nobody waited
    if texts:
        page.line()
        page.paragraph(f" {page.glyphs.dot} ".join(texts), indent=0, style="dim")


def _show_account(page: Page, survey: Survey, rows: AccountRows, now: datetime, *, billing: str, sites: bool) -> None:
    heading = named(survey.site, rows.account) if sites else rows.account
    page.line(Span(heading, "strong"))
    if rows.limits:
        first = Column[Row](title=_("OF"), cell=lambda row: _label(row, survey.user, billing), least=12)
        page.table((first, *_figures()), rows.limits, indent=2)
    elif rows.free:
        page.paragraph(_("nothing is limited here"), style="dim")
    else:
        page.paragraph(_("nothing was granted over time, and nothing was used"), style="dim")
    _show_courses(page, rows.limits, now, survey.user, billing)
    if rows.free:
        dot = f" {page.glyphs.dot} "
        text = dot.join(
            f"{amount(used_of(row.quota), row.quota)} {unit_words(row.quota, billing)}" for row in rows.free
        )
        page.paragraph(_("used, without a limit: {what}").format(what=text), style="dim")


def _show_courses(page: Page, rows: Sequence[Row], now: datetime, user: str | None, billing: str) -> None:
    """Where each grant goes, what is said of several of them once; below, the use of each day."""
    dot = f" {page.glyphs.dot} "
    said: dict[str, list[str]] = {}
    for row in rows:
        text = dot.join(course(row.standing, now, billing)) if row.standing is not None and row.limited else ""
        if text:
            said.setdefault(text, []).append(_label(row, user, billing))
    for text, labels in said.items():
        page.hanging(("  ", Span(f"{', '.join(labels)}: ", "dim")), text)
    for row in rows:
        line = spark(row.standing, page.glyphs) if row.standing is not None and row.limited else ""
        if row.standing is not None and line:
            days = _("{what} a day") if row.standing.whole else _("{what} a day, your own alone")
            label = days.format(what=_label(row, user, billing))
            page.line("  ", Span(f"{label}: ", "dim"), Span(line, "used"), Span(" " + _("to yesterday"), "dim"))


def _label(row: Row, user: str | None, billing: str) -> str:
    """`GPU-hours`; of another holder than the account whose."""
    text = unit_words(row.quota, billing)
    if row.role == "above":
        return _("{what} of {holder}").format(what=text, holder=row.quota.holder)
    if row.role == "user":
        name = _("you") if row.quota.user == user else row.quota.user
        return _("{what} of {holder}").format(what=text, holder=name)
    return text


def _figures() -> Iterator[Column[Row]]:
    yield Column(title=_("GRANTED"), cell=lambda r: granted_words(r.quota), right=True)
    yield Column(title=_("USED"), cell=lambda r: amount(used_of(r.quota), r.quota), right=True)
    yield Column(title=_("RUNNING"), cell=lambda r: _claimed(r, r.quota.committed), right=True, shed=1)
    yield Column(title=_("WAITING"), cell=lambda r: _claimed(r, r.waits), right=True, shed=2)
    yield Column(title=_("LEFT"), cell=lambda r: left_words(r.quota), right=True, style=_left_style)


def _claimed(row: Row, value: int | None) -> str:
    """What is spoken for; of how many at once nothing is, as what runs is in use."""
    return "" if row.quota.unit == "count" else amount(value, row.quota)


def _left_style(row: Row) -> str:
    left = row.quota.available
    return "failed" if left is not None and left <= 0 and not row.quota.unlimited else ""


def _show_flat(page: Page, told: Sequence[Survey], now: datetime, *, billing: str, sites: bool) -> None:
    rows = [
        row
        for survey in told
        for row in (*(row for one in account_rows(survey) for row in one.limits), *qos_rows(survey))
        if row.role != "above" and row.quota.granted is not None
    ]
    if not rows:
        page.remark(_("nobody was granted anything over time or at once"))
        return
    site: Column[Row] = Column(title=_("SITE"), cell=lambda r: r.site, least=6, most=16)
    columns: tuple[Column[Row], ...] = (
        *((site,) if sites else ()),
        Column(title=_("WHOSE"), cell=lambda r: r.quota.holder, least=8, most=24),
        Column(title=_("OF"), cell=lambda r: unit_words(r.quota, billing), least=9, most=24),
        *_figures(),
        Column(title=_("PACE"), cell=_pace, right=True, shed=3),
        Column(title=_("RUNS OUT"), cell=lambda r: _runs_out(r, now), shed=4),
    )
    page.table(columns, rows)


def _pace(row: Row) -> str:
    burn = row.standing.burndown if row.standing else None
    return "–" if burn is None else percent(burn.pace)


def _runs_out(row: Row, now: datetime) -> str:
    burn = row.standing.burndown if row.standing else None
    if burn is None or burn.earliest is None:
        return "–"
    return day_range(burn.earliest, burn.latest, now)


def _show_users(page: Page, told: Sequence[Survey], *, billing: str, sites: bool) -> None:
    rows = [row for survey in told for row in user_rows(survey)]
    if not rows:
        page.remark(_("nobody has used anything of these accounts"))
        return
    site: Column[UserRow] = Column(title=_("SITE"), cell=lambda r: r.site, least=6, most=16)
    columns: tuple[Column[UserRow], ...] = (
        *((site,) if sites else ()),
        Column(title=_("ACCOUNT"), cell=lambda r: r.account, least=8, most=20),
        Column(title=_("USER"), cell=lambda r: r.user, least=8, most=20),
        Column(title=_("OF"), cell=lambda r: unit_words(r.quota, billing), least=9, most=24),
        Column(title=_("USED"), cell=lambda r: amount(used_of(r.quota), r.quota), right=True),
        Column(title=_("SHARE"), cell=lambda r: percent(r.share), right=True),
        Column(title=_("RUNNING"), cell=lambda r: amount(r.quota.committed, r.quota), right=True, shed=1),
        Column(title=_("WAITING"), cell=lambda r: amount(r.quota.reserved, r.quota), right=True, shed=2),
    )
    page.table(columns, rows)
