"""An estimate as JSON and as CSV. Amounts are texts in JSON, so that no reader makes binary fractions of them."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from naru.output import Sheet
from naru.planning import Plan
from naru.pricing import Pricing
from naru_client.insight.exact import Amount
from naru_client.insight.limits_ahead import After
from naru_client.insight.offers import LimitFrom, Offer
from naru_client.insight.quota import Shortfall
from naru_client.insight.request import Request
from naru_client.model import Accelerators


class PartTold(Struct, frozen=True, kw_only=True):
    """What one part would be given there, for each task; None where that depends on what is not told."""

    pool: str | None
    nodes: int | None
    cpus: int | None
    memory: int | None
    accelerators: tuple[Accelerators, ...] | None
    time_limit: int | None


class OfferTold(Struct, frozen=True, kw_only=True):
    """One pool. `start` is the scheduler's own answer; `at_most` and `expected` are amounts of `unit`."""

    site: str
    pool: str
    named: bool
    fits: bool | None
    why_not: tuple[str, ...]
    not_known: tuple[str, ...]
    notes: tuple[str, ...]
    unit: str | None
    example: bool | None
    expected: Amount | None
    expected_basis: str | None
    at_most: Amount | None
    unpriced: tuple[str, ...]
    tasks: int
    at_once: int | None
    time_limit: int | None
    time_limit_from: LimitFrom
    parts: tuple[PartTold, ...]
    limits: tuple[Shortfall, ...]
    left: tuple[After, ...]
    free_accelerators: int | None
    start: datetime | None
    no_start: str | None


def told(offer: Offer) -> OfferTold:
    cost = offer.cost
    return OfferTold(
        site=offer.site, pool=offer.pool, named=offer.named, fits=offer.fits, why_not=offer.why_not,
        not_known=offer.unsure, notes=offer.notes,
        unit=cost.unit if cost else None, example=cost.example if cost else None,
        expected=cost.expected if cost else None,
        expected_basis=(cost.basis or None) if cost and cost.expected else None,
        at_most=cost.at_most if cost else None,
        unpriced=tuple(why for why, _count in cost.why) if cost else (),
        tasks=offer.tasks, at_once=offer.at_once, time_limit=offer.limit, time_limit_from=offer.limit_from,
        parts=tuple(
            PartTold(
                pool=job.pool, nodes=job.nodes, cpus=job.cpus, memory=job.memory, accelerators=job.accelerators,
                time_limit=job.time_limit,
            )
            for job in offer.jobs
        ),
        limits=offer.shortfalls, left=offer.after, free_accelerators=offer.free,
        start=offer.starts, no_start=None if offer.starts else offer.starts_why or None,
    )  # fmt: skip


def data_of(plan: Plan, pricing: Pricing) -> dict[str, Any]:
    """The whole of it; `rules` is None where no rules of the site are known."""
    tariff = pricing.tariff()
    checked = plan.checked
    return {
        "asked": [_asked(request) for request in plan.asked.requests],
        "notes": plan.asked.notes,
        "accounts": plan.accounts,
        "tariff": {"name": tariff.name, "title": tariff.title, "price": pricing.priced, "note": tariff.note or None},
        "offers": tuple(map(told, plan.offers)),
        "rules": None
        if checked is None
        else {
            "findings": checked.findings,
            "unchecked": [{"rule": rule, "why": why} for rule, why in checked.unchecked],
        },
    }


def _asked(request: Request) -> dict[str, Any]:
    """The options that count, with where each was written."""
    return {
        "part": request.part,
        "time_limit": request.time_limit,
        "unlimited": request.unlimited,
        "pools": request.pools,
        "account": request.account,
        "qos": request.qos,
        "array": request.array,
        "options": [{"option": one.option, "value": one.value, "origin": one.origin} for one in request.given],
    }


NAMES = (
    "site", "pool", "named", "fits", "expected_low", "expected_high", "at_most_low", "at_most_high", "unit", "example",
    "expected_basis", "unpriced", "tasks", "at_once", "time_limit", "time_limit_from", "nodes", "cpus", "memory",
    "accelerators", "left_holder", "left_resource", "left_seconds", "free_accelerators", "start", "why_not",
    "not_known", "notes",
)  # fmt: skip


def sheet_of(plan: Plan) -> Sheet:
    """A row for each pool; of what is left the tightest, of several parts what they are given one after the other."""
    rows = []
    for offer in plan.offers:
        one, left = told(offer), offer.tightest
        parts = one.parts
        rows.append((
            one.site, one.pool, one.named, one.fits, *_range(one.expected), *_range(one.at_most), one.unit, one.example,
            one.expected_basis, one.unpriced, one.tasks, one.at_once, one.time_limit, one.time_limit_from or None,
            *(_each(parts, name) for name in ("nodes", "cpus", "memory")),
            tuple(a for part in parts for a in part.accelerators or ()),
            left.holder if left else None, left.resource if left else None, left.left if left else None,
            one.free_accelerators, one.start, one.why_not, one.not_known, one.notes,
        ))  # fmt: skip
    return Sheet(NAMES, tuple(rows))


def _range(amount: Amount | None) -> tuple[str | None, str | None]:
    return (None, None) if amount is None else (f"{amount.low:f}", f"{amount.high:f}")


def _each(parts: tuple[PartTold, ...], name: str) -> Any:
    values = tuple(getattr(part, name) for part in parts)
    return values[0] if len(values) == 1 else values
