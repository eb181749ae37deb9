"""`naru why ID`: why a job waits, or how it ended, in words."""

import argparse
from collections.abc import Sequence

from msgspec import Struct

from naru.commands import job_table
from naru.commands.job_ids import ID_HELP, find, wanted_job
from naru.joining import addressed
from naru.output import Page, Result
from naru.plain_table import Span
from naru.session import Context
from naru_client.i18n import _
from naru_client.insight.why import why
from naru_client.model import Job

CSV = False


class Answer(Struct, frozen=True, kw_only=True):
    """Of one record: its state and reason as the scheduler says them, and the same in words, a sentence a line."""

    id: str
    state: str
    reason: str | None
    reason_detail: str | None
    words: tuple[str, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar=_("ID"), help=_(ID_HELP))


async def run(context: Context) -> Result:
    wanted = wanted_job(context.args.id)
    opened = await context.open()
    told, failed = await find(opened, wanted, lambda centre: centre.job(wanted.id))
    reading = told.said
    answers = tuple(
        Answer(
            id=job.id,
            state=job.state,
            reason=job.reason,
            reason_detail=job.reason_detail,
            words=why(job, reading.as_of),
        )
        for job in reading.value
    )
    return Result(
        schema="why",
        site=told.centre.id,
        source=reading.source,
        as_of=reading.as_of,
        data=answers,
        warnings=(*failed, *reading.warnings),
        show=lambda page: _show(page, reading.value, answers, sites=opened.several),
    )


def _show(page: Page, jobs: Sequence[Job], answers: Sequence[Answer], *, sites: bool) -> None:
    """Records with the same words are told once: the tasks of an array mostly wait for one thing."""
    told: dict[tuple[str, ...], list[Job]] = {}
    for job, answer in zip(jobs, answers, strict=True):
        told.setdefault(answer.words, []).append(job)
    for number, (words, same) in enumerate(told.items()):
        if number:
            page.line()
        first = same[0]
        more = _(" and {count} more").format(count=len(same) - 1) if len(same) > 1 else ""
        name, state = addressed(first.site, first.id, sites), Span(first.state, job_table.state_style(first))
        page.line(Span(name, "strong"), more, "  ", state, "  ", first.name)
        for sentence in words:
            page.paragraph(sentence)
