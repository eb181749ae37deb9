"""Who had used how much of what before the opening: what accounting's weeks before it come to, person by person.

Accounts with `used-minutes` used just that since their contract began. All others used their part of what their site's
usual work takes, over the last weeks. Resources are told as accounting counts them: by model where there are models.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from naru_client.mock.contract_spans import contract_days
from naru_client.mock.entities import Make
from naru_client.mock.scenario import Account, User
from naru_client.mock.workload import USER_MEMORY, Kind

if TYPE_CHECKING:
    from naru_client.mock.simulator import Simulator

DAY = 86_400
WEEKS = 28  # days for which accounts without a contract have a past
SPENT_OVER = 90  # days in which those used what they used that have no contract
LEAST_BUSY = 0.01  # the part of a partition that work keeps busy which holds nothing of it at the opening
FULL = 0.85  # of what an account may have at a time: more it never used on average


class Use(Struct, eq=False, kw_only=True):
    """What one person used in one account from `begin` (epoch seconds, a UTC midnight) until the opening.

    `amounts` are resource-seconds by resource (`gres/gpu:h100`, `cpu`); `kinds` is the work they came from, by
    resource, with how common each is.
    """

    account: str
    user: str
    drawn: bool  # whether the opening draws work of this person
    begin: int
    amounts: dict[str, float]
    kinds: dict[str, list[tuple[Kind, float]]]


class _Load(Struct, frozen=True, eq=False):
    """What a kind of work takes of a resource at any time, and who brings it."""

    kind: Kind
    resource: str
    amount: float
    brought: dict[str, float]  # by account, as weights
    weight: float  # of all that bring it


def past_use(simulator: "Simulator") -> list[Use]:
    """Everybody's use, in the order of the scenario's users; who used nothing is not in it."""
    loads = list(_loads(simulator))
    members: dict[str, list[User]] = {}
    for user in simulator.plan.users:
        members.setdefault(user.account, []).append(user)
    found: dict[tuple[str, str], Use] = {}
    for account in simulator.plan.accounts:
        people = _parts(members.get(account.name, ()), simulator.plan.user)
        if people and loads:
            for use in _of_account(simulator, account, people, loads):
                found[use.account, use.user] = use
    return [found[key] for user in simulator.plan.users if (key := (user.account, user.name)) in found]


def book(simulator: "Simulator", uses: list[Use]) -> None:
    """Let the tallies know what was used; what `used-minutes` says they know already for accounts as a whole."""
    limits, index = simulator.limits, simulator.resources.index
    faded = _faded(simulator.plan.half_life_days)
    makes = {f"gres/{m.gres_name}:{m.gres_type}": m for m in simulator.cluster.makes if m.gres_count}
    for use in uses:
        account = limits.accounts[use.account]
        told = next(iter(account.used_minutes), "")
        above = [
            limits.tally(*key) for key in (("account", use.account), ("account", account.kind), ("account", "root"))
        ]
        mine = limits.tally("user", use.account, use.user)
        for resource, amount in _with_cores(use.amounts, makes).items():
            amount = float(int(amount if told else amount * faded))  # whole, so that a tree of them adds up
            for name in dict.fromkeys((resource, resource.partition(":")[0])):
                i = index[name]
                mine.base[i] += amount
                if name != told:
                    for tally in above:
                        tally.base[i] += amount


def _with_cores(amounts: dict[str, float], makes: dict[str, Make]) -> dict[str, float]:
    """The amounts, and the cores and the memory that come with accelerators."""
    found = dict(amounts)
    for resource, amount in amounts.items():
        make = makes.get(resource)
        if make is not None:
            cores = amount * make.cpus / make.gres_count
            found["cpu"] = found.get("cpu", 0.0) + cores
            found["mem"] = found.get("mem", 0.0) + cores * _memory_of_core(make)
    return found


def _memory_of_core(make: Make) -> int:
    """MiB that a job gets with each core, as `Workload.make` has it."""
    return int(make.memory * USER_MEMORY / make.cpus) // 1024 * 1024


def _faded(half_life: float) -> float:
    """How much of an even use over the last weeks still counts."""
    if not half_life:
        return 1.0
    return sum(float(0.5 ** ((day + 0.5) / half_life)) for day in range(WEEKS)) / WEEKS


def _loads(simulator: "Simulator") -> Iterator[_Load]:
    """The kinds of work that are charged for, with what each keeps busy."""
    plan, cluster, index = simulator.plan, simulator.cluster, simulator.resources.index
    free = {qos.name for qos in plan.qos if not qos.usage_factor}
    busy: dict[str, float] = {}
    for kind in simulator.workload.kinds:
        work = kind.work
        more = max(LEAST_BUSY, work.busy - busy.get(work.partition, 0.0))
        busy[work.partition] = max(work.busy, busy.get(work.partition, 0.0))
        make = cluster.makes_of[work.partition][0]
        by_cores = not kind.shapes[0][1] or not make.gres_count
        resource = "cpu" if by_cores else f"gres/{make.gres_name}:{make.gres_type}"
        nodes = cluster.members[work.partition]
        amount = more * sum(node.cpus if by_cores else node.gres_count for node in nodes)
        if not amount or work.qos in free or resource not in index:
            continue
        brought: dict[str, float] = {}
        before = 0.0
        for (_, account), up_to in zip(kind.bringers.people, kind.bringers.weights, strict=True):
            brought[account] = brought.get(account, 0.0) + up_to - before
            before = up_to
        yield _Load(kind, resource, amount, brought, before)


def _parts(people: list[User] | tuple[User, ...], demo: str) -> list[tuple[User, float]]:
    """Whose the account's use is, as parts of one. Who is there for the cast alone used nothing before, except the
    demo's own user, who used as much as others do."""
    drawn = [user.weight for user in people if user.weight > 0]
    usual = sum(drawn) / len(drawn) if drawn else 1.0
    weights = [(user, user.weight or (usual if user.name == demo else 0.0)) for user in people]
    whole = sum(weight for _, weight in weights)
    return [(user, weight / whole) for user, weight in weights if weight] if whole else []


