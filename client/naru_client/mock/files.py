"""The files of a simulated site: the logs that its jobs have written, and the folders they lie in.

Everybody's folder is their own: others are refused, operators are not. A job that has not started has no file yet; one
that started anew, or another job that was told to write to the same place, has overwritten what was there.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from zlib import crc32

from msgspec import Struct

from naru_client.mock.entities import Job
from naru_client.mock.logs import Log, Stream
from naru_client.mock.people import People
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import error_path, paths

ROOTS = ("/scratch", "/home")  # the file systems there are; the first is where jobs work
LONGEST_NAME, LONGEST_PATH = 255, 4095  # bytes
DEVICE = 64_128
_NUMBERED = re.compile(r"-([0-9]{1,12})\.out$")  # the site's usual name for a log


class Failure(Exception):
    """What a system call says when it does not work."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


NOT_THERE, DENIED, NO_FOLDER, TOO_LONG = (
    "No such file or directory", "Permission denied", "Not a directory", "File name too long",
)  # fmt: skip


class Entry(Struct, frozen=True, eq=False):
    """A file or folder. Times are epoch seconds, sizes bytes."""

    path: str
    owner: str
    group: str
    uid: int
    gid: int
    mode: int  # as stat has it
    modified: float
    size: int
    log: Log | None = None  # of a file

    @property
    def name(self) -> str:
        return posixpath.basename(self.path)

    @property
    def folder(self) -> bool:
        return self.log is None

    @property
    def number(self) -> int:
        """Its inode."""
        return crc32(self.path.encode("utf-8", "surrogateescape")) | 1


class Files:
    """Looked at by a user, as of now."""

    def __init__(self, simulator: Simulator, people: People, user: str) -> None:
        self._simulator = simulator
        self._people = people
        self._user = user
        self._all = user in simulator.plan.operators

    def find(self, path: str) -> Entry:
        """What is at a path. Raises Failure as the system would."""
        clean = posixpath.normpath(path)
        if len(path.encode("utf-8", "surrogateescape")) > LONGEST_PATH or any(
            len(part.encode("utf-8", "surrogateescape")) > LONGEST_NAME for part in clean.split("/")
        ):
            raise Failure(TOO_LONG)
        self._may_enter(clean)
        found = self._file(clean)
        if found is not None:
            if path.endswith("/"):
                raise Failure(NO_FOLDER)
            return found
        if self._is_folder(clean):
            return self._folder(clean)
        above = posixpath.dirname(clean)
        while above not in ("/", *ROOTS):
            if self._file(above) is not None:
                raise Failure(NO_FOLDER)
            above = posixpath.dirname(above)
        raise Failure(NOT_THERE)

    def children(self, folder: Entry) -> list[Entry]:
        """What lies in a folder, by name. Raises Failure when the user may not look into it."""
        path = folder.path
        self._may_enter(path + "/")
        inside: dict[str, Entry] = {}
        for where, (job, stream) in self._written(path, history=True).items():
            if where.startswith(path + "/"):
                name, _, deeper = where[len(path) + 1 :].partition("/")
                child = f"{path}/{name}"
                if child not in inside:
                    inside[child] = self._folder(child) if deeper else self._entry(where, job, stream)
        if path in ROOTS:
            inside |= {child: self._folder(child) for name in self._people.accounts_of if (child := f"{path}/{name}")}
        elif path.startswith(ROOTS[0]) and path.count("/") == 2:
            inside.setdefault(f"{path}/logs", self._folder(f"{path}/logs"))
        return [inside[child] for child in sorted(inside)]

    def _may_enter(self, path: str) -> None:
        """Raise Failure for what lies in the folder of somebody else."""
        parts = path.split("/")
        owner = parts[2] if len(parts) > 3 and f"/{parts[1]}" in ROOTS else ""
        if owner in self._people.accounts_of and owner != self._user and not self._all:
            raise Failure(DENIED)

    def _file(self, path: str) -> Entry | None:
        found = self._written(path, history=False).get(path) or self._of_weeks_before(path)
        if found is None or _chosen(found[0]):  # the past has to be made up: only asked when it matters
            found = self._written(path, history=True).get(path)
        return None if found is None else self._entry(path, *found)

    def _of_weeks_before(self, path: str) -> tuple[Job, Stream] | None:
        """What a job from before the simulated history wrote, found by the number in its name."""
        number = _NUMBERED.search(path)
        jobs = self._simulator.weeks.find(int(number[1])) if number is not None else ()
        return next(((job, stream) for job in jobs for where, stream in files_of(job) if where == path), None)

    def _is_folder(self, path: str) -> bool:
        parts = path.split("/")
        if path in ROOTS or (f"/{parts[1]}" in ROOTS and len(parts) == 3 and parts[2] in self._people.accounts_of):
            return True
        if path.startswith(ROOTS[0]) and parts[3:] == ["logs"] and parts[2] in self._people.accounts_of:
            return True
        return any(where.startswith(path + "/") for where in self._written(path, history=True))

    def _written(self, path: str, *, history: bool) -> dict[str, tuple[Job, Stream]]:
        """Every file that may concern a path, and the run that wrote it last."""
        parts = path.split("/")
        owner = parts[2] if len(parts) > 2 else ""
        latest: dict[str, tuple[Job, Stream]] = {}
        now = self._simulator.now
        for job in self._jobs(history):
            if job.user != owner and not _chosen(job):
                continue
            if not job.held_nodes or job.het_offset or job.started > now:
                continue
            for where, stream in files_of(job):
                before = latest.get(where)
                if before is None or job.started > before[0].started:
                    latest[where] = (job, stream)
        return latest

    def _jobs(self, history: bool) -> Iterable[Job]:
        yield from self._simulator.jobs.values()
        if history:
            yield from self._simulator.history()

    def _entry(self, path: str, job: Job, stream: Stream) -> Entry:
        log, now = Log(job, stream), self._simulator.now
        group = job.account
        return Entry(
            path, job.user, group, self._people.user_id.get(job.user, 65534), self._people.group_id.get(group, 65534),
            0o100644, log.modified(now), log.size(now), log,
        )  # fmt: skip

    def _folder(self, path: str) -> Entry:
        parts = path.split("/")
        owner = parts[2] if len(parts) > 2 and parts[2] in self._people.accounts_of else "root"
        group = self._people.accounts_of[owner][0] if owner != "root" else "root"
        private = owner != "root" and len(parts) == 3
        return Entry(
            path, owner, group, self._people.user_id.get(owner, 0), self._people.group_id.get(group, 0),
            0o040700 if private else 0o040755, self._simulator.opened, 4096,
        )  # fmt: skip


def _chosen(job: Job) -> bool:
    """Its owner said where it is to write, so that others may write there as well."""
    return bool(job.work_dir or job.output or job.error)


def files_of(job: Job) -> Iterator[tuple[str, Stream]]:
    """Where a job writes to, and what."""
    yield posixpath.normpath(paths(job)[2]), "out"
    if job.error:
        yield posixpath.normpath(error_path(job)[1]), "err"
