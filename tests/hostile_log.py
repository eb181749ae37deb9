"""A log made of what no terminal should be given, and what a terminal may be given at most.

Every line begins with its label and ends with `END`, so that a test can see that each was shown, and shown whole.
"""

import re
import unicodedata
from collections.abc import Iterator

from tests.vt import _SEQUENCE as SEQUENCE
from tests.vt import sequences

END = "|end"
MARKUP = (
    "[bold]x[/]", "[@click=app.quit]x[/]", "[/", "[link=http://x]y[/link]", "[on red]$text[/]", "[red", "\\[bold]z",
    "[@click=\"app.bell\"]z[/]", ":warning:", "[not bold]b[/not bold]", "[$primary]p[/]", "[[]]", "[link='x' y",
)  # fmt: skip

STRINGS = (  # what follows the introducer of an OSC
    "0;owned", "1;owned", "2;owned", "4;1;rgb:ff/00/00", "7;file:///etc", "8;;http://evil.example/",
    "8;id=1;http://e/", "9;note", "9;4;1;50", "10;?", "11;?", "12;red", "50;font", "52;c;b3duZWQ=", "52;c;?", "104",
    "110", "133;A", "133;C", "133;D;0", "633;A", "777;notify;owned;owned", "1337;File=inline=1:AAAA", "1337;SetMark",
    "1337;RequestAttention=yes",
)  # fmt: skip
OTHER_STRINGS = (
    "\x1bPq#0;2;0;0;0~-", "\x1bP$q\"p", "\x1bPtmux;\x1b\x1b]52;c;b3duZWQ=\x07", "\x1bP+q544e", "\x1bP=1s",
    "\x1b_Gf=24,s=1,v=1;AAAA", "\x1b_owned", "\x1b^owned", "\x1bXowned", "\x90q#0~", "\x9fGa=T;AAAA", "\x9eowned",
    "\x98owned", "\x9d52;c;b3duZWQ=", "\x9d0;owned", "\x9d8;;http://e/",
)  # fmt: skip
ENDS = ("\x07", "\x1b\\", "\x9c", "", "\x18", "\x1b")

