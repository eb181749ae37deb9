"""Finders: where in some bytes of a log the lines start that hold a match."""

from collections.abc import Callable
from itertools import accumulate, compress, count
from operator import add
from typing import Protocol

from naru_client.logs.encoding import Codec, decode_line
from naru_client.logs.search_engines import Engine, Re2

_MANY = 1 << 12  # bytes from one match to the next, below which they are many
_FOLDED_TO_ASCII = ("\u212a".encode(), "\u017f".encode())  # what RE2 and ripgrep take for a k and an s as well


class Finder(Protocol):
    def lines(self, data: bytes | bytearray, start: int, end: int) -> list[int]:
        """Where lines start between two indexes, of which the first begins a line, that hold a match; ascending.

        Every one of them is whole; the last need not have its newline.
        """

    def holds(self, part: bytes, *, begins: bool, ends: bool) -> bool:
        """Whether a part of a line holds a match; whether it is the line's beginning, and its end."""


class Utf8Finder:
    """By an engine that takes many lines at once; `needle` is what it looks for where that is nothing but bytes, in any
    case (of ASCII letters) where it is `folded`.

    An engine is quickest where matches are rare. Where there are many, each costs a call: then plain bytes are looked
    for without it, and where most lines match, one line after the other.
    """

    def __init__(self, engine: Engine, needle: bytes | None, *, folded: bool = False) -> None:
        self._engine = engine
        self._needle = needle.lower() if needle is not None and folded else needle
        self._folded = folded
        self._many = self._most = False

    def lines(self, data: bytes | bytearray, start: int, end: int) -> list[int]:
        found = self._quickly(data, start, end)
        self._many = len(found) * _MANY > end - start
        self._most = self._many and len(found) * 3 > data.count(b"\n", start, end) * 2
        return found

    def holds(self, part: bytes, *, begins: bool, ends: bool) -> bool:
        return _holds(self._engine, part, begins, ends)

    def _quickly(self, data: bytes | bytearray, start: int, end: int) -> list[int]:
        if not self._many:
            return _by_engine(self._engine, data, start, end)
        needle, text = self._needle, bytes(memoryview(data)[start:end])
        if needle is not None and self._folded:
            if not text.isascii() and any(sign in text for sign in _FOLDED_TO_ASCII):
                needle = None
            else:
                text = text.lower()
        if needle is not None and self._most:
            lines = text.split(b"\n")
            return _starts(lines, start, [needle in line for line in lines])
        if needle is not None:
            return [start + at for at in _by_find(needle, text)]
        if self._most and isinstance(self._engine, Re2):
            lines = text.split(b"\n")
            if not lines[-1]:
                lines.pop()
            return _starts(lines, start, self._engine.each(lines))
        return _by_engine(self._engine, data, start, end)


class LineFinder:
    """Line by line, each decoded and asked for."""

    def __init__(self, matches: Callable[[str], bool], codec: Codec) -> None:
        self._matches = matches
        self._codec = codec

    def lines(self, data: bytes | bytearray, start: int, end: int) -> list[int]:
        found: list[int] = []
        while start < end:
            until = after_line(data, self._codec, start, end)
            if self._matches(text_of(data, self._codec, start, until)):
                found.append(start)
            start = until
        return found

    def holds(self, part: bytes, *, begins: bool, ends: bool) -> bool:
        return bool(self.lines(part, 0, len(part)))


class GuessFinder:
    """By bytes that every matching line holds; those that only happen to hold them are told by decoding."""

    def __init__(self, engine: Engine, matches: Callable[[str], bool], codec: Codec) -> None:
        self._engine = engine
        self._matches = matches
        self._codec = codec

    def lines(self, data: bytes | bytearray, start: int, end: int) -> list[int]:
        found: list[int] = []
        codec, line = self._codec, start
        while line < end:
            at, _after = self._engine.search(data, line, end)
            if at < 0:
                break
            line = before_line(data, codec, line, at, start)
            until = after_line(data, codec, line, end)
            if self._matches(text_of(data, codec, line, until)):
                found.append(line)
            line = until
        return found

    def holds(self, part: bytes, *, begins: bool, ends: bool) -> bool:
        return bool(self.lines(part, 0, len(part)))


class DecodedFinder:
    """Many lines decoded, searched as UTF-8, and the numbers of those found counted off in the bytes."""

    def __init__(self, engine: Engine, codec: Codec) -> None:
        self._engine = engine
        self._codec = codec

    def lines(self, data: bytes | bytearray, start: int, end: int) -> list[int]:
        starts: list[int] = []
        texts: list[str] = []
        while start < end:
            until = after_line(data, self._codec, start, end)
            starts.append(start)
            texts.append(text_of(data, self._codec, start, until))
            start = until
        text = "\n".join(texts).encode("utf-8", "replace")
        found: list[int] = []
        number = at = 0
        for line in _by_engine(self._engine, text, 0, len(text)):
            number += text.count(b"\n", at, line)
            at = line
            found.append(starts[number])
        return found

    def holds(self, part: bytes, *, begins: bool, ends: bool) -> bool:
        text = text_of(part, self._codec, 0, len(part)).encode("utf-8", "replace")
        return _holds(self._engine, text, begins, ends)


def after_line(data: bytes | bytearray, codec: Codec, start: int, end: int) -> int:
    """Where the line after the one at `start` starts; `end` when that holds no newline. Indexes of whole units."""
    at = data.find(codec.newline, start, end)
    while at >= 0 and (at - start) % codec.unit:
        at = data.find(codec.newline, at + 1, end)
    return end if at < 0 else at + len(codec.newline)


def before_line(data: bytes | bytearray, codec: Codec, start: int, at: int, parity: int) -> int:
    """Where the line starts, at `start` or later, in which `at` stands; newlines are as far from `parity` as they
    must be."""
    found = data.rfind(codec.newline, start, at)
    while found >= 0 and (found - parity) % codec.unit:
        found = data.rfind(codec.newline, start, found + 1)
    return start if found < 0 else found + len(codec.newline)


def text_of(data: bytes | bytearray, codec: Codec, start: int, until: int) -> str:
    line = bytes(data[start:until]).removesuffix(codec.newline)
    return decode_line(line, codec).replace("\n", "\ufffd")  # half a character and a newline, by a lenient decoder


def _by_engine(engine: Engine, data: bytes | bytearray, start: int, end: int) -> list[int]:
    found: list[int] = []
    search = engine.search
    while start < end:
        at, _after = search(data, start, end)
        if at < 0 or at >= end:
            break
        line = data.rfind(b"\n", start, at) + 1 or start
        found.append(line)
        start = data.find(b"\n", at, end) + 1
        if not start:
            break
    return found


def _holds(engine: Engine, part: bytes, begins: bool, ends: bool) -> bool:
    text = (b"\n" if begins else b"\0") + part.removesuffix(b"\n") + (b"\n" if ends else b"\0")
    return engine.search(text, 1, len(text) - 1)[0] >= 0


def _by_find(needle: bytes, text: bytes) -> list[int]:
    found: list[int] = []
    find, back = text.find, text.rfind
    start = 0
    while (at := find(needle, start)) >= 0:
        found.append(back(b"\n", start, at) + 1 or start)
        start = find(b"\n", at) + 1
        if not start:
            break
    return found


def _starts(lines: list[bytes], start: int, wanted: list[bool]) -> list[int]:
    """Where those lines start that are wanted, of lines one behind the other."""
    before = accumulate(map(len, lines), initial=0)
    return list(compress(map(add, before, count(start)), wanted))  # a newline for each line before
