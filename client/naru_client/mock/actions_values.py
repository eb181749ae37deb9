"""The kinds of values a request may hold, each read as leniently as data_parser reads it.

A value that is not of the kind its field wants is converted where that loses nothing, with a warning; what cannot be
converted is Unreadable.
"""

import math
import re
from collections.abc import Callable
from typing import Any

from naru_client.hostlist import expand
from naru_client.mock.actions_notes import Place, Unreadable, shown, slurm_type
from naru_client.mock.actions_words import node_range, read_begin
from naru_client.mock.wire_values import NO_TASK, SIGNALS

NO_VALUE = NO_TASK  # of a number of 32 bits: "not set"; one more is "infinite"

_SIGNAL_NUMBERS = {name: number for number, name in SIGNALS.items()}
_UNITS = {"": 1.0, "k": 1 / 1024, "m": 1.0, "g": 1024.0, "t": 1024.0 * 1024}
_MEMORY = re.compile(r"([0-9]{1,15})([kmgt]?)b?", re.IGNORECASE)
_YES, _NO = frozenset(("y", "yes", "t", "true", "on", "1")), frozenset(("", "n", "no", "f", "false", "off", "0"))


def text(value: object, place: Place) -> str:
    if not isinstance(value, str):
        place.mistaken("text", value)
        if isinstance(value, list | dict):
            raise Unreadable(9202, f"Expecting string but got {shown(value)}")
    return plain(value)


