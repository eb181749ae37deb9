"""What every association may use and has used (`/slurm/v0.0.44/shares`).

Limits are TRES-minutes; usage, and what running jobs may still take by their limits, are TRES-seconds.
"""

from collections.abc import Callable

from naru_client.mock.limits import Tally
from naru_client.mock.people import People
from naru_client.mock.scenario import Account
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import INFINITE, UNSET, Body, limit, number

MORE_RESOURCES = ("fs/disk", "vmem", "pages")  # that Slurm lists everywhere, and nothing here counts
BILLING = 4
_ROOT_SHARE = 2.3283064376228985e-10  # what Slurm makes of the root's "no shares": 1 / (2³² - 1)
_NOBODY = Tally(busy=[], base=[], mark=[], promised=[])

Key = tuple[str, ...]
Sees = Callable[[str, str], bool]  # account, user


def shares(simulator: Simulator, people: People, sees: Sees) -> Body:
    """The whole tree, an account before what is in it; of associations that `sees` allows."""
    return _Tree(simulator, people, sees).told()


class _Tree:
    def __init__(self, simulator: Simulator, people: People, sees: Sees) -> None:
        self.simulator = simulator
        self.people = people
        self.sees = sees
        self.names = simulator.resources.names
        self.at = simulator.now - simulator.limits.origin
        self.all_used = self._used(("account", "root"))
        self.records: list[Body] = []

    def told(self) -> Body:
        people = self.people
        weights = {kind: sum(account.shares for account in people.of_kind(kind)) for kind in people.kinds}
        total = sum(weights.values()) + 1
        self._add("root", "", "", ("account", "root"), 0, 0, self.all_used)
        self._add("root", "root", "root", ("user", "root", "root"), 1, total, self.all_used)
        for kind in people.kinds:
            accounts = people.of_kind(kind)
            above = self.simulator.limits.kinds.get(kind)
            caps = above.group_tres_minutes if above is not None else None
            self._add(kind, "", "root", ("account", kind), weights[kind], total, self.all_used, caps)
            used = sum(self._used(("account", account.name)) for account in accounts)
            for account in accounts:
                self._account(account, weights[kind], used)
        return {"shares": {"shares": self.records, "total_shares": 0}}

    def _account(self, account: Account, weight: int, used: float) -> None:
        name, members = account.name, self.people.members[account.name]
        self._add(name, "", account.kind, ("account", name), account.shares, weight, used, account.group_tres_minutes)
        used = sum(self._used(("user", name, user.name)) for user in members)
        for user in members:
            self._add(name, user.name, name, ("user", name, user.name), 1, len(members), used)

    def _add(
        self, account: str, user: str, parent: str, key: Key, raw: int, of: int, siblings_used: float,
        caps: dict[str, int] | None = None,
    ) -> None:  # fmt: skip
        """One record; `raw` shares of `of` that it and its siblings have, which used so much together."""
        if not self.sees(account, user):
            return
        used = self._used(key)
        effective = used / siblings_used if siblings_used else 0.0
        level = None if not parent else float("inf") if not used else (raw / of) / effective
        priorities = self.simulator.priorities
        factor = priorities.fair.get((account, user), 1.0) if user else 0.0
        self.records.append(
            {
                "id": self.people.association[account, user],
                "cluster": self.simulator.plan.cluster,
                "name": user or account,
                "parent": parent,
                "partition": "",
                "shares_normalized": number(raw / of if of else _ROOT_SHARE),
                "shares": number(raw) if of else UNSET,
                "tres": self._tres(key, caps or {}),
                "effective_usage": limit(effective),
                "usage_normalized": limit(used / self.all_used if self.all_used else 0.0),
                "usage": int(used),
                "fairshare": {"factor": limit(factor), "level": INFINITE if level == float("inf") else number(level)},
                "type": ["USER" if user else "ASSOCIATION"],
            }
        )

    def _tres(self, key: Key, caps: dict[str, int]) -> Body:
        tally = self.simulator.limits.tallies.get(key, _NOBODY)
        at, known = self.at, bool(tally.busy)
        usage = [max(0.0, tally.used(i, at)) if known else 0.0 for i in range(len(self.names))]
        committed = [int(tally.committed(i, at)) if known else 0 for i in range(len(self.names))]
        more = [0.0] * len(MORE_RESOURCES)
        names = (*self.names, *MORE_RESOURCES)
        return {
            "run_seconds": _named(names, [limit(value) for value in (*committed, *map(int, more))]),
            "group_minutes": _named(names, [limit(caps.get(name)) for name in names]),
            "usage": _named(names, [round(value, 6) for value in (*usage, *more)]),
        }

    def _used(self, key: Key) -> float:
        """Billing-seconds that an association has used."""
        tally = self.simulator.limits.tallies.get(key)
        return max(0.0, tally.used(BILLING, self.at)) if tally is not None else 0.0


def _named(names: tuple[str, ...], values: list[Body] | list[float]) -> list[Body]:
    return [{"name": name, "value": value} for name, value in zip(names, values, strict=True)]
