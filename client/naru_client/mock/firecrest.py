"""A face of the simulated centre: FirecREST 2.5.6 before all its sites, as an ASGI app.

It has the real one's shapes and manners, its faults among them, and knows nothing but the simulation. Of the contract
it has what a client needs that watches jobs and reads their logs: status, jobs, cancelling, and the operations on files
that read. Submitting and attaching are refused (405), writing files and transfers are not there (404).
"""

import re
from collections.abc import Mapping
from math import inf, nextafter
from typing import Literal
from urllib.parse import parse_qsl

import msgspec

from naru_client.mock.asgi import Message, Receive, Reply, Send, answer, headers_of
from naru_client.mock.files import Files
from naru_client.mock.firecrest_files import NO_LOGIN, OPERATIONS, Shell, check_path
from naru_client.mock.firecrest_jobs import Jobs
from naru_client.mock.firecrest_request import Refused, Request
from naru_client.mock.firecrest_status import Status, liveness, system
from naru_client.mock.people import People
from naru_client.mock.requests import Caller
from naru_client.mock.slurmrestd import JSON
from naru_client.mock.wire_values import Body
from naru_client.mock.world import Site, World

RELEASE = "2.5.6"
MIN_TTL = 30.0  # seconds a token must still be good for
Mode = Literal["hybrid", "ssh"]

# Every endpoint that is served: its router, its path, and where FirecREST's source has it, which its errors tell.
_ENDPOINTS: dict[str, tuple[str, str, int, str]] = {
    "nodes": ("status", "/status/{system_name}/nodes", 60, "get_system_nodes"),
    "reservations": ("status", "/status/{system_name}/reservations", 92, "get_system_reservations"),
    "partitions": ("status", "/status/{system_name}/partitions", 120, "get_system_partitions"),
    "userinfo": ("status", "/status/{system_name}/userinfo", 156, "get_userinfo"),
    "jobs": ("compute", "/compute/{system_name}/jobs", 70, "get_jobs"),
    "job": ("compute", "/compute/{system_name}/jobs/{job_id}", 101, "get_job"),
    "metadata": ("compute", "/compute/{system_name}/jobs/{job_id}/metadata", 129, "get_job_metadata"),
    "cancel": ("compute", "/compute/{system_name}/jobs/{job_id}", 179, "delete_job_cancel"),
} | {
    name: ("filesystem/ops", f"/filesystem/{{system_name}}/ops/{name}", line, f"get_{name}")
    for name, line in zip(
        ("ls", "head", "view", "tail", "checksum", "file", "stat", "download"),
        (145, 203, 281, 353, 424, 451, 476, 607),
        strict=True,
    )
}  # fmt: skip
_STATUS = re.compile(r"/status/([^/]+)/(nodes|reservations|partitions|userinfo)")
_JOBS = re.compile(r"/compute/([^/]+)/jobs(?:/([^/]+)(/metadata|/attach)?)?")
_FILES = re.compile(r"/filesystem/([^/]+)/ops/([a-z]+)")
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


