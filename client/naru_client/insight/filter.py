"""The one filter grammar: `state:pd,r user:me gpu:h100 gpus>=8 wait>2h !text name=~re`. A space is AND.

    word  "two words"        found in any column, whatever the case
    field:a,b                one of these; `field=a` the same, but the whole text of it and not a part
    gpus>=8  wait>2h         >  >=  <  <=  =  on figures; durations in s m h d w, memory in K M G T
    field=~re  field!~re     a regular expression
    !term  field!:a          not so
    @name                    the conditions of the filter saved under that name

What a source does not tell fulfils no condition, and so every negated one.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from naru_client.i18n import _
from naru_client.insight.corpus import Corpus
from naru_client.insight.filter_choices import Me, node_test
from naru_client.insight.filter_fields import FIELDS, Field, Figure, Text, field_named, near_names
from naru_client.insight.filter_terms import (
    COMPARE,
    Chosen,
    Compared,
    OneOf,
    Part,
    Pattern,
    Placed,
    Term,
    Word,
)
from naru_client.insight.filter_text import (
    FilterError,
    Token,
    compile_pattern,
    folded,
    split_field,
    tokens,
)
from naru_client.insight.reasons import held
from naru_client.model import Job

__all__ = ["FIELDS", "Field", "Filter", "FilterError", "Me", "narrows", "parse"]

MAX_FILTER = 1000  # characters
MAX_TERMS = 200  # conditions, those of saved filters counted where they are used
MAX_DEPTH = 4  # saved filters within saved filters


class Filter(Struct, frozen=True):
    """A parsed filter: a job passes when every condition holds. Empty lets all pass."""

    text: str
    now: datetime
    terms: tuple[Term, ...] = ()

    def matches(self, job: Job, now: datetime | None = None) -> bool:
        """Whether the job passes; `now` stands in for the time of parsing where waits are compared."""
        moment = now or self.now
        return all(term.passes(job, moment) for term in self.terms)

    def select(self, corpus: Corpus, among: Sequence[int] | None = None, now: datetime | None = None) -> list[int]:
        """The places of the jobs that pass: of all, ascending, or of those `among`, in their order.

        The same jobs that `matches` lets pass one by one, twenty times quicker and more.
        """
        moment = now or self.now
        left: Sequence[int] = range(len(corpus)) if among is None else among
        for term in sorted(self.terms, key=_dear):
            if not left:
                break
            left = term.select(corpus, left, moment)
        return list(left)


def _dear(term: Term) -> bool:
    """Bare words last: they read the most, and may have to make the texts that they read."""
    return isinstance(term, Word)


def narrows(old: Filter, new: Filter) -> bool:
    """Whether the new filter can let pass only what the old one did: then only that needs to be looked at."""
    if old.now != new.now and any(term.moving for term in old.terms):
        return False
    return all(any(term.implies(known) for term in new.terms) for known in old.terms)


def parse(text: str, *, me: Me, now: datetime, saved: Mapping[str, str] | None = None) -> Filter:
    """The filter a person typed.

    `me` is their user name, or that at each site; `now` what waits are measured against; `saved` the filters that
    `@name` stands for. Raises FilterError, with the position, for what is half typed or cannot be understood.
    """
    try:
        if len(text) > MAX_FILTER:
            raise FilterError(_("the filter is too long"), MAX_FILTER)
        terms = tuple(_terms(text, me, saved or {}, ()))
    except FilterError as error:
        error.filter_text = text
        raise
    return Filter(text, now, terms)


def _terms(text: str, me: Me, saved: Mapping[str, str], within: tuple[str, ...]) -> list[Term]:
    terms: list[Term] = []
    for token in tokens(text):
        start = token.start
        token, wanted = _without_negation(token)
        if token.plain.startswith("@"):
            terms += _saved_terms(token, wanted, me, saved, within)
        else:
            name, operator, value = split_field(token)
            term = _term(_field(name, token), operator, value, me) if operator else Word(word=folded(token.text))
            terms.append(term if wanted else term.negated())
        if len(terms) > MAX_TERMS:
            raise FilterError(_("the filter has too many conditions"), start)
    return terms


def _saved_terms(
    token: Token, wanted: bool, me: Me, saved: Mapping[str, str], within: tuple[str, ...]
) -> Iterable[Term]:
    name = token.text[1:]
    if not wanted:
        message = _("a saved filter cannot be negated")
        raise FilterError(message, token.start, _("negate its conditions one by one"))
    if not name:
        raise FilterError(_("the name of a saved filter is missing after @"), token.places[1])
    if name not in saved:
        raise _no_saved(name, token, saved)
    if name in within:
        raise FilterError(_("the saved filter @{name} uses itself").format(name=name), token.start)
    if len(within) >= MAX_DEPTH:
        raise FilterError(_("saved filters use each other more than {n} deep").format(n=MAX_DEPTH), token.start)
    try:
        if len(saved[name]) > MAX_FILTER:
            raise FilterError(_("the filter is too long"), MAX_FILTER)
        return _terms(saved[name], me, saved, (*within, name))
    except FilterError as error:  # its place is in a text that is not to be seen: point at the name
        what = _("in @{name}: {what}").format(name=name, what=error.what)
        raise FilterError(what, token.start, error.hint) from None


def _no_saved(name: str, token: Token, saved: Mapping[str, str]) -> FilterError:
    from difflib import get_close_matches

    near = get_close_matches(name, saved, 3, 0.6) or sorted(saved)[:5]
    hint = _("put a text that holds this sign in quotes")
    if near:
        hint = _("did you mean {names}?").format(names=", ".join("@" + one for one in near))
    return FilterError(_("there is no saved filter @{name}").format(name=name), token.start, hint)


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


def _no_value(field: Field, operator: str, value: Token) -> FilterError:
    message = _("a value is missing after {field}").format(field=field.id + operator)
    return FilterError(message, value.start, _("for example {example}").format(example=field.example))


def _term(field: Field, operator: str, value: Token, me: Me) -> Term:
    if not value.text:
        raise _no_value(field, operator, value)
    negated = operator.startswith("!")
    operator = operator.removeprefix("!")
    if isinstance(field.reads, Figure):
        term = _figure_term(field, field.reads, operator, value)
    elif operator in COMPARE:
        raise FilterError(
            _("{field} is a text; it cannot be compared with {operator}").format(field=field.id, operator=operator),
            value.start - len(operator),
            _("for the number of accelerators use gpus or npus") if field.id in ("gpu", "npu") else "",
        )
    else:
        term = _text_term(field, field.reads, operator, value, me)
    return term.negated() if negated else term


def _figure_term(field: Field, reads: Figure, operator: str, value: Token) -> Term:
    if operator in ("=~", "~"):
        message = _("{field} is a figure; a regular expression needs a text").format(field=field.id)
        raise FilterError(message, value.start - len(operator))
    if operator in COMPARE:
        return Compared(field=field.id, reads=reads, operator=operator, limit=reads.parse(value))
    figures = frozenset(reads.parse(part) for part in _alternatives(field, operator, value))
    return OneOf(field=field.id, reads=reads, figures=figures)


def _text_term(field: Field, reads: Text, operator: str, value: Token, me: Me) -> Term:
    name = field.id
    if operator in ("=~", "~"):
        pattern = compile_pattern(value)
        return Pattern(field=name, operator="=~", reads=reads, values=(value.text,), pattern=pattern)
    parts = _alternatives(field, operator, value)
    if reads.choose is not None:
        choices = tuple(reads.choose(part, operator == ":", me) for part in parts)
        if held in choices:  # that is told by the reason
            reads = replace(reads, key=(*reads.key, "reason"))
        whose = me if me is None or isinstance(me, str) else tuple(sorted(me.items()))
        values = tuple((part.text, part.plain, whose) for part in parts)
        if name == "node":
            tests = tuple(node_test(part, operator == ":") for part in parts)
            return Placed(field=name, operator=operator, reads=reads, values=values, choices=choices, tests=tests)
        return Chosen(field=name, operator=operator, reads=reads, values=values, choices=choices)
    needles = tuple(folded(part.text) for part in parts)
    return Part(field=name, operator=operator, reads=reads, values=needles, needles=needles)


def _alternatives(field: Field, operator: str, value: Token) -> list[Token]:
    parts = [part for part in value.split(",") if part.text]
    if not parts:
        raise _no_value(field, operator, value)
    return parts
