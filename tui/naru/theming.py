"""Themes are data: TOML files of this package and of the user, read strictly, so that none can break a screen.

Nothing here imports Textual: `naru themes` lists them, and the app alone turns one into Textual's own kind.
"""

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec
from msgspec import Struct, field

from naru_client.config import config_folder
from naru_client.files import read_regular, why_unreadable
from naru_client.text import clean

DEFAULT = "naru-dark"
WITHOUT_COLOUR = "naru-mono"

# Colours that screens use beyond the usual ones, with what stands in for them in a theme that does not set them.
EXTRA = {
    "state-running": "success",
    "state-waiting": "warning",
    "state-moving": "primary",
    "state-failed": "error",
    "state-done": "foreground",
    "in-use": "primary",
    "free": "success",
    "away": "error",
}


class ThemeFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a theme's TOML may hold. Colours are `#rrggbb`."""

    name: str
    dark: bool = True
    primary: str
    secondary: str
    accent: str
    foreground: str
    background: str
    surface: str
    panel: str
    success: str
    warning: str
    error: str
    variables: dict[str, str] = field(default_factory=dict)

    def colours(self) -> dict[str, str]:
        """Every colour by its name, the extra ones filled in."""
        base = {
            name: getattr(self, name) for name in self.__struct_fields__ if name not in ("name", "dark", "variables")
        }
        return {**base, **{name: self.variables.get(name, base[usual]) for name, usual in EXTRA.items()}}


class FoundTheme(Struct, frozen=True):
    """One theme file: its theme, or why it cannot be used."""

    name: str
    source: str  # "naru", or the user's file
    theme: ThemeFile | None = None
    error: str = ""


def builtin_folders() -> tuple[Traversable, ...]:
    return (
        files("naru") / "themes",  # in an installed package
        Path(__file__).parents[2] / "themes",  # in a checkout
    )


def user_folder() -> Path:
    return config_folder() / "themes"


def available(user: Path | None = None) -> tuple[FoundTheme, ...]:
    """Every theme by name, broken ones too; the user's replaces ours of the same name."""
    found: dict[str, FoundTheme] = {}
    for folder in builtin_folders():
        if folder.is_dir():
            found.update(_read_folder(folder, "naru"))
            break
    mine = user or user_folder()
    if mine.is_dir():
        for name, theme in _read_folder(mine, "").items():
            if theme.theme is not None or name not in found:
                found[name] = theme
            else:  # a broken copy must not take the working one away
                found[f"{name} ({theme.source})"] = theme
    return tuple(found.values())


def usable(themes: Iterable[FoundTheme]) -> dict[str, ThemeFile]:
    return {t.theme.name: t.theme for t in themes if t.theme is not None}


def parse(text: str) -> ThemeFile:
    """A theme from TOML. Raises ValueError with one line that says what is wrong."""
    try:
        theme = msgspec.convert(tomllib.loads(text), ThemeFile)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not valid TOML: {clean(str(error))}") from None
    except (RecursionError, MemoryError):
        raise ValueError("not valid TOML: it is nested too deeply") from None
    except msgspec.ValidationError as error:
        raise ValueError(clean(str(error))) from None
    if unknown := sorted(set(theme.variables) - set(EXTRA)):
        raise ValueError(f"unknown variable {clean(unknown[0])!r}; there are {', '.join(EXTRA)}")
    for name, value in theme.colours().items():
        if not _is_colour(value):
            raise ValueError(f"{name} = {clean(value)!r} is not a colour of the form #rrggbb")
    if clean(theme.name, 40) != theme.name or not theme.name.strip():
        raise ValueError("the name must be 1 to 40 printable characters")
    return theme


def _read_folder(folder: Traversable, source: str) -> dict[str, FoundTheme]:
    found = {}
    try:
        files_there = sorted(folder.iterdir(), key=lambda f: f.name)
    except OSError as error:
        where = clean(str(folder))
        return {where: FoundTheme(where, where, error=clean(why_unreadable(error)))}
    for file in files_there:
        if not file.name.endswith(".toml"):
            continue
        where = source or clean(str(file))
        stem = clean(file.name.removesuffix(".toml"))
        try:
            body = read_regular(file) if isinstance(file, Path) else file.read_bytes()
            theme = parse(body.decode("utf-8"))
        except (ValueError, OSError) as error:  # UnicodeDecodeError is a ValueError
            found[stem] = FoundTheme(stem, where, error=clean(why_unreadable(error)))
        else:
            found[theme.name] = FoundTheme(theme.name, where, theme)
    return found


def _is_colour(value: str) -> bool:
    return len(value) == 7 and value[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in value[1:])
