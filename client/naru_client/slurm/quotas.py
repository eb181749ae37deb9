"""Quotas from what Slurm tells of its associations and QOS, and from the jobs in its queue. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from naru_client.insight.quota import Quota, Unit, account_holder, chain, least, qos_holder, remaining
from naru_client.model import Job
from naru_client.slurm.text_limits import Amount, Limits, amounts

MINUTE = 60
MIB = 1 << 20
Entry = tuple[Amount, int | None]  # an amount as told, and what running jobs have claimed of it
Figures = dict[tuple[str, Unit], Entry]
Counts = dict[tuple[str, str], int | None]  # resource × seconds by holder and resource; None where a job hides its part

_MODELS = "*"  # of a kind, whatever model: what a job leaves open
_ANY = ""  # whatever holder: a job that does not tell whose it is may be anybody's
_DULL = frozenset({"energy", "fs/disk", "vmem", "pages"})  # always nought, or nothing anybody is granted


def resource_name(name: str) -> str:
    """Slurm's name of a resource as the model has it: "gres/gpu:h100" is "gpu:h100"."""
    return name.removeprefix("gres/")


def quotas(
    limits: Limits,
    *,
    holders: Iterable[str] | None = None,
    jobs: Iterable[Job] | None = None,
    expected: Mapping[str, int] | None = None,
    decays: bool | None = None,
    as_of: datetime | None = None,
) -> tuple[Quota, ...]:
    """A quota for each association and QOS and each resource that it, or one above it, limits or that it has used.

    Amounts are resource × seconds, or how many at once; memory is bytes. `holders` are those asked for, as
    `account_holder` and `qos_holder` name them, else all; those above them come too. `jobs` is the whole queue of
    everybody; without it what queued jobs reserve is unknown. `expected` is how many seconds a running job will take in
    all, by id. `decays` is whether PriorityDecayHalfLife is other than 0: only where it is known not to be is what
    counts against the limit also all that was used.
    """
    tree = _Tree(limits)
    queue = None if jobs is None else tuple(jobs)
    reserved = None if queue is None else _claims(queue, tree.above, None)
    running = None if queue is None or expected is None else _claims(queue, tree.above, expected)
    asked = tree.texts if holders is None else dict.fromkeys(one for h in holders for one in chain(h, tree.above))
    result: list[Quota] = []
    for holder in asked:
        if holder not in tree.texts:
            continue
        figures = tree.figures(holder)
        bound = tree.bound(holder)
        above = chain(holder, tree.above)
        hidden = any(one not in tree.texts for one in above)  # what limits there is not known: all may be limited
        for key, (amount, committed) in figures.items():
            resource, unit = key
            if key not in bound and (resource in _DULL or not (hidden or amount.used or committed)):
                continue
            timed = unit == "seconds"
            scale = _scale(resource, unit)
            available, binds = least((one, *tree.left(one, key)) for one in above)
            account, user = tree.who[holder]
            used = amount.used * scale
            result.append(
                Quota(
                    holder=holder, above=tree.above[holder], account=account, user=user, resource=resource, unit=unit,
                    granted=None if amount.limit is None else amount.limit * scale,
                    unlimited=amount.limit is None,
                    used=used if decays is False or not timed else None,
                    used_decayed=used,
                    committed=None if committed is None else committed * scale,
                    committed_expected=_claim(running, holder, resource) if timed else 0,
                    reserved=_claim(reserved, holder, resource) if timed else None,
                    remaining=tree.left(holder, key)[1],
                    available=available, binds=binds, step=scale, as_of=as_of,
                )
            )  # fmt: skip
    return tuple(result)


class _Tree:
    """Who stands above whom, and the amounts of those that are looked at, each read once."""

    def __init__(self, limits: Limits) -> None:
        self.above: dict[str, str | None] = {}
        self.who: dict[str, tuple[str | None, str | None]] = {}
        self.texts: dict[str, tuple[str, str, str]] = {}
        self._figures: dict[str, Figures] = {}
        self._bound: dict[str, frozenset[tuple[str, Unit]]] = {}
        for one in limits.associations:
            if one.partition is not None:
                continue  # of one pool only: it stands beside the user's own, and is not told apart here
            holder = account_holder(one.account, one.user)
            self.who[holder], self.above[holder] = (one.account, one.user), one.parent
            self.texts[holder] = (one.held, one.minutes, one.run_minutes)
        for qos in limits.qos:
            holder = qos_holder(qos.name)
            self.who[holder], self.above[holder] = (None, None), None
            self.texts[holder] = (qos.held, qos.minutes, qos.run_minutes)

    def figures(self, holder: str) -> Figures:
        found = self._figures.get(holder)
        if found is None:
            found = self._figures[holder] = _told(*self.texts[holder])
        return found

    def bound(self, holder: str) -> frozenset[tuple[str, Unit]]:
        """What is limited for a holder, by itself or above."""
        found = self._bound.get(holder)
        if found is None:
            found = frozenset(
                key
                for one in chain(holder, self.above)
                if one in self.texts
                for key, (amount, _committed) in self.figures(one).items()
                if amount.limit is not None
            )
            self._bound[holder] = found
        return found

    def left(self, holder: str, key: tuple[str, Unit]) -> tuple[bool, int | None]:
        """Whether nothing limits it here, and what remains; (False, None) for what is not told."""
        entry = self.figures(holder).get(key) if holder in self.texts else None
        if entry is None:
            return False, None
        amount, committed = entry
        left = remaining(amount.limit, amount.used, committed)
        return amount.limit is None, None if left is None else left * _scale(*key)


def _scale(resource: str, unit: Unit) -> int:
    return (MINUTE if unit == "seconds" else 1) * (MIB if resource == "mem" else 1)


def _told(held: str, minutes: str, run_minutes: str) -> Figures:
    """Each amount with what running jobs have claimed of it; those at once have no such claim."""
    found: Figures = {}
    claimed = amounts(run_minutes)
    for name, amount in amounts(minutes).items():
        found[resource_name(name), "seconds"] = (amount, claimed[name].used if name in claimed else None)
    for name, amount in amounts(held).items():
        found[resource_name(name), "count"] = (amount, 0)
    return found


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


def _claims(jobs: Iterable[Job], above: Mapping[str, str | None], expected: Mapping[str, int] | None) -> Counts:
    """What waiting jobs claim up to their time limits, or with `expected` what running ones will still take."""
    claims: Counts = {}
    for job in jobs:
        if not (job.waiting if expected is None else job.running):
            continue
        seconds = _seconds(job, expected)
        if job.account is None or job.account not in above:
            holders = [_ANY]
        else:
            holder = account_holder(job.account, job.user)
            holders = [*chain(holder if holder in above else job.account, above)]
        holders.append(qos_holder(job.qos or _ANY))
        for resource, count in _counts(job).items():
            part = None if seconds is None or count is None else seconds * count
            for one in holders:
                before = claims.get((one, resource), 0)
                claims[one, resource] = None if part is None or before is None else before + part
    return claims


def _seconds(job: Job, expected: Mapping[str, int] | None) -> int | None:
    if expected is None:
        if job.time_limit is None or (job.array_tasks is not None and job.array_pending is None):
            return None
        return job.time_limit * (1 if job.array_tasks is None else job.array_pending or 0)
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
