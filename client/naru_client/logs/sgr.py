"""Colours and weights of text, as terminals' SGR sequences ("select graphic rendition") name them. Pure.

What would hide text is left out: a log must not look shorter than it is. So there is no concealing, no blinking, and no
text in the colour it stands on.
"""

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

Colour = (
    int | tuple[int, int, int] | None
)  # one of the palette's 256, red-green-blue of 0 to 255, or the terminal's own


class Sgr(Struct, frozen=True, gc=False, cache_hash=True):
    """One style. Colours are a palette index (0 to 255), three values of 0 to 255, or None: the terminal's own."""

    fg: Colour = None
    bg: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN = Sgr()

_LONGEST = 128  # characters of parameters; a longer sequence is no program's
_SWITCHES: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    9: {"strike": True},
    21: {"underline": True},  # twice; a few old terminals take it for the end of bold
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
    29: {"strike": False},
}
_NAMES = {"bold": 1, "dim": 2, "italic": 3, "underline": 4, "reverse": 7, "strike": 9}
_BASIC = (0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD, 0x00CDCD, 0xE5E5E5)
_BRIGHT = (0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00, 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF)
_FIELDS = {"2": 3, "5": 1}  # how many numbers follow a kind of colour
_ALIKE = 16  # what two colours must differ by, in red, green or blue, to be told apart


@lru_cache(maxsize=4096)
def after(style: Sgr, parameters: str) -> Sgr:
    """The style after a sequence with these parameters ("1;38;5;196"), of digits, semicolons and colons.

    What is unknown in them is passed over. A style without any effect is `PLAIN` itself.
    """
    if len(parameters) > _LONGEST:
        return style
    words = iter(parameters.split(";"))
    for word in words:
        style = _after_one(style, word, words)
    return PLAIN if style == PLAIN else style


@lru_cache(maxsize=4096)
def visible(style: Sgr) -> Sgr:
    """The style without its colours where text would be lost in them."""
    if style.fg is None or style.bg is None or not _alike(style.fg, style.bg):
        return style
    style = replace(style, fg=None, bg=None)
    return PLAIN if style == PLAIN else style


@lru_cache(maxsize=4096)
def codes(style: Sgr) -> str:
    """The parameters that bring a style about on a plain terminal; "0" for the plain one."""
    numbers = [number for name, number in _NAMES.items() if getattr(style, name)]
    for colour, base in ((style.fg, 30), (style.bg, 40)):
        if isinstance(colour, tuple):
            numbers += base + 8, 2, *colour
        elif colour is not None:
            numbers += (
                (base + colour,) if colour < 8 else (base + 52 + colour,) if colour < 16 else (base + 8, 5, colour)
            )
    return ";".join(map(str, numbers)) or "0"


def _after_one(style: Sgr, word: str, rest: Iterator[str]) -> Sgr:
    head, *fields = word.split(":")
    code = int(head or 0)
    if code == 0:
        return PLAIN
    if code in (38, 48, 58):
        known, colour = _colour(fields, rest)
        if not known or code == 58:  # 58: the colour of the line under text
            return style
        return replace(style, fg=colour) if code == 38 else replace(style, bg=colour)
    if code == 4 and fields:
        return replace(style, underline=fields[0] != "0")
    if code in _SWITCHES:
        return replace(style, **_SWITCHES[code])
    if 30 <= code <= 37 or 90 <= code <= 97:
        return replace(style, fg=code - 30 if code < 40 else code - 82)
    if 40 <= code <= 47 or 100 <= code <= 107:
        return replace(style, bg=code - 40 if code < 50 else code - 92)
    if code == 39:
        return replace(style, fg=None)
    if code == 49:
        return replace(style, bg=None)
    return style


def _colour(fields: list[str], rest: Iterator[str]) -> tuple[bool, Colour]:
    """The colour that "38" introduces, after colons or as the sequence's next parameters, and whether it is one."""
    if fields:
        kind, values = fields[0], fields[1:]
        if kind == "2" and len(values) > 3:
            values = values[1:4]  # without the colour space
    else:
        kind = next(rest, "")
        values = [next(rest, "none") for _ in range(_FIELDS.get(kind, 0))]
    if len(values) != _FIELDS.get(kind) or not all(value.isdigit() or not value for value in values):
        return False, None
    numbers = [int(value or 0) for value in values]
    if max(numbers) > 255:
        return False, None
    return True, numbers[0] if kind == "5" else (numbers[0], numbers[1], numbers[2])


def _alike(one: int | tuple[int, int, int], other: int | tuple[int, int, int]) -> bool:
    return all(abs(a - b) < _ALIKE for a, b in zip(_rgb(one), _rgb(other), strict=True))


def _rgb(colour: int | tuple[int, int, int]) -> tuple[int, int, int]:
    """A palette colour as xterm shows it: the first 16 are the user's, and near enough to these."""
    if isinstance(colour, tuple):
        return colour
    if colour < 16:
        value = _BASIC[colour] if colour < 8 else _BRIGHT[colour - 8]
        return value >> 16, value >> 8 & 255, value & 255
    if colour >= 232:
        grey = 8 + 10 * (colour - 232)
        return grey, grey, grey
    red, green, blue = (0 if step == 0 else 55 + 40 * step for step in _cube(colour - 16))
    return red, green, blue


def _cube(index: int) -> tuple[int, int, int]:
    return index // 36, index // 6 % 6, index % 6
