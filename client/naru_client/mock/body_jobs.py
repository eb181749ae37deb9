"""Job records as slurmctld tells them (`/slurm/v0.0.44/jobs`)."""

from naru_client.mock import body_job_words as words
from naru_client.mock.body_resources import beginning, go_on, node_list
from naru_client.mock.entities import Job
from naru_client.mock.gates import MET, NEVER_MET
from naru_client.mock.hostlist import compress, ranges
from naru_client.mock.people import People
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import (
    INFINITE,
    SET,
    SET_JSON,
    SUCCESS,
    UNSET,
    UNSET_JSON,
    ZERO,
    Body,
    Records,
    encode,
    error_path,
    inside,
    job_exit,
    partition_names,
    paths,
    quoted,
    script_path,
    submit_line,
    template,
)

# One record in the order of the contract; what no job of the simulation ever sets stands here as a real slurmctld
# writes it. The holes are filled by `JobWriter.record`, in this order. Two
# more fields follow at the end: `job_resources`, which goes on over several pieces, and `last_sched_evaluation`.
_RECORD: Body = {
    "account": "%b", "accrue_time": SET, "admin_comment": "%b", "allocating_node": "login-01", "array_job_id": SET,
    "array_task_id": "%b", "array_max_tasks": SET, "array_task_string": "%b", "association_id": "%d",
    "batch_features": "", "batch_flag": True, "batch_host": "%b", "flags": "%b", "burst_buffer": "",
    "burst_buffer_state": "", "cluster": "%b", "cluster_features": "", "command": "%b", "comment": "%b",
    "container": "", "container_id": "", "contiguous": False, "core_spec": 0, "thread_spec": 32766,
    "cores_per_socket": UNSET, "billable_tres": "%b", "cpus_per_task": "%b", "cpu_frequency_minimum": UNSET,
    "cpu_frequency_maximum": UNSET, "cpu_frequency_governor": UNSET, "cpus_per_tres": "", "cron": "",
    "deadline": ZERO, "delay_boot": ZERO, "dependency": "%b", "derived_exit_code": SUCCESS, "eligible_time": SET,
    "end_time": SET, "excluded_nodes": "%b", "exit_code": "%b", "extra": "", "failed_node": "", "features": "%b",
    "federation_origin": "", "federation_siblings_active": "", "federation_siblings_viable": "", "gres_detail": "%b",
    "group_id": "%d", "group_name": "%b", "het_job_id": SET, "het_job_id_set": "%b", "het_job_offset": SET,
    "job_id": "%d", "job_size_str": [], "job_state": "%b", "licenses": "%b",
    "licenses_allocated": "%b", "mail_type": [], "mail_user": "%b", "max_cpus": ZERO, "max_nodes": ZERO,
    "mcs_label": "", "memory_per_tres": "", "name": "%b", "network": "", "nodes": "%b", "nice": "%d",
    "tasks_per_core": INFINITE, "tasks_per_tres": ZERO, "tasks_per_node": ZERO, "tasks_per_socket": INFINITE,
    "tasks_per_board": ZERO, "cpus": "%b", "node_count": "%b", "tasks": "%b", "partition": "%b", "prefer": "",
    "memory_per_cpu": "%b", "memory_per_node": "%b", "minimum_cpus_per_node": "%b",
    "minimum_tmp_disk_per_node": ZERO, "power": {"flags": []}, "preempt_time": SET, "preemptable_time": SET,
    "pre_sus_time": ZERO, "hold": "%b", "priority": SET, "priority_by_partition": "%b", "profile": ["NOT_SET"],
    "qos": "%b", "reboot": False, "required_nodes": "%b", "required_switches": 0, "requeue": "%b",
    "resize_time": ZERO, "restart_cnt": "%d", "resv_name": "%b", "scheduled_nodes": "%b", "segment_size": 0,
    "selinux_context": "", "shared": [],
    "step_id": {"sluid": "%b", "job_id": SET, "step_het_component": UNSET, "step_id": "entire"},
    "sockets_per_board": 0, "sockets_per_node": UNSET, "start_time": SET, "state_description": "%b",
    "state_reason": "%b", "standard_input": "/dev/null", "standard_output": "%b", "standard_error": "%b",
    "stdin_expanded": "/dev/null", "stdout_expanded": "%b", "stderr_expanded": "%b", "submit_time": SET,
    "submit_line": "%b", "suspend_time": ZERO, "system_comment": "", "time_limit": "%b", "time_minimum": ZERO,
    "threads_per_core": UNSET, "tres_bind": "", "tres_freq": "", "tres_per_job": "", "tres_per_node": "%b",
    "tres_per_socket": "", "tres_per_task": "", "tres_req_str": "%b", "tres_alloc_str": "%b", "user_id": "%d",
    "user_name": "%b", "maximum_switch_wait_time": 0, "wckey": "", "current_working_directory": "%b",
}  # fmt: skip
_TEMPLATE = b"," + template(_RECORD)[:-1] + b"%b"  # followed by one of the two ends
_HOLDING = b',"last_sched_evaluation":' + SET_JSON + b',"job_resources":'
# The scheduler looks at waiting jobs all the time: when it last did is not kept with the rest of a record.
_WAITING = b',"job_resources":null,"last_sched_evaluation":{"set":true,"infinite":false,"number":'
_EVALUATED = b"%d}}"
_NOTHING = b'""'
_NO_LIST = b"[]"
_TRUE, _FALSE = b"true", b"false"
_SUCCESS = encode(SUCCESS)
_LINE = b'"%b%b -J %b run.sh"'
_MOST_SHAPES = 20_000  # people can ask for any amount of anything


