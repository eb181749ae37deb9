"""Reason codes of the scheduler, in words."""

import re
from typing import Literal

from msgspec import Struct

from naru_client.i18n import _
from naru_client.model import Job

Family = Literal[
    "waiting", "own-limit", "group-limit", "never", "held", "time", "dependency", "nodes", "site", "failed", "unknown"
]


class Explanation(Struct, frozen=True):
    code: str
    family: Family
    words: str
    advice: str
    clears_itself: bool | None


def explain(reason: str | None, detail: str | None = None) -> Explanation:
    return Explanation(reason or "None", "unknown", _("Naru does not know this reason."), "", None)


def held(job: Job) -> bool:
    return bool(job.reason and re.match("JobHeld", job.reason)) or (job.waiting and job.priority == 0)


def estimate_refused(job: Job) -> bool:
    return held(job)
