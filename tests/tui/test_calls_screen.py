"""`@`: every call with its site, time, size and outcome, and the calls of a minute against the budget."""

from datetime import timedelta

from tests.tui.fake import HOSTILE, NOW, FakeCentre, at, job
from tests.tui.screen import opened

from naru.format import Glyphs
from naru.screens.calls import calls_head
from naru_client.exchange import CallLog, CallRecord


def head(log: CallLog, *, budget: int = 20, several: bool = False) -> str:
    return "".join(text for line in calls_head(log, NOW, budget, several, Glyphs(True)) for text, _style in line)


def record(age: float, **changes: object) -> CallRecord:
    usual = {"shown": "squeue -h", "seconds": 0.04, "size": 2048, "outcome": "ok"}
    return CallRecord(NOW - timedelta(seconds=age), **(usual | changes))  # type: ignore[arg-type]


def test_a_minute_is_told_against_the_budget_and_shared_answers_are_no_calls() -> None:
    log = CallLog()
    assert "0 calls in the last minute, at most 20" in head(log)
    for age in (3600, 61, 60, 30, 0):
        log.add(record(age))
    log.add(record(1, shared=True))
    told = head(log)
    assert "3 calls in the last minute, at most 20" in told
    assert "5 calls since the start" in told
    assert "1 answer shared" in told
    assert "at most 20 a site" in head(log, several=True)
    assert "warning" in [style for _text, style in calls_head(log, NOW, 3, False, Glyphs(True))[0]]


async def test_every_call_is_listed_newest_first_with_what_came_of_it() -> None:
    async with opened(FakeCentre((job(1),))) as screen:
        log = screen.app.log_of_calls
        log.add(record(9, shown="sinfo -a"))
        log.add(record(8, outcome="exit code 1"))
        log.add(record(2, shown="squeue --me", shared=True, site="test"))
        log.add(record(1, shown=HOSTILE, outcome=HOSTILE))
        await screen.press("at")
        assert "3 calls in the last minute, at most 20" in screen.text
        assert "exit code 1" in screen.line_with("squeue -h")
        assert "shared" in screen.line_with("squeue --me")
        assert "40 ms" in screen.line_with("sinfo -a")
        assert "\x1b" not in screen.text
        assert "Site" not in screen.line_with("Took")
        rows = [i for i, line in enumerate(screen.lines) if "ms" in line]
        assert "squeue --me" in screen.lines[rows[1]]
        await screen.press("escape")
        assert "Calls made" not in screen.text


async def test_sites_are_named_where_there_are_several() -> None:
    async with opened([at("kisti"), at("nhn")]) as screen:
        screen.app.log_of_calls.add(record(1, site="nhn"))
        await screen.press("at")
        assert "Site" in screen.line_with("Took")
        assert "nhn" in screen.line_with("squeue -h")
        assert "at most 20 a site" in screen.text
