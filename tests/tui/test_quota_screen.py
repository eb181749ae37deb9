"""The Quota screen: gauges, the burn-down of the chosen one, who uses what, and what is said of what is not told."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.tui.fake import HOSTILE, NOW, FakeCentre, at, job, waiting
from tests.tui.screen import Screen, opened

from naru.pricing import Pricing
from naru.screens.export import ExportScreen
from naru.screens.quota import QuotaScreen
from naru.screens.quota_tables import UseTable
from naru.widgets.gauge import GaugeTable
from naru.widgets.text_lines import TextLines
from naru_client.config import Profile
from naru_client.errors import NotProvided, Unreachable
from naru_client.insight.quota import Quota
from naru_client.model import Accelerators, Job
from naru_client.reading import Reading
from naru_client.text import clean

H = 3600
START, END = NOW - timedelta(days=60), NOW + timedelta(days=120)


def quota(holder: str, resource: str = "gpu", **more: object) -> Quota:
    account, _slash, user = holder.partition("/")
    base = Quota(
        site="test",
        holder=holder,
        above=account if user else "root",
        account=account,
        user=user or None,
        resource=resource,
        granted=None,
        unlimited=True,
        used=None,
        as_of=NOW,
    )
    return replace(base, **more)


def granted(holder: str, hours: int, used: int, resource: str = "gpu", **more: object) -> Quota:
    committed = int(more.get("committed", 0) or 0)  # type: ignore[call-overload]
    left = (hours - used) * H - committed
    base: dict[str, object] = {
        "granted": hours * H, "unlimited": False, "used": used * H, "used_decayed": used * H, "committed": 0,
        "remaining": left, "available": left, "binds": holder, "period_start": START, "period_end": END,
    }  # fmt: skip
    return quota(holder, resource, **{**base, **more})


def used(holder: str, hours: int, resource: str = "gpu", **more: object) -> Quota:
    return quota(holder, resource, **{"used": hours * H, "used_decayed": hours * H, "committed": 0, **more})


LAB = (
    quota("root", above=None),
    granted("lab", 20_000, 9_000, committed=400 * H),
    granted("lab", 8_000, 2_000, "gpu:h100"),
    used("lab/me", 3_000),
    used("lab/you", 6_000, committed=400 * H),
    used("lab/idle", 0),
    granted("other", 500, 100),
    used("other/them", 100),
)


class Accounts(FakeCentre):
    """A centre with quotas, whose accounting keeps the questions."""

    def __init__(self, quotas: tuple[Quota, ...] = LAB, jobs: tuple[Job, ...] = ()) -> None:
        super().__init__(jobs)
        self.held_quotas = quotas
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def history(
        self,
        *,
        since: datetime,
        user: str | None,
        until: datetime | None = None,
        account: str | None = None,
        ran: bool = False,
    ) -> Reading[tuple[Job, ...]]:
        if account is None:
            return self._give("history", ())
        self.asked.append(account)
        await self.gate.wait()
        told = [j for j in self.held_history if j.account == account and j.ended and j.ended >= since]
        return self._give("history", tuple(j for j in told if until is None or (j.ended and j.ended <= until)))


def daily_jobs(hours: int = 100, days: int = 28, **more: object) -> tuple[Job, ...]:
    """One job a day of so many GPU-hours, whole within its day."""
    found = []
    midnight = NOW.astimezone(UTC).replace(hour=0, minute=0)
    for back in range(1, days + 1):
        start = midnight - timedelta(days=back) + timedelta(hours=2)
        base: dict[str, object] = {
            "state": "COMPLETED", "submitted": start, "started": start, "ended": start + timedelta(hours=10),
            "elapsed": 10 * H, "accelerators": (Accelerators("gpu", "h100", hours // 10),), "user": "you",
        }  # fmt: skip
        found.append(job(1000 + back, **{**base, **more}))
    return tuple(found)


async def shown(screen: Screen) -> QuotaScreen:
    await screen.press("4")
    await screen.until(lambda: isinstance(screen.app.screen, QuotaScreen) and screen.app.state.quotas is not None)
    quota_screen = screen.app.screen
    assert isinstance(quota_screen, QuotaScreen)
    await screen.until(lambda: not any(quota_screen.use.asking(part.id) for part in screen.app.state.parts))
    await screen.pilot.pause()
    return quota_screen


SIZES = [(80, 24), (160, 48), (40, 10), (300, 80), (100, 30)]


def detail(screen: Screen) -> str:
    return " ".join(screen.app.screen.query_one("#detail", TextLines).plain.split())


def chosen(screen: Screen) -> str:
    row = screen.app.screen.query_one(GaugeTable).current
    return "" if row is None else f"{row.site}:{row.quota.holder}:{row.quota.resource}"


def rows(screen: Screen) -> list[str]:
    return [f"{row.quota.holder} {row.quota.resource}" for row in screen.app.screen.query_one(GaugeTable).rows]


def used_by(screen: Screen) -> list[list[str]]:
    table = screen.app.screen.query_one(UseTable)
    return [[column.text(row).strip() for column in table.columns] for row in table.rows]


def busy() -> Accounts:
    centre = Accounts(jobs=(waiting(5), waiting(6, user="you")))
    centre.held_history = daily_jobs()
    return centre


def first_is(screen: Screen, key: str) -> bool:
    return bool(used_by(screen)) and used_by(screen)[0][0] == key


async def test_a_gauge_for_each_granted_quota_of_ones_own_with_its_figures() -> None:
    async with opened(busy(), (80, 24)) as screen:
        await shown(screen)
        assert rows(screen) == ["lab gpu", "lab gpu:h100"]
        line = screen.line_with("lab        GPU")
        assert [word for word in line.split() if word[0].isdigit()] == ["9,000", "10,600", "20,000", "120"]
        assert {"█", "▓", "▒", "░"} <= set(line)
        assert "9,000 of 20,000 GPU-hours used · 10,600 left" in detail(screen)
        assert "running jobs take up to 400 more · your waiting jobs up to 96.0" in detail(screen)


async def test_what_runs_now_is_counted_against_a_limit_at_once_that_tells_no_use() -> None:
    at_once = quota("lab", unit="count", granted=16, unlimited=False, binds="lab")
    centre = Accounts((*LAB, at_once), (job(1), job(2, user="you"), waiting(3)))
    async with opened(centre, (80, 24)) as screen:
        await shown(screen)
        assert "lab GPU now" not in screen.text, "others' jobs are not listed: how many run is not known"
        await screen.press("a")
        await screen.until(lambda: any(part.everybody_listed for part in screen.app.state.parts))
        await screen.pilot.pause()
        table = screen.app.screen.query_one(GaugeTable)
        (row,) = (row for row in table.rows if row.quota.unit == "count")
        assert (row.quota.used_decayed, row.quota.available) == (8, 8)


async def test_billing_units_are_called_as_the_tariff_calls_them() -> None:
    quotas = (*LAB[:1], granted("lab", 100, 110, "billing"), used("lab/me", 110, "billing"))
    async with opened(Accounts(quotas), (80, 24)) as screen:
        screen.app.profile = Profile(tariff="slurm-billing")
        await shown(screen)
        assert "110 of 100 billing-hour used" in detail(screen)
        assert "10.0 billing-hour more are used" in screen.line_with("⚠")


async def test_the_burn_down_is_drawn_with_plan_today_and_run_out_and_warned_of_in_words() -> None:
    async with opened(busy(), (80, 24)) as screen:
        await shown(screen)
        assert "today" in screen.text
        assert "2026-06-30, 120 days left" in detail(screen)
        assert "runs out 06-20 by the last 7–28 days" in detail(screen)
        assert "lab GPU: runs out 06-20" in screen.line_with("⚠")
        assert "even use" in screen.text
        await screen.press("j")
        assert chosen(screen) == "test:lab:gpu:h100"
        assert "2,000 of 8,000" in detail(screen)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_every_size_and_ascii(size: tuple[int, int], ascii_only: bool) -> None:
    async with opened(busy(), size, ascii_only=ascii_only, no_colour=ascii_only) as screen:
        await shown(screen)
        for keys in ((), ("tab",), ("b",), ("tab",), ("j",)):
            await screen.press(*keys)
            assert len(screen.lines) == size[1]
            if ascii_only:
                assert screen.text.isascii()
        if ascii_only and size[0] >= 80:
            assert "#=+." in "".join(dict.fromkeys(screen.line_with("lab        GPU")))


async def test_parts_have_colours_of_their_own() -> None:
    async with opened(busy(), (80, 24)) as screen:
        await shown(screen)
        strip = screen.app.screen.query_one(GaugeTable).render_line(1)
        styles = {segment.text[0]: segment.style for segment in strip if segment.text[:1] in "█▓▒░"}
        assert len({style.color for style in styles.values() if style}) == 4


async def test_one_pane_at_a_time_on_a_narrow_terminal_and_both_on_a_wide_one() -> None:
    async with opened(busy(), (80, 24)) as screen:
        await shown(screen)
        assert screen.line_with("Who") == ""
        await screen.press("tab")
        assert "Waits" in screen.line_with("Who")
        assert "today" not in screen.text
        await screen.press("tab")
        assert "today" in screen.text
        await screen.press("enter")
        assert "Waits" in screen.line_with("Who")
    async with opened(busy(), (100, 30)) as screen:
        await shown(screen)
        assert "Used" in screen.line_with("Who")
        assert "today" in screen.text


async def test_who_uses_what_by_the_quotas_of_the_accounts_members() -> None:
    async with opened(busy(), (160, 48)) as screen:
        await shown(screen)
        assert used_by(screen) == [
            ["lab", "9,000", "100%", "400", "–"],
            ["you", "6,000", "67%", "400", "–"],
            ["me", "3,000", "33%", "0", "96.0"],
        ]
        await screen.press("o")
        assert [row[0] for row in used_by(screen)] == ["lab", "me", "you"], "the account itself stays first"


async def test_everybodys_quotas_and_claims_with_a() -> None:
    async with opened(busy(), (160, 48)) as screen:
        await shown(screen)
        await screen.press("a")
        await screen.until(lambda: screen.app.state.everybody_listed and len(rows(screen)) == 3)
        assert rows(screen) == ["lab gpu", "lab gpu:h100", "other gpu"], "one's own first"
        await screen.until(lambda: used_by(screen)[0][-1] == "192")
        assert "waiting jobs up to 192" in detail(screen)
        await screen.press("j", "j")
        assert "accounting was not asked for other; r asks" in screen.text


async def test_what_jobs_cost_by_user_pool_model_state_and_day() -> None:
    centre = busy()
    begun = NOW - timedelta(days=3)
    ended = {"state": "FAILED", "submitted": begun, "started": begun, "ended": begun + timedelta(hours=1)}
    centre.held_history += (job(7, elapsed=H, **ended),)
    tariff = Profile(tariff="korea-ai-programme", customer="sme")
    async with opened(centre, (160, 48)) as screen:
        screen.app.profile, screen.app.pricing = tariff, Pricing(tariff)
        await shown(screen)
        await screen.press("b")
        await screen.until(lambda: len(used_by(screen)) == 2)
        assert [row[:4] for row in used_by(screen)] == [["you", "2,800", "100%", "28"], ["me", "4.00", "0%", "1"]]
        assert "29 jobs have no price" in screen.text, "this tariff has no rate for H100"
        for way, first in (("pool", "h100"), ("model", "h100"), ("state", "COMPLETED"), ("day", "2026-03-01")):
            await screen.press("b")
            await screen.until(partial(first_is, screen, first))
            assert f"[{way}]" in screen.text


async def test_money_of_example_prices_is_marked_on_the_screen() -> None:
    centre = busy()
    centre.held_history = daily_jobs(accelerators=(Accelerators("gpu", "h200", 1),))
    tariff = Profile(tariff="korea-ai-programme", customer="sme")
    async with opened(centre, (160, 48)) as screen:
        screen.app.profile, screen.app.pricing = tariff, Pricing(tariff)
        await shown(screen)
        await screen.press("b")
        await screen.until(lambda: bool(used_by(screen)))
        assert used_by(screen)[0][-2:] == ["70,000–140,000*", "–"], "28 × 10 hours × 5,000 won, of which 5 to 10 %"
        assert "cost in KRW" in screen.text
        assert "* nobody published these prices: they are examples" in screen.text


async def test_a_tariff_that_cannot_be_read_costs_the_price_and_not_the_table() -> None:
    broken = Profile(tariff="no-such-tariff")
    async with opened(busy(), (160, 48)) as screen:
        screen.app.profile, screen.app.pricing = broken, Pricing(broken)
        await shown(screen)
        await screen.press("b")
        await screen.until(lambda: bool(used_by(screen)))
        assert used_by(screen) == [["you", "2,800", "100%", "28"]]
        assert "no tariff named 'no-such-tariff'" in screen.text


async def test_a_limit_above_that_binds_is_named_and_shown_beside_ones_own() -> None:
    quotas = (
        granted("institute", 5_000, 4_000, above="root", period_start=None, period_end=None),
        granted("lab", 20_000, 2_000, above="institute", available=1_000 * H, binds="institute"),
        used("lab/me", 2_000, available=1_000 * H, binds="institute"),
    )
    async with opened(Accounts(quotas), (80, 24)) as screen:
        await shown(screen)
        assert rows(screen) == ["lab gpu", "institute gpu"]
        line = screen.line_with("lab        GPU")
        assert "1,000▲" in line
        assert "╳" in line
        assert "the limit of institute leaves only 1,000" in detail(screen)


async def test_accounting_that_tells_nothing_is_said_and_the_plan_is_drawn_all_the_same() -> None:
    centre = Accounts()
    centre.errors["history"] = NotProvided("no accounting here")
    centre.gate.clear()

    async def history(**_asked: object) -> Reading[tuple[Job, ...]]:
        raise NotProvided("no accounting here")

    centre.history = history  # type: ignore[method-assign]
    async with opened(centre, (80, 24)) as screen:
        await shown(screen)
        await screen.until(lambda: "accounting does not tell the use by day" in screen.text)
        assert "no accounting here" in screen.text
        assert "even use" in screen.text


async def test_what_is_not_told_is_said_and_never_zero() -> None:
    quotas = (
        quota("lab", granted=100 * H, unlimited=False, binds="lab"),
        used("lab/me", 5),
    )
    async with opened(Accounts(quotas), (80, 24)) as screen:
        await shown(screen)
        line = screen.line_with("lab        GPU")
        assert "use not provided" in line
        assert line.split()[-4:] == ["–", "–", "100", "–"]
        assert "what runs takes is not told" in detail(screen)


async def test_a_centre_without_quotas_and_a_person_without_any_are_told_so() -> None:
    centre = Accounts()
    centre.errors["quotas"] = NotProvided("not here")
    async with opened(centre, (80, 24)) as screen:
        await screen.press("4")
        await screen.until(lambda: "this centre does not tell quotas" in screen.text)
    async with opened(Accounts((granted("other", 10, 1),)), (80, 24)) as screen:
        await shown(screen)
        assert "you have no account with a limit or any use here" in screen.text
        await screen.press("a")
        await screen.until(lambda: rows(screen) == ["other gpu"])


async def test_an_account_that_nothing_limits_shows_what_it_used() -> None:
    async with opened(Accounts((used("lab", 70), used("lab/me", 70))), (80, 24)) as screen:
        await shown(screen)
        assert "no limit" in screen.line_with("lab        GPU")
        assert "70.0 GPU-hours used · no limit" in detail(screen)
        assert "nothing was granted" in screen.text


async def test_accounting_is_asked_once_when_opened_and_again_on_r() -> None:
    centre = busy()
    async with opened(centre, (80, 24)) as screen:
        await shown(screen)
        first = len(centre.asked)
        assert set(centre.asked) == {"lab"}
        await screen.refreshed()
        await screen.press("2", "4")
        assert len(centre.asked) == first
        await screen.press("r")
        await screen.until(lambda: len(centre.asked) == 2 * first)
        await screen.press("r", "r")
        assert len(centre.asked) == 2 * first, "a key that is held down asks nobody"


async def test_the_cursor_stays_on_its_quota_when_the_figures_and_the_order_change() -> None:
    centre = busy()
    async with opened(centre, (80, 24)) as screen:
        await shown(screen)
        await screen.press("j")
        before = chosen(screen)
        centre.held_quotas = (granted("lab", 50, 10, "npu"), *LAB)
        await screen.refreshed()
        await screen.until(lambda: len(rows(screen)) == 3)
        assert chosen(screen) == before


async def test_several_sites_stand_together_with_their_names() -> None:
    one, other = at("one"), at("other")
    one.held_quotas, other.held_quotas = LAB[:5], (granted("lab", 10, 10), used("lab/me", 10))
    async with opened([one, other], (100, 30)) as screen:
        await shown(screen)
        await screen.until(lambda: len(rows(screen)) == 3)
        assert [row.site for row in screen.app.screen.query_one(GaugeTable).rows] == ["one", "one", "other"]
        assert "other: lab GPU: all that was granted is used" in screen.text
        await screen.press("G")
        assert chosen(screen) == "other:lab:gpu"


async def test_a_site_that_stops_answering_keeps_its_gauges_under_a_banner() -> None:
    centre = busy()
    async with opened(centre, (80, 24)) as screen:
        await shown(screen)
        centre.errors["quotas"] = Unreachable("no route")
        await screen.refreshed()
        await screen.until(lambda: "no route" in screen.text)
        assert rows(screen) == ["lab gpu", "lab gpu:h100"]


async def test_names_from_outside_reach_the_screen_clean() -> None:
    name = clean(HOSTILE)
    quotas = (granted(name.replace("/", ""), 10, 1), used(f"{name.replace('/', '')}/me", 1, account=name, user="me"))
    async with opened(Accounts(quotas), (80, 24)) as screen:
        await shown(screen)
        assert not any(ord(character) < 32 or character in "\u202e\x9b" for line in screen.lines for character in line)


async def test_export_of_gauges_and_of_who_uses_what(tmp_path: Path) -> None:
    async with opened(busy(), (160, 48)) as screen:
        await shown(screen)
        os.chdir(tmp_path)
        for keys, name, count in ((("e",), "gauges.json", 2), (("tab", "b", "e"), "spent.json", 1)):
            if "b" in keys:
                await screen.press("tab", "b")
                await screen.until(lambda: len(used_by(screen)) == 1)
            await screen.press("e")
            await screen.until(lambda: isinstance(screen.app.screen, ExportScreen))
            box = screen.app.screen.query_one("#file")
            await screen.press("tab")
            box.value = name  # type: ignore[attr-defined]
            await screen.press("enter")
            await screen.until((tmp_path / name).exists)
            await screen.until(lambda: isinstance(screen.app.screen, QuotaScreen))
            told = json.loads((tmp_path / name).read_text())
            assert len(told["data"]) == count
        assert told["data"][0]["accelerator_seconds"] == 2_800 * H


async def test_at_most_six_hints_and_none_that_does_nothing() -> None:
    async with opened(busy(), (80, 24)) as screen:
        await shown(screen)
        assert "Sort" not in screen.lines[-1]
        await screen.press("tab")
        assert "Sort" in screen.lines[-1]
        assert "Open" not in screen.lines[-1]
