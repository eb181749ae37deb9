"""What logs hold that no terminal should be given: written into a small share of them on purpose.

Real logs have all of it: a program that takes the file for a terminal, a file read in the wrong encoding and printed, a
bar that never ends its line. Whoever shows a log must survive it.
"""

from random import Random

from naru_client.mock.log_page import Page

SHARE = 0.12  # of all logs
KINDS = ("escape", "title", "bell", "invalid", "cp949", "long", "controls", "bidi")


def hostile_kind(random: Random) -> str:
    """What a log is to hold; nothing, for most."""
    return random.choice(KINDS) if random.random() < SHARE else ""


def write_hostile(page: Page, kind: str, random: Random, at: float) -> None:
    """Write one specimen."""
    page.write(at, _SPECIMENS[kind](random))


def _bytes(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _escape(random: Random) -> str:
    return (
        f"\x1b[2J\x1b[{random.randint(1, 24)};1Hloss=0.{random.randint(1, 99):02d}\x1b[?1049h\x1b[31m\x1b[5mstray\x1b"
    )


def _title(random: Random) -> str:
    return "\x1b]0;rm -rf ~\x07\x1b]52;c;bHMK\x07\x1bP$q q\x1b\\ window title set by a library\n"


def _bell(random: Random) -> str:
    return "\x07" * random.randint(1, 5) + " 경고: 온도 상승\x07\n"


def _invalid(random: Random) -> str:
    return _bytes(b"bad bytes: \xff\xfe\xed\xa0\x80 \xf0\x9f half a character: \xea\xb0") + "\n"


def _cp949(random: Random) -> str:
    return _bytes("[정보] 설정 파일을 읽었습니다: 배치 크기 32".encode("cp949")) + "\n"


def _long(random: Random) -> str:
    return "".join(f"\rmerging {i:6d}/999999 " + "=" * (i % 40) for i in range(0, 30_000, 35)) + "\n"


def _controls(random: Random) -> str:
    return "table\x00of\x08\x08\x0bcontrols\x0c\x7f\x85 \x9b31m eight-bit CSI\x18\x1a\n"


def _bidi(random: Random) -> str:
    return "loss \u202e0.123 gnp.exe\u202c \u2066isolated\u2069 zero\u200bwidth \ufeff\U000e0041 한\u0301글\n"


_SPECIMENS = {
    "escape": _escape, "title": _title, "bell": _bell, "invalid": _invalid, "cp949": _cp949, "long": _long,
    "controls": _controls, "bidi": _bidi,
}  # fmt: skip
