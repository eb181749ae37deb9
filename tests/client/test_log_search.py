"""Search over a whole log: our own engine, ripgrep, the far end of a wire and a plain loop agree; growth, the nearest
match at once, cancelling, and files that change under it."""

import asyncio
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from naru_client.errors import Unreachable
from naru_client.logs import scanning
from naru_client.logs.encoding import CP949, UTF8, UTF16_BE, UTF16_LE, Codec, decode_line
from naru_client.logs.local import LocalLog
from naru_client.logs.memory import TextLog
from naru_client.logs.pattern import read_pattern
from naru_client.logs.scanning import find_one
from naru_client.logs.search import Progress, Search
from naru_client.logs.source import LogChunk, LogSource

needs_ripgrep = pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")
CODECS = {"utf-8": UTF8, "cp949": CP949, "utf-16-le": UTF16_LE, "utf-16-be": UTF16_BE}
# What is searched for, and the same in Python's words.
SEARCHES = {
    ("loss", False): "(?i)loss",
    ("Loss", False): "Loss",
    ("손실", False): "손실",
    ("a.b", False): r"(?i)a\.b",
    (r"loss|손실|xid \d+", True): r"(?i)loss|손실|xid [0-9]+",
    (r"[a-c]\.b$", True): r"(?i)[a-c]\.b$",
    (r"^\S+ loss", True): r"(?i)^[^ \t\r\n\f]+ loss",
    (r"손.{1,3}L", True): r"손.{1,3}L",
}  # fmt: skip
LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["", "loss=1", "a Loss", "step a.b", "aXb", "손실 0.3", "XID 79", "손실났 Loss", "c.b", "x" * 40, "\0\t"]
        ),
        st.text("ab. Lossx손실", max_size=20),
    ),
    max_size=12,
)


def plainly(data: bytes, codec: Codec, expression: str) -> list[int]:
    """The places of matching lines, line by line."""
    found, at = [], 0
    compiled = re.compile(expression, re.ASCII)
    while at < len(data):
        end = data.find(codec.newline, at)
        while end >= 0 and end % codec.unit:
            end = data.find(codec.newline, end + 1)
        line = data[at : end if end >= 0 else len(data)]
        if compiled.search(decode_line(line, codec).removesuffix("\r")):
            found.append(at)
        at = len(data) if end < 0 else end + len(codec.newline)
    return found


class Far(TextLog):
    """A log that is not on this machine."""


async def agree(search: Search, places: list[int], size: int) -> None:
    assert search.progress.matches == len(places)
    assert search.progress.done
    assert not search.progress.broken
    for offset in {0, size, *places, *(place + 2 for place in places), *range(0, size, 14)}:
        later = [place for place in places if place >= offset]
        assert await search.next_from(offset) == (later[0] if later else None), offset
        earlier = [place for place in places if place < offset]
        assert await search.previous_before(offset) == (earlier[-1] if earlier else None), offset
    for number, place in enumerate(places, 1):
        assert await search.ordinal(place) == (number, len(places))
        assert await search.ordinal(place + 1) is None


async def check(source: LogSource, data: bytes, grown: bytes, codec: Codec, typed: tuple[str, bool], *,
                grow: Callable[[bytes], None], ripgrep: bool = False, **sizes: Any) -> None:  # fmt: skip
    pattern = read_pattern(typed[0], regex=typed[1])
    search = Search(source, pattern, codec, ripgrep=ripgrep, **sizes)
    for offset in range(0, len(data) + 1, 6):  # before anything is known
        places = plainly(data, codec, SEARCHES[typed])
        assert await find_one(source, pattern, codec, offset, "next", window=sizes["window"]) == next(
            (place for place in places if place >= offset), None
        )
        assert await find_one(source, pattern, codec, offset, "previous", window=sizes["window"]) == next(
            (place for place in reversed(places) if place < offset), None
        )
    await search.run()
    await agree(search, plainly(data, codec, SEARCHES[typed]), len(data))
    if ripgrep:
        assert search.progress.engine == "ripgrep"
    grow(grown)
    whole = data + grown
    await search.extend(len(whole))
    await agree(search, plainly(whole, codec, SEARCHES[typed]), len(whole))
    await source.close()


