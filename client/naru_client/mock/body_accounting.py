"""Job records as slurmdbd tells them (`/slurmdb/v0.0.44/jobs`): finished ones and those still going on."""

from functools import lru_cache

from naru_client.mock.body_resources import node_list
from naru_client.mock.entities import Job
from naru_client.mock.people import People
from naru_client.mock.simulator import Simulator
from naru_client.mock.tres import billing
from naru_client.mock.wire_values import (
    SET_JSON,
    SUCCESS,
    UNSET_JSON,
    Body,
    Records,
    encode,
    error_path,
    job_exit,
    number,
    paths,
    quoted,
    submit_line,
    template,
)

_NO_CLOCK: Body = {"seconds": 0, "microseconds": 0}
_RECORD: Body = {
    "account": "%b",
    "comment": {"administrator": "%b", "job": "%b", "system": ""},
    "allocation_nodes": "%d",
    "array": {"job_id": "%d", "limits": {"max": {"running": {"tasks": "%d"}}}, "task_id": "%b", "task": "%b"},
    "association": {"account": "%b", "cluster": "%b", "partition": "", "user": "%b", "id": "%d"},
    "block": "",
    "cluster": "%b",
    "constraints": "%b",
    "container": "",
    "derived_exit_code": SUCCESS,
    "time": {
        "elapsed": "%d", "eligible": "%d", "end": "%d", "planned": "%b", "start": "%d", "submission": "%d",
        "suspended": 0, "system": _NO_CLOCK, "limit": "%b", "total": _NO_CLOCK, "user": _NO_CLOCK,
    },
    "exit_code": "%b",
    "extra": "",
    "failed_node": "",
    "flags": "%b",
    "group": "%b",
    "het": {"job_id": "%d", "job_offset": "%b"},
    "job_id": "%d",
    "name": "%b",
    "licenses": "%b",
    "mcs": {"label": ""},
    "nodes": "%b",
    "partition": "%b",
    "hold": "%b",
    "priority": "%b",
    "qos": "%b",
    "qosreq": "",
    "required": {"CPUs": "%d", "memory_per_cpu": "%b", "memory_per_node": "%b"},
    "kill_request_user": "%b",
    "restart_cnt": "%d",
    "reservation": {"id": 0, "name": "%b", "requested": "%b"},
    "script": "",
    "segment_size": 0,
    "stdin_expanded": "/dev/null",
    "stdout_expanded": "%b",
    "stderr_expanded": "%b",
    "stdout": "%b",
    "stderr": "%b",
    "stdin": "/dev/null",
    "state": {"current": "%b", "reason": "%b"},
    "steps": [],
    "submit_line": "%b",
    "tres": {"allocated": "%b", "requested": "%b"},
    "used_gres": "",
    "user": "%b",
    "wckey": {"wckey": "", "flags": []},
    "working_directory": "%b",
}  # fmt: skip
_TEMPLATE = b"," + template(_RECORD)
_SUCCESS = encode(SUCCESS)
_STARTED = encode(["STARTED_ON_BACKFILL", "START_RECEIVED"])
_NOT_STARTED = encode(["START_RECEIVED"])


class Catalogue:
    """The resources of a cluster with the numbers accounting gives them. `ids` are all of them."""

    def __init__(self, simulator: Simulator) -> None:
        resources = simulator.resources
        self.ids = dict(resources.ids) | {"fs/disk": 6, "vmem": 7, "pages": 8}
        self._names = {name: resource_name(name) for name in self.ids}
        self._entries: dict[tuple[object, ...], tuple[bytes, bytes]] = {}

    def entry(self, resource: str, count: int) -> Body:
        kind, name = self._names[resource]
        return {"type": kind, "name": name, "id": self.ids[resource], "count": count}

    def entries(self, amounts: dict[str, int]) -> list[Body]:
        return [self.entry(resource, count) for resource, count in amounts.items() if resource in self.ids]

    def of_job(self, job: Job) -> tuple[bytes, bytes]:
        """What a job asked for and, when it has run, was given."""
        model = job.held_nodes[0].node.gres_type if job.held_nodes and job.accelerators else ""
        key = (
            job.nodes, job.cpus, job.memory, job.accelerators, job.gres_name, job.gres_type, model,
            job.partition.billing,
        )  # fmt: skip
        found = self._entries.get(key)
        if found is None:
            if len(self._entries) > 20_000:
                self._entries.clear()
            found = self._entries[key] = self._of(job, model)
        return found

    def _of(self, job: Job, model: str) -> tuple[bytes, bytes]:
        count = job.accelerators * job.nodes
        amounts = {"cpu": job.cpus * job.nodes, "mem": job.memory * job.nodes, "node": job.nodes}
        amounts["billing"] = int(billing(job))
        plain = {f"gres/{job.gres_name}": count} if count else {}
        asked = {f"gres/{job.gres_name}:{job.gres_type}": count} if count and job.gres_type else {}
        given = {f"gres/{job.gres_name}:{model}": count} if count and model else {}
        had = {"cpu": amounts["cpu"], "mem": amounts["mem"], "energy": -2} | amounts | plain | given
        return encode(self.entries(amounts | plain | asked)), encode(self.entries(had))


