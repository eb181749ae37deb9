"""What slurmdbd tells: finished and unfinished jobs, accounts, users, associations, QOS, TRES, clusters."""

from naru_client.mock.body_jobs import People
from naru_client.mock.cluster import Cluster, Job
from naru_client.mock.hostlist import compress
from naru_client.mock.limits import billing
from naru_client.mock.scenario import Account, Qos, Scenario, User
from naru_client.mock.wire_values import INFINITE, SUCCESS, UNSET, Body, job_exit, limit, number, paths, submit_line

TRES_IDS = {"cpu": 1, "mem": 2, "energy": 3, "node": 4, "billing": 5, "gres/gpu": 1001, "gres/npu": 1002}
_NO_CLOCK: Body = {"seconds": 0, "microseconds": 0}


class Catalogue:
    """The resources of a cluster with the numbers accounting gives them."""

    def __init__(self, cluster: Cluster) -> None:
        self.ids = dict(TRES_IDS)
        for node in cluster.nodes.values():
            if node.gres_count:
                self.ids.setdefault(f"gres/{node.gres_name}:{node.gres_type}", 1003 + len(self.ids) - len(TRES_IDS))

    def entry(self, resource: str, count: int) -> Body:
        kind, _, name = resource.partition("/")
        return {"type": kind, "name": name, "id": self.ids[resource], "count": count}

    def entries(self, amounts: dict[str, int]) -> list[Body]:
        return [self.entry(resource, count) for resource, count in amounts.items()]


