"""What `scontrol -o show` prints as text: partitions, reservations and the configuration, in every version. Pure.

Only records whose texts operators write are read this way; a job's are not, as its name could forge every field.
"""

import re

from naru_client.model import Pool, Reservation
from naru_client.slurm.text_values import duration, moment, whole_number
from naru_client.text import clean, clean_optional

_FIELD = re.compile(r"(?:^|\s)([A-Z][A-Za-z]*)=")
_SETTING = re.compile(r"^([A-Za-z]\w*)\s*= (.*)$", re.MULTILINE)
_NONE = frozenset({"", "(null)", "N/A", "NONE", "UNLIMITED"})

PARTITIONS_ARGV = ("scontrol", "-a", "-o", "show", "partition")
RESERVATIONS_ARGV = ("scontrol", "-a", "-o", "show", "reservation")
CONFIG_ARGV = ("scontrol", "show", "config")


def decode_partitions(body: bytes, *, site: str) -> tuple[Pool, ...]:
    """The partitions of PARTITIONS_ARGV, without what stands in them."""
    return tuple(_pool(record, site) for record in _records(body, "PartitionName"))


def decode_reservations(body: bytes, *, site: str) -> tuple[Reservation, ...]:
    """The reservations of RESERVATIONS_ARGV."""
    return tuple(
        Reservation(
            site=site,
            name=clean(r["ReservationName"]),
            start=moment(r.get("StartTime", "")),
            end=moment(r.get("EndTime", "")),
            node_list=clean_optional(r.get("Nodes")),
            nodes=whole_number(r.get("NodeCnt")),
            users=_list(r.get("Users")) or (),
            accounts=_list(r.get("Accounts")) or (),
            flags=_list(r.get("Flags")) or (),
        )
        for r in _records(body, "ReservationName")
    )


def decode_settings(body: bytes) -> dict[str, str]:
    """The settings of CONFIG_ARGV by name, cleaned."""
    text = body.decode("utf-8", "replace")
    return {found[1]: clean(found[2].strip()) for found in _SETTING.finditer(text)}


def _pool(r: dict[str, str], site: str) -> Pool:
    limit, default = r.get("MaxTime", ""), r.get("DefaultTime", "")
    return Pool(
        site=site,
        name=clean(r["PartitionName"]),
        state=clean(r.get("State", "")).upper() or "UNKNOWN",
        default=r.get("Default") == "YES",
        nodes=whole_number(r.get("TotalNodes")),
        node_names=clean_optional(r.get("Nodes")),
        max_time=duration(limit),
        unlimited_time=limit == "UNLIMITED",
        default_time=duration(default),
        max_nodes=whole_number(r.get("MaxNodes")),
        priority_tier=whole_number(r.get("PriorityTier")),
        qos=clean_optional(r.get("QoS")),
        allow_accounts=_allowed(r.get("AllowAccounts")),
        allow_qos=_allowed(r.get("AllowQos")),
        billing_weights=clean_optional(r.get("TRESBillingWeights")),
    )


def _records(body: bytes, first: str) -> list[dict[str, str]]:
    """One record a line, each beginning with the field `first`; a line that does not continues the one before."""
    lines: list[str] = []
    for line in body.decode("utf-8", "replace").splitlines():
        if line.startswith(f"{first}="):
            lines.append(line)
        elif lines:
            lines[-1] += f" {line}"
    return [_fields(line) for line in lines]


def _fields(line: str) -> dict[str, str]:
    """The fields of a line. A value may hold blanks; of a name that comes twice the first counts."""
    found = list(_FIELD.finditer(line))
    fields: dict[str, str] = {}
    for at, name in enumerate(found):
        end = found[at + 1].start() if at + 1 < len(found) else len(line)
        fields.setdefault(name[1], line[name.end() : end].strip())
    return fields


def _list(value: str | None) -> tuple[str, ...] | None:
    if value is None or value in _NONE:
        return None
    return tuple(clean(part) for part in value.split(",") if part)


def _allowed(value: str | None) -> tuple[str, ...] | None:
    """Who is let in; None for everybody."""
    return None if value in (None, "ALL") else _list(value)


def stored_script(told: str) -> str:
    """The script that `sacct --batch-script` prints below its heading; nothing where it says that it has none.

    The heading is "Batch Script for 123" and a rule; what follows several of them is taken from the last run.
    """
    parts = re.split(r"^Batch Script for [^\n]*\n-+\n", told, flags=re.MULTILINE)
    script = parts[-1] if len(parts) > 1 else ""
    return "" if script.strip() in ("", "NONE") else script
