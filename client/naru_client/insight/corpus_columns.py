"""The columns of a corpus: values numbered, figures as plain numbers, and how a column is brought up to date. Pure."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from msgspec import Struct

from naru_client.insight.filter_columns import Amount
from naru_client.insight.filter_fields import Figure
from naru_client.model import Job

T = TypeVar("T")

UNKNOWN = float("nan")  # compares as false with everything, as what is not told has to


class Codes(Struct, frozen=True):
    """A column of few distinct values: for every job the number of its value, and for every value one job that has it.

    Jobs alike in the column are then looked at once, whatever they are asked.
    """

    numbers: list[int]
    examples: list[Job]


class Moments(Struct, frozen=True):
    """A figure: what it is (`UNKNOWN` where it grows or is not told), and since when it grows, in seconds since 1970.

    `since` is `UNKNOWN` for a job where it does not grow, and empty for a figure that never does.
    """

    figure: Figure
    still: list[float]
    since: list[float]


class Numbering(dict[Any, int]):
    """Numbers for values, in the order in which they are first asked for."""

    def __missing__(self, value: Any) -> int:
        number = self[value] = len(self)
        return number


def numbered(values: list[Any]) -> tuple[list[int], int]:
    numbering = Numbering()
    return list(map(numbering.__getitem__, values)), len(numbering)


def numbered_cheaply(values: list[Any]) -> tuple[list[int], int]:
    """The same for values that may be tuples: dear to hash, and most often one object serves many jobs."""
    if values and isinstance(values[0], tuple):
        identities = list(map(id, values))
        objects = dict(zip(identities, values, strict=True))
        if len(objects) * 4 < len(values):
            numbering = Numbering()
            number_of = {identity: numbering[value] for identity, value in objects.items()}
            return list(map(number_of.__getitem__, identities)), len(numbering)
    return numbered(values)


def split(figure: Figure, amounts: list[Amount]) -> Moments:
    if not figure.grows:
        known = [UNKNOWN if a is None else a for a in amounts]
        return Moments(figure, known, [])  # type: ignore[arg-type]  # no moment is among them
    still, since = [UNKNOWN] * len(amounts), [UNKNOWN] * len(amounts)
    for at, amount in enumerate(amounts):
        if isinstance(amount, datetime):
            since[at] = amount.timestamp()
        elif amount is not None:
            still[at] = amount
    return Moments(figure, still, since)


def patched(column: list[T], places: Sequence[int], values: Sequence[T]) -> list[T]:
    """The column with other values at some places."""
    column = column.copy()
    for at, value in zip(places, values, strict=True):
        column[at] = value
    return column


def more_codes(codes: Codes, key: tuple[str, ...], places: Sequence[int], jobs: Sequence[Job]) -> Codes:
    """The codes with other jobs at some places. A value that no job has any more keeps its number, and harms nobody."""
    read = attrgetter(*key)
    examples = codes.examples.copy()
    known = {read(job): number for number, job in enumerate(examples)}
    numbers = []
    for job in jobs:
        value = read(job)
        if value not in known:
            known[value] = len(examples)
            examples.append(job)
        numbers.append(known[value])
    return Codes(patched(codes.numbers, places, numbers), examples)
