"""Batch scripts as sbatch reads them. What each comes to was compared with `scontrol show job` of Slurm 22.05.8."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.errors import UsageError
from naru_client.insight.request import Asked, MemoryWish, Origin, Request, Totals, shape, totals
from naru_client.model import Accelerators
from naru_client.slurm.batch_script import read_job

MIB, GIB = 1 << 20, 1 << 30
HEAD = "#!/bin/bash\n"


def asked(*lines: str, options: tuple[str, ...] = (), **environment: str) -> Asked:
    return read_job(HEAD + "\n".join(lines) + "\n", file="job.sh", options=options, environment=environment)


def request(*lines: str, options: tuple[str, ...] = (), **environment: str) -> Request:
    (one,) = asked(*lines, options=options, **environment).requests
    return one


def test_every_field_knows_where_it_comes_from() -> None:
    one = request(
        '#SBATCH -J "my job" --gpus-per-node=h100:4   # four',
        "#SBATCH --time=1-2:3",
        options=("-N", "2"),
        SBATCH_QOS="debug",
    )
    assert (one.name, one.time_limit, one.qos, one.nodes and one.nodes.least) == ("my job", 93_780, "debug", 2)
    assert one.origins["name"] == Origin(
        "script", '-J "my job"', "job.sh", 2, "#SBATCH ", " --gpus-per-node=h100:4   # four"
    )
    assert one.origins["time_limit"] == Origin("script", "--time=1-2:3", "job.sh", 3, "#SBATCH ")
    assert one.origins["qos"] == Origin("environment", "SBATCH_QOS=debug")
    assert one.origins["nodes"] == Origin("option", "-N 2")
    assert one.accelerators[0].origin == one.origins["accelerators"]


@pytest.mark.parametrize(
    ("lines", "name", "limit"),
    [
        (["##SBATCH -t 9", " # x", "", "#SBATCH -t 8 # -t 7", " #SBATCH -t 6", "echo", "#SBATCH -t 5"], None, 480),
        (["#SBATCH-t7"], None, 420),
        (["#SBATCH\t-t\t5"], None, 300),
        (["#SBATCH -J a#b -t 5"], "a", None),
        (['#SBATCH -J "a b"#c', "#SBATCH -t 3"], "a b", 180),
        (["#SBATCH -J 'x \"y\"' -t 3"], 'x "y"', 180),
        (["#SBATCH -J a\\#b -t 3"], "a#b", 180),
        (["#SBATCH -J a\\ b -t 3"], "a b", 180),  # from Slurm 24.05; before, sbatch refuses it
        (["#SBATCH -J", "#SBATCH name -t 3"], "name", 180),
        (["#SBATCH -t 5", "#SBATCH -t 6"], None, 360),
        (["#SLURM -t 4"], None, 240),
    ],
)
def test_which_lines_count_and_how_words_are_cut(lines: list[str], name: str | None, limit: int | None) -> None:
    one = request(*lines)
    assert (one.name, one.time_limit) == (name, limit)


def test_options_go_over_the_environment_and_that_over_the_script() -> None:
    one = request("#SBATCH -t 5 -p h100 -A a", options=("-t", "4"), SBATCH_TIMELIMIT="3", SBATCH_PARTITION="h200,b200")
    assert (one.time_limit, one.pools, one.account) == (240, ("h200", "b200"), "a")
    assert {(gone.option, gone.value) for gone in one.overruled} == {
        ("time", "5"),
        ("time", "3"),
        ("partition", "h100"),
    }
    assert request("#SBATCH --overcommit", SBATCH_OVERCOMMIT="no").option("overcommit") is None


def test_memory_of_the_environment_gives_way() -> None:
    one = request("#SBATCH --mem=4G", SBATCH_MEM_PER_CPU="1G")
    assert one.memory == MemoryWish(4 * GIB, "node")
    assert [gone.option for gone in one.overruled] == ["mem-per-cpu"]
    assert request("#SBATCH --mem=0").memory == MemoryWish(None, "node")


def gpu(count: int, model: str | None = None) -> tuple[Accelerators, ...]:
    return (Accelerators("gpu", model, count),)


@pytest.mark.parametrize(
    ("line", "nodes", "tasks", "cpus", "memory", "devices"),
    [
        ("", 1, 1, 1, None, ()),
        ("-N2", 2, 2, 2, None, ()),
        ("-N4 -n2", 2, 2, 2, None, ()),
        ("-N 2-3", None, None, None, None, ()),
        ("-n1 -c4", 1, 1, 4, None, ()),
        ("-n 8", None, 8, 8, None, ()),
        ("--ntasks-per-node=4", 1, 4, 4, None, ()),
        ("--ntasks-per-node=4 -N2 -c 8", 2, 8, 64, None, ()),
        ("--mem=4100000K -N2", 2, 2, 2, 8008 * MIB, ()),
        ("--mem-per-cpu=1500 -n 6 -c 2 -N1", 1, 6, 12, 18_000 * MIB, ()),
        ("--mem=0 -N1", 1, 1, 1, None, ()),
        ("--gpus=4 -N1", 1, 1, None, None, gpu(4)),
        ("--gpus=h100:4", None, 1, None, None, gpu(4, "h100")),
        ("-N2 --gres=gpu:h100:4 --ntasks-per-node=4 -c 8", 2, 8, 64, None, gpu(8, "h100")),
        ("--gres=gpu:2", 1, 1, None, None, gpu(2)),
        ("-n 8 -c 4 --gpus-per-task=1", None, 8, 32, None, gpu(8)),
        ("--gpus=8 --gpus-per-task=2", None, 4, None, None, gpu(8)),
        ("--gpus=8 --gpus-per-node=4 -N2", 2, 2, None, None, gpu(8)),
        ("--gpus-per-socket=2 --sockets-per-node=2 -N1", 1, 2, None, None, gpu(4)),
        ("--gpus-per-socket=2 -N1", 1, 1, None, None, None),
        ("--gpus=8 --ntasks-per-gpu=2 -N1", 1, 16, None, None, gpu(8)),
        ("--gpus=8 --cpus-per-gpu=6 -N1", 1, 1, 48, None, gpu(8)),
        ("--mem-per-gpu=8G --gpus=4 -N1", 1, 1, None, 32 * GIB, gpu(4)),
        ("--gpus-per-node=2 -N 2-4", None, None, None, None, None),
        ("--gpus=0", 1, 1, 1, None, ()),
        ("--tres-per-task=cpu=4,gres/gpu:h100=1 -n2 -N1", 1, 2, 8, None, gpu(2, "h100")),
        ("--gres=npu:rngd:2", 1, 1, None, None, (Accelerators("npu", "rngd", 2),)),
        ("-w cpu-01,cpu-02", None, None, None, None, ()),
    ],
)
def test_what_it_comes_to(
    line: str,
    nodes: int | None,
    tasks: int | None,
    cpus: int | None,
    memory: int | None,
    devices: tuple[Accelerators, ...] | None,
) -> None:
    found = totals(request("#SBATCH " + line))
    assert (found.nodes, found.tasks, found.cpus, found.memory, found.accelerators) == (
        nodes,
        tasks,
        cpus,
        memory,
        devices,
    )


def test_an_exclusive_job_gets_more_than_it_asks_for() -> None:
    """One GPU asked for, with --exclusive: Slurm gave all eight of the node, and its 64 processors."""
    found = totals(request("#SBATCH --exclusive --gpus=1 -N1 -c 2 --mem-per-cpu=1G"))
    assert found.whole_nodes
    assert found.memory is None  # of the 64, not of the two
    assert (found.nodes, found.cpus, found.accelerators) == (1, None, None)


def test_a_range_of_nodes_adds_up_once_the_number_is_chosen() -> None:
    one = request("#SBATCH --gpus-per-node=2 --ntasks-per-node=2 -c 3 -N 2-4")
    assert totals(one).nodes_least == 2
    assert totals(one, nodes=3) == Totals(
        nodes=3, nodes_least=2, tasks=6, cpus=18, memory=None, accelerators=gpu(6), whole_nodes=False
    )


def test_parts_of_a_heterogeneous_job() -> None:
    """What does not belong to one part goes on: part 1 keeps the time and the memory, and not the processors."""
    first, second = asked("#SBATCH -t 9 -J a -c 2 --mem=2G", "#SBATCH hetjob", "#SBATCH -n2 -p h100").requests
    assert (second.part, second.parts, second.name, second.time_limit, second.pools) == (1, 2, "a", 540, ("h100",))
    assert (second.cpus_per_task, second.memory, second.tasks) == (None, first.memory, 2)


def test_parts_of_the_options_meet_parts_of_the_script() -> None:
    parts = asked(
        "#SBATCH -c 3", "#SBATCH hetjob", "#SBATCH -n2", "#SBATCH packjob", "#SBATCH -n3",
        options=("-t", "5", ":", "-t", "6"),
    ).requests  # fmt: skip
    assert [(one.time_limit, one.tasks, one.cpus_per_task) for one in parts] == [
        (300, None, 3),
        (360, 2, None),
        (360, 3, None),
    ]
    parts = asked("#SBATCH -t 8 -c 3", options=("-N1", ":", "-n2")).requests
    assert [(one.time_limit, one.cpus_per_task) for one in parts] == [(480, 3), (480, None)]


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (["#SBATCH -J my job"], "job.sh, line 2: job: this belongs to no option"),
        (["", "#SBATCH -t 4h"], "job.sh, line 3: -t 4h: a time is minutes, H:M:S or D-H:M:S, or infinite"),
        (["#SBATCH --gres=gpu:h100:x"], "job.sh, line 2: --gres=gpu:h100:x: x is not a number of accelerators"),
        (['#SBATCH -J "abc'], 'job.sh, line 2: #SBATCH -J "abc: the quote " is not closed'),
        (["#SBATCH -N1 : -N2"],
         "job.sh, line 2: #SBATCH -N1 : -N2: a colon cannot stand here: the next part begins with hetjob"),
        (["#SBATCH -J hetjob -t 5"], "job.sh, line 2: 5: this belongs to no option"),  # sbatch drops the word hetjob
        (["#SBATCH --mem=4G", "#SBATCH --mem-per-cpu=1G"],
         "job.sh, line 3: --mem-per-cpu=1G: it cannot be given together with --mem=4G (job.sh, line 2)"),
        (["#SBATCH --mem=2G", "#SBATCH hetjob", "#SBATCH --mem-per-cpu=1G"],
         "job.sh, line 4: --mem-per-cpu=1G: it cannot be given together with --mem=2G (job.sh, line 2)"),
        (["#SBATCH -c 4 --cpus-per-gpu=2"],
         "job.sh, line 2: --cpus-per-gpu=2: it cannot be given together with -c 4 (job.sh, line 2)"),
        (["#SBATCH --gpus-per-node=h100:2 --gpus=4"],
         "job.sh, line 2: --gpus=4: it names no model, and --gpus-per-node=h100:2 (job.sh, line 2) does: "
         "Slurm takes only one way"),
        (["#SBATCH -a 1-3", "#SBATCH hetjob"], "job.sh, line 2: -a 1-3: a job of several parts cannot be an array"),
        (["#SBATCH --exclusive=yes"], "job.sh, line 2: --exclusive=yes: it may be user, mcs or topo, or have no value"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_line_and_word(lines: list[str], wrong: str) -> None:
    with pytest.raises(UsageError) as error:
        asked(*lines)
    assert error.value.message == wrong


def test_a_mistake_in_the_environment_or_the_options() -> None:
    with pytest.raises(UsageError, match="the environment: SBATCH_TIMELIMIT=4h: a time is"):
        request(SBATCH_TIMELIMIT="4h")
    with pytest.raises(UsageError, match="the options: -N=2: a number of nodes") as error:
        request(options=("-N=2",))
    assert error.value.hint == "a short option takes its value without ="


@pytest.mark.parametrize(
    ("script", "words", "line"),
    [
        ("", "the script is empty", 1),
        (" \n\n", "the script is empty", 1),
        ("#SBATCH -t 5\n", "the first line must begin with #!", 1),
        (HEAD + "#SBATCH -t 5\r\n", "CR LF", 2),
        (HEAD + "echo a\0b\n", "NUL", 2),
    ],
)
def test_what_sbatch_refuses_is_told_and_still_read(script: str, words: str, line: int) -> None:
    (note,) = read_job(script, file="job.sh").notes
    assert words in note.text
    assert note.refused
    assert note.origin is not None
    assert (note.origin.line, note.origin.file) == (line, "job.sh")


def test_lines_with_windows_ends_are_read_like_others() -> None:
    (one,) = read_job(HEAD + "#SBATCH -t 5\r\n#SBATCH -J x\r\n", file="job.sh").requests
    assert (one.time_limit, one.name) == (300, "x")


def test_an_unknown_option_is_kept_and_told() -> None:
    found = asked("#SBATCH --foo=3 -t 5 --bar baz")
    assert [(one.option, one.value) for one in found.requests[0].unknown] == [("foo", "3"), ("bar", "baz")]
    assert [note.origin and note.origin.word for note in found.notes] == ["--foo=3", "--bar baz"]
    assert found.requests[0].time_limit == 300


def test_a_directive_after_the_first_command_is_told() -> None:
    (note,) = asked("module load cuda", "#SBATCH -t 5").notes
    assert note.text == "this does not count: it stands after the first command, on line 2"
    assert note.origin
    assert (note.origin.line, note.origin.word) == (3, "#SBATCH -t 5")


def test_lines_of_another_batch_system_leave_the_totals_unknown() -> None:
    """sbatch made 2 nodes and 8 tasks of it, and the name of the #PBS line: it goes over that of #SBATCH."""
    found = asked("#PBS -N pbsname -l walltime=01:00:00,nodes=2:ppn=4", "#SBATCH -J sb")
    assert found.requests[0].foreign == "#PBS"
    assert totals(found.requests[0]).nodes is None
    assert "#PBS" in found.notes[0].text
    for one in (request("#PBS -N x", options=("--ignore-pbs",)), request("#PBS -N x", SBATCH_IGNORE_PBS="yes")):
        assert one.foreign is None


