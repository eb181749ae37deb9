"""Job records as slurmctld tells them (`/slurm/v0.0.44/jobs`)."""

from functools import lru_cache
from itertools import pairwise

import msgspec

from naru_client.mock.cluster import Allocation, Job, bits
from naru_client.mock.hostlist import compress, ranges
from naru_client.mock.limits import billing
from naru_client.mock.scenario import Scenario
from naru_client.mock.wire_values import (
    INFINITE,
    SUCCESS,
    UNSET,
    ZERO,
    Body,
    job_exit,
    number,
    paths,
    submit_line,
    tres_string,
)

# What no job of the simulation ever sets, as a real slurmctld writes it. Shared by all records, never changed.
UNUSED: Body = {
    "admin_comment": "", "allocating_node": "login-01", "batch_features": "", "batch_flag": True, "burst_buffer": "",
    "burst_buffer_state": "", "cluster_features": "", "container": "", "container_id": "", "contiguous": False,
    "core_spec": 0, "thread_spec": 32766, "cores_per_socket": UNSET, "cpu_frequency_minimum": UNSET,
    "cpu_frequency_maximum": UNSET, "cpu_frequency_governor": UNSET, "cpus_per_tres": "", "cron": "",
    "deadline": ZERO, "delay_boot": ZERO, "derived_exit_code": SUCCESS, "excluded_nodes": "", "extra": "",
    "failed_node": "", "features": "", "federation_origin": "", "federation_siblings_active": "",
    "federation_siblings_viable": "", "job_size_str": [], "licenses": "", "licenses_allocated": "", "mail_type": [],
    "max_cpus": ZERO, "max_nodes": ZERO, "mcs_label": "", "memory_per_tres": "", "network": "", "nice": 0,
    "tasks_per_core": INFINITE, "tasks_per_tres": ZERO, "tasks_per_node": ZERO, "tasks_per_socket": INFINITE,
    "tasks_per_board": ZERO, "prefer": "", "memory_per_node": UNSET, "minimum_tmp_disk_per_node": ZERO,
    "power": {"flags": []}, "preempt_time": ZERO, "preemptable_time": ZERO, "pre_sus_time": ZERO,
    "priority_by_partition": [], "profile": ["NOT_SET"], "reboot": False, "required_switches": 0, "requeue": False,
    "resize_time": ZERO, "restart_cnt": 0, "segment_size": 0, "selinux_context": "", "shared": [],
    "sockets_per_board": 0, "sockets_per_node": UNSET, "standard_input": "/dev/null", "standard_error": "",
    "stdin_expanded": "/dev/null", "stderr_expanded": "", "suspend_time": ZERO, "system_comment": "",
    "time_minimum": ZERO, "threads_per_core": UNSET, "tres_bind": "", "tres_freq": "", "tres_per_job": "",
    "tres_per_socket": "", "tres_per_task": "", "maximum_switch_wait_time": 0, "wckey": "",
}  # fmt: skip
_ENCODER = msgspec.json.Encoder()
_UNUSED_JSON = _ENCODER.encode(UNUSED)[:-1] + b","  # encoded once: half of every record, in a list of hundreds

END_REASONS = {
    "FAILED": "NonZeroExitCode", "TIMEOUT": "TimeLimit", "OUT_OF_MEMORY": "OutOfMemory", "NODE_FAIL": "NodeDown",
}  # fmt: skip


class People:
    """Numbers for users, groups and associations, as a site's directory would give them."""

    def __init__(self, scenario: Scenario) -> None:
        self.user_id = {user.name: 20001 + i for i, user in enumerate(scenario.users)}
        self.group_id = {account.name: 30001 + i for i, account in enumerate(scenario.accounts)}
        kinds = dict.fromkeys(account.kind for account in scenario.accounts)
        lines = [("root", ""), *((kind, "") for kind in kinds), *((a.name, "") for a in scenario.accounts)]
        lines += [(user.account, user.name) for user in scenario.users]
        self.association = {line: i for i, line in enumerate(lines, 1)}


def job_record(job: Job, scenario: Scenario, people: People) -> msgspec.Raw:
    """One record of `jobs[]`, already JSON."""
    return msgspec.Raw(_UNUSED_JSON + _ENCODER.encode(_told(job, scenario, people))[1:])