def bytes_of(lines: list[str], ends: str, codec: Codec, last: bool) -> bytes:
    text = ends.join(lines) + (ends if last and lines else "")
    return text.encode(codec.name, "replace")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        yield Path(name)


logs = {
    "lines": LINES, "more": LINES, "ends": st.sampled_from(["\n", "\r\n"]), "last": st.booleans(),
    "typed": st.sampled_from(sorted(SEARCHES)), "window": st.sampled_from([8, 24, 64, 1024]),
    "most": st.sampled_from([0, 3, 1000]),
}  # fmt: skip


@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=20, deadline=None)
@given(**logs)
def test_our_own_engine_agrees_with_a_plain_loop(name, folder, lines, more, ends, last, typed, window, most) -> None:  # type: ignore[no-untyped-def]
    codec = CODECS[name]
    data, grown = bytes_of(lines, ends, codec, last), bytes_of(more, ends, codec, True)
    path = folder / "own.log"
    path.write_bytes(data)
    # a line that is longer than the window is only looked at with an overlap
    window = max(window, 2 * max(map(len, (data + grown).split(b"\n"))) + 8) if typed[1] else window + 64
    asyncio.run(
        check(LocalLog(str(path)), data, grown, codec, typed, grow=lambda more: append(path, more),
              window=window, block=64, most_places=most)
    )  # fmt: skip


@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=20, deadline=None)
@given(**logs)
def test_a_log_far_away_agrees_with_a_plain_loop(name, lines, more, ends, last, typed, window, most) -> None:  # type: ignore[no-untyped-def]
    codec = CODECS[name]
    data, grown = bytes_of(lines, ends, codec, last), bytes_of(more, ends, codec, True)
    log = Far("far")
    log.say(data)
    window = max(window, 2 * max(map(len, (data + grown).split(b"\n"))) + 8) if typed[1] else window + 64
    asyncio.run(check(log, data, grown, codec, typed, grow=log.say, window=window, block=64, most_places=most))


@needs_ripgrep
@settings(max_examples=20, deadline=None)
@given(**logs)
@example(["\ufeffloss", "a"], [], "\n", True, ("loss", False), 8, 1000)
def test_ripgrep_agrees_with_a_plain_loop(folder, lines, more, ends, last, typed, window, most) -> None:  # type: ignore[no-untyped-def]
    data, grown = bytes_of(lines, ends, UTF8, last), bytes_of(more, ends, UTF8, True)
    path = folder / "-rg.log"
    path.write_bytes(data)
    before = scanning.RIPGREP_FROM
    try:
        scanning.RIPGREP_FROM = -1
        asyncio.run(
            check(LocalLog(str(path)), data, grown, UTF8, typed, grow=lambda more: append(path, more),
                  ripgrep=True, block=64, most_places=most, window=1024)
        )  # fmt: skip
    finally:
        scanning.RIPGREP_FROM = before


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def run(source: LogSource, typed: str, *, regex: bool = False, **options: Any) -> Search:
    """A search that has ended."""
    search = Search(source, read_pattern(typed, regex=regex), UTF8, **options)
    asyncio.run(search.run())
    return search


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - what a thread and a child do is no event of the loop
        await asyncio.sleep(0.005)


def nobody_searches() -> bool:
    return all(thread.name != "log search" for thread in threading.enumerate())


def test_a_line_that_is_longer_than_memory_may_be_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(b"one\n" + b"ab" * 50_000 + b"needle" + b"ab" * 50_000 + b"needle" + b"ab" * 9000 + b"\nneedle\n")
    search = run(LocalLog(str(path)), "needle", window=4096)
    assert search.progress.matches == 2
    assert asyncio.run(search.next_from(0)) == 4
    assert asyncio.run(search.previous_before(path.stat().st_size - 7)) == 4
    log = Far("far")
    log.say(path.read_bytes())
    assert run(log, "needle", window=4096).progress.matches == 2


def test_a_long_line_s_middle_is_no_line_s_end(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(b"x" * 4096 + b"ab" * 4096 + b"\nlast ab")
    wide = tmp_path / "wide.log"
    wide.write_bytes(path.read_bytes().decode().encode("utf-16-le"))
    for typed, matches in (("^ab", 0), ("a$", 0), ("b$", 2), ("^x", 1)):
        for file, codec in ((path, UTF8), (wide, UTF16_LE)):
            search = Search(LocalLog(str(file)), read_pattern(typed, regex=True), codec, window=4096)
            assert asyncio.run(search.run()).matches == matches, typed


def test_an_expression_that_would_run_away_elsewhere_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"a" * 50_000 + b"!\n" + b"a" * 50_000)
    assert run(LocalLog(str(path)), "(a+)+$", regex=True).progress.matches == 1


