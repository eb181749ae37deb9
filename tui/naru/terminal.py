"""What the place we write to can show: a terminal or not, how wide, with colours or not, in which characters."""

import io
import os
import sys
from collections.abc import Mapping
from typing import IO

from msgspec import Struct

from naru.format import Glyphs, ascii_wanted

NARROWEST = 40  # below this a table is cut as if for this width: nothing would be left of it otherwise
WITHOUT_TERMINAL = 80  # the width of drawings where no terminal gives one


class Paper(Struct, frozen=True):
    """Where plain output goes. `width` is in cells, None where nothing limits it (a pipe, a file)."""

    terminal: bool
    width: int | None
    colours: bool
    glyphs: Glyphs

    @property
    def drawing_width(self) -> int:
        """The width of what needs one: bars, rules."""
        return self.width or WITHOUT_TERMINAL


class Closed(io.StringIO):
    """In place of a standard stream that a parent closed."""


def standard_streams() -> tuple[IO[str], IO[str]]:
    """Standard output and error; something harmless where a parent closed them."""
    return sys.stdout or Closed(), sys.stderr or Closed()


def look(stream: IO[str], environ: Mapping[str, str], *, colour: bool = True, glyphs: str = "auto") -> Paper:
    """What `stream` is. `colour` False is the person's wish for none; `glyphs` is the setting of that name."""
    terminal = is_terminal(stream)
    return Paper(
        terminal=terminal,
        width=_width(stream, environ) if terminal else None,
        colours=terminal and colour and wants_colour(environ),
        glyphs=Glyphs(ascii_wanted(glyphs, locale_variables(environ))),
    )


def locale_variables(environ: Mapping[str, str], utf8_mode: bool = bool(sys.flags.utf8_mode)) -> dict[str, str]:
    """The environment as the person set it: under LANG=C Python itself sets LC_CTYPE to a UTF-8 locale (PEP 538)."""
    told = dict(environ)
    if utf8_mode and told.get("LC_CTYPE", "").lower() in ("c.utf-8", "c.utf8", "utf-8"):
        del told["LC_CTYPE"]
    return told


def is_terminal(stream: IO[str]) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def wants_colour(environ: Mapping[str, str]) -> bool:
    """What the environment says of colours: NO_COLOR, and terminals that have none."""
    return not environ.get("NO_COLOR") and environ.get("TERM", "dumb") not in ("", "dumb")


def _width(stream: IO[str], environ: Mapping[str, str]) -> int:
    told = environ.get("COLUMNS", "")
    if told.isascii() and told.isdigit() and int(told) > 0:
        return max(int(told), NARROWEST)
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return max(columns or WITHOUT_TERMINAL, NARROWEST)
