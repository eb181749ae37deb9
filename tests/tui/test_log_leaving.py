"""A log in the person's own pager: started without a shell, and without what would let control characters through."""

from pathlib import Path

import pytest

from naru.log_leaving import page

PATH = "/bin:/usr/bin"


def pager(folder: Path, name: str) -> Path:
    """A program that writes down what it was given."""
    program = folder / name
    program.write_text(f'#!/bin/sh\n{{ echo "LESS=$LESS OPEN=$LESSOPEN"; printf "%s\\n" "$@"; }} > {folder}/told\n')
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("options", ["-R -r", "-Xr", "-iRr", "--raw-control-chars", "--RAW", "+!sh", "--"])
def test_less_shows_control_characters_as_text(tmp_path: Path, options: str) -> None:
    less = pager(tmp_path, "less")
    said = page("-odd name", {"PAGER": f"{less} {options} -S", "LESS": "-R", "LESSOPEN": "|evil", "PATH": PATH})
    assert said == ""
    assert (tmp_path / "told").read_text().splitlines() == ["LESS= OPEN=", "-S", "+G", "--", "-odd name"]


@pytest.mark.parametrize("name", ["most", "env", "cat"])
def test_another_pager_is_given_the_cleaned_text(tmp_path: Path, name: str) -> None:
    program = tmp_path / name
    program.write_text(f'#!/bin/sh\n{{ echo "$@"; cat; }} > {tmp_path}/told\n')
    program.chmod(0o755)
    log = tmp_path / "log"
    log.write_bytes("\x1b]0;OWN\x07\x1b[32m나루\x1b[0m\n\x9b31mx\r\nlast".encode() + b"\xff")
    assert page(str(log), {"PAGER": f"'{program}' less -r", "PATH": PATH}) == ""
    told = (tmp_path / "told").read_text(encoding="utf-8").splitlines()
    assert told[:2] == ["less -r", "나루"]
    assert all(line.isprintable() for line in told)
    assert told[-1].startswith("last")


def test_a_pager_that_is_not_there_is_named() -> None:
    assert "nonesuch" in page("/x", {"PAGER": "nonesuch-pager"})
    assert "PAGER" in page("/x", {"PAGER": "'half"})
