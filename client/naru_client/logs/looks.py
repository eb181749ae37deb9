"""What one line of a log looks like: harmless text, and the colours its program gave it.

The first law: a log may hold any byte, and none of them but these colours reaches the terminal. A line is taken apart
here into text that is printable throughout and spans that name colours as data; nothing of the original's control
survives, so nothing after this has to be careful. Markup (`[bold]`) is text: show it as plain text.

Escape sequences that are no colour leave nothing: progress bars are full of cursor moves. A control byte on its own,
and what is invisible or turns the direction of text, leaves U+FFFD, as everywhere in Naru: it is one cell wide in every
font and never passes for text, whereas the pictures of control characters could be the log's own.
"""

import re
import unicodedata

from msgspec import Struct

from naru_client.logs.sgr import PLAIN, Sgr, after, codes, visible
from naru_client.text import _ESCAPE, _clean_characters

_TAB = 8

# A colour sequence, in its seven-bit and its eight-bit form. Wherever one stands, a string sequence before it has
# ended: terminals see it so, and a line can hide less.
_SGR = re.compile(r"(?:\x1b\[|\x9b)([0-9:;]*)m")
_WHITE = re.compile("[^\\S\t\x1c-\x1f]")  # every other kind of space, each as wide as one
_DROPPED = re.compile("[\ufe00-\ufe0f\ufeff]")  # how an emoji is to look, and byte order marks of files put together
# Overstrike of man pages (`x\bx`, `_\bx`, a wide character's two) and spinners: the last character written is seen.
_OVERSTRUCK = re.compile("([^\b])\b\b(?=\\1)|[^\b]\b(?=[^\b])")
# Characters that stay as they are, whatever stands beside them: none joins another or has a second spelling.
_STEADY = re.compile("[ -~¡-ÿ‐-‧‰-⁞←-⌨⌫-⟿⠁-⣿、-〩ぁ-ゖァ-ヾ一-鿿가-힣！-｠]*")
_ACCENTS = 30  # on one letter, at most, as Unicode's stream-safe text has it: putting n in order takes n² steps
_MAYBE_ACCENTS = re.compile(rf"[^\w\x00-\x7f]{{{_ACCENTS + 1},}}")
_STATES = 256  # how many blank states in a row are looked behind


class Span(Struct, frozen=True, gc=False):
    """Characters `start` up to, not including, `end` of a text, in one style."""

    start: int
    end: int
    style: Sgr


class Looks(Struct, frozen=True, gc=False):
    """A line as it may be shown. `text` is one line of printable characters, `spans` its colours, in order and apart.

    `states` is how often the line was rewritten by carriage returns, of which `text` is the last that shows anything.
    """

    text: str
    spans: tuple[Span, ...] = ()
    states: int = 1


def looks_of(text: str, limit: int = 1 << 16) -> Looks:
    """How a line (decoded, without its newline) looks, cut to `limit` characters, of which a cut one's last is "…"."""
    if len(text) <= limit and text.isprintable() and _is_steady(text):
        return Looks(text)
    states = 1
    if "\r" in text:
        text = text.strip("\r")
        states += text.count("\r")
        if states > 1:
            text = _last_state(text)
    if "\0" in text:
        text = re.sub("\0+", "\0", text)  # a crashed node leaves them by the million, and the text comes after
    cut = len(text) > limit
    if cut:
        text = text[: limit - 1]
    shown, spans = _styled(text)
    if cut or len(shown) > limit:
        shown = shown[: limit - 1] + "…"
        spans = tuple(Span(s.start, min(s.end, limit - 1), s.style) for s in spans if s.start < limit - 1)
    return Looks(shown, spans, states)


def plain(text: str) -> str:
    """The text alone, for where no colours are. Idempotent."""
    return looks_of(text).text


def to_ansi(looks: Looks) -> str:
    """The line for a terminal with colours, each span between a sequence of our own making and a reset."""
    if not looks.spans:
        return looks.text
    parts: list[str] = []
    at = 0
    for span in looks.spans:
        parts += looks.text[at : span.start], f"\x1b[{codes(span.style)}m", looks.text[span.start : span.end], "\x1b[0m"
        at = span.end
    parts.append(looks.text[at:])
    return "".join(parts)


def _last_state(text: str) -> str:
    """What stands after the last carriage return that anything visible stands after."""
    end = len(text)
    for _ in range(_STATES):
        start = text.rfind("\r", 0, end) + 1
        state = text[start:end]
        if start == 0 or not (state.isspace() or not _ESCAPE.sub("", state).strip()):
            return state
        end = start - 1
    return ""


