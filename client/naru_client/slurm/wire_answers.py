"""The envelope of an answer: reading JSON that may be broken, its errors, warnings and origin, and telling its kind.

Two kinds of faults are kept apart. What is not JSON, is cut off, or is not the object that was asked for raises
BadAnswer with the place. Everything inside a record is tolerated: text that is no UTF-8, control characters, NaN, and
fields of another type all decode.
"""

import json
import re
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from naru_client.errors import BadAnswer
from naru_client.i18n import _
from naru_client.slurm import versions
from naru_client.slurm.wire_values import Number, number, words
from naru_client.text import clean

LATEST_UPDATE = 4_102_444_800  # the year 2100; what claims to be later is no time

T = TypeVar("T")
Row = TypeVar("Row")

Kind = Literal[
    "jobs", "history", "states", "nodes", "sinfo", "partitions", "reservations", "ping", "associations", "qos", "tres",
    "shares", "users", "accounts", "clusters", "diag", "licenses", "error", "unknown",
]  # fmt: skip


class Meta(Struct, frozen=True):
    """Who answered: the parser ("v0.0.42"), Slurm's release ("24.11.5") and the cluster, where the answer says so."""

    parser: str | None = None
    release: str | None = None
    cluster: str | None = None


class Decoded(Struct, Generic[T], frozen=True, kw_only=True):
    """A decoded answer.

    `errors` are (number, words) with 0 for no number; a 200 may hold them, and what they mean is for the caller.
    `last_update` (seconds since 1970) is what to give as `update_time` next time. `unchanged`: the list is empty only
    because nothing changed since that time.
    """

    value: T
    warnings: tuple[str, ...] = ()
    errors: tuple[tuple[int, str], ...] = ()
    meta: Meta = Meta()
    last_update: int | None = None
    unchanged: bool = False


class Envelope(Struct, gc=False):
    """What stands beside the records in every answer."""

    meta: Any = None
    errors: Any = None
    warnings: Any = None
    last_update: Number = None


Odd = int | float | str | bool | None  # what may stand where an object or a list should

_UNCHANGED = re.compile(r"\bno\b.*\bchange", re.IGNORECASE)
_AT_BYTE = re.compile(r"byte (\d+)")
E_ = TypeVar("E_", bound=Envelope)


def read(body: bytes, wanted: type[E_], decoder: "msgspec.json.Decoder[E_]") -> E_:
    """Decode an answer; raises BadAnswer when it is no JSON object."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise _not_an_object() from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        data = _read_leniently(body, error)
    try:
        return msgspec.convert(data, wanted)
    except msgspec.ValidationError:
        raise _not_an_object() from None


def _read_leniently(body: bytes, error: Exception) -> Any:
    """The same bytes once more by a reader that takes broken UTF-8, control characters in strings, NaN and a BOM."""
    if not body.strip():
        raise BadAnswer(_("the answer is empty (0 bytes)"), _hint())
    too_deep = BadAnswer(_("the answer is nested too deeply to be one of Slurm's"), _hint())
    if isinstance(error, RecursionError):
        raise too_deep from None
    try:
        return json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except RecursionError:
        raise too_deep from None
    except ValueError:
        found = _AT_BYTE.search(str(error))
        if found is None:
            message = _("the answer is cut off: its JSON ends unfinished at byte {at}").format(at=len(body))
            raise BadAnswer(message, _("read it again, or record it again")) from None
        if found[1] == "0":
            words = clean(body[:60].decode("utf-8", "replace"), 60)
            message = _("the answer is not JSON (it begins with “{words}”)").format(words=words)
        else:
            message = _("the answer is not valid JSON at byte {at} of {size}").format(at=found[1], size=len(body))
        raise BadAnswer(message, _hint()) from None


def _hint() -> str:
    return _("it may have been cut off or mixed with other output: read it again, or record it again")


def _not_an_object() -> BadAnswer:
    return BadAnswer(_("the answer is JSON, but not one of Slurm's (no object at its top, at byte 0)"), _hint())


def rows(value: Any, kind: type[Row], name: str, envelope: Envelope) -> tuple[list[Row], tuple[str, ...]]:
    """The records of a list and a warning about each one that is none.

    A missing list is an empty one in an answer that reports an error, and where null stands; otherwise the answer is
    not what was asked for, and that raises BadAnswer.
    """
    if type(value) is not list:
        if value is msgspec.UNSET and not (errors(envelope.errors) or envelope.warnings):
            raise BadAnswer(
                _("the answer has no list of {name}").format(name=name), _("is this the answer to another question?")
            )
        if value not in (None, msgspec.UNSET, {}):
            raise BadAnswer(
                _("the answer holds something else where the list of {name} should be").format(name=name), _hint()
            )
        return [], ()
    found = [one for one in value if type(one) is kind]
    if len(found) == len(value):
        return found, ()
    lost = len(value) - len(found)
    return found, (_("{count} entries among the {name} are no records, and left out").format(count=lost, name=name),)


def decoded(envelope: Envelope, value: T, more: tuple[str, ...] = ()) -> Decoded[T]:
    """`value` with what stands beside it in its answer."""
    said = warnings(envelope.warnings)
    updated = number(envelope.last_update) or None
    return Decoded(
        value=value,
        warnings=said + more,
        errors=errors(envelope.errors),
        meta=meta(envelope.meta),
        last_update=updated if updated is not None and updated < LATEST_UPDATE else None,
        unchanged=not value and any(_UNCHANGED.search(line) for line in said),
    )


def meta(value: Any) -> Meta:
    """Who answered, from an answer's `meta`."""
    return Meta(versions.parser_version(value), versions.slurm_release(value), versions.cluster_name(value))


