"""Quotas from the figures of accounts, users and QOS, whichever contract of Slurm's told them. Pure.

Every source first becomes `Holder`s, whose `Figures` are read when they are asked for: on a large site most of them are
never used, or the same as those of a thousand others.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from naru_client.insight.quota import Quota, Unit, chain, remaining

MINUTE = 60
MIB = 1 << 20
SLICE = 100  # holders: some milliseconds' work
UNITS: tuple[Unit, Unit] = ("seconds", "count")
_DULL = frozenset({"energy", "fs/disk", "vmem", "pages"})  # always nought, or nothing anybody is granted

Key = tuple[str, Unit]
T = TypeVar("T")


class Figures(Struct, frozen=True, kw_only=True):
    """What is told of one holder, in seconds, bytes and counts.

    `limits` are of what is limited, None where a limit's figure is not told. `used` and `committed` need not name what
    is nought, and have None for what is not told. Each is told at all for the units in `…_of`.
    """

    limits: Mapping[Key, int | None]
    limits_of: frozenset[Unit]
    used: Mapping[Key, int | None]
    used_of: frozenset[Unit]
    committed: Mapping[Key, int | None]
    committed_of: frozenset[Unit]

    def used_by_now(self, key: Key) -> int | None:
        return self.used.get(key, 0 if key[1] in self.used_of else None)

    def committed_yet(self, key: Key) -> int | None:
        return self.committed.get(key, 0 if key[1] in self.committed_of else None)


class Holder(Struct, Generic[T], frozen=True, kw_only=True):
    """An account, a user in one, or a QOS; `told` is what its figures are read from."""

    name: str
    account: str | None
    user: str | None = None
    above: str | None = None
    told: T


class Source(Struct, Generic[T], frozen=True, kw_only=True):
    """All that one site told, how it is read, and to which `second` its amounts over time are cut off."""

    holders: Sequence[Holder[T]]
    figures: Callable[[T], Figures]
    named: Callable[[T], Iterable[Key]]  # every resource of a holder, nought or not
    second: int = 1


def resource_name(name: str) -> str:
    """Slurm's name of a resource as the model has it: "gres/gpu:h100" is "gpu:h100"."""
    return name.removeprefix("gres/")


def scale(resource: str, unit: Unit) -> int:
    """What one of Slurm's is in the model: its memory is MiB, its limits over time are minutes."""
    return (MINUTE if unit == "seconds" else 1) * (MIB if resource == "mem" else 1)


def reckoned(
    source: Source[T],
    *,
    site: str = "",
    holders: Iterable[str] | None = None,
    user: str | None = None,
    decays: bool | None = None,
    as_of: datetime | None = None,
) -> tuple[Quota, ...]:
    """A quota for each holder and each resource that it, or one above it, limits or that it has used.

    `holders` are those asked for, as `account_holder` and `qos_holder` name them, else all; those above them come too.
    With `user` instead they are those of the accounts that the user is in, of all in these accounts, and every QOS.
    `decays` is whether use decays or is reset (PriorityDecayHalfLife, PriorityUsageResetPeriod): only where it is known
    not to be, what counts against the limit is also all that was used. What the queue claims is not told here:
    `insight.claims` adds it.
    """
    slices = reckoning(source, site=site, holders=holders, user=user, decays=decays, as_of=as_of)
    return tuple(quota for some in slices for quota in some)


def reckoning(
    source: Source[T],
    *,
    site: str = "",
    holders: Iterable[str] | None = None,
    user: str | None = None,
    decays: bool | None = None,
    as_of: datetime | None = None,
) -> Generator[list[Quota], None, None]:
    """The same in slices, for an event loop that has other things to do in between."""
    tree = _Tree(source)
    if holders is None and user is not None:
        holders = _of_user(source.holders, user)
    asked = tree.holders if holders is None else dict.fromkeys(h for one in holders for h in chain(one, tree.above))
    some: list[Quota] = []
    for count, name in enumerate(asked, 1):
        holder = tree.holders.get(name)
        if holder is not None:
            figures, bounds = tree.figures(name), tree.bounds(name)
            for key in tree.keys(holder, figures, bounds):
                resource, unit = key
                limit, used, committed = figures.limits.get(key), figures.used_by_now(key), figures.committed_yet(key)
                available, binds = bounds.of(key)
                timed = unit == "seconds"
                some.append(
                    Quota(
                        site=site, holder=name, above=holder.above, account=holder.account, user=holder.user,
                        resource=resource, unit=unit, granted=limit,
                        unlimited=key not in figures.limits and unit in figures.limits_of,
                        used=used if decays is False or not timed else None,
                        used_decayed=used, committed=committed, remaining=remaining(limit, used, committed),
                        available=available, binds=binds,
                        step=(source.second if timed else 1) * (MIB if resource == "mem" else 1), as_of=as_of,
                    )
                )  # fmt: skip
        if not count % SLICE:
            yield some
            some = []
    yield some


