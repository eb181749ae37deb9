"""A site's rules, and KISTI's: https://docs-ksc.gitbook.io/neuron-user-guide (as of 2026-08-12)."""

import re
from pathlib import Path

import pytest

import naru_client
from naru_client.errors import UsageError
from naru_client.insight.request import shape
from naru_client.insight.site_check import check
from naru_client.insight.site_rules import Checked, SiteRules, Submission, read_rules
from naru_client.slurm.batch_script import read_job

HEAD = "#!/bin/bash\n"
GOOD = '#SBATCH --comment="field=nlp;appl=pytorch"'
SCRATCH = Submission(user="kim", directory="/scratch/kim/run1")


@pytest.fixture(scope="module")
def kisti() -> SiteRules:
    path = Path(naru_client.__file__).parent / "site_rules" / "kisti.toml"
    return read_rules(path.read_text(encoding="utf-8"), "kisti.toml")


def checked(
    rules: SiteRules, *lines: str, where: Submission = SCRATCH, options: tuple[str, ...] = (), **env: str
) -> Checked:
    job = read_job(HEAD + "\n".join(lines) + "\n", file="job.sh", options=options, environment=env)
    return check(rules, job.requests, where)


def told(found: Checked) -> list[tuple[str, str, int | None, str | None]]:
    return [(one.rule, one.effect, one.origin.line if one.origin else None, one.instead) for one in found.findings]


def test_a_job_that_keeps_the_rules(kisti: SiteRules) -> None:
    lines = (GOOD, "#SBATCH -p eme_h200nv_8 -N1 --ntasks-per-node=2 --gres=gpu:2 -c 8 -t 48:00:00")
    assert checked(kisti, *lines) == Checked(())


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([GOOD, "#SBATCH --mem=64G"], [("no-mem", "not-allowed", 3, "")]),
        ([GOOD, "#SBATCH --mem=64G # all of it"], [("no-mem", "not-allowed", 3, "")]),
        ([GOOD, "#SBATCH -N1 --mem 64G -J x"], [("no-mem", "not-allowed", 3, "#SBATCH -N1 -J x")]),
        ([GOOD, "#SBATCH --mem=64G", "#SBATCH --mem=32G"],
         [("no-mem", "not-allowed", 3, ""), ("no-mem", "not-allowed", 4, "")]),
        ([], [("comment", "not-allowed", None, '#SBATCH --comment="field=<field>;appl=<appl>"')]),
        (["#SBATCH --comment pytorch"],
         [("comment", "not-allowed", 2, '#SBATCH --comment="field=<field>;appl=pytorch"')]),
        (["#SBATCH --comment=appl=vllm -N1"],
         [("comment", "not-allowed", 2, '#SBATCH --comment="field=<field>;appl=vllm" -N1')]),
        (['#SBATCH --comment="field=chemistry;appl=vllm"'], [("comment", "check", 2, None)]),
        ([GOOD, "#SBATCH -p amd_a100nv_8 -N1 --gres=gpu:2 -n 2 -c 10"],
         [("cores-per-gpu", "may-wait", 3, "#SBATCH -p amd_a100nv_8 -N1 --gres=gpu:2 -n 2 --cpus-per-task=8")]),
        ([GOOD, "#SBATCH --gpus=h200:1", "#SBATCH --cpus-per-gpu=12"],
         [("cores-per-gpu", "may-wait", 4, "#SBATCH --cpus-per-gpu=8")]),
        ([GOOD, "#SBATCH -p eme_h200nv_8 -N1 -n 20 --gres=gpu:2"], [("cores-per-gpu", "may-wait", 3, None)]),
        ([GOOD, "#SBATCH -p cas_v100_4 -N1 -c 10 --gres=gpu:1"], []),
        ([GOOD, "#SBATCH --time=3-0"], [("wall-time", "check", 3, "#SBATCH --time=48:00:00")]),
        ([GOOD, "#SBATCH -t infinite"], [("wall-time", "check", 3, "#SBATCH --time=48:00:00")]),
        ([GOOD, "#SBATCH --exclusive"], [("exclusive-waits", "advice", 3, "")]),
    ],
)  # fmt: skip
def test_what_breaks_a_rule(
    kisti: SiteRules, lines: list[str], expected: list[tuple[str, str, int | None, str | None]]
) -> None:
    assert told(checked(kisti, *lines)) == expected


