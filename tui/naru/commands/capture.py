"""`naru capture DIR`: record a centre's answers, to be looked at elsewhere with --replay."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from naru.output import Page, Result
from naru.plain_table import Column, Span
from naru.session import Context
from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.text import clean

CSV = False


class Part(Struct, frozen=True):
    """One collection of a capture; `missing` says why it is not in it, None when it is."""

    name: str
    missing: str | None


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar=_("FOLDER"), help=_("a folder to make, or an empty one"))


async def run(context: Context) -> Result:
    from naru_client.slurm.recording import capture

    if not context.args.folder:
        raise UsageError(_("the folder's name is empty"))
    folder = Path(context.args.folder)
    opened = await context.open()
    if opened.several:
        names = ", ".join(clean(centre.id) for centre in opened.centres)
        raise UsageError(
            _("a capture is of one site, and {n} are open").format(n=len(opened.centres)),
            _("--site, one of: {names}").format(names=names),
        )
    centre = opened.home
    parts = tuple(Part(name, missing or None) for name, missing in await capture(centre, folder))
    return Result(
        schema="capture",
        site=centre.id,
        as_of=datetime.now(UTC),
        data={"folder": clean(str(folder)), "parts": parts},
        show=lambda page: _show(page, folder, parts),
    )


def _show(page: Page, folder: Path, parts: tuple[Part, ...]) -> None:
    columns: tuple[Column[Part], ...] = (
        Column(title=_("PART"), cell=lambda p: p.name),
        Column(
            title=_("IN THE CAPTURE"),
            cell=lambda p: p.missing or _("yes"),
            least=10,
            style=lambda p: "warn" if p.missing else "running",
        ),
    )
    page.table(columns, parts)
    page.line(_("It holds names, paths and accounts as the centre told them; only you may read it."))
    page.line(Span(_("To look at it: naru --replay {folder}").format(folder=clean(str(folder))), "dim"))
