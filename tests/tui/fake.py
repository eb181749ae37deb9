"""A centre of plain values for tests of the terminal: answers at once, or fails as told."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from msgspec.structs import replace

from naru_client.centre import Capability
from naru_client.errors import NaruError, NotProvided
from naru_client.insight.quota import Quota
from naru_client.insight.request import Request
from naru_client.logs.local import LocalLog
from naru_client.logs.source import LogSource
from naru_client.model import Accelerators, Job, Node, NodeAccelerators, Notice, Pool, Reservation, Site
from naru_client.reading import Reading

T = TypeVar("T")

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

HOSTILE = "\x1b]52;c;SGk=\x07[bold]x[/] [@click=app.quit]y[/] \u202egnp \x9b31m|\n한글"


def job(number: int, **changes: object) -> Job:
    """A running job of `me`, unless told otherwise."""
    base = Job(
        site="test",
        id=str(number),
        job_id=number,
        name=f"job{number}",
        user="me",
        account="lab",
        pool="h100",
        state="RUNNING",
        nodes=1,
        node_list="h100-01",
        accelerators=(Accelerators("gpu", "h100", 4),),
        submitted=NOW - timedelta(hours=3),
        started=NOW - timedelta(hours=2),
        elapsed=7200,
        time_limit=86400,
    )
    return replace(base, **changes)


def waiting(number: int, reason: str = "Priority", **changes: object) -> Job:
    return job(
        number, **{"state": "PENDING", "reason": reason, "started": None, "elapsed": None, "node_list": None, **changes}
    )


def node(name: str, used: int = 0, **changes: object) -> Node:
    base = Node(
        site="test",
        name=name,
        states=("MIXED" if used else "IDLE",),
        condition="mixed" if used else "idle",
        pools=("h100",),
        accelerators=(NodeAccelerators("gpu", "h100", 8, used),),
        cpus=64,
        cpus_used=used * 4,
    )
    return replace(base, **changes)


class FakeCentre:
    """Gives what it holds. `error`, when set, is raised instead, by every method."""

    id = "test"
    user: str | None = "me"
    capabilities: frozenset[Capability] = frozenset()

    def __init__(self, jobs: tuple[Job, ...] = (), nodes: tuple[Node, ...] = ()) -> None:
        self.held_jobs = jobs
        self.held_history: tuple[Job, ...] = ()
        self.held_nodes = nodes
        self.held_pools: tuple[Pool, ...] = (
            Pool(site="test", name="h100", state="UP", default=True, nodes=len(nodes)),
        )
        self.held_reservations: tuple[Reservation, ...] = ()
        self.held_quotas: tuple[Quota, ...] = ()
        self.held_notices: tuple[Notice, ...] = ()
        self.held_starts: dict[str, datetime | NaruError] = {}
        self.tested: list[tuple[Request, str, str | None, str | None]] = []
        self.error: NaruError | None = None
        self.errors: dict[str, NaruError] = {}
        self.calls: list[str] = []
        self.now = NOW
        self.closed = False

    def _give(self, topic: str, value: T) -> Reading[T]:
        self.calls.append(topic)
        if error := self.error or self.errors.get(topic):
            raise error
        return Reading(value, "a test", self.now)

    async def site(self) -> Reading[Site]:
        name = "testsite" if self.id == "test" else self.id
        return self._give(
            "site",
            Site(
                id=self.id,
                name=name,
                dialect="slurm",
                reached_by="commands",
                user=self.user,
                notices=self.held_notices,
            ),
        )

    async def jobs(self, *, user: str | None = None) -> Reading[tuple[Job, ...]]:
        return self._give("jobs", tuple(j for j in self.held_jobs if user is None or j.user == user))

    async def history(
        self,
        *,
        since: datetime,
        user: str | None,
        until: datetime | None = None,
        account: str | None = None,
        ran: bool = False,
    ) -> Reading[tuple[Job, ...]]:
        return self._give("history", tuple(j for j in self.held_history if account in (None, j.account)))

    async def job(self, job_id: str) -> Reading[tuple[Job, ...]]:
        return self._give("job", tuple(j for j in self.held_jobs if j.id == job_id))

    async def raw_job(self, job_id: str) -> Reading[str]:
        return self._give("raw", f"JobId={job_id}\nEverything=else")

    def open_log(self, path: str) -> LogSource:
        self.calls.append("log")
        if error := self.error or self.errors.get("log"):
            raise error
        return LocalLog(path, patience=0.3)

    async def batch_script(self, job_id: str) -> Reading[str]:
        return self._give("script", "#!/bin/bash\n#SBATCH --gpus=8\nsrun python train.py\n")

    async def nodes(self) -> Reading[tuple[Node, ...]]:
        return self._give("nodes", self.held_nodes)

    async def pools(self) -> Reading[tuple[Pool, ...]]:
        return self._give("pools", self.held_pools)

    async def reservations(self) -> Reading[tuple[Reservation, ...]]:
        return self._give("reservations", self.held_reservations)

    async def quotas(self, *, user: str | None = None) -> Reading[tuple[Quota, ...]]:
        return self._give("quotas", self.held_quotas)

    async def test_start(
        self, request: Request, pool: str, *, script: str | None = None, account: str | None = None
    ) -> Reading[datetime]:
        self.tested.append((request, pool, script, account))
        start = self.held_starts.get(pool, NotProvided("this centre tells no starts"))
        if isinstance(start, NaruError):
            raise start
        return self._give("start", start)

    async def close(self) -> None:
        self.closed = True


def at(site: str, jobs: tuple[Job, ...] = (), nodes: tuple[Node, ...] = ()) -> FakeCentre:
    """A centre of that id; what it holds is its own."""
    centre = FakeCentre(tuple(replace(j, site=site) for j in jobs), tuple(replace(n, site=site) for n in nodes))
    centre.id = site
    centre.held_pools = tuple(replace(pool, site=site) for pool in centre.held_pools)
    return centre
