"""`naru gpus` and `naru nodes`: what could start now, and why not what is free, in words and in the JSON."""

import argparse
import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.tui.fake import NOW, FakeCentre, at, node

from naru import session
from naru.__main__ import main
from naru.session import Opened
from naru.terminal import Paper
from naru_client.config import Profile, Settings
from naru_client.exchange import CallLog
from naru_client.model import Node, NodeAccelerators, Pool

Over = Callable[..., None]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> Over:
    """Makes every verb ask these centres."""

    def use(*centres: FakeCentre) -> None:
        async def opened(args: argparse.Namespace, settings: Settings, paper: Paper) -> Opened:
            profile = Profile(name="test")
            return Opened(centres, profile, CallLog(), clock=lambda: NOW, glyphs=paper.glyphs, no_colour=True)

        monkeypatch.setattr(session, "open_session", opened)

    return use


def scattered() -> tuple[Node, ...]:
    return (
        node("h1", 3), *(node(f"h{i}", 7) for i in range(2, 34)), node("h50", 4, cpus=64, cpus_used=64),
        node("h51", 0, condition="planned", states=("IDLE", "PLANNED")), node("h52", condition="down"),
    )  # fmt: skip


def told(capsys: Capture, *argv: str) -> list[dict[str, Any]]:
    assert main([*argv, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert isinstance(data, list)
    return data


REMARKS = [
    "49 free, but no node has 8 together: at most 5 on one node",
    "4 free are stranded: their nodes have no cores left",
    "8 free are on nodes planned for a waiting job",
]


def test_gpus_tells_what_could_start_and_why_not_the_rest(over: Over, capsys: Capture) -> None:
    over(FakeCentre(nodes=scattered()))
    (line,) = told(capsys, "gpus")
    assert line["free"] == 49
    assert line["could_start"] == {
        "jobs": [[8, 0], [4, 1], [2, 2], [1, 37]],
        "whole_nodes": 0,
        "untold_nodes": 0,
        "no_cores": 4,
        "no_memory": 0,
        "allocated": 0,
        "planned": 8,
        "reserved": 0,
        "asleep": 0,
    }
    assert line["remarks"] == REMARKS
    assert main(["gpus"]) == 0
    out = capsys.readouterr().out
    assert "4×1 2×2 1×37" in out
    assert all(f"test H100: {text}" in out for text in REMARKS)


def test_pools_tell_the_same(over: Over, capsys: Capture) -> None:
    over(FakeCentre(nodes=scattered()))
    (pool,) = told(capsys, "gpus", "--pools")
    assert pool["could_start"][0]["jobs"] == [[8, 0], [4, 1], [2, 2], [1, 37]]
    assert pool["remarks"] == REMARKS
    assert main(["gpus", "--pools"]) == 0
    assert f"h100: {REMARKS[0]}" in capsys.readouterr().out
    assert main(["gpus", "--pools", "--csv"]) == 0
    row = next(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert (row["jobs"], row["planned"], row["remarks"]) == ("8x0 4x1 2x2 1x37", "8", "; ".join(REMARKS))


def test_a_pool_that_no_node_names_has_nothing_to_tell(over: Over, capsys: Capture) -> None:
    centre = FakeCentre(nodes=(node("h1"),))
    centre.held_pools = (Pool(site="test", name="lonely", state="UP"),)
    over(centre)
    (pool,) = told(capsys, "gpus", "--pools")
    assert (pool["could_start"], pool["remarks"]) == ([], [])
    assert main(["gpus", "--pools"]) == 0
    assert "lonely" in capsys.readouterr().out


def test_use_that_is_not_told_is_null_and_said(over: Over, capsys: Capture) -> None:
    over(FakeCentre(nodes=(node("h1", 1, accelerators=(NodeAccelerators("gpu", "h100", 8, None),)),)))
    (line,) = told(capsys, "gpus")
    assert (line["could_start"]["jobs"], line["could_start"]["whole_nodes"]) == (None, None)
    assert line["remarks"] == ["of 1 node it is not told what is in use"]
    assert main(["gpus", "--csv"]) == 0
    row = next(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert (row["jobs"], row["whole_nodes"]) == ("", "")


def test_over_several_sites_a_job_stays_at_one(over: Over, capsys: Capture) -> None:
    over(at("a", nodes=(node("h1", 4),)), at("b", nodes=(node("h1", 6),)))
    assert [line["could_start"]["jobs"][0] for line in told(capsys, "gpus")] == [[8, 0], [8, 0]]
    assert main(["gpus"]) == 0
    out = capsys.readouterr().out
    assert "H100: 6 free over 2 sites, but a job cannot span sites: the most at one is 4 (a)" in out


def test_nodes_are_narrowed_by_words(over: Over, capsys: Capture) -> None:
    over(FakeCentre(nodes=(node("h1", 3), node("h2"), node("h3", condition="drained", reason="ECC errors"))))
    assert [one["name"] for one in told(capsys, "nodes", "ecc")] == ["h3"]
    assert [one["name"] for one in told(capsys, "nodes", "H100", "!idle")] == ["h1", "h3"]
    assert [one["name"] for one in told(capsys, "nodes")] == ["h1", "h2", "h3"]
