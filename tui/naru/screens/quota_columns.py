"""The columns of the Quota screen's tables."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from naru.format import Glyphs
from naru.past_format import hours, percent
from naru.quota_words import amount, granted_words
from naru.screens.gpu_columns import SITE
from naru.screens.quota_rows import GaugeRow
from naru.screens.quota_spent import Member, SpentRow, cost_words, key_words, so_far
from naru.screens.quota_words import days_left, resource_words
from naru.widgets.columns import Column
from naru.widgets.gauge import BAR, bar
from naru_client.i18n import _, mark
from naru_client.insight.quota import Quota
from naru_client.insight.standing import used_of


def _number(what: Callable[[Any], Any]) -> Callable[[Any], tuple[bool, Any]]:
    """To sort by a figure, the largest first and the unknown last."""

    def key(row: Any) -> tuple[bool, Any]:
        value = what(row)
        return value is None, 0 if value is None else -value

    return key


def left_of(quota: Quota) -> int | None:
    """What a new job may still take, by the limit that binds."""
    if quota.unlimited and quota.binds is None:
        return None
    return quota.remaining if quota.available is None and quota.binds in (None, quota.holder) else quota.available


def bar_words(row: GaugeRow, width: int, glyphs: Glyphs) -> str:
    if row.parts is not None:
        return bar(row.parts, width, glyphs)
    return "" if row.quota.unlimited else _("use not provided")


def gauge_columns(
    bar_width: Callable[[], int], now: Callable[[], datetime], glyphs: Glyphs, several: bool
) -> tuple[Column, ...]:
    """Of the gauges. `bar_width` is how many cells a gauge has."""

    def left_text(row: GaugeRow) -> str:
        if row.quota.unlimited and row.quota.binds is None:
            return ""
        foreign = row.quota.binds not in (None, row.quota.holder)
        return amount(left_of(row.quota), row.quota) + (glyphs.up if foreign else " ")

    columns = (
        Column(id="holder", title=mark("Account"), width=10, most=20, text=lambda r: r.quota.holder),
        Column(id="resource", title=mark("Of"), width=5, most=12, text=lambda r: resource_words(r.quota)),
        Column(
            id=BAR, title=mark("Quota"), width=16, grow=1, text=lambda r: bar_words(r, bar_width(), glyphs),
            style=lambda r: None if r.parts is not None else "quiet",
        ),
        Column(
            id="used", title=mark("Used"), width=8, align="right", rank=3,
            text=lambda r: amount(used_of(r.quota), r.quota),
        ),
        Column(
            id="left", title=mark("Remains"), width=8, align="right", text=left_text,
            style=lambda r: "failed" if (left := left_of(r.quota)) is not None and left <= 0 else "free",
        ),
        Column(
            id="granted", title=mark("Granted"), width=8, align="right", rank=1, text=lambda r: granted_words(r.quota),
        ),
        Column(
            id="end", title=mark("Ends"), width=5, align="right", rank=2,
            text=lambda r: days_left(r.quota.period_end, now()), style=lambda r: "quiet",
        ),
    )  # fmt: skip
    return (SITE, *columns) if several else columns


def member_columns() -> tuple[Column, ...]:
    """Of the account and those in it."""
    return (
        Column(
            id="holder", title=mark("Who"), width=12, grow=1, most=24,
            text=lambda r: r.quota.holder if r.head else "  " + (r.quota.user or r.quota.holder),
            style=lambda r: "running" if r.head else None,
            sort_key=lambda r: r.quota.user or r.quota.holder,
        ),
        Column(
            id="used", title=mark("Used"), width=9, align="right",
            text=lambda r: amount(used_of(r.quota), r.quota), sort_key=_number(lambda r: used_of(r.quota)),
        ),
        Column(
            id="share", title=mark("Share"), width=5, align="right",
            text=lambda r: percent(_share(used_of(r.quota), r.whole)), sort_key=_number(lambda r: used_of(r.quota)),
        ),
        Column(
            id="committed", title=mark("Runs"), width=8, align="right", rank=1,
            text=lambda r: amount(r.quota.committed, r.quota), style=lambda r: "moving",
            sort_key=_number(lambda r: r.quota.committed),
        ),
        Column(
            id="reserved", title=mark("Waits"), width=8, align="right", rank=2,
            text=lambda r: amount(r.quota.reserved, r.quota), style=lambda r: "waiting",
            sort_key=_number(lambda r: r.quota.reserved),
        ),
    )  # fmt: skip


KEYS = {
    "user": mark("User"),
    "pool": mark("Pool"),
    "model": mark("Model"),
    "state": mark("State"),
    "day": mark("Day"),
}


def spent_columns(way: str, priced: bool) -> tuple[Column, ...]:
    """Of what jobs took by one key; the cost only where a tariff is named."""

    def cost(row: SpentRow) -> Any:
        amount = so_far(row.spent.cost)
        return None if amount is None else amount.high

    columns = (
        Column(
            id="key", title=KEYS[way], width=12, grow=1, most=24, text=key_words, sort_key=lambda r: r.spent.key or "",
        ),
        Column(
            id="hours", title=mark("GPU-h"), width=8, align="right",
            text=_hours, sort_key=_number(lambda r: r.spent.accelerator_seconds),
        ),
        Column(
            id="share", title=mark("Share"), width=5, align="right",
            text=lambda r: percent(_share(r.spent.accelerator_seconds, r.whole)),
            sort_key=_number(lambda r: r.spent.accelerator_seconds),
        ),
        Column(
            id="jobs", title=mark("Jobs"), width=6, align="right", rank=2,
            text=lambda r: f"{r.spent.jobs:,}", sort_key=_number(lambda r: r.spent.jobs),
        ),
    )  # fmt: skip
    if not priced:
        return columns
    return (
        *columns,
        Column(
            id="cost", title=mark("Cost"), width=11, most=24, align="right",
            text=lambda r: cost_words(r.spent.cost), sort_key=_number(cost),
        ),
        Column(
            id="failed", title=mark("Failed"), width=9, most=20, align="right", rank=1,
            text=lambda r: cost_words(r.spent.failed),
            style=lambda r: "failed" if r.spent.failed is not None else "quiet",
            sort_key=_number(lambda r: None if (a := _failed(r)) is None else a.high),
        ),
    )  # fmt: skip


def _failed(row: SpentRow) -> Any:
    return None if row.spent.failed is None else so_far(row.spent.failed)


def _hours(row: SpentRow) -> str:
    """`+` where some jobs do not tell theirs."""
    seconds = row.spent.accelerator_seconds
    return hours(None if seconds is None else seconds / 3600) + (
        "+" if seconds is not None and row.spent.untold else ""
    )


def _share(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else part / whole


def row_key(row: Member | SpentRow) -> tuple[str, str | None]:
    return (row.site, row.quota.holder) if isinstance(row, Member) else (row.site, row.spent.key)
