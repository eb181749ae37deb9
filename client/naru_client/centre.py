"""The Centre protocol: what every dialect gives, and how a profile is opened."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from naru_client.errors import UsageError
from naru_client.model import Job, Node, Pool, Reservation, Site
from naru_client.reading import Reading
from naru_client.text import clean

if TYPE_CHECKING:
    from naru_client.config import Profile
    from naru_client.exchange import CallLog
    from naru_client.insight.quota import Quota
    from naru_client.insight.request import Request
    from naru_client.logs.source import LogSource

Capability = Literal["site", "jobs", "job", "history", "nodes", "pools", "reservations", "logs", "quotas"]


class Centre(Protocol):
    """One site, read. Every method may raise any of `errors`; none of them mutates anything.

    A collection the dialect cannot tell raises NotProvided: it is never answered with an empty tuple.
    """

    @property
    def id(self) -> str:
        """The site's id, short and stable: what `Job.site` holds."""

    @property
    def user(self) -> str | None:
        """Who is asking, by the site's own user name; None when that cannot be known."""

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    async def site(self) -> Reading[Site]: ...

    async def jobs(self, *, user: str | None = None) -> Reading[tuple[Job, ...]]:
        """The jobs the scheduler still knows, in its own order: of one user, or of everybody who may be seen.

        Asking for one user is the cheap form where the source can do it; the answer holds only that user's either way.
        """

    async def history(
        self,
        *,
        since: datetime,
        user: str | None,
        until: datetime | None = None,
        account: str | None = None,
        ran: bool = False,
    ) -> Reading[tuple[Job, ...]]:
        """Jobs that ended after `since` by the accounting store; of one user, or of all when `user` is None; of one
        account alone where it is given. With `ran` those that were cancelled before they could run may be missing:
        where that saves a question."""

    async def job(self, job_id: str) -> Reading[tuple[Job, ...]]:
        """Every record behind an id (`123`, `123_4`, `123+1`), newest source first; NotFound when there is none."""

    async def raw_job(self, job_id: str) -> Reading[str]:
        """What the source itself says of a job, as cleaned text for people."""

    def open_log(self, path: str) -> "LogSource":
        """A file of a job by its path. Asks nobody yet. Raises NotProvided where files cannot be read."""

    async def batch_script(self, job_id: str) -> Reading[str]:
        """The batch script of a job, cleaned; NotProvided where it is kept nowhere."""

    async def nodes(self) -> Reading[tuple[Node, ...]]: ...

    async def pools(self) -> Reading[tuple[Pool, ...]]: ...

    async def reservations(self) -> Reading[tuple[Reservation, ...]]: ...

    async def quotas(self, *, user: str | None = None) -> Reading[tuple["Quota", ...]]:
        """What accounts, users and QOS were granted and have used: all that may be seen, or with `user` those of the
        accounts that user is in, of those above them, and of every QOS. What the queue claims is not in it:
        `insight.claims` adds that."""

    async def test_start(
        self, request: "Request", pool: str, *, script: str | None = None, account: str | None = None
    ) -> Reading[datetime]:
        """When the scheduler says that it would start in that pool, were it submitted now. Nothing is submitted.

        `script` is the path of the batch script, `account` that of a request that names none. Raises Refused where it
        would not be taken, NotProvided where the scheduler cannot be asked.
        """

    async def close(self) -> None:
        """Give up every connection and child process. May be called twice."""


Opener = Callable[["Profile", "CallLog"], Awaitable[Centre]]

RECENT = timedelta(days=1)  # how far back one's own finished jobs are read when nobody says otherwise
RECENT_EVERYBODY = timedelta(hours=1)  # the same for everybody: a day of a busy site is a heavy question


async def open_centre(profile: "Profile", log: "CallLog") -> Centre:
    """Open what a profile describes, through the dialect registered under its name.

    Raises UsageError when no installed package provides that dialect, and whatever the dialect raises.
    """
    return await _opener(profile.dialect)(profile, log)


async def open_centres(profile: "Profile", log: "CallLog") -> tuple[Centre, ...]:
    """Open every site that a profile describes, the user's home site first: several only of a simulated programme.

    Their ids differ. Raises what `open_centre` raises, and UsageError when `profile.site` names none of them.
    """
    if profile.dialect != "mock":
        return (await open_centre(profile, log),)
    from naru_client.mock.open import open_sites

    return tuple(await open_sites(profile, log))


async def close_all(centres: Iterable[Centre]) -> None:
    """Close every one of them, also where closing another fails; the first such failure is raised then."""
    ends = await asyncio.gather(*(centre.close() for centre in centres), return_exceptions=True)
    for end in ends:
        if end is not None:
            raise end


def _opener(dialect: str) -> Opener:
    if dialect == "slurm":  # the built-in ones need no look through every installed package at start-up
        from naru_client.slurm.open import open_profile as open_slurm

        return open_slurm
    if dialect == "mock":
        from naru_client.mock.open import open_profile as open_mock

        return open_mock
    from importlib.metadata import entry_points

    found = {e.name: e for e in entry_points(group="naru.dialects")}
    if dialect not in found:
        known = ", ".join(sorted({*found, "slurm", "mock"}))
        raise UsageError(f"no dialect named {clean(dialect)!r}", f"known here: {known}")
    opener: Opener = found[dialect].load()
    return opener
