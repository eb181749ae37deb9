"""Lines by byte offset: the same from wherever one comes, whatever the bytes."""

import asyncio
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.logs.cached import CachedLog
from naru_client.logs.encoding import Codec, detect
from naru_client.logs.lines import LogText, RawLine, open_text
from naru_client.logs.memory import TextLog

PIECE = 16
UTF8 = detect(b"plain\n")


class Bytes(TextLog):
    """A log of these bytes, which counts how often it was read."""

    def __init__(self, data: bytes) -> None:
        super().__init__("log")
        self.say(data)
        self.reads = 0

    async def read(self, offset: int, count: int):  # type: ignore[no-untyped-def]
        self.reads += 1
        return await super().read(offset, count)


def text_of(data: bytes, codec: Codec = UTF8) -> LogText:
    return LogText(CachedLog(Bytes(data), block=8), codec, piece=PIECE)


async def whole(text: LogText, size: int) -> list[RawLine]:
    return await text.lines_from(text.first, 10_000, size)


pieces = st.lists(
    st.one_of(
        st.binary(max_size=12), st.just(b"\n"), st.just(b"x" * 50), st.just("나루터".encode()), st.just(b"\r\n"),
        st.just("가".encode() * 30),
    ),
    max_size=12,
).map(b"".join)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(pieces)
def test_lines_hold_every_byte_once_and_are_short(data: bytes) -> None:
    text = text_of(data)
    lines = asyncio.run(whole(text, len(data)))
    assert b"".join(line.data + (b"\n" if line.ended else b"") for line in lines) == data
    assert all(a.until == b.start for a, b in pairwise(lines))
    assert all(line.until > line.start and line.until - line.start < 2 * PIECE + 4 for line in lines)
    if all(len(line) < PIECE for line in data.split(b"\n")):
        assert [line.data for line in lines] == data.removesuffix(b"\n").split(b"\n")[: len(lines)]


@settings(max_examples=150, deadline=None)
@given(pieces, st.data())
def test_backwards_is_forwards_reversed(data: bytes, drawn: st.DataObject) -> None:
    async def both() -> None:
        text = text_of(data)
        lines = await whole(text, len(data))
        assert await text.lines_before(len(data), 10_000, len(data)) == lines
        if not lines:
            return
        nth = drawn.draw(st.integers(0, len(lines) - 1))
        line = lines[nth]
        assert await text.lines_before(line.start, 3, len(data)) == lines[max(0, nth - 3) : nth]
        assert await text.lines_from(line.start, 3, len(data)) == lines[nth : nth + 3]
        inside = drawn.draw(st.integers(line.start, line.until - 1))
        assert await text.start_of(inside, len(data)) == line.start
        assert await text.start_of(len(data) + 5, len(data)) == lines[-1].start

    asyncio.run(both())


def test_hangul_is_never_torn_by_a_break() -> None:
    data = "나루".encode() * 40
    lines = asyncio.run(whole(text_of(data), len(data)))
    assert len(lines) > 3
    assert "".join(line.data.decode() for line in lines) == "나루" * 40


def test_utf_16_is_parted_at_its_own_newlines() -> None:
    told = "\ufeff첫 줄\nsecond ਊ line\n셋\n"  # U+0A0A holds the byte of a newline twice
    data = told.encode("utf-16-le")
    codec = detect(data)
    text = LogText(Bytes(data), codec, piece=1 << 16)

    async def lines() -> list[str]:
        return [line.data.decode("utf-16-le") for line in await whole(text, len(data))]

    assert asyncio.run(lines()) == ["첫 줄", "second ਊ line", "셋"]


def test_the_end_of_a_long_log_is_read_without_the_rest() -> None:
    log = Bytes(b"".join(b"line %07d\n" % n for n in range(100_000)))

    async def end() -> list[RawLine]:
        text = await open_text(CachedLog(log))
        return await text.lines_before(log.size, 50, log.size)

    lines = asyncio.run(end())
    assert lines[-1].data == b"line 0099999"
    assert len(lines) == 50
    assert log.reads <= 3


def test_a_hundred_megabytes_without_a_newline_are_read_by_pieces() -> None:
    log = Bytes(b"x" * (8 << 20))

    async def end() -> list[RawLine]:
        text = await open_text(CachedLog(log))
        return await text.lines_before(log.size, 10, log.size)

    lines = asyncio.run(end())
    assert len(lines) == 10
    assert all(len(line.data) == 1 << 16 and not line.ended for line in lines)
    assert log.reads < 20
