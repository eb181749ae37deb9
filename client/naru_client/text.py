"""Cleaning text that came from outside: the one gate between a centre's strings and a person's terminal.

Nothing here knows of markup: a cleaned string may still hold `[bold]`, and whoever shows it must show it as plain text.
"""

import re
import unicodedata
from typing import Any

MARK = "\ufffd"  # stands where something was taken out, so that a cleaned text never passes for the original

# Every kind of escape sequence, terminated or not: CSI, the string kinds (OSC, DCS, APC, PM, SOS), the short ones, and
# their eight-bit forms. An unterminated string kind ends at the end of its line.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-9:;<=>?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_HARMLESS = re.compile("[ -~가-힣]*")  # ASCII and whole Hangul syllables: what nearly every text is made of
_SPACE = re.compile(r"[\t\n\x0b\x0c\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
# Printable to Python, yet invisible or of no fixed width: fillers, joiners, variation selectors.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_MARKS_RUN = re.compile(
    r"([^\W\d_]?)((?:[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]){3,})"
)


def clean(value: str, limit: int = 4096) -> str:
    """One line of harmless text: no control byte, escape sequence, bidi override, invisible or unassigned character.

    White space of any kind becomes one plain space, anything else that is taken out leaves U+FFFD. At most `limit`
    characters are kept. Idempotent.
    """
    if len(value) > limit:
        value = value[: limit - 1] + "…"
    if _HARMLESS.fullmatch(value):
        return value
    value = _SPACE.sub(" ", _ESCAPE.sub(MARK, value))
    return _clean_characters(value)


def clean_block(value: str, limit: int = 1 << 20) -> str:
    """The same for text of several lines: line feeds stay, tabs become spaces, everything else as in `clean`."""
    if len(value) > limit:
        value = value[: limit - 1] + "…"
    value = value.replace("\r\n", "\n").expandtabs(8)
    return "\n".join(clean(line, limit) for line in _ESCAPE.sub(MARK, value).split("\n"))


def _clean_characters(value: str) -> str:
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)  # decomposed Hangul has no dependable width
        value = _INVISIBLE.sub(MARK, value)
        value = _MARKS_RUN.sub(lambda m: m[1] + m[2][:2], value)
    if value.isprintable():
        return value
    return "".join(c if c.isprintable() else MARK for c in value)


def clean_tree(value: Any) -> Any:
    """Decoded JSON with every text in it cleaned, keys too. Raises RecursionError for what is nested absurdly deep."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_tree(one) for one in value]
    if isinstance(value, dict):
        return {clean(key): clean_tree(one) for key, one in value.items()}
    return value


def clean_optional(value: str | None) -> str | None:
    """`clean`, with the empty string and Slurm's spellings of nothing as None."""
    if value is None or value in ("", "(null)", "N/A", "None assigned"):
        return None
    return clean(value)
