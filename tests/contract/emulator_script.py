"""Asks slurm-emulator (PyPI, by others) a script of questions and prints the answers. It runs in a process of its own,
as the emulator keeps its settings in the environment and its state in files, and its libraries warn:

    python -m tests.contract.emulator_script FOLDER

One JSON object: for each question its status, content type and body. It stands in for Slurm 25.11, whose contract is
v0.0.44, the one that the simulated centre speaks.
"""

import asyncio
import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.contract.manners import CTLD, DBD, SCRIPT, WRONG

BASE = "http://emulator"
NOW = datetime(2026, 11, 24, 3)

READS = {
    f"GET {CTLD}/ping/": f"{CTLD}/ping/",
    f"GET {CTLD}/diag/": f"{CTLD}/diag/",
    f"GET {CTLD}/jobs/": f"{CTLD}/jobs/",
    f"GET {CTLD}/jobs/state/": f"{CTLD}/jobs/state/",
    f"GET {CTLD}/job/{{job_id}}": f"{CTLD}/job/1",
    f"GET {CTLD}/nodes/": f"{CTLD}/nodes/",
    f"GET {CTLD}/node/{{node_name}}": f"{CTLD}/node/node001",
    f"GET {CTLD}/partitions/": f"{CTLD}/partitions/",
    f"GET {CTLD}/partition/{{partition_name}}": f"{CTLD}/partition/gpu",
    f"GET {CTLD}/reservations/": f"{CTLD}/reservations/",
    f"GET {CTLD}/reservation/{{reservation_name}}": f"{CTLD}/reservation/upkeep",
    f"GET {CTLD}/licenses/": f"{CTLD}/licenses/",
    f"GET {CTLD}/shares": f"{CTLD}/shares",
    f"GET {DBD}/ping/": f"{DBD}/ping/",
    f"GET {DBD}/diag/": f"{DBD}/diag/",
    f"GET {DBD}/jobs/": f"{DBD}/jobs/",
    f"GET {DBD}/job/{{job_id}}": f"{DBD}/job/2",
    f"GET {DBD}/associations/": f"{DBD}/associations/",
    f"GET {DBD}/accounts/": f"{DBD}/accounts/",
    f"GET {DBD}/account/{{account_name}}": f"{DBD}/account/lab",
    f"GET {DBD}/users/": f"{DBD}/users/",
    f"GET {DBD}/user/{{name}}": f"{DBD}/user/alice",
    f"GET {DBD}/qos/": f"{DBD}/qos/",
    f"GET {DBD}/qos/{{qos}}": f"{DBD}/qos/normal",
    f"GET {DBD}/tres/": f"{DBD}/tres/",
    f"GET {DBD}/clusters/": f"{DBD}/clusters/",
    f"GET {DBD}/config": f"{DBD}/config",
}
# Who is who of what `script` submits.
NAMES = {"running": "1", "foreign": "6", "finished": "2", "group": "3", "partition": "gpu"}


def settings(folder: Path) -> dict[str, str]:
    return {
        "SLURM_EMULATOR_SLURM_VERSION": "25.11",
        "SLURM_EMULATOR_STATE_FILE": str(folder / "state.json"),
        "SLURM_EMULATOR_TIME_FILE": str(folder / "time.json"),
        "SLURM_EMULATOR_FS_ROOT": str(folder / "files"),
        "SLURM_EMULATOR_JOB_CLOCK": "time",
        "SLURM_EMULATOR_JOB_RUN_DELAY": "0",
        "SLURM_EMULATOR_JOB_RUN_DURATION": "100000",
        "SLURM_EMULATOR_PARTITIONS": "gpu:2,cpu:3",
        "SLURM_EMULATOR_GPU_TYPES": "gpu=h200",
        "SLURM_EMULATOR_RESERVATIONS": "upkeep:cpu:+60m:+120m:maint",
    }


async def ask(
    client: Any, method: str, url: str, body: Any = b"", *, user: str = "alice", token: str = "any", **headers: str
) -> list[Any]:
    """Status, content type, and the body as JSON or text."""
    told = {"content-type": "application/json", "x-slurm-user-name": user} | headers
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told |= {"x-slurm-user-token": token} if token else {}
    answer = await client.request(method, BASE + url, content=content, headers=told)
    kind = answer.headers.get("content-type", "").split(";")[0]
    return [answer.status_code, kind, answer.json() if kind == "application/json" else answer.text]


async def script(client: Any, at: Any) -> dict[str, Any]:
    """Accounts, users, jobs of several kinds; then every question."""
    for path, body in (
        (f"{DBD}/accounts/", {"accounts": [{"name": "lab", "description": "a lab", "organization": "univ"}]}),
        (f"{DBD}/users/", {"users": [{"name": name, "default": {"account": "lab"}} for name in ("alice", "bob")]}),
        (f"{DBD}/associations/", {"associations": [{"account": "lab", "user": u} for u in ("alice", "bob")]}),
        (f"{DBD}/qos/", {"qos": [{"name": "normal", "description": "Normal QOS default"}]}),
    ):
        status, _, answer = await ask(client, "POST", path, body, user="root")
        assert status == 200, (path, status, answer)
    answers: dict[str, Any] = {}

    async def submit(user: str = "alice", **job: Any) -> list[Any]:
        whole = {"account": "lab", "current_working_directory": "/tmp", "environment": ["PATH=/bin"], "script": SCRIPT}
        return await ask(client, "POST", f"{CTLD}/job/submit", {"job": whole | job}, user=user)

    answers[f"POST {CTLD}/job/submit"] = await submit(name="train", partition="gpu", tres_per_node="gres/gpu:h200:4")
    await submit(name="prep", partition="cpu", environment=["SLURM_EMULATOR_RUN_SECONDS=30"])
    await submit(name="held", partition="cpu", hold=True)
    await submit(name="wide", partition="gpu", nodes="2", tres_per_node="gres/gpu:4")
    await submit(name="given-up", partition="cpu")
    await submit(name="theirs", partition="cpu", user="bob")
    await ask(client, "GET", f"{CTLD}/jobs/")
    at.set_time(NOW + timedelta(seconds=60))
    answers[f"DELETE {CTLD}/job/{{job_id}}"] = await ask(client, "DELETE", f"{CTLD}/job/5")
    for name, url in READS.items():
        answers[name] = await ask(client, "GET", url)
    for name, wrong in WRONG.items():
        told = {"token": wrong.token} if wrong.token is not None else {}
        answers[name] = await ask(client, wrong.method, wrong.url(NAMES), wrong.content(NAMES), **told, **wrong.headers)
    return answers


def main(folder: str) -> None:
    os.environ.update(settings(Path(folder)))
    import httpx
    from emulator.api.slurmrestd.app import app  # type: ignore[import-untyped]  # it comes without types
    from emulator.core.time_engine import TimeEngine  # type: ignore[import-untyped]  # as above

    clock = TimeEngine()
    clock.set_time(NOW)

    async def run() -> dict[str, Any]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
            return await script(client, clock)

    json.dump(asyncio.run(run()), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
