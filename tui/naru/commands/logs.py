"""`naru logs ID`: what a job has written, printed, searched or followed."""

import argparse
import asyncio
import gc
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from naru.commands.job_ids import ID_HELP
from naru.output import Result
from naru.session import Context
from naru_client.errors import UsageError
from naru_client.i18n import _

if TYPE_CHECKING:
    from naru_client.logs.pattern import Pattern

CSV = False

ALL = -1  # lines: not only the last ones


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar=_("ID"), help=_(ID_HELP))
    parser.add_argument("-f", "--follow", action="store_true", help=_("go on with what comes, until the job has ended"))
    parser.add_argument(
        "-n", "--tail", type=_lines, metavar="N",
        help=_("only the last N lines, or `all`; 10 with -f, else all"),
    )  # fmt: skip
    parser.add_argument("--stderr", action="store_true", help=_("the file of errors, where the job has one of its own"))
    parser.add_argument("--script", action="store_true", help=_("the batch script in place of the log"))
    parser.add_argument("--grep", metavar="RE", help=_("only lines that match; capitals in it make case count"))
    parser.add_argument("--raw", action="store_true", help=_("byte for byte, as the file is; not to a terminal"))
    parser.add_argument("--force", action="store_true", help=_("--raw to a terminal as well, whatever is in it"))


def lasting(context: Context) -> Callable[[Callable[[Result], None]], int] | None:
    """What prints as it reads; a JSON object is made whole."""
    args = context.args
    if args.force and not args.raw:
        raise UsageError(_("--force goes with --raw"))
    if args.follow and args.script:
        raise UsageError(_("a batch script cannot be followed"), _("leave out -f"))
    if args.script and args.stderr:
        raise UsageError(_("--{first} and --{second} cannot be had together").format(first="script", second="stderr"))
    if args.json:
        for name in ("follow", "raw"):
            if getattr(args, name):
                raise UsageError(_("--{first} and --{second} cannot be had together").format(first="json", second=name))
        return None
    if args.raw and context.paper.terminal and not args.force:
        raise UsageError(
            _("--raw is not for a terminal: what is in the log could do anything to it"),
            _("send it to a file or a pipe; --force does it all the same"),
        )
    return lambda _say: _stay(context)


async def run(context: Context) -> Result:
    """The log as data."""
    from naru.commands.log_json import result_of

    return await result_of(context, _pattern(context))


def _stay(context: Context) -> int:
    gc.enable()
    with _interruptible():
        return asyncio.run(context.run(_print)).exit_code


async def _print(context: Context) -> Result:
    from naru.commands.log_verb import LogVerb

    await LogVerb(context, _pattern(context)).print()
    return Result(schema="logs", data=None, show=lambda page: None)


def _pattern(context: Context) -> "Pattern | None":
    if context.args.grep is None:
        return None
    from naru_client.logs.pattern import read_pattern

    return read_pattern(context.args.grep, regex=True)


def _lines(text: str) -> int:
    if text == "all":
        return ALL
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    raise argparse.ArgumentTypeError(_("{text} is not a number of lines").format(text=repr(text[:40])))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl+C end it wherever it is: asyncio's own way would wait for who reads nothing from a full pipe."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, _interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupted(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