def warnings(value: Any) -> tuple[str, ...]:
    """The centre's warnings, a cleaned line each."""
    found = (_words_of(one, ("description", "warning", "error")) for one in (value if type(value) is list else ()))
    return tuple(line for line in found if line)


def errors(value: Any) -> tuple[tuple[int, str], ...]:
    """The centre's errors: number (0 for none) and a cleaned line."""
    found: list[tuple[int, str]] = []
    for one in value if type(value) is list else ():
        code: Any = 0
        if isinstance(one, dict):
            code = next((one[k] for k in ("error_number", "error_code", "errno", "code") if k in one), 0)
        code = code if type(code) is int else number(code) or 0
        line = _words_of(one, ("description", "error", "message"))
        if code or line:
            found.append((code, line))
    return tuple(found)


def _words_of(one: Any, keys: tuple[str, ...]) -> str:
    if isinstance(one, str):
        return clean(one)
    if not isinstance(one, dict):
        return ""
    said = list(dict.fromkeys(v for v in (one.get(key) for key in keys) if isinstance(v, str) and v.strip()))
    if len(said) > 1 and said[1] in said[0]:
        said = said[:1]
    return clean(": ".join(said))


_KEYS: tuple[tuple[str, Kind], ...] = (
    ("sinfo", "sinfo"), ("nodes", "nodes"), ("partitions", "partitions"), ("reservations", "reservations"),
    ("pings", "ping"), ("ping", "ping"), ("associations", "associations"), ("shares", "shares"), ("qos", "qos"),
    ("QOS", "qos"), ("TRES", "tres"), ("tres", "tres"), ("users", "users"), ("accounts", "accounts"),
    ("clusters", "clusters"), ("statistics", "diag"), ("licenses", "licenses"),
)  # fmt: skip
_JOB_FIELDS = ("job_state", "array_task_string", "submit_time", "user_name", "job_resources")
_HISTORY_FIELDS = ("association", "time", "required", "steps", "allocation_nodes")


_OBJECT: "msgspec.json.Decoder[dict[str, Raw]]" = msgspec.json.Decoder(dict[str, Raw])


def sniff(body: bytes) -> Kind:
    """Which answer this is, for a recording that does not say. Raises BadAnswer for what is no JSON object."""
    try:
        parts: dict[str, Any] = {key: _some(value) for key, value in _OBJECT.decode(body).items()}
    except msgspec.ValidationError:
        raise _not_an_object() from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        parts = _read_leniently(body, error)
        if not isinstance(parts, dict):
            raise _not_an_object() from None
    if "jobs" in parts:
        return _kind_of_jobs(parts)
    for key, kind in _KEYS:
        if key in parts:
            return kind
    return "error" if errors(parts.get("errors")) else "unknown"


def _some(value: Raw) -> Any:
    """A part of an answer as far as telling its kind needs it: lists of records by their first record."""
    if bytes(memoryview(value)[:1]) == b"[":
        return [msgspec.json.decode(one) for one in msgspec.json.decode(value, type=list[Raw])[:1]]
    return msgspec.json.decode(value)


def _kind_of_jobs(parts: dict[str, Any]) -> Kind:
    jobs = parts["jobs"]
    first = jobs[0] if type(jobs) is list and jobs else None
    if isinstance(first, dict):
        live, past = (sum(field in first for field in fields) for fields in (_JOB_FIELDS, _HISTORY_FIELDS))
        if live or past:
            return "history" if past > live or (past and isinstance(first.get("state"), dict)) else "jobs"
        if "job_id" in first:
            return "states" if "state" in first and len(first) <= 3 else "jobs"
        return "unknown" if first else "jobs"
    if errors(parts.get("errors")):
        return "error"
    return "history" if _from_accounting(parts.get("meta")) else "jobs"


def _from_accounting(value: Any) -> bool:
    """Whether an answer without records came from slurmdbd or sacct."""
    fields = value if isinstance(value, dict) else {}
    plugin = fields.get("plugin")
    kind = str(plugin.get("type", "")) if isinstance(plugin, dict) else ""
    command = words(fields.get("command"))
    return kind.startswith(("openapi/slurmdbd", "openapi/db")) or bool(command and command[0].endswith("sacct"))
