"""The rows of the Quota screen: which quotas are shown, with what the queue claims of them and where they go. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from naru.quota_words import rank
from naru.screens.quota_words import per_unit
from naru.widgets.burn_chart_plot import Burn
from naru.widgets.gauge import Parts, parts_of
from naru_client.insight.claims import with_claims
from naru_client.insight.quota import Quota, Unit, account_holder, chain
from naru_client.insight.standing import Standing, own_holders, standings, used_of
from naru_client.model import Job

Key = tuple[str, str, str, Unit]  # site, holder, resource, unit
Daily = Mapping[tuple[str, str], Mapping[date, int]]


class GaugeRow(Struct, frozen=True, kw_only=True):
    """One quota with its gauge. `waits` is what waiting jobs reserve: everybody's, or with `own_waits` only one's own.

    `parts` is None where nothing was granted, or its use is not told.
    """

    site: str
    standing: Standing
    parts: Parts | None
    waits: int | None
    own_waits: bool = False
    mine: bool = False

    @property
    def quota(self) -> Quota:
        return self.standing.quota

    @property
    def key(self) -> Key:
        return self.site, self.quota.holder, self.quota.resource, self.quota.unit


class Claims(Struct, frozen=True):
    """The queue as far as it is listed: everybody's where `user` is None, else only that user's."""

    jobs: Sequence[Job] = ()
    user: str | None = None
    told: bool = True


def gauge_rows(
    site: str,
    quotas: Sequence[Quota],
    claims: Claims,
    daily: Daily,
    *,
    user: str | None,
    everybody: bool,
    whole: bool,
    now: datetime,
    least_pace: float,
) -> tuple[GaugeRow, ...]:
    """A site's quotas that were granted something: one's own, and those above that bind; of all with `everybody`.

    An account of which nothing is limited is told by the accelerators it has used; a limit of how much at once only
    where it is told how much that is now. One's own come first.
    """
    own = frozenset[str]() if user is None else own_holders(quotas, user)
    everybody = everybody or user is None
    above = {q.holder: q.above for q in quotas}
    near = {one for holder in own for one in chain(holder, above)}
    some = [q for q in quotas if q.holder in near or (everybody and q.granted is not None)]
    claimed = _claimed(quotas, some, claims)
    known = {(q.holder, q.resource): q for q in claimed if q.unit == "seconds"}
    found = standings(
        claimed, daily, now=now, user=None if everybody else user, least_pace=least_pace, whole=whole,
    )  # fmt: skip
    by_key = {(s.quota.holder, s.quota.resource): s for s in found}
    shown: list[Standing] = []
    for quota in claimed:
        if quota.unit == "seconds":
            if quota.granted is not None:
                shown.append(by_key.get((quota.holder, quota.resource)) or Standing(quota=quota, burndown=None))
        elif quota.granted is not None and used_of(quota) is not None:
            shown.append(Standing(quota=quota, burndown=None))
    binding = {(s.quota.binds, s.quota.resource) for s in shown if s.quota.holder in own}
    if not everybody:
        shown = [s for s in shown if s.quota.holder in own or (s.quota.holder, s.quota.resource) in binding]
    shown += _unlimited(found, {s.quota.holder for s in shown}, None if everybody else own)
    order = {holder: place for place, holder in enumerate(above)}
    shown.sort(key=lambda s: (s.quota.holder not in own, order[s.quota.holder], rank(s.quota)))
    rows = (_row(site, standing, known, user, standing.quota.holder in own) for standing in shown)
    return tuple(rows)


def _claimed(quotas: Sequence[Quota], some: Sequence[Quota], claims: Claims) -> tuple[Quota, ...]:
    """These quotas with what waits; every holder must be known for that, one row of each is enough."""
    if not claims.told:
        return tuple(some)
    there = {q.holder for q in some}
    others = {q.holder: q for q in quotas if q.holder not in there}
    return with_claims((*some, *others.values()), claims.jobs, user=claims.user)[: len(some)]


def _unlimited(found: Iterable[Standing], there: set[str], own: frozenset[str] | None) -> list[Standing]:
    """Of accounts that are not limited in anything what they have used of accelerators."""
    return [
        one
        for one in found
        if one.quota.unlimited
        and used_of(one.quota)
        and one.quota.user is None
        and one.quota.account is not None
        and one.quota.holder not in there
        and one.quota.resource in ("gpu", "npu")
        and (own is None or one.quota.holder in own)
    ]


def _row(
    site: str, standing: Standing, known: Mapping[tuple[str, str], Quota], user: str | None, mine: bool
) -> GaugeRow:
    quota = standing.quota
    waits, own_waits = quota.reserved, False
    if waits is None and user is not None and quota.user is None and quota.account is not None and mine:
        own = known.get((account_holder(quota.account, user), quota.resource))
        if own is not None and quota.unit == "seconds":
            waits, own_waits = own.reserved, own.reserved is not None
    parts = parts_of(replace(quota, reserved=waits))
    return GaugeRow(site=site, standing=standing, parts=parts, waits=waits, own_waits=own_waits, mine=mine)


def burn_of(row: GaugeRow, now: datetime) -> Burn | None:
    """The burn-down to draw; None where nothing was granted over time, its use is not told, or old use counts less and
    less. How much of today's use there is no day tells: the days before stand by as much too low, at most a day's."""
    quota, burn, daily = row.quota, row.standing.burndown, row.standing.daily
    if burn is None or burn.granted is None or burn.used is None or row.standing.decayed:
        return None
    left = burn.granted - burn.used
    points = [(now, left)]
    day = now.astimezone(UTC).date()
    if daily and row.standing.whole:
        points.append((_midnight(day), left))
        while (day := day - timedelta(days=1)) in daily:
            left += daily[day]
            points.append((_midnight(day), left))
    if len(points) == 1 and (quota.period_start is None or quota.period_end is None):
        return None  # neither a past nor a plan: there is nothing to draw but one figure
    return Burn(
        granted=burn.granted, points=tuple(reversed(points)), now=now, start=quota.period_start, end=quota.period_end,
        slowest=burn.slowest, fastest=burn.fastest, earliest=burn.earliest, latest=burn.latest, per=per_unit(quota),
    )  # fmt: skip


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
