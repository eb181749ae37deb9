"""How FirecREST reads a request and how it refuses one: FastAPI's validation, and the errors of the project's own."""

import re
from collections.abc import Mapping
from typing import Any

from naru_client.mock.requests import Caller
from naru_client.mock.wire_values import Body

_INTEGER = re.compile(r"\s*([+-]?[0-9]+(?:_[0-9]+)*)(?:\.0*)?\s*")
_TRUE, _FALSE = {"1", "on", "t", "true", "y", "yes"}, {"0", "off", "f", "false", "n", "no"}
_JOB_ID = re.compile(r"[a-zA-Z0-9]+")
_MOST_DIGITS = 4300
_SOURCES = "/opt/firecrest-v2/src/firecrest"


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(
        self, status: int, message: str, *, kind: str = "error", caused_by: list[str] | None = None,
        data: Body | None = None, headers: tuple[tuple[str, str], ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(status, message)
        self.status = status
        self.kind, self.message, self.caused_by, self.data = kind, message, caused_by, data
        self.headers = headers

    def body(self, user: str | None) -> Body:
        return {
            "errorType": self.kind, "message": self.message, "causedBy": self.caused_by, "data": self.data,
            "user": user,
        }  # fmt: skip


class Request:
    """One request to an endpoint; `endpoint` is (router, template of the path, line and name of the function)."""

    def __init__(
        self, method: str, endpoint: tuple[str, str, int, str], query: Mapping[str, str], caller: Caller, system: str,
        job_id: str = "",
    ) -> None:  # fmt: skip
        self.method = method
        self.endpoint = endpoint
        self.query = query
        self.caller = caller
        self.system = system
        self.job_id = job_id
        self._wrong: list[Body] = []

    def check_job_id(self) -> None:
        if not _JOB_ID.fullmatch(self.job_id):
            pattern = "^[a-zA-Z0-9]+$"
            self._blame(
                "path", "job_id", "string_pattern_mismatch", f"String should match pattern '{pattern}'", self.job_id,
                ctx={"pattern": pattern},
            )  # fmt: skip

    def integer(self, name: str, default: int | None = None) -> int | None:
        text = self.query.get(name)
        if text is None:
            return default
        match = _INTEGER.fullmatch(text)
        if match is None:
            words = "Input should be a valid integer, unable to parse string as an integer"
            self._blame("query", name, "int_parsing", words, text)
        elif len(match[1]) > _MOST_DIGITS:
            words = "Unable to parse input string as an integer, exceeded maximum size"
            self._blame("query", name, "int_parsing_size", words, text)
        else:
            return int(match[1])
        return default

    def boolean(self, name: str) -> bool:
        text = self.query.get(name)
        if text is None or text.casefold() in _FALSE:
            return False
        if text.casefold() not in _TRUE:
            words = "Input should be a valid boolean, unable to interpret input"
            self._blame("query", name, "bool_parsing", words, text)
        return True

    def check(self) -> None:
        """Raise Refused when a parameter was not as it should be. Its message tells where the server's files lie."""
        if not self._wrong:
            return
        router, path, line, function = self.endpoint
        count = len(self._wrong)
        message = f"{count} validation error{'s' if count > 1 else ''}:\n"
        message += "".join(f"  {error}\n" for error in self._wrong)
        message += f'\n  File "{_SOURCES}/{router}/router.py", line {line}, in {function}\n    {self.method} {path}'
        fields = [{"location": e["loc"][0], "name": e["loc"][1], "message": e["msg"]} for e in self._wrong]
        raise Refused(400, message.capitalize(), kind="validation", data={"fields": fields})

    def _blame(self, location: str, name: str, kind: str, words: str, given: str, **more: Any) -> None:
        self._wrong.append({"type": kind, "loc": (location, name), "msg": words, "input": given, **more})


def remote(status: int, stderr: str) -> Refused:
    """A command on the login node that failed: by what it said FirecREST finds the status."""
    message = f"Remote process failed with exit status:{status} and error message:{stderr.strip()}"
    if "No such file or directory" in stderr:
        return Refused(404, message)
    if "Permission denied" in stderr or "Operation not permitted" in stderr:
        return Refused(403, message)
    if "File exists" in stderr or "invalid user" in stderr:
        return Refused(400, message)
    return Refused(500, message)
