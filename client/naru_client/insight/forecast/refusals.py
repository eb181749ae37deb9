"""Waits that no plan can end: where a forecast would be a guess, it is refused. The codes are Slurm's."""

from naru_client.insight.forecast.asked import Refusal, Why
from naru_client.model import Job

_HELD = frozenset({"JobHeldUser", "JobHeldAdmin", "JobHoldMaxRequeue", "BadConstraints", "AccountNotAllowed"})
_DEPENDS = frozenset({"Dependency", "DependencyNeverSatisfied"})
# a grant of minutes is used up, and no job that ends gives any back
_MINUTES = "Minutes"
_CLOSED = frozenset({
    "PartitionDown", "PartitionInactive", "PartitionTimeLimit", "PartitionNodeLimit", "QOSNotAllowed", "InvalidQOS",
    "InvalidAccount", "Licenses", "ReservationDeleted", "DeadLine", "OutOfMemory",
})  # fmt: skip


def refusal_of(job: Job) -> Refusal | None:
    """Why this waiting job can have no forecast, by its state and reason alone; None where it may have one."""
    reason = job.reason or ""
    if job.priority == 0 or reason in _HELD or job.state in ("REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"):
        return Refusal(Why.HELD, reason)
    if reason in _DEPENDS:
        return Refusal(Why.DEPENDS, job.dependency or reason)
    if reason in _CLOSED or _MINUTES in reason:
        return Refusal(Why.CAPPED, reason)
    return None
