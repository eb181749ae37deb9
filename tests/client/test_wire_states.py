"""States, reasons, exits, times, and what a node's words come to."""

from datetime import UTC, datetime, timedelta

import pytest

from naru_client.model import Exit
from naru_client.slurm import wire
from naru_client.slurm.wire_states import ExitRow, Signal
from naru_client.slurm.wire_values import Wrapped

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AN_HOUR_AGO = NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("said", "shown", "others"),
    [
        ("RUNNING", "RUNNING", ()),
        (["PENDING"], "PENDING", ()),
        (["CANCELLED", "COMPLETING"], "COMPLETING", ("CANCELLED",)),
        (["RUNNING", "CONFIGURING", "POWER_UP_NODE"], "CONFIGURING", ("RUNNING", "POWER_UP_NODE")),
        (["PENDING", "SPECIAL_EXIT"], "SPECIAL_EXIT", ("PENDING",)),
        (["PENDING", "REQUEUE_HOLD", "REQUEUED"], "REQUEUED", ("PENDING", "REQUEUE_HOLD")),
        (["RUNNING", "STAGE_OUT", "COMPLETING"], "COMPLETING", ("RUNNING", "STAGE_OUT")),
        (["FAILED", "LAUNCH_FAILED"], "FAILED", ("LAUNCH_FAILED",)),
        (["CANCELLED", "REVOKED"], "REVOKED", ("CANCELLED",)),
        (["EXPEDITING"], "EXPEDITING", ()),
        (["EXPEDITING", "PENDING"], "PENDING", ("EXPEDITING",)),
        ("CANCELLED by 1234", "CANCELLED", ()),
        ("CANCELLED+", "CANCELLED", ()),
        ("RUNNING+COMPLETING", "COMPLETING", ("RUNNING",)),
        ("pending", "PENDING", ()),
        ("\x1b[31mODD", "\ufffdODD", ()),
        ([], "UNKNOWN", ()), ("", "UNKNOWN", ()), (None, "UNKNOWN", ()), ({}, "UNKNOWN", ()), (7, "UNKNOWN", ()),
    ],
)  # fmt: skip
def test_a_state_is_the_word_squeue_prints(said: object, shown: str, others: tuple[str, ...]) -> None:
    state = wire.job_state(said)
    assert (state.shown, state.others) == (shown, others)


@pytest.mark.parametrize(
    ("code", "description", "expected"),
    [
        ("None", "", (None, None)),
        ("", None, (None, None)),
        ("Resources", "", ("Resources", None)),
        ("ReqNodeNotAvail", "ReqNodeNotAvail, UnavailableNodes:h200-02",
         ("ReqNodeNotAvail", "UnavailableNodes:h200-02")),
        ("ReqNodeNotAvail, UnavailableNodes:h200-02", None, ("ReqNodeNotAvail", "UnavailableNodes:h200-02")),
        ("RaisedSignal", "RaisedSignal:9(Killed)", ("RaisedSignal", "9(Killed)")),
        ("JobHeldUser", "job requeued in held state", ("JobHeldUser", "job requeued in held state")),
        ("job requeued in held state", None, ("JobHeldUser", "job requeued in held state")),
        ("JobHeldAdmin", "launch failed requeued held", ("JobHeldAdmin", "launch failed requeued held")),
        ("launch failed requeued held", None, (None, "launch failed requeued held")),
        ("Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved_for_jobs_in_higher_priority_partitions", None,
         ("Resources",
          "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions")),
        ("(Priority)", None, ("Priority", None)),
        ("NewIn2030", None, ("NewIn2030", None)),
        ("None", "see\x1b]52;c;aGk=\x07 the desk", (None, "see\ufffd the desk")),
        ({}, [], (None, None)),
    ],
)  # fmt: skip
def test_a_reason_is_a_code_and_its_detail(
    code: object, description: object, expected: tuple[str | None, str | None]
) -> None:
    assert wire.reason(code, description) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (0, Exit(0)), (256, Exit(1)), (35072, Exit(137)), (9, Exit(0, 9)), (253, Exit(0, 125)),
        (ExitRow(set=True, number=512), Exit(2)),
        (ExitRow(set=False, number=0), None),
        (ExitRow(return_code=Wrapped(True, False, 3), signal=Signal(id=Wrapped(False, False, 0))), Exit(3)),
        (ExitRow(return_code=Wrapped(False, False, 0), signal=Signal(id=Wrapped(True, False, 9))), Exit(0, 9)),
        (ExitRow(return_code=None, signal=Signal(signal_id=11)), Exit(0, 11)),
        (ExitRow(return_code=0), Exit(0)),
        ("0:15", Exit(0, 15)), ("1:0", Exit(1)),
        (4294967294, None), (None, None), (ExitRow(), None), ([], None), ("", None),
    ],
)  # fmt: skip
def test_an_exit_is_a_code_and_a_signal(said: object, expected: Exit | None) -> None:
    assert wire.exit_code(said) == expected


