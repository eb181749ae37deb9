"""The small shapes of Slurm's data_parser v0.0.44, as every body uses them.

Lists of jobs and nodes are written as bytes, from templates: what a record never says otherwise is encoded once, and
only what differs is filled in. A list of thousands is then told about as fast as a compiled encoder would tell it.
"""

import re
from functools import lru_cache
from typing import Any

import msgspec

from naru_client.mock.entities import Job

Body = dict[str, Any]

VERSION = "v0.0.44"
UNSET: Body = {"set": False, "infinite": False, "number": 0}
INFINITE: Body = {"set": False, "infinite": True, "number": 0}
ZERO: Body = {"set": True, "infinite": False, "number": 0}
NONE_JSON, UNSET_JSON, ZERO_JSON = b"null", msgspec.json.encode(UNSET), msgspec.json.encode(ZERO)
SET_JSON = b'{"set":true,"infinite":false,"number":%d}'
SET: Body = {"set": True, "infinite": False, "number": "%d"}  # for templates: always set
NO_TASK = 4_294_967_294  # Slurm's "not set" in 32 bits

# The names that Slurm has for signals; it writes the number of any other.
SIGNALS = {
    1: "HUP", 2: "INT", 3: "QUIT", 6: "ABRT", 9: "KILL", 10: "USR1", 12: "USR2", 14: "ALRM", 15: "TERM", 18: "CONT",
    19: "STOP", 20: "TSTP", 21: "TTIN", 22: "TTOU", 23: "URG",
}  # fmt: skip

_FIELD = re.compile(r"%([0-9]*)([A-Za-z%])")
encode = msgspec.json.Encoder().encode


class Records(list[bytes]):
    """A list of records as JSON in pieces: every record begins with a comma, and may go on over several pieces."""

    def joined(self, before: bytes, after: bytes) -> bytes:
        """`before`, the list in its brackets, `after`."""
        if not self:
            return b"".join((before, b"[]", after))
        first = before + b"[" + self[0][1:]
        return b"".join((first, *self[1:], b"]", after))


def template(fields: Body) -> bytes:
    """Bytes with a `%b` or `%d` for each field whose value is that, in order; the other values are told by all."""
    return encode(fields).replace(b'"%b"', b"%b").replace(b'"%d"', b"%d")


@lru_cache(maxsize=8192)
def quoted(value: str) -> bytes:
    """A text as JSON."""
    return encode(value)


@lru_cache(maxsize=8192)
def inside(value: str) -> bytes:
    """A text as it stands inside a longer JSON text."""
    return encode(value)[1:-1]


def number(value: float | None) -> Body:
    """The NOVAL wrapper: None is "not set"."""
    if value is None:
        return UNSET
    return {"set": True, "infinite": False, "number": value} if value else ZERO


def limit(value: float | None) -> Body:
    """The NOVAL wrapper of a limit: None is "no limit"."""
    return INFINITE if value is None else {"set": True, "infinite": False, "number": value}


def meta(plugin: str, contract: str, release: str, cluster: str, user: str) -> Body:
    """What every answer carries; `plugin` is slurmctld, slurmdbd or util."""
    major, minor, micro = (*release.split("."), "0", "0")[:3]
    return {
        "plugin": {
            "type": f"openapi/{plugin}",
            "name": f"Slurm OpenAPI {plugin}",
            "data_parser": f"data_parser/{contract}",
            "accounting_storage": "accounting_storage/slurmdbd",
        },
        "client": {"source": "[localhost]:6820(fd:9)", "user": user, "group": user},
        "command": [],
        "slurm": {
            "version": {"major": major, "micro": micro, "minor": minor}, "release": release, "cluster": cluster,
        },
    }  # fmt: skip


def mebibytes(value: int) -> str:
    """Memory as Slurm writes it in TRES strings: in the largest unit in which it is whole or a half ("125G", "62.50G",
    "16000M")."""
    amount, units = float(value), iter("MGTP")
    unit = next(units)
    while amount >= 1024 and amount % 512 == 0 and unit != "P":
        amount, unit = amount / 1024, next(units)
    return f"{int(amount)}{unit}" if amount == int(amount) else f"{amount:.2f}{unit}"


