"""The Plan tab as people use it: a shape or a script, the offers pool by pool, and why one does not fit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.tui.fake import HOSTILE, NOW, FakeCentre, at, job, node
from tests.tui.screen import Screen, opened

from naru.plan_reading import form_of, read_array, read_form, read_script, read_time
from naru.screens.plan import PlanScreen
from naru.screens.plan_columns import OfferRow
from naru.screens.plan_page import PlanPage
from naru.widgets.line_table import LineTable
from naru.widgets.plan_form import FIELDS, PlanField, PlanForm
from naru.widgets.plan_path import PathBox, common_start, completions
from naru.widgets.text_lines import TextLines
from naru_client.errors import NotProvided, UsageError
from naru_client.insight.amount_words import hours
from naru_client.insight.quota import Quota
from naru_client.model import Accelerators, Job, NodeAccelerators, Pool
from naru_client.reading import Reading
from naru_client.text import clean

HOUR = 3600
SCRIPT = """#!/bin/bash
#SBATCH --job-name=train
#SBATCH --gres=gpu:h100:4
#SBATCH --nodes=1
#SBATCH --time=2:00:00
srun python train.py
#SBATCH --qos=late
"""


def quota(**changes: object) -> Quota:
    base = Quota(
        site="test", holder="lab/me", above="lab", account="lab", user="me", resource="gpu",
        granted=100 * HOUR, used=40 * HOUR, used_decayed=40 * HOUR, committed=0, remaining=60 * HOUR,
        available=60 * HOUR, binds="lab/me",
    )  # fmt: skip
    return replace(base, **changes)


def centre(kind: type[FakeCentre] = FakeCentre) -> FakeCentre:
    """Eight H100 in each of two nodes, and two nodes of NPUs; 60 GPU-hours are left."""
    npus = (NodeAccelerators("npu", "rngd", 8, 2),)
    nodes = (
        node("h1", 4), node("h2", 0),
        node("r1", 0, pools=("rngd",), accelerators=npus), node("r2", 0, pools=("rngd",), accelerators=npus),
    )  # fmt: skip
    found = kind((), nodes)
    found.held_pools = tuple(
        Pool(site="test", name=name, state="UP", nodes=2, max_time=24 * HOUR) for name in ("rngd", "h100")
    )
    found.held_quotas = (
        quota(holder="lab", above=None, user=None, granted=None, unlimited=True, remaining=None, available=None,
              binds=None),
        quota(),
    )  # fmt: skip
    return found


@asynccontextmanager
async def planning(
    of: FakeCentre | list[FakeCentre] | None = None, size: tuple[int, int] = (80, 24), **told: object
) -> AsyncIterator[tuple[Screen, PlanScreen]]:
    """The tab with its first plan made."""
    async with opened(of or centre(), size, **told) as screen:  # type: ignore[arg-type]
        await screen.press("5")
        plan = screen.app.screen
        assert isinstance(plan, PlanScreen)
        await screen.until(lambda: plan.made is not None and not plan.stale)
        yield screen, plan


def offers(plan: PlanScreen) -> dict[str, OfferRow]:
    return {row.offer.pool: row for row in plan.query_one("#offers", LineTable).rows}


def form(plan: PlanScreen) -> PlanForm:
    return plan.query_one(PlanForm)


def said(plan: PlanScreen) -> str:
    return plan.query_one("#said", TextLines).plain


def row(screen: Screen, pool: str) -> str:
    """The line of a pool in the table, as drawn."""
    return next((line for line in screen.lines if line.startswith(f" {pool} ")), "")


async def replanned(screen: Screen, plan: PlanScreen) -> None:
    await screen.until(lambda: not plan.stale and not plan._planning)


async def write(screen: Screen, plan: PlanScreen, **values: str) -> None:
    for field, value in values.items():
        form(plan).put(field, value)
    await screen.pilot.pause()


# ---- the form ------------------------------------------------------------------------------------------------------


async def test_it_begins_with_one_accelerator_for_an_hour() -> None:
    async with planning() as (screen, plan):
        assert form(plan).values["count"] == "1"
        assert form(plan).values["kind"] == "gpu"
        assert list(offers(plan)) == ["h100", "rngd"]  # what cannot run comes last
        assert offers(plan)["h100"].offer.fits
        assert offers(plan)["rngd"].offer.fits is False
        assert "fits 1 of 2 pools" in screen.text
        assert "59 GPU-h" in row(screen, "h100")


async def test_figures_that_are_typed_into_a_field_do_not_switch_tabs() -> None:
    async with planning() as (screen, plan):
        await screen.press("tab")
        await screen.type("12345")
        assert screen.app.screen is plan
        assert form(plan).values["count"] == "12345"
        await screen.press("escape", "1")
        assert screen.app.current_mode == "overview"


async def test_letters_that_are_typed_into_a_field_are_the_fields() -> None:
    async with planning() as (screen, plan):
        await screen.press("tab", "tab", "tab")
        await screen.type("ftyqpr?")
        assert form(plan).values["model"] == "ftyqpr?"
        assert screen.app.screen is plan
        assert not plan.query_one(PathBox).display


async def test_the_plan_follows_what_is_typed() -> None:
    async with planning() as (screen, plan):
        await write(screen, plan, count="8", model="h100", time="4h")
        await replanned(screen, plan)
        cost = offers(plan)["h100"].offer.cost
        assert cost is not None
        assert cost.at_most is not None
        assert cost.at_most.high == 32
        assert "32 acc-h" in row(screen, "h100")
        assert "28 GPU-h" in row(screen, "h100")
        await write(screen, plan, count="16")
        await replanned(screen, plan)
        assert offers(plan)["h100"].offer.fits is False  # one node has eight
        await write(screen, plan, nodes="2", time="1h")
        await replanned(screen, plan)
        assert offers(plan)["h100"].offer.fits


async def test_a_field_that_cannot_be_read_is_told_at_once_and_the_last_answer_stays() -> None:
    async with planning() as (screen, plan):
        await write(screen, plan, time="soon")
        assert said(plan).startswith("Time: ")
        assert form(plan).query_one("#time", PlanField).has_class("-wrong")
        assert list(offers(plan)) == ["h100", "rngd"]
        assert offers(plan)["h100"].stale
        assert "below: the last answer" in screen.text
        await write(screen, plan, time="2h")
        await replanned(screen, plan)
        assert not offers(plan)["h100"].stale
        assert "last answer" not in screen.text


async def test_the_arrows_propose_what_the_site_has() -> None:
    async with planning() as (screen, plan):
        await screen.press("tab", "tab", "tab", "down")
        assert form(plan).values["model"] == "h100"
        assert "h100" in said(plan)
        await screen.press("tab", "tab", "down")
        assert form(plan).values["time"] == "2h"  # from the one that stood there
        await screen.press("up", "up")
        assert form(plan).values["time"] == "30m"
        assert list(plan._propose("account")) == ["lab"]


async def test_a_grant_that_would_be_overdrawn_is_told_in_words() -> None:
    async with planning(size=(120, 30)) as (screen, plan):
        await write(screen, plan, count="8", time="12h")
        await replanned(screen, plan)
        offer = offers(plan)["h100"].offer
        assert offer.shortfalls
        assert offer.fits is not True
        detail = " ".join(plan.query_one("#detail", TextLines).plain.split())
        assert "lab/me" in detail
        assert "96" in detail
        assert "60" in detail


async def test_a_shape_is_taken_from_a_job() -> None:
    async with planning() as (screen, plan):
        plan.take(job(7, accelerators=(Accelerators("npu", "rngd", 4),), pool="rngd", time_limit=2 * HOUR))
        await screen.pilot.pause()
        await replanned(screen, plan)
        values = form(plan).values
        assert (values["count"], values["kind"], values["model"], values["time"]) == ("4", "npu", "rngd", "2h")
        assert next(iter(offers(plan))) == "rngd"


async def test_a_job_may_be_taken_before_the_tab_was_ever_open() -> None:
    async with opened(centre()) as screen:
        screen.app.show_tab("plan")
        plan = screen.app.screen
        assert isinstance(plan, PlanScreen)
        plan.take(job(7, time_limit=3 * HOUR))
        await screen.until(lambda: plan.is_mounted and form(plan).values["time"] == "3h")
        await screen.until(lambda: plan.made is not None and not plan.stale)
        assert form(plan).values["model"] == "h100"


async def test_one_key_on_a_job_plans_one_like_it() -> None:
    of = centre()
    of.held_jobs = (job(7, accelerators=(Accelerators("npu", "rngd", 4),), pool="rngd", time_limit=5 * HOUR),)
    async with opened(of) as screen:
        await screen.press("2")
        await screen.until(lambda: bool(screen.line_with("job7")))
        await screen.press("P")
        await screen.until(lambda: isinstance(plan := screen.app.screen, PlanScreen) and plan.is_mounted)
        plan = screen.app.screen
        assert isinstance(plan, PlanScreen)
        await screen.until(lambda: form(plan).values["time"] == "5h")
        assert form(plan).values["model"] == "rngd"


# ---- what is shown -------------------------------------------------------------------------------------------------


async def test_form_and_table_are_both_in_view_on_a_small_terminal() -> None:
    async with planning() as (screen, plan):
        assert all(screen.line_with(field.title) for field in FIELDS)
        assert screen.line_with("rngd")
        assert not plan.query_one("#detail-side").display
        assert len([line for line in screen.lines if len(line) > 80]) == 0
        await screen.press("enter")
        assert isinstance(screen.app.screen, PlanPage)
        assert "Reckoned as" in screen.text
        assert "lab/me" in screen.text
        await screen.press("escape")
        assert isinstance(screen.app.screen, PlanScreen)


async def test_the_detail_stands_beside_where_there_is_room() -> None:
    async with planning(size=(110, 30)) as (screen, plan):
        await screen.press("j")
        detail = plan.query_one("#detail", TextLines).plain
        assert "rngd" in detail
        assert "cannot run here" in detail
        assert plan.query_one("#detail-side").display


async def test_sites_stand_in_one_table() -> None:
    sites = [at("a", nodes=(node("n1", 4),)), at("b", nodes=(node("n1", 6),))]
    async with planning(sites, (120, 30)) as (screen, plan):
        await screen.until(lambda: len(plan.query_one("#offers", LineTable).rows) == 2)
        assert {row.offer.site for row in plan.query_one("#offers", LineTable).rows} == {"a", "b"}
        assert "Site" in screen.text


async def test_a_centre_without_pools_says_so() -> None:
    of = centre()
    of.errors["pools"] = NotProvided("pools are not provided")
    async with opened(of) as screen:
        await screen.press("5")
        assert "this centre does not tell of its pools" in screen.text


async def test_a_centre_without_quotas_says_so_and_nothing_is_left_as_zero() -> None:
    of = centre()
    of.errors["quotas"] = NotProvided("quotas are not provided")
    async with planning(of) as (screen, plan):
        await screen.until(lambda: "quotas" in screen.app.state.failures)
        await screen.until(lambda: "quotas are not told here" in screen.text)
        assert offers(plan)["h100"].offer.after == ()


async def test_a_tariff_that_cannot_be_read_is_told() -> None:
    async with opened(centre()) as screen:
        screen.app.pricing._named = "no-such-tariff"
        await screen.press("5")
        plan = screen.app.screen
        assert isinstance(plan, PlanScreen)
        await screen.until(lambda: bool(plan.error))
        assert "no-such-tariff" in screen.text
        assert plan.made is None


async def test_it_speaks_ascii_where_nothing_else_is_shown() -> None:
    async with planning(ascii_only=True) as (screen, _plan):
        assert "yes" in row(screen, "h100")
        assert screen.text.isascii()


class WithPast(FakeCentre):
    """Counts what is asked of accounting beyond the recent days that other tabs show."""

    asked = 0

    async def history(
        self,
        *,
        since: datetime,
        user: str | None,
        until: datetime | None = None,
        account: str | None = None,
        ran: bool = False,
    ) -> Reading[tuple[Job, ...]]:
        self.asked += since < NOW - timedelta(days=20)
        return await super().history(since=since, user=user, until=until, account=account)


async def test_accounting_is_asked_once_an_opening_and_tells_how_long_such_jobs_run() -> None:
    of = centre(WithPast)
    assert isinstance(of, WithPast)
    of.held_history = tuple(
        job(n, state="COMPLETED", elapsed=1800, started=NOW - timedelta(hours=3), ended=NOW - timedelta(hours=2),
            accelerators=(Accelerators("gpu", "h100", 1),), cpus=4)
        for n in range(5)
    )  # fmt: skip
    async with planning(of, (120, 30)) as (screen, plan):
        await screen.until(lambda: bool((cost := offers(plan)["h100"].offer.cost) and cost.expected))
        cost = offers(plan)["h100"].offer.cost
        assert cost is not None
        assert cost.expected is not None
        assert cost.expected.high * 2 == 1
        assert "median" in screen.text
        await screen.press("1", "5", "1", "5")
        assert of.asked == 1
        await screen.press("r")
        await screen.until(lambda: of.asked == 2)


async def test_the_scheduler_is_asked_only_when_a_person_wants_it() -> None:
    async with planning() as (screen, plan):
        await screen.refreshed()
        assert not plan.testing
        assert offers(plan)["h100"].offer.starts is None
        asked = []
        screen.app.want_starts = lambda *told: asked.append(told)  # type: ignore
        await screen.press("t")
        assert len(asked) == 1
        assert plan.testing
        assert "asking the scheduler" in screen.text


async def test_what_was_open_is_settled_by_the_start_that_the_scheduler_tells() -> None:
    async with planning() as (_screen, plan):
        offer = offers(plan)["h100"].offer
        plan._starts = {(offer.site, offer.pool): replace(offer, starts=NOW)}
        for limits, fits in (((), True), (("what is left is not told",), None)):
            told = plan._with_start(
                replace(offer, fits=None, unsure=("the QOS is not told", *limits), limits_unsure=limits)
            )
            assert (told.fits, told.unsure, told.starts) == (fits, limits, NOW)


async def test_what_outsiders_write_is_no_markup_and_no_escape() -> None:
    of = centre()
    of.held_pools = (*of.held_pools, Pool(site="test", name=clean(HOSTILE), state="UP"))
    async with planning(of) as (screen, plan):
        await screen.press("tab")
        form(plan).put("account", HOSTILE)
        await screen.pilot.pause()
        assert "\x1b" not in screen.text
        assert "\u202e" not in screen.text


# ---- scripts -------------------------------------------------------------------------------------------------------


async def test_a_script_is_shown_line_by_line_and_planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.sh").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    async with planning() as (screen, plan):
        await screen.press("f")
        await screen.type("tr")
        await screen.press("tab")
        await screen.until(lambda: plan.query_one(PathBox).value == "train.sh")
        await screen.press("enter")
        await screen.until(lambda: plan.script is not None)
        await replanned(screen, plan)
        assert not form(plan).display
        rows = [(row.where, row.word) for row in plan.script_table.rows]
        assert rows[0] == ("7", "#SBATCH --qos=late")  # what there is something to say of comes first
        assert rows[1:] == [
            ("2", "--job-name=train"), ("3", "--gres=gpu:h100:4"), ("4", "--nodes=1"), ("5", "--time=2:00:00")
        ]  # fmt: skip
        cost = offers(plan)["h100"].offer.cost
        assert cost is not None
        assert cost.at_most is not None
        assert cost.at_most.high == 8
        await screen.press("tab")
        assert plan.focused is plan.query_one("#offers", LineTable)
        await screen.press("escape")
        await replanned(screen, plan)
        assert form(plan).display
        assert plan.script is None
        assert plan.made is not None
        assert plan.made.asked.requests[0].time_limit == HOUR


async def test_a_line_that_breaks_a_rule_is_copied_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.sh").write_text(SCRIPT.replace("--nodes=1", "--mem=4G"))
    monkeypatch.chdir(tmp_path)
    copied: list[str] = []
    monkeypatch.setattr("naru.clipboard.copy", lambda app, text, told, **more: copied.append(text))
    async with opened(centre()) as screen:
        screen.app.profile = replace(screen.app.profile, site_rules="kisti")
        await screen.press("5", "f")
        await screen.type("train.sh")
        await screen.press("enter")
        plan = screen.app.screen
        assert isinstance(plan, PlanScreen)
        await screen.until(lambda: plan.script is not None and plan.made is not None and not plan.stale)
        rows = list(plan.script_table.rows)
        mended = [row for row in rows if row.instead]
        assert any("--comment=" in row.instead for row in mended)
        await screen.until(lambda: "site rules broken" in screen.text)
        at_comment = next(i for i, row in enumerate(rows) if row.instead and "--comment=" in row.instead)
        await screen.press(*["j"] * at_comment, "y")
        assert copied == [rows[at_comment].instead]
        assert any(row.word == "--mem=4G" and row.said for row in rows)


async def test_a_script_that_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.sh").write_text("#!/bin/bash\n#SBATCH --time=never\n")
    monkeypatch.chdir(tmp_path)
    async with planning() as (screen, plan):
        await screen.press("f")
        await screen.type("bad.sh")
        await screen.press("enter")
        told = plan.query_one("#path-said", TextLines)
        await screen.until(lambda: "line 2" in told.plain)
        assert plan.script is None
        assert plan.query_one(PathBox).display
        await screen.press("escape")
        assert not plan.query_one(PathBox).display
        assert not told.display


def test_folders_are_completed_with_a_slash_and_scripts_come_first(tmp_path: Path) -> None:
    for name in ("train.txt", "train.sh", ".hidden", "trial\x1b.sh"):
        (tmp_path / name).write_text("")
    (tmp_path / "tree").mkdir()
    base = str(tmp_path)
    assert completions(f"{base}/tr") == (f"{base}/tree/", f"{base}/train.sh", f"{base}/train.txt")
    assert completions(f"{base}/") == (f"{base}/tree/", f"{base}/train.sh", f"{base}/train.txt")
    assert completions(f"{base}/none/") == ()
    assert completions("a\0b/") == ()
    assert common_start(("train.sh", "train.txt")) == "train."


def test_a_file_that_is_too_large_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big.sh").write_bytes(b"#!/bin/sh\n" + b"#\n" * (1 << 20))
    for path in (tmp_path / "big.sh", tmp_path, tmp_path / "none.sh", Path("/dev/zero")):
        with pytest.raises(UsageError):
            read_script(str(path), {})


# ---- reading the form ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("4h", 14400), ("30m", 1800), ("1-12", 129600), ("2:00:00", 7200), ("90", 5400), ("1d 12h", 129600),
     ("1h30m", 5400), ("1d", 86400), ("90s", 90), ("unlimited", 0), ("2-00:30", 174600)],
)  # fmt: skip
def test_times_are_read_as_people_and_slurm_write_them(text: str, seconds: int) -> None:
    assert read_time(text) == seconds


@pytest.mark.parametrize("text", ["soon", "4 hours", "-4h", "1.5h", "h", "4h-", "", "٤h"])
def test_other_times_are_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="a time is"):
        read_time(text)


@pytest.mark.parametrize(
    ("text", "tasks", "at_once"), [("16", 16, None), ("16%4", 16, 4), ("0-99:2", 50, None), ("1", 1, None)]
)
def test_a_bare_number_is_so_many_tasks(text: str, tasks: int, at_once: int | None) -> None:
    wish = read_array(text)
    assert (wish.tasks, wish.at_once) == (tasks, at_once)


@given(st.dictionaries(st.sampled_from([field.id for field in FIELDS]), st.text(max_size=30)))
def test_no_form_makes_it_fall_over(values: dict[str, str]) -> None:
    read = read_form(values)
    assert (read.asked is None) == bool(read.wrong)
    assert set(read.wrong) <= set(values)
    assert all(read.wrong.values())


@given(
    count=st.integers(0, 64), kind=st.sampled_from(["gpu", "npu"]), nodes=st.integers(1, 8),
    minutes=st.integers(1, 14400), memory=st.integers(1, 1 << 20),
)  # fmt: skip
def test_a_job_planned_again_asks_for_what_it_asked_for(
    count: int, kind: str, nodes: int, minutes: int, memory: int
) -> None:
    one = job(
        1, accelerators=(Accelerators(kind, "m1", count),) if count else (), nodes=nodes, cpus=8 * nodes,
        time_limit=minutes * 60, memory=(memory << 20) * nodes, qos="normal",
    )  # fmt: skip
    read = read_form(form_of(one))
    assert read.asked is not None, read.wrong
    request = read.asked.requests[0]
    assert sum(wish.count for wish in request.accelerators) == count
    assert request.nodes is not None
    assert request.nodes.least == request.nodes.most == nodes
    assert request.time_limit == minutes * 60
    assert request.cpus_per_task == 8
    assert request.memory is not None
    assert request.memory.amount == memory << 20
    assert (request.account, request.qos) == ("lab", "normal")


@given(st.integers(-(10**12), 10**12))
def test_hours_are_told_to_the_nearest_tenth_and_little_is_not_nothing(seconds: int) -> None:
    told = Decimal(hours(seconds).replace(",", ""))
    assert abs(told * 3600 - seconds) <= 180
    assert (told > 0, told < 0) == (seconds > 0, seconds < 0)
