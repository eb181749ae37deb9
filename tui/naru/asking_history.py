"""Asking for the past: a slice of time at a time, one site after the other, for a screen or for the command line."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from naru_client.centre import Centre
from naru_client.errors import NaruError, NotProvided
from naru_client.i18n import _
from naru_client.insight.history import Past, Slice, fold_answer, fold_failed, fold_missing, next_slice
from naru_client.model import Job
from naru_client.reading import Reading

if TYPE_CHECKING:
    from textual.message import Message

AHEAD = timedelta(minutes=1)  # clocks differ: what ended "in a moment" belongs to a history up to now
AT_ONCE = 4_000  # jobs that are put in their places without a thread

Tell = Callable[[Past], object]


async def read_slice(centres: Mapping[str, Centre], past: Past, tell: Tell = lambda past: None) -> Past:
    """Ask every site that is waited for, in turn, for the next slice; the past with their answers.

    `tell` hears of each answer as it comes. A site that fails stays among those waited for: asking again asks it alone.
    """
    asked = next_slice(past)
    if asked is None:
        return past
    until = asked.until + AHEAD if asked.newest else asked.until
    for site in past.waiting:
        centre = centres[site]
        try:
            reading = await centre.history(since=asked.since, until=until, user=None if past.everybody else centre.user)
        except NotProvided as error:
            past = fold_missing(past, asked, site, error.message)
        except NaruError as error:
            past = fold_failed(past, asked, site, error)
        except Exception as error:  # a mistake of ours must not leave a reader waiting for ever
            problem = NaruError(_("internal error: {kind}").format(kind=type(error).__name__))
            past = fold_failed(past, asked, site, problem)
        else:
            past = await _folded(past, asked, site, reading)
        tell(past)
    return past


async def _folded(past: Past, asked: Slice, site: str, reading: Reading[tuple[Job, ...]]) -> Past:
    fold = partial(
        fold_answer,
        past,
        asked,
        site,
        reading.value,
        source=reading.source,
        as_of=reading.as_of,
        warnings=reading.warnings,
    )
    return fold() if len(reading.value) + len(past.jobs) <= AT_ONCE else await asyncio.to_thread(fold)


async def ask_for(centres: Mapping[str, Centre], past: Past, post: Callable[["Message"], object]) -> None:
    """The same, each answer posted as a message."""
    from naru.messages import PastArrived

    latest = past

    def tell(told: Past) -> None:
        nonlocal latest
        latest = told
        post(PastArrived(told, last=False))

    await read_slice(centres, past, tell)
    post(PastArrived(latest, last=True))
