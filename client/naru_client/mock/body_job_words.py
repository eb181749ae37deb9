"""The words and small lists in the job records of slurmctld."""

from functools import lru_cache

from naru_client.mock.cluster import bits
from naru_client.mock.entities import Allocation, Dependency, Job
from naru_client.mock.hostlist import ranges
from naru_client.mock.tres import billing
from naru_client.mock.wire_values import (
    SET_JSON,
    UNSET_JSON,
    Body,
    encode,
    gres_name,
    inside,
    quoted,
    submit_options,
    tres_string,
)

_NOTHING = b'""'
_END_REASONS = {
    "FAILED": "NonZeroExitCode", "TIMEOUT": "TimeLimit", "OUT_OF_MEMORY": "OutOfMemory", "NODE_FAIL": "NodeDown",
}  # fmt: skip
_SIGNAL_WORDS = {6: "Aborted", 9: "Killed", 11: "Segmentation fault", 15: "Terminated"}


def state_records(job: Job) -> list[Body]:
    """The lines of `jobs/state`: one for a job, one for each waiting task of an array."""
    state = [job.state, "COMPLETING"] if job.completing else [job.state]
    if job.array_group:
        return [{"job_id": f"{job.id}_{task}", "state": state} for task in job.tasks]
    return [{"job_id": str(job.id) if job.task is None else f"{job.id}_{job.task}", "state": state}]


@lru_cache(maxsize=4096)
def note(comment: str) -> bytes:
    return inside(f' --comment="{comment}"') if comment else b""


def shape(job: Job) -> tuple[bytes, ...]:
    gres = gres_name(job)
    uneven = job.memory % job.cpus  # it was asked for by node
    nodes, cpus = job.nodes, job.cpus * job.nodes
    told = quoted(tres(job, gres))
    bill = billing(job)
    return (
        encode({"set": True, "infinite": False, "number": bill}), SET_JSON % job.cpus, SET_JSON % cpus,
        SET_JSON % nodes, UNSET_JSON if uneven else SET_JSON % (job.memory // job.cpus),
        SET_JSON % job.memory if uneven else UNSET_JSON, SET_JSON % int(job.limit // 60),
        quoted(f"gres/{gres}:{job.accelerators}" if job.accelerators else ""), told, told, inside(submit_options(job)),
    )  # fmt: skip


def tres(job: Job, gres: str) -> str:
    return tres_string(
        cpus=job.cpus * job.nodes, memory=job.memory * job.nodes, nodes=job.nodes, billing=billing(job), gres=gres,
        count=job.accelerators * job.nodes,
    )  # fmt: skip


@lru_cache(maxsize=64)
def state(state: str, completing: bool) -> bytes:
    return encode([state, "COMPLETING"] if completing else [state])


@lru_cache(maxsize=16)
def flags(running: bool, has_run: bool, default_qos: bool, dependent: bool) -> bytes:
    flags = {
        "ACCRUE_COUNT_CLEARED": has_run, "JOB_WAS_RUNNING": running, "USING_DEFAULT_QOS": default_qos,
        "USING_DEFAULT_WCKEY": True, "DEPENDENT": dependent,
    }  # fmt: skip
    return encode([flag for flag, holds in flags.items() if holds])


def reason(job: Job, pending: bool) -> str:
    if pending or not job.held_nodes:
        return job.reason
    if job.state == "FAILED" and job.signal:
        return "RaisedSignal"
    return _END_REASONS.get(job.state, "None")


def kept_back(job: Job) -> bool:
    """It waits for its own array, or for a reservation to begin: Slurm does not count it as eligible until then."""
    return job.state == "PENDING" and job.reason in ("JobArrayTaskLimit", "Reservation")


def why(job: Job) -> bytes:
    """Which signal ended it, in Slurm's words."""
    if job.state != "FAILED":
        return _NOTHING
    return quoted(f"RaisedSignal:{job.signal}({_SIGNAL_WORDS.get(job.signal, f'Unknown signal {job.signal}')})")


def waiting_tasks(job: Job) -> bytes:
    if not job.array_group or not job.tasks:
        return _NOTHING
    return quoted(ranges(job.tasks) + (f"%{job.throttle}" if job.throttle else ""))


def licences(job: Job) -> bytes:
    return quoted(",".join(f"{name}:{count}" for name, count in job.licenses))


def condition(condition: Dependency, stand: str) -> str:
    """`afterok:123(unfulfilled)`, `after:123+5(unfulfilled)`, `singleton(unfulfilled)`."""
    other = condition.job
    if other is None:
        return f"singleton({stand})"
    task = "*" if condition.task is None else condition.task
    name = f"{other.array_id}_{task}" if other.array is not None else str(other.id)
    delay = f"+{int(condition.delay // 60)}" if condition.delay else ""
    return f"{condition.kind}:{name}{delay}({stand})"


def gres(job: Job) -> bytes:
    if len(job.held_nodes) == 1:
        return _gres_list((_gres_on(job.held_nodes[0]),))
    return _gres_list(tuple(_gres_on(share) for share in job.held_nodes))


@lru_cache(maxsize=4096)
def _gres_list(told: tuple[str, ...]) -> bytes:
    return encode(told)


def _gres_on(share: Allocation) -> str:
    return _gres_text(share.node.gres_name, share.node.gres_type, share.gres)


@lru_cache(maxsize=4096)
def _gres_text(name: str, model: str, mask: int) -> str:
    indices = bits(mask)
    return f"{name}:{model}:{len(indices)}(IDX:{ranges(indices)})"
