"""Quotas from the text of `scontrol show assoc_mgr`. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from naru_client.insight.quota import Quota, Unit, account_holder, qos_holder
from naru_client.slurm.holders import MINUTE, UNITS, Figures, Holder, Key, Source, reckoned, resource_name, scale
from naru_client.slurm.text_limits import Limits
from naru_client.text import clean

__all__ = ["from_text", "quotas", "resource_name"]


def quotas(
    limits: Limits,
    *,
    site: str = "",
    holders: Iterable[str] | None = None,
    user: str | None = None,
    decays: bool | None = None,
    as_of: datetime | None = None,
) -> tuple[Quota, ...]:
    """The quotas in the answer of LIMITS_ARGV, as `reckoned` makes them.

    That answer is in whole minutes, cut off, in every version. Its `UsageRaw` is in seconds, but of billing units with
    their fractions, which no limit is held against: the resource "billing" counts whole units of each job, and is less.
    """
    return reckoned(from_text(limits), site=site, holders=holders, user=user, decays=decays, as_of=as_of)


Texts = tuple[str, str, str]  # how many at once, over time, claimed by what runs
_BOTH, _TIMED, _NONE = frozenset[Unit](UNITS), frozenset[Unit](("seconds",)), frozenset[Unit]()
_COUNTED = frozenset[Unit](("count",))
_ENTRY = re.compile(r"([^=]+)=(N|[0-9]{1,18})\(([0-9]{1,18})(?:\.[0-9]+)?\)")


def from_text(limits: Limits) -> Source[Texts]:
    """The holders in the answer of LIMITS_ARGV."""
    holders = [
        Holder(
            name=account_holder(one.account, one.user), account=one.account, user=one.user, above=one.parent,
            told=(one.held, one.minutes, one.run_minutes),
        )
        for one in limits.associations
        if one.partition is None  # of one pool only: it stands beside the user's own, and is not told apart here
    ]  # fmt: skip
    holders += [
        Holder(name=qos_holder(qos.name), account=None, told=(qos.held, qos.minutes, qos.run_minutes))
        for qos in limits.qos
    ]
    return Source(holders=holders, figures=_text_figures, named=_text_names, second=MINUTE)


def _text_figures(told: Texts) -> Figures:
    held, minutes, run_minutes = told
    counts, times = _line(held, "count"), _line(minutes, "seconds")
    return Figures(
        limits=times.limits | counts.limits if times.limits else counts.limits,
        limits_of=(of := _told_of(bool(minutes), bool(held))),
        used=times.used | counts.used if times.used else counts.used,
        used_of=of,
        committed=_line(run_minutes, "seconds").used,
        committed_of=_told_of(bool(run_minutes), bool(held)),
    )


def _told_of(seconds: bool, count: bool) -> frozenset[Unit]:
    return (_BOTH if count else _TIMED) if seconds else (_COUNTED if count else _NONE)


class _Line(Struct, frozen=True):
    """One line of amounts, without what is neither limited nor used."""

    limits: dict[Key, int | None]
    used: dict[Key, int | None]


@lru_cache(maxsize=16384)
def _line(text: str, unit: Unit) -> _Line:
    """`gres/gpu=900000(37),cpu=N(144)`; what is no such entry limits, and nobody knows how far.

    A figure of more than eighteen digits is a sentinel or nonsense, not an amount.
    """
    limits: dict[Key, int | None] = {}
    used: dict[Key, int | None] = {}
    for entry in text.split(","):
        if entry.endswith("=N(0)"):
            continue
        found = _ENTRY.fullmatch(entry)
        if found is None:
            name = entry.rpartition("=")[0]
            if name:
                key, _each = _key(name, unit)
                limits[key] = used[key] = None
            continue
        name, limit, amount = found.groups()
        key, each = _key(name, unit)
        if limit != "N":
            limits[key] = int(limit) * each
        if amount != "0":
            used[key] = int(amount) * each
    return _Line(limits, used)


@lru_cache(maxsize=1024)
def _key(name: str, unit: Unit) -> tuple[Key, int]:
    resource = resource_name(clean(name))
    return (resource, unit), scale(resource, unit)


def _text_names(told: Texts) -> Iterable[Key]:
    held, minutes, _run_minutes = told
    for text, unit in ((minutes, UNITS[0]), (held, UNITS[1])):
        for entry in text.split(","):
            name, _, _amounts = entry.rpartition("=")
            if name:
                yield _key(name, unit)[0]