def _of_user(holders: Sequence[Holder[T]], user: str) -> list[str]:
    """What a user may ask about: the accounts the user is in, those below them, all in these, and every QOS."""
    accounts = {holder.account for holder in holders if holder.user == user}
    known = 0
    while len(accounts) > known:  # as deep as the tree is: an account below draws on the grant above it
        known = len(accounts)
        accounts |= {one.account for one in holders if one.user is None and one.above in accounts}
    return [holder.name for holder in holders if holder.account is None or holder.account in accounts]


class _Bounds(Struct, frozen=True):
    """For what is limited for a holder: what is available of it, and whose limit that is (None, and whose is not told).

    `hidden` is the lowest holder of whose limits of a unit nothing is told: anything may be limited there.
    """

    least: dict[Key, tuple[int | None, str]]
    hidden: dict[Unit, str]

    def of(self, key: Key) -> tuple[int | None, str | None]:
        return self.least.get(key) or (None, self.hidden.get(key[1]))


_NO_BOUNDS = _Bounds({}, {})


class _Tree(Generic[T]):
    """Who stands above whom, and what that comes to: each read once, from the top down."""

    def __init__(self, source: Source[T]) -> None:
        self.holders = {holder.name: holder for holder in source.holders}
        self.above = {holder.name: holder.above for holder in source.holders}
        self._source = source
        self._figures: dict[str, Figures] = {}
        self._bounds: dict[str, _Bounds] = {}

    def figures(self, name: str) -> Figures:
        found = self._figures.get(name)
        if found is None:
            found = self._figures[name] = self._source.figures(self.holders[name].told)
        return found

    def bounds(self, name: str) -> _Bounds:
        path: dict[str, None] = {}
        at: str | None = name
        while at is not None and at not in self._bounds and at not in path:  # a circle, as in a broken answer, ends it
            path[at] = None
            at = self.above.get(at)
        found = _NO_BOUNDS if at is None else self._bounds.get(at, _NO_BOUNDS)
        for one in reversed(path):
            found = self._bounds[one] = self._below(found, one)
        return found

    def keys(self, holder: Holder[T], figures: Figures, bounds: _Bounds) -> Iterable[Key]:
        """What there is to say of a holder: what is limited or may be, and what it has used."""
        found = dict.fromkeys(bounds.least)
        for amounts in (figures.used, figures.committed):
            for key, amount in amounts.items():
                if amount != 0 and key[0] not in _DULL:
                    found[key] = None
        if bounds.hidden:
            for key in self._source.named(holder.told):
                if key[1] in bounds.hidden and key[0] not in _DULL:
                    found[key] = None
        return found

    def _below(self, above: _Bounds, name: str) -> _Bounds:
        """What binds one holder, by what binds the one above it."""
        if name not in self.holders:
            return _Bounds(dict.fromkeys(above.least, (None, name)), dict.fromkeys(UNITS, name))
        figures = self.figures(name)
        untold = [unit for unit in UNITS if unit not in figures.limits_of]
        if not untold and not figures.limits:
            return above
        least, hidden = dict(above.least), above.hidden
        if untold:
            hidden = {**hidden, **dict.fromkeys(untold, name)}
            least.update((key, (None, name)) for key in above.least if key[1] in untold)
        for key, limit in figures.limits.items():
            left = remaining(limit, figures.used_by_now(key), figures.committed_yet(key))
            bound, binds = _Bounds(least, hidden).of(key)
            if left is None or binds is None or (bound is not None and left <= bound):
                bound, binds = left, name
            least[key] = (bound, binds)
        return _Bounds(least, hidden)
