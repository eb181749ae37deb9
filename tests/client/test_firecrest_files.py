"""Logs by FirecREST's operations: every byte as the file has it, whatever it holds and while it grows."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.client.mock_world import NOON

from naru_client.errors import (
    BadAnswer,
    NaruError,
    NotFound,
    NotProvided,
    Refused,
    SignInNeeded,
    Unreachable,
    UsageError,
)
from naru_client.exchange import Answer, Call
from naru_client.firecrest import log as reading
from naru_client.firecrest.files import REST, FirecrestFiles
from naru_client.firecrest.log import FirecrestLog
from naru_client.firecrest.text_bytes import blocks
from naru_client.logs.cached import CachedLog
from naru_client.logs.following import Following, Grew
from naru_client.mock import firecrest_files
from naru_client.mock.files import NOT_THERE, Entry, Failure
from naru_client.mock.firecrest import _ENDPOINTS
from naru_client.mock.firecrest_files import OPERATIONS, Shell
from naru_client.mock.firecrest_request import Refused as Rejected
from naru_client.mock.firecrest_request import Request
from naru_client.mock.requests import Caller

PATH = "/scratch/ann/logs/train.out"
SMALL = {"MOST": 1100, "NEAR": 256, "MOST_TAIL": 4000, "MOST_DOWNLOAD": 3800, "LARGEST_BLOCK": 2500}  # a thousandth


class Disk:
    """One file behind the simulated FirecREST's operations: a transport. `befalls` may replace an answer."""

    source = "a disk"

    def __init__(self, data: bytes = b"") -> None:
        self.data = data
        self.there, self.mode, self.inode, self.now = True, 0o100644, 7, NOON
        self.calls: list[str] = []
        self.befalls: Callable[[str, Answer], Answer | None] = lambda _name, answer: answer
        self.closed = 0

    def find(self, path: str) -> Entry:
        if not self.there:
            raise Failure(NOT_THERE)
        return Entry(path, "ann", "lab", 1, 1, self.mode, self.now, len(self.data), self)  # type: ignore[arg-type]

    def read(self, _now: float) -> bytes:
        return self.data

    async def send(self, call: Call) -> Answer:
        name = call.path.rpartition("/")[2]
        assert call.path == f"/filesystem/tiny/ops/{name}"
        self.calls.append(name)
        request = Request("GET", _ENDPOINTS[name], dict(call.query), Caller("ann", False, frozenset()), "tiny")
        status, kind = 200, "application/json"
        try:
            told = OPERATIONS[name](Shell(self, self.now), request)  # type: ignore[arg-type]  # all it asks is `find`
            if name == "stat":
                assert isinstance(told, dict)
                told["output"]["ino"] = self.inode
        except Rejected as refused:
            status, told = refused.status, refused.body("ann")
        if isinstance(told, bytes):
            kind, body = "application/octet-stream", told
        else:
            body = msgspec.json.encode(told)
        as_of = datetime.fromtimestamp(self.now, UTC)
        answer = Answer(call=call, status=status, body=body, content_type=kind, as_of=as_of)
        changed = self.befalls(name, answer)
        return answer if changed is None else changed

    async def close(self) -> None:
        self.closed += 1


def files(disk: Disk, **settings: Any) -> FirecrestFiles:
    async def connect() -> Disk:
        return disk

    return FirecrestFiles(connect, lambda: "tiny", "FirecREST", **settings)


