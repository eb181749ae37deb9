"""Who may use how much, as slurmdbd tells it: associations, accounts, users, QOS, and the cluster itself."""

from collections.abc import Iterator

from naru_client.mock.body_accounting import Catalogue
from naru_client.mock.hostlist import compress
from naru_client.mock.people import People
from naru_client.mock.scenario import Account, Caps, Kind, Qos, SitePlan
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import INFINITE, Body, limit, number


class AssociationTeller:
    """Tells the associations of one site."""

    def __init__(self, people: People, catalogue: Catalogue) -> None:
        self.people = people
        self.catalogue = catalogue
        plan = people.plan
        of_partitions = {partition.qos for partition in plan.partitions}
        self._kinds = {kind.name: kind for kind in plan.kinds}
        self._qos = [qos.name for qos in plan.qos if qos.name not in of_partitions]

    def records(self) -> Iterator[Body]:
        """The whole tree: root, the kinds of account, the accounts with their limits, their users."""
        people = self.people
        yield self._record("root", "", "/", "")
        yield self._record("root", "root", "/0-root/", "")
        for kind in people.kinds:
            weight = sum(account.shares for account in people.of_kind(kind))
            yield self._record(kind, "", f"/{kind}/", "root", self._kinds.get(kind), shares=weight)
            for account in people.of_kind(kind):
                line = f"/{kind}/{account.name}/"
                yield self._record(account.name, "", line, kind, account, shares=account.shares)
                for user in people.members[account.name]:
                    yield self._record(account.name, user.name, f"{line}0-{user.name}/", "", account)

    def _record(
        self, account: str, user: str, line: str, parent: str, caps: Account | Kind | None = None, shares: int = 1
    ) -> Body:
        default = bool(user) and self.people.accounts_of.get(user, [account])[0] == account
        return {
            "accounting": [],
            "account": account,
            "cluster": self.people.plan.cluster,
            "comment": "",
            "default": {"qos": ""},
            "flags": [],
            "max": self._most(caps, group=not user),
            "id": self.people.association[account, user],
            "is_default": default,
            "lineage": line,
            "min": {"priority_threshold": INFINITE},
            "parent_account": parent,
            "partition": "",
            "priority": INFINITE,
            "qos": self._qos,
            "shares_raw": shares,
            "user": user,
        }

    def _most(self, caps: Account | Kind | None, *, group: bool) -> Body:
        """The limits of an account (`group`), or those that each user in it has from it."""
        entries = self.catalogue.entries
        of_all = caps if group else None
        own = caps if isinstance(caps, Account) else None
        return {
            "jobs": {
                "per": {
                    "count": limit(own.max_jobs_per_user if own else None), "accruing": INFINITE,
                    "submitted": limit(own.max_submit_per_user if own else None), "wall_clock": limit(_wall(caps)),
                },
                "active": limit(of_all.group_jobs if of_all else None),
                "accruing": INFINITE,
                "total": limit(of_all.group_submit if of_all else None),
            },
            "tres": {
                "total": entries(of_all.group_tres) if of_all else [],
                "group": {
                    "minutes": entries(of_all.group_tres_minutes) if of_all else [],
                    "active": entries(of_all.group_tres_run_minutes) if of_all else [],
                },
                "minutes": {"total": [], "per": {"job": entries(caps.max_tres_minutes_per_job) if caps else []}},
                "per": {"job": entries(caps.max_tres_per_job) if caps else [], "node": []},
            },
            "per": {"account": {"wall_clock": INFINITE}},
        }  # fmt: skip


