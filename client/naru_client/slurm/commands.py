"""Slurm asked through its commands: the lists in text form, one job in JSON where the installed Slurm can do that."""

import asyncio
import os
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from naru_client import hostlist
from naru_client.arriving import tell
from naru_client.errors import BadAnswer, NaruError, NotFound, NotProvided, Refused
from naru_client.exchange import Answer, Call, Transport
from naru_client.i18n import _
from naru_client.insight.quota import Quota
from naru_client.model import Job, Node, Pool, Reservation, Site
from naru_client.reading import Reading
from naru_client.slurm import answers, text_lists, text_records
from naru_client.slurm.job_ids import JobId, checked_account, checked_user
from naru_client.slurm.processes import CommandTransport, slurm_commands_available
from naru_client.slurm.submitted import FIELDS, with_files
from naru_client.slurm.text_values import rows, whole_number
from naru_client.text import clean, clean_block
from naru_client.turns import gathered

__all__ = ["CommandTransport", "SlurmCommands", "slurm_commands_available"]

if TYPE_CHECKING:
    from naru_client.insight.request import Request

T = TypeVar("T")

_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_RELEASE = re.compile(r"(\d+)\.(\d+)")
_KEPT_FOR_RESERVATIONS = frozenset({"RESERVED", "MAINT", "MAINTENANCE"})


def random_separator() -> str:
    """Text that parts fields, of 53 random bits; begins with a letter, as squeue takes a number for a width."""
    number = int.from_bytes(os.urandom(16), "big")
    number, letter = divmod(number, 52)  # the letters come first
    separator = _ALPHABET[letter]
    for _place in range(8):  # as short as can be: it stands in a row of squeue 39 times
        number, letter = divmod(number, len(_ALPHABET))
        separator += _ALPHABET[letter]
    return separator


