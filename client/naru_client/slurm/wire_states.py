"""A job's state, reason, exit and times, from what any version and the text lists say. Pure; nothing here raises."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import Struct

from naru_client.model import FINISHED_STATES, WAITING_STATES, Exit
from naru_client.slurm.wire_values import Number, number
from naru_client.text import clean

# squeue shows the first of these that a job has, and its base state when it has none.
FLAG_STATES = (
    "COMPLETING", "STAGE_OUT", "CONFIGURING", "RESIZING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT",
    "STOPPED", "REVOKED", "RESV_DEL_HOLD", "SIGNALING",
)  # fmt: skip
BASE_STATES = frozenset(
    {
        "PENDING", "RUNNING", "SUSPENDED", "COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED",
        "BOOT_FAIL", "DEADLINE", "OUT_OF_MEMORY",
    }
)  # fmt: skip
UNKNOWN = "UNKNOWN"


class State(NamedTuple):
    """`shown` is the word squeue prints, `base` the base state where one was given, `others` all words but `shown`."""

    shown: str
    base: str | None
    others: tuple[str, ...]


def job_state(value: Any) -> State:
    """The state from a word or a list of words; an unknown word passes, nothing at all is "UNKNOWN"."""
    if type(value) is list:
        value = value[0] if len(value) == 1 else "\n".join([one for one in value if type(one) is str])
    return _job_state(value if type(value) is str else "")


@lru_cache(maxsize=512)
def _job_state(text: str) -> State:
    said = [_state_word(part) for part in re.split(r"[\n,|]|\+(?=\w)", text)]
    found = [word for word in dict.fromkeys(said) if word]
    base = next((word for word in found if word in BASE_STATES), None)
    shown = next((word for word in FLAG_STATES if word in found), base) or (found[0] if found else UNKNOWN)
    return State(shown, base, tuple(word for word in found if word != shown))


def _state_word(text: str) -> str:
    text = clean(text, 64).strip().rstrip("+").upper()
    return text.split(" ")[0] if text.startswith("CANCELLED BY ") else text.replace(" ", "_")


# What Slurm writes instead of the code, and the code that it stands for.
_SENTENCES = {
    "job requeued in held state": "JobHeldUser",
    "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions": "Resources",
}
_CODED = re.compile(r"([A-Za-z]\w*)(?:\s*[,:]\s*(.*))?", re.DOTALL)


def reason(code: Any, description: Any = None) -> tuple[str | None, str | None]:
    """Reason code and detail, from `state_reason` and `state_description`, or from the one text that squeue prints.

    Like squeue, the description goes before the code: "ReqNodeNotAvail, UnavailableNodes:h200-02" gives the code and
    what follows it; a free text is the detail, its code the one beside it.
    """
    return _reason(code if type(code) is str else "", description if type(description) is str else "")


@lru_cache(maxsize=2048)
def _reason(code: str, description: str) -> tuple[str | None, str | None]:
    code, code_detail = _one_reason(code)
    if not description.strip():
        return code or None, code_detail or None
    said, detail = _one_reason(description)
    if said and not detail and code and said != code:
        return code, said  # one word that is not the code: the site's own text
    return said or code or None, detail or code_detail or None


def _one_reason(text: str) -> tuple[str, str]:
    text = clean(text).strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    if text in ("None", "null", "N/A", ""):
        return "", ""
    if " " not in text and text.count("_") > 2:
        text = text.replace("_", " ")  # scontrol writes sentences so
    if text in _SENTENCES:
        return _SENTENCES[text], text
    found = _CODED.fullmatch(text)
    return (found[1], found[2] or "") if found else ("", text)


class Signal(Struct, gc=False):
    id: Number = None
    signal_id: Number = None


class ExitRow(Struct, gc=False):
    """`exit_code` in the forms of all versions: a wrapped wait status, or code and signal."""

    set: Any = None
    infinite: Any = None
    number: Any = None
    return_code: Number = None
    signal: Signal | int | float | str | bool | list[Any] | None = None


ExitCode = ExitRow | int | float | str | bool | list[Any] | None


def exit_of(code: int | None, signal: int | None) -> Exit | None:
    """Slurm's pair, as in "0:9": a signal of 0 is none. None when neither is known."""
    if code is None and signal is None:
        return None
    return Exit(code=0 if code is None else code, signal=signal or None)


def exit_code(value: Any) -> Exit | None:
    """How a job ended, from any version's `exit_code`. Meaningful for finished jobs alone."""
    kind = type(value)
    if kind is int:
        return _wait_status(value)
    if kind is str:
        code, _, signal = value.partition(":")
        return exit_of(number(code), number(signal))
    if kind is not ExitRow:
        return None
    if value.number is not None:
        return None if value.set is False else _wait_status(value.number)
    signal = value.signal
    signal = number(signal.id) or number(signal.signal_id) if type(signal) is Signal else number(signal)
    return exit_of(number(value.return_code), signal)


def _wait_status(value: Any) -> Exit | None:
    status = number(value)
    return None if status is None else exit_of((status >> 8) & 0xFF, status & 0x7F)


class Times(NamedTuple):
    started: datetime | None
    ended: datetime | None
    expected_start: datetime | None
    elapsed: int | None


def job_times(
    state: State,
    *,
    start: datetime | None,
    end: datetime | None,
    now: datetime,
    suspended_at: datetime | None = None,
    ran_before: int | None = None,
    never_ran: bool = False,
) -> Times:
    """What Slurm's start and end mean, which depends on the state.

    While a job waits, its start is the scheduler's estimate. While it runs, its end is when it would run out of time.
    `suspended_at` is the last time it was suspended or resumed, `ran_before` the seconds it had run by then.
    `never_ran` marks a finished job without an allocation: Slurm gives it a start that is the time of its end.
    """
    if state.shown in WAITING_STATES:
        return Times(None, None, start, None)
    finished = state.shown in FINISHED_STATES
    if finished and never_ran:
        return Times(None, end, None, 0)
    return Times(start, end if finished else None, None, _elapsed(state, start, end, now, suspended_at, ran_before))


def _elapsed(
    state: State,
    start: datetime | None,
    end: datetime | None,
    now: datetime,
    suspended_at: datetime | None,
    ran_before: int | None,
) -> int | None:
    """As squeue reckons it."""
    if state.base == "SUSPENDED":
        return ran_before
    over = state.shown in FINISHED_STATES or (state.shown == "COMPLETING" and state.base != "RUNNING")
    until = end if over else now
    if until is None or start is None:
        return None
    if suspended_at is not None and suspended_at >= start:
        return max(0, int((until - suspended_at).total_seconds()) + (ran_before or 0))
    return max(0, int((until - start).total_seconds()))
