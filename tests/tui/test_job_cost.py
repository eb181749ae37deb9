"""The cost of one job, on its page and by `naru job`: in words, with its unit, and never made up."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.tui.fake import NOW, FakeCentre, job, waiting
from tests.tui.screen import Screen, opened

from naru.__main__ import main
from naru.commands.job_cost import ask_costs
from naru.cost_lines import JobCost, cost_data, cost_facts, facts_wanted, whole_facts
from naru.cost_lines import job_cost as cost_of_job
from naru.pricing import Pricing
from naru.screens.job import JobScreen
from naru_client.config import Profile
from naru_client.errors import NotProvided, Unreachable
from naru_client.insight.run_times import RunTimes
from naru_client.model import Accelerators, Job, Pool

SHARE = """\
title = "Ours"
unit = "SU"
{extra}
[pools."*"]
by = "share"
each = 2
{node}
"""
NODE = "node = { accelerators = 8 }"


def pricing(tmp_path: Path, extra: str = "", node: str = NODE, **told: str) -> Pricing:
    path = tmp_path / "ours.toml"
    path.write_text(SHARE.format(extra=extra, node=node))
    return Pricing(Profile(name="p", tariff=str(path), **told))  # type: ignore[arg-type]


def said(told: JobCost) -> list[str]:
    return [f"{fact.key}: {fact.text}" for fact in cost_facts(told)]


def ended(number: int, hours: float, **more: object) -> Job:
    return job(number, state="COMPLETED", ended=NOW - timedelta(days=1), elapsed=int(hours * 3600), **more)


def test_without_a_tariff_hours_are_counted_and_not_called_a_price() -> None:
    told = cost_of_job(Pricing(Profile(name="p")), job(1), (), NOW)
    assert said(told) == [
        "tariff: none is named: hours of accelerators are counted, and that is no price",
        "so_far: 8 accelerator-hours",
        "expected: not known: too few jobs like it have ended",
        "at_most: 96 accelerator-hours, if it runs to its limit",
    ]
    assert cost_data(told)["price"] is False


def test_a_running_job(tmp_path: Path) -> None:
    likely = RunTimes([ended(i, hours, name="job1") for i, hours in enumerate((4, 6, 8), 10)])
    told = cost_of_job(pricing(tmp_path, 'note = "ask us"'), job(1), (), NOW, run_times=likely)
    assert said(told) == [
        "tariff: Ours",
        "so_far: 2 SU",
        "expected: 6 SU  (median of the last 3 jobs of me named job1)",
        "at_most: 24 SU, if it runs to its limit",
        "note: ask us",
    ]


@pytest.mark.parametrize(
    ("one", "taken", "expected"),
    [
        (waiting(1), "end", ["so_far: nothing: it has not started", "at_most: 24 SU, if it runs to its limit"]),
        (waiting(1), "start", ["taken: when it starts, for its whole time limit; what it does not use is given back"]),
        (waiting(1), "submission", ["taken: 24 SU, up front; what it does not use is given back at its end"]),
        (job(1), "start", ["so_far: 2 SU", "taken: 24 SU, up front; what it does not use is given back at its end"]),
        (ended(1, 3), "start", ["cost: 3 SU", "taken: what was taken up front beyond this has been given back"]),
        (ended(1, 3), "end", ["cost: 3 SU"]),
        (job(1, time_limit=None, unlimited=True), "end", ["at_most: no bound: it has no time limit"]),
        (job(1, time_limit=None), "end", ["at_most: not known: the time limit or the number of tasks is not told"]),
        (job(1, accelerators=None), "end", ["unpriced: accelerator counts, and is not told"]),
        (job(1, time_limit=None), "start", ["unpriced: it is charged up front for its time limit"]),
    ],
)
def test_the_life_of_a_job_in_words(tmp_path: Path, one: Job, taken: str, expected: list[str]) -> None:
    told = said(cost_of_job(pricing(tmp_path, f'taken = "{taken}"'), one, (), NOW))
    for line in expected:
        assert [each for each in told if each.startswith(line)], told
    assert one.finished or any(line.startswith("unpriced") for line in expected) or len(told) >= 4


def test_prices_that_nobody_published_are_marked_wherever_they_stand() -> None:
    money = Pricing(Profile(name="p", tariff="korea-ai-programme", customer="youth"))
    told = cost_of_job(money, job(1, accelerators=(Accelerators("gpu", "h200", 8),)), (), NOW)
    lines = said(told)
    assert lines[0].endswith("· class youth")
    assert "so_far: 2,000–4,000 KRW *" in lines
    assert all(" KRW *" in line for line in lines if " KRW" in line)
    assert any(line.startswith("example: * nobody published") for line in lines)
    assert cost_data(told)["job"].example


def test_an_array_tells_all_of_what_is_listed(tmp_path: Path) -> None:
    done = ended(2, 1, id="9_1", array_id=9, array_task=1)
    runs = job(3, id="9_2", array_id=9, array_task=2)
    waits = waiting(9, id="9_[3-12]", array_id=9, array_tasks="3-12", array_pending=10)
    odd = job(4, id="9_13", array_id=9, array_task=13, accelerators=None)
    other = job(5, id="8_1", array_id=8, array_task=1)
    told = cost_of_job(pricing(tmp_path), runs, (done, runs, waits, odd, other), NOW)
    assert [f"{fact.key}: {fact.text}" for fact in whole_facts(told)] == [
        "tariff: Ours",
        "whole: 13 tasks or parts are listed",
        "settled: 1 SU",
        "in_flight: 2 SU",
        "all_at_most: 265 SU",
        "unpriced: accelerator counts, and is not told (1 of them)",
    ]
    assert whole_facts(cost_of_job(pricing(tmp_path), other, (other, runs), NOW))[1].key == "so_far"


def test_a_tariff_that_cannot_be_used_says_file_line_and_word(tmp_path: Path) -> None:
    broken = pricing(tmp_path, 'taken = "soon"')
    assert facts_wanted(broken) == frozenset()
    told = cost_of_job(broken, job(1), (), NOW)
    assert "ours.toml, line 3: taken: must be one of end, start, submission, not 'soon'" in said(told)[0]
    assert cost_data(told)["job"] is None
    nobody = cost_of_job(pricing(tmp_path, customer="nobody"), job(1), (), NOW)
    assert "no class of customer named 'nobody'" in nobody.error


async def test_no_more_is_asked_than_the_tariff_needs(tmp_path: Path) -> None:
    centre = FakeCentre((job(1),))
    await ask_costs(centre, Pricing(Profile(name="p")), [ended(1, 1)], NOW)
    assert centre.calls == []
    await ask_costs(centre, pricing(tmp_path, node=""), [ended(1, 1)], NOW)
    assert centre.calls == ["nodes"]
    centre.calls.clear()
    centre.held_pools = (Pool(site="test", name="h100", state="UP", billing_weights="GRES/gpu=30"),)
    (told,) = await ask_costs(centre, Pricing(Profile(name="p", tariff="slurm-billing")), [job(1)], NOW)
    assert centre.calls == ["pools", "history"]
    assert told.cost is not None
    assert told.cost.in_flight is not None
    assert told.cost.in_flight.low == 4 * 30 * 2


async def test_what_cannot_be_asked_is_left_out(tmp_path: Path) -> None:
    centre = FakeCentre((job(1),))
    centre.errors = {"nodes": NotProvided("no"), "history": Unreachable("no")}
    (told,) = await ask_costs(centre, pricing(tmp_path, node=""), [job(1)], NOW)
    assert said(told) == ["tariff: Ours", "unpriced: what a node has is not told"]


async def cost_part(screen: Screen, tabs: int = 2) -> None:
    await screen.press("2")
    await screen.until(lambda: "RUNNING" in screen.text)
    await screen.press("enter", *["tab"] * tabs)
    assert isinstance(screen.app.screen, JobScreen)


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (40, 10)])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_the_page_has_a_part_for_it(size: tuple[int, int], ascii_only: bool) -> None:
    async with opened(FakeCentre((job(1),)), size, ascii_only=ascii_only) as screen:
        await cost_part(screen)
        await screen.until(lambda: ("8 accelerator-hours" if size[0] > 40 else "Tariff") in screen.text)
        assert not ascii_only or screen.text.isascii()


async def test_the_page_asks_for_nodes_only_where_the_tariff_leans_on_them(tmp_path: Path) -> None:
    centre = FakeCentre((job(1, cpus=16, memory=1 << 30),))
    async with opened(centre) as screen:
        screen.app.pricing = pricing(tmp_path, node="")
        await cost_part(screen)
        await screen.until(lambda: "nodes" in centre.calls)
        await screen.until(lambda: "what a node has is not told" in screen.text)


async def test_the_page_lives_with_a_broken_tariff_and_heals_with_it(tmp_path: Path) -> None:
    async with opened(FakeCentre((job(1),)), (120, 40)) as screen:
        screen.app.pricing = pricing(tmp_path, "taken = 3")
        await cost_part(screen)
        await screen.until(lambda: "taken: must be text, not 3" in screen.text)
        pricing(tmp_path)
        await screen.refreshed()
        await screen.until(lambda: "24 SU" in screen.text)


async def test_every_part_is_reached_at_every_width() -> None:
    for size in ((80, 24), (160, 48)):
        async with opened(FakeCentre((job(1),)), size) as screen:
            await cost_part(screen, 0)
            for part in ("details", "cost", "raw", "why"):
                await screen.press("tab")
                page = screen.app.screen
                assert isinstance(page, JobScreen)
                assert page._part == part
                assert page.has_class("-raw") == (part == "raw")
                told = part == "raw"
                await screen.until(lambda told=told: ("Everything=else" in screen.text) == told)  # type: ignore[misc]


def test_the_command_tells_it_in_text_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--demo", "jobs", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["data"]
    one = next(each for each in listed if each["state"] == "RUNNING" and _on_gpus(each))
    name = f"{one['site']}:{one['id']}"
    assert main(["--demo", "job", name, "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["data"]
    assert told["id"] == one["id"]
    cost = told["cost"]
    assert {"tariff", "price", "error", "job", "whole"} <= set(cost)
    assert all(isinstance(cost["job"]["in_flight"][end], str) for end in ("low", "high"))  # no binary fractions
    assert main(["--demo", "job", name]) == 0
    out = capsys.readouterr().out
    assert f"{cost['job']['unit']}" in out
    assert "if it runs to its limit" in out


def _on_gpus(one: dict[str, Any]) -> bool:
    """What the demo's tariff has a price for."""
    return any(each["model"] in ("h200", "b200") for each in one["accelerators"] or ())


def test_waiting_in_two_pools_is_a_range(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text('unit = "SU"\n[pools]\na = { by = "nodes", each = 1 }\nb = { by = "nodes", each = 3 }\n')
    told = cost_of_job(Pricing(Profile(name="p", tariff=str(path))), replace(waiting(1), pool="a,b"), (), NOW)
    assert "at_most: 24–72 SU, if it runs to its limit" in said(told)