class SlurmCommands:
    """The questions of a Slurm site, asked with squeue, sinfo, sacct and scontrol."""

    reached_by = "commands"

    def __init__(
        self,
        transport: Transport,
        *,
        site: str = "",
        timeout: float = 30.0,
        separator: Callable[[], str] = random_separator,
    ) -> None:
        self.transport = transport
        self.site_id = site
        self._timeout = timeout
        self._separator = separator
        self._queues: dict[bool, text_lists.QueueDecoder] = {}  # of everybody, and of one user
        self.no_history = ""
        self._release: str | None = None
        self._decays: bool | None = None  # whether what was used counts for less as time passes
        self._learning = asyncio.Lock()

    async def configuration(self) -> dict[str, str]:
        """Ask for the site's configuration: what the cluster is called, which release it runs, whether it accounts."""
        answer = await self._ask("config", text_records.CONFIG_ARGV)
        settings = text_records.decode_settings(answer.body)
        if not settings:
            raise BadAnswer(
                _("scontrol printed nothing that is a cluster's configuration"),
                _("is it the site's own scontrol? `naru doctor` says which one runs"),
            )
        self.site_id = settings.get("ClusterName", "") or self.site_id or "slurm"
        self._release = settings.get("SLURM_VERSION") or None
        self._decays = use_decays(settings)
        self.no_history = "" if keeps_accounts(settings) else _("this site keeps no accounting (no slurmdbd)")
        return settings

    async def _known(self) -> None:
        """Return once the configuration is known; it is asked for by whoever needs it first, and once for all."""
        if not self.site_id:
            async with self._learning:
                if not self.site_id:
                    await self.configuration()

    def over(self, transport: Transport) -> "SlurmCommands":
        """The same questions carried by another transport."""
        other = SlurmCommands(transport, site=self.site_id, timeout=self._timeout, separator=self._separator)
        other._release, other._decays = self._release, self._decays
        other.no_history = self.no_history
        return other

    async def site(self) -> Reading[Site]:
        await self._known()
        ping = await self._send("ping", ("scontrol", "ping"))
        healthy = ping.status == 0 and b" is UP" in ping.body
        said = clean(ping.body.decode("utf-8", "replace").strip().split("\n")[0], 200)
        return self._reading(
            Site(
                id=self.site_id,
                name=self.site_id,
                dialect="slurm",
                reached_by=self.reached_by,
                scheduler=f"Slurm {self._release}" if self._release else None,
                healthy=healthy,
                health_detail=None if healthy else said or None,
                capabilities=("history",) if not self.no_history else (),
            ),
            ping,
        )

    async def jobs(self, user: str | None) -> Reading[tuple[Job, ...]]:
        name = checked_user(user) if user is not None else None
        answer = await self._beside("jobs", lambda s: text_lists.squeue_argv(s, user=name))
        queue = self._queues.setdefault(name is None, text_lists.QueueDecoder())
        slices = queue.slices(answer.body, answer.call.separator, site=self.site_id, now=answer.as_of)
        own = partial(_of_user, user=name)
        jobs, _ = await gathered(slices, lambda first: tell(own(first), answer.as_of))
        return self._reading(tuple(own(jobs)), answer)

    async def history(
        self, *, since: datetime, until: datetime, user: str | None, account: str | None = None, ran: bool = False
    ) -> Reading[tuple[Job, ...]]:
        name = checked_user(user) if user is not None else None
        of = checked_account(account) if account is not None else None
        argv = lambda s: text_lists.sacct_argv(s, since=since, until=until, user=name, account=of)  # noqa: E731
        try:
            answer = await self._beside("history", argv)
        finally:
            if self.no_history:  # sacct's own words for it are less plain
                raise NotProvided(self.no_history, _("only jobs in the queue can be shown"))
        jobs = text_lists.decode_sacct(answer.body, answer.call.separator, site=self.site_id, now=answer.as_of)
        return self._reading(tuple(j for j in jobs if name in (None, j.user) and of in (None, j.account)), answer)

    async def live_job(self, wanted: JobId) -> Reading[tuple[Job, ...]]:
        """What slurmctld still knows of a job; raises NotFound when it knows nothing."""
        await self._known()
        if self._tells_json:
            try:
                return await self._live_json(wanted)
            except NotFound:
                if wanted.task is None and wanted.offset is None:
                    raise  # otherwise some versions know the part only under the whole
        answer = await self._list(f"job {wanted.whole}", lambda s: text_lists.squeue_argv(s, job=wanted.whole))
        jobs = text_lists.decode_squeue(answer.body, answer.call.separator, site=self.site_id, now=answer.as_of)
        return self._only(wanted, jobs, answer)

    async def ended_job(self, wanted: JobId) -> Reading[tuple[Job, ...]]:
        """What accounting knows of a job; raises NotFound when it knows nothing."""
        await self._known()
        answer = await self._past(wanted)
        jobs = text_lists.decode_sacct(answer.body, answer.call.separator, site=self.site_id, now=answer.as_of)
        reading = self._only(wanted, jobs, answer)
        lines = await self._submit_lines(wanted)
        return replace(reading, value=tuple(with_files(job, lines.get(job.job_id, "")) for job in reading.value))

    async def raw_job(self, wanted: JobId) -> Reading[str]:
        answer = await self._ask(f"raw job {wanted.exact}", ("scontrol", "-d", "show", "job", wanted.exact))
        return self._reading(clean_block(answer.body.decode("utf-8", "replace").strip()), answer)

    async def script(self, wanted: JobId) -> Reading[str]:
        """The batch script that slurmctld still has, else the one that accounting stored."""
        argv = ("scontrol", "write", "batch_script", wanted.exact, "-")
        answer = await self._send(f"script {wanted.exact}", argv)
        if answer.status == 0 and answer.body.strip():
            return self._reading(clean_block(answer.body.decode("utf-8", "replace")), answer)
        refused = any(words in answer.stderr for words in (b"Invalid user id", b"ccess/permission denied"))
        stored = await self._send(f"stored script {wanted.exact}", ("sacct", "-j", wanted.exact, "--batch-script"))
        text = text_records.stored_script(stored.body.decode("utf-8", "replace")) if stored.status == 0 else ""
        if not text and refused:
            raise Refused(_("only its owner and operators may see its script"))
        if not text:
            raise NotProvided(
                _("its batch script is not kept"),
                _("slurmctld forgets it with the job; accounting keeps it with AccountingStoreFlags=job_script"),
            )
        return self._reading(clean_block(text), stored)

    async def raw_ended_job(self, wanted: JobId) -> Reading[str]:
        answer = await self._past(wanted)
        blocks = text_lists.describe_sacct(answer.body, answer.call.separator)
        if not blocks:
            raise answers.error_for(answers.Trouble(number=answers.NO_SUCH_JOB))
        return self._reading(clean_block(blocks), answer)

    async def nodes(self) -> Reading[tuple[Node, ...]]:
        answer = await self._beside("nodes", text_lists.sinfo_argv)
        nodes = text_lists.decode_nodes(answer.body, answer.call.separator, site=self.site_id)
        if any(_KEPT_FOR_RESERVATIONS.intersection(node.states) for node in nodes):
            nodes = _name_reservations(nodes, (await self.reservations()).value, answer.as_of)
        return self._reading(nodes, answer)

    async def pools(self) -> Reading[tuple[Pool, ...]]:
        await self._known()
        answer = await self._ask("pools", text_records.PARTITIONS_ARGV)
        return self._reading(text_records.decode_partitions(answer.body, site=self.site_id), answer)

    async def reservations(self) -> Reading[tuple[Reservation, ...]]:
        await self._known()
        answer = await self._ask("reservations", text_records.RESERVATIONS_ARGV)
        return self._reading(text_records.decode_reservations(answer.body, site=self.site_id), answer)

    async def quotas(self, user: str | None = None) -> Reading[tuple[Quota, ...]]:
        from naru_client.slurm.holders import reckoning
        from naru_client.slurm.quotas import from_text
        from naru_client.slurm.text_limits import LIMITS_ARGV, decode_limits

        answer = await self._beside("quotas", lambda _separator: LIMITS_ARGV)
        told = from_text(decode_limits(answer.body))
        slices = reckoning(told, site=self.site_id, user=user, decays=self._decays, as_of=answer.as_of)
        found, _none = await gathered(slices)
        return self._reading(tuple(found), answer)

    async def test_start(
        self, request: "Request", pool: str, *, script: str | None = None, account: str | None = None
    ) -> Reading[datetime]:
        from naru_client.slurm.test_only import decode_start, start_argv

        argv = start_argv(request, pool, script=script, account=account)
        answer = await self._send(f"start in {pool}", argv)
        return self._reading(decode_start(answer), answer)

    async def close(self) -> None:
        await self.transport.close()

    @property
    def _tells_json(self) -> bool:
        """Whether `scontrol show job` has --json: from 23.02 on. Older ones would print every job there is."""
        found = _RELEASE.match(self._release or "")
        return found is not None and (int(found[1]), int(found[2])) >= (23, 2)

    async def _live_json(self, wanted: JobId) -> Reading[tuple[Job, ...]]:
        from naru_client.slurm import wire

        answer = await self._ask(f"job {wanted.exact}", ("scontrol", "--json", "show", "job", wanted.exact))
        decoded = wire.decode_jobs(answer.body, site=self.site_id, now=answer.as_of)
        answers.judge(decoded.errors, shown=answer.call.shown)
        return self._only(wanted, decoded.value, answer, decoded.warnings)

    def _only(
        self, wanted: JobId, jobs: tuple[Job, ...], answer: Answer, warnings: tuple[str, ...] = ()
    ) -> Reading[tuple[Job, ...]]:
        found = tuple(job for job in jobs if wanted.names(job))
        if not found:
            raise answers.error_for(answers.Trouble(number=answers.NO_SUCH_JOB))
        return replace(self._reading(found, answer), warnings=warnings)

    async def _past(self, wanted: JobId) -> Answer:
        return await self._list(f"history of job {wanted.whole}", lambda s: text_lists.sacct_argv(s, job=wanted.whole))

    async def _submit_lines(self, wanted: JobId) -> dict[int, str]:
        """The command lines of a job's parts by their numbers: they name its files, which accounting may not. Nothing
        where they are not told, as by Slurm before 21.08."""
        separator = self._separator()
        what = ("-j", wanted.whole, "-o", ",".join(FIELDS))
        try:
            answer = await self._ask(
                f"command line of job {wanted.whole}",
                ("sacct", "-X", "-n", "-p", f"--delimiter={separator}", *what), separator,
            )  # fmt: skip
            told = rows(answer.body, answer.call.separator, len(FIELDS))
        except NaruError:
            return {}
        return {whole_number(number) or 0: line for number, line in told}

    async def _ask(self, key: str, argv: tuple[str, ...], separator: str = "") -> Answer:
        answer = await self._send(key, argv, separator)
        answers.check_command(answer)
        return answer

    async def _list(self, key: str, argv: Callable[[str], tuple[str, ...]]) -> Answer:
        separator = self._separator()
        return await self._ask(key, argv(separator), separator)

    async def _beside(self, key: str, argv: Callable[[str], tuple[str, ...]]) -> Answer:
        """A list, while the configuration is learned where it is not yet known: they wait together, not in turn."""
        if self.site_id:
            return await self._list(key, argv)
        asking = asyncio.ensure_future(self._list(key, argv))
        try:
            await self._known()
        except BaseException:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            raise
        return await asking

    async def _send(self, key: str, argv: tuple[str, ...], separator: str = "") -> Answer:
        return await self.transport.send(Call(key=key, argv=argv, separator=separator, timeout=self._timeout))

    def _reading(self, value: T, answer: Answer) -> Reading[T]:
        program = answer.call.argv[0] if answer.call.argv else ""
        source = _("{program} ({transport})").format(program=program, transport=self.transport.source)
        return Reading(value, source, answer.as_of)