def test_what_far_too_many_lines_hold_is_only_counted(tmp_path: Path) -> None:
    path = tmp_path / "many.log"
    path.write_bytes(b"step\n" * 5000)
    search = run(LocalLog(str(path)), "step", most_places=1000, block=512, window=2048)
    assert search.progress.matches == 5000
    assert asyncio.run(search.ordinal(4321 * 5)) == (4322, 5000)
    assert asyncio.run(search.next_from(4321 * 5 + 1)) == 4322 * 5


def test_the_nearest_match_is_told_before_the_search_has_begun(tmp_path: Path) -> None:
    path = tmp_path / "big.log"
    path.write_bytes(b"nothing\n" * 100_000 + b"needle\n" + b"nothing\n" * 10)
    source = Counting(str(path))
    search = Search(source, read_pattern("needle"), UTF8)
    assert asyncio.run(search.previous_before(path.stat().st_size)) == 800_000
    assert source.bytes <= 1 << 16


class Counting(LocalLog):
    """Knows how much of it was read."""

    bytes = 0

    async def read(self, offset: int, count: int) -> LogChunk:
        chunk = await super().read(offset, count)
        self.bytes += len(chunk.data)
        return chunk


def test_far_away_only_the_end_is_read_and_that_is_told() -> None:
    log = Far("far")
    log.say(b"needle\n" * 10_000)
    search = run(log, "needle", most_bytes=700)
    assert search.progress == Progress(700, 70_000, 100, True, "remote", 69_300)
    assert search.progress.limited
    assert asyncio.run(search.previous_before(69_300)) == 69_293  # looked for when asked for
    whole = run(log, "needle", most_bytes=1 << 20)
    assert not whole.progress.limited
    assert whole.progress.scanned == whole.progress.size


def test_a_source_that_fails_ends_the_search_with_what_was_found() -> None:
    class Breaking(Far):
        async def read(self, offset: int, count: int) -> LogChunk:
            if offset < 100_000:
                raise Unreachable("gone")
            return await super().read(offset, count)

    log = Breaking("far")
    log.say(b"needle\n" * 40_000)
    search = run(log, "needle")
    assert search.progress.broken
    assert search.progress.done
    assert search.progress.matches > 0
    assert isinstance(search.error, Unreachable)


@pytest.mark.parametrize("ripgrep", [False, pytest.param(True, marks=needs_ripgrep)])
def test_a_file_cut_short_or_gone_is_no_crash(tmp_path: Path, ripgrep: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "RIPGREP_FROM", -1)
    path = tmp_path / "cut.log"
    path.write_bytes(b"needle\n" * 1000)

    async def search(end: int) -> Progress:
        return await Search(LocalLog(str(path)), read_pattern("needle"), UTF8, ripgrep=ripgrep).run(0, end)

    assert asyncio.run(search(70_000)).matches == 1000  # it was ten times as long when it was looked at
    assert asyncio.run(search(70_000)).broken
    path.unlink()
    gone = asyncio.run(search(7000))
    assert (gone.matches, gone.broken, gone.done) == (0, True, True)


@needs_ripgrep
def test_where_ripgrep_fails_our_own_engine_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "RIPGREP_FROM", -1)
    path = tmp_path / "some.log"
    path.write_bytes(b"needle\n" * 100)
    for script in ("exit 2", "echo nonsense", "echo 0:x; echo 7:x; exit 2", "kill -9 $$", "printf 0"):
        fake = tmp_path / "rg"
        fake.write_text(f"#!/bin/sh\n{script}\n")
        fake.chmod(0o755)
        monkeypatch.setattr(scanning, "program", lambda: str(tmp_path / "rg"))
        progress = run(LocalLog(str(path)), "needle").progress
        assert (progress.matches, progress.engine, progress.done) == (100, "naru", True), script


