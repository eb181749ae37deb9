"""Where and when a job could start: each node's future as steps of what will be free.

Running jobs are taken to run to their time limit, as a real scheduler must. A job that is planned is put into the
future it was planned into, so whatever is planned after it cannot delay it (conservative backfill).
"""

from bisect import bisect_right

from naru_client.mock.cluster import Job, Node, Window

NEVER = float("inf")


class Future:
    """What one node has free from now on: from `times[i]` on, `gres[i]` accelerators, `cpus[i]` and `memory[i]`."""

    __slots__ = ("cpus", "gres", "memory", "node", "times")

    def __init__(self, node: Node, now: float) -> None:
        self.node = node
        self.times = [now]
        self.gres = [node.gres_free]
        self.cpus = [node.cpus_free]
        self.memory = [node.free_memory]
        ends = sorted((_planned_end(job, now), i, job) for i, job in enumerate(node.jobs))
        for end, _, job in ends:
            self.times.append(end)
            self.gres.append(self.gres[-1] + job.accelerators)
            self.cpus.append(self.cpus[-1] + job.cpus)
            self.memory.append(self.memory[-1] + job.memory)

    def earliest(self, job: Job, after: float) -> float:
        """The first time from `after` on at which the job fits for as long as it may run; NEVER if it does not."""
        times, gres, cpus, memory = self.times, self.gres, self.cpus, self.memory
        count = len(times)
        start, i = after, bisect_right(times, after) - 1
        end = start + job.limit
        while i < count and times[i] < end:
            if gres[i] < job.accelerators or cpus[i] < job.cpus or memory[i] < job.memory:
                i += 1
                if i == count:
                    return NEVER
                start = times[i]
                end = start + job.limit
            else:
                i += 1
        return start

    def occupy(self, start: float, end: float, accelerators: int, cpus: int, memory: int) -> None:
        """Take so much out of a span."""
        first, last = self._step_at(start), self._step_at(end)
        for i in range(first, last):
            self.gres[i] -= accelerators
            self.cpus[i] -= cpus
            self.memory[i] -= memory

    def block(self, start: float, end: float) -> None:
        """Nothing is free in a span: the node is reserved."""
        start = max(start, self.times[0])
        if start < end:
            self.occupy(start, end, 1 << 20, 1 << 20, 1 << 40)

    def _step_at(self, time: float) -> int:
        i = bisect_right(self.times, time) - 1
        if self.times[i] == time:
            return i
        for values in (self.gres, self.cpus, self.memory):
            values.insert(i + 1, values[i])
        self.times.insert(i + 1, time)
        return i + 1


class Planner:
    """The futures of a set of nodes, as one pass of the scheduler fills them."""

    def __init__(self, nodes: dict[str, Node], windows: list[Window], now: float) -> None:
        self.now = now
        self.windows = windows
        self.futures = {node.name: Future(node, now) for node in nodes.values() if node.usable}
        self.reserved: dict[str, dict[str, Future]] = {}  # futures inside a reservation, for those it admits
        for window in windows:
            if not window.maintenance:
                inside = {name: Future(self.futures[name].node, now) for name in window.nodes if name in self.futures}
                for future in inside.values():
                    future.block(now, window.start)
                    future.block(window.end, NEVER)
                self.reserved[window.name] = inside
        for window in windows:
            for futures in (self.futures, *(self.reserved.values() if window.maintenance else ())):
                for name in window.nodes:
                    if name in futures:
                        futures[name].block(window.start, window.end)

    def find(self, job: Job, members: tuple[Node, ...], after: float) -> tuple[float, tuple[Node, ...]]:
        """The earliest start from `after` on, and the nodes for it out of `members`; (NEVER, ()) when there is none."""
        futures = self._open_to(job, members)
        if len(futures) < job.nodes:
            return NEVER, ()
        while True:
            starts = sorted(
                (f.earliest(job, after), f.node.group.weight, f.node.gres_free, f.node.index) for f in futures
            )
            start = starts[job.nodes - 1][0]
            if start == NEVER or starts[0][0] == start or job.nodes == 1:
                break
            after = start  # the first ones must still be free when the last one is
        if start == NEVER:
            return NEVER, ()
        by_index = {f.node.index: f.node for f in futures}
        chosen = starts[: job.nodes]
        return chosen[0][0], tuple(by_index[index] for *_, index in chosen)

    def occupy(self, job: Job, start: float, nodes: tuple[Node, ...]) -> None:
        """Put the job into the future of these nodes."""
        futures = self.reserved.get(job.reservation, self.futures)
        for node in nodes:
            futures[node.name].occupy(start, start + job.limit, job.accelerators, job.cpus, job.memory)

    def blocked_by_maintenance(self, job: Job, members: tuple[Node, ...]) -> bool:
        """There is room at this moment, but the job could run into a maintenance."""
        end = self.now + job.limit
        crossing = [w for w in self.windows if w.maintenance and w.start < end]
        if not crossing:
            return False
        room = [f.node.name for f in self._open_to(job, members) if f.node.has_room(job)]
        return len(room) >= job.nodes and any(name in w.nodes for w in crossing for name in room)

    def _open_to(self, job: Job, members: tuple[Node, ...]) -> list[Future]:
        """The futures of those of the nodes that may take this job at all."""
        futures = self.reserved.get(job.reservation, {}) if job.reservation else self.futures
        return [futures[node.name] for node in members if node.name in futures]


def _planned_end(job: Job, now: float) -> float:
    """When a running job must have ended; of one whose epilog runs, nobody knows: a minute from now."""
    return now + 60 if job.completing else job.started + job.limit
