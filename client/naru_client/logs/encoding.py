"""How a log's bytes spell its text: UTF-8, UTF-16 (a Windows program's redirection) or CP949, which holds EUC-KR.

Logs mix encodings, as several programs write into one file: a file has a codec, and a line that plainly follows another
one is read by that. Nothing here ever raises for what bytes it is given.
"""

import re

from msgspec import Struct


class Codec(Struct, frozen=True, gc=False):
    """`name` is "utf-8", "utf-16-le", "utf-16-be" or "cp949"; `newline` how a line feed is spelled in it.

    A newline counts only at an offset that is a multiple of `unit` bytes. `bom` bytes at the file's start are no text.
    """

    name: str
    newline: bytes = b"\n"
    unit: int = 1
    bom: int = 0


UTF8 = Codec("utf-8")
CP949 = Codec("cp949")
UTF16_LE = Codec("utf-16-le", b"\n\0", 2)
UTF16_BE = Codec("utf-16-be", b"\0\n", 2)

_PAIR = re.compile(rb"[\x81-\xfe].", re.DOTALL)
_WORDLESS = re.compile(rb"[\0-\x06\x0e-\x1a\x1c-\x1f\x7f]")  # controls that no text has: binary data
_CUT_START = re.compile(rb"[\x80-\xbf]{1,3}")
_CUT_END = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")

# Of a text in UTF-16 with no byte order mark: how much of it must be Latin and Hangul, and how much of it Latin, whose
# zeros are the only sign; and the fewest Latin characters that are a sign at all.
_READABLE, _LATIN, _FEWEST = 0.8, 0.05, 4


def detect(head: bytes, tail: bytes = b"", tail_offset: int = 0) -> Codec:
    """The codec of a file by its first and its last few kB; `tail` starts at byte `tail_offset` of the file."""
    if head.startswith(b"\xff\xfe"):
        return Codec("utf-16-le", b"\n\0", 2, bom=2)
    if head.startswith(b"\xfe\xff"):
        return Codec("utf-16-be", b"\0\n", 2, bom=2)
    if head.startswith(b"\xef\xbb\xbf"):
        return Codec("utf-8", bom=3)
    if b"\0" in head or b"\0" in tail:
        wide = _utf16(head, tail[tail_offset & 1 :])
        if wide is not None:
            return wide
    return CP949 if _mostly_cp949(head, tail) else UTF8


def decode_line(data: bytes, codec: Codec) -> str:
    """One line's text. Bytes that mean nothing become U+FFFD.

    A line in another encoding than its file's is read in that, where there can be little doubt.
    """
    if codec.unit == 2:
        return data.decode(codec.name, "replace")
    if data.isascii():
        return data.decode("ascii")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        if codec.name == "cp949" or (_is_korean(data) and not _is_clearly_utf8(_uncut(data))):
            return data.decode("cp949", "replace")
        return data.decode("utf-8", "replace")
    if codec.name == "cp949" and _is_korean(data):
        return data.decode("cp949", "replace")
    return text


def encode_needle(text: str, codec: Codec) -> bytes:
    """The bytes to search a file for. What the file's codec cannot spell is looked for as UTF-8, in lines that are.

    Bytes that came as surrogate escapes (a command line's argument that is no UTF-8) are searched for as they are.
    """
    if codec.unit == 2:
        return text.encode(codec.name, "surrogatepass")
    for name, errors in ((codec.name, "surrogateescape"), ("utf-8", "surrogateescape")):
        try:
            return text.encode(name, errors)
        except UnicodeEncodeError:
            continue
    return text.encode("utf-8", "surrogatepass")


def find_newline(data: bytes, codec: Codec, start: int = 0, offset: int = 0) -> int:
    """Where in `data` the first newline at or after `start` begins, or -1. `offset` is the file offset of data[0]."""
    if codec.unit == 1:
        return data.find(b"\n", start)
    at = data.find(codec.newline, start)
    while at >= 0 and (offset + at) & 1:
        at = data.find(codec.newline, at + 1)
    return at


def rfind_newline(data: bytes, codec: Codec, end: int | None = None, offset: int = 0) -> int:
    """Where in `data` the last newline that lies whole before `end` begins, or -1. `offset` as in `find_newline`."""
    if codec.unit == 1:
        return data.rfind(b"\n", 0, end)
    at = data.rfind(codec.newline, 0, end)
    while at >= 0 and (offset + at) & 1:
        at = data.rfind(codec.newline, 0, at + 1)
    return at


def _utf16(*samples: bytes) -> Codec | None:
    """The UTF-16 that samples without a byte order mark are in. Zeros in both bytes say nothing: a crashed node leaves
    blocks of them."""
    total = 0
    readable = {UTF16_LE: 0, UTF16_BE: 0}
    latin = {UTF16_LE: 0, UTF16_BE: 0}
    for sample in samples:
        for first, second in zip(sample[::2], sample[1::2], strict=False):
            if not (first or second):
                continue
            total += 1
            for codec, high, low in ((UTF16_LE, second, first), (UTF16_BE, first, second)):
                if high == 0 and low >= 7:
                    latin[codec] += 1
                    readable[codec] += 1
                elif 0xAC <= high <= 0xD7:
                    readable[codec] += 1
    best = max(latin, key=latin.__getitem__)
    if latin[best] >= max(_FEWEST, _LATIN * total) and readable[best] >= _READABLE * total:
        return best
    return None


def _mostly_cp949(head: bytes, tail: bytes) -> bool:
    """Whether more of its lines, by length, say CP949 than say UTF-8 or nothing."""
    korean = other = 0
    for sample in (head, tail):
        if sample.isascii():
            continue
        lines = sample.split(b"\n")
        for index, line in enumerate(lines):
            if line.isascii():
                continue
            at_edge = index == 0 or index == len(lines) - 1
            spelled = _is_utf8(_uncut(line) if at_edge else line)
            if not spelled and (_is_korean(line) or (at_edge and _is_cut_korean(line))):
                korean += len(line)
            else:
                other += len(line)
    return korean > other


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_clearly_utf8(data: bytes) -> bool:
    return not data.isascii() and _is_utf8(data)


def _uncut(data: bytes) -> bytes:
    """Without the rest of a character at its start and the beginning of one at its end, were it UTF-8 cut anywhere."""
    start = _CUT_START.match(data)
    end = _CUT_END.search(data, max(0, len(data) - 4))
    return data[start.end() if start else 0 : end.start() if end else len(data)]


def _is_korean(data: bytes) -> bool:
    """Whether it can hardly be anything but Korean in CP949: it decodes, and most of it is Hangul in common use.

    Latin-1 and binary data happen to decode now and then: as hanja, symbols, or syllables that hardly any word has.
    """
    try:
        data.decode("cp949")
    except UnicodeDecodeError:
        return False
    if len(_WORDLESS.findall(data)) * 10 > len(data):
        return False
    common = rare = hanja = 0
    for lead, trail in _PAIR.findall(data):
        if trail < 0xA1 or lead < 0xA1:
            rare += 1
        elif 0xB0 <= lead <= 0xC8:
            common += 1
        elif lead >= 0xCA:
            hanja += 1
    return common > 0 and rare * 2 <= common and hanja <= common


def _is_cut_korean(data: bytes) -> bool:
    """Whether it is Korean but for half a character at its start or its end."""
    return any(_is_korean(data[start:end]) for start in (0, 1) for end in (len(data), len(data) - 1))
