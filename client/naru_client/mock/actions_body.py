"""How slurmrestd reads the body of a request: by the fields it knows, with a warning for any it does not."""

from collections.abc import Mapping
from typing import Any

import msgspec

from naru_client.mock.actions_errors import Refusal, error
from naru_client.mock.actions_notes import Notes, Place, Unreadable, slurm_type
from naru_client.mock.actions_values import READERS
from naru_client.mock.requests import Query

Fields = dict[str, Any]
DEEPEST = 32  # levels; json-c reads no more
_LEAST, _MOST = -(2**63), 2**63 - 1  # json-c has no number beyond


def load(body: bytes, query: Query) -> object:
    """What a request brings: its body as JSON, or its parameters where it has none. Raises Refusal."""
    if not body:
        return dict(query)
    try:
        return _tamed(msgspec.json.decode(body), DEEPEST)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        raise Refusal((), text="Failure during parsing") from None


def read(data: object, fields: Mapping[str, str], kind: str, path: str, notes: Notes) -> Fields:
    """What stands in an object, by name: each field read as what `fields` says; `kind` is Slurm's name for the whole.
    The first that is unreadable ends it, with an error in the notes."""
    values: Fields = {}
    if not isinstance(data, dict):
        notes.errors.append(error(9209, f"Rejecting {slurm_type(data)} when dictionary expected", path))
        return values
    for name, wanted in fields.items():
        value = data.get(name)
        if value is None:
            continue
        place = Place(notes, f"{path}{name}/")
        try:
            found = READERS[wanted](value, place)
        except Unreadable as trouble:
            notes.errors.append(error(trouble.number, trouble.words, place.path))
            break
        if found is not None:
            values[name] = found
    for name, value in data.items():
        if name not in fields:
            _unknown(f"{path}{name}/", name, value, kind, notes)
    return values


def _unknown(path: str, name: str, value: object, kind: str, notes: Notes) -> None:
    if isinstance(value, dict):  # it might be known further in
        for inner, leaf in value.items():
            _unknown(f"{path}{inner}/", inner, leaf, kind, notes)
    else:
        notes.warn(f'Ignoring unknown field "{name}" of type {slurm_type(value)} in DATA_PARSER_{kind}', path)


def _tamed(value: Any, levels: int) -> Any:
    """A value within the bounds of json-c. Raises ValueError for one that is nested too deeply, or is none at all."""
    if value is None and levels == DEEPEST:
        raise ValueError("nothing")
    if isinstance(value, int) and not isinstance(value, bool):
        return min(max(value, _LEAST), _MOST)
    if isinstance(value, list | dict):
        if not levels:
            raise ValueError("too deep")
        if isinstance(value, dict):
            return {name: _tamed(one, levels - 1) for name, one in value.items()}
        return [_tamed(one, levels - 1) for one in value]
    return value
