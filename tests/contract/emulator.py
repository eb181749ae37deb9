"""slurm-emulator beside the simulated centre: what each answers to the same questions, and who is right.

Writes the shapes' part of the table that the test holds both to, after a change of either:

    python -m tests.contract.emulator > tests/data/specs/beside-emulator.json
"""

import json
import subprocess
import sys
import tempfile
from typing import Any

from tests.children import ROOT
from tests.contract.asking import Asked
from tests.contract.emulator_script import READS
from tests.contract.published import contract
from tests.contract.shapes import Shape, is_missing, shape_of

Answer = tuple[int, str, Any]  # status, content type, JSON or text
Table = dict[str, dict[str, dict[str, str]]]  # question → who is right → place → what theirs does there


def emulator_answers() -> dict[str, Answer]:
    """What slurm-emulator answers to its script."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.contract.emulator_script", folder],
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TZ": "UTC", "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    return {name: tuple(answer) for name, answer in json.loads(done.stdout).items()}


def our_shape(centre: Asked, question: str) -> Shape:
    """The shape of what the simulated centre answers to the same question, over all records it has."""
    return shape_of(centre.read(question.removeprefix("GET ").format(**centre.names()), user=centre.operator))


def differences(ours: Shape, theirs: Shape, documented: Shape) -> dict[str, dict[str, str]]:
    """Where the shapes differ: who is right by the document, the place, and what theirs does there.

    Nothing is said about fields of records that one of them has none of.
    """
    found: dict[str, dict[str, str]] = {"ours": {}, "theirs": {}, "neither": {}}
    for place in sorted(set(ours) | set(theirs)):
        if is_missing(place, theirs):
            found["ours" if place in documented else "theirs"][place] = "lacks it"
        elif is_missing(place, ours):
            found["theirs" if place in documented else "ours"][place] = "has it"
        elif place in ours and place in theirs and (wrong := theirs[place] - documented.get(place, set())):
            right = "ours" if ours[place] <= documented[place] else "neither"
            found[right][place] = f"{_words(wrong)} for {_words(documented[place])}"
        elif place in ours and place in theirs and not ours[place] <= documented.get(place, set()):
            found["theirs"][place] = _words(theirs[place])
    return {right: places for right, places in found.items() if places}


def table(centre: Asked, theirs: dict[str, Answer]) -> Table:
    """Every difference in shape between the answers of both."""
    found = {}
    for question in READS:
        status, _, answer = theirs[question]
        assert status == 200, (question, answer)
        documented = contract().places(contract().named(question).answer)
        if differ := differences(our_shape(centre, question), shape_of(answer), documented):
            found[question] = differ
    return found


def _words(types: set[str]) -> str:
    return " or ".join(sorted(types))


if __name__ == "__main__":
    print(json.dumps(table(Asked(), emulator_answers()), indent=1, ensure_ascii=False))
