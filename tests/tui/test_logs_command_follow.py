"""`naru logs -f`, in this process: each step of a story happens between two looks, by a clock of its own."""

import argparse
import asyncio
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.tui.fake import job, waiting
from tests.tui.test_logs_command import CentreWithLogs

from naru.commands import logs
from naru.commands.log_following import follow
from naru.commands.log_verb import LogVerb
from naru.format import Glyphs
from naru.session import Context
from naru.terminal import Paper
from naru_client.config import Settings
from naru_client.errors import NaruError, NotFound
from naru_client.model import Job

Step = Callable[[], object]


class Story:
    """A job whose log is followed while `steps` happen. Then the job ends, unless a step has ended it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *jobs: Job, terminal: bool = False) -> None:
        self.centre = CentreWithLogs(jobs)
        self.seconds = 0.0
        self.out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        self.err = io.StringIO()
        self.seen: list[str] = []  # all that had been printed, before each step
        self._paper = Paper(terminal=terminal, width=80, colours=terminal, glyphs=Glyphs(False))
        monkeypatch.setattr("naru.commands.log_verb.standard_streams", lambda: (self.out, self.err))

    @property
    def bytes(self) -> bytes:
        buffer = self.out.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue()

    @property
    def said(self) -> list[str]:
        return self.err.getvalue().splitlines()

    def end(self) -> None:
        self.centre.held_jobs = tuple(replace(j, state="COMPLETED") for j in self.centre.held_jobs)

    def pass_time(self) -> None:
        self.seconds += 60

    def follow(self, *argv: str, steps: Sequence[Step] = ()) -> str:
        """What is printed."""
        left = list(steps)

        async def sleep(seconds: float) -> None:
            self.seconds += seconds
            self.seen.append(self.bytes.decode("utf-8", "replace"))
            if left:
                left.pop(0)()
            else:
                self.end()
                self.pass_time()
            assert self.seconds < 10_000, "it does not end"

        parser = argparse.ArgumentParser()
        logs.arguments(parser)
        args = parser.parse_args(["-f", *argv])
        context = Context(
            args=args, settings=Settings(), settings_error=None, environ={}, paper=self._paper, stdin=None
        )
        verb = LogVerb(context, logs._pattern(context))
        wanted = [j for j in self.centre.held_jobs if j.id == args.id or str(j.array_id) == args.id]
        asyncio.run(follow(verb, self.centre, wanted, sleep=sleep, clock=lambda: self.seconds))
        return self.bytes.decode("utf-8", "replace")


Tell = Callable[..., Story]


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Tell:
    return lambda *jobs, terminal=False: Story(monkeypatch, *jobs, terminal=terminal)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "slurm-1.out"


def writing(path: Path, **changes: object) -> Job:
    return job(1, stdout=str(path), stderr=str(path), **changes)


def adding(path: Path, data: bytes) -> Step:
    def add() -> None:
        with path.open("ab") as file:
            file.write(data)

    return add


def test_the_last_lines_and_what_comes(story: Tell, log: Path) -> None:
    log.write_bytes(b"".join(b"%d\n" % n for n in range(100)))
    told = story(writing(log))
    more = [adding(log, b"new\nhalf"), adding(log, b" a line\n")]
    assert told.follow("1", steps=more).split("\n") == [*map(str, range(90, 100)), "new", "half a line", ""]
    assert told.said == ["naru: the job has ended (COMPLETED)"]
    assert told.centre.calls == ["job"]


@pytest.mark.parametrize(("tail", "first"), [("0", ""), ("1", "c\n"), ("all", "a\nb\nc\n")])
def test_as_many_lines_as_are_wanted_first(story: Tell, log: Path, tail: str, first: str) -> None:
    log.write_bytes(b"a\nb\nc\n")
    told = story(writing(log))
    assert told.follow("1", "--tail", tail, steps=[adding(log, b"d\n")]) == first + "d\n"


def test_cut_short_replaced_and_gone(story: Tell, log: Path, tmp_path: Path) -> None:
    log.write_bytes(b"one\ntwo\n")

    def replace_it() -> None:
        adding(log, b"last words\n")()
        log.rename(tmp_path / "old")
        log.write_bytes(b"five\n")

    told = story(writing(log))
    printed = told.follow(
        "1",
        steps=[
            lambda: log.write_bytes(b""),
            adding(log, b"three\n"),
            lambda: log.write_bytes(b"4\n"),
            replace_it,
            log.unlink,
            lambda: None,
            lambda: log.write_bytes(b"six\n"),
        ],
    )
    assert printed == "one\ntwo\nthree\n4\nlast words\nfive\nsix\n"
    assert [line.removeprefix("naru: ") for line in told.said] == [
        "the file was cut short; it goes on from its start",
        "the file was cut short; it goes on from its start",
        "another file has taken its place; it goes on from that one's start",
        f"there is no such file: {log}",
        "it can be read again",
        "another file has taken its place; it goes on from that one's start",
        "the job has ended (COMPLETED)",
    ]


def test_a_folder_in_its_place_and_back(story: Tell, log: Path) -> None:
    log.write_bytes(b"one\n")

    def folder() -> None:
        log.rename(log.with_name("kept"))
        log.mkdir()

    def back() -> None:
        log.rmdir()
        log.with_name("kept").rename(log)

    told = story(writing(log))
    assert told.follow("1", steps=[folder, lambda: None, back, adding(log, b"two\n")]) == "one\ntwo\n"
    assert len([line for line in told.said if "it is a folder" in line]) == 1


def test_growth_in_the_middle_of_a_character(story: Tell, log: Path) -> None:
    whole = "한글과 colour \x1b[31m빨강\x1b[0m\n".encode() * 3
    log.write_bytes(b"")
    told = story(writing(log))
    printed = told.follow("1", steps=[adding(log, whole[n : n + 1]) for n in range(len(whole))])
    assert printed == "한글과 colour 빨강\n" * 3


def test_raw_is_every_byte_as_it_comes(story: Tell, log: Path) -> None:
    data = os.urandom(4000)
    log.write_bytes(data[:2000])
    told = story(writing(log))
    told.follow("1", "--raw", "--tail", "all", steps=[adding(log, data[2000:2001]), adding(log, data[2001:])])
    assert told.bytes == data


def test_a_search_goes_on(story: Tell, log: Path) -> None:
    log.write_bytes(b"loss 1\nother\nloss 2\nlo")
    told = story(writing(log))
    printed = told.follow("1", "--grep", "loss", "--tail", "1", steps=[adding(log, b"ss 3\nother\nloss 4")])
    assert printed == "loss 2\nloss 3\nloss 4"


def test_a_job_that_has_not_started_is_waited_for(story: Tell, log: Path) -> None:
    told = story(waiting(1))

    def start() -> None:
        told.centre.held_jobs = (writing(log),)
        log.write_bytes(b"begun\n")

    assert told.follow("1", steps=[told.pass_time, lambda: None, start, told.pass_time, lambda: None]) == "begun\n"
    assert told.said[0] == "naru: job 1 has not started (PENDING, Priority): waiting for its log"
    assert len(told.said) == 2


def test_a_log_that_will_come_to_a_known_place_is_seen_at_once(story: Tell, log: Path) -> None:
    told = story(waiting(1, stdout=str(log), stderr=str(log)))
    assert told.follow("1", steps=[lambda: None, lambda: log.write_bytes(b"begun\n"), lambda: None]) == "begun\n"
    assert told.seen[2] == "begun\n"
    assert "waiting for its log" in told.said[0]


def test_a_job_that_has_ended_is_not_asked_for(story: Tell, log: Path) -> None:
    log.write_bytes(b"done\n")
    told = story(writing(log, state="FAILED"))
    assert told.follow("1") == "done\n"
    assert told.said == ["naru: the job has ended (FAILED)"]
    assert told.centre.calls == []
    log.unlink()
    with pytest.raises(NotFound, match="no such file"):
        told.follow("1")


def test_the_scheduler_is_asked_seldom_and_may_be_down(story: Tell, log: Path) -> None:
    log.write_bytes(b"")
    told = story(writing(log))
    quiet: list[Step] = [lambda: None] * 480  # two minutes of looks

    def down() -> None:
        told.centre.error = NaruError("down")

    def up() -> None:
        told.centre.error = None

    told.follow("1", steps=[down, *quiet, up])
    assert len(told.centre.calls) == 3


def test_a_job_that_is_no_longer_known_has_ended(story: Tell, log: Path) -> None:
    log.write_bytes(b"x\n")
    told = story(writing(log))

    def forget() -> None:
        told.centre.errors["job"] = NotFound("no job 1")
        told.pass_time()

    told.follow("1", steps=[forget, lambda: None, lambda: None])
    assert told.said == ["naru: the job is no longer known; nothing more has come"]


def test_tasks_come_with_their_names(story: Tell, tmp_path: Path) -> None:
    one, two, three = (tmp_path / str(n) for n in (1, 2, 3))
    one.write_bytes(b"a\n")
    two.write_bytes(b"b\n")

    def task(number: int, path: Path | None) -> Job:
        file = None if path is None else str(path)
        return job(70 + number, id=f"7_{number}", array_id=7, array_task=number, stdout=file, stderr=file,
                   state="RUNNING" if path else "PENDING")  # fmt: skip

    told = story(task(1, one), task(2, two), task(3, None))

    def third() -> None:
        three.write_bytes(b"c\n")
        told.centre.held_jobs = (*told.centre.held_jobs[:2], task(3, three))
        told.pass_time()

    steps: list[Step] = [adding(two, b"half"), adding(one, b"x\n"), adding(two, b" y\n"), third, lambda: None]
    assert told.follow("7", steps=steps).splitlines() == ["7_1 | a", "7_2 | b", "7_1 | x", "7_2 | half y", "7_3 | c"]
    assert told.said == ["naru: the jobs have ended (COMPLETED)"]


def test_a_terminal_shows_a_line_without_an_end_and_how_a_bar_stands(story: Tell, log: Path) -> None:
    log.write_bytes("이름? ".encode()[:-2])
    told = story(writing(log), terminal=True)
    bars = [adding(log, b"\r%3d%%" % n) for n in range(0, 101)]
    told.follow("1", steps=[lambda: None, lambda: None, adding(log, b"\n"), *bars, adding(log, b"\rdone\n")])
    assert told.seen[2].startswith("이름")
    printed = told.bytes.decode()
    assert printed.startswith("이름")
    assert printed.endswith("done\n")
    assert 3 < len(printed.splitlines()) < 8
    assert "\r" not in printed
