"""What was noticed while reading one request: its errors and warnings, and where in it they arose."""

import json
from collections.abc import Collection

from naru_client.mock.actions_errors import Refusal, error, warning
from naru_client.mock.wire_values import Body


class Unreadable(Exception):
    """A value that cannot be made sense of."""

    def __init__(self, number: int, words: str) -> None:
        super().__init__(number, words)
        self.number, self.words = number, words


class Notes:
    """The notes of one request; `now` is when it is read."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.errors: list[Body] = []
        self.warnings: list[Body] = []

    def warn(self, words: str, source: str) -> None:
        self.warnings.append(warning(words, source))

    def note(self, number: int, words: str, source: str) -> None:
        """Note an error."""
        self.errors.append(error(number, words, source))

    def only(self, words: Collection[str], known: frozenset[str], path: str) -> None:
        """Note an error for the first of these words that is none of those known."""
        unknown = sorted(set(words) - known)
        if unknown and not self.errors:
            self.errors.append(error(9207, f'Unknown flag "{unknown[0][:200]}"', f"{path}[0]/"))

    def refuse(self, number: int, words: str, source: str, body: Body | None = None) -> Refusal:
        """The refusal for what was read so far and this."""
        return Refusal([*self.errors, error(number, words, source)], self.warnings, body=body)

    def checked(self, *after: tuple[int, str, str], body: Body | None = None) -> None:
        """Raise Refusal when something was unreadable; `after` are the further errors that this then means."""
        if self.errors:
            raise Refusal([*self.errors, *(error(*one) for one in after)], self.warnings, body=body)


class Place:
    """Where in a request a value stands: "#/job/nodes/"."""

    def __init__(self, notes: Notes, path: str) -> None:
        self.notes, self.path = notes, path

    def warn(self, words: str) -> None:
        self.notes.warn(words, self.path)

    def mistaken(self, wanted: str, value: object) -> None:
        """Warn that the specification wants another kind of value here."""
        self.warn(f"Expected OpenAPI type={_WANTED[wanted]} but got OpenAPI type={_found(value)}: {shown(value)}")


_WANTED = {
    "text": "string (Slurm type=string)",
    "whole": "integer format=int32 (Slurm type=64 bit integer)",
    "truth": "boolean (Slurm type=boolean)",
    "list": "array (Slurm type=list)",
}
_OPENAPI = {
    dict: "object", list: "array", str: "string", bool: "boolean", int: "integer format=int64",
    float: "number format=double",
}  # fmt: skip
_SLURM = {
    dict: "dictionary", list: "list", str: "string", bool: "boolean", int: "64 bit integer",
    float: "floating point number",
}  # fmt: skip


def _found(value: object) -> str:
    return f"{_OPENAPI.get(type(value), 'null')} (Slurm type={slurm_type(value)})"


def slurm_type(value: object) -> str:
    """What Slurm calls this kind of value."""
    return _SLURM.get(type(value), "null")


def shown(value: object) -> str:
    """A value as JSON, its strokes escaped as json-c escapes them; a long one cut off."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))[:1000].replace("/", "\\/")


def short(name: str) -> str:
    """A name out of a request, for an error: cut off where it is long, and without what no text may hold."""
    return name[:200].encode("utf-8", "replace").decode()
