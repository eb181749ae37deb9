"""What a pool itself says to a request: its time limits, and who may run there. Pure."""

from collections.abc import Iterator
from typing import Literal

from naru_client.i18n import _, n_
from naru_client.insight.request import Request
from naru_client.model import Pool

LimitFrom = Literal["asked", "default", "most", ""]
"""Where the time limit comes from: it was asked for, the pool's default, the most that the pool allows; not known."""


def time_limit(request: Request, pool: Pool) -> tuple[int | None, LimitFrom]:
    """The time limit in seconds that it would have there, and where that comes from."""
    if request.time_limit is not None:
        return request.time_limit, "asked"
    if not request.unlimited and pool.default_time is not None:
        return pool.default_time, "default"
    return (pool.max_time, "most") if pool.max_time is not None else (None, "")


def limit_note(limit: int | None, limit_from: LimitFrom) -> Iterator[str]:
    if limit_from == "default":
        yield _("no time limit is asked for: the pool's default counts")
    elif limit_from == "most":
        yield _("no time limit is asked for: the most that the pool allows counts")


def too_long(request: Request, pool: Pool, limit: int | None) -> Iterator[str]:
    least = request.least_time if request.least_time is not None else limit
    if least is not None and pool.max_time is not None and least > pool.max_time:
        yield _("a job here may run for {most} at most, and {asked} are asked for").format(
            most=_hours(pool.max_time), asked=_hours(least)
        )


def _hours(seconds: int) -> str:
    if seconds % 3600:
        minutes = -(-seconds // 60)
        return n_("{n} minute", "{n} minutes", minutes).format(n=f"{minutes:,}")
    hours = seconds // 3600
    return n_("{n} hour", "{n} hours", hours).format(n=f"{hours:,}")


def gates(request: Request, pool: Pool, account: str | None) -> tuple[list[str], list[str]]:
    """Why the pool would not take it, and what is not known of that."""
    closed: list[str] = []
    unknown: list[str] = []
    if pool.state.upper() != "UP":
        closed.append(_("the pool is {state}").format(state=_(pool.state.lower())))
    for allowed, asked, word, untold in (
        (pool.allow_accounts, account, _("account {name}"), _("the account is not told, and only some may run here")),
        (pool.allow_qos, request.qos, _("QOS {name}"), _("the QOS is not told, and only some may run here")),
    ):
        if allowed is None:
            continue
        if asked is None:
            unknown.append(untold)
        elif asked.lower() not in map(str.lower, allowed):
            text = _("{whose} may not run here; these may: {names}")
            closed.append(text.format(whose=word.format(name=asked), names=", ".join(allowed) or _("none")))
    return closed, unknown
