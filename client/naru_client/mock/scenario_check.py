"""Whether the parts of a scenario fit together: every name means something, and every amount makes sense."""

import re
from collections.abc import Collection, Iterable

from naru_client.mock.hostlist import names
from naru_client.mock.scenario import Caps, Cast, NodeGroup, SitePlan, WrongScenario
from naru_client.mock.work_kinds import KINDS

_GRES = re.compile(r"[a-z]+:[A-Za-z0-9_.-]+:[0-9]{1,3}")
_RESOURCE = re.compile(r"cpu|mem|node|billing|gres/[a-z]+(:[A-Za-z0-9_.-]+)?")


def check(plan: SitePlan) -> None:
    """Raises WrongScenario, saying what is wrong and where."""
    _Check(plan).run()


class _Check:
    def __init__(self, plan: SitePlan) -> None:
        self.plan = plan
        self.partitions = {p.name for p in plan.partitions}
        self.qos = {q.name for q in plan.qos}
        self.accounts = {a.name for a in plan.accounts}
        self.made = tuple(t.prefix for t in plan.tenants)  # accounts that the seed makes
        self.kinds = {a.kind for a in plan.accounts} | {t.kind for t in plan.tenants}
        self.users = {u.name for u in plan.users}
        self.nodes: set[str] = set()

    def run(self) -> None:
        self._nodes()
        self._partitions()
        self._people()
        self._work()
        self._calendar()
        self._cast()
        if self.plan.faults:
            from naru_client.mock.faults import wrong_with  # few scenarios have any

            for fault in self.plan.faults:
                if words := wrong_with(fault):
                    raise self.wrong(f"fault {fault.kind!r}", words)

    def wrong(self, place: str, words: str) -> WrongScenario:
        return WrongScenario(f"site {self.plan.cluster!r}, {place}: {words}")

    def known(self, place: str, kind: str, name: str, names: Collection[str]) -> None:
        if name not in names:
            raise self.wrong(place, f"there is no {kind} {name!r}")

    def positive(self, place: str, values: Iterable[tuple[str, float]]) -> None:
        for name, value in values:
            if value <= 0:
                raise self.wrong(place, f"`{name}` must be more than 0, not {value:g}")

    def _nodes(self) -> None:
        for group in self.plan.nodes:
            place = f"nodes {group.names!r}"
            self.positive(place, (("sockets", group.sockets), ("cores", group.cores), ("memory", group.memory)))
            if group.gres and not _GRES.fullmatch(group.gres):
                raise self.wrong(place, f'`gres` is {group.gres!r}, not like "gpu:h100:8"')
            for name in self._hosts(place, group):
                if name in self.nodes:
                    raise self.wrong(place, f"the node {name!r} is there twice")
                self.nodes.add(name)

    def _hosts(self, place: str, group: NodeGroup) -> list[str]:
        try:
            return list(names(group.names))
        except ValueError as error:
            raise self.wrong(place, str(error)) from None

    def _partitions(self) -> None:
        for partition in self.plan.partitions:
            place = f"partition {partition.name!r}"
            self.positive(place, (("max-hours", partition.max_hours), ("default-hours", partition.default_hours)))
            if partition.qos:
                self.known(place, "QOS", partition.qos, self.qos)
            if not self.nodes & set(names(partition.nodes)):
                raise self.wrong(place, f"there is no node {partition.nodes!r}")
            for account in partition.allow_accounts:
                self._account(place, account)
        for qos in self.plan.qos:
            place = f"QOS {qos.name!r}"
            self._caps(place, qos, qos.max_tres_per_user, qos.max_tres_per_account)
            for other in qos.preempts:
                self.known(place, "QOS", other, self.qos)

    def _people(self) -> None:
        for account in self.plan.accounts:
            place = f"account {account.name!r}"
            self._caps(place, account, account.used_minutes)
            if account.contract_days is not None and not account.contract_days[0] <= 0 <= account.contract_days[1]:
                raise self.wrong(place, "`contract-days` must be days before and after the opening, like [-120, 245]")
        for kind in self.plan.kinds:
            self.known("kinds", "kind of account", kind.name, self.kinds)
            self._caps(f"kind {kind.name!r}", kind)
        for user in self.plan.users:
            self.known(f"user {user.name!r}", "account", user.account, self.accounts)
        self.known("`user`", "user", self.plan.user, self.users)

    def _caps(self, place: str, caps: Caps, *more: dict[str, int]) -> None:
        own = (caps.group_tres, caps.group_tres_minutes, caps.group_tres_run_minutes, caps.max_tres_per_job)
        for amounts in (*own, caps.max_tres_minutes_per_job, *more):
            for resource, amount in amounts.items():
                if not _RESOURCE.fullmatch(resource):
                    raise self.wrong(place, f'{resource!r} is no resource; write it like "gres/gpu" or "cpu"')
                if amount < 0:
                    raise self.wrong(place, f"{resource!r} cannot be {amount}")

    def _account(self, place: str, name: str) -> None:
        if not self.made or not name.startswith(self.made):
            self.known(place, "account", name, self.accounts)

    def _account_or_kind(self, place: str, name: str) -> None:
        if name not in self.kinds:
            self._account(place, name)

    def _work(self) -> None:
        for work in self.plan.work:
            place = f"work in {work.partition!r}"
            self.known("work", "partition", work.partition, self.partitions)
            self.known(place, "QOS", work.qos, self.qos)
            if work.like and work.like not in KINDS:
                raise self.wrong(place, f"there is no kind of work {work.like!r}; there are {', '.join(KINDS)}")
            if not 0 <= work.busy <= 1:
                raise self.wrong(place, f"`busy` is a share between 0 and 1, not {work.busy:g}")
            if work.pending < 0 or (work.per_hour or 0) < 0:
                raise self.wrong(place, "`pending` and `per-hour` cannot be less than 0")
            self.positive(place, (("hours", hours) for hours in work.hours))
            for nodes, accelerators, common in work.shapes:
                self.positive(place, (("shapes", nodes), ("shapes", common)))
                if accelerators < 0:
                    raise self.wrong(place, "`shapes` cannot have fewer than 0 accelerators")
            for account in work.accounts:
                self._account_or_kind(place, account)

    def _calendar(self) -> None:
        for reservation in self.plan.reservations:
            place = f"reservation {reservation.name!r}"
            self.positive(place, (("hours", reservation.hours),))
            self._are_nodes(place, reservation.nodes)
        for incident in self.plan.incidents:
            self._are_nodes(f"incident on {incident.node!r}", incident.node)

    def _are_nodes(self, place: str, hosts: str) -> None:
        for name in names(hosts):
            self.known(place, "node", name, self.nodes)

    def _cast(self) -> None:
        keys: set[str] = set()
        for entry in self.plan.cast:
            place = f"cast {entry.name!r}"
            for name in entry.partition.split(","):
                self.known(place, "partition", name, self.partitions)
            self.known(place, "user", entry.user, self.users)
            self.known(place, "QOS", entry.qos, self.qos)
            if entry.account:
                self._account(place, entry.account)
            for after in entry.after:
                self.known(place, "earlier entry of the cast", after if isinstance(after, str) else after.key, keys)
            self._amounts(place, entry)
            keys.add(entry.key or entry.name)

    def _amounts(self, place: str, entry: Cast) -> None:
        self.positive(place, (("hours", entry.hours), ("nodes", entry.nodes), ("repeat", entry.repeat)))
        for name in ("accelerators", "cores", "array", "throttle", "tasks_running", "tasks_done"):
            if getattr(entry, name) < 0:
                raise self.wrong(place, f"`{name.replace('_', '-')}` cannot be less than 0")
        if entry.tasks_running + entry.tasks_done > entry.array:
            raise self.wrong(place, "more tasks run or are done than `array` has")
        if entry.tasks_done and not entry.tasks_running:
            raise self.wrong(place, "where tasks are done, at least one must run")
