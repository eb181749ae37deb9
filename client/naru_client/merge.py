"""One list out of two stores: the scheduler's live jobs and the accounting's finished ones."""

from collections.abc import Iterable

from naru_client.model import Job


def merge_jobs(live: Iterable[Job], ended: Iterable[Job]) -> tuple[Job, ...]:
    """The live jobs, then those finished ones that the scheduler has already forgotten.

    A job is known by its number and when it was submitted, as numbers are used again. Where both stores know one, the
    live record wins: it is newer, and its text is intact where a database's character set spoils names.
    """
    merged = list(live)
    known = {(j.job_id, j.het_offset, j.submitted) for j in merged}
    known_without_time = {(j.job_id, j.het_offset) for j in merged if j.submitted is None}
    for job in ended:
        key = (job.job_id, job.het_offset, job.submitted)
        if job.finished and key not in known and key[:2] not in known_without_time:
            known.add(key)
            merged.append(job)
    return tuple(merged)
