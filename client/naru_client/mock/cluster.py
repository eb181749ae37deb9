"""A simulated cluster: its nodes and partitions, and who holds which core and accelerator.

Sets of nodes are bits of an integer (bit i is the node of index i): a pool of a thousand nodes is asked and changed in
well under a microsecond.
"""

from collections.abc import Iterable, Iterator

from naru_client.mock.entities import Allocation, Job, Make, Node, Window
from naru_client.mock.hostlist import names
from naru_client.mock.scenario import NodeGroup, Partition, SitePlan


class NoRoom(Exception):
    """An allocation that does not fit: a fault of whoever planned it."""


class Cluster:
    """Nodes and partitions, and the only operations that change what is free: `take`, `give_back` and `refile`."""

    def __init__(self, plan: SitePlan) -> None:
        self.nodes: dict[str, Node] = {}
        self.makes: list[Make] = []
        for group in plan.nodes:
            self._build(group)
        self.node_list = list(self.nodes.values())
        self.partitions = {partition.name: partition for partition in plan.partitions}
        self.members: dict[str, tuple[Node, ...]] = {}
        self.masks: dict[str, int] = {}
        self.makes_of: dict[str, tuple[Make, ...]] = {}
        for partition in plan.partitions:
            self._gather(partition)
        self.component = _components(self.masks)
        self.usable = (1 << len(self.node_list)) - 1  # bits of the nodes that take work
        self.windows: list[Window] = []
        self.completing = 0  # bits of the nodes on which an epilog runs: they take nobody until it ends

    def _build(self, group: NodeGroup) -> None:
        kind, model, count = (*group.gres.split(":"), "", "")[:3] if group.gres else ("", "", "0")
        cores, gres = group.sockets * group.cores, int(count)
        make = Make(
            group=group, gres_name=kind, gres_type=model, gres_count=gres, cpus=cores, memory=group.memory,
            levels=[0] * (gres + 1),
        )  # fmt: skip
        self.makes.append(make)
        index, all_gres, all_cores = len(self.nodes), (1 << gres) - 1, (1 << cores) - 1
        for name in names(group.names):
            self.nodes[name] = Node(
                index=index, bit=1 << index, name=name, group=group, make=make, gres_name=kind, gres_type=model,
                gres_count=gres, cpus=cores, memory=group.memory, free_gres=all_gres, free_cores=all_cores,
                free_memory=group.memory, partitions=[], jobs={}, ready={}, level=gres,
            )  # fmt: skip
            make.members |= 1 << index
            index += 1
        make.levels[gres] = make.members

    def _gather(self, partition: Partition) -> None:
        found = [self.nodes[name] for name in names(partition.nodes) if name in self.nodes]
        mask = 0
        for node in found:
            node.partitions.append(partition.name)
            mask |= node.bit
        self.members[partition.name] = tuple(found)
        self.masks[partition.name] = mask
        makes = {id(node.make): node.make for node in found}
        self.makes_of[partition.name] = tuple(sorted(makes.values(), key=lambda make: make.group.weight))

    def mask(self, names: Iterable[str]) -> int:
        """The bits of some nodes."""
        mask = 0
        for name in names:
            mask |= self.nodes[name].bit
        return mask

    def at(self, mask: int) -> Iterator[Node]:
        """The nodes of some bits, by index."""
        while mask:
            low = mask & -mask
            yield self.node_list[low.bit_length() - 1]
            mask ^= low

    def able(self, job: Job, partition: Partition) -> int:
        """The bits of the partition's nodes that could hold a share of the job when empty."""
        able = 0
        for make in self.makes_of[partition.name]:
            if make.suits(job):
                able |= make.members
        if job.on_node:
            able &= self.mask(name for name in job.on_node.split(",") if name in self.nodes)
        return able & self.masks[partition.name] & ~job.not_on

    def find_room(self, job: Job, partition: Partition, allowed: int) -> tuple[Node, ...]:
        """Nodes on which the job fits now, by weight and index, of those allowed; empty when there are not enough."""
        found: list[Node] = []
        wanted, least = job.nodes, job.accelerators
        allowed &= self.able(job, partition) if job.on_node or job.not_on else self.masks[partition.name]
        allowed &= ~self.completing
        for make in self.makes_of[partition.name]:
            if not make.suits(job):
                continue
            mask = 0
            for level in make.levels[least:]:
                mask |= level
            mask &= allowed
            while mask:
                low = mask & -mask
                mask ^= low
                node = self.node_list[low.bit_length() - 1]
                if node.free_cores.bit_count() >= job.cpus and node.free_memory >= job.memory:
                    found.append(node)
                    if len(found) == wanted:
                        return tuple(found)
        return ()

    def take(self, job: Job, nodes: tuple[Node, ...]) -> None:
        """Give a job its share of each of these nodes. Raises NoRoom, and changes nothing, when one has no room."""
        shares = []
        cpus, accelerators, memory = job.cpus, job.accelerators, job.memory
        for node in nodes:
            cores, gres = node.free_cores, node.free_gres
            if cores.bit_count() < cpus or gres.bit_count() < accelerators or node.free_memory < memory:
                raise NoRoom(node.name)
            shares.append(Allocation(node, lowest_bits(cores, cpus), lowest_bits(gres, accelerators), memory))
        refile = self.refile
        for share in shares:
            node = share.node
            node.free_cores ^= share.cores
            node.free_gres ^= share.gres
            node.free_memory -= share.memory
            node.jobs[job] = None
            refile(node)
        job.held_nodes = tuple(shares)

    def complete(self, job: Job) -> None:
        """The job has ended, and its epilog begins: until that ends its nodes take nobody."""
        for share in job.held_nodes:
            node = share.node
            self.completing |= node.bit
            node.wire = b""
            node.ready.clear()

    def give_back(self, job: Job, now: float) -> None:
        """Free what a job held. It still knows where it ran."""
        for share in job.held_nodes:
            node = share.node
            node.free_cores |= share.cores
            node.free_gres |= share.gres
            node.free_memory += share.memory
            node.jobs.pop(job, None)
            node.last_busy = now
            if self.completing & node.bit and not any(other.completing for other in node.jobs):
                self.completing ^= node.bit
            self.refile(node)

    def refile(self, node: Node) -> None:
        """File a node anew after a change to what is free on it or to whether it takes work."""
        level = node.free_gres.bit_count() if not (node.down or node.drain) else -1
        if level != node.level:
            if node.level >= 0:
                node.make.levels[node.level] ^= node.bit
            if level >= 0:
                node.make.levels[level] |= node.bit
            if (level < 0) != (node.level < 0):
                self.usable ^= node.bit
            node.level = level
        node.wire = b""
        if node.ready:
            node.ready.clear()


def lowest_bits(mask: int, count: int) -> int:
    """The `count` lowest bits that are set in a mask."""
    if count == 0:
        return 0
    first = mask & -mask
    if not (mask + first) & mask:  # all in a row, as nearly always
        return mask & ((first << count) - 1)
    low, high = count, mask.bit_length()
    while low < high:
        middle = (low + high) // 2
        if (mask & ((1 << middle) - 1)).bit_count() < count:
            low = middle + 1
        else:
            high = middle
    return mask & ((1 << low) - 1)


def bits(mask: int) -> list[int]:
    """The positions of the set bits, ascending."""
    positions = []
    while mask:
        low = mask & -mask
        positions.append(low.bit_length() - 1)
        mask ^= low
    return positions


def _components(masks: dict[str, int]) -> dict[str, int]:
    """Partitions that share nodes, directly or through others, get one number: they are scheduled together."""
    number = {name: i for i, name in enumerate(masks)}
    for first, mask in masks.items():
        for second, other in masks.items():
            if number[first] != number[second] and mask & other:
                old, new = number[second], number[first]
                number = {name: new if n == old else n for name, n in number.items()}
    return number
