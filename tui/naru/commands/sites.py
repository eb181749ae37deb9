"""`naru sites`: the site, how it is reached, how it does, and what its people should know."""

import argparse
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from naru import format as form
from naru.commands.asking import read_all
from naru.output import Page, Result, Sheet
from naru.plain_table import Span
from naru.session import Context
from naru_client.centre import Centre
from naru_client.errors import NaruError, NotProvided
from naru_client.i18n import _
from naru_client.insight.overview import notices
from naru_client.model import Notice, Site
from naru_client.reading import Reading

CSV = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing of its own."""


async def run(context: Context) -> Result:
    opened = await context.open()
    reading = await read_all(opened, _told)
    sites = reading.value
    names = Site.__struct_fields__
    return Result(
        schema="sites",
        site=opened.name,
        source=reading.source,
        as_of=reading.as_of,
        data=sites,
        warnings=reading.warnings,
        show=lambda page: _show(page, sites, reading.as_of),
        sheet=Sheet(names, tuple(tuple(getattr(one, name) for name in names) for one in sites)),
    )


async def _told(centre: Centre) -> Reading[tuple[Site, ...]]:
    """What a site tells of itself, announced maintenance among its notices."""
    reading = await centre.site()
    warnings = list(reading.warnings)
    site = reading.value
    try:
        reservations = await centre.reservations()
    except NotProvided:
        pass  # a site without reservations to tell of still has its own notices
    except NaruError as error:
        warnings.append(_("no reservations: {why}").format(why=error.message))
    else:
        site = replace(site, notices=(*site.notices, *notices(reservations.value, reading.as_of)))
    return Reading((site,), reading.source, reading.as_of, tuple(warnings))


def health(site: Site) -> Span:
    """How a site does, in a word or two."""
    if site.healthy is None:
        return Span(_("not told"), "dim")
    if site.healthy:
        return Span(_("up"), "running")
    return Span(site.health_detail or _("down"), "failed")


def notice_line(notice: Notice, now: datetime) -> str:
    """What the notice says, and its span where it has one."""
    if notice.start is None and notice.end is None:
        return notice.text
    return f"{form.when(notice.start, now)} – {form.when(notice.end, now)}  {notice.text}"


def _show(page: Page, sites: Sequence[Site], now: datetime) -> None:
    for number, site in enumerate(sites):
        if number:
            page.line()
        page.facts(
            (
                (_("site"), Span(site.name, "strong")),
                (_("health"), health(site)),
                (_("scheduler"), site.scheduler),
                (_("reached by"), site.reached_by),
                (_("dialect"), " ".join(filter(None, (site.dialect, site.contract)))),
                (_("you are"), site.user),
                (_("provides"), ", ".join(site.capabilities) or None),
                *((_("notice"), Span(notice_line(one, now), "warn")) for one in site.notices),
            )
        )
