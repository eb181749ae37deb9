"""A face of the simulated centre: slurmrestd before slurmctld and slurmdbd, as an ASGI app.

It answers what a real one answers, in its shapes and with its manners (which status, which content type, what a refusal
looks like), and has nothing of its own. Bodies are those of data_parser v0.0.44; older contracts are projections of
them. A site is simulated as of the moment of each question.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from naru_client.mock import util
from naru_client.mock.asgi import Message, Receive, Reply, Send, answer, body_of, headers_of
from naru_client.mock.contracts import REQUEUEING, project, requeues, served
from naru_client.mock.openapi import document
from naru_client.mock.parameters import unknown
from naru_client.mock.people import People
from naru_client.mock.requests import Caller, Query, Question, Trouble, read_query
from naru_client.mock.simulator import Simulator
from naru_client.mock.slurmctld import Slurmctld
from naru_client.mock.slurmdbd import Slurmdbd
from naru_client.mock.wire_values import VERSION, Body, Records, encode, meta
from naru_client.mock.world import Site

if TYPE_CHECKING:
    from naru_client.mock.actions import Controller

Action = Callable[[Caller, Query, bytes], Body]
JSON, TEXT = "application/json", "text/plain"
MOST_BODY = 1 << 20  # bytes of a request

_PATH = re.compile(r"/(slurm|slurmdb|util)/(v[0-9.]{1,12})/(.+?)/?")
_DOCUMENTS = ("/openapi", "/openapi/v3", "/openapi.json")
_PLUGINS = {"slurm": "slurmctld", "slurmdb": "slurmdbd", "util": "util"}
_SEE = (
    "Please query the '/openapi/v3' endpoint or visit 'https://slurm.schedmd.com/rest_api.html' for the OpenAPI "
    "specification which includes a list of all possible slurmrestd endpoints."
)
_CLOSE = (("connection", "close"),)  # a refusal ends the connection


def refusal(status: int, words: str) -> Reply:
    """A refusal before anybody was asked: plain text."""
    return Reply(status, TEXT, words.encode(), _CLOSE)


NOT_SIGNED_IN = refusal(401, "Authentication failure")
NOT_FOUND = refusal(404, f"Unable to find requested URL endpoint. {_SEE}")
NOT_ALLOWED = refusal(405, f"Requested HTTP query method is not supported at URL endpoint. {_SEE}")
TOO_LARGE = refusal(413, "HTTP Content-Length header too large to process")
NOT_ACCEPTED = refusal(415, "HTTP Accept header content type is unknown or unsupported")
UNKNOWN_TYPE = refusal(415, "MIME type is unknown to any loaded plugins")
BODY_AND_QUERY = refusal(400, "Unexpected HTTP body provided when URL Query provided")
UNREADABLE = refusal(500, "Unspecified error")


class _Parts(Struct, frozen=True):
    """What answers, once a site is simulated."""

    slurm: Slurmctld
    slurmdb: Slurmdbd
    coordinated: dict[str, frozenset[str]]


class Slurmrestd:
    """The ASGI app before a site. `trusted` maps tokens that are accepted besides the site's own to the users they
    belong to; `contracts` are the versions it speaks, `release` the Slurm it is of, the scenario's when empty.

    Nothing is simulated before the first question.
    """

    def __init__(
        self, site: Site, *, trusted: Mapping[str, str] = MappingProxyType({}),
        contracts: tuple[str, ...] = (VERSION,), release: str = "",
    ) -> None:  # fmt: skip
        self.site = site
        self.contracts = contracts
        self.release = release or site.plan.release
        self._trusted = dict(trusted)
        self._parts: _Parts | None = None
        self._controller: Controller | None = None

    def upgrade(self, release: str, contracts: tuple[str, ...]) -> None:
        """The site runs another Slurm from now on, which speaks these versions of the contract."""
        self.release, self.contracts = release, contracts
        if self._parts is not None:
            self._parts.slurm.node_writer.use_release(release)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        query = read_query(scope["query_string"].decode("latin-1"))
        body = await body_of(receive, MOST_BODY)
        if body is None:
            await answer(send, TOO_LARGE)
        else:
            await answer(send, self.reply(scope["method"], scope["path"], query, headers_of(scope), body))

    def reply(
        self, method: str, path: str, query: Mapping[str, str] | None, headers: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        """Answer one request as of now. Header names are lower case, the path is decoded; a query that cannot be read
        is None (see `read_query`)."""
        token = _token(headers)
        if not token:
            return NOT_SIGNED_IN
        if (path.rstrip("/") or "/") in _DOCUMENTS:
            return self._document(method)
        match = _PATH.fullmatch(path)
        if match is None or not self._speaks(match[2]) or not served(match[1], match[3], match[2]):
            return NOT_FOUND
        part, contract, tail = match.groups()
        simulator = self.site.at_present()
        parts = self._opened(simulator)
        question = self._question(part, tail)
        action = self._action(method, part, tail)
        if action is None and (question is None or method != "GET"):
            return NOT_ALLOWED if question is not None or self._takes_any(part, tail) else NOT_FOUND
        if refused := _unreadable(query, headers, body):
            return refused
        user = self._user(token, simulator.now)
        head = meta(_PLUGINS[part], contract, self.release, simulator.plan.cluster, user)
        try:
            caller = self._caller(user, headers, parts, _PLUGINS[part])
            if action is not None:
                told: Body | None = action(caller, query or {}, body)
            else:
                assert question is not None
                told = question(caller, query or {})
                if told is not None and (odd := unknown(part, tail, query or {})):
                    told["warnings"] = [*odd, *told.get("warnings", ())]
        except Trouble as trouble:
            if not trouble.errors:
                return refusal(trouble.status, trouble.text)
            told = {"warnings": [], **trouble.body, "meta": head, "errors": trouble.told()}
            return _json(trouble.status, told, _CLOSE)
        if told is None:
            return Reply(304)
        return _json(200, {"errors": [], "warnings": [], **project(part, told, contract), "meta": head})

    def _speaks(self, contract: str) -> bool:
        return contract in self.contracts or (contract == REQUEUEING and self.release >= "26.05")

    def _opened(self, simulator: Simulator) -> _Parts:
        if self._parts is None:
            people = People(simulator.plan)
            coordinated: dict[str, set[str]] = {}
            for account in simulator.plan.accounts:
                for name in account.coordinators:
                    coordinated.setdefault(name, set()).add(account.name)
            self._parts = _Parts(
                Slurmctld(simulator, people, self.release), Slurmdbd(simulator, people),
                {name: frozenset(accounts) for name, accounts in coordinated.items()},
            )  # fmt: skip
        return self._parts

    def _user(self, token: str, now: float) -> str:
        """Whom a token belongs to; empty when it is not good."""
        return self._trusted.get(token) or self.site.world.keyring.user(token, now) or ""

    def _caller(self, user: str, headers: Mapping[str, str], parts: _Parts, plugin: str) -> Caller:
        """Who asks. Raises Trouble for a token that is not good, and for somebody else's name beside it."""
        if not user or headers.get("x-slurm-user-name", user) != user:
            raise Trouble(511, (1007, "Protocol authentication error", f"{plugin}_authenticate()"))
        return Caller(user, user in self.site.plan.operators, parts.coordinated.get(user, frozenset()))

    def _question(self, part: str, tail: str) -> Question | None:
        assert self._parts is not None
        if part == "util":
            return None
        return self._parts.slurm.find(tail) if part == "slurm" else self._parts.slurmdb.find(tail)

    def _action(self, method: str, part: str, tail: str) -> Action | None:
        """What carries out a request to change something; None when there is no such thing."""
        if method == "GET" and not requeues(part, tail):  # the one GET that changes something
            return None
        if part == "util":
            return util.find(tail) if method == "POST" else None
        return self._writes().find(method, tail) if part == "slurm" else None

    def _takes_any(self, part: str, tail: str) -> bool:
        """Whether another method than the one used would do something there."""
        return any(self._action(method, part, tail) is not None for method in ("POST", "DELETE", "PUT"))

    def _writes(self) -> "Controller":
        if self._controller is None:
            from naru_client.mock.actions import Controller  # most sessions only read

            self._controller = Controller(self.site.at_present())
        return self._controller

    def _document(self, method: str) -> Reply:
        if method != "GET":
            return NOT_ALLOWED
        parts = self._opened(self.site.at_present())
        return _json(200, document(parts.slurm, parts.slurmdb, self._writes(), self.contracts, self.release))


