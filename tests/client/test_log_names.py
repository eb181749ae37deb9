"""Which files hold the logs of a job, by what is known of it."""

from datetime import UTC, datetime

import pytest

from naru_client.logs.names import LogFile, files_of, files_of_many
from naru_client.model import Job
from naru_client.slurm.submitted import Files, files, with_files

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def job(number: int, **more: object) -> Job:
    usual: dict[str, object] = {"site": "s", "id": str(number), "job_id": number, "state": "RUNNING", "started": NOW}
    return Job(**{**usual, **more})  # type: ignore[arg-type]


def ended(number: int, **more: object) -> Job:
    return job(number, **{"state": "COMPLETED", "ended": NOW, "work_dir": "/w", **more})


def test_one_file_for_both_or_one_for_each() -> None:
    assert files_of(job(1, stdout="/w/o", stderr="/w/o")) == (LogFile("1", "both", "/w/o"),)
    assert files_of(job(1, stdout="/w/o", stderr="/w/e")) == (LogFile("1", "out", "/w/o"), LogFile("1", "err", "/w/e"))


@pytest.mark.parametrize(
    "one",
    [
        job(1),
        job(1, stdout="/dev/null"),
        job(1, stdout="/w/a\ufffdb"),
        job(1, state="PENDING", started=None, stdout="/w/o"),
        job(1, state="PENDING", started=None),
        job(6, id="6_[3-9]", array_id=6, array_tasks="3-9", state="PENDING", started=None),
        job(21, id="20+1", het_id=20, het_offset=1, stdout="/w/slurm-21.out"),
        ended(1, started=None),
        ended(1, work_dir=None),
    ],
)
def test_where_there_is_nothing_to_read_it_says_why(one: Job) -> None:
    assert [(file.label, file.path, bool(file.why), file.guessed) for file in files_of(one)] == [
        (one.id, "", True, False)
    ]


def test_a_name_that_nobody_told_is_marked_as_a_guess() -> None:
    assert files_of(ended(7)) == (LogFile("7", "both", "/w/slurm-7.out", guessed=True),)
    task = ended(9, id="6_2", array_id=6, array_task=2)
    assert files_of(task) == (LogFile("6_2", "both", "/w/slurm-6_2.out", guessed=True),)


def test_of_an_array_what_runs_comes_first() -> None:
    tasks = [
        ended(7, id="6_0", array_id=6, array_task=0, stdout="/0"),
        job(8, id="6_2", array_id=6, array_task=2, stdout="/2"),
        job(9, id="6_1", array_id=6, array_task=1, stdout="/1"),
    ]
    assert [file.label for file in files_of_many(tasks)] == ["6_1", "6_2", "6_0"]


@pytest.mark.parametrize(
    ("line", "output", "error"),
    [
        ("sbatch -o a-%j run.sh -o b", "a-%j", None),
        ("sbatch -oa --error=e run.sh", "a", "e"),
        ("/usr/bin/sbatch --parsable -Hp cpu --output a -e b --wrap=x -o y", "a", "b"),
        ("sbatch -J name -D /w --array 0-3%2 -c1 -o a run.sh", "a", None),
        ("sbatch -o a -o b run.sh", "b", None),
        ("sbatch --comment=two words -o a run.sh", None, None),
        ("sbatch run.sh -o a", None, None),
        ("sbatch -o", None, None),
        ("srun -o a hostname", None, None),
        ("", None, None),
    ],
)
def test_a_command_line_is_read_up_to_where_it_is_certain(line: str, output: str | None, error: str | None) -> None:
    assert files(line) == Files(output, error)


def test_the_files_of_a_command_line_are_those_of_the_task() -> None:
    task = ended(9, id="6_2", array_id=6, array_task=2, name="train", user="alice")
    found = with_files(task, "sbatch -o %x/%A_%a.out -e /e/%j run.sh")
    assert (found.stdout, found.stderr) == ("/w/train/6_2.out", "/e/9")
    assert with_files(task, "sbatch -e e run.sh") is task
    told = ended(9, stdout="/told", stderr="/told")
    assert with_files(told, "sbatch -o a run.sh") is told
    half_told = ended(9, name="allocation", work_dir=None)
    assert with_files(half_told, "sbatch -o /o/%x run.sh") is half_told