def _told(job: Job, scenario: Scenario, people: People) -> Body:
    """What a record says of this job beyond what all of them say."""
    home, template, expanded = paths(job)
    bill = billing(job)
    held = job.held_nodes
    started = job.started or job.planned_start
    eligible = job.eligible or (0.0 if job.held else job.begin)
    if job.finished:
        end = job.ended
    else:
        end = started + job.limit if started else 0.0
    reason = job.reason if job.pending or not held else END_REASONS.get(job.state, "None")
    gres = f"{job.gres_name}:{job.gres_type}"
    tres = tres_string(
        cpus=job.cpus * job.nodes, memory=job.memory * job.nodes, nodes=job.nodes, billing=bill, gres=gres,
        count=job.accelerators * job.nodes,
    )  # fmt: skip
    is_array = job.array is not None
    return {
        "account": job.account,
        "accrue_time": number(int(eligible)),
        "array_job_id": number(job.array_id),
        "array_task_id": number(job.task) if is_array else UNSET,
        "array_max_tasks": number(job.throttle),
        "array_task_string": _waiting_tasks(job),
        "association_id": people.association[job.account, job.user],
        "batch_host": held[0].node.name if held else "",
        "billable_tres": number(bill) if held else UNSET,
        "flags": ["USING_DEFAULT_QOS", "USING_DEFAULT_WCKEY", *(["JOB_WAS_RUNNING"] if job.running else [])],
        "cluster": scenario.cluster,
        "command": f"{home}/run.sh",
        "comment": job.comment,
        "cpus_per_task": number(job.cpus),
        "dependency": _dependency(job),
        "eligible_time": number(int(eligible)),
        "end_time": number(int(end)),
        "exit_code": job_exit(job, accounting=False) if job.finished else SUCCESS,
        "gres_detail": [_gres(a, gres) for a in held] if job.accelerators and (job.running or job.completing) else [],
        "group_id": people.group_id[job.account],
        "group_name": job.account,
        "het_job_id": number(job.het[0].id if job.het else 0),
        "het_job_id_set": ranges(sorted(part.id for part in job.het)) if job.het else "",
        "het_job_offset": number(job.het_offset),
        "job_id": job.id,
        "job_resources": _resources(held, job.cpus) if held else None,
        "job_state": [job.state, "COMPLETING"] if job.completing else [job.state],
        "last_sched_evaluation": number(int(job.evaluated)),
        "mail_user": job.user,
        "name": job.name,
        "nodes": compress(a.node.name for a in held),
        "cpus": number(job.cpus * job.nodes),
        "node_count": number(job.nodes),
        "tasks": number(job.nodes),
        "partition": job.partition.name,
        "memory_per_cpu": number(job.memory // job.cpus),
        "minimum_cpus_per_node": number(job.cpus),
        "hold": bool(job.held),
        "priority": number(job.priority),
        "qos": job.qos,
        "required_nodes": job.on_node,
        "resv_name": job.reservation,
        "scheduled_nodes": compress(node.name for node in job.planned_nodes),
        "step_id": {
            "sluid": f"s{job.id:013X}", "job_id": number(job.id), "step_het_component": UNSET, "step_id": "entire",
        },
        "start_time": number(int(started)),
        "state_description": job.detail,
        "state_reason": reason,
        "standard_output": template,
        "stdout_expanded": expanded,
        "submit_time": number(int(job.submitted)),
        "submit_line": submit_line(job),
        "time_limit": number(int(job.limit // 60)),
        "tres_per_node": f"gres/{gres}:{job.accelerators}" if job.accelerators else "",
        "tres_req_str": tres,
        "tres_alloc_str": tres if held else "",
        "user_id": people.user_id[job.user],
        "user_name": job.user,
        "current_working_directory": home,
    }  # fmt: skip


def state_records(job: Job) -> list[Body]:
    """The lines of `jobs/state`: one for a job, one for each waiting task of an array."""
    state = [job.state, "COMPLETING"] if job.completing else [job.state]
    if job.array_group:
        return [{"job_id": f"{job.id}_{task}", "state": state} for task in job.tasks]
    return [{"job_id": str(job.id) if job.task is None else f"{job.id}_{job.task}", "state": state}]


def _waiting_tasks(job: Job) -> str:
    if not job.array_group or not job.tasks:
        return ""
    return ranges(job.tasks) + (f"%{job.throttle}" if job.throttle else "")


def _dependency(job: Job) -> str:
    if not job.pending:
        return ""
    open_ends = [parent for parent in job.after if parent.state != "COMPLETED"]
    return ",".join(f"afterok:{p.id}({'failed' if p.finished else 'unfulfilled'})" for p in open_ends)


def _gres(share: Allocation, gres: str) -> str:
    indices = bits(share.gres)
    return f"{gres}:{len(indices)}(IDX:{ranges(indices)})"


def _resources(held: tuple[Allocation, ...], cpus: int) -> Body:
    return {
        "select_type": ["CORE"],
        "nodes": {
            "count": len(held),
            "select_type": ["ONE_ROW"],
            "list": compress(a.node.name for a in held),
            "whole": False,
            "allocation": [
                {
                    "index": i,
                    "name": a.node.name,
                    "cpus": {"count": cpus, "used": 0},
                    "memory": {"used": 0, "allocated": a.memory},
                    "sockets": _sockets(a.cores, a.node.group.sockets, a.node.group.cores),
                }
                for i, a in enumerate(held)
            ],
        },
        "cpus": cpus * len(held),
        "threads_per_core": UNSET,
    }


@lru_cache(maxsize=512)
def _sockets(taken: int, sockets: int, cores: int) -> list[Body]:
    """Every core of a node, by socket; the same picture is drawn once."""
    edges = range(0, sockets * cores + 1, cores)
    return [
        {"index": i, "cores": [_core(core - low, taken >> core & 1) for core in range(low, high)]}
        for i, (low, high) in enumerate(pairwise(edges))
    ]


@lru_cache(maxsize=1024)
def _core(index: int, taken: int) -> Body:
    return {"index": index, "status": ["ALLOCATED" if taken else "UNALLOCATED"]}
