"""The plain reading of one job, line by line: why it waits, how it runs, how it ended. Plain text, translated."""

from datetime import datetime, timedelta

from naru_client.i18n import _, n_
from naru_client.insight.ending import ending
from naru_client.insight.fold import task_count
from naru_client.insight.reasons import Explanation, estimate_refused, explain
from naru_client.insight.spell import LONGEST, clock, lasting, span
from naru_client.model import Job

_OLD = timedelta(minutes=10)  # no reading that is looked at is older than this, unless its centre is away


def why(job: Job, now: datetime) -> tuple[str, ...]:
    """What can be said of a job in sentences, the most important first; each line stands on its own."""
    if job.finished:
        return tuple(ending(job, now))
    return tuple(_waiting(job, now) if job.waiting else _running(job, now))


# ---- waiting --------------------------------------------------------------------------------------------------------


def _waiting(job: Job, now: datetime) -> list[str]:
    reason = explain(job.reason, job.reason_detail)
    lines = [_since(job, now)]
    if job.array_tasks and job.array_task is None:
        tasks = task_count(job)
        text = n_("It stands for {n} task of its array that has not started.",
                  "It stands for {n} tasks of its array that have not started.", tasks)  # fmt: skip
        lines.append(text.format(n=tasks))
    lines.append(f"{reason.code}: {reason.words}")
    if job.reason_detail and job.reason_detail != job.reason:
        lines.append(_("The scheduler adds: {detail}").format(detail=job.reason_detail))
    if reason.advice:
        lines.append(reason.advice)
    if job.dependency:
        lines.append(_("It depends on: {dependency}").format(dependency=job.dependency))
    if reason.code == "BeginTime" and job.eligible and job.eligible > now:
        lines.append(_("It may start from {time}, in {ahead}.").format(
            time=clock(job.eligible, now), ahead=span(job.eligible - now)))  # fmt: skip
    lines.append(_estimate(job, reason, now))
    return lines


def _since(job: Job, now: datetime) -> str:
    if job.submitted is None:
        return _("It waits ({state}).").format(state=job.state)
    return _("It has waited for {time} ({state}), since {since}.").format(
        time=span(now - job.submitted), state=job.state, since=clock(job.submitted, now)
    )


def _estimate(job: Job, reason: Explanation, now: datetime) -> str:
    if estimate_refused(job):
        refusals = {
            "held": _("No start can be estimated while it is held."),
            "own-limit": _("No start can be estimated while a limit stops it: that depends on when other jobs end."),
            "group-limit": _("No start can be estimated while a limit stops it: that depends on when other jobs end."),
            "dependency": _("No start can be estimated before the job it depends on is done."),
        }
        return refusals.get(reason.family, _("No start can be estimated: as it stands it will not start."))
    if job.expected_start is None:
        return _("The scheduler gives no estimate of its start.")
    if job.expected_start <= now:
        return _("The scheduler expected it to start by {time}; that has passed.").format(
            time=clock(job.expected_start, now)
        )
    text = _("The scheduler's own estimate: it starts at {time}, in {ahead}. It changes as other jobs come and go.")
    text = text.format(time=clock(job.expected_start, now), ahead=span(job.expected_start - now))
    if job.planned_nodes:
        text += " " + _("Planned on {nodes}.").format(nodes=job.planned_nodes)
    return text


# ---- running --------------------------------------------------------------------------------------------------------


def _running(job: Job, now: datetime) -> list[str]:
    lines = [_state_words(job)]
    if job.started:
        ran = _ran(job, job.started, now)
        text = _("It started at {time} and has run for {ran}.")
        if job.node_list:
            text = _("It started at {time} on {nodes} and has run for {ran}.")
        lines.append(text.format(time=clock(job.started, now), nodes=job.node_list, ran=span(ran)))
        if job.state not in ("COMPLETING", "STAGE_OUT"):
            lines.append(_limit(job, ran, now))
        if job.submitted and job.submitted <= job.started:
            lines.append(_("It had waited for {time}.").format(time=span(job.started - job.submitted)))
    if job.restarts:
        text = n_("It was put back into the queue {n} time.", "It was put back into the queue {n} times.", job.restarts)
        lines.append(text.format(n=job.restarts))
    if job.reason and job.reason != "None":
        reason = explain(job.reason, job.reason_detail)
        lines.append(f"{reason.code}: {reason.words}")
    return lines


def _state_words(job: Job) -> str:
    words = {
        "RUNNING": _("It is running."),
        "CONFIGURING": _("It has been given its nodes, which are being started or prepared."),
        "COMPLETING": _("It is ending: its processes are stopped and its nodes cleaned up."),
        "SUSPENDED": _("It is suspended: it keeps its place on its nodes but does not run."),
        "STOPPED": _("It is stopped by a signal and keeps what it was given."),
        "STAGE_OUT": _("It has ended; its data is being copied out of the burst buffer."),
        "RESIZING": _("It is changing its size."),
        "SIGNALING": _("It is being sent a signal."),
    }
    return words.get(job.state) or _("The scheduler says {state}.").format(state=job.state)


def _ran(job: Job, started: datetime, now: datetime) -> timedelta:
    """How long it has run by now.

    What the source told is a little old by now, so the clock is better; but time spent suspended counts for the clock
    and not for the source, so where they differ by much the source is right.
    """
    by_clock = now - started
    if job.elapsed is None:
        return by_clock
    told = lasting(job.elapsed)
    return told if job.state == "SUSPENDED" or by_clock - told > _OLD else by_clock


def _limit(job: Job, ran: timedelta, now: datetime) -> str:
    if job.unlimited:
        return _("It has no time limit.")
    if job.time_limit is None or job.time_limit > LONGEST.total_seconds():  # no calendar holds such an end
        return _("Its time limit is not told.")
    limit = lasting(job.time_limit)
    if job.state == "SUSPENDED":
        return _("Its time limit is {limit}; it does not count while it is suspended.").format(limit=span(limit))
    left = limit - ran
    if left <= timedelta(0):
        return _("Its time limit of {limit} was reached {ago} ago.").format(limit=span(limit), ago=span(-left))
    if left > LONGEST:  # it began, by its clock, in centuries to come
        return _("Its time limit is not told.")
    return _("It ends by {time} at the latest, in {ahead}: its time limit is {limit}.").format(
        time=clock(now + left, now), ahead=span(left), limit=span(limit)
    )
