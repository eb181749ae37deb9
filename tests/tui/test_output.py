"""What the command line prints: tables that line up, the envelope, CSV, and the gates before the terminal."""

import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from naru.format import Glyphs
from naru.output import (
    Page,
    Result,
    Sheet,
    complain,
    csv,
    csv_cell,
    envelope,
    error_envelope,
    present,
    write_text,
)
from naru.plain_table import GAP, Column, Span, bar_cells, guard, table_lines, wrapped
from naru.terminal import Paper
from naru_client.errors import NotProvided
from naru_client.model import Accelerators, Exit, NodeAccelerators

Row = tuple[str, ...]
HOSTILE = "\x1b]52;c;SGk=\x07a\x9b31mb\u202ec\nd\x00"


def paper(width: int | None = None, *, colours: bool = False, ascii_only: bool = False) -> Paper:
    return Paper(terminal=width is not None, width=width, colours=colours, glyphs=Glyphs(ascii_only))


def page(width: int | None = None, *, colours: bool = False, ascii_only: bool = False) -> tuple[Page, io.StringIO]:
    stream = io.StringIO()
    return Page(stream, paper(width, colours=colours, ascii_only=ascii_only), io.StringIO()), stream


def column(place: int, title: str, *, right: bool = False, least: int = 0, most: int = 0, shed: int = 0) -> Column[Row]:
    return Column(title=title, cell=lambda row: row[place], right=right, least=least, most=most, shed=shed)


def lines(columns: list[Column[Row]], rows: list[Row], width: int | None = None) -> list[str]:
    return ["".join(span.text for span in spans) for spans in table_lines(columns, rows, width, "…")]


def test_columns_line_up_by_cells_with_hangul_in_them() -> None:
    shown = lines([column(0, "NAME"), column(1, "STATE")], [("나루", "R"), ("train", "PD"), ("한글ab", "CG")])
    starts = [cell_len(line[: line.index(word)]) for line, word in zip(shown, ("STATE", "R", "PD", "CG"), strict=True)]
    assert starts == [8, 8, 8, 8]


def test_figures_stand_to_the_right() -> None:
    assert lines([column(0, "TOTAL", right=True), column(1, "X")], [("7", "a"), ("123456", "b")]) == [
        " TOTAL  X",
        "     7  a",
        "123456  b",
    ]


def test_no_line_ends_in_blanks() -> None:
    for line in lines([column(0, "A"), column(1, "B"), column(2, "C")], [("x", "", ""), ("long", "y", "z")]):
        assert line == line.rstrip()


def test_a_narrow_terminal_sheds_the_least_wanted_columns_first() -> None:
    columns = [column(0, "KEEP"), column(1, "SECOND", shed=1), column(2, "FIRST", shed=2)]
    rows: list[Row] = [("a" * 10, "b" * 10, "c" * 10)]
    assert "FIRST" in lines(columns, rows, 34)[0]
    assert "FIRST" not in lines(columns, rows, 33)[0]
    assert "SECOND" in lines(columns, rows, 33)[0]
    assert lines(columns, rows, 12) == ["KEEP", "a" * 10]


def test_columns_are_squeezed_before_any_is_left_out() -> None:
    columns = [column(0, "ID"), column(1, "NAME", least=5), column(2, "POOL", shed=1)]
    assert lines(columns, [("1", "a-long-name", "h100")], 16) == ["ID  NAME    POOL", "1   a-lon…  h100"]


@given(
    st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20)), max_size=5),
    st.integers(12, 60),
)
def test_no_line_is_wider_than_the_terminal(rows: list[Row], width: int) -> None:
    columns = [column(0, "AA", least=2), column(1, "BB", least=2, right=True), column(2, "CC", least=2, shed=1)]
    for line in lines(columns, rows, width):
        assert cell_len(line) <= width
        assert line.isprintable()


def test_a_pipe_gets_every_character() -> None:
    long = "n" * 500
    shown = lines([column(0, "NAME", least=4, most=10), column(1, "STATE")], [(long, "R"), ("short", "PD")])
    assert shown[1] == f"{long}  R"
    assert shown[2].index("PD") == 60 + GAP, "one long name must not move the columns of all"


def test_nothing_but_line_feeds_and_our_colours_gets_out() -> None:
    made, stream = page(80, colours=True)
    made.line(HOSTILE, Span(HOSTILE, "failed"))
    made.table([column(0, HOSTILE), column(1, "B")], [(HOSTILE, HOSTILE)])
    made.facts([(HOSTILE, HOSTILE)])
    made.paragraph(HOSTILE * 30)
    made.remark(HOSTILE)
    left = (
        stream.getvalue().replace("\x1b[31m", "").replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")
    )
    assert "52;c" in left
    assert left.replace("\n", "").isprintable()


def test_without_colours_no_escape_is_written() -> None:
    made, stream = page(80)
    made.line(Span("x", "failed"))
    assert stream.getvalue() == "x\n"


def test_ascii_paper_gets_ascii() -> None:
    made, stream = page(80, ascii_only=True)
    made.line("8×H100 – 나루 …")
    assert stream.getvalue() == "8xH100 - ???? ~\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "euc-kr", "utf-8"])
