"""Reading a log for the screen: what keys ask and what the file does come together, and neither waits for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from naru.log_reading import LogReading
from naru_client.errors import Unreachable
from naru_client.logs.memory import TextLog
from naru_client.logs.seeking import Wanted
from naru_client.logs.source import LogChunk, LogStat

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Log(TextLog):
    """A log of a test's; it counts the looks, and fails as it is told."""

    pace = 0.02
    local_path: str | None = None  # type: ignore[assignment]

    def __init__(self, data: bytes = b"") -> None:
        super().__init__("log")
        self.say(data)
        self.looks = 0
        self.error: Unreachable | None = None

    async def stat(self) -> LogStat:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return await super().stat()

    async def read(self, offset: int, count: int) -> LogChunk:
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return await super().read(offset, count)


class Here(Log):
    local_path = "/log"


@asynccontextmanager
async def read(log: TextLog, resting: Callable[[], bool] = lambda: False) -> AsyncIterator[LogReading]:
    reading = LogReading(log, lambda: None, now=lambda: NOW, zone=UTC, resting=resting)
    task = asyncio.ensure_future(reading.run())
    try:
        await until(lambda: reading.size is not None or reading.trouble is not None)
        yield reading
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=2)
        assert task.done()
        await reading.close()


async def until(condition: Callable[[], bool]) -> None:
    for _turn in range(1000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("never came true")


def numbered(count: int, begin: int = 0) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(begin, begin + count))


def shown(reading: LogReading) -> list[str]:
    return [line.text for line, _row in reading.window.shown()]


async def test_it_opens_at_its_end_and_stays_there() -> None:
    log = Log(numbered(500))
    async with read(log) as reading:
        await until(lambda: shown(reading)[-1:] == ["line 499"])
        log.say(numbered(100, 500))
        await until(lambda: shown(reading)[-1:] == ["line 599"])
        assert reading.sticking
        assert not reading.new_lines


async def test_what_comes_while_one_reads_elsewhere_moves_nothing() -> None:
    log = Log(numbered(500))
    async with read(log) as reading:
        reading.to_start()
        await until(lambda: shown(reading)[:1] == ["line 0"])
        log.say(numbered(100, 500))
        await until(lambda: reading.new_lines == 100)
        assert shown(reading)[0] == "line 0"


async def test_bursts_of_keys_never_throw_one_back() -> None:
    """However far the window is left behind, lines that come below do not move what is in sight."""
    async with read(Log(numbered(5000))) as reading:
        reading.to_start()
        await until(lambda: shown(reading)[:1] == ["line 0"])
        last = 0
        while last < 4000:
            for _key in range(8):
                reading.scroll(23)
            await until(lambda: not reading.window.wants_after)
            now = int(shown(reading)[0].split()[1])
            assert now > last
            last = now


async def test_keys_that_come_one_upon_another_do_not_keep_it_from_looking() -> None:
    log = Log(numbered(5000))
    async with read(log) as reading:
        reading.to_start()
        await until(lambda: shown(reading)[:1] == ["line 0"])
        before = log.looks
        log.say(b"more\n")
        for _key in range(100):
            reading.scroll(1)
            await asyncio.sleep(0.002)
        assert log.looks > before
        await until(lambda: reading.new_lines == 1)


async def test_a_server_is_given_its_pause_and_one_who_rests_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("naru.log_reading.MOST_HERE", 1000)
    log, rest = Here(numbered(500)), False
    async with read(log, lambda: rest) as reading:
        reading.to_start()
        await until(lambda: shown(reading)[:1] == ["line 0"])
        log.say(numbered(30_000, 500))
        await until(lambda: reading.new_lines > 0)
        rest = True
        fills = 0
        fill = reading._fill

        async def counted() -> None:
            nonlocal fills
            fills += 1
            await fill()

        reading._fill = counted  # type: ignore[method-assign]
        for _turn in range(500):
            await asyncio.sleep(0)
        assert fills < 50
        rest = False
        await until(lambda: reading.new_lines == 30_000)


async def test_a_wish_that_cannot_be_granted_is_told_and_is_no_trouble_of_the_log() -> None:
    async with read(Log(numbered(500))) as reading:
        reading.seek(Wanted(moment=NOW))
        await until(lambda: bool(reading.told))
        assert reading.trouble is None

        async def broken() -> None:
            raise ValueError("a bug")

        reading.told = ""
        reading.ask(broken)
        await until(lambda: "ValueError" in reading.told)


async def test_trouble_passes_when_the_log_can_be_read_again() -> None:
    log = Log(numbered(5000))
    async with read(log) as reading:
        log.error = Unreachable("hangs")
        reading.to_start()
        await until(lambda: reading.trouble is not None)
        log.error = None
        await until(lambda: reading.trouble is None)
        reading.to_start()
        await until(lambda: shown(reading)[:1] == ["line 0"])


async def test_one_that_cannot_be_read_at_first_is_shown_at_its_end_later() -> None:
    log = Log(numbered(5000))
    log.error = Unreachable("hangs")
    async with read(log) as reading:
        assert reading.trouble is not None
        log.error = None
        await until(lambda: shown(reading)[-1:] == ["line 4999"])
        assert reading.trouble is None


async def test_the_encoding_is_told_by_the_first_bytes_of_one_that_was_empty() -> None:
    log = Log()
    async with read(log) as reading:
        await until(lambda: log.looks > 2)
        log.say("\ufeff나루\nsecond\n".encode("utf-16-le"))
        await until(lambda: shown(reading) == ["나루", "second"])