def qos_record(qos: Qos, number_of: int, plan: SitePlan, catalogue: Catalogue) -> Body:
    """One record of `qos[]`."""
    entries = catalogue.entries
    gives_way = any(qos.name in other.preempts for other in plan.qos)
    return {
        "description": qos.description,
        "flags": [],
        "id": number_of,
        "limits": {
            "grace_time": 0,
            "max": {
                "active_jobs": {"accruing": INFINITE, "count": limit(qos.group_jobs)},
                "jobs": {
                    "count": limit(qos.group_submit),
                    "active_jobs": {
                        "per": {"account": limit(qos.max_jobs_per_account), "user": limit(qos.max_jobs_per_user)}
                    },
                    "per": {"account": INFINITE, "user": limit(qos.max_submit_per_user)},
                },
                "tres": {
                    "total": entries(qos.group_tres),
                    "minutes": {
                        "total": entries(qos.group_tres_minutes),
                        "per": {
                            "qos": entries(qos.group_tres_run_minutes), "job": entries(qos.max_tres_minutes_per_job),
                            "account": [], "user": [],
                        },
                    },
                    "per": {
                        "account": entries(qos.max_tres_per_account), "job": entries(qos.max_tres_per_job), "node": [],
                        "user": entries(qos.max_tres_per_user),
                    },
                },
                "wall_clock": {"per": {"qos": INFINITE, "job": limit(_wall(qos))}},
                "accruing": {"per": {"account": INFINITE, "user": INFINITE}},
            },
            "factor": INFINITE,
            "min": {"priority_threshold": INFINITE, "tres": {"per": {"job": []}}},
        },
        "name": qos.name,
        "preempt": {
            "list": list(qos.preempts), "mode": [qos.preempt_mode.upper() if gives_way else "DISABLED"],
            "exempt_time": INFINITE,
        },
        "priority": number(qos.priority),
        "usage_factor": limit(qos.usage_factor),
        "usage_threshold": INFINITE,
    }  # fmt: skip


def account_records(people: People, *, coordinators: bool, associations: bool) -> Iterator[Body]:
    """Every account, those above the projects too."""
    plan = people.plan
    above = [("root", "default root account", "root"), *((kind, f"kind {kind}", kind) for kind in people.kinds)]
    for name, description, organization in (*above, *((a.name, a.description, a.kind) for a in plan.accounts)):
        users = people.members.get(name, [])
        yield {
            "associations": [_short(people, name, "")] + [_short(people, name, user.name) for user in users]
            if associations
            else [],
            "coordinators": [{"name": c, "direct": True} for c in people.coordinators(name)] if coordinators else [],
            "description": description,
            "name": name,
            "organization": organization,
            "flags": [],
        }


def user_records(people: People, *, coordinators: bool, associations: bool) -> Iterator[Body]:
    """Every user, once."""
    plan = people.plan
    for name, accounts in {"root": ["root"], **people.accounts_of}.items():
        level = "Administrator" if name == "root" else "Operator" if name in plan.operators else "None"
        coordinated = [a.name for a in plan.accounts if name in a.coordinators]
        yield {
            "administrator_level": [level],
            "associations": [_short(people, account, name) for account in accounts] if associations else [],
            "coordinators": [{"name": a, "direct": True} for a in coordinated] if coordinators else [],
            "default": {"qos": 0, "account": accounts[0], "wckey": ""},
            "flags": ["NONE"],
            "name": name,
            "old_name": "",
            "wckeys": [],
        }


def cluster_record(simulator: Simulator, catalogue: Catalogue) -> Body:
    cluster, plan = simulator.cluster, simulator.plan
    totals = dict.fromkeys(catalogue.ids, 0)
    for make in cluster.makes:
        count = make.members.bit_count()
        totals["cpu"] += make.cpus * count
        totals["mem"] += make.memory * count
        totals["node"] += count
        if make.gres_count:
            typed = {f"gres/{make.gres_name}:{make.gres_type}"} & totals.keys()
            for resource in (f"gres/{make.gres_name}", *typed):
                totals[resource] += make.gres_count * count
    totals["billing"] = totals["cpu"]
    return {
        "controller": {"host": "slurmctl-01", "port": 6817},
        "flags": [],
        "name": plan.cluster,
        "nodes": compress(cluster.nodes),
        "select_plugin": "",
        "associations": {"root": {"account": "root", "cluster": plan.cluster, "partition": "", "user": "", "id": 1}},
        "rpc_version": 11264,
        "tres": catalogue.entries(totals),
    }


def _short(people: People, account: str, user: str) -> Body:
    number_of = people.association[account, user]
    return {"account": account, "cluster": people.plan.cluster, "partition": "", "user": user, "id": number_of}


def _wall(caps: Caps | None) -> int | None:
    """The longest a job may run, in minutes."""
    return None if caps is None or caps.max_wall_hours is None else int(caps.max_wall_hours * 60)
