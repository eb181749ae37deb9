"""The small shapes of Slurm's data_parser v0.0.44, as every body uses them."""

from typing import Any

from naru_client.mock.cluster import Job
from naru_client.mock.scenario import Scenario

Body = dict[str, Any]

VERSION = "v0.0.44"
UNSET: Body = {"set": False, "infinite": False, "number": 0}
INFINITE: Body = {"set": False, "infinite": True, "number": 0}
ZERO: Body = {"set": True, "infinite": False, "number": 0}

SIGNALS = {1: "HUP", 9: "KILL", 11: "SEGV", 15: "TERM"}


def number(value: float | None) -> Body:
    """The NOVAL wrapper: None is "not set"."""
    if value is None:
        return UNSET
    return {"set": True, "infinite": False, "number": value} if value else ZERO


def limit(value: float | None) -> Body:
    """The NOVAL wrapper of a limit: None is "no limit"."""
    return INFINITE if value is None else {"set": True, "infinite": False, "number": value}


def meta(scenario: Scenario, plugin: str, user: str) -> Body:
    """What every answer carries; `plugin` is slurmctld or slurmdbd."""
    major, minor, micro = scenario.release.split(".")
    return {
        "plugin": {
            "type": f"openapi/{plugin}",
            "name": f"Slurm OpenAPI {plugin}",
            "data_parser": f"data_parser/{VERSION}",
            "accounting_storage": "accounting_storage/slurmdbd",
        },
        "client": {"source": "[localhost]:6820(fd:9)", "user": user, "group": user},
        "command": [],
        "slurm": {
            "version": {"major": major, "micro": micro, "minor": minor},
            "release": scenario.release,
            "cluster": scenario.cluster,
        },
    }


def mebibytes(value: int) -> str:
    """Memory as Slurm writes it in TRES strings: the largest unit that divides it ("125G", "16000M")."""
    units = "MGT"
    i = 0
    while i < 2 and value and value % 1024 == 0:
        value //= 1024
        i += 1
    return f"{value}{units[i]}"


def tres_string(*, cpus: int, memory: int, nodes: int = 0, billing: float = 0.0, gres: str = "", count: int = 0) -> str:
    """A TRES string; `gres` is "gpu:h100", counted untyped and typed."""
    parts = [f"cpu={cpus}", f"mem={mebibytes(memory)}"]
    if nodes:
        parts.append(f"node={nodes}")
    if billing >= 1:
        parts.append(f"billing={int(billing)}")
    if count:
        parts += [f"gres/{gres.split(':')[0]}={count}", f"gres/{gres}={count}"]
    return ",".join(parts)


def exit_code(status: str, code: int | None = 0, signal: int | None = None) -> Body:
    return {
        "status": [status],
        "return_code": number(code),
        "signal": {"id": number(signal), "name": SIGNALS.get(signal, str(signal)) if signal else ""},
    }


SUCCESS = exit_code("SUCCESS")


def job_exit(job: Job, *, accounting: bool) -> Body:
    """How a job ended. A job that was ended from outside has the signal with slurmctld, and none with slurmdbd."""
    if job.state == "FAILED" and not job.signal:
        return exit_code("ERROR", job.exit_code or 1)
    if job.state == "FAILED":
        return exit_code("SIGNALED", None, job.signal)
    if job.state == "OUT_OF_MEMORY":
        return exit_code("SIGNALED", None, 125)
    if job.state == "NODE_FAIL":
        return exit_code("ERROR", 1) if accounting else exit_code("SIGNALED", None, 1)
    if job.state in ("TIMEOUT", "CANCELLED") and job.held_nodes and not accounting:
        return exit_code("SIGNALED", None, 15)
    return SUCCESS


def paths(job: Job) -> tuple[str, str, str]:
    """Working directory, the template of the output file, and that template filled in."""
    home = f"/scratch/{job.user}"
    if job.array is None:
        return home, "logs/%x-%j.out", f"{home}/logs/{job.name}-{job.id}.out"
    task = 4294967294 if job.task is None else job.task  # Slurm fills in "no task" as that number
    return home, "logs/%x-%A_%a.out", f"{home}/logs/{job.name}-{job.array_id}_{task}.out"


def submit_line(job: Job) -> str:
    gres = f" --gres={job.gres_name}:{job.gres_type}:{job.accelerators}" if job.accelerators else ""
    many = f" -N {job.nodes}" if job.nodes > 1 else ""
    note = f' --comment="{job.comment}"' if job.comment else ""
    minutes = int(job.limit // 60)
    return f"sbatch -p {job.partition.name}{many}{gres} -c {job.cpus} -t {minutes}{note} -J {job.name} run.sh"
