"""How a finished job ended, in words."""

from datetime import datetime, timedelta

from naru_client.i18n import _
from naru_client.insight.reasons import Explanation, explain
from naru_client.insight.spell import amount, clock, lasting, span
from naru_client.model import Job

# Linux numbers, wherever Naru itself runs.
_SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
    9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
    24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
}  # fmt: skip
_SHELL_SIGNAL = 128  # a shell whose program was killed by signal n ends with 128 + n
_STOPPED = frozenset({"CANCELLED", "TIMEOUT", "PREEMPTED", "DEADLINE"})
_SENT_TO_STOP = frozenset({1, 2, 9, 15})  # what the scheduler itself sends then: no news
# Reasons of waiting that can also end a job; any other such reason is a leftover of the time before it started.
_CAUSES = frozenset({"NodeDown", "DependencyNeverSatisfied", "BadConstraints"})
# Reasons that say no more than the state and the exit code do.
_SAID_ALREADY = frozenset({"None", "NonZeroExitCode", "RaisedSignal", "TimeLimit", "OutOfMemory", "DeadLine"})


def ending(job: Job, now: datetime) -> list[str]:
    """How and when a finished job ended, what its exit code means, and what the scheduler names as the cause."""
    lines = [_how(job)]
    lines += _exit(job)
    if job.ended:
        lines.append(_when(job, job.ended, now))
    reason = explain(job.reason, job.reason_detail)
    if _is_cause(reason, job):
        lines.append(f"{reason.code}: {reason.words}")
        if reason.advice:
            lines.append(reason.advice)
    elif job.reason and reason.family == "unknown":
        lines.append(_("The scheduler's reason: {reason}").format(reason=job.reason))
    if job.reason_detail and job.reason_detail != job.reason:
        lines.append(_("The scheduler adds: {detail}").format(detail=job.reason_detail))
    return lines


def _is_cause(reason: Explanation, job: Job) -> bool:
    if reason.code == "JobLaunchFailure" and job.exit and job.exit.signal:
        return False  # Slurm says so, too, of a job that was launched and ended by a signal
    return reason.code in _CAUSES or (reason.family == "failed" and reason.code not in _SAID_ALREADY)


def _how(job: Job) -> str:
    if job.state == "TIMEOUT":
        if job.time_limit is None:
            return _("It was stopped at its time limit.")
        limit = span(lasting(job.time_limit))
        return _("It was stopped at its time limit of {limit}.").format(limit=limit)
    if job.state == "OUT_OF_MEMORY":
        if job.memory is None:
            return _("It was stopped because it needed more memory than it had.")
        memory = amount(job.memory)
        return _("It was stopped because it needed more memory than it had ({memory} in all).").format(memory=memory)
    if job.state == "CANCELLED" and job.started is None:
        return _("It was cancelled before it started.")
    words = {
        "COMPLETED": _("It completed."),
        "CANCELLED": _("It was cancelled."),
        "FAILED": _("It failed."),
        "NODE_FAIL": _("It ended because one of its nodes failed."),
        "PREEMPTED": _("It was stopped to make room for a job with more right to the nodes."),
        "BOOT_FAIL": _("It ended because its nodes could not be started."),
        "DEADLINE": _("It was stopped because it could not end before its deadline."),
        "REVOKED": _("It was taken back here because another cluster of the federation runs it."),
        "LAUNCH_FAILED": _("It could not be launched."),
        "RECONFIG_FAIL": _("It ended because its nodes could not be set up as asked."),
    }
    return words.get(job.state) or _("The scheduler says {state}.").format(state=job.state)


def _exit(job: Job) -> list[str]:
    if job.exit is None:
        return []
    code, signal = job.exit.code, job.exit.signal
    if signal and (job.state == "OUT_OF_MEMORY" or (job.state in _STOPPED and signal in _SENT_TO_STOP)):
        return []
    if signal:
        return [_("Its last process was ended by {signal}.").format(signal=_signal(signal))]
    if not code:
        return []
    line = _("Its exit code is {code}.").format(code=code)
    if code > _SHELL_SIGNAL and code - _SHELL_SIGNAL in _SIGNALS:
        line += " " + _("By the shells' custom that means {signal}.").format(signal=_signal(code - _SHELL_SIGNAL))
    elif code == 127:
        line += " " + _("By the shells' custom that means a command was not found.")
    elif code == 126:
        line += " " + _("By the shells' custom that means a command could not be executed.")
    return [line]


def _signal(number: int) -> str:
    words = {
        6: _("the program gave up"),
        7: _("a memory access went wrong"),
        9: _("killed, by the system or a person"),
        11: _("a memory access went wrong"),
        15: _("asked to end"),
    }
    name = _("signal {n} ({name})").format(n=number, name=_SIGNALS[number]) if number in _SIGNALS else ""
    name = name or _("signal {n}").format(n=number)
    return f"{name}: {words[number]}" if number in words else name


def _when(job: Job, ended: datetime, now: datetime) -> str:
    moment, ago = clock(ended, now), span(now - ended)
    ran: timedelta | None = None
    if job.elapsed is not None:
        ran = lasting(job.elapsed)
    elif job.started:
        ran = ended - job.started
    if ran is None or (job.started is None and not ran):
        return _("It ended at {time}, {ago} ago.").format(time=moment, ago=ago)
    if job.time_limit is None:
        return _("It ended at {time}, {ago} ago, after running for {ran}.").format(time=moment, ago=ago, ran=span(ran))
    return _("It ended at {time}, {ago} ago, after running for {ran} of the {limit} it was allowed.").format(
        time=moment, ago=ago, ran=span(ran), limit=span(lasting(job.time_limit))
    )