class JobWriter:
    """Writes the job records of one site. A record is kept with its job until anything of it changes."""

    def __init__(self, simulator: Simulator, people: People) -> None:
        self.simulator = simulator
        plan = simulator.plan
        self.people = people
        self._cluster = quoted(plan.cluster)
        self._preemptable = {name for qos in plan.qos for name in qos.preempts}
        self._default_qos = plan.qos[0].name if plan.qos else "normal"
        self._weight = plan.weights.partition / (max((p.factor for p in plan.partitions), default=1) or 1)
        self._persons: dict[tuple[str, str], tuple[bytes, int, int, int, bytes]] = {}
        self._shapes: dict[tuple[object, ...], tuple[bytes, ...]] = {}

    def write(self, job: Job, into: Records) -> None:
        """Add one record of `jobs[]`."""
        into.append(job.wire or self._record(job))
        if job.held_nodes:
            go_on(job, into)
        else:
            into.append(_EVALUATED % int(job.evaluated))

    def _record(self, job: Job) -> bytes:
        """The record, up to its first node's cores when it has any; kept in the job."""
        account, association, group, user_number, user = self._person(job)
        (
            billable, cpus_each, cpus, node_count, memory_each, memory_node, limit, tres_each, asked, had, options,
        ) = self._shape(job)  # fmt: skip
        held, pending, running = job.held_nodes, job.state == "PENDING", job.state == "RUNNING"
        holds = running or job.completing
        array, het = job.array, job.het
        started = job.started or job.planned_start
        eligible = 0 if words.kept_back(job) else int(job.eligible or job.begin)
        end = job.ended if job.finished else started + job.limit if started else 0.0
        home, output, expanded = paths(job)
        errors, errors_expanded = error_path(job) if job.error else ("", "")
        nodes = quoted(node_list(held)) if held else _NOTHING
        licences = words.licences(job) if job.licenses else _NOTHING
        if held and job.accelerators and not job.gres_type:
            had = quoted(words.tres(job, f"{job.gres_name}:{held[0].node.gres_type}"))
        job.wire = wire = _TEMPLATE % (
            account, eligible, quoted(job.admin_comment), job.array_id if array else 0,
            SET_JSON % job.task if array and job.task is not None else UNSET_JSON, job.throttle,
            words.waiting_tasks(job) if array else _NOTHING, association,
            quoted(held[0].node.name) if held else _NOTHING,
            words.flags(running, bool(held), job.qos == self._default_qos, pending and bool(job.after)),
            self._cluster, quoted(script_path(job)), quoted(job.comment) if job.comment else _NOTHING,
            billable if held else UNSET_JSON, cpus_each, self._dependency(job) if job.after else _NOTHING, eligible,
            int(end), self._excluded(job) if job.not_on else _NOTHING,
            encode(job_exit(job, accounting=False)) if job.finished else _SUCCESS, quoted(job.features),
            words.gres(job) if held and job.accelerators and holds else _NO_LIST, group, account,
            het[0].id if het else 0, quoted(ranges(sorted(part.id for part in het))) if het else _NOTHING,
            job.het_offset, job.id, words.state(job.state, job.completing), licences,
            licences if holds else _NOTHING, user, quoted(job.name), nodes, job.nice, cpus, node_count, _tasks(job),
            quoted(partition_names(job)), memory_each, memory_node, cpus_each, int(job.preempted),
            int(job.started) if job.qos in self._preemptable else 0, _TRUE if job.held else _FALSE, job.priority,
            self._by_partition(job) if job.partitions else _NO_LIST, quoted(job.qos),
            quoted(compress(job.on_node.split(","))) if job.on_node else _NOTHING, _TRUE if job.requeue else _FALSE,
            job.restarts, quoted(job.reservation),
            quoted(compress(node.name for node in job.planned_nodes)) if job.planned_nodes else _NOTHING,
            b'"s%013X"' % job.id, job.id, int(started),
            quoted(job.detail) if job.detail else words.why(job) if job.signal else _NOTHING,
            quoted(words.reason(job, pending)), quoted(output), quoted(errors), encode(expanded),
            encode(errors_expanded), int(job.submitted),
            encode(submit_line(job)) if job.script else _LINE % (options, words.note(job.comment), inside(job.name)),
            limit, tres_each, asked, had if held else _NOTHING, user_number, user, quoted(home),
            _HOLDING % int(job.evaluated) + beginning(job, nodes) if held else _WAITING,
        )  # fmt: skip
        return wire

    def _person(self, job: Job) -> tuple[bytes, int, int, int, bytes]:
        who = (job.account, job.user)
        found = self._persons.get(who)
        if found is None:
            people = self.people
            found = self._persons[who] = (
                quoted(job.account), people.association.get(who, 0), people.group_id.get(job.account, 0),
                people.user_id.get(job.user, 0), quoted(job.user),
            )  # fmt: skip
        return found

    def _shape(self, job: Job) -> tuple[bytes, ...]:
        """What a record says of how much the job asks for."""
        key = (
            job.nodes, job.accelerators, job.gres_name, job.gres_type, job.cpus, job.memory, job.limit,
            job.partition.name, len(job.partitions) > 1 and partition_names(job),
        )  # fmt: skip
        found = self._shapes.get(key)
        if found is None:
            if len(self._shapes) > _MOST_SHAPES:
                self._shapes.clear()
            found = self._shapes[key] = words.shape(job)
        return found

    def _dependency(self, job: Job) -> bytes:
        """What is still open of what a waiting job depends on; what has been met is no longer told."""
        if not job.pending:
            return _NOTHING
        told = []
        for condition in job.after:
            stand = self.simulator.gates.stand(job, condition, self.simulator.now)
            if stand != MET:
                told.append(words.condition(condition, "failed" if stand == NEVER_MET else "unfulfilled"))
        return quoted(("?" if job.after_any else ",").join(told))

    def _excluded(self, job: Job) -> bytes:
        return quoted(compress(node.name for node in self.simulator.cluster.at(job.not_on)))

    def _by_partition(self, job: Job) -> bytes:
        """The priority of a job that was submitted to several partitions, in each of them."""
        most = max(p.factor for p in job.where)
        return b"[%b]" % b",".join(
            b'{"partition":%b,"priority":%d}'
            % (quoted(p.name), max(1, job.priority + int(self._weight * (p.factor - most))) if job.priority else 0)
            for p in job.where
        )


def _tasks(job: Job) -> bytes:
    """How many tasks a job has; one that was taken back before it began has none left."""
    return SET_JSON % (0 if job.state == "CANCELLED" and not job.held_nodes else job.task_count or job.nodes)