MODES = (
    "47", "1047", "1048", "1049", "9", "1000", "1001", "1002", "1003", "1004", "1005", "1006", "1007", "1015", "1016",
    "2004", "2026", "2027", "2031", "2048", "25", "12", "7", "5", "6", "3", "1", "66", "1000;1002;1006",
)  # fmt: skip
CONTROLS = (
    "2J", "3J", "J", "1K", "2K", "1;1H", "999;999H", "10;20f", "99A", "99B", "99C", "99D", "9E", "9F", "9G", "9d",
    "9I", "9Z", "5L", "5M", "5P", "5X", "9@", "9S", "9T", "1000000000b", "c", ">c", "=c", "5n", "6n", "?6n", "?26n",
    "0x", "3;5r", "r", "s", "u", "!p", "61\"p", "1$p", "?2026$p", "4 q", "0 q", "1q", "2i", "4i", "5i", "?5i", "3g",
    "4h", "20h", "4l", "8;2;2t", "2t", "3;0;0t", "14t", "18t", "20t", "21t", "22;0t", "23;0t", ">4;2m", "?4m", ">1u",
    "?u", "<u", "=1u", "=5;1u", ">0q", "1;2'w", "1'|", "1*x", "1#p", "1#{", "1,~", "200~", "201~", "<0;1;1M", "M",
    "38;5", "38;2;1;2;", "1;2;3", "?", ">", "!", " ", "$", "\x07m", "\x1b[m", "31\x18m", "31\x1am", "3\b1m",
    "31\x00m", "\u202e31m", "31;", "999999999999999999999m",
)  # fmt: skip
RENDITIONS = (
    "5m", "6m", "8m", "30;40m", "37;47m", "97;107m", "38;2;0;0;0;48;2;0;0;0m", "10m", "11m", "20m", "26m", "50m",
    "51m", "52m", "53m", "58;5;1m", "60m", "73m", "4:3m", "4:5m", "38:2::9:9:9m", "1;5;8;31m", "38;5;999m", "38;7;1m",
    "1;2;3;4;5;6;7;8;9m",
)  # fmt: skip

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u200b\u200c\u200d\u2028\u2029\u2060\u2061\u2062"
    "\u2063\u2064\u206a\u206f\u2800\u3164\ufe00\ufe0e\ufe0f\ufeff\uffa0\ufff9\ufffa\ufffb\U0001d173\U000e0001\U000e0041"
    "\U000e007f\U000e0100\U000e01ef"
)
OTHERS = "\ue000\uf8ff\U000f0000\ufdd0\uffff\U0001fffe\u0378\u2065"
BROKEN = (  # what is no UTF-8
    b"\xc0\x80", b"\xc0\x9b31m", b"\xc1\x9b", b"\xe0\x82\x9b31m", b"\xf0\x80\x82\x9b", b"\xed\xa0\x80",
    b"\xed\xb0\x9b", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x9b", b"\xff\xfe\x1b\x00[\x00", b"\xea\xb0",
    b"\xf0\x9f\x98", b"\xf0\x9f\x1b[2J", b"\xea\x1b]0;owned\x07", b"\xc2\x1b[2J", b"\xc2", b"\xe2\x80\x1b[2J\xae",
    b"\x9b\x9b\x9b31m", b"\x80\x80\x80",
)  # fmt: skip
COMBINED = (
    "e" + "\u0301" * 200, "\u0301\u0302", "x\u20e3\u20dd", "\u1112\u1161\u11ab\u0301", "\u0e33" * 9,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1f0\U0001f1f7", "\u2764\ufe0f", "\U0001f44d\U0001f3fd",
    "\u0600\u06dd", "\u05d0\u05d1 abc", "\ufdfa" * 3, "\u094d\u0930", "한" * 200,
)  # fmt: skip
PROBLEMS = (  # what a line may say that is shown elsewhere as well: the job's page, the line below the log
    b"torch.OutOfMemoryError: CUDA out of memory. \x1b]0;owned\x07[bold]x[/] \x1b[2J\xc2\x9b31m\xe2\x80\xaex",
    b"NVRM: Xid (PCI:0000:3b:00): 79, \x1b]52;c;b3duZWQ=\x1b\\ [@click=app.quit]x[/] \x1b[?1049h",
    b"slurmstepd: error: \x9d0;owned\x9c Detected 1 oom-kill event(s) \xe2\x81\xa6[/",
    b"step 10/100 loss=0.1\x1b[8m\xe2\x80\x8b epoch \x1bP$q\x1b\\1/3",
)


def specimens() -> Iterator[bytes]:
    """What is fed, one after the other, none with a newline."""
    yield from (bytes([byte]) + b"after" for byte in [*range(32), *range(127, 256)] if byte != 10)
    yield from (chr(point).encode() + b"31mafter" for point in range(0x80, 0xA0))
    yield from (b"\x1b" + bytes([byte]) + b"after" for byte in range(0x20, 0x7F))
    texts = [start + text + end + "after" for text in STRINGS for start in ("\x1b]", "\x9d") for end in ENDS[:4]]
    texts += [text + end + "after" for text in OTHER_STRINGS for end in ENDS]
    texts += [f"\x1b[?{mode}h\x1b[?{mode}l\x9b?{mode}s\x1b[?{mode}rafter" for mode in MODES]
    texts += [f"\x1b[{control}\x9b{control}after" for control in CONTROLS]
    texts += [f"\x1b[{rendition}after\x1b[0m" for rendition in RENDITIONS]
    texts += [f"a{character}b" for character in BIDI + INVISIBLE + OTHERS]
    texts += [f"\x1b[3{character}1mafter" for character in BIDI[-3:] + INVISIBLE[:3]]
    texts += [*COMBINED, *MARKUP, "\x1b[31m" + MARKUP[0] + "\x1b[0m" + MARKUP[1]]
    texts += ["0%\r50%\r\x1b[2J100%", "a\b\b\b\x1b[1Ab", "x\bx_\by", "\t\t\x1b[9Cafter", "\v\fafter", "a\0\0\0b"]
    texts += ["\x1b[31m" * 500 + "red" + "\x1b[0m", "\x1b]0;" + "owned" * 400, "\x1b[" + "1;" * 400 + "31mafter"]
    yield from (text.encode() for text in texts)
    yield from (b"a" + broken + b"after" for broken in BROKEN)
    yield "[정보] 설정 파일".encode("cp949") + b"\x1b[2J\x9b31m"
    yield from PROBLEMS


def label(number: int) -> str:
    return f"#{number:04d} "


def hostile() -> bytes:
    """The log."""
    return _log(list(specimens()))


def harmless() -> bytes:
    """A shorter log of the same shape in which nothing is hostile but some is in colour: what it causes is Naru's."""
    coloured = "\x1b[1;31mred\x1b[0m \x1b[38;5;200;48;2;1;2;3mboth\x1b[0m 한글".encode()
    shape = [one for number, one in enumerate(specimens()) if number % 7 == 0 or len(one) > 200]
    return _log([coloured if number % 9 == 0 else b"x" * min(300, len(one)) for number, one in enumerate(shape)])


def _log(lines: list[bytes]) -> bytes:
    return b"".join(label(number).encode() + line + END.encode() + b"\n" for number, line in enumerate(lines))


# ---- what may be written ---------------------------------------------------------------------------------------------

_RENDITION = re.compile(rb"\x1b\[[0-9;]*m")
_PLAIN = {0, 1, 2, 3, 4, 7, 9, 39, 49, *range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)}
_HIDDEN = frozenset(BIDI + INVISIBLE + OTHERS)


def hidden(text: str) -> list[str]:
    """The characters of a text that control something, that nobody sees or that nobody knows."""
    return [c for c in text if c in _HIDDEN or unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")]


def kinds(raw: bytes) -> set[bytes]:
    """The kinds of sequences in what a program wrote: numbers left out, where they are no mode's; all colours one."""
    found = set()
    for sequence in sequences(raw):
        if _RENDITION.fullmatch(sequence):
            found.add(b"SGR")
        elif sequence.startswith(b"\x1b[") and not sequence.startswith(b"\x1b[?"):
            found.add(re.sub(rb"[0-9]+", b"#", sequence))
        else:
            found.add(sequence)
    return found


def strange_renditions(raw: bytes) -> list[bytes]:
    """The SGR sequences that set anything but colours, bold, dim, italic, underline, reverse and strike."""
    return [one for one in sequences(raw) if _RENDITION.fullmatch(one) and not _known(one[2:-1].decode())]


def _known(parameters: str) -> bool:
    numbers = [int(word or 0) for word in parameters.split(";")]
    while numbers:
        number = numbers.pop(0)
        if number in (38, 48):
            kind = numbers.pop(0) if numbers else 0
            count = {5: 1, 2: 3}.get(kind, 99)
            if len(numbers) < count or max(numbers[:count]) > 255:
                return False
            del numbers[:count]
        elif number not in _PLAIN:
            return False
    return True


def without_sequences(raw: bytes) -> str:
    """What is left of it beside whole sequences. Raises UnicodeDecodeError for what is no UTF-8."""
    return SEQUENCE.sub(b"", raw).decode("utf-8")
