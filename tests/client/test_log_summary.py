"""What a log says as data: piece by piece, and held against logs of which the truth is known."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.client.mock_world import NOON, world

from naru_client.logs.problems import cause_of, problem_of
from naru_client.logs.summary import LONGEST, MOST_LOOKS, Summary, fold_lines, quiet_for, seen
from naru_client.mock.entities import Allocation, Job
from naru_client.mock.logs import Log, Truth
from naru_client.text import clean

START = datetime(2026, 11, 24, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_nothing_is_known_of_a_log_that_nobody_read() -> None:
    summary = Summary()
    assert (summary.size, summary.rate, summary.progress, summary.checkpoint, summary.cause) == (None,) * 5
    assert quiet_for(summary, START) is None
    assert fold_lines(summary, []) == summary


def test_size_rate_and_silence() -> None:
    summary = seen(Summary(), 1000, at(0), at(5))
    assert (summary.size, summary.rate) == (1000, None), "one look tells no rate"
    summary = seen(summary, 3000, at(14), at(15))
    assert summary.rate == 200
    assert quiet_for(summary, at(44)) == 30
    assert quiet_for(summary, at(10)) == 0, "clocks differ"
    for n in range(200):
        summary = seen(summary, 3000 + n, at(20 + n), at(20 + n))
    assert summary.rate == pytest.approx(1)
    assert len(summary.looks) <= MOST_LOOKS
    assert seen(summary, 3199, at(219), at(400)).rate == 0


def test_a_log_that_begins_anew_is_another_log() -> None:
    summary = fold_lines(seen(Summary(), 1000, at(0), at(0)), [(0, "step: 12  loss: 3.1"), (20, "KeyError: 'a'")])
    again = seen(summary, 10, at(9), at(9))
    assert again == Summary(size=10, last_write=at(9), looks=((at(9), 10),))


def test_what_the_lines_say() -> None:
    summary = fold_lines(
        Summary(),
        [
            (0, "step: 12  loss: 3.1"), (20, "saved checkpoint /x/step_12 in 3 s"), (60, "KeyError: 'a'"),
            (80, "KeyError: 'b'"), (100, "  "), (110, "KeyError: 'c'" + "x" * 1000),
            (1200, "step: 13  loss: 3.0"), (1220, ""),
        ],
        until=1221,
    )  # fmt: skip
    assert summary.progress is not None
    assert (summary.progress.step, summary.progress.loss) == (13, 3.0)
    assert summary.checkpoint is not None
    assert (summary.checkpoint.offset, summary.checkpoint.text) == (20, "/x/step_12")
    (found,) = summary.problems
    assert (found.kind.id, found.count, found.first.offset, found.last.offset) == ("exception", 3, 60, 110)
    assert len(found.last.text) == LONGEST
    assert summary.found("exception") is found
    assert summary.found("xid") is None
    assert (summary.last_line, summary.since, summary.until) == ("step: 13  loss: 3.0", 0, 1221)


def test_the_end_first_then_what_comes_after_then_an_earlier_part() -> None:
    summary = fold_lines(Summary(), [(500, "step: 20  loss: 2"), (520, "KeyError: 'late'")], until=540)
    summary = fold_lines(summary, [(520, "KeyError: 'late'"), (540, "step: 21  loss: 1")], until=560)
    assert [found.count for found in summary.problems] == [1], "a line counts once"
    summary = fold_lines(summary, [(0, "step: 1  loss: 9"), (20, "KeyError: 'early'"), (40, "saved checkpoint /x/1")])
    assert summary.progress is not None
    assert summary.progress.step == 21
    assert (summary.checkpoint, summary.last_line) == (None, "step: 21  loss: 1")
    (found,) = summary.problems
    assert (found.count, found.first.text, found.last.text) == (2, "KeyError: 'early'", "KeyError: 'late'")
    assert (summary.since, summary.until) == (0, 560)


def test_the_code_in_a_traceback_is_not_taken_for_a_problem() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "a.py", line 3',
        '    raise Odd("CUDA error: no")',
        "KeyError: 3",
    ]
    summary = fold_lines(Summary(), [(n * 100, line) for n, line in enumerate(lines)])
    assert [found.kind.id for found in summary.problems] == ["traceback", "exception"]
    again = fold_lines(summary, [(400, "  what():  CUDA error: no")])
    assert [found.kind.id for found in again.problems] == ["traceback", "exception", "cuda_error"]


texts = st.lists(
    st.sampled_from(["step: 3  loss: 1", "KeyError: 'a'", "", "saved checkpoint /x/3", "Bus error", "Time = 3"]),
    max_size=12,
)


@given(texts, st.integers(0, 12), st.integers(0, 12))
def test_however_the_lines_come(lines: list[str], first: int, second: int) -> None:
    placed = [(n * 10, line) for n, line in enumerate(lines)]
    whole = fold_lines(Summary(), placed, until=len(lines) * 10)
    step = fold_lines(Summary(), placed[:first], until=min(first, len(lines)) * 10)
    assert fold_lines(step, placed[min(first, second) :], until=len(lines) * 10) == whole


# Against the simulated centre, which knows what is the case.

SIM = world()
NAMES = {
    "pretrain-7b": "megatron", "sft-32b": "titan", "lora-13b": "trainer", "음성-합성": "lightning",
    "resnet-sweep": "imagenet", "llm-serve": "serving", "eval-harness": "evaluation", "jupyter": "notebook",
    "cfd-les": "flow", "md-단백질": "molecules", "tokenize": "shards", "download-hf": "download", "npu-bench": "npu",
}  # fmt: skip
CORES = ("tokenize", "download-hf")
ENDS = (
    ("RUNNING", 0), ("COMPLETED", 0), ("FAILED", 1), ("TIMEOUT", 0), ("CANCELLED", 0), ("OUT_OF_MEMORY", 1),
    ("NODE_FAIL", 1), ("FAILED", 134), ("PREEMPTED", 0), ("FAILED", 2), ("FAILED", 137), ("REQUEUED", 0),
)  # fmt: skip
# The kind of problem that each thing the simulation lets go wrong is to be found as. A node that is gone, a program
# that waits for somebody and one that hangs write nothing of it: there is nothing to find.
KIND_OF = {
    "cuda-error": "cuda_error", "assertion": "assert", "file-not-found": "no_file", "disk-quota": "disk_quota",
    "cuda-oom": "cuda_oom", "oom-kill": "host_oom", "nccl-timeout": "nccl", "usage": "usage", "killed": "killed",
    "segfault": "segfault", "npu-error": "npu", "decode-error": "encoding", "xid": "xid", "time-limit": "time_limit",
    "preempted": "preempted", "requeued": "requeued", "cancelled": "cancelled", "node-fail": "", "hang": "", "idle": "",
    "": "",
}  # fmt: skip


def job(name: str, seed: int, state: str, code: int, behaviour: str = "") -> Job:
    """A job that started at noon and, unless it runs on, ended after some time."""
    cores = name in CORES
    made = SIM.workload.make(
        user="ann", name=name, partition="cpu" if cores else "gpu", accelerators=0 if cores else 4,
        cores=2 if cores else 0, nodes=1 if cores else 2, hours=4, now=NOON - 60,
    )  # fmt: skip
    if name == "npu-bench":
        made.gres_name, made.gres_type = "npu", "rngd"
    made.id, made.seed, made.state, made.started, made.run = 4711, seed, "RUNNING", NOON, 14_400
    made.behaviour, made.outcome = behaviour, "COMPLETED" if state == "RUNNING" else state
    made.held_nodes = tuple(Allocation(node, 1, 1, 1) for node in SIM.cluster.node_list[: made.nodes])
    if state != "RUNNING":
        made.run = 1500.0 + 97 * (seed % 13)
        made.state, made.ended, made.exit_code = state, NOON + made.run, code
        made.signal = 11 if (state, code) == ("FAILED", 1) and seed % 7 == 0 else 0
    return made


def lines_of(data: bytes) -> Iterator[tuple[int, str]]:
    """Lines as a person sees them: colour dropped, a bar in its last state."""
    offset = 0
    for raw in data.split(b"\n"):
        shown = re.sub(r"\x1b\[[0-9;]*m", "", raw.decode("utf-8", "replace").rstrip("\r")).rpartition("\r")[2]
        yield offset, clean(shown, 1 << 16)
        offset += len(raw) + 1


@cache
def cases() -> tuple[tuple[Truth, Summary, int], ...]:
    """Of 78 jobs of all kinds and ends: what is the case, what their last 40 kB say, and a number to find them by."""
    made = []
    for n, name in enumerate(list(NAMES) * 6):
        state, code = ENDS[(n * 5 + n // len(NAMES)) % len(ENDS)]
        one = job(name, n, state, code, "hang" if n % 19 == 3 else "idle" if n % 23 == 5 else "")
        now = NOON + 3000
        log = Log(one)
        size = log.size(now)
        start = max(0, size - 40_000)
        tail = list(lines_of(log.read(now, start)))
        summary = fold_lines(Summary(), ((start + at, text) for at, text in (tail[1:] if start else tail)))
        made.append((log.truth(now), summary, n))
    return tuple(made)


def test_all_kinds_and_ends_are_there() -> None:
    assert {truth.kind for truth, _, _ in cases()} >= set(NAMES.values())
    assert len({truth.problem for truth, _, _ in cases()}) >= 14
    assert set(KIND_OF) >= {truth.problem for truth, _, _ in cases()}


def test_problems_are_found_and_nobody_is_accused() -> None:
    right = wrong = missed = 0
    told = []
    for truth, summary, n in cases():
        expected = KIND_OF[truth.problem]
        # A hang that a limit ended is found by the watchdog's words or by the limit: both are so.
        allowed = {expected} | ({"nccl", *KIND_OF.values()} if truth.problem in ("hang", "idle") else set())
        found = summary.cause.id if summary.cause else ""
        if found and found in allowed:
            right += 1
        elif found:
            wrong += 1
        if expected and found != expected:
            missed += 1
        if found not in allowed:
            told.append((n, truth.kind, truth.problem, found))
    assert right >= 40, told
    assert right / (right + missed) >= 0.95, told
    assert right / (right + wrong) >= 0.95, told


def test_healthy_jobs_are_not_accused_of_anything() -> None:
    healthy = [summary for truth, summary, _ in cases() if truth.problem == ""]
    assert len(healthy) >= 8
    assert [summary.problems for summary in healthy if summary.problems] == []


def test_the_last_step_is_the_true_one() -> None:
    checked: dict[str, int] = {}
    for truth, summary, n in cases():
        progress = summary.progress
        if truth.kind not in STEP_OF or truth.step < 1 or truth.problem in ("node-fail", "xid"):
            continue  # what a node was writing when it failed breaks off, and a bar with all that it was drawn over
        assert progress is not None, (n, truth)
        assert STEP_OF[truth.kind](truth, summary), (n, truth, progress)
        checked[truth.kind] = checked.get(truth.kind, 0) + 1
    assert set(checked) == set(STEP_OF)
    assert sum(checked.values()) >= 40


def steps(truth: Truth, summary: Summary) -> bool:
    assert summary.progress is not None
    return summary.progress.total_step == truth.step


def around(truth: Truth, summary: Summary) -> bool:
    """The bar of the Trainer runs ahead of its dicts by less than two of them, and stops at its total."""
    progress = summary.progress
    assert progress is not None
    assert progress.step is not None
    return truth.step <= progress.step < truth.step + 20 or progress.step == progress.steps


def of_a_round(truth: Truth, summary: Summary) -> bool:
    """What is counted anew each time."""
    progress = summary.progress
    assert progress is not None
    assert progress.steps is not None
    return progress.step is not None and (truth.step - progress.step) % progress.steps == 0


def by_time(truth: Truth, summary: Summary) -> bool:
    """A solver prints the time that it has reached."""
    progress = summary.progress
    assert progress is not None
    assert progress.sim_time is not None
    return any(abs(progress.sim_time - truth.step * each) < each / 2 for each in (2e-5, 5e-5, 1e-4))


STEP_OF = {
    "megatron": steps, "titan": steps, "lightning": steps, "imagenet": steps, "molecules": steps, "trainer": around,
    "evaluation": of_a_round, "shards": of_a_round, "flow": by_time,
}  # fmt: skip


def test_the_head_of_a_traceback_is_never_the_cause() -> None:
    assert cause_of(["traceback", "exception", "rank_failed"]) is not None
    for truth, summary, _ in cases():
        if summary.found("traceback"):
            assert summary.cause is not None
            assert summary.cause.id != "traceback", truth


def test_of_every_log_that_saves_them_the_last_checkpoint_is_known() -> None:
    saving = [summary for truth, summary, _ in cases() if truth.kind in ("titan", "imagenet", "molecules", "flow")]
    assert len(saving) >= 12
    assert sum(summary.checkpoint is not None for summary in saving) >= 8
    assert all("/runs/" in s.checkpoint.text or s.checkpoint.text.startswith("step ") for s in saving if s.checkpoint)


def test_a_hundred_thousand_lines_of_health_hold_no_problem() -> None:
    for name in ("pretrain-7b", "sft-32b", "resnet-sweep", "tokenize", "llm-serve"):
        log = Log(job(name, 3, "RUNNING", 0))
        accused = [text for _, text in lines_of(log.read(NOON + 14_000)) if problem_of(text) is not None]
        assert accused == []
