"""The text of a filter taken apart: words and quotes, fields and operators, figures with units, safe patterns."""

import re
import unicodedata
import warnings
from collections.abc import Iterator

from msgspec import Struct

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.text import clean

MAX_PATTERN = 200  # characters of a regular expression
MAX_SUBJECT = 128  # characters of a text that a regular expression looks at
MAX_REPEATS = 3  # `*`, `+` and `{m,n}` in one expression: each multiplies the time by the length of the text
MAX_CHOICES = 8  # `?`, and `|` within groups: each doubles the time

_FIELD = re.compile(r"([^\W\d][\w-]*)(!?=~|!~|~|!?:|>=|<=|!=|==|=|>|<)")
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)([kKmM]?)", re.ASCII)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,9})-)?(\d{1,9}):([0-5]?\d):([0-5]?\d)", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kmgtp])(?:i?b)?", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_BYTES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}


class FilterError(UsageError):
    """A filter that cannot be used.

    `what` is the message without its place, `position` the index in the text of the first character at fault, and
    `filter_text` the whole filter once it is known: what `filter_point.pointer` needs to show the place.
    """

    def __init__(self, what: str, position: int, hint: str = "") -> None:
        what = clean(what)
        super().__init__(_("{what} (at character {n})").format(what=what, n=position + 1), clean(hint))
        self.what = what
        self.position = position
        self.filter_text = ""


class Token(Struct, frozen=True):
    """A stretch of the filter without white space; `plain` is `text` with what stood in quotes blanked out.

    `places` holds for every character, and for the end, its index in the filter.
    """

    text: str
    plain: str
    places: tuple[int, ...]

    @property
    def start(self) -> int:
        return self.places[0]

    def after(self, count: int) -> "Token":
        return Token(self.text[count:], self.plain[count:], self.places[count:])

    def split(self, separator: str) -> Iterator["Token"]:
        """The parts between separators that are not quoted."""
        begin = 0
        for at in [*(i for i, c in enumerate(self.plain) if c == separator), len(self.plain)]:
            yield Token(self.text[begin:at], self.plain[begin:at], self.places[begin : at + 1])
            begin = at + 1


def tokens(text: str) -> Iterator[Token]:
    """The terms of a filter. A quote counts as one only where a text may begin: after white space or a sign."""
    for token, opened in scan(text):
        if opened is not None:
            raise FilterError(_("the quotation mark is not closed"), opened)
        yield token


def scan(text: str) -> Iterator[tuple[Token, int | None]]:
    """The terms of a filter that may be half typed: each, and where the quote stands that it leaves open, if any."""
    shown: list[str] = []
    plain: list[str] = []
    places: list[int] = []
    opened: int | None = None
    some = False  # an empty pair of quotes is a term as well, if a useless one
    at = 0
    while at < len(text):
        char = text[at]
        if opened is not None:
            if char == text[opened]:
                opened = None
            else:
                if char == "\\" and text[at + 1 : at + 2] == text[opened]:
                    at += 1
                    char = text[at]
                shown.append(char)
                plain.append("\0")
                places.append(at)
        elif char.isspace():
            if some:
                yield Token("".join(shown), "".join(plain), (*places, at)), None
            shown, plain, places, some = [], [], [], False
        elif char in "\"'" and (not plain or plain[-1] in ":=<>~!,"):
            opened, some = at, True
        else:
            shown.append(char)
            plain.append(char)
            places.append(at)
            some = True
        at += 1
    if some:
        yield Token("".join(shown), "".join(plain), (*places, len(text))), opened


