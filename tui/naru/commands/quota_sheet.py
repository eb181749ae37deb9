"""`naru quota` for programs: every figure in resource × seconds, and a flat table. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from naru.commands.quota_reading import Survey
from naru.commands.quota_rows import account_rows, qos_rows, user_rows
from naru.output import Sheet
from naru_client.insight.burndown import Burndown
from naru_client.insight.quota import Quota
from naru_client.insight.standing import Alert, Standing

_QUOTA = Quota.__struct_fields__
_BURN = ("plan", "pace", "below_pace", "slowest", "fastest", "earliest", "latest", "lasts", "days")


class Told(Struct, frozen=True, kw_only=True):
    """One quota for programs: amounts are resource × seconds where `quota.unit` is "seconds", else how many at once.

    `role` is why it is told: "own" of the account, "user" of a user in it, "above" of a holder whose limit binds it,
    "qos". `daily` is the use by UTC day, `whole` whether it is everybody's.
    """

    account: str
    role: str
    quota: Quota
    decayed: bool = False
    burndown: Burndown | None = None
    daily: dict[date, int] = {}
    whole: bool = True


class Data(Struct, frozen=True, kw_only=True):
    """What `--json` tells. `within` is how many days ahead is warned of, `exhausted` what becomes of jobs then."""

    quotas: tuple[Told, ...]
    alerts: tuple[Alert, ...]
    within: int
    exhausted: str | None


def data(told: Sequence[Survey], *, within: int, exhausted: str, users: bool) -> Data:
    return Data(
        quotas=tuple(_rows(told, users)),
        alerts=tuple(alert for one in told for standing in one.standings for alert in standing.alerts),
        within=within,
        exhausted=exhausted or None,
    )


def sheet(told: Sequence[Survey], *, users: bool) -> Sheet:
    """A row for each quota: its figures, its burn-down, and the kinds of its warnings."""
    warned = {(a.site, s.quota.holder, s.quota.resource): s for one in told for s in one.standings for a in s.alerts}
    rows: list[tuple[Any, ...]] = []
    for one in _rows(told, users):
        standing = warned.get((one.quota.site, one.quota.holder, one.quota.resource))
        kinds = tuple(a.kind for a in standing.alerts) if standing and one.quota.unit == "seconds" else ()
        burn: tuple[Any, ...] = (None,) * len(_BURN)
        if one.burndown is not None:
            burn = tuple(getattr(one.burndown, name) for name in _BURN)
        rows.append((*(getattr(one.quota, name) for name in _QUOTA), one.role, one.decayed, *burn, kinds))
    return Sheet((*_QUOTA, "role", "decayed", *_BURN, "alerts"), tuple(rows))


def _rows(told: Sequence[Survey], users: bool) -> Iterator[Told]:
    for survey in told:
        if users:
            for user in user_rows(survey):
                yield _told(user.account, "user", user.quota, None)
            continue
        for rows in account_rows(survey):
            for row in (*rows.limits, *rows.free):
                yield _told(row.account, row.role, row.quota, row.standing)
        for row in qos_rows(survey):
            yield _told("", "qos", row.quota, row.standing)


def _told(account: str, role: str, quota: Quota, standing: Standing | None) -> Told:
    if standing is None:
        return Told(account=account, role=role, quota=quota)
    return Told(
        account=account, role=role, quota=quota, decayed=standing.decayed, burndown=standing.burndown,
        daily=standing.daily, whole=standing.whole,
    )  # fmt: skip
