"""Everything the terminal shows, as one frozen value, and the pure folds that make the next one from it.

Each open site has a part of its own; what the screens show are the parts joined, site after site in the order in which
they were opened. A fold derives anew only what the reading changes: the part of its site, and that topic of all.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from naru.joining import join_readings
from naru_client.insight.alike import Alike, alike
from naru_client.insight.quota import Quota
from naru_client.insight.quota_left import part_left, tightest
from naru_client.insight.tally import fill_pools_alike, merge_tallies, tally_alike
from naru_client.merge import merge_jobs
from naru_client.model import AcceleratorTally, Job, Node, Pool, Reservation, Site
from naru_client.reading import Reading

Topic = Literal["site", "jobs", "history", "nodes", "pools", "reservations", "quotas"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
NOT_PROVIDED = "not_provided"


class Failure(Struct, frozen=True):
    """Why a topic could not be read, since when, and whether that is for good."""

    kind: str  # the error's kind: "unreachable", "sign_in", "not_provided", …
    message: str
    hint: str
    since: datetime


class Part(Struct, frozen=True, kw_only=True):
    """What is known of one site. A reading is None until the first one of its topic has arrived."""

    id: str
    user: str | None = None  # who one is there
    everybody_listed: bool = False  # whose jobs the last reading holds
    partly: bool = False  # its jobs are only the first of a list that is still coming

    site: Reading[Site] | None = None
    jobs: Reading[tuple[Job, ...]] | None = None
    history: Reading[tuple[Job, ...]] | None = None
    nodes: Reading[tuple[Node, ...]] | None = None
    pools: Reading[tuple[Pool, ...]] | None = None
    reservations: Reading[tuple[Reservation, ...]] | None = None
    quotas: Reading[tuple[Quota, ...]] | None = None
    failures: dict[Topic, Failure] = {}

    # Drawn from the readings when they arrive.
    all_jobs: tuple[Job, ...] = ()
    my_jobs: tuple[Job, ...] = ()
    alike_nodes: list[Alike] = []  # the nodes, those alike counted once
    tallies: tuple[AcceleratorTally, ...] = ()
    filled_pools: tuple[Pool, ...] = ()
    tightest: Quota | None = None  # of one's own quotas that of which the least part is left


class State(Struct, frozen=True, kw_only=True):
    """One moment of the terminal. A reading is None until the first one of its topic has arrived from any site."""

    name: str = ""  # of all the sites together
    parts: tuple[Part, ...]  # at least one; the first is the home site's
    user: str | None = None  # who one is at the home site
    everybody: bool = False  # whose jobs are wanted
    everybody_listed: bool = False  # whose jobs the last readings hold
    partly: bool = False  # some site's jobs are only the first of a list that is still coming
    paused: bool = False

    newest: datetime | None = None  # when the newest reading was made; None before the first

    # The parts joined.
    site: Reading[Site] | None = None  # the home site
    jobs: Reading[tuple[Job, ...]] | None = None
    history: Reading[tuple[Job, ...]] | None = None
    nodes: Reading[tuple[Node, ...]] | None = None
    pools: Reading[tuple[Pool, ...]] | None = None
    reservations: Reading[tuple[Reservation, ...]] | None = None
    quotas: Reading[tuple[Quota, ...]] | None = None
    failures: dict[Topic, Failure] = {}  # "not provided" only where no site provides it
    raw: dict[tuple[str, str], Reading[str]] = {}  # by site and job id, what the source itself says of it

    # Drawn from the readings when they arrive, so that no screen does it again.
    all_jobs: tuple[Job, ...] = ()
    my_jobs: tuple[Job, ...] = ()
    tallies: tuple[AcceleratorTally, ...] = ()
    filled_pools: tuple[Pool, ...] = ()
    tightest: Quota | None = None

    @property
    def several(self) -> bool:
        """Whether more than one site is open: only then is it said which one something is about."""
        return len(self.parts) > 1

    @property
    def sites(self) -> tuple[Reading[Site], ...]:
        """Every site that has told of itself, the home site first where it has."""
        return tuple(part.site for part in self.parts if part.site is not None)

    @property
    def outage(self) -> Failure | None:
        """What keeps a centre from answering, if anything does: the oldest failure that is not "not provided"."""
        real = [f for part in self.parts for f in part.failures.values() if f.kind != NOT_PROVIDED]
        return min(real, key=lambda f: f.since) if real else None

    def same_site(self, one: str, other: str) -> bool:
        """Whether two ids name one site. A single site may learn its id late, and is itself under both."""
        return one == other or not self.several

    def find_job(self, site: str, job_id: str, submitted: datetime | None) -> Job | None:
        """The record of that id and submission at a site: one id may stand for several runs, and for several sites."""
        return self._chosen((j for j in self.all_jobs if j.id == job_id), site, submitted)

    def renewed(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """The records of these jobs as they are listed now; those that are no longer listed as they are."""
        same: dict[str, list[Job]] = {job.id: [] for job in jobs}
        for listed in self.all_jobs:  # once for all of them: an array may have ten thousand
            if (found := same.get(listed.id)) is not None:
                found.append(listed)
        return tuple(self._chosen(same[job.id], job.site, job.submitted) or job for job in jobs)

    def _chosen(self, jobs: Iterable[Job], site: str, submitted: datetime | None) -> Job | None:
        same = [job for job in jobs if self.same_site(job.site, site)]
        return next((job for job in same if job.submitted == submitted), same[0] if len(same) == 1 else None)


def opening_state(name: str, sites: Sequence[tuple[str, str | None]]) -> State:
    """The state before anything was read, of these sites (id, user), the home site first."""
    return State(name=name, parts=tuple(Part(id=site, user=user) for site, user in sites), user=sites[0][1])


def fold_reading(state: State, site: str, topic: Topic, reading: Reading[Any]) -> State:
    """The state with a site's new reading of one topic, its failure gone, and all that follows from it drawn anew."""
    part = _part(state, site)
    failures = {t: f for t, f in part.failures.items() if t != topic}
    part = replace(part, failures=failures, **{topic: reading})
    if topic == "jobs":
        part = replace(part, everybody_listed=state.everybody, partly=False)
    if topic in ("jobs", "history"):
        live = part.jobs.value if part.jobs else ()
        ended = part.history.value if part.history else ()
        part = _with_own(replace(part, all_jobs=merge_jobs(live, ended)), state.user)
    elif topic in ("nodes", "pools"):
        nodes = part.nodes.value if part.nodes else ()
        pools = part.pools.value if part.pools else ()
        if topic == "nodes":
            groups = alike(nodes)
            part = replace(part, alike_nodes=groups, tallies=tally_alike(groups))
        part = replace(part, filled_pools=fill_pools_alike(pools, part.alike_nodes))
    elif topic == "quotas":
        part = replace(part, tightest=tightest(reading.value, part.user or state.user))
    newest = reading.as_of if state.newest is None else max(state.newest, reading.as_of)
    return _joined(replace(state, newest=newest), part, topic)


