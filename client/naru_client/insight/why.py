"""The plain reading of one job, line by line: why it waits, how it runs, how it ended. Plain text, translated."""

from datetime import datetime, timedelta

from naru_client.i18n import _, n_
from naru_client.insight.ending import ending
from naru_client.insight.fold import task_count
from naru_client.insight.reasons import Explanation, estimate_refused, explain
from naru_client.insight.spell import clock, span
from naru_client.model import Job


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
        so_far = timedelta(seconds=job.elapsed) if job.elapsed is not None else now - job.started
        text = _("It started at {time}, {ago} ago.").format(time=clock(job.started, now), ago=span(so_far))
        if job.node_list:
            text = _("It started at {time}, {ago} ago, on {nodes}.").format(
                time=clock(job.started, now), ago=span(so_far), nodes=job.node_list
            )
        lines.append(text)
        lines.append(_limit(job, job.started, now))
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


def _limit(job: Job, started: datetime, now: datetime) -> str:
    if job.unlimited:
        return _("It has no time limit.")
    if job.time_limit is None:
        return _("Its time limit is not told.")
    limit = timedelta(seconds=job.time_limit)
    if job.state == "SUSPENDED":
        return _("Its time limit is {limit}; it does not count while it is suspended.").format(limit=span(limit))
    last = started + limit
    if job.elapsed is not None:  # time spent suspended does not count
        last = now + limit - timedelta(seconds=job.elapsed)
    if last <= now:
        return _("Its time limit of {limit} was reached {ago} ago.").format(limit=span(limit), ago=span(now - last))
    return _("It ends by {time} at the latest, in {ahead}: its time limit is {limit}.").format(
        time=clock(last, now), ahead=span(last - now), limit=span(limit)
    )
