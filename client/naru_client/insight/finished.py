"""Finished jobs: how each ended in a few words, what it took, and what many come to. Pure."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from naru_client.i18n import _, mark
from naru_client.model import Accelerators, Job

# States that say something went wrong: neither success nor somebody's wish.
FAILED_STATES = frozenset(
    {"FAILED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE", "LAUNCH_FAILED", "RECONFIG_FAIL"}
)

_SIGNALS = {
    1: mark("hung up"), 2: mark("interrupted"), 3: mark("quit"), 4: mark("bad instruction"), 6: mark("aborted"),
    7: mark("bus error"), 8: mark("arithmetic"), 9: mark("killed"), 11: mark("segfault"), 13: mark("broken pipe"),
    15: mark("terminated"), 24: mark("processor time"), 25: mark("file too large"),
}  # fmt: skip
_CODES = {126: mark("not executable"), 127: mark("not found")}
_OFTEN_SIGNALS = frozenset({6, 9, 11, 15})  # the lower ones are ordinary exit codes far more often
_OUT_OF_MEMORY_SIGN = 125  # what Slurm itself writes in place of a signal: the state says it already


def exit_words(job: Job) -> str:
    """How it ended: `0`, `1`, `127 not found`, `137 killed (9)`, `segfault (11)`; a dash where that is not told.

    sacct takes 128 off a code from there on, so that its 9 may have been 137: `9 or 137`, where that is a signal's way.
    """
    told = job.exit
    if told is None or (told.code is None and not told.signal):
        return "–"
    code, signal = told.code or 0, told.signal or 0
    if job.state == "OUT_OF_MEMORY" and signal == _OUT_OF_MEMORY_SIGN:
        return "–"
    lead = f"{code} " if code else ""
    if not signal and code > 128 and code - 128 in _SIGNALS:  # a shell's way to tell of a signal
        signal = code - 128
    if signal:
        name = _(_SIGNALS[signal]) if signal in _SIGNALS else _("signal")
        return f"{lead}{name} ({signal})"
    if code in _OFTEN_SIGNALS:
        return _("{code} or {other}").format(code=code, other=code + 128)
    return f"{code} {_(_CODES[code])}" if code in _CODES else str(code)


def gpu_hours(job: Job) -> float | None:
    """Accelerators times hours; None where either is not told. What never ran, or holds none, took none."""
    if job.accelerators == () or job.elapsed == 0:
        return 0.0
    count = job.accelerator_count
    return None if count is None or job.elapsed is None else count * job.elapsed / 3600


def limit_share(job: Job) -> float | None:
    """Which part of its time limit it ran; None without a limit, or where either is not told."""
    return None if not job.time_limit or job.elapsed is None else job.elapsed / job.time_limit


class Totals(Struct, frozen=True):
    """What jobs come to. `gpu_hours` are of those that tell it; `untold` is how many do not."""

    jobs: int
    by_state: tuple[tuple[str, int], ...]  # the most frequent first
    failed: int
    gpu_hours: float
    untold: int


NOTHING = Totals(0, (), 0, 0.0, 0)


def totals(jobs: Iterable[Job]) -> Totals:
    """Jobs by state, what went wrong, and accelerator hours."""
    counts: dict[str, int] = {}
    numbers: dict[tuple[Accelerators, ...] | None, int | None] = {None: None, (): 0}
    seconds, untold = 0, 0
    for job in jobs:
        counts[job.state] = counts.get(job.state, 0) + 1
        given, elapsed = job.accelerators, job.elapsed
        if given not in numbers:
            numbers[given] = job.accelerator_count
        number = numbers[given]
        if number is not None and elapsed is not None:
            seconds += number * elapsed
        elif number != 0 and elapsed != 0:
            untold += 1
    return _counted(counts, seconds / 3600, untold)


def together(one: Totals, other: Totals) -> Totals:
    """What both come to."""
    counts = dict(one.by_state)
    for state, count in other.by_state:
        counts[state] = counts.get(state, 0) + count
    return _counted(counts, one.gpu_hours + other.gpu_hours, one.untold + other.untold)


def _counted(counts: Mapping[str, int], hours: float, untold: int) -> Totals:
    by_state = tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    failed = sum(count for state, count in by_state if state in FAILED_STATES)
    return Totals(sum(counts.values()), by_state, failed, hours, untold)
