"""A national queue as Slurm prints it, made up from a seed: 100,000 jobs, arrays and Hangul among them; and its nodes.

A job is a dict of squeue's fields by the names of `--Format`. `twelve` is what a person would have it print.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

NOON = 1_795_348_800  # the moment of the list, seconds since 1970
DAY = 86_400
SEPARATOR = "z7b1d5c0a9e3"  # what a call would make at random

TWELVE = ("id", "name", "user", "account", "pool", "qos", "state", "time", "limit", "nodes", "cpus", "where")

SHAPES = ((1, 1), (1, 1), (1, 1), (1, 2), (1, 4), (1, 8), (1, 8), (2, 8), (4, 8), (16, 8))  # nodes, GPUs of each
POOLS = (("h100", "gpu", 32), ("h200", "gpu", 24), ("b200", "gpu", 28), ("mi300", "gpu", 24), ("rngd", "npu", 8))
NAMES = (
    "llama3-8b-sft", "llama3-70b-dpo", "qwen-moe-pretrain", "whisper-ko-large", "sdxl-lora", "protein-fold",
    "eval-mmlu", "tokenise-shards", "vllm-serve", "sweep-lr", "md-npt-310K", "nwp-ens", "사전학습-13b",
    "한국어-음성인식", "기상예측-앙상블", "단백질-구조", "jupyter", "bert-ner",
)  # fmt: skip
LIMITS = (3600, 4 * 3600, 12 * 3600, DAY, 2 * DAY, 7 * DAY)
WAITS = (
    "Priority", "Priority", "Priority", "Resources", "AssocGrpGRES", "QOSMaxGRESPerUser", "Dependency", "JobHeldUser",
    "BeginTime", "JobArrayTaskLimit", "ReqNodeNotAvail, UnavailableNodes:n[00001-00040]",
)  # fmt: skip
ENDS = (("COMPLETED", "0"), ("COMPLETED", "0"), ("FAILED", "256"), ("CANCELLED", "0"), ("TIMEOUT", "15"))


class Files(NamedTuple):
    """One queue in two forms: `twelve` for people (`|` between the columns), `squeue` as Naru asks for it."""

    twelve: Path
    squeue: Path


def duration(seconds: int) -> str:
    """As squeue writes it: 1-02:03:04, 2:03:04, 3:04."""
    days, rest = divmod(seconds, DAY)
    hours, minutes = rest // 3600, rest // 60 % 60
    if days:
        return f"{days}-{hours:02}:{minutes:02}:{rest % 60:02}"
    return f"{hours}:{minutes:02}:{rest % 60:02}" if hours else f"{minutes}:{rest % 60:02}"


def seconds(text: str) -> int:
    """What `duration` wrote, as seconds."""
    days, _, clock = text.rpartition("-")
    hours, minutes, rest = (0, *map(int, clock.split(":")))[-3:]
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + rest


def jobs(count: int, seed: int = 1, own: str = "") -> Iterator[dict[str, str]]:
    """So many jobs, running ones first. Of `own`, where given, are 40 of them, spread over the list."""
    rng = Random(seed)
    number, array, task, every = 4_000_000, 0, -1, max(1, count // 40)
    for at in range(count):
        number += rng.randint(1, 3)
        if task < 0 and rng.random() < 0.03:
            array, task = number, rng.randint(2, 40)
        kin = Random(array) if task >= 0 else rng  # the tasks of an array are alike
        user = f"u{kin.randrange(900):04}"
        job = _waiting(kin, number, own if own and at % every == 0 else user)
        if task >= 0:
            last = task == Random(array).randrange(10)
            job |= {"ArrayJobID": str(array), "ArrayTaskID": f"{task + 100}-{task + 160}%4" if last else str(task)}
        state = "PENDING" if "-" in job["ArrayTaskID"] or at >= count * 0.3 else "RUNNING"
        ended = rng.random() < 0.01
        if state == "RUNNING" or (ended and "-" not in job["ArrayTaskID"]):
            job |= _placed(rng, job, *(rng.choice(ENDS) if ended else ("RUNNING", "0")))
        else:
            job["Reason"] = rng.choice(WAITS)
        yield job
        task -= 1


def _waiting(rng: Random, number: int, user: str) -> dict[str, str]:
    """A job that waits, of what `rng` says."""
    model, kind, cores = rng.choice(POOLS)
    nodes, each = rng.choice(SHAPES)
    limit, submitted = duration(rng.choice(LIMITS)), str(NOON - rng.randint(60, 5 * DAY))
    name, cpus, home = f"{rng.choice(NAMES)}-{rng.randrange(200)}", nodes * each * cores // 8, f"/scratch/{user}"
    asked = f"cpu={cpus},mem={cpus * 8}G,node={nodes},billing={cpus * 3},gres/{kind}={nodes * each}"
    return {
        "JobID": str(number), "ArrayJobID": str(number), "ArrayTaskID": "N/A", "HetJobID": "N/A", "HetJobOffset": "N/A",
        "Name": name, "UserName": user, "Account": f"p{int(user[1:]) // 4:03}" if user[1:].isdecimal() else "p000",
        "QOS": rng.choice(("normal", "normal", "normal", "high", "long", "debug")), "Partition": model,
        "State": "PENDING", "Reason": "Priority", "PriorityLong": str(rng.randint(1, 90_000)), "Dependency": "(null)",
        "NumNodes": str(nodes), "NodeList": "", "SchedNodes": "(null)", "NumCPUs": str(cpus), "NumTasks": str(nodes),
        "tres-alloc": asked, "tres-per-job": "N/A", "tres-per-node": f"gres:{kind}:{model}:{each}",
        "tres-per-socket": "N/A", "tres-per-task": "N/A", "Feature": "(null)", "Reservation": "(null)",
        "SubmitTime": submitted, "EligibleTime": submitted, "StartTime": "N/A", "EndTime": "N/A", "TimeLimit": limit,
        "TimeUsed": "0:00", "Comment": "(null)", "WorkDir": home, "Command": f"{home}/run.sh",
        "STDOUT": f"{home}/%x-%j.out", "STDERR": f"{home}/%x-%j.out", "RestartCnt": "0", "exit_code": "0",
    }  # fmt: skip


def _placed(rng: Random, job: dict[str, str], state: str, code: str) -> dict[str, str]:
    """What is other of a job that runs, or ran: where, since when, until when at most."""
    nodes, used = int(job["NumNodes"]), rng.randint(1, 2 * DAY)
    first = rng.randint(1, 30_000 - nodes)
    return {
        "State": state, "exit_code": code, "Reason": "None", "TimeUsed": duration(used), "StartTime": str(NOON - used),
        "NodeList": f"n[{first:05}-{first + nodes - 1:05}]" if nodes > 1 else f"n{first:05}",
        "EndTime": str(NOON + rng.randint(60, 7 * DAY) if state == "RUNNING" else NOON - 1),
    }  # fmt: skip


def shown_id(job: dict[str, str]) -> str:
    """A job's id as squeue's %i has it."""
    task = job["ArrayTaskID"]
    return job["JobID"] if task == "N/A" else f"{job['ArrayJobID']}_{task if task.isdecimal() else f'[{task}]'}"


def twelve(job: dict[str, str]) -> tuple[str, ...]:
    """The cells of TWELVE."""
    names = ("Name", "UserName", "Account", "Partition", "QOS", "State", "TimeUsed", "TimeLimit", "NumNodes", "NumCPUs")
    return (shown_id(job), *(job[name] for name in names), job["NodeList"] or f"({job['Reason']})")


def row(job: dict[str, str], fields: Sequence[str], separator: str) -> str:
    """One row of `squeue -O NAME:separator,…`."""
    return "".join(job[field] + separator for field in fields) + "\n"


def write(folder: Path, count: int, fields: Sequence[str], seed: int = 1, own: str = "") -> Files:
    """Write a queue into that folder; `fields` are those of the form that Naru asks for."""
    files = Files(folder / "jobs.txt", folder / "jobs.squeue")
    with files.twelve.open("w", encoding="utf-8") as people, files.squeue.open("w", encoding="utf-8") as machine:
        for job in jobs(count, seed, own):
            people.write("|".join(twelve(job)) + "\n")
            machine.write(row(job, fields, SEPARATOR))
    return files


class Change(NamedTuple):
    """What becomes of the job at an index: its state, how long it has run, where."""

    at: int
    state: str
    seconds: int
    where: str


def changes(count: int, turn: int) -> list[Change]:
    """What changes in one turn: one job of every hundred, others each time. Made quickly: it is no part of a table."""
    states = ("RUNNING", "COMPLETING", "SUSPENDED")
    found = []
    for hundred in range(0, count, 100):
        at = hundred + (hundred // 100 * 37 + turn * 13) % min(100, count - hundred)
        where = f"n{(at * 31 + turn) % 30_000 + 1:05}"
        found.append(Change(at, states[(at + turn) % 3], (at * 7919 + turn * 104_729) % (7 * DAY) + 1, where))
    return found


NODE_STATES = (
    "mixed",
    "mixed",
    "mixed",
    "allocated",
    "allocated",
    "allocated",
    "idle",
    "drained",
    "down*",
    "completing",
)


def nodes(count: int, seed: int = 1) -> Iterator[dict[str, str]]:
    """So many nodes as `sinfo -N` has them, by the names of its `--Format`."""
    rng = Random(seed)
    for at in range(1, count + 1):
        model, kind, cores = POOLS[at * len(POOLS) // (count + 1)]
        state = rng.choice(NODE_STATES)
        used = {"allocated": 8, "mixed": rng.randint(1, 7)}.get(state, 0)
        down = state in ("drained", "down*")
        yield {
            "NodeList": f"n{at:05}", "PartitionName": model, "StateComplete": state,
            "Gres": f"{kind}:{model}:8", "GresUsed": f"{kind}:{model}:{used}(IDX:0-{max(0, used - 1)})",
            "CPUsState": f"{cores * used}/{cores * (8 - used)}/0/{cores * 8}", "CPUsLoad": f"{cores * used}.00",
            "Memory": "2064384", "AllocMem": str(258048 * used), "Features": f"{model},r{at // 16:04}",
            "Reason": "ECC errors" if down else "none", "User": "root(0)" if down else "Unknown",
            "Timestamp": str(NOON - DAY) if down else "Unknown",
        }  # fmt: skip
