"""Where a job that is not submitted yet could run, and what it would cost there, pool by pool. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from naru_client.i18n import _
from naru_client.insight.cost import Cost, cost_of
from naru_client.insight.limits_ahead import After, Ahead, needed_by, prospects
from naru_client.insight.placing import Placed, place
from naru_client.insight.pool_gates import LimitFrom, gates, limit_note, time_limit, too_long
from naru_client.insight.quota import Quota, Shortfall
from naru_client.insight.reckoning import Reckoner
from naru_client.insight.request import Request, totals
from naru_client.insight.run_times import RunTimes
from naru_client.insight.tally import tally
from naru_client.model import PENDING, Job, Node, Pool

__all__ = ["After", "LimitFrom", "Offer", "offers", "only_account", "ordered"]


class Offer(Struct, frozen=True, kw_only=True):
    """One pool of one site for one request (or all parts of a heterogeneous one together, where `part` is None).

    `fits` is False where the pool could not run it, or a limit would hold it for good (`why_not` says why, in words),
    None where that is not known (`unsure` says what is not; `limits_unsure` is that part of it which the scheduler's
    answer would not settle). `notes` are what else there is to say in words: that it would wait for others, that a
    default of the pool was taken.
    `starts` is the scheduler's own answer, None where it was not asked or has none; `starts_why` is why there is none.
    `free` is how many of the accelerators asked for are free in the pool now. `jobs` are what it would be, one job for
    each part, as the cost was reckoned: with `array_pending` tasks of an array, of which `at_once` may run together.
    `named` is whether the script names this pool. `limit` is the time limit in seconds, None where there is none.
    Of several parts in several pools, `pool` has all their names with a "+" between them.
    """

    site: str
    pool: str
    part: int | None = 0
    fits: bool | None
    why_not: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    limits_unsure: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    named: bool = False
    jobs: tuple[Job, ...] = ()
    tasks: int = 1
    at_once: int | None = None
    limit: int | None = None
    limit_from: LimitFrom = ""
    cost: Cost | None = None
    shortfalls: tuple[Shortfall, ...] = ()
    after: tuple[After, ...] = ()
    free: int | None = None
    starts: datetime | None = None
    starts_why: str = ""

    @property
    def tightest(self) -> After | None:
        """The quota of which the least remains once the job has run, by the part of it that is left."""
        return min(self.after, key=lambda one: one.left / max(1, one.available), default=None)


class _Site(Struct, frozen=True, kw_only=True):
    """What all offers of one site rest on; `nodes` by pool, None where none are told."""

    nodes: dict[str, list[Node]] | None
    quotas: tuple[Quota, ...]
    reckoner: Reckoner | None
    account: str | None
    user: str | None
    now: datetime
    run_times: RunTimes | None


def offers(
    requests: Sequence[Request],
    *,
    pools: Sequence[Pool],
    nodes: Sequence[Node],
    quotas: Sequence[Quota],
    reckoner: Callable[[str], Reckoner | None],
    account: str | None,
    user: str | None,
    now: datetime,
    run_times: RunTimes | None = None,
) -> tuple[Offer, ...]:
    """An offer for every pool that exists, those that fit first and of those the cheapest; those the script names
    before others of one price. `reckoner` gives the tariff at work of a site, None where none is known.

    `account` and `user` are those of requests that name none. An account that nobody names is the user's only one,
    where the quotas tell of one alone.
    """
    found: list[Offer] = []
    for name in dict.fromkeys(pool.site for pool in pools):
        own = tuple(quota for quota in quotas if quota.site == name)
        site = _Site(
            nodes=_by_pool(node for node in nodes if node.site == name),
            quotas=own, reckoner=reckoner(name), account=account or only_account(own, user), user=user, now=now,
            run_times=run_times,
        )  # fmt: skip
        here = [pool for pool in pools if pool.site == name]
        if len(requests) == 1:
            found += [_offer(requests[0], pool, site) for pool in here]
        else:
            found += _together(requests, here, site)
    return ordered(found)


def ordered(found: Iterable[Offer]) -> tuple[Offer, ...]:
    """Those that fit first, those of which it is not known next; then the cheapest, those that were named, and those
    that have the most free now."""

    def rank(offer: Offer) -> tuple[object, ...]:
        most = offer.cost.at_most if offer.cost else None
        fits = {True: 0, None: 1, False: 2}[offer.fits]
        return fits, most is None, most.high if most else Decimal(0), not offer.named, -(offer.free or 0)

    return tuple(sorted(found, key=rank))


def only_account(quotas: Iterable[Quota], user: str | None) -> str | None:
    """The account of a user who has one alone, as far as quotas tell."""
    accounts = {quota.account for quota in quotas if quota.user is not None and quota.user == user}
    return accounts.pop() if len(accounts) == 1 else None


def _offer(request: Request, pool: Pool, site: _Site) -> Offer:
    placed = _placed(request, pool, site)
    limit, limit_from = time_limit(request, pool)
    account = request.account or site.account
    tasks = request.array.tasks if request.array else 1
    need = needed_by(request, placed.totals, pool, account=account, user=site.user, seconds=limit, tasks=tasks)
    ahead = prospects(site.quotas, need) if placed.fits is not False else Ahead()
    refusals, open_questions = gates(request, pool, account)
    job = _job(request, placed, pool, site, limit, limit_from)
    why_not = (
        *refusals,
        *((placed.why_not,) if placed.why_not else ()),
        *too_long(request, pool, limit),
        *ahead.never,
    )
    unsure = (*placed.unsure, *open_questions, *ahead.unsure)
    return Offer(
        site=pool.site, pool=pool.name, part=request.part,
        fits=False if why_not else None if unsure else True,
        why_not=why_not, unsure=unsure, limits_unsure=ahead.unsure,
        notes=(*ahead.waits, *limit_note(limit, limit_from)),
        named=pool.name in request.pools,
        jobs=(job,), tasks=tasks, at_once=request.array.at_once if request.array else None,
        limit=limit, limit_from=limit_from,
        cost=_cost((job,), site) if placed.fits is not False else None,
        shortfalls=ahead.shortfalls, after=ahead.after, free=_free(request, pool, site),
    )  # fmt: skip


def _together(requests: Sequence[Request], pools: Sequence[Pool], site: _Site) -> Iterator[Offer]:
    """All parts at once: those that name a pool there, and the others in each pool in turn."""
    by_name = {pool.name: pool for pool in pools}
    homes = [next((by_name[name] for name in one.pools if name in by_name), None) for one in requests]
    shapes = [_shape(one) for one in requests]
    seen: set[tuple[str, ...]] = set()
    made: dict[tuple[bytes, str], Offer] = {}  # a job of hundreds of parts asks for the same again and again

    def offer(request: Request, shape: bytes, pool: Pool) -> Offer:
        found = made.get((shape, pool.name))
        if found is None:
            found = made[shape, pool.name] = _offer(request, pool, site)
        return replace(found, part=request.part)

    for pool in pools:
        where = [home or pool for home in homes]
        names = tuple(dict.fromkeys(one.name for one in where))
        if names not in seen:
            seen.add(names)
            yield _joined([offer(*one) for one in zip(requests, shapes, where, strict=True)], names, site)


def _shape(request: Request) -> bytes:
    """What a part asks for, whatever part it is and wherever that was written: equal where its offers are."""
    wishes = tuple(replace(wish, origin=None) for wish in request.accelerators)
    bare = replace(request, part=0, accelerators=wishes, given=(), overruled=(), unknown=(), origins={})
    return msgspec.msgpack.encode(bare)


def _joined(parts: Sequence[Offer], names: Sequence[str], site: _Site) -> Offer:
    def told(field: str) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                _("part {n}: {text}").format(n=part.part, text=text) for part in parts for text in getattr(part, field)
            )
        )

    jobs = tuple(job for part in parts for job in part.jobs)
    fits = [part.fits for part in parts]
    after: dict[tuple[str, str], After] = {}
    for one in (one for part in parts for one in part.after):
        before = after.get((one.holder, one.resource))
        after[one.holder, one.resource] = one if before is None else replace(
            before, left=before.left - (one.available - one.left)
        )  # fmt: skip
    free = [part.free for part in parts]
    limits = {(part.limit, part.limit_from) for part in parts}
    limit, limit_from = limits.pop() if len(limits) == 1 else (None, "")
    return Offer(
        site=parts[0].site, pool="+".join(names), part=None,
        fits=False if False in fits else None if None in fits else True,
        why_not=told("why_not"), unsure=told("unsure"), limits_unsure=told("limits_unsure"), notes=told("notes"),
        named=all(part.named for part in parts),
        jobs=jobs, limit=limit, limit_from=limit_from,
        cost=_cost(jobs, site) if all(part.cost for part in parts) else None,
        shortfalls=tuple(one for part in parts for one in part.shortfalls),
        after=tuple(sorted(after.values(), key=lambda one: one.left)),
        free=free[0] if len(free) == 1 else None,
    )  # fmt: skip


def _by_pool(nodes: Iterable[Node]) -> dict[str, list[Node]] | None:
    found: dict[str, list[Node]] = {}
    for node in nodes:
        for pool in node.pools:
            found.setdefault(pool, []).append(node)
    return found or None


def _placed(request: Request, pool: Pool, site: _Site) -> Placed:
    if site.nodes is None:
        return Placed(fits=None, totals=totals(request), unsure=(_("what nodes there are is not told"),))
    found = place(request, site.nodes.get(pool.name, ()))
    least = found.totals.nodes or found.totals.nodes_least
    if found.fits is not False and pool.max_nodes is not None and least is not None and least > pool.max_nodes:
        text = _("it needs {n} nodes, and a job here has {most} at most").format(n=least, most=pool.max_nodes)
        return replace(found, fits=False, why_not=text)
    return found


def _job(request: Request, placed: Placed, pool: Pool, site: _Site, limit: int | None, limit_from: LimitFrom) -> Job:
    """What it would be in the queue, as a job that waits."""
    got = placed.totals
    array = request.array
    return Job(
        site=pool.site, id="", job_id=0, name=request.name or "", user=site.user,
        account=request.account or site.account, qos=request.qos, pool=pool.name, reservation=request.reservation,
        state=PENDING, nodes=got.nodes, cpus=got.cpus, tasks=got.tasks, memory=got.memory,
        accelerators=got.accelerators, features=request.constraint, time_limit=limit,
        unlimited=limit is None and (request.unlimited or pool.unlimited_time), comment=request.comment,
        array_tasks=array.text if array else None, array_pending=array.tasks if array else None,
    )  # fmt: skip


def _cost(jobs: Sequence[Job], site: _Site) -> Cost | None:
    if site.reckoner is None:
        return None
    times = site.run_times
    if times is None:
        return cost_of(jobs, site.reckoner, site.now)
    told = [times.expected(job) for job in jobs]
    basis = "; ".join(dict.fromkeys(one.basis for one in told if one))

    def seconds(job: Job) -> int | None:
        found = times.expected(job)
        return found.seconds if found else None

    return cost_of(jobs, site.reckoner, site.now, seconds, basis)


def _free(request: Request, pool: Pool, site: _Site) -> int | None:
    """Of the accelerators asked for, how many are free now; None where none are asked for or use is not told."""
    if not request.accelerators or site.nodes is None:
        return None
    wanted = {(wish.kind, wish.model.lower() if wish.model else None) for wish in request.accelerators}
    free = 0
    for one in tally(site.nodes.get(pool.name, ())):
        if (one.kind, (one.model or "").lower()) in wanted or (one.kind, None) in wanted:
            if one.free is None:
                return None
            free += one.free
    return free
