"""Partitions, reservations and the controller's answer to a ping. Pure."""

from typing import Any

import msgspec
from msgspec import Struct

from naru_client import hostlist
from naru_client.model import Pool, Reservation
from naru_client.slurm import wire_answers
from naru_client.slurm.wire_answers import Decoded, Envelope, Odd
from naru_client.slurm.wire_values import Number, flag, infinite, moment, number, plain, positive, text, words
from naru_client.text import clean

UNKNOWN_STATE = "UNKNOWN"


class Ping(Struct, frozen=True):
    """Whether a controller answers; None where it does not say. `primary` is False for a backup."""

    host: str
    up: bool | None
    primary: bool | None = None


class PartitionRow(Struct, gc=False):
    """A partition in the flat form of 21.08 and 22.05, and in the nested form of all later versions."""

    name: Any = None
    flags: Any = None
    nodes: Any = None
    qos: Any = None
    # 21.08, 22.05
    state: Any = None
    total_nodes: Number = None
    max_time_limit: Number = None
    default_time_limit: Number = None
    maximum_nodes_per_job: Number = None
    priority_tier: Number = None
    allowed_accounts: Any = None
    allowed_qos: Any = None
    billing_weights: Any = None
    # from v0.0.39
    partition: Any = None
    maximums: Any = None
    defaults: Any = None
    priority: Any = None
    accounts: Any = None
    tres: Any = None


class ReservationRow(Struct, gc=False):
    name: Any = None
    start_time: Number = None
    end_time: Number = None
    node_list: Any = None
    node_count: Number = None
    users: Any = None
    accounts: Any = None
    flags: Any = None


class PingRow(Struct, gc=False):
    hostname: Any = None
    ping: Any = None  # up to v0.0.39
    pinged: Any = None
    responding: Any = None
    status: Any = None  # 0 in 22.05, "UP" from v0.0.45 on
    mode: Any = None
    primary: Any = None


class PartitionsAnswer(Envelope):
    partitions: list[PartitionRow | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET


class ReservationsAnswer(Envelope):
    reservations: list[ReservationRow | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET


class PingAnswer(Envelope):
    pings: list[PingRow | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET


class _Group(Struct, gc=False):
    partition: PartitionRow | list[Any] | Odd = None


class SinfoAnswer(Envelope):
    sinfo: list[_Group | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET


_PARTITIONS = msgspec.json.Decoder(PartitionsAnswer)
_RESERVATIONS = msgspec.json.Decoder(ReservationsAnswer)
_PINGS = msgspec.json.Decoder(PingAnswer)
_SINFO = msgspec.json.Decoder(SinfoAnswer)


def decode_partitions(body: bytes, *, site: str) -> Decoded[tuple[Pool, ...]]:
    """Every partition of an answer in its order; what stands in it (accelerators, conditions) is for `insight`."""
    answer = wire_answers.read(body, PartitionsAnswer, _PARTITIONS)
    found, lost = wire_answers.rows(answer.partitions, PartitionRow, "partitions", answer)
    return wire_answers.decoded(answer, tuple(_pool(row, site) for row in found), lost)


def decode_sinfo_partitions(body: bytes, *, site: str) -> Decoded[tuple[Pool, ...]]:
    """The partitions that `sinfo --json` repeats in each of its groups (from 23.02 on), each once."""
    answer = wire_answers.read(body, SinfoAnswer, _SINFO)
    found, lost = wire_answers.rows(answer.sinfo, _Group, "sinfo", answer)
    pools: dict[str, Pool] = {}
    for group in found:
        if type(group.partition) is PartitionRow:
            pool = _pool(group.partition, site)
            pools.setdefault(pool.name, pool)
    return wire_answers.decoded(answer, tuple(pools.values()), lost)


def _pool(row: PartitionRow, site: str) -> Pool:
    inner, most, default, priority = (_dict(x) for x in (row.partition, row.maximums, row.defaults, row.priority))
    nodes, accounts, qos = _dict(row.nodes), _dict(row.accounts), _dict(row.qos)
    names = text(nodes.get("configured")) if nodes else text(row.nodes)
    total = number(nodes.get("total"))
    total = number(row.total_nodes) if total is None else total
    most_time = most.get("time", row.max_time_limit)
    limit, default_limit = positive(most_time), positive(default.get("time", row.default_time_limit))
    tier = number(priority.get("tier"))
    flags = {word.upper() for word in words(row.flags)}
    return Pool(
        site=site,
        name=plain(row.name) or "?",
        state=_state(inner.get("state") or row.state),
        default="DEFAULT" in flags,
        nodes=hostlist.count(names) if total is None and names else total,
        node_names=names,
        max_time=limit * 60 if limit else None,
        unlimited_time=limit is None and infinite(most_time),
        default_time=default_limit * 60 if default_limit else None,
        max_nodes=positive(most.get("nodes", row.maximum_nodes_per_job)),
        priority_tier=number(row.priority_tier) if tier is None else tier,
        qos=text(qos.get("assigned")) if qos else text(row.qos),
        allow_accounts=_allowed(accounts.get("allowed", row.allowed_accounts)),
        allow_qos=_allowed(qos.get("allowed", row.allowed_qos)),
        billing_weights=text(_dict(row.tres).get("billing_weights")) or text(row.billing_weights),
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if type(value) is dict else {}


def _state(value: Any) -> str:
    found = words(value)
    return "+".join(found).upper() if found else UNKNOWN_STATE


def _allowed(value: Any) -> tuple[str, ...] | None:
    """Names that may use a partition; None for everybody, which Slurm writes as nothing or ALL."""
    names = words(value)
    return None if not names or "ALL" in (name.upper() for name in names) else names


def decode_reservations(body: bytes, *, site: str) -> Decoded[tuple[Reservation, ...]]:
    """Every reservation of an answer in its order. Raises BadAnswer for what is not such an answer."""
    answer = wire_answers.read(body, ReservationsAnswer, _RESERVATIONS)
    found, lost = wire_answers.rows(answer.reservations, ReservationRow, "reservations", answer)
    return wire_answers.decoded(answer, tuple(_reservation(row, site) for row in found), lost)


def _reservation(row: ReservationRow, site: str) -> Reservation:
    names = text(row.node_list)
    count = number(row.node_count)
    return Reservation(
        site=site,
        name=plain(row.name) or "?",
        start=moment(row.start_time),
        end=moment(row.end_time),
        node_list=names,
        nodes=hostlist.count(names) if count is None and names else count,
        users=words(row.users),
        accounts=words(row.accounts),
        flags=tuple(word.upper() for word in words(row.flags)),
    )


def decode_ping(body: bytes) -> Decoded[tuple[Ping, ...]]:
    """Every controller's answer. A 200 does not mean that one is up: some versions say so with a bad token, too."""
    answer = wire_answers.read(body, PingAnswer, _PINGS)
    found, lost = wire_answers.rows(answer.pings, PingRow, "pings", answer)
    return wire_answers.decoded(answer, tuple(_ping(row) for row in found), lost)


def _ping(row: PingRow) -> Ping:
    primary, mode = flag(row.primary), clean(row.mode).lower() if type(row.mode) is str else ""
    up = flag(row.responding)
    if up is None:
        said = [v.strip().upper() for v in (row.pinged, row.ping, row.status) if type(v) is str and v.strip()]
        up = said[0] == "UP" if said else None
    if up is None and type(row.status) is int:
        up = row.status == 0
    return Ping(plain(row.hostname), up, primary if primary is not None else mode == "primary" if mode else None)
