"""What may stand at the cursor of a half-typed filter: fields, operators, values there are, saved filters. Pure."""

from collections.abc import Iterable, Mapping, Set

from msgspec import Struct

from naru_client.i18n import _, mark
from naru_client.insight.corpus import Corpus
from naru_client.insight.filter_choices import KNOWN_STATES, Me
from naru_client.insight.filter_columns import CODE_OF_STATE
from naru_client.insight.filter_fields import FIELDS, Field, Figure, field_named
from naru_client.insight.filter_text import FilterError, Token, folded, scan, split_field

MOST = 50  # candidates; a longer list is narrowed sooner by typing on

USUAL = ("state", "user", "gpu", "gpus", "pool", "wait")  # what people ask for first

TEXT_OPERATORS = (
    (":", mark("one of these, or a part of it")), ("=", mark("exactly this")), ("!:", mark("none of these")),
    ("=~", mark("a regular expression fits")), ("!~", mark("no regular expression fits")),
)  # fmt: skip
FIGURE_OPERATORS = (
    (">=", mark("at least")), ("<=", mark("at most")), (">", mark("more than")), ("<", mark("less than")),
    ("=", mark("exactly this")), ("!=", mark("anything else")),
)  # fmt: skip
GROUPS = {
    "waiting": mark("all that wait"), "active": mark("all that run"), "finished": mark("all that have ended"),
    "held": mark("all that are held"),
}  # fmt: skip


Value = tuple[str, int]  # a value and how many jobs have it


class Candidate(Struct, frozen=True):
    """A text to put in, one line of help, and how many jobs it would fit where that is known."""

    text: str
    help: str
    count: int | None = None


class Completion(Struct, frozen=True):
    """What may replace the text from `start` to `end`, the best first; `half` is what is typed of it so far."""

    start: int
    end: int
    candidates: tuple[Candidate, ...] = ()
    half: str = ""

    def applied(self, text: str, candidate: Candidate) -> tuple[str, int]:
        """The filter with a candidate put in, and the cursor's place behind it."""
        return text[: self.start] + candidate.text + text[self.end :], self.start + len(candidate.text)


def complete(
    text: str, cursor: int, corpus: Corpus | None = None, saved: Mapping[str, str] | None = None, me: Me = None
) -> Completion:
    """What may stand at the cursor.

    Values come from the jobs of the corpus, those of most jobs first; without a corpus only fields, operators and
    states are known. Never fails, whatever the text.
    """
    cursor = max(0, min(cursor, len(text)))
    token, opened = _typed(text[:cursor])
    while token.plain.startswith("!"):
        token = token.after(1)
    if token.plain.startswith("@"):
        return _saved(text, cursor, token, saved or {})
    try:
        name, operator, value = split_field(token)
    except FilterError:
        return Completion(cursor, cursor)
    if operator:
        field = field_named(name)
        return (
            Completion(cursor, cursor) if field is None else _values(text, field, operator, value, opened, corpus, me)
        )
    if opened is not None or "\0" in token.plain:  # words in quotes are nobody's to guess
        return Completion(cursor, cursor)
    return _fields(text, cursor, token)


def quoted(value: str) -> str:
    """A value as it has to be typed so that it is taken as it stands."""
    if not value or value.lower() == "me" or value[0] in ":=<>~" or any(c.isspace() or c in "\"'," for c in value):
        body = value.rstrip("\\")  # a backslash before the closing quote would take it along
        return '"' + body.replace('"', '\\"') + '"' + value[len(body) :]
    return value


def _typed(text: str) -> tuple[Token, int | None]:
    """The term that ends where the text does, and where the quote stands that it leaves open."""
    for token, opened in scan(text):
        if token.places[-1] == len(text):
            return token, opened
    return Token("", "", (len(text),)), None


# ---- fields and operators -------------------------------------------------------------------------------------------


def _fields(text: str, cursor: int, token: Token) -> Completion:
    half = token.text
    end = cursor
    while end < len(text) and (text[end].isalnum() or text[end] in "_-"):
        end += 1
    before_sign = text[end : end + 1] in tuple(":<>=~!")
    candidates: list[Candidate] = []
    for field in _fields_like(half.lower()):
        if before_sign:
            candidates.append(Candidate(field.id, _(field.help)))
        elif field.id == half.lower():
            operators = FIGURE_OPERATORS if isinstance(field.reads, Figure) else TEXT_OPERATORS
            candidates += [Candidate(half + sign, _(meaning)) for sign, meaning in operators]
        else:
            candidates.append(Candidate(field.id + _usual_sign(field), _(field.help)))
    return Completion(token.start, end, tuple(candidates), half)


