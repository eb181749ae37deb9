"""Everything the terminal shows, as one frozen value, and the pure folds that make the next one from it."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from naru_client.insight.tally import fill_pools, tally
from naru_client.merge import merge_jobs
from naru_client.model import AcceleratorTally, Job, Node, Pool, Reservation, Site
from naru_client.reading import Reading

Topic = Literal["site", "jobs", "history", "nodes", "pools", "reservations"]
TOPICS: tuple[Topic, ...] = ("site", "jobs", "history", "nodes", "pools", "reservations")


class Failure(Struct, frozen=True):
    """Why a topic could not be read, since when, and whether that is for good."""

    kind: str  # the error's kind: "unreachable", "sign_in", "not_provided", …
    message: str
    hint: str
    since: datetime


class State(Struct, frozen=True, kw_only=True):
    """One moment of the terminal. A reading is None until the first one of its topic has arrived."""

    user: str | None = None
    everybody: bool = False  # whose jobs are wanted
    everybody_listed: bool = False  # whose jobs the last reading holds
    paused: bool = False

    site: Reading[Site] | None = None
    jobs: Reading[tuple[Job, ...]] | None = None
    history: Reading[tuple[Job, ...]] | None = None
    nodes: Reading[tuple[Node, ...]] | None = None
    pools: Reading[tuple[Pool, ...]] | None = None
    reservations: Reading[tuple[Reservation, ...]] | None = None
    failures: dict[Topic, Failure] = {}
    raw: dict[str, Reading[str]] = {}  # by job id, what the source itself says of it

    # Drawn from the readings when they arrive, so that no screen does it again.
    all_jobs: tuple[Job, ...] = ()
    tallies: tuple[AcceleratorTally, ...] = ()
    filled_pools: tuple[Pool, ...] = ()

    @property
    def my_jobs(self) -> tuple[Job, ...]:
        return self.all_jobs if self.user is None else tuple(j for j in self.all_jobs if j.user == self.user)

    @property
    def outage(self) -> Failure | None:
        """What keeps the centre from answering, if anything does: the oldest failure that is not "not provided"."""
        real = [f for f in self.failures.values() if f.kind != "not_provided"]
        return min(real, key=lambda f: f.since) if real else None

    def find_job(self, job_id: str, submitted: datetime | None) -> Job | None:
        """The record of that id and submission: one id may stand for several runs."""
        same = [j for j in self.all_jobs if j.id == job_id]
        return next((j for j in same if j.submitted == submitted), same[0] if len(same) == 1 else None)


def fold_reading(state: State, topic: Topic, reading: Reading[Any]) -> State:
    """The state with a new reading of one topic, its failure gone, and all that follows from it drawn anew."""
    failures = {t: f for t, f in state.failures.items() if t != topic}
    state = replace(state, failures=failures, **{topic: reading})
    if topic == "jobs":
        state = replace(state, everybody_listed=state.everybody)
    if topic in ("jobs", "history"):
        live = state.jobs.value if state.jobs else ()
        ended = state.history.value if state.history else ()
        return replace(state, all_jobs=merge_jobs(live, ended))
    if topic in ("nodes", "pools"):
        nodes = state.nodes.value if state.nodes else ()
        pools = state.pools.value if state.pools else ()
        return replace(state, tallies=tally(nodes), filled_pools=fill_pools(pools, nodes))
    return state


def fold_failure(state: State, topic: Topic, failure: Failure) -> State:
    """The state after a topic could not be read: the last value stays, marked stale with the reason."""
    earlier = state.failures.get(topic)
    if earlier is not None and earlier.kind == failure.kind:
        failure = replace(failure, since=earlier.since)
    state = replace(state, failures={**state.failures, topic: failure})
    last: Reading[Any] | None = getattr(state, topic)
    return state if last is None else replace(state, **{topic: last.failed(failure.message)})


def newest(state: State) -> datetime | None:
    """When the newest reading was made; None before the first."""
    readings = (getattr(state, topic) for topic in TOPICS)
    return max((reading.as_of for reading in readings if reading is not None), default=None)


def fold_raw(state: State, job_id: str, reading: Reading[str]) -> State:
    """The state with the raw text of a job; only the few last ones are kept."""
    kept = dict(list(state.raw.items())[-7:])
    return replace(state, raw={**kept, job_id: reading})


def fold_user(state: State, user: str) -> State:
    """The state once it is known who one is at the centre."""
    return replace(state, user=user)


def fold_everybody(state: State, everybody: bool) -> State:
    return replace(state, everybody=everybody)


def fold_paused(state: State, paused: bool) -> State:
    return replace(state, paused=paused)
