"""`naru themes`: the themes there are, where each comes from, and what is wrong with those that cannot be used."""

import argparse

from naru import theming
from naru.output import Page, Result, Sheet
from naru.plain_table import Column
from naru.session import Context
from naru.theming import FoundTheme
from naru_client.i18n import _

CSV = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing of its own."""


async def run(context: Context) -> Result:
    found = theming.available()
    data = [{"name": t.name, "source": t.source, "error": t.error or None} for t in found]
    return Result(
        schema="themes",
        data=data,
        show=lambda page: _show(page, found, context.settings.theme),
        sheet=Sheet(("name", "source", "error"), tuple((t.name, t.source, t.error or None) for t in found)),
    )


def _show(page: Page, found: tuple[FoundTheme, ...], chosen: str) -> None:
    columns: tuple[Column[FoundTheme], ...] = (
        Column(title="", cell=lambda t: page.glyphs.mark if t.name == chosen else " "),
        Column(title=_("THEME"), cell=lambda t: t.name),
        Column(title=_("FROM"), cell=lambda t: t.source, least=8),
        Column(
            title=_("PROBLEM"),
            cell=lambda t: t.error or page.glyphs.dash,
            least=10,
            style=lambda t: "failed" if t.error else "dim",
        ),
    )
    page.table(columns, found)
