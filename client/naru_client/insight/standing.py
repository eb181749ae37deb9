"""How an account stands: each of its quotas with its burn-down, and what a person must be warned of. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from naru_client.insight.burndown import BEHIND, Burndown, burndown
from naru_client.insight.quota import Quota, account_holder, chain

Warned = Literal["overdrawn", "spent", "runs-out", "committed", "under-used", "ends"]
DAYS = 14  # within which what is to come is warned of, unless a person says otherwise
SETTLED = timedelta(days=14)  # of a contract: before that nobody is behind a plan

Daily = Mapping[date, int]  # UTC days, resource × seconds


class Alert(Struct, frozen=True, kw_only=True):
    """One thing to be warned of. `at` is when, None where it is so already; `earliest` and `latest` where it is a span.

    "overdrawn": more was used than was granted (`amount`, resource × seconds, says by how much), and "spent": all of
    it. "committed": what runs and waits would take more than remains. "runs-out": within the days asked for, or
    surely before the contract ends; `at` is then the contract's end. "under-used": the pace is below the plan, and
    unused grants are reclaimed. "ends": the contract ends at `at`, or did, with so much left.
    """

    kind: Warned
    site: str
    holder: str
    resource: str
    binds: str | None = None  # whose limit it is, where that is another's
    at: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    amount: int | None = None
    pace: float | None = None  # used over planned


class Standing(Struct, frozen=True, kw_only=True):
    """One quota over time, where it goes, and what that means.

    `burndown` is None where nothing was granted. `decayed` is whether `used` in it is only what still counts against
    the limit: such a limit has no plan line and no run-out. `daily` is its use by UTC day, empty where that is not
    told; not `whole` where it is one's own use alone, from which nothing is foretold. `alerts` are those of the limits
    above it too, `binds` naming whose.
    """

    quota: Quota
    burndown: Burndown | None
    decayed: bool = False
    alerts: tuple[Alert, ...] = ()
    daily: dict[date, int] = {}
    whole: bool = True


def standings(
    quotas: Sequence[Quota],
    daily: Mapping[tuple[str, str], Daily],
    *,
    now: datetime,
    user: str | None = None,
    accounts: Collection[str] | None = None,
    within: int = DAYS,
    least_pace: float = BEHIND,
    whole: bool = True,
) -> tuple[Standing, ...]:
    """The quotas over time that were granted something or have been used, with what they come to at `now`.

    `quotas` are of one site. `daily` is the use of each (holder, resource) by UTC day; a holder that is not in it has
    none told. `user` is whose alerts are wanted: of the accounts they may charge and of their own quotas; None:
    everybody's. With `accounts` the alerts are those of them and of all users in them. `within` is how many days
    ahead is warned of. Not `whole`: `daily` is the user's own use alone.
    """
    timed = [q for q in quotas if q.unit == "seconds"]
    above = {q.holder: q.above for q in quotas}
    known = {(q.holder, q.resource): q for q in timed}
    if accounts is not None:
        mine: Collection[str] | None = {q.holder for q in quotas if q.account is not None and q.account in accounts}
    else:
        mine = None if user is None else own_holders(quotas, user)
    burns = {key: _burn(quota, daily.get(key, {}), now, least_pace) for key, quota in known.items()}

    def waits(quota: Quota) -> int:
        """What is known of what waits: everybody's, or at least one's own."""
        own = known.get(_own_key(quota, user)) if user is not None and quota.reserved is None else None
        return (own.reserved if own is not None else quota.reserved) or 0

    def alerts(quota: Quota) -> Iterator[Alert]:
        if mine is not None and quota.holder not in mine:
            return
        key = quota.holder, quota.resource
        burn = burns[key]
        if burn is not None:
            yield from _now(quota, quota, waits(quota))
            yield from _to_come(quota, quota, burn, now, within)
            if quota.user is None:
                yield from _of_contract(quota, burn, now, within)
        if mine is None or quota.user is not None:
            return
        for holder in chain(quota.holder, above)[1:]:  # an account's limits above it stop it just the same
            limit = known.get((holder, quota.resource))
            higher = burns.get((holder, quota.resource))
            if limit is not None and higher is not None and holder not in mine:
                yield from _now(quota, limit, waits(quota) if limit.reserved is None else limit.reserved)
                yield from _to_come(quota, limit, higher, now, within)

    result: list[Standing] = []
    for quota in timed:
        key = quota.holder, quota.resource
        days = daily.get(key)
        own = {} if user is None or quota.user or whole else daily.get(_own_key(quota, user), {})
        warned = tuple(alerts(quota))
        if burns[key] is None and not (warned or quota.used or quota.used_decayed or quota.committed or quota.reserved):
            continue
        result.append(
            Standing(
                quota=quota, burndown=burns[key], decayed=_decayed(quota), alerts=warned,
                daily=dict(own if days is None else days), whole=whole if days is None else True,
            )
        )  # fmt: skip
    return tuple(result)


def own_holders(quotas: Iterable[Quota], user: str) -> frozenset[str]:
    """The accounts that a user may charge, and the user in each of them."""
    accounts = {q.account for q in quotas if q.user == user and q.account is not None}
    return frozenset({*accounts, *(account_holder(account, user) for account in accounts)})


def used_of(quota: Quota) -> int | None:
    """All that was used, or where only that is known what still counts against the limit."""
    return quota.used_decayed if quota.used is None else quota.used


def urgent(alerts: Iterable[Alert], now: datetime, within: int = DAYS) -> tuple[Alert, ...]:
    """Those that are so already, or will be within so many days."""
    until = now + timedelta(days=within)
    return tuple(a for a in alerts if a.kind != "runs-out" or (a.earliest is not None and a.earliest <= until))


def _own_key(quota: Quota, user: str) -> tuple[str, str]:
    return account_holder(quota.account or "", user), quota.resource


def _decayed(quota: Quota) -> bool:
    return quota.used is None and quota.used_decayed is not None


def _burn(quota: Quota, days: Daily, now: datetime, least_pace: float) -> Burndown | None:
    """None where nothing was granted. What decays comes back by itself: neither a plan nor a rate says when it ends."""
    if not quota.granted:
        return None
    decayed = _decayed(quota)
    return burndown(
        granted=quota.granted, used=used_of(quota), daily={} if decayed else days, now=now, behind=least_pace,
        start=None if decayed else quota.period_start, end=None if decayed else quota.period_end,
    )  # fmt: skip


def _alert(kind: Warned, whose: Quota, limit: Quota) -> Alert:
    binds = None if limit is whose else limit.holder
    return Alert(kind=kind, site=whose.site, holder=whose.holder, resource=whose.resource, binds=binds)


def _now(whose: Quota, limit: Quota, waits: int) -> Iterator[Alert]:
    """What is so already: by what the scheduler holds against the limit."""
    if limit.granted is None or limit.used_decayed is None:
        return
    left = limit.granted - limit.used_decayed
    if left <= 0:
        kind: Warned = "overdrawn" if left < 0 else "spent"
        yield replace(_alert(kind, whose, limit), amount=-left if left else None)
        return
    taken = (limit.committed or 0) + waits  # what is known of it: more can only be worse
    if taken > left:
        yield replace(_alert("committed", whose, limit), amount=taken - left)


def _to_come(whose: Quota, limit: Quota, burn: Burndown, now: datetime, within: int) -> Iterator[Alert]:
    """When it runs out at the pace of the last weeks: soon, or at any of the rates before the contract's end."""
    left = None if burn.granted is None or burn.used is None else burn.granted - burn.used
    if left is None or left <= 0 or burn.earliest is None:
        return
    end = limit.period_end
    if end is not None and (end <= now or burn.earliest >= end):
        return
    soon = burn.earliest <= now + timedelta(days=within)
    surely = end is not None and burn.latest is not None and burn.latest < end
    if soon or surely:
        yield replace(_alert("runs-out", whose, limit), at=end, earliest=burn.earliest, latest=burn.latest, amount=left)


def _of_contract(quota: Quota, burn: Burndown, now: datetime, within: int) -> Iterator[Alert]:
    """Too little used of it, and what is left at its end. A limit that decays has no contract to speak of."""
    if burn.plan is None or burn.used is None or quota.period_start is None or quota.period_end is None:
        return
    start, end = quota.period_start, quota.period_end
    left = (burn.granted or 0) - burn.used
    if burn.below_pace and start + SETTLED <= now < end:
        yield replace(_alert("under-used", quota, quota), at=end, amount=burn.plan - burn.used, pace=burn.pace)
    if left > 0 and abs(end - now) <= timedelta(days=within):
        yield replace(_alert("ends", quota, quota), at=end, amount=left)