def _of_user(jobs: list[Job], user: str | None) -> list[Job]:
    return jobs if user is None else [job for job in jobs if job.user == user]


def keeps_accounts(settings: dict[str, str]) -> bool:
    """Whether the site's configuration may name an accounting store: it does not say that there is none."""
    return settings.get("AccountingStorageType") not in ("(null)", "accounting_storage/none")


def _name_reservations(
    nodes: tuple[Node, ...], reservations: tuple[Reservation, ...], now: datetime
) -> tuple[Node, ...]:
    """sinfo says that a node is reserved, but not for which reservation: the one that holds it now."""
    holder: dict[str, str] = {}
    for reservation in reservations:
        started = reservation.start is None or reservation.start <= now
        over = reservation.end is not None and reservation.end <= now
        if started and not over and reservation.node_list:
            try:
                holder.update(dict.fromkeys(hostlist.expand(reservation.node_list), reservation.name))
            except ValueError:
                continue
    return tuple(
        replace(node, reservation=holder.get(node.name)) if _KEPT_FOR_RESERVATIONS.intersection(node.states) else node
        for node in nodes
    )


def use_decays(settings: dict[str, str]) -> bool | None:
    """Whether what was used counts for less as time passes, or is forgotten at the end of each month, week, …; None
    where that is not told."""
    half_life = settings.get("PriorityDecayHalfLife")
    if half_life is None:
        return None
    forgotten = settings.get("PriorityUsageResetPeriod", "NONE").upper() not in ("NONE", "")
    return forgotten or half_life not in ("00:00:00", "0")
