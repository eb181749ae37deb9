"""The scheduler's reason codes in words: what a code means, what to do, and whether it goes away by itself.

Slurm's codes are Slurm's published list (job_reason_codes.html) and the sentences it writes in their place for requeued
jobs. What a code leaves open is said to be open; a code that is not known here is shown as it stands.
"""

import re
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from naru_client.i18n import _
from naru_client.insight.reason_limits import limit_reason
from naru_client.insight.reason_words import CODES, NODES_DETAILS, Family, Meaning, key_of
from naru_client.model import Job

__all__ = ["Explanation", "Family", "estimate_refused", "explain", "held"]

# Families in which the scheduler's own estimate of a start says nothing about the start.
_NO_ESTIMATE = frozenset({"held", "never", "own-limit", "group-limit", "dependency", "failed"})
_HELD_STATES = frozenset({"REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"})


class Explanation(Struct, frozen=True):
    """A reason in words, already translated.

    `words` say what the code means, `advice` what to do ("" where there is nothing to say). `clears_itself`: whether it
    passes without anybody changing the job or the site; None where that depends.
    """

    code: str
    family: Family
    words: str
    advice: str
    clears_itself: bool | None


def explain(reason: str | None, detail: str | None = None) -> Explanation:
    """The words for a reason code and what the scheduler says beside it. Never fails: unknown codes are a family."""
    code, known, rest = _understood(reason or "None")
    if known is None:
        advice = _("The centre's documentation or support may know it.")
        return Explanation(code, "unknown", _("Naru does not know this reason."), advice, None)
    if known.code == "ReqNodeNotAvail":
        known = _nodes_meaning(detail or rest) or known
    resource = _(known.resource) if known.resource else ""
    words, advice = (_(text).format(resource=resource) if text else "" for text in (known.words, known.advice))
    return Explanation(known.code, known.family, words, advice, known.clears_itself)


def held(job: Job) -> bool:
    """It waits until somebody releases it."""
    return job.waiting and (job.state in _HELD_STATES or _family(job) == "held")


def estimate_refused(job: Job) -> bool:
    """Whether a start estimate would be no more than a guess: held, capped, dependent, or never to run as it is."""
    return held(job) or _family(job) in _NO_ESTIMATE


def shown_estimate(job: Job) -> datetime | None:
    """The scheduler's own estimate of a waiting job's start, where it may be shown at all."""
    return None if not job.waiting or estimate_refused(job) else job.expected_start


def _family(job: Job) -> Family:
    known = _understood(job.reason or "None")[1]
    return "unknown" if known is None else known.family


@lru_cache(maxsize=2048)
def _understood(reason: str) -> tuple[str, Meaning | None, str]:
    """The code as it stands, what is known of it, and what follows it: `(Code, rest)`, `Code:rest`, or a sentence."""
    text = reason.strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if known := _lookup(text):
        return text, known, ""
    head, rest = (*re.split(r"\s*[,:;(]\s*", text, maxsplit=1), "")[:2]
    known = _lookup(head)
    return (head if known else text), known, rest if known else ""


def _lookup(text: str) -> Meaning | None:
    key = key_of(text)
    return CODES.get(key) or limit_reason(text, key)


def _nodes_meaning(detail: str) -> Meaning | None:
    key = key_of(detail)
    return next((meaning for start, meaning in NODES_DETAILS if key.startswith(start)), None)
