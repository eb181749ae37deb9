"""squeue's list of a whole queue, decoded a slice at a time and by columns. Pure.

A row whose text is the one of last time gives the same Job object again. All others are decoded together: each field of
them is a column, and what many jobs share is worked out once. Rows that are out of the ordinary (jobs that ended, parts
of a heterogeneous job) are left to `text_jobs`, which says what every field means and what this has to come to.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import repeat
from typing import TypeVar

from naru_client.model import Job
from naru_client.slurm import output_columns, tres
from naru_client.slurm.columns import Memo, gc_held, looked_up
from naru_client.slurm.slices import Slices
from naru_client.slurm.text_cells import (
    ENDED,
    RUNS,
    WAITS,
    Ids,
    Moments,
    accelerators,
    kind_of,
    moments_in,
    numbers_in,
    read,
    span,
    text_of,
    word,
)  # fmt: skip
from naru_client.slurm.text_jobs import SQUEUE_FIELDS, Queued, output_files, queued_job
from naru_client.slurm.text_values import duration, rows, whole_number
from naru_client.slurm.wire_states import job_state, reason
from naru_client.text import clean, clean_optional

T = TypeVar("T")

WIDTH = len(SQUEUE_FIELDS)
SLICE = 1 << 16  # bytes: some 100 jobs, which stay in the caches of the processor


class QueueDecoder:
    """Decodes the answers to one question, in turn; remembers the rows of the last one and nothing older."""

    def __init__(self) -> None:
        self._kept: dict[int, Job] = {}
        self._site = ""

    def slices(self, body: bytes, separator: str, *, site: str, now: datetime) -> Slices[Job, None]:
        """Every row of `squeue_argv` as a job, in order, some hundred at a time. Raises BadAnswer for a broken list."""
        old = self._kept if site == self._site else {}
        new: dict[int, Job] = {}
        columns = _Columns(site, now)
        mark, at = separator.encode(), 0
        while at < len(body):
            stop = _end_of_row(body, mark, at + SLICE)
            with gc_held():
                jobs = columns.jobs(body[at:stop], mark, old, new)
                if jobs is None:  # a name that begins with a line feed looks like the end of a row: count the cells
                    while stop < len(body) and body.count(mark, at, stop) % WIDTH:
                        stop = _end_of_row(body, mark, stop)
                    jobs = [queued_job(row, site, now) for row in rows(body[at:stop], separator, WIDTH)]
            yield jobs
            at = stop
        self._kept, self._site = new, site


def _end_of_row(body: bytes, separator: bytes, start: int) -> int:
    end = body.find(separator + b"\n", start)
    return len(body) if end < 0 else end + len(separator) + 1


class _Columns:
    """Decodes the slices of one answer."""

    def __init__(self, site: str, now: datetime) -> None:
        self._site, self._now = site, now
        self._kinds = read(kind_of)
        self._shown, self._others = (
            read(lambda cell: job_state(cell).shown),
            read(lambda cell: job_state(cell).others),
        )
        self._reasons, self._words = read(reason), Memo(word)
        self._names, self._people, self._folders = Memo(self._name), Memo(self._person), Memo(self._folder)
        self._unfit = False  # whether there was any of these that cannot be put into a path as it is
        self._counts, self._moments, self._spans = read(whole_number), Moments(), read(span)
        self._limits, self._endless = read(duration), read("UNLIMITED".__eq__)
        self._memory = read(tres.memory_of)
        self._accelerators = Memo(accelerators)
        self._templates = read(lambda cell: output_columns.prepared(clean_optional(cell)))

    def jobs(self, part: bytes, mark: bytes, old: dict[int, Job], new: dict[int, Job]) -> list[Job] | None:
        """The jobs of a slice, those of rows in `old` from there; `new` gets them all. None where it is no whole rows.

        Rows are told from those of another answer by a hash of their text with the separators made alike: 64 bits under
        a key of this process alone.
        """
        if b"\0" in part:  # no text of Slurm's can hold one, and here it parts the cells
            return None
        lines = part.replace(mark, b"\0").decode("latin-1").split("\0\n")
        if lines.pop():
            return None
        keys = list(map(hash, lines))
        known = list(map(old.get, keys)) if old else [None] * len(lines)
        unknown = [line for line, job in zip(lines, known, strict=True) if job is None]
        decoded = self._decoded("\0".join(unknown).split("\0"), len(unknown)) if unknown else []
        if decoded is None:
            return None
        if len(unknown) < len(lines):
            more = iter(decoded)
            decoded = [job or next(more) for job in known]
        new.update(zip(keys, decoded, strict=True))
        return decoded

    def _decoded(self, cells: list[str], size: int) -> list[Job] | None:
        if len(cells) != WIDTH * size:
            return None
        column = [cells[at::WIDTH] for at in range(WIDTH)]
        (
            job_ids, array_ids, array_tasks, het_ids, _, names, users, accounts, qos, pools, states, reasons,
            priorities, dependencies, nodes, node_lists, planned, cpus, tasks, given, per_job, per_node, per_socket,
            per_task, features, reservations, submitted, eligible, starts, _, limits, used, comments, work_dirs,
            commands, _, _, restarts, _,
        ) = column  # fmt: skip
        numbers = numbers_in(job_ids, 1)
        if numbers is None:
            return None
        kinds = list(map(self._kinds.__getitem__, states))
        why = list(map(self._reasons.__getitem__, reasons))
        named, people = list(map(self._names.__getitem__, names)), list(map(self._people.__getitem__, users))
        folders = list(map(self._folders.__getitem__, work_dirs))
        ids = Ids(numbers, array_ids, array_tasks)
        stdout, stderr = self._files(cells, column, ids, folders, named, people)
        sent = moments_in(submitted) or list(map(self._moments.__getitem__, submitted))
        begins = list(map(self._moments.__getitem__, starts))
        spans = self._spans
        jobs: list[Job] = list(
            map(
                Job,
                repeat(self._site, size),
                ids.shown,
                numbers,
                ids.array_ids,
                ids.tasks,
                ids.groups,
                ids.pending,
                repeat(None),  # het_id
                repeat(None),  # het_offset
                named,
                people,
                looked_up(accounts, self._words),
                looked_up(qos, self._words),
                looked_up(pools, self._words),
                looked_up(reservations, self._words),
                looked_up(states, self._shown),
                looked_up(states, self._others),
                [code for code, _ in why],
                [detail for _, detail in why],
                numbers_in(priorities, 0) or looked_up(priorities, self._counts),
                looked_up(dependencies, self._words),
                looked_up(nodes, self._counts),
                looked_up(node_lists, self._words),
                self._planned(planned, kinds),
                looked_up(cpus, self._counts),
                looked_up(tasks, self._counts),
                looked_up(given, self._memory),
                map(
                    self._accelerators.__getitem__,
                    zip(nodes, tasks, given, per_job, per_node, per_socket, per_task, strict=True),
                ),
                looked_up(features, self._words),
                sent,
                sent if eligible == submitted else looked_up(eligible, self._moments),
                [begin if kind == RUNS else None for kind, begin in zip(kinds, begins, strict=True)],
                repeat(None),  # ended
                [begin if kind == WAITS else None for kind, begin in zip(kinds, begins, strict=True)],
                looked_up(limits, self._limits),
                looked_up(limits, self._endless),
                [spans[cell] if kind == RUNS else None for kind, cell in zip(kinds, used, strict=True)],
                repeat(None),  # exit
                looked_up(comments, self._words),
                folders,
                looked_up(commands, self._words),
                stdout,
                stderr,
                looked_up(restarts, self._counts),
            )
        )
        odd = [at for at in range(size) if kinds[at] == ENDED or het_ids[at] != "N/A"]
        for at in odd:
            jobs[at] = queued_job(_row(cells, at), self._site, self._now)
        return jobs

    def _name(self, cell: str) -> str:
        name = word(cell) or clean(text_of(cell))
        self._unfit |= not output_columns.part_of_a_name(name)
        return name

    def _person(self, cell: str) -> str | None:
        person = word(cell)
        self._unfit |= not output_columns.part_of_a_name(person)
        return person

    def _folder(self, cell: str) -> str | None:
        folder = word(cell)
        self._unfit |= not output_columns.plain_folder(folder)
        return folder

    def _planned(self, column: list[str], kinds: list[int]) -> Iterable[str | None]:
        if column.count("(null)") == len(column):
            return repeat(None)
        return [self._words[cell] if kind == WAITS else None for kind, cell in zip(kinds, column, strict=True)]

    def _files(
        self,
        cells: list[str],
        column: list[list[str]],
        ids: "Ids",
        folders: list[str | None],
        names: list[str],
        people: list[str | None],
    ) -> tuple[list[str | None], list[str | None]]:
        """The paths of standard output and of standard error."""
        outputs, errors = column[35], column[36]
        told = folders, ids.written, ids.written_array, ids.written_task, names, people
        templates = list(map(self._templates.__getitem__, outputs))
        stdout = stderr = output_columns.written(templates, *told)
        left = set(output_columns.odd(templates))
        if self._unfit:
            left |= output_columns.unfit(folders, names, people)
        if errors != outputs:
            own = [self._templates[cell] for cell in errors]
            left.update(output_columns.odd(own))
            stderr = [
                path if error != output and self._words[error] is not None else also
                for error, output, path, also in zip(
                    errors, outputs, output_columns.written(own, *told), stdout, strict=True
                )
            ]
        left.update(at for at in ids.arrays if ids.groups[at] is not None)
        for at in left:
            row = Queued(*_row(cells, at))
            stdout[at], stderr[at] = output_files(
                row, ids.numbers[at], ids.array_ids[at], ids.tasks[at], grouped=ids.groups[at] is not None
            )
        return stdout, stderr


def _row(cells: list[str], at: int) -> list[str]:
    return [text_of(cell) for cell in cells[at * WIDTH : (at + 1) * WIDTH]]