def _token(headers: Mapping[str, str]) -> str:
    """The token of a request; empty when there is none, or two. Whether it is good shows when somebody is asked."""
    plain, bearer = headers.get("x-slurm-user-token", ""), headers.get("authorization", "")
    if plain and bearer:
        return ""
    return plain or (bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else "")


def _unreadable(query: Mapping[str, str] | None, headers: Mapping[str, str], body: bytes) -> Reply | None:
    """The refusal for a request that cannot be read, or whose answer could not be. Unlike with a real one, a body is
    taken to be JSON where nothing is said of it."""
    kinds = {part.split(";")[0].strip() for part in headers.get("accept", "*/*").split(",")}
    if kinds.isdisjoint({JSON, "application/*", "*/*"}):
        return NOT_ACCEPTED
    if query is None:
        return UNREADABLE
    if body and query:
        return BODY_AND_QUERY
    kind = headers.get("content-type", JSON).split(";")[0].strip().lower()
    if not body or kind == JSON:
        return None
    return UNREADABLE if kind == "application/x-www-form-urlencoded" else UNKNOWN_TYPE


def _json(status: int, body: Body, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A JSON answer; a list that is written already goes first and is not gone through again."""
    name = next((name for name, value in body.items() if isinstance(value, Records)), None)
    if name is None:
        return Reply(status, JSON, encode(body), headers)
    records: Records = body[name]
    rest = encode({key: value for key, value in body.items() if key != name})
    return Reply(status, JSON, records.joined(b'{"%b":' % name.encode(), b"," + rest[1:]), headers)