def _of_account(
    simulator: "Simulator", account: Account, people: list[tuple[User, float]], loads: list[_Load]
) -> Iterator[Use]:
    told = next(iter(account.used_minutes.items()), None)
    mine = [load for load in loads if _may_bring(simulator, load, account)]
    if told is not None:
        mine = [load for load in mine if told[0] in (load.resource, load.resource.partition(":")[0])]
        amounts = _split(told[1] * 60.0, mine)
    else:
        amounts = _usual(account, people, mine)
    span = contract_days(account, simulator.seed)
    days = WEEKS if told is None else SPENT_OVER if span is None else -span[0]
    if span is not None:
        days = min(days, -span[0] - 1)  # its first day begins at another hour in other zones
    today = int(simulator.opened) // DAY
    kinds: dict[str, list[tuple[Kind, float]]] = {}
    for load in mine:
        kinds.setdefault(load.resource, []).append((load.kind, load.amount))
    if not amounts:
        return
    for user, part in people:
        yield Use(
            account=account.name, user=user.name, drawn=user.weight > 0, begin=(today - max(0, days)) * DAY,
            amounts={resource: amount * part for resource, amount in amounts.items()}, kinds=kinds,
        )  # fmt: skip


def _may_bring(simulator: "Simulator", load: _Load, account: Account) -> bool:
    partition = simulator.cluster.partitions[load.kind.work.partition]
    allowed = load.kind.work.accounts or partition.allow_accounts
    return not allowed or account.name in allowed or account.kind in allowed


def _split(amount: float, loads: list[_Load]) -> dict[str, float]:
    """An amount over the resources of some work, each by how much of it is kept busy."""
    whole = sum(load.amount for load in loads)
    found: dict[str, float] = {}
    for load in loads:
        found[load.resource] = found.get(load.resource, 0.0) + amount * load.amount / whole
    return found


def _usual(account: Account, people: list[tuple[User, float]], loads: list[_Load]) -> dict[str, float]:
    """What an account takes of its site's usual work over the last weeks: of its accelerators where it has any."""
    if any(load.resource != "cpu" for load in loads):
        loads = [load for load in loads if load.resource != "cpu"]
    drawn = sum(part for user, part in people if user.weight > 0)
    found: dict[str, float] = {}
    for load in loads:
        brought = load.brought.get(account.name, 0.0)
        part = brought / load.weight / drawn if drawn else 1.0 / (load.weight + 1.0) if load.weight else 0.0
        if part:
            found[load.resource] = found.get(load.resource, 0.0) + load.amount * part * DAY * WEEKS
    caps = [most for resource, most in account.group_tres.items() if resource.startswith("gres/")]
    whole, most = sum(found.values()), min(caps, default=0) * FULL * DAY * WEEKS
    return {name: amount * most / whole for name, amount in found.items()} if most and whole > most else found
