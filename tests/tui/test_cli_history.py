"""`naru jobs --finished`: the past on the command line, a slice after the other."""

import argparse
import csv
import io
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.tui.fake import NOW, FakeCentre, at, job

from naru import session
from naru.__main__ import main
from naru.session import Opened
from naru.terminal import Paper
from naru_client.config import Profile, Settings
from naru_client.errors import NotProvided, Unreachable
from naru_client.exchange import CallLog
from naru_client.model import Accelerators, Exit, Job
from naru_client.reading import Reading

Capture = pytest.CaptureFixture[str]
Open = Callable[..., None]


def past(number: int, hours: float, **more: object) -> Job:
    end = NOW - timedelta(hours=hours)
    return job(number, **{"state": "COMPLETED", "ended": end, "submitted": end, "exit": Exit(0, 0), **more})


class Accounting(FakeCentre):
    def __init__(self, *jobs: Job) -> None:
        super().__init__((job(900),))
        self.held_history = jobs
        self.asked: list[tuple[datetime, datetime, str | None]] = []

    async def history(
        self,
        *,
        since: datetime,
        user: str | None,
        until: datetime | None = None,
        account: str | None = None,
        ran: bool = False,
    ) -> Reading[tuple[Job, ...]]:
        end = until or NOW
        self.asked.append((since, end, user))
        told = tuple(j for j in self.held_history if j.ended and since <= j.ended <= end and user in (None, j.user))
        return self._give("history", told)


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> Open:
    def use(*centres: FakeCentre, recorded: bool = False) -> None:
        async def opened(args: argparse.Namespace, settings: Settings, paper: Paper) -> Opened:
            return Opened(
                centres, Profile(name="test"), CallLog(), clock=lambda: NOW, glyphs=paper.glyphs, no_colour=True,
                recorded=recorded,
            )  # fmt: skip

        monkeypatch.setattr(session, "open_session", opened)

    return use


