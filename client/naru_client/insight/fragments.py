"""What is free and yet not to be had, in words: too scattered for a job, on nodes without cores, kept for others."""

from collections.abc import Iterable

from naru_client.i18n import _, n_
from naru_client.insight.pools import Startable
from naru_client.insight.tally import ModelKey


def remarks(one: Startable) -> tuple[str, ...]:
    """What a person must know beside the figures, most important first; nothing where every free one is to be had.

    The sentences are of the reading alone: where a node does not tell what is in use, they say so.
    """
    said = []
    if one.pool_state is not None:
        said.append(_("the pool is {state}: no job starts in it").format(state=one.pool_state))
    if one.untold_nodes:
        told = n_(
            "of {n} node it is not told what is in use", "of {n} nodes it is not told what is in use", one.untold_nodes
        )
        said.append(told.format(n=one.untold_nodes))
    if one.pool_state is None and (scattered := _scattered(one)):
        said.append(scattered)
    return (*said, *_in_the_way(one))


def over_sites(lines: Iterable[Startable]) -> tuple[tuple[ModelKey, str], ...]:
    """Of each model that is free at several sites: that a job cannot have it all, and the most it could have at one."""
    models: dict[ModelKey, list[Startable]] = {}
    for line in lines:
        if line.free:
            models.setdefault((line.kind, line.model), []).append(line)
    said = []
    for key, found in models.items():
        if len(found) < 2:
            continue
        most = max(found, key=lambda line: line.free or 0)
        text = _("{free} free over {sites} sites, but a job cannot span sites: the most at one is {most} ({site})")
        free = sum(line.free or 0 for line in found)
        said.append((key, text.format(free=free, sites=len(found), most=most.free, site=most.site)))
    return tuple(said)


def _scattered(one: Startable) -> str | None:
    """That what is free is not together: too little on any one node for a job that takes a whole one."""
    free, block = one.free, one.largest_block
    if not free or block is None or block >= one.node_size or one.untold_nodes:
        return None
    if block == 0:
        return None if one.hindered >= free else _("{free} free, but no job could be given one now").format(free=free)
    if free < one.node_size:
        return None if free == block else _("{free} free, at most {block} on one node").format(free=free, block=block)
    text = _("{free} free, but no node has {size} together: at most {block} on one node")
    return text.format(free=free, size=one.node_size, block=block)


def _in_the_way(one: Startable) -> list[str]:
    told = []
    if n := one.no_cores:
        told.append(n_("{n} free is stranded: its node has no cores left",
                       "{n} free are stranded: their nodes have no cores left", n).format(n=n))  # fmt: skip
    if n := one.no_memory:
        told.append(n_("{n} free is stranded: its node has no memory left",
                       "{n} free are stranded: their nodes have no memory left", n).format(n=n))  # fmt: skip
    if n := one.allocated:
        told.append(n_("{n} free is on a node that counts as allocated whole",
                       "{n} free are on nodes that count as allocated whole", n).format(n=n))  # fmt: skip
    if n := one.planned:
        told.append(n_("{n} free is on a node planned for a waiting job",
                       "{n} free are on nodes planned for a waiting job", n).format(n=n))  # fmt: skip
    if n := one.reserved:
        told.append(n_("{n} free is on a reserved node", "{n} free are on reserved nodes", n).format(n=n))
    if n := one.asleep:
        told.append(n_("{n} free is on a node that is asleep and must wake first",
                       "{n} free are on nodes that are asleep and must wake first", n).format(n=n))  # fmt: skip
    return told
