"""What several sites say of one thing, as one: readings end to end, accelerators by model over all. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TypeVar

from naru_client.model import AcceleratorTally
from naru_client.reading import Reading

T = TypeVar("T")

_KINDS = {"gpu": 0, "npu": 1}


def join_readings(told: Sequence[tuple[str, Reading[tuple[T, ...]]]], several: bool) -> Reading[tuple[T, ...]] | None:
    """The readings of these sites, by their names, end to end; None when there is none.

    It is as old as the oldest of them, and stale where any of them is. With `several` sites open, warnings and errors
    say whose they are; with one, its reading is returned as it is.
    """
    if not told:
        return None
    if not several:
        return told[0][1]
    readings = [reading for _site, reading in told]
    return Reading(
        tuple(chain.from_iterable(reading.value for reading in readings)),
        join_sources(reading.source for reading in readings),
        min(reading.as_of for reading in readings),
        tuple(lines_of((site, warning) for site, reading in told for warning in reading.warnings)),
        "; ".join(named(site, reading.error) for site, reading in told if reading.error),
    )


def join_sources(sources: Iterable[str]) -> str:
    """Where readings come from, each place named once."""
    return "; ".join(dict.fromkeys(sources))


def named(site: str, text: str) -> str:
    """A text with the site that it is about in front."""
    return f"{site}: {text}"


def lines_of(told: Iterable[tuple[str, str]]) -> list[str]:
    """What sites say, a line for each text with all the sites that say it in front."""
    by: dict[str, list[str]] = {}
    for site, text in told:
        sites = by.setdefault(text, [])
        if site not in sites:
            sites.append(site)
    return [named(", ".join(sites), text) for text, sites in by.items()]


def addressed(site: str, name: str, several: bool) -> str:
    """The name of a job, a node or a pool as `naru job` takes it: its site in front where there are several."""
    return f"{site}:{name}" if several else name


def merge_tallies(tallies: Iterable[AcceleratorTally]) -> tuple[AcceleratorTally, ...]:
    """Tallies of several sites as one for each kind and model, in the order of `insight.tally`.

    Where one site does not tell how many are in use, it is not known of all either.
    """
    same: dict[tuple[str, str | None], list[AcceleratorTally]] = {}
    for one in tallies:
        same.setdefault((one.kind, one.model), []).append(one)
    merged = [found[0] if len(found) == 1 else _sum(found) for found in same.values()]
    return tuple(sorted(merged, key=_rank))


def _sum(tallies: Sequence[AcceleratorTally]) -> AcceleratorTally:
    blocks: Counter[int] = Counter()
    for one in tallies:
        blocks.update(dict(one.free_by_node))
    return AcceleratorTally(
        kind=tallies[0].kind,
        model=tallies[0].model,
        total=sum(one.total for one in tallies),
        used=_known_sum(one.used for one in tallies),
        free=_known_sum(one.free for one in tallies),
        unavailable=sum(one.unavailable for one in tallies),
        free_by_node=tuple(sorted(blocks.items(), reverse=True)),
        pools=tuple(sorted({pool for one in tallies for pool in one.pools})),
    )


def _known_sum(figures: Iterable[int | None]) -> int | None:
    total = 0
    for figure in figures:
        if figure is None:
            return None
        total += figure
    return total


def _rank(one: AcceleratorTally) -> tuple[int, str, int, str]:
    return _KINDS.get(one.kind, len(_KINDS)), one.kind, -one.total, one.model or "\uffff"
