"""The engines that look for a pattern in bytes: RE2, which takes time in proportion to the bytes whatever the pattern
and lets other threads run meanwhile; and Python's own where there is no RE2."""

import functools
import importlib
import re
from typing import Any, Protocol

from naru_client.insight.filter_text import FilterError, Token, compile_pattern
from naru_client.logs.search_syntax import PatternError, refuse

NOTHING = (-1, -1)
SUBJECT = 256  # characters of a line that Python's engine looks at: it cannot be stopped
_MEMORY = 32 << 20  # bytes that RE2 may use for what it learns of one pattern


class Engine(Protocol):
    def search(self, data: bytes | bytearray, start: int, end: int) -> tuple[int, int]:
        """The first match that lies between two indexes, (-1, -1) for none. What stands before and behind is seen by
        `^`, `$` and `\\b`."""


@functools.cache
def re2() -> Any:
    """The module of RE2, None where it cannot be imported."""
    try:
        return importlib.import_module("re2")
    except ImportError:
        return None


@functools.lru_cache(16)
def utf8_engine(expression: str, exact: bool) -> Engine:
    """For UTF-8 text of any number of lines, or with Python's engine for one. The expression is known to be good."""
    return Re2(expression.encode(), exact) if re2() is not None else _Python(expression, exact)


@functools.lru_cache(16)
def bytes_engine(needles: tuple[bytes, ...], exact: bool) -> Engine:
    """For any of some strings of bytes, as they are or without the case of ASCII letters."""
    if re2() is not None:
        return Re2(b"|".join(re2().escape(needle) for needle in needles), exact, latin=True)
    return _PythonBytes(b"|".join(map(re.escape, needles)), exact)


def check(text: str) -> None:
    """Raise PatternError for an expression that cannot be used as it was typed."""
    if re2() is None:
        try:
            compile_pattern(Token(text, text, tuple(range(len(text) + 1))))
        except FilterError as error:
            raise PatternError(error.what, error.position, error.hint) from None
        return
    try:
        Re2(text.encode("utf-8", "replace"), True)
    except re2().error as error:
        said = error.args[0] if error.args else b""
        refuse(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said), text)


class Re2:
    def __init__(self, expression: bytes, exact: bool, *, latin: bool = False) -> None:
        module = re2()
        options = module.Options()
        options.never_nl = options.never_capture = True
        options.case_sensitive = exact
        options.log_errors = False
        options.max_mem = _MEMORY
        if latin:
            options.encoding = module.Options.Encoding.LATIN1
        compiled = module._re2.RE2(b"(?m)" + expression, options)  # the outer class takes a copy and four steps a match
        if not compiled.ok():
            raise module.error(compiled.error())
        self._match = compiled.Match
        self._anchor = module._re2.RE2.Anchor.UNANCHORED

    def search(self, data: bytes | bytearray, start: int, end: int) -> tuple[int, int]:
        found: tuple[int, int] = self._match(self._anchor, data, start, end)[0]
        return found

    def each(self, lines: list[bytes]) -> list[bool]:
        """Which of them hold a match: quicker than asking one by one."""
        match, anchor = self._match, self._anchor
        return [match(anchor, line, 0, len(line))[0][0] >= 0 for line in lines]


class _Python:
    """One line at a time, and no more of it than is safe."""

    def __init__(self, expression: str, exact: bool) -> None:
        self._compiled = re.compile(expression, 0 if exact else re.IGNORECASE)

    def search(self, data: bytes | bytearray, start: int, end: int) -> tuple[int, int]:
        text = bytes(data[start:end]).decode("utf-8", "replace").removesuffix("\n")[:SUBJECT]
        found = self._compiled.search(text)
        if found is None:
            return NOTHING
        first = start + len(text[: found.start()].encode())
        return first, first + len(found[0].encode())


class _PythonBytes:
    def __init__(self, expression: bytes, exact: bool) -> None:
        self._compiled = re.compile(expression, 0 if exact else re.IGNORECASE)

    def search(self, data: bytes | bytearray, start: int, end: int) -> tuple[int, int]:
        found = self._compiled.search(data, start, end)
        return NOTHING if found is None else found.span()
