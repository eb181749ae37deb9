"""A site's own rules for what is submitted there, as data; and which of them a request breaks. Pure.

A rule file is TOML: `name`, `as-of`, `source`, and `[[rules]]`, each with an `id`, an `effect` and one of the kinds
below. What cannot be checked, because something is not known, is told as such and never passes for kept.
"""

import re
import tomllib
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Literal

import msgspec
from msgspec import Struct

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.insight.request import Origin, Request
from naru_client.text import clean

Effect = Literal["refused", "not-allowed", "may-wait", "check", "advice"]
"""What becomes of a job that breaks the rule, as far as is known: it is refused at once; the site forbids it, and does
not say what follows; such jobs have been seen to wait for ever; a person must look; nothing, but there is better."""


class Rule(
    Struct, frozen=True, kw_only=True, tag_field="kind", rename="kebab", forbid_unknown_fields=True, omit_defaults=True
):
    """What every kind has. `pools` and `models` are patterns: it holds for requests that match any; none: for all."""

    id: str
    effect: Effect
    pools: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    interactive: bool | None = None  # only for interactive jobs, or only for others
    why: dict[str, str] = {}  # by language: what else the site says of it
    source: str = ""


class SubmitFrom(Rule, frozen=True, tag="submit-from"):
    """It must be submitted from one of these folders or below; `{user}` stands for the user's name."""

    under: tuple[str, ...]


class NotGiven(Rule, frozen=True, tag="not-given"):
    """None of these options may be given (long names without dashes)."""

    options: tuple[str, ...]


class Fields(Rule, frozen=True, tag="fields"):
    """An option must be given and hold `key=value;key=value`, with values from these lists.

    `complete` says whether the lists are all there is; `look_up` names the command that lists them at the site.
    """

    option: str
    fields: dict[str, tuple[str, ...]]
    complete: bool = True
    look_up: str = ""


class CoresPerAccelerator(Rule, frozen=True, tag="cores-per-accelerator"):
    """At most so many processors for each accelerator."""

    most: int


class WallTime(Rule, frozen=True, tag="wall-time"):
    """A time limit of at most so many hours."""

    hours: int


AnyRule = SubmitFrom | NotGiven | Fields | CoresPerAccelerator | WallTime


class SiteRules(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """The rules of one site, of a day, and where they are published."""

    name: str
    as_of: date | None = None
    source: str = ""
    rules: tuple[AnyRule, ...] = ()


class Submission(Struct, frozen=True, kw_only=True):
    """How it would be submitted. `directory` is absolute, links resolved; None where it is not known."""

    user: str | None = None
    directory: str | None = None
    interactive: bool = False


class RuleFinding(Struct, frozen=True, kw_only=True):
    """A rule that a request breaks: what is wrong, in words, and what to write instead.

    `instead` is for the line of `origin`, or a line to add where there is no origin; "" is to leave it out, None that
    no line mends it. `why` is what else the site says.
    """

    rule: str
    effect: Effect
    text: str
    part: int = 0
    origin: Origin | None = None
    instead: str | None = None
    why: str = ""
    source: str = ""


class Checked(Struct, frozen=True):
    """The rules that are broken, and those that could not be checked: their ids, each with the reason in words."""

    findings: tuple[RuleFinding, ...]
    unchecked: tuple[tuple[str, str], ...] = ()


_PLACE = re.compile(r"\$\.rules\[(\d+)\]")


def read_rules(text: str, file: str) -> SiteRules:
    """The rules in a TOML text. Raises UsageError with the file, the line and what is wrong."""
    shown = clean(file)
    try:
        rules = msgspec.convert(tomllib.loads(text, parse_float=Decimal), SiteRules)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = clean(str(error)) if isinstance(error, ValueError) else _("it is nested too deeply")
        raise UsageError(_("{path} is not valid TOML: {why}").format(path=shown, why=why)) from None
    except msgspec.ValidationError as error:
        raise _misfit(text, shown, str(error)) from None
    seen: dict[str, int] = {}
    for at, rule in enumerate(rules.rules):
        if rule.id in seen:
            line = _heading(text, at)
            raise UsageError(
                _("{file}, line {line}: there are two rules named {name}").format(
                    file=shown, line=line, name=clean(rule.id)
                )
            )
        seen[rule.id] = at
    return rules


def holds_for(rule: Rule, request: Request, submission: Submission) -> bool:
    """Whether the rule speaks of such a request."""
    if rule.interactive is not None and rule.interactive != submission.interactive:
        return False
    if not rule.pools and not rule.models:
        return True
    models = [wish.model for wish in request.accelerators if wish.model]
    return _any_matches(request.pools, rule.pools) or _any_matches(models, rule.models)


def _any_matches(words: tuple[str, ...] | list[str], patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(word.lower(), pattern.lower()) for word in words for pattern in patterns)


def _misfit(text: str, shown: str, error: str) -> UsageError:
    what, _sep, path = error.partition(" - at `")
    found = _PLACE.match(path)
    line = _heading(text, int(found[1])) if found else 1
    inside = path.rstrip("`")[found.end() if found else 1 :].lstrip(".")
    place = _("{file}, line {line}").format(file=shown, line=line)
    return UsageError(f"{place}: {clean(inside)}: {clean(what)}" if inside else f"{place}: {clean(what)}")


def _heading(text: str, number: int) -> int:
    """The line on which the rule of that number begins, both as people count lines and as lists count."""
    lines = [at for at, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*rules\s*\]\]", line)]
    return lines[number] if number < len(lines) else 1
