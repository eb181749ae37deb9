"""One recorded answer in a file (`squeue --json > FILE` and its like) as a centre that knows just that."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from msgspec.structs import replace

from naru_client.centre import Capability
from naru_client.errors import BadAnswer, NotFound, NotProvided, UsageError
from naru_client.i18n import _
from naru_client.insight.request import Request
from naru_client.model import Job, Node, Pool, Reservation, Site
from naru_client.reading import Reading
from naru_client.slurm import answers, wire
from naru_client.slurm.job_ids import parse_job_id
from naru_client.text import clean, clean_block, clean_tree

EARLIEST = 946_684_800  # the year 2000, before there was a Slurm
AHEAD = 86_400  # seconds that a centre's clock may be ahead

_JOB_KINDS = ("jobs", "history", "states")


class SingleAnswer:
    """A centre made of one answer. What is not in it raises NotProvided; ages count from when it was made."""

    def __init__(self, path: Path, kind: wire.Kind, body: bytes, made: datetime) -> None:
        self._name, self._kind, self._body = clean(path.name), kind, body
        self._decoded = _decode(kind, body, clean(path.stem, 60), made)
        answers.judge(self._decoded.errors)
        self._made = _when(self._decoded.last_update, made)
        self._site = self._decoded.meta.cluster or clean(path.stem, 60)
        self._decoded = _decode(kind, body, self._site, self._made)

    @property
    def id(self) -> str:
        return self._site

    @property
    def user(self) -> str | None:
        return None

    @property
    def capabilities(self) -> frozenset[Capability]:
        given: set[Capability] = {"site"}
        if self._kind in _JOB_KINDS:
            given |= {"jobs", "job"}
        if self._kind == "history":
            given.add("history")
        if self._kind in ("nodes", "sinfo"):
            given.add("nodes")
        if self._kind in ("partitions", "sinfo"):
            given.add("pools")
        if self._kind == "reservations":
            given.add("reservations")
        return frozenset(given)

    async def site(self) -> Reading[Site]:
        meta = self._decoded.meta
        return self._reading(
            Site(
                id=self._site,
                name=self._site,
                dialect="slurm",
                reached_by="recording",
                scheduler=f"Slurm {meta.release}" if meta.release else None,
                contract=meta.parser,
                capabilities=tuple(sorted(self.capabilities)),
            )
        )

    async def jobs(self, *, user: str | None = None) -> Reading[tuple[Job, ...]]:
        jobs: tuple[Job, ...] = self._given("jobs", *_JOB_KINDS)
        return self._reading(tuple(j for j in jobs if user is None or j.user == user))

    async def history(
        self,
        *,
        since: datetime,
        user: str | None,
        until: datetime | None = None,
        account: str | None = None,
        ran: bool = False,
    ) -> Reading[tuple[Job, ...]]:
        jobs: tuple[Job, ...] = self._given("history", "history")
        return self._reading(
            tuple(j for j in jobs if j.finished and user in (None, j.user) and account in (None, j.account))
        )

    async def job(self, job_id: str) -> Reading[tuple[Job, ...]]:
        wanted = parse_job_id(job_id)
        found = tuple(j for j in (await self.jobs()).value if wanted.names(j))
        if not found:
            raise NotFound(_("there is no job {id} in {name}").format(id=wanted.exact, name=self._name))
        return self._reading(found)

    async def raw_job(self, job_id: str) -> Reading[str]:
        wanted = parse_job_id(job_id)
        jobs: tuple[Job, ...] = self._given("jobs", *_JOB_KINDS)
        return self._reading(raw_records(self._body, [wanted.names(job) for job in jobs]))

    def open_log(self, path: str) -> NoReturn:
        raise NotProvided(_("a recording holds no logs"))

    async def batch_script(self, job_id: str) -> NoReturn:
        raise NotProvided(_("a recording holds no batch scripts"))

    async def nodes(self) -> Reading[tuple[Node, ...]]:
        nodes: tuple[Node, ...] = self._given("nodes", "nodes", "sinfo")
        return self._reading(nodes)

    async def pools(self) -> Reading[tuple[Pool, ...]]:
        self._given("pools", "partitions", "sinfo")
        if self._kind == "sinfo":
            return self._reading(wire.decode_sinfo_partitions(self._body, site=self._site).value)
        pools: tuple[Pool, ...] = self._decoded.value
        return self._reading(pools)

    async def reservations(self) -> Reading[tuple[Reservation, ...]]:
        reservations: tuple[Reservation, ...] = self._given("reservations", "reservations")
        return self._reading(reservations)

    async def quotas(self, *, user: str | None = None) -> NoReturn:
        raise NotProvided(_("this recording holds no quotas"))

    async def test_start(
        self, request: Request, pool: str, *, script: str | None = None, account: str | None = None
    ) -> NoReturn:
        raise NotProvided(_("a recording cannot be asked when a job would start"))

    async def close(self) -> None:
        """There is nothing to close."""

    def _given(self, wanted: str, *kinds: str) -> Any:
        if self._kind not in kinds:
            raise NotProvided(
                _("this recording holds {kind}, not {wanted}").format(kind=self._kind, wanted=wanted),
                _("`naru capture` records everything a centre tells"),
            )
        return self._decoded.value

    def _reading(self, value: Any) -> Reading[Any]:
        return Reading(value, _("recorded in {name}").format(name=self._name), self._made, self._decoded.warnings)


def open_single(path: Path, body: bytes) -> SingleAnswer:
    """The centre in a file. Raises BadAnswer for what is not JSON, UsageError for JSON of something else, and the
    error that the file itself records where it holds one."""
    if body.strip() == answers.NOT_SIGNED_IN:
        raise answers.sign_in(_("what was recorded in {name} is a refused token").format(name=clean(path.name)))
    kind = wire.sniff(body)
    if kind == "error":
        found = answers.troubles(body)
        answers.judge(found)
    if kind not in _DECODERS and kind not in ("error", "unknown"):
        raise NotProvided(
            _("{name} holds {kind}, which Naru does not show").format(name=clean(path.name), kind=kind),
            _("`naru capture` records everything that it shows"),
        )
    if kind not in _DECODERS:
        raise UsageError(
            _("{name} holds no jobs, nodes, partitions or reservations").format(name=clean(path.name)),
            _("`--replay` takes an answer of squeue, sinfo, sacct, scontrol show or slurmrestd in JSON"),
        )
    try:
        made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        made = datetime.now(UTC)
    return SingleAnswer(path, kind, body, made)


def raw_records(body: bytes, chosen: list[bool]) -> str:
    """The chosen records of an answer's `jobs` as indented JSON, its text cleaned. Raises NotFound for none of them."""
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        data = _decoded_leniently(body)
    records = [r for r in data.get("jobs") or () if isinstance(r, dict)] if isinstance(data, dict) else []
    found = [record for record, wanted in zip(records, chosen, strict=False) if wanted]
    if not found:
        raise answers.error_for(answers.Trouble(number=answers.NO_SUCH_JOB))
    try:  # cleaned before it is written: afterwards an escape sequence would stand there spelled out
        return clean_block(json.dumps(clean_tree(found), indent=2, ensure_ascii=False))
    except RecursionError:
        raise _too_deep() from None


