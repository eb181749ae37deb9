"""Escape sequences as a stream of bytes holds them: which are questions to the terminal, which can be drawn."""

import re

_SEQUENCE = re.compile(
    rb"\x1b(?:"
    rb"\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    rb"|[PX^_][^\x1b]*\x1b\\"  # DCS, SOS, PM, APC
    rb"|[ -/]+[0-~]"
    rb"|[0-OQ-WYZ\\`-~]"
    rb")"
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[PX^_][^\x1b]*\x1b?|[ -/]*)")
_TITLE = re.compile(rb"\x1b\][02];")

# What a plain, modern terminal answers: a VT420 with synchronised output, no kitty keyboard, no in-band resize.
_ANSWERS: tuple[tuple[re.Pattern[bytes], bytes], ...] = (
    (re.compile(rb"\x1b\[0?c"), b"\x1b[?64;1;2;6;22c"),
    (re.compile(rb"\x1b\[>0?c"), b"\x1b[>41;354;0c"),
    (re.compile(rb"\x1b\[5n"), b"\x1b[0n"),
    (re.compile(rb"\x1b\[6n"), b"\x1b[1;1R"),
    (re.compile(rb"\x1b\[\?2026\$p"), b"\x1b[?2026;2$y"),
    (re.compile(rb"\x1b\[\?(\d+)\$p"), b"\x1b[?\\1;0$y"),
    (re.compile(rb"\x1b\[\?u"), b"\x1b[?0u"),
)


class Sequencer:
    """Takes output in pieces, however they fall, and parts it into whole escape sequences and text."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """What pyte can draw of it, and what a terminal answers to it. An unfinished sequence waits for its end."""
        data = self._pending + data
        drawn, answers, position = bytearray(), bytearray(), 0
        while (escape := data.find(b"\x1b", position)) >= 0:
            drawn += data[position:escape]
            match = _SEQUENCE.match(data, escape)
            if match is None:
                if _UNFINISHED.fullmatch(data, escape):
                    break
                position = escape + 1  # malformed: like a terminal, go on behind the escape
                continue
            drawn += match[0] if _drawable(match[0]) else b""
            answers += answer_to(match[0])
            position = match.end()
        else:
            drawn += data[position:]
            escape = len(data)
        self._pending = data[escape:]
        return bytes(drawn), bytes(answers)


def sequences(data: bytes) -> list[bytes]:
    """Every whole escape sequence in what a program wrote, in order."""
    return [match[0] for match in _SEQUENCE.finditer(data)]


def answer_to(sequence: bytes) -> bytes:
    """What the terminal writes back to a sequence; nothing when it is no question."""
    for question, answer in _ANSWERS:
        if match := question.fullmatch(sequence):
            return match.expand(answer)
    return b""


def _drawable(sequence: bytes) -> bool:
    """pyte prints what it does not know: private CSI of later terminals, and every string kind but titles."""
    if sequence[1:2] == b"[":
        return sequence[2:3] not in (b"<", b"=", b">") and b"$" not in sequence
    return sequence[1:2] not in b"]PX^_" or _TITLE.match(sequence) is not None
