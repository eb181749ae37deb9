"""A centre that did not answer when it was to be opened: opened on first use, and again until it answers."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from naru_client.centre import Capability, Centre, Opener, open_centre
from naru_client.errors import NaruError, Unreachable
from naru_client.i18n import _
from naru_client.model import Job, Node, Pool, Reservation, Site
from naru_client.reading import Reading

if TYPE_CHECKING:
    from naru_client.config import Profile
    from naru_client.exchange import CallLog
    from naru_client.insight.quota import Quota
    from naru_client.insight.request import Request
    from naru_client.logs.source import LogSource

REST = 3.0  # seconds after a failure in which nobody asks anew: a screen's five topics are not five attempts


class LateCentre:
    """A `Centre` in front of one that is still to be opened.

    Until it is open every question raises why it is not; `failure` is what the attempt before this one came to. One
    attempt is made at a time, and all who ask meanwhile wait for it. `monotonic` gives seconds.
    """

    def __init__(
        self,
        profile: "Profile",
        log: "CallLog",
        failure: NaruError | None = None,
        *,
        opener: Opener = open_centre,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._profile = profile
        self._log = log
        self._opener = opener
        self._monotonic = monotonic
        self._centre: Centre | None = None
        self._opening: asyncio.Task[Centre] | None = None
        self._failure = failure
        self._failed_at = monotonic()
        self._closed = False

    @property
    def id(self) -> str:
        return self._profile.name if self._centre is None else self._centre.id

    @property
    def user(self) -> str | None:
        """Who is asking; before it is open only what the profile says."""
        return (self._profile.user or None) if self._centre is None else self._centre.user

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset() if self._centre is None else self._centre.capabilities

    async def site(self) -> Reading[Site]:
        return await (await self._opened()).site()

    async def jobs(self, *, user: str | None = None) -> Reading[tuple[Job, ...]]:
        return await (await self._opened()).jobs(user=user)

    async def history(
        self,
        *,
        since: datetime,
        user: str | None,
        until: datetime | None = None,
        account: str | None = None,
        ran: bool = False,
    ) -> Reading[tuple[Job, ...]]:
        return await (await self._opened()).history(since=since, user=user, until=until, account=account, ran=ran)

    async def job(self, job_id: str) -> Reading[tuple[Job, ...]]:
        return await (await self._opened()).job(job_id)

    async def raw_job(self, job_id: str) -> Reading[str]:
        return await (await self._opened()).raw_job(job_id)

    def open_log(self, path: str) -> "LogSource":
        if self._centre is None:
            raise self._failure or Unreachable(_("the connection was closed"))
        return self._centre.open_log(path)

    async def batch_script(self, job_id: str) -> Reading[str]:
        return await (await self._opened()).batch_script(job_id)

    async def nodes(self) -> Reading[tuple[Node, ...]]:
        return await (await self._opened()).nodes()

    async def pools(self) -> Reading[tuple[Pool, ...]]:
        return await (await self._opened()).pools()

    async def reservations(self) -> Reading[tuple[Reservation, ...]]:
        return await (await self._opened()).reservations()

    async def quotas(self, *, user: str | None = None) -> Reading[tuple["Quota", ...]]:
        return await (await self._opened()).quotas(user=user)

    async def test_start(
        self, request: "Request", pool: str, *, script: str | None = None, account: str | None = None
    ) -> Reading[datetime]:
        return await (await self._opened()).test_start(request, pool, script=script, account=account)

    async def close(self) -> None:
        self._closed = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._centre is not None:
            await self._centre.close()

    async def _opened(self) -> Centre:
        """The centre behind this one. Raises what keeps it from being opened."""
        if self._centre is not None:
            return self._centre
        if self._closed:
            raise Unreachable(_("the connection was closed"))
        if self._opening is None:
            if self._failure is not None and self._monotonic() - self._failed_at < REST:
                raise type(self._failure)(
                    self._failure.message, self._failure.hint, retry_after=self._failure.retry_after
                )
            self._opening = asyncio.ensure_future(self._open())
            self._opening.add_done_callback(_seen)
        return await asyncio.shield(self._opening)  # one who gives up waiting takes it from nobody else

    async def _open(self) -> Centre:
        try:
            self._centre = await self._opener(self._profile, self._log)
        except NaruError as error:
            self._failure, self._failed_at = error, self._monotonic()
            raise
        finally:
            self._opening = None
        return self._centre


def _seen(attempt: "asyncio.Task[Centre]") -> None:
    """Everybody who waited may have given up: a failure is then nobody's, and no reason to complain."""
    if not attempt.cancelled():
        attempt.exception()
