"""What `naru logs` writes, and how it cuts what comes into lines."""

import io
import random
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from naru.commands.log_cutting import Cutter
from naru.commands.log_output import LogOutput
from naru.format import Glyphs
from naru.terminal import Paper
from naru_client.logs.encoding import CP949, UTF8, UTF16_BE, UTF16_LE, Codec
from naru_client.logs.looks import looks_of, to_ansi

FRAGMENTS = [
    "loss", " ", "\t", "한글", "é", "e\u0301", "\x1b[31m", "\x1b[0m", "\x1b", "[1m", "\r", "\n", "\n", "\x1b]0;t\x07",
    "\u202e", "\u3164", "\x9b1m", "\b", "\0", "\u200b", "\x1b[2K", "\x85", "😀",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12), st.booleans())
def test_many_lines_at_once_are_as_each_alone(fragments: list[str], terminal: bool) -> None:
    data = "".join(fragments).encode()
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    out = LogOutput(stream, Paper(terminal=terminal, width=None, colours=terminal, glyphs=Glyphs(False)))
    out.lines(data, UTF8)
    stream.flush()
    written = stream.buffer.getvalue().decode()
    looks = [looks_of(line) for line in data.decode().split("\n")]
    assert written == "\n".join(to_ansi(one) if terminal else one.text for one in looks)
    harmless = re.sub(r"\x1b\[[0-9;]*m", "", written) if terminal else written
    assert "".join(harmless.split("\n")).isprintable()


def test_no_byte_is_lost_however_it_comes() -> None:
    rng = random.Random(5)
    data = "".join("가나다\n" if rng.random() < 0.1 else "한a" for _ in range(3000)).encode()
    cutter, out, at = Cutter(UTF8, longest=64), b"", 0
    while at < len(data):
        step = rng.randrange(1, 40)
        part = cutter.feed(at, data[at : at + step])
        part.decode()  # no character is cut
        out += part
        at += step
        assert len(cutter.rest) <= 64
    assert out + cutter.take_rest() == data


def test_a_progress_bar_of_any_length_is_its_last_state() -> None:
    cutter = Cutter(UTF8, longest=4096)
    at = 0
    for n in range(10_000):
        state = b"\r%5d/10000 it" % n
        assert cutter.feed(at, state) == b""
        at += len(state)
        assert len(cutter.rest) <= 4096 + len(state)
    assert cutter.feed(at, b"\n").endswith(b"\r 9999/10000 it\n")


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([UTF8, CP949, UTF16_LE, UTF16_BE]),
    st.text(st.sampled_from("a가힣\n😀"), max_size=200),
    st.integers(1, 9),
    st.integers(4, 40),
)
def test_pieces_are_whole_characters_in_every_encoding(codec: Codec, text: str, step: int, longest: int) -> None:
    text = text.replace("😀", "b") if codec is CP949 else text
    data = text.encode(codec.name)
    cutter = Cutter(codec, longest=longest)
    parts = [cutter.feed(at, data[at : at + step]) for at in range(0, len(data), step)]
    assert "".join(part.decode(codec.name) for part in [*parts, cutter.take_rest()]) == text
