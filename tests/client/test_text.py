"""The one gate for text from outside."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from naru_client.text import MARK, clean, clean_block, clean_optional

ANY = st.text(st.characters(), max_size=60)
NASTY = st.lists(
    st.sampled_from(
        ["\x1b", "[", "]", "52;c;", "\x07", "\x9b", "\x9d", "\x9c", "\\", "m", "31", "P", "\x90", "\x00", "\x7f", "\n",
         "\u202e", "\u2066", "\u200b", "\ufeff", "\u0300", "a", "가", "\u1112", "\U000e0041", "\t", "\u3000", "\udc80"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain-job_1", "plain-job_1"),
        ("나루 학습", "나루 학습"),
        ("a\x1b[31mb\x1b[0m", f"a{MARK}b{MARK}"),
        ("a\x1b]52;c;SGVsbG8=\x07b", f"a{MARK}b"),
        ("a\x1b]0;title\x1b\\b", f"a{MARK}b"),
        ("a\x9b31mb", f"a{MARK}b"),
        ("a\x9d0;title\x9cb", f"a{MARK}b"),
        ("a\x1bPq#0\x1b\\b", f"a{MARK}b"),
        ("a\x1bcb", f"a{MARK}b"),
        ("a\x07b\x00c\x7fd", f"a{MARK}b{MARK}c{MARK}d"),
        ("abc\u202egpj.exe", f"abc{MARK}gpj.exe"),
        ("a\u2066b\u2069c", f"a{MARK}b{MARK}c"),
        ("a\u200bb\ufeffc", f"a{MARK}b{MARK}c"),
        ("a\nb\r\nc\td", "a b c d"),
        ("a\u2028b\x85c\u3000d", "a b c d"),
        ("[bold]x[/] [/ [@click=app.quit]y", "[bold]x[/] [/ [@click=app.quit]y"),
        ("a|b", "a|b"),
        ("\u1112\u1161\u11ab", "한"),
        ("e" + "\u0301" * 50, "é" + "\u0301" * 2),
        ("\ud800", MARK),
        ("\ue000", MARK),
        ("", ""),
    ],
)
def test_what_is_shown_of_a_text(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@given(st.one_of(ANY, NASTY))
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.isprintable()
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in cleaned)


@given(st.one_of(ANY, NASTY))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126)))
def test_plain_ascii_is_left_alone(text: str) -> None:
    assert clean(text) == text


def test_what_is_taken_out_leaves_a_mark() -> None:
    """So that a cleaned name never passes for another job's."""
    assert clean("job\x1b[8m1") != "job1"


def test_a_text_without_end_is_cut() -> None:
    assert clean("a" * 10_000, 100) == "a" * 99 + "…"
    assert len(clean("\x1b[31m" * 10_000)) <= 4096


def test_hundreds_of_hangul_letters_are_a_name_like_any_other() -> None:
    assert clean("가" * 300) == "가" * 300
    assert cell_len(clean("가" * 300)) == 600


@given(st.one_of(ANY, NASTY))
def test_a_block_keeps_its_lines_and_nothing_else(text: str) -> None:
    assert all(line.isprintable() for line in clean_block(text).split("\n"))


def test_a_block() -> None:
    assert clean_block("a\r\n\tb\x1b[2J\n\x1b]0;x\nc") == f"a\n        b{MARK}\n{MARK}\nc"


@pytest.mark.parametrize("nothing", [None, "", "(null)", "N/A", "None assigned"])
def test_slurms_spellings_of_nothing(nothing: str | None) -> None:
    assert clean_optional(nothing) is None


def test_something_is_not_nothing() -> None:
    assert clean_optional("None") == "None"
    assert clean_optional("a\nb") == "a b"


def test_a_tree_is_cleaned_to_its_last_text() -> None:
    from naru_client.text import clean_tree

    tree = {"a\x1b[31m": ["b\x07", 1, None, {"c": "d\u202ee"}], "n": 1.5}
    assert clean_tree(tree) == {"a\ufffd": ["b\ufffd", 1, None, {"c": "d\ufffde"}], "n": 1.5}
