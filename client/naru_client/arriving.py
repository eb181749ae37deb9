"""The first jobs of a long answer, told while the rest is still decoded: a screen need not wait for 100,000."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from naru_client.model import Job

Listener = Callable[[Sequence[Job], datetime], object]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def told_early(listener: Listener) -> Iterator[None]:
    """Who asks for jobs in here, or in tasks begun in here, has the first of a long list told to `listener`.

    It is given these jobs and when the answer was made, at most once an answer.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(jobs: Sequence[Job], as_of: datetime) -> None:
    """What a source has of its list so far; the rest is still to come."""
    listener = _listener.get()
    if listener is not None and jobs:
        listener(tuple(jobs), as_of)
