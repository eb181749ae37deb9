"""The cells of squeue's rows, many at a time: columns of numbers, times, ids and words, each made once. Pure.

A cell is a text of one character a byte, as slices of a list have it; what is made of it is what its UTF-8 says.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import repeat
from typing import TypeVar

from naru_client.model import FINISHED_STATES, WAITING_STATES, Accelerators
from naru_client.slurm import tres
from naru_client.slurm.columns import LARGEST_MEMO, Memo
from naru_client.slurm.paths import NO_TASK
from naru_client.slurm.text_jobs import array_part
from naru_client.slurm.text_values import duration, moment, whole_number
from naru_client.slurm.wire_ids import address, task_count
from naru_client.slurm.wire_states import job_state
from naru_client.text import clean_optional

T = TypeVar("T")

SHORT = 4096  # characters that `clean` keeps in any case
RUNS, WAITS, ENDED = range(3)
_NUMBERLESS = 0xFFFFFFFE  # as a number of Slurm's this and what is above says that there is none


def read(make: Callable[[str], T]) -> Memo[str, T]:
    """Values by cells as the slices have them, one character a byte."""
    return Memo(lambda cell: make(text_of(cell)))


def text_of(cell: str) -> str:
    return cell if cell.isascii() else cell.encode("latin-1").decode("utf-8", "replace")


class Moments(Memo[str, datetime | None]):
    """`moment` of each cell; there are more of these than of all others, most of them plain seconds."""

    def __init__(self) -> None:
        super().__init__(moment)

    def __missing__(self, cell: str) -> datetime | None:
        if not (len(cell) == 10 and cell.isascii() and cell.isdecimal() and cell > "1"):
            return super().__missing__(text_of(cell))
        if len(self) >= LARGEST_MEMO:
            self.clear()
        found = self[cell] = datetime.fromtimestamp(int(cell), UTC)
        return found


def word(cell: str) -> str | None:
    if cell and cell.isascii() and cell.isprintable() and cell[0] not in "(N" and len(cell) < SHORT:
        return cell
    return clean_optional(text_of(cell))


class Ids:
    """What each job is called: columns of what `address` and the templates of files are made of."""

    def __init__(self, numbers: list[int], array_ids: list[str], array_tasks: list[str]) -> None:
        size = len(numbers)
        self.numbers = numbers
        self.written = list(map(str, numbers))
        self.shown, self.written_array, self.written_task = self.written, self.written, [NO_TASK] * size
        self.array_ids: list[int | None] = [None] * size
        self.tasks: list[int | None] = [None] * size
        self.groups: list[str | None] = [None] * size
        self.pending: list[int | None] = [None] * size
        self.arrays = [at for at, cell in enumerate(array_tasks) if cell != "N/A"]
        if self.arrays:
            self.shown, self.written_array = self.written[:], self.written[:]
        for at in self.arrays:
            group, task = array_part(text_of(array_tasks[at]))
            array_id = whole_number(text_of(array_ids[at])) if group or task is not None else None
            self.groups[at], self.tasks[at], self.array_ids[at] = group, task, array_id
            self.pending[at] = None if group is None else task_count(group)
            self.shown[at] = address(numbers[at], array_id, task, group, None, None)
            self.written_array[at] = str(array_id or numbers[at])
            self.written_task[at] = NO_TASK if task is None else str(task)


def numbers_in(column: list[str], least: int) -> list[int] | None:
    """Whole numbers, as they stand there; None where any cell holds something else, or less than `least`."""
    together = "".join(column)
    if not (together.isascii() and together.isdecimal()) or "" in column or max(map(len, column)) > 10:
        return None
    numbers = list(map(int, column))
    return numbers if min(numbers) >= least and max(numbers) < _NUMBERLESS else None


def moments_in(column: list[str]) -> list[datetime | None] | None:
    """`moment` of each, where all of them are plain seconds: hardly any two are the same, so none is remembered."""
    seconds = numbers_in(column, 1)
    return None if seconds is None else list(map(datetime.fromtimestamp, seconds, repeat(UTC)))


def kind_of(cell: str) -> int:
    shown = job_state(cell).shown
    return WAITS if shown in WAITING_STATES else ENDED if shown in FINISHED_STATES else RUNS


def span(cell: str) -> int | None:
    """`duration`, quickly for hours, minutes and seconds."""
    hours, _, rest = cell.partition(":")
    days, dash, hours = hours.rpartition("-")
    minutes, _, seconds = rest.partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and seconds.isdecimal() and (days.isdecimal() or not dash)):
        return duration(cell)
    return (int(days or 0) * 24 + int(hours)) * 3600 + int(minutes) * 60 + int(seconds)


def accelerators(cells: tuple[str, ...]) -> tuple[Accelerators, ...] | None:
    nodes, tasks, given, per_job, per_node, per_socket, per_task = map(text_of, cells)
    return tres.job_accelerators(
        tres_alloc=given, tres_per_job=per_job, tres_per_node=per_node, nodes=whole_number(nodes),
        tres_per_task=per_task, tasks=whole_number(tasks), tres_per_socket=per_socket,
    )  # fmt: skip
