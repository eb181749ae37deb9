"""Everything that depends on the version of Slurm, in one place.

Slurm names its JSON contract by parser: v0.0.35 … v0.0.37 (21.08, hand-written), v0.0.38 (22.05), then the generated
`data_parser` family from v0.0.39 (23.02) on. What changed between them is absorbed field by field in the decoders,
which accept every spelling in every version: nothing there asks for a version first, so a later one needs no new code.
What remains here is how an answer says which version it is, and in which order versions are tried.

Differences the decoders know of (older → newer):
  numbers      plain, with -1, 4294967294 and null for nothing → {"set", "infinite", "number"}
  job_state    one word → a list of words
  exit_code    wait status → {"set", …} → {"status", "return_code", "signal"}
  node state   a lower-case word and `state_flags` → a list of upper-case words
  partitions   flat names (`max_time_limit`) → nested (`maximums.time`)
  output path  the raw template (22.05) → expanded → raw again, with `stdout_expanded` beside it (v0.0.43)
  meta         `Slurm` → `slurm`; `plugin.name` or `plugins.data_parser` → `plugin.data_parser`
"""

import re
from typing import Any

from naru_client.text import clean_optional

NEWEST, OLDEST_NEGOTIATED, OLDEST_KNOWN = 45, 38, 35
NEGOTIATE: tuple[str, ...] = tuple(f"v0.0.{n}" for n in range(NEWEST, OLDEST_NEGOTIATED - 1, -1))
"""The parsers to ask a server for, best first."""

KNOWN: tuple[str, ...] = tuple(f"v0.0.{n}" for n in range(NEWEST, OLDEST_KNOWN - 1, -1))
"""The parsers whose answers have been seen; later ones are decoded all the same."""

_PARSER = re.compile(r"v(\d+)\.(\d+)\.(\d+)")


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def parser_version(meta: object) -> str | None:
    """The parser that wrote an answer ("v0.0.42"), from its `meta`; None when it does not say."""
    for key in ("plugin", "plugins"):  # 23.02's commands say `plugins`
        plugin = _dict(_dict(meta).get(key))
        for name in ("data_parser", "type", "name"):
            found = _PARSER.search(str(plugin.get(name, "")))
            if found:
                return found[0]
    return None


def slurm_release(meta: object) -> str | None:
    """Slurm's own release ("24.11.5"), from `meta`; None when it does not say."""
    slurm = _slurm(meta)
    release = slurm.get("release")
    if isinstance(release, str) and release:
        return clean_optional(release)
    version = _dict(slurm.get("version"))
    parts = [str(version.get(name, "")) for name in ("major", "minor", "micro")]
    if not all(part.isdecimal() for part in parts):
        return None
    return f"{int(parts[0])}.{int(parts[1]):02}.{int(parts[2])}"


def cluster_name(meta: object) -> str | None:
    """The cluster that answered, from `meta`; None before v0.0.40."""
    cluster = _slurm(meta).get("cluster")
    return clean_optional(cluster) if isinstance(cluster, str) else None


def parser_number(version: str | None) -> int | None:
    """What to compare parsers by: "v0.0.42" → 42; None for none and for anything that is not of that form."""
    found = _PARSER.fullmatch(version or "")
    return None if found is None else int(found[1]) * 1_000_000 + int(found[2]) * 1_000 + int(found[3])


def best_parser(offered: list[str] | tuple[str, ...]) -> str | None:
    """The newest parser of those a server or command offers that is negotiated here; None when there is none."""
    names = {found[0] for found in (_PARSER.search(name) for name in offered) if found}
    return next((version for version in NEGOTIATE if version in names), None)


def _slurm(meta: object) -> dict[str, Any]:
    fields = _dict(meta)
    return _dict(fields.get("slurm")) or _dict(fields.get("Slurm"))
