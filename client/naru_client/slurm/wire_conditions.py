"""What a node's state words come to. Pure; used for JSON and for the text lists alike."""

from collections.abc import Iterable
from functools import lru_cache

from naru_client.model import NodeCondition
from naru_client.text import clean

_SHORT = {
    "ALLOC": "ALLOCATED", "MIX": "MIXED", "DRNG": "DRAINING", "DRAINED": "DRAINED", "COMP": "COMPLETING",
    "RESV": "RESERVED", "PLND": "PLANNED", "FAILG": "FAILING", "POW_UP": "POWERING_UP", "POW_DN": "POWERING_DOWN",
    "INVAL": "INVALID_REG", "UNK": "UNKNOWN", "FUTR": "FUTURE", "BOOT": "REBOOT_ISSUED", "REBOOT": "REBOOT_REQUESTED",
}  # fmt: skip
_SUFFIXES = {
    "*": "NOT_RESPONDING", "~": "POWERED_DOWN", "#": "POWERING_UP", "%": "POWERING_DOWN", "!": "POWER_DOWN",
    "$": "MAINTENANCE", "@": "REBOOT_REQUESTED", "^": "REBOOT_ISSUED", "-": "PLANNED",
}  # fmt: skip


def node_states(said: Iterable[str]) -> tuple[str, ...]:
    """State words as newer versions of Slurm give them, upper case, each once: from "mixed", "down*", "idle+cloud"."""
    return _node_states(tuple(said))


@lru_cache(maxsize=1024)
def _node_states(said: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in said:
        for word in clean(text, 200).upper().split("+"):
            word = word.strip()
            flags = []
            while word and word[-1] in _SUFFIXES:
                flags.append(_SUFFIXES[word[-1]])
                word = word[:-1]
            if word:
                found[_SHORT.get(word, word)] = None
            found.update(dict.fromkeys(flags))
    return tuple(found)


_BUSY = frozenset({"ALLOCATED", "MIXED", "COMPLETING", "DRAINING", "FAILING"})
_LEAVING = frozenset({"DRAIN", "DRAINED", "DRAINING", "FAIL", "FAILING", "POWER_DOWN", "POWER_DRAIN"})
_DOWN = frozenset({"DOWN", "ERROR", "FUTURE", "INVALID_REG", "REBOOT_ISSUED", "POWERING_DOWN"})
_POWERING_UP = frozenset({"POWERING_UP", "POWER_UP"})


def node_condition(states: Iterable[str], cpus_used: int | None = None) -> NodeCondition:
    """One word for where a node stands. The first of these that fits:

    - draining: it takes no new work (DRAIN, FAIL, or to be powered down) and still has some; drained: it has none.
      As in sinfo, a drained node that is also down is drained. FAIL without work is down.
    - down: DOWN, ERROR, rebooting, powering down, not answering (unless it is on its way up), and powered down.
    - idle, when powered down in the cloud (CLOUD): it is started on demand, so work can be given to it.
    - reserved, planned: an idle node kept for a reservation or maintenance, or for a job about to start.
    - allocated, mixed, idle by its base state; mixed too while only an epilog still runs.
    - unknown: no word of these is among its states.

    `cpus_used` decides whether work is on it where the words do not.
    """
    return _condition(frozenset(states), bool(cpus_used))


@lru_cache(maxsize=1024)
def _condition(states: frozenset[str], used: bool) -> NodeCondition:
    busy = used or bool(states & _BUSY)
    if states & _LEAVING:
        if busy:
            return "draining"
        return "down" if not states & {"DRAIN", "DRAINED"} else "drained"
    if states & _DOWN:
        return "down"
    if "NOT_RESPONDING" in states and not states & (_POWERING_UP | {"POWERED_DOWN"}):
        return "down"
    if "POWERED_DOWN" in states and not busy:
        return "idle" if "CLOUD" in states else "down"
    if "ALLOCATED" in states:
        return "allocated"
    if "MIXED" in states or "COMPLETING" in states:
        return "mixed"
    if states & {"RESERVED", "MAINT", "MAINTENANCE"}:
        return "reserved"
    if "PLANNED" in states:
        return "planned"
    if "IDLE" in states or states & _POWERING_UP:
        return "mixed" if used else "idle"
    return "unknown"
