"""Limits and what counts against them as slurmrestd tells them: shares, associations and QOS, of any version. Pure.

Shares (from v0.0.40 on) tell use in resource-seconds and limits over time in minutes; associations and QOS tell limits
alone, in minutes and at once. What is held at once, and what a QOS has used, is told by none of them. The amounts of a
share are read when they are asked for: those of most associations of a large site are the same noughts.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from naru_client.errors import BadAnswer
from naru_client.i18n import _
from naru_client.slurm import wire_answers
from naru_client.slurm.wire_answers import Decoded, Envelope, Odd
from naru_client.slurm.wire_values import infinite, number, word, words

_MISSING = Raw(b"null")
_LARGEST = 1 << 64  # beyond it no number of Slurm's is one, and none fits into an answer


class Share(Struct, frozen=True, kw_only=True, gc=False):
    """An account, or a user in it, with lists of amounts as they were sent."""

    cluster: str | None
    account: str
    user: str | None
    parent: str | None  # the account above an account
    used: Raw  # resource-seconds, decayed
    committed: Raw  # resource-seconds that running jobs may still take
    minutes: Raw  # limits


class Association(Struct, frozen=True, kw_only=True):
    """The limits of an account, or of a user in it, by Slurm's names of resources. A limit without a figure is None,
    and so are limits that are not told."""

    cluster: str | None
    account: str
    user: str | None
    parent: str | None
    minutes: Mapping[str, int | None] | None
    held: Mapping[str, int | None] | None


class QosLimits(Struct, frozen=True, kw_only=True):
    """The limits of a QOS over all its jobs, as those of an association."""

    name: str
    minutes: Mapping[str, int | None] | None
    held: Mapping[str, int | None] | None


def decode_shares(body: bytes) -> Decoded[tuple[Share, ...]]:
    """The answer to `/slurm/…/shares`. Raises BadAnswer for what is not such an answer."""
    answer = _read(body, _SharesAnswer, _SHARES)
    inner = answer.shares if type(answer.shares) is _ShareList else _ShareList(answer.shares)
    rows, lost = wire_answers.rows(inner.shares, _ShareRow, "shares", answer)
    return wire_answers.decoded(answer, tuple(s for row in rows if (s := _share(row)) is not None), lost)


def decode_associations(body: bytes) -> Decoded[tuple[Association, ...]]:
    """The answer to `/slurmdb/…/associations`. Raises BadAnswer for what is not such an answer."""
    answer = _read(body, _AssociationsAnswer, _ASSOCIATIONS)
    rows, lost = wire_answers.rows(answer.associations, _AssociationRow, "associations", answer)
    found = tuple(a for row in rows if (a := _association(row)) is not None)
    return wire_answers.decoded(answer, found, lost)


def decode_qos(body: bytes) -> Decoded[tuple[QosLimits, ...]]:
    """The answer to `/slurmdb/…/qos`. Raises BadAnswer for what is not such an answer."""
    answer = _read(body, _QosAnswer, _QOS)
    told = answer.QOS if answer.qos is msgspec.UNSET else answer.qos
    rows, lost = wire_answers.rows(told, _QosRow, "qos", answer)
    return wire_answers.decoded(answer, tuple(q for row in rows if (q := _qos(row)) is not None), lost)


# What is sent


class _ShareTres(Struct, gc=False):
    usage: Raw = _MISSING
    run_seconds: Raw = _MISSING
    group_minutes: Raw = _MISSING


class _ShareRow(Struct, gc=False):
    cluster: Any = None
    name: Any = None
    parent: Any = None
    partition: Any = None
    type: Any = None
    tres: _ShareTres | list[Any] | Odd = None


class _ShareList(Struct, gc=False):
    shares: list[_ShareRow | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET


class _SharesAnswer(Envelope):
    shares: _ShareList | list[_ShareRow | list[Any] | Odd] | Odd | msgspec.UnsetType = msgspec.UNSET


class _Group(Struct, gc=False):
    minutes: Any = None


class _MostTres(Struct, gc=False):
    total: Any = None
    group: _Group | list[Any] | Odd = None


class _Most(Struct, gc=False):
    tres: _MostTres | list[Any] | Odd = None


class _AssociationRow(Struct, gc=False):
    account: Any = None
    user: Any = None
    cluster: Any = None
    partition: Any = None
    parent_account: Any = None
    lineage: Any = None
    flags: Any = None
    max: _Most | list[Any] | Odd = None


class _AssociationsAnswer(Envelope):
    associations: list[_AssociationRow | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET


class _QosRow(Struct, gc=False):
    name: Any = None
    flags: Any = None
    limits: Any = None


class _QosAnswer(Envelope):
    qos: list[_QosRow | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET
    QOS: list[_QosRow | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET  # v0.0.38


class _Loose(Envelope, omit_defaults=True):
    shares: Any = msgspec.UNSET
    associations: Any = msgspec.UNSET
    qos: Any = msgspec.UNSET
    QOS: Any = msgspec.UNSET


_SHARES = msgspec.json.Decoder(_SharesAnswer)
_ASSOCIATIONS = msgspec.json.Decoder(_AssociationsAnswer)
_QOS = msgspec.json.Decoder(_QosAnswer)
_LOOSE = msgspec.json.Decoder(_Loose)


def _read(body: bytes, wanted: type[wire_answers.E_], decoder: "msgspec.json.Decoder[wire_answers.E_]") -> Any:
    """As `wire_answers.read`; a list to be read later has to be JSON by then, so a broken answer is written anew."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        loose = wire_answers.read(body, _Loose, _LOOSE)
    try:
        anew = msgspec.json.encode(mended(msgspec.to_builtins(loose)))
    except RecursionError:
        raise BadAnswer(_("the answer is nested too deeply to be one of Slurm's")) from None
    return wire_answers.read(anew, wanted, decoder)


