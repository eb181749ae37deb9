"""The command line: which verbs there are, what they take, and what every one of them does the same.

A verb is a module of `naru.commands`, imported only when it is asked for. It holds `arguments(parser)`, `CSV` (whether
its result is a table), and `run(context) -> Result`; one that goes on until it is ended also holds `lasting(context)`,
which does so and prints for itself. Global options stand before or after the verb.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import IO, TYPE_CHECKING, Any, NoReturn

from naru_client import __version__, i18n
from naru_client.config import Settings, load_settings
from naru_client.errors import NaruError, UsageError
from naru_client.i18n import _, mark
from naru_client.text import clean

if TYPE_CHECKING:
    from naru.output import Form

VERBS = {
    "gpus": mark("accelerators in use, free and away, by site and model"),
    "jobs": mark("your jobs, or everybody's, through a filter"),
    "job": mark("everything about one job"),
    "logs": mark("what a job has written, printed, searched or followed"),
    "nodes": mark("nodes with their state, load and reason"),
    "quota": mark("what was granted, used, is spoken for and left, and what to be warned of"),
    "estimate": mark("what a job would cost, pool by pool, before it is submitted"),
    "forecast": mark("how the start forecast would have done, on a trace of what really happened"),
    "sites": mark("the site, how it is reached and how it does"),
    "why": mark("why a job waits, or how it ended, in words"),
    "doctor": mark("what works here, what does not, and what to do"),
    "demo": mark("the terminal on a simulated centre"),
    "capture": mark("record a centre's answers for --replay"),
    "mock": mark("a simulated centre for any client: serve it, make tokens for it, list them"),
    "themes": mark("the themes there are, and what is wrong with broken ones"),
}
BARE = "snapshot"  # what stands behind `naru` without a verb: the terminal, or one plain page
WITH_VALUE = ("--profile", "--replay", "--site")


class Plain(str):
    """A word after `--`: never an option, whatever it begins with."""

    __slots__ = ()


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors of ours: one line, a hint, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(clean(message), _("{program} --help shows what there is").format(program=self.prog))

    def _parse_optional(self, arg_string: str) -> Any:
        return None if isinstance(arg_string, Plain) else super()._parse_optional(arg_string)

    def _print_message(self, message: str, file: Any = None) -> None:
        from naru.output import write_text

        write_text(file or sys.stderr, message)


def find_verb(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The verb, or `BARE` when there is none, and the rest of the arguments."""
    skip = False
    for place, word in enumerate(argv):
        if skip:
            skip = False
        elif word == "--":
            break
        elif word in WITH_VALUE:
            skip = True
        elif not word.startswith("-"):
            if word not in VERBS:
                raise _no_verb(word)
            return word, [*argv[:place], *argv[place + 1 :]]
    return BARE, list(argv)


def parse(argv: Sequence[str]) -> tuple[str, ModuleType, argparse.Namespace]:
    """The verb, its module and its arguments. Raises UsageError; leaves by SystemExit for --help and --version."""
    verb, rest = find_verb(argv)
    module = import_module(f"naru.commands.{verb}")
    parser = _parser(verb)
    module.arguments(parser)
    args = parser.parse_intermixed_args(_with_plain(rest))
    if args.json and args.csv:
        parser.error(_("--json and --csv cannot be had together"))
    if args.csv and not module.CSV:
        parser.error(_("this is not a table: --csv is for tables, --json for everything"))
    for name in ("profile", "replay", "site"):
        if (told := getattr(args, name)) is not None and not told.strip():  # `--replay "$UNSET"` must not ask anybody
            parser.error(_("--{name} is empty").format(name=name))
    chosen = [name for name in ("profile", "replay", "demo") if getattr(args, name)]
    if args.replay and args.site:
        chosen = ["replay", "site"]  # a recording is of one site
    if len(chosen) > 1:
        parser.error(_("--{first} and --{second} cannot be had together").format(first=chosen[0], second=chosen[1]))
    return verb, module, args


def _with_plain(words: Sequence[str]) -> list[str]:
    """The words without the first `--`, those after it marked."""
    if "--" not in words:
        return list(words)
    place = words.index("--")
    return [*words[:place], *map(Plain, words[place + 1 :])]


