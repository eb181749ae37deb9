"""The logs of simulated jobs: only appended to, the same however they are asked for, and true to how a job ended."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.client.mock_world import NOON, submit, world

from naru_client.mock import logs
from naru_client.mock.entities import Allocation, Job
from naru_client.mock.log_endings import PROBLEMS
from naru_client.mock.log_facts import facts_of
from naru_client.mock.log_hostile import KINDS as HOSTILE
from naru_client.mock.logs import KINDS, Log, log_bytes, truth
from naru_client.mock.scenario import load_scenario
from naru_client.mock.simulator import Simulator

SIM = world()
NAMES = {
    "pretrain-7b": "megatron", "sft-32b": "titan", "lora-13b": "trainer", "음성-합성": "lightning",
    "resnet-sweep": "imagenet", "llm-serve": "serving", "eval-harness": "evaluation", "jupyter": "notebook",
    "cfd-les": "flow", "md-단백질": "molecules",
}  # fmt: skip
CORES = {"tokenize": "shards", "download-hf": "download"}
ENDS = ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "OUT_OF_MEMORY", "NODE_FAIL", "PREEMPTED", "REQUEUED")


def job(
    name: str = "sft-32b", *, seed: int = 1, hours: float = 4, run: float = 0, nodes: int = 2, **settings: object
) -> Job:
    """A job that started at noon and runs, on four H100 of each of its nodes or, by its name, on cores or NPUs."""
    cores = name in CORES
    made = SIM.workload.make(
        user="ann", name=name, partition="cpu" if cores else "gpu", accelerators=0 if cores else 4,
        cores=2 if cores else 0, nodes=1 if cores else nodes, hours=hours, now=NOON - 60,
    )  # fmt: skip
    if name == "npu-bench":
        made.gres_name, made.gres_type = "npu", "rngd"
    made.id, made.seed, made.state, made.started, made.run = 4711, seed, "RUNNING", NOON, run or hours * 3600
    made.held_nodes = tuple(Allocation(node, 1, 1, 1) for node in SIM.cluster.node_list[: made.nodes])
    for field, value in settings.items():
        setattr(made, field, value)
    return made


def end(made: Job, state: str, after: float) -> Job:
    made.state, made.ended = state, made.started + after
    return made


def plain(data: bytes) -> str:
    return data.decode("utf-8", "replace")


@pytest.fixture
def forgetful() -> None:
    """Nothing told before is remembered."""
    logs._shelf.clear()
    logs._text.cache_clear()
    logs._kept = 0


anything = st.builds(
    lambda name, seed, behaviour, outcome, error: job(
        name, seed=seed, behaviour=behaviour, outcome=outcome, error=error, run=9000
    ),
    st.sampled_from([*NAMES, *CORES, "npu-bench"]), st.integers(0, 2**32 - 1),
    st.sampled_from(["", "", "hang", "idle"]),
    st.sampled_from(ENDS), st.sampled_from(["", "err.log"]),
)  # fmt: skip
moments = st.floats(NOON - 10, NOON + 9600)


@settings(max_examples=120, deadline=None)
@given(anything, st.lists(moments, min_size=2, max_size=8), st.sampled_from(ENDS), st.floats(1, 9000), st.data())
def test_a_log_only_grows_and_does_not_know_when_it_is_looked_at(
    made: Job, times: list[float], state: str, after: float, data: st.DataObject
) -> None:
    streams: tuple[logs.Stream, ...] = ("out", "err")
    while_running = {(s, t): log_bytes(made, t, s) for s in streams for t in times}
    end(made, state, after)
    logs._shelf.clear()
    logs._text.cache_clear()
    for stream in streams:
        log, before = Log(made, stream), b""
        for now in sorted(times):
            whole = log.read(now)
            assert whole.startswith(before)
            assert log.size(now) == len(whole)
            assert log.exists(now) == (now >= made.started and (stream == "out" or bool(made.error)))
            if now < made.ended:
                assert whole == while_running[stream, now], "the end changed what came before it"
            offset, count = data.draw(st.integers(0, len(whole) + 5)), data.draw(st.integers(0, 70_000))
            assert log.read(now, offset, count) == whole[offset : offset + count]
            assert log.modified(now) <= now or not whole
            before = whole


@pytest.mark.parametrize(("name", "kind"), [*NAMES.items(), *CORES.items(), ("npu-bench", "npu")])
def test_the_kind_follows_from_the_name(name: str, kind: str) -> None:
    assert facts_of(job(name)).kind == kind


def test_every_kind_is_written_by_something() -> None:
    assert set(KINDS) == {*NAMES.values(), *CORES.values(), "npu", "debugger"}
    assert {facts_of(job(seed=s, behaviour="idle")).kind for s in range(20)} == {"notebook", "debugger"}


@pytest.mark.parametrize("name", [*NAMES, *CORES, "npu-bench"])
def test_a_day_is_neither_empty_nor_huge(name: str) -> None:
    for seed in range(3):
        made = job(name, seed=seed, hours=24)
        assert 10_000 < Log(made).size(NOON + 86_400) < 5_000_000
        assert Log(made).truth(NOON + 86_400).step > Log(made).truth(NOON + 7200).step >= 0


def test_another_seed_and_another_start_are_another_log() -> None:
    now = NOON + 3000
    first = log_bytes(job(seed=1), now)
    assert first != log_bytes(job(seed=2), now)
    assert first != log_bytes(job(seed=1, restarts=1), now)
    assert first == log_bytes(job(seed=1), now)


def test_losses_go_down() -> None:
    text = plain(log_bytes(job("pretrain-7b", hours=24), NOON + 80_000))
    losses = [float(line.split("lm loss: ")[1].split(" ")[0]) for line in text.splitlines() if "lm loss: " in line]
    assert len(losses) > 500
    assert sum(losses[:20]) > 1.5 * sum(losses[-20:])
    assert "saving checkpoint" in text
    assert "데이터 불러오는 중" in text
    assert "validation loss" in text


def test_what_a_log_may_look_like() -> None:
    now = NOON + 6000
    assert b"\x1b[31mstep:" in log_bytes(job("sft-32b"), now)
    bars = log_bytes(job("음성-합성"), now).split(b"\n")
    assert max(line.count(b"\r") for line in bars) > 10, "a bar is drawn over itself"
    assert b"{'loss': " in log_bytes(job("lora-13b"), now)
    assert b"KV cache usage" in log_bytes(job("llm-serve"), now)
    assert b"compile layer" in log_bytes(job("npu-bench"), now)
    assert b"NCCL INFO" in log_bytes(job("pretrain-7b"), now)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("TIMEOUT", "*** JOB 4711 ON g-1 CANCELLED AT 2026-11-22T22:00:00 DUE TO TIME LIMIT ***"),
        ("CANCELLED", "*** JOB 4711 ON g-1 CANCELLED AT 2026-11-22T22:00:00 ***"),
        ("PREEMPTED", "DUE TO PREEMPTION ***"),
        ("REQUEUED", "DUE TO JOB REQUEUE ***"),
        ("COMPLETED", "작업 4711 종료 (exit 0)"),
    ],
)
def test_the_last_words(state: str, words: str) -> None:
    made = end(job(), state, 3600)
    assert words in plain(log_bytes(made, NOON + 5000))[-400:]
    assert words not in plain(log_bytes(made, NOON + 3599))
    assert Log(made).modified(NOON + 5000) == NOON + 3600


def test_failures_say_why_in_the_words_of_whoever_failed() -> None:
    said = {
        "cuda-error": "CUDA error: ", "assertion": "AssertionError: ",
        "file-not-found": "FileNotFoundError: [Errno 2]",
        "disk-quota": "OSError: [Errno 122] Disk quota exceeded",
        "cuda-oom": "torch.OutOfMemoryError: CUDA out of memory",
        "oom-kill": "Some of the step tasks have been OOM Killed.", "usage": "unrecognized arguments",
        "killed": " Killed ",
        "nccl-timeout": "Watchdog caught collective operation timeout: WorkNCCL(",
        "npu-error": "DMA timeout",
        "decode-error": "UnicodeDecodeError", "segfault": "Segmentation fault", "xid": "NVRM: Xid (PCI:",
    }  # fmt: skip
    found: dict[str, int] = {}
    luck = Random(5)
    for seed in range(400):
        state = luck.choice(("FAILED", "FAILED", "OUT_OF_MEMORY", "NODE_FAIL"))
        name = luck.choice(("sft-32b", "tokenize", "npu-bench"))
        made = job(name, seed=seed, outcome=state, run=3000, exit_code=luck.choice((1, 1, 2, 134, 137)),
                   signal=luck.choice((0, 0, 0, 11)))  # fmt: skip
        end(made, state, 3000)
        problem = truth(made, NOON + 3000).problem
        found[problem] = found.get(problem, 0) + 1
        if problem in said:
            assert said[problem] in plain(log_bytes(made, NOON + 3000))[-2500:]
    assert set(said) <= set(found) <= set(PROBLEMS)


def test_a_node_that_fails_breaks_off_in_the_middle() -> None:
    made = next(
        m for m in (end(job(seed=s), "NODE_FAIL", 3600) for s in range(50)) if truth(m, NOON + 3600).problem != "xid"
    )
    before, after = log_bytes(made, NOON + 3599), log_bytes(made, NOON + 3600)
    assert after.startswith(before)
    assert len(after) > len(before)
    assert not after.endswith(b"\n")


def test_a_hang_is_silent_until_it_ends() -> None:
    made = job(behaviour="hang", outcome="TIMEOUT", hours=4)
    quiet = facts_of(made).quiet
    assert 300 <= quiet - NOON <= 3600
    log = Log(made)
    assert log.truth(quiet - 1).problem == ""
    assert log.truth(quiet + 700).problem == "hang"
    assert log.size(quiet) == log.size(NOON + 14_000)
    assert log.modified(NOON + 14_000) <= quiet
    assert b"Watchdog" not in log.read(NOON + 14_000)
    end(made, "TIMEOUT", 14_400)
    waited = int((NOON + 14_400 - quiet) * 1000)
    tail = plain(Log(made).read(NOON + 14_400))[-2000:]
    assert f"ran for {str(waited)[:-3]}" in tail
    assert "DUE TO TIME LIMIT" in tail
    assert Log(made).truth(NOON + 14_400).problem == "hang", "the cause, not how it was ended"
    end(made, "FAILED", 14_400)
    assert plain(Log(made).read(NOON + 14_400)).count("Watchdog caught") == 1
    assert Log(made).truth(NOON + 14_400).problem == "nccl-timeout"


def test_a_watchdog_waits_its_ten_minutes() -> None:
    def waits(seed: int) -> Job | None:
        made = job(seed=seed, outcome="FAILED", run=5000)
        return made if facts_of(made).stuck == "nccl" else None

    made = next(m for m in map(waits, range(100)) if m)
    assert Log(made).size(NOON + 4401) == Log(made).size(NOON + 4999)
    assert truth(made, NOON + 4800).problem == "hang"
    end(made, "FAILED", 5000)
    assert truth(made, NOON + 5000).problem == "nccl-timeout"
    assert "ran for 600" in plain(log_bytes(made, NOON + 5000))


def test_what_is_idle_says_so_once() -> None:
    for seed in range(6):
        made = job(behaviour="idle", seed=seed, hours=8)
        log = Log(made)
        assert log.size(NOON + 300) == log.size(NOON + 28_000) > 300
        assert log.truth(NOON + 28_000).problem == "idle"
        assert "waiting for debugger" in plain(log.read(NOON + 300)) or "Jupyter Server" in plain(log.read(NOON + 300))


def test_errors_go_to_their_own_file_where_they_were_asked_to() -> None:
    together = end(job("lora-13b"), "FAILED", 3600)
    apart = end(job("lora-13b", error="logs/%j.err"), "FAILED", 3600)
    now = NOON + 4000
    out, err = log_bytes(apart, now), log_bytes(apart, now, "err")
    assert len(out) + len(err) == len(log_bytes(together, now))
    assert b"Traceback" not in out
    assert b"Traceback" in err
    assert b"{'loss'" in out
    assert log_bytes(together, now, "err") == b""
    assert not Log(together, "err").exists(now)


def test_what_never_ran_has_no_log() -> None:
    made = job()
    made.state, made.held_nodes, made.started = "PENDING", (), 0.0
    assert not Log(made).exists(NOON)
    assert (log_bytes(made, NOON), Log(made).size(NOON), Log(made).modified(NOON)) == (b"", 0, 0.0)
    assert truth(made, NOON).step == -1


def test_a_small_share_of_logs_is_hostile_on_purpose() -> None:
    kinds = [truth(job(seed=s), NOON + 1) for s in range(800)]
    share = sum(bool(t.hostile) for t in kinds) / 800
    assert 0.07 < share < 0.18
    assert {t.hostile for t in kinds} - {""} == set(HOSTILE)
    marks = {
        "escape": b"\x1b[2J", "title": b"\x1b]0;", "bell": b"\x07", "invalid": b"\xff\xfe",
        "cp949": "정보".encode("cp949"), "controls": b"\x9b31m", "bidi": "\u202e".encode(),
    }  # fmt: skip
    for seed, told in enumerate(kinds):
        if told.hostile == "long":
            lines = log_bytes(job(seed=seed), NOON + 12_000).split(b"\n")
            assert max(map(len, lines)) > 30_000
        elif told.hostile:
            assert marks[told.hostile] in log_bytes(job(seed=seed), NOON + 12_000)


@pytest.mark.usefixtures("forgetful")
def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_KEPT", 300_000)
    made = job("pretrain-7b", hours=48)
    whole = log_bytes(made, NOON + 170_000)
    assert len(whole) > 1_000_000
    assert sum(map(logs._weight, logs._shelf.values())) == logs._kept <= 300_000
    assert log_bytes(made, NOON + 170_000) == whole


def test_a_restart_begins_the_file_anew() -> None:
    sim = world()
    made = submit(sim, name="sft-32b", accelerators=4)
    sim.advance(NOON + 1800)
    assert made.running
    before = log_bytes(made, sim.now)
    sim.requeue(made)
    assert not Log(made).exists(sim.now)
    old = next(run for run in sim.history() if run.id == made.id)
    assert log_bytes(old, sim.now).startswith(before)
    assert "DUE TO JOB REQUEUE" in plain(log_bytes(old, sim.now))
    sim.advance(NOON + 4000)
    assert made.running
    again = log_bytes(made, sim.now)
    assert again
    assert not again.startswith(before[:2000])


def test_all_of_a_site_has_logs_past_and_present() -> None:
    sim = Simulator(load_scenario("small").sites[0], 3, NOON)
    everything = [*sim.jobs.values(), *sim.history()]
    ran = [j for j in everything if j.held_nodes]
    assert len(ran) > 100
    states = set()
    for made in ran:
        told = truth(made, sim.now)
        states.add(made.state)
        assert told.size > 0 or sim.now - made.started < 3
        assert made.started <= told.last_write <= sim.now
        if made.finished and made.state not in ("COMPLETED", "NODE_FAIL"):
            assert told.problem, made.state
            assert told.last_write == made.ended
    assert {"RUNNING", "COMPLETED", "FAILED"} <= states
