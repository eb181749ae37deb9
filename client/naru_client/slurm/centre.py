"""A Slurm site as a Centre: slurmctld for what is in the queue, accounting for what has left it."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from msgspec.structs import replace

from naru_client.centre import Capability
from naru_client.errors import NotFound, NotProvided, Unreachable
from naru_client.exchange import Transport
from naru_client.i18n import _
from naru_client.insight.quota import Quota, undecayed, with_grants
from naru_client.merge import merge_jobs
from naru_client.model import Grant, Job, Node, Pool, Reservation, Site
from naru_client.reading import Reading
from naru_client.slurm.job_ids import JobId, parse_job_id
from naru_client.text import clean_block

if TYPE_CHECKING:
    from naru_client.insight.request import Request
    from naru_client.logs.files import FileService
    from naru_client.logs.source import LogSource

LIVE: frozenset[Capability] = frozenset({"site", "jobs", "job", "nodes", "pools", "reservations", "quotas"})
AHEAD = timedelta(minutes=1)  # clocks differ: what ended "in a moment" belongs to a history up to now


class Source(Protocol):
    """The questions of a Slurm site, by whatever they are carried: `SlurmCommands` or `SlurmRest`."""

    transport: Transport
    site_id: str
    no_history: str  # why it tells nothing of the past; empty where it does, or where that is not yet known

    async def site(self) -> Reading[Site]: ...
    async def jobs(self, user: str | None) -> Reading[tuple[Job, ...]]: ...
    async def history(
        self, *, since: datetime, until: datetime, user: str | None, account: str | None, ran: bool = False
    ) -> Reading[tuple[Job, ...]]: ...
    async def quotas(self, user: str | None = None) -> Reading[tuple[Quota, ...]]: ...
    async def live_job(self, wanted: JobId) -> Reading[tuple[Job, ...]]: ...
    async def ended_job(self, wanted: JobId) -> Reading[tuple[Job, ...]]: ...
    async def raw_job(self, wanted: JobId) -> Reading[str]: ...
    async def script(self, wanted: JobId) -> Reading[str]: ...
    async def raw_ended_job(self, wanted: JobId) -> Reading[str]: ...
    async def nodes(self) -> Reading[tuple[Node, ...]]: ...
    async def pools(self) -> Reading[tuple[Pool, ...]]: ...
    async def reservations(self) -> Reading[tuple[Reservation, ...]]: ...
    async def close(self) -> None: ...
    def over(self, transport: Transport) -> "Source": ...


@runtime_checkable
class Tester(Protocol):
    """A source that can also be asked when a job would start."""

    async def test_start(
        self, request: "Request", pool: str, *, script: str | None, account: str | None
    ) -> Reading[datetime]: ...


class SlurmCentre:
    """One Slurm site. `no_history` is why it tells nothing of the past, empty where it does."""

    def __init__(
        self,
        source: Source,
        *,
        user: str | None = None,
        reached_by: str = "commands",
        no_history: str = "",
        files: "FileService | None" = None,
        grants: Mapping[str, Grant] | None = None,
        usage_decays: bool | None = None,
    ) -> None:
        self.source = source
        self._user = user
        self._reached_by = reached_by
        self._no_history = no_history
        self._files = files
        self._grants = grants or {}
        self._usage_decays = usage_decays

    @property
    def id(self) -> str:
        return self.source.site_id

    @property
    def user(self) -> str | None:
        return self._user

    @property
    def no_history(self) -> str:
        return self._no_history or self.source.no_history

    @property
    def capabilities(self) -> frozenset[Capability]:
        told = set(LIVE)
        if self._files is not None:
            told.add("logs")
        if not self.no_history:
            told.add("history")
        return frozenset(told)

    async def site(self) -> Reading[Site]:
        reading = await self.source.site()
        site = replace(
            reading.value, reached_by=self._reached_by, user=self._user, capabilities=tuple(sorted(self.capabilities))
        )
        return replace(reading, value=site)

    async def jobs(self, *, user: str | None = None) -> Reading[tuple[Job, ...]]:
        return await self.source.jobs(user)

    async def history(
        self,
        *,
        since: datetime,
        user: str | None,
        until: datetime | None = None,
        account: str | None = None,
        ran: bool = False,
    ) -> Reading[tuple[Job, ...]]:
        if self.no_history:
            raise NotProvided(self.no_history, _("only jobs in the queue can be shown"))
        return await self.source.history(
            since=since, until=until or datetime.now(UTC) + AHEAD, user=user, account=account, ran=ran
        )

    async def job(self, job_id: str) -> Reading[tuple[Job, ...]]:
        """Every record behind an id, the scheduler's before the accounting store's.

        Accounting is asked when the scheduler does not know the job, and for an array, of which it may have forgotten
        some tasks. A store that does not answer then leaves the reading as it is, with a warning.
        """
        wanted = parse_job_id(job_id)
        try:
            live = await self.source.live_job(wanted)
        except NotFound:
            if self.no_history:
                raise
            return await self.source.ended_job(wanted)
        except Unreachable:
            if self.no_history:
                raise
            try:
                return await self.source.ended_job(wanted)
            except (NotFound, NotProvided, Unreachable):
                pass
            raise  # the scheduler's own words: they say more than the store's
        except NotProvided:
            return await self._from_lists(wanted)
        if self.no_history or wanted.task is not None or not any(j.array_id == wanted.number for j in live.value):
            return live
        try:
            ended = await self.source.ended_job(wanted)
        except NotFound:
            return live
        except (NotProvided, Unreachable) as error:
            return replace(live, warnings=(*live.warnings, error.message))
        return replace(live, value=merge_jobs(live.value, ended.value))

    async def raw_job(self, job_id: str) -> Reading[str]:
        wanted = parse_job_id(job_id)
        try:
            return await self.source.raw_job(wanted)
        except NotFound:
            if self.no_history:
                raise
            return await self.source.raw_ended_job(wanted)

    def open_log(self, path: str) -> "LogSource":
        if self._files is None:
            raise NotProvided(
                _("this centre's files cannot be read from here"),
                _("on its login node they can, and by FirecREST where it has that: firecrest-url in the profile"),
            )
        return self._files.open(path)

    async def batch_script(self, job_id: str) -> Reading[str]:
        """What the files' own service has, else what Slurm keeps."""
        wanted = parse_job_id(job_id)
        if self._files is not None:
            with suppress(NotProvided):
                script = await self._files.script(wanted.exact)
                if script:
                    return Reading(clean_block(script), self._files.source, datetime.now(UTC))
        return await self.source.script(wanted)

    async def quotas(self, *, user: str | None = None) -> Reading[tuple[Quota, ...]]:
        reading = await self.source.quotas(user)
        found = reading.value
        if self._usage_decays is False:
            found = undecayed(found)
        return replace(reading, value=with_grants(found, self._grants))

    async def nodes(self) -> Reading[tuple[Node, ...]]:
        return await self.source.nodes()

    async def pools(self) -> Reading[tuple[Pool, ...]]:
        return await self.source.pools()

    async def reservations(self) -> Reading[tuple[Reservation, ...]]:
        return await self.source.reservations()

    async def test_start(
        self, request: "Request", pool: str, *, script: str | None = None, account: str | None = None
    ) -> Reading[datetime]:
        if not isinstance(self.source, Tester):
            raise NotProvided(_("only Slurm's own commands tell when a job would start"))
        return await self.source.test_start(request, pool, script=script, account=account)

    async def close(self) -> None:
        try:
            if self._files is not None:
                await self._files.close()
        finally:
            await self.source.close()

    def over(self, transport: Transport) -> "SlurmCentre":
        """The same site asked through another transport, which the caller closes."""
        return SlurmCentre(
            self.source.over(transport), user=self._user, reached_by=self._reached_by, no_history=self.no_history,
            files=None, grants=self._grants, usage_decays=self._usage_decays,
        )  # fmt: skip

    async def _from_lists(self, wanted: JobId) -> Reading[tuple[Job, ...]]:
        """A source without a question for one job (a recording): out of the lists it has."""
        live = await self.jobs()
        found = tuple(j for j in live.value if wanted.names(j))
        if not self.no_history and (not found or any(j.array_id == wanted.number for j in found)):
            try:
                ended = await self.history(since=live.as_of - timedelta(days=1), user=None)
                found = merge_jobs(found, (j for j in ended.value if wanted.names(j)))
            except (NotProvided, NotFound):
                pass
        if not found:
            raise NotFound(_("there is no job {id} in this recording").format(id=wanted.exact))
        return replace(live, value=found)
