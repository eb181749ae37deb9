"""Who comes first: Slurm's multifactor priority with the Fair Tree.

Each account's level is its share of its siblings' shares over its share of their use; the tree is walked from the best
level down, and the users met on the way are ranked. Where Slurm merges accounts of equal level, this keeps their order
by name. There are no TRES weights and no site factor.
"""

from collections.abc import Sequence

from naru_client.mock.cluster import Cluster
from naru_client.mock.entities import Job
from naru_client.mock.limits import Limits
from naru_client.mock.scenario import SitePlan

BILLING = 4  # the index of billing among the resources: what use is measured in
MOST = 4_294_967_293


class Priorities:
    """`fair` are the factors of the last ranking by (account, user), from 0 to 1."""

    def __init__(self, plan: SitePlan, cluster: Cluster, limits: Limits) -> None:
        self.plan = plan
        self.limits = limits
        self.tree: dict[str, dict[str, list[str]]] = {}  # kind → account → users
        for account in plan.accounts:
            self.tree.setdefault(account.kind, {}).setdefault(account.name, [])
        for user in plan.users:
            account = limits.accounts[user.account]
            self.tree[account.kind][account.name].append(user.name)
        self.fair: dict[tuple[str, str], float] = {}
        self.levels: dict[tuple[str, ...], float] = {}  # the level of every association, as ("account", a) or so
        self._most_factor = max((p.factor for p in plan.partitions), default=1) or 1
        self._most_qos = max((q.priority for q in plan.qos), default=0) or 1
        self._qos = {q.name: q.priority / self._most_qos for q in plan.qos}
        self._nodes = len(cluster.nodes) or 1
        self._cpus = sum(node.cpus for node in cluster.node_list) or 1
        weights = plan.weights
        self._age, self._fair = weights.age, weights.fair_share
        self._size, self._partition, self._qos_weight = weights.job_size, weights.partition, weights.qos

    def rank(self, now: float) -> None:
        """Rank everybody by what has been used until now."""
        at = now - self.limits.origin
        shares = {a.name: a.shares for a in self.limits.accounts.values()}
        kind_shares = {kind: sum(shares[name] for name in accounts) for kind, accounts in self.tree.items()}
        order: list[tuple[str, str]] = []
        kinds = self._by_level([(("account", kind), kind_shares[kind]) for kind in self.tree], at)
        for _, kind in kinds:
            accounts = self.tree[kind]
            for _, name in self._by_level([(("account", name), shares[name]) for name in accounts], at):
                users = [(("user", name, user), 1) for user in accounts[name]]
                order += [(name, key[2]) for key in self._by_level(users, at)]
        count = len(order) or 1
        self.fair = {who: (count - i) / count for i, who in enumerate(order)}

    def _by_level(self, siblings: Sequence[tuple[tuple[str, ...], int]], at: float) -> list[tuple[str, ...]]:
        tallies = self.limits.tallies
        used = [
            (key, share, max(0.0, tally.used(BILLING, at)) if (tally := tallies.get(key)) else 0.0)
            for key, share in siblings
        ]
        all_shares, all_used = sum(share for _, share, _ in used) or 1, sum(use for *_, use in used)
        scored = []
        for key, share, use in used:
            level = float("inf") if not use else (share / all_shares) / (use / all_used)
            self.levels[key] = level
            scored.append((-level, key))
        return [key for _, key in sorted(scored)]

    def priority(self, job: Job, now: float) -> int:
        """The job's priority now; 0 while it is held."""
        if job.held or job.fixed_priority:
            return 0 if job.held else job.fixed_priority
        age = min(1.0, max(0.0, now - job.eligible) / (self.plan.max_age_days * 86_400)) if job.eligible else 0.0
        size = (job.nodes / self._nodes + job.cpus * job.nodes / self._cpus) / 2
        value = (
            self._age * age
            + self._fair * self.fair.get((job.account, job.user), 0.5)
            + self._size * size
            + self._partition * max(p.factor for p in job.where) / self._most_factor
            + self._qos_weight * self._qos.get(job.qos, 0.0)
        )
        return max(1, min(MOST, int(value) - job.nice))
