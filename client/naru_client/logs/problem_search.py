"""The next line of a log that tells of a problem, whatever lies between."""

from collections.abc import Callable
from typing import Literal

from naru_client.logs.encoding import decode_line
from naru_client.logs.lines import LogText, RawLine
from naru_client.logs.looks import looks_of
from naru_client.logs.pattern import Pattern
from naru_client.logs.problems import ANY_PROBLEM, Problem, problem_of, same_group
from naru_client.logs.scanning import find_one
from naru_client.logs.source import LogSource

BETWEEN = 400  # lines between the parts of one traceback
PROBLEMS = Pattern("", True, True, ANY_PROBLEM, ANY_PROBLEM, None)


async def next_problem(
    text: LogText,
    source: LogSource,
    offset: int,
    direction: Literal["next", "previous"],
    size: int,
    moved: Callable[[int], None] = lambda _offset: None,
) -> tuple[int, Problem] | None:
    """Where the next line starts that tells of a problem, from a place on or before it, and of which.

    What only goes on with the problem before it (the error at the end of a traceback) is passed over. `source` is what
    is read in passing, better without a cache; `moved` is told how far that is. Raises what the source raises.
    """
    while True:
        end = size if direction == "next" else None  # what was written since is not at hand yet
        at = await find_one(source, PROBLEMS, text.codec, offset, direction, end=end, moved=moved)
        if at is None:
            return None
        lines = await text.lines_from(at, 1, size)
        problem = _problem(text, lines[0]) if lines else None
        if problem is not None and not await _goes_on(text, at, problem, size):
            return at, problem
        offset = at if direction == "previous" else max(at + text.codec.unit, lines[0].until if lines else 0)


async def _goes_on(text: LogText, at: int, problem: Problem, size: int) -> bool:
    """Whether a problem belongs to one that is told of shortly before."""
    if not problem.role:
        return False
    between: list[str] = []
    for line in reversed(await text.lines_before(at, BETWEEN, size)):
        before = _problem(text, line)
        if before is not None:
            return same_group(before, reversed(between), problem)
        between.append(_shown(text, line))
    return False


def _problem(text: LogText, line: RawLine) -> Problem | None:
    return problem_of(_shown(text, line))


def _shown(text: LogText, line: RawLine) -> str:
    return looks_of(decode_line(line.data, text.codec)).text
