"""How jobs stand in a plain table: the columns people triage by, folded or one line a record."""

from collections.abc import Sequence
from datetime import datetime

from naru import format as form
from naru.output import Page, Sheet
from naru.past_format import hours, percent
from naru.plain_table import Column
from naru_client.i18n import _
from naru_client.insight.finished import exit_words, gpu_hours, limit_share
from naru_client.insight.fold import Row
from naru_client.insight.reasons import shown_estimate
from naru_client.model import Job

STATE_STYLES = {"RUNNING": "running", "COMPLETED": "done", "CANCELLED": "done"}


def columns(now: datetime, *, users: bool, sites: bool = False) -> tuple[Column[Row], ...]:
    """The columns, `now` being the moment that times are told from."""
    found: list[Column[Row]] = []
    if sites:
        found.append(Column(title=_("SITE"), cell=lambda r: r.job.site, least=6, most=16))
    found.append(Column(title=_("JOB"), cell=_id))
    if users:
        found.append(Column(title=_("USER"), cell=lambda r: r.job.user or "?", least=5, most=12, free=True))
    found += [
        Column(title=_("NAME"), cell=lambda r: r.job.name, least=10, most=28, free=True),
        Column(title=_("POOL"), cell=lambda r: r.job.pool or "–", least=8, most=14, shed=1, free=True),
        Column(title=_("STATE"), cell=_state, least=9, most=20, style=lambda r: state_style(r.job)),
        Column(title=_("GPUS"), cell=lambda r: form.accelerators(r.job.accelerators), most=18, least=7),
        Column(title=_("NODES"), cell=lambda r: _number(r.job.nodes), right=True, shed=5),
        Column(title=_("ELAPSED"), cell=lambda r: form.duration(r.job.elapsed), right=True, shed=3),
        Column(title=_("LIMIT"), cell=lambda r: form.time_limit(r.job), right=True, shed=4),
        Column(title=_("START"), cell=lambda r: start(r.job, now), right=True),
        Column(title=_("WHERE OR WHY"), cell=lambda r: form.where_or_why(r.job), least=17, most=40, free=True),
    ]
    return tuple(found)


def finished_columns(now: datetime, *, users: bool, sites: bool = False) -> tuple[Column[Job], ...]:
    """The columns of jobs that ended: how, when, and what they took."""
    found: list[Column[Job]] = []
    if sites:
        found.append(Column(title=_("SITE"), cell=lambda j: j.site, least=6, most=16))
    found.append(Column(title=_("JOB"), cell=lambda j: j.id))
    if users:
        found.append(Column(title=_("USER"), cell=lambda j: j.user or "?", least=5, most=12, free=True))
    found += [
        Column(title=_("NAME"), cell=lambda j: j.name, least=8, most=28, free=True),
        Column(title=_("ACCOUNT"), cell=lambda j: j.account or "–", least=6, most=12, shed=6, free=True),
        Column(title=_("POOL"), cell=lambda j: j.pool or "–", least=6, most=14, shed=4, free=True),
        Column(title=_("STATE"), cell=lambda j: j.state, least=9, most=14, style=state_style),
        Column(title=_("EXIT"), cell=exit_words, least=5, most=18),
        Column(title=_("GPUS"), cell=lambda j: form.accelerators(j.accelerators), most=18, least=7),
        Column(title=_("ENDED"), cell=lambda j: form.when(j.ended, now)),
        Column(title=_("ELAPSED"), cell=lambda j: form.duration(j.elapsed), right=True),
        Column(title=_("LIMIT"), cell=form.time_limit, right=True, shed=5),
        Column(title=_("OF LIMIT"), cell=lambda j: percent(limit_share(j)), right=True, shed=3),
        Column(title=_("GPU-H"), cell=lambda j: hours(gpu_hours(j)), right=True, shed=2),
    ]
    return tuple(found)


def show_finished(page: Page, jobs: Sequence[Job], now: datetime, *, users: bool, sites: bool = False) -> None:
    page.table(finished_columns(now, users=users, sites=sites), jobs)


def finished_sheet(jobs: Sequence[Job]) -> Sheet:
    """Every field of every record, and what it took."""
    from naru.exporting import export_of_history

    export = export_of_history(jobs)
    return Sheet(export.columns, tuple(tuple(export.cells(job)) for job in jobs))


def start(job: Job, now: datetime) -> str:
    """When it started; `~` before the scheduler's own estimate of when it will."""
    if job.started is not None:
        return form.when(job.started, now)
    estimate = shown_estimate(job)
    return "–" if estimate is None else "~" + form.when(estimate, now)


def state_style(job: Job) -> str:
    if job.waiting:
        return "waiting"
    if job.finished:
        return STATE_STYLES.get(job.state, "failed")
    return STATE_STYLES.get(job.state, "moving")


def summary(rows: Sequence[Row]) -> str:
    """How many tasks are in each state, in words."""
    counts: dict[str, int] = {}
    for row in rows:
        for state, count in row.counts:
            counts[state] = counts.get(state, 0) + count
    return ", ".join(f"{count} {state.lower().replace('_', ' ')}" for state, count in counts.items())


def show(page: Page, rows: Sequence[Row], now: datetime, *, users: bool, sites: bool = False) -> None:
    page.table(columns(now, users=users, sites=sites), rows)


def sheet(jobs: Sequence[Job]) -> Sheet:
    """Every field of every record, under the names of the model."""
    names = Job.__struct_fields__
    return Sheet(names, tuple(tuple(getattr(job, name) for name in names) for job in jobs))


def _id(row: Row) -> str:
    if not row.foldable:
        return row.job.id
    return f"{row.key}×{row.tasks}" if row.key.endswith("+") else f"{row.key}_×{row.tasks}"


def _state(row: Row) -> str:
    if len(row.counts) == 1:
        return row.job.state
    return " ".join(f"{count} {form.state_code(state)}" for state, count in row.counts)


def _number(value: int | None) -> str:
    return "–" if value is None else str(value)
