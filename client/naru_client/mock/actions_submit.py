"""`POST job/submit` and `POST job/allocate`: what people bring to a site."""

from typing import Any

from naru_client.mock.actions_body import Fields, load, read
from naru_client.mock.actions_errors import WORDS, Refused
from naru_client.mock.actions_fields import ALLOCATION, JOB, SUBMISSION
from naru_client.mock.actions_notes import Notes
from naru_client.mock.entities import Job
from naru_client.mock.requests import Caller, Query
from naru_client.mock.submission import Submission
from naru_client.mock.wire_values import Body

MOST_COMPONENTS = 128  # of a het job
_HEAD = "#/"


class Submitting:
    def __init__(self, submission: Submission) -> None:
        self.submission = submission

    def submit(self, caller: Caller, query: Query, body: bytes) -> Body:
        """A batch job, or the components of a het job."""
        notes = Notes(self.submission.simulator.now)
        request = read(load(body, query), SUBMISSION, "JOB_SUBMIT_REQ", _HEAD, notes)
        notes.checked()
        job, jobs, script = self._jobs(request, "job", "jobs", notes)
        if jobs is None and not script and (job is None or "script" not in job):
            raise notes.refuse(9000, 'Populated "script" field is required for job submission', "_job_post")
        _one_of(job, jobs, "jobs", "submit", "_job_post", notes)
        if job is not None:
            script = script or job.get("script", "")
            if not script:
                raise notes.refuse(2009, "Batch job script empty or missing", "script")
            record = self._take(caller, [job], script, "slurm_submit_batch_job()", "Batch job", notes)
        else:
            parts = _components(jobs, "_job_post_het_submit", notes)
            script = script or parts[0].get("script", "")
            if not script:
                words = "Refusing HetJob submission without batch script or empty batch script for first component"
                raise notes.refuse(2009, words, "_job_post_het_submit")
            record = self._take(caller, parts, script, "slurm_submit_batch_het_job()", "HetJob", notes)
        told = {"job_id": record.id, "step_id": "batch", "job_submit_user_msg": ""}
        return told | {"warnings": notes.warnings}

    def allocate(self, caller: Caller, query: Query, body: bytes) -> Body:
        """A job without a script. A real one answers when it has started, this one at once."""
        notes = Notes(self.submission.simulator.now)
        request = read(load(body, query), ALLOCATION, "JOB_ALLOC_REQ", _HEAD, notes)
        notes.checked()
        job, jobs, _ = self._jobs(request, "job", "hetjob", notes)
        _one_of(job, jobs, "hetjob", "allocate", "op_handler_alloc_job", notes)
        parts = [job] if job is not None else _components(jobs, "_job_post_het_allocate", notes)
        source = "slurm_allocate_resources_blocking()" if job is not None else "slurm_allocate_het_job_blocking()"
        record = self._take(caller, parts, "", source, "", notes)
        return {"job_id": record.id, "job_submit_user_msg": "", "warnings": notes.warnings}

    def _jobs(
        self, request: Fields, one: str, several: str, notes: Notes
    ) -> tuple[Fields | None, list[Fields] | None, str]:
        """The description of a job, those of several, and the script beside them."""
        jobs = None
        if several in request:
            given = request[several]
            entries = given if isinstance(given, list) else [given]
            jobs = [self._fields(entry, f"{_HEAD}{several}[{i}]/", notes) for i, entry in enumerate(entries)]
        job = self._fields(request[one], f"{_HEAD}{one}/", notes) if one in request else None
        notes.checked()
        return job, jobs, request.get("script", "")

    @staticmethod
    def _fields(data: Any, path: str, notes: Notes) -> Fields:
        return {} if notes.errors else read(data, JOB, "JOB_DESC_MSG", path, notes)

    def _take(
        self, caller: Caller, parts: list[Fields], script: str, source: str, what: str, notes: Notes
    ) -> Job:  # fmt: skip
        """Submit it. Raises Refusal; what Slurm only warns of goes into the notes."""
        try:
            described = [
                self.submission.describe(caller, fields, "" if i else script, batch=bool(what), component=i > 0)
                for i, fields in enumerate(parts)
            ]
            if len(parts) > 1 and described[0].tasks:
                raise Refused(2081)
            record, warned = self.submission.submit(described)
        except Refused as refused:
            words = f"{what} submission failed" if what else "Job allocation request failed"
            raise notes.refuse(refused.number, words, source) from None
        if warned:
            words = WORDS[warned]
            if what:
                noun = what.replace("Batch job", "Job")
                notes.warn(f"{noun} submission resulted in non-zero return code: {words}", source)
            notes.warn(words, "slurm_submit_batch_job()")
        return record


def _one_of(
    job: Fields | None, jobs: list[Fields] | None, several: str, verb: str, source: str, notes: Notes
) -> None:  # fmt: skip
    if job is not None and jobs is not None:
        raise notes.refuse(9000, f'Specify only one "job" or "{several}" fields but never both', source)
    if job is None and jobs is None:
        words = f'Specifying either "job" or "{several}" fields are required to {verb} job'
        raise notes.refuse(9000, words, source)


def _components(jobs: list[Fields] | None, source: str, notes: Notes) -> list[Fields]:
    """The components of a het job: some, and not too many. A real one tells no number for these, and a status of its
    own; here they are queries that cannot be met."""
    if not jobs:
        raise notes.refuse(9000, "Refusing HetJob submission without any components", source)
    if len(jobs) > MOST_COMPONENTS:
        words = f"Refusing HetJob submission too many components: {len(jobs)} > {MOST_COMPONENTS}"
        raise notes.refuse(9000, words, source)
    return jobs
