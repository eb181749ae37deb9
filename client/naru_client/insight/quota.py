"""What was granted, what is used and spoken for, and what remains; which limit binds first; and what a job would hit.

An amount is of a resource times seconds (`unit` "seconds": a limit over time), or how many at once ("count"). What is
not told is None all the way: a sum with an unknown part is unknown, never smaller.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from naru_client.model import Accelerators, Grant

Unit = Literal["seconds", "count"]
Kind = Literal["exhausted", "larger-than-granted", "larger-than-remaining", "not-known"]


class Quota(Struct, frozen=True, kw_only=True):
    """One resource ("gpu", "gpu:h100", "cpu", "node", "billing") of one holder: an account, a user in it, or a QOS.

    `granted` is None with `unlimited` where nothing limits it, None without where it is not told. `used_decayed` is
    what the scheduler holds against the limit; `used` is all that was ever used, None where only the other is known.
    `remaining` is granted less used_decayed and committed, below zero when overdrawn. `available` is the least
    remaining of the holder and of those above it, and `binds` whose that is; both are None where nothing limits. Where
    one of them is not known, `available` is None and `binds` is that one.
    """

    site: str = ""
    holder: str
    above: str | None = None
    account: str | None
    user: str | None = None
    resource: str
    unit: Unit = "seconds"
    granted: int | None
    unlimited: bool = False
    enforced: bool = True  # whether the scheduler itself keeps to what was granted
    used: int | None = None
    used_decayed: int | None = None
    committed: int | None = None  # by running jobs, up to their time limits
    committed_expected: int | None = None  # by running jobs, as they are expected to end
    reserved: int | None = None  # by queued jobs, up to their time limits
    remaining: int | None = None
    available: int | None = None
    binds: str | None = None
    step: int = 1  # figures are cut off to a multiple of this: 60 where the source tells minutes
    period_start: datetime | None = None
    period_end: datetime | None = None
    as_of: datetime | None = None


class Demand(Struct, frozen=True, kw_only=True):
    """A job that is not submitted yet. `qos` are those that count for it, its own and its pool's; None: not asked."""

    account: str
    user: str | None = None
    qos: tuple[str, ...] = ()
    accelerators: tuple[Accelerators, ...] = ()
    cpus: int | None = None
    nodes: int | None = None
    seconds: int


class Shortfall(Struct, frozen=True, kw_only=True):
    """A limit that a job would hit: whose, of what, what it needs, and by how much that is too much.

    `over` is None with "not-known": there is a limit, but not all that counts against it is told.
    """

    holder: str
    resource: str
    unit: Unit
    kind: Kind
    needed: int
    granted: int | None
    remaining: int | None
    over: int | None


def total(amounts: Iterable[int | None]) -> int | None:
    """The sum; None when any part is unknown."""
    result = 0
    for amount in amounts:
        if amount is None:
            return None
        result += amount
    return result


def remaining(granted: int | None, used: int | None, committed: int | None) -> int | None:
    """What a new job may still claim; None when any of the three is unknown, or nothing was granted in figures."""
    if granted is None or used is None or committed is None:
        return None
    return granted - used - committed


def account_holder(account: str, user: str | None = None) -> str:
    return account if user is None else f"{account}/{user}"


def qos_holder(name: str) -> str:
    return f"qos:{name}"


def undecayed(quotas: Sequence[Quota]) -> tuple[Quota, ...]:
    """The quotas where use never counts for less as it ages: what counts against a limit is all that was used."""
    return tuple(replace(q, used=q.used_decayed) if q.used is None and q.unit == "seconds" else q for q in quotas)


def with_grants(quotas: Sequence[Quota], grants: Mapping[str, Grant]) -> tuple[Quota, ...]:
    """The quotas with what was agreed with their accounts and no scheduler tells: the contract's span, and what was
    granted where no limit says so. Users in an account have its span, and no more than it has left."""
    if not grants:
        return tuple(quotas)
    above = {q.holder: q.above for q in quotas}
    agreed = [_agreed(quota, grants.get(quota.account or "")) for quota in quotas]
    told = {(q.holder, q.resource): q for q in agreed if not q.enforced}
    return tuple(_bound(quota, told, chain(quota.holder, above)) for quota in agreed)


def _agreed(quota: Quota, grant: Grant | None) -> Quota:
    if grant is None or quota.unit != "seconds":
        return quota
    quota = replace(
        quota,
        period_start=None if grant.start is None else _midnight(grant.start),
        period_end=None if grant.end is None else _midnight(grant.end + timedelta(days=1)),
    )
    hours = grant.hours.get(quota.resource)
    if hours is None or quota.user is not None or not quota.unlimited:
        return quota
    left = remaining(hours * 3600, quota.used_decayed, quota.committed)
    return replace(quota, granted=hours * 3600, unlimited=False, enforced=False, remaining=left)


def _bound(quota: Quota, told: Mapping[tuple[str, str], Quota], holders: Iterable[str]) -> Quota:
    """The quota with what is available to it where a grant of one of these holders leaves less than the scheduler."""
    if quota.unit != "seconds":
        return quota
    grants = [one for holder in holders if (one := told.get((holder, quota.resource))) is not None]
    known = [] if quota.binds is None else [(quota.binds, False, quota.available)]
    if not grants:
        return quota
    available, binds = least((*known, *((one.holder, False, one.remaining) for one in grants)))
    return replace(quota, available=available, binds=binds)


