"""What is typed into the search box: its two readings, case, what is refused and where, and what is lit up."""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from naru_client.errors import UsageError
from naru_client.logs import pattern as pattern_module
from naru_client.logs import search_engines
from naru_client.logs.encoding import CP949, UTF8, UTF16_LE, Codec
from naru_client.logs.pattern import Pattern, read_pattern
from naru_client.logs.search_syntax import PatternError


def lit(pattern: Pattern, text: str) -> list[str]:
    return [text[start:end] for start, end in pattern.spans(text)]


@pytest.mark.parametrize(
    ("typed", "regex", "text", "found"),
    [
        ("loss", False, "Loss lossy LOSS", ["Loss", "loss", "LOSS"]),
        ("Loss", False, "Loss lossy LOSS", ["Loss"]),
        ("손실", False, "학습 손실은 손실", ["손실", "손실"]),
        ("손실".encode().decode(), False, "a손실b", ["손실"]),
        ("\u1109\u1169\u11ab", False, "손", ["손"]),
        ("a.b", False, "axb a.b A.B", ["a.b", "A.B"]),
        ("[1/3] (x)*", False, "[1/3] (x)*", ["[1/3] (x)*"]),
        ("é", False, "É é", ["É", "é"]),
        (r"xid \d+", True, "나루 Xid 79, XID 31", ["Xid 79", "XID 31"]),
        (r"\S+Error", True, "valueerror ValueError", ["ValueError"]),
        (r"\Serror", True, "ValueError", ["eError"]),
        (r"[가-힣]+", True, "가나 abc 다", ["가나", "다"]),
        (r"\bis\b", True, "this is", ["is"]),
        (r"\Q1+1\E=2", True, "1+1=2", ["1+1=2"]),
        ("end$", True, "end the end", ["end"]),
        (r"\Aone|two\z", True, "one two one two", ["one", "two"]),
        ("(?i)ABC", True, "abc", ["abc"]),
        (r"\b", True, "no width", []),
        ("x", False, "\ud800x", ["x"]),
    ],
)
def test_matches_are_lit_up(typed: str, regex: bool, text: str, found: list[str]) -> None:
    pattern = read_pattern(typed, regex=regex)
    assert lit(pattern, text) == found
    assert pattern.matches(text) or not found


def test_a_flag_decides_about_case() -> None:
    assert lit(read_pattern("Loss", exact=False), "loss") == ["loss"]
    assert lit(read_pattern("loss", exact=True), "Loss") == []
    assert lit(read_pattern("A|b", regex=True, exact=False), "aB") == ["a", "B"]


