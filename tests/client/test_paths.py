"""Output templates as paths."""

import pytest

from naru_client.slurm import paths


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("slurm-%j.out", "/home/a/slurm-12.out"),
        ("slurm-%A_%a.out", "/home/a/slurm-6_4.out"),
        ("%x-%u-%N.log", "/home/a/train-alice-b200-01.log"),
        ("/logs/%J.%s.%n.%t", "/logs/12.batch.0.0"),
        ("%4j-%2a-%03A", "/home/a/0012-04-006"),
        ("%99j", "/home/a/0000000012"),
        ("100%%-%j", "/home/a/100%-12"),
        ("../out/./%j", "/home/out/12"),
        ("%q%j", "/home/a/%q12"),
        ("%5J", "/home/a/00012"),
        ("%12q-%5.out", "/home/a/2q-5.out"),
        ("%10x-%3u", "/home/a/train-alice"),
        ("no\\expansion-%j", "/home/a/noexpansion-%j"),
        ("%%\\\\%j\\", "/home/a/%%\\%j"),
        ("plain", "/home/a/plain"),
    ],
)
def test_every_directive(template: str, expected: str) -> None:
    path = paths.expand(
        template, job_id=12, name="train", user="alice", array_id=6, array_task=4,
        node_list="b200-[01-02].site", work_dir="/home/a",
    )  # fmt: skip
    assert path == expected


def test_outside_an_array_the_master_number_is_the_jobs_own() -> None:
    assert paths.expand("%A_%a", job_id=12) == "12_4294967294"


@pytest.mark.parametrize("template", ["%j", "%a", "%J", "%N", "%b"])
def test_a_group_of_pending_tasks_has_no_single_file(template: str) -> None:
    assert paths.expand(template, job_id=6, array_id=6, group=True, node_list="n1") is None


def test_a_group_has_one_file_when_its_template_does_not_differ_by_task() -> None:
    assert paths.expand("/logs/%A-%x.out", job_id=6, array_id=6, name="sweep", group=True) == "/logs/6-sweep.out"


def test_what_is_not_known_yet_gives_no_path() -> None:
    assert paths.expand("%N.out", job_id=1) is None
    assert paths.expand("%u.out", job_id=1) is None


def test_a_directive_that_not_all_releases_know_gives_no_path() -> None:
    assert paths.expand("%A-%b.out", job_id=9, array_id=6, array_task=4) is None


def test_a_path_without_a_working_folder_stays_relative() -> None:
    assert paths.expand("slurm-%j.out", job_id=1) == "slurm-1.out"


def test_what_slurm_expanded_is_taken_as_it_is() -> None:
    assert paths.output("slurm-%j.out", "/tmp/a%j.out", batch=True, job_id=3) == "/tmp/a%j.out"


def test_an_expansion_without_a_task_is_never_shown() -> None:
    trap = "/tmp/slurm-6_4294967294.out"
    assert paths.output("slurm-%A_%a.out", trap, batch=True, job_id=6, array_id=6, group=True) is None
    assert paths.output(trap, None, batch=True, job_id=6, array_id=6, group=True) is None
    assert paths.output("/l/slurm-6.out", None, batch=True, job_id=6, array_id=6, group=True) is None
    assert paths.output(trap, None, batch=True, job_id=6) is None


def test_a_batch_job_that_names_no_file_writes_to_slurms_default() -> None:
    assert paths.output("", None, batch=True, job_id=7, work_dir="/w") == "/w/slurm-7.out"
    assert paths.output(None, "", batch=True, job_id=9, array_id=6, array_task=2, work_dir="/w") == "/w/slurm-6_2.out"
    assert paths.output("", None, batch=False, job_id=7, work_dir="/w") is None
    assert paths.output("", None, batch=None, job_id=7, work_dir="/w") is None


def test_a_task_without_a_name_of_its_own_writes_by_its_task() -> None:
    task = {"batch": None, "job_id": 9, "array_id": 6, "array_task": 2, "work_dir": "/w"}
    assert paths.output("/w/slurm-9.out", None, **task) == "/w/slurm-6_2.out"  # type: ignore[arg-type]
    assert paths.output("/w/slurm-%j.out", None, **task) == "/w/slurm-9.out"  # type: ignore[arg-type]
    assert paths.output("/w/slurm-8.out", None, **task) == "/w/slurm-8.out"  # type: ignore[arg-type]
    assert paths.output("/w/slurm-9.out", None, batch=None, job_id=9, work_dir="/w") == "/w/slurm-9.out"