def _midnight(day: date) -> datetime:
    """The beginning of a day where Naru runs."""
    return datetime(day.year, day.month, day.day).astimezone()


Key = tuple[str, str, Unit]


def by_key(quotas: Iterable[Quota]) -> dict[Key, Quota]:
    return {(q.holder, q.resource, q.unit): q for q in quotas}


def chain(start: str, above: Mapping[str, str | None]) -> tuple[str, ...]:
    """The holder and those above it, lowest first; a circle, which only a broken answer holds, ends it."""
    found: list[str] = []
    at: str | None = start
    while at is not None and at not in found:
        found.append(at)
        at = above.get(at)
    return tuple(found)


def least(limits: Iterable[tuple[str, bool, int | None]]) -> tuple[int | None, str | None]:
    """What is available and who binds, of (holder, unlimited, remaining), lowest first; of equals the lowest binds."""
    best: int | None = None
    binds: str | None = None
    for holder, unlimited, left in limits:
        if unlimited:
            continue
        if left is None:
            return None, holder
        if best is None or left < best:
            best, binds = left, holder
    return best, binds


def predict(quotas: Sequence[Quota], demand: Demand, *, safe: bool = True) -> tuple[Shortfall, ...]:
    """Which limits a job would hit, the worst first; empty when none is known to be in its way.

    As Slurm does it: time limits count in whole minutes, begun ones too; a QOS that limits a resource stands in for
    the account's limit of it; what running jobs have claimed counts only where limits are `safe` (a flag of
    AccountingStorageEnforce), else a job starts as long as anything is left. Billing units and memory are not foretold,
    nor a limit of one model where the job names none.
    """
    known = by_key(quotas)
    above = {q.holder: q.above for q in quotas}
    user = account_holder(demand.account, demand.user)
    start = user if user in above else demand.account
    accounts = chain(start, above)
    qos = tuple(qos_holder(name) for name in demand.qos)
    minutes = -(-demand.seconds // 60)
    found: list[Shortfall] = []
    for resource, count in wanted(demand).items():
        needs: tuple[tuple[Unit, int], ...] = (("seconds", count * minutes * 60), ("count", count))
        for unit, needed in needs:
            limited = [q for q in _limits(known, qos, resource, unit) if not q.unlimited]
            for quota in limited or _limits(known, accounts, resource, unit):
                shortfall = _shortfall(quota, needed, safe=safe)
                if shortfall is not None:
                    found.append(shortfall)
            if not limited:
                found += _hidden(known, accounts, resource, unit, needed)
    return tuple(sorted(found, key=lambda s: (s.over is None, -(s.over or 0))))


def wanted(demand: Demand) -> dict[str, int]:
    """How many of each resource a job asks for; accelerators both by kind and by model."""
    counts: dict[str, int] = {}
    for one in demand.accelerators:
        for name in (one.kind, f"{one.kind}:{one.model}") if one.model else (one.kind,):
            counts[name] = counts.get(name, 0) + one.count
    if demand.cpus is not None:
        counts["cpu"] = demand.cpus
    if demand.nodes is not None:
        counts["node"] = demand.nodes
    return {name: count for name, count in counts.items() if count}


def _limits(known: Mapping[Key, Quota], holders: Iterable[str], resource: str, unit: Unit) -> list[Quota]:
    return [known[key] for holder in holders if (key := (holder, resource, unit)) in known]


def _hidden(
    known: Mapping[Key, Quota], accounts: Sequence[str], resource: str, unit: Unit, needed: int
) -> list[Shortfall]:
    """A limit that may be there: the source did not tell of a holder above."""
    lowest = next(iter(_limits(known, accounts, resource, unit)), None)
    if lowest is None or lowest.available is not None or lowest.binds is None:
        return []
    if (lowest.binds, resource, unit) in known:
        return []
    return [
        Shortfall(
            holder=lowest.binds, resource=resource, unit=unit, kind="not-known", needed=needed,
            granted=None, remaining=None, over=None,
        )
    ]  # fmt: skip


def _shortfall(quota: Quota, needed: int, *, safe: bool) -> Shortfall | None:
    if quota.unlimited:
        return None
    kind: Kind | None = None
    over: int | None = None
    certain = safe or quota.unit == "count"  # else a job starts as long as anything is left
    if quota.granted is not None and certain and needed > quota.granted and not _spent(quota):
        kind, over = "larger-than-granted", needed - quota.granted
    elif quota.granted is None or quota.used_decayed is None or (certain and quota.remaining is None):
        kind = "not-known"
    elif _spent(quota):
        kind, over = "exhausted", needed + quota.used_decayed - quota.granted
    elif certain and quota.remaining is not None and needed > quota.remaining:
        kind, over = "larger-than-remaining", needed - quota.remaining
    if kind is None:
        return None
    return Shortfall(
        holder=quota.holder, resource=quota.resource, unit=quota.unit, kind=kind, needed=needed,
        granted=quota.granted, remaining=quota.remaining, over=over,
    )  # fmt: skip


def _spent(quota: Quota) -> bool:
    """Whether all that was granted over time is known to be used."""
    granted, used = quota.granted, quota.used_decayed
    return quota.unit == "seconds" and granted is not None and used is not None and used >= granted