def _decoded_leniently(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        raise _too_deep() from None


def _too_deep() -> BadAnswer:
    return BadAnswer(_("the record cannot be shown: its JSON is broken, or nested too deeply"))


def _when(told: int | None, made: datetime) -> datetime:
    """When an answer was made, by its own words where they can be true, else by its file."""
    latest = max(made, datetime.now(UTC)).timestamp() + AHEAD
    if told is None or not EARLIEST <= told <= latest:
        return made
    return datetime.fromtimestamp(told, UTC)


def _jobs(body: bytes, site: str, now: datetime) -> wire.Decoded[Any]:
    return wire.decode_jobs(body, site=site, now=now)


def _history(body: bytes, site: str, now: datetime) -> wire.Decoded[Any]:
    return wire.decode_history(body, site=site, now=now)


_DECODERS: dict[str, Callable[[bytes, str, datetime], wire.Decoded[Any]]] = {
    "jobs": _jobs,
    "states": _jobs,
    "history": _history,
    "nodes": lambda body, site, now: wire.decode_nodes(body, site=site),
    "sinfo": lambda body, site, now: wire.decode_sinfo(body, site=site),
    "partitions": lambda body, site, now: wire.decode_partitions(body, site=site),
    "reservations": lambda body, site, now: wire.decode_reservations(body, site=site),
}


def _decode(kind: wire.Kind, body: bytes, site: str, now: datetime) -> wire.Decoded[Any]:
    decoded = _DECODERS[kind](body, site, now)
    return replace(decoded, value=tuple(decoded.value))