def _styled(text: str) -> tuple[str, tuple[Span, ...]]:
    """The harmless text of one state of a line, and its colours."""
    if "\x1b" not in text and "\x9b" not in text:
        return _joined([(_shown(text), PLAIN)])
    parts = _SGR.split(text)
    runs: list[tuple[str, Sgr]] = []
    style = PLAIN
    for index in range(0, len(parts), 2):
        if index:
            parameters = parts[index - 1]
            style = PLAIN if parameters in ("", "0") else after(style, parameters)
        piece = parts[index]
        if not piece:
            continue
        if not (piece.isprintable() and _is_steady(piece)):
            piece = _shown(piece)
            joining = _joining(piece) if runs else 0
            if joining:
                runs[-1] = (runs[-1][0] + piece[:joining], runs[-1][1])
                piece = piece[joining:]
        if piece:
            runs.append((piece, style))
    return _joined(runs)


def _shown(piece: str) -> str:
    """Without sequences, and with what was overwritten by backspaces gone. Tabs stay, to be measured."""
    piece = _ESCAPE.sub("", piece)
    if piece.isprintable() and _is_steady(piece):
        return piece
    piece = _WHITE.sub(" ", piece)
    if not piece.isascii():
        piece = _DROPPED.sub("", piece)
    if "\b" in piece:
        piece = _OVERSTRUCK.sub("", piece).replace("\b", "")
    return piece


def _joining(piece: str) -> int:
    """How many characters at its start belong to the letter before: accents, vowels and finals of decomposed Hangul."""
    at = 0
    while at < len(piece) and (unicodedata.category(piece[at])[0] == "M" or _is_hangul_part(piece[at])):
        at += 1
    return at


def _is_hangul_part(character: str) -> bool:
    return "\u1160" <= character <= "\u11ff" or "\ud7b0" <= character <= "\ud7ff"


def _joined(runs: list[tuple[str, Sgr]]) -> tuple[str, tuple[Span, ...]]:
    """The pieces as one text, cleaned, and spans over it."""
    text = "".join([piece for piece, _ in runs])
    steady = text.isprintable() and _is_steady(text)
    if not steady:
        runs = _cleaned(runs)
        text = "".join([piece for piece, _ in runs])
        whole = _stable(text)
        if whole != text:  # characters that join across a colour in a way not foreseen: the text matters more
            return whole, ()
    spans: list[Span] = []
    at = 0
    for piece, style in runs:
        end = at + len(piece)
        if style is not PLAIN and (style := visible(style)) is not PLAIN and end > at:
            if spans and spans[-1].end == at and spans[-1].style == style:
                spans[-1] = Span(spans[-1].start, end, style)
            else:
                spans.append(Span(at, end, style))
        at = end
    return text, tuple(spans)


def _cleaned(runs: list[tuple[str, Sgr]]) -> list[tuple[str, Sgr]]:
    cleaned: list[tuple[str, Sgr]] = []
    tabs = any("\t" in piece for piece, _ in runs)
    column = 0
    for piece, style in runs:
        piece = _bounded(piece)
        if tabs:
            piece, column = _expanded(piece, column)
        else:
            piece = _clean_characters(piece)
        cleaned.append((piece, style))
    return cleaned


def _bounded(text: str) -> str:
    """Without the accents that are too many on their letter."""
    return text if text.isascii() else _MAYBE_ACCENTS.sub(_few_accents, text)


def _few_accents(match: re.Match[str]) -> str:
    kept: list[str] = []
    run = 0
    for character in match[0]:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= _ACCENTS:
            kept.append(character)
    return "".join(kept)


def _expanded(piece: str, column: int) -> tuple[str, int]:
    """Its tabs as spaces up to the next multiple of eight cells, and the column it ends at; it starts at `column`."""
    parts: list[str] = []
    for index, part in enumerate(piece.split("\t")):
        if index:
            spaces = _TAB - column % _TAB
            parts.append(" " * spaces)
            column += spaces
        cleaned = _clean_characters(part)
        parts.append(cleaned)
        column += _cells(cleaned)
    return "".join(parts), column


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.category(c) in ("Mn", "Me") else 1
        for c in text
    )


def _is_steady(text: str) -> bool:
    return text.isascii() or _STEADY.fullmatch(text) is not None


def _stable(text: str) -> str:
    """Cleaned until cleaning changes nothing: taking an accent away can let the next one join the letter."""
    cleaned = _clean_characters(text)
    while cleaned != text:
        text, cleaned = cleaned, _clean_characters(cleaned)
    return text
