"""The big lists in text form, asked for and decoded: squeue, sinfo and sacct with fields no job name can forge.

Every field is followed by a separator that is made at random for the one call, so that a name holding line breaks, bars
or whole fake rows stays one field. Rows are counted by their fields, never by lines. Pure; an answer that does not hold
whole rows raises BadAnswer. Times are asked for as seconds since 1970 (SLURM_TIME_FORMAT=%s).
"""

from datetime import datetime

from naru_client.model import Job
from naru_client.slurm.text_history import SACCT_FIELDS, decode_sacct, describe_sacct, sacct_argv
from naru_client.slurm.text_jobs import SQUEUE_FIELDS
from naru_client.slurm.text_nodes import SINFO_FIELDS, decode_nodes, sinfo_argv
from naru_client.slurm.text_queue import QueueDecoder
from naru_client.slurm.text_values import fields

__all__ = [
    "SACCT_FIELDS",
    "SINFO_FIELDS",
    "SQUEUE_FIELDS",
    "QueueDecoder",
    "decode_nodes",
    "decode_sacct",
    "decode_squeue",
    "describe_sacct",
    "sacct_argv",
    "sinfo_argv",
    "squeue_argv",
]


def squeue_argv(separator: str, *, user: str | None = None, job: str | None = None) -> tuple[str, ...]:
    """squeue for every state, hidden partitions included; of one user or one job where asked."""
    only = (("-u", user) if user else ()) + (("-j", job) if job else ())
    return ("squeue", "-h", "-a", "--local", "-t", "all", *only, "-O", fields(SQUEUE_FIELDS, separator))


def decode_squeue(body: bytes, separator: str, *, site: str, now: datetime) -> tuple[Job, ...]:
    """Every row of `squeue_argv` as a job."""
    return tuple(job for jobs in QueueDecoder().slices(body, separator, site=site, now=now) for job in jobs)