def fold_first_jobs(state: State, site: str, reading: Reading[tuple[Job, ...]]) -> State:
    """The state with the first jobs of a list that is still coming; nothing changes where a whole one is there."""
    if _part(state, site).jobs is not None:
        return state
    state = fold_reading(state, site, "jobs", reading)
    return _joined(state, replace(_part(state, site), partly=True), "jobs")


def fold_failure(state: State, site: str, topic: Topic, failure: Failure) -> State:
    """The state after a topic could not be read: the last value stays, marked stale with the reason."""
    part = _part(state, site)
    earlier = part.failures.get(topic)
    if earlier is not None and earlier.kind == failure.kind:
        failure = replace(failure, since=earlier.since)
    part = replace(part, failures={**part.failures, topic: failure})
    last: Reading[Any] | None = getattr(part, topic)
    if last is not None:
        part = replace(part, **{topic: last.failed(failure.message)})
    return _joined(state, part, topic)


def fold_raw(state: State, site: str, job_id: str, reading: Reading[str]) -> State:
    """The state with the raw text of a job; only the few last ones are kept."""
    kept = dict(list(state.raw.items())[-7:])
    return replace(state, raw={**kept, (site, job_id): reading})


def fold_user(state: State, site: str, user: str) -> State:
    """The state once it is known who one is at a site."""
    parts = _replaced(state.parts, replace(_part(state, site), user=user))
    home = parts[0].user
    parts = tuple(_with_own(part, home) for part in parts)
    return replace(state, parts=parts, user=home, my_jobs=_chained(part.my_jobs for part in parts))


def fold_everybody(state: State, everybody: bool) -> State:
    return replace(state, everybody=everybody)


def fold_paused(state: State, paused: bool) -> State:
    return replace(state, paused=paused)


def _part(state: State, site: str) -> Part:
    return next(part for part in state.parts if part.id == site)


def _replaced(parts: Sequence[Part], part: Part) -> tuple[Part, ...]:
    return tuple(part if one.id == part.id else one for one in parts)


def _with_own(part: Part, home_user: str | None) -> Part:
    """The part with the jobs that are one's own there; all of them where nobody knows who one is."""
    user = part.user or home_user
    own = part.all_jobs if user is None else tuple(job for job in part.all_jobs if job.user == user)
    return replace(part, my_jobs=own)


def _joined(state: State, part: Part, topic: Topic) -> State:
    """The state with this part in place of its older self, that topic joined anew, and what is drawn from it."""
    parts = _replaced(state.parts, part)
    failures = {t: f for t, f in state.failures.items() if t != topic}
    if failure := _failure_of_all(parts, topic):
        failures[topic] = failure
    state = replace(state, parts=parts, failures=failures)
    if topic == "site":
        return replace(state, site=parts[0].site)
    told = [(p.id, reading) for p in parts if (reading := getattr(p, topic)) is not None]
    state = replace(state, **{topic: join_readings(told, state.several)})
    if topic in ("jobs", "history"):
        listed = [p.everybody_listed for p in parts if p.jobs is not None and not p.jobs.stale]
        return replace(
            state,
            everybody_listed=all(listed) if listed else state.everybody_listed,
            partly=any(p.partly for p in parts),
            all_jobs=_chained(p.all_jobs for p in parts),
            my_jobs=_chained(p.my_jobs for p in parts),
        )
    if topic in ("nodes", "pools"):
        tallies = merge_tallies(_chained(p.tallies for p in parts)) if state.several else part.tallies
        return replace(state, tallies=tallies, filled_pools=_chained(p.filled_pools for p in parts))
    if topic == "quotas":
        own = [p.tightest for p in parts if p.tightest is not None]
        return replace(state, tightest=min(own, key=part_left, default=None))
    return state


def _failure_of_all(parts: Sequence[Part], topic: Topic) -> Failure | None:
    """The oldest failure of a topic; "not provided" counts only where it is every site's answer."""
    found = [failure for part in parts if (failure := part.failures.get(topic)) is not None]
    real = [failure for failure in found if failure.kind != NOT_PROVIDED]
    if real:
        return min(real, key=lambda f: f.since)
    return found[0] if len(found) == len(parts) else None


def _chained(tuples: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    parts = list(tuples)
    return parts[0] if len(parts) == 1 else tuple(chain.from_iterable(parts))
