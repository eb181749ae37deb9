"""TOML that people wrote, read strictly: every mistake is told with its file, line and word.

Numbers with a point are decimals, never binary floats: amounts of money stand in these files.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NoReturn

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.text import clean

Path = tuple[str | int, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_HEADING = re.compile(rf"\s*(\[\[?)\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]")
_EACH = re.compile(_PART)
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def read_toml(text: str, where: str) -> "Table":
    """The top table. Raises UsageError for what is not TOML; `where` names the file in every error."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError, MemoryError) as error:  # TOMLDecodeError is a ValueError
        why = clean(str(error)) if isinstance(error, ValueError) else _("a number or a nesting in it is too large")
        raise UsageError(_("{path} is not valid TOML: {why}").format(path=where, why=why)) from None
    return Table(data, (), Source(text, where))


class Source:
    """The text behind the tables: which line a key stands on."""

    def __init__(self, text: str, where: str) -> None:
        self.where = where
        self._text = text
        self._lines: dict[Path, int] | None = None

    def line(self, path: Path) -> int:
        """The line, from 1, of that key, or of the nearest thing around it that has one."""
        if self._lines is None:
            self._lines = _lines(self._text)
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def refuse(self, path: Path, what: str, hint: str = "") -> NoReturn:
        place = _("{where}, line {line}").format(where=self.where, line=self.line(path))
        what = clean(what)  # words of the file stand in it
        raise UsageError(f"{place}: {written(path)}: {what}" if path else f"{place}: {what}", clean(hint))


class Table:
    """One table of a file. Each reader takes a key and its default; `done` refuses every key that nobody read."""

    def __init__(self, data: dict[str, Any], path: Path, source: Source) -> None:
        self._data, self.path, self.source = data, path, source
        self._read: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def refuse(self, key: str | None, what: str, hint: str = "") -> NoReturn:
        self.source.refuse(self.path if key is None else (*self.path, key), what, hint)

    def take(self, key: str) -> Any:
        """The value as TOML has it; None where the key is not there."""
        self._read.add(key)
        return self._data.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        value = self._needed(key, default)
        if not isinstance(value, str):
            self.refuse(key, _("must be {wanted}, not {got}").format(wanted=_("text"), got=_shown(value)))
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text stands for a list of it."""
        value = self.take(key)
        if value is None:
            return ()
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            self.refuse(key, _("must be {wanted}, not {got}").format(wanted=_("a list of texts"), got=_shown(value)))
        return tuple(listed)

    def choice(self, key: str, names: Sequence[str], default: str | None = None) -> Any:
        """One of these texts."""
        value = self.text(key, default)
        if value not in names:
            self.refuse(
                key,
                _("must be one of {names}, not {got}").format(names=", ".join(names), got=_shown(value)),
                _nearest(value, names),
            )
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._needed(key, default)
        if not isinstance(value, bool):
            self.refuse(key, _("must be {wanted}, not {got}").format(wanted=_("true or false"), got=_shown(value)))
        return value

    def integer(self, key: str, default: int | None = None, *, least: int = 0, most: int = 10**18) -> int:
        value = self._needed(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(key, _("must be {wanted}, not {got}").format(wanted=_("a whole number"), got=_shown(value)))
        return int(self._within(key, value, least, most))

    def number(self, key: str, default: Decimal | None = None, *, least: int = 0, most: int = 10**18) -> Decimal:
        """A decimal; a text with a number in it is one too."""
        value = self._needed(key, default)
        if isinstance(value, str):
            try:
                value = Decimal(value)
            except ArithmeticError:
                self.refuse(key, _("must be {wanted}, not {got}").format(wanted=_("a number"), got=_shown(value)))
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.refuse(key, _("must be {wanted}, not {got}").format(wanted=_("a number"), got=_shown(value)))
        return Decimal(self._within(key, value, least, most))

    def table(self, key: str) -> "Table":
        """The table of that name; an empty one where it is not there."""
        value = self._needed(key, {})
        if not isinstance(value, dict):
            self.refuse(key, _("must be {wanted}, not {got}").format(wanted=_("a table"), got=_shown(value)))
        return Table(value, (*self.path, key), self.source)

    def tables(self, key: str) -> list["Table"]:
        """The tables of that list; none where it is not there."""
        value = self._needed(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.refuse(key, _("must be {wanted}, not {got}").format(wanted=_("a list of tables"), got=_shown(value)))
        return [Table(one, (*self.path, key, i), self.source) for i, one in enumerate(value)]

    def done(self) -> None:
        """Refuse what was not read."""
        for key in self._data:
            if key not in self._read:
                self.refuse(key, _("is not known here"), _nearest(key, sorted(self._read)))

    def _needed(self, key: str, default: Any) -> Any:
        value = self.take(key)
        if value is None:
            value = default
        if value is None:
            self.refuse(None, _("{key} is missing").format(key=key))
        return value

    def _within(self, key: str, value: int | Decimal, least: int, most: int) -> int | Decimal:
        if isinstance(value, Decimal) and (not value.is_finite() or len(value.as_tuple().digits) > 40):
            self.refuse(key, _("must be {wanted}, not {got}").format(wanted=_("a number"), got=_shown(value)))
        if isinstance(value, Decimal) and value and value.adjusted() < -40:
            self.refuse(key, _("is too small a number"))
        if not least <= value <= most:
            words = _("must be at least {n}") if value < least else _("must be at most {n}")
            self.refuse(key, words.format(n=least if value < least else most))
        return value


def written(path: Path) -> str:
    """A place as TOML writes it: `pools."*".each`, `periods[2].from`."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part + 1}]"
        else:
            name = clean(part, 60)
            shown += ("." if shown else "") + (name if _BARE.fullmatch(name) else f'"{name}"')
    return shown


def _lines(text: str) -> dict[Path, int]:
    """The line of every heading and key. What stands within an inline table has the line of that table's key."""
    found: dict[Path, int] = {}
    base: Path = ()
    counts: dict[Path, int] = {}
    quoted = ""
    for number, line in enumerate(text.splitlines(), 1):
        if quoted:
            if quoted in line:
                quoted = ""
            continue
        if (match := _HEADING.match(line)) is not None:
            base = _within_lists(_names(match[2]), counts)
            if match[1] == "[[":
                index = counts[base] = counts.get(base, -1) + 1
                found.setdefault(base, number)
                base = (*base, index)
            found.setdefault(base, number)
        elif (match := _KEY.match(line)) is not None:
            path = base
            for name in _names(match[1]):
                path = (*path, name)
                found.setdefault(path, number)
            rest = line[match.end() :]
            quoted = next((quotes for quotes in ('"""', "'''") if rest.count(quotes) == 1), "")
    return found


def _names(dotted: str) -> Path:
    return tuple(name.strip("\"'") for name in _EACH.findall(dotted))


def _within_lists(names: Path, counts: dict[Path, int]) -> Path:
    """A heading's path, with the number of the latest table of each list on its way."""
    path: Path = ()
    for i, name in enumerate(names):
        path = (*path, name)
        if path in counts and i < len(names) - 1:
            path = (*path, counts[path])
    return path


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return _("a table")
    if isinstance(value, list):
        return _("a list")
    return clean(repr(value) if isinstance(value, str) else str(value), 60)


def _nearest(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word.lower().replace("_", "-"), known, n=1)
    return _("did you mean {name}?").format(name=near[0]) if near else ""
