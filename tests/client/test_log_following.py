"""Following a file on this machine through everything that may happen to it: every byte once, and none left out."""

import asyncio
import errno
import os
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.errors import NotFound, Refused, Unreachable
from naru_client.logs.cached import CachedLog
from naru_client.logs.following import Began, Following, Found, Grew, Lost, News
from naru_client.logs.local import LocalLog

steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.binary(min_size=1, max_size=40)),
        st.tuples(st.just("cut"), st.integers(0, 30)),
        st.tuples(
            st.just("begin"), st.binary(min_size=1, max_size=200)
        ),  # cut to nothing, and written past its old end
        st.tuples(st.just("rename"), st.binary(max_size=40)),  # with a last write to the old one before
        st.tuples(st.just("remove"), st.just(b"")),
        st.tuples(st.just("look"), st.just(b"")),
    ),
    max_size=14,
)


class World:
    """A file that things happen to, each at a time of its own as far as its mtime tells."""

    def __init__(self, folder: str) -> None:
        self.path = Path(folder, "slurm-1.out")
        self.clock = 1_700_000_000

    def do(self, what: str, told: bytes | int) -> None:
        if what == "remove":
            self.path.unlink(missing_ok=True)
            return
        if what == "rename":
            assert isinstance(told, bytes)
            if self.path.exists():
                with self.path.open("ab") as file:
                    file.write(told)
                self.path.rename(self.path.with_suffix(f".{self.clock}"))
            self.path.write_bytes(b"")
        elif what == "write":
            assert isinstance(told, bytes)
            with self.path.open("ab") as file:
                file.write(told)
        elif what == "begin":
            assert isinstance(told, bytes)
            self.path.write_bytes(told)
        elif self.path.exists():
            assert isinstance(told, int)
            os.truncate(self.path, min(told, self.path.stat().st_size))
        if self.path.exists():
            self.clock += 1
            os.utime(self.path, (self.clock, self.clock))


def now_there(news: list[News], before: bytes) -> bytes:
    """What a reader has of the file after the news."""
    for one in news:
        if isinstance(one, Began):
            before = b""
        elif isinstance(one, Grew):
            assert one.chunk.offset == len(before), "a byte was shown twice, or left out"
            before += one.chunk.data
    return before


@pytest.mark.parametrize("cached", [False, True])
@settings(max_examples=60, deadline=None)
@given(steps, st.integers(1, 50))
def test_a_follower_always_comes_to_have_what_is_there(cached: bool, steps: list[tuple[str, bytes]], most: int) -> None:
    async def run(folder: str) -> None:
        world = World(folder)
        inner = LocalLog(str(world.path))
        source = CachedLog(inner, block=16) if cached else inner
        following = Following(source, None, most=most)
        have = b""
        for what, told in [*steps, ("look", b"")]:
            if what == "look":
                while news := await following.look():
                    have = now_there(news, have)
                if world.path.exists():
                    assert have == world.path.read_bytes()
            else:
                world.do(what, told)
        await source.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(folder))


async def look(following: Following) -> list[News]:
    return await following.look()


async def test_what_was_last_written_to_a_file_that_was_rotated_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\n")
    log = LocalLog(str(path))
    following = Following(log, await log.stat(), 4)
    with path.open("ab") as file:
        file.write(b"last words\n")
    path.rename(tmp_path / "log.1")
    path.write_bytes(b"new\n")
    news = await look(following)
    assert [type(one) for one in news] == [Grew, Began, Grew]
    assert isinstance(news[0], Grew)
    assert news[0].chunk.data == b"last words\n"
    assert isinstance(news[1], Began)
    assert news[1].why == "replaced"
    assert isinstance(news[2], Grew)
    assert news[2].chunk.data == b"new\n"
    await log.close()


async def test_a_file_cut_and_grown_past_its_old_end_between_two_looks_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"first run\n")
    log = CachedLog(LocalLog(str(path)))
    following = Following(log, await log.stat(), 10)
    await following.remember()
    path.write_bytes(b"second run, much longer than the first\n")
    news = await look(following)
    assert isinstance(news[0], Began)
    assert news[0].why == "rewritten"
    assert now_there(news, b"first run\n") == path.read_bytes()
    await log.close()


async def test_trouble_is_told_once_and_its_end_too(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\n")
    log = LocalLog(str(path))
    following = Following(log, await log.stat(), 4)
    kept = path.rename(tmp_path / "away")
    (news,) = await look(following)
    assert isinstance(news, Lost)
    assert isinstance(news.error, NotFound)
    assert await look(following) == []
    path.mkdir()
    (news,) = await look(following)
    assert isinstance(news, Lost)
    assert isinstance(news.error, Refused)
    assert "folder" in news.error.message
    path.rmdir()
    os.mkfifo(path)
    (news,) = await look(following)
    assert isinstance(news, Lost)
    assert "pipe" in news.error.message
    path.unlink()
    kept.rename(path)
    assert [type(one) for one in await look(following)] == [Found]
    await log.close()


async def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"secret")

    def refused(name: str, flags: int) -> int:  # root, as whom the tests may run, is refused nothing
        raise PermissionError(errno.EACCES, "Permission denied", name)

    log = LocalLog(str(path))
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refused)
        with pytest.raises(Refused, match="may not read"):
            await log.stat()
    assert (await log.stat()).size == 6
    await log.close()


async def test_a_file_system_that_hangs_is_told_and_waited_for_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\n")
    answers = threading.Event()
    real = os.stat

    def hanging(name: str, *args: object, **kwargs: object) -> os.stat_result:
        if str(name) == str(path):
            answers.wait()
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", hanging)
    log = LocalLog(str(path), patience=0.05)
    following = Following(log, None)
    before = threading.active_count()  # other tests' threads may still be there
    (news,) = await look(following)
    assert isinstance(news, Lost)
    assert isinstance(news.error, Unreachable)
    assert await look(following) == []
    assert threading.active_count() < before + 12  # nobody piles up behind what hangs
    answers.set()
    news_later: list[News] = []
    while not news_later:
        news_later = await look(following)
    assert now_there(news_later, b"") == b"one\ntwo\n"
    await log.close()
