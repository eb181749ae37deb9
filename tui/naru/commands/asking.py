"""One question put to every open site at once, and what they say together."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from naru.joining import join_readings, lines_of
from naru.session import Opened
from naru_client.centre import Centre
from naru_client.errors import NaruError
from naru_client.reading import Reading

T = TypeVar("T")

Several = Reading[tuple[T, ...]]


class Told(Struct, Generic[T], frozen=True):
    """What one site answers."""

    centre: Centre
    said: T


async def ask_all(opened: Opened, question: Callable[[Centre], Awaitable[T]]) -> tuple[list[Told[T]], list[str]]:
    """What each open site answers, in their order, and a line of warning for each that does not.

    Raises the first site's error when none answers.
    """
    if not opened.several:
        return [Told(opened.home, await question(opened.home))], []
    told: list[Told[T]] = []
    failed: list[tuple[Centre, NaruError]] = []
    for centre, said in zip(opened.centres, await gathered(map(question, opened.centres)), strict=True):
        if isinstance(said, NaruError):
            failed.append((centre, said))
        else:
            told.append(Told(centre, said))
    if not told:
        raise failed[0][1]
    return told, lines_of((centre.id, error.message) for centre, error in failed)


async def read_all(opened: Opened, question: Callable[[Centre], Awaitable[Several[T]]]) -> Several[T]:
    """The same for what is read as a list: the lists end to end, the lines of warning among the reading's own."""
    return join(opened, *await ask_all(opened, question))


def join(opened: Opened, told: Sequence[Told[Several[T]]], failed: Sequence[str]) -> Several[T]:
    """The readings of these sites as one, with what is to be said of those that failed."""
    joined = join_readings([(one.centre.id, one.said) for one in told], opened.several)
    if joined is None:
        raise ValueError("no site told anything")
    return replace(joined, warnings=(*failed, *joined.warnings)) if failed else joined


async def gathered(questions: Iterable[Awaitable[T]]) -> list[T | NaruError]:
    """The answers to questions put at once, an error in place of each that has none. A mistake of ours is raised."""
    answers: list[T | NaruError] = []
    for answer in await asyncio.gather(*questions, return_exceptions=True):
        if isinstance(answer, BaseException) and not isinstance(answer, NaruError):
            raise answer
        answers.append(answer)
    return answers
