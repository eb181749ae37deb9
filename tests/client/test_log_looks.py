"""What a line of a log looks like, and that nothing but colour is left of what a terminal obeys."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from naru_client.logs.encoding import CP949, UTF8, UTF16_LE, decode_line
from naru_client.logs.looks import Looks, Span, looks_of, plain, to_ansi
from naru_client.logs.sgr import PLAIN, Sgr, after, codes, visible
from naru_client.text import MARK, clean

QUICK = settings(max_examples=80, deadline=None)
RED, BOLD = Sgr(fg=1), Sgr(bold=True)
FORBIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")

TEXTS = st.sampled_from(
    ["step 1", "학습", "한", "e\u0301", "\u0301", "[bold red]x[/]", "[/", "[@click=app.quit]y[/]", " ", "1m", "m"]
)
BYTES = st.characters(max_codepoint=0x9F, categories=["Cc"])
SNEAKY = st.sampled_from(
    "\u202e\u2066\u200b\u200d\ufeff\ufe0f\u115f\u3164\u2800\u00ad\u2028\ue000\U000e0041\ud800\t\b\r\0"
)
NUMBERS = st.lists(st.sampled_from(["", "0", "1", "8", "31", "48", "38", "5", "2", "999", "4:3", "38:2::1:2:3", ":"]))
SGRS = st.builds("{}{}m".format, st.sampled_from(["\x1b[", "\x9b"]), NUMBERS.map(";".join))
CSIS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["\x1b[", "\x9b"]),
    st.sampled_from(["", "?1049", "?1000;1006", "2", ">4;2", "!", "10;20", "1 "]),
    st.sampled_from(["", "K", "J", "A", "h", "l", "H", "p", "q", "m", "n"]),
)
STRINGS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x9d", "\x90", "\x9f", "\x9e", "\x98"]),
    st.sampled_from(
        ["52;c;AAAA", "8;;http://x", "0;title", "133;A", "1337;File=x:AA", "q#0;1", "tmux;\x1b\x1b]0;t\x07"]
    ),
    st.sampled_from(["", "\x07", "\x1b\\", "\x9c", "\x1b"]),
)
SHORT = st.sampled_from(["\x1b", "\x1bc", "\x1b(0", "\x1b7", "\x1b=", "\x0e", "\x1b#8", "\x1b%G", "\x84", "\x9c"])
STREAMS = st.lists(st.one_of(TEXTS, BYTES, SNEAKY, SGRS, CSIS, STRINGS, SHORT), max_size=25).map("".join)
ANYTHING = st.one_of(st.text(st.characters(), max_size=60), STREAMS)


def assert_harmless(looks: Looks) -> None:
    assert looks.text.isprintable()
    assert not any(unicodedata.category(c) in FORBIDDEN for c in looks.text)
    assert looks.text == clean(looks.text, 1 << 20)
    at = 0
    for span in looks.spans:
        assert at <= span.start < span.end <= len(looks.text)
        assert span.style != PLAIN
        at = span.end
    written = to_ansi(looks)
    assert re.sub(r"\x1b\[[0-9;]+m", "", written) == looks.text
    assert not looks.spans or "\x1b" not in written[written.rindex("\x1b[0m") + 4 :]


@QUICK
@given(ANYTHING)
def test_nothing_that_a_terminal_obeys_is_left_of_any_text(text: str) -> None:
    assert_harmless(looks_of(text))


@QUICK
@given(st.one_of(st.binary(max_size=80), STREAMS.map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_nor_of_any_bytes(data: bytes) -> None:
    for codec in (UTF8, CP949, UTF16_LE):
        assert_harmless(looks_of(decode_line(data, codec)))


@QUICK
@given(ANYTHING, st.integers(1, 20))
def test_nor_where_a_line_is_cut(text: str, limit: int) -> None:
    looks = looks_of(text, limit)
    assert_harmless(looks)
    assert len(looks.text) <= limit


@QUICK
@given(ANYTHING)
def test_doing_it_twice_changes_nothing(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@QUICK
@given(STREAMS)
def test_what_naru_writes_looks_the_same_again(text: str) -> None:
    looks = looks_of(text)
    again = looks_of(to_ansi(looks))
    assert (again.text, again.spans) == (looks.text, looks.spans)


@QUICK
@given(st.lists(st.sampled_from(["a", "[bold]x[/]", "[@click=app.quit]", " ", "나루", "█", "—", "é", "[/", "{x}"])))
def test_plain_text_and_markup_stay_as_they_are(parts: list[str]) -> None:
    text = "".join(parts)
    assert looks_of(text) == Looks(text)


def test_no_character_that_is_let_through_unseen_is_harmful() -> None:
    """The quick way for what logs are mostly made of gives what the careful way gives."""
    every = "x".join(map(chr, range(0xA0, sys.maxunicode + 1, 3)))
    assert looks_of(every, len(every)).text.isprintable()
    for block in ("¡-ÿ", "‐-⁞", "←-⟿", "⠁-⣿", "、-〩", "ぁ-ヾ", "！-｠"):
        for code in range(ord(block[0]), ord(block[2]) + 1):
            if chr(code).isprintable():
                assert looks_of(chr(code)).text == clean(chr(code))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("epoch 1", "epoch 1"),
        ("a\x1b[Kb\x1b[2K\x1b[A\x1b[?25l", "ab"),
        ("a\x1b]0;title\x07b\x1b]52;c;SGVsbG8=\x1b\\c\x1b]8;;http://x\x1b\\d\x9d0;t\x9ce", "abcde"),
        ("a\x1b]777;notify;x", "a"),
        ("a\x1bP1;2q#0\x1b\\b\x1b_Gf=1\x1b\\c\x1b^x\x1b\\d\x1bXx\x1b\\e\x90q\x9cf\x9fG\x9cg", "abcdefg"),
        ("a\x1bcb\x1b(0c\x0ed\x0fe\x1b[?1049hf\x1b[?1000;1006hg\x1b[>4;2mh", f"abc{MARK}d{MARK}efgh"),
        ("a\x07b\x00\x00\x00c\x7fd\x85e", f"a{MARK}b{MARK}c{MARK}d e"),
        ("abc\u202egpj.exe", f"abc{MARK}gpj.exe"),
        ("done ✔\ufe0f ok\ufeff", "done ✔ ok"),
        ("a\tb\t가\tc", "a       b       가      c"),
        ("\x1b[1ma\tb\x1b[0m\tc", "a       b       c"),
        ("x\bxy\by _\bz 가\b\b가 |\b/\b-\b", "xy z 가 -"),
        ("\u1112\x1b[31m\u1161\u11ab", "한"),
        ("e\x1b[31m" + "\u0301\x1b[32m" * 9, "é\u0301\u0301"),
        ("a\xa0\u3000b", "a  b"),
    ],
)
def test_what_is_shown_of_a_line(raw: str, shown: str) -> None:
    assert plain(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown", "states"),
    [
        ("a line of Windows\r", "a line of Windows", 1),
        ("\r  0%|  |\r 50%|█ |\r100%|██|", "100%|██|", 3),
        ("45%\r\x1b[K", "45%", 2),
        ("45%\r46%\r   \r\x1b[2K\x1b[0m\r", "46%", 4),
        ("\x1b[31m10%\r20%", "20%", 2),
        ("\r\r\r", "", 1),
    ],
)
def test_a_progress_bar_shows_its_last_state(raw: str, shown: str, states: int) -> None:
    looks = looks_of(raw)
    assert (looks.text, looks.states, looks.spans) == (shown, states, ())


def test_colours_are_kept_as_data() -> None:
    looks = looks_of("\x1b[31mred\x1b[0m plain \x1b[1mbo\x1b[m\x1b[1mld\x1b[22m \x9b38;5;45mblue\x1b[39m")
    assert looks.text == "red plain bold blue"
    assert looks.spans == (Span(0, 3, RED), Span(10, 14, BOLD), Span(15, 19, Sgr(fg=45)))
    assert to_ansi(looks) == "\x1b[31mred\x1b[0m plain \x1b[1mbold\x1b[0m \x1b[38;5;45mblue\x1b[0m"


def test_a_cut_line_keeps_its_colours_and_says_that_it_is_cut() -> None:
    assert looks_of("\x1b[31mabcdefgh", 9) == Looks("abc…", (Span(0, 3, RED),))
    assert looks_of("ab\u0344", 3) == Looks("ab…")  # what grows when it is put in order
    assert plain("\0" * 1_000_000 + "the last words") == MARK + "the last words"


@pytest.mark.parametrize(
    ("parameters", "style"),
    [
        ("", PLAIN),
        ("0", PLAIN),
        ("1;3;4;7;9", Sgr(bold=True, italic=True, underline=True, reverse=True, strike=True)),
        ("1;2;22", PLAIN),
        ("1;31;0;32", Sgr(fg=2)),
        ("91;107", Sgr(fg=9, bg=15)),
        ("38;5;196;48;2;1;2;3", Sgr(fg=196, bg=(1, 2, 3))),
        ("38:2::1:2:3", Sgr(fg=(1, 2, 3))),
        ("38:2:1:2:3", Sgr(fg=(1, 2, 3))),
        ("48:5:7", Sgr(bg=7)),
        ("4:3", Sgr(underline=True)),
        ("4;4:0", PLAIN),
        ("21", Sgr(underline=True)),
        ("58;5;1;31", RED),
        ("38;5;256", PLAIN),
        ("38;5", PLAIN),
        ("38;2;1;2", PLAIN),
        ("38;7;1", BOLD),
        ("5;6;8;53;999", PLAIN),
        ("31;39;41;49", PLAIN),
        ("1" * 4000, PLAIN),
    ],
)
def test_what_a_colour_sequence_means(parameters: str, style: Sgr) -> None:
    assert after(PLAIN, parameters) == style
    assert after(PLAIN, codes(style)) == style


@pytest.mark.parametrize(
    "parameters", ["8", "30;40", "38;5;16;48;5;232", "37;48;2;229;229;229", "38;2;9;9;9;48;2;8;8;8"]
)
def test_no_text_is_hidden(parameters: str) -> None:
    assert visible(after(PLAIN, parameters)) == PLAIN
    assert looks_of(f"a\x1b[{parameters}msecret").spans == ()


@given(st.lists(st.sampled_from(["\t", "a", "가", "é", "e\u0301", "—"]), max_size=20))
@QUICK
def test_tabs_end_at_every_eighth_cell(parts: list[str]) -> None:
    text = "".join(parts)
    assert cell_len(plain(text + "\t")) % 8 == 0


def test_a_thousand_accents_take_no_time_and_no_room() -> None:
    for accents in ("\u0301\u0323", "\u0591\u05b0"):
        assert len(plain("a" + accents * 30_000)) < 40