def tres_string(*, cpus: int, memory: int, nodes: int = 0, billing: float = 0.0, gres: str = "", count: int = 0) -> str:
    """A TRES string; `gres` is "gpu:h100", counted untyped and typed, or "gpu", counted once."""
    parts = [f"cpu={cpus}", f"mem={mebibytes(memory)}"]
    if nodes:
        parts.append(f"node={nodes}")
    if billing >= 1:
        parts.append(f"billing={int(billing)}")
    if count:
        kind, _, model = gres.partition(":")
        parts += [f"gres/{kind}={count}", f"gres/{gres}={count}"] if model else [f"gres/{kind}={count}"]
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
    match job.state:
        case "FAILED" if job.signal:
            return exit_code("SIGNALED", None, job.signal)
        case "FAILED":
            return exit_code("ERROR", job.exit_code or 1)
        case "OUT_OF_MEMORY":
            return exit_code("SIGNALED", None, 125)
        case "NODE_FAIL":
            return exit_code("ERROR", 1) if accounting else exit_code("SIGNALED", None, 1)
        case "TIMEOUT" | "CANCELLED" | "PREEMPTED" if job.held_nodes and not accounting:
            return exit_code("SIGNALED", None, 15)
    return SUCCESS


def paths(job: Job) -> tuple[str, str, str]:
    """Working directory, the template of the output file, and that template filled in."""
    home = job.work_dir or f"/scratch/{job.user}"
    if not job.output:
        if job.array is None:
            return home, "logs/%x-%j.out", f"{home}/logs/{job.name}-{job.id}.out"
        task = NO_TASK if job.task is None else job.task  # Slurm fills in "no task" as that number
        return home, "logs/%x-%A_%a.out", f"{home}/logs/{job.name}-{job.array_id}_{task}.out"
    return home, job.output, _filled(job.output, home, job)


def error_path(job: Job) -> tuple[str, str]:
    """The template of the file for errors, and that template filled in; both empty when they go to the output file."""
    return (job.error, _filled(job.error, job.work_dir or f"/scratch/{job.user}", job)) if job.error else ("", "")


def _filled(name: str, home: str, job: Job) -> str:
    """A file name with Slurm's fields filled in: %x the job's name, %j its id, %A and %a array and task, %u, %N, …"""
    if "\\" in name:  # a backslash turns the fields off
        name = name.replace("\\", "")
    else:
        node = job.held_nodes[0].node.name if job.held_nodes else ""
        task = NO_TASK if job.task is None else job.task
        values = {
            "x": job.name, "j": str(job.id), "J": str(job.id), "A": str(job.array_id or job.id), "a": str(task),
            "u": job.user, "N": node, "n": "0", "s": "batch", "t": "0", "%": "%",
        }  # fmt: skip
        name = _FIELD.sub(lambda m: values.get(m[2], m[0]).rjust(min(int(m[1] or 0), 10), "0"), name)
    return name if name.startswith("/") else f"{home}/{name}"


def script_path(job: Job) -> str:
    """The script a job was submitted from; empty where it was sent along, as through the REST interface."""
    if not job.script:
        return f"{job.work_dir or f'/scratch/{job.user}'}/run.sh"
    return job.script if job.script.startswith("/") and "\n" not in job.script else ""


def submit_line(job: Job) -> str:
    """The command a job was submitted by; empty where it came through the REST interface."""
    script = script_path(job) if job.script else "run.sh"
    note = f' --comment="{job.comment}"' if job.comment else ""
    return f"{submit_options(job)}{note} -J {job.name} {script}" if script else ""


def submit_options(job: Job) -> str:
    """What of that command follows from how much the job asks for, and where."""
    gres = f" --gres={gres_name(job)}:{job.accelerators}" if job.accelerators else ""
    many = f" -N {job.nodes}" if job.nodes > 1 else ""
    return f"sbatch -p {partition_names(job)}{many}{gres} -c {job.cpus} -t {int(job.limit // 60)}"


def partition_names(job: Job) -> str:
    """Where it runs; while it waits, all partitions it was submitted to."""
    return ",".join(p.name for p in job.partitions) if job.partitions else job.partition.name


def gres_name(job: Job) -> str:
    """The kind of accelerator a job asks for: "gpu:h100", or "gpu" where any model will do."""
    return f"{job.gres_name}:{job.gres_type}" if job.gres_type else job.gres_name
