"""Nodes: slurmrestd's /slurm/…/nodes, scontrol show node, and sinfo, which gives groups of them from 23.02 on. Pure."""

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from naru_client import hostlist
from naru_client.i18n import _
from naru_client.model import Node
from naru_client.slurm import tres, wire_answers
from naru_client.slurm.wire_answers import Decoded, Envelope, Odd
from naru_client.slurm.wire_conditions import node_condition, node_states
from naru_client.slurm.wire_values import Number, mebibytes, moment, number, plain, raw, text, words


class NodeRow(Struct, gc=False):
    name: Any = None
    hostname: Any = None
    state: Any = None
    state_flags: Any = None  # 22.05 keeps the flags apart from the state
    partitions: Any = None
    gres: Any = None
    gres_used: Any = None
    tres: Any = None
    tres_used: Any = None
    cpus: Number = None
    alloc_cpus: Number = None
    real_memory: Number = None
    alloc_memory: Number = None
    cpu_load: Number = None
    features: Any = None
    reason: Any = None
    reason_set_by_user: Any = None
    reason_changed_at: Number = None
    reservation: Any = None


class _Records(Struct, gc=False):
    """`nodes` of a sinfo group."""

    nodes: Any = None
    total: Number = None


class GroupRow(Struct, gc=False):
    """One line of sinfo: nodes of one partition that are alike in state, hardware and use."""

    node: Any = None
    nodes: _Records | list[Any] | Odd = None
    cpus: Any = None
    memory: Any = None
    features: Any = None
    gres: Any = None
    reason: Any = None
    reservation: Any = None
    partition: Any = None


