"""sbatch's options and their values, as https://slurm.schedmd.com/sbatch.html and Slurm 22.05.8 have them.

Every refusal here was seen of a real sbatch or slurmctld 22.05.8, but for the few that say otherwise.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naru_client.errors import UsageError
from naru_client.insight.request import AcceleratorWish, ArrayWish, Span
from naru_client.slurm import batch_values as values
from naru_client.slurm.batch_options import ENVIRONMENT, LONG, OF_ONE_PART, SHORT, Word, read_environment, read_words

HOUR, DAY, MIB, GIB = 3600, 86400, 1 << 20, 1 << 30


def options(*words: str) -> list[tuple[str, str | None]]:
    known, unknown = read_words([Word(word) for word in words])
    return [(one.option, one.value) for one in (*known, *unknown)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--nodes=2"], [("nodes", "2")]),
        (["--nodes", "2"], [("nodes", "2")]),
        (["-N2"], [("nodes", "2")]),
        (["-N", "2"], [("nodes", "2")]),
        (["-HN2"], [("hold", None), ("nodes", "2")]),
        (["-HsN", "2"], [("hold", None), ("oversubscribe", None), ("nodes", "2")]),
        (["--part=h100"], [("partition", "h100")]),
        (["--tasks-per-node=4", "--cluster=a"], [("ntasks-per-node", "4"), ("clusters", "a")]),
        (["--exclusive", "--exclusive=user"], [("exclusive", None), ("exclusive", "user")]),
        (["--nice", "-k", "-koff"], [("nice", None), ("no-kill", None), ("no-kill", "off")]),
        (["--comment", "--mem=1G"], [("comment", "--mem=1G")]),
        (["--comment="], [("comment", "")]),
        (["-t", "-1"], [("time", "-1")]),
        (["--foo=3", "--bar", "4", "-N2"], [("nodes", "2"), ("foo", "3"), ("bar", "4")]),
        (["-t5", "--"], [("time", "5")]),
    ],
)
def test_words_are_read_as_sbatch_reads_them(words: list[str], expected: list[tuple[str, str | None]]) -> None:
    assert options(*words) == expected


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["--time"], "the options: --time: this option needs a value"),
        (["-t"], "the options: -t: this option needs a value"),
        (["--hold=yes"], "the options: --hold=yes: this option takes no value"),
        (["--nod=2"], "the options: --nod=2: this may mean any of --nodefile, --nodelist, --nodes"),
        (["-J", "my", "job"], "the options: job: this belongs to no option"),
        (["--exclusive", "user"], "the options: user: this belongs to no option"),
        (["--", "x"], "the options: x: this belongs to no option"),
    ],
)
def test_what_cannot_be_read_names_the_word(words: list[str], wrong: str) -> None:
    with pytest.raises(UsageError) as error:
        options(*words)
    assert error.value.message == wrong


def test_the_environment_sets_options_and_switches_them_off() -> None:
    found, off = read_environment(
        {"SBATCH_TIMELIMIT": "5", "SBATCH_EXCLUSIVE": "", "SBATCH_OVERCOMMIT": "yes", "SBATCH_WAIT": "2",
         "SBATCH_REQUEUE": "", "SBATCH_SPREAD_JOB": "no", "SBATCH_NO_REQUEUE": "0", "SLURM_TIMELIMIT": "9"}
    )  # fmt: skip
    assert {(one.option, one.value) for one in found} == {
        ("time", "5"), ("exclusive", None), ("overcommit", None), ("wait", None), ("requeue", None),
    }  # fmt: skip
    assert sorted(off) == ["no-requeue", "spread-job"]
    assert found[-1].origin.source == "environment"
    assert {"SBATCH_TIMELIMIT=5"} <= {one.origin.word for one in found}


def test_the_tables_agree_with_each_other() -> None:
    assert SHORT["N"] == LONG["nodes"]
    assert len({option.name for option in SHORT.values()}) == len(SHORT)
    assert OF_ONE_PART <= {option.name for option in LONG.values()}
    assert all(option.name in LONG for option in (*LONG.values(), *ENVIRONMENT.values()))
    assert ENVIRONMENT["SBATCH_MEM_PER_NODE"] == LONG["mem"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90 * 60), ("90:30", 91 * 60), ("1:30:01", 91 * 60), ("1-", DAY), ("1-12", DAY + 12 * HOUR),
        ("1-2:3", DAY + 2 * HOUR + 180), ("1-2:3:4", DAY + 2 * HOUR + 240), ("0:1", 60), ("00:00:60", 60),
        ("infinite", None), ("UNLIMITED", None), ("-1", None), ("0", None), ("0-0", None),
    ],
)  # fmt: skip
def test_a_time_is_whole_minutes_rounded_up(text: str, seconds: int | None) -> None:
    assert values.duration(text) == seconds


# -5 is taken by Slurm 22.05, for a limit of 2,982,611 days.
@pytest.mark.parametrize(
    "text", ["", "4h", "5:", ":5", "1:2:3:4", "1-2:", "1-2-3", "-", "-5", " 5", "٣", "1.5", "9" * 12]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="a time is minutes"):
        values.duration(text)


@given(st.integers(1, 10**7))
def test_a_time_is_the_same_in_every_form(minutes: int) -> None:
    hours, rest = divmod(minutes, 60)
    forms = [str(minutes), f"{minutes}:00", f"{hours}:{rest}:00", f"{hours // 24}-{hours % 24}:{rest}:0"]
    assert {values.duration(form) for form in forms} == {minutes * 60}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("4096", 4 * GIB), ("4G", 4 * GIB), ("4gb", 4 * GIB), ("1T", 1024 * GIB), ("100M", 100 * MIB),
        ("4100000K", 4004 * MIB), ("1K", MIB), ("0", None), ("0G", None),
    ],
)  # fmt: skip
def test_memory_is_bytes(text: str, amount: int | None) -> None:
    assert values.memory(text) == amount


@pytest.mark.parametrize("text", ["", "1.5G", "1P", "G", "-1", "4 G", "lots"])
def test_what_is_no_memory(text: str) -> None:
    with pytest.raises(ValueError, match="memory is a whole number"):
        values.memory(text)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2", Span(2, 2)), ("2-4", Span(2, 4)), ("-4", Span(1, 4)), ("1-1k", Span(1, 1024)),
        ("1,2,8", Span(1, 8)), ("4-16:4", Span(4, 16)),  # lists of sizes: Slurm from 23.11
    ],
)  # fmt: skip
def test_nodes_are_one_number_or_two(text: str, span: Span) -> None:
    assert values.nodes(text) == span


@pytest.mark.parametrize("text", ["", "4-2", "2-", "x", "=2", "1.5", "0"])  # 0 is taken by Slurm, for a job of nothing
def test_what_is_no_number_of_nodes(text: str) -> None:
    with pytest.raises(ValueError, match="a number of nodes"):
        values.nodes(text)


@pytest.mark.parametrize("text", ["", "0", "-3", "x", "1k", "2.0", "٣"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        values.number(text)


@pytest.mark.parametrize(
    ("text", "tasks", "at_once"),
    [
        ("0-15", 16, None), ("0,5,7-9:2%2", 4, 2), ("1-10:2%0", 5, None), ("[1-10:3],4", 4, None), ("1, 3", 2, None),
        ("3,3,1-5", 5, None), ("7", 1, None), ("0-4000000", 4_000_001, None),
    ],
)  # fmt: skip
def test_an_array_is_counted(text: str, tasks: int, at_once: int | None) -> None:
    assert values.array(text) == ArrayWish(text, tasks, at_once)


# The two with a bare or odd % are taken by Slurm as no limit, which nobody means.
@pytest.mark.parametrize("text", ["", "3-1", "1-3:0", "a", "1-", "1,,2", "1-3%", "1-3%x", "-1", "0-999999999"])
def test_what_is_no_array(text: str) -> None:
    with pytest.raises(ValueError, match=r"array|after %"):
        values.array(text)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 7)), min_size=1, max_size=6))
def test_equal_indexes_count_once(ranges: list[tuple[int, int, int]]) -> None:
    text = ",".join(f"{first}-{first + more}:{step}" for first, more, step in ranges)
    chosen = {index for first, more, step in ranges for index in range(first, first + more + 1, step)}
    assert values.array(text).tasks == len(chosen)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4", [(None, 4)]), ("h100", [("h100", 1)]), ("H100:4", [("h100", 4)]),
        ("h100:2,h200:1", [("h100", 2), ("h200", 1)]), ("0", []), ("h100:1K", [("h100", 1024)]),
        ("nvidia_a100_3g.20gb:2", [("nvidia_a100_3g.20gb", 2)]),
    ],
)  # fmt: skip
def test_gpus_have_a_count_and_may_have_a_model(text: str, found: list[tuple[str | None, int]]) -> None:
    assert values.gpus(text, "job") == tuple(AcceleratorWish("gpu", model, count, "job") for model, count in found)


@pytest.mark.parametrize("text", ["", "h100:x", ":2", "h100:a:2", "4,h100:2", "1.5", "4,,2"])
def test_what_is_no_number_of_gpus(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        values.gpus(text, "job")


@pytest.mark.parametrize(
    ("text", "found", "others"),
    [
        ("gpu:h100:4", [("gpu", "h100", 4)], ()), ("gpu:2", [("gpu", None, 2)], ()), ("gpu", [("gpu", None, 1)], ()),
        ("gpu:h100", [("gpu", "h100", 1)], ()), ("gres/gpu:2", [("gpu", None, 2)], ()),
        ("gres:gpu:2", [("gpu", None, 2)], ()), ("npu:rngd:2,shard:4", [("npu", "rngd", 2)], ("shard:4",)),
        ("none", [], ()), ("lustre:1,gpu:0", [], ("lustre:1",)),
    ],
)  # fmt: skip
def test_generic_resources(text: str, found: list[tuple[str, str | None, int]], others: tuple[str, ...]) -> None:
    wishes, rest = values.resources(text, "node")
    assert [(wish.kind, wish.model, wish.count) for wish in wishes] == found
    assert rest == others


@pytest.mark.parametrize("text", ["", "gpu:h100:x", "gpu=2", "gpu:", "gpu::2", "gpu:a:b:2", "gpu:2,gpu:h100:2"])
def test_what_is_no_generic_resource(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        values.resources(text, "node")


def test_what_a_task_asks_for() -> None:  # https://slurm.schedmd.com/sbatch.html#OPT_tres-per-task
    assert values.tres_per_task("cpu=4,gres/gpu:h100=2,license/iop1=4") == (
        4,
        (AcceleratorWish("gpu", "h100", 2, "task"),),
    )
    assert values.tres_per_task("cpu:4") == (4, ())
    with pytest.raises(ValueError, match="a task's resources"):
        values.tres_per_task("mem=4G")
