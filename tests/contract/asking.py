"""A simulated site for the contract's tests, asked as slurmrestd is asked: bytes in, bytes out, no client between."""

import json
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.contract.manners import CTLD, JOB, SCRIPT
from tests.contract.published import NEWEST, contract

from naru_client.mock import scenario as scenarios
from naru_client.mock.asgi import Reply
from naru_client.mock.slurmrestd import Slurmrestd
from naru_client.mock.world import SteppedClock, World

SMALL = Path(scenarios.__file__).with_name("scenarios") / "small.toml"
OPERATOR = "u1024"  # of the small scenario, which has none by itself
RELEASE = "26.05.3"  # whose manners are known
OPENED = 1_795_500_000.0  # a Tuesday noon in Korea
LIFESPAN = 30 * 86_400.0  # of tokens: longer than any test lets pass


def load(scenario: str) -> scenarios.Scenario:
    """The scenario of that name, the small one with an operator besides."""
    if scenario != "small":
        return scenarios.load_scenario(scenario)
    text = SMALL.read_text(encoding="utf-8")
    has_one = any(line.startswith("operators") for line in text.splitlines())
    return scenarios.parse_scenario(text if has_one else f'operators = ["{OPERATOR}"]\n{text}', "small")


class Asked:
    """One site, a clock that stands still, and whoever asks: the site's own user unless said otherwise."""

    def __init__(self, scenario: str = "small", site: str = "", seed: int = 1, contracts: tuple[str, ...] = ()) -> None:
        self.clock = SteppedClock(OPENED)
        self.world = World(load(scenario), seed, self.clock, speed=1.0)
        self.site = self.world.site(site)
        self.plan = self.site.plan
        self.app = Slurmrestd(self.site, contracts=contracts or (NEWEST,), release=RELEASE)
        self.user = self.plan.user
        self.operator = next(iter(self.plan.operators), "")

    def token(self, user: str = "") -> str:
        return self.world.keyring.mint(user or self.user, self.world.now(), LIFESPAN)

    def ask(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        user: str = "",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """What the ASGI app answers to a URL as it is sent, with `body` as JSON, or as it is when it is bytes."""
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"content-type": "application/json"} if content else {}
        proof = self.token(user) if token is None else token
        told |= ({"x-slurm-user-token": proof} if proof else {}) | dict(headers or {})
        path, _, query = url.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method,
            "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode("latin-1"),
            "root_path": "", "headers": [(n.encode(), v.encode("latin-1")) for n, v in told.items()],
            "client": ("127.0.0.1", 40_000), "server": ("127.0.0.1", 6820),
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        _run(self.app(scope, receive, send))
        start, rest = sent[0], b"".join(part.get("body", b"") for part in sent[1:])
        lines = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start["headers"])
        kind = dict(lines).get("content-type", "").partition(";")[0]
        return Reply(start["status"], kind, rest, lines)

    def read(self, url: str, *, user: str = "") -> Any:
        """The JSON of a question that must be answered."""
        reply = self.ask("GET", url, user=user)
        assert reply.status == 200, f"{url}: {reply.status} {reply.body[:300]!r}"
        return json.loads(reply.body)

    def do(self, method: str, url: str, body: Any = None, *, user: str = "") -> Any:
        """The JSON of an action that must succeed, and be answered as documented."""
        reply = self.ask(method, url, body, user=user)
        assert reply.status == 200, f"{method} {url}: {reply.status} {reply.body[:300]!r}"
        operation = contract().operation(method, url.partition("?")[0])
        assert operation is not None
        assert contract().faults_of_answer(operation, reply.status, reply.body) == []
        return json.loads(reply.body)

    def submit(self, user: str = "", **job: Any) -> int:
        """The id of a job submitted to the first partition, held unless said otherwise."""
        whole = JOB | {"script": SCRIPT, "partition": self.plan.partitions[0].name, "hold": True} | job
        job_id: int = self.do("POST", f"{CTLD}/job/submit", {"job": whole}, user=user)["job_id"]
        return job_id

    def names(self) -> dict[str, str]:
        """One of everything that the paths of the contract name, and two running jobs: one's own and somebody's."""
        simulator = self.site.at_present()
        jobs = list(simulator.jobs.values())
        running = [job for job in jobs if job.state == "RUNNING"] or jobs
        mine = next((job for job in running if job.user == self.user), running[0])
        foreign = next((job for job in running if job.user != self.user), running[0])
        windows = [window.name for window in simulator.cluster.windows]
        partition = next(p.name for p in self.plan.partitions if p.state == "UP")
        return {
            "job_id": str(mine.id), "running": str(mine.id), "foreign": str(foreign.id),
            "partition": partition, "partition_name": partition, "node_name": next(iter(simulator.cluster.nodes)),
            "reservation_name": windows[0] if windows else "none", "account_name": mine.account, "name": mine.user,
            "qos": self.plan.qos[0].name, "cluster_name": self.plan.cluster, "id": "1",
        }  # fmt: skip

    def made(self) -> dict[str, str]:
        """A finished job, which slurmctld still knows, and an array that waits; both made here."""
        finished, group = self.submit(name="given-up"), self.submit(name="group", array="0-3")
        self.do("DELETE", f"{CTLD}/job/{finished}")
        return {"finished": str(finished), "group": str(group)}


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run what never really waits, without a loop."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise AssertionError("the app waits for something besides the request")