class NodesAnswer(Envelope):
    nodes: list[NodeRow | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET


class SinfoAnswer(Envelope):
    sinfo: list[GroupRow | list[Any] | Odd] | dict[str, Any] | Odd | msgspec.UnsetType = msgspec.UNSET
    nodes: Any = msgspec.UNSET


_NODES = msgspec.json.Decoder(NodesAnswer)
_SINFO = msgspec.json.Decoder(SinfoAnswer)


def decode_nodes(body: bytes, *, site: str) -> Decoded[tuple[Node, ...]]:
    """Every node of an answer in its order, of any version. Raises BadAnswer for what is not such an answer."""
    answer = wire_answers.read(body, NodesAnswer, _NODES)
    found, lost = wire_answers.rows(answer.nodes, NodeRow, "nodes", answer)
    return wire_answers.decoded(answer, tuple([_node(row, site) for row in found]), lost)


def _node(row: NodeRow, site: str) -> Node:
    state = raw(row.state)
    states = node_states((*([state] if state else words(row.state)), *words(row.state_flags)))
    tres_used = raw(row.tres_used)
    used = number(row.alloc_cpus)
    if used is None:
        used = tres.number_of(tres_used, "cpu")
    memory_used = mebibytes(row.alloc_memory)
    reason = text(row.reason)
    return Node(
        site=site,
        name=plain(row.name) or plain(row.hostname) or "?",
        states=states,
        condition=node_condition(states, used),
        pools=words(row.partitions),
        accelerators=tres.node_accelerators(
            raw(row.gres), raw(row.gres_used), raw(row.tres), tres_used, idle=used == 0 and not memory_used
        ),
        cpus=number(row.cpus),
        cpus_used=used,
        memory=mebibytes(row.real_memory) or None,
        memory_used=memory_used,
        cpu_load=_load(row.cpu_load),
        features=words(row.features),
        reason=reason,
        reason_user=text(row.reason_set_by_user) if reason else None,
        reason_since=moment(row.reason_changed_at) if reason else None,
        reservation=text(row.reservation),
    )


def _load(value: Any) -> float | None:
    load = number(value)
    return None if load is None else load / 100


def decode_sinfo(body: bytes, *, site: str) -> Decoded[tuple[Node, ...]]:
    """Every node of `sinfo --json`: plain nodes up to 22.05, groups from 23.02 on.

    A node stands in a group of each of its partitions and is given once. What a group only sums up (CPUs and memory in
    use over several nodes) is None where it could not be the same for each. Raises BadAnswer for another answer.
    """
    answer = wire_answers.read(body, SinfoAnswer, _SINFO)
    if answer.sinfo is msgspec.UNSET and answer.nodes is not msgspec.UNSET:
        return decode_nodes(body, site=site)
    found, lost = wire_answers.rows(answer.sinfo, GroupRow, "sinfo", answer)
    nodes: dict[str, Node] = {}
    unnamed = 0
    for row in found:
        node, names, total = _group(row, site)
        unnamed += max(0, total - len(names))
        for name in names:
            known = nodes.get(name)
            pools = node.pools if known is None else tuple(dict.fromkeys(known.pools + node.pools))
            nodes[name] = replace(node, name=name, pools=pools)
    if unnamed:
        lost += (_("{count} nodes of sinfo come without a name, and are left out").format(count=unnamed),)
    return wire_answers.decoded(answer, tuple(nodes.values()), lost)


def _group(row: GroupRow, site: str) -> tuple[Node, tuple[str, ...], int]:
    """What the nodes of a group have in common, their names, and how many there are."""
    listed = row.nodes if type(row.nodes) is _Records else _Records(nodes=row.nodes)
    names = _names(listed.nodes)
    total = number(listed.total)
    total = len(names) if total is None else total
    cpus, memory, gres, reason, partition = (
        _dict(x) for x in (row.cpus, row.memory, row.gres, row.reason, row.partition)
    )
    if not names and total and number(_dict(partition.get("nodes")).get("total")) == total:
        names = _names([_dict(partition.get("nodes")).get("configured")])  # the group is the whole partition
    cpus_each, memory_each = _same(cpus), mebibytes(_same(memory))
    cpus_used = _each(number(cpus.get("allocated")), total, cpus_each)
    memory_used = _each(mebibytes(memory.get("allocated")), total, memory_each)
    states = node_states(words(_dict(row.node).get("state") or row.node))
    why = text(reason.get("description")) if reason else text(row.reason)
    node = Node(
        site=site,
        name="?",
        states=states,
        condition=node_condition(states, cpus_used),
        pools=words([partition.get("name")]),
        accelerators=tres.node_accelerators(
            raw(gres.get("total")), raw(gres.get("used")), idle=cpus_used == 0 and not memory_used
        ),
        cpus=cpus_each,
        cpus_used=cpus_used,
        memory=memory_each or None,
        memory_used=memory_used,
        cpu_load=_load(_same(_dict(cpus.get("load")))),
        features=words(_dict(row.features).get("total") or row.features),
        reason=why,
        reason_user=text(reason.get("user")) if why else None,
        reason_since=moment(reason.get("time")) if why else None,
        reservation=text(row.reservation),
    )
    return node, names, total


def _names(value: Any) -> tuple[str, ...]:
    names: list[str] = []
    for one in words(value) if type(value) is list else hostlist.split(value) if type(value) is str else ():
        try:
            names += hostlist.expand(one)
        except ValueError:
            names.append(one)
    return tuple(words(names))


def _dict(value: Any) -> dict[str, Any]:
    return value if type(value) is dict else {}


def _same(bounds: dict[str, Any]) -> int | None:
    """The one value of a group whose least and most are equal."""
    low, high = number(bounds.get("minimum")), number(bounds.get("maximum"))
    return low if low == high else None


def _each(allocated: int | None, nodes: int, all_of_one: int | None) -> int | None:
    """What each node of a group has in use, from the sum: certain for one node, for none of it and for all of it."""
    if allocated is None or nodes == 1 or allocated == 0:
        return allocated
    return all_of_one if all_of_one is not None and allocated == all_of_one * nodes else None