@pytest.mark.parametrize(
    ("directory", "fine"),
    [("/scratch/kim", True), ("/scratch/kim/a/../b", True), ("/scratch/kimchi", False), ("/scratch/kim/../lee", False),
     ("/home01/kim", False)],
)  # fmt: skip
def test_where_it_is_submitted_from(kisti: SiteRules, directory: str, fine: bool) -> None:
    found = checked(kisti, GOOD, where=Submission(user="kim", directory=directory))
    assert told(found) == ([] if fine else [("submit-from-scratch", "refused", None, "cd /scratch/kim")])


def test_what_is_not_known_is_never_taken_for_kept(kisti: SiteRules) -> None:
    lines = (GOOD, "#SBATCH -p eme_h200nv_8 --gres=gpu:2 -n 2 -c 10")  # on one node or on two
    found = checked(kisti, *lines, where=Submission(user="kim"))
    assert found.findings == ()
    assert [rule for rule, _why in found.unchecked] == ["submit-from-scratch", "cores-per-gpu"]


def test_an_interactive_job_has_a_limit_of_its_own(kisti: SiteRules) -> None:
    where = Submission(user="kim", directory="/scratch/kim", interactive=True)
    assert told(checked(kisti, GOOD, "#SBATCH -t 9:00:00", where=where)) == [
        ("interactive-wall-time", "check", 3, "#SBATCH --time=8:00:00")
    ]
    assert told(checked(kisti, GOOD, "#SBATCH -t 9:00:00")) == []


def test_options_and_variables_are_mended_where_they_are(kisti: SiteRules) -> None:
    found = checked(kisti, GOOD, options=("-t", "3-0"), SBATCH_MEM_PER_NODE="4G")
    assert told(found) == [
        ("no-mem", "not-allowed", None, "unset SBATCH_MEM_PER_NODE"),
        ("wall-time", "check", None, "--time=48:00:00"),
    ]
    assert found.findings[0].text == "SBATCH_MEM_PER_NODE=4G may not be given here"
    assert told(checked(kisti, GOOD, SBATCH_TIMELIMIT="3-0"))[0][3] == "export SBATCH_TIMELIMIT=48:00:00"


def test_a_line_that_is_mended_keeps_the_rule(kisti: SiteRules) -> None:
    for line in ("#SBATCH --mem=1G -N1", "#SBATCH -N1 -t 3-0", "#SBATCH -p amd_a100nv_8 -N1 --gpus=2 -n2 -c 12"):
        (finding,) = checked(kisti, GOOD, line).findings
        assert finding.instead is not None
        assert checked(kisti, GOOD, finding.instead) == Checked(())


def test_a_shape_is_checked_too(kisti: SiteRules) -> None:
    found = check(kisti, [shape(accelerators=1, model="h200", tasks=1, cpus_per_task=16, seconds=200_000)], SCRATCH)
    assert [(one.rule, one.origin, one.instead) for one in found.findings] == [
        ("comment", None, '#SBATCH --comment="field=<field>;appl=<appl>"'),
        ("cores-per-gpu", None, None),
        ("wall-time", None, "--time=48:00:00"),
    ]


def test_every_part_is_checked_and_the_folder_once(kisti: SiteRules) -> None:
    found = checked(
        kisti,
        GOOD,
        "#SBATCH --mem=1G",
        "#SBATCH hetjob",
        "#SBATCH -n1 -t 3-0",
        where=Submission(user="kim", directory="/home01/kim"),
    )
    assert [(one.rule, one.part) for one in found.findings] == [
        ("submit-from-scratch", 0), ("no-mem", 0), ("no-mem", 1), ("wall-time", 1),
    ]  # fmt: skip


_RULE = "[[rules]]\nid = 'b'\nkind = 'wall-time'\neffect = 'check'\nhours = 1\n"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("name = \n", r"is not valid TOML: .*line 1"),
        ("x = 1\nname = 'a'", r", line 1: Object contains unknown field `x`"),
        ("name = 'a'\n" + _RULE.replace("1", "'x'"), r", line 2: hours: Expected `int`"),
        ("name = 'a'\n" + _RULE.replace("wall-time", "nothing"), r", line 2: kind: Invalid value 'nothing'"),
        ("name = 'a'\n" + _RULE + _RULE, r", line 7: there are two rules named b"),
        ("name = 'a'\n" + _RULE.replace("check", "death"), r", line 2: effect: Invalid enum value 'death'"),
    ],
)
def test_a_mistake_in_a_rule_file_names_file_and_line(text: str, wrong: str) -> None:
    with pytest.raises(UsageError, match=r"^rules\.toml") as error:
        read_rules(text, "rules.toml")
    assert re.search(wrong, error.value.message)