@pytest.mark.parametrize(
    ("typed", "position", "words"),
    [
        ("err(or", 3, "not closed"),
        ("(a)(b", 3, "not closed"),
        ("a)b", 1, "not opened"),
        ("x[ab", 1, "set"),
        ("x[z-a]", 2, "range"),
        ("x*+*", 1, "repeated"),
        ("*x", 0, "nothing to repeat"),
        ("x{2000}", 1, "too often"),
        ("xx\\", 2, "nothing follows"),
        (r"(a)\1", 3, "referring back"),
        (r"a\y", 1, "after a backslash"),
        ("ab(?=c)", 2, "looking ahead"),
        ("(?<!a)b", 0, "looking ahead"),
        ("(?P<n", 0, "name"),
        (r"a\nb", 1, "one line"),
        ("a\nb", 1, "one line"),
        ("x(?m:a)", 1, "one line"),
        (r"\Ca", 0, "bytes"),
        ("a*", 0, "every line"),
        ("^", 0, "every line"),
        ("a|", 0, "every line"),
        ("", 0, "nothing to search"),
        ("x" * 2000, 1000, "too long"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_with_its_place(typed: str, position: int, words: str) -> None:
    with pytest.raises(PatternError, match=words) as refused:
        read_pattern(typed, regex=True)
    assert isinstance(refused.value, UsageError)
    assert refused.value.position == position
    assert "\n" not in refused.value.message


def pattern_or_error(typed: str, regex: bool) -> Pattern | PatternError:
    try:
        return read_pattern(typed, regex=regex)
    except PatternError as error:
        return error


@settings(max_examples=200)
@given(st.text("ab(|)[]^$.*+?{}1,-\\dwQEAzC<P:im가\n\0", max_size=12))
def test_whatever_is_typed_is_a_pattern_or_refused_in_one_line(typed: str) -> None:
    for regex in (False, True):
        read = pattern_or_error(typed, regex)
        if isinstance(read, PatternError):
            assert 0 <= read.position <= len(typed)
            assert "\n" not in read.message
            continue
        pattern = read
        pattern.spans("ab가1 -\\")
        for codec in (UTF8, CP949, UTF16_LE):
            pattern.finder(codec).lines(b"ab\0\n", 0, 4)
        assert all("\0" not in argument for argument in pattern.ripgrep_arguments() or ())


@given(st.text(max_size=8), st.text(max_size=8), st.text("abAB 가é", min_size=1, max_size=5))
def test_plain_text_is_found_where_it_stands(before: str, after: str, typed: str) -> None:
    assume(typed.strip() == typed)
    line = (before + typed + after).replace("\n", " ")
    pattern = read_pattern(typed, exact=True)
    spans = pattern.spans(line)
    assert all(line[start:end] == pattern.literal for start, end in spans)
    assert len(spans) == line.count(pattern.literal or "")


@pytest.mark.parametrize("codec", [UTF8, CP949, UTF16_LE])
def test_text_is_found_in_the_bytes_of_its_encoding(codec: Codec) -> None:
    data = "학습\n나루 손실 0.1\n끝".encode(codec.name)
    second = data.index("나루".encode(codec.name))
    assert read_pattern("손실").finder(codec).lines(data, 0, len(data)) == [second]
    assert read_pattern("루.손", regex=True).finder(codec).lines(data, 0, len(data)) == [second]


def test_halves_of_two_characters_are_not_a_third() -> None:
    data = "가나".encode("cp949")
    straddling = data[1:3].decode("cp949", "replace")
    assert read_pattern(straddling).finder(CP949).lines(data, 0, len(data)) == []


def test_ripgrep_gets_only_what_it_reads_alike() -> None:
    def arguments(typed: str, regex: bool = True) -> list[str] | None:
        return read_pattern(typed, regex=regex).ripgrep_arguments()

    assert arguments("-e evil", False) == ["--ignore-case", "--fixed-strings", "-e", "-e evil"]
    assert arguments(r"\d+[-.]\w$") == ["--ignore-case", "-e", r"[0-9]+[-.][0-9A-Za-z_](?:\r?$)"]
    for typed in (r"\pL", r"[[:alpha:]]x", r"a[b&&c]", r"\x41", r"\Ba", r"(?s)a.", "a\0"):
        assert arguments(typed) is None, typed


@pytest.fixture
def no_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (search_engines, pattern_module):
        monkeypatch.setattr(module, "re2", lambda: None)
    for name in ("utf8_engine", "bytes_engine"):
        uncached = getattr(search_engines, name).__wrapped__
        for module in (search_engines, pattern_module):
            monkeypatch.setattr(module, name, uncached)


@pytest.mark.usefixtures("no_re2")
def test_without_re2_python_s_own_engine_does_it_with_care() -> None:
    data = "가 loss\nLOSS 12\n\nx".encode()
    for typed, regex, found in (
        ("loss", False, [0, 9]),
        ("가", False, [0]),
        (r"loss \d+$", True, [9]),
        ("x", True, [18]),
    ):
        pattern = read_pattern(typed, regex=regex)
        assert pattern.finder(UTF8).lines(data, 0, len(data)) == found, typed
    assert lit(read_pattern(r"\d+", regex=True), "가1 나22") == ["1", "22"]
    with pytest.raises(PatternError, match="forever") as refused:
        read_pattern("(a+)+$", regex=True)
    assert refused.value.position == 4
    wide = data.decode().encode("utf-16-le")
    assert read_pattern("LOSS").finder(UTF16_LE).lines(wide, 0, len(wide)) == [len("가 loss\n") * 2]


def test_a_pattern_is_read_as_plain_text_unless_told() -> None:
    assert read_pattern("(").matches("a(b")
    assert not read_pattern("a.c").matches("abc")
    assert re.fullmatch(r"a\\.c", re.escape(read_pattern("a.c").expression)) is None