def mended(value: Any) -> Any:
    """Without what JSON cannot hold: half characters, NaN, numbers without end."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [mended(one) for one in value]
    if isinstance(value, dict):
        return {mended(name): mended(one) for name, one in value.items()}
    if isinstance(value, int | float) and not -_LARGEST / 2 < value < _LARGEST:
        return None
    return value


def _share(row: _ShareRow) -> Share | None:
    """None for a row that does not say whose it is, and for one of one pool only: that is not told apart."""
    name, parent, kind = word(row.name), word(row.parent), words(row.type)
    if name is None or word(row.partition) is not None or not kind:
        return None
    of_user = "USER" in kind
    if of_user and parent is None:
        return None
    tres = row.tres if type(row.tres) is _ShareTres else _ShareTres()
    return Share(
        cluster=word(row.cluster), account=parent if of_user and parent else name, user=name if of_user else None,
        parent=parent, used=tres.usage, committed=tres.run_seconds, minutes=tres.group_minutes,
    )  # fmt: skip


def _association(row: _AssociationRow) -> Association | None:
    """None as of `_share`, and for one that was deleted."""
    account, user = word(row.account), word(row.user)
    if account is None or word(row.partition) is not None or "DELETED" in words(row.flags):
        return None
    most = row.max.tres if type(row.max) is _Most else None
    most = most if type(most) is _MostTres else _MostTres()
    group = most.group if type(most.group) is _Group else _Group()
    return Association(
        cluster=word(row.cluster), account=account, user=user,
        parent=account if user else word(row.parent_account) or _parent(row.lineage, account),
        minutes=_limits(group.minutes), held=_limits(most.total),
    )  # fmt: skip


def _parent(lineage: Any, account: str) -> str | None:
    """The account above one, by `/kind/account/`: from v0.0.41 on told, also where the parent is left out."""
    path = [part for part in lineage.split("/") if part] if type(lineage) is str else []
    if not path or path[-1] != account:
        return None
    return word(path[-2]) if len(path) > 1 else "root"


def _qos(row: _QosRow) -> QosLimits | None:
    name = word(row.name)
    if name is None or "DELETED" in words(row.flags):
        return None
    tres = _part(_part(row.limits, "max"), "tres")
    minutes = _part(tres, "minutes")
    return QosLimits(name=name, minutes=_limits(minutes.get("total")), held=_limits(tres.get("total")))


def _part(value: Any, name: str) -> dict[str, Any]:
    part = value.get(name) if type(value) is dict else None
    return part if type(part) is dict else {}


def _limits(told: Any) -> Mapping[str, int | None] | None:
    """`[{"type": "gres", "name": "gpu", "count": 600000}]` by "gres/gpu"; an entry that says "no limit" is left out.
    None for what is no list."""
    if type(told) is not list:
        return None
    found: dict[str, int | None] = {}
    for one in told:
        kind = word(one.get("type")) if type(one) is dict else None
        if kind is None or infinite(count := one.get("count")):
            continue
        name = word(one.get("name"))
        found[kind if name is None else f"{kind}/{name}"] = number(count)
    return found
