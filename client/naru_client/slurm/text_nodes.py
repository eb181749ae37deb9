"""sinfo in text form: every node of every partition, with fields no reason can forge. Pure."""

import re
from typing import NamedTuple

from naru_client.model import Node
from naru_client.slurm import tres
from naru_client.slurm.text_values import NOTHING, fields, moment, rows, whole_number
from naru_client.slurm.wire_conditions import node_condition, node_states
from naru_client.text import clean, clean_optional

SINFO_FIELDS = (
    "NodeList", "PartitionName", "StateComplete", "Gres", "GresUsed", "CPUsState", "CPUsLoad", "Memory", "AllocMem",
    "Features", "Reason", "User", "Timestamp",
)  # fmt: skip


def sinfo_argv(separator: str) -> tuple[str, ...]:
    """sinfo by node: one row for each node in each partition."""
    return ("sinfo", "-h", "-a", "-N", "-O", fields(SINFO_FIELDS, separator))


def decode_nodes(body: bytes, separator: str, *, site: str) -> tuple[Node, ...]:
    """Every node of `sinfo_argv` once, with all its partitions in the order sinfo gives them."""
    first: dict[str, _NodeRow] = {}
    pools: dict[str, list[str]] = {}
    for cells in rows(body, separator, len(SINFO_FIELDS)):
        row = _NodeRow(*cells)
        first.setdefault(row.name, row)
        pools.setdefault(row.name, []).append(row.pool)
    named = {name: tuple(clean(pool) for pool in dict.fromkeys(found) if pool) for name, found in pools.items()}
    return tuple(_node(row, named[name], site) for name, row in first.items())


class _NodeRow(NamedTuple):
    """A row of sinfo, in the order of SINFO_FIELDS."""

    name: str
    pool: str
    state: str
    gres: str
    gres_used: str
    cpus: str
    load: str
    memory: str
    memory_used: str
    features: str
    reason: str
    user: str
    since: str


def _node(row: _NodeRow, pools: tuple[str, ...], site: str) -> Node:
    states = node_states((row.state,))
    used, total = _cpus(row.cpus)
    memory, memory_used = whole_number(row.memory), whole_number(row.memory_used)
    why = None if row.reason in ("none", "Unknown") else clean_optional(row.reason)
    return Node(
        site=site,
        name=clean(row.name),
        states=states,
        condition=node_condition(states, used),
        pools=pools,
        accelerators=tres.node_accelerators(row.gres, row.gres_used, idle=used == 0 and not memory_used),
        cpus=total,
        cpus_used=used,
        memory=memory << 20 if memory else None,
        memory_used=None if memory_used is None else memory_used << 20,
        cpu_load=float(row.load) if re.fullmatch(r"\d+(\.\d+)?", row.load) else None,
        features=tuple(clean(f) for f in row.features.split(",") if f and f not in NOTHING),
        reason=why,
        reason_user=None if row.user == "Unknown" or why is None else clean_optional(row.user),
        reason_since=moment(row.since) if why else None,
    )


def _cpus(text: str) -> tuple[int | None, int | None]:
    """CPUs in use and in all, from sinfo's "allocated/idle/other/total"."""
    parts = text.split("/")
    return (whole_number(parts[0]), whole_number(parts[3])) if len(parts) == 4 else (None, None)
