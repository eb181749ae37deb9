"""Several logs as one: each line once, in order of time, whoever asks and whenever they give up."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from naru_client.errors import NotFound
from naru_client.logs import merged
from naru_client.logs.memory import TextLog
from naru_client.logs.merged import MergedLog
from naru_client.logs.source import LogChunk, LogStat

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Slow(TextLog):
    """A log that takes a turn of the loop for each answer; it may be missing."""

    missing = False

    async def stat(self) -> LogStat:
        await asyncio.sleep(0)
        if self.missing:
            raise NotFound("not yet")
        return await super().stat()

    async def read(self, offset: int, count: int) -> LogChunk:
        await asyncio.sleep(0)
        return await super().read(offset, count)


def merge(*parts: TextLog) -> MergedLog:
    named = [(str(number), part) for number, part in enumerate(parts)]
    return MergedLog(named, path="9", now=lambda: NOW, zone=UTC)


def line(seconds: int, text: str) -> str:
    return f"{NOW + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S} {text}\n"


async def lines(log: MergedLog) -> list[str]:
    size = (await log.stat()).size
    return (await log.read(0, size)).data.decode().splitlines()


def words(shown: list[str]) -> list[str]:
    return [one.split(" | ")[0] + one.rsplit(" ", 1)[1] for one in shown]


async def test_lines_are_in_order_of_time_and_those_without_one_stay_behind_theirs() -> None:
    log = merge(
        Slow("a", line(1, "one") + "  of one\n" + line(4, "four")), Slow("b", line(2, "two") + line(3, "three"))
    )
    assert words(await lines(log)) == ["0one", "0one", "1two", "1three", "0four"]


async def test_whoever_asks_together_gets_each_line_once() -> None:
    parts = [Slow("a"), Slow("b")]
    log = merge(*parts)
    await log.stat()
    for part in parts:
        part.say(b"more\n")
    await asyncio.gather(log.stat(), log.stat(), log.stat())
    assert await lines(log) == ["0 | more", "1 | more"]


async def test_whoever_gives_up_takes_no_line_along() -> None:
    parts = [Slow("a"), Slow("b"), Slow("c")]
    log = merge(*parts)
    await log.stat()
    for turns in range(12):
        for part in parts:
            part.say(b"%d\n" % turns)
        asking = asyncio.ensure_future(log.stat())
        for _turn in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    await log.stat()
    assert sorted(await lines(log)) == sorted(f"{part} | {n}" for part in range(3) for n in range(12))


async def test_a_part_that_comes_late_is_read_from_then_on() -> None:
    late = Slow("b", "hello\n")
    late.missing = True
    log = merge(Slow("a", "first\n"), late)
    assert await lines(log) == ["0 | first"]
    late.missing = False
    assert await lines(log) == ["0 | first", "1 | hello"]


async def test_a_line_that_was_begun_before_the_tail_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merged, "TAIL_REMOTE", 10)
    part = Slow("a", "long ago\nand half a line")
    log = merge(part)
    assert await lines(log) == []
    part.say(b" whole\nnext\n")
    assert await lines(log) == ["0 | next"]


async def test_a_line_without_an_end_is_not_held_back_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merged, "LONGEST", 100)
    part = Slow("a")
    log = merge(part)
    await log.stat()
    for _look in range(20):
        part.say(b"x" * 60)
        await log.stat()
    assert (await log.stat()).size > 1000


async def test_what_is_too_much_is_dropped_by_whole_lines_and_told_as_another_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(merged, "MOST", 1000)
    part = Slow("a")
    log = merge(part)
    before = await log.stat()
    for number in range(200):
        part.say(b"line %d\n" % number)
    after = await log.stat()
    shown = await lines(log)
    assert after.size <= 1000
    assert after.identity != before.identity
    assert shown == [f"0 | line {n}" for n in range(200 - len(shown), 200)]
