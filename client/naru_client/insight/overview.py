"""What the first screen says of a centre and of oneself, drawn from the readings; nothing here is estimated."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from naru_client import hostlist
from naru_client.i18n import _, n_
from naru_client.insight.reasons import estimate_refused
from naru_client.model import Job, Notice, Reservation

NOTICE_AHEAD = timedelta(days=14)  # how early an announced maintenance is worth a line
LONGEST_NODE_LIST = 30  # characters; of more nodes only the number is of use to a reader


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