def test_options_without_a_script() -> None:
    (one,) = read_job(None, options=("-N", "1", "--gpus=8", "-t", "4:00:00")).requests
    assert (totals(one).accelerators, one.time_limit) == (gpu(8), 14_400)


def test_a_shape_is_a_request() -> None:
    one = shape(accelerators=8, model="h100", nodes=1, seconds=4 * 3600 + 1)
    assert (totals(one).accelerators, totals(one).nodes, one.time_limit) == (gpu(8, "h100"), 1, 14_460)
    assert totals(shape()).accelerators == ()


def test_nothing_of_a_script_reaches_the_terminal_uncleaned() -> None:
    one = request("#SBATCH -J \x1b[31mred --comment=\x1b]0;x\x07y")
    assert not any("\x1b" in text for text in (one.name or "", one.comment or "", one.origins["name"].word))
    assert "\x1b" not in (one.given[0].value or "")


_WORDS = st.lists(
    st.sampled_from(
        ["-N2", "-N", "--nodes=1-2", "-c", "4", "--gpus=h100:2", "--gres=gpu:1", "--mem=4G", "--mem-per-cpu=1G", "-t",
         "1-2", "hetjob", ":", '"', "'", "\\", "#", "--", "--foo", "-J", "x y", "\r", "\x1b[2J", "--time=4h",
         "-a", "0-9%2", "="]
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.sampled_from(["#SBATCH ", "#SBATCH", "# ", "#PBS ", "echo ", "", "#SLURM "]), _WORDS), max_size=6
    )
)
def test_any_script_is_read_or_refused_with_its_line(lines: list[tuple[str, list[str]]]) -> None:
    text = "\n".join(start + " ".join(words) for start, words in lines)
    try:
        found = read_job(text, file="job.sh")
    except UsageError as refusal:
        words = refusal.message
    else:
        words = "job.sh, line "
        for one in found.requests:
            amounts = totals(one)
            assert 0 not in (amounts.nodes, amounts.tasks, amounts.cpus, amounts.memory)
            assert len({given.option for given in one.given}) == len(one.given)
    assert words.startswith("job.sh, line ")


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(["-N2", "-c4", "-t5", "--gpus=2", "--exclusive", "-n8", "--qos=a b", "-Jx#y"]), unique=True
    )
)
def test_a_script_and_options_say_the_same(words: list[str]) -> None:
    in_script = request(*("#SBATCH " + '"' + word + '"' for word in words))
    beside = request(options=tuple(words))
    assert [(one.option, one.value) for one in in_script.given] == [(one.option, one.value) for one in beside.given]
    assert totals(in_script) == totals(beside)


def test_a_long_line_is_read_and_too_many_parts_are_refused() -> None:
    line = "#SBATCH --array=" + ",".join(map(str, range(0, 200_000, 2)))
    (request,) = read_job(f"#!/bin/sh\n{line}\n").requests
    assert request.array is not None
    assert request.array.tasks == 100_000
    part = "#SBATCH hetjob\n#SBATCH --gpus=1\n"
    with pytest.raises(UsageError, match="1024 parts"):
        read_job("#!/bin/sh\n#SBATCH --gpus=1\n" + part * 5000)


def test_an_array_that_names_its_indexes_again_and_again_is_refused() -> None:
    with pytest.raises(UsageError, match="too often"):
        read_job("#!/bin/sh\n#SBATCH --array=" + ",".join(["0-4000000"] * 400) + "\n")