def test_a_waiting_jobs_start_is_an_estimate() -> None:
    times = wire.job_times(wire.job_state("PENDING"), start=NOW, end=NOW, now=NOW)
    assert times == (None, None, NOW, None)


def test_a_running_jobs_end_is_not_its_end() -> None:
    later = NOW + timedelta(hours=9)
    times = wire.job_times(wire.job_state("RUNNING"), start=AN_HOUR_AGO, end=later, now=NOW)
    assert times == (AN_HOUR_AGO, None, None, 3600)


def test_a_finished_job_has_run_from_start_to_end() -> None:
    end = AN_HOUR_AGO + timedelta(seconds=100)
    times = wire.job_times(wire.job_state(["FAILED"]), start=AN_HOUR_AGO, end=end, now=NOW)
    assert times == (AN_HOUR_AGO, end, None, 100)


def test_a_job_cancelled_while_it_waited_never_started() -> None:
    times = wire.job_times(wire.job_state("CANCELLED"), start=NOW, end=NOW, now=NOW, never_ran=True)
    assert times == (None, NOW, None, 0)


def test_time_in_suspension_does_not_count() -> None:
    resumed = NOW - timedelta(minutes=10)
    running = wire.job_state("RUNNING")
    times = wire.job_times(running, start=AN_HOUR_AGO, end=None, now=NOW, suspended_at=resumed, ran_before=60)
    assert times.elapsed == 660
    held = wire.job_state("SUSPENDED")
    assert wire.job_times(held, start=AN_HOUR_AGO, end=None, now=NOW, suspended_at=resumed, ran_before=60).elapsed == 60


def test_a_completing_job_ran_until_its_end_and_has_not_finished() -> None:
    end = AN_HOUR_AGO + timedelta(seconds=5)
    for said in ("COMPLETING", ["CANCELLED", "COMPLETING"]):
        times = wire.job_times(wire.job_state(said), start=AN_HOUR_AGO, end=end, now=NOW)
        assert times == (AN_HOUR_AGO, None, None, 5)


@pytest.mark.parametrize(
    ("said", "used", "expected"),
    [
        (("IDLE",), 0, "idle"),
        (("MIXED",), 4, "mixed"),
        (("ALLOCATED",), 64, "allocated"),
        (("mixed",), None, "mixed"),
        (("IDLE", "DRAIN"), 0, "drained"),
        (("IDLE", "DRAIN"), 3, "draining"),
        (("MIXED", "DRAIN"), 4, "draining"),
        (("ALLOCATED", "DRAIN"), 4, "draining"),
        (("drng",), None, "draining"),
        (("DOWN", "DRAIN"), 0, "drained"),
        (("DOWN", "NOT_RESPONDING"), 0, "down"),
        (("down*",), None, "down"),
        (("idle*",), None, "down"),
        (("ERROR",), 0, "down"),
        (("FAIL", "IDLE"), 0, "down"),
        (("FAIL", "ALLOCATED"), 9, "draining"),
        (("MIXED", "CLOUD", "NOT_RESPONDING", "POWERING_UP"), 1, "mixed"),
        (("IDLE", "CLOUD", "POWERED_DOWN"), 0, "idle"),
        (("IDLE", "POWERED_DOWN"), 0, "down"),
        (("IDLE", "CLOUD", "POWERING_DOWN"), 0, "down"),
        (("IDLE", "PLANNED"), 0, "planned"),
        (("MIXED", "PLANNED"), 4, "mixed"),
        (("mixed-",), None, "mixed"),
        (("idle-",), None, "planned"),
        (("IDLE", "RESERVED"), 0, "reserved"),
        (("IDLE", "MAINTENANCE"), 0, "reserved"),
        (("maint",), None, "reserved"),
        (("ALLOCATED", "RESERVED"), 64, "allocated"),
        (("IDLE", "COMPLETING"), 0, "mixed"),
        (("down+drain+not_responding",), 0, "drained"),
        (("IDLE", "SPARKLING"), 0, "idle"),
        (("SPARKLING",), 0, "unknown"),
        ((), None, "unknown"),
    ],
)
def test_a_nodes_words_come_to_one_condition(said: tuple[str, ...], used: int | None, expected: str) -> None:
    assert wire.node_condition(wire.node_states(said), used) == expected
