"""A simulated site and questions to its slurmrestd, without a client between."""

import re
from typing import Any

import msgspec
from tests.client.mock_world import NOON, TINY

from naru_client.mock.asgi import Reply
from naru_client.mock.scenario import Scenario, load_scenario, parse_scenario
from naru_client.mock.simulator import Simulator
from naru_client.mock.slurmrestd import Slurmrestd
from naru_client.mock.world import SteppedClock, World

TOKEN = {"x-slurm-user-token": "secret"}


class Face:
    """One site at a stopped clock, asked by `user` (the site's own unless said otherwise); paths are without the
    version."""

    def __init__(self, scenario: Scenario, *, user: str = "", speed: float = 1.0, **settings: Any) -> None:
        self.clock = SteppedClock(NOON)
        self.world = World(scenario, 1, self.clock, speed=speed)
        self.site = self.world.site()
        self.app = Slurmrestd(self.site, trusted={"secret": user or self.site.plan.user}, **settings)

    @property
    def simulator(self) -> Simulator:
        return self.site.at_present()

    def by(self, user: str) -> "Face":
        """The same site, asked by somebody else."""
        other = Face.__new__(Face)
        other.clock, other.world, other.site = self.clock, self.world, self.site
        other.app = Slurmrestd(self.site, trusted={"secret": user}, contracts=self.app.contracts)
        return other

    def reply(self, path: str, headers: dict[str, str] = TOKEN, **query: str) -> Reply:
        return self.send("GET", path, headers, b"", **query)

    def send(self, method: str, path: str, headers: dict[str, str] = TOKEN, body: bytes = b"", **query: str) -> Reply:
        part, _, tail = path.partition("/")
        return self.app.reply(method, f"/{part}/v0.0.44/{tail}", query, headers, body)

    def get(self, path: str, **query: str) -> Any:
        reply = self.reply(path, TOKEN, **query)
        assert (reply.status, reply.content_type) == (200, "application/json"), reply.body
        return msgspec.json.decode(reply.body)

    def job(self, job_id: int) -> Any:
        [record] = [job for job in self.get("slurm/jobs")["jobs"] if job["job_id"] == job_id]
        return record

    def record(self, job_id: int) -> Any:
        [record] = self.get(f"slurmdb/job/{job_id}")["jobs"]
        return record

    def step(self, seconds: float) -> None:
        self.clock.step(seconds)


def tiny_face(extra: str = "", **settings: Any) -> Face:
    """A face over the tiny world of `mock_world`, with more TOML, which stands in place of what is of that name."""
    lines = TINY if not extra else _without(TINY, re.findall(r"^([a-z-]+) = ", extra, re.MULTILINE))
    return Face(parse_scenario(extra + lines, "tiny"), **settings)


def _without(toml: str, names: list[str]) -> str:
    for name in names:
        toml = re.sub(rf"^{name} = (\[$.*?^\]|.*?)$", "", toml, count=1, flags=re.MULTILINE | re.DOTALL)
    return toml


def small_face(**settings: Any) -> Face:
    """A face over the small scenario."""
    return Face(load_scenario("small"), **settings)


def number(value: Any) -> Any:
    """What a NOVAL wrapper holds; None when it is not set."""
    return value["number"] if value["set"] and not value["infinite"] else None


def amounts(entries: Any) -> dict[str, int]:
    """The amounts in a list of TRES, by resource."""
    return {e["type"] + ("/" + e["name"] if e["name"] else ""): e["count"] for e in entries}
