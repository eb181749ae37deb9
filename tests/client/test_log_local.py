"""A file on this machine, whatever stands at its path, and whatever its file system does."""

# ruff: noqa: ASYNC240 (the files of a test are on this machine)
import asyncio
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from naru_client.errors import NaruError, NotFound, Refused, Unreachable
from naru_client.logs.local import LocalLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "slurm-1.out"


def files_open(under: Path) -> int:
    """How many open files of this process lie in a folder."""
    count = 0
    for number in os.listdir("/proc/self/fd"):
        try:
            count += os.readlink(f"/proc/self/fd/{number}").startswith(str(under))
        except OSError:
            continue
    return count


async def test_bytes_by_offset(path: Path) -> None:
    path.write_bytes(b"0123456789")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    log = LocalLog(str(path))
    stat = await log.stat()
    assert (stat.size, stat.modified) == (10, datetime.fromtimestamp(1_700_000_000, UTC))
    for offset, count, data, end in (
        (0, 4, b"0123", False),
        (6, 4, b"6789", True),
        (8, 9, b"89", True),
        (20, 5, b"", True),
    ):
        chunk = await log.read(offset, count)
        assert (chunk.data, chunk.end, chunk.until) == (data, end, offset + len(data))
    await log.close()


@pytest.mark.parametrize(
    ("stands", "error"),
    [("nothing", NotFound), ("folder", Refused), ("pipe", Refused), ("file above", NotFound), ("loop", Refused)],
)
async def test_what_is_no_log_is_refused_and_read_once_it_is_one(
    path: Path, stands: str, error: type[NaruError]
) -> None:
    wanted = path / "more" if stands == "file above" else path
    if stands == "folder":
        path.mkdir()
    elif stands == "pipe":
        os.mkfifo(path)
    elif stands == "file above":
        path.write_bytes(b"")
    elif stands == "loop":
        path.symlink_to(path)
    log = LocalLog(str(wanted))
    for _again in range(2):
        with pytest.raises(error) as raised:
            await log.stat()
        assert str(path) in raised.value.message
    if stands == "folder":
        path.rmdir()
    elif stands != "nothing":
        path.unlink()
    wanted.parent.mkdir(exist_ok=True)
    wanted.write_bytes(b"now")
    assert (await log.stat()).size == 3
    await log.close()


async def test_the_file_that_was_there_before_says_its_last_words(path: Path) -> None:
    path.write_bytes(b"first")
    log = LocalLog(str(path))
    before = await log.stat()
    with path.open("ab") as file:
        file.write(b" and last")
    path.rename(path.with_suffix(".1"))
    assert (await log.last_words(5, 100)).data == b""  # nobody looked yet
    path.write_bytes(b"second")
    after = await log.stat()
    assert after.identity != before.identity
    assert (await log.last_words(5, 100)).data == b" and last"
    assert (await log.read(0, 100)).data == b"second"
    await log.close()


async def test_a_file_of_any_time_and_a_path_of_any_characters(path: Path) -> None:
    path.write_bytes(b"x")
    if os.path.isdir("/dev/shm"):  # a file system that keeps any time
        shared = Path(f"/dev/shm/naru-test-{os.getpid()}")
        shared.write_bytes(b"x")
        try:
            os.utime(shared, (-1e11, -1e11))
            log = LocalLog(str(shared))
            assert (await log.stat()).size == 1
            await log.close()
        finally:
            shared.unlink()
    for odd in ("/a\0b", "/\ud800"):
        log = LocalLog(odd)
        with pytest.raises(NaruError) as raised:
            await log.stat()
        assert not isinstance(raised.value, Unreachable)
        assert raised.value.message.isprintable()
        await log.close()


async def test_a_file_system_that_hangs_is_told_and_asked_again(path: Path) -> None:
    path.write_bytes(b"hello")
    log = LocalLog(str(path), patience=0.05)
    assert (await log.stat()).size == 5
    back = threading.Event()
    look = log._file.look
    log._file.look = lambda: (back.wait(10), look())[1]  # type: ignore[method-assign]
    for _again in range(3):
        with pytest.raises(Unreachable):
            await log.stat()
    back.set()
    for _turn in range(200):
        try:
            assert (await log.stat()).size == 5
            break
        except Unreachable:
            await asyncio.sleep(0.01)
    else:
        raise AssertionError("it never came back")
    await log.close()


async def test_nothing_stays_open(path: Path) -> None:
    path.write_bytes(b"hello")
    log = LocalLog(str(path))
    for number in range(5):
        await log.stat()
        await log.read(0, 5)
        path.rename(path.with_suffix(f".{number}"))
        path.write_bytes(b"hello")
    assert files_open(path.parent) <= 2
    await log.close()
    await log.close()
    for _turn in range(200):
        if not files_open(path.parent):
            return
        await asyncio.sleep(0.005)
    raise AssertionError("a file is still open")