def told(capsys: Capture, *argv: str) -> Any:
    assert main(["jobs", *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def ids(envelope: Any) -> list[str]:
    return [one["id"] for one in envelope["data"]["jobs"]]


def test_finished_jobs_come_newest_first_with_what_was_reached(over: Open, capsys: Capture) -> None:
    centre = Accounting(*(past(n, n * 10) for n in range(1, 30)))
    over(centre)
    found = told(capsys, "--finished", "--since", "7d")
    assert found["schema"] == "naru.jobs.history/1"
    assert ids(found) == [str(n) for n in range(1, 17)]
    assert found["data"]["complete"] is True
    assert found["data"]["more"] is False
    assert found["data"]["reached"] == found["data"]["since"] == "2026-02-23T09:30:00Z"
    assert found["data"]["until"] == "2026-03-02T09:30:00Z"
    assert found["data"]["totals"]["jobs"] == 16
    assert all(end - since <= timedelta(days=8) for since, end, _user in centre.asked)


def test_the_queue_stays_out_of_it(over: Open, capsys: Capture) -> None:
    centre = Accounting(past(1, 1))
    over(centre)
    assert ids(told(capsys, "--finished")) == ["1"]
    assert "jobs" not in centre.calls


@pytest.mark.parametrize(
    ("options", "hours"), [((), 24), (("--all",), 1), (("--since", "2h"), 2), (("--since", "90"), 0.025)]
)
def test_how_far_back_is_asked_unless_told(over: Open, capsys: Capture, options: tuple[str, ...], hours: float) -> None:
    centre = Accounting()
    over(centre)
    told(capsys, "--finished", *options)
    assert min(since for since, _end, _user in centre.asked) == NOW - timedelta(hours=hours)
    assert {user for _since, _end, user in centre.asked} == {None if "--all" in options else "me"}


def test_until_means_the_past_alone_and_a_day_to_its_end(over: Open, capsys: Capture) -> None:
    centre = Accounting(past(1, 1), past(2, 24), past(3, 24 * 4), past(4, 24 * 9))
    over(centre)
    found = told(capsys, "--since", "2026-02-24", "--until", "2026-03-01")
    assert ids(found) == ["2", "3"]
    assert found["data"]["until"] == "2026-03-02T00:00:00Z"


def test_pages_ask_no_further_back_than_needed(over: Open, capsys: Capture) -> None:
    centre = Accounting(*(past(n, n) for n in range(1, 500)))
    over(centre)
    found = told(capsys, "--finished", "--since", "30d", "--limit", "5")
    assert ids(found) == ["1", "2", "3", "4", "5"]
    assert (found["data"]["more"], found["data"]["complete"], found["data"]["page"]) == (True, False, 1)
    assert len(centre.asked) == 1
    assert ids(told(capsys, "--finished", "--since", "30d", "--limit", "5", "--page", "2")) == [*list("6789"), "10"]
    last = told(capsys, "--finished", "--since", "30d", "--page", "5")
    assert ids(last) == [str(n) for n in range(401, 500)]
    assert last["data"]["more"] is False
    assert ids(told(capsys, "--finished", "--since", "30d", "--page", "6")) == []


def test_the_filter_decides_what_counts(over: Open, capsys: Capture) -> None:
    centre = Accounting(*(past(n, n, state="FAILED" if n % 10 == 0 else "COMPLETED") for n in range(1, 100)))
    over(centre)
    found = told(capsys, "state:f", "--finished", "--since", "5d", "--limit", "3")
    assert ids(found) == ["10", "20", "30"]


def test_csv_says_what_a_job_took_and_leaves_unknown_empty(over: Open, capsys: Capture) -> None:
    eight = (Accelerators("gpu", "h100", 8),)
    over(Accounting(past(1, 1, accelerators=eight, elapsed=1800), past(2, 2, accelerators=eight, elapsed=None)))
    assert main(["jobs", "--finished", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["gpu_hours"] for row in rows] == ["4.0", ""]


def test_people_read_how_it_ended(over: Open, capsys: Capture) -> None:
    over(Accounting(past(7, 1, state="FAILED", exit=Exit(137, 0), elapsed=3600, time_limit=7200)))
    assert main(["jobs", "--finished"]) == 0
    out = capsys.readouterr().out
    assert "137 killed (9)" in out
    assert "50%" in out
    assert "4.00" in out


def test_a_site_that_does_not_answer_is_a_warning_beside_the_others(over: Open, capsys: Capture) -> None:
    one, other = at("one"), at("other")
    one.held_history = (past(1, 1, site="one"),)
    other.errors["history"] = Unreachable("no answer")
    over(one, other)
    found = told(capsys, "--finished")
    assert ids(found) == ["1"]
    assert found["warnings"] == ["other: no answer"]


@pytest.mark.parametrize(("error", "code"), [(Unreachable("no answer"), 4), (NotProvided("keeps none"), 6)])
def test_where_nobody_answers_it_fails(over: Open, capsys: Capture, error: Exception, code: int) -> None:
    centre = Accounting()
    centre.error = error  # type: ignore[assignment]
    over(centre)
    assert main(["jobs", "--finished"]) == code
    assert error.args[0] in capsys.readouterr().err


def test_a_store_that_falls_silent_leaves_what_was_read(over: Open, capsys: Capture) -> None:
    centre = Accounting(past(1, 1), past(2, 100))
    over(centre)
    ask = centre.history

    async def once(**question: Any) -> Any:
        if centre.asked:
            raise Unreachable("it fell silent")
        return await ask(**question)

    centre.history = once  # type: ignore[method-assign]
    found = told(capsys, "--finished", "--since", "7d")
    assert ids(found) == ["1"]
    assert found["warnings"] == ["it fell silent"]
    assert found["data"]["complete"] is False
    assert found["data"]["reached"] == "2026-03-01T09:30:00Z"


def test_a_recording_is_asked_once_and_told_whole(over: Open, capsys: Capture) -> None:
    centre = Accounting(past(1, 1), past(2, 24 * 900))
    over(centre, recorded=True)
    assert ids(told(capsys, "--finished")) == ["1", "2"]
    assert len(centre.asked) == 1


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--finished", "--since", "2026-13-01"], "no month 13 (at character 6)"),
        (["--finished", "--until", "2026-02-30"], "no day 30 (at character 9)"),
        (["--since", "2026-02-0x"], "--since 2026-02-0x"),
        (["--finished", "--since", "2999-01-01"], "2999"),
        (["--finished", "--since", "0"], "leaves no time"),
        (["--since", "2026-01-07", "--until", "2026-01-01"], "--until is before --since"),
        (["--limit", "5"], "--limit is for finished jobs"),
        (["--page", "2"], "--page is for finished jobs"),
        (["--finished", "--limit", "0"], "not a number from 1 on"),
        (["--finished", "--limit", "x"], "not a number from 1 on"),
        (["--finished", "--tasks"], "--tasks"),
        (["--finished", "state:"], "value is missing"),
    ],
)
def test_mistakes_are_told_before_anybody_is_asked(over: Open, capsys: Capture, argv: list[str], words: str) -> None:
    centre = Accounting()
    over(centre)
    assert main(["jobs", *argv]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert centre.asked == []
