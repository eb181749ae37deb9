"""Putting jobs back into the queue, as data_parser v0.0.45 has it: `GET job/{id}/requeue` and `POST jobs/requeue`."""

from naru_client.mock.actions_body import load, read
from naru_client.mock.actions_errors import WORDS, Refused
from naru_client.mock.actions_fields import REQUEUE, REQUEUE_FLAGS, REQUEUE_QUERY
from naru_client.mock.actions_names import called, id_text, in_path, may_touch
from naru_client.mock.actions_notes import Notes, shown
from naru_client.mock.actions_words import Name, job_name
from naru_client.mock.entities import Job
from naru_client.mock.requests import Caller, Query
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import Body

_FLAGS = ("Incomplete", "Hold", "SpecialExit")  # each is a parameter of its own, too


class Requeueing:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def one(self, text: str, caller: Caller, query: Query, body: bytes) -> Body:
        """`GET job/{id}/requeue?flags=Hold`, or `?Hold=true`."""
        notes, source = Notes(self.simulator.now), "op_handler_job_requeue"
        name = in_path(text, source, notes)
        fields = read(dict(query), REQUEUE_QUERY, "OPENAPI_JOB_REQUEUE_QUERY", "#/", notes)
        flags = fields.get("flags", frozenset()) | {
            word.upper() for word in _FLAGS if str(fields.get(word, "")).lower() in ("1", "true", "yes")
        }
        self._check(flags, source, notes)
        try:
            return {"status": self._requeue(caller, name, flags), "warnings": notes.warnings}
        except Refused as refused:
            raise notes.refuse(refused.number, f"Requeue JobID={name.text} failed", source, {"status": []}) from None

    def several(self, caller: Caller, query: Query, body: bytes) -> Body:
        """`POST jobs/requeue` with jobs by name. One that is refused does not keep the others back."""
        notes, source = Notes(self.simulator.now), "op_handler_jobs_requeue"
        fields = read(load(body, query), REQUEUE, "OPENAPI_JOBS_REQUEUE_QUERY", "#/", notes)
        flags, jobs = fields.get("flags", frozenset()), fields.get("jobs", [])
        self._check(flags, source, notes)
        jobs = jobs if isinstance(jobs, list) else [jobs]
        if any(isinstance(one, list | dict) for one in jobs):
            raise notes.refuse(9202, f"Expecting string but got {shown(jobs)}", "#/jobs/")
        if not jobs:
            raise notes.refuse(2017, "Query missing JobIds", source)
        status: list[list[Body]] = []
        failed: list[tuple[int, str, str]] = []
        for one in jobs:
            text = "" if one is None else str(one)
            try:
                told = self._requeue(caller, job_name(text), flags)
                status += [told] if told else []
            except Refused as refused:
                failed.append((refused.number, f"Requeue JobId={text[:200]} failed", source))
        for number, words, _ in failed[:-1]:
            notes.note(number, words, source)
        if failed:
            raise notes.refuse(*failed[-1], {"status": status})
        return {"status": status, "warnings": notes.warnings}

    def _check(self, flags: frozenset[str], source: str, notes: Notes) -> None:
        notes.only(flags, REQUEUE_FLAGS, "#/flags")
        notes.checked((9000, "Rejecting request. Failure parsing query", source))
        if "SPECIALEXIT" in flags and "HOLD" not in flags:
            raise notes.refuse(9009, "SpecialExit requires Hold mode", source)

    def _requeue(self, caller: Caller, name: Name, flags: frozenset[str]) -> list[Body]:
        """Put back what a name calls. Of an array, or of tasks of one, what became of each; of a single job nothing.
        Raises Refused."""
        records = [job for job, _ in called(self.simulator, name)]
        if not records:
            raise Refused(2017)
        of_array = records[0].array is not None and (name.task is not None or bool(name.tasks) or len(records) > 1)
        if not of_array:
            number = self._put_back(caller, records, flags)
            if number:
                raise Refused(number)
            return []
        status = []
        for job in records:
            number, called_so = self._put_back(caller, [job], flags), id_text(job)
            status.append(
                {"job_id": job.id, "step_id": called_so, "error": WORDS[number] if number else "No error",
                 "error_code": number, "why": ""}
            )  # fmt: skip
        return status

    def _put_back(self, caller: Caller, parts: list[Job], flags: frozenset[str]) -> int:
        """Put back one job, or all components of a het job; the number of why not (0: it is done)."""
        job = parts[0]
        if not may_touch(caller, job):
            return 2002
        if "INCOMPLETE" in flags and not job.running:
            return 0
        if not job.requeue:
            return 2037
        parts = list(job.het) if job.het else parts
        if any(part.pending for part in parts):
            return 2024
        if len({part.running for part in parts}) > 1 or any(part.id not in self.simulator.jobs for part in parts):
            return 2020  # its components end each at its own time: not while some of them run
        held = job.held
        for part in parts:
            self.simulator.requeue(part)
        if "HOLD" in flags or held:
            self.simulator.hold(job, "user" if "HOLD" in flags else held)
        return 0
