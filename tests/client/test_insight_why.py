"""The plain reading of a job: waiting, running, ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from naru_client.insight.spell import amount, clock, span
from naru_client.insight.why import why
from naru_client.model import Exit, Job

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def said(**fields: Any) -> str:
    base: dict[str, Any] = {
        "site": "s", "id": "41", "job_id": 41, "state": "PENDING", "submitted": NOW - timedelta(hours=3, minutes=5),
    }  # fmt: skip
    lines = why(Job(**(base | fields)), NOW)
    assert all(line and line == line.strip() and "\n" not in line for line in lines)
    assert len(set(lines)) == len(lines)
    return "\n".join(lines)


def test_a_waiting_job_says_how_long_why_and_what_helps() -> None:
    text = said(reason="Priority")
    assert "waited for 3h 05m (PENDING)" in text
    assert clock(NOW - timedelta(hours=3, minutes=5), NOW) in text
    assert "Priority: Other jobs for this pool rank ahead" in text
    assert "shorter time limit" in text
    assert "gives no estimate" in text


def test_the_estimate_is_called_the_schedulers_own() -> None:
    text = said(reason="Resources", expected_start=NOW + timedelta(hours=2), planned_nodes="h200-03")
    assert "The scheduler's own estimate" in text
    assert "in 2h 00m" in text
    assert "Planned on h200-03" in text


def test_an_estimate_that_has_passed_is_not_shown_as_one() -> None:
    text = said(reason="Resources", expected_start=NOW - timedelta(minutes=10))
    assert "that has passed" in text
    assert "own estimate" not in text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("JobHeldUser", "while it is held"), ("JobHeldAdmin", "while it is held"),
        ("PartitionTimeLimit", "will not start"),
        ("DependencyNeverSatisfied", "will not start"), ("QOSMaxGRESPerUser", "while a limit stops it"),
        ("AssocGrpGRESMinutes", "while a limit stops it"), ("Dependency", "before the job it depends on"),
    ],
)  # fmt: skip
def test_no_estimate_is_shown_for_holds_limits_and_what_can_never_run(reason: str, words: str) -> None:
    text = said(reason=reason, expected_start=NOW + timedelta(hours=2))
    assert "own estimate" not in text
    assert words in text


def test_the_schedulers_detail_and_the_dependency_are_shown_as_they_are() -> None:
    text = said(
        reason="ReqNodeNotAvail", reason_detail="UnavailableNodes:h200-02", dependency="afterok:40(unfulfilled)"
    )
    assert "The scheduler adds: UnavailableNodes:h200-02" in text
    assert "It depends on: afterok:40(unfulfilled)" in text
    assert "not answering" in text


def test_a_group_of_tasks_says_how_many_it_is() -> None:
    assert "17 tasks of its array" in said(id="19_[3-19%3]", array_id=19, array_tasks="3-19%3", array_pending=17)
    assert "1 task of its array" in said(id="19_[3]", array_id=19, array_tasks="3", array_pending=1)


def test_a_start_time_still_to_come_is_told() -> None:
    assert "It may start from" in said(reason="BeginTime", eligible=NOW + timedelta(hours=20))
    assert "in 20h 00m" in said(reason="BeginTime", eligible=NOW + timedelta(hours=20))


def test_an_unknown_reason_and_an_unknown_submission_are_no_trouble() -> None:
    text = said(reason="MoonPhase", submitted=None)
    assert "MoonPhase: Naru does not know this reason." in text
    assert "None" not in text


def running(**fields: Any) -> str:
    base: dict[str, Any] = {
        "state": "RUNNING", "started": NOW - timedelta(hours=1), "elapsed": 3600, "time_limit": 86400,
        "node_list": "b200-01",
    }  # fmt: skip
    return said(**(base | fields))


def test_a_running_job_says_since_when_where_and_when_it_ends_at_the_latest() -> None:
    text = running()
    assert "on b200-01 and has run for 1h 00m" in text
    assert "at the latest, in 23h 00m: its time limit is 1d 00h" in text
    assert clock(NOW + timedelta(hours=23), NOW) in text
    assert "It had waited for 2h 05m" in text


def test_time_spent_suspended_does_not_bring_the_end_nearer() -> None:
    assert "at the latest, in 23h 30m" in running(elapsed=1800)


def test_limits_that_are_none_untold_or_over() -> None:
    assert "no time limit" in running(time_limit=None, unlimited=True)
    assert "not told" in running(time_limit=None)
    assert "was reached 10m ago" in running(elapsed=3600, time_limit=3000)
    assert "at the latest" not in running(elapsed=3600, time_limit=3000)
    assert "does not count while" in running(state="SUSPENDED")
    assert "time limit" not in running(state="COMPLETING")


def test_the_time_it_has_run_goes_on_between_two_readings() -> None:
    assert "has run for 1h 00m" in running(elapsed=3570)
    assert "has run for 0s" in running(state="SUSPENDED", elapsed=0)
    assert "has run for 1h 00m" in running(elapsed=None, node_list=None)


@pytest.mark.parametrize(
    ("state", "words"),
    [("RUNNING", "running"), ("COMPLETING", "ending"), ("CONFIGURING", "prepared"), ("SUSPENDED", "suspended"),
     ("DREAMING", "DREAMING")],
)  # fmt: skip
def test_states_on_the_way_are_told_in_words(state: str, words: str) -> None:
    assert words in running(state=state)


def test_restarts_are_told() -> None:
    assert "put back into the queue 2 times" in running(restarts=2)
    assert "put back" not in running(restarts=0)


def ended(state: str, **fields: Any) -> str:
    base: dict[str, Any] = {
        "state": state, "started": NOW - timedelta(hours=2), "ended": NOW - timedelta(hours=1), "elapsed": 3600,
        "time_limit": 7200,
    }  # fmt: skip
    return said(**(base | fields))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("COMPLETED", "completed"), ("CANCELLED", "cancelled"), ("FAILED", "failed"), ("NODE_FAIL", "nodes failed"),
        ("PREEMPTED", "make room"), ("TIMEOUT", "time limit of 2h 00m"), ("DEADLINE", "deadline"),
        ("OUT_OF_MEMORY", "more memory than it had."), ("BOOT_FAIL", "could not be started"),
    ],
)  # fmt: skip
def test_how_it_ended_is_told_in_words(state: str, words: str) -> None:
    text = ended(state)
    assert words in text
    assert "1h 00m ago, after running for 1h 00m of the 2h 00m it was allowed" in text


def test_the_memory_it_had_is_named() -> None:
    assert "(512 GiB in all)" in ended("OUT_OF_MEMORY", memory=512 << 30)


def test_a_job_cancelled_in_line_never_started() -> None:
    text = ended("CANCELLED", started=None, elapsed=0)
    assert "cancelled before it started" in text
    assert "running for" not in text


@pytest.mark.parametrize(
    ("code", "signal", "words"),
    [
        (1, None, "exit code is 1."), (0, 9, "signal 9 (SIGKILL): killed"), (0, 11, "SIGSEGV"), (0, 64, "signal 64"),
        (137, None, "exit code is 137. By the shells' custom that means signal 9 (SIGKILL)"), (127, 0, "not found"),
        (126, 0, "could not be executed"),
    ],
)  # fmt: skip
def test_an_exit_code_is_read(code: int, signal: int | None, words: str) -> None:
    assert words in ended("FAILED", exit=Exit(code, signal))


def test_a_signal_that_the_scheduler_sent_is_no_news() -> None:
    assert "signal" not in ended("CANCELLED", exit=Exit(0, 15))
    assert "signal" not in ended("TIMEOUT", exit=Exit(0, 1))
    assert "signal 125" not in ended("OUT_OF_MEMORY", exit=Exit(0, 125))
    assert "SIGSEGV" in ended("CANCELLED", exit=Exit(0, 11))


def test_a_job_ended_by_a_signal_was_launched_whatever_the_reason_says() -> None:
    text = ended("FAILED", reason="JobLaunchFailure", exit=Exit(0, 11))
    assert "launch" not in text
    assert "SIGSEGV" in text


def test_a_clean_exit_is_not_worth_a_word() -> None:
    assert "exit code" not in ended("COMPLETED", exit=Exit(0, 0))
    assert "exit code" not in ended("COMPLETED", exit=Exit(None, None))


def test_a_cause_is_told_and_a_leftover_of_the_waiting_is_not() -> None:
    assert "JobLaunchFailure: It could not be launched" in ended("FAILED", reason="JobLaunchFailure")
    assert "NodeDown" in ended("NODE_FAIL", reason="NodeDown")
    assert "DependencyNeverSatisfied" in ended("CANCELLED", started=None, reason="DependencyNeverSatisfied")
    assert "Priority" not in ended("CANCELLED", started=None, reason="Priority")
    assert "QOS" not in ended("CANCELLED", started=None, reason="QOSMaxGRESPerUser")
    assert "NonZeroExitCode" not in ended("FAILED", reason="NonZeroExitCode", exit=Exit(1, None))
    assert "MoonPhase" in ended("FAILED", reason="MoonPhase")


def test_figures_are_written_with_two_units() -> None:
    assert [span(timedelta(seconds=s)) for s in (-5, 12, 2700, 7500, 273600)] == [
        "0s",
        "12s",
        "45m",
        "2h 05m",
        "3d 04h",
    ]
    assert [amount(n) for n in (0, 512 << 20, 3 << 39, 5 << 50)] == ["0 B", "512 MiB", "1.5 TiB", "5.0 PiB"]
    assert clock(NOW.replace(year=2024), NOW).startswith("2024-11-23")


@pytest.mark.parametrize("limit", [10**12, 1 << 62])
def test_a_limit_that_no_calendar_holds_is_not_told(limit: int) -> None:
    began = NOW - timedelta(hours=1)
    assert "time limit is not told" in said(state="RUNNING", started=began, elapsed=3600, time_limit=limit)
    ended = said(state="TIMEOUT", started=began, ended=NOW, elapsed=limit, time_limit=limit)
    assert "365000d" in ended


def test_a_start_in_centuries_to_come_is_no_crash() -> None:
    assert "time limit" in said(state="RUNNING", started=datetime.max.replace(tzinfo=UTC), time_limit=3600)
