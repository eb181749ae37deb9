"""One question to a centre and its answer, whatever carries them.

A dialect asks with a `Call` and decodes an `Answer`; a `Transport` carries it (a child process, HTTP, a recording).
Wrapping a transport is how calls are counted, shown and recorded: nothing else in Naru does I/O with a centre.
"""

from collections import deque
from datetime import datetime
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


class CallRecord(Struct, frozen=True):
    """One call as the call log shows it."""

    at: datetime
    shown: str
    seconds: float
    size: int  # bytes of the answer
    outcome: str  # "ok", an HTTP status or exit status that was not, or the error's words


class CallLog:
    """The last calls, newest last, and how many there were."""

    def __init__(self, keep: int = 500) -> None:
        self.records: deque[CallRecord] = deque(maxlen=keep)
        self.total = 0

    def add(self, record: CallRecord) -> None:
        self.records.append(record)
        self.total += 1
