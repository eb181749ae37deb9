"""A log made of everything that a terminal obeys, in the whole program: what of it reaches the terminal is colours."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style
from tests import hostile_log
from tests.bench.log_stand_in import JOB, install, only
from tests.children import naru
from tests.hostile_log import END, MARKUP, hidden, kinds, label, strange_renditions, without_sequences
from tests.terminal import Terminal
from textual.geometry import Size

from naru.format import Glyphs
from naru.log_lines import LogLine
from naru.log_summary import summary_lines
from naru.log_window import LogWindow
from naru.widgets.log_view import LogView
from naru_client.logs.encoding import CP949, UTF8, UTF16_BE, UTF16_LE, Codec, decode_line
from naru_client.logs.lines import RawLine
from naru_client.logs.looks import looks_of
from naru_client.logs.summary import Summary, fold_lines
from naru_client.mock.log_hostile import KINDS, write_hostile
from naru_client.mock.log_page import Page

LINES = list(hostile_log.specimens())
LABELLED = {number for number, line in enumerate(LINES) if b"\r" not in line}  # one that was rewritten lost its label
LABEL = re.compile(r"#(\d{4})")
COPY = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)")
WHOLE = b"\x1b[?2026l"  # what ends a frame
Open = Callable[..., Terminal]


class Seen(NamedTuple):
    """What one saw of a log, and every byte that was written meanwhile."""

    labels: set[int]
    ends: int
    markup: set[str]
    raw: bytes


def rows(terminal: Terminal) -> str:
    """The log's part of the screen."""
    return "\n".join(terminal.text.split("\n")[3:-2])


def at_jobs(terminal: Terminal) -> int:
    """Wait for the list of jobs, wholly drawn; how many bytes had been written by then."""
    terminal.wait_for(lambda t: t.raw.endswith(WHOLE) and "/ Filter" in t.text)
    return len(terminal.raw)


def one_by_one(terminal: Terminal, *keys: str) -> None:
    for key in keys:
        terminal.press(key)
        terminal.settle(0.1)


def page_through(terminal: Terminal, bottom: str) -> list[str]:
    """Every page from the start to the end."""
    terminal.press("g")
    terminal.wait_for(lambda t: t.raw.endswith(WHOLE) and label(0) in rows(t) and bottom not in rows(t))
    pages = [rows(terminal)]
    while bottom not in pages[-1]:
        terminal.press("pagedown")
        terminal.wait_for(lambda t: t.raw.endswith(WHOLE) and rows(t) != pages[-1])
        pages.append(rows(terminal))
    return pages


def looked_at(open_terminal: Open, folder: Path, log: bytes) -> Seen:
    """All that one does with a log: paged through both ways, searched, copied from; and its job's page looked at."""
    folder.mkdir()
    path = folder / "slurm.out"
    path.write_bytes(log)
    terminal = open_terminal(*naru(), columns=100, rows=60, env=only(install(folder / "site", path)))
    terminal.wait_for(JOB)
    terminal.press("2")
    begin = at_jobs(terminal)
    terminal.press("l")
    bottom = label(log.count(b"\n") - 1)
    terminal.wait_for(bottom)
    pages = page_through(terminal, bottom)
    terminal.press("w")
    pages += page_through(terminal, bottom)
    for word in ("end", "~[0-9]+x?$"):
        terminal.press("/")
        terminal.wait_for("Enter Keep")
        terminal.send(word)
        terminal.wait_for(re.compile(rf"/{re.escape(word)}  (?:\d+ of \d|0 lines  no match)"))
        one_by_one(terminal, "enter", "n", "N", "&", "&")
        terminal.press("escape")
        terminal.wait_for(lambda t: f"/{word}  " not in t.text)  # noqa: B023 (it is waited for at once)
    one_by_one(terminal, "g", "e", "E")
    terminal.press("y")
    terminal.wait_for("copied")
    terminal.press("escape")
    at_jobs(terminal)
    terminal.press("enter")
    terminal.wait_for(re.compile(r"Log  [0-9.]+ KiB"))
    terminal.press("escape")
    raw = bytes(terminal.raw[begin : at_jobs(terminal)])
    terminal.press("q")
    assert terminal.wait_exit() == 0
    whole = "\n".join(pages)
    return Seen({int(n) for n in LABEL.findall(whole)}, whole.count(END), {m for m in MARKUP if m in whole}, raw)


def beside_copies(raw: bytes) -> bytes:
    """Without what was copied for the user, which is plain text."""
    copies = COPY.findall(raw)
    assert copies
    for copy in copies:
        assert set(hidden(base64.b64decode(copy).decode())) <= {"\n"}
    return COPY.sub(b"", raw)