def opened(disk: Disk) -> FirecrestLog:
    return files(disk).open(PATH)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every limit a thousandth of what it is, so that files of some kilobytes are large ones."""
    with pytest.MonkeyPatch.context() as patch:
        use_small(patch)
        yield


def use_small(patch: pytest.MonkeyPatch) -> None:
    for name, value in SMALL.items():
        patch.setattr(reading, name, value)
    patch.setattr(firecrest_files, "MOST", 5120)


texts = st.lists(
    st.sampled_from(["loss 0.1\n", "가나다", "오류: 실패\n", "\r", "𐍈", "é", "x" * 60, "\0", '"\\', "\n"]), max_size=40
)
junk = st.sampled_from(
    [b"\xff", b"\xf0\x9f ", b"\xea\xb0", b"\xed\xa0\x80", "정보: 설정\n".encode("cp949"), "\ufffd".encode(), b"\x80"]
)


@st.composite
def valid(draw: st.DrawFn) -> bytes:
    """A file that is UTF-8 all through, from nothing to three times what one answer may hold."""
    return "".join(draw(texts)).encode() * draw(st.sampled_from([1, 3, 40]))


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    return draw(valid()), draw(junk), draw(valid())


def short_enough(data: bytes) -> bool:
    """Whether all of it can be fetched at once, whatever it holds."""
    return len(data) <= SMALL["MOST_DOWNLOAD"]


async def whole(log: FirecrestLog, count: int) -> tuple[bytes, bool]:
    """A log read in parts from its begin to its end, and whether every byte is exact."""
    got, exact, ends = b"", True, 0
    for _turn in range(10_000):
        chunk = await log.read(len(got), count)
        assert chunk.offset == len(got)
        assert len(chunk.data) <= count
        got, exact = got + chunk.data, exact and chunk.exact
        ends += chunk.end and not chunk.data
        if ends == 2:  # half a character is waited for once
            return got, exact
    raise AssertionError("it never ends")


@settings(max_examples=60, deadline=None)
@given(
    data=valid(), places=st.lists(st.tuples(st.floats(0, 1.01), st.sampled_from([1, 2, 7, 100, 900, 3000])), max_size=6)
)
async def test_any_part_of_a_valid_file_is_byte_exact(data: bytes, places: list[tuple[float, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        use_small(patch)
        log = opened(Disk(data))
        for place, count in places:
            offset = int(len(data) * place)
            chunk = await log.read(offset, count)
            assert (chunk.data, chunk.exact) == (data[offset : offset + min(count, SMALL["MOST"])], True)
            assert chunk.end <= (offset + len(chunk.data) >= len(data))


@settings(max_examples=40, deadline=None)
@given(parts=spoilt(), count=st.sampled_from([50, 700, 3000]))
async def test_lost_bytes_are_fetched_or_filled_in_and_lengths_add_up(
    parts: tuple[bytes, bytes, bytes], count: int
) -> None:
    before, bad, after = parts
    data = before + bad + after
    with pytest.MonkeyPatch.context() as patch:
        use_small(patch)
        got, exact = await whole(opened(Disk(data)), count)
    if len(data) <= SMALL["MOST_DOWNLOAD"]:
        assert (got, exact) == (data, True)
        return
    assert len(got) == len(data)
    assert exact <= (got == data)
    assert sum(a != b for a, b in zip(got, data, strict=True)) <= count + 16


@pytest.mark.usefixtures("small")
async def test_what_is_lost_in_a_log_too_large_to_fetch_is_told_as_lost() -> None:
    data = ("가" * 900).encode() + b"\x80" + ("나" * 900 + "\n").encode() * 2
    log = opened(Disk(data))
    exact = await log.read(300, 600)
    assert (exact.data, exact.exact) == (data[300:900], True)
    filled = await log.read(2690, 30)
    assert (filled.data, filled.exact, filled.end) == (data[2690:2700] + b"\xff" + data[2701:2720], False, False)
    after = await log.read(2720, 300)
    assert (after.data, after.exact) == (data[2720:3020], True)


@pytest.mark.usefixtures("small")
async def test_a_block_that_begins_inside_a_character_is_told_by_another() -> None:
    data = "가나다라마바사아자차카타파하".encode() * 300
    disk = Disk(data)
    log = opened(disk)
    for offset in range(5001, 5031):
        chunk = await log.read(offset, 200)
        assert (chunk.data, chunk.exact) == (data[offset : offset + 200], True)
    assert set(disk.calls) == {"stat", "view"}
    assert len(disk.calls) <= 1 + 2 * 30


def test_a_block_begins_at_a_multiple_of_its_size_and_holds_what_is_wanted() -> None:
    random = Random(1)
    for _turn in range(300):
        offset, count = random.randrange(10 ** random.randrange(1, 12)), random.choice([1, 100, 65_536, reading.MOST])
        block = next(blocks(offset, count))
        assert block.start % block.size == 0
        assert block.start <= offset
        assert offset + count <= block.start + block.size
        assert block.size <= reading.LARGEST_BLOCK


# Following


async def test_a_look_that_finds_nothing_new_is_one_call_and_so_is_one_that_does() -> None:
    disk = Disk("시작\n".encode() * 20)
    log = opened(disk)
    size = (await log.stat()).size
    assert (await log.read(0, 1000)).end
    assert disk.calls == ["stat", "tail"]
    for turn in range(12):
        before = len(disk.calls)
        if turn % 2:
            disk.data += f"step {turn} 손실\n".encode()
        stat = await log.stat()
        assert stat.size == len(disk.data)
        if stat.size > size:
            chunk = await log.read(size - 10, 1000)
            assert (chunk.data, chunk.end, chunk.exact) == (disk.data[size - 10 :], True, True)
            size = stat.size
        assert len(disk.calls) - before <= 2
    assert disk.calls.count("stat") == 4  # every fourth look sees that it is the same file still
    assert len(disk.calls) <= 2 + 12 + 3


@settings(max_examples=40, deadline=None)
@given(
    data=st.one_of(valid(), spoilt().map(b"".join).filter(short_enough)),
    cuts=st.lists(st.floats(0, 1), max_size=8),
    cached=st.booleans(),
)
async def test_a_followed_log_comes_whole_however_it_grows(data: bytes, cuts: list[float], cached: bool) -> None:
    disk, got = Disk(), b""
    with pytest.MonkeyPatch.context() as patch:
        use_small(patch)
        source = opened(disk)
        followed = Following(CachedLog(source) if cached else source, await source.stat())
        for end in (*sorted(int(cut * len(data)) for cut in cuts), *[len(data)] * 30):
            disk.data, disk.now = data[:end], disk.now + 5
            for news in await followed.look():
                assert isinstance(news, Grew)
                assert news.chunk.offset == len(got)
                got += news.chunk.data
    assert got == data


@pytest.mark.parametrize("inside", [1, 2])
async def test_half_a_character_at_the_end_waits_for_the_other_half(inside: int) -> None:
    disk = Disk("손실 0.5".encode() + "값".encode()[:inside])
    log = opened(disk)
    await log.stat()
    first = await log.read(0, 100)
    assert (first.data, first.end, first.exact) == ("손실 0.5".encode(), True, True)
    disk.data = "손실 0.5값\n".encode()
    assert (await log.stat()).size >= first.until
    assert (await log.read(first.until, 100)).data == "값\n".encode()


async def test_half_a_character_that_stays_is_given_as_it_is() -> None:
    data = b"done \xea\xb0"
    got, exact = await whole(opened(Disk(data)), 100)
    assert (got, exact) == (data, True)


async def test_a_log_that_is_cut_replaced_or_written_over_is_seen() -> None:
    disk = Disk(b"first\n" * 50)
    log = opened(disk)
    old = await log.stat()
    await log.read(0, 1000)
    disk.data = b"again\n"
    cut = await log.stat()
    assert (cut.size, cut.identity) == (6, old.identity)
    assert (await log.read(0, 100)).data == b"again\n"
    disk.data, disk.inode = b"other\n" * 60, 8
    new = await log.stat()
    assert new.identity == (*(old.identity or (0, 0))[:1], 8)
    await log.read(0, 1000)
    disk.data = b"grown past its old end\n" * 60
    assert (await log.stat()).size == len(disk.data)
    assert (await log.read(340, 100)).data == disk.data[340:440]


async def test_cp949_is_fetched_whole_and_kept_while_nothing_changes() -> None:
    data = "[정보] 배치 크기 32\n".encode("cp949") * 2000
    disk = Disk(data)
    log = opened(disk)
    for offset in range(0, len(data), 10_000):
        assert (await log.read(offset, 10_000)).data == data[offset : offset + 10_000]
    assert disk.calls == ["stat", "tail", "download"]
    disk.data += b"\xb0\xa1\n"
    size = (await log.stat()).size
    assert (await log.read(size - 3, 100)).data == b"\xb0\xa1\n"


async def test_a_file_that_became_too_long_for_one_answer_is_read_by_blocks(small: None) -> None:
    disk = Disk(b"x" * 100)
    log = opened(disk)
    await log.read(0, 100)
    disk.data = b"".join(b"%09d\n" % n for n in range(1500))
    assert (await log.read(100, 1000)).data == disk.data[100:1100]
    assert (await log.read(14_000, 1000)).data == disk.data[14_000:]


async def test_a_firecrest_that_gives_less_in_one_answer_is_asked_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firecrest_files, "MOST", 200_000)
    clean = "손실 0.1\n".encode() * 60_000
    log = opened(Disk(clean))
    for offset in (0, 300_000, len(clean) - 250_000):
        chunk = await log.read(offset, 1_000_000)
        assert len(chunk.data) > 4096
        assert (chunk.data, chunk.exact) == (clean[offset : chunk.until], True)
    spoilt = clean[:400_000] + b"\xff\n" + clean[:400_000]
    chunk = await opened(Disk(spoilt)).read(390_000, 20_000)
    assert (chunk.data, chunk.exact) == (spoilt[390_000 : chunk.until], False)
    assert chunk.until > 400_001


# What can be wrong


async def test_a_folder_and_a_pipe_are_no_logs() -> None:
    for mode, words in ((0o040755, "it is a folder"), (0o010644, "it is a pipe"), (0o020644, "it is a device")):
        disk = Disk()
        disk.mode = mode
        with pytest.raises(Refused, match=words):
            await opened(disk).stat()
        assert disk.calls == ["stat"]


async def test_a_log_that_is_not_there_yet_and_one_that_is_gone() -> None:
    disk = Disk(b"x")
    disk.there = False
    log = opened(disk)
    for _turn in range(2):
        with pytest.raises(NotFound, match="there is no such file"):
            await log.stat()
    disk.there = True
    assert (await log.stat()).size == 1
    await log.read(0, 10)
    disk.there = False
    with pytest.raises(NotFound):
        await log.stat()


@pytest.mark.parametrize(
    "path", ["relative", "", "/a'; rm -rf ~ #", "/a\nb", "/a\0b", "/a\x1bb", "/\udcff", "/" + "x" * 4096]
)
def test_a_path_that_firecrest_must_not_be_given_is_never_sent(path: str) -> None:
    disk = Disk()
    with pytest.raises(Refused, match="cannot be given such a path"):
        files(disk).open(path)
    assert disk.calls == []


async def test_a_system_s_name_is_no_way_into_another_path() -> None:
    async def connect() -> Disk:
        raise AssertionError

    with pytest.raises(UsageError, match="no name of a system"):
        await FirecrestFiles(connect, lambda: "../../status", "x").open(PATH).stat()


async def test_a_refused_token_is_not_tried_again_at_once_and_the_next_one_is() -> None:
    disk, now = Disk(b"x"), [0.0]
    token = [401]
    disk.befalls = lambda _name, answer: msgspec.structs.replace(answer, status=token[0], body=b"secret-token")
    all_files = files(disk, monotonic=lambda: now[0])
    log = all_files.open(PATH)
    for _turn in range(3):
        with pytest.raises(SignInNeeded) as caught:
            await log.stat()
        assert "secret" not in f"{caught.value!r} {caught.value.message} {caught.value.hint} {all_files!r}"
    assert (disk.calls, disk.closed) == (["stat"], 1)
    now[0] += REST
    disk.befalls = lambda _name, answer: answer
    assert (await log.stat()).size == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"output": null}', b'{"output": {"size": -1}}', b"<html>", b"\xff", b"[" * 9000]
)
async def test_what_is_no_answer_is_told_and_the_next_look_is_as_ever(body: bytes) -> None:
    disk = Disk(b"line\n" * 10)
    log = opened(disk)
    good = disk.befalls
    disk.befalls = lambda _name, answer: msgspec.structs.replace(answer, body=body, content_type="text/html")
    with pytest.raises(BadAnswer):
        await log.stat()
    disk.befalls = good
    await log.stat()
    disk.befalls = lambda _name, answer: msgspec.structs.replace(answer, body=body, content_type="text/html")
    with pytest.raises(BadAnswer):
        await log.read(0, 100)
    disk.befalls = good
    assert (await log.read(0, 100)).data == disk.data


async def test_a_download_that_broke_off_is_never_taken_for_the_log() -> None:
    disk = Disk(b"\xff\xfe log\n" * 10)
    log = opened(disk)

    def short(name: str, answer: Answer) -> Answer:
        return msgspec.structs.replace(answer, body=answer.body[:20]) if name == "download" else answer

    disk.befalls = short
    with pytest.raises(BadAnswer, match="less than there is"):
        await log.read(0, 100)
    disk.befalls = lambda _name, answer: answer
    assert (await log.read(0, 100)).data == disk.data


def _refused(status: int, _name: str, answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, status=status, body=b"\x1b]0;x")


async def test_a_failure_is_of_naru_s_own_kind_whatever_the_status() -> None:
    disk = Disk(b"x")
    for status in (*range(300, 600, 7), 401, 403, 404, 408, 413, 424, 429, 500, 502, 503, 511):
        disk.befalls = partial(_refused, status)
        with pytest.raises(NaruError) as caught:
            await files(disk).open(PATH).read(0, 10)
        assert caught.value.message.isprintable()


async def test_what_was_closed_stays_closed() -> None:
    disk = Disk(b"x")
    all_files = files(disk)
    log = all_files.open(PATH)
    await log.stat()
    for _turn in range(2):
        await all_files.close()
    with pytest.raises(Unreachable, match="closed"):
        await log.stat()
    assert disk.closed == 1


async def test_scripts_of_jobs_whose_ids_it_takes() -> None:
    for odd in ("6_4", "14+1", "../x", "", "１"):
        with pytest.raises(NotProvided):
            await files(Disk()).script(odd)
