"""The lab's real slurmrestd (v0.0.38) and a simulated site made after the lab, asked and told the same things.

`Real` and `Simulated` take a job in the words of this module and put it as their version of the contract wants it.
"""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import httpx
from tests.contract.asking import Asked
from tests.lab.real import Lab

SCENARIO = Path(__file__).with_name("simulated_lab.toml")
T = TypeVar("T")


class Said(NamedTuple):
    """An answer: its status, its content type, its bytes."""

    status: int
    kind: str
    body: bytes

    def json(self) -> Any:
        """Its JSON; names in the lab may hold bytes that are no UTF-8."""
        return json.loads(self.body.decode("utf-8", "replace"), strict=False)

    @property
    def numbers(self) -> set[int]:
        """Every error number in it, whatever the version calls them."""
        if self.kind != "application/json":
            return set()
        answer = self.json()
        entries = [*(answer.get("errors") or ()), *(one.get("error", {}) for one in answer.get("status") or ())]
        named = [one.get(name) for one in entries for name in ("error_number", "error_code", "errno", "code")]
        return {number for number in named if number}


class Side(Protocol):
    """One of the two."""

    version: str

    def ask(
        self, method: str, url: str, content: bytes = b"", *, user: str = "alice", token: str | None = None, **more: str
    ) -> Said: ...
    def submit(self, name: str, script: str, **job: Any) -> int: ...
    def update(self, job_id: int, *, hold: bool | None = None, minutes: int | None = None) -> Said: ...
    def until(self, read: Callable[[], T], ready: Callable[[T], bool], seconds: float = 40) -> T: ...


class Real:
    """The lab's slurmrestd by HTTP."""

    version = "v0.0.38"

    def __init__(self, lab: Lab, client: httpx.Client) -> None:
        self.lab, self.client = lab, client
        self.home = str(lab.folder / "home" / "alice")
        self.tokens: dict[str, str] = {}

    def ask(
        self, method: str, url: str, content: bytes = b"", *, user: str = "alice", token: str | None = None, **more: str
    ) -> Said:
        if user not in self.tokens:
            self.tokens[user] = self.lab.token(user)
        proof = self.tokens[user] if token is None else token
        headers = {"x-slurm-user-name": user} | ({"x-slurm-user-token": proof} if proof else {})
        headers |= {"content-type": "application/json"} if content else {}
        answer = self.client.request(method, self.lab.rest_url + url, content=content, headers=headers | more)
        return Said(answer.status_code, answer.headers.get("content-type", ""), answer.content)

    def submit(self, name: str, script: str, **job: Any) -> int:
        whole = _words(job) | {
            "name": name,
            "current_working_directory": self.home,
            "environment": {"PATH": "/usr/bin:/bin"},
        }
        if "gres" in job:
            whole["gres"] = job["gres"]
        if "begin_in" in job:
            whole["begin_time"] = f"now+{job['begin_in'] // 60}minutes"
        said = self.ask("POST", f"/slurm/{self.version}/job/submit", _json({"script": script, "job": whole}))
        assert said.status == 200, said
        job_id: int = said.json()["job_id"]
        return job_id

    def find(self, name: str) -> int:
        """The id of a job that alice runs in the lab."""
        found = self.lab.run(
            "squeue", "--noheader", "--user=alice", f"--name={name}", "--states=running", "--format=%A"
        )
        return int(found.split()[0])

    def update(self, job_id: int, *, hold: bool | None = None, minutes: int | None = None) -> Said:
        change = {"hold": hold} if hold is not None else {"time_limit": minutes}
        return self.ask("POST", f"/slurm/{self.version}/job/{job_id}", _json(change))

    def until(self, read: Callable[[], T], ready: Callable[[T], bool], seconds: float = 40) -> T:
        """What `read` gives once it is ready, or at the end of the patience."""
        end = time.monotonic() + seconds
        while not ready(found := read()) and time.monotonic() < end:
            time.sleep(0.2)
        return found


class Simulated:
    """The site made after the lab; its clock goes on while something is waited for."""

    version = "v0.0.44"

    def __init__(self, home: str) -> None:
        self.centre = Asked(str(SCENARIO))
        self.home = home

    def ask(
        self, method: str, url: str, content: bytes = b"", *, user: str = "alice", token: str | None = None, **more: str
    ) -> Said:
        reply = self.centre.ask(method, url, content or None, user=user, token=token, headers=more)
        return Said(reply.status, reply.content_type, reply.body)

    def submit(self, name: str, script: str, **job: Any) -> int:
        whole = _words(job) | {
            "name": name,
            "script": script,
            "current_working_directory": self.home,
            "environment": ["PATH=/usr/bin:/bin", *_fate(script)],
        }
        if "gres" in job:
            whole["tres_per_node"] = "gres/" + job["gres"]
        if "begin_in" in job:
            whole["begin_time"] = {
                "set": True,
                "infinite": False,
                "number": int(self.centre.world.now()) + job["begin_in"],
            }
        if "minutes" in job:
            whole["time_limit"] = {"set": True, "infinite": False, "number": job["minutes"]}
        said = self.ask("POST", f"/slurm/{self.version}/job/submit", _json({"job": whole}))
        assert said.status == 200, said
        job_id: int = said.json()["job_id"]
        return job_id

    def update(self, job_id: int, *, hold: bool | None = None, minutes: int | None = None) -> Said:
        limit = {"set": True, "infinite": False, "number": minutes}
        change = {"hold": hold} if hold is not None else {"time_limit": limit}
        return self.ask("POST", f"/slurm/{self.version}/job/{job_id}", _json(change))

    def until(self, read: Callable[[], T], ready: Callable[[T], bool], seconds: float = 40) -> T:
        for _ in range(200):
            if ready(found := read()):
                break
            self.centre.clock.step(1)
        return found


def _fate(script: str) -> list[str]:
    """What would become of a script that only sleeps or exits, in the words in which a simulated job is told."""
    if found := re.search(r"^exit (\d+)$", script, re.MULTILINE):
        return ["NARU_RUN=1", f"NARU_EXIT={found[1]}"]
    return ["NARU_RUN=1000", "NARU_EXIT=0"]


def _words(job: dict[str, Any]) -> dict[str, Any]:
    """What both versions call the same."""
    same = {name: value for name, value in job.items() if name not in ("gres", "begin_in", "minutes")}
    return same | ({"time_limit": job["minutes"]} if "minutes" in job else {})


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()
