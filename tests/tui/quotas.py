"""Quotas of plain values for tests: an account of a university's grant, with two users."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from tests.tui.fake import NOW, FakeCentre, job

from naru_client.insight.quota import Quota, chain, least, remaining
from naru_client.model import Accelerators, Job

HOUR, DAY = 3600, 86400
START, END = datetime(2026, 1, 21, 15, tzinfo=UTC), datetime(2026, 4, 11, tzinfo=UTC)  # NOW is half way


def quota(holder: str, granted: int | None = None, used: int | None = 0, **more: object) -> Quota:
    """GPU-hours that do not decay; `granted` and `used` are hours."""
    account, _slash, user = holder.partition("/")
    grant = None if granted is None else granted * HOUR
    taken = None if used is None else used * HOUR
    base = Quota(
        site="test", holder=holder, above={"lab": "univ", "root": None, "univ": "root"}.get(holder, account),
        account=account, user=user or None, resource="gpu", granted=grant, unlimited=granted is None, used=taken,
        used_decayed=taken, committed=0, remaining=remaining(grant, taken, 0), as_of=NOW,
    )  # fmt: skip
    return replace(base, **more)


def bound(*quotas: Quota) -> tuple[Quota, ...]:
    """The same with what is available to each, and by whose limit."""
    above = {q.holder: q.above for q in quotas}
    known = {(q.holder, q.resource, q.unit): q for q in quotas}

    def one(q: Quota) -> Quota:
        line = [known.get((h, q.resource, q.unit)) for h in chain(q.holder, above)]
        available, binds = least((k.holder, k.unlimited, k.remaining) for k in line if k is not None)
        return replace(q, available=available, binds=binds)

    return tuple(map(one, quotas))


def lab(granted: int | None = 1000, used: int = 500, **more: object) -> tuple[Quota, ...]:
    """`lab` with `me` and `bob` in it, of a contract that is half over."""
    span = {"period_start": START, "period_end": END}
    return bound(
        quota("root"), quota("univ"), quota("lab", granted, used, **(span | more)),
        quota("lab/me", None, used // 2, **span), quota("lab/bob", None, used - used // 2, **span),
    )  # fmt: skip


def ran(number: int, days_ago: int, hours: int, user: str = "me", **more: object) -> Job:
    """One GPU for so many hours of the day so many days ago, at 0:00 UTC."""
    start = NOW.replace(hour=0, minute=0) - timedelta(days=days_ago)
    return job(
        number, **{
            "state": "COMPLETED", "user": user, "started": start, "ended": start + timedelta(hours=hours),
            "elapsed": hours * HOUR, "accelerators": (Accelerators("gpu", "h100", 1),), "cpus": 4, **more,
        },
    )  # fmt: skip


def centre(quotas: Sequence[Quota], history: Sequence[Job] = (), live: Sequence[Job] = ()) -> FakeCentre:
    made = FakeCentre(tuple(live))
    made.held_quotas, made.held_history = tuple(quotas), tuple(history)
    return made
