"""The lines at hand and the place in them: moving never shows a blank, loses a row or leaves the log."""

from hypothesis import given, settings
from hypothesis import strategies as st

from naru.log_lines import LogLine, broken, from_cell
from naru.log_window import LogWindow
from naru_client.logs.encoding import UTF8
from naru_client.logs.lines import RawLine

texts = st.lists(
    st.sampled_from(["", "short", "x" * 25, "나루터에서 배를 기다린다 " * 3, "나" * 11, "y" * 60]), max_size=30
)


def lines_of(texts: list[str], begin: int = 0) -> list[LogLine]:
    made, at = [], begin
    for text in texts:
        data = text.encode()
        made.append(LogLine(RawLine(at, at + len(data) + 1, data, True), UTF8))
        at += len(data) + 1
    return made


def window_of(texts: list[str], *, wrapped: bool, height: int = 7, width: int = 20) -> LogWindow:
    window = LogWindow()
    window.height, window.width, window.wrapped = height, width, wrapped
    window.place(lines_of(texts), 0, at_start=True, at_end=True)
    return window


def all_rows(window: LogWindow) -> list[tuple[int, int]]:
    return [(line.start, nth) for line in window.lines for nth in range(line.height(window.wrap_width))]


def shown(window: LogWindow) -> list[tuple[int, int]]:
    return [(line.start, nth) for line, nth in window.shown()]


@settings(max_examples=200, deadline=None)
@given(texts, st.booleans(), st.lists(st.integers(-40, 40), max_size=8), st.integers(1, 12))
def test_the_screen_is_always_a_full_stretch_of_the_rows(
    texts: list[str], wrapped: bool, moves: list[int], height: int
) -> None:
    window = window_of(texts, wrapped=wrapped, height=height)
    rows = all_rows(window)
    at = 0
    for move in moves:
        window.scroll(move)
        at = min(max(0, at + move), max(0, len(rows) - height))
        assert shown(window) == rows[at : at + height]
    window.to_end()
    assert shown(window) == rows[max(0, len(rows) - height) :]
    assert window.ends_in_sight


@settings(max_examples=100, deadline=None)
@given(texts.filter(bool), texts, st.integers(0, 30), st.booleans())
def test_lines_that_come_above_move_nothing(texts: list[str], above: list[str], down: int, wrapped: bool) -> None:
    window = window_of(texts, wrapped=wrapped)
    window.at_start = False
    offset = sum(len(text.encode()) + 1 for text in above)
    window.place(lines_of(texts, offset), offset, at_start=False, at_end=True)
    window.scroll(down)
    before = shown(window)
    window.add_before(lines_of(above), at_start=True)
    if len(before) == window.height:
        assert shown(window) == before
    else:
        assert shown(window)[-len(before) :] == before  # the room above is filled


def test_a_line_that_has_grown_is_replaced() -> None:
    window = window_of(["one", "tw"], wrapped=False)
    window.add_after(lines_of(["two", "three"], begin=4), at_end=True)
    assert [line.text for line in window.lines] == ["one", "two", "three"]


@given(st.text(alphabet="ab나루가", max_size=60), st.integers(2, 9))
def test_rows_hold_every_character_and_fit(text: str, width: int) -> None:
    from rich.cells import cell_len

    rows = broken(text, width)
    assert "".join(text[start:end] for start, end in rows) == text
    assert all(cell_len(text[start:end]) <= width for start, end in rows)
    begin, blanks = from_cell(text, width)
    assert cell_len(text[:begin]) - blanks == min(width, cell_len(text))
