"""Several logs as one, in order of time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.logs.encoding import CP949, UTF8, UTF16_LE
from naru_client.logs.merging import UNKNOWN, TimedLine, Timing, merged

NEAR = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def times(text: str | bytes, near: datetime | None = NEAR) -> list[float]:
    data = text if isinstance(text, bytes) else text.encode()
    return [line.at for line in Timing(near, UTC).lines(data, UTF8)]


def at(hour: int, minute: int, day: int = 2) -> float:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC).timestamp()


def test_a_line_without_a_stamp_has_the_time_of_the_one_before() -> None:
    text = "hello\n2026-03-02 08:01:00 a\n  at line 3\n[08:05:00] b\n\x1b[31m08:06:00 c\x1b[0m\n"
    assert times(text) == [UNKNOWN, at(8, 1), at(8, 1), at(8, 5), at(8, 6)]


def test_a_clock_goes_on_over_midnight() -> None:
    assert times("[23:59:00] a\n[00:01:00] b\n", datetime(2026, 3, 1, 23, 50, tzinfo=UTC)) == [
        at(23, 59, 1),
        at(0, 1, 2),
    ]


def test_the_end_of_a_log_is_of_its_next_stamp_or_of_now() -> None:
    data = b"  at line 3\n08:05:00 b\nc\n"
    assert [line.at for line in Timing(NEAR, UTC, NEAR).lines(data, UTF8)] == [at(8, 5)] * 3
    timing = Timing(NEAR, UTC, NEAR)
    assert [line.at for line in timing.lines(b"a\nb\n", UTF8)] == [NEAR.timestamp()] * 2
    assert [line.at for line in timing.lines(b"c\n09:31:00 d\n", UTF8)] == [NEAR.timestamp(), at(9, 31)]


def test_lines_stay_as_they_are_in_every_encoding() -> None:
    text = "2026-03-02 08:01:00 학습\n끝"
    for codec in (UTF8, CP949, UTF16_LE):
        data = text.encode(codec.name)
        lines = Timing(None, UTC).lines(data, codec)
        assert b"".join(line.data for line in lines) == data
        assert [line.at for line in lines] == [at(8, 1)] * 2


async def batches(lines: Sequence[TimedLine], size: int) -> AsyncIterator[Sequence[TimedLine]]:
    for start in range(0, len(lines), size):
        yield lines[start : start + size]
    yield ()


def together(logs: Sequence[Sequence[TimedLine]], size: int) -> list[tuple[int, TimedLine]]:
    async def all_of_them() -> list[tuple[int, TimedLine]]:
        runs = merged([batches(lines, size) for lines in logs])
        return [(number, line) async for number, run in runs for line in run]

    return asyncio.run(all_of_them())


LOGS = st.lists(st.lists(st.sampled_from([UNKNOWN, 1.0, 2.0, 3.0, 4.0]), max_size=12), max_size=5)


@settings(max_examples=80, deadline=None)
@given(LOGS, st.integers(1, 4), st.booleans())
def test_nothing_is_lost_and_each_log_keeps_its_order(stamps: list[list[float]], size: int, ordered: bool) -> None:
    logs = [
        [TimedLine(at, b"%d.%d\n" % (n, k)) for k, at in enumerate(sorted(some) if ordered else some)]
        for n, some in enumerate(stamps)
    ]
    found = together(logs, size)
    for number, lines in enumerate(logs):
        assert [line for n, line in found if n == number] == lines
    if ordered:  # as by a stable sort of all of them
        whole = [(n, line) for n, lines in enumerate(logs) for line in lines]
        assert found == sorted(whole, key=lambda one: (one[1].at, one[0]))


def test_of_each_log_one_batch_is_held() -> None:
    asked = [0, 0]

    async def endless(number: int) -> AsyncIterator[Sequence[TimedLine]]:
        for n in range(1000):
            asked[number] += 1
            yield [TimedLine(float(n), b"x\n")] * 10

    async def some() -> None:
        seen = 0
        async for _number, run in merged([endless(0), endless(1)]):
            seen += len(run)
            assert sum(asked) <= seen / 10 + 2
            if seen > 500:
                return

    asyncio.run(some())