def test_where_ripgrep_is_not_installed_nobody_asks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "RIPGREP_FROM", -1)
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "some.log"
    path.write_bytes(b"needle\n")
    assert run(LocalLog(str(path)), "needle").progress == Progress(7, 7, 1, True, "naru")


@pytest.mark.parametrize("ripgrep", [False, pytest.param(True, marks=needs_ripgrep)])
@pytest.mark.parametrize("by_task", [False, True])
async def test_cancelling_leaves_nothing_running(
    tmp_path: Path, ripgrep: bool, by_task: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "RIPGREP_FROM", -1)
    path = tmp_path / "big.log"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # zeros without an end
    pattern = read_pattern("needle", regex=True)
    reports: list[Progress] = []
    search = Search(LocalLog(str(path)), pattern, UTF8, ripgrep=ripgrep, on_progress=reports.append)
    task = asyncio.create_task(search.run())
    await until(lambda: bool(reports) and reports[-1].scanned > 0)
    if by_task:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        search.cancel()
        assert (await task).cancelled
    await until(nobody_searches)
    assert children() == []
    assert reports[-1].done
    assert reports[-1].scanned < 1 << 40


def children() -> list[str]:
    """The child processes of this one."""
    found = Path(f"/proc/self/task/{os.getpid()}/children")
    return found.read_text(encoding="ascii").split() if found.exists() else []


def test_reports_come_ten_times_a_second_by_the_clock_given(tmp_path: Path) -> None:
    log = Far("far")
    log.say(b"needle in hay\n" * 20_000)
    times = iter(range(10_000))
    reports: list[Progress] = []
    often = run(log, "needle", clock=lambda: next(times) * 0.02, on_progress=reports.append, window=4096)
    calls = next(times)
    assert len(reports) <= calls * 0.02 / 0.1 + 2
    assert len(reports) > 3
    assert reports[-1] == often.progress


def test_a_log_that_grows_while_it_is_looked_at_is_counted_to_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "grows.log"
    path.write_bytes(b"needle\nnee")

    async def grow() -> None:
        search = Search(LocalLog(str(path)), read_pattern("needle"), UTF8)
        assert (await search.run()).matches == 1
        append(path, b"dle\nneedle")
        assert (await search.extend(20)).matches == 3
        append(path, b"s\nnothing\n")
        assert (await search.extend(path.stat().st_size)).matches == 3
        assert await search.ordinal(13) is None
        assert await search.ordinal(14) == (3, 3)
        search.cancel()  # too late to matter
        assert not search.progress.cancelled

    asyncio.run(grow())


@settings(max_examples=40, deadline=None)
@given(LINES.map("\n".join).map(str.encode), LINES, st.sampled_from(sorted(SEARCHES)), st.booleans())
def test_many_matches_are_found_as_few_are(
    before: bytes, lines: list[str], typed: tuple[str, bool], last: bool
) -> None:
    finder = read_pattern(typed[0], regex=typed[1]).finder(UTF8)
    data = before + b"\n" + bytes_of([*lines, "\u212as l\u017fs loss"], "\n", UTF8, last)
    start = len(before) + 1
    expected = [start + at for at in plainly(data[start:], UTF8, SEARCHES[typed])]
    for warm in (
        b"",
        b"\n" * 1000,
        b"x\nloss Loss a.b xid 7\n" * 9,
        (b"loss Loss a.b\n" + "손실 L a.b".encode() + b"\n") * 9,
    ):
        finder.lines(warm, 0, len(warm))
        assert finder.lines(data, start, len(data)) == expected


@pytest.mark.parametrize("ripgrep", [False, pytest.param(True, marks=needs_ripgrep)])
def test_a_byte_order_mark_is_no_text(tmp_path: Path, ripgrep: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "RIPGREP_FROM", -1)
    data = b"\xef\xbb\xbfloss\nloss\n"
    path = tmp_path / "bom.log"
    path.write_bytes(data)
    log = Far("far")
    log.say(data)
    for source in (LocalLog(str(path)), log):
        search = Search(source, read_pattern("^loss", regex=True), Codec("utf-8", bom=3), ripgrep=ripgrep)
        assert asyncio.run(search.run()).matches == 2
        assert asyncio.run(search.next_from(0)) == 3
        assert asyncio.run(search.previous_before(8)) == 3
        assert asyncio.run(search.ordinal(8)) == (2, 2)
