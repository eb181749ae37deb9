"""The kept blocks of a log are never another than what the log holds by the last look."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.logs.cached import CachedLog
from naru_client.logs.source import LogChunk, LogStat


class Changing:
    """A log that a test writes to. While `gate` is shut, what is read arrives when it opens."""

    path = source = "log"
    local_path = "/log"
    pace = 1.0

    def __init__(self) -> None:
        self.data = b""
        self.file = 1
        self.gate: asyncio.Event | None = None
        self.reads = 0

    async def stat(self) -> LogStat:
        return LogStat(len(self.data), None, (0, self.file))

    async def read(self, offset: int, count: int) -> LogChunk:
        self.reads += 1
        if self.gate is not None:
            await self.gate.wait()
        data = self.data[offset : offset + count]
        return LogChunk(offset, data, offset + len(data) >= len(self.data))

    async def last_words(self, offset: int, count: int) -> LogChunk:
        return LogChunk(offset, b"", True)

    async def close(self) -> None: ...


steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.binary(min_size=1, max_size=20)),
        st.tuples(st.just("cut"), st.integers(0, 20)),
        st.tuples(st.just("replace"), st.binary(max_size=40)),
        st.tuples(st.just("read"), st.tuples(st.integers(0, 50), st.integers(0, 50))),
        st.tuples(st.just("fresh"), st.tuples(st.integers(0, 50), st.integers(0, 50))),
    ),
    max_size=15,
)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_what_is_read_after_a_look_is_what_is_there(steps: list[tuple[str, object]]) -> None:
    async def run() -> None:
        log = Changing()
        kept = CachedLog(log, block=8, most=24)
        for what, told in steps:
            if what == "write":
                assert isinstance(told, bytes)
                log.data += told
            elif what == "cut":
                assert isinstance(told, int)
                log.data = log.data[:told]
            elif what == "replace":
                assert isinstance(told, bytes)
                log.data, log.file = told, log.file + 1
            else:
                assert isinstance(told, tuple)
                offset, count = told
                if what == "fresh":
                    assert (await kept.fresh(offset, count)).data == log.data[offset : offset + count]
                chunk = await kept.read(offset, count)
                assert chunk.data == log.data[offset : offset + count]
            await kept.stat()

    asyncio.run(run())


async def test_what_was_asked_of_the_file_before_is_not_kept_for_the_one_that_took_its_place() -> None:
    log = Changing()
    kept = CachedLog(log, block=100)
    log.data = b"a" * 50
    await kept.stat()
    await kept.read(0, 50)
    log.data = b"a" * 80
    await kept.stat()
    log.gate = asyncio.Event()
    reading = asyncio.ensure_future(kept.read(0, 80))
    while log.reads < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    log.data, log.file = b"B" * 90, 2
    await kept.stat()
    log.gate.set()
    await reading
    assert (await kept.read(0, 90)).data == b"B" * 90


async def test_the_same_bytes_are_asked_for_once() -> None:
    log = Changing()
    log.data = bytes(range(100))
    kept = CachedLog(log, block=32)
    for _again in range(3):
        assert (await kept.read(10, 60)).data == log.data[10:70]
    assert log.reads == 3