def _fields_like(half: str) -> list[Field]:
    """The one that is called just so for short, those whose name begins so, those that are also called so."""
    if not half:
        return sorted(FIELDS, key=lambda field: USUAL.index(field.id) if field.id in USUAL else len(USUAL))
    just = [field for field in FIELDS if half in field.aliases]
    begin = [field for field in FIELDS if field.id.startswith(half)]
    also = [field for field in FIELDS if any(alias.startswith(half) for alias in field.aliases)]
    return list({field.id: field for field in (*just, *begin, *also)}.values())


def _usual_sign(field: Field) -> str:
    rest = field.example[len(field.id) :]
    return next(sign for sign in (">=", "<=", ">", "<", ":", "=") if rest.startswith(sign))


# ---- values ---------------------------------------------------------------------------------------------------------


def _values(
    text: str, field: Field, operator: str, value: Token, opened: int | None, corpus: Corpus | None, me: Me
) -> Completion:
    comma = value.plain.rfind(",")
    part = value.after(comma + 1)
    start = value.places[comma] + 1 if comma >= 0 else value.start
    if text[start - 1 : start] in tuple("\"'"):  # `value.start` is within the quotes when they come first
        start -= 1
    if opened is not None:
        start = opened
    end = value.places[-1]
    while end < len(text) and not text[end].isspace() and text[end] != ",":
        end += 1
    if opened is not None and (closing := text.find(text[opened], value.places[-1])) >= 0:
        end = closing + 1
    if isinstance(field.reads, Figure) or "~" in operator:
        return Completion(start, end, (), part.text)
    taken = {folded(other.text) for other in value.split(",") if other.start != part.start}
    half = folded(part.text)
    if field.id == "state":
        found = _states(half, taken, corpus, newer=":" not in operator)
    else:
        told = () if corpus is None else corpus.tally(field.id, field.reads)
        found = [Candidate(quoted(text), "", count) for text, count in _best(half, taken, told)]
        if field.id == "user" and me and opened is None and "me".startswith(half) and "me" not in taken:
            found.insert(0, Candidate("me", _("your own"), None if corpus is None else _own(corpus, me)))
    return Completion(start, end, tuple(found), part.text)


def _best(half: str, taken: Set[str], values: Iterable[Value]) -> list[Value]:
    """Those that begin with what is typed, then those that hold it, each in the given order."""
    first: list[Value] = []
    others: list[Value] = []
    for value in values:
        text = folded(value[0])
        if half in text and text not in taken:
            (first if text.startswith(half) else others).append(value)
            if len(first) == MOST:
                break
    return (first + others)[:MOST]


def _own(corpus: Corpus, me: Me) -> int:
    users = corpus.users()
    if isinstance(me, str):
        return sum(count for (_site, user), count in users.items() if user == me)
    return sum(users.get(pair, 0) for pair in (me or {}).items())


def _states(half: str, taken: Set[str], corpus: Corpus | None, newer: bool) -> list[Candidate]:
    """States that there are by their short codes, then words for several; without a corpus every code.

    `newer`: states that Naru does not know can be asked for as well.
    """
    field = field_named("state")
    assert field is not None
    assert not isinstance(field.reads, Figure)
    told: Iterable[tuple[str, int | None]] = dict.fromkeys(CODE_OF_STATE).items()
    if corpus is not None:
        told = corpus.tally(field.id, field.reads)
    found = [
        Candidate(CODE_OF_STATE.get(state) or quoted(state.lower()), state, count)
        for state, count in told
        if newer or state in KNOWN_STATES
    ]
    found += [Candidate(word, _(meaning)) for word, meaning in GROUPS.items()]
    names = {one.text: (one.text, folded(one.help) if one.text not in GROUPS else one.text) for one in found}
    return [
        one
        for one in found
        if taken.isdisjoint(names[one.text]) and any(name.startswith(half) for name in names[one.text])
    ]


# ---- saved filters --------------------------------------------------------------------------------------------------


def _saved(text: str, cursor: int, token: Token, saved: Mapping[str, str]) -> Completion:
    half = token.text[1:]
    end = cursor
    while end < len(text) and not text[end].isspace():
        end += 1
    found = [Candidate("@" + name, saved[name]) for name in sorted(saved) if half in name]
    found.sort(key=lambda one: not one.text.startswith("@" + half))
    return Completion(token.start, end, tuple(found[:MOST]), half)