class Firecrest:
    """The ASGI app before a world. Systems are named as the sites; `mode` is how it speaks to their schedulers."""

    def __init__(self, world: World, *, mode: Mode = "hybrid") -> None:
        self.world = world
        self.mode: Mode = mode
        self._sites = {name.lower(): site for name, site in world.sites.items()}
        self._people: dict[str, People] = {}
        self._encoder = msgspec.json.Encoder()
        self._answered = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            await answer(send, self.reply(scope["method"], scope["path"], query, headers_of(scope)))

    def reply(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        """Answer one request as of now; header names are lower case."""
        self._answered += 1
        user: list[str] = []
        told = self._meta(headers)
        try:
            answer = self._answer(method, path.lower(), query, headers, user)
        except Refused as refused:
            if user:
                told = (*told, ("F7T-AuthUsername", user[0]))
            shown = self._encoder.encode(refused.body(user[0] if user else None))
            return Reply(refused.status, JSON, shown, (*told, *refused.headers))
        if isinstance(answer, Reply):
            return Reply(answer.status, answer.content_type, answer.body, (*told, *answer.headers))
        if isinstance(answer, bytes):
            return Reply(200, "application/octet-stream", answer, told)
        return Reply(200, JSON, self._encoder.encode(answer), told)

    def _answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], user: list[str]
    ) -> Body | bytes | Reply:
        """What is told. The first thing put into `user` is who asks, once that is known."""
        if path in ("/status/liveness/", "/status/systems"):
            _only(method, "GET")
            if path == "/status/liveness/":
                return liveness(list(self._sites), self.world.now())
            user.append(self._authenticate(headers))
            return {"systems": [system(s.plan, self.world.now(), self.mode) for s in self._sites.values()]}
        if match := _STATUS.fullmatch(path):
            _only(method, "GET")
            request, site = self._request(method, match[2], match[1], query, headers, user)
            status = Status(site.at_present(), self._known(site), ssh=self.mode == "ssh")
            return {
                "nodes": status.nodes, "reservations": status.reservations, "partitions": status.partitions,
                "userinfo": status.userinfo,
            }[match[2]](request)  # fmt: skip
        if match := _JOBS.fullmatch(path):
            return self._job_answer(method, match, query, headers, user)
        if (match := _FILES.fullmatch(path)) and match[2] in OPERATIONS:
            _only(method, "GET")
            return self._file_answer(match, query, headers, user)
        if self._elsewhere(path):
            where = ("http://" + headers["host"] if "host" in headers else "") + self._elsewhere(path)
            return Reply(307, headers=(("location", where),))
        raise Refused(404, "Not Found")

    def _job_answer(
        self, method: str, match: re.Match[str], query: Mapping[str, str], headers: Mapping[str, str], user: list[str]
    ) -> Body | Reply:
        name = "jobs" if match[2] is None else (match[3] or "/job")[1:]
        _only(method, {"job": "GET, DELETE", "attach": ""}.get(name, "GET"))
        if method == "DELETE":
            name = "cancel"
        request, site = self._request(method, name, match[1], query, headers, user, match[2] or "")
        if self.mode == "ssh" and not self._may_log_in(site, request.caller):
            raise Refused(500, "Error executing Slurm command.", caused_by=[NO_LOGIN])
        jobs = Jobs(site.at_present(), self._known(site), ssh=self.mode == "ssh")
        if name == "cancel":
            jobs.cancel(request)
            return Reply(204)
        return {"jobs": jobs.all, "job": jobs.one, "metadata": jobs.metadata}[name](request)

    def _file_answer(
        self, match: re.Match[str], query: Mapping[str, str], headers: Mapping[str, str], user: list[str]
    ) -> Body | bytes:
        request, site = self._request("GET", match[2], match[1], query, headers, user)
        check_path(request)
        simulator, caller = site.at_present(), request.caller
        files = Files(simulator, self._known(site), caller.user) if self._may_log_in(site, caller) else None
        return OPERATIONS[match[2]](Shell(files, simulator.now), request)

    def _request(
        self, method: str, name: str, place: str, query: Mapping[str, str], headers: Mapping[str, str],
        user: list[str], job_id: str = "",
    ) -> tuple[Request, Site]:  # fmt: skip
        """A request of somebody to a system. Raises Refused for nobody, and for no system."""
        user.append(self._authenticate(headers))
        site = self._sites.get(place)
        if site is None:
            raise Refused(404, "System not found")
        plan = site.plan
        caller = Caller(
            user[0], user[0] in plan.operators, frozenset(a.name for a in plan.accounts if user[0] in a.coordinators)
        )
        return Request(method, _ENDPOINTS[name], query, caller, place, job_id), site

    def _authenticate(self, headers: Mapping[str, str]) -> str:
        """Whom a token belongs to. A refusal says why, and carries the token back to whoever sent it."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refused(401, "Not authenticated", headers=(("WWW-Authenticate", "Bearer"),))
        keyring, now = self.world.keyring, self.world.now()
        back = (("auth-token", token),)
        try:
            ever, still, longer = (keyring.user(token, at) for at in (0.0, now, nextafter(now + MIN_TTL, -inf)))
        except RecursionError:
            ever = still = longer = None
        if ever is None:
            raise Refused(401, "Access token is invalid.", headers=back)
        if still is None:
            raise Refused(401, "Access token expired", headers=back)
        if longer is None:
            words = f"Access token expires too soon (less than {MIN_TTL:.0f}s remaining)."
            raise Refused(401, words, headers=back)
        return longer

    def _may_log_in(self, site: Site, caller: Caller) -> bool:
        """The login node knows them."""
        return caller.user in self._known(site).user_id or caller.operator

    def _known(self, site: Site) -> People:
        if site.name not in self._people:
            self._people[site.name] = People(site.at_present().plan)
        return self._people[site.name]

    def _meta(self, headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """The headers of every answer. Numbers instead of random ones: the same questions have the same answers."""
        names = ("x-request-id", "x-correlation-id")
        asked = {name: headers[name] for name in names if _UUID.fullmatch(headers.get(name, "").lower())}
        number = f"{self._answered:032x}"
        return (
            ("F7T-Timestamp", str(self.world.now())), ("F7T-AppVersion", RELEASE),
            *((name, asked.get(name, number)) for name in names),
        )  # fmt: skip

    def _elsewhere(self, path: str) -> str:
        """Where a path leads that has a slash at its end too many, or one too few."""
        if path == "/status/liveness":
            return path + "/"
        other = path.rstrip("/")
        known = other == "/status/systems" or any(p.fullmatch(other) for p in (_STATUS, _JOBS, _FILES))
        return other if known and other != path else ""


def _only(method: str, allowed: str) -> None:
    if method not in allowed.split(", "):
        raise Refused(405, "Method Not Allowed", headers=(("Allow", allowed),))
