"""One list out of two stores: the scheduler's live jobs and the accounting's finished ones."""

from collections.abc import Iterable, Sequence

from naru_client.model import Job


def merge_jobs(live: Iterable[Job], ended: Iterable[Job]) -> tuple[Job, ...]:
    """The live jobs, then those finished ones that the scheduler has already forgotten.

    A job is known by its number and when it was submitted, as numbers are used again. Where both stores know one, the
    live record wins: it is newer, and its text is intact where a database's character set spoils names.
    """
    live = live if isinstance(live, tuple) else tuple(live)
    finished = [job for job in ended if job.finished]
    if not finished:
        return live
    both = _numbered(live, {job.job_id for job in finished})
    known = {(j.job_id, j.het_offset, j.submitted) for j in both}
    known_without_time = {(j.job_id, j.het_offset) for j in both if j.submitted is None}
    added = []
    for job in finished:
        key = (job.job_id, job.het_offset, job.submitted)
        if key not in known and key[:2] not in known_without_time:
            known.add(key)
            added.append(job)
    return (*live, *added)


def _numbered(jobs: Sequence[Job], numbers: set[int]) -> list[Job]:
    """Only those of these numbers: a queue of 100,000 is looked through quickly, but not put into a set."""
    return [job for job in jobs if job.job_id in numbers]