def folded(text: str) -> str:
    """A text as it is compared: one spelling of composed characters (Hangul above all), no case."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def split_field(token: Token) -> tuple[str, str, Token]:
    """Field, operator and value of a term; the first two are empty for a bare word."""
    if found := _FIELD.match(token.plain):
        operator = "=" if found[2] == "==" else found[2]
        return found[1], operator, token.after(found.end())
    if token.plain[:1] in ("<", ">", "=", ":", "~"):
        raise FilterError(_("a field is missing before {sign}").format(sign=token.plain[0]), token.start)
    return "", "", token


def count(value: Token) -> float:
    """A plain number, `8` or `1.5k`."""
    found = _NUMBER.fullmatch(value.text)
    if not found:
        raise FilterError(_("{value} is not a number").format(value=value.text), value.start)
    return float(found[1]) * {"": 1, "k": 1000, "m": 1000000}[found[2].lower()]


def seconds(value: Token) -> float:
    """A duration: `90m`, `1d12h`, `36:00:00`, `1-12:00:00`."""
    text = value.text.lower()
    if clock := _CLOCK.fullmatch(text):
        days, hours, minutes, rest = (int(n or 0) for n in clock.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + rest
    parts = _SPAN.findall(text)
    if text == "0":
        return 0
    if not parts or _SPAN.sub("", text):
        message = _("{value} is not a duration").format(value=value.text)
        raise FilterError(message, value.start, _("with a unit: 30s, 90m, 2h, 1d12h"))
    # whole microseconds, as moments have them: comparing with a moment and with a duration then agree
    return round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 6)


def size(value: Token) -> float:
    """An amount of memory in bytes: `512M`, `1.5TiB`."""
    text = value.text.lower()
    found = _SIZE.fullmatch(text)
    if text == "0":
        return 0
    if not found:
        message = _("{value} is not an amount of memory").format(value=value.text)
        raise FilterError(message, value.start, _("with a unit: 512M, 16G, 1.5T"))
    return float(found[1]) * _BYTES[found[2]]


def compile_pattern(value: Token) -> re.Pattern[str]:
    """A regular expression that cannot run away on a short text.

    Python's engine tries every way to split a text between nested or many repetitions, and cannot be stopped; such
    expressions are refused.
    """
    text = value.text
    if len(text) > MAX_PATTERN:
        raise FilterError(_("the regular expression is too long"), value.places[MAX_PATTERN])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of spellings that will change their meaning one day
            pattern = re.compile(text, re.IGNORECASE)
    except re.error as problem:
        place = value.places[min(problem.pos or 0, len(text))]
        raise FilterError(_("the regular expression is wrong: {why}").format(why=problem.msg), place) from None
    except (OverflowError, RecursionError):
        raise FilterError(_("the regular expression repeats too often"), value.start) from None
    danger = _runaway(text)
    if danger is not None:
        raise FilterError(
            _("this regular expression could take forever"),
            value.places[danger],
            _("no repetition around another one, and at most {n} of * and +").format(n=MAX_REPEATS),
        )
    return pattern


def regex_subject(text: str) -> str:
    return text[:MAX_SUBJECT]


_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d*)(,?)(\d*)\}|.", re.DOTALL)
_OPAQUE = re.compile(r"\(\?(?:#|[a-zA-Z]*x)")  # comments and the verbose spelling would hide what stands beside what


def _runaway(text: str) -> int | None:
    """Where the expression varies a group that itself varies, or varies too often in all; None for a tame one."""
    if opaque := _OPAQUE.search(text):
        return opaque.start()
    varies: list[bool] = [False]  # for every open group: it holds a repetition or a choice
    closed = False  # what stands before is a group that does
    repeats = choices = 0
    before = ""
    for piece in _PIECE.finditer(text):
        sign = piece[0]
        counted = len(sign) > 2 and sign[0] == "{" and bool(piece[1] or piece[3])
        if sign in ("*", "+") or counted:
            if closed:
                return piece.start()
            if not counted or (piece[2] and piece[1] != piece[3]):
                varies[-1] = True
                repeats += 1
        elif sign == "?" and before not in ("(", "*", "+", "?") and not before.startswith("{"):
            varies[-1] = True
            choices += 1
        elif sign == "|" and len(varies) > 1:
            varies[-1] = True
            choices += 1
        elif sign == "(":
            varies.append(False)
        if repeats > MAX_REPEATS or choices > MAX_CHOICES:
            return piece.start()
        closed = False
        if sign == ")" and len(varies) > 1:
            closed = varies.pop()
            varies[-1] = varies[-1] or closed
        before = sign
    return None
