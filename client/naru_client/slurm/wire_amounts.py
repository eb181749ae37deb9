"""Holders of quotas from what slurmrestd told in its several answers. Pure.

The amounts of a share are read when they are asked for, and each different list once: those of most associations of a
large site are the same noughts.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from naru_client.insight.quota import Unit, account_holder, qos_holder
from naru_client.slurm.holders import MIB, Figures, Holder, Key, Source, resource_name, scale
from naru_client.slurm.wire_answers import Odd
from naru_client.slurm.wire_limits import Association, QosLimits, Share, mended
from naru_client.slurm.wire_values import Number, infinite, number
from naru_client.text import clean


def from_wire(
    shares: Sequence[Share] | None, associations: Sequence[Association] | None, qos: Sequence[QosLimits] | None
) -> Source[Any]:
    """The holders of one cluster. What could not be asked for is None: then what it would tell is unknown."""
    amounts = _Amounts()
    of = {account_holder(share.account, share.user): share for share in shares or ()}
    holders: dict[str, Holder[Any]] = {}
    for one in associations or ():
        name = account_holder(one.account, one.user)
        share = of.pop(name, None)
        above = one.parent or (share.parent if share else None)
        holders[name] = Holder(name=name, account=one.account, user=one.user, above=above, told=(share, one))
    for name, share in of.items():
        holders[name] = Holder(
            name=name, account=share.account, user=share.user, above=share.parent, told=(share, None)
        )
    for limits in qos or ():
        name = qos_holder(limits.name)
        holders[name] = Holder(name=name, account=None, told=(None, limits))
    return Source(holders=tuple(holders.values()), figures=amounts.figures, named=amounts.named)


def of_cluster(
    associations: Sequence[Association], shares: Sequence[Share], names: Iterable[str | None]
) -> tuple[Association, ...] | None:
    """The associations of one cluster: the store may hold those of several. It is that of its shares, or the one among
    `names`; None where they are of several and nobody says which is this one."""
    told = {one.cluster for one in associations}
    here = ({share.cluster for share in shares} or told & set(names)) - {None}
    if len(told - {None}) > 1 and not here:
        return None
    return tuple(one for one in associations if not here or one.cluster is None or one.cluster in here)


Told = tuple[Share | None, Association | QosLimits | None]
_TIMED, _COUNTED, _NONE = frozenset[Unit](("seconds",)), frozenset[Unit](("count",)), frozenset[Unit]()


class _Amounts:
    """Reads the lists of shares, each different one once."""

    def __init__(self) -> None:
        self._lists: dict[bytes, dict[str, Any] | None] = {}
        self._amounts: dict[bytes, dict[Key, int | None]] = {}

    def figures(self, told: Told) -> Figures:
        share, limits = told
        used = committed = dict[Key, int | None]()
        used_of = committed_of = _NONE
        caps: dict[Key, int | None] = {}
        if share is not None:
            used, used_of = self._told(share.used)
            committed, committed_of = self._told(share.committed)
        minutes = limits.minutes if limits is not None else None
        if minutes is None and share is not None:
            minutes = self._caps(share.minutes)
        _add(caps, minutes, "seconds")
        held = limits.held if limits is not None else None
        _add(caps, held, "count")
        return Figures(
            limits=caps,
            limits_of=(_COUNTED if held is not None else _NONE) | (_TIMED if minutes is not None else _NONE),
            used=used, used_of=used_of,
            committed=committed, committed_of=committed_of,
        )  # fmt: skip

    def named(self, told: Told) -> Iterable[Key]:
        share, _limits = told
        for name in self._list(share.used) or () if share is not None else ():
            yield (name, "seconds")

    def _told(self, sent: Raw) -> tuple[dict[Key, int | None], frozenset[Unit]]:
        """What is not nought in a list, and whether there is a list."""
        key = bytes(sent)
        found = self._amounts.get(key)
        if found is None:
            entries = self._list(sent)
            if entries is None:
                return {}, _NONE
            found = self._amounts[key] = {
                (name, "seconds"): None if amount is None else amount * (MIB if name == "mem" else 1)
                for name, value in entries.items()
                if (amount := number(value)) != 0
            }
        return found, _TIMED

    def _caps(self, sent: Raw) -> dict[str, int | None] | None:
        entries = self._list(sent)
        return None if entries is None else {n: number(v) for n, v in entries.items() if not infinite(v)}

    def _list(self, sent: Raw) -> dict[str, Any] | None:
        """A list of amounts by resource; None where there is none."""
        key = bytes(sent)
        if key not in self._lists:
            told = _entries(sent)
            self._lists[key] = (
                {
                    resource_name(clean(one.name)): one.value
                    for one in told
                    if type(one) is _Entry and type(one.name) is str
                }
                if type(told) is list
                else None
            )
        return self._lists[key]


def _entries(sent: Raw) -> Any:
    """What was passed over until now may be JSON only by its looks."""
    try:
        return _ENTRIES.decode(sent)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        told = json.loads(bytes(sent).decode("utf-8", "replace"), strict=False)
        return msgspec.convert(mended(told), _ENTRIES.type)
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None


def _add(found: dict[Key, int | None], limits: Mapping[str, int | None] | None, unit: Unit) -> None:
    for name, limit in limits.items() if limits else ():
        resource = resource_name(name)
        found[resource, unit] = None if limit is None else limit * scale(resource, unit)


class _Entry(Struct, gc=False):
    name: Any = None
    value: Number = None


_ENTRIES = msgspec.json.Decoder(list[_Entry | list[Any] | Odd] | dict[str, Any] | Odd)
