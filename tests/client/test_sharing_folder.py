"""The private folder: only one's own files, whole or not at all, never too much of them."""

import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from naru_client.sharing_folder import DAY, Folder, Header, Rest, open_folder, read_body

NOW = 1_700_000_000.0


class Clock:
    def __init__(self) -> None:
        self.seconds = NOW

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir(mode=0o700)
    return tmp_path / "run" / "naru"


@pytest.fixture
def folder(place: Path, clock: Clock) -> Iterator[Folder]:
    opened = open_folder(str(place.parent), "/nowhere/at/all", largest=10_000, now=clock)
    assert opened is not None
    yield opened
    opened.close()


def header(body: bytes, question: str = "q", as_of: float = NOW) -> Header:
    return Header(question=question, as_of=as_of, size=len(body), crc=zlib.crc32(body))


def found(folder: Folder, name: str = "a.answer", question: str = "q", oldest: float = NOW - 10) -> bytes | None:
    one = folder.open_body(name, question, oldest)
    return None if one is None else read_body(*one)


def test_what_is_written_is_read_by_its_question_while_it_is_young(folder: Folder, place: Path) -> None:
    assert found(folder) is None
    for body in (b"", b"x", b"line\nline\n" * 500):
        assert folder.write("a.answer", header(body), body)
        assert found(folder) == body
    assert found(folder, question="other") is None
    assert found(folder, oldest=NOW + 1) is None
    assert [p.name for p in place.iterdir()] == ["a.answer"]
    assert stat.S_IMODE((place / "a.answer").stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.parametrize("cut", [0, 1, 5, 60, 200, -1])
def test_a_file_that_is_cut_short_is_none(folder: Folder, place: Path, cut: int) -> None:
    body = b"0123456789" * 100
    folder.write("a.answer", header(body), body)
    (place / "a.answer").write_bytes((place / "a.answer").read_bytes()[:cut])
    assert found(folder) is None


def test_a_file_with_another_byte_in_it_or_more_of_them_is_none(folder: Folder, place: Path) -> None:
    body = b"0123456789" * 100
    folder.write("a.answer", header(body), body)
    whole = (place / "a.answer").read_bytes()
    (place / "a.answer").write_bytes(whole[:-1] + b"x")
    assert found(folder) is None
    (place / "a.answer").write_bytes(whole + b"x")
    assert found(folder) is None
    (place / "a.answer").write_bytes(whole.replace(b"naru.share/1", b"naru.share/2"))
    assert found(folder) is None
    (place / "a.answer").write_bytes(os.urandom(5000))
    assert found(folder) is None


def test_links_pipes_folders_and_files_open_to_others_are_left_alone(
    folder: Folder, place: Path, tmp_path: Path
) -> None:
    folder.write("a.answer", header(b"body"), b"body")
    (place / "a.answer").rename(tmp_path / "elsewhere")
    (place / "a.answer").symlink_to(tmp_path / "elsewhere")
    assert found(folder) is None
    (place / "a.answer").unlink()
    os.mkfifo(place / "a.answer", 0o600)
    assert found(folder) is None
    (place / "a.answer").unlink()
    (place / "a.answer").mkdir(mode=0o700)
    assert found(folder) is None
    assert not folder.write("a.answer", header(b"body"), b"body")
    (place / "a.answer").rmdir()
    (tmp_path / "elsewhere").rename(place / "a.answer")
    (place / "a.answer").chmod(0o640)
    assert found(folder) is None
    (place / "a.answer").chmod(0o600)
    assert found(folder) == b"body"


def test_a_lock_is_one_at_a_time_and_ends_with_its_holder(folder: Folder, place: Path) -> None:
    first = folder.try_lock("a.lock")
    assert first is not None
    assert folder.try_lock("a.lock") is None
    assert folder.try_lock("b.lock") is not None
    os.close(first)
    second = folder.try_lock("a.lock")
    assert second is not None
    (place / "a.lock").unlink()
    assert folder.try_lock("a.lock") is not None


def test_a_lock_that_cannot_be_is_an_error_and_not_waited_for(folder: Folder, place: Path, tmp_path: Path) -> None:
    (place / "a.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        folder.try_lock("a.lock")
    (place / "b.lock").touch(mode=0o644)
    with pytest.raises(PermissionError):
        folder.try_lock("b.lock")


def test_a_rest_is_told_and_anything_else_is_none(folder: Folder, place: Path) -> None:
    assert folder.rest("a.rest") is None
    folder.write_rest("a.rest", Rest(until=NOW + 5, told=True))
    assert folder.rest("a.rest") == Rest(until=NOW + 5, told=True)
    (place / "a.rest").write_bytes(b'{"until": "soon"}')
    assert folder.rest("a.rest") is None


def test_what_is_a_day_old_or_of_another_time_is_swept_away(folder: Folder, place: Path, clock: Clock) -> None:
    for name, age in (("young", 100.0), ("old", DAY + 1), ("ahead", -100.0)):
        (place / name).touch()
        os.utime(place / name, (NOW - age, NOW - age))
    folder.sweep()
    assert [p.name for p in place.iterdir()] == ["young"]
    clock.seconds += DAY
    folder.sweep()
    assert list(place.iterdir()) == []


def test_all_of_it_stays_within_its_size_and_the_oldest_goes_first(folder: Folder, place: Path) -> None:
    for number in range(10):
        body = bytes(3000)
        assert folder.write(f"{number}.answer", header(body), body)
        os.utime(place / f"{number}.answer", (NOW + number, NOW + number))
        assert sum(p.stat().st_size for p in place.iterdir()) <= 10_000
    assert sorted(p.name for p in place.iterdir()) == ["7.answer", "8.answer", "9.answer"]
    assert not folder.write("large.answer", header(bytes(10_000)), bytes(10_000))
    assert folder.write("9.answer", header(bytes(9000)), bytes(9000))  # in place of what it had


def test_a_disk_that_is_full_is_no_trouble(folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("a.answer", header(b"before"), b"before")

    def full(_handle: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        assert not folder.write("a.answer", header(b"after"), b"after")
    assert found(folder) == b"before"
    assert [p.name for p in place.iterdir()] == ["a.answer"]


def test_a_closed_folder_does_nothing(folder: Folder) -> None:
    folder.close()
    folder.sweep()
    assert found(folder) is None
    assert not folder.write("a.answer", header(b""), b"")
    with pytest.raises(OSError, match="Bad file"):
        folder.try_lock("a.lock")


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777, 0o720])
def test_a_folder_open_to_others_is_not_used(tmp_path: Path, mode: int) -> None:
    for path in (tmp_path / "run", tmp_path / "fallback"):
        path.mkdir()
        path.chmod(mode)
    assert open_folder(str(tmp_path / "run"), str(tmp_path / "fallback")) is None
    (tmp_path / "run").chmod(0o700)
    (tmp_path / "run" / "naru").mkdir()
    (tmp_path / "run" / "naru").chmod(mode)
    assert open_folder(str(tmp_path / "run"), str(tmp_path / "fallback")) is None


def test_a_folder_behind_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o700)
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "run" / "naru").symlink_to(tmp_path / "mine")
    (tmp_path / "fallback").symlink_to(tmp_path / "mine")
    assert open_folder(str(tmp_path / "run"), str(tmp_path / "fallback")) is None
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    assert open_folder(str(tmp_path / "run"), str(tmp_path / "fallback")) is None


@pytest.mark.parametrize("runtime", [None, "", "relative", "/nowhere/at/all", "/dev/null", "a\0b"])
def test_without_a_runtime_folder_there_is_another(tmp_path: Path, runtime: str | None) -> None:
    folder = open_folder(runtime, str(tmp_path / "fallback"))
    assert folder is not None
    folder.close()
    assert stat.S_IMODE((tmp_path / "fallback").stat().st_mode) == 0o700


def test_a_header_tells_nothing_but_digests() -> None:
    names = set(msgspec.structs.asdict(header(b"")))
    assert names == {"schema", "question", "separator", "status", "content_type", "as_of", "seconds", "size", "crc"}
