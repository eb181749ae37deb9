"""`naru job ID`: everything about one job, every record behind its id, and what each costs."""

import argparse
from collections.abc import Sequence
from datetime import datetime

import msgspec

from naru import format as form
from naru.commands import job_table
from naru.commands.job_cost import ask_costs
from naru.commands.job_ids import ID_HELP, find, wanted_job
from naru.cost_lines import LABELS, Fact, JobCost, cost_data, cost_facts, whole_facts
from naru.joining import addressed
from naru.output import Page, Result
from naru.plain_table import Span
from naru.pricing import Pricing
from naru.session import Context
from naru_client.i18n import _
from naru_client.insight.fold import fold
from naru_client.insight.reasons import shown_estimate
from naru_client.model import Job

CSV = False

_STYLES = {"quiet": "dim", "warning": "warn", "strong": "strong"}
IN_FULL = 3  # so many records are told in full; more of them are a table


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar=_("ID"), help=_(ID_HELP))
    parser.add_argument("--raw", action="store_true", help=_("what the source itself says of it"))


async def run(context: Context) -> Result:
    wanted = wanted_job(context.args.id)
    opened = await context.open()
    if context.args.raw:
        told_raw, failed = await find(opened, wanted, lambda centre: centre.raw_job(wanted.id))
        raw = told_raw.said
        return Result(
            schema="job.raw",
            site=told_raw.centre.id,
            source=raw.source,
            as_of=raw.as_of,
            data=raw.value,
            warnings=(*failed, *raw.warnings),
            show=lambda page: _show_raw(page, raw.value),
        )
    told, failed = await find(opened, wanted, lambda centre: centre.job(wanted.id))
    reading = told.said
    costs = await ask_costs(told.centre, Pricing(opened.profile), reading.value, reading.as_of)
    errors = {cost.error: None for cost in costs if cost.error}  # all of one tariff
    return Result(
        schema="job",
        site=told.centre.id,
        source=reading.source,
        as_of=reading.as_of,
        data=[
            {**msgspec.structs.asdict(job), "cost": cost_data(cost)}
            for job, cost in zip(reading.value, costs, strict=True)
        ],
        warnings=(*failed, *reading.warnings, *errors),
        show=lambda page: _show(page, reading.value, costs, reading.as_of, sites=opened.several),
    )


def _show_raw(page: Page, text: str) -> None:
    for line in text.split("\n"):
        page.line(line)


def _show(page: Page, jobs: Sequence[Job], costs: Sequence[JobCost], now: datetime, *, sites: bool) -> None:
    if len(jobs) > IN_FULL:
        job_table.show(page, [row for job in jobs for row in fold([job])], now, users=True, sites=sites)
        page.line()
        _show_facts(page, [], whole_facts(costs[0]))
        return
    for number, (job, cost) in enumerate(zip(jobs, costs, strict=True)):
        if number:
            page.line()
        page.line(Span(addressed(job.site, job.id, sites), "strong"), "  ", Span(job.name, "strong"))
        _show_facts(page, _facts(job, now), [] if cost.error else cost_facts(cost))  # the warnings have the error


def _show_facts(page: Page, pairs: list[tuple[str, str | Span | None]], costs: Sequence[Fact]) -> None:
    named = [(_(LABELS[fact.key][1]), Span(fact.text, _STYLES.get(fact.style, ""))) for fact in costs]
    page.facts([*pairs, *(one for one, fact in zip(named, costs, strict=True) if fact.key != "note")])
    for fact in costs:
        if fact.key == "note":
            page.paragraph(fact.text, style="dim")


def _facts(job: Job, now: datetime) -> list[tuple[str, str | Span | None]]:
    state = " ".join((job.state, *job.state_flags))
    return [
        (_("state"), Span(state, job_table.state_style(job))),
        (_("reason"), " ".join(filter(None, (job.reason, job.reason_detail))) or None),
        (_("ended by"), form.where_or_why(job) if job.finished and form.where_or_why(job) != "–" else None),
        (_("user"), job.user),
        (_("account"), job.account),
        ("QOS", job.qos),
        (_("pool"), job.pool),
        (_("reservation"), job.reservation),
        (_("accelerators"), _("not told") if job.accelerators is None else form.accelerators(job.accelerators)),
        (_("nodes"), _nodes(job)),
        (_("planned on"), job.planned_nodes),
        (_("CPUs"), _figure(job.cpus)),
        (_("tasks"), _figure(job.tasks)),
        (_("memory"), None if job.memory is None else form.size(job.memory)),
        (_("features"), job.features),
        (_("submitted"), moment(job.submitted)),
        (_("eligible"), moment(job.eligible) if job.eligible != job.submitted else None),
        (_("started"), moment(job.started)),
        (_("expected start"), moment(shown_estimate(job))),
        (_("ended"), moment(job.ended)),
        (_("elapsed"), None if job.elapsed is None else form.duration(job.elapsed)),
        (_("time limit"), form.time_limit(job) if job.unlimited or job.time_limit is not None else None),
        (_("priority"), _figure(job.priority)),
        (_("array tasks"), job.array_tasks),
        (_("depends on"), job.dependency),
        (_("restarts"), _figure(job.restarts or None)),
        (_("comment"), job.comment),
        (_("folder"), job.work_dir),
        (_("command"), job.command),
        (_("output"), job.stdout),
        (_("errors"), job.stderr if job.stderr != job.stdout else None),
    ]


def moment(value: datetime | None) -> str | None:
    """A moment in full, in the reader's own time zone."""
    return None if value is None else value.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def _nodes(job: Job) -> str | None:
    if job.node_list:
        return f"{job.nodes} · {job.node_list}" if job.nodes else job.node_list
    return _figure(job.nodes)


def _figure(value: int | None) -> str | None:
    return None if value is None else str(value)