class AccountingWriter:
    """Writes the job records of one site's accounting."""

    def __init__(self, simulator: Simulator, people: People, catalogue: Catalogue) -> None:
        self.simulator = simulator
        self.people = people
        self.catalogue = catalogue
        self._cluster = quoted(simulator.plan.cluster)

    def write(self, job: Job, into: Records, span: tuple[int, int] | None = None) -> None:
        """Add one record. Of a job still going on, times run until now. With a span, start and end are cut to it."""
        held = job.held_nodes
        now = int(self.simulator.now)
        finished = job.finished
        end = int(job.ended) if finished else now
        start = int(job.started) if job.started else now
        eligible = int(job.eligible or job.submitted)
        waited = max(0, start - eligible)
        if span is not None:
            start, end = max(start, span[0]), min(end, span[1])
        asked, had = self.catalogue.of_job(job)
        uneven = job.memory % job.cpus
        home, output, expanded = paths(job)
        errors, errors_expanded = error_path(job) if job.error else ("", "")
        account, user, reservation = quoted(job.account), quoted(job.user), quoted(job.reservation)
        array, het = job.array, job.het
        into.append(
            _TEMPLATE % (
                account, quoted(job.admin_comment), quoted(job.comment if finished else ""), job.nodes if held else 0,
                job.array_id if array else 0, job.throttle,
                SET_JSON % job.task if array and job.task is not None else UNSET_JSON,
                _task_bits(job) if array else b'""', account, self._cluster, user,
                self.people.association.get((job.account, job.user), 0), self._cluster, quoted(job.features),
                end - start if held else 0, eligible, end, SET_JSON % waited, start,
                int(job.submitted), SET_JSON % int(job.limit // 60),
                encode(job_exit(job, accounting=True)) if finished else _SUCCESS, _STARTED if held else _NOT_STARTED,
                account, het[0].id if het else 0, encode(number(job.het_offset)) if het else UNSET_JSON, job.id,
                quoted(job.name), quoted(",".join(f"{n}:{count}" for n, count in job.licenses)),
                quoted(node_list(held)) if held else b'"None assigned"',
                quoted(",".join(p.name for p in job.where)), b"true" if job.held else b"false",
                SET_JSON % job.priority, quoted(job.qos), job.cpus * job.nodes,
                UNSET_JSON if uneven else SET_JSON % (job.memory // job.cpus),
                SET_JSON % job.memory if uneven else UNSET_JSON, quoted(job.cancelled_by), job.restarts, reservation,
                reservation, encode(expanded), encode(errors_expanded), quoted(output), quoted(errors),
                _state(job.state), _NO_REASON, encode(submit_line(job)), had if held else b"[]", asked, user,
                quoted(home),
            )
        )  # fmt: skip


_NO_REASON = b'"None"'  # a real one keeps the reason a job last waited for only while it waits


@lru_cache(maxsize=64)
def _state(state: str) -> bytes:
    """A run that ended because its job was put back is told as both."""
    return encode(["PENDING", "REQUEUED"] if state == "REQUEUED" else [state])


def _task_bits(job: Job) -> bytes:
    """The tasks that wait, as a bitmap: `0x7C`."""
    return b'"0x%X"' % sum(1 << task for task in job.tasks) if job.array_group else b'""'


def resource_name(resource: str) -> tuple[str, str]:
    """Type and name of a resource: `gres/gpu:h100` is ("gres", "gpu:h100")."""
    kind, _, name = resource.partition("/")
    return kind, name
