"""`naru estimate SCRIPT` or `naru estimate --gpus 8 …`: what a job would cost, pool by pool, before it is submitted."""

import argparse
import os
from pathlib import Path

from naru.commands.estimate_words import add_arguments, told
from naru.output import Result
from naru.session import Context, Opened, by_commands
from naru_client.errors import NotFound, UsageError
from naru_client.files import read_regular, why_unreadable
from naru_client.i18n import _
from naru_client.insight.request import Asked
from naru_client.insight.site_rules import Submission
from naru_client.text import clean

CSV = True

LARGEST = 4 << 20  # bytes, as much as Slurm takes (max_script_size)


def arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    own = parser.add_argument_group(_("estimate"))
    own.add_argument("--pool", action="append", metavar=_("NAME"), help=_("only this pool; may be given several times"))
    own.add_argument("--tariff", metavar=_("NAME"), help=_("another tariff than the profile's: a name or a .toml file"))
    own.add_argument("--no-start", action="store_true", help=_("do not ask the scheduler when it would start"))
    own.add_argument(
        "--strict", action="store_true", help=_("exit code 1 where no pool fits, or the site's rules refuse it")
    )


async def run(context: Context) -> Result:
    from naru.commands.estimate_data import data_of, sheet_of
    from naru.commands.estimate_page import show
    from naru.planning import TESTS, read_plan
    from naru.pricing import Pricing

    args = context.args
    asked, script = read_asked(context)
    opened = await context.open()
    pricing = Pricing(opened.profile, args.tariff or "")
    plan = await read_plan(
        opened.centres,
        pricing,
        opened.profile,
        asked,
        now=opened.clock(),
        submission=_submission(opened),
        history=not opened.recorded,
        tests=0 if args.no_start else TESTS,
        script=script,
        only=tuple(args.pool or ()),
    )
    if args.pool and not plan.offers:
        raise NotFound(_("there is no pool named {names}").format(names=", ".join(map(clean, args.pool))))
    refused = any(note.refused for note in asked.notes) or (
        plan.checked is not None and any(one.effect == "refused" for one in plan.checked.findings)
    )
    nowhere = all(offer.fits is False for offer in plan.offers)
    return Result(
        schema="estimate",
        site=opened.name,
        source=plan.source,
        as_of=plan.as_of,
        data=data_of(plan, pricing),
        warnings=plan.warnings,
        show=lambda page: show(page, plan, pricing, opened.clock(), several=opened.several),
        sheet=sheet_of(plan),
        exit_code=1 if args.strict and (refused or nowhere) else 0,
    )


def read_asked(context: Context) -> tuple[Asked, str | None]:
    """What is asked for, and the path of the script where there is one. Raises UsageError with file, line and word."""
    from naru_client.slurm.batch_script import read_job

    words = told(context.args)
    text = None if words.script is None else _script(words.script, context)
    shown = {None: "", "-": _("standard input")}.get(words.script, words.script or "")
    asked = read_job(text, file=shown, options=words.words, environment=context.environ)
    path = None if words.script in (None, "-") else os.path.abspath(words.script or "")
    return asked, path


def _script(name: str, context: Context) -> str:
    try:
        if name == "-":
            stdin = context.stdin
            buffer = getattr(stdin, "buffer", None)
            data = buffer.read(LARGEST + 1) if buffer else (stdin.read(LARGEST + 1) if stdin else "").encode()
        else:
            data = read_regular(Path(name), LARGEST)
    except (OSError, ValueError) as error:
        raise UsageError(
            _("cannot read {path}: {why}").format(path=clean(name), why=clean(why_unreadable(error)))
        ) from None
    if len(data) > LARGEST:
        raise UsageError(_("the script is larger than {n} bytes").format(n=LARGEST))
    return bytes(data).decode("utf-8", "replace")  # comments may be in any encoding


def _submission(opened: Opened) -> Submission:
    """Who would submit it and from where; only on the centre's own machines is this folder one of the centre's."""
    user = opened.home.user
    if opened.recorded or not by_commands(opened.profile):
        return Submission(user=user)
    try:
        return Submission(user=user, directory=os.path.realpath(os.getcwd()))
    except OSError:
        return Submission(user=user)
