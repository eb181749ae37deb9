"""Slurm asked through slurmrestd: one version of its contract, negotiated from the newest down."""

from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from naru_client.arriving import Listener, tell
from naru_client.errors import NaruError, NotProvided, SignInNeeded
from naru_client.exchange import Answer, Call, Transport
from naru_client.i18n import _
from naru_client.insight.quota import Quota
from naru_client.merge import merge_jobs
from naru_client.model import FINISHED_STATES, Job, Node, Pool, Reservation, Site
from naru_client.reading import Reading
from naru_client.slurm import answers, versions, wire
from naru_client.slurm.job_ids import JobId, checked_account, checked_user
from naru_client.slurm.single_answer import raw_records
from naru_client.slurm.wire_states import BASE_STATES
from naru_client.turns import gathered, given_back

T = TypeVar("T")

# 22.05 takes REVOKED for "any state".
FINISHED_IN_ACCOUNTING = ",".join(sorted(FINISHED_STATES & BASE_STATES))


class SlurmRest:
    """The questions of a Slurm site, asked of slurmrestd in `version` ("v0.0.42"; "" before `open`)."""

    reached_by = "https"
    no_history = ""

    def __init__(
        self,
        transport: Transport,
        *,
        site: str = "",
        version: str = "",
        reached_by: str = "https",
        timeout: float = 30.0,
    ) -> None:
        self.transport = transport
        self.site_id = site
        self.version = version
        self.reached_by = reached_by
        self._timeout = timeout
        self._queue = wire.JobsDecoder()
        self._last_jobs: _Jobs | None = None
        self._kept: dict[str, tuple[tuple[Any, ...], int]] = {}  # list, last_update

    async def open(self, fallback_site: str = "slurm") -> None:
        """Negotiate the version, prove the token, and learn which cluster this is.

        Raises SignInNeeded for a token that is missing or not accepted, NotProvided when no version fits.
        """
        ping = await self._negotiate()
        meta = wire.decode_ping(ping.body).meta
        if not self.site_id and meta.cluster:
            self.site_id = meta.cluster
        # a ping answers 200 whatever the token is worth: only a real question proves it
        await self._get("reservations", "reservations")
        if not self.site_id:
            self.site_id = await self._only_cluster() or fallback_site

    def over(self, transport: Transport) -> "SlurmRest":
        """The same questions carried by another transport."""
        return SlurmRest(
            transport, site=self.site_id, version=self.version, reached_by=self.reached_by, timeout=self._timeout
        )

    async def site(self) -> Reading[Site]:
        answer = await self._get("ping", "ping")
        decoded = wire.decode_ping(answer.body)
        pings = decoded.value
        up = any(p.up for p in pings) if any(p.up is not None for p in pings) else None
        down = ", ".join(p.host for p in pings if p.up is False)
        release = decoded.meta.release
        site = Site(
            id=self.site_id,
            name=self.site_id,
            dialect="slurm",
            reached_by=self.reached_by,
            scheduler=f"Slurm {release}" if release else None,
            contract=self.version,
            healthy=up,
            health_detail=_("slurmctld does not answer on {hosts}").format(hosts=down) if down else None,
        )
        return self._reading(site, answer, decoded.warnings)

    async def jobs(self, user: str | None) -> Reading[tuple[Job, ...]]:
        name = checked_user(user) if user is not None else None
        reading = await self._everybody(lambda jobs, as_of: tell(_of_user(jobs, name), as_of))
        return reading if name is None else replace(reading, value=tuple(_of_user(reading.value, name)))

    async def _everybody(self, early: Listener) -> Reading[tuple[Job, ...]]:
        """All jobs: there is no asking for those of one user. Those of last time where nothing changed since."""
        kept = self._last_jobs
        query = () if kept is None else (("update_time", str(kept.last_update)),)
        answer = await self._send("jobs", f"/slurm/{self.version}/jobs", query)
        if not answers.unchanged(answer):
            slices = self._queue.slices(answer.body, site=self.site_id, now=answer.as_of)
            as_of = answer.as_of
            _, decoded = await gathered(slices, lambda first: early(first, as_of))
            body, answer = BytesIO(answer.body), replace(answer, body=b"")
            await given_back(body)
            answers.judge(decoded.errors, shown=answer.call.shown)
            if kept is None or not decoded.unchanged:
                updated = decoded.last_update
                self._last_jobs = _Jobs(decoded.value, updated, answer.as_of, decoded.warnings) if updated else None
                return self._reading(decoded.value, answer, decoded.warnings)
        elif kept is None:
            raise answers.empty(answer)
        later = int((answer.as_of - kept.as_of).total_seconds())
        return self._reading(tuple([_run_on(job, later) for job in kept.jobs]), answer, kept.warnings)

    async def history(
        self, *, since: datetime, until: datetime, user: str | None, account: str | None = None, ran: bool = False
    ) -> Reading[tuple[Job, ...]]:
        name = checked_user(user) if user is not None else None
        of = checked_account(account) if account is not None else None
        span = (("start_time", f"uts{int(since.timestamp())}"), ("end_time", f"uts{int(until.timestamp())}"))
        found: tuple[Job, ...] = ()
        warnings: tuple[str, ...] = ()
        questions = self._history_questions(name, of)
        for key, more in questions[:1] if ran else questions:
            answer = await self._accounting(key, "jobs", span + more)
            decoded = wire.decode_history(answer.body, site=self.site_id, now=answer.as_of)
            answers.judge(decoded.errors, shown=answer.call.shown)
            found = merge_jobs(found, decoded.value)
            # That nobody's job ended in this while is an answer, not something to be warned of.
            warnings += tuple(w for w in decoded.warnings if decoded.value or not w.endswith("found nothing"))
        if any(job.accelerators for job in found):  # the site tracks them, though one of the answers named none
            found = tuple(replace(j, accelerators=()) if j.accelerators is None else j for j in found)
        kept = tuple(j for j in found if name in (None, j.user) and of in (None, j.account))
        return self._reading(kept, answer, warnings)

    async def live_job(self, wanted: JobId) -> Reading[tuple[Job, ...]]:
        """What slurmctld still knows of a job; raises NotFound when it knows nothing."""
        asked = wanted.exact if wanted.offset is None else wanted.whole
        try:
            return await self._live(wanted, asked)
        except NaruError as error:
            # a pending task that has not been split off is known under its array only; 22.05 says so in odd words
            if wanted.task is None or isinstance(error, SignInNeeded):
                raise
        return await self._live(wanted, wanted.whole)

    async def ended_job(self, wanted: JobId) -> Reading[tuple[Job, ...]]:
        """What accounting knows of a job; raises NotFound when it knows nothing."""
        answer = await self._accounting(f"history of job {wanted.whole}", f"job/{wanted.whole}")
        decoded = wire.decode_history(answer.body, site=self.site_id, now=answer.as_of)
        answers.judge(decoded.errors, shown=answer.call.shown)
        return self._only(wanted, decoded.value, answer, decoded.warnings)

    async def raw_job(self, wanted: JobId) -> Reading[str]:
        asked = wanted.whole if wanted.offset is not None or wanted.task is not None else wanted.exact
        answer = await self._get(f"job {asked}", f"job/{asked}")
        return self._reading(_records(wanted, answer, wire.decode_jobs(answer.body, site="", now=answer.as_of)), answer)

    async def script(self, wanted: JobId) -> Reading[str]:
        raise NotProvided(
            _("slurmrestd does not tell batch scripts"), _("on a login node `scontrol write batch_script` does")
        )

    async def raw_ended_job(self, wanted: JobId) -> Reading[str]:
        answer = await self._accounting(f"history of job {wanted.whole}", f"job/{wanted.whole}")
        return self._reading(
            _records(wanted, answer, wire.decode_history(answer.body, site="", now=answer.as_of)), answer
        )

    async def nodes(self) -> Reading[tuple[Node, ...]]:
        return await self._collection("nodes", "nodes", lambda body: wire.decode_nodes(body, site=self.site_id))

    async def pools(self) -> Reading[tuple[Pool, ...]]:
        return await self._collection(
            "pools", "partitions", lambda body: wire.decode_partitions(body, site=self.site_id)
        )

    async def reservations(self) -> Reading[tuple[Reservation, ...]]:
        return await self._collection(
            "reservations", "reservations", lambda body: wire.decode_reservations(body, site=self.site_id)
        )

    async def quotas(self, user: str | None = None) -> Reading[tuple[Quota, ...]]:
        """All of them, or with `user` those of that user's accounts and every QOS; use is told to the second.

        Whether use decays is not told, nor what a QOS has used, nor what is held at once: those are None.
        """
        from naru_client.slurm.holders import reckoning
        from naru_client.slurm.rest_quotas import ask_quotas

        told = await ask_quotas(self._get, self._accounting, version=self.version, site=self.site_id)
        slices = reckoning(told.source, site=self.site_id, user=user, as_of=told.answer.as_of)
        return self._reading(tuple((await gathered(slices))[0]), told.answer, told.warnings)

    async def close(self) -> None:
        await self.transport.close()

    def _history_questions(
        self, user: str | None, account: str | None
    ) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        """Keys and parameters: a span without states leaves out what was cancelled before it could run.

        22.05 takes states as a list with commas and refuses a user's name; later ones refuse such a list, so that the
        cancelled jobs are a question of their own there.
        """
        if (versions.parser_number(self.version) or 0) <= (versions.parser_number("v0.0.38") or 0):
            return (("history", (("state", FINISHED_IN_ACCOUNTING),)),)
        told = (("users", user), ("account", account))
        who = tuple((name, value) for name, value in told if value is not None)
        # Any of these switches the others' defaults off: then only the last run of a job that was put back would be
        # told, and times would be cut to the span.
        whole = (("skip_steps", "true"), ("show_duplicates", "true"), ("disable_truncate_usage_time", "true"))
        return (
            ("history", (*who, *whole)),
            ("history of cancelled jobs", (*who, *whole, ("state", "CANCELLED"))),
        )

    async def _negotiate(self) -> Answer:
        for version in (self.version,) if self.version else versions.NEGOTIATE:
            answer = await self._send("ping", f"/slurm/{version}/ping")
            if answers.version_missing(answer):
                continue
            answers.check_http(answer)
            self.version = version
            return answer
        if self.version:
            raise NotProvided(
                _("this slurmrestd does not speak {version}").format(version=self.version),
                _("leave `contract` out of the profile to let the version be negotiated"),
            )
        raise NotProvided(
            _("what answers there speaks no version of Slurm's contract that Naru knows"),
            _("known: {first} to {last}; check `url` in the profile").format(
                first=versions.NEGOTIATE[-1], last=versions.NEGOTIATE[0]
            ),
        )

    async def _only_cluster(self) -> str | None:
        """The cluster's name by accounting, where there is just one: before v0.0.40 no other answer holds it."""
        try:
            answer = await self._accounting("clusters", "clusters")
            names = [c.name for c in msgspec.json.decode(answer.body, type=_Clusters).clusters]
        except (NaruError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return names[0] if len(names) == 1 and names[0].isascii() and names[0].isprintable() and names[0] else None

    async def _live(self, wanted: JobId, asked: str) -> Reading[tuple[Job, ...]]:
        answer = await self._get(f"job {asked}", f"job/{asked}")
        decoded = wire.decode_jobs(answer.body, site=self.site_id, now=answer.as_of)
        answers.judge(decoded.errors, shown=answer.call.shown)
        return self._only(wanted, decoded.value, answer, decoded.warnings)

    def _only(
        self, wanted: JobId, jobs: tuple[Job, ...], answer: Answer, warnings: tuple[str, ...]
    ) -> Reading[tuple[Job, ...]]:
        found = tuple(job for job in jobs if wanted.names(job))
        if not found:
            raise answers.error_for(answers.Trouble(number=answers.NO_SUCH_JOB))
        return self._reading(found, answer, warnings)

    async def _get(self, key: str, path: str, query: tuple[tuple[str, str], ...] = ()) -> Answer:
        answer = await self._send(key, f"/slurm/{self.version}/{path}", query)
        if answers.unchanged(answer):
            raise answers.empty(answer)
        return answer

    async def _accounting(self, key: str, path: str, query: tuple[tuple[str, str], ...] = ()) -> Answer:
        answer = await self._send(key, f"/slurmdb/{self.version}/{path}", query)
        if answers.version_missing(answer):
            raise NotProvided(
                _("this site gives no accounting by slurmrestd"), _("only jobs in the queue can be shown")
            )
        answers.check_http(answer)
        return answer

    async def _collection(
        self, key: str, path: str, decode: Callable[[bytes], wire.Decoded[tuple[T, ...]]]
    ) -> Reading[tuple[T, ...]]:
        """A list that seldom changes: asked for as it changed since last time, else the one kept from then."""
        kept = self._kept.get(key)
        query = () if kept is None else (("update_time", str(kept[1])),)
        answer = await self._send(key, f"/slurm/{self.version}/{path}", query)
        decoded = None if answers.unchanged(answer) else decode(answer.body)
        if decoded is not None:
            answers.judge(decoded.errors, shown=answer.call.shown)
        if kept is not None and (decoded is None or decoded.unchanged):
            return self._reading(kept[0], answer)
        if decoded is None:
            raise answers.empty(answer)
        if decoded.last_update:
            self._kept[key] = (decoded.value, decoded.last_update)
        return self._reading(decoded.value, answer, decoded.warnings)

    async def _send(self, key: str, path: str, query: tuple[tuple[str, str], ...] = ()) -> Answer:
        return await self.transport.send(Call(key=key, method="GET", path=path, query=query, timeout=self._timeout))

    def _reading(self, value: T, answer: Answer, warnings: tuple[str, ...] = ()) -> Reading[T]:
        source = _("slurmrestd {version} ({transport})").format(version=self.version, transport=self.transport.source)
        return Reading(value, source, answer.as_of, warnings)


class _Jobs(NamedTuple):
    """The whole queue as it was last told, what to give as `update_time`, and when that was."""

    jobs: tuple[Job, ...]
    last_update: int
    as_of: datetime
    warnings: tuple[str, ...]


def _run_on(job: Job, seconds: int) -> Job:
    """The same job so much later, when nothing about it has changed: what runs has run longer."""
    if job.elapsed is None or not seconds or "RUNNING" not in (job.state, *job.state_flags):
        return job
    return replace(job, elapsed=job.elapsed + seconds)


def _of_user(jobs: Sequence[Job], user: str | None) -> Sequence[Job]:
    return jobs if user is None else [job for job in jobs if job.user == user]


class _Cluster(msgspec.Struct):
    name: str = ""


class _Clusters(msgspec.Struct):
    clusters: list[_Cluster] = []


def _records(wanted: JobId, answer: Answer, decoded: wire.Decoded[tuple[Job, ...]]) -> str:
    """The records of an answer that a job id names, for people to read."""
    answers.judge(decoded.errors, shown=answer.call.shown)
    return raw_records(answer.body, [wanted.names(job) for job in decoded.value])
