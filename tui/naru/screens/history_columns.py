"""The columns of finished jobs: how each ended, and what it took of what it was allowed."""

from collections.abc import Callable, Hashable
from datetime import datetime

from naru.format import Glyphs, accelerators, duration, state_code, time_limit
from naru.past_format import hours, percent
from naru.screens.job_columns import STATE_WIDTH, state_style
from naru.widgets.columns import Column
from naru_client.i18n import mark
from naru_client.insight.finished import exit_words, gpu_hours, limit_share
from naru_client.model import Job

MINE = ("id", "name", "state", "exit", "pool", "gpus", "ended", "elapsed", "limit", "share", "gpu-hours")
EVERYBODY = (
    "id", "name", "user", "account", "state", "exit", "pool", "gpus", "ended", "elapsed", "limit", "share",
    "gpu-hours",
)  # fmt: skip

BAR = 5  # cells of the bar beside a percentage


def job_key(job: Job) -> Hashable:
    """What a finished job is known by: a number may be used again, a job put back has a record for each run."""
    return job.site, job.id, job.job_id, job.submitted


def state_text(job: Job) -> str:
    return job.state if len(job.state) <= STATE_WIDTH else state_code(job.state)


def share_text(job: Job, glyphs: Glyphs) -> str:
    """How much of its limit a job ran: `██░░░  42%`; a dash where it has none or that is not told."""
    share = limit_share(job)
    if share is None:
        return "–"
    filled = min(BAR, int(share * BAR) or bool(job.elapsed))  # full only where the whole limit was run
    return f"{glyphs.used * filled}{glyphs.free * (BAR - filled)} {percent(share):>4}"


def ended_text(job: Job, now: datetime) -> str:
    """When it ended: always with its day, as a list of several days is read by days."""
    if job.ended is None:
        return "–"
    local, today = job.ended.astimezone(), now.astimezone()
    return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d")


def history_columns(now: Callable[[], datetime], glyphs: Glyphs) -> dict[str, Column]:
    """Every column a list of finished jobs may have, by id, in their usual order."""
    columns = (
        Column(
            id="site",
            title=mark("Site"),
            width=8,
            most=10,
            text=lambda j: j.site,
            style=lambda j: "quiet",
            sort_key=lambda j: j.site,
        ),
        Column(
            id="id",
            title=mark("ID"),
            width=6,
            most=12,
            text=lambda j: j.id,
            sort_key=lambda j: (j.array_id or j.job_id, j.job_id),
        ),
        Column(
            id="name",
            title=mark("Name"),
            width=9,
            grow=3,
            rank=1,
            text=lambda j: j.name,
            sort_key=lambda j: j.name.lower(),
        ),
        Column(
            id="user",
            title=mark("User"),
            width=8,
            rank=2,
            text=lambda j: j.user or "–",
            sort_key=lambda j: j.user or "",
        ),
        Column(
            id="account",
            title=mark("Account"),
            width=10,
            rank=9,
            text=lambda j: j.account or "–",
            sort_key=lambda j: j.account or "",
        ),
        Column(
            id="state",
            title=mark("State"),
            width=STATE_WIDTH,
            text=state_text,
            style=lambda j: state_style(j.state),
            sort_key=lambda j: j.state,
        ),
        Column(
            id="exit",
            title=mark("Exit"),
            width=6,
            most=16,
            text=exit_words,
            style=_exit_style,
            sort_key=_exit_key,
        ),
        Column(
            id="pool",
            title=mark("Pool"),
            width=9,
            rank=7,
            text=lambda j: j.pool or "–",
            sort_key=lambda j: j.pool or "",
        ),
        Column(
            id="gpus",
            title=mark("GPUs"),
            width=8,
            rank=4,
            text=lambda j: accelerators(j.accelerators),
            sort_key=lambda j: j.accelerator_count or 0,
        ),
        Column(
            id="ended",
            title=mark("Ended"),
            width=11,
            text=lambda j: ended_text(j, now()),
            sort_key=lambda j: j.ended.timestamp() if j.ended else 0.0,
        ),
        Column(
            id="elapsed",
            title=mark("Elapsed"),
            width=7,
            rank=3,
            align="right",
            text=lambda j: duration(j.elapsed),
            sort_key=lambda j: j.elapsed or 0,
        ),
        Column(
            id="limit",
            title=mark("Limit"),
            width=8,
            rank=8,
            align="right",
            text=time_limit,
            sort_key=lambda j: float("inf") if j.unlimited else j.time_limit or 0,
        ),
        Column(
            id="share",
            title=mark("Of limit"),
            width=BAR + 5,
            rank=6,
            text=lambda j: share_text(j, glyphs),
            style=_share_style,
            sort_key=lambda j: limit_share(j) or 0.0,
        ),
        Column(
            id="gpu-hours",
            title=mark("GPU-h"),
            width=7,
            rank=5,
            align="right",
            text=lambda j: hours(gpu_hours(j)),
            sort_key=lambda j: gpu_hours(j) or 0.0,
        ),
    )
    return {column.id: column for column in columns}


def _exit_key(job: Job) -> tuple[int, int]:
    return (-1, -1) if job.exit is None else (job.exit.code or 0, job.exit.signal or 0)


def _exit_style(job: Job) -> str | None:
    return "failed" if job.exit and (job.exit.code or job.exit.signal) and job.state != "CANCELLED" else "quiet"


def _share_style(job: Job) -> str | None:
    """Quiet for the ordinary; a warning where a job ran into its limit."""
    share = limit_share(job)
    return "warning" if share is not None and share >= 0.999 else "quiet"
