"""The one filter grammar: `state:pd,r user:me gpu:h100 gpus>=8 wait>2h !text name=~re`. A space is AND.

    word  "two words"        found in any column, whatever the case
    field:a,b                one of these; `field=a` the same, but the whole text of it and not a part
    gpus>=8  wait>2h         >  >=  <  <=  =  on figures; durations in s m h d w, memory in K M G T
    field=~re  field!~re     a regular expression
    !term  field!:a          not so

What a source does not tell fulfils no condition, and so every negated one.
"""

import unicodedata
from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from naru_client.i18n import _
from naru_client.insight.filter_fields import FIELDS, Field, Figure, Text, column_text, field_named, near_names
from naru_client.insight.filter_text import (
    FilterError,
    Token,
    compile_pattern,
    regex_subject,
    split_field,
    tokens,
)
from naru_client.model import Job

__all__ = ["FIELDS", "Field", "Filter", "FilterError", "parse"]

MAX_FILTER = 1000  # characters

Test = Callable[[Job, datetime], bool]

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


class Filter(Struct, frozen=True):
    """A parsed filter: a job passes when every condition holds and every word is found. Empty lets all pass."""

    text: str
    now: datetime
    tests: tuple[Test, ...] = ()
    words: tuple[tuple[str, bool], ...] = ()  # a folded word, and whether it must be there

    def matches(self, job: Job, now: datetime | None = None) -> bool:
        """Whether the job passes; `now` stands in for the time of parsing where waits are compared."""
        moment = now or self.now
        for test in self.tests:
            if not test(job, moment):
                return False
        if self.words:
            everything = column_text(job)
            return all((word in everything) is wanted for word, wanted in self.words)
        return True


def parse(text: str, *, me: str | None, now: datetime) -> Filter:
    """The filter a person typed. `me` is their user name at the site, `now` what waits are measured against.

    Raises FilterError, with the position, for what is half typed or cannot be understood.
    """
    if len(text) > MAX_FILTER:
        raise FilterError(_("the filter is too long"), MAX_FILTER)
    tests: list[Test] = []
    words: list[tuple[str, bool]] = []
    for token in tokens(text):
        token, wanted = _without_negation(token)
        name, operator, value = split_field(token)
        if operator:
            test = _test(_field(name, token), operator, value, me)
            tests.append(test if wanted else _negated(test))
        else:
            words.append((_folded(token.text), wanted))
    return Filter(text, now, tuple(tests), tuple(words))


def _without_negation(token: Token) -> tuple[Token, bool]:
    wanted = True
    while token.plain.startswith("!"):
        token, wanted = token.after(1), not wanted
    if not token.text:
        raise FilterError(_("after ! something to leave out is missing"), token.start)
    return token, wanted


def _field(name: str, token: Token) -> Field:
    field = field_named(name)
    if field is None:
        near = near_names(name)
        hint = _("put a text that holds this sign in quotes")
        if near:
            hint = _("did you mean {names}?").format(names=", ".join(near))
        raise FilterError(_("there is no field {name}").format(name=name), token.start, hint)
    return field


def _test(field: Field, operator: str, value: Token, me: str | None) -> Test:
    if not value.text:
        raise FilterError(_("a value is missing after {field}").format(field=field.id + operator), value.start)
    negated = operator.startswith("!")
    operator = operator.removeprefix("!")
    if isinstance(field.reads, Figure):
        test = _figure_test(field, field.reads, operator, value)
    elif operator in _COMPARE:
        raise FilterError(
            _("{field} is a text; it cannot be compared with {operator}").format(field=field.id, operator=operator),
            value.start - len(operator),
            _("for the number of accelerators use gpus or npus") if field.id in ("gpu", "npu") else "",
        )
    elif operator in ("=~", "~"):
        test = _pattern_test(field.reads, value)
    else:
        test = _text_test(field, field.reads, operator, value, me)
    return _negated(test) if negated else test


def _figure_test(field: Field, reads: Figure, operator: str, value: Token) -> Test:
    if operator in ("=~", "~"):
        message = _("{field} is a figure; a regular expression needs a text").format(field=field.id)
        raise FilterError(message, value.start - len(operator))
    read = reads.read
    if operator in _COMPARE:
        compare, limit = _COMPARE[operator], reads.parse(value)

        def compared(job: Job, now: datetime) -> bool:
            figure = read(job, now)
            return figure is not None and compare(figure, limit)

        return compared
    alternatives = frozenset(reads.parse(part) for part in _alternatives(field, operator, value))
    return lambda job, now: read(job, now) in alternatives


def _text_test(field: Field, reads: Text, operator: str, value: Token, me: str | None) -> Test:
    parts = _alternatives(field, operator, value)
    if reads.choose is not None:
        chosen = [reads.choose(part, operator == ":", me) for part in parts]
        return lambda job, now: any(one(job) for one in chosen)
    needles = tuple(_folded(part.text) for part in parts)
    read, whole = reads.read, operator != ":"

    def found(job: Job, now: datetime) -> bool:
        for text in read(job):
            text = text.casefold()
            for needle in needles:
                if text == needle if whole else needle in text:
                    return True
        return False

    return found


def _pattern_test(reads: Text, value: Token) -> Test:
    search, read = compile_pattern(value).search, reads.read
    return lambda job, now: any(search(regex_subject(text)) for text in read(job))


def _alternatives(field: Field, operator: str, value: Token) -> list[Token]:
    parts = [part for part in value.split(",") if part.text]
    if not parts:
        raise FilterError(_("a value is missing after {field}").format(field=field.id + operator), value.start)
    return parts


def _negated(test: Test) -> Test:
    return lambda job, now: not test(job, now)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