def wants_json(argv: Sequence[str]) -> bool:
    """Whether the answer is to be JSON, for arguments that could not be parsed."""
    return "--json" in (argv[: argv.index("--")] if "--" in argv else argv)


def choose_language(setting: str, environ: Mapping[str, str]) -> None:
    from pathlib import Path

    i18n.use(i18n.wanted_language(setting, dict(environ)), Path(__file__).with_name("locale"))


def execute(argv: Sequence[str], stdout: IO[str], stderr: IO[str], environ: Mapping[str, str]) -> int:
    """Do what the arguments say; the exit code. Raises any NaruError."""
    from naru.terminal import Closed, look

    if isinstance(stdout, Closed):
        raise NaruError(_("standard output is closed: there is nowhere to write to"))
    _verb, module, args = parse(argv)
    settings, broken = _settings()
    if broken is not None and not getattr(module, "WORKS_WITHOUT_SETTINGS", False):
        raise broken
    if settings.language:
        choose_language(settings.language, environ)
    from naru.session import Context

    paper = look(stdout, environ, colour=not args.no_colour, glyphs=settings.glyphs)
    context = Context(
        args=args, settings=settings, settings_error=broken, environ=environ, paper=paper, stdin=sys.stdin
    )
    if getattr(module, "opens_terminal", lambda _context: False)(context):
        return context.open_terminal()
    if (lasting := getattr(module, "lasting", lambda _context: None)(context)) is not None:
        from naru.output import present

        form: Form = "json" if args.json else "text"
        code: int = lasting(lambda result: present(result, form, stdout, stderr, paper))
        return code
    import asyncio

    from naru.output import present

    result = asyncio.run(context.run(module.run))
    present(result, "json" if args.json else "csv" if args.csv else "text", stdout, stderr, paper)
    return result.exit_code


def schema_of(argv: Sequence[str]) -> str:
    """The schema that an error's envelope carries: the verb's, or "error" where there is no such verb."""
    try:
        return find_verb(argv)[0]
    except UsageError:
        return "error"


def _settings() -> tuple[Settings, NaruError | None]:
    try:
        return load_settings(), None
    except NaruError as error:
        return Settings(), error


def _parser(verb: str) -> Parser:
    bare = verb == BARE
    parser = Parser(
        prog="naru" if bare else f"naru {verb}",
        usage=_("naru [OPTION …] [VERB [ARGUMENT …]]") if bare else None,
        description=_("Jobs, queues and GPU quota of a computing centre. Without a verb: the terminal.")
        if bare
        else _(VERBS[verb]),
        epilog=_verb_list() if bare else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    group = parser.add_argument_group(_("everywhere"))
    group.add_argument("--profile", metavar=_("NAME"), help=_("the profile of config.toml, or https://… or unix:/path"))
    group.add_argument("--demo", action="store_true", help=_("a simulated centre"))
    group.add_argument(
        "--replay", metavar=_("PATH"), help=_("recorded answers: a folder of `naru capture`, or one file")
    )
    group.add_argument("--site", metavar=_("NAME"), help=_("only this site, of a simulated centre that has several"))
    group.add_argument("--json", action="store_true", help=_("one JSON object, the same in every language"))
    group.add_argument("--csv", action="store_true", help=_("comma-separated values, where the result is a table"))
    group.add_argument("--no-colour", "--no-color", dest="no_colour", action="store_true", help=_("no colours"))
    group.add_argument("--version", action="version", version=f"naru {__version__}")
    return parser


def _verb_list() -> str:
    widest = max(map(len, VERBS))
    return _("verbs:") + "\n" + "\n".join(f"  {verb:{widest}}  {_(text)}" for verb, text in VERBS.items())


def _no_verb(word: str) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), VERBS, n=1)
    hint = (
        _("did you mean {name}?").format(name=near[0]) if near else _("verbs: {names}").format(names=", ".join(VERBS))
    )
    return UsageError(_("no verb named {name}").format(name=repr(clean(word, 60))), hint)