def test_no_encoding_stops_a_text(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    write_text(stream, "나루 █ 🚢 é \udc80\n")
    stream.flush()
    assert raw.getvalue().endswith(b"\n")


def test_a_sentence_is_wrapped_by_cells() -> None:
    assert wrapped("가나 다라 마바", 9) == ["가나 다라", "마바"]
    assert wrapped("a verylongwordindeed b", 6) == ["a", "verylongwordindeed", "b"]
    assert wrapped("a b", None) == ["a b"]
    assert wrapped("", 10) == [""]


def test_facts_line_up_and_leave_out_what_is_not_known() -> None:
    made, stream = page(80)
    made.facts([("상태", "RUNNING"), ("user", None), ("pool", "h100")])
    assert stream.getvalue() == "상태  RUNNING\npool  h100\n"


def test_a_bar_is_as_long_as_asked_and_no_part_of_it_disappears() -> None:
    assert bar_cells((999, 1, 0), 10) == [9, 1, 0]
    assert bar_cells((1, 1, 998), 10) == [1, 1, 8]
    assert bar_cells((0, 0, 0), 10) == [0, 0, 0]


@given(st.lists(st.integers(0, 10_000), min_size=3, max_size=3), st.integers(3, 200))
def test_bars_are_exact(parts: list[int], width: int) -> None:
    cells = bar_cells(parts, width)
    assert sum(cells) == (width if sum(parts) else 0)
    assert [bool(cell) for cell in cells] == [bool(part) for part in parts]


def result(**changes: object) -> Result:
    fields: dict[str, object] = {"schema": "jobs", "data": (), "show": lambda page: page.line("shown"), **changes}
    return Result(**fields)  # type: ignore[arg-type]  # the fields are Result's own


def test_the_envelope_of_a_good_answer() -> None:
    at = datetime(2026, 3, 2, 18, 30, tzinfo=timezone(timedelta(hours=9)))
    made = envelope(
        result(site="a", source="s", as_of=at.astimezone(UTC), data=[Exit(code=None, signal=9)], warnings=("w",))
    )
    assert made == (
        b'{"schema":"naru.jobs/1","ok":true,"site":"a","source":"s","as_of":"2026-03-02T09:30:00Z",'
        b'"data":[{"code":null,"signal":9}],"warnings":["w"]}\n'
    )


def test_the_envelope_of_a_failure() -> None:
    assert json.loads(error_envelope("nodes", NotProvided("no nodes", "a hint"))) == {
        "schema": "naru.nodes/1",
        "ok": False,
        "error": {"kind": "not_provided", "message": "no nodes", "hint": "a hint"},
    }


def test_json_escapes_what_a_terminal_would_obey() -> None:
    made = envelope(result(data="a\x9b31m\u202e\U000e0041나루"))
    assert made.decode().rstrip("\n").isprintable()
    assert json.loads(made)["data"] == "a\x9b31m\u202e\U000e0041나루"


def test_json_is_utf8_in_any_locale() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    present(result(data="나루"), "json", stream, io.StringIO(), paper(ascii_only=True))
    assert json.loads(raw.getvalue())["data"] == "나루"


def test_csv_is_rfc_4180() -> None:
    sheet = Sheet(("id", "name"), ((1, 'a "b", c'), (2, None), (3, "나루")))
    assert csv(sheet).decode() == 'id,name\r\n1,"a ""b"", c"\r\n2,\r\n3,나루\r\n'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_csv_makes_no_formula_of_a_text_from_outside(text: str) -> None:
    assert csv_cell(text) == "'" + text
    assert csv_cell((text,)) == "'" + text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (-5, "-5"),
        (2.5, "2.5"),
        (datetime(2026, 3, 2, 9, 30, tzinfo=UTC), "2026-03-02T09:30:00Z"),
        (Accelerators("gpu", "h100", 8), "gpu:h100:8"),
        (Accelerators("gpu", None, 2), "gpu:2"),
        (NodeAccelerators("npu", "rngd", 8, 3), "npu:rngd:8"),
        ((Accelerators("gpu", "b200", 4), Accelerators("npu", "rngd", 2)), "gpu:b200:4;npu:rngd:2"),
        (("a", "b"), "a;b"),
        ((), ""),
        (Exit(code=1), '{"code":1,"signal":null}'),
    ],
)
def test_csv_cells(value: object, cell: str) -> None:
    assert csv_cell(value) == cell


def test_warnings_go_beside_the_result() -> None:
    out, err = io.StringIO(), io.StringIO()
    present(result(warnings=("odd",)), "text", out, err, paper())
    assert (out.getvalue(), err.getvalue()) == ("shown\n", "naru: warning: odd\n")


def test_an_error_is_one_line_and_a_hint() -> None:
    err = io.StringIO()
    complain(err, NotProvided("two\nlines\x1b[2J", "do this"))
    assert err.getvalue() == "naru: two\ufffdlines\ufffd[2J\nhint: do this\n"


@given(st.text())
def test_the_guard_leaves_only_what_can_be_printed(text: str) -> None:
    assert guard(text).isprintable()
    assert len(guard(text)) == len(text)
