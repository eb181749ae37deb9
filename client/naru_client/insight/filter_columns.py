"""What a filter reads of a job: texts, figures, and the one text in which a bare word is looked for. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from naru_client.insight.filter_text import folded
from naru_client.model import WAITING_STATES, Job

STATE_CODES = {
    "pd": "PENDING", "r": "RUNNING", "s": "SUSPENDED", "cg": "COMPLETING", "cf": "CONFIGURING", "cd": "COMPLETED",
    "ca": "CANCELLED", "f": "FAILED", "to": "TIMEOUT", "nf": "NODE_FAIL", "pr": "PREEMPTED", "bf": "BOOT_FAIL",
    "dl": "DEADLINE", "oom": "OUT_OF_MEMORY", "rq": "REQUEUED", "rh": "REQUEUE_HOLD", "rf": "REQUEUE_FED",
    "se": "SPECIAL_EXIT", "rs": "RESIZING", "rv": "REVOKED", "si": "SIGNALING", "so": "STAGE_OUT", "st": "STOPPED",
    "rd": "RESV_DEL_HOLD",
}  # fmt: skip
CODE_OF_STATE = {state: code for code, state in STATE_CODES.items()}


def column_text(job: Job) -> str:
    """All that the columns of a job say, folded, one line each: what a bare word is looked for in."""
    accelerators = job.accelerators
    models = "\n".join([a.model or a.kind for a in accelerators]) if accelerators else None
    state = job.state
    parts = (
        job.id, job.name, job.user, job.account, job.pool, job.qos, state, CODE_OF_STATE.get(state), job.reason,
        job.reason_detail, job.node_list, job.reservation, job.comment, models, job.site,
    )  # fmt: skip
    return folded("\n".join(filter(None, parts)))


# ---- texts ----------------------------------------------------------------------------------------------------------


def one(attribute: str) -> Callable[[Job], Sequence[str]]:
    """The text of one attribute; none where it is not told."""

    def read(job: Job) -> Sequence[str]:
        value: str | None = getattr(job, attribute)
        return () if value is None else (value,)

    return read


def states(job: Job) -> Sequence[str]:
    return (job.state, *job.state_flags)


def pools(job: Job) -> Sequence[str]:
    return job.pool.split(",") if job.pool else ()


def reasons(job: Job) -> Sequence[str]:
    return [text for text in (job.reason, job.reason_detail) if text]


def reason_codes(job: Job) -> Sequence[str]:
    return (job.reason,) if job.reason else ()


def places(job: Job) -> Sequence[str]:
    """The list of the nodes it runs on, else of those planned for it."""
    names = job.node_list or job.planned_nodes
    return (names,) if names else ()


def models(kind: str) -> Callable[[Job], Iterable[str]]:
    return lambda job: [a.model for a in job.accelerators or () if a.kind == kind and a.model and a.count]


# ---- figures: a number, or the moment since which it grows ----------------------------------------------------------

Amount = float | datetime | None


def how_many(kind: str) -> Callable[[Job], Amount]:
    def read(job: Job) -> Amount:
        return None if job.accelerators is None else sum(a.count for a in job.accelerators if a.kind == kind)

    return read


def wait(job: Job) -> Amount:
    submitted = job.submitted
    if submitted is None:
        return None
    if job.state in WAITING_STATES:
        return submitted
    until = job.started or job.ended
    return None if until is None else (until - submitted).total_seconds()


def elapsed(job: Job) -> Amount:
    if job.state in WAITING_STATES:
        return None
    started = job.started
    if job.elapsed is not None or started is None:
        return job.elapsed
    return started if job.ended is None else (job.ended - started).total_seconds()


def limit(job: Job) -> Amount:
    return float("inf") if job.unlimited else job.time_limit
