"""Nodes that are alike, counted: a large site has tens of thousands of nodes, but few kinds of them at any one time."""

from collections.abc import Iterable
from typing import Any, Literal

from naru_client.model import Node

Alike = tuple[Node, int]  # one node of many, and how many are as it is

Hindrance = Literal["away", "asleep", "reserved", "planned", "cores", "memory", "allocated"]

ENOUGH = 64  # cores left on a node beyond which it makes no difference how many: no node has more accelerators

_MAINTENANCE = frozenset({"MAINT", "MAINTENANCE"})
_ASLEEP = "POWERED_DOWN"
_WAKING = frozenset({"POWERING_UP", "POWER_UP", "NOT_RESPONDING", "CONFIGURING"})


def alike(nodes: Iterable[Node]) -> list[Alike]:
    """One of each kind of node with its number: kinds differ in all that says what a job could be given, not in names.

    What is left of cores and memory counts only as far as it could hinder a job.
    """
    found: dict[tuple[Any, ...], list[Any]] = {}
    for node in nodes:
        key = kind_of(node)
        seen = found.get(key)
        if seen is None:
            found[key] = [node, 1]
        else:
            seen[1] += 1
    return [(node, count) for node, count in found.values()]


def kind_of(node: Node) -> tuple[Any, ...]:
    """What is equal for nodes that are alike."""
    cores = cores_left(node)
    memory, used = node.memory, node.memory_used
    return (
        node.site, node.pools, node.accelerators, node.condition, node.states, node.reservation is None,
        ENOUGH if cores is not None and cores > ENOUGH else cores,
        memory is None or used is None or used < memory,
    )  # fmt: skip


def cores_left(node: Node) -> int | None:
    """The cores that no job holds; None where that is not told."""
    cpus, used = node.cpus, node.cpus_used
    return None if cpus is None or used is None else cpus - used


def is_away(node: Node) -> bool:
    """What no job holds here is not to be had: out of service, under maintenance, waking, or of unknown condition."""
    states = node.states
    waking = _ASLEEP not in states and not _WAKING.isdisjoint(states)
    return not node.available or waking or not _MAINTENANCE.isdisjoint(states)


def hindrance(node: Node) -> Hindrance | None:
    """Why no new job could be given anything here now; None where one could.

    A node that is planned for a waiting job may still take one that ends before; that is not counted on.
    """
    if is_away(node):
        return "away"
    states = node.states
    if _ASLEEP in states:
        return "asleep"
    if node.condition == "reserved" or node.reservation is not None or "RESERVED" in states:
        return "reserved"
    if node.condition == "planned" or "PLANNED" in states:
        return "planned"
    cores = cores_left(node)
    if cores is not None and cores <= 0:
        return "cores"
    if node.condition == "allocated":  # all its processors are taken, in Slurm's word
        return "cores" if cores is None else "allocated"
    if node.memory is not None and node.memory_used is not None and node.memory_used >= node.memory > 0:
        return "memory"
    return None
