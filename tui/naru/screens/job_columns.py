"""The columns of a list of jobs, and how a job's figures are put into them."""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime

from msgspec.structs import replace

from naru.format import Glyphs, accelerators, duration, size, state_code, time_limit, when, where_or_why
from naru.widgets.columns import Column
from naru_client.i18n import _, mark
from naru_client.insight.fold import Row, group_key
from naru_client.insight.reasons import shown_estimate
from naru_client.model import WAITING_STATES, Job

STATE_WIDTH = 9  # RUNNING, PENDING, COMPLETED in full
ID_BESIDE_SITE, REASON_BESIDE_SITE = 12, 14  # most and least cells beside a site: 80 must still have room for a name


def state_style(state: str) -> str:
    """The style of a state: what runs, what waits, what is on its way, what went wrong, what is over."""
    if state == "RUNNING":
        return "running"
    if state in ("PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "REQUEUE_FED", "SUSPENDED"):
        return "waiting"
    if state in ("COMPLETED", "CANCELLED", "REVOKED"):
        return "done"
    if state in ("FAILED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE", "PREEMPTED"):
        return "failed"
    return "moving"


def row_key(row: Row) -> Hashable:
    """What a row is known by across refreshes: a job put back into the queue has one for each run, an array one."""
    folded = not row.depth and group_key(row.job) is not None
    return row.job.site, row.key, row.depth, None if folded else row.job.submitted


def row_state(row: Row) -> str:
    """The state's word, or its code where the word is long; of a folded row the counts: `3R 17PD`, `+` for more."""
    if len(row.counts) == 1 and row.counts[0][1] == 1:
        state = row.job.state
        return state if len(state) <= STATE_WIDTH else state_code(state)
    text = " ".join(f"{count}{state_code(state)}" for state, count in row.counts[:2])
    return text + ("+" if len(row.counts) > 2 else "")


def time_so_far(job: Job, now: datetime) -> str:
    """How long it has waited, or run."""
    known = (job.submitted if job.waiting else job.elapsed) is not None
    return duration(seconds_so_far(job, now)) if known else "–"


def seconds_so_far(job: Job, now: datetime) -> float:
    if job.state in WAITING_STATES:
        return now.timestamp() - job.submitted.timestamp() if job.submitted else 0.0
    return job.elapsed or 0.0


def start_key(job: Job) -> tuple[bool, float]:
    """By when it started or may start; those of which nothing is known come last."""
    moment = shown_estimate(job) or job.started
    return moment is None, moment.timestamp() if moment else 0.0


def start_text(job: Job, now: datetime) -> str:
    """When it started; while it waits the scheduler's own estimate, marked with `~`, from a day ahead as a distance."""
    if not job.waiting:
        return short_moment(job.started, now)
    estimate = shown_estimate(job)
    if estimate is None:
        return "–"
    ahead = (estimate - now).total_seconds()
    if ahead <= 0:
        return _("~now")
    if estimate.astimezone().date() == now.astimezone().date():
        return f"~{when(estimate, now)}"
    return f"~+{duration(ahead).split(' ')[0]}"


def short_moment(moment: datetime | None, now: datetime) -> str:
    """The time of a moment today, else its date."""
    return when(moment, now).split(" ")[0]


SITE = Column(
    id="site",
    title=mark("Site"),
    width=8,
    most=10,
    text=lambda r: r.job.site,
    style=lambda r: "quiet",
    sort_key=lambda j: j.site,
)


def job_columns(now: Callable[[], datetime], glyphs: Glyphs) -> dict[str, Column]:
    """Every column a list of jobs may have, by id, in their usual order. They show rows, and sort jobs."""

    def identity(row: Row) -> str:
        if row.foldable:
            return f"{glyphs.unfolded if row.unfolded else glyphs.folded}{row.key}"
        return (" " if row.depth else "") + row.job.id

    columns = (
        SITE,
        Column(
            id="id",
            title=mark("ID"),
            width=6,
            most=14,
            text=identity,
            sort_key=lambda j: (j.array_id or j.job_id, j.job_id),
        ),
        Column(
            id="name",
            title=mark("Name"),
            width=10,
            grow=3,
            rank=1,
            text=lambda r: r.job.name,
            sort_key=lambda j: j.name.lower(),
        ),
        Column(
            id="user",
            title=mark("User"),
            width=8,
            rank=6,
            text=lambda r: r.job.user or "–",
            sort_key=lambda j: j.user or "",
        ),
        Column(
            id="account",
            title=mark("Account"),
            width=10,
            rank=8,
            text=lambda r: r.job.account or "–",
            sort_key=lambda j: j.account or "",
        ),
        Column(
            id="state",
            title=mark("State"),
            width=STATE_WIDTH,
            text=row_state,
            style=lambda r: state_style(r.job.state),
            sort_key=lambda j: j.state,
        ),
        Column(
            id="gpus",
            title=mark("GPUs"),
            width=8,
            text=lambda r: accelerators(r.job.accelerators),
            sort_key=lambda j: j.accelerator_count or 0,
        ),
        Column(
            id="pool",
            title=mark("Pool"),
            width=9,
            rank=4,
            text=lambda r: r.job.pool or "–",
            sort_key=lambda j: j.pool or "",
        ),
        Column(
            id="nodes",
            title=mark("Nodes"),
            width=5,
            rank=7,
            align="right",
            text=lambda r: str(r.job.nodes) if r.job.nodes is not None else "–",
            sort_key=lambda j: j.nodes or 0,
        ),
        Column(
            id="time",
            title=mark("Time"),
            width=7,
            rank=2,
            align="right",
            text=lambda r: time_so_far(r.job, now()),
            sort_key=lambda j: seconds_so_far(j, now()),
        ),
        Column(
            id="limit",
            title=mark("Limit"),
            width=7,
            rank=5,
            align="right",
            text=lambda r: time_limit(r.job),
            sort_key=lambda j: float("inf") if j.unlimited else float(j.time_limit or 0),
        ),
        Column(
            id="start",
            title=mark("Start"),
            width=8,
            text=lambda r: start_text(r.job, now()),
            sort_key=lambda j: start_key(j),
        ),
        Column(
            id="priority",
            title=mark("Priority"),
            width=8,
            rank=9,
            align="right",
            text=lambda r: str(r.job.priority) if r.job.priority is not None else "–",
            sort_key=lambda j: j.priority or 0,
        ),
        Column(
            id="qos",
            title="QOS",
            width=8,
            rank=10,
            text=lambda r: r.job.qos or "–",
            sort_key=lambda j: j.qos or "",
        ),
        Column(
            id="reason",
            title=mark("Reason / where"),
            width=18,
            grow=4,
            text=lambda r: where_or_why(r.job),
            sort_key=lambda j: where_or_why(j),
        ),
        *more_columns(now),
    )
    return {column.id: column for column in columns}


def more_columns(now: Callable[[], datetime]) -> tuple[Column, ...]:
    """Those that no table has until a person chooses them."""
    texts = (
        ("submitted", mark("Submitted"), 11, lambda j: when(j.submitted, now()), lambda j: _moment(j.submitted)),
        ("eligible", mark("Eligible"), 11, lambda j: when(j.eligible, now()), lambda j: _moment(j.eligible)),
        ("ended", mark("Ended"), 11, lambda j: when(j.ended, now()), lambda j: _moment(j.ended)),
        ("cpus", mark("CPUs"), 6, lambda j: _number(j.cpus), lambda j: j.cpus or 0),
        ("memory", mark("Memory"), 8, lambda j: size(j.memory), lambda j: j.memory or 0),
        ("where", mark("Nodes it has"), 16, lambda j: j.node_list or "–", lambda j: j.node_list or ""),
        ("planned", mark("Planned on"), 16, lambda j: j.planned_nodes or "–", lambda j: j.planned_nodes or ""),
        ("dependency", mark("Waits for"), 16, lambda j: j.dependency or "–", lambda j: j.dependency or ""),
        ("reservation", mark("Reservation"), 12, lambda j: j.reservation or "–", lambda j: j.reservation or ""),
        ("features", mark("Features"), 12, lambda j: j.features or "–", lambda j: j.features or ""),
        ("comment", mark("Comment"), 20, lambda j: j.comment or "–", lambda j: j.comment or ""),
        ("folder", mark("Work folder"), 24, lambda j: j.work_dir or "–", lambda j: j.work_dir or ""),
        ("restarts", mark("Restarts"), 8, lambda j: _number(j.restarts), lambda j: j.restarts or 0),
    )
    figures = ("cpus", "memory", "restarts")
    return tuple(
        Column(
            id=name, title=title, width=width, rank=12 + nth, text=_of_job(text), sort_key=key,
            align="right" if name in figures else "left",
        )
        for nth, (name, title, width, text, key) in enumerate(texts)
    )  # fmt: skip


def _of_job(text: Callable[[Job], str]) -> Callable[[Row], str]:
    return lambda row: text(row.job)


def _number(figure: int | None) -> str:
    return "–" if figure is None else str(figure)


def _moment(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def chosen(columns: dict[str, Column], ids: Sequence[str], several: bool = False) -> tuple[Column, ...]:
    """The columns of these ids, in that order, after the site where there are several; unknown ids are passed over."""
    if several and ids:
        ids = tuple(dict.fromkeys(("site", *ids)))
        columns = dict(columns)
        if "id" in columns:
            columns["id"] = replace(columns["id"], most=ID_BESIDE_SITE)
        if "reason" in columns:
            columns["reason"] = replace(columns["reason"], width=REASON_BESIDE_SITE)
    return tuple(columns[i] for i in ids if i in columns)
