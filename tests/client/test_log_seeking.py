"""A place by what a person says of it: a share, a line, a time. The same as by going through the whole log."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.errors import NotFound, UsageError
from naru_client.logs import seeking
from naru_client.logs.lines import open_text
from naru_client.logs.memory import TextLog
from naru_client.logs.seeking import Wanted, offset_of_line, offset_of_time, read_wanted

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("50%", Wanted(share=0.5)),
        (" 12.5 % ", Wanted(share=0.125)),
        ("1200", Wanted(line=1200)),
        ("1,200", Wanted(line=1200)),
        ("09:15", Wanted(moment=NOW.replace(minute=15))),
        ("09:45", Wanted(moment=NOW.replace(minute=45) - timedelta(days=1))),
        ("02-27 23:59:58", Wanted(moment=datetime(2026, 2, 27, 23, 59, 58, tzinfo=UTC))),
        ("12-31 00:00", Wanted(moment=datetime(2025, 12, 31, tzinfo=UTC))),
        ("2024-02-29T01:02", Wanted(moment=datetime(2024, 2, 29, 1, 2, tzinfo=UTC))),
    ],
)
def test_a_place_as_it_is_typed(typed: str, wanted: Wanted) -> None:
    assert read_wanted(typed, NOW, UTC) == wanted


@pytest.mark.parametrize("typed", ["", "101%", "0", ",", "25:00", "02-30 10:00", "0000-01-01 10:00", "-5", "line 5"])
def test_what_is_no_place(typed: str) -> None:
    with pytest.raises(UsageError):
        read_wanted(typed, NOW, UTC)


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_anything_may_be_typed(typed: str) -> None:
    try:
        read_wanted(typed, NOW, UTC)
    except UsageError as error:
        assert error.message.isprintable()  # noqa: PT017


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="a나\n", max_size=60), st.integers(1, 30), st.integers(1, 9))
def test_a_line_is_where_counting_finds_it(text: str, number: int, chunk: int) -> None:
    async def run() -> None:
        data = text.encode()
        log = TextLog("log", text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(seeking, "CHUNK", chunk)
            found = await offset_of_line(await open_text(log), number, log.size)
        starts = [0, *(at + 1 for at in range(len(data)) if data[at : at + 1] == b"\n" and at + 1 < len(data))]
        line = min(number, len(starts))
        assert found == (starts[line - 1], line)

    asyncio.run(run())


def stamped(seconds: int) -> str:
    return f"{NOW + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S} step\n"


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.integers(1, 90), st.integers(-12, -1), st.integers(1, 90)), st.integers(-10, 300))
def test_a_time_is_where_reading_on_finds_it(stretches: tuple[int, int, int], seconds: int) -> None:
    """Stretches of lines with stamps, one a second and thirty between two, and (below zero) blocks without any."""

    async def run() -> None:
        text, at = "", 0
        known: list[tuple[int, int]] = []
        for many in stretches:
            if many < 0:
                text += "Traceback and nothing else\n" * (-many * 150)
                continue
            for _line in range(many):
                at += 1
                known.append((at, len(text)))
                text += stamped(at)
            at += 30
        log = TextLog("log", text)
        moment = NOW + timedelta(seconds=seconds)
        found = await offset_of_time(await open_text(log), moment, log.size, NOW, UTC)
        late = [offset for second, offset in known if second >= seconds]
        if late:
            assert found == late[0]
        else:  # the last lines of all
            assert found >= known[-1][1]

    asyncio.run(run())


async def test_a_hundred_kilobytes_without_a_newline_hold_nothing_up() -> None:
    reads = 0

    class Counting(TextLog):
        async def read(self, offset: int, count: int):  # type: ignore[no-untyped-def]
            nonlocal reads
            reads += count
            return await super().read(offset, count)

    log = Counting("log", "x" * 3_000_000)
    with pytest.raises(NotFound):
        await offset_of_time(await open_text(log), NOW, log.size, NOW, UTC)
    assert reads < 60_000_000
