"""A tiny site for tests of what people do to it through slurmrestd."""

import json
from typing import Any

import pytest
from tests.client.mock_world import NOON, TINY, check

from naru_client.mock.actions import Controller
from naru_client.mock.entities import Job
from naru_client.mock.requests import Caller, Trouble
from naru_client.mock.scenario import parse_scenario
from naru_client.mock.simulator import Simulator

ANN, BOB = Caller("ann", False, frozenset()), Caller("bob", False, frozenset())
LEAD = Caller("cho", False, frozenset({"lab"}))  # coordinates the account of the other two
STAFF = Caller("staff", True, frozenset())
EXTRA = """
licenses = { matlab = 4 }
reservations = [
    { name = "course", nodes = "g-1", starts-in-hours = 30, hours = 2, users = ["ann"] },
    { name = "other", nodes = "g-2", starts-in-hours = 30, hours = 2, users = ["cho"] },
]
"""
CHANGES = {
    '{ name = "cpu", nodes = "c-1", max-hours = 24 }':
    '{ name = "cpu", nodes = "c-1", max-hours = 24, default = true },'
    '{ name = "closed", nodes = "c-1", state = "INACTIVE" }, { name = "down", nodes = "c-1", state = "DOWN" }',
    'cores = 8, memory = 262144': 'cores = 8, memory = 262144, features = ["h100", "ib"]',
    'cores = 8, memory = 65536': 'cores = 8, memory = 65536, features = ["cpu"]',
}  # fmt: skip


class Site:
    """A tiny world and requests to it; `did` are the answers without what all of them hold."""

    def __init__(self, *, gpu_qos: str = "") -> None:
        text = TINY + EXTRA
        for old, new in (CHANGES | {'{ name = "p_gpu" }': f'{{ name = "p_gpu"{gpu_qos} }}'}).items():
            assert old in text
            text = text.replace(old, new)
        self.sim = Simulator(parse_scenario(text, "test").sites[0], 1, NOON)
        self.controller = Controller(self.sim)

    def do(self, method: str, tail: str, body: Any = None, who: Caller = ANN, **query: str) -> Any:
        action = self.controller.find(method, tail)
        assert action is not None, (method, tail)
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return action(who, query, raw)

    def refused(self, method: str, tail: str, body: Any = None, who: Caller = ANN, **query: str) -> tuple[int, int]:
        """The status of a refusal and Slurm's number of its first error."""
        with pytest.raises(Trouble) as caught:
            self.do(method, tail, body, who, **query)
        told = caught.value.told()
        return caught.value.status, told[0]["error_number"] if told else 0

    def status(self, method: str, tail: str, body: Any, who: Caller) -> int:
        """The status of an answer, which can be written as JSON."""
        try:
            told = self.do(method, tail, body, who)
        except Trouble as trouble:
            json.dumps(trouble.told()).encode()
            return trouble.status
        json.dumps(told).encode()
        return 200

    def submit(self, who: Caller = ANN, **fields: Any) -> Job:
        return self.sim.jobs[self.do("POST", "job/submit", request(**fields), who)["job_id"]]

    def not_submitted(self, who: Caller = ANN, **fields: Any) -> int:
        """The number of why such a job is refused; nothing of it is left."""
        before = dict(self.sim.jobs)
        status, number = self.refused("POST", "job/submit", request(**fields), who)
        assert status == 422
        assert self.sim.jobs == before
        return number

    def later(self, seconds: float) -> None:
        self.sim.advance(self.sim.now + seconds)
        check(self.sim)


def request(**fields: Any) -> dict[str, Any]:
    job = {"partition": "gpu", "current_working_directory": "/scratch/ann", "environment": ["PATH=/bin"], "name": "j"}
    return {"script": "#!/bin/sh\nsrun train\n", "job": job | fields}


def runs(seconds: float, outcome: str = "COMPLETED", code: int = 0) -> list[str]:
    return [f"NARU_RUN={seconds}", f"NARU_OUTCOME={outcome}", f"NARU_EXIT={code}"]
