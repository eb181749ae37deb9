"""`naru why ID`: why a job waits, or how it ended, in words."""

import argparse
from collections.abc import Sequence

from msgspec import Struct

from naru.commands import job_table
from naru.commands.job_ids import checked
from naru.output import Page, Result
from naru.plain_table import Span
from naru.session import Context
from naru_client.errors import NotFound
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
    parser.add_argument("id", metavar=_("ID"), help=_("123, 123_4 for a task, 123+1 for a part of a het job"))


async def run(context: Context) -> Result:
    job_id = checked(context.args.id)
    opened = await context.open()
    reading = await opened.centre.job(job_id)
    if not reading.value:
        raise NotFound(_("no job {id}").format(id=job_id))
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
        site=opened.centre.id,
        source=reading.source,
        as_of=reading.as_of,
        data=answers,
        warnings=reading.warnings,
        show=lambda page: _show(page, reading.value, answers),
    )


def _show(page: Page, jobs: Sequence[Job], answers: Sequence[Answer]) -> None:
    """Records with the same words are told once: the tasks of an array mostly wait for one thing."""
    told: dict[tuple[str, ...], list[Job]] = {}
    for job, answer in zip(jobs, answers, strict=True):
        told.setdefault(answer.words, []).append(job)
    for number, (words, same) in enumerate(told.items()):
        if number:
            page.line()
        first = same[0]
        more = _(" and {count} more").format(count=len(same) - 1) if len(same) > 1 else ""
        page.line(
            Span(first.id, "strong"), more, "  ", Span(first.state, job_table.state_style(first)), "  ", first.name
        )
        for sentence in words:
            page.paragraph(sentence)
