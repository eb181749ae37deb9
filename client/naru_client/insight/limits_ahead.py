"""What a job that is not submitted yet would meet of limits, and what it would leave of each quota. Pure."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from naru_client.i18n import _
from naru_client.insight.amount_words import shortfall_words
from naru_client.insight.quota import (
    Demand,
    Quota,
    Shortfall,
    account_holder,
    by_key,
    predict,
    qos_holder,
    wanted,
)
from naru_client.insight.request import Request, Totals, totals
from naru_client.model import Pool


class After(Struct, frozen=True, kw_only=True):
    """What remains of a quota once the job has run to its limit; below zero when it would be overdrawn.

    `holder` is whose limit it is: that of the account, or of one above it, that binds first.
    """

    holder: str
    resource: str
    available: int  # resource × seconds, before
    left: int  # and after


class Needed(Struct, frozen=True, kw_only=True):
    """What one task of it asks of the limits, and how many tasks there are. `demand` is None where that is not known:
    no account, or no time limit; `unsure` then says which. `given` is what it will be given, whose models are those of
    the pool: limits of a model hold back only a job that names it, but what it ran on is used up all the same."""

    demand: Demand | None
    given: Demand | None = None
    tasks: int
    unsure: str = ""


class Ahead(Struct, frozen=True, kw_only=True):
    """The limits that it would hit, in words: those for which it would never start, those for which it would wait until
    others end, and what is not known. `after` is what is left, the least first."""

    shortfalls: tuple[Shortfall, ...] = ()
    never: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    after: tuple[After, ...] = ()


def needed_by(
    request: Request, got: Totals, pool: Pool, *, account: str | None, user: str | None, seconds: int | None, tasks: int
) -> Needed:
    """`got` is what it would be given there, `seconds` its time limit there."""
    if account is None:
        return Needed(demand=None, tasks=tasks, unsure=_("the account is not told: what its limits leave is not known"))
    if seconds is None:
        text = _("there is no time limit: what it may take of a grant is not known")
        return Needed(demand=None, tasks=tasks, unsure=text)
    qos = tuple(dict.fromkeys(name for name in (request.qos, pool.qos) if name))
    given = Demand(
        account=account, user=user, qos=qos, accelerators=got.accelerators or (), cpus=got.cpus, nodes=got.nodes,
        seconds=seconds,
    )  # fmt: skip
    asked = totals(request, got.nodes).accelerators
    demand = given if got.whole_nodes or asked is None else replace(given, accelerators=asked)
    return Needed(demand=demand, given=given, tasks=tasks)


def prospects(quotas: Sequence[Quota], need: Needed, *, safe: bool = True) -> Ahead:
    """What lies ahead of it. Nothing where no quotas are told, which says nothing about limits either."""
    demand = need.demand
    if demand is None:
        return Ahead(unsure=(need.unsure,) if any(not quota.unlimited for quota in quotas) else ())
    known = by_key(quotas)
    never: list[str] = []
    waits: list[str] = []
    unsure: list[str] = []
    shortfalls = tuple(_settled(one, safe=safe) for one in predict(quotas, demand, safe=safe))
    for one in shortfalls:
        quota = known.get((one.holder, one.resource, one.unit))
        words = shortfall_words(one, quota)
        if one.kind == "not-known" and not (one.unit == "count" and one.granted is not None):
            unsure.append(words)
        elif quota is not None and not quota.enforced:
            waits.append(words)
        elif one.unit == "count" and one.kind != "larger-than-granted":
            waits.append(words)
        else:
            never.append(words)
    return Ahead(
        shortfalls=shortfalls, never=tuple(dict.fromkeys(never)), waits=tuple(dict.fromkeys(waits)),
        unsure=tuple(dict.fromkeys(unsure)), after=_after(quotas, need.given or demand, need.tasks),
    )  # fmt: skip


def _settled(one: Shortfall, *, safe: bool) -> Shortfall:
    """More than was ever granted is too much, whatever of it is used."""
    if (
        one.kind == "not-known"
        and one.granted is not None
        and (safe or one.unit == "count")
        and one.needed > one.granted
    ):
        return replace(one, kind="larger-than-granted", over=one.needed - one.granted)
    return one


def _after(quotas: Sequence[Quota], demand: Demand, tasks: int) -> tuple[After, ...]:
    """What is left of each limit over time when every task runs to its limit, time counted in begun minutes."""
    known = by_key(quotas)
    user = account_holder(demand.account, demand.user)
    start = user if any(quota.holder == user for quota in quotas) else demand.account
    seconds = -(-demand.seconds // 60) * 60 * tasks
    found: dict[tuple[str, str], After] = {}
    for resource, count in wanted(demand).items():
        for holder in (start, *map(qos_holder, demand.qos)):
            quota = known.get((holder, resource, "seconds"))
            if quota is None or quota.available is None:
                continue
            binds = quota.binds or holder
            left = quota.available - count * seconds
            found[binds, resource] = After(holder=binds, resource=resource, available=quota.available, left=left)
    return tuple(sorted(found.values(), key=lambda one: one.left))
