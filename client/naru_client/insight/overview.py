"""What the first screen says of a centre and of oneself, drawn from the readings; nothing here is estimated."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from naru_client import hostlist
from naru_client.i18n import _, n_
from naru_client.insight.fold import state_counts, task_count
from naru_client.insight.reasons import estimate_refused
from naru_client.insight.tally import ModelKey, tally, whole_nodes_free
from naru_client.model import AcceleratorKind, Job, Node, Notice, Reservation

NOTICE_AHEAD = timedelta(days=14)  # how early an announced maintenance is worth a line
LONGEST_NODE_LIST = 30  # characters; of more nodes only the number is of use to a reader


class ModelLine(Struct, frozen=True, kw_only=True):
    """One accelerator model of one site. `used` and `free` are None where the source does not tell.

    `largest_block` is the most a job could be given on one node now, `nodes_whole_free` the nodes it could have whole.
    `waiting` is how many accelerators of this model pending jobs ask for; None where that cannot be known.
    """

    site: str
    kind: AcceleratorKind
    model: str | None
    total: int
    used: int | None
    free: int | None
    unavailable: int
    largest_block: int
    nodes_whole_free: int
    waiting: int | None
    pools: tuple[str, ...] = ()


def next_start(jobs: Iterable[Job], now: datetime) -> tuple[Job, datetime] | None:
    """Of these jobs the one the scheduler expects to start first, and when.

    Only starts still to come count, and none of a job that is held, capped, or can never run: the scheduler's figure
    says nothing there.
    """
    found: tuple[Job, datetime] | None = None
    for job in jobs:
        start = job.expected_start
        if start is None or start <= now or not job.waiting or (found and start >= found[1]):
            continue
        if not estimate_refused(job):
            found = job, start
    return found


def mine(jobs: Iterable[Job], user: str | None) -> tuple[tuple[Job, ...], tuple[Job, ...], tuple[Job, ...]]:
    """The jobs of a user that run (hold resources), wait, and have finished; of everybody when `user` is None."""
    running: list[Job] = []
    waiting: list[Job] = []
    finished: list[Job] = []
    for job in jobs:
        if user is None or job.user == user:
            (finished if job.finished else waiting if job.waiting else running).append(job)
    return tuple(running), tuple(waiting), tuple(finished)


def counts_by_state(jobs: Iterable[Job]) -> tuple[tuple[str, int], ...]:
    """How many tasks are in each state, running ones first; a group of pending tasks counts them all."""
    return state_counts(jobs)


def pool_free_now(nodes: Iterable[Node], jobs: Iterable[Job] | None = None) -> tuple[ModelLine, ...]:
    """Per site and model what is free now; with the jobs of everybody also what is asked for. Sites in given order."""
    by_site: dict[str, list[Node]] = {}
    for node in nodes:
        by_site.setdefault(node.site, []).append(node)
    pending = None if jobs is None else [job for job in jobs if job.waiting]
    lines: list[ModelLine] = []
    for site, own in by_site.items():
        whole = whole_nodes_free(own)
        asked = None if pending is None else _asked([job for job in pending if job.site == site], own)
        for one in tally(own):
            key = one.kind, one.model
            waiting = None if asked is None else asked.get(key, 0)
            lines.append(
                ModelLine(
                    site=site, kind=one.kind, model=one.model, total=one.total, used=one.used, free=one.free,
                    unavailable=one.unavailable, largest_block=one.largest_free_block,
                    nodes_whole_free=whole.get(key, 0), waiting=waiting, pools=one.pools,
                )
            )  # fmt: skip
    return tuple(lines)


def notices(reservations: Iterable[Reservation], now: datetime) -> tuple[Notice, ...]:
    """Maintenance that is on, or comes within two weeks, soonest first."""
    found = []
    for reservation in reservations:
        start, end = reservation.start, reservation.end
        over = end is not None and end <= now
        far = start is not None and start > now + NOTICE_AHEAD
        if reservation.maintenance and not over and not far:
            found.append(Notice("maintenance", _reservation_text(reservation), start, end))
    return tuple(sorted(found, key=lambda n: (n.start or now, n.text)))


def _reservation_text(reservation: Reservation) -> str:
    nodes = reservation.node_list
    if nodes and len(nodes) > LONGEST_NODE_LIST and (count := reservation.nodes or hostlist.count(nodes)):
        nodes = n_("{n} node", "{n} nodes", count).format(n=count)
    return _("{name} on {nodes}").format(name=reservation.name, nodes=nodes) if nodes else reservation.name


def _asked(pending: list[Job], nodes: list[Node]) -> dict[ModelKey, int | None]:
    """By kind and model, how many accelerators these jobs ask for in all.

    A job that names no model counts where its pools hold just one model of that kind. A job of which the source does
    not tell what it asks for makes every model of its pools unknown: a sum without it would pass for all.
    """
    models: dict[str | None, set[ModelKey]] = {None: set()}
    for node in nodes:
        keys = {(one.kind, one.model) for one in node.accelerators if one.total}
        models[None] |= keys
        for pool in node.pools:
            models.setdefault(pool, set()).update(keys)
    asked: dict[ModelKey, int | None] = {}
    within: dict[str | None, set[ModelKey]] = {None: models[None]}  # by the pools of a job, as it names them
    for job in pending:
        reachable = within.get(job.pool)
        if reachable is None:
            named = (models.get(pool, set()) for pool in (job.pool or "").split(","))
            reachable = within[job.pool] = set().union(*named)
        if job.accelerators is None:
            asked.update(dict.fromkeys(reachable))
            continue
        for one in job.accelerators:
            key: ModelKey = (one.kind, one.model)
            if one.model is None and key not in reachable:
                same_kind = [k for k in reachable if k[0] == one.kind]
                if len(same_kind) != 1:
                    continue
                key = same_kind[0]
            sum_so_far = asked.get(key, 0)
            if sum_so_far is not None:
                asked[key] = sum_so_far + one.count * task_count(job)
    return asked


def usual_order(job: Job) -> tuple[int, float, int]:
    """For people: what runs, the newest first; what waits, the next in line first; what has ended, the last first."""
    if job.waiting:
        return 1, -(job.priority or 0), job.job_id
    if job.finished:
        return 2, -(job.ended.timestamp() if job.ended else 0), -job.job_id
    return 0, -(job.started.timestamp() if job.started else 0), -job.job_id
