"""What a person types into the search box, as something to look for in lines: plain text, or an expression of RE2's.

Text in lower case alone is found in any case, a capital letter makes it exact; a flag decides otherwise. Every match
lies within one line.
"""

import re
import unicodedata

from msgspec import Struct

from naru_client.i18n import _
from naru_client.logs.encoding import Codec, encode_needle
from naru_client.logs.search_engines import bytes_engine, check, re2, utf8_engine
from naru_client.logs.search_finders import DecodedFinder, Finder, GuessFinder, LineFinder, Utf8Finder
from naru_client.logs.search_syntax import PatternError, quote, read

MAX_LENGTH = 1000  # characters

_LONE = re.compile("[\ud800-\udfff]")


class Pattern(Struct, frozen=True):
    """`expression` is in RE2's syntax and looks at single lines, `ripgrep` the same in that program's where it is sure
    to mean the same; `literal` the text where it is nothing but text. `exact` says that case counts."""

    text: str
    regex: bool
    exact: bool
    expression: str
    ripgrep: str | None
    literal: str | None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where in a line, as it is shown, the matches are: for highlighting. None of them is empty."""
        line = _LONE.sub("\ufffd", text)
        data = line.encode()
        engine = utf8_engine(self.expression, self.exact)
        found: list[tuple[int, int]] = []
        at = chars = read_to = 0
        while at <= len(data):
            start, end = engine.search(data, at, len(data))
            if start < 0:
                break
            if end > start:
                first = chars + len(data[read_to:start].decode())
                chars = first + len(data[start:end].decode())
                read_to = end
                found.append((first, chars))
            at = end if end > start else end + 1
            while at < len(data) and data[at] & 0xC0 == 0x80:
                at += 1
        return found

    def matches(self, text: str) -> bool:
        """Whether a line, without its newline, holds a match."""
        data = _LONE.sub("\ufffd", text).encode()
        return utf8_engine(self.expression, self.exact).search(data, 0, len(data))[0] >= 0

    def finder(self, codec: Codec) -> Finder:
        """What finds the matching lines in bytes of a log in an encoding."""
        if codec.name == "utf-8":
            needle = self.literal.encode("utf-8", "surrogateescape") if self.literal and self.exact else None
            if re2() is None:
                return Utf8Finder(bytes_engine((needle,), True), needle) if needle else LineFinder(self.matches, codec)
            if needle is not None:
                return Utf8Finder(bytes_engine((needle,), True), needle)
            folded = self.literal.encode() if self.literal and self.literal.isascii() else None
            return Utf8Finder(utf8_engine(self.expression, self.exact), folded, folded=True)
        if self.literal is not None and (self.exact or self.literal.isascii() or _caseless(self.literal)):
            spelled = {encode_needle(self.literal, codec)}
            if codec.unit == 1:
                spelled.add(self.literal.encode("utf-8", "surrogateescape"))  # a line of it may be in that
            return GuessFinder(bytes_engine(tuple(sorted(spelled)), self.exact), self.matches, codec)
        if re2() is None:
            return LineFinder(self.matches, codec)
        return DecodedFinder(utf8_engine(self.expression, self.exact), codec)

    def ripgrep_arguments(self) -> list[str] | None:
        """The flags that make ripgrep look for it in UTF-8; None where it might understand something else."""
        if self.literal is not None and self.literal.isprintable():
            return ["--case-sensitive" if self.exact else "--ignore-case", "--fixed-strings", "-e", self.literal]
        if self.ripgrep is None or _LONE.search(self.ripgrep):
            return None
        return ["--case-sensitive" if self.exact else "--ignore-case", "-e", self.ripgrep]


def read_pattern(text: str, *, regex: bool = False, exact: bool | None = None) -> Pattern:
    """What was typed. `exact` decides about case where it is given. Raises PatternError, which is a UsageError."""
    if not text:
        raise PatternError(_("there is nothing to search for"), 0)
    if len(text) > MAX_LENGTH:
        raise PatternError(_("it is too long to search for"), MAX_LENGTH)
    if not regex:
        literal = unicodedata.normalize("NFC", text)
        expression = quote(_LONE.sub("\ufffd", literal))
        cased = literal.lower() != literal.upper()
        exact = literal != literal.lower() if exact is None else exact
        return Pattern(text, False, exact or not cased, expression, None, literal)
    check(text)
    reading = read(text)
    plain = None if re.search(r"[\\.+*?()|\[\]{}^$]", text) else text
    exact = reading.capital if exact is None else exact
    found = Pattern(text, True, exact, reading.expression, reading.ripgrep, plain)
    if found.matches(""):
        raise PatternError(_("this matches every line"), 0, _("say what at least must stand there"))
    return found


def _caseless(text: str) -> bool:
    """Whether its letters that are not ASCII have no case, as Hangul has none."""
    return all(char.isascii() or char.lower() == char.upper() for char in text)
