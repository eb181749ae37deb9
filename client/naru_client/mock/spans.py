"""The future of a group of nodes while one pass of the scheduler fills it: what is kept, for whom, and until when.

As in Slurm's backfill, a node that is kept for a planned job is kept whole for the span of that job; what is planned
after it goes elsewhere, or before it (and not to the very second at which it begins), or behind. Running jobs are taken
to run to their limits. Simpler than Slurm's default: ends ahead are not lumped together (`bf_window_linear`).
"""

from bisect import bisect_left, bisect_right

from naru_client.mock.cluster import Cluster
from naru_client.mock.entities import NEVER, Job, Node, Shape
from naru_client.mock.scenario import Partition

SOON = 1.0  # the least time from now to anything that cannot be now


class Ready:
    """When the nodes of a mask become free for one shape: `masks[i]` are all that are by `times[i]`."""

    __slots__ = ("counts", "masks", "times")

    def __init__(self, nodes: list[Node], shape: Shape, now: float, completing: int) -> None:
        by_time: dict[float, int] = {}
        for node in nodes:
            at = node.ready.get(shape)
            if at is None:
                at = node.ready_at(shape)
            if at != NEVER:
                # A node on which an epilog runs takes nobody until it ends, and nobody knows when: soon.
                at = now if at == 0.0 and not node.bit & completing else max(at, now + SOON)
                by_time[at] = by_time.get(at, 0) | node.bit
        self.times: list[float] = sorted(by_time)
        self.masks: list[int] = []
        self.counts: list[int] = []
        mask = 0
        for time in self.times:
            mask |= by_time[time]
            self.masks.append(mask)
            self.counts.append(mask.bit_count())

    def first_with(self, count: int, closed: int) -> int:
        """The first index at which so many of the nodes that are not closed are ready; past the end: never."""
        return bisect_left(self.masks, count, key=lambda mask: (mask & ~closed).bit_count())


class Spans:
    """What is kept in one pass, over all partitions of a component."""

    def __init__(self, cluster: Cluster, now: float) -> None:
        self.cluster = cluster
        self.now = now
        self.kept: list[tuple[float, float, int]] = []  # start, end, nodes
        self._ready: dict[tuple[int, Shape], Ready] = {}

    def keep(self, start: float, end: float, mask: int) -> None:
        """These nodes are somebody's in that span."""
        self.kept.append((start, end, mask))

    def closed(self, job: Job, start: float, end: float) -> int:
        """The nodes that this job cannot have from start to end, whatever runs on them."""
        mask = 0
        for kept_from, kept_until, nodes in self.kept:
            if kept_from <= end and kept_until > start:
                mask |= nodes
        return mask | self.reserved(job, start, end)

    def reserved(self, job: Job, start: float, end: float) -> int:
        """The nodes that reservations keep from this job in that span."""
        mask = 0
        for window in self.cluster.windows:
            if window.admits(job):
                outside = ~window.mask if start >= window.start and end <= window.end else -1
                mask |= outside & ((1 << len(self.cluster.node_list)) - 1)
            elif window.start < end and window.end > start:
                mask |= window.mask
        return mask

    def earliest(self, job: Job, partition: Partition, after: float, without: int = 0) -> tuple[float, int]:
        """The first time from `after` on at which enough nodes are there for the whole job, and which; (NEVER, 0)
        when there is none. `without` are nodes that are not to be used."""
        able = self.cluster.able(job, partition) & self.cluster.usable & ~without
        if able.bit_count() < job.nodes:
            return NEVER, 0
        ready = self._ready_for(able, job.shape)
        if not ready.counts or ready.counts[-1] < job.nodes:
            return NEVER, 0
        at = max(after, ready.times[bisect_left(ready.counts, job.nodes)])
        near = [span for span in self.kept if span[2] & able and span[1] > at]
        turns = self._turns(job, near, at)
        while True:
            closed = self.reserved(job, at, at + job.limit) if self.cluster.windows else 0
            end = at + job.limit
            for kept_from, kept_until, nodes in near:
                if kept_from <= end and kept_until > at:
                    closed |= nodes
            enough = ready.first_with(job.nodes, closed)
            if enough < len(ready.times) and ready.times[enough] <= at:
                return at, self._least_weight(ready.masks[enough] & ~closed, job.nodes, partition)
            following = turns[bisect_right(turns, at) :][:1]
            if enough < len(ready.times):  # before that there are too few, unless something kept is given back
                following.append(ready.times[enough])
            if not following:
                return NEVER, 0
            at = min(following)

    def _least_weight(self, mask: int, count: int, partition: Partition) -> int:
        """So many of some nodes: those of the least weight, then those of the lowest index."""
        chosen = 0
        for make in self.cluster.makes_of[partition.name]:
            left = mask & make.members
            while left and count:
                low = left & -left
                chosen |= low
                left ^= low
                count -= 1
        return chosen

    def _turns(self, job: Job, near: list[tuple[float, float, int]], after: float) -> list[float]:
        """When something that is kept is given back, or a reservation ends or begins to admit the job; ascending."""
        turns = {until for _, until, _ in near}
        for window in self.cluster.windows:
            turns.add(window.start if window.admits(job) else window.end)
        return sorted(time for time in turns if time > after)

    def _ready_for(self, able: int, shape: Shape) -> Ready:
        key = (able, shape)
        found = self._ready.get(key)
        if found is None:
            found = self._ready[key] = Ready(list(self.cluster.at(able)), shape, self.now, self.cluster.completing)
        return found

    def changed(self) -> None:
        """Somebody has started or stopped: what was known of when nodes are ready no longer holds."""
        self._ready.clear()