def accounting_record(job: Job, scenario: Scenario, people: People, catalogue: Catalogue, now: float) -> Body:
    """One record of `/slurmdb/…/jobs`. Of a job still going on, times run until now."""
    home, template, expanded = paths(job)
    end = job.ended if job.finished else now
    start = job.started or now
    elapsed = int(end) - int(start) if job.held_nodes else 0
    amounts = {"cpu": job.cpus * job.nodes, "mem": job.memory * job.nodes, "node": job.nodes}
    amounts["billing"] = int(billing(job))
    if job.accelerators:
        count = job.accelerators * job.nodes
        amounts |= {f"gres/{job.gres_name}": count, f"gres/{job.gres_name}:{job.gres_type}": count}
    asked = catalogue.entries(amounts)
    had = [*asked, catalogue.entry("energy", -2)] if job.held_nodes else []
    ended = job_exit(job, accounting=True) if job.finished else SUCCESS
    return {
        "account": job.account,
        "comment": {"administrator": "", "job": job.comment, "system": ""},
        "allocation_nodes": job.nodes if job.held_nodes else 0,
        "array": {
            "job_id": job.array_id,
            "limits": {"max": {"running": {"tasks": job.throttle}}},
            "task_id": number(job.task),
            "task": hex(sum(1 << task for task in job.tasks)).upper().replace("X", "x") if job.array_group else "",
        },
        "association": {
            "account": job.account, "cluster": scenario.cluster, "partition": "", "user": job.user,
            "id": people.association[job.account, job.user],
        },
        "block": "",
        "cluster": scenario.cluster,
        "constraints": "",
        "container": "",
        "derived_exit_code": SUCCESS,
        "time": {
            "elapsed": elapsed,
            "eligible": int(job.eligible or job.submitted),
            "end": int(end),
            "planned": number(max(0, int(start) - int(job.eligible or job.submitted))),
            "start": int(start),
            "submission": int(job.submitted),
            "suspended": 0,
            "system": _NO_CLOCK,
            "limit": number(int(job.limit // 60)),
            "total": _NO_CLOCK,
            "user": _NO_CLOCK,
        },
        "exit_code": ended,
        "extra": "",
        "failed_node": "",
        "flags": ["STARTED_ON_BACKFILL", "START_RECEIVED"] if job.held_nodes else ["START_RECEIVED"],
        "group": job.account,
        "het": {
            "job_id": job.het[0].id if job.het else 0,
            "job_offset": number(job.het_offset) if job.het else UNSET,
        },
        "job_id": job.id,
        "name": job.name,
        "licenses": "",
        "mcs": {"label": ""},
        "nodes": compress(a.node.name for a in job.held_nodes) or "None assigned",
        "partition": job.partition.name,
        "hold": bool(job.held),
        "priority": number(job.priority),
        "qos": job.qos,
        "qosreq": "",
        "required": {
            "CPUs": job.cpus * job.nodes, "memory_per_cpu": number(job.memory // job.cpus), "memory_per_node": UNSET,
        },
        "kill_request_user": job.cancelled_by,
        "restart_cnt": 0,
        "reservation": {"id": 0, "name": job.reservation, "requested": job.reservation},
        "script": "",
        "segment_size": 0,
        "stdin_expanded": "/dev/null",
        "stdout_expanded": expanded,
        "stderr_expanded": "",
        "stdout": template,
        "stderr": "",
        "stdin": "/dev/null",
        "state": {"current": [job.state], "reason": "None"},
        "steps": [],
        "submit_line": submit_line(job),
        "tres": {"allocated": had, "requested": asked},
        "used_gres": "",
        "user": job.user,
        "wckey": {"wckey": "", "flags": []},
        "working_directory": home,
    }  # fmt: skip


def qos_record(qos: Qos, number_of: int, catalogue: Catalogue) -> Body:
    wall = None if qos.max_wall_hours is None else int(qos.max_wall_hours * 60)
    return {
        "description": qos.description,
        "flags": [],
        "id": number_of,
        "limits": {
            "grace_time": 0,
            "max": {
                "active_jobs": {"accruing": INFINITE, "count": INFINITE},
                "jobs": {
                    "count": INFINITE,
                    "active_jobs": {"per": {"account": INFINITE, "user": limit(qos.max_jobs_per_user)}},
                    "per": {"account": INFINITE, "user": INFINITE},
                },
                "tres": {
                    "total": catalogue.entries(qos.group_tres),
                    "minutes": {"total": [], "per": {"qos": [], "job": [], "account": [], "user": []}},
                    "per": {"account": [], "job": [], "node": [], "user": catalogue.entries(qos.max_tres_per_user)},
                },
                "wall_clock": {"per": {"qos": INFINITE, "job": limit(wall)}},
                "accruing": {"per": {"account": INFINITE, "user": INFINITE}},
            },
            "factor": INFINITE,
            "min": {"priority_threshold": INFINITE, "tres": {"per": {"job": []}}},
        },
        "name": qos.name,
        "preempt": {"list": [], "mode": ["DISABLED"], "exempt_time": INFINITE},
        "priority": number(qos.priority),
        "usage_factor": number(1.0),
        "usage_threshold": INFINITE,
    }


def association_records(scenario: Scenario, people: People, catalogue: Catalogue) -> list[Body]:
    """The whole tree: root, the kinds of account, the accounts with their limits, their users."""
    kinds = dict.fromkeys(account.kind for account in scenario.accounts)
    records = [_association("root", "", "/", "", scenario, people)]
    records += [_association(kind, "", f"/{kind}/", "root", scenario, people) for kind in kinds]
    for account in scenario.accounts:
        line = f"/{account.kind}/{account.name}/"
        record = _association(account.name, "", line, account.kind, scenario, people)
        record["shares_raw"] = account.shares
        record["max"]["tres"]["total"] = catalogue.entries(account.group_tres)
        record["max"]["tres"]["group"]["minutes"] = catalogue.entries(account.group_tres_minutes)
        records.append(record)
        for user in scenario.users:
            if user.account == account.name:
                records.append(_association(account.name, user.name, f"{line}0-{user.name}/", "", scenario, people))
    return records


def account_record(account: Account) -> Body:
    return {
        "associations": [], "coordinators": [], "description": account.description, "name": account.name,
        "organization": account.kind, "flags": [],
    }  # fmt: skip


def user_record(user: User) -> Body:
    return {
        "administrator_level": ["None"], "associations": [], "coordinators": [],
        "default": {"qos": 0, "account": user.account, "wckey": ""}, "flags": ["NONE"], "name": user.name,
        "old_name": "", "wckeys": [],
    }  # fmt: skip


def cluster_record(scenario: Scenario, cluster: Cluster, catalogue: Catalogue) -> Body:
    totals = {"cpu": 0, "mem": 0, "node": 0}
    for node in cluster.nodes.values():
        for resource, count in (("cpu", node.cpus), ("mem", node.memory), ("node", 1)):
            totals[resource] += count
        if node.gres_count:
            for resource in (f"gres/{node.gres_name}", f"gres/{node.gres_name}:{node.gres_type}"):
                totals[resource] = totals.get(resource, 0) + node.gres_count
    return {
        "controller": {"host": "slurmctl-01", "port": 6817},
        "flags": [],
        "name": scenario.cluster,
        "nodes": compress(cluster.nodes),
        "select_plugin": "",
        "associations": {
            "root": {"account": "root", "cluster": scenario.cluster, "partition": "", "user": "", "id": 1},
        },
        "rpc_version": 11264,
        "tres": catalogue.entries(totals),
    }  # fmt: skip


def _association(account: str, user: str, line: str, parent: str, scenario: Scenario, people: People) -> Body:
    return {
        "accounting": [],
        "account": account,
        "cluster": scenario.cluster,
        "comment": "",
        "default": {"qos": ""},
        "flags": [],
        "max": {
            "jobs": {
                "per": {"count": INFINITE, "accruing": INFINITE, "submitted": INFINITE, "wall_clock": INFINITE},
                "active": INFINITE,
                "accruing": INFINITE,
                "total": INFINITE,
            },
            "tres": {
                "total": [],
                "group": {"minutes": [], "active": []},
                "minutes": {"total": [], "per": {"job": []}},
                "per": {"job": [], "node": []},
            },
            "per": {"account": {"wall_clock": INFINITE}},
        },
        "id": people.association[account, user],
        "is_default": bool(user),
        "lineage": line,
        "min": {"priority_threshold": INFINITE},
        "parent_account": parent,
        "partition": "",
        "priority": INFINITE,
        "qos": [qos.name for qos in scenario.qos if qos.name not in {p.qos for p in scenario.partitions}],
        "shares_raw": 1,
        "user": user,
    }
