"""The columns of the offers, and of the lines of a batch script."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from naru.format import Glyphs, when
from naru.screens.plan_script_rows import ScriptRow
from naru.screens.plan_words import amount, left_word, short_unit
from naru.widgets.columns import Column
from naru_client.i18n import mark
from naru_client.insight.cost import Cost
from naru_client.insight.exact import Amount
from naru_client.insight.offers import Offer


class OfferRow(Struct, frozen=True):
    """An offer as the table shows it; `stale`: of what was asked before the form became wrong."""

    offer: Offer
    stale: bool = False


def offer_key(row: OfferRow) -> tuple[str, str, int | None]:
    return row.offer.site, row.offer.pool, row.offer.part


def offer_columns(now: Callable[[], datetime], glyphs: Glyphs, several: bool) -> tuple[Column, ...]:
    """All columns; the site only where there are several."""
    columns = (
        Column(
            id="pool", title=mark("Pool"), width=9, most=18, grow=1, text=lambda r: r.offer.pool, style=_row_style
        ),
        Column(
            id="fits", title=mark("Fits"), width=4,
            text=lambda r: fits_mark(r.offer, glyphs), style=_fits_style,
        ),
        Column(
            id="at_most", title=mark("At most"), width=12, most=18, align="right",
            text=lambda r: _cost(r.offer.cost, _at_most), style=_row_style,
        ),
        Column(
            id="expected", title=mark("Expected"), width=10, most=18, align="right", rank=4,
            text=lambda r: _cost(r.offer.cost, _expected), style=_row_style,
        ),
        Column(
            id="left", title=mark("Left after"), width=13, most=18, align="right", rank=1, text=_left, style=_left_style
        ),
        Column(
            id="free", title=mark("Free"), width=5, align="right", rank=3,
            text=lambda r: "–" if r.offer.free is None else str(r.offer.free), style=_free_style,
        ),
        Column(
            id="start", title=mark("Start"), width=6, most=11, align="right", rank=2,
            text=lambda r: when(r.offer.starts, now()), style=_row_style,
        ),
    )  # fmt: skip
    if not several:
        return columns
    site = Column(id="site", title=mark("Site"), width=8, most=10, text=lambda r: r.offer.site, style=lambda r: "quiet")
    return (site, *columns)


def fits_mark(offer: Offer, glyphs: Glyphs) -> str:
    """A tick, a cross, a question mark where it is not known; `!` beside it where a limit is in the way."""
    if offer.fits is None:
        return "?"
    if not offer.fits:
        return "no" if glyphs.ascii_only else "✗"
    return ("yes" if glyphs.ascii_only else "✓") + ("!" if offer.shortfalls else "")


def _row_style(row: OfferRow) -> str | None:
    return "quiet" if row.stale or row.offer.fits is False else None


def _fits_style(row: OfferRow) -> str | None:
    if row.stale:
        return "quiet"
    if row.offer.fits is None or (row.offer.fits and row.offer.shortfalls):
        return "warning"
    return "running" if row.offer.fits else "failed"


def _free_style(row: OfferRow) -> str | None:
    return "free" if row.offer.free and not _row_style(row) else "quiet"


def _left(row: OfferRow) -> str:
    after = row.offer.tightest
    if after is None or (row.offer.fits is False and after.left >= 0):
        return "–"
    return left_word(after)


def _left_style(row: OfferRow) -> str | None:
    after = row.offer.tightest
    return "failed" if after is not None and after.left < 0 and not row.stale else _row_style(row)


def _at_most(cost: Cost) -> Amount | None:
    return cost.at_most


def _expected(cost: Cost) -> Amount | None:
    return cost.expected


def _cost(cost: Cost | None, which: Callable[[Cost], Amount | None]) -> str:
    if cost is None or (value := which(cost)) is None:
        return "–"
    return f"{amount(value, cost.example)} {short_unit(cost.unit)}"


SCRIPT_COLUMNS = (
    Column(id="line", title=mark("Line"), width=4, align="right", text=lambda r: r.where, style=lambda r: "quiet"),
    Column(
        id="word", title=mark("Asked for"), width=24, most=40, grow=1, text=lambda r: r.word, style=lambda r: r.style
    ),
    Column(
        id="said", title=mark("To change"), width=24, grow=2, rank=1, text=lambda r: r.said, style=lambda r: r.style
    ),
)


def script_key(row: ScriptRow) -> str:
    return row.key
