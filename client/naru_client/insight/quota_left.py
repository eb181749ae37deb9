"""The one figure of a person's quotas that fits a line: how much is left of what runs short first. Pure."""

from collections.abc import Iterable

from naru_client.insight.quota import Quota

ACCELERATORS = ("gpu", "npu")


def tightest(quotas: Iterable[Quota], user: str | None) -> Quota | None:
    """Of what the user's accounts were granted over time, that of which the least part is still available.

    Accelerators go before all else. None where nothing is granted, or not told in figures, or nobody knows who asks.
    """
    told = tuple(quotas)
    accounts = {q.account for q in told if user is not None and q.user == user}
    found = [
        quota
        for quota in told
        if quota.account in accounts and quota.user in (None, user) and quota.unit == "seconds" and quota.granted
    ]
    known = [quota for quota in found if quota.available is not None]
    return min(known, key=lambda q: (q.resource.partition(":")[0] not in ACCELERATORS, part_left(q)), default=None)


def part_left(quota: Quota) -> float:
    """What is available of what was granted, from 0 to 1; 0 where either is not told."""
    if not quota.granted or quota.available is None:
        return 0.0
    return min(1.0, max(0.0, quota.available / quota.granted))
