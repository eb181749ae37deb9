"""How a log's bytes spell its text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.logs.encoding import (
    CP949,
    UTF8,
    UTF16_BE,
    UTF16_LE,
    Codec,
    decode_line,
    detect,
    encode_needle,
    find_newline,
    rfind_newline,
)

CODECS = [UTF8, CP949, UTF16_LE, UTF16_BE]
KOREAN = ("학습을 시작합니다", "데이터 12,000건을 읽는 중", "손실=2.34, 정확도 91%", "메모리가 부족합니다", "나루 완료")
ENGLISH = ("step 1200/50000 loss=2.3412", "[rank0] INFO loading", "Traceback (most recent call last):", "")
LINES = st.lists(st.sampled_from(KOREAN + ENGLISH), min_size=1, max_size=12)
KOREAN_LINES = st.lists(st.sampled_from(KOREAN), min_size=1, max_size=12)
QUICK = settings(max_examples=60, deadline=None)


def encoded(lines: list[str], codec: Codec) -> bytes:
    return "".join(line + "\n" for line in lines).encode(codec.name)


def decoded(data: bytes, codec: Codec) -> list[str]:
    """Its lines, found as a log's lines are found."""
    lines, at = [], codec.bom
    while (end := find_newline(data, codec, at)) >= 0:
        lines.append(decode_line(data[at:end], codec))
        at = end + codec.unit
    return lines


@QUICK
@given(LINES, st.sampled_from(["utf-8", "utf-8-sig", "cp949", "utf-16", "utf-16-le", "utf-16-be"]))
def test_what_is_written_in_an_encoding_is_read_in_it(lines: list[str], name: str) -> None:
    lines = ["started 1234", *lines]  # a sign of UTF-16 without a mark
    data = "".join(line + "\n" for line in lines).encode(name)
    assert decoded(data, detect(data)) == lines
    assert decoded(data, detect(data[:4096], data[101:], 101)) == lines


@QUICK
@given(st.binary(max_size=200), st.binary(max_size=50), st.integers(0, 3), st.sampled_from(CODECS))
def test_no_bytes_are_too_strange(head: bytes, tail: bytes, offset: int, codec: Codec) -> None:
    assert detect(head, tail, offset).unit in (1, 2)
    assert isinstance(decode_line(head, codec), str)
    assert decode_line(head, codec).encode("utf-8") is not None  # no surrogates


@QUICK
@given(KOREAN_LINES, st.integers(0, 40), st.integers(0, 40), st.integers(0, 2000))
def test_utf8_cut_anywhere_is_utf8(lines: list[str], first: int, last: int, offset: int) -> None:
    data = encoded(lines, UTF8)
    cut = data[first : max(first, len(data) - last)]
    assert detect(cut) == UTF8
    assert detect(b"", cut, offset) == UTF8
    assert detect(cut, cut, offset) == UTF8


@QUICK
@given(KOREAN_LINES, st.integers(0, 7), st.integers(0, 1))
def test_euc_kr_of_any_length_is_cp949(lines: list[str], first: int, last: int) -> None:
    data = "\n".join(lines).encode("euc-kr")
    assert detect(data) == CP949
    assert detect(data[: len(data) - last], data[first:], first) == CP949


@given(st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=100))
@QUICK
def test_ascii_is_utf8(text: str) -> None:
    data = text.encode()
    assert detect(data, data, 7) == UTF8
    assert decode_line(data, CP949) == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"step 1\n" + bytes(4096) + b"step 2\n",
        bytes(8192),
        b"a\0b\0" + b"and then plain text goes on for a while\n",
        "é café déjà vu, à bientôt\n".encode("latin-1"),
        "größe überprüft, Ångström\n".encode("latin-1"),
        "CAFÉ ÀÉ Århus\n".encode("latin-1"),
        bytes(range(256)) * 8,
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0>\0\x01\0\0\0 @@\0\0\0\0\0" * 9,
        "한글".encode()[:-1],
        "학습\n".encode("cp949") + "시작합니다\n계속합니다\n".encode(),
    ],
)
def test_what_is_neither_utf16_nor_korean(data: bytes) -> None:
    assert detect(data) == UTF8


def test_a_line_of_another_encoding_is_read_in_its_own() -> None:
    assert decode_line("오류: 메모리 부족".encode("cp949"), UTF8) == "오류: 메모리 부족"
    assert decode_line("오류: 메모리 부족".encode(), CP949) == "오류: 메모리 부족"
    assert decode_line("보".encode("cp949") + b" 1", UTF8) == "보 1"
    assert decode_line("똠방각하 大韓民國 만세 「나루」".encode("cp949"), UTF8) == "똠방각하 大韓民國 만세 「나루」"


def test_what_means_nothing_is_marked() -> None:
    assert decode_line(b"a\xffb", UTF8) == "a\ufffdb"
    assert decode_line("caf\u00e9!".encode("latin-1"), UTF8) == "caf\ufffd!"
    assert decode_line("나루".encode()[:-1], UTF8) == "나\ufffd"
    assert decode_line("가나다".encode()[1:], UTF8).endswith("나다")
    assert decode_line(b"a\0\x00\xd8", UTF16_LE) == "a\ufffd"
    assert decode_line(b"a\0b", UTF16_LE) == "a\ufffd"


@QUICK
@given(st.text(max_size=20), st.sampled_from(CODECS))
def test_anything_may_be_searched_for(text: str, codec: Codec) -> None:
    needle = encode_needle(text, codec)
    assert needle or not text


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_searched_for_is_found(codec: Codec) -> None:
    assert encode_needle("손실", codec) in encoded(["손실=2"], codec)
    assert encode_needle("\udcb0", UTF8) == b"\xb0"
    assert encode_needle("☃", CP949) == "☃".encode()  # only a line in UTF-8 can have it


@QUICK
@given(st.lists(st.sampled_from([b"\n", b"\0", b"a", b"\x0a\x0a", b"\0\n"]), max_size=30), st.integers(0, 3))
def test_newlines_count_where_characters_begin(parts: list[bytes], offset: int) -> None:
    data = b"".join(parts)
    for codec in CODECS:
        places = [
            at
            for at in range(len(data))
            if data.startswith(codec.newline, at) and (offset + at) % codec.unit == 0
        ]  # fmt: skip
        found, at = [], find_newline(data, codec, 0, offset)
        while at >= 0:
            found.append(at)
            at = find_newline(data, codec, at + 1, offset)
        assert found == places
        for end in range(len(data) + 1):
            before = [place for place in places if place + len(codec.newline) <= end]
            assert rfind_newline(data, codec, end, offset) == (before[-1] if before else -1)
        assert rfind_newline(data, codec, offset=offset) == (places[-1] if places else -1)
