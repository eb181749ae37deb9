"""Long queues for the benchmarks: the same jobs as slurmrestd sends them and as squeue's text list has them.

The simulated centre makes up to 10,000 jobs; more are those once again with numbers and times of their
own, so that no two of them are the same job.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from tests.bench.mock_encoding import NOON as NOON
from tests.bench.mock_encoding import ask, world

from naru_client.slurm.text_lists import SQUEUE_FIELDS

Record = dict[str, Any]

MARK = "\x01"  # in a file, the separator that is another one in each call
PIECE = 10_000  # jobs that are made at a time
_TIMES = ("accrue_time", "eligible_time", "end_time", "start_time", "submit_time")
_ENVELOPE = (
    b'],"last_backfill":{"set":true,"infinite":false,"number":1795348740},"last_update":{"set":true,"infinite":false,'
    b'"number":1795348790},"meta":{"plugin":{"data_parser":"data_parser/v0.0.44"},"slurm":{"release":"25.11.0",'
    b'"cluster":"bench"}},"errors":[],"warnings":[]}'
)


def records(count: int) -> Iterator[list[Record]]:
    """So many jobs as slurmrestd's v0.0.44 tells them, in pieces."""
    _, app = world(min(count, PIECE))
    first: list[Record] = json.loads(ask(app, "jobs").body)["jobs"][: min(count, PIECE)]
    sent = msgspec.json.encode(first)
    highest = max(record["job_id"] for record in first)
    for turn in range((count + len(first) - 1) // len(first)):
        piece = first if not turn else msgspec.json.decode(sent)
        yield [_moved(record, turn, highest) for record in piece[: count - turn * len(first)]]


def _moved(record: Record, turn: int, highest: int) -> Record:
    """The same job as another one."""
    if not turn:
        return record
    before, after = str(record["job_id"]), str(record["job_id"] + turn * highest)
    record["job_id"] = int(after)
    for field in ("stdout_expanded", "stderr_expanded"):
        record[field] = record[field].replace(before, after)
    for field in ("array_job_id", "het_job_id"):
        if record[field]["number"]:
            record[field]["number"] += turn * highest
    for field in _TIMES:
        if record[field]["number"]:
            record[field]["number"] -= turn * 7
    return record


def write(folder: Path, count: int) -> tuple[Path, Path]:
    """Write the same jobs as an answer of slurmrestd and as what `squeue` prints, with MARK between its fields."""
    answer, text = folder / "jobs.json", folder / "jobs.txt"
    with answer.open("wb") as sent, text.open("wb") as printed:
        before = b'{"jobs":['
        for piece in records(count):
            sent.write(before + msgspec.json.encode(piece)[1:-1])
            before = b","
            printed.write("".join("".join(cell + MARK for cell in _row(job)) + "\n" for job in piece).encode())
        sent.write(_ENVELOPE)
    return answer, text


def _row(job: Record) -> Iterator[str]:
    state = job["job_state"][0]
    started, ended = job["start_time"]["number"], job["end_time"]["number"]
    array = job["array_job_id"]["number"] or job["job_id"]
    task = str(job["array_task_id"]["number"]) if job["array_task_id"]["set"] else job["array_task_string"] or "N/A"
    waiting = state == "PENDING"
    written = "%A_%a" if task != "N/A" else "%j"
    output = job["standard_output"] or f"{job['current_working_directory']}/slurm-{written}.out"
    told = {
        "JobID": job["job_id"], "ArrayJobID": array, "ArrayTaskID": task,
        "HetJobID": job["het_job_id"]["number"] or "N/A",
        "HetJobOffset": job["het_job_offset"]["number"] if job["het_job_id"]["number"] else "N/A",
        "Name": job["name"], "UserName": job["user_name"], "Account": job["account"], "QOS": job["qos"],
        "Partition": job["partition"], "State": state, "Reason": job["state_description"] or job["state_reason"],
        "PriorityLong": job["priority"]["number"], "Dependency": job["dependency"] or "(null)",
        "NumNodes": job["node_count"]["number"], "NodeList": job["nodes"],
        "SchedNodes": job["scheduled_nodes"] or "(null)",
        "NumCPUs": job["cpus"]["number"], "NumTasks": job["tasks"]["number"],
        "tres-alloc": job["tres_alloc_str"] or job["tres_req_str"] or "N/A",
        "tres-per-job": job["tres_per_job"] or "N/A",
        "tres-per-node": job["tres_per_node"] or "N/A", "tres-per-socket": job["tres_per_socket"] or "N/A",
        "tres-per-task": job["tres_per_task"] or "N/A", "Feature": job["features"] or "(null)",
        "Reservation": job["resv_name"] or "(null)", "SubmitTime": job["submit_time"]["number"],
        "EligibleTime": job["eligible_time"]["number"], "StartTime": started or "N/A", "EndTime": ended or "N/A",
        "TimeLimit": _duration(job["time_limit"]["number"] * 60), "TimeUsed": "0:00" if waiting else
        _duration(int(NOON if state == "RUNNING" else ended) - started), "Comment": job["comment"] or "(null)",
        "WorkDir": job["current_working_directory"], "Command": job["command"] or "(null)", "STDOUT": output,
        "STDERR": job["standard_error"] or output, "RestartCnt": job["restart_cnt"], "exit_code": 0,
    }  # fmt: skip
    return (str(told[field]) for field in SQUEUE_FIELDS)


def _duration(seconds: int) -> str:
    minutes, seconds = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}-{hours:02}:{minutes:02}:{seconds:02}"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


SQUEUE = """#!{python}
import os, re, sys
separator = re.search(r":([A-Za-z][A-Za-z0-9]*)", sys.argv[-1])[1].encode()
with open({body!r}, "rb") as body:
    while part := body.read(1 << 20):
        part = memoryview(part.replace({mark!r}, separator))
        while part:
            part = part[os.write(1, part) :]
"""


def stand_in_squeue(folder: Path, body: Path) -> None:
    """A `squeue` that prints `body`, with the separator it was asked for in every place of MARK."""
    program = folder / "squeue"
    program.write_text(SQUEUE.format(python=sys.executable, body=str(body), mark=MARK.encode()), encoding="utf-8")
    program.chmod(0o755)
