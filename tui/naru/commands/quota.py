"""`naru quota [ACCOUNT …]`: what was granted, used, is spoken for and left, and what to be warned of."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from naru.commands.asking import ask_all
from naru.joining import join_sources, lines_of
from naru.output import Page, Result
from naru.session import Context, Opened
from naru_client.errors import NotFound, Unreachable, UsageError
from naru_client.i18n import _
from naru_client.insight.standing import DAYS as WITHIN
from naru_client.text import clean

if TYPE_CHECKING:
    from naru.commands.quota_reading import Survey

CSV = True

ANSWERS_WITHIN = 5.0  # seconds for all of --check: nobody waits longer for a shell
DAYS = 28
LONGEST = 366


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account", nargs="*", metavar=_("ACCOUNT"), help=_("only these accounts, others' ones too"))
    parser.add_argument("--all", action="store_true", help=_("everybody's accounts"))
    parser.add_argument("--by", choices=("user",), help=_("who uses how much of each account"))
    parser.add_argument(
        "--check",
        action="store_true",
        help=_("for login scripts: silent and 0 when all is well, else a line for each warning and 1"),
    )
    parser.add_argument(
        "--within", type=_days, default=WITHIN, metavar=_("DAYS"), help=_("warn so many days ahead (14)")
    )
    parser.add_argument(
        "--days", type=_days, default=DAYS, metavar="N", help=_("foretell from the use of the last N days (28)")
    )


def _days(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 3 or not 1 <= int(text) <= LONGEST:
        raise argparse.ArgumentTypeError(
            _("{text} is no number of days from 1 to {most}").format(text=repr(clean(text, 20)), most=LONGEST)
        )
    return int(text)


async def run(context: Context) -> Result:
    args = context.args
    if not args.check:
        opened = await context.open()
        return _told(args, opened, *await _surveys(args, opened))
    if args.csv or args.by:
        raise UsageError(_("--check tells warnings alone"), _("leave out --csv and --by, or --check"))
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            opened = await context.open()
            return _checked(args, opened, *await _surveys(args, opened))
    except TimeoutError:
        raise Unreachable(_("the centre did not answer within {n} s").format(n=f"{ANSWERS_WITHIN:g}")) from None


async def _surveys(args: argparse.Namespace, opened: Opened) -> "tuple[list[Survey], list[str]]":
    """How each site stands, and a line for each that does not answer. Raises NotFound for an account of no site."""
    from naru.commands.quota_reading import Wanted, survey

    wanted = Wanted(
        accounts=tuple(args.account), everybody=args.all, brief=args.check, within=args.within, days=args.days,
        least_pace=opened.profile.least_pace,
    )  # fmt: skip
    now = opened.clock()
    told, failed = await ask_all(opened, lambda centre: survey(centre, wanted, now))
    found = [one.said for one in told]
    for name in wanted.accounts:
        if not any(name in one.accounts for one in found):
            raise _no_account(name, found)
    if wanted.accounts:
        found = [one for one in found if one.accounts]
    return found, failed


def _no_account(name: str, told: "Sequence[Survey]") -> NotFound:
    from difflib import get_close_matches

    known = {q.account: None for one in told for q in one.quotas if q.account is not None}
    near = get_close_matches(name, known, n=1)
    hint = _("did you mean {name}?").format(name=near[0]) if near else _("--all shows every account that is told of")
    return NotFound(_("no account named {name} is told of").format(name=repr(clean(name, 60))), hint)


def _told(args: argparse.Namespace, opened: Opened, told: "Sequence[Survey]", failed: Sequence[str]) -> Result:
    from naru.commands import quota_page, quota_sheet
    from naru.commands.quota_billing import billing_unit

    billing = billing_unit(opened.profile)
    now = min((one.as_of for one in told), default=opened.clock())
    said = lines_of((one.site, text) for one in told for text in one.warnings)
    if not opened.several:
        said = [text for one in told for text in one.warnings]
    nobody = [one.site for one in told if one.user is None and not (args.all or args.account)]
    if nobody:
        unknown = _("it is not known who you are there: these are everybody's accounts")
        said[:0] = lines_of((site, unknown) for site in nobody) if opened.several else [unknown]

    def show(page: Page) -> None:
        quota_page.show(
            page, told, now, exhausted=opened.profile.exhausted, billing=billing, sites=opened.several,
            flat=args.all or bool(nobody), users=args.by == "user",
        )  # fmt: skip

    return Result(
        schema="quota",
        site=opened.name,
        source=join_sources(one.source for one in told),
        as_of=now,
        data=quota_sheet.data(told, within=args.within, exhausted=opened.profile.exhausted, users=args.by == "user"),
        warnings=(*failed, *said),
        show=show,
        sheet=quota_sheet.sheet(told, users=args.by == "user"),
    )


def _checked(args: argparse.Namespace, opened: Opened, told: "Sequence[Survey]", failed: Sequence[str]) -> Result:
    """The warnings that are so already or will be within the days asked for, a line each; what failed goes beside."""
    from naru.commands import quota_page, quota_sheet
    from naru.commands.quota_billing import billing_unit

    now = min((one.as_of for one in told), default=opened.clock())
    billed = any(alert.resource == "billing" for one in told for s in one.standings for alert in s.alerts)
    lines = quota_page.alert_lines(
        told, now, args.within, exhausted=opened.profile.exhausted, sites=opened.several,
        billing=billing_unit(opened.profile) if billed else "",
    )  # fmt: skip
    said = [text for one in told for text in one.warnings]

    def show(page: Page) -> None:
        for line in lines:
            page.line(line)

    return Result(
        schema="quota",
        site=opened.name,
        source=join_sources(one.source for one in told),
        as_of=now,
        data=quota_sheet.data(told, within=args.within, exhausted=opened.profile.exhausted, users=False),
        warnings=(*failed, *(said if args.json else ())),
        show=show,
        exit_code=1 if lines else Unreachable.exit_code if failed else 0,
    )