def plain(value: object) -> str:
    """A single value as the text Slurm makes of it; a text of C ends at its first zero byte."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:f}"
    return str(value).partition("\0")[0]


def _whole(value: object, place: Place) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    place.mistaken("whole", value)
    if isinstance(value, float):
        return round(value)
    if isinstance(value, str):
        return _digits(value)
    raise Unreadable(9202, f"Expected integer but got {shown(value)}")


def _digits(value: str) -> int:
    try:
        if len(value) <= 20:
            return int(value, 16 if value[:2].lower() == "0x" else 10)
    except ValueError:
        pass
    raise Unreadable(9202, f"Expected integer but got {shown(value)}")


def whole(value: object, place: Place) -> int | None:
    """32 bits without a sign; what does not fit in them counts as not given."""
    number = _whole(value, place)
    return number if 0 <= number < NO_VALUE else None


def short(value: object, place: Place) -> int | None:
    """16 bits without a sign: the lowest of what is given."""
    number = _whole(value, place) & 0xFFFF
    return number if number < 0xFFFE else None


def nice(value: object, place: Place) -> int:
    number = _whole(value, place)
    if abs(number) > 2_147_483_645:
        raise Unreadable(2123, "Nice value not within +/- 2147483645")
    return number


def truth(value: object, place: Place) -> bool:
    if isinstance(value, bool):
        return value
    place.mistaken("truth", value)
    if isinstance(value, int | float):
        return bool(value)
    if isinstance(value, str) and value.lower() in _YES | _NO:
        return value.lower() in _YES
    raise Unreadable(9202, f"Expected boolean but got {shown(value)}")


def number(value: object, place: Place) -> float | None:
    """A number with its flags, or a plain one: None is not set, infinity is infinite. Without its flag `set` a number
    counts for nothing."""
    if isinstance(value, dict):
        flags_given = {name: value.get(name) for name in ("infinite", "set")}
        infinite, given = (flag is not None and truth(flag, place) for flag in flags_given.values())
        if infinite or not given:
            return math.inf if infinite else None
        value = value.get("number", 0)
    if isinstance(value, str):
        value = _digits(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(9202, f"Expected integer but got {shown(value)}")
    found = int(value)
    if found in (-2, NO_VALUE):
        return None
    return found if 0 <= found < NO_VALUE else math.inf


def time(value: object, place: Place) -> float | None:
    """Epoch seconds, or a time in words; None is not set."""
    if isinstance(value, str):
        found = read_begin(value.strip(), place.notes.now)
        if found is None:
            raise Unreadable(9202, f"Parsing of {plain(value)} for timestamp failed")
        return found
    found = number(value, place)
    return None if found is None or math.isinf(found) else found


def memory(value: object, place: Place) -> float | None:
    """MiB; infinite is all there is, which Slurm writes as 0."""
    if isinstance(value, str):
        match = _MEMORY.fullmatch(value.strip())
        if match is None:
            raise Unreadable(9202, f"Invalid formatted memory size: {plain(value)}")
        return float(math.ceil(int(match[1]) * _UNITS[match[2].lower()]))
    found = number(value, place)
    return 0.0 if found == math.inf else found


def nodes(value: object, place: Place) -> tuple[int, int]:
    """The least and the most nodes."""
    if isinstance(value, list):
        if not 1 <= len(value) <= 2:
            raise Unreadable(9202, "Node count in format of a list must have a cardinality of 2 or 1")
        counts = [_whole(entry, place) for entry in value]
        return min(counts), max(counts)
    found = node_range(text(value, place))
    if found is None:
        raise Unreadable(9202, f"Unknown format: {shown(value)}")
    return found


def strings(value: object, place: Place) -> list[str]:
    """A list of texts; an object gives `name=value` for each of its entries."""
    if not isinstance(value, list):
        place.mistaken("list", value)
    if not isinstance(value, list | dict):
        raise Unreadable(9208, f"expected a list of strings but got {shown(value)}")
    return _entries(value)


def csv(value: object, place: Place) -> list[str]:
    """A text with commas, or a list of such."""
    joined = ",".join(_entries(value)) if isinstance(value, list | dict) else text(value, place)
    return [part for part in joined.split(",") if part]


def hosts(value: object, place: Place) -> tuple[str, ...]:
    """The names of a hostlist, or of a list of them."""
    joined = ",".join(_entries(value)) if isinstance(value, list | dict) else text(value, place)
    try:
        return expand(joined)
    except ValueError:
        raise Unreadable(9202, f"Invalid hostlist string: {joined[:200]}") from None


def flags(value: object, place: Place) -> frozenset[str]:
    """Words of a list, or one word; in capitals."""
    if not isinstance(value, str | list):
        raise Unreadable(9206, f"Expected a List but found a {slurm_type(value)}")
    words = value.split(",") if isinstance(value, str) else [leaf for leaf in value if isinstance(leaf, str)]
    return frozenset(word.strip().upper() for word in words if word.strip())


def signal(value: object, place: Place) -> int | None:
    """A signal by number or name; None where it is empty."""
    if isinstance(value, int) and not isinstance(value, bool):
        place.mistaken("text", value)
        return value & 0xFFFF
    word = text(value, place).strip().upper()
    if not word:
        return None
    if word.isascii() and word.isdecimal() and len(word) <= 10:
        return int(word) & 0xFFFF
    found = _SIGNAL_NUMBERS.get(word.removeprefix("SIG"))
    if found is None:
        raise Unreadable(9202, f"Unknown signal {word[:100]}")
    return found


def anything(value: object, place: Place) -> object:
    return value


READERS: dict[str, Callable[[Any, Place], Any]] = {
    "text": text, "whole": whole, "short": short, "nice": nice, "truth": truth, "number": number, "time": time,
    "memory": memory, "nodes": nodes, "strings": strings, "csv": csv, "hosts": hosts, "flags": flags,
    "signal": signal, "any": anything,
}  # fmt: skip


def _entries(value: list[Any] | dict[str, Any]) -> list[str]:
    if isinstance(value, dict):
        return [f"{name}={_leaf(leaf)}" for name, leaf in value.items()]
    return [_leaf(leaf) for leaf in value]


def _leaf(value: object) -> str:
    if isinstance(value, list | dict):
        raise Unreadable(9202, f"expected string but got {shown(value)}")
    return "" if value is None else plain(value)
