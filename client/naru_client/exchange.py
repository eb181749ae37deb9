"""One question to a centre and its answer, whatever carries them.

A dialect asks with a `Call` and decodes an `Answer`; a `Transport` carries it (a child process, HTTP, a recording).
Wrapping a transport is how calls are counted, shown and recorded: nothing else in Naru does I/O with a centre.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct


class Call(Struct, frozen=True, kw_only=True):
    """One question. `key` is stable and names it in recordings ("jobs", "nodes", "job 123").

    A command has `argv` (never a shell line); an HTTP call has `method`, `path` and `query`. `separator` is the random
    text that parts the fields of a text list, so that no job name can forge one.
    """

    key: str
    argv: tuple[str, ...] = ()
    method: str = ""
    path: str = ""
    query: tuple[tuple[str, str], ...] = ()
    separator: str = ""
    timeout: float = 30.0

    @property
    def shown(self) -> str:
        """The call as a person would write it; holds no secret, as secrets are in neither argv nor query."""
        if self.argv:
            return " ".join(self.argv).replace(self.separator, "␟") if self.separator else " ".join(self.argv)
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.method} {self.path}{'?' + query if query else ''}"


class Answer(Struct, frozen=True, kw_only=True):
    """What came back, undecoded. `status` is the HTTP status, or the exit status of a command."""

    call: Call
    status: int
    body: bytes
    content_type: str = ""
    retry_after: float | None = None  # seconds, from HTTP's Retry-After
    stderr: bytes = b""
    as_of: datetime  # aware UTC, when the answer had arrived
    seconds: float = 0.0


class Transport(Protocol):
    """Carries calls. Raises Unreachable when there is no answer; never looks into one."""

    @property
    def source(self) -> str:
        """How the centre is reached, for people ("squeue on this login node", "slurmrestd at https://host")."""

    async def send(self, call: Call) -> Answer: ...

    async def close(self) -> None: ...


class Patience:
    """How old an answer may be that whoever asks now gets, and how old what they got was.

    `max_age` and `age` are seconds; `age` is that of the oldest answer that another Naru had fetched, 0 where the
    centre was asked. Without any patience, which is how commands ask, the centre is always asked. `awaited` is whether
    a person looks at an empty screen until it comes.
    """

    def __init__(self, max_age: float, *, awaited: bool = False) -> None:
        self.max_age = max_age
        self.awaited = awaited
        self.age = 0.0


_patience: ContextVar[Patience | None] = ContextVar("patience", default=None)


def patience() -> Patience | None:
    """That of whoever asks now; None for one who wants an answer of their own."""
    return _patience.get()


@contextmanager
def patient(max_age: float, *, awaited: bool = False) -> Iterator[Patience]:
    """What is asked in here, and by tasks begun in here, may be answered by what is at most `max_age` seconds old."""
    one = Patience(max_age, awaited=awaited)
    token = _patience.set(one)
    try:
        yield one
    finally:
        _patience.reset(token)


class CallRecord(Struct, frozen=True):
    """One call as the call log shows it."""

    at: datetime
    shown: str
    seconds: float
    size: int  # bytes of the answer
    outcome: str  # "ok", an HTTP status or exit status that was not, or the error's words
    site: str = ""  # empty where nobody said which
    shared: bool = False  # another Naru of the same user had asked: no call was made


class CallLog:
    """The last calls and shared answers, newest last, and how many calls there were."""

    def __init__(self, keep: int = 500) -> None:
        self.records: deque[CallRecord] = deque(maxlen=keep)
        self.total = 0

    def add(self, record: CallRecord) -> None:
        self.records.append(record)
        if not record.shared:
            self.total += 1

    def calls_since(self, moment: datetime) -> int:
        """How many calls began at a moment or later; of the calls that are kept."""
        return sum(1 for record in self.records if record.at >= moment and not record.shared)

    def calls_in_last_minute(self, now: datetime) -> int:
        """How many calls began within the minute before `now`."""
        return self.calls_since(now - timedelta(seconds=60))
