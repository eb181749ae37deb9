"""What several sites say of one thing, as one: readings end to end, and whose they are. Pure."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TypeVar

from naru_client.reading import Reading

T = TypeVar("T")


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
