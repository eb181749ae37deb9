"""What a queue claims of quotas: waiting jobs up to their limits, running ones as they are expected to end. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from naru_client.insight.quota import Quota, account_holder, chain, least, qos_holder, remaining
from naru_client.model import Job

Counts = dict[tuple[str, str], int | None]  # resource × seconds by holder and resource; None where a job hides its part

_MODELS = "*"  # of a kind, whatever model: what a job leaves open
_ANY = ""  # whatever holder: a job that does not tell whose it is may be anybody's


def with_claims(
    quotas: Sequence[Quota], jobs: Iterable[Job], *, user: str | None = None, expected: Mapping[str, int] | None = None
) -> tuple[Quota, ...]:
    """The quotas over time with what the queue reserves, and what running jobs are expected to take yet; those of how
    many at once with what running jobs hold, where the source does not tell it.

    `jobs` is the whole queue of the site, what runs in it too; with `user` only that user's, and only the user's own
    quotas are told then.
    `expected` is how many seconds a running job will take in all, by id.
    """
    queue = tuple(jobs)
    above = {q.holder: q.above for q in quotas}
    running = tuple(job for job in queue if job.running)
    reserved = _claims((job for job in queue if job.waiting), above, _to_its_limit)
    yet = None if expected is None else _claims(running, above, partial(_yet, expected=expected))
    held = _claims(running, above, lambda job: 1)
    told = tuple(
        quota
        if user not in (None, quota.user)
        else replace(
            quota,
            reserved=_claim(reserved, quota.holder, quota.resource),
            committed_expected=_claim(yet, quota.holder, quota.resource),
        )
        if quota.unit == "seconds"
        else _with_held(quota, _claim(held, quota.holder, quota.resource))
        for quota in quotas
    )
    return tuple(_with_left(told, quotas, above))


def _with_held(quota: Quota, held: int | None) -> Quota:
    if held is None or quota.used_decayed is not None:
        return quota
    return replace(
        quota, used=held, used_decayed=held, committed=0, remaining=remaining(quota.granted, held, 0)
    )  # fmt: skip


def _with_left(told: Sequence[Quota], before: Sequence[Quota], above: Mapping[str, str | None]) -> Iterator[Quota]:
    """The same with what is available of how many at once, where only what runs made that known."""
    counts = {(q.holder, q.resource): q for q in told if q.unit == "count"}
    mended = {q.holder for q, old in zip(told, before, strict=True) if q.unit == "count" and q is not old}
    for quota in told:
        line = chain(quota.holder, above) if quota.unit == "count" and quota.available is None else ()
        if not mended.intersection(line) or any(one not in above for one in line):  # of one above nothing is told
            yield quota
            continue
        limits = [limit for one in line if (limit := counts.get((one, quota.resource))) is not None]
        available, binds = least((one.holder, one.unlimited, one.remaining) for one in limits)
        yield replace(quota, available=available, binds=binds)


def _claim(claims: Counts | None, holder: str, resource: str) -> int | None:
    if claims is None:
        return None
    kind = resource.partition(":")[0]
    if kind not in ("gpu", "npu", "cpu", "node"):
        return None
    anybody = qos_holder(_ANY) if holder.startswith(qos_holder(_ANY)) else _ANY
    if (anybody, kind) in claims or (":" in resource and claims.get((holder, f"{kind}:{_MODELS}"), 0) is None):
        return None
    return claims.get((holder, resource), 0)


def _claims(jobs: Iterable[Job], above: Mapping[str, str | None], times: Callable[[Job], int | None]) -> Counts:
    """What jobs claim of each resource, for their holders and all above: so many `times` what they ask for."""
    claims: Counts = {}
    for job in jobs:
        by = times(job)
        if job.account is None or job.account not in above:
            holders = [_ANY]
        else:
            holder = account_holder(job.account, job.user)
            holders = [*chain(holder if holder in above else job.account, above)]
        holders.append(qos_holder(job.qos or _ANY))
        for resource, count in _counts(job).items():
            part = None if by is None or count is None else by * count
            for one in holders:
                before = claims.get((one, resource), 0)
                claims[one, resource] = None if part is None or before is None else before + part
    return claims


def _to_its_limit(job: Job) -> int | None:
    """Seconds that a waiting job, or all waiting tasks of an array, may take."""
    if job.time_limit is None or (job.array_tasks is not None and job.array_pending is None):
        return None
    return job.time_limit * (1 if job.array_tasks is None else job.array_pending or 0)


def _yet(job: Job, expected: Mapping[str, int]) -> int | None:
    """Seconds that a running job is expected to take yet."""
    lasts = expected.get(job.id)
    if lasts is None or job.elapsed is None:
        return None
    if job.time_limit is not None:
        lasts = min(lasts, job.time_limit)
    return max(0, lasts - job.elapsed)


def _counts(job: Job) -> dict[str, int | None]:
    counts: dict[str, int | None] = {"cpu": job.cpus, "node": job.nodes}
    if job.accelerators is None:
        return {**counts, "gpu": None, "npu": None, f"gpu:{_MODELS}": None, f"npu:{_MODELS}": None}
    for one in job.accelerators:
        counts[one.kind] = (counts.get(one.kind) or 0) + one.count
        model = f"{one.kind}:{one.model or _MODELS}"
        counts[model] = None if one.model is None else (counts.get(model) or 0) + one.count
    return counts