def test_nothing_of_a_hostile_log_but_its_colours_reaches_the_terminal(open_terminal: Open, tmp_path: Path) -> None:
    usual = looked_at(open_terminal, tmp_path / "harmless", hostile_log.harmless())
    seen = looked_at(open_terminal, tmp_path / "hostile", hostile_log.hostile())
    assert usual.labels == set(range(hostile_log.harmless().count(b"\n")))
    assert seen.labels >= LABELLED
    assert seen.ends > len(LINES)  # most were seen whole twice; some end in what they themselves left open
    assert seen.markup == set(MARKUP)
    allowed, written = beside_copies(usual.raw), beside_copies(seen.raw)
    assert kinds(written) <= kinds(allowed)
    assert not strange_renditions(written)
    text = without_sequences(written)
    assert set(hidden(text.replace("\r\n", ""))) <= set(hidden(without_sequences(allowed).replace("\r\n", "")))


# ---- the rows alone, from any bytes ----------------------------------------------------------------------------------


class Rows(LogView):
    """The widget's drawing without an app around it: styles of its own it has none."""

    rich_style = Style()

    def __init__(self, window: LogWindow, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self.window = window

    @property
    def size(self) -> Size:
        return Size(self.window.width + 2, self.window.height)

    def _style(self, name: str) -> Style:
        return Style(bold=True)


PIECES = st.one_of(
    st.sampled_from(LINES),
    st.binary(max_size=12),
    st.text(max_size=6).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"\x1b[", b"\x9b", b"\xc2\x9b", b"\x1b]", b"31", b";", b"m", b"38;5;", b"\r", b"\b", b"\t", b"\x1b", b"x"]
    ),
    st.sampled_from([mark.encode() for mark in MARKUP]),
)
BYTES = st.lists(st.lists(PIECES, max_size=6).map(b"".join), min_size=1, max_size=8)
CODECS = st.sampled_from([UTF8, UTF8, CP949, UTF16_LE, UTF16_BE])
SHAPES = st.tuples(st.sampled_from([1, 2, 7, 40, 200]), st.integers(1, 12), st.booleans(), st.sampled_from([0, 3, 50]))


def window_of(lines: list[bytes], codec: Codec) -> LogWindow:
    made = [LogLine(RawLine(at, at + 1, data, True), codec) for at, data in enumerate(lines)]
    window = LogWindow()
    window.place(made, 0, at_start=True, at_end=True)
    return window


def assert_harmless(view: Rows) -> None:
    """Every row is as wide as the screen, and nothing in it but text that is seen and styles that colour it."""
    for strip in view._made():
        assert strip.cell_length == view.size.width
        for segment in strip:
            assert segment.control is None
            assert not hidden(segment.text)
            style = segment.style
            if style is not None:
                assert not any((style.link, style.meta, style.conceal, style.blink, style.blink2))
                assert set(re.findall("[^ -~]", style.render("x", legacy_windows=False))) <= {"\x1b"}


@settings(max_examples=150, deadline=None)
@given(BYTES, CODECS, SHAPES, st.booleans())
def test_no_bytes_make_a_row_that_is_more_than_coloured_text(
    lines: list[bytes], codec: Codec, shape: tuple[int, int, bool, int], ascii_only: bool
) -> None:
    window = window_of(lines, codec)
    window.width, window.height, window.wrapped, window.left = shape
    view = Rows(window, Glyphs(ascii_only))
    view._find = lambda text: [(0, 1), (2, 9)]
    for _page in range(3):
        assert_harmless(view)
        window.scroll(window.height)
    window.to_end()
    assert_harmless(view)


@settings(max_examples=60, deadline=None)
@given(BYTES, CODECS)
def test_no_bytes_reach_the_page_of_the_job(lines: list[bytes], codec: Codec) -> None:
    texts = [looks_of(decode_line(line, codec)).text for line in [*lines, *hostile_log.PROBLEMS]]
    for row in summary_lines(fold_lines(Summary(), enumerate(texts)), datetime.now(UTC), Glyphs(False)):
        for text, _style in row:
            assert not hidden(text)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_simulated_centre_writes_on_purpose_is_harmless(kind: str) -> None:
    page = Page("", 1e12)
    for seed in range(5):
        write_hostile(page, kind, Random(seed), 1e9)
    window = window_of(page.sheet().text.split(b"\n"), UTF8)
    window.width, window.height = 120, 40
    assert_harmless(Rows(window, Glyphs(False)))
