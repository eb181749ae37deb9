"""The reason codes of limits: some 150 of them, built by Slurm from who is limited, how, and in what."""

import re
from typing import NamedTuple

from naru_client.i18n import mark
from naru_client.insight.reason_words import Family, Meaning

_RESOURCES = {
    "cpu": mark("processors"),
    "mem": mark("memory"),
    "memory": mark("memory"),
    "node": mark("nodes"),
    "gres": mark("accelerators (GRES)"),
    "billing": mark("billing units"),
    "license": mark("licences"),
    "bb": mark("burst buffer space"),
    "energy": mark("energy"),
    "unknown": mark("a resource the scheduler does not name"),
    "jobs": mark("running jobs"),
    "submitjobs": mark("jobs in the queue"),
    "submitjob": mark("jobs in the queue"),
}
_RESOURCE = "(?P<resource>cpu|memory|mem|node|gres|billing|license|bb|energy|unknown)"


class _Rule(NamedTuple):
    pattern: re.Pattern[str]  # over the whole code, lower case, letters only
    family: Family
    words: str
    advice: str
    clears_itself: bool | None


def _rule(pattern: str, family: Family, words: str, advice: str, clears_itself: bool | None) -> _Rule:
    return _Rule(re.compile(pattern + "(?:limit)?"), family, words, advice, clears_itself)


_ACCOUNT_FREES = mark(
    "It starts when enough jobs of the account end; ask in the project who holds what. A job that alone asks for more "
    "than the limit never starts."
)
_QOS_FREES = mark(
    "It starts when enough jobs of this QOS end, or under another QOS. A job that alone asks for more than the limit "
    "never starts."
)
_USER_FREES = mark(
    "Nothing is wrong: it starts when enough of the user's own jobs end. A job that alone asks for more than the limit "
    "never starts."
)
_OWN_JOBS_END = mark("Nothing is wrong: it starts when one of the user's own jobs ends.")
_JOBS_END = mark("It starts when enough of those jobs end.")
_BUDGET = mark(
    "Ask for more, shorten the time limit, or use another account or QOS. Waiting helps only if running jobs end early "
    "or the amount is renewed."
)
_COMMITTED = mark("It starts as running jobs come nearer to their end. A shorter time limit counts for less.")
_ASK_LESS = mark("Ask for less, or use another account or QOS. It does not start as it stands.")
_SHORTEN = mark("Lower its time limit, or use another QOS. It does not start as it stands.")
_ASK_MORE = mark("Ask for more, or use another QOS. It does not start as it stands.")

_RULES = (
    _rule(
        f"assocgrp{_RESOURCE}minutes",
        "group-limit",
        mark(
            "What its account was granted in {resource} over time does not cover this job; used time and what running "
            "jobs may still use both count."
        ),
        _BUDGET,
        None,
    ),
    _rule(
        f"qosgrp{_RESOURCE}minutes",
        "group-limit",
        mark(
            "What its QOS may use in {resource} over time does not cover this job; used time and what running jobs may "
            "still use both count."
        ),
        _BUDGET,
        None,
    ),
    _rule(
        f"assocgrp{_RESOURCE}runminutes",
        "group-limit",
        mark("Running jobs of its account have claimed as much time with {resource} as they may together."),
        _COMMITTED,
        True,
    ),
    _rule(
        f"qosgrp{_RESOURCE}runminutes",
        "group-limit",
        mark("Running jobs of its QOS have claimed as much time with {resource} as they may together."),
        _COMMITTED,
        True,
    ),
    _rule(
        "assocgrpwall",
        "group-limit",
        mark("The jobs of its account have claimed as much run time as they may together."),
        _BUDGET,
        None,
    ),
    _rule(
        "qosgrpwall",
        "group-limit",
        mark("The jobs of its QOS have claimed as much run time as they may together."),
        _BUDGET,
        None,
    ),
    _rule(
        "assocgrp(?P<jobs>jobs|submitjobs)",
        "group-limit",
        mark("Its account, or one above it, has as many {resource} as it may."),
        _JOBS_END,
        True,
    ),
    _rule(
        "qosgrp(?P<jobs>jobs|submitjobs)",
        "group-limit",
        mark("Its QOS has as many {resource} as it may."),
        _JOBS_END,
        True,
    ),
    _rule(
        f"assocgrp{_RESOURCE}",
        "group-limit",
        mark("A limit on {resource}, shared by all jobs of its account or of one above it, is reached."),
        _ACCOUNT_FREES,
        True,
    ),
    _rule(
        f"qosgrp{_RESOURCE}",
        "group-limit",
        mark("A limit on {resource}, shared by all jobs of its QOS, is reached."),
        _QOS_FREES,
        True,
    ),
    _rule(
        "assocmaxwalldurationperjob",
        "never",
        mark("Its time limit is longer than its account allows one job."),
        _SHORTEN,
        False,
    ),
    _rule(
        "qosmaxwalldurationperjob",
        "never",
        mark("Its time limit is longer than its QOS allows one job."),
        _SHORTEN,
        False,
    ),
    _rule(
        f"(?:assoc|qos)max{_RESOURCE}minutesperjob",
        "never",
        mark("Its {resource} multiplied by its time limit are more than its account or QOS allows one job."),
        _ASK_LESS,
        False,
    ),
    _rule(
        f"assocmax{_RESOURCE}perjob",
        "never",
        mark("It asks for more than its account allows one job, in {resource}."),
        _ASK_LESS,
        False,
    ),
    _rule(
        f"qosmax{_RESOURCE}perjob",
        "never",
        mark("It asks for more than its QOS allows one job, in {resource}."),
        _ASK_LESS,
        False,
    ),
    _rule(
        f"(?:assoc|qos)max{_RESOURCE}pernode",
        "never",
        mark("It asks for more on one node than its account or QOS allows, in {resource}."),
        _ASK_LESS,
        False,
    ),
    _rule(
        f"qosmin{_RESOURCE}(?:notsatisfied)?",
        "never",
        mark("It asks for less than its QOS requires of a job, in {resource}."),
        _ASK_MORE,
        False,
    ),
    _rule(
        "assocmax(?P<jobs>jobs|submitjobs?)",
        "own-limit",
        mark("The user has as many {resource} as this account allows."),
        _OWN_JOBS_END,
        True,
    ),
    _rule(
        "qosmax(?P<jobs>jobs|submitjobs?)peruser",
        "own-limit",
        mark("The user has as many {resource} as this QOS allows one user."),
        _OWN_JOBS_END,
        True,
    ),
    _rule(
        f"qosmax{_RESOURCE}peruser",
        "own-limit",
        mark("With this job the user would hold more than this QOS allows one user at a time, in {resource}."),
        _USER_FREES,
        True,
    ),
    _rule(
        "max(?P<jobs>jobs|submitjobs)peraccount",
        "group-limit",
        mark("The account has as many {resource} as this QOS allows one account."),
        _JOBS_END,
        True,
    ),
    _rule(
        f"max{_RESOURCE}peraccount",
        "group-limit",
        mark("With this job the account would hold more than this QOS allows one account at a time, in {resource}."),
        _ACCOUNT_FREES,
        True,
    ),
)


def limit_reason(code: str, key: str) -> Meaning | None:
    """The meaning of a limit's code; `key` is the code as `reason_words.key_of` gives it. None if it is of no limit."""
    for rule in _RULES:
        if found := rule.pattern.fullmatch(key):
            named = found.groupdict()
            resource = _RESOURCES.get(named.get("resource") or named.get("jobs") or "", "")
            return Meaning(code, rule.family, rule.words, rule.advice, rule.clears_itself, resource)
    return None
