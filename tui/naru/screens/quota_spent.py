"""Who uses what: an account's members by their quotas, or what its jobs took and cost, by user, pool, … Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from msgspec import Struct

from naru.cost_lines import EXAMPLE, figure
from naru.screens.quota_rows import Claims
from naru_client.i18n import _, mark, n_
from naru_client.insight.claims import with_claims
from naru_client.insight.cost import Cost
from naru_client.insight.exact import Amount
from naru_client.insight.quota import Quota, chain
from naru_client.insight.reckoning import Reckoner
from naru_client.insight.spending import By, Spent, spending
from naru_client.insight.standing import used_of
from naru_client.model import Job

MEMBERS = "account"
WAYS: tuple[tuple[str, str], ...] = (
    (MEMBERS, mark("account")), ("user", mark("user")), ("pool", mark("pool")), ("model", mark("model")),
    ("state", mark("state")), ("day", mark("day")),
)  # fmt: skip
SPENDING: dict[str, By] = {"user": "user", "pool": "pool", "model": "model", "state": "state", "day": "day"}


class Member(Struct, frozen=True, kw_only=True):
    """One holder in an account, or the account itself: its quota, and its share of what the account has used."""

    site: str
    quota: Quota
    whole: int | None  # what the account has used
    head: bool = False


class SpentRow(Struct, frozen=True, kw_only=True):
    """What the jobs of one key took and cost; `whole` are the accelerator-seconds of all of them."""

    site: str
    spent: Spent
    whole: int | None


def members(site: str, quotas: Sequence[Quota], account: str, resource: str, claims: Claims) -> tuple[Member, ...]:
    """An account and those right under it (users, accounts), in what they used of a resource over time, the most
    first; those who have used nothing and claim nothing are left out."""
    rows = {q.holder: q for q in quotas if q.resource == resource and q.unit == "seconds"}
    if account not in rows:
        return ()
    others = {q.holder: q for q in quotas if q.holder not in rows}
    if claims.told:
        above = {q.holder: q.above for q in quotas}
        unknown = [job for job in claims.jobs if job.account not in above]  # they may be anybody's
        jobs = (*unknown, *account_jobs(claims.jobs, account, above))
        told = with_claims((*rows.values(), *others.values()), jobs, user=claims.user)[: len(rows)]
        rows = {q.holder: q for q in told}
    head = rows[account]
    whole = used_of(head)
    found = [
        Member(site=site, quota=quota, whole=whole)
        for quota in rows.values()
        if quota.above == account and (used_of(quota) or quota.committed or quota.reserved)
    ]
    found.sort(key=lambda one: -(used_of(one.quota) or 0))
    return (Member(site=site, quota=head, whole=whole, head=True), *found)


def account_jobs(jobs: Iterable[Job], account: str, above: Mapping[str, str | None]) -> list[Job]:
    """The jobs of an account and of the accounts under it."""
    under: dict[str | None, bool] = {None: False}
    found = []
    for job in jobs:
        inside = under.get(job.account)
        if inside is None and job.account is not None:
            inside = under[job.account] = account in chain(job.account, above)
        if inside:
            found.append(job)
    return found


def spent_rows(site: str, jobs: Sequence[Job], way: str, reckoner: Reckoner, now: datetime) -> tuple[SpentRow, ...]:
    """What jobs took and cost by one of SPENDING; the most hours first where not all has a price."""
    found = spending(jobs, SPENDING[way], reckoner, now)
    if way != "day" and any(so_far(one.cost) is None for one in found):
        found = tuple(sorted(found, key=lambda one: -(one.accelerator_seconds or 0)))
    told = [one.accelerator_seconds for one in found if one.accelerator_seconds is not None]
    return tuple(SpentRow(site=site, spent=one, whole=sum(told) if told else None) for one in found)


def key_words(row: SpentRow) -> str:
    if row.spent.key is None:
        return _("not told")
    return row.spent.key or _("no accelerator")


def so_far(cost: Cost) -> Amount | None:
    """What ended and what runs have come to."""
    if cost.settled is None or cost.in_flight is None:
        return None
    return Amount(cost.settled.low + cost.in_flight.low, cost.settled.high + cost.in_flight.high)


def cost_words(cost: Cost | None) -> str:
    """`1,234`, `100–200 *` by prices that nobody published, `1,234+` where some jobs have no price; a dash where not
    known. The unit stands above the table."""
    amount = None if cost is None else so_far(cost)
    if cost is None or amount is None:
        return "–"
    low, high = map(_short, (amount.low, amount.high))
    text = low if low == high else f"{low}–{high}"
    return text + ("+" if cost.unpriced else "") + (EXAMPLE if cost.example else "")


def unpriced_words(rows: Iterable[SpentRow]) -> list[str]:
    """Why jobs have no price, and how many: the most frequent reason, and how many more there are for others."""
    why: dict[str, int] = {}
    for row in rows:
        for reason, count in row.spent.cost.why:
            why[reason] = why.get(reason, 0) + count
    if not why:
        return []
    reason, count = max(why.items(), key=lambda one: one[1])
    text = n_("+ {n} job has no price: {why}", "+ {n} jobs have no price: {why}", count).format(n=count, why=reason)
    more = sum(why.values()) - count
    return [text + (_(", {n} more for other reasons").format(n=more) if more else "")]


def _short(value: Decimal) -> str:
    """To hundredths at most, whole where it is large: what has no room in a cell stands in the export."""
    places = Decimal(1) if abs(value) >= 1000 else Decimal("0.01")
    return figure(value.quantize(places, ROUND_HALF_EVEN) if value.is_finite() else value)
