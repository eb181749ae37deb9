"""Jobs as FirecREST tells them: translated from slurmrestd (`hybrid`) or from the output of sacct and squeue (`ssh`).

Both are lists that are merged by job id: accounting's, then the scheduler's for what accounting does not have and for
what waits. Nothing is told of accelerators, of when a job was submitted, or of its QOS.
"""

import re
from collections.abc import Iterable, Iterator

from naru_client.mock.entities import Job
from naru_client.mock.firecrest_request import Refused, Request
from naru_client.mock.hostlist import compress
from naru_client.mock.people import People
from naru_client.mock.privileges import Privileges
from naru_client.mock.requests import Caller
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import Body, error_path, job_exit, paths

WINDOW = 7 * 86_400.0  # seconds that sacct is asked to look back
_BROKEN = "Error executing Slurm command."
_DOUBLE = "Data after `Connection: close`:\n\n  b'HTTP/1.1 404 NOT FOUND'"
_NO_LENGTH = "(\"object of type 'SlurmError' has no len()\",)"


class Jobs:
    """The jobs of one site; `ssh` where FirecREST runs commands instead of asking slurmrestd."""

    def __init__(self, simulator: Simulator, people: People, *, ssh: bool) -> None:
        self._simulator = simulator
        self._privileges = Privileges(people)
        self._ssh = ssh

    def all(self, request: Request) -> Body:
        everybody = request.boolean("allusers")
        account = request.query.get("account")
        request.check()
        known = [j for j in self._known() if not account or j.account == account]
        live = list(self._simulator.jobs.values())
        if self._ssh and account:
            live = [job for job in live if job.account == account]  # slurmrestd pays no heed to it
        caller = request.caller
        if not everybody:
            known = [job for job in known if job.user == caller.user]
            live = [job for job in live if job.user == caller.user]
        return {"jobs": self._merged(caller, known, live)}

    def one(self, request: Request) -> Body:
        request.check_job_id()
        request.check()
        known, live = self._find(request)
        if not self._ssh and self._simulator.plan.release >= "26.05" and not self._seen(request.caller, live):
            # This slurmrestd answers an error twice, which FirecREST's client cannot bear, whatever accounting knows.
            raise Refused(500, _DOUBLE)
        jobs = self._merged(request.caller, known, live)
        if not jobs:
            raise Refused(404, "Job not found.")
        return {"jobs": jobs}

    def metadata(self, request: Request) -> Body:
        """The script and files. What the scheduler has forgotten accounting knows by its template, in which FirecREST
        fills in no more than the job's number."""
        request.check_job_id()
        request.check()
        if not request.job_id.isdecimal():
            raise Refused(404, "Job not found.")
        known, live = self._find(request)
        caller = request.caller
        for job in self._privileges.jobs(caller, (*live, *known)):
            if job.user != caller.user and not caller.operator:
                raise Refused(500, _NO_LENGTH)  # the script is refused, and the refusal taken for the script
            return {"jobs": [self._metadata(request.job_id, job, live=job in live)]}
        raise Refused(404, "Job not found.")

    def cancel(self, request: Request) -> None:
        """End a job. In `hybrid` mode a refusal is in slurmrestd's answer, where FirecREST does not look for it."""
        request.check_job_id()
        request.check()
        caller, number = request.caller, request.job_id
        if not number.isdecimal():
            if self._ssh:
                raise _scancel(number, "Invalid job id specified")
            raise _unexpected(422)
        found = self._simulator.find(int(number))
        if not found and self._ssh:
            raise _scancel(number, "Invalid job id specified")
        for job in found:
            if job.user == caller.user or caller.operator or job.account in caller.coordinates:
                self._simulator.cancel(job, caller.user)
            elif self._ssh:
                raise _scancel(number, "Access/permission denied")

    def _known(self) -> Iterator[Job]:
        """What accounting has heard of, the last run of each."""
        live = (job for job in self._simulator.jobs.values() if not job.pending or job.eligible)
        jobs = sorted((*self._simulator.history(), *live), key=lambda job: (job.id, -job.started))
        since = self._simulator.now - WINDOW
        before = 0
        for job in jobs:
            if job.id != before and not (self._ssh and job.finished and job.ended < since):
                before = job.id
                yield job

    def _find(self, request: Request) -> tuple[list[Job], list[Job]]:
        """The records of a number that accounting and the scheduler have."""
        if not request.job_id.isdecimal():
            if self._ssh:
                words = f"exit_status:1 std_err:sacct: fatal: Bad job/step specified: {request.job_id}\n"
                raise Refused(500, _BROKEN, caused_by=[f"Unexpected Slurm command response. {words}"])
            raise _unexpected(422)
        number = int(request.job_id)
        known = [j for j in self._known() if number in (j.id, j.array_id)]
        return known or list(self._simulator.weeks.find(number)), self._simulator.find(number)

    def _merged(self, caller: Caller, known: Iterable[Job], live: Iterable[Job]) -> list[Body]:
        told: dict[int, Body] = {}
        for job in self._privileges.jobs(caller, known):
            if self._ssh and "|" in job.name:
                if job.held_nodes:  # its line does not count, and then its step has no job to belong to
                    raise Refused(500, _BROKEN)
                continue
            told[job.id] = self._of_accounting(job)
        for job in self._privileges.jobs(caller, live):
            if (job.id not in told or job.pending) and not (self._ssh and "|" in job.name):
                told[job.id] = self._of_squeue(job) if self._ssh else self._of_scheduler(job)
        return list(told.values())

    def _seen(self, caller: Caller, jobs: list[Job]) -> bool:
        return bool(list(self._privileges.jobs(caller, jobs)))

    def _of_accounting(self, job: Job) -> Body:
        now, ssh = int(self._simulator.now), self._ssh
        ran = bool(job.held_nodes)
        start = int(job.started) or None
        end = int(job.ended) if job.finished else None if ssh else now
        elapsed = max(0, (int(job.ended) if job.finished else now) - int(job.started)) if start else 0
        status = _status(job, ssh=ssh)
        step = {
            "id": f"{job.id}.batch", "name": "batch",
            "status": {**status, "state": "CANCELLED" if job.signal and job.finished else status["state"],
                       "stateReason": None},
            "time": _time(elapsed, start, end, None),
        }  # fmt: skip
        return {
            "jobId": self._number(job) if ssh else str(job.id), "name": job.name, "status": status,
            "tasks": [step] if ran else [],
            "time": _time(elapsed, start, end, int(job.limit // 60) * 60), "account": job.account,
            "allocationNodes": job.nodes if ran else 0, "cluster": self._simulator.plan.cluster, "group": job.account,
            "nodes": compress(share.node.name for share in job.held_nodes) if ran else "None assigned",
            "partition": ",".join(p.name for p in job.where),
            "killRequestUser": None if ssh else job.cancelled_by if job.state == "CANCELLED" else "", "user": job.user,
            "workingDirectory": paths(job)[0], "priority": job.priority,
        }  # fmt: skip

    def _of_scheduler(self, job: Job) -> Body:
        start = int(job.started or job.planned_start)
        end = int(job.ended) if job.finished else start + int(job.limit) if start else 0
        return {
            "jobId": str(job.id), "name": job.name, "status": _status(job, ssh=False), "tasks": None,
            "time": _time(None, start, end, int(job.limit // 60) * 60), "account": job.account,
            "allocationNodes": len(job.held_nodes), "cluster": self._simulator.plan.cluster, "group": None,
            "nodes": compress(share.node.name for share in job.held_nodes),
            "partition": ",".join(p.name for p in job.where), "killRequestUser": None, "user": job.user,
            "workingDirectory": paths(job)[0], "priority": job.priority,
        }  # fmt: skip

    def _of_squeue(self, job: Job) -> Body:
        start = int(job.started or job.planned_start) or None
        end = None if start is None else start + int(job.limit)
        status = _status(job, ssh=True) | {"exitCode": None, "interruptSignal": None}
        return self._of_scheduler(job) | {
            "jobId": self._number(job), "status": status, "tasks": [], "group": job.account,
            "allocationNodes": job.nodes,
            "time": _time(0, start, end, int(job.limit // 60) * 60) | {"suspended": None},
        }  # fmt: skip

    def _number(self, job: Job) -> str:
        """A job's number as sacct and squeue write it, which FirecREST then takes in no question."""
        if job.array is None:
            return str(job.id)
        return f"{job.array_id}_{job.task}" if job.task is not None else f"{job.id}_[{job.tasks[0]}-{job.tasks[-1]}]"

    def _metadata(self, number: str, job: Job, *, live: bool) -> Body:
        home, template, expanded = paths(job)
        errors, errors_expanded = error_path(job)
        output, error = _word(expanded), _word(errors_expanded)
        if not live:
            output, error = (_joined(home, name.replace("%j", number)) for name in (template, errors))
        return {
            "jobId": number, "script": script_of(job), "standardInput": "/dev/null",
            "standardOutput": output or None, "standardError": error or None,
        }  # fmt: skip


def script_of(job: Job) -> str:
    """The batch script of a job: its own, or what its owner will have written."""
    if "\n" in job.script:
        return job.script
    gres = f"#SBATCH --gres={job.gres_name}:{job.accelerators}\n" if job.accelerators else ""
    minutes = int(job.limit // 60)
    return (
        f"#!/bin/bash\n#SBATCH --job-name={job.name}\n#SBATCH --partition={job.partition.name}\n"
        f"#SBATCH --nodes={job.nodes}\n{gres}#SBATCH --cpus-per-task={job.cpus}\n"
        f'#SBATCH --time={minutes // 60:02d}:{minutes % 60:02d}:00\n#SBATCH --comment="{job.comment}"\n\n'
        "module load cuda/12.8\nsrun python train.py --config configs/기본.yaml\n"
    )


def _status(job: Job, *, ssh: bool) -> Body:
    code: int | None = 0
    signal: int | None = 0 if ssh else None
    if job.finished:
        told = job_exit(job, accounting=True)
        code = told["return_code"]["number"] if told["return_code"]["set"] else 0 if ssh else None
        if told["signal"]["id"]["set"]:
            signal = told["signal"]["id"]["number"]
    reason = job.reason if job.pending else "None"
    return {"state": job.state, "stateReason": reason, "exitCode": code, "interruptSignal": signal}


def _time(elapsed: int | None, start: int | None, end: int | None, limit: int | None) -> Body:
    return {"elapsed": elapsed, "start": start, "end": end, "suspended": 0, "limit": limit}


def _word(path: str) -> str:
    """A path as FirecREST finds it in the output of scontrol: up to the first space."""
    match = re.match(r"\S+", path)
    return match[0] if match else ""


def _joined(home: str, name: str) -> str:
    return name if name.startswith("/") or not name else f"{home}/{name}"


def _unexpected(status: int) -> Refused:
    return Refused(500, f"Unexpected Slurm API response. status:{status} message:")


def _scancel(number: str, why: str) -> Refused:
    words = f"scancel: error: Kill job error on job id {number}: {why}\n"
    return Refused(500, f"Unexpected Slurm command response. exit_status:1 std_err:{words}")
