"""A regular expression as people type it, piece by piece: what it asks of a line, and the same in ripgrep's words.

A search looks at one line at a time, but the engines are given a megabyte of lines at once. So what speaks of the
beginning and the end of a text is made to speak of a line's, and what could reach over its end is refused.
"""

import re
from typing import NoReturn

from msgspec import Struct

from naru_client.errors import UsageError
from naru_client.i18n import _, mark
from naru_client.text import clean

_PIECE = re.compile(
    r"""
      \\Q(?P<quoted>.*?)(?:\\E|\Z)
    | (?P<set>\[\^?\]?(?:\\.|\[:\^?\w*:\]|[^\]\\])*\])
    | (?P<escape>\\(?:[pP](?:\{[^}]*\}|.)|x\{[0-9A-Fa-f]*\}|x[0-9A-Fa-f]{2}|[0-7]{1,3}|.))
    | (?P<group>\(\?P?<[^>]*>|\(\?[A-Za-z-]*[:)]|\()
    | (?P<count>(?:\{\d+(?:,\d*)?\}|[*+?])\??)
    | (?P<sign>[.^$|)])
    | (?P<char>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SETS = {
    "d": "[0-9]", "D": "[^0-9]", "w": "[0-9A-Za-z_]", "W": "[^0-9A-Za-z_]", "s": r"[\t\n\f\r ]", "S": r"[^\t\n\f\r ]",
}  # fmt: skip
_LINE_END = r"(?:\r?$)"  # a line from Windows ends where its text does
# A set that every engine reads alike: letters, digits, ranges of them, plain signs, and what is escaped.
_PLAIN_SET = re.compile(r"""\[\^?-?(?:\w-\w|\w|[ .,:;/=+@%#"'<>_!]|\\[dws.\-\\/\]\[^$*+?(){}|tr])+-?\]""")

# What RE2 says is wrong, as a person may read it. The longest that fits is meant.
_WRONG = {
    "missing )": mark("a bracket is not closed"),
    "unexpected )": mark("a bracket is closed that was not opened"),
    "missing ]": mark("a set [ ] is not closed"),
    "missing terminating ]": mark("a set [ ] is not closed"),
    "invalid character class": mark("this is no set of characters"),
    "invalid character class range": mark("this is no range of characters"),
    "invalid escape sequence": mark("this means nothing after a backslash"),
    "invalid perl operator": mark("this means nothing after (?"),
    "invalid named capture group": mark("this is no name for a group"),
    "duplicate capture group name": mark("two groups have the same name"),
    "no argument for repetition operator": mark("there is nothing to repeat"),
    "bad repetition operator": mark("a repetition is repeated"),
    "invalid repetition size": mark("it repeats too often"),
    "pattern too large": mark("it is too long"),
    "trailing \\": mark("nothing follows the backslash"),
}


class PatternError(UsageError):
    """A pattern that cannot be searched for. `what` is the message without its place, `position` the index in the text
    of the first character at fault."""

    def __init__(self, what: str, position: int, hint: str = "") -> None:
        what = clean(what)
        super().__init__(_("{what} (at character {n})").format(what=what, n=position + 1), clean(hint))
        self.what = what
        self.position = position


class Reading(Struct, frozen=True):
    """An expression, ready for RE2 and, where both are sure to mean the same, for ripgrep. `capital` says that it asks
    for a capital letter."""

    expression: str
    ripgrep: str | None
    capital: bool


def read(text: str) -> Reading:
    """An expression that RE2 accepts, made to look at single lines. Raises PatternError."""
    own: list[str] = []
    other: list[str | None] = []
    capital = False
    for piece in _PIECE.finditer(text):
        kind, part = piece.lastgroup, piece[0]
        if kind == "quoted":
            _one_line(piece["quoted"], piece.start() + 2)
            capital = capital or _has_capital(piece["quoted"])
            part = "(?:" + "".join(map(_literal, piece["quoted"])) + ")"
            own.append(part)
            other.append(part)
        elif kind == "escape":
            ours, theirs = _escape(part, piece.start())
            own.append(ours)
            other.append(theirs)
        elif kind == "set":
            capital = capital or _has_capital(re.sub(r"\\.|\[:\w*:\]", "", part))
            own.append(part)
            other.append(_set(part))
        elif kind == "group":
            _no_lines(part, piece.start())
            own.append(part)
            other.append(_group(part))
        elif kind == "sign":
            own.append(_LINE_END if part == "$" else part)
            other.append(own[-1])
        elif kind == "char":
            _one_line(part, piece.start())
            capital = capital or _has_capital(part)
            own.append(part)
            other.append(_literal(part))
        else:
            own.append(part)
            other.append(part)
    known = [part for part in other if part is not None]
    return Reading("".join(own), "".join(known) if len(known) == len(other) and "\0" not in text else None, capital)


def quote(text: str) -> str:
    """Plain text as an expression. Raises PatternError."""
    _one_line(text, 0)
    return "".join(map(_literal, text))


def refuse(message: str, text: str) -> NoReturn:
    """Raise what RE2 said of an expression, in words and with the place."""
    if found := re.search(r"\(\?<?[=!]", text):
        raise PatternError(
            _("looking ahead or behind is not possible here"), found.start(), _("search for one of them first")
        )
    said, _sign, fragment = message.partition(": ")
    best = max((key for key in _WRONG if said.startswith(key)), key=len, default="")
    if best == "invalid escape sequence" and re.match(r"\\[1-9]", fragment):
        raise PatternError(_("referring back to a group is not possible here"), max(0, text.find(fragment)))
    what = _(_WRONG[best]) if best else _("it is no regular expression")
    raise PatternError(what, _place(best, fragment, text))


def _place(what: str, fragment: str, text: str) -> int:
    if what.startswith("trailing"):
        return max(0, len(text) - 1)
    if what in ("missing )", "unexpected )"):
        opened: list[int] = []
        for piece in _PIECE.finditer(text):
            if piece.lastgroup == "group" and not (piece[0].startswith("(?") and piece[0].endswith(")")):
                opened.append(piece.start())
            elif piece[0] == ")":
                if not opened:
                    return piece.start()
                opened.pop()
        return opened[-1] if opened else 0
    return max(0, text.find(fragment)) if fragment else 0


def _one_line(text: str, position: int) -> None:
    if "\n" in text:
        raise PatternError(_("a search looks at one line at a time"), position + text.index("\n"))


def _no_lines(group: str, position: int) -> None:
    flags = group[2:-1] if group.startswith("(?") and group[-1] in ":)" else ""
    if "m" in flags:
        raise PatternError(_("a search looks at one line at a time"), position, _("^ and $ are a line's ends already"))


def _has_capital(text: str) -> bool:
    return text != text.lower()


def _literal(char: str) -> str:
    return "\\" + char if char in r"\.+*?()|[]{}^$" else char


def _escape(part: str, position: int) -> tuple[str, str | None]:
    sign = part[1]
    if sign == "n":
        raise PatternError(_("a search looks at one line at a time"), position)
    if sign == "C":
        raise PatternError(_("single bytes cannot be searched for"), position)
    if sign == "A":
        return "^", "^"
    if sign == "z":
        return _LINE_END, _LINE_END
    if sign in _SETS:
        return part, _SETS[sign]
    if sign == "b":
        return part, r"(?-u:\b)"
    if sign in "trfv":
        return part, part
    if not sign.isalnum() and sign.isascii():
        return part, _literal(sign)
    return part, None


def _set(part: str) -> str | None:
    if not _PLAIN_SET.fullmatch(part):
        return None
    return re.sub(r"\\([dws])", lambda found: _SETS[found[1]][1:-1], part)


def _group(part: str) -> str | None:
    if part == "(" or part.endswith(">"):
        return "("
    return part if set(part) <= set("(?i-:)") else None
