"""A face of the simulated centre: slurmrestd before slurmctld and slurmdbd, data_parser v0.0.44, as an ASGI app.

It answers what a real one answers, in its shapes and with its manners (which status, which content type, what a refusal
looks like), and has nothing of its own. Time passes in the simulation as it passes on the clock it was given.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from naru_client.mock.requests import Trouble
from naru_client.mock.simulator import Simulator
from naru_client.mock.slurmctld import Slurmctld
from naru_client.mock.slurmdbd import Slurmdbd
from naru_client.mock.wire_values import VERSION, Body, meta

Message = MutableMapping[str, Any]
JSON, TEXT = "application/json", "text/plain"

_PATH = re.compile(rf"/(slurm|slurmdb)/{re.escape(VERSION)}/(.+?)/?")
_NO_SUCH_URL = (
    "Unable to find requested URL endpoint. Please query the '/openapi/v3' endpoint or visit "
    "'https://slurm.schedmd.com/rest_api.html' for the OpenAPI specification which includes a list of all possible "
    "slurmrestd endpoints."
)


class Reply(Struct, frozen=True):
    status: int
    content_type: str = ""
    body: bytes = b""


class Slurmrestd:
    """The ASGI app. `tokens` maps each token that is accepted to the user it belongs to; `clock` gives epoch seconds,
    of which `speed` simulated ones pass for every real one from the moment the app is made."""

    def __init__(
        self, simulator: Simulator, tokens: Mapping[str, str], clock: Callable[[], float], speed: float = 1.0
    ) -> None:
        self.simulator = simulator
        self._tokens = dict(tokens)
        self._clock, self._speed = clock, speed
        self._opened, self._began = clock(), simulator.now
        self._encoder = msgspec.json.Encoder()
        self._parts: dict[str, Slurmctld | Slurmdbd] = {"slurm": Slurmctld(simulator), "slurmdb": Slurmdbd(simulator)}

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        reply = self.reply(scope["method"], scope["path"], query, headers)
        lines = [(b"content-length", str(len(reply.body)).encode())]
        if reply.content_type:
            lines.append((b"content-type", reply.content_type.encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": lines})
        await send({"type": "http.response.body", "body": reply.body})

    def reply(self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        """Answer one request; header names are lower case."""
        self.simulator.advance(self._began + (self._clock() - self._opened) * self._speed)
        token = headers.get("x-slurm-user-token") or headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            return Reply(401, TEXT, b"Authentication failure")
        match = _PATH.fullmatch(path)
        if match is None:
            return Reply(404, TEXT, _NO_SUCH_URL.encode())
        part, tail = match.groups()
        plugin = "slurmctld" if part == "slurm" else "slurmdbd"
        user = self._tokens.get(token, "")
        head = meta(self.simulator.scenario, plugin, user)
        try:
            if not user or headers.get("x-slurm-user-name", user) != user:
                raise Trouble(511, (1007, "Protocol authentication error", f"{plugin}_authenticate()"))
            question = self._parts[part].find(tail)
            if question is None:
                return Reply(404, TEXT, _NO_SUCH_URL.encode())
            if method != "GET":
                return Reply(405, TEXT, b"Method not allowed")
            if not _accepts_json(headers.get("accept", "*/*")):
                return Reply(415, TEXT, b"Unsupported media type")
            body = question(query)
        except Trouble as trouble:
            if not trouble.errors:
                return Reply(trouble.status, TEXT, b"Unspecified error")
            errors = [
                {"description": words, "error_number": number, "error": words, "source": source}
                for number, words, source in trouble.errors
            ]
            return self._json(trouble.status, {**trouble.body, "meta": head, "errors": errors, "warnings": []})
        if body is None:
            return Reply(304)
        return self._json(200, {**body, "meta": head, "errors": [], "warnings": body.get("warnings", [])})

    def _json(self, status: int, body: Body) -> Reply:
        return Reply(status, JSON, self._encoder.encode(body))


def _accepts_json(accept: str) -> bool:
    kinds = {part.split(";")[0].strip() for part in accept.split(",")}
    return not kinds.isdisjoint({JSON, "application/*", "*/*"})
