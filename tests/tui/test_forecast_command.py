"""`naru forecast backtest`: every figure printed by the command, in three forms; mistakes in one line."""

import csv
import io
import json
from pathlib import Path

import pytest

from naru import cli
from naru.__main__ import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.VERBS, "forecast", "how well starts are foretold, on a trace of what happened")


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "trace.swf"
    lines = ["; MaxProcs: 8"]
    free = 0
    for number in range(120):
        submitted = number * 500
        start = max(submitted, free)
        free = start + 600
        lines.append(f"{number} {submitted} {start - submitted} 600 8 -1 -1 8 900 -1 1 {number % 4} 1 -1 1 1 -1 -1")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_text_names_every_predictor_and_what_was_covered(trace: str, capsys: Capture) -> None:
    assert main(["forecast", "backtest", trace]) == 0
    told = capsys.readouterr().out
    for words in ("120 jobs of 120", "no wait", "plan by limits", "knowing the run times", "by the p90"):
        assert words in told


def test_json_and_csv_hold_the_same_figures(trace: str, capsys: Capture) -> None:
    assert main(["forecast", "backtest", trace, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert main(["forecast", "backtest", trace, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    for row in rows:
        group = next(one for one in data["groups"] if one["name"] == row["group"])
        score = next(one for one in group["scores"] if one["predictor"] == row["predictor"])
        assert float(row["within_10_min"]) == pytest.approx(score["within_ten"], abs=1e-4)
    assert {row["group"] for row in rows} == {group["name"] for group in data["groups"]}


def test_a_mistake_is_one_line_and_two(tmp_path: Path, trace: str, capsys: Capture) -> None:
    (tmp_path / "bad.swf").write_text("1 2 3\n")
    assert main(["forecast", "backtest", str(tmp_path / "bad.swf")]) == 2
    assert "bad.swf, line 1: 3 columns" in capsys.readouterr().err
    assert main(["forecast", "backtest", trace, "--first", "0"]) == 2
    assert main(["forecast", "divine", trace]) == 2


def test_it_fits_eighty_columns(trace: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["forecast", "backtest", trace, "--first", "40"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines if "≤" in line or "h" in line[-3:]) <= 80
