"""What goes wrong by a log's own words: a line in, a problem of a known kind out. Pure.

False accusations are worse than misses: what only looks like an error is none.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from itertools import groupby
from typing import Literal

from msgspec import Struct

from naru_client.logs.problem_kinds import KINDS, SAID, Kind, said

__all__ = [
    "ANY_PROBLEM", "BY_ID", "KINDS", "Kind", "Problem", "cause_of", "is_continuation", "problem_of", "same_group",
]  # fmt: skip

BY_ID = {kind.id: kind for kind in KINDS}
# Finds the lines of `problem_of`, and of no longer ones than it looks at no others, in cleaned text; for RE2, Rust
# (ripgrep) and Python. To one who gives it raw bytes, colour in the middle of a line may hide a problem.
ANY_PROBLEM = "|".join(
    (
        *(kind.pattern for kind in KINDS if kind.pattern),
        said("|".join(kind.error for kind in KINDS if kind.error)),  # once: twelve times over, RE2 would be slow
    )
)

LONGEST = 2048  # characters of a line that are looked at: Python's patterns may take their square

Role = Literal["", "head", "within", "end"]


class Problem(Struct, frozen=True):
    """A problem that a line tells of. `role` is the line's part in a Python traceback: its head, the error at its end,
    or, for a line that may be a piece of code in one that speaks of a problem, within. Nothing for what stands alone.
    """

    kind: Kind
    role: Role = ""


_ROLES: tuple[Role, ...] = ("", "head", "within", "end")
_PROBLEMS = {(kind.id, role): Problem(kind, role) for kind in KINDS for role in _ROLES}
_TESTS = tuple((kind.id, kind.words) for kind in KINDS)
_continues = re.compile(
    SAID + r"(?:  |\t|$|During handling of the above exception|The above exception was the direct cause)", re.ASCII
).match
_links = re.compile("During handling of the above exception|The above exception was the direct cause").search


def _one_of(words: Iterable[str]) -> str:
    """A pattern for any of some words, by their first letter: an engine that backtracks is quickest with it."""
    grouped = groupby(sorted(words), key=lambda word: word[0])
    return "|".join(
        re.escape(first) + "(?:" + "|".join(re.escape(word[1:]) for word in rest) + ")" for first, rest in grouped
    )


# Ordinary lines are full of small letters and hold few capitals: what begins with one is looked for at once, the few
# others one by one.
_WORDS = {word for kind in KINDS for word in kind.words}
_capital = re.compile(_one_of(word for word in _WORDS if "A" <= word[0] <= "Z")).search
_foreign = re.compile(_one_of(word for word in _WORDS if not word.isascii())).search


def _suspicious(text: str) -> bool:
    """Whether it holds a word of any kind."""
    if _capital(text) is not None or "error: " in text or "terminate called" in text:
        return True
    if "command not found" in text or "failed (exitcode" in text:
        return True
    if "nan" in text and text.count("nan") != text.count("nan iter"):  # Megatron counts its "nan iterations" everywhere
        return True
    return not text.isascii() and _foreign(text) is not None


def problem_of(text: str) -> Problem | None:
    """The problem that a cleaned line tells of; None for a line that tells of none."""
    if len(text) > LONGEST:
        text = text[:LONGEST]
    if not _suspicious(text):
        return None
    for name, words in _TESTS:
        for word in words:
            if word in text:
                if _finder(name)(text) is None:
                    break
                return _PROBLEMS[name, _role(name, text)]
    return None


@cache
def _finder(name: str) -> Callable[[str], "re.Match[str] | None"]:
    """Made when first asked for: most logs hold the words of few kinds, and all of them take as long as a start."""
    return re.compile(BY_ID[name].whole, re.ASCII).search


def _role(name: str, text: str) -> Role:
    if name == "traceback":
        return "head"
    if _finder("exception")(text):
        return "end"
    return "within" if _continues(text) else ""


def is_continuation(text: str) -> bool:
    """Whether a cleaned line may stand within a traceback: a frame, its code, or what links two of them."""
    return _continues(text) is not None


def same_group(first: Problem, between: Iterable[str], second: Problem) -> bool:
    """Whether a problem only goes on with the one found before it, given the lines between the two: what stands within
    a traceback and at its end, or the next traceback of a chain. A person led from problem to problem is led past it.
    """
    lines = tuple(between)
    if not all(map(is_continuation, lines)):
        return False
    if second.role in ("within", "end"):
        return first.role in ("head", "within")
    return second.role == "head" and first.role == "end" and any(map(_links, lines))


def cause_of(ids: Iterable[str]) -> Kind | None:
    """Of several kinds, by their ids, the one that tells most of why: the cause before what came of it."""
    known = set(ids)
    return next((kind for kind in KINDS if kind.id in known), None)
