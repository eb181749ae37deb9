"""slurm-emulator, a slurmrestd by others, beside the simulated centre: every difference is known, with who is right."""

import json

import pytest
from tests.contract.asking import Asked
from tests.contract.emulator import Answer, emulator_answers, table
from tests.contract.emulator_script import READS
from tests.contract.manners import WRONG, Manners, manners_of
from tests.contract.published import SPECS

TABLE = json.loads((SPECS / "beside-emulator.json").read_bytes())
NOT_THERE = Manners(405, "text/plain", (), "Unknown HTTP method requested on known URL endpoint")
# What slurm-emulator says where a real 26.05.3 says something else (`manners.WRONG`, with how that is known), and why.
OTHERWISE: dict[str, tuple[int, tuple[int, ...], str]] = {
    "no token, unknown path": (404, (), "looks for the path first"),
    "token that is none": (200, (), "takes any token unless it is given a key"),
    "token that is none, accounting": (200, (), "takes any token unless it is given a key"),
    "somebody else's name": (200, (), "believes whoever says who they are"),
    "method that the path does not have": (405, (), "in the words of an older Slurm"),
    "method that nothing has": (405, (), "in the words of an older Slurm"),
    "an Accept that is not JSON": (200, (), "does not look at Accept"),
    "unknown job": (404, (2017,), "in words of its own"),
    "job id that is none": (404, (2017,), "does not read the id"),
    "job 0": (404, (2017,), "in words of its own"),
    "unknown node": (200, (), "finds nothing, which is no error to it"),
    "unknown partition": (200, (), "in words of its own, and with an empty list"),
    "submit without a script": (200, (), "takes a job without one"),
    "submit without environment": (200, (), "takes a job without one"),
    "submit without working directory": (200, (), "takes a job without one"),
    "submit to an unknown partition": (200, (), "takes it, and lets it wait"),
    "submit for an unknown account": (500, (2045,), "stands in for 25.11, which has no status for most numbers"),
    "submit with an unknown qos": (200, (), "takes it"),
    "submit for accelerators that nobody has": (500, (2014,), "stands in for 25.11, as above"),
    "submit with an unknown field": (200, (), "says nothing of it"),
    "submit held": (200, (), "does not warn"),
    "update an unknown job": (405, (), "does not update jobs"),
    "update somebody else's job": (405, (), "does not update jobs"),
    "update one task of an array": (405, (), "does not update jobs"),
    "raise one's own limit": (405, (), "does not update jobs"),
    "cancel what is no job id": (200, (2017,), "does not read the id"),
}


@pytest.fixture(scope="module")
def theirs() -> dict[str, Answer]:
    return emulator_answers()


def test_the_shapes_differ_where_the_table_says(theirs: dict[str, Answer]) -> None:
    """After a change that is meant: `python -m tests.contract.emulator > tests/data/specs/beside-emulator.json`."""
    assert table(Asked(), theirs) == TABLE


def test_the_emulator_is_nowhere_right_where_the_simulated_centre_is_not() -> None:
    assert [question for question, differ in TABLE.items() if set(differ) != {"ours"}] == []


@pytest.mark.parametrize("question", READS)
def test_both_are_asked_about_something(question: str, theirs: dict[str, Answer]) -> None:
    """A list of nothing on their side would compare nothing."""
    answer = theirs[question][2]
    empty = {"licenses", "meta", "errors", "warnings", "wckeys"}
    assert [name for name, value in answer.items() if not value and name not in empty] == []


@pytest.mark.parametrize("name", WRONG)
def test_the_manners_differ_where_the_list_says(name: str, theirs: dict[str, Answer]) -> None:
    said, wanted = manners_of(*theirs[name]), WRONG[name].said
    same = said[:3] == wanted[:3] and wanted.text in said.text
    assert same is (name not in OTHERWISE), (said, wanted)
    if not same:
        status, numbers, _why = OTHERWISE[name]
        assert (said.status, said.numbers) == (status, numbers)
